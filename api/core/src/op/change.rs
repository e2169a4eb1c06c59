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

/// The same without its keys.
#[derive(Clone, Copy, Debug)]
struct Noted {
    kind: Kind,
    action: ChangeAction,
    marking: Marking,
    before: Option<Marking>,
    /// Whether the transaction has made the record itself: then nobody else has ever seen it marked otherwise.
    is_new: bool,
}

/// What a transaction has changed. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Mutex<Notes>>);

/// An import makes very many records, and has each of them in memory: most are new, and of these the key is enough.
#[derive(Debug, Default)]
struct Notes {
    /// The keys of new records, rising, by what they have in common.
    made: BTreeMap<Common, Vec<i64>>,
    /// All other changes, by record and dossier; those of new records to which something else has happened as well.
    others: BTreeMap<(i64, i64), Noted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Common {
    dossier: i64,
    kind: Kind,
    marking: Marking,
}

impl Changes {
    /// Notes a change. Several of one record become one.
    pub fn add(&self, changed: Changed) {
        let Changed { kind, id, dossier, action, marking, before } = changed;
        let is_new = action == ChangeAction::Created;
        self.lock().put((id, dossier), Noted { kind, action, marking, before, is_new });
    }

    /// Takes over what others have, which are empty then.
    pub fn absorb(&self, other: &Self) {
        let taken = other.take();
        let mut own = self.lock();
        for (key, noted) in taken.all() {
            own.put(key, noted);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Notes {
        std::mem::take(&mut *self.lock())
    }

    /// Whether nothing has been noted.
    pub fn is_empty(&self) -> bool {
        let notes = self.lock();
        notes.made.is_empty() && notes.others.is_empty()
    }

    /// Writes all down as the changes of the transaction with this number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn write(&self, lane: &Lane, seq: i64) -> Result<()> {
        let notes = self.take();
        let mut changes = notes.all().map(|((record_id, dossier_id), noted)| {
            let Noted { kind, action, marking, before, is_new } = noted;
            let marking_before = match action {
                // That there is one says that the record was there before.
                ChangeAction::Superseded | ChangeAction::Retracted if !is_new => Some(before.unwrap_or(marking)),
                _ => before.filter(|before| *before != marking),
            };
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

impl Noted {
    /// A record that is new, and no more.
    const fn new(kind: Kind, marking: Marking) -> Self {
        Self { kind, action: ChangeAction::Created, marking, before: None, is_new: true }
    }

    /// What both come to, this one first.
    fn and(self, then: Self) -> Self {
        let is_new = self.is_new || then.is_new;
        // What becomes of a record is the last of its kind; what becomes of an access is what came last.
        let action = if self.kind == Kind::Account { then.action } else { self.action.max(then.action) };
        let before = if is_new { None } else { self.before.or(then.before) };
        Self { action, before, is_new, ..then }
    }
}

impl Notes {
    fn put(&mut self, key: (i64, i64), then: Noted) {
        let (id, dossier) = key;
        match self.others.get(&key).copied().or_else(|| self.made(id, dossier, then.kind)) {
            Some(first) => {
                self.others.insert(key, first.and(then));
            }
            None if then.action == ChangeAction::Created => {
                let common = Common { dossier, kind: then.kind, marking: then.marking };
                let keys = self.made.entry(common).or_default();
                match keys.last() {
                    Some(last) if *last >= id => _ = self.others.insert(key, then),
                    _ => keys.push(id),
                }
            }
            None => _ = self.others.insert(key, then),
        }
    }

    /// What has been noted of a record that is new, and no more.
    fn made(&self, id: i64, dossier: i64, kind: Kind) -> Option<Noted> {
        let of = |marking| Common { dossier, kind, marking };
        let mut groups = self.made.range(of(Marking::Clear)..=of(Marking::Red));
        let (common, _) = groups.find(|(_, keys)| keys.binary_search(&id).is_ok())?;
        Some(Noted::new(kind, common.marking))
    }

    /// Every change, those of new records first.
    fn all(&self) -> impl Iterator<Item = ((i64, i64), Noted)> {
        fn keys<'a>((common, keys): (&Common, &'a Vec<i64>)) -> impl Iterator<Item = ((i64, i64), Noted)> + 'a {
            let Common { dossier, kind, marking } = *common;
            keys.iter().map(move |id| ((*id, dossier), Noted::new(kind, marking)))
        }
        let new = self.made.iter().flat_map(keys).filter(|(key, _)| !self.others.contains_key(key));
        new.chain(self.others.iter().map(|(key, noted)| (*key, *noted)))
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
        let [(_, noted)] = changes.take().all().collect::<Vec<_>>()[..] else { panic!("one record, one change") };
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

    #[test]
    fn each_record_has_one_change_in_whatever_order_records_come() {
        use ChangeAction::{Created, Edited, Marked};
        let add = |changes: &Changes, id, action, marking, before| {
            changes.add(Changed { kind: Kind::Position, id, dossier: 7, action, marking, before });
        };
        let (outer, inner) = (Changes::default(), Changes::default());
        let (clear, red) = (Marking::Clear, Marking::Red);
        for id in [1, 2, 5, 3, 9] {
            add(&outer, id, Created, clear, None);
        }
        // Below one that is there already, of another marking, of one that is there, and of one that nobody has made here.
        for (id, action, marking, before) in [
            (4, Created, clear, None),
            (6, Created, red, None),
            (5, Marked, red, Some(clear)),
            (8, Edited, clear, None),
        ] {
            add(&inner, id, action, marking, before);
        }
        outer.absorb(&inner);
        assert!(inner.is_empty() && !outer.is_empty());
        let notes = outer.take();
        let mut all: Vec<_> =
            notes.all().map(|((id, _), noted)| (id, noted.action, noted.marking, noted.before)).collect();
        all.sort_unstable_by_key(|(id, ..)| *id);
        let new = |id| (id, Created, clear, None);
        let expected = [
            new(1),
            new(2),
            new(3),
            new(4),
            (5, Created, red, None),
            (6, Created, red, None),
            (8, Edited, clear, None),
            new(9),
        ];
        assert_eq!(all, expected);
        assert!(outer.is_empty());
    }
}
