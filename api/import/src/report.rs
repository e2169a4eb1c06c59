//! What an import says of itself in the end.

use std::fmt;

use serde::Serialize;

use demarche_core::error::{Error, Refusal as Reason};

/// How many refusals are kept whole; the others are only counted.
pub const REFUSALS_MAX: usize = 1_000;

/// What became of the records of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many were new.
    pub created: u64,
    /// How many nodes were there, but differed: they were edited.
    pub edited: u64,
    /// How many assertions were there, but differed: new ones replaced them.
    pub superseded: u64,
    /// How many assertions were retracted.
    pub retracted: u64,
    /// How many were there as they are.
    pub unchanged: u64,
    /// How many were not let in.
    pub refused: u64,
    /// The first thousand that were not let in.
    pub refusals: Vec<Refusal>,
    /// What the file holds and this program has no place for.
    pub left_out: Vec<String>,
}

impl Report {
    /// Notes a record that is not let in.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(refusal);
        }
    }

    /// How many records it speaks of.
    pub const fn records(&self) -> u64 {
        self.created + self.edited + self.superseded + self.retracted + self.unchanged + self.refused
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, edited, superseded, retracted, unchanged, refused, refusals, left_out } = self;
        for refusal in refusals {
            writeln!(f, "refused: {refusal}")?;
        }
        let kept = u64::try_from(refusals.len()).unwrap_or(*refused);
        if kept < *refused {
            writeln!(f, "refused: and {} more", refused - kept)?;
        }
        for what in left_out {
            writeln!(f, "left out: {what}")?;
        }
        write!(
            f,
            "created {created}, edited {edited}, superseded {superseded}, retracted {retracted}, unchanged {unchanged}, \
             refused {refused}"
        )
    }
}

/// A record that is not let in, where it stands, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The file, where an import has several.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: Option<u64>,
    /// Of JSON the character, of a table the column; counted from 1.
    pub column: Option<u64>,
    /// What the table calls the column.
    pub column_name: Option<String>,
    /// The kind and the name of the record.
    pub record: Option<String>,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, column_name, record, message } = self;
        if let Some(file) = file {
            write!(f, "{file}: ")?;
        }
        if let Some(line) = line {
            write!(f, "line {line}")?;
            if let Some(column) = column {
                write!(f, ", column {column}")?;
            }
            if let Some(name) = column_name {
                write!(f, " ({name})")?;
            }
            write!(f, ": ")?;
        }
        if let Some(record) = record {
            write!(f, "{record}: ")?;
        }
        f.write_str(&clipped(message))
    }
}

/// The most characters of each end of a text.
const END_CHARS_MAX: usize = 500;

/// A text may repeat what it is about, which may be megabytes. Its start says what, and its end why.
pub(super) fn clipped(text: &str) -> String {
    let start = text.char_indices().nth(END_CHARS_MAX);
    let end = text.char_indices().rev().nth(END_CHARS_MAX);
    match start.zip(end) {
        Some(((start, _), (end, _))) if start < end => {
            format!("{} … {}", text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

/// What is wrong with a record, before it is known where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The field, if it is that of one.
    pub(super) field: Option<String>,
    /// The character of the line, where the field is not enough to find it.
    pub(super) column: Option<usize>,
    pub(super) message: String,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// What the domain says of a record. A fault of ours and a refusal of the actor have no place in a file.
pub(super) fn wrong(error: Error) -> Result<Wrong, Error> {
    match error {
        Error::Refused(reasons) => {
            let field = reasons.iter().find_map(|Reason { field, .. }| field.first().cloned());
            Ok(Wrong { field, ..Wrong::new(Error::Refused(reasons).to_string()) })
        }
        Error::BadInput(message) | Error::NotFound(message) => Ok(Wrong::new(message)),
        Error::Unauthenticated(_) | Error::Forbidden(_) | Error::Busy(_) | Error::Internal(_) => Err(error),
    }
}
