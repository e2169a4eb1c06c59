//! Findings in GraphQL.

use std::ops::Deref;

use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use entity::filter::Filter;
use entity::finding::{Column, Entity, Model};
use entity::kind::Kind;
use entity::words;

use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms};
use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use crate::loader;
use demarche_core::domain::finding::Draft;
use demarche_core::error::Problems;

use crate::condition::Condition;
use crate::mutation;
use crate::scalar::Date;
use crate::stakeholder::Stakeholder;
use crate::word::{self, DatePrecision};

/// An assessor's verdict on whether a condition is met.
#[derive(MergedObject)]
pub struct Finding(Lineage<Entity>, AssertionFields, FindingFields);

impl From<Seen<Model>> for Finding {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        Self(assertion.lineage(), assertion, FindingFields(model))
    }
}

impl Deref for Finding {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.1
    }
}

/// The fields of a finding's own.
pub struct FindingFields(Seen<Model>);

/// The fields of a finding's own.
#[Object]
impl FindingFields {
    /// The condition.
    async fn condition(&self, ctx: &Context<'_>) -> Result<Condition> {
        Ok(loader::require::<entity::condition::Entity>(ctx, self.0.condition_id, self.0.at()).await?.into())
    }

    /// Whose verdict it is.
    async fn assessor(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.0.assessor_id, self.0.at()).await?.into())
    }

    /// The verdict.
    async fn verdict(&self) -> word::Verdict {
        self.0.verdict.into()
    }

    /// Why.
    async fn rationale(&self) -> Option<&str> {
        self.0.rationale.as_deref()
    }
}

list_field! {
    /// Findings: assessors' verdicts on whether conditions are met.
    Findings, findings, Entity, Finding, FindingFilter, FindingOrderField
}

/// What findings can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FindingOrderField {
    /// The verdict, by its name.
    Verdict,
    /// When it happened or was said.
    OccurredOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Finding;
    type Filter = FindingFilter;
    type OrderField = FindingOrderField;

    fn column(field: FindingOrderField) -> Column {
        match field {
            FindingOrderField::Verdict => Column::Verdict,
            FindingOrderField::OccurredOn => Column::OccurredOn,
            FindingOrderField::RecordedAt => Column::RecordedAt,
            FindingOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which findings: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct FindingFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// The condition.
    pub condition: Option<Box<super::condition::ConditionFilter>>,
    /// Whose verdict it is.
    pub assessor: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// The verdict.
    pub verdict: Option<WordComparison<word::Verdict>>,
    /// Why.
    pub rationale: Option<StringComparison>,
    /// All of these hold.
    pub and: Option<Vec<FindingFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<FindingFilter>>,
    /// This does not hold.
    pub not: Option<Box<FindingFilter>>,
}

impl FilterInput for FindingFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { assertion, condition, assessor, verdict, rationale, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Finding, assertion);
        terms.through(Column::ConditionId, condition.map(|filter| *filter))?;
        terms.through(Column::AssessorId, assessor.map(|filter| *filter))?;
        terms.word::<words::Verdict, _>(Column::Verdict, verdict);
        terms.test::<_, String>(Column::Rationale, rationale);
        terms.finish(and, or, not)
    }
}

/// To record a finding.
#[derive(Clone, Debug, InputObject)]
pub struct RecordFindingInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it happened or was said; of a month or a year any day of it. Not after today.
    occurred_on: Date,
    /// How much of `occurredOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    occurred_on_precision: DatePrecision,
    /// The condition.
    condition: ID,
    /// Whose verdict it is.
    assessor: ID,
    /// The verdict.
    verdict: word::Verdict,
    /// Why.
    rationale: Option<String>,
}

impl RecordFindingInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { evidence, occurred_on, occurred_on_precision, condition, assessor, verdict, rationale } = self;
        Draft {
            evidence: evidence.read(occurred_on, occurred_on_precision, problems),
            condition: problems.key("condition", Kind::Condition, &condition),
            assessor: problems.key("assessor", Kind::Stakeholder, &assessor),
            verdict: verdict.into(),
            rationale,
        }
    }
}

/// To correct a finding: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeFindingInput {
    /// The finding to be corrected.
    id: ID,
    /// The corrected finding, in full.
    replacement: RecordFindingInput,
}

payload! {
    /// What came of recording or correcting a finding.
    FindingPayload {
        /// The new finding; null if it was refused.
        finding: Finding
    }
}

/// Mutations on findings.
#[derive(Clone, Copy, Debug, Default)]
pub struct FindingMutation;

/// Mutations on findings.
#[Object]
impl FindingMutation {
    /// Records a finding.
    async fn record_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordFindingInput,
    ) -> Result<FindingPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces a finding by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedeFindingInput,
    ) -> Result<FindingPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Finding, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}
