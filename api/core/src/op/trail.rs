//! What an operation has touched, for the audit log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use entity::kind::Kind;
use entity::words::{AuditAction, Marking};

/// How many records an entry of the audit log names; the others are counted.
pub const NAMED_MAX: usize = 500;

/// What was done, where, and how far what it was done to may travel: one entry of the audit log each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// What was done.
    pub action: AuditAction,
    /// In which dossier, if in one.
    pub dossier: Option<i64>,
    /// The marking of the records.
    pub marking: Marking,
}

/// The records of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// At most [`NAMED_MAX`] of them.
    pub named: BTreeSet<(Kind, i64)>,
    /// How many more there are.
    pub more: i64,
}

/// What an operation has touched. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trail(Arc<Mutex<BTreeMap<Step, Touched>>>);

impl Trail {
    /// Notes a record. False if enough of its step have been named before, and it is only counted.
    pub fn add(&self, step: Step, kind: Kind, id: i64) -> bool {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let touched = steps.entry(step).or_default();
        if touched.named.len() < NAMED_MAX {
            touched.named.insert((kind, id));
        } else if !touched.named.contains(&(kind, id)) {
            touched.more += 1;
            return false;
        }
        true
    }

    /// Notes a step that is about no record.
    pub fn step(&self, step: Step) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(step).or_default();
    }

    /// Notes records that are not named.
    pub fn count(&self, step: Step, records: i64) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.entry(step).or_default().more += records;
    }

    /// Takes over what another trail has, which is empty then.
    pub fn absorb(&self, other: &Self) {
        for (step, Touched { named, more }) in other.take() {
            for (kind, id) in named {
                self.add(step, kind, id);
            }
            self.count(step, more);
        }
    }

    /// Everything so far; the trail is empty then.
    pub fn take(&self) -> BTreeMap<Step, Touched> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing has been noted.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
