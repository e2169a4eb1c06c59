//! What is asked of an export in GraphQL's words: its filter, its order, its time and its rule are the JSON form of the inputs of
//! the GraphQL connection of the same name.

use std::sync::Arc;

use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{InputType, Pos, Value};
use chrono::NaiveDate;
use entity::moment::Moment;
use entity::page::{Order, Sort};
use serde_json::Value as Json;

use crate::filter::FilterInput;
use crate::list::{AsOfInput, Listed, ORDER_MAX, OrderDirection, OrderInput};
use crate::standing::{StandingFilter, StandingRule};
use demarche_core::domain::export::{Records, Standings, Subject};
use demarche_core::domain::standing::Verdict;
use demarche_core::error::{Error, Result};

/// The records of a kind that pass a filter, in an order; none if there is no list of that name.
///
/// # Errors
/// [`Error::BadInput`] if the filter or the order makes no sense.
pub fn subject(kind: &str, filter: Option<&Json>, order_by: Option<&Json>) -> Result<Option<Box<dyn Subject>>> {
    let subject = match kind {
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
        _ => return Ok(None),
    };
    subject.map(Some)
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

/// The standings that pass a filter, by a rule.
///
/// # Errors
/// [`Error::BadInput`] if the filter or the rule makes no sense.
pub fn standings(filter: Option<&Json>, rule: Option<&Json>) -> Result<Standings> {
    let filter = filter.map(|value| input::<StandingFilter>("filter", value)).transpose()?.unwrap_or_default();
    let rule = rule.map(|value| input::<StandingRule>("rule", value)).transpose()?.unwrap_or_default();
    let (stakeholders, mechanisms, test) = filter.read().map_err(plain)?;
    let holds = move |verdict: Option<&Verdict>| test.passes(verdict);
    Ok(Standings { rule: rule.into(), stakeholders, mechanisms, holds: Arc::new(holds) })
}

/// Both clocks of a question: the day that it is about, and the moment on record; none where nothing is said.
///
/// # Errors
/// [`Error::BadInput`] if they make no sense.
pub fn as_of(value: Option<&Json>) -> Result<(Option<NaiveDate>, Option<Moment>)> {
    let AsOfInput { valid, recorded } = value.map(|value| input("asOf", value)).transpose()?.unwrap_or_default();
    Ok((valid.map(|day| day.0), recorded.map(Moment::from)))
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
