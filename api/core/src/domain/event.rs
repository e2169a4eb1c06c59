//! Events: what happened, and who took part.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::event::{ActiveModel, Entity, Model};
use entity::event_actor;
use entity::filter::Filter;
use entity::kind::Kind;
use entity::record::{Assertion, Provenance};
use entity::words::EventRole;
use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::domain::assertion::{Claim, Evidence, LINE_MAX, TEXT_MAX, row};
use crate::domain::reference::{Reference, Several};
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;
use crate::policy;

/// All that a person says of an event.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub title: String,
    pub description: Option<String>,
    pub mechanism: Option<i64>,
    pub actors: Several<Actor>,
    pub tension: Option<f64>,
}

impl Claim for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn evidence(draft: &Draft) -> &Evidence {
        &draft.evidence
    }

    fn evidence_mut(draft: &mut Draft) -> &mut Evidence {
        &mut draft.evidence
    }

    fn check(draft: &Draft, _today: NaiveDate, problems: &mut Problems) {
        problems.required("title", &draft.title, LINE_MAX);
        problems.optional("description", draft.description.as_deref(), TEXT_MAX);
        problems.within("tension", draft.tension, -10.0, 10.0);
        if draft.actors.repeats() {
            problems.add(Code::Invalid, "actors", "names the same stakeholder in the same role twice");
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        let actor = |(n, actor): (usize, &Actor)| {
            Reference::new(format!("actors.{n}.stakeholder"), Kind::Stakeholder, actor.stakeholder)
        };
        let mechanism = draft.mechanism.map(|id| Reference::new("mechanism", Kind::Mechanism, id));
        draft.actors.iter().enumerate().map(actor).chain(mechanism).collect()
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, title, description, mechanism, actors: _, tension } = draft.clone();
        row!(Model, provenance, occurred_on, occurred_precision, {
            title,
            description,
            mechanism_id: mechanism,
            tension,
        })
    }

    fn words(model: &Model) -> Option<Words> {
        Some(Words::new(&model.title, [model.description.as_deref(), model.quote_exact.as_deref()]))
    }

    async fn draft(op: &Op, model: &Model) -> Result<Draft> {
        Ok(Draft {
            evidence: Evidence::of(Self::provenance(model)),
            title: model.title.clone(),
            description: model.description.clone(),
            mechanism: model.mechanism_id,
            actors: actors(op, &[model.id]).await?.remove(&model.id).unwrap_or_default().into(),
            tension: model.tension,
        })
    }

    async fn write_links(op: &Op, id: i64, draft: &Draft) -> Result<()> {
        let row =
            |actor: &Actor| event_actor::Model { event_id: id, stakeholder_id: actor.stakeholder, role: actor.role };
        let rows = draft.actors.iter().map(row).map(|row| row.into_active_model().reset_all());
        event_actor::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        Ok(())
    }
}

/// A stakeholder's part in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Actor {
    pub stakeholder: i64,
    pub role: EventRole,
}

/// The actors of each of these events that one may see.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn actors<'a>(op: &'a Op, events: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Vec<Actor>>>> {
    Box::pin(async move {
        let scope = policy::scope(op)?;
        let visible = Filter::<event_actor::Entity>::through(
            event_actor::Column::StakeholderId,
            Filter::<entity::stakeholder::Entity>::default(),
        );
        let rows = event_actor::Entity::find()
            .filter(event_actor::Column::EventId.is_in(events.iter().copied()))
            .filter(visible.condition(&scope, op.present()))
            .all(&op.lane)
            .await?;
        let mut actors: HashMap<i64, Vec<Actor>> = HashMap::new();
        for row in rows {
            actors.entry(row.event_id).or_default().push(Actor { stakeholder: row.stakeholder_id, role: row.role });
        }
        for actors in actors.values_mut() {
            actors.sort_unstable();
        }
        Ok(actors)
    })
}
