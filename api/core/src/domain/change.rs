//! What has changed since: for those who keep a copy of what they may see.
//!
//! A transaction's changes are numbered while all others who write wait, so that they are in the order of commits: whoever has
//! read up to a place has missed nothing before it, however many write meanwhile.
//!
//! The changes name records and say nothing of them: what a record is, whoever keeps a copy reads as it is now, by the same
//! rules as everybody. Nobody is told of a record that they could never see. That a record was marked higher is told to those
//! who saw it before, and to them it is withdrawn.
//!
//! A place is behind a change that one may be told of, never behind one that one may not: so that what is hidden moves nothing.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::audit;
pub use entity::change::Place;
use entity::change::{Entity, Model};
use entity::kind::Kind;
use entity::moment::Moment;
use entity::scope::Scope;
use entity::words::{ChangeAction, Marking};
use futures_util::future::BoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};

use crate::domain::{audit as log, reference};
use crate::error::{Error, Result};
use crate::op::Op;
use crate::policy;

/// How many changes are looked at in one go, once more than the page that was asked for must be.
const ROWS_MAX: usize = 1_000;

/// The name of the list in a cursor.
const LIST: &str = "changes";

/// Writes a place as an opaque cursor.
pub fn write_cursor(place: Place) -> String {
    let Place { seq, record_id, dossier_id } = place;
    URL_SAFE_NO_PAD.encode(serde_json::json!([LIST, seq, record_id, dossier_id]).to_string())
}

/// Reads a cursor. `name` is what it was given as.
///
/// # Errors
/// [`Error::BadInput`] if it is none.
pub fn read_cursor(name: &str, cursor: &str) -> Result<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<(String, i64, i64, i64)>(&bytes).ok());
    match read {
        Some((list, seq, record_id, dossier_id)) if list == LIST => Ok(Place { seq, record_id, dossier_id }),
        _ => Err(Error::BadInput(format!(
            "{name}: is not a cursor of changes: take it from `changes` or from the manifest of an export"
        ))),
    }
}

/// Somebody who is told of changes.
#[derive(Clone, Debug)]
pub struct Listener {
    scope: Scope,
    account: i64,
    dossier: Option<i64>,
}

impl Listener {
    /// The actor, as far as `scope` reaches: of one dossier or of all.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for the anonymous actor.
    pub fn new(op: &Op, scope: Scope, dossier: Option<i64>) -> Result<Self> {
        let signed = policy::signed(op)?;
        Ok(Self { scope, account: signed.id, dossier: dossier.or(signed.credential.dossier()) })
    }

    /// The changes that they may be told of, as far as the changes themselves say it.
    pub fn heard(&self) -> Select<Entity> {
        Entity::heard(&self.scope, self.account, self.dossier)
    }

    /// Whether they may see records with this marking.
    pub fn is_cleared_for(&self, marking: Marking) -> bool {
        marking <= self.scope.clearance()
    }

    /// What a change is to them, now that they see its record or not; none if they are not told of it.
    pub fn told(&self, change: &Model, is_visible: bool) -> Option<ChangeAction> {
        let cleared = |marking| self.is_cleared_for(marking);
        let Model { kind, action, marking, marking_before: before, .. } = *change;
        if kind == Kind::Account {
            let is_there = change.dossier_id == 0 || self.scope.reaches(change.dossier_id);
            let is_told = match action {
                ChangeAction::AccessEnded => !is_there && cleared(before.unwrap_or(marking)),
                ChangeAction::AccessGained => {
                    is_there && cleared(marking) && before.is_none_or(|before| !cleared(before))
                }
                _ => true,
            };
            return is_told.then_some(action);
        }
        if is_visible {
            return Some(action);
        }
        if action == ChangeAction::AccessEnded {
            return cleared(marking).then_some(action);
        }
        let is_withdrawn = !cleared(marking) && before.is_some_and(cleared);
        is_withdrawn.then_some(ChangeAction::Withdrawn)
    }
}

/// The record that a change is about; of a change of access to a dossier, the dossier.
pub fn subject(change: &Model) -> (Kind, i64) {
    match (change.kind, change.dossier_id) {
        (Kind::Account, dossier) if dossier != 0 => (Kind::Dossier, dossier),
        (kind, _) => (kind, change.record_id),
    }
}

/// A change, as somebody is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub action: ChangeAction,
    /// The kind of the record.
    pub kind: Kind,
    /// Its key.
    pub id: i64,
    /// When.
    pub recorded_at: Moment,
}

/// Some changes, one after the other.
#[derive(Clone, Debug)]
pub struct Page {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where the next page begins.
    pub end: Place,
    /// Whether there are more by now.
    pub more: bool,
}

/// At most `size` changes after a place, of one dossier or of all.
///
/// # Errors
/// [`Error::Unauthenticated`] and [`Error::Forbidden`] for whoever may not read.
pub fn page(op: &Op, dossier: Option<i64>, after: Place, size: usize) -> BoxFuture<'_, Result<Page>> {
    Box::pin(async move {
        let scope = policy::scope(op)?;
        let listener = Listener::new(op, scope.clone(), dossier)?;
        let (mut end, mut told, mut more) = (after, Vec::new(), false);
        let mut window = size + 1;
        'reading: loop {
            let rows = Entity::after(listener.heard(), end).limit(u64::try_from(window).map_err(Error::internal)?);
            let rows = rows.all(&op.lane).await?;
            let seen = visible(op, &scope, &rows).await?;
            for row in &rows {
                let found = seen.get(&row.record_id).copied();
                if let Some(action) = listener.told(row, found.is_some()) {
                    if told.len() == size {
                        more = true;
                        break 'reading;
                    }
                    if let Some((dossier, marking)) = found {
                        log::read_one(op, dossier, marking, row.kind, row.record_id);
                    }
                    told.push((row.seq, action, subject(row)));
                }
                end = row.place();
            }
            if rows.len() < window {
                break;
            }
            window = ROWS_MAX;
        }
        let moments = moments(op, told.iter().map(|(seq, ..)| *seq)).await?;
        let change = |(seq, action, (kind, id))| {
            let recorded_at = moments.get(&seq).copied().unwrap_or(Moment(0));
            Change { action, kind, id, recorded_at }
        };
        Ok(Page { changes: told.into_iter().map(change).collect(), end, more })
    })
}

/// The place behind all that one may be told of by now.
///
/// # Errors
/// As [`page`].
pub fn end(op: &Op, dossier: Option<i64>) -> BoxFuture<'_, Result<Place>> {
    Box::pin(async move {
        let listener = Listener::new(op, policy::scope(op)?, dossier)?;
        let last = Entity::last(listener.heard(), Place::default()).one(&op.lane).await?;
        Ok(last.map(|row| row.place()).unwrap_or_default())
    })
}

/// The dossier and the marking of the records of these changes that one may see: one statement for each kind.
async fn visible(op: &Op, scope: &Scope, rows: &[Model]) -> Result<HashMap<i64, (i64, Marking)>> {
    let mut by_kind: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind != Kind::Account) {
        by_kind.entry(row.kind).or_default().push(row.record_id);
    }
    let mut all = HashMap::with_capacity(rows.len());
    for (kind, ids) in by_kind {
        all.extend(reference::visible(op, scope, kind, ids).await?);
    }
    Ok(all)
}

/// When these transactions were.
async fn moments(op: &Op, transactions: impl Iterator<Item = i64>) -> Result<HashMap<i64, Moment>> {
    let mut transactions: Vec<i64> = transactions.collect();
    transactions.dedup();
    if transactions.is_empty() {
        return Ok(HashMap::new());
    }
    let select = audit::Entity::find()
        .select_only()
        .columns([audit::Column::Seq, audit::Column::RecordedAt])
        .filter(audit::Column::Seq.is_in(transactions));
    let found: Vec<(i64, Moment)> = select.into_tuple().all(&op.lane).await?;
    Ok(found.into_iter().collect())
}
