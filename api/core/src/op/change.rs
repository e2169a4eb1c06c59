//! What a transaction has changed, for those who keep a copy: collected while it runs, written when it ends.
//!
//! Beside the [trail](super::Trail), which names few records and counts the others, because of these every single one counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::change::{Entity, Model};
use entity::kind::Kind;
use entity::words::{ChangeAction, Marking};

use crate::error::Result;
use crate::store::{Lane, bulk};

/// How many rows are made at a time.
const ROWS_MAX: usize = 10_000;

/// What has happened to a record; or to what an account may see, of which the account is the record.
#[derive(Clone, Copy, Debug)]
pub struct Changed {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub id: i64,
    /// Its dossier, or the one to which access was changed; 0 if that was the clearance.
    pub dossier: i64,
    /// What happened.
    pub action: ChangeAction,
    /// Its marking now.
    pub marking: Marking,
    /// Its marking before, if it had another one.
    pub before: Option<Marking>,
}

/// The same without its keys: an import has one for each of its records in memory.
#[derive(Clone, Copy, Debug)]
struct Noted {
    kind: Kind,
    action: ChangeAction,
    marking: Marking,
    before: Option<Marking>,
    /// Whether the transaction has made the record itself: then nobody else has ever seen it marked otherwise.
    is_new: bool,
}

type ByKey = BTreeMap<(i64, i64), Noted>;

/// What a transaction has changed. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Mutex<ByKey>>);

impl Changes {
    /// Notes a change. Several of one record become one.
    pub fn add(&self, changed: Changed) {
        let Changed { kind, id, dossier, action, marking, before } = changed;
        let is_new = action == ChangeAction::Created;
        put(&mut self.lock(), (id, dossier), Noted { kind, action, marking, before, is_new });
    }

    /// Takes over what others have, which are empty then.
    pub fn absorb(&self, other: &Self) {
        let taken = other.take();
        let mut own = self.lock();
        for (key, noted) in taken {
            put(&mut own, key, noted);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ByKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> ByKey {
        std::mem::take(&mut *self.lock())
    }

    /// Whether nothing has been noted.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Writes all down as the changes of the transaction with this number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn write(&self, lane: &Lane, seq: i64) -> Result<()> {
        let mut changes = self.take().into_iter().map(|((record_id, dossier_id), noted)| {
            let Noted { kind, action, marking, before, is_new: _ } = noted;
            let marking_before = before.filter(|before| *before != marking);
            Model { seq, record_id, dossier_id, kind, action, marking, marking_before }
        });
        loop {
            let rows: Vec<Model> = changes.by_ref().take(ROWS_MAX).collect();
            if rows.is_empty() {
                return Ok(());
            }
            bulk::insert::<Entity>(lane, &rows).await?;
        }
    }
}

fn put(changes: &mut ByKey, key: (i64, i64), then: Noted) {
    use std::collections::btree_map::Entry;
    match changes.entry(key) {
        Entry::Vacant(place) => {
            place.insert(then);
        }
        Entry::Occupied(mut place) => {
            let first = *place.get();
            let is_new = first.is_new || then.is_new;
            // What becomes of a record is the last of its kind; what becomes of an access is what came last.
            let action = if first.kind == Kind::Account { then.action } else { first.action.max(then.action) };
            let before = if is_new { None } else { first.before.or(then.before) };
            place.insert(Noted { action, before, is_new, ..then });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(steps: &[(ChangeAction, Marking, Option<Marking>)]) -> (ChangeAction, Marking, Option<Marking>) {
        let changes = Changes::default();
        for (action, marking, before) in steps {
            let (action, marking, before) = (*action, *marking, *before);
            changes.add(Changed { kind: Kind::Position, id: 1, dossier: 2, action, marking, before });
        }
        let noted = changes.take()[&(1, 2)];
        (noted.action, noted.marking, noted.before)
    }

    #[test]
    fn several_changes_of_a_record_are_one() {
        use ChangeAction::{Created, Edited, Marked, Superseded};
        let (clear, amber, red) = (Marking::Clear, Marking::Amber, Marking::Red);
        assert_eq!(noted(&[(Edited, clear, None), (Edited, clear, None)]), (Edited, clear, None));
        assert_eq!(noted(&[(Superseded, clear, None), (Marked, red, Some(clear))]), (Superseded, red, Some(clear)));
        assert_eq!(noted(&[(Marked, amber, Some(clear)), (Marked, red, Some(amber))]), (Marked, red, Some(clear)));
        // Nobody has seen it with its first marking.
        assert_eq!(noted(&[(Created, clear, None), (Marked, red, Some(clear))]), (Created, red, None));
        assert_eq!(
            noted(&[(Created, clear, None), (Superseded, clear, None), (Marked, red, Some(clear))]),
            (Superseded, red, None)
        );
    }
}
