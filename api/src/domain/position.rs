//! Positions: who took which stance on what, when, for which reasons, says whom.

use chrono::NaiveDate;
use entity::kind::Kind;
use entity::position::{ActiveModel, Entity, Model};
use entity::record::{Assertion, Provenance};
use entity::words::Stance;
use entity::{position_argument, position_condition};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

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
            draft.clone();
        crate::domain::assertion::row!(
            Model,
            provenance,
            stated_on,
            stated_precision,
            {
                stakeholder_id: stakeholder,
                on_behalf_of_id: on_behalf_of,
                mechanism_id: mechanism,
                stance,
                rationale,
            }
        )
    }

    fn words(model: &Model) -> Option<Words> {
        let rationale = model.rationale.as_deref()?;
        Some(Words::new(rationale, [model.quote_exact.as_deref()]))
    }

    async fn draft(op: &Op, model: &Model) -> Result<Draft> {
        Ok(Draft {
            evidence: Evidence::of(Self::provenance(model)),
            stakeholder: model.stakeholder_id,
            on_behalf_of: model.on_behalf_of_id,
            mechanism: model.mechanism_id,
            stance: model.stance,
            rationale: model.rationale.clone(),
            arguments: arguments(op, model.id).await?.into(),
            conditions: conditions(op, model.id).await?.into(),
        })
    }

    async fn write_links(op: &Op, id: i64, draft: &Draft) -> Result<()> {
        let row = |argument: &i64| position_argument::Model { position_id: id, argument_id: *argument };
        let rows = draft.arguments.iter().map(row).map(|row| row.into_active_model().reset_all());
        position_argument::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        let row = |condition: &i64| position_condition::Model { position_id: id, condition_id: *condition };
        let rows = draft.conditions.iter().map(row).map(|row| row.into_active_model().reset_all());
        position_condition::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        Ok(())
    }
}

async fn arguments(op: &Op, position: i64) -> Result<Vec<i64>> {
    let links = position_argument::Entity::find().select_only().column(position_argument::Column::ArgumentId);
    let links = links.filter(position_argument::Column::PositionId.eq(position));
    Ok(links.order_by_asc(position_argument::Column::ArgumentId).into_tuple().all(&op.lane).await?)
}

async fn conditions(op: &Op, position: i64) -> Result<Vec<i64>> {
    let links = position_condition::Entity::find().select_only().column(position_condition::Column::ConditionId);
    let links = links.filter(position_condition::Column::PositionId.eq(position));
    Ok(links.order_by_asc(position_condition::Column::ConditionId).into_tuple().all(&op.lane).await?)
}
