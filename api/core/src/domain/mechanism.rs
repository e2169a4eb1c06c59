//! Mechanisms: proposed ways to act, and who has which part in them.

use std::collections::HashMap;

use entity::filter::Filter;
use entity::kind::Kind;
use entity::mechanism::{ActiveModel, Column, Entity, Model};
use entity::mechanism_party;
use entity::moment::Moment;
use entity::record::Upkeep;
use entity::revision;
use entity::words::{Marking, MechanismKind, MechanismMode, PartyRole};
use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

use crate::domain::assertion::{LINE_MAX, TEXT_MAX};
use crate::domain::list::Readable;
use crate::domain::node::{Concept, Header};
use crate::domain::reference::{Reference, Several};
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;
use crate::policy;

/// All that a person says of a mechanism.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub dossier: i64,
    pub slug: String,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub name: String,
    pub mode: MechanismMode,
    pub kind: MechanismKind,
    pub description: Option<String>,
    pub part_of: Option<i64>,
    pub parties: Several<Party>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: Some(draft.dossier),
            slug: Some(&draft.slug),
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(_op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("name", &draft.name, LINE_MAX);
        problems.optional("description", draft.description.as_deref(), TEXT_MAX);
        if draft.parties.repeats() {
            problems.add(Code::Invalid, "parties", "names the same stakeholder in the same role twice");
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        let party = |(n, party): (usize, &Party)| {
            Reference::new(format!("parties.{n}.stakeholder"), Kind::Stakeholder, party.stakeholder)
        };
        let whole = draft.part_of.map(|id| Reference::new("partOf", Kind::Mechanism, id));
        draft.parties.iter().enumerate().map(party).chain(whole).collect()
    }

    fn with_slug(slug: &str) -> Option<Filter<Self>> {
        Some(Filter::equal(Column::Slug, slug))
    }

    fn with_external_id(external_id: &str) -> Filter<Self> {
        Filter::equal(Column::ExternalId, external_id)
    }

    fn build(draft: &Draft, upkeep: Upkeep) -> Model {
        let Draft { dossier: _, slug, external_id: _, marking: _, name, mode, kind, description, part_of, parties: _ } =
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
            slug,
            name,
            mode,
            kind,
            description,
            part_of_id: part_of,
        }
    }

    fn words(model: &Model) -> Words {
        Words::new(&model.name, [Some(model.slug.as_str()), model.description.as_deref()])
    }

    async fn draft(op: &Op, model: &Model) -> Result<Draft> {
        let parties = parties_now(op, &[model.id]).await?.remove(&model.id).unwrap_or_default();
        let model = model.clone();
        Ok(Draft {
            dossier: model.dossier_id,
            slug: model.slug,
            external_id: model.external_id,
            marking: Some(model.marking),
            name: model.name,
            mode: model.mode,
            kind: model.kind,
            description: model.description,
            part_of: model.part_of_id,
            parties: parties.into(),
        })
    }

    /// A mechanism is not part of itself, however many steps away.
    async fn verify(op: &Op, id: i64, draft: &Draft, problems: &mut Problems) -> Result<()> {
        let (mut above, mut seen) = (draft.part_of, Vec::new());
        while let Some(whole) = above {
            // Two edits at once may have closed a ring that neither of them saw: it is not to be walked for ever.
            if whole == id || seen.contains(&whole) {
                problems.add(Code::Invalid, "partOf", "is this mechanism itself, or a part of it");
                break;
            }
            seen.push(whole);
            let next = Self::get(op, Filter::equal(Column::Id, whole)).await?;
            above = next.and_then(|next| next.part_of_id);
        }
        Ok(())
    }

    async fn write_links(op: &Op, id: i64, draft: &Draft) -> Result<()> {
        mechanism_party::Entity::delete_many()
            .filter(mechanism_party::Column::MechanismId.eq(id))
            .exec(&op.lane)
            .await?;
        let row = |party: &Party| mechanism_party::Model {
            mechanism_id: id,
            stakeholder_id: party.stakeholder,
            role: party.role,
        };
        let rows = draft.parties.iter().map(row).map(|row| row.into_active_model().reset_all());
        mechanism_party::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
        Ok(())
    }

    fn links(draft: &Draft) -> Value {
        let public = |party: &Party| json!({ "stakeholder": crate::id::encode(Kind::Stakeholder, party.stakeholder), "role": party.role });
        json!({ "parties": draft.parties.sorted().iter().map(public).collect::<Vec<_>>() })
    }
}

/// A stakeholder's role in a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Party {
    pub stakeholder: i64,
    pub role: PartyRole,
}

/// The parties of each of these mechanisms that one may see; those that they had at a moment, if one is given.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn parties<'a>(
    op: &'a Op,
    mechanisms: &'a [i64],
    recorded: Option<Moment>,
) -> BoxFuture<'a, Result<HashMap<i64, Vec<Party>>>> {
    Box::pin(async move {
        let mut parties = parties_now(op, mechanisms).await?;
        if let Some(at) = recorded {
            parties.extend(parties_then(op, mechanisms, at).await?);
        }
        for parties in parties.values_mut() {
            parties.sort_unstable();
        }
        Ok(parties)
    })
}

async fn parties_now(op: &Op, mechanisms: &[i64]) -> Result<HashMap<i64, Vec<Party>>> {
    let scope = policy::scope(op)?;
    let visible = Filter::<mechanism_party::Entity>::through(
        mechanism_party::Column::StakeholderId,
        Filter::<entity::stakeholder::Entity>::default(),
    );
    let rows = mechanism_party::Entity::find()
        .filter(mechanism_party::Column::MechanismId.is_in(mechanisms.iter().copied()))
        .filter(visible.condition(&scope, op.present()))
        .all(&op.lane)
        .await?;
    let mut parties: HashMap<i64, Vec<Party>> = HashMap::new();
    for row in rows {
        parties.entry(row.mechanism_id).or_default().push(Party { stakeholder: row.stakeholder_id, role: row.role });
    }
    Ok(parties)
}

/// Those that the state of then names, of the mechanisms whose state of then may be seen.
async fn parties_then(op: &Op, mechanisms: &[i64], at: Moment) -> Result<HashMap<i64, Vec<Party>>> {
    let read = |party: &Value| {
        let stakeholder = crate::id::decode_as(Kind::Stakeholder, party.get("stakeholder")?.as_str()?).ok()?;
        Some(Party { stakeholder, role: serde_json::from_value(party.get("role")?.clone()).ok()? })
    };
    let of = revision::Column::NodeId.is_in(mechanisms.iter().copied());
    let mut parties = HashMap::new();
    for state in super::revision::states(op, of, at).await? {
        parties.insert(state.node_id, super::revision::named(&state, "parties", read)?);
    }
    let named: Vec<i64> = parties.values().flatten().map(|party: &Party| party.stakeholder).collect();
    let seen = entity::stakeholder::Entity::by_ids(op, &named, None).await?;
    for parties in parties.values_mut() {
        parties.retain(|party| seen.contains_key(&party.stakeholder));
    }
    Ok(parties)
}
