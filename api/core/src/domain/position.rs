//! Positions: who took which stance on what, when, for which reasons, says whom.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::kind::Kind;
use entity::position::{ActiveModel, Entity, Model};
use entity::record::{Assertion, Provenance};
use entity::words::Stance;
use entity::{position_argument, position_condition};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::domain::assertion::{Claim, Evidence, TEXT_MAX};
use crate::domain::reference::{Reference, Several};
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;

/// All that a person says of a position.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub stakeholder: i64,
    pub on_behalf_of: Option<i64>,
    pub mechanism: i64,
    pub stance: Stance,
    pub rationale: Option<String>,
    pub arguments: Several<i64>,
    pub conditions: Several<i64>,
}

impl Claim for Entity {
    type Row = ActiveModel;
    type Draft = Draft;
    const OCCURRED: &'static str = "statedOn";

    fn evidence(draft: &Draft) -> &Evidence {
        &draft.evidence
    }

    fn evidence_mut(draft: &mut Draft) -> &mut Evidence {
        &mut draft.evidence
    }

    fn check(draft: &Draft, _today: NaiveDate, problems: &mut Problems) {
        problems.optional("rationale", draft.rationale.as_deref(), TEXT_MAX);
        if draft.on_behalf_of == Some(draft.stakeholder) {
            problems.add(Code::Invalid, "onBehalfOf", "is the stakeholder itself: leave it out");
        }
        for (field, ids) in [("arguments", &draft.arguments), ("conditions", &draft.conditions)] {
            if ids.repeats() {
                problems.add(Code::Invalid, field, "names the same record twice");
            }
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        let mut references = vec![
            Reference::new("stakeholder", Kind::Stakeholder, draft.stakeholder),
            Reference::new("mechanism", Kind::Mechanism, draft.mechanism),
        ];
        references.extend(draft.on_behalf_of.map(|id| Reference::new("onBehalfOf", Kind::Stakeholder, id)));
        references.extend(Reference::each("arguments", Kind::Argument, &draft.arguments));
        references.extend(Reference::each("conditions", Kind::Condition, &draft.conditions));
        references
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, stakeholder, on_behalf_of, mechanism, stance, rationale, arguments: _, conditions: _ } =
            draft;
        crate::domain::assertion::row!(
            Model,
            provenance,
            stated_on,
            stated_precision,
            {
                stakeholder_id: *stakeholder,
                on_behalf_of_id: *on_behalf_of,
                mechanism_id: *mechanism,
                stance: *stance,
                rationale: rationale.clone(),
            }
        )
    }

    fn words(model: &Model) -> Option<Words> {
        let rationale = model.rationale.as_deref()?;
        Some(Words::new(rationale, [model.quote_exact.as_deref()]))
    }

    async fn draft(op: &Op, model: &Model) -> Result<Draft> {
        let mut links = Links::of(op, &[model.id]).await?;
        Ok(links.draft(model))
    }

    async fn drafts(op: &Op, models: &[Model]) -> Result<Vec<Draft>> {
        let ids: Vec<i64> = models.iter().map(|model| model.id).collect();
        let mut links = Links::of(op, &ids).await?;
        Ok(models.iter().map(|model| links.draft(model)).collect())
    }

    async fn write_links(op: &Op, id: i64, draft: &Draft) -> Result<()> {
        // Most have none, and there may be very many of them.
        if !draft.arguments.is_empty() {
            let row = |argument: &i64| position_argument::Model { position_id: id, argument_id: *argument };
            let rows = draft.arguments.iter().map(row).map(|row| row.into_active_model().reset_all());
            position_argument::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        }
        if !draft.conditions.is_empty() {
            let row = |condition: &i64| position_condition::Model { position_id: id, condition_id: *condition };
            let rows = draft.conditions.iter().map(row).map(|row| row.into_active_model().reset_all());
            position_condition::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        }
        Ok(())
    }
}

/// The arguments and the conditions that positions name, sorted.
struct Links {
    arguments: HashMap<i64, Vec<i64>>,
    conditions: HashMap<i64, Vec<i64>>,
}

impl Links {
    async fn of(op: &Op, positions: &[i64]) -> Result<Self> {
        use {position_argument as argument, position_condition as condition};
        let keys = || positions.iter().copied();
        let arguments = argument::Entity::find()
            .filter(argument::Column::PositionId.is_in(keys()))
            .order_by_asc(argument::Column::ArgumentId)
            .all(&op.lane)
            .await?;
        let conditions = condition::Entity::find()
            .filter(condition::Column::PositionId.is_in(keys()))
            .order_by_asc(condition::Column::ConditionId)
            .all(&op.lane)
            .await?;
        let mut links = Self { arguments: HashMap::new(), conditions: HashMap::new() };
        for row in arguments {
            links.arguments.entry(row.position_id).or_default().push(row.argument_id);
        }
        for row in conditions {
            links.conditions.entry(row.position_id).or_default().push(row.condition_id);
        }
        Ok(links)
    }

    fn draft(&mut self, model: &Model) -> Draft {
        Draft {
            evidence: Evidence::of(Entity::provenance(model)),
            stakeholder: model.stakeholder_id,
            on_behalf_of: model.on_behalf_of_id,
            mechanism: model.mechanism_id,
            stance: model.stance,
            rationale: model.rationale.clone(),
            arguments: self.arguments.remove(&model.id).unwrap_or_default().into(),
            conditions: self.conditions.remove(&model.id).unwrap_or_default().into(),
        }
    }
}
