//! Statuses in GraphQL.

use std::ops::Deref;

use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::status::{Column, Entity, Model};
use entity::words;

use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms};
use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mechanism::Mechanism;
use crate::mutation;
use crate::scalar::Date;
use demarche_core::domain::status::Draft;
use demarche_core::error::Problems;

use crate::word::{self, DatePrecision};

/// A dated step in a mechanism's life.
#[derive(MergedObject)]
pub struct Status(Lineage<Entity>, AssertionFields, StatusFields);

impl From<Seen<Model>> for Status {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        Self(assertion.lineage(), assertion, StatusFields(model))
    }
}

impl Deref for Status {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.1
    }
}

/// The fields of a status's own.
pub struct StatusFields(Seen<Model>);

/// The fields of a status's own.
#[Object]
impl StatusFields {
    /// The mechanism.
    async fn mechanism(&self, ctx: &Context<'_>) -> Result<Mechanism> {
        Ok(loader::require::<entity::mechanism::Entity>(ctx, self.0.mechanism_id, self.0.at()).await?.into())
    }

    /// The step.
    async fn status(&self) -> word::MechanismStatus {
        self.0.status.into()
    }

    /// What there is to say of it.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

list_field! {
    /// Statuses: the dated steps of mechanisms' lives.
    Statuses, statuses, Entity, Status, StatusFilter, StatusOrderField
}

/// What statuses can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum StatusOrderField {
    /// The step, by its name.
    Status,
    /// When it happened or was said.
    OccurredOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Status;
    type Filter = StatusFilter;
    type OrderField = StatusOrderField;

    fn column(field: StatusOrderField) -> Column {
        match field {
            StatusOrderField::Status => Column::Status,
            StatusOrderField::OccurredOn => Column::OccurredOn,
            StatusOrderField::RecordedAt => Column::RecordedAt,
            StatusOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which statuses: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct StatusFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// The mechanism.
    pub mechanism: Option<Box<super::mechanism::MechanismFilter>>,
    /// The step.
    pub status: Option<WordComparison<word::MechanismStatus>>,
    /// What there is to say of it.
    pub note: Option<StringComparison>,
    /// All of these hold.
    pub and: Option<Vec<StatusFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<StatusFilter>>,
    /// This does not hold.
    pub not: Option<Box<StatusFilter>>,
}

impl FilterInput for StatusFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { assertion, mechanism, status, note, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Status, assertion);
        terms.through(Column::MechanismId, mechanism.map(|filter| *filter))?;
        terms.word::<words::MechanismStatus, _>(Column::Status, status);
        terms.test::<_, String>(Column::Note, note);
        terms.finish(and, or, not)
    }
}

/// To record a status.
#[derive(Clone, Debug, InputObject)]
pub struct RecordStatusInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it happened or was said; of a month or a year any day of it. Not after today.
    occurred_on: Date,
    /// How much of `occurredOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    occurred_on_precision: DatePrecision,
    /// The mechanism.
    mechanism: ID,
    /// The step.
    status: word::MechanismStatus,
    /// What there is to say of it.
    note: Option<String>,
}

impl RecordStatusInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { evidence, occurred_on, occurred_on_precision, mechanism, status, note } = self;
        Draft {
            evidence: evidence.read(occurred_on, occurred_on_precision, problems),
            mechanism: problems.key("mechanism", Kind::Mechanism, &mechanism),
            status: status.into(),
            note,
        }
    }
}

/// To correct a status: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeStatusInput {
    /// The status to be corrected.
    id: ID,
    /// The corrected status, in full.
    replacement: RecordStatusInput,
}

payload! {
    /// What came of recording or correcting a status.
    StatusPayload {
        /// The new status; null if it was refused.
        status: Status
    }
}

/// Mutations on statuses.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusMutation;

/// Mutations on statuses.
#[Object]
impl StatusMutation {
    /// Records a status.
    async fn record_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordStatusInput,
    ) -> Result<StatusPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces a status by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedeStatusInput,
    ) -> Result<StatusPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Status, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}
