//! Arguments: reusable reasons, and how they bear on each other.

use entity::argument::{ActiveModel, Column, Entity, Model};
use entity::argument_link;
use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::record::Upkeep;
use entity::words::{ArgumentLinkKind, Frame, Marking};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use crate::domain::assertion::TEXT_MAX;
use crate::domain::list::Readable;
use crate::domain::node::{Concept, Header};
use crate::domain::reference::{Reference, Several};
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;
use crate::policy;

/// All that a person says of an argument.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub dossier: i64,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub statement: String,
    pub frame: Frame,
    pub description: Option<String>,
    pub rebuts: Several<i64>,
    pub reinforces: Several<i64>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: Some(draft.dossier),
            slug: None,
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(_op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("statement", &draft.statement, TEXT_MAX);
        problems.optional("description", draft.description.as_deref(), TEXT_MAX);
        for (field, ids) in [("rebuts", &draft.rebuts), ("reinforces", &draft.reinforces)] {
            if ids.repeats() {
                problems.add(Code::Invalid, field, "names the same argument twice");
            }
        }
        if draft.rebuts.iter().any(|id| draft.reinforces.contains(id)) {
            problems.add(Code::Invalid, "reinforces", "names an argument that it also rebuts");
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        let rebuts = Reference::each("rebuts", Kind::Argument, &draft.rebuts);
        rebuts.chain(Reference::each("reinforces", Kind::Argument, &draft.reinforces)).collect()
    }

    fn with_slug(_slug: &str) -> Option<Filter<Self>> {
        None
    }

    fn with_external_id(external_id: &str) -> Filter<Self> {
        Filter::equal(Column::ExternalId, external_id)
    }

    fn build(draft: &Draft, upkeep: Upkeep) -> Model {
        let Draft { dossier: _, external_id: _, marking: _, statement, frame, description, rebuts: _, reinforces: _ } =
            draft.clone();
        let Upkeep { id, dossier_id, version, created_at, created_by, updated_at, marking, external_id } = upkeep;
        Model {
            id,
            version,
            created_at,
            created_by,
            updated_at,
            marking,
            external_id,
            dossier_id,
            statement,
            frame,
            description,
        }
    }

    fn words(model: &Model) -> Words {
        Words::new(&model.statement, [model.description.as_deref()])
    }

    async fn draft(op: &Op, model: &Model) -> Result<Draft> {
        let links = links(op, model.id).await?;
        let of = |kind| -> Several<i64> {
            links.iter().filter(|link| link.kind == kind).map(|link| link.target_id).collect::<Vec<_>>().into()
        };
        let (rebuts, reinforces) = (of(ArgumentLinkKind::Rebuts), of(ArgumentLinkKind::Reinforces));
        let model = model.clone();
        Ok(Draft {
            dossier: model.dossier_id,
            external_id: model.external_id,
            marking: Some(model.marking),
            statement: model.statement,
            frame: model.frame,
            description: model.description,
            rebuts,
            reinforces,
        })
    }

    async fn verify(_op: &Op, id: i64, draft: &Draft, problems: &mut Problems) -> Result<()> {
        for (field, ids) in [("rebuts", &draft.rebuts), ("reinforces", &draft.reinforces)] {
            if ids.contains(&id) {
                problems.add(Code::Invalid, field, "names the argument itself");
            }
        }
        Ok(())
    }

    async fn write_links(op: &Op, id: i64, draft: &Draft) -> Result<()> {
        argument_link::Entity::delete_many().filter(argument_link::Column::ArgumentId.eq(id)).exec(&op.lane).await?;
        let row = |kind| move |target: &i64| argument_link::Model { argument_id: id, target_id: *target, kind };
        let rebuts = draft.rebuts.iter().map(row(ArgumentLinkKind::Rebuts));
        let reinforces = draft.reinforces.iter().map(row(ArgumentLinkKind::Reinforces));
        let rows = rebuts.chain(reinforces).map(|row| row.into_active_model().reset_all());
        argument_link::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        Ok(())
    }

    fn links(draft: &Draft) -> Value {
        let public = |ids: &Several<i64>| -> Vec<String> {
            ids.sorted().into_iter().map(|id| crate::id::encode(Kind::Argument, id)).collect()
        };
        json!({ "rebuts": public(&draft.rebuts), "reinforces": public(&draft.reinforces) })
    }
}

async fn links(op: &Op, id: i64) -> Result<Vec<argument_link::Model>> {
    let links = argument_link::Entity::find().filter(argument_link::Column::ArgumentId.eq(id));
    Ok(links.order_by_asc(argument_link::Column::TargetId).all(&op.lane).await?)
}

/// The links that begin or end at any of these arguments, both of whose ends one may see; those of a moment, if one is given.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn links_at<'a>(
    op: &'a Op,
    ids: &'a [i64],
    recorded: Option<Moment>,
) -> BoxFuture<'a, Result<Vec<argument_link::Model>>> {
    Box::pin(async move {
        match recorded {
            None => links_now(op, ids).await,
            Some(at) => links_then(op, ids, at).await,
        }
    })
}

async fn links_now(op: &Op, ids: &[i64]) -> Result<Vec<argument_link::Model>> {
    use argument_link::Column as End;
    let scope = policy::scope(op)?;
    let seen = |end| {
        Filter::<argument_link::Entity>::through(end, Filter::<Entity>::default()).condition(&scope, op.present())
    };
    let at_either_end = sea_orm::Condition::any()
        .add(End::ArgumentId.is_in(ids.iter().copied()))
        .add(End::TargetId.is_in(ids.iter().copied()));
    let links =
        argument_link::Entity::find().filter(at_either_end).filter(seen(End::ArgumentId)).filter(seen(End::TargetId));
    Ok(links.order_by_asc(End::ArgumentId).order_by_asc(End::TargetId).all(&op.lane).await?)
}

/// A link stands in the state of the argument that it begins at: to know those that ended at one, the states of all arguments
/// of its dossier are read, of which there are few.
async fn links_then(op: &Op, ids: &[i64], at: Moment) -> Result<Vec<argument_link::Model>> {
    use entity::revision::Column as State;
    let dossiers: Vec<i64> = Entity::by_ids(op, ids, None).await?.values().map(|found| found.dossier_id).collect();
    let of = State::DossierId.is_in(dossiers).and(State::Kind.eq(Kind::Argument));
    let read = |id: &Value| crate::id::decode_as(Kind::Argument, id.as_str()?).ok();
    let mut links = Vec::new();
    for state in super::revision::states(op, of, at).await? {
        let kinds = [("rebuts", ArgumentLinkKind::Rebuts), ("reinforces", ArgumentLinkKind::Reinforces)];
        for (list, kind) in kinds {
            let targets = super::revision::named(&state, list, read)?;
            let link = |target_id| argument_link::Model { argument_id: state.node_id, target_id, kind };
            links.extend(targets.into_iter().map(link));
        }
    }
    links.retain(|link| ids.contains(&link.argument_id) || ids.contains(&link.target_id));
    let ends: Vec<i64> = links.iter().flat_map(|link| [link.argument_id, link.target_id]).collect();
    let seen = Entity::by_ids(op, &ends, None).await?;
    links.retain(|link| seen.contains_key(&link.argument_id) && seen.contains_key(&link.target_id));
    links.sort_unstable_by_key(|link| (link.argument_id, link.target_id));
    Ok(links)
}
