//! A record as a line of the interchange format.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::kind::Kind;

use super::super::cell::{Style, json_text, key, write_day};
use super::super::column::{Column, Form};
use super::super::pipe::Text;
use demarche_core::error::Result;
use demarche_core::store::stream::{Cell, Row, Taker};

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

/// How the records of the file are called in it, and in which order they stand.
#[derive(Default)]
pub(super) struct Names(HashMap<i64, (usize, String)>);

impl Names {
    /// The keys of the records that have one.
    pub(super) fn keys(&self) -> impl Iterator<Item = i64> {
        self.0.keys().copied()
    }

    pub(super) fn add(&mut self, key: i64, name: String) {
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

/// Writes lines of one kind.
pub(super) struct Lines {
    kind: Kind,
    /// Those of the rows.
    pub(super) columns: Arc<[Column]>,
    pub(super) page: Text,
    pub(super) names: Names,
    /// The names that whoever has an earlier file knows corrected assertions by, where they differ, by the key of the correction.
    pub(super) corrects: HashMap<i64, String>,
    /// What stands above, or in an earlier file.
    pub(super) written: HashSet<i64>,
    waiting: Vec<Waiting>,
}

impl Taker for Lines {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let line = self.read(row)?;
        self.waiting.push(line);
        self.settle();
        Ok(self.page.piece())
    }
}

impl Lines {
    pub(super) fn new(kind: Kind, page: Text, names: Names) -> Self {
        let (columns, corrects, written) = (Arc::from([]), HashMap::new(), HashSet::new());
        Self { kind, columns, page, names, corrects, written, waiting: Vec::new() }
    }

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
    pub(super) fn rest(&mut self) {
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

    fn read(&self, row: Row<'_>) -> Result<Waiting> {
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
                    field.push(b'"');
                    let known = match precision {
                        "YEAR" => 4,
                        "MONTH" => 7,
                        _ => 10,
                    };
                    let start = field.len();
                    write_day(day, &mut field);
                    field.truncate(start + known);
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
        if let Some(name) = self.corrects.get(&line.key) {
            line.fields.push(Field::Written(text_field("supersedes", name)));
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
            _ if named && cell == Cell::Null => return,
            cell => name(self.kind, line.key, cell),
        };
        line.fields.push(Field::Written(text_field("externalId", &name)));
        if !named {
            line.name = name;
        }
    }

    /// The columns of a quote stand side by side, from `at` on.
    fn quote(&self, at: usize, row: Row<'_>) -> Result<Vec<u8>> {
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

/// The external id of a record: its own, or what stands for it.
pub(super) fn name(kind: Kind, id: i64, own: Cell<'_>) -> String {
    match own {
        Cell::Text(name) => name.to_owned(),
        _ => String::from_utf8_lossy(&key(kind, id)).into_owned(),
    }
}

/// A field that is a text.
pub(super) fn text_field(name: &str, text: &str) -> Vec<u8> {
    let mut field = Vec::new();
    lead(name, &mut field);
    json_text(text, &mut field);
    field
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
