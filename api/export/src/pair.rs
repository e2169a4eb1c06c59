//! Which standings have changed: of whom on what.
//!
//! A standing has changed when a position that it is reckoned from has, or its stakeholder or its mechanism.

use std::collections::{HashMap, HashSet};

use entity::change::Place;
use entity::filter::{Filter, Test};
use entity::kind::Kind;
use entity::position::{Column, Entity};
use entity::words::ChangeAction;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::change::{NO_MATCH, visible};
use super::select::Reader;
use super::since::{Changed, KEYS_MAX, seen};
use demarche_core::domain::change::Listener;
use demarche_core::error::Result;
use demarche_core::store::stream::{Row, Shape, Taker};

/// Pairs of a stakeholder and a mechanism.
#[derive(Default)]
pub(super) struct Pairs {
    /// All that there are.
    everything: bool,
    /// All of these stakeholders.
    stakeholders: HashSet<i64>,
    /// All on these mechanisms.
    mechanisms: HashSet<i64>,
    /// Single ones: by mechanism, the stakeholders.
    single: HashMap<i64, HashSet<i64>>,
}

/// What is told of records: what became of them, their kind and their key.
type Told = Vec<(String, Kind, i64)>;

impl Pairs {
    /// All that there are, changed or not.
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Those whose standing may have changed after a place; and what became of stakeholders and mechanisms that have changed and
    /// are not there; `there` are the keys of those that are.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn changed(
        reader: &mut Reader<'_>,
        listener: &Listener,
        since: Place,
        there: &HashSet<i64>,
    ) -> Result<(Self, Told)> {
        let kinds = [Kind::Position, Kind::Stakeholder, Kind::Mechanism];
        let changed = Changed::read(reader.snapshot, listener, since, &kinds).await?;
        let mut told: Told = Vec::new();
        for (action, kind, id) in &changed.access {
            told.push((action.to_value(), *kind, *id));
        }
        for kind in [Kind::Stakeholder, Kind::Mechanism] {
            let gone: Vec<i64> = changed.of(kind).map(|(id, _)| id).filter(|id| !there.contains(id)).collect();
            for gone in gone.chunks(KEYS_MAX) {
                let seen = visible(reader, kind, gone).await?;
                for id in gone {
                    match changed.find(kind, *id).and_then(|became| became.hidden) {
                        _ if seen.contains(id) => told.push((NO_MATCH.to_owned(), kind, *id)),
                        Some(action) => told.push((action.to_value(), kind, *id)),
                        None => {}
                    }
                }
            }
        }
        let of = |kind| changed.of(kind).map(|(id, _)| id).collect();
        // With another clearance, standings are reckoned from other positions.
        let everything = changed.access.iter().any(|(action, ..)| *action != ChangeAction::AccessEnded);
        let single = single(reader, &changed).await?;
        Ok((Self { everything, stakeholders: of(Kind::Stakeholder), mechanisms: of(Kind::Mechanism), single }, told))
    }

    /// Whether a pair is among them.
    pub(super) fn has(&self, stakeholder: i64, mechanism: i64) -> bool {
        self.everything || self.is_changed(stakeholder, mechanism)
    }

    /// Whether the standing of a pair may have changed.
    pub(super) fn is_changed(&self, stakeholder: i64, mechanism: i64) -> bool {
        self.stakeholders.contains(&stakeholder)
            || self.mechanisms.contains(&mechanism)
            || self.single.get(&mechanism).is_some_and(|of| of.contains(&stakeholder))
    }

    /// Whether there may be any on a mechanism.
    pub(super) fn may_have(&self, mechanism: i64) -> bool {
        self.everything
            || !self.stakeholders.is_empty()
            || self.mechanisms.contains(&mechanism)
            || self.single.contains_key(&mechanism)
    }

    /// The positions that their standings are reckoned from, if they can be named by few mechanisms and stakeholders.
    pub(super) fn positions(&self) -> Filter<Entity> {
        let Self { everything, stakeholders, mechanisms, single } = self;
        if *everything || stakeholders.len() + mechanisms.len() + single.len() > KEYS_MAX {
            return Filter::default();
        }
        let named = |column, keys: Vec<i64>| Filter::column(column, Test { one_of: Some(keys), ..Test::default() });
        let on = mechanisms.iter().chain(single.keys()).copied().collect();
        let of: Vec<i64> = stakeholders.iter().copied().collect();
        Filter::any([
            named(Column::MechanismId, on),
            named(Column::StakeholderId, of.clone()),
            named(Column::OnBehalfOfId, of),
        ])
    }
}

/// Whose positions on what have changed: those that may be seen, and those that could be.
async fn single(reader: &mut Reader<'_>, changed: &Changed) -> Result<HashMap<i64, HashSet<i64>>> {
    let mut ends = Ends::default();
    let ids: Vec<i64> = changed.of(Kind::Position).map(|(id, _)| id).collect();
    for ids in ids.chunks(KEYS_MAX) {
        ends = read(reader, seen(reader, Kind::Position, ids)?, ends).await?;
    }
    let withdrawn = changed.of(Kind::Position).filter(|(_, became)| became.hidden == Some(ChangeAction::Withdrawn));
    let withdrawn: Vec<i64> = withdrawn.map(|(id, _)| id).collect();
    for ids in withdrawn.chunks(KEYS_MAX) {
        // Not by their marking: who is told that a position was withdrawn has seen it, and saw whose it was. What is said of
        // it is that a standing has changed, which is reckoned from what may be seen.
        let select = Entity::find()
            .select_only()
            .filter(Column::Id.is_in(ids.iter().copied()))
            .filter(reader.scope.within(Column::DossierId));
        ends = read(reader, select.into_query(), ends).await?;
    }
    Ok(ends.0)
}

async fn read(reader: &mut Reader<'_>, mut select: SelectStatement, ends: Ends) -> Result<Ends> {
    for column in [Column::MechanismId, Column::StakeholderId, Column::OnBehalfOfId] {
        select.expr(column.into_expr());
    }
    reader.snapshot.read(&select, vec![Shape::Integer; 3], ends, None).await
}

#[derive(Default)]
struct Ends(HashMap<i64, HashSet<i64>>);

impl Taker for Ends {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let principal = row.cell(2)?.integer().or(row.cell(1)?.integer());
        if let (Some(mechanism), Some(principal)) = (row.cell(0)?.integer(), principal) {
            self.0.entry(mechanism).or_default().insert(principal);
        }
        Ok(None)
    }
}
