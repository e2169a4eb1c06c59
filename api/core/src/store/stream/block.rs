//! Some rows, out of the reach of the connection that they came on.

use super::taking::Look;
use super::{Cell, Row, Shape, unexpected};
use crate::error::Result;

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
    Date([u8; 10]),
    Flag(bool),
}

/// Rows of as many columns.
#[derive(Default)]
pub(super) struct Block {
    values: Vec<Packed>,
    text: String,
}

impl Block {
    /// Adds a row of columns with these shapes.
    ///
    /// # Errors
    /// If a column is not of its shape.
    pub(super) fn push(&mut self, row: &impl Row, shapes: &[Shape]) -> Result<()> {
        for (column, shape) in shapes.iter().enumerate() {
            let packed = match row.cell(column)? {
                Cell::Null => Packed::Null,
                Cell::Integer(number) => Packed::Integer(number),
                Cell::Real(number) => Packed::Real(number),
                Cell::Date(day) => Packed::Date(day),
                Cell::Flag(is) => Packed::Flag(is),
                Cell::Text(text) => {
                    let place = |at: usize| u32::try_from(at).map_err(|_| unexpected(column, Some(*shape)));
                    let start = place(self.text.len())?;
                    self.text.push_str(text);
                    Packed::Text(start, place(self.text.len())?)
                }
            };
            self.values.push(packed);
        }
        Ok(())
    }

    /// Shows each row, and is empty then.
    pub(super) fn show(&mut self, width: usize, look: Look<'_>) -> Result<()> {
        for values in self.values.chunks_exact(width.max(1)) {
            look(&Seen { values, text: &self.text })?;
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

struct Seen<'a> {
    values: &'a [Packed],
    text: &'a str,
}

impl Row for Seen<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>> {
        let cell = match self.values.get(column) {
            Some(Packed::Null) => Some(Cell::Null),
            Some(Packed::Integer(number)) => Some(Cell::Integer(*number)),
            Some(Packed::Real(number)) => Some(Cell::Real(*number)),
            Some(Packed::Date(day)) => Some(Cell::Date(*day)),
            Some(Packed::Flag(is)) => Some(Cell::Flag(*is)),
            Some(Packed::Text(start, end)) => self.text(*start, *end),
            None => None,
        };
        cell.ok_or_else(|| unexpected(column, None))
    }
}

impl<'a> Seen<'a> {
    fn text(&self, start: u32, end: u32) -> Option<Cell<'a>> {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        self.text.get(start..end).map(Cell::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Cells<'a>(&'a [Cell<'a>]);

    impl Row for Cells<'_> {
        fn cell(&self, column: usize) -> Result<Cell<'_>> {
            self.0.get(column).copied().ok_or_else(|| unexpected(column, None))
        }
    }

    #[test]
    fn rows_come_out_as_they_went_in_and_leave_the_block_empty() {
        let shapes = [Shape::Integer, Shape::Real, Shape::Text, Shape::Date, Shape::Flag, Shape::Json];
        let full = [
            Cell::Integer(i64::MIN),
            Cell::Real(-0.5),
            Cell::Text("é🦀"),
            Cell::Date(*b"2024-02-29"),
            Cell::Flag(true),
            Cell::Text("[]"),
        ];
        let other = [Cell::Integer(0), Cell::Null, Cell::Text(""), Cell::Null, Cell::Flag(false), Cell::Null];
        let mut block = Block::default();
        for _ in 0..2 {
            let rows = [full, other, [Cell::Null; 6]];
            for row in &rows {
                block.push(&Cells(row), &shapes).unwrap();
            }
            let mut shown = Vec::new();
            let look = &mut |row: &dyn Row| {
                shown.push((0..6).map(|column| format!("{:?}", row.cell(column).unwrap())).collect::<Vec<_>>());
                assert!(row.cell(6).is_err());
                Ok(())
            };
            block.show(shapes.len(), look).unwrap();
            assert_eq!(shown, rows.map(|row| row.map(|cell| format!("{cell:?}")).to_vec()));
            assert!(block.is_empty());
        }
        assert!(block.push(&Cells(&full), &[Shape::Flag; 7]).is_err());
    }

    #[test]
    fn blocks_grow_so_that_the_first_rows_are_there_soon() {
        let (mut enough, mut sizes) = (Enough::new(2), Vec::new());
        let mut block = Block::default();
        for _ in 0..40_000 {
            block.push(&Cells(&[Cell::Null, Cell::Null]), &[Shape::Flag; 2]).unwrap();
            if enough.is(&block) {
                sizes.push(block.values.len() / 2);
                block = Block::default();
            }
        }
        assert_eq!(sizes[..5], [16, 64, 256, 1024, 4096]);
        assert!(sizes[5..].iter().all(|size| *size == 4096));
    }
}
