//! Relations in GraphQL.

use std::ops::Deref;

use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::relation::{Column, Entity, Model};
use entity::words;

use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms};
use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, OrderedComparison, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use crate::loader;
use demarche_core::domain::date::PartialDate;
use demarche_core::domain::relation::Draft;
use demarche_core::error::Problems;

use crate::list::OnRelation;
use crate::mutation;
use crate::scalar::Date;
use crate::stakeholder::Stakeholder;
use crate::word::{self, DatePrecision};

/// A directed tie between two stakeholders, in an interval of time.
#[derive(MergedObject)]
pub struct Relation(super::implication::Implications, Lineage<Entity>, AssertionFields, RelationFields);

impl From<Seen<Model>> for Relation {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        let here = model.anchor(model.id);
        Self(
            super::implication::Implications::of(OnRelation(here)),
            assertion.lineage(),
            assertion,
            RelationFields(model),
        )
    }
}

impl Deref for Relation {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.2
    }
}

/// The fields of a relation's own.
pub struct RelationFields(Seen<Model>);

/// The fields of a relation's own.
#[Object]
impl RelationFields {
    /// Where the tie comes from.
    async fn from(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.0.from_id, self.0.at()).await?.into())
    }

    /// Where the tie goes to.
    async fn to(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.0.to_id, self.0.at()).await?.into())
    }

    /// What *from* is or does to *to*.
    async fn kind(&self) -> word::RelationKind {
        self.0.kind.into()
    }

    /// The first day on which the tie held: the first day of what is known. Unknown if null: it then counts from
    /// `occurredOn`.
    async fn started_on(&self) -> Option<Date> {
        self.0.started_on.map(Date)
    }

    /// How much of `startedOn` is known.
    async fn started_on_precision(&self) -> Option<DatePrecision> {
        self.0.started_precision.map(DatePrecision::from)
    }

    /// The last day on which the tie held: the last day of what is known. It still holds if null.
    async fn ended_on(&self) -> Option<Date> {
        self.0.ended_on.map(Date)
    }

    /// How much of `endedOn` is known.
    async fn ended_on_precision(&self) -> Option<DatePrecision> {
        self.0.ended_precision.map(DatePrecision::from)
    }

    /// How hostile (−10) or friendly (+10) the tie is: the Goldstein scale of conflict and cooperation.
    async fn tension(&self) -> Option<f64> {
        self.0.tension
    }

    /// What there is to say of it.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

list_field! {
    /// Relations: directed ties between stakeholders.
    Relations, relations, Entity, Relation, RelationFilter, RelationOrderField
}

/// What relations can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RelationOrderField {
    /// What the tie is.
    Kind,
    /// When it began.
    StartedOn,
    /// How hostile or friendly it is.
    Tension,
    /// When it happened or was said.
    OccurredOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Relation;
    type Filter = RelationFilter;
    type OrderField = RelationOrderField;

    fn column(field: RelationOrderField) -> Column {
        match field {
            RelationOrderField::Kind => Column::Kind,
            RelationOrderField::StartedOn => Column::StartedOn,
            RelationOrderField::Tension => Column::Tension,
            RelationOrderField::OccurredOn => Column::OccurredOn,
            RelationOrderField::RecordedAt => Column::RecordedAt,
            RelationOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which relations: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct RelationFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// Where the tie comes from.
    pub from: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// Where the tie goes to.
    pub to: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// What the tie is.
    pub kind: Option<WordComparison<word::RelationKind>>,
    /// When it began.
    pub started_on: Option<OrderedComparison<Date>>,
    /// When it ended.
    pub ended_on: Option<OrderedComparison<Date>>,
    /// How hostile or friendly it is, −10 to +10.
    pub tension: Option<OrderedComparison<f64>>,
    /// What there is to say of it.
    pub note: Option<StringComparison>,
    /// All of these hold.
    pub and: Option<Vec<RelationFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<RelationFilter>>,
    /// This does not hold.
    pub not: Option<Box<RelationFilter>>,
}

impl FilterInput for RelationFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { assertion, from, to, kind, started_on, ended_on, tension, note, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Relation, assertion);
        terms.through(Column::FromId, from.map(|filter| *filter))?;
        terms.through(Column::ToId, to.map(|filter| *filter))?;
        terms.word::<words::RelationKind, _>(Column::Kind, kind);
        terms.date(Column::StartedOn, started_on);
        terms.date(Column::EndedOn, ended_on);
        terms.test::<_, f64>(Column::Tension, tension);
        terms.test::<_, String>(Column::Note, note);
        terms.finish(and, or, not)
    }
}

/// To record a relation.
#[derive(Clone, Debug, InputObject)]
pub struct RecordRelationInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it happened or was said; of a month or a year any day of it. Not after today.
    occurred_on: Date,
    /// How much of `occurredOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    occurred_on_precision: DatePrecision,
    /// Where the tie comes from.
    from: ID,
    /// Where the tie goes to.
    to: ID,
    /// What *from* is or does to *to*.
    kind: word::RelationKind,
    /// When it began, if that is known. Not after today.
    started_on: Option<Date>,
    /// How much of `startedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    started_on_precision: DatePrecision,
    /// When it ended, if it has.
    ended_on: Option<Date>,
    /// How much of `endedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    ended_on_precision: DatePrecision,
    /// How hostile (−10) or friendly (+10) it is (Goldstein scale).
    tension: Option<f64>,
    /// What there is to say of it.
    note: Option<String>,
}

impl RecordRelationInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self {
            evidence,
            occurred_on,
            occurred_on_precision,
            from,
            to,
            kind,
            started_on,
            started_on_precision,
            ended_on,
            ended_on_precision,
            tension,
            note,
        } = self;
        Draft {
            evidence: evidence.read(occurred_on, occurred_on_precision, problems),
            from: problems.key("from", Kind::Stakeholder, &from),
            to: problems.key("to", Kind::Stakeholder, &to),
            kind: kind.into(),
            started: started_on.map(|date| PartialDate::new(date.0, started_on_precision.into())),
            ended: ended_on.map(|date| PartialDate::new(date.0, ended_on_precision.into())),
            tension,
            note,
        }
    }
}

/// To correct a relation: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeRelationInput {
    /// The relation to be corrected.
    id: ID,
    /// The corrected relation, in full.
    replacement: RecordRelationInput,
}

payload! {
    /// What came of recording or correcting a relation.
    RelationPayload {
        /// The new relation; null if it was refused.
        relation: Relation
    }
}

/// Mutations on relations.
#[derive(Clone, Copy, Debug, Default)]
pub struct RelationMutation;

/// Mutations on relations.
#[Object]
impl RelationMutation {
    /// Records a relation.
    async fn record_relation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordRelationInput,
    ) -> Result<RelationPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces a relation by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_relation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedeRelationInput,
    ) -> Result<RelationPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Relation, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}
