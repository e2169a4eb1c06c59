//! The kinds of records.

use async_graphql::Enum;

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum RecordKind {
    /// One policy question under study.
    Dossier,
    /// An actor.
    Stakeholder,
    /// A proposed way to act.
    Mechanism,
    /// A prerequisite of a mechanism.
    Condition,
    /// A reusable reason.
    Argument,
    /// A document.
    Source,
    /// A stance taken on a mechanism.
    Position,
    /// A tie between two stakeholders.
    Relation,
    /// A step in a mechanism's life.
    Status,
    /// A verdict on a condition.
    Finding,
    /// Something that happened.
    Event,
    /// A foreseen consequence or a lesson.
    Implication,
    /// A stakeholder's influence, interest and salience.
    Rating,
}

impl From<RecordKind> for entity::kind::Kind {
    fn from(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Dossier => Self::Dossier,
            RecordKind::Stakeholder => Self::Stakeholder,
            RecordKind::Mechanism => Self::Mechanism,
            RecordKind::Condition => Self::Condition,
            RecordKind::Argument => Self::Argument,
            RecordKind::Source => Self::Source,
            RecordKind::Position => Self::Position,
            RecordKind::Relation => Self::Relation,
            RecordKind::Status => Self::Status,
            RecordKind::Finding => Self::Finding,
            RecordKind::Event => Self::Event,
            RecordKind::Implication => Self::Implication,
            RecordKind::Rating => Self::Rating,
        }
    }
}

impl RecordKind {
    /// The kind of a record; none if it is something else that has an id.
    pub const fn of(kind: entity::kind::Kind) -> Option<Self> {
        use entity::kind::Kind;
        Some(match kind {
            Kind::Dossier => Self::Dossier,
            Kind::Stakeholder => Self::Stakeholder,
            Kind::Mechanism => Self::Mechanism,
            Kind::Condition => Self::Condition,
            Kind::Argument => Self::Argument,
            Kind::Source => Self::Source,
            Kind::Position => Self::Position,
            Kind::Relation => Self::Relation,
            Kind::Status => Self::Status,
            Kind::Finding => Self::Finding,
            Kind::Event => Self::Event,
            Kind::Implication => Self::Implication,
            Kind::Rating => Self::Rating,
            Kind::Revision | Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => return None,
        })
    }
}
