//! Conditions in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Object};
use entity::condition::{Column, Entity, Model};
use entity::filter::Filter;
use entity::kind::Kind;

use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, StringComparison, Terms};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mutation::{self, set, set_or_clear};
use crate::node::{NodeFields, NodeFilter, node_terms};
use demarche_core::domain::condition::Draft;
use demarche_core::error::Problems;

use crate::finding::Finding;
use crate::list::{self, AsOfInput, Hangs, OnCondition};
use crate::mechanism::Mechanism;
use crate::word::Marking;
use entity::page::{Order, Sort};

/// A prerequisite of a mechanism, e.g. the request of the state on whose territory force would be used.
#[derive(MergedObject)]
pub struct Condition(super::position::Positions, ConditionFields, NodeFields);

impl From<Seen<Model>> for Condition {
    fn from(model: Seen<Model>) -> Self {
        let (node, here) = (NodeFields::of::<Entity>(&model), OnCondition(model.anchor(model.id)));
        Self(super::position::Positions::of(here), ConditionFields(model), node)
    }
}

impl Deref for Condition {
    type Target = NodeFields;

    fn deref(&self) -> &NodeFields {
        &self.2
    }
}

/// The fields of a condition's own.
pub struct ConditionFields(Seen<Model>);

/// The fields of a condition's own.
#[Object]
impl ConditionFields {
    /// What must be the case.
    async fn statement(&self) -> &str {
        &self.0.statement
    }

    /// The rule that demands it, e.g. Article 51 of the UN Charter.
    async fn legal_basis(&self) -> Option<&str> {
        self.0.legal_basis.as_deref()
    }

    /// The mechanism that depends on it.
    async fn mechanism(&self, ctx: &Context<'_>) -> Result<Mechanism> {
        Ok(loader::require::<entity::mechanism::Entity>(ctx, self.0.mechanism_id, self.0.at()).await?.into())
    }

    /// What assessors say of whether it is met, the latest first, the first 200; to page through more, use
    /// `Dossier.findings`.
    async fn findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Many<Finding>> {
        list::few::<entity::finding::Entity>(
            ctx,
            OnCondition(self.0.anchor(self.0.id)).parent(),
            Sort::new(vec![Order { column: entity::finding::Column::OccurredOn, descending: true }]),
            as_of,
        )
        .await
    }
}

list_field! {
    /// Conditions: prerequisites of mechanisms.
    Conditions, conditions, Entity, Condition, ConditionFilter, ConditionOrderField
}

/// What conditions can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ConditionOrderField {
    /// What must be the case.
    Statement,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last edited.
    UpdatedAt,
}

impl Listed for Entity {
    type Node = Condition;
    type Filter = ConditionFilter;
    type OrderField = ConditionOrderField;

    fn column(field: ConditionOrderField) -> Column {
        match field {
            ConditionOrderField::Statement => Column::Statement,
            ConditionOrderField::CreatedAt => Column::CreatedAt,
            ConditionOrderField::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// Which conditions: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct ConditionFilter {
    #[graphql(flatten)]
    node: NodeFilter,
    /// What must be the case.
    pub statement: Option<StringComparison>,
    /// The rule that demands it.
    pub legal_basis: Option<StringComparison>,
    /// The mechanism that depends on it.
    pub mechanism: Option<Box<super::mechanism::MechanismFilter>>,
    /// At least one finding is made on it that all of this holds for.
    pub findings: Option<Box<super::finding::FindingFilter>>,
    /// All of these hold.
    pub and: Option<Vec<ConditionFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<ConditionFilter>>,
    /// This does not hold.
    pub not: Option<Box<ConditionFilter>>,
}

impl FilterInput for ConditionFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { node, statement, legal_basis, mechanism, findings, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        node_terms!(terms, Column, Kind::Condition, node);
        terms.test::<_, String>(Column::Statement, statement);
        terms.test::<_, String>(Column::LegalBasis, legal_basis);
        terms.through(Column::MechanismId, mechanism.map(|filter| *filter))?;
        if let Some(findings) = findings {
            let back = entity::finding::Column::ConditionId;
            terms.add(Some(Filter::having::<entity::finding::Entity>(Column::Id, back, findings.filter()?)));
        }
        terms.finish(and, or, not)
    }
}

/// To create a condition.
#[derive(Clone, Debug, InputObject)]
pub struct CreateConditionInput {
    /// The dossier that it belongs to.
    dossier: ID,
    /// The mechanism that depends on it.
    mechanism: ID,
    /// What must be the case.
    statement: String,
    /// The rule that demands it.
    legal_basis: Option<String>,
    /// The key that its importer gives it, unique among its kind in the dossier.
    external_id: Option<String>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl CreateConditionInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { dossier, mechanism, statement, legal_basis, external_id, marking } = self;
        Draft {
            dossier: problems.key("dossier", Kind::Dossier, &dossier),
            external_id,
            marking: marking.map(Into::into),
            mechanism: problems.key("mechanism", Kind::Mechanism, &mechanism),
            statement,
            legal_basis,
        }
    }
}

/// To edit a condition. What is left out stays as it is; null takes away what may be missing.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateConditionInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is changed and you get a `CONFLICT` with the current record.
    version: i32,
    /// Another mechanism.
    mechanism: Option<ID>,
    /// A new statement.
    statement: Option<String>,
    /// Another legal basis.
    legal_basis: MaybeUndefined<String>,
    /// A new key.
    external_id: MaybeUndefined<String>,
    /// How far it may travel from now on.
    marking: Option<Marking>,
}

payload! {
    /// What came of creating or editing a condition.
    ConditionPayload {
        /// The condition as it is now: on a `CONFLICT`, as somebody else has edited it; null if it was refused.
        condition: Condition
    }
}

/// Mutations on conditions.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConditionMutation;

/// Mutations on conditions.
#[Object]
impl ConditionMutation {
    /// Creates a condition.
    async fn create_condition(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it.")] input: CreateConditionInput,
    ) -> Result<ConditionPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::create::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Edits a condition; the state before stays on record as a revision.
    async fn update_condition(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what changes of it.")] input: UpdateConditionInput,
    ) -> Result<ConditionPayload> {
        let UpdateConditionInput { id, version, mechanism, statement, legal_basis, external_id, marking } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Condition, &id);
        let mechanism = mechanism.map(|id| problems.key("mechanism", Kind::Mechanism, &id));
        let edit = |draft: &mut Draft| {
            set_or_clear(&mut draft.external_id, external_id);
            draft.marking = marking.map(Into::into).or(draft.marking);
            set(&mut draft.mechanism, mechanism);
            set(&mut draft.statement, statement);
            set_or_clear(&mut draft.legal_basis, legal_basis);
        };
        Ok(mutation::update::<Entity>(ctx, id, version, edit, problems).await?.into())
    }
}
