//! From the columns that are asked for to what is read and how it is written: narrow rows, and what they refer to from
//! memory.
//!
//! A path like `mechanism.partOf.name` goes through references. What it leads to is read once, in the same snapshot, and kept
//! in memory as it will be written: memory grows with the number of nodes, never with the number of rows.

use std::collections::HashMap;
use std::ops::Range;

use entity::kind::Kind;

use super::cell::{self, Style};
use super::column::{self, Access, Column, Form, Sheet, Type};
use super::directory::{Directory, Place};
use super::select::{Read, Reader};
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::{Cell, Row, Shape};

/// How many references a path may go through.
const STEPS_MAX: usize = 3;

/// What is read of a record and how it is written.
#[derive(Default)]
pub(super) struct Plan {
    /// What is read.
    pub(super) reads: Vec<Read>,
    /// What is written, and what before it.
    outputs: Vec<(Vec<u8>, Output)>,
    /// What is referred to, and by which of the reads.
    directories: Vec<(usize, Directory)>,
}

/// What is written into one column.
enum Output {
    /// The value of a read.
    Own { at: usize, form: Form },
    /// What a read refers to: in which directory that is, and which of its columns are meant. In lines, columns that stand side by
    /// side there and here are written at once, with all that stands before and between them; `none` is written if there is
    /// nothing.
    Related { directory: usize, parts: Range<usize>, none: Vec<u8> },
    /// The keys that a read lists, or what they refer to.
    List { at: usize, of: Kind, related: Option<(usize, usize)> },
}

/// What of a directory is asked for, and what a line has before each.
#[derive(Default)]
struct Wanted {
    paths: Vec<String>,
    leads: Vec<Vec<u8>>,
}

/// Where in each directory what a row refers to is. Rows that follow each other often refer to the same.
pub(super) struct Found(Vec<(Option<i64>, Option<Place>)>);

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
    /// Makes a plan for columns that [`names`] has let pass. `leads` is what a line has before each of them; where there are no
    /// lines, there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn make(
        reader: &mut Reader<'_>,
        sheet: &Sheet,
        names: &[String],
        style: Style,
        leads: &[Vec<u8>],
    ) -> Result<Self> {
        let lead = |place: usize| leads.get(place).cloned().unwrap_or_default();
        let mut wanted: HashMap<&str, Wanted> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            if let (first, Some(rest)) = split(name) {
                let wanted = wanted.entry(first).or_default();
                wanted.paths.push(rest.to_owned());
                wanted.leads.push(lead(place));
            }
        }
        let mut plan = Self::default();
        for (place, name) in names.iter().enumerate() {
            let (first, rest) = split(name);
            let column = sheet.find(first).ok_or_else(|| missing(sheet, name, first))?;
            let at = plan.reading(reader, sheet, column);
            let related = match (rest, target(column.form), wanted.get(first)) {
                (Some(rest), Some(target), Some(wanted)) => {
                    // A list is one cell, whose items are written again.
                    let is_list = matches!(column.form, Form::Keys(_));
                    let (style, leads) =
                        if is_list { (Style::Plain, [].as_slice()) } else { (style, wanted.leads.as_slice()) };
                    let directory = plan.directory(reader, at, target, (&wanted.paths, style, leads)).await?;
                    Some((directory, wanted.paths.iter().position(|path| path == rest).unwrap_or(0)))
                }
                _ => None,
            };
            match (column.form, related) {
                (Form::Keys(of), related) => plan.outputs.push((lead(place), Output::List { at, of, related })),
                (_, Some((directory, part))) => plan.relate(directory, part, lead(place), style),
                (form, None) => plan.outputs.push((lead(place), Output::Own { at, form })),
            }
        }
        Ok(plan)
    }

    /// Which of the reads is that of a column.
    fn reading(&mut self, reader: &Reader<'_>, sheet: &Sheet, column: Column) -> usize {
        self.reads.iter().position(|read| read.name == column.name).unwrap_or_else(|| {
            self.reads.push(read(reader, sheet.table, column));
            self.reads.len() - 1
        })
    }

    /// Which directory has what a read refers to.
    async fn directory(
        &mut self,
        reader: &mut Reader<'_>,
        at: usize,
        target: Kind,
        (paths, style, leads): (&[String], Style, &[Vec<u8>]),
    ) -> Result<usize> {
        if let Some(there) = self.directories.iter().position(|(by, _)| *by == at) {
            return Ok(there);
        }
        self.directories.push((at, Box::pin(Directory::load(reader, target, paths, style, leads)).await?));
        Ok(self.directories.len() - 1)
    }

    /// Writes a column of a directory, with the one before it if that stands before it there as well.
    fn relate(&mut self, directory: usize, part: usize, lead: Vec<u8>, style: Style) {
        let is_line = !lead.is_empty();
        let mut none = lead;
        style.null(&mut none);
        match self.outputs.last_mut() {
            Some((_, Output::Related { directory: before, parts, none: nothing }))
                if is_line && *before == directory && parts.end == part =>
            {
                parts.end += 1;
                nothing.extend(none);
            }
            _ => self.outputs.push((Vec::new(), Output::Related { directory, parts: part..part + 1, none })),
        }
    }

    /// How often it has to be asked to write a row: once a column, unless some are written at once.
    pub(super) fn width(&self) -> usize {
        self.outputs.len()
    }

    /// Where nothing has been found yet.
    pub(super) fn nothing_found(&self) -> Found {
        Found(vec![(None, None); self.directories.len()])
    }

    /// Finds what a row refers to, before its columns are written.
    #[inline]
    pub(super) fn find(&self, row: Row<'_>, found: &mut Found) -> Result<()> {
        for ((at, directory), found) in self.directories.iter().zip(&mut found.0) {
            // A list of keys is no number: its items are looked up one by one.
            let key = row.cell(*at)?.integer();
            if found.0 != key {
                *found = (key, key.and_then(|key| directory.place(key)));
            }
        }
        Ok(())
    }

    /// Writes one column of a row, or some that are written at once, and what a line has before it.
    ///
    /// Inlined, as what it calls is: of a large table it is most of the work, and a call costs as much as a short value.
    #[inline]
    pub(super) fn write(
        &self,
        column: usize,
        row: Row<'_>,
        found: &Found,
        style: Style,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let Some((lead, output)) = self.outputs.get(column) else { return Ok(()) };
        if let Output::Related { directory, parts, none } = output {
            let place = found.0.get(*directory).and_then(|(_, place)| *place);
            let written = place.and_then(|place| self.directories.get(*directory)?.1.get(place, parts.clone()));
            out.extend_from_slice(written.unwrap_or(none));
            return Ok(());
        }
        out.extend_from_slice(lead);
        match output {
            Output::Own { at, form } => style.write(*form, row.cell(*at)?, out)?,
            Output::List { at, of, related } => {
                let related = related.and_then(|(at, part)| Some((&self.directories.get(at)?.1, part)));
                list(*of, row.cell(*at)?, related, style, out);
            }
            Output::Related { .. } => {}
        }
        Ok(())
    }
}

/// Writes the keys of records of a kind, or what they refer to.
fn list(of: Kind, keys: Cell<'_>, related: Option<(&Directory, usize)>, style: Style, out: &mut Vec<u8>) {
    let Cell::Text(keys) = keys else { return style.list(&[], out) };
    let items: Vec<Vec<u8>> = keys.split(' ').filter_map(|item| list_item(of, item, related)).collect();
    style.list(&items, out);
}

/// An item of a list: `KEY` or `ROLE:KEY`.
fn list_item(kind: Kind, item: &str, related: Option<(&Directory, usize)>) -> Option<Vec<u8>> {
    let (role, key) = item.rsplit_once(':').map_or((None, item), |(role, key)| (Some(role), key));
    let key: i64 = key.parse().ok()?;
    let named = match related {
        Some((directory, part)) => directory.get(directory.place(key)?, part..part + 1)?.to_vec(),
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
        column::Place::Own(stored) => own(stored),
        column::Place::Beside { table: beside, key, column } => {
            format!("(SELECT b.{column} FROM {beside} AS b WHERE b.{key} = {})", own("id"))
        }
        column::Place::Links { table: between, near, far, role, only } => {
            let key = format!("CAST(l.{far} AS text)");
            let item = role.map_or_else(|| key.clone(), |role| format!("l.{role} || ':' || {key}"));
            let only = only.map(|only| format!(" AND l.kind = '{only}'")).unwrap_or_default();
            reader.snapshot.list(between, near, &own("id"), &item, &only)
        }
    };
    let stored = match column.place {
        column::Place::Own(stored) => Some(stored),
        column::Place::Beside { .. } | column::Place::Links { .. } => None,
    };
    let shape: Shape = column.form.shape();
    Read { name: column.name, sql, stored, shape }
}
