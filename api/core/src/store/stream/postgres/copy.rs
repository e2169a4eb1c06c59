//! Rows by `COPY … TO STDOUT (FORMAT binary)`.
//!
//! The form is that of PostgreSQL's documentation of COPY, "Binary Format": a signature, flags and the length of an extension;
//! then rows, each the number of its fields and for each field its length (−1 for null) and its bytes; then −1.

use std::future::poll_fn;
use std::time::Duration;

use futures_util::{TryStream, TryStreamExt};
use sea_orm::sqlx::PgConnection;

use super::super::taking::{Feed, Look};
use super::super::{Cell, Row, Shape, unexpected};
use crate::error::{Error, Result};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// What stands in the place of the number of fields after the last row.
const END: i16 = -1;

/// How many bytes the first piece has, from which on it is handed over, so that it is there soon; each later one has four times
/// as many as the one before it.
const FIRST_BYTES: usize = 1024;
const PIECE_BYTES: usize = 64 * 1024;
/// How long messages are let gather: as long as the server needs for some dozens of kilobytes, which it can send without waiting.
const GATHERING: Duration = Duration::from_micros(200);

/// Some of what the server sends.
#[derive(Default)]
pub(super) struct Piece {
    bytes: Vec<u8>,
    is_last: bool,
}

/// Reads all that a statement gives.
pub(super) async fn read(connection: &mut PgConnection, sql: &str, mut feed: Feed<Piece>) -> Result<()> {
    let copy = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
    let mut messages = connection.copy_out_raw(&copy).await.map_err(Error::internal)?;
    let (mut piece, mut enough) = (Piece::default(), FIRST_BYTES);
    while let Some(message) = next(&mut messages, enough == PIECE_BYTES).await.map_err(Error::internal)? {
        piece.bytes.extend_from_slice(&message);
        if piece.bytes.len() >= enough {
            enough = (enough * 4).min(PIECE_BYTES);
            feed.hand_over(&mut piece).await?;
        }
    }
    piece.is_last = true;
    feed.hand_over(&mut piece).await
}

/// The next message. Where there is none yet and a large table is read, some are let gather: to wake us for each packet costs the
/// server a tenth of its time.
async fn next<S: TryStream + Unpin>(messages: &mut S, is_large: bool) -> std::result::Result<Option<S::Ok>, S::Error> {
    poll_fn(|context| {
        let polled = messages.try_poll_next_unpin(context);
        if polled.is_pending() && is_large {
            std::thread::sleep(GATHERING);
        }
        polled.map(Option::transpose)
    })
    .await
}

/// Shows the rows, of columns with these shapes, that stand in one piece after the other.
pub(super) fn rows(shapes: Vec<Shape>) -> impl FnMut(&mut Piece, Look<'_>) -> Result<()> {
    let mut parser = Parser::default();
    move |piece, look| {
        let joined = parser.joined(&piece.bytes);
        let bytes = joined.as_deref().unwrap_or(&piece.bytes);
        let (mut at, mut cells) = (parser.begin(bytes)?, Vec::with_capacity(shapes.len()));
        while let Some(end) = parser.row(bytes, at, &shapes, &mut cells)? {
            look(Row(&cells))?;
            at = end;
        }
        parser.wait(bytes, at);
        piece.bytes.clear();
        if piece.is_last && !parser.ended {
            return Err(Error::internal("a copy broke off"));
        }
        Ok(())
    }
}

/// Finds the rows in pieces that may end anywhere, though the server ends them with a row.
#[derive(Default)]
struct Parser {
    begun: bool,
    ended: bool,
    /// The beginning of what goes on in the next piece.
    waiting: Vec<u8>,
}

impl Parser {
    /// What has waited with the piece that it goes on in, if anything has.
    fn joined(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        if self.waiting.is_empty() {
            return None;
        }
        self.waiting.extend_from_slice(piece);
        Some(std::mem::take(&mut self.waiting))
    }

    /// Where the first row begins.
    fn begin(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.begun {
            return Ok(0);
        }
        let Some(extension) = integer(bytes, SIGNATURE.len() + 4) else { return Ok(0) };
        if !bytes.starts_with(SIGNATURE) {
            return Err(Error::internal("a copy is not in the binary form"));
        }
        self.begun = true;
        Ok(SIGNATURE.len() + 8 + usize::try_from(extension).map_err(Error::internal)?)
    }

    /// Reads the row that begins at a byte, of columns with these shapes, and gives where it ends; none if it has not all come,
    /// or there is none any more.
    ///
    /// # Errors
    /// If a value is not of its shape.
    fn row<'a>(
        &mut self,
        bytes: &'a [u8],
        start: usize,
        shapes: &[Shape],
        cells: &mut Vec<Cell<'a>>,
    ) -> Result<Option<usize>> {
        cells.clear();
        if !self.begun || self.ended {
            return Ok(None);
        }
        let Some((fields, mut rest)) = bytes.get(start..).and_then(<[u8]>::split_first_chunk) else { return Ok(None) };
        let fields = i16::from_be_bytes(*fields);
        if fields == END {
            self.ended = true;
            return Ok(None);
        }
        if usize::try_from(fields) != Ok(shapes.len()) {
            return Err(Error::internal(format!("a row of {} columns has {fields}", shapes.len())));
        }
        for (column, shape) in shapes.iter().enumerate() {
            let Some((length, from)) = rest.split_first_chunk() else { return Ok(None) };
            rest = from;
            // Null has the length -1.
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                cells.push(Cell::Null);
                continue;
            };
            let Some((value, behind)) = rest.split_at_checked(length) else { return Ok(None) };
            cells.push(super::read(*shape, value).ok_or_else(|| unexpected(column, *shape))?);
            rest = behind;
        }
        Ok(Some(bytes.len() - rest.len()))
    }

    /// Keeps what goes on in the next piece.
    fn wait(&mut self, bytes: &[u8], from: usize) {
        if !self.ended {
            self.waiting.extend_from_slice(bytes.get(from..).unwrap_or_default());
        }
    }
}

fn integer(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().copied().map(i32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of two fields, as PostgreSQL sends them.
    fn sent() -> Vec<u8> {
        let header = [SIGNATURE, &[0; 8]].concat();
        let row = |number: i64, text: Option<&str>| {
            let mut row = vec![0, 2, 0, 0, 0, 8];
            row.extend(number.to_be_bytes());
            row.extend(text.map_or(-1, |text| i32::try_from(text.len()).unwrap()).to_be_bytes());
            row.extend(text.unwrap_or_default().bytes());
            row
        };
        [header, row(7, Some("seven")), row(-1, None), vec![0xff, 0xff]].concat()
    }

    #[test]
    fn rows_are_found_wherever_pieces_end() {
        let sent = sent();
        let shapes = [Shape::Integer, Shape::Text];
        for size in 1..=sent.len() {
            let (mut parser, mut found) = (Parser::default(), Vec::new());
            for piece in sent.chunks(size) {
                let joined = parser.joined(piece);
                let bytes = joined.as_deref().unwrap_or(piece);
                let mut at = parser.begin(bytes).unwrap();
                let mut cells = Vec::new();
                while let Some(end) = parser.row(bytes, at, &shapes, &mut cells).unwrap() {
                    found.push(format!("{cells:?}"));
                    at = end;
                }
                parser.wait(bytes, at);
            }
            assert!(parser.ended, "pieces of {size}");
            assert_eq!(found, ["[Integer(7), Text(\"seven\")]", "[Integer(-1), Null]"], "pieces of {size}");
        }
    }
}
