//! A dossier as a JSON-LD document in standard vocabularies: PROV for who said what on whose word, Web Annotation for the
//! quotes, Dublin Core for the documents.
//!
//! An assertion is a `prov:Entity` that was derived from its source and attributed to the account that recorded it; its
//! quote is an `oa:Annotation` of the source, whose body is the assertion. What these vocabularies have no word for is a
//! term of `urn:demarche:term:`, named as in GraphQL.

use entity::change::Place;
use entity::kind::Kind;
use sea_orm::sea_query::SelectStatement;

use super::archive::{ORDER, standing_now};
use super::cell::{Style, json_text, key};
use super::change::visible;
use super::column::{Column, Form, Sheet};
use super::pipe::Text;
use super::plan::reads;
use super::select::Reader;
use super::since::{Changed, KEYS_MAX, only};
use demarche_core::domain::change::Listener;
use demarche_core::error::Result;
use demarche_core::store::stream::{Cell, Outlet, Row, Taker};

const HEAD: &str = r#"{"@context":{"@version":1.1,"@vocab":"urn:demarche:term:","prov":"http://www.w3.org/ns/prov#","oa":"http://www.w3.org/ns/oa#","dcterms":"http://purl.org/dc/terms/","xsd":"http://www.w3.org/2001/XMLSchema#"},"@graph":["#;

/// Writes the document; of what has changed after a place, if one is given: the records that stand as they are now, and of
/// those that were superseded or retracted the moment since when they are invalid. Who may see more than before is given all.
///
/// # Errors
/// If the database fails, or nobody takes what is written.
pub(super) async fn write(
    reader: &mut Reader<'_>,
    since: Option<(&Listener, Place)>,
    mut page: Text,
    outlet: Option<&Outlet>,
) -> Result<Text> {
    page.text.extend_from_slice(HEAD.as_bytes());
    let changed = match since {
        Some((listener, since)) => Some(Changed::read(reader.snapshot, listener, since, &ORDER).await?),
        None => None,
    };
    let is_part = changed.as_ref().is_some_and(|changed| !changed.opens_any());
    for kind in ORDER {
        let ids: Vec<i64> = changed.iter().flat_map(|changed| changed.of(kind)).map(|(id, _)| id).collect();
        if is_part {
            for ids in ids.chunks(KEYS_MAX) {
                let mut select = standing_now(kind, &reader.scope, reader)?;
                only(&mut select, kind, ids);
                page = entities(reader, kind, select, page, outlet).await?;
            }
        } else {
            let select = standing_now(kind, &reader.scope, reader)?;
            page = entities(reader, kind, select, page, outlet).await?;
        }
        if let Some(changed) = &changed {
            page = invalid(reader, kind, changed, page).await?;
        }
    }
    page.text.extend_from_slice(b"\n]}\n");
    Ok(page)
}

async fn entities(
    reader: &mut Reader<'_>,
    kind: Kind,
    select: SelectStatement,
    page: Text,
    outlet: Option<&Outlet>,
) -> Result<Text> {
    let sheet = Sheet::of(kind);
    let reads = reads(reader, &sheet);
    let entities = Entities { kind, columns: sheet.columns, page };
    Ok(reader.read(kind, select, &reads, entities, outlet).await?.page)
}

/// Those of a kind that were superseded or retracted, as far as one may see them.
async fn invalid(reader: &mut Reader<'_>, kind: Kind, changed: &Changed, mut page: Text) -> Result<Text> {
    let closed: Vec<(i64, i64)> = changed.of(kind).filter_map(|(id, became)| Some((id, became.closed?.1?))).collect();
    for closed in closed.chunks(KEYS_MAX) {
        let ids: Vec<i64> = closed.iter().map(|(id, _)| *id).collect();
        let seen = visible(reader, kind, &ids).await?;
        for (id, at) in closed.iter().filter(|(id, _)| seen.contains(id)) {
            page.text.extend_from_slice(if page.rows == 0 { b"\n" } else { b",\n" });
            page.text.extend_from_slice(b"{\"@id\":");
            urn(kind, *id, &mut page.text);
            page.text.extend_from_slice(b",\"@type\":");
            page.text.extend_from_slice(types(kind).as_bytes());
            lead("prov:invalidatedAtTime", &mut page.text);
            moment(Cell::Integer(*at), &mut page.text)?;
            page.text.push(b'}');
            page.rows += 1;
        }
    }
    Ok(page)
}

fn moment(at: Cell<'_>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"{\"@type\":\"xsd:dateTime\",\"@value\":");
    Style::Json.write(Form::Moment, at, out)?;
    out.push(b'}');
    Ok(())
}

struct Entities {
    kind: Kind,
    columns: Vec<Column>,
    page: Text,
}

impl Taker for Entities {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let first = self.page.rows == 0;
        let out = &mut self.page.text;
        out.extend_from_slice(if first { b"\n" } else { b",\n" });
        let (mut id, mut source, mut quote) = (0, None, None);
        for (at, column) in self.columns.iter().enumerate() {
            let cell = row.cell(at)?;
            if cell == Cell::Null {
                continue;
            }
            match (column.name, column.form, cell) {
                ("id", _, Cell::Integer(key)) => {
                    id = key;
                    out.extend_from_slice(b"{\"@id\":");
                    urn(self.kind, key, out);
                    out.extend_from_slice(b",\"@type\":");
                    out.extend_from_slice(types(self.kind).as_bytes());
                }
                ("quoteExact", ..) => quote = Some(at),
                (name, ..) if name.starts_with("quote") => {}
                (name, Form::Key(kind), Cell::Integer(key)) => {
                    if name == "source" {
                        source = Some(key);
                    }
                    lead(term(name), out);
                    out.extend_from_slice(b"{\"@id\":");
                    urn(kind, key, out);
                    out.push(b'}');
                }
                (name, Form::Keys(kind), Cell::Text(text)) => links(name, kind, text, out),
                (name, Form::Moment, cell) => {
                    lead(term(name), out);
                    moment(cell, out)?;
                }
                (name, Form::Json, cell) => {
                    lead(term(name), out);
                    out.extend_from_slice(b"{\"@type\":\"@json\",\"@value\":");
                    Style::Json.write(Form::Json, cell, out)?;
                    out.push(b'}');
                }
                (name, form, cell) => {
                    lead(term(name), out);
                    Style::Json.write(form, cell, out)?;
                }
            }
        }
        out.push(b'}');
        if let (Some(at), Some(source)) = (quote, source) {
            annotation(self.kind, id, source, at, row, out)?;
        }
        self.page.rows += 1;
        Ok(self.page.piece())
    }
}

/// What a kind is to the provenance vocabulary.
fn types(kind: Kind) -> String {
    let mut noun = kind.noun().to_owned();
    if let Some(first) = noun.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    match kind {
        Kind::Stakeholder => format!("[\"prov:Agent\",\"{noun}\"]"),
        Kind::Source => format!("[\"prov:Entity\",\"dcterms:BibliographicResource\",\"{noun}\"]"),
        Kind::Dossier => format!("[\"prov:Collection\",\"{noun}\"]"),
        _ => format!("[\"prov:Entity\",\"{noun}\"]"),
    }
}

/// The term of a standard vocabulary for a column, where there is one.
fn term(name: &'static str) -> &'static str {
    match name {
        "source" => "prov:wasDerivedFrom",
        "recordedBy" | "createdBy" => "prov:wasAttributedTo",
        "recordedAt" | "createdAt" => "prov:generatedAtTime",
        "supersedes" => "prov:wasRevisionOf",
        "title" => "dcterms:title",
        "description" => "dcterms:description",
        "publisher" => "dcterms:publisher",
        "author" => "dcterms:creator",
        "language" => "dcterms:language",
        "publishedOn" => "dcterms:issued",
        "updatedAt" => "dcterms:modified",
        "dossier" => "dcterms:isPartOf",
        other => other,
    }
}

fn urn(kind: Kind, id: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"urn:demarche:");
    out.extend(key(kind, id));
    out.push(b'"');
}

fn lead(name: &str, out: &mut Vec<u8>) {
    out.push(b',');
    json_text(name, out);
    out.push(b':');
}

/// References to several: to records, or to a role that a record has.
fn links(name: &'static str, kind: Kind, text: &str, out: &mut Vec<u8>) {
    lead(name, out);
    out.push(b'[');
    let items = text.split(' ').filter_map(|item| {
        let (role, key) = item.rsplit_once(':').map_or((None, item), |(role, key)| (Some(role), key));
        Some((role, key.parse::<i64>().ok()?))
    });
    for (n, (role, key)) in items.enumerate() {
        if n > 0 {
            out.push(b',');
        }
        match role {
            Some(role) => {
                out.extend_from_slice(b"{\"role\":");
                json_text(role, out);
                out.extend_from_slice(b",\"stakeholder\":{\"@id\":");
                urn(kind, key, out);
                out.extend_from_slice(b"}}");
            }
            None => {
                out.extend_from_slice(b"{\"@id\":");
                urn(kind, key, out);
                out.push(b'}');
            }
        }
    }
    out.push(b']');
}

/// The quote as an annotation of the source. The columns of a quote stand side by side, from `at` on.
fn annotation(kind: Kind, id: i64, source: i64, at: usize, row: Row<'_>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b",\n{\"@id\":\"urn:demarche:");
    out.extend(key(kind, id));
    out.extend_from_slice(b":quote\",\"@type\":\"oa:Annotation\",\"oa:hasBody\":{\"@id\":");
    urn(kind, id, out);
    out.extend_from_slice(b"},\"oa:hasTarget\":{\"@type\":\"oa:SpecificResource\",\"oa:hasSource\":{\"@id\":");
    urn(Kind::Source, source, out);
    out.extend_from_slice(b"},\"oa:hasSelector\":[{\"@type\":\"oa:TextQuoteSelector\"");
    for (n, name) in ["oa:exact", "oa:prefix", "oa:suffix"].into_iter().enumerate() {
        if let Cell::Text(text) = row.cell(at + n)? {
            lead(name, out);
            json_text(text, out);
        }
    }
    out.push(b'}');
    if let (Cell::Integer(start), Cell::Integer(end)) = (row.cell(at + 3)?, row.cell(at + 4)?) {
        let selector = format!(",{{\"@type\":\"oa:TextPositionSelector\",\"oa:start\":{start},\"oa:end\":{end}}}");
        out.extend_from_slice(selector.as_bytes());
    }
    out.extend_from_slice(b"]}}");
    Ok(())
}
