//! What may be asked of an export, and how that is read: for HTTP and for the command line alike. Its filter, its order, its time
//! and its rule are GraphQL's words, which [`demarche_graphql::export`] reads.
//!
//! A crate, so that Cargo builds GraphQL before the imports: it begins with what most crates wait for.

use entity::moment::Moment;
use entity::record::AsOf;
use serde_json::{Map, Value as Json};

use demarche_core::domain::change::read_cursor;
use demarche_core::error::{Error, Result};
use demarche_core::op::Op;
use demarche_export::{Compression, Content, Network, Request, Table};
use demarche_graphql::export::{as_of, standings, subject};

/// What can be exported.
const KINDS: [&str; 17] = [
    "dossiers",
    "stakeholders",
    "mechanisms",
    "conditions",
    "arguments",
    "sources",
    "positions",
    "relations",
    "statuses",
    "findings",
    "events",
    "implications",
    "ratings",
    "changes",
    "standings",
    "network",
    "archive",
];

/// What an export may be asked by.
const ARGUMENTS: [&str; 8] = ["filter", "orderBy", "asOf", "since", "rule", "columns", "dossier", "raw"];

/// Reads what is asked for. `pinned` is the moment of an export that is to be written again.
///
/// # Errors
/// [`Error::BadInput`] that says which argument makes no sense.
pub fn read(
    op: &Op,
    kind: &str,
    format: &str,
    arguments: &Map<String, Json>,
    compression: Compression,
    pinned: Option<Moment>,
) -> Result<Request> {
    if let Some(unknown) = arguments.keys().find(|name| !ARGUMENTS.contains(&name.as_str())) {
        let expected = ARGUMENTS.join(", ");
        return Err(Error::BadInput(format!("there is no argument {unknown:?}, expected one of {expected}")));
    }
    let given = |name: &str| arguments.get(name).filter(|value| !value.is_null());
    if is_incremental(kind, arguments) {
        incremental(kind, arguments, pinned)?;
    }
    let since = given("since").map(|value| text("since", value)).transpose()?;
    let since = since.map(|since| read_cursor("since", &since)).transpose()?;
    let raw = given("raw").map(flag).transpose()?.unwrap_or_default();
    let content = content(kind, format, raw, given("filter"), given("orderBy"), given("rule"))?;
    let moment = pinned.unwrap_or_else(|| op.now());
    let (valid, recorded) = as_of(given("asOf"))?;
    let today = chrono::DateTime::<chrono::Utc>::from(moment).date_naive();
    let as_of = AsOf { valid: valid.unwrap_or(today), recorded: recorded.or(pinned) };
    let columns = given("columns").map(columns).transpose()?;
    let dossier = given("dossier").map(|value| text("dossier", value)).transpose()?;
    let mut asked = arguments.clone();
    asked.insert("kind".to_owned(), kind.into());
    asked.insert("format".to_owned(), format.into());
    Ok(Request { content, columns, as_of, since, dossier, compression, moment, asked })
}

/// Whether an export begins with what has changed, and not with what there is.
pub fn is_incremental(kind: &str, arguments: &Map<String, Json>) -> bool {
    kind == "changes" || arguments.get("since").is_some_and(|since| !since.is_null())
}

/// Reports what cannot be asked of what has changed.
fn incremental(kind: &str, arguments: &Map<String, Json>, pinned: Option<Moment>) -> Result<()> {
    let refuse = |name: &str, why: &str| match arguments.get(name) {
        Some(value) if !value.is_null() => Err(Error::BadInput(format!("{name}: {why}"))),
        _ => Ok(()),
    };
    if kind == "changes" {
        refuse("filter", "changes name records of every kind: ask for those of one kind with `since`")?;
    }
    refuse("orderBy", "what has changed has an order of its own")?;
    refuse("asOf", "what has changed is given as it is now")?;
    match pinned {
        Some(_) => {
            Err(Error::BadInput("snapshot: what has changed is given as it is now: ask for it again".to_owned()))
        }
        None => Ok(()),
    }
}

fn content(
    kind: &str,
    format: &str,
    raw: bool,
    filter: Option<&Json>,
    order_by: Option<&Json>,
    rule: Option<&Json>,
) -> Result<Content> {
    let derived = matches!(kind, "standings" | "network");
    let refuse = |name: &str, given: bool, why: &str| match given {
        true => Err(Error::BadInput(format!("{name}: {why}"))),
        false => Ok(()),
    };
    refuse("rule", rule.is_some() && !derived, "only standings and networks have one")?;
    refuse("orderBy", order_by.is_some() && derived, "standings are ordered by mechanism, then by stakeholder")?;
    let defused = !raw;
    match (kind, format) {
        ("archive", "jsonl" | "jsonld") => {
            refuse("filter", filter.is_some(), "an archive is whole")?;
            refuse("orderBy", order_by.is_some(), "an archive has an order of its own")?;
            Ok(if format == "jsonl" { Content::Archive } else { Content::LinkedData })
        }
        ("archive", _) => Err(no_format(format, "jsonl or jsonld")),
        ("network", "graphml") => Ok(Content::Network(standings(filter, rule)?, Network::GraphMl)),
        ("network", "gexf") => Ok(Content::Network(standings(filter, rule)?, Network::Gexf)),
        ("network", "csv") => Ok(Content::Network(standings(filter, rule)?, Network::Csv { defused })),
        ("network", _) => Err(no_format(format, "graphml, gexf or csv")),
        (_, "csv") => table(kind, Table::Csv { defused }, filter, order_by, rule),
        (_, "jsonl") => table(kind, Table::JsonLines, filter, order_by, rule),
        (_, "parquet") => table(kind, Table::Parquet, filter, order_by, rule),
        (_, "arrow") => table(kind, Table::Arrow, filter, order_by, rule),
        _ => Err(no_format(format, "csv, jsonl, parquet or arrow")),
    }
}

fn no_format(format: &str, expected: &str) -> Error {
    Error::BadInput(format!("there is no format {format:?} here, expected {expected}"))
}

fn table(
    kind: &str,
    table: Table,
    filter: Option<&Json>,
    order_by: Option<&Json>,
    rule: Option<&Json>,
) -> Result<Content> {
    match kind {
        "changes" => Ok(Content::Changes(table)),
        "standings" => Ok(Content::Standings(standings(filter, rule)?, table)),
        _ => match subject(kind, filter, order_by)? {
            Some(subject) => Ok(Content::Records(subject, table)),
            None => Err(Error::NotFound(format!("there is no export {kind:?}, expected one of {}", KINDS.join(", ")))),
        },
    }
}

fn flag(value: &Json) -> Result<bool> {
    value.as_bool().ok_or_else(|| Error::BadInput("raw: expected true or false".to_owned()))
}

fn text(name: &str, value: &Json) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| Error::BadInput(format!("{name}: expected a text")))
}

fn columns(value: &Json) -> Result<Vec<String>> {
    let expected = || Error::BadInput("columns: expected a list of names".to_owned());
    value
        .as_array()
        .ok_or_else(expected)?
        .iter()
        .map(|name| name.as_str().map(str::to_owned).ok_or_else(expected))
        .collect()
}
