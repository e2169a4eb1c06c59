//! Some rows, out of the reach of the connection that they came on.

use chrono::NaiveDate;

use super::taking::Look;
use super::{Cell, Row};
use crate::error::{Error, Result};

/// How many bytes of text a block has, from which on it is handed over.
const TEXT_BYTES: usize = 64 * 1024;
/// How many values.
const VALUES_MAX: usize = 8 * 1024;
/// How many rows the first block has, so that it is there soon; each later one has four times as many as the one before it.
const FIRST_ROWS: usize = 16;

/// A value; texts stand elsewhere.
#[derive(Clone, Copy)]
enum Packed {
    Null,
    Integer(i64),
    Real(f64),
    Text(u32, u32),
    Date(NaiveDate),
    Flag(bool),
}

impl Packed {
    /// The value, whose text stands in `text`; none if it does not.
    fn unpacked(self, text: &str) -> Option<Cell<'_>> {
        Some(match self {
            Self::Null => Cell::Null,
            Self::Integer(number) => Cell::Integer(number),
            Self::Real(number) => Cell::Real(number),
            Self::Text(start, end) => Cell::Text(text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?),
            Self::Date(day) => Cell::Date(day),
            Self::Flag(is) => Cell::Flag(is),
        })
    }
}

/// Rows of as many columns.
#[derive(Default)]
pub(super) struct Block {
    values: Vec<Packed>,
    text: String,
}

impl Block {
    /// Adds a row: its values, each as it is, or as it could not be read.
    ///
    /// # Errors
    /// If one could not, or if there is too much text for one block.
    pub(super) fn push<'a>(&mut self, row: impl Iterator<Item = Result<Cell<'a>>>) -> Result<()> {
        for cell in row {
            let packed = match cell? {
                Cell::Null => Packed::Null,
                Cell::Integer(number) => Packed::Integer(number),
                Cell::Real(number) => Packed::Real(number),
                Cell::Date(day) => Packed::Date(day),
                Cell::Flag(is) => Packed::Flag(is),
                Cell::Text(text) => {
                    let start = self.place()?;
                    self.text.push_str(text);
                    Packed::Text(start, self.place()?)
                }
            };
            self.values.push(packed);
        }
        Ok(())
    }

    /// Where the next text begins.
    fn place(&self) -> Result<u32> {
        u32::try_from(self.text.len()).map_err(|_| Error::internal("a row has more than 4 GiB of text"))
    }

    /// Shows each row, of so many columns, and is empty then.
    pub(super) fn show(&mut self, width: usize, look: Look<'_>) -> Result<()> {
        let mut cells = Vec::with_capacity(width);
        for values in self.values.chunks_exact(width.max(1)) {
            cells.clear();
            for value in values {
                let lost = || Error::internal("a text stands outside of its block");
                cells.push(value.unpacked(&self.text).ok_or_else(lost)?);
            }
            look(Row(&cells))?;
        }
        self.values.clear();
        self.text.clear();
        Ok(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// When a block has enough rows.
pub(super) struct Enough(usize);

impl Enough {
    /// For blocks of rows with so many columns.
    pub(super) const fn new(width: usize) -> Self {
        Self(FIRST_ROWS * width)
    }

    /// Whether this one has.
    pub(super) fn is(&mut self, block: &Block) -> bool {
        let enough = block.values.len() >= self.0 || block.text.len() >= TEXT_BYTES;
        if enough {
            self.0 = (self.0 * 4).min(VALUES_MAX);
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(row: &'a [Cell<'a>]) -> impl Iterator<Item = Result<Cell<'a>>> {
        row.iter().copied().map(Ok)
    }

    #[test]
    fn rows_come_out_as_they_went_in_and_leave_the_block_empty() {
        let full = [
            Cell::Integer(i64::MIN),
            Cell::Real(-0.5),
            Cell::Text("é🦀"),
            Cell::Date(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap()),
            Cell::Flag(true),
            Cell::Text("[]"),
        ];
        let other = [Cell::Integer(0), Cell::Null, Cell::Text(""), Cell::Null, Cell::Flag(false), Cell::Null];
        let mut block = Block::default();
        for _ in 0..2 {
            let rows = [full, other, [Cell::Null; 6]];
            for row in &rows {
                block.push(read(row)).unwrap();
            }
            let mut shown = Vec::new();
            let look = &mut |row: Row<'_>| {
                shown.push((0..6).map(|column| format!("{:?}", row.cell(column).unwrap())).collect::<Vec<_>>());
                assert!(row.cell(6).is_err());
                Ok(())
            };
            block.show(6, look).unwrap();
            assert_eq!(shown, rows.map(|row| row.map(|cell| format!("{cell:?}")).to_vec()));
            assert!(block.is_empty());
        }
        let broken = [Ok(Cell::Null), Err(Error::internal("unreadable"))];
        assert!(block.push(broken.into_iter()).is_err());
    }

    #[test]
    fn blocks_grow_so_that_the_first_rows_are_there_soon() {
        let (mut enough, mut sizes) = (Enough::new(2), Vec::new());
        let mut block = Block::default();
        for _ in 0..40_000 {
            block.push(read(&[Cell::Null, Cell::Null])).unwrap();
            if enough.is(&block) {
                sizes.push(block.values.len() / 2);
                block = Block::default();
            }
        }
        assert_eq!(sizes[..5], [16, 64, 256, 1024, 4096]);
        assert!(sizes[5..].iter().all(|size| *size == 4096));
    }
}
