//! The rows of a table, read one by one, whatever is in the file.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use entity::kind::Kind;
use serde_json::{Map, Value};

use super::Text;
use super::cell::{Cell, Columns, Rule};
use super::spec::Table;
use crate::input::{self, Input, unreadable};
use crate::meter::Meter;
use crate::report::Wrong;
use crate::stage::Origin;
use demarche_core::error::{Error, Result};

/// The most bytes of a row.
const ROW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The fields of a record.
pub(super) type Fields<'a> = Vec<(&'a str, Value)>;

/// The rows of a table, as records of a kind.
pub(super) struct Rows {
    file: String,
    reader: Reader<Guard<Input<'static>>>,
    watch: Arc<Watch>,
    names: StringRecord,
    cells: Vec<(String, Cell)>,
    constants: Map<String, Value>,
    skip: Vec<Rule>,
    row: StringRecord,
    /// The line of the last row.
    line: u64,
}

impl Rows {
    /// Opens a table and fits the mapping to its columns.
    ///
    /// # Errors
    /// If it cannot be read, or has not the columns that the mapping names.
    pub(super) fn open(
        path: &Path,
        text: &Text,
        table: &Table,
        kind: Kind,
        mut constants: Map<String, Value>,
        meter: &Arc<Meter>,
        bytes_max: u64,
    ) -> Result<Self> {
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let watch = Arc::new(Watch::default());
        let delimiter = u8::try_from(table.delimiter.unwrap_or(','))
            .map_err(|_| text.error(table.path.span().start, "the delimiter of this table is not one byte"))?;
        let guard = Guard { inner: input::open(path, meter)?, watch: Arc::clone(&watch), left: bytes_max, bytes_max };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(guard);
        watch.allow();
        let names = reader.headers().map_err(|error| failed(&file, 0, error))?.clone();
        for (n, name) in names.iter().enumerate() {
            if names.iter().take(n).any(|other| other == name) {
                return Err(Error::BadInput(format!(
                    "{file}: line 1, column {}: there are two columns {name:?}",
                    n + 1
                )));
            }
        }
        let columns = Columns { text, file: &file, names: &names };
        let mut cells = Vec::new();
        for (field, spec) in &table.fields {
            let field = field.get_ref();
            constants.remove(field);
            cells.push((field.clone(), Cell::new(spec, &columns)?));
        }
        let mut skip = Vec::new();
        for rule in &table.skip {
            skip.push(Rule::new(rule, &columns)?);
        }
        debug_assert!(kind.is_node() || kind.is_assertion());
        Ok(Self { file, reader, watch, cells, constants, skip, row: StringRecord::new(), names, line: 1 })
    }

    /// Where it is, and which column a field comes from.
    pub(super) fn origin(&self) -> Origin {
        let column = |(field, cell): &(String, Cell)| {
            let column = cell.column()?;
            let number = u64::try_from(column + 1).ok()?;
            Some((field.clone(), (number, self.names.get(column).unwrap_or_default().to_owned())))
        };
        Origin { name: Some(self.file.clone()), columns: self.cells.iter().filter_map(column).collect() }
    }

    /// The next record and the line that it begins on, counted from 1; or what is wrong with it.
    ///
    /// # Errors
    /// If the file cannot be read any further.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Result<Fields<'_>, Wrong>)>> {
        loop {
            self.watch.allow();
            let mut bytes = std::mem::take(&mut self.row).into_byte_record();
            let more =
                self.reader.read_byte_record(&mut bytes).map_err(|error| failed(&self.file, self.line, error))?;
            if !more {
                self.watch.closed(&self.file, self.line)?;
                return Ok(None);
            }
            let line = bytes.position().map_or(0, csv::Position::line);
            self.line = line;
            if let Err(wrong) = self.admit(bytes) {
                return Ok(Some((line, Err(wrong))));
            }
            if !self.skip.iter().any(|rule| rule.holds(&self.row)) {
                return Ok(Some((line, self.fields())));
            }
        }
    }

    /// Takes a row for the current one.
    fn admit(&mut self, bytes: ByteRecord) -> Result<(), Wrong> {
        self.row = StringRecord::from_byte_record(bytes).map_err(|error| {
            let column = error.utf8_error().field();
            let name = self.names.get(column).unwrap_or_default();
            let hint = "`iconv -f latin1 -t utf-8` makes it so, if it is Latin-1";
            Wrong::new(format!("column {} ({name}) is not UTF-8: {hint}", column + 1))
        })?;
        let (has, expected) = (self.row.len(), self.names.len());
        if has == expected {
            return Ok(());
        }
        Err(Wrong::new(format!("has {has} columns, the first line has {expected}")))
    }

    fn fields(&self) -> Result<Fields<'_>, Wrong> {
        let mut fields = Vec::with_capacity(self.cells.len() + self.constants.len());
        for (field, cell) in &self.cells {
            let wrong = |message| Wrong { field: Some(field.clone()), ..Wrong::new(format!("{field}: {message}")) };
            let value = cell.value(&self.row).map_err(wrong)?;
            if !value.is_null() {
                fields.push((field.as_str(), value));
            }
        }
        fields.extend(self.constants.iter().map(|(field, value)| (field.as_str(), value.clone())));
        Ok(fields)
    }
}

/// `after` is the line of the last row that could be read.
fn failed(file: &str, after: u64, error: csv::Error) -> Error {
    let message = match error.into_kind() {
        csv::ErrorKind::Io(cause) => unreadable(&cause).to_string(),
        csv::ErrorKind::Utf8 { .. } => "the names of the columns are not UTF-8".to_owned(),
        other => format!("{other:?}"),
    };
    let after = if after == 0 { String::new() } else { format!("after line {after}: ") };
    Error::BadInput(format!("{file}: {after}{message}"))
}

/// What is known of the bytes that the table's reader takes.
#[derive(Debug, Default)]
struct Watch {
    /// How many bytes the current row may still take.
    left: AtomicUsize,
    /// How many quotes there have been.
    quotes: AtomicU64,
}

impl Watch {
    /// Another row may be read.
    fn allow(&self) {
        self.left.store(ROW_BYTES_MAX, Ordering::Relaxed);
    }

    /// Quotes come in pairs; where one is left over, the last row has gone on to the end of the file unnoticed.
    fn closed(&self, file: &str, line: u64) -> Result<()> {
        if self.quotes.load(Ordering::Relaxed).is_multiple_of(2) {
            return Ok(());
        }
        let message = "a quote is opened and never closed, so that this row goes on to the end of the file";
        Err(Error::BadInput(format!("{file}: line {line}: {message}")))
    }
}

/// Bounds a row, so that a file without line ends does not fill the memory, bounds the whole, so that a small file does not
/// unpack without end, and counts quotes.
struct Guard<R> {
    inner: R,
    watch: Arc<Watch>,
    /// How many bytes the file may still have when it is unpacked, and how many in all.
    left: u64,
    bytes_max: u64,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.watch.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::other("a row is longer than 16 MiB: is there a quote that never closes?"));
        }
        let read = self.inner.read(buffer)?;
        self.watch.left.store(left.saturating_sub(read), Ordering::Relaxed);
        let Some(rest) = self.left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)) else {
            return Err(io::Error::other(format!("the table has more than {} bytes", self.bytes_max)));
        };
        self.left = rest;
        let taken = buffer.get(..read).unwrap_or_default();
        let quotes = taken.iter().filter(|byte| **byte == b'"').count();
        self.watch.quotes.fetch_add(u64::try_from(quotes).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}
