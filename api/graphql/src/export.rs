//! Exports in GraphQL's words: the filter, the order, the time and the rule of an export are the JSON form of the inputs of
//! the GraphQL connection of the same name.

use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{InputType, Pos, Value};
use entity::moment::Moment;
use entity::page::{Order, Sort};
use entity::record::AsOf;
use serde_json::{Map, Value as Json};

use crate::filter::FilterInput;
use crate::list::{AsOfInput, Listed, ORDER_MAX, OrderDirection, OrderInput};
use crate::standing::{StandingFilter, StandingRule};
use demarche_core::domain::change::read_cursor;
use demarche_core::domain::standing::Verdict;
use demarche_core::error::{Error, Result};
use demarche_core::export::{Compression, Content, Network, Records, Request, Standings, Subject, Table};
use demarche_core::op::Op;

/// What can be exported.
pub const KINDS: [&str; 17] = [
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
    let AsOfInput { valid, recorded } =
        given("asOf").map(|value| input("asOf", value)).transpose()?.unwrap_or_default();
    let today = chrono::DateTime::<chrono::Utc>::from(moment).date_naive();
    let as_of = AsOf { valid: valid.map_or(today, |day| day.0), recorded: recorded.map(Moment::from).or(pinned) };
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
        _ => Ok(Content::Records(subject(kind, filter, order_by)?, table)),
    }
}

fn subject(kind: &str, filter: Option<&Json>, order_by: Option<&Json>) -> Result<Box<dyn Subject>> {
    match kind {
        "dossiers" => records::<entity::dossier::Entity>(filter, order_by),
        "stakeholders" => records::<entity::stakeholder::Entity>(filter, order_by),
        "mechanisms" => records::<entity::mechanism::Entity>(filter, order_by),
        "conditions" => records::<entity::condition::Entity>(filter, order_by),
        "arguments" => records::<entity::argument::Entity>(filter, order_by),
        "sources" => records::<entity::source::Entity>(filter, order_by),
        "positions" => records::<entity::position::Entity>(filter, order_by),
        "relations" => records::<entity::relation::Entity>(filter, order_by),
        "statuses" => records::<entity::status::Entity>(filter, order_by),
        "findings" => records::<entity::finding::Entity>(filter, order_by),
        "events" => records::<entity::event::Entity>(filter, order_by),
        "implications" => records::<entity::implication::Entity>(filter, order_by),
        "ratings" => records::<entity::rating::Entity>(filter, order_by),
        _ => Err(Error::NotFound(format!("there is no export {kind:?}, expected one of {}", KINDS.join(", ")))),
    }
}

fn records<E: Listed>(filter: Option<&Json>, order_by: Option<&Json>) -> Result<Box<dyn Subject>>
where
    OrderInput<E::OrderField>: InputType,
{
    let filter = filter.map(|value| input::<E::Filter>("filter", value)).transpose()?;
    let filter = filter.map(FilterInput::filter).transpose().map_err(plain)?.unwrap_or_default();
    let terms = order_by.map(|value| input::<Vec<OrderInput<E::OrderField>>>("orderBy", value)).transpose()?;
    let terms = terms.unwrap_or_default();
    if terms.len() > ORDER_MAX {
        return Err(Error::BadInput(format!("orderBy: has {} terms, expected at most {ORDER_MAX}", terms.len())));
    }
    let order = |term: OrderInput<E::OrderField>| Order {
        column: E::column(term.field),
        descending: term.direction == OrderDirection::Desc,
    };
    let sort = Sort::new(terms.into_iter().map(order).collect());
    Ok(Box::new(Records::<E> { filter, sort }))
}

fn standings(filter: Option<&Json>, rule: Option<&Json>) -> Result<Standings> {
    let filter = filter.map(|value| input::<StandingFilter>("filter", value)).transpose()?.unwrap_or_default();
    let rule = rule.map(|value| input::<StandingRule>("rule", value)).transpose()?.unwrap_or_default();
    let (stakeholders, mechanisms, test) = filter.read().map_err(plain)?;
    let holds = move |verdict: Option<&Verdict>| test.passes(verdict);
    Ok(Standings { rule: rule.into(), stakeholders, mechanisms, holds: std::sync::Arc::new(holds) })
}

/// Reads a GraphQL input from its JSON form.
fn input<T: InputType>(name: &str, json: &Json) -> Result<T> {
    let wrong = |message: String| Error::BadInput(format!("{name}: {message}"));
    let value = Value::from_json(json.clone()).map_err(|cause| wrong(cause.to_string()))?;
    let mut registry = Registry::default();
    let declared = T::create_type_info(&mut registry);
    known(&registry, &declared, &value, name).map_err(Error::BadInput)?;
    T::parse(Some(value)).map_err(|error| wrong(error.into_server_error(Pos::default()).message))
}

/// Makes sure that every field is one of its input: parsing passes over the others, and a filter with a typing mistake
/// would let everything out.
fn known(registry: &Registry, declared: &str, value: &Value, path: &str) -> Result<(), String> {
    match value {
        Value::List(items) => {
            let item = match MetaTypeName::create(declared).unwrap_non_null() {
                MetaTypeName::List(item) => item,
                _ => declared,
            };
            items.iter().enumerate().try_for_each(|(n, value)| known(registry, item, value, &format!("{path}.{n}")))
        }
        Value::Object(fields) => {
            let name = MetaTypeName::concrete_typename(declared);
            let Some(MetaType::InputObject { input_fields, .. }) = registry.types.get(name) else {
                return Err(format!("{path}: expected a value of the type {declared}, not an object"));
            };
            fields.iter().try_for_each(|(field, value)| match input_fields.get(field.as_str()) {
                Some(declared) => known(registry, &declared.ty, value, &format!("{path}.{field}")),
                None => Err(format!("{path}: {name} has no field {:?}", field.as_str())),
            })
        }
        _ => Ok(()),
    }
}

fn plain(error: async_graphql::Error) -> Error {
    Error::BadInput(error.message)
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
