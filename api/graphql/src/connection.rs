//! Pages in the Relay form: cursors, edges, page information. See the Relay Cursor Connections Specification.

use std::borrow::Cow;

use async_graphql::{Object, OutputType, SimpleObject, TypeName};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use entity::page::{Page, Sort};
use entity::record::Record;
use sea_orm::Value;
use serde::{Deserialize, Serialize};

use crate::error::{Result, bad_input};
use crate::many::Many;
use demarche_bound::{PAGE_SIZE, PAGE_SIZE_MAX};

/// The arguments of every connection.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// The first so many,
    pub first: Option<i32>,
    /// after this cursor;
    pub after: Option<String>,
    /// or the last so many,
    pub last: Option<i32>,
    /// before this cursor.
    pub before: Option<String>,
}

impl Slice {
    /// How many records to read, and whether from the end.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a page size that is not 0 to [`PAGE_SIZE_MAX`], or for both `first` and `last`.
    pub fn size(&self) -> Result<(u64, bool)> {
        let (name, size, backward) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(bad_input("first and last: give one of them, not both")),
            (None, Some(last)) => ("last", last, true),
            (first, None) => ("first", first.unwrap_or(PAGE_SIZE.into()), false),
        };
        match u64::try_from(size) {
            Ok(found) if size <= PAGE_SIZE_MAX.into() => Ok((found, backward)),
            _ => Err(bad_input(format!("{name}: is {size}, expected 0 to {PAGE_SIZE_MAX}"))),
        }
    }

    /// The page of `sort` that is asked for.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a page size or a cursor that is not good.
    pub fn page<E: Record>(&self, sort: &Sort<E>) -> Result<Page> {
        let (size, backward) = self.size()?;
        let list = list_name(sort);
        let place = |name: &str, cursor: &Option<String>| {
            cursor.as_deref().map(|cursor| read_cursor(name, cursor, &list, |place| sort.has(place))).transpose()
        };
        Ok(Page { size, backward, after: place("after", &self.after)?, before: place("before", &self.before)? })
    }
}

fn list_name<E: Record>(sort: &Sort<E>) -> String {
    format!("{}{}", E::KIND.prefix(), sort.name())
}

/// A value of a cursor: what an order can be by.
#[derive(Serialize, Deserialize)]
enum Part {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "i")]
    Integer(i64),
    #[serde(rename = "f")]
    Float(f64),
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "d")]
    Date(NaiveDate),
    #[serde(rename = "b")]
    Boolean(bool),
}

impl From<Value> for Part {
    fn from(value: Value) -> Self {
        match value {
            Value::BigInt(Some(n)) => Self::Integer(n),
            Value::Int(Some(n)) => Self::Integer(n.into()),
            Value::SmallInt(Some(n)) => Self::Integer(n.into()),
            Value::Double(Some(n)) => Self::Float(n),
            Value::String(Some(text)) => Self::Text(text),
            Value::ChronoDate(Some(date)) => Self::Date(date),
            Value::Bool(Some(is)) => Self::Boolean(is),
            _ => Self::Null,
        }
    }
}

impl From<Part> for Value {
    fn from(part: Part) -> Self {
        match part {
            Part::Null => Self::BigInt(None),
            Part::Integer(n) => Self::BigInt(Some(n)),
            Part::Float(n) => Self::Double(Some(n)),
            Part::Text(text) => Self::String(Some(text)),
            Part::Date(date) => Self::ChronoDate(Some(date)),
            Part::Boolean(is) => Self::Bool(Some(is)),
        }
    }
}

/// Writes a place in a list as an opaque cursor that only this list takes back.
pub fn write_cursor(list: &str, place: Vec<Value>) -> String {
    let parts: Vec<Part> = place.into_iter().map(Part::from).collect();
    // Strings and numbers: there is nothing in them that JSON could refuse.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(list, parts)).unwrap_or_default())
}

/// Reads a cursor of a list. `has` says whether the values of a place could be of this list.
///
/// # Errors
/// `BAD_USER_INPUT` if it is none, or of another list or order.
pub fn read_cursor(name: &str, cursor: &str, list: &str, has: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<(String, Vec<Part>)>(&bytes).ok());
    let read = read.map(|(of, parts)| (of, parts.into_iter().map(Value::from).collect::<Vec<Value>>()));
    match read {
        None => Err(bad_input(format!("{name}: is not a cursor: take it from pageInfo or an edge"))),
        Some((of, place)) if of == list && has(&place) => Ok(place),
        Some(_) => Err(bad_input(format!("{name}: is a cursor of another list or of another order"))),
    }
}

/// Where a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether there are records after this page.
    has_next_page: bool,
    /// Whether there are records before this page.
    has_previous_page: bool,
    /// The cursor of the first record of this page; null if the page is empty.
    start_cursor: Option<String>,
    /// The cursor of the last record of this page; null if the page is empty. Give it as `after` to go on.
    end_cursor: Option<String>,
}

/// One page of a list.
pub struct Connection<N> {
    edges: Many<Edge<N>>,
    page_info: PageInfo,
    total: u64,
}

/// A record and its place in the list.
pub struct Edge<N> {
    cursor: String,
    node: N,
}

impl<N> Connection<N> {
    /// A page of records, each with its cursor.
    pub fn new(edges: Vec<(String, N)>, slice: &Slice, more: bool, total: Option<u64>) -> Self {
        let edges: Many<Edge<N>> = edges.into_iter().map(|(cursor, node)| Edge { cursor, node }).collect();
        let backward = slice.last.is_some();
        let page_info = PageInfo {
            has_next_page: if backward { slice.before.is_some() } else { more },
            has_previous_page: if backward { more } else { slice.after.is_some() },
            start_cursor: edges.0.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.0.last().map(|edge| edge.cursor.clone()),
        };
        Self { edges, page_info, total: total.unwrap_or(0) }
    }
}

/// Writes the cursors of a page: those of its first and last record, and, if they are asked for, the others.
pub fn cursors<E: Record>(sort: &Sort<E>, rows: &[E::Model], all: bool) -> Vec<String> {
    let list = list_name(sort);
    let last = rows.len().saturating_sub(1);
    let cursor = |(n, row): (usize, &E::Model)| match all || n == 0 || n == last {
        true => write_cursor(&list, sort.place(row)),
        false => String::new(),
    };
    rows.iter().enumerate().map(cursor).collect()
}

impl<N: OutputType> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

/// One page of a list, and where it lies in it (Relay Cursor Connections).
#[Object(name_type)]
impl<N: OutputType> Connection<N> {
    /// The records of this page, each with its cursor.
    async fn edges(&self) -> &Many<Edge<N>> {
        &self.edges
    }

    /// The records of this page, without their cursors.
    async fn nodes(&self) -> Many<&N> {
        self.edges.0.iter().map(|edge| &edge.node).collect()
    }

    /// Where this page lies in the list.
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }

    /// How many records the whole list has. Counted only when it is asked for.
    async fn total_count(&self) -> u64 {
        self.total
    }
}

impl<N: OutputType> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// A record of a list and its place in it.
#[Object(name_type)]
impl<N: OutputType> Edge<N> {
    /// The place of this record in the list, in this order: give it as `after` or `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The record.
    async fn node(&self) -> &N {
        &self.node
    }
}
