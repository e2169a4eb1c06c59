//! The whole of a dossier in the interchange format, which `demarche load` takes back.
//!
//! A record stands below all that it refers to, and is referred to by its slug or its external id; one that has neither gets
//! its public id as its external id. Lists stand in the order of what they name in the file. So the keys of a database leave
//! no trace, and a dossier that was loaded from a file is written as the same file.
//!
//! The fields of a line are the columns of the record's table: see [`super::column`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::kind::Kind;
use entity::record::Record;
use entity::scope::Scope;
use sea_orm::sea_query::SelectStatement;

use super::cell::{Style, json_text, key};
use super::column::{Column, Form, Sheet};
use super::pipe::Text;
use super::plan::reads;
use super::select::{Read, Reader, Records, Subject};
use crate::error::{Error, Result};
use crate::store::stream::{Cell, Keys, Outlet, Row, Taker};

/// The kinds, each below those that it refers to.
pub(super) const ORDER: [Kind; 13] = [
    Kind::Dossier,
    Kind::Source,
    Kind::Stakeholder,
    Kind::Mechanism,
    Kind::Condition,
    Kind::Argument,
    Kind::Relation,
    Kind::Position,
    Kind::Status,
    Kind::Finding,
    Kind::Event,
    Kind::Implication,
    Kind::Rating,
];

const HEADER: &[u8] = b"{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n";

/// The columns that only the database that they stand in knows.
const OWN: [&str; 10] = [
    "id",
    "dossier",
    "version",
    "createdAt",
    "createdBy",
    "updatedAt",
    "recordedAt",
    "recordedBy",
    "supersedes",
    "quoteExact",
];

/// Writes one dossier, or all that one may see, one after the other.
///
/// # Errors
/// If the database fails, or nobody takes what is written.
pub(super) async fn write(reader: &mut Reader<'_>, mut page: Text, outlet: Option<&Outlet>) -> Result<Text> {
    page.text.extend_from_slice(HEADER);
    let mut names = Names::default();
    let asked = reader.dossier;
    for dossier in keys(reader).await? {
        reader.dossier = Some(dossier);
        for kind in ORDER {
            (page, names) = records(reader, kind, page, names, outlet).await?;
        }
    }
    reader.dossier = asked;
    Ok(page)
}

/// The dossiers, oldest first.
async fn keys(reader: &mut Reader<'_>) -> Result<Vec<i64>> {
    let sheet = Sheet::of(Kind::Dossier);
    let reads: Vec<Read> = reads(reader, &sheet).into_iter().filter(|read| read.name == "id").collect();
    let select = standing_now(Kind::Dossier, &reader.scope, reader)?;
    Ok(reader.read(Kind::Dossier, select, &reads, Keys::default(), None).await?.0)
}

/// The records of a kind that stand, by key.
pub(super) fn standing_now(kind: Kind, scope: &Scope, reader: &Reader<'_>) -> Result<SelectStatement> {
    fn of<E: Record>(scope: &Scope, reader: &Reader<'_>) -> SelectStatement {
        let records =
            Records::<E> { filter: entity::filter::Filter::default(), sort: entity::page::Sort::new(Vec::new()) };
        records.select(scope, reader.as_of, reader.dossier)
    }
    Ok(match kind {
        Kind::Dossier => of::<entity::dossier::Entity>(scope, reader),
        Kind::Stakeholder => of::<entity::stakeholder::Entity>(scope, reader),
        Kind::Mechanism => of::<entity::mechanism::Entity>(scope, reader),
        Kind::Condition => of::<entity::condition::Entity>(scope, reader),
        Kind::Argument => of::<entity::argument::Entity>(scope, reader),
        Kind::Source => of::<entity::source::Entity>(scope, reader),
        Kind::Position => of::<entity::position::Entity>(scope, reader),
        Kind::Relation => of::<entity::relation::Entity>(scope, reader),
        Kind::Status => of::<entity::status::Entity>(scope, reader),
        Kind::Finding => of::<entity::finding::Entity>(scope, reader),
        Kind::Event => of::<entity::event::Entity>(scope, reader),
        Kind::Implication => of::<entity::implication::Entity>(scope, reader),
        Kind::Rating => of::<entity::rating::Entity>(scope, reader),
        Kind::Revision | Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => {
            return Err(Error::internal("they are no part of a dossier's file"));
        }
    })
}

async fn records(
    reader: &mut Reader<'_>,
    kind: Kind,
    page: Text,
    names: Names,
    outlet: Option<&Outlet>,
) -> Result<(Text, Names)> {
    let sheet = Sheet::of(kind);
    let reads = reads(reader, &sheet);
    let select = standing_now(kind, &reader.scope, reader)?;
    let lines =
        Lines { kind, columns: Arc::from(sheet.columns), page, names, waiting: Vec::new(), written: HashSet::new() };
    let mut lines = reader.read(kind, select, &reads, lines, outlet).await?;
    lines.rest();
    if let (Some(piece), Some(outlet)) = (lines.page.piece(), outlet) {
        outlet.send(piece).await?;
    }
    Ok((lines.page, lines.names))
}

/// How the records of the file are called in it, and in which order they stand.
#[derive(Default)]
struct Names(HashMap<i64, (usize, String)>);

impl Names {
    fn add(&mut self, key: i64, name: String) {
        let rank = self.0.len();
        self.0.insert(key, (rank, name));
    }

    fn get(&self, key: i64) -> Option<&(usize, String)> {
        self.0.get(&key)
    }
}

/// A line that waits for others of its kind to stand above it. Its references are not written yet.
struct Waiting {
    key: i64,
    name: String,
    above: Vec<i64>,
    fields: Vec<Field>,
}

enum Field {
    /// As it stands in the file.
    Written(Vec<u8>),
    One(&'static str, i64),
    Many(&'static str, Vec<i64>),
    Roles(&'static str, Vec<(i64, String)>),
}

struct Lines {
    kind: Kind,
    columns: Arc<[Column]>,
    page: Text,
    names: Names,
    waiting: Vec<Waiting>,
    written: HashSet<i64>,
}

impl Taker for Lines {
    fn take(&mut self, row: &dyn Row) -> Result<Option<Vec<u8>>> {
        let line = self.read(row)?;
        self.waiting.push(line);
        self.settle();
        Ok(self.page.piece())
    }
}

impl Lines {
    /// Writes all lines that wait for none.
    fn settle(&mut self) {
        while let Some(at) =
            self.waiting.iter().position(|line| line.above.iter().all(|key| self.written.contains(key)))
        {
            let line = self.waiting.remove(at);
            self.write(line);
        }
    }

    /// Writes what waits for each other: whoever reads the file must take references that point downwards.
    fn rest(&mut self) {
        while !self.waiting.is_empty() {
            let names: Vec<(i64, String)> = self.waiting.iter().map(|line| (line.key, line.name.clone())).collect();
            for (key, name) in names {
                if self.names.get(key).is_none() {
                    self.names.add(key, name);
                }
            }
            let line = self.waiting.remove(0);
            self.write(line);
            self.settle();
        }
    }

    fn write(&mut self, line: Waiting) {
        let Waiting { key, name, above: _, fields } = line;
        let out = &mut self.page.text;
        out.extend_from_slice(b"{\"record\":\"");
        out.extend_from_slice(self.kind.noun().as_bytes());
        out.push(b'"');
        for field in fields {
            match field {
                Field::Written(bytes) => out.extend_from_slice(&bytes),
                Field::One(field, key) => {
                    if let Some((_, name)) = self.names.get(key) {
                        lead(field, out);
                        json_text(name, out);
                    }
                }
                Field::Many(field, keys) => {
                    let named: Vec<&(usize, String)> = keys.iter().filter_map(|key| self.names.get(*key)).collect();
                    list(field, named, out, |(_, name), out| json_text(name, out));
                }
                Field::Roles(field, roles) => {
                    let named = |(key, role): &(i64, String)| Some((self.names.get(*key)?.clone(), role.clone()));
                    let named: Vec<((usize, String), String)> = roles.iter().filter_map(named).collect();
                    list(field, named.iter().collect(), out, |((_, name), role), out| {
                        out.extend_from_slice(b"{\"stakeholder\":");
                        json_text(name, out);
                        out.extend_from_slice(b",\"role\":");
                        json_text(role, out);
                        out.push(b'}');
                    });
                }
            }
        }
        out.extend_from_slice(b"}\n");
        self.page.rows += 1;
        self.written.insert(key);
        let referred = self.kind.is_node() || self.kind == Kind::Relation;
        if referred && self.names.get(key).is_none() {
            self.names.add(key, name);
        }
    }

    fn read(&self, row: &dyn Row) -> Result<Waiting> {
        let mut line = Waiting { key: 0, name: String::new(), above: Vec::new(), fields: Vec::new() };
        let mut marking = None;
        for (at, column) in self.columns.iter().enumerate() {
            let cell = row.cell(at)?;
            match (column.name, column.form, cell) {
                ("id", _, Cell::Integer(key)) => line.key = key,
                ("externalId", ..) if self.kind == Kind::Dossier => {}
                ("externalId", _, cell) => self.external_id(cell, &mut line),
                ("marking", _, cell) => marking = Some(cell),
                ("quoteExact", _, Cell::Text(_)) => line.fields.push(Field::Written(self.quote(at, row)?)),
                (name, ..) if OWN.contains(&name) || name.starts_with("quote") || name.ends_with("Precision") => {}
                (_, _, Cell::Null) => {}
                (name, Form::Date, Cell::Date(day)) => {
                    let Cell::Text(precision) = row.cell(at + 1)? else { continue };
                    let mut field = Vec::new();
                    lead(name, &mut field);
                    let known = match precision {
                        "YEAR" => 4,
                        "MONTH" => 7,
                        _ => 10,
                    };
                    field.push(b'"');
                    field.extend(day.iter().take(known));
                    field.push(b'"');
                    line.fields.push(Field::Written(field));
                }
                (name, Form::Key(kind), Cell::Integer(key)) => {
                    if kind == self.kind {
                        line.above.push(key);
                    }
                    line.fields.push(Field::One(name, key));
                }
                (name, Form::Keys(kind), Cell::Text(text)) => many(kind == self.kind, name, text, &mut line),
                (_, Form::Json, Cell::Text("[]")) => {}
                (name, form, cell) => {
                    if let ("slug", Cell::Text(slug)) = (name, cell) {
                        slug.clone_into(&mut line.name);
                    }
                    let mut field = Vec::new();
                    lead(name, &mut field);
                    Style::Json.write(form, cell, &mut field)?;
                    line.fields.push(Field::Written(field));
                }
            }
        }
        if let Some(cell) = marking.filter(|cell| cell.integer() != Some(0)) {
            let mut field = Vec::new();
            lead("marking", &mut field);
            Style::Json.write(Form::Marking, cell, &mut field)?;
            line.fields.push(Field::Written(field));
        }
        Ok(line)
    }

    fn external_id(&self, cell: Cell<'_>, line: &mut Waiting) {
        let named = self.columns.iter().any(|column| column.name == "slug");
        let name = match cell {
            Cell::Text(name) => name.to_owned(),
            _ if named => return,
            _ => String::from_utf8_lossy(&key(self.kind, line.key)).into_owned(),
        };
        let mut field = Vec::new();
        lead("externalId", &mut field);
        json_text(&name, &mut field);
        line.fields.push(Field::Written(field));
        if !named {
            line.name = name;
        }
    }

    /// The columns of a quote stand side by side, from `at` on.
    fn quote(&self, at: usize, row: &dyn Row) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        lead("quote", &mut out);
        out.push(b'{');
        for (n, name) in ["exact", "prefix", "suffix", "start", "end"].into_iter().enumerate() {
            let cell = row.cell(at + n)?;
            if cell != Cell::Null {
                if n > 0 {
                    out.push(b',');
                }
                json_text(name, &mut out);
                out.push(b':');
                Style::Json.write(Form::Text, cell, &mut out)?;
            }
        }
        out.push(b'}');
        Ok(out)
    }
}

/// A list of references: `KEY` or `ROLE:KEY`, with a space between two.
fn many(same_kind: bool, name: &'static str, text: &str, line: &mut Waiting) {
    let (mut keys, mut roles) = (Vec::new(), Vec::new());
    for item in text.split(' ') {
        let (role, key) = item.rsplit_once(':').map_or((None, item), |(role, key)| (Some(role), key));
        let Ok(key) = key.parse() else { continue };
        match role {
            Some(role) => roles.push((key, role.to_owned())),
            None => keys.push(key),
        }
    }
    if same_kind {
        line.above.extend(&keys);
    }
    if !roles.is_empty() {
        line.fields.push(Field::Roles(name, roles));
    }
    if !keys.is_empty() {
        line.fields.push(Field::Many(name, keys));
    }
}

fn lead(name: &str, out: &mut Vec<u8>) {
    out.push(b',');
    json_text(name, out);
    out.push(b':');
}

/// A list in the order of the file.
fn list<T: Ord>(name: &str, mut items: Vec<&T>, out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    if items.is_empty() {
        return;
    }
    items.sort();
    lead(name, out);
    out.push(b'[');
    for (n, item) in items.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}
