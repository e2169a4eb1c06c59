//! Positions in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::position::{Column, Entity, Model};
use entity::words;

use crate::argument::Argument;
use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms};
use crate::condition::Condition;
use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, OrderedComparison, StringComparison, Terms};
use crate::list::{self, Hangs, OfPosition};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mechanism::Mechanism;
use crate::mutation;
use crate::scalar::Date;
use crate::stakeholder::Stakeholder;
use crate::word::{self, DatePrecision};
use demarche_core::domain::position::Draft;
use demarche_core::error::Problems;
use entity::page::Sort;

/// The atom of the record: this stakeholder took this stance on this mechanism, on this date, for these arguments, says
/// this source at this place.
#[derive(MergedObject)]
pub struct Position(Lineage<Entity>, AssertionFields, PositionFields);

impl From<Seen<Model>> for Position {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        Self(assertion.lineage(), assertion, PositionFields(model))
    }
}

impl Deref for Position {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.1
    }
}

/// The fields of a position's own.
pub struct PositionFields(Seen<Model>);

/// The fields of a position's own.
#[Object]
impl PositionFields {
    /// Who took the stance.
    async fn stakeholder(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.0.stakeholder_id, self.0.at()).await?.into())
    }

    /// In whose name, if not in its own: the standing is then that of the principal, not of the speaker.
    async fn on_behalf_of(&self, ctx: &Context<'_>) -> Result<Option<Stakeholder>> {
        let Some(id) = self.0.on_behalf_of_id else { return Ok(None) };
        Ok(loader::load::<entity::stakeholder::Entity>(ctx, id, self.0.at()).await?.map(Stakeholder::from))
    }

    /// On what.
    async fn mechanism(&self, ctx: &Context<'_>) -> Result<Mechanism> {
        Ok(loader::require::<entity::mechanism::Entity>(ctx, self.0.mechanism_id, self.0.at()).await?.into())
    }

    /// Where the stakeholder stands.
    async fn stance(&self) -> word::Stance {
        self.0.stance.into()
    }

    /// Why, in the words of the one who recorded it.
    async fn rationale(&self) -> Option<&str> {
        self.0.rationale.as_deref()
    }

    /// When the stance was taken: the first day of what is known. The same as `occurredOn`.
    async fn stated_on(&self) -> Date {
        Date(self.0.stated_on)
    }

    /// How much of `statedOn` is known.
    async fn stated_on_precision(&self) -> DatePrecision {
        self.0.stated_precision.into()
    }

    /// The reasons that the stakeholder gives.
    async fn arguments(&self, ctx: &Context<'_>) -> Result<Many<Argument>> {
        list::few::<entity::argument::Entity>(
            ctx,
            OfPosition(self.0.anchor(self.0.id)).parent(),
            Sort::new(Vec::new()),
            None,
        )
        .await
    }

    /// The conditions under which the stakeholder says so.
    async fn conditions(&self, ctx: &Context<'_>) -> Result<Many<Condition>> {
        list::few::<entity::condition::Entity>(
            ctx,
            OfPosition(self.0.anchor(self.0.id)).parent(),
            Sort::new(Vec::new()),
            None,
        )
        .await
    }
}

list_field! {
    /// Positions: who took which stance on what, when, for which reasons, says whom.
    Positions, positions, Entity, Position, PositionFilter, PositionOrderField
}

/// What positions can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PositionOrderField {
    /// The stance, from strong opposition to strong support.
    Stance,
    /// When it happened or was said.
    StatedOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Position;
    type Filter = PositionFilter;
    type OrderField = PositionOrderField;

    fn column(field: PositionOrderField) -> Column {
        match field {
            PositionOrderField::Stance => Column::Stance,
            PositionOrderField::StatedOn => Column::StatedOn,
            PositionOrderField::RecordedAt => Column::RecordedAt,
            PositionOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which positions: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct PositionFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// Who took the stance.
    pub stakeholder: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// In whose name.
    pub on_behalf_of: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// On what.
    pub mechanism: Option<Box<super::mechanism::MechanismFilter>>,
    /// Where the stakeholder stands.
    pub stance: Option<OrderedComparison<word::Stance>>,
    /// When the stance was taken, by the first day of what is known.
    pub stated_on: Option<OrderedComparison<Date>>,
    /// Why.
    pub rationale: Option<StringComparison>,
    /// At least one of the reasons that are given.
    pub arguments: Option<Box<super::argument::ArgumentFilter>>,
    /// At least one of the conditions that are named.
    pub conditions: Option<Box<super::condition::ConditionFilter>>,
    /// All of these hold.
    pub and: Option<Vec<PositionFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<PositionFilter>>,
    /// This does not hold.
    pub not: Option<Box<PositionFilter>>,
}

impl FilterInput for PositionFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self {
            assertion,
            stakeholder,
            on_behalf_of,
            mechanism,
            stance,
            stated_on,
            rationale,
            arguments,
            conditions,
            and,
            or,
            not,
        } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Position, assertion);
        terms.through(Column::StakeholderId, stakeholder.map(|filter| *filter))?;
        terms.through(Column::OnBehalfOfId, on_behalf_of.map(|filter| *filter))?;
        terms.through(Column::MechanismId, mechanism.map(|filter| *filter))?;
        terms.word::<words::Stance, _>(Column::Stance, stance);
        terms.date(Column::StatedOn, stated_on);
        terms.test::<_, String>(Column::Rationale, rationale);
        if let Some(arguments) = arguments {
            let arguments = arguments.filter()?;
            terms.add(Some(Filter::linked::<entity::position_argument::Entity, entity::argument::Entity>(
                Column::Id,
                entity::position_argument::Column::PositionId,
                entity::position_argument::Column::ArgumentId,
                sea_orm::Condition::all(),
                arguments,
            )));
        }
        if let Some(conditions) = conditions {
            let conditions = conditions.filter()?;
            terms.add(Some(Filter::linked::<entity::position_condition::Entity, entity::condition::Entity>(
                Column::Id,
                entity::position_condition::Column::PositionId,
                entity::position_condition::Column::ConditionId,
                sea_orm::Condition::all(),
                conditions,
            )));
        }
        terms.finish(and, or, not)
    }
}

/// To record a position.
#[derive(Clone, Debug, InputObject)]
pub struct RecordPositionInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it stated; of a month or a year any day of it. Not after today.
    stated_on: Date,
    /// How much of `statedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    stated_on_precision: DatePrecision,
    /// Who took the stance.
    stakeholder: ID,
    /// In whose name, if not in its own.
    on_behalf_of: Option<ID>,
    /// On what.
    mechanism: ID,
    /// Where the stakeholder stands.
    stance: word::Stance,
    /// Why, in your own words.
    rationale: Option<String>,
    /// The reasons that the stakeholder gives.
    arguments: Option<Vec<ID>>,
    /// The conditions under which the stakeholder says so.
    conditions: Option<Vec<ID>>,
}

impl RecordPositionInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self {
            evidence,
            stated_on,
            stated_on_precision,
            stakeholder,
            on_behalf_of,
            mechanism,
            stance,
            rationale,
            arguments,
            conditions,
        } = self;
        Draft {
            evidence: evidence.read(stated_on, stated_on_precision, problems),
            stakeholder: problems.key("stakeholder", Kind::Stakeholder, &stakeholder),
            on_behalf_of: on_behalf_of.map(|id| problems.key("onBehalfOf", Kind::Stakeholder, &id)),
            mechanism: problems.key("mechanism", Kind::Mechanism, &mechanism),
            stance: stance.into(),
            rationale,
            arguments: problems.keys("arguments", Kind::Argument, arguments),
            conditions: problems.keys("conditions", Kind::Condition, conditions),
        }
    }
}

/// To correct a position: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedePositionInput {
    /// The position to be corrected.
    id: ID,
    /// The corrected position, in full.
    replacement: RecordPositionInput,
}

payload! {
    /// What came of recording or correcting a position.
    PositionPayload {
        /// The new position; null if it was refused.
        position: Position
    }
}

/// Mutations on positions.
#[derive(Clone, Copy, Debug, Default)]
pub struct PositionMutation;

/// Mutations on positions.
#[Object]
impl PositionMutation {
    /// Records a position.
    async fn record_position(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordPositionInput,
    ) -> Result<PositionPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces a position by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_position(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedePositionInput,
    ) -> Result<PositionPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Position, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}
