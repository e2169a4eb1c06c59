//! The seam behind which keys are made.

use std::sync::atomic::{AtomicI64, Ordering};

use entity::moment::Moment;

/// Makes keys: 64-bit ids in the TSID layout, that sort by time and reveal no counts.
///
/// From the top: 42 bits of milliseconds since 2020-01-01T00:00:00Z (enough until 2159), 10 bits of node, 12 bits of
/// counter. Within one maker they always grow, even where the clock does not.
#[derive(Debug)]
pub struct Ids {
    node: i64,
    /// Milliseconds and counter of the last key.
    last: AtomicI64,
}

const EPOCH_MS: i64 = 1_577_836_800_000;
const NODE_BITS: u32 = 10;
const COUNTER_BITS: u32 = 12;

impl Ids {
    /// `node` tells this process from others that write to the same database; its lowest 10 bits count.
    pub fn new(node: u16) -> Self {
        Self { node: i64::from(node) & ((1 << NODE_BITS) - 1), last: AtomicI64::new(0) }
    }

    /// A key never given before by this maker.
    pub fn next(&self, now: Moment) -> i64 {
        let fresh = (now.0.div_euclid(1000) - EPOCH_MS).max(0) << COUNTER_BITS;
        let step = |last: i64| Some(fresh.max(last + 1));
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).unwrap_or(fresh);
        let ticks = fresh.max(last + 1);
        let (ms, counter) = (ticks >> COUNTER_BITS, ticks & ((1 << COUNTER_BITS) - 1));
        (ms << (NODE_BITS + COUNTER_BITS)) | (self.node << COUNTER_BITS) | counter
    }
}
