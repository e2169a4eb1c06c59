//! Values as bytes that keep what they are, on their way from the rows, or from what rows refer to, into a file of columns.
//!
//! No value is no bytes. Numbers, days, moments and flags are their bytes, little end first; a text stands behind one byte, by
//! which an empty one is told from none; a list stands behind one as well, each item behind its length.

use super::cell::spoken;
use super::column::Form;
use demarche_core::error::{Error, Result};
use demarche_core::id;
use demarche_core::store::stream::Cell;

/// That there is a value.
const THERE: u8 = 1;

/// Writes a value.
///
/// # Errors
/// If it is not what its form says, or a JSON value of the database is none.
pub(super) fn write(form: Form, cell: Cell<'_>, out: &mut Vec<u8>) -> Result<()> {
    match (form, cell) {
        (_, Cell::Null) => {}
        (Form::Key(kind), Cell::Integer(key)) => {
            out.push(THERE);
            id::write(kind, key, out);
        }
        (Form::Integer | Form::Moment, Cell::Integer(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Form::Stance | Form::Likelihood | Form::Marking, Cell::Integer(number)) => {
            text(spoken(form, number).unwrap_or_default().as_bytes(), out);
        }
        (Form::Real, Cell::Real(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Form::Flag, Cell::Flag(is)) => out.push(is.into()),
        (Form::Date, Cell::Date(day)) => out.extend_from_slice(&day.to_epoch_days().to_le_bytes()),
        (Form::Json, Cell::Text(json)) => {
            let value: serde_json::Value = serde_json::from_str(json)?;
            text(value.to_string().as_bytes(), out);
        }
        (Form::Text, Cell::Text(value)) => text(value.as_bytes(), out),
        (form, cell) => return Err(Error::internal(format!("{cell:?} is not what {form:?} says"))),
    }
    Ok(())
}

/// Writes a text.
pub(super) fn text(text: &[u8], out: &mut Vec<u8>) {
    out.push(THERE);
    out.extend_from_slice(text);
}

/// Writes a list.
pub(super) fn list(items: &[Vec<u8>], out: &mut Vec<u8>) {
    out.push(THERE);
    for item in items {
        // An item is a key or a text of the database, which knows none of 4 GiB.
        let length = u32::try_from(item.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_and_an_empty_list_are_told_from_none() {
        let written = |form, cell| {
            let mut out = Vec::new();
            write(form, cell, &mut out).unwrap();
            out
        };
        assert_eq!(written(Form::Text, Cell::Null), b"");
        assert_eq!(written(Form::Text, Cell::Text("")), [THERE]);
        let mut empty = Vec::new();
        list(&[], &mut empty);
        assert_eq!(empty, [THERE]);
        assert!(write(Form::Integer, Cell::Text("1"), &mut Vec::new()).is_err());
    }
}
