//! Tables through a mapping: a TOML file that says which column becomes which field. `api/mappings/README.md` explains it.

mod cell;
mod rows;
mod spec;

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use entity::kind::Kind;
use entity::record::Record;
use serde_json::{Map, Value};

pub(super) use self::cell::slug;
use self::rows::Rows;
use self::spec::{Dossier, Spec, Table};
use super::draft::ClaimLine;
use super::record::Said;
use super::run::{Parsed, Parsing, Tables};
use super::stage::{ASSERTIONS, NODES, Origin, Owner, Stage};
use super::{input, record};
use demarche_core::error::{Error, Result};

/// A mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    text: Text,
    spec: Spec,
}

/// The text of a mapping, to say where in it something stands.
#[derive(Clone, Debug)]
struct Text {
    name: String,
    text: Arc<str>,
}

impl Text {
    /// What is wrong at a byte.
    fn error(&self, at: usize, message: impl std::fmt::Display) -> Error {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::BadInput(format!("{}: line {line}, column {column}: {message}", self.name))
    }
}

impl Mapping {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::BadInput`] with the line and the column of what is wrong.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let text = fs::read_to_string(path)
            .map_err(|cause| Error::BadInput(format!("cannot read the mapping {}: {cause}", path.display())))?;
        Self::parse(name, &text)
    }

    fn parse(name: String, text: &str) -> Result<Self> {
        let text = Text { name, text: text.into() };
        let spec: Spec = toml::from_str(&text.text)
            .map_err(|error| text.error(error.span().map_or(0, |span| span.start), error.message().trim()))?;
        let mapping = Self { text, spec };
        mapping.check()?;
        Ok(mapping)
    }

    /// Whether all records and fields that it names are some of the format.
    fn check(&self) -> Result<()> {
        for table in &self.spec.tables {
            let kind = self.kind(table)?;
            for field in table.fields.keys() {
                if let Some(message) = record::no_such_field(kind, field.get_ref()) {
                    return Err(self.text.error(field.span().start, message));
                }
            }
        }
        Ok(())
    }

    fn kind(&self, table: &Table) -> Result<Kind> {
        let name = table.record.get_ref();
        let kind = record::kind(name).filter(|kind| *kind != Kind::Dossier);
        let expected = || {
            let known: Vec<&str> = NODES.iter().chain(&ASSERTIONS).map(|kind| kind.noun()).collect();
            let message = format!("there is no kind of record {name:?}, expected one of {}", known.join(", "));
            self.text.error(table.record.span().start, message)
        };
        kind.ok_or_else(expected)
    }

    /// Stages the dossier, the records that stand in the mapping itself, and the nodes of the tables; gives the tables of
    /// assertions.
    ///
    /// # Errors
    /// [`Error::BadInput`] if a table is not there or has not the columns that the mapping names; or if a record is refused
    /// and nothing may be.
    pub(super) fn stage(self, folder: &Path, stage: &mut Stage, bytes_max: u64) -> Result<MappedTables> {
        let own = stage.origin(Origin { name: Some(self.text.name.clone()), ..Origin::default() });
        match &self.spec.dossier {
            Dossier::Slug(slug) => stage.enter(Owner::Named(slug.clone(), None)),
            Dossier::Record(fields) => stage.push(own, 1, &line(Kind::Dossier, constants(fields)))?,
        }
        for (name, records) in &self.spec.records {
            let kind = record::kind(name.get_ref()).filter(|kind| *kind != Kind::Dossier);
            let unknown =
                || self.text.error(name.span().start, format!("there is no kind of record {:?}", name.get_ref()));
            let kind = kind.ok_or_else(unknown)?;
            let at = self.text.text.get(..name.span().start).unwrap_or_default().matches('\n').count() + 1;
            for record in records {
                stage.push(own, u64::try_from(at).unwrap_or(0), &line(kind, constants(record)))?;
            }
        }
        let mut assertions: BTreeMap<Kind, VecDeque<(u32, Rows)>> = BTreeMap::new();
        let mut opened = Vec::new();
        // All are looked at before the first is read, so that a mapping that does not fit is known at once.
        for table in &self.spec.tables {
            let kind = self.kind(table)?;
            let path = input::find(folder, table.path.get_ref())
                .map_err(|error| self.text.error(table.path.span().start, error))?;
            stage.meter.expect(fs::metadata(&path).map_or(0, |file| file.len()));
            let defaults = self.spec.defaults.get(kind.noun()).map(constants).unwrap_or_default();
            let rows = Rows::open(&path, &self.text, table, kind, defaults, &stage.meter, bytes_max)?;
            opened.push((kind, rows));
        }
        for (kind, rows) in opened {
            let origin = stage.origin(rows.origin());
            if kind.is_assertion() {
                assertions.entry(kind).or_default().push_back((origin, rows));
            } else {
                stage_rows(stage, origin, kind, rows)?;
            }
        }
        Ok(MappedTables { assertions })
    }
}

fn stage_rows(stage: &mut Stage, origin: u32, kind: Kind, mut rows: Rows) -> Result<()> {
    while let Some((number, fields)) = rows.next()? {
        match fields {
            Ok(fields) => {
                let fields = fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
                stage.push(origin, number, &line(kind, fields))?;
            }
            Err(wrong) => stage.refuse(origin, Some(number), None, Some(kind.noun().to_owned()), wrong)?,
        }
    }
    Ok(())
}

/// A record as a line of the interchange format.
fn line(kind: Kind, mut fields: Map<String, Value>) -> String {
    fields.insert("record".to_owned(), kind.noun().into());
    Value::Object(fields).to_string()
}

/// Fields that the mapping itself gives.
fn constants(fields: &BTreeMap<String, toml::Value>) -> Map<String, Value> {
    fields.iter().map(|(field, value)| (field.clone(), cell::constant(value))).collect()
}

/// The assertions of the tables of a mapping.
pub(super) struct MappedTables {
    assertions: BTreeMap<Kind, VecDeque<(u32, Rows)>>,
}

impl Tables for MappedTables {
    fn of<L: ClaimLine + 'static>(&mut self, kind: Kind) -> Result<Vec<Parsing<L>>> {
        debug_assert_eq!(kind, L::Entity::KIND);
        let tables = self.assertions.remove(&kind).unwrap_or_default();
        Ok(tables.into_iter().map(|(origin, rows)| parse::<L>(origin, rows)).collect())
    }
}

fn parse<L: ClaimLine + 'static>(origin: u32, mut rows: Rows) -> Parsing<L> {
    Box::new(std::iter::from_fn(move || {
        let (line, fields) = match rows.next() {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        let record = fields.and_then(record::assemble);
        Some(Ok(Parsed { origin, line, text: None, record: record.map(Said::Asserted) }))
    }))
}
