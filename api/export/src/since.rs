//! What has become of records since a place: what the files that go on from there begin with.

use std::collections::BTreeMap;

use entity::change::{Column, Entity, Model, Place};
use entity::kind::Kind;
use entity::words::{ChangeAction, Marking};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{ActiveEnum, ColumnTrait, QueryFilter, QuerySelect, QueryTrait, Select};

use super::select::{Reader, everything};
use demarche_core::domain::change::{Listener, subject};
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::{Cell, Row, Shape, Snapshot, Taker};

/// How many records one statement names.
pub(super) const KEYS_MAX: usize = 1_000;

/// What became of a record.
#[derive(Clone, Copy)]
pub(super) struct Became {
    /// Its dossier.
    pub(super) dossier: i64,
    /// Whether it could not be seen before.
    pub(super) is_new: bool,
    /// That it was superseded or retracted, and when.
    pub(super) closed: Option<(ChangeAction, Option<i64>)>,
    /// That it cannot be seen any more; nothing if it never could.
    pub(super) hidden: Option<ChangeAction>,
}

/// Which records have changed: memory grows by the changes of the kinds that are asked for.
pub(super) struct Changed {
    listener: Listener,
    /// By key.
    records: BTreeMap<Kind, BTreeMap<i64, Became>>,
    /// Whether one may see other dossiers or markings than before.
    pub(super) access: Vec<(ChangeAction, Kind, i64)>,
}

impl Changed {
    /// The records of these kinds that have changed after a place.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn read(
        snapshot: &mut Snapshot,
        listener: &Listener,
        since: Place,
        kinds: &[Kind],
    ) -> Result<Self> {
        let kinds = kinds.iter().copied().chain([Kind::Account]);
        let heard = listener.heard().filter(Column::Kind.is_in(kinds));
        let nothing = Self { listener: listener.clone(), records: BTreeMap::new(), access: Vec::new() };
        snapshot.read(&statement(Entity::after(heard, since)), shapes(), nothing, None).await
    }

    /// Those of a kind, by key.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = (i64, Became)> + '_ {
        self.records.get(&kind).into_iter().flatten().map(|(id, became)| (*id, *became))
    }

    /// What became of one of them.
    pub(super) fn find(&self, kind: Kind, id: i64) -> Option<Became> {
        self.records.get(&kind)?.get(&id).copied()
    }

    /// Whether records of a dossier have changed.
    pub(super) fn touches(&self, dossier: i64) -> bool {
        self.records.values().flatten().any(|(_, became)| became.dossier == dossier)
    }

    /// Whether more of a dossier can be seen than what has changed in it.
    pub(super) fn opens(&self, dossier: i64) -> bool {
        self.access.iter().any(|(action, _, id)| match action {
            ChangeAction::ClearanceRaised => true,
            ChangeAction::AccessGained => *id == dossier,
            _ => false,
        })
    }

    /// Whether one may see more than before, of whatever dossier.
    pub(super) fn opens_any(&self) -> bool {
        let opens = |action| matches!(action, ChangeAction::ClearanceRaised | ChangeAction::AccessGained);
        self.access.iter().any(|(action, ..)| opens(*action))
    }
}

impl Taker for Changed {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let (change, at) = change(row)?;
        let hidden = self.listener.told(&change, false);
        if change.kind == Kind::Account {
            let (kind, id) = subject(&change);
            self.access.extend(hidden.map(|action| (action, kind, id)));
            return Ok(None);
        }
        // The first change after the place says what there was before it. What was made and closed in one transaction was
        // never there.
        let closed = matches!(change.action, ChangeAction::Superseded | ChangeAction::Retracted);
        let is_new = match change.marking_before {
            Some(before) => !self.listener.is_cleared_for(before),
            None => closed || change.action == ChangeAction::Created,
        };
        let became = Became { dossier: change.dossier_id, is_new, closed: None, hidden: None };
        let became = self.records.entry(change.kind).or_default().entry(change.record_id).or_insert(became);
        became.hidden = hidden.or(became.hidden);
        if closed {
            became.closed = Some((change.action, at));
        }
        Ok(None)
    }
}

/// Those of some records that may be seen: a statement without any column.
pub(super) fn seen(reader: &Reader<'_>, kind: Kind, ids: &[i64]) -> Result<SelectStatement> {
    let mut select = everything(kind, &reader.scope, None, reader.dossier)?;
    only(&mut select, kind, ids);
    Ok(select)
}

/// Leaves of what a statement finds only these records.
pub(super) fn only(select: &mut SelectStatement, kind: Kind, ids: &[i64]) {
    select.and_where(Expr::col((kind.table(), "id")).is_in(ids.iter().copied()));
}

/// A change, and its moment.
pub(super) type Told = (Model, Option<i64>);

/// The statement that reads changes, and their moments.
pub(super) fn statement(select: Select<Entity>) -> SelectStatement {
    use Column::{Action, DossierId, Kind, Marking, MarkingBefore, RecordId, Seq};
    let columns = [Seq, RecordId, DossierId, Kind, Action, Marking, MarkingBefore];
    let mut select = select.select_only().columns(columns).into_query();
    select.expr(Expr::cust("(SELECT a.recorded_at FROM audit AS a WHERE a.seq = \"change\".\"seq\")"));
    select
}

/// What the columns of [`statement`] hold.
pub(super) fn shapes() -> Vec<Shape> {
    use Shape::{Integer, Text};
    vec![Integer, Integer, Integer, Text, Text, Integer, Integer, Integer]
}

/// A row of [`statement`].
pub(super) fn change(row: Row<'_>) -> Result<Told> {
    let number = |column| row.cell(column).map(|cell| cell.integer());
    let needed = |column| number(column)?.ok_or_else(|| Error::internal("a change lacks a number"));
    let word = |column| match row.cell(column)? {
        Cell::Text(word) => Ok(word.to_owned()),
        _ => Err(Error::internal("a change lacks a word")),
    };
    let marking = |step: i64| Ok::<_, Error>(Marking::try_from_value(&i16::try_from(step).map_err(Error::internal)?)?);
    let change = Model {
        seq: needed(0)?,
        record_id: needed(1)?,
        dossier_id: needed(2)?,
        kind: Kind::try_from_value(&word(3)?)?,
        action: ChangeAction::try_from_value(&word(4)?)?,
        marking: marking(needed(5)?)?,
        marking_before: number(6)?.map(marking).transpose()?,
    };
    Ok((change, number(7)?))
}
