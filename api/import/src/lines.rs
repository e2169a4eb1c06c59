//! Reading a file line by line, without trusting it to have any.

use std::io::{BufRead, Read};

use super::input::unreadable;
use super::report::Wrong;
use demarche_core::error::{Error, Result};

/// The most bytes of a line: a source with the longest text that is allowed fits in.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The same, with the bytes that may end it.
const READ_BYTES_MAX: u64 = 16 * 1024 * 1024 + 2;
/// What some editors write at the start of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The lines of a file that are not empty.
pub(super) struct Lines<R> {
    reader: R,
    /// How many lines have been read.
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self { reader, number: 0, line: Vec::new() }
    }

    /// The next line and its number, counted from 1; or why it cannot be one.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the file cannot be read any further.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Result<&str, Wrong>)>> {
        while self.fill().map_err(|error| Error::BadInput(format!("line {}: {error}", self.number)))? {
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((self.number, text(&self.line))));
            }
        }
        Ok(None)
    }

    /// Reads one line, without what ends it; false at the end of the file.
    fn fill(&mut self) -> Result<bool> {
        self.number += 1;
        self.line.clear();
        // Bounded, so that a file without line ends does not fill the memory.
        let read = self.reader.by_ref().take(READ_BYTES_MAX).read_until(b'\n', &mut self.line);
        if read.map_err(|cause| unreadable(&cause))? == 0 {
            return Ok(false);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
            self.line.drain(..BYTE_ORDER_MARK.len());
        }
        if self.line.len() > LINE_BYTES_MAX {
            return Err(Error::BadInput("is longer than 16 MiB".to_owned()));
        }
        Ok(true)
    }
}

fn text(line: &[u8]) -> Result<&str, Wrong> {
    std::str::from_utf8(line).map_err(|error| Wrong {
        column: Some(error.valid_up_to() + 1),
        ..Wrong::new("is not UTF-8: the column counts bytes; `iconv -f latin1 -t utf-8` makes it so, if it is Latin-1")
    })
}
