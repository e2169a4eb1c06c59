//! The kinds of record.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What kind of record a key belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
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
    /// The state of a node after one edit.
    Revision,
    /// Somebody who may sign in.
    Account,
    /// What begins with a sign-in.
    Session,
    /// A key for scripts.
    AccessToken,
    /// An entry of the audit log.
    AuditEntry,
}

impl Kind {
    /// The prefix of the public form of a key of this kind.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Dossier => "dos",
            Self::Stakeholder => "stk",
            Self::Mechanism => "mec",
            Self::Condition => "con",
            Self::Argument => "arg",
            Self::Source => "src",
            Self::Position => "pos",
            Self::Relation => "rel",
            Self::Status => "sta",
            Self::Finding => "fin",
            Self::Event => "evt",
            Self::Implication => "imp",
            Self::Rating => "rat",
            Self::Revision => "rev",
            Self::Account => "acc",
            Self::Session => "ses",
            Self::AccessToken => "tok",
            Self::AuditEntry => "aud",
        }
    }

    /// The name of this kind in a sentence.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Dossier => "dossier",
            Self::Stakeholder => "stakeholder",
            Self::Mechanism => "mechanism",
            Self::Condition => "condition",
            Self::Argument => "argument",
            Self::Source => "source",
            Self::Position => "position",
            Self::Relation => "relation",
            Self::Status => "status",
            Self::Finding => "finding",
            Self::Event => "event",
            Self::Implication => "implication",
            Self::Rating => "rating",
            Self::Revision => "revision",
            Self::Account => "account",
            Self::Session => "session",
            Self::AccessToken => "access token",
            Self::AuditEntry => "audit entry",
        }
    }

    /// Whether records of this kind have a version, and each edit of one leaves a revision.
    pub const fn is_node(self) -> bool {
        matches!(
            self,
            Self::Dossier | Self::Stakeholder | Self::Mechanism | Self::Condition | Self::Argument | Self::Source
        )
    }

    /// The table that records of this kind are stored in.
    pub const fn table(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::AuditEntry => "audit",
            // One word names both.
            other => other.noun(),
        }
    }

    /// Whether records of this kind are written once and then only superseded or retracted.
    pub const fn is_assertion(self) -> bool {
        matches!(
            self,
            Self::Position
                | Self::Relation
                | Self::Status
                | Self::Finding
                | Self::Event
                | Self::Implication
                | Self::Rating
        )
    }
}
