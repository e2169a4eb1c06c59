//! How far an import is, for those who watch it.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far an import is. Bytes measure the way, records the speed.
#[derive(Debug, Default)]
pub struct Meter {
    total: AtomicU64,
    done: AtomicU64,
    records: AtomicU64,
}

impl Meter {
    /// This many bytes more are to be read.
    pub(super) fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn count(&self, records: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
    }

    /// How many records have been dealt with.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// How much of the way is done, 0 to 1; none as long as its length is not known.
    #[expect(clippy::cast_precision_loss, reason = "a share to show needs no more than a few digits")]
    pub fn share(&self) -> Option<f64> {
        let (total, done) = (self.total.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed));
        (total > 0).then(|| (done as f64 / total as f64).min(1.0))
    }
}
