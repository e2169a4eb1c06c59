//! Which records leave, for the audit log: noted while their rows are read.

use entity::kind::Kind;
use entity::words::{AuditAction, Marking};
use sea_orm::ActiveEnum;

use demarche_core::error::{Error, Result};
use demarche_core::op::{Step, Trail};
use demarche_core::store::stream::{Row, Taker};

/// Which dossier a row is of.
pub(super) enum Of {
    /// Always this one.
    One(i64),
    /// The one whose key stands in this column.
    Each(usize),
}

/// Notes of which records the rows are.
pub(super) struct Noting<T> {
    pub(super) taker: T,
    kind: Kind,
    /// The columns of the key and of the marking.
    columns: [usize; 2],
    dossier: Of,
    counted: Counted,
}

/// What all records have in common that are read, none of which is marked.
pub(super) struct Alike {
    /// Their dossier.
    pub(super) dossier: i64,
    /// The keys of the first of them, as many as are named.
    pub(super) first: Vec<i64>,
}

/// Notes records that have this in common, whose rows need not say which they are.
pub(super) struct Counting<T> {
    pub(super) taker: T,
    kind: Kind,
    dossier: i64,
    /// Those that are still to be named.
    first: std::vec::IntoIter<i64>,
    counted: Counted,
}

/// Rows like the last one, of which enough have been named, so that they need only be counted. They are noted when others come,
/// and at the end, however it comes: what has left before a file broke off has left.
struct Counted {
    left: Trail,
    /// The dossier, the marking, and how many.
    like: Option<(i64, i64, i64)>,
}

impl Counted {
    fn one_more(&mut self, dossier: i64, marking: i64) -> bool {
        match &mut self.like {
            Some((of, at, rows)) if (*of, *at) == (dossier, marking) => *rows += 1,
            _ => return false,
        }
        true
    }

    fn name(&mut self, dossier: i64, marking: i64, kind: Kind, id: i64) -> Result<()> {
        self.flush();
        let named = self.left.add(step(dossier, marking)?, kind, id);
        self.like = (!named).then_some((dossier, marking, 0));
        Ok(())
    }

    fn flush(&mut self) {
        let Some((dossier, marking, rows)) = self.like.take().filter(|(_, _, rows)| *rows > 0) else { return };
        if let Ok(step) = step(dossier, marking) {
            self.left.count(step, rows);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.flush();
    }
}

/// What is noted of records of a dossier with a marking.
pub(super) fn step(dossier: i64, marking: i64) -> Result<Step> {
    let marking = Marking::try_from_value(&i16::try_from(marking).map_err(Error::internal)?)?;
    Ok(Step { action: AuditAction::Export, dossier: Some(dossier), marking })
}

impl<T> Noting<T> {
    pub(super) const fn new(taker: T, kind: Kind, columns: [usize; 2], dossier: Of, left: Trail) -> Self {
        Self { taker, kind, columns, dossier, counted: Counted { left, like: None } }
    }
}

impl<T: Taker> Taker for Noting<T> {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let number =
            |at| row.cell(at)?.integer().ok_or_else(|| Error::internal("a record lacks its key or its marking"));
        let [id, marking] = self.columns;
        let dossier = match self.dossier {
            Of::One(dossier) => dossier,
            Of::Each(at) => number(at)?,
        };
        let marking = number(marking)?;
        if !self.counted.one_more(dossier, marking) {
            self.counted.name(dossier, marking, self.kind, number(id)?)?;
        }
        self.taker.take(row)
    }
}

/// The lowest step of the markings.
const CLEAR: i64 = 0;

impl<T> Counting<T> {
    pub(super) fn new(taker: T, kind: Kind, alike: Alike, left: Trail) -> Self {
        let Alike { dossier, first } = alike;
        let counted = Counted { left, like: None };
        Self { taker, kind, dossier, first: first.into_iter(), counted }
    }
}

impl<T: Taker> Taker for Counting<T> {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        match self.first.next() {
            Some(id) => self.counted.name(self.dossier, CLEAR, self.kind, id)?,
            None => {
                if !self.counted.one_more(self.dossier, CLEAR) {
                    self.counted.like = Some((self.dossier, CLEAR, 1));
                }
            }
        }
        self.taker.take(row)
    }
}
