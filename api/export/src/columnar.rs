//! Tables by columns: rows are gathered until there are enough for a group, whose columns are then written one after the other.
//!
//! Memory holds one group as it was read and one as it was written, however many rows there are; what a file says of its
//! groups at its end (a few hundred bytes a group) comes on top. A group ends at the same row each time, and nothing in the
//! file depends on the clock or on chance: the same rows are written as the same bytes, so that a download that broke off
//! can go on.

mod arrow;
mod batch;
mod parquet;

use self::batch::Batch;
use super::pipe::Text;
use super::table::Head;
use demarche_core::error::Result;

/// How much is handed on in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// How much may wait to be handed on, unless one group is more.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Makes a file of groups of rows.
trait Encoder: Send {
    /// Writes a group.
    fn group(&mut self, group: Batch) -> Result<()>;
    /// Ends the file.
    fn end(&mut self) -> Result<()>;
    /// Takes away what has been written since the last time.
    fn written(&mut self) -> Result<Vec<u8>>;
}

/// When a group ends.
#[derive(Clone, Copy)]
struct Limits {
    rows: usize,
    bytes: usize,
}

/// A file of columns, as it is written.
pub(super) struct Columnar {
    encoder: Box<dyn Encoder>,
    limits: Limits,
    batch: Batch,
    /// One value on its way from the row into its column.
    value: Vec<u8>,
    rows: u64,
    waiting: Waiting,
}

impl Columnar {
    /// Begins a Parquet file.
    ///
    /// # Errors
    /// If the columns make none.
    pub(super) fn parquet(head: &Head<'_>) -> Result<Self> {
        Self::new(Box::new(parquet::File::new(head)?), parquet::LIMITS, head)
    }

    /// Begins an Arrow file.
    ///
    /// # Errors
    /// If the columns make none.
    pub(super) fn arrow(head: &Head<'_>) -> Result<Self> {
        Self::new(Box::new(arrow::File::new(head)?), arrow::LIMITS, head)
    }

    fn new(encoder: Box<dyn Encoder>, limits: Limits, head: &Head<'_>) -> Result<Self> {
        let (batch, value, waiting) = (Batch::new(head.types), Vec::new(), Waiting::default());
        let mut file = Self { encoder, limits, batch, value, rows: 0, waiting };
        file.collect()?;
        Ok(file)
    }

    /// Adds a row, of which `write` writes each value as [`super::typed`] says.
    pub(super) fn row(&mut self, write: impl Fn(usize, &mut Vec<u8>) -> Result<()>) -> Result<()> {
        for (n, column) in self.batch.columns.iter_mut().enumerate() {
            self.value.clear();
            write(n, &mut self.value)?;
            column.push(&self.value)?;
            self.batch.bytes += self.value.len();
        }
        self.batch.rows += 1;
        self.rows += 1;
        if self.batch.rows >= self.limits.rows || self.batch.bytes >= self.limits.bytes {
            self.group()?;
        }
        Ok(())
    }

    /// Ends a group, on the thread that the rows come on: some ten milliseconds. On threads of its own, each would keep the
    /// memory of a group for itself.
    fn group(&mut self) -> Result<()> {
        let group = self.batch.take();
        self.encoder.group(group)?;
        self.collect()
    }

    fn collect(&mut self) -> Result<()> {
        let written = self.encoder.written()?;
        self.waiting.add(&written);
        Ok(())
    }

    /// A piece to be handed on, if there is one.
    pub(super) fn piece(&mut self) -> Option<Vec<u8>> {
        self.waiting.piece()
    }

    /// Ends the file, and gives what has not been handed on.
    ///
    /// # Errors
    /// If the last group cannot be written.
    pub(super) fn finish(mut self) -> Result<Text> {
        if self.batch.rows > 0 {
            self.group()?;
        }
        self.encoder.end()?;
        self.collect()?;
        Ok(Text::rest(self.waiting.rest(), self.rows))
    }
}

/// What has been written and not been handed on. A group comes out at once; handed on in pieces with the rows of the next one,
/// it does not stand several times in the queues behind.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    given: usize,
}

impl Waiting {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.given.min(self.bytes.len()));
        self.given = 0;
        self.bytes.extend_from_slice(bytes);
    }

    fn piece(&mut self) -> Option<Vec<u8>> {
        let left = self.bytes.get(self.given..).filter(|left| !left.is_empty())?;
        // Groups of few, large rows come sooner than their pieces go.
        let much = left.len().saturating_sub(WAITING_BYTES).max(PIECE_BYTES).min(left.len());
        let piece = left.get(..much)?.to_vec();
        self.given += much;
        Some(piece)
    }

    fn rest(mut self) -> Vec<u8> {
        self.bytes.drain(..self.given.min(self.bytes.len()));
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use arrow_ipc::reader::FileReader as ArrowReader;

    use super::super::column::Type;
    use super::*;

    /// Writes so many rows of a number and a text of so many bytes, and gives the file, and the largest piece of it.
    fn written(begin: fn(&Head<'_>) -> Result<Columnar>, rows: usize, bytes: usize) -> (Vec<u8>, usize) {
        let names = ["number", "text"].map(str::to_owned);
        let head = Head { names: &names, types: &[Type::Integer, Type::Text], about: "{}" };
        let (mut file, mut all, mut most) = (begin(&head).unwrap(), Vec::new(), 0);
        for n in 0..rows {
            let mut seed = u64::try_from(n).unwrap();
            // Nothing that could be compressed away.
            let text = std::iter::repeat_with(|| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                b'!' + u8::try_from((seed >> 33) % 90).unwrap()
            });
            let text: Vec<u8> = [1].into_iter().chain(text.take(bytes)).collect();
            let write = |column: usize, out: &mut Vec<u8>| {
                match column {
                    0 => out.extend_from_slice(&i64::try_from(n).unwrap().to_le_bytes()),
                    _ => out.extend_from_slice(&text),
                }
                Ok(())
            };
            file.row(write).unwrap();
            if let Some(piece) = file.piece() {
                most = most.max(piece.len());
                all.extend(piece);
            }
        }
        let rest = file.finish().unwrap();
        assert_eq!(rest.rows, u64::try_from(rows).unwrap());
        all.extend(rest.text);
        (all, most)
    }

    /// How many rows each group has.
    fn groups(file: &[u8], arrow: bool) -> Vec<usize> {
        if arrow {
            let reader = ArrowReader::try_new(std::io::Cursor::new(file), None).unwrap();
            return reader.map(|batch| batch.unwrap().num_rows()).collect();
        }
        let mut disk = tempfile::tempfile().unwrap();
        disk.write_all(file).unwrap();
        let reader = SerializedFileReader::new(disk).unwrap();
        reader.metadata().row_groups().iter().map(|group| usize::try_from(group.num_rows()).unwrap()).collect()
    }

    #[test]
    fn groups_are_bounded_by_rows_and_by_bytes_and_come_out_in_pieces() {
        for (begin, limits, arrow) in [
            (Columnar::parquet as fn(&Head<'_>) -> Result<Columnar>, parquet::LIMITS, false),
            (Columnar::arrow, arrow::LIMITS, true),
        ] {
            let (file, most) = written(begin, limits.rows + 10, 3);
            assert_eq!(groups(&file, arrow), [limits.rows, 10]);
            assert!(most <= PIECE_BYTES, "{most}");
            let (file, most) = written(begin, 20, limits.bytes / 8);
            assert_eq!(groups(&file, arrow), [8, 8, 4]);
            assert!(most <= limits.bytes + PIECE_BYTES, "{most}");
            let (again, _) = written(begin, 20, limits.bytes / 8);
            assert!(file == again, "the same rows are the same bytes");
            let (file, _) = written(begin, 0, 0);
            assert_eq!(groups(&file, arrow), Vec::<usize>::new());
        }
    }

    #[test]
    fn what_waits_comes_in_pieces_and_in_order() {
        let all: Vec<u8> = (0..WAITING_BYTES * 2 + 5).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let (mut waiting, mut out) = (Waiting::default(), Vec::new());
        assert_eq!(waiting.piece(), None);
        for part in all.chunks(WAITING_BYTES / 3) {
            waiting.add(part);
            out.extend(waiting.piece().unwrap());
        }
        waiting.add(&[]);
        assert!(waiting.bytes.len() <= WAITING_BYTES + WAITING_BYTES / 3);
        assert_eq!(waiting.piece().unwrap().len(), PIECE_BYTES.max(waiting.bytes.len().saturating_sub(WAITING_BYTES)));
        out.extend(&waiting.bytes[..waiting.given]);
        out.extend(waiting.rest());
        assert_eq!(out, all);
    }
}
