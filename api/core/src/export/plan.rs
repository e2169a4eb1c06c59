//! From the columns that are asked for to what is read and how it is written: narrow rows, and what they refer to from
//! memory.
//!
//! A path like `mechanism.partOf.name` goes through references. What it leads to is read once, in the same snapshot, and kept
//! in memory as it will be written: memory grows with the number of nodes, never with the number of rows.

use std::collections::HashMap;
use std::sync::Arc;

use entity::kind::Kind;

use super::cell::{self, Style};
use super::column::{Access, Column, Form, Place, Sheet, Type};
use super::directory::Directory;
use super::select::{Read, Reader};
use crate::error::{Error, Result};
use crate::store::stream::{Cell, Row, Shape};

/// How many references a path may go through.
const STEPS_MAX: usize = 3;

/// What is read of a record and how it is written.
#[derive(Default)]
pub(super) struct Plan {
    /// What is read.
    pub(super) reads: Vec<Read>,
    outputs: Vec<Output>,
}

struct Output {
    /// Which of the reads.
    at: usize,
    form: Form,
    /// Where what it refers to is, and which of its columns is meant.
    related: Option<(Arc<Directory>, usize)>,
}

/// The names of the columns of a file: those asked for, or all public ones.
///
/// # Errors
/// [`Error::BadInput`] for a column that is not there, may not leave, or stands there twice.
pub(super) fn names(sheet: &Sheet, asked: Option<&[String]>) -> Result<Vec<String>> {
    let Some(asked) = asked else {
        let public = sheet.columns.iter().filter(|column| column.access == Access::Public);
        return Ok(public.map(|column| column.name.to_owned()).collect());
    };
    if asked.is_empty() {
        return Err(Error::BadInput("columns: must name at least one".to_owned()));
    }
    for (n, path) in asked.iter().enumerate() {
        check(sheet, path, path, STEPS_MAX)?;
        if asked.iter().take(n).any(|other| other == path) {
            return Err(Error::BadInput(format!("columns: {path:?} stands there twice")));
        }
    }
    Ok(asked.to_vec())
}

fn check(sheet: &Sheet, whole: &str, path: &str, steps: usize) -> Result<()> {
    let (first, rest) = split(path);
    let column = sheet.find(first).ok_or_else(|| missing(sheet, whole, first))?;
    match (target(column.form), rest) {
        (_, None) => Ok(()),
        (Some(_), Some(_)) if steps == 0 => {
            Err(Error::BadInput(format!("columns: {whole:?} goes through more than {STEPS_MAX} references")))
        }
        (Some(target), Some(rest)) => check(&Sheet::of(target), whole, rest, steps - 1),
        (None, Some(_)) => {
            let noun = sheet.noun;
            Err(Error::BadInput(format!("columns: {whole:?}: {first:?} of a {noun} leads to no other record")))
        }
    }
}

fn missing(sheet: &Sheet, whole: &str, name: &str) -> Error {
    let there: Vec<&str> = sheet.columns.iter().map(|column| column.name).collect();
    let (noun, there) = (sheet.noun, there.join(", "));
    Error::BadInput(format!("columns: {whole:?}: a {noun} has no column {name:?}, expected one of {there}"))
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

/// The kind of record that a path may go on to: nodes, and relations, of which there are few. The earlier version of an
/// assertion, of which there may be as many as rows, is named by its key only.
fn target(form: Form) -> Option<Kind> {
    match form {
        Form::Key(kind) | Form::Keys(kind) => {
            Some(kind).filter(|kind| (kind.is_node() || *kind == Kind::Relation) && *kind != Kind::Account)
        }
        _ => None,
    }
}

/// What a column that [`names`] has let pass holds.
pub(super) fn typed(sheet: &Sheet, path: &str) -> Type {
    let (first, rest) = split(path);
    let Some(column) = sheet.find(first) else { return Type::Text };
    match (column.form, rest, target(column.form)) {
        // What stands behind a list is written into its items.
        (Form::Key(_), Some(rest), Some(target)) => typed(&Sheet::of(target), rest),
        (form, ..) => form.typed(),
    }
}

impl Plan {
    /// Makes a plan for columns that [`names`] has let pass.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn make(reader: &mut Reader<'_>, sheet: &Sheet, names: &[String], style: Style) -> Result<Self> {
        let mut reads: Vec<Read> = Vec::new();
        let mut wanted: HashMap<&str, Vec<String>> = HashMap::new();
        for name in names {
            if let (first, Some(rest)) = split(name) {
                wanted.entry(first).or_default().push(rest.to_owned());
            }
        }
        let mut directories: HashMap<&str, Arc<Directory>> = HashMap::new();
        let mut outputs = Vec::new();
        for name in names {
            let (first, rest) = split(name);
            let column = sheet.find(first).ok_or_else(|| missing(sheet, name, first))?;
            let at = match reads.iter().position(|read| read.name == first) {
                Some(at) => at,
                None => {
                    reads.push(read(reader, sheet.table, column));
                    reads.len() - 1
                }
            };
            let related = match (rest, target(column.form)) {
                (Some(rest), Some(target)) => {
                    let paths = wanted.get(first).map(Vec::as_slice).unwrap_or_default();
                    let directory = match directories.get(first) {
                        Some(directory) => Arc::clone(directory),
                        None => {
                            // A list is one cell, whose items are written again.
                            let items = if matches!(column.form, Form::Keys(_)) { Style::Plain } else { style };
                            let loaded = Box::pin(Directory::load(reader, target, paths, items)).await?;
                            let loaded = Arc::new(loaded);
                            directories.insert(first, Arc::clone(&loaded));
                            loaded
                        }
                    };
                    let part = paths.iter().position(|path| path == rest).unwrap_or(0);
                    Some((directory, part))
                }
                _ => None,
            };
            outputs.push(Output { at, form: column.form, related });
        }
        Ok(Self { reads, outputs })
    }

    /// How many columns it writes.
    pub(super) fn width(&self) -> usize {
        self.outputs.len()
    }

    /// Writes one column of a row.
    pub(super) fn write(&self, column: usize, row: &dyn Row, style: Style, out: &mut Vec<u8>) -> Result<()> {
        let Some(output) = self.outputs.get(column) else { return Ok(()) };
        let cell = row.cell(output.at)?;
        match (output.form, &output.related) {
            (Form::Keys(kind), related) => {
                let Cell::Text(text) = cell else {
                    style.list(&[], out);
                    return Ok(());
                };
                let items: Vec<Vec<u8>> = text.split(' ').filter_map(|item| list_item(kind, item, related)).collect();
                style.list(&items, out);
            }
            (_, None) => style.write(output.form, cell, out)?,
            (_, Some((directory, part))) => match cell.integer().and_then(|key| directory.get(key, *part)) {
                Some(written) => out.extend_from_slice(written),
                None => style.null(out),
            },
        }
        Ok(())
    }
}

/// An item of a list: `KEY` or `ROLE:KEY`.
fn list_item(kind: Kind, item: &str, related: &Option<(Arc<Directory>, usize)>) -> Option<Vec<u8>> {
    let (role, key) = item.rsplit_once(':').map_or((None, item), |(role, key)| (Some(role), key));
    let key: i64 = key.parse().ok()?;
    let named = match related {
        Some((directory, part)) => directory.get(key, *part)?.to_vec(),
        None => cell::key(kind, key),
    };
    Some(match role {
        Some(role) => [role.as_bytes(), b":", &named].concat(),
        None => named,
    })
}

/// What is read for all columns of a sheet.
pub(super) fn reads(reader: &Reader<'_>, sheet: &Sheet) -> Vec<Read> {
    sheet.columns.iter().map(|column| read(reader, sheet.table, *column)).collect()
}

fn read(reader: &Reader<'_>, table: &str, column: Column) -> Read {
    let own = |stored: &str| format!("\"{table}\".\"{stored}\"");
    let sql = match column.place {
        Place::Own(stored) => own(stored),
        Place::Beside { table: beside, key, column } => {
            format!("(SELECT b.{column} FROM {beside} AS b WHERE b.{key} = {})", own("id"))
        }
        Place::Links { table: between, near, far, role, only } => {
            let key = format!("CAST(l.{far} AS text)");
            let item = role.map_or_else(|| key.clone(), |role| format!("l.{role} || ':' || {key}"));
            let only = only.map(|only| format!(" AND l.kind = '{only}'")).unwrap_or_default();
            reader.snapshot.list(between, near, &own("id"), &item, &only)
        }
    };
    let stored = match column.place {
        Place::Own(stored) => Some(stored),
        Place::Beside { .. } | Place::Links { .. } => None,
    };
    let shape: Shape = column.form.shape();
    Read { name: column.name, sql, stored, shape }
}
