//! What is asked, in a body or in an address.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use async_graphql::Variables;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::http::persisted::{Hash, read_hash};
use crate::http::refusal::Refusal;
use demarche_bound::{Bound, Bounds, Exceeded, scan};

const EXPECTED: &str = "expected an object with `query` and optionally `operationName`, `variables`, `extensions`";

/// A GraphQL request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The document; may be left out if it is called by its hash.
    pub query: Option<String>,
    /// Which operation of the document.
    pub operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
    extensions: Option<Map<String, Value>>,
}

/// The questions of one request.
#[derive(Debug)]
pub enum Questions {
    /// One.
    One(Box<Question>),
    /// Several, answered one after another.
    Batch(Vec<Question>),
}

impl Question {
    /// The values of its variables.
    pub fn take_variables(&mut self) -> Variables {
        Variables::from_json(Value::Object(self.variables.take().unwrap_or_default()))
    }

    /// The hash that its document is called by.
    ///
    /// # Errors
    /// If it cannot be read: a text.
    pub fn hash(&self) -> Result<Option<Hash>, &'static str> {
        let Some(persisted) = self.extensions.as_ref().and_then(|extensions| extensions.get("persistedQuery")) else {
            return Ok(None);
        };
        if persisted["version"] != 1 {
            return Err("extensions.persistedQuery.version: expected 1");
        }
        let hash = persisted["sha256Hash"].as_str().and_then(read_hash);
        hash.map(Some).ok_or("extensions.persistedQuery.sha256Hash: expected 64 hexadecimal digits")
    }

    /// Whether only the price is asked for: `extensions: { "cost": "only" }`.
    pub fn wants_price_only(&self) -> bool {
        self.extensions.as_ref().and_then(|extensions| extensions.get("cost")).is_some_and(|cost| cost == "only")
    }

    fn require_document(self) -> Result<Self, Refusal> {
        let has_hash = self.extensions.as_ref().is_some_and(|extensions| extensions.contains_key("persistedQuery"));
        match &self.query {
            Some(query) if query.trim().is_empty() => Err(missing()),
            None if !has_hash => Err(missing()),
            _ => Ok(self),
        }
    }
}

fn missing() -> Refusal {
    bad(format!("`query` is missing: {EXPECTED}"))
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::bad(StatusCode::BAD_REQUEST, message)
}

/// Reads the body of a `POST`.
///
/// # Errors
/// If it is no question, or exceeds a bound.
pub fn from_body(body: &[u8], bounds: &Bounds, batch_max: usize) -> Result<Questions, Refusal> {
    check(body, bounds)?;
    if body.trim_ascii_start().first() != Some(&b'[') {
        let question: Question = read(body, "the body")?;
        return Ok(Questions::One(Box::new(question.require_document()?)));
    }
    let batch: Vec<Question> = read(body, "the body")?;
    if batch.is_empty() {
        return Err(bad(format!("the batch is empty: {EXPECTED}")));
    }
    Exceeded::check(Bound::Batch, batch.len(), batch_max).map_err(|exceeded| refuse(&exceeded))?;
    Ok(Questions::Batch(batch.into_iter().map(Question::require_document).collect::<Result<_, _>>()?))
}

/// Reads the address of a `GET`.
///
/// # Errors
/// If it is no question, or exceeds a bound.
pub fn from_address(query: &str, bounds: &Bounds) -> Result<Questions, Refusal> {
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if parameters.insert(name, value).is_some() {
            return Err(bad("a parameter of the address is given twice"));
        }
    }
    let mut object = |name: &str| match parameters.remove(name).filter(|json| !json.is_empty()) {
        Some(json) => {
            check(json.as_bytes(), bounds)?;
            read::<Option<Map<String, Value>>>(json.as_bytes(), &format!("`{name}`"))
        }
        None => Ok(None),
    };
    let (variables, extensions) = (object("variables")?, object("extensions")?);
    let mut text = |name: &str| parameters.remove(name).filter(|text| !text.is_empty()).map(|text| text.into_owned());
    let question = Question { query: text("query"), operation_name: text("operationName"), variables, extensions };
    Ok(Questions::One(Box::new(question.require_document()?)))
}

fn check(json: &[u8], bounds: &Bounds) -> Result<(), Refusal> {
    scan::check_json(json, bounds).map_err(|exceeded| refuse(&exceeded))
}

fn refuse(exceeded: &Exceeded) -> Refusal {
    Refusal::bound(StatusCode::BAD_REQUEST, exceeded)
}

/// Its own texts would repeat what was sent.
fn read<'a, T: Deserialize<'a>>(json: &'a [u8], what: &str) -> Result<T, Refusal> {
    serde_json::from_slice(json).map_err(|cause| match cause.classify() {
        Category::Data => bad(format!("{what} is not a GraphQL request: {EXPECTED}")),
        _ => bad(format!("{what} is not JSON: line {}, column {}", cause.line(), cause.column())),
    })
}
