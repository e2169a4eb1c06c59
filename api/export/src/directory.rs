//! What rows refer to, in memory, as it will be written.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use entity::kind::Kind;

use super::cell::Style;
use super::column::Sheet;
use super::plan::{Found, Plan};
use super::select::{Read, Reader, everything};
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::{Row, Shape, Taker};

/// Where in a directory a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// Some columns of all records of a kind.
pub(super) struct Directory {
    places: HashMap<i64, Place, BuildHasherDefault<KeyHasher>>,
    /// All columns of all records, one after the other.
    written: Vec<u8>,
    /// Where each of them ends, behind a 0.
    ends: Vec<u32>,
    width: usize,
}

impl Directory {
    /// Reads them. Each is kept with what stands before it in a line.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn load(
        reader: &mut Reader<'_>,
        kind: Kind,
        paths: &[String],
        style: Style,
        leads: &[Vec<u8>],
    ) -> Result<Self> {
        let mut plan = Plan::make(reader, &Sheet::of(kind), paths, style, &[]).await?;
        let key = plan.reads.len();
        let sql = format!("\"{}\".\"id\"", kind.table());
        plan.reads.push(Read { name: "", sql, stored: None, shape: Shape::Integer });
        let select = everything(kind, &reader.scope, reader.as_of.recorded, reader.dossier)?;
        let reads = std::mem::take(&mut plan.reads);
        let directory = Self { places: HashMap::default(), written: Vec::new(), ends: vec![0], width: plan.width() };
        let found = plan.nothing_found();
        let filler = Filler { directory, plan, found, key, style, leads: leads.to_vec() };
        Ok(reader.read(kind, select, &reads, filler, None).await?.directory)
    }

    /// Where a record is, if it is there.
    pub(super) fn place(&self, key: i64) -> Option<Place> {
        self.places.get(&key).copied()
    }

    /// Some columns of a record.
    #[inline]
    pub(super) fn get(&self, place: Place, columns: Range<usize>) -> Option<&[u8]> {
        let at = usize::try_from(place.0).ok()? * self.width;
        let place = |column: usize| usize::try_from(*self.ends.get(at + column)?).ok();
        self.written.get(place(columns.start)?..place(columns.end)?)
    }
}

struct Filler {
    directory: Directory,
    plan: Plan,
    found: Found,
    key: usize,
    style: Style,
    leads: Vec<Vec<u8>>,
}

impl Taker for Filler {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let Self { directory, plan, found, key, style, leads } = self;
        let full = || Error::BadInput("columns: what they lead to is more than 4 GiB".to_owned());
        let place = u32::try_from(directory.places.len()).map_err(|_| full())?;
        plan.find(row, found)?;
        for column in 0..directory.width {
            directory.written.extend_from_slice(leads.get(column).map(Vec::as_slice).unwrap_or_default());
            plan.write(column, row, found, *style, &mut directory.written)?;
            directory.ends.push(u32::try_from(directory.written.len()).map_err(|_| full())?);
        }
        if let Some(key) = row.cell(*key)?.integer() {
            directory.places.insert(key, Place(place));
        }
        Ok(None)
    }
}

/// A hash of keys, which the program itself has made: nobody can choose them to collide.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_i64(&mut self, key: i64) {
        self.write_u64(key.cast_unsigned());
    }

    fn write_u64(&mut self, key: u64) {
        // The counter stands in the lowest bits and the time above it: multiplied, all reach the bits that count.
        self.0 = (self.0 ^ key).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }
}
