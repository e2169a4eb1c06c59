//! How one sees that the log is whole.

use std::fmt;

use entity::audit::{Column, Entity, Model};
use entity::audit_head;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::error::{Error, Result};
use crate::op::{Op, ledger};

/// How many entries are in memory at once.
const BATCH: u64 = 1_000;

/// The end of the log: the number of the last entry, and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 if there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

impl Head {
    fn none() -> Self {
        Self { seq: 0, hash: "0".repeat(64) }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl std::str::FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is not the end of a log: expected SEQ:HASH, as `audit verify` prints it");
        let (seq, hash) = text.split_once(':').ok_or_else(expected)?;
        let seq = seq.parse().map_err(|_| expected())?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash { Ok(Self { seq, hash: hash.to_owned() }) } else { Err(expected()) }
    }
}

/// Walks the whole log, whatever its length, in the same little memory, and gives its end. For the command line: asks
/// nobody for leave.
///
/// # Errors
/// [`Error::BadInput`] that names the first entry at which the log is not whole; also if it does not pass through
/// `expected`, an end that was noted down earlier.
pub async fn verify(op: &Op, expected: Option<&Head>) -> Result<Head> {
    let begun = head(op).await?;
    let mut last = Head::none();
    let mut passed = expected.is_none();
    loop {
        let batch = Entity::find()
            .filter(Column::Seq.gt(last.seq))
            .order_by_asc(Column::Seq)
            .limit(BATCH)
            .all(&op.lane)
            .await?;
        if batch.is_empty() {
            break;
        }
        for entry in batch {
            last = follow(&last, entry)?;
            if let Some(expected) = expected.filter(|expected| expected.seq == last.seq) {
                if expected.hash != last.hash {
                    return Err(broken(last.seq, "it is not the one that was expected: the log was written anew"));
                }
                passed = true;
            }
        }
    }
    if let Some(expected) = expected.filter(|expected| !passed && expected.seq != 0) {
        return Err(broken(expected.seq, &format!("it is missing: the log was cut off after entry {}", last.seq)));
    }
    // Others may have gone on writing meanwhile.
    if last.seq < begun.seq || last.seq > head(op).await?.seq || (last.seq == begun.seq && last.hash != begun.hash) {
        let text = format!("the log ends with entry {}, but its head says {}", last.seq, begun.seq);
        return Err(Error::BadInput(format!("the audit log is broken: {text}")));
    }
    Ok(last)
}

/// The next entry must be the one that follows, and say what it said when it was written.
fn follow(last: &Head, entry: Model) -> Result<Head> {
    let next = last.seq + 1;
    if entry.seq != next {
        return Err(broken(next, "it is missing"));
    }
    if entry.previous != last.hash {
        return Err(broken(next, "it does not follow the entry before it: one of them was changed or moved"));
    }
    if ledger::hash(&entry)? != entry.hash {
        return Err(broken(next, "it was changed"));
    }
    Ok(Head { seq: next, hash: entry.hash })
}

fn broken(seq: i64, why: &str) -> Error {
    Error::BadInput(format!("the audit log is broken at entry {seq}: {why}"))
}

async fn head(op: &Op) -> Result<Head> {
    let head = audit_head::Entity::find_by_id(audit_head::ID).one(&op.lane).await?;
    let head = head.ok_or_else(|| Error::BadInput("the audit log is broken: it has no head".to_owned()))?;
    Ok(Head { seq: head.seq, hash: head.hash })
}
