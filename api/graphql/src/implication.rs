//! Implications in GraphQL.

use std::ops::Deref;

use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use entity::filter::Filter;
use entity::implication::{Column, Entity, Model};
use entity::kind::Kind;
use entity::words;

use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms, small};
use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, OrderedComparison, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mechanism::Mechanism;
use crate::mutation;
use crate::scalar::Date;
use demarche_core::domain::implication::Draft;
use demarche_core::error::Problems;

use crate::relation::Relation;
use crate::word::{self, DatePrecision};

/// A foreseen consequence or a lesson: about a mechanism, about a relation, or about the whole dossier.
#[derive(MergedObject)]
pub struct Implication(Lineage<Entity>, AssertionFields, ImplicationFields);

impl From<Seen<Model>> for Implication {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        Self(assertion.lineage(), assertion, ImplicationFields(model))
    }
}

impl Deref for Implication {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.1
    }
}

/// The fields of an implication's own.
pub struct ImplicationFields(Seen<Model>);

/// The fields of an implication's own.
#[Object]
impl ImplicationFields {
    /// What sort of consequence it is.
    async fn kind(&self) -> word::ImplicationKind {
        self.0.kind.into()
    }

    /// What would follow, or what is to be learnt.
    async fn statement(&self) -> &str {
        &self.0.statement
    }

    /// How likely it is (ICD 203 band).
    async fn likelihood(&self) -> Option<word::Likelihood> {
        self.0.likelihood.map(Into::into)
    }

    /// How much it would matter, 1 (little) to 5 (disaster).
    async fn severity(&self) -> Option<i32> {
        self.0.severity.map(i32::from)
    }

    /// The mechanism that it is about.
    async fn mechanism(&self, ctx: &Context<'_>) -> Result<Option<Mechanism>> {
        let Some(id) = self.0.mechanism_id else { return Ok(None) };
        Ok(loader::load::<entity::mechanism::Entity>(ctx, id, self.0.at()).await?.map(Mechanism::from))
    }

    /// The relation that it is about. With neither, it is about the whole dossier.
    async fn relation(&self, ctx: &Context<'_>) -> Result<Option<Relation>> {
        let Some(id) = self.0.relation_id else { return Ok(None) };
        Ok(loader::load::<entity::relation::Entity>(ctx, id, self.0.at()).await?.map(Relation::from))
    }
}

list_field! {
    /// Implications: foreseen consequences and lessons.
    Implications, implications, Entity, Implication, ImplicationFilter, ImplicationOrderField
}

/// What implications can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ImplicationOrderField {
    /// What sort it is, by its name.
    Kind,
    /// How likely it is.
    Likelihood,
    /// How much it would matter.
    Severity,
    /// When it happened or was said.
    OccurredOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Implication;
    type Filter = ImplicationFilter;
    type OrderField = ImplicationOrderField;

    fn column(field: ImplicationOrderField) -> Column {
        match field {
            ImplicationOrderField::Kind => Column::Kind,
            ImplicationOrderField::Likelihood => Column::Likelihood,
            ImplicationOrderField::Severity => Column::Severity,
            ImplicationOrderField::OccurredOn => Column::OccurredOn,
            ImplicationOrderField::RecordedAt => Column::RecordedAt,
            ImplicationOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which implications: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct ImplicationFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// What sort of consequence it is.
    pub kind: Option<WordComparison<word::ImplicationKind>>,
    /// What would follow.
    pub statement: Option<StringComparison>,
    /// How likely it is.
    pub likelihood: Option<OrderedComparison<word::Likelihood>>,
    /// How much it would matter, 1 to 5.
    pub severity: Option<OrderedComparison<i32>>,
    /// The mechanism that it is about.
    pub mechanism: Option<Box<super::mechanism::MechanismFilter>>,
    /// The relation that it is about.
    pub relation: Option<Box<super::relation::RelationFilter>>,
    /// All of these hold.
    pub and: Option<Vec<ImplicationFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<ImplicationFilter>>,
    /// This does not hold.
    pub not: Option<Box<ImplicationFilter>>,
}

impl FilterInput for ImplicationFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { assertion, kind, statement, likelihood, severity, mechanism, relation, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Implication, assertion);
        terms.word::<words::ImplicationKind, _>(Column::Kind, kind);
        terms.test::<_, String>(Column::Statement, statement);
        terms.word::<words::Likelihood, _>(Column::Likelihood, likelihood);
        terms.number(Column::Severity, severity);
        terms.through(Column::MechanismId, mechanism.map(|filter| *filter))?;
        terms.through(Column::RelationId, relation.map(|filter| *filter))?;
        terms.finish(and, or, not)
    }
}

/// To record an implication.
#[derive(Clone, Debug, InputObject)]
pub struct RecordImplicationInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it happened or was said; of a month or a year any day of it. Not after today.
    occurred_on: Date,
    /// How much of `occurredOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    occurred_on_precision: DatePrecision,
    /// What sort of consequence it is.
    kind: word::ImplicationKind,
    /// What would follow, or what is to be learnt.
    statement: String,
    /// How likely it is (ICD 203 band).
    likelihood: Option<word::Likelihood>,
    /// How much it would matter, 1 to 5.
    severity: Option<i32>,
    /// The mechanism that it is about.
    mechanism: Option<ID>,
    /// The relation that it is about.
    relation: Option<ID>,
}

impl RecordImplicationInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self {
            evidence,
            occurred_on,
            occurred_on_precision,
            kind,
            statement,
            likelihood,
            severity,
            mechanism,
            relation,
        } = self;
        Draft {
            evidence: evidence.read(occurred_on, occurred_on_precision, problems),
            kind: kind.into(),
            statement,
            likelihood: likelihood.map(Into::into),
            severity: severity.map(|number| small("severity", number, problems)),
            mechanism: mechanism.map(|id| problems.key("mechanism", Kind::Mechanism, &id)),
            relation: relation.map(|id| problems.key("relation", Kind::Relation, &id)),
        }
    }
}

/// To correct an implication: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeImplicationInput {
    /// The implication to be corrected.
    id: ID,
    /// The corrected implication, in full.
    replacement: RecordImplicationInput,
}

payload! {
    /// What came of recording or correcting an implication.
    ImplicationPayload {
        /// The new implication; null if it was refused.
        implication: Implication
    }
}

/// Mutations on implications.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImplicationMutation;

/// Mutations on implications.
#[Object]
impl ImplicationMutation {
    /// Records an implication.
    async fn record_implication(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordImplicationInput,
    ) -> Result<ImplicationPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces an implication by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_implication(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedeImplicationInput,
    ) -> Result<ImplicationPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Implication, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}
