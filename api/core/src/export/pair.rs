//! Which standings have changed: of whom on what.
//!
//! A standing has changed when a position that it is reckoned from has, or its stakeholder or its mechanism.

use std::collections::{HashMap, HashSet};

use entity::change::Place;
use entity::kind::Kind;
use entity::position::{Column, Entity};
use entity::words::ChangeAction;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::change::{NO_MATCH, visible};
use super::select::Reader;
use super::since::{Changed, KEYS_MAX, seen};
use crate::domain::change::Listener;
use crate::error::Result;
use crate::store::stream::{Row, Shape, Taker};

/// Pairs of a stakeholder and a mechanism.
pub(super) enum Pairs {
    /// All that there are.
    All,
    /// These.
    Some {
        /// All of these stakeholders.
        stakeholders: HashSet<i64>,
        /// All on these mechanisms.
        mechanisms: HashSet<i64>,
        /// Single ones: by mechanism, the stakeholders.
        single: HashMap<i64, HashSet<i64>>,
    },
}

/// What is told of records: what became of them, their kind and their key.
type Told = Vec<(String, Kind, i64)>;

impl Pairs {
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
        // With another clearance, standings are reckoned from other positions.
        if changed.access.iter().any(|(action, ..)| *action != ChangeAction::AccessEnded) {
            return Ok((Self::All, told));
        }
        let of = |kind| changed.of(kind).map(|(id, _)| id).collect();
        let single = single(reader, &changed).await?;
        Ok((Self::Some { stakeholders: of(Kind::Stakeholder), mechanisms: of(Kind::Mechanism), single }, told))
    }

    /// Whether a pair is among them.
    pub(super) fn has(&self, stakeholder: i64, mechanism: i64) -> bool {
        match self {
            Self::All => true,
            Self::Some { stakeholders, mechanisms, single } => {
                stakeholders.contains(&stakeholder)
                    || mechanisms.contains(&mechanism)
                    || single.get(&mechanism).is_some_and(|of| of.contains(&stakeholder))
            }
        }
    }

    /// Whether there may be any on a mechanism.
    pub(super) fn may_have(&self, mechanism: i64) -> bool {
        match self {
            Self::All => true,
            Self::Some { stakeholders, mechanisms, single } => {
                !stakeholders.is_empty() || mechanisms.contains(&mechanism) || single.contains_key(&mechanism)
            }
        }
    }

    /// The mechanisms that there are any on, if they are few.
    pub(super) fn mechanisms(&self) -> Option<Vec<i64>> {
        match self {
            Self::Some { stakeholders, mechanisms, single }
                if stakeholders.is_empty() && mechanisms.len() + single.len() <= KEYS_MAX =>
            {
                Some(mechanisms.iter().chain(single.keys()).copied().collect())
            }
            _ => None,
        }
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
    fn take(&mut self, row: &dyn Row) -> Result<Option<Vec<u8>>> {
        let principal = row.cell(2)?.integer().or(row.cell(1)?.integer());
        if let (Some(mechanism), Some(principal)) = (row.cell(0)?.integer(), principal) {
            self.0.entry(mechanism).or_default().insert(principal);
        }
        Ok(None)
    }
}
