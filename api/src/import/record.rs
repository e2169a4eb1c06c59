//! The lines of a file as they are written: one struct per kind of record, and errors that say what is wrong with a line.
//!
//! The kind is read first, then the struct of that kind: an enum tagged inside would know of an error neither its field
//! nor its place. Every optional field is an [`Option`], lists too, because leaving out and `null` are the same.

use entity::words::{
    EventRole, Frame, ImplicationKind, Likelihood, Marking, MechanismKind, MechanismMode, MechanismStatus, PartyRole,
    RelationKind, Reliability, StakeholderKind, Stance, Verdict,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::domain::date::PartialDate;
use crate::error::{Error, Result};

/// What the first line must be.
pub(super) const HEADER_EXPECTED: &str =
    r#"the first line must be the header, {"record":"header","format":"demarche","version":1}"#;

const FORMAT: &str = "demarche";
const VERSION: u64 = 1;

const KINDS: &str = "dossier, stakeholder, mechanism, source, condition, argument, position, relation, status, finding, \
                     event, implication, rating";

/// What kind of record a line holds, and its name.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) record: String,
    name: Option<String>,
}

impl Tag {
    /// Reads the tag of a line, and lets only whole JSON objects pass.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the line is no JSON object or has no tag.
    pub(super) fn read(text: &str) -> Result<Self> {
        // Values, so that one of another type is reported where the whole record is read and its kind is known.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            record: Option<Value>,
            slug: Option<Value>,
            external_id: Option<Value>,
        }
        let word = |value| if let Some(Value::String(word)) = value { Some(word) } else { None };
        if !text.trim_start().starts_with('{') {
            return Err(Error::BadInput("is not a JSON object".to_owned()));
        }
        let raw: Raw = serde_json::from_str(text).map_err(|error| broken(text, &error))?;
        let missing = || Error::BadInput(format!("record: must be there, expected one of {KINDS}"));
        Ok(Self { record: word(raw.record).ok_or_else(missing)?, name: word(raw.slug).or(word(raw.external_id)) })
    }

    /// The record in a sentence.
    pub(super) fn what(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name:?}", self.record),
            None => self.record.clone(),
        }
    }
}

/// There is no such kind of record.
pub(super) fn unknown(record: &str) -> Error {
    Error::BadInput(format!("record: there is no kind {record:?}, expected one of {KINDS}"))
}

/// Lets only the header of a file of this format and version pass.
///
/// # Errors
/// [`Error::BadInput`] otherwise.
pub(super) fn check_header(text: &str) -> Result<()> {
    // Not strict at first: the header of a newer version may well have more fields, and its version is the better reason.
    #[derive(Deserialize)]
    struct Loose {
        format: Value,
        version: Value,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Header {
        #[serde(rename = "record")]
        _record: IgnoredAny,
        #[serde(rename = "format")]
        _format: IgnoredAny,
        #[serde(rename = "version")]
        _version: IgnoredAny,
    }
    let tag = Tag::read(text).map_err(|error| Error::BadInput(format!("{error}; {HEADER_EXPECTED}")))?;
    if tag.record != "header" {
        return Err(Error::BadInput(HEADER_EXPECTED.to_owned()));
    }
    let Loose { format, version } =
        read(text).map_err(|error| Error::BadInput(format!("header: {error}; {HEADER_EXPECTED}")))?;
    if format != FORMAT {
        return Err(Error::BadInput(format!("header: the file has the format {format}, expected {FORMAT:?}")));
    }
    if version != VERSION {
        let message = format!("header: the file has version {version} of the format, this program reads {VERSION}");
        return Err(Error::BadInput(message));
    }
    read::<Header>(text).map(drop).map_err(|error| Error::BadInput(format!("header: {error}")))
}

/// Reads a record of a known kind.
///
/// # Errors
/// [`Error::BadInput`] that names the field, the column, and what was expected.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| wrong::<T>(text, &error))
}

/// The line is not JSON.
fn broken(text: &str, error: &serde_json::Error) -> Error {
    let (column, message) = (column(text, error), message(error));
    Error::BadInput(match error.classify() {
        Category::Eof => format!("column {column}: the JSON breaks off: {message}"),
        Category::Syntax | Category::Io => format!("column {column}: is not JSON: {message}"),
        Category::Data => format!("column {column}: {message}"),
    })
}

/// The line is JSON, but not that of a `T`.
fn wrong<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> Error {
    let message = message(error);
    // What is missing is at no place.
    if message.starts_with("missing field") {
        return Error::BadInput(message);
    }
    let column = column(text, error);
    Error::BadInput(match field_of::<T>(text, &message) {
        Some(field) if !message.starts_with(&format!("unknown field `{field}`")) => {
            format!("{field}: {message} (column {column})")
        }
        _ => format!("{message} (column {column})"),
    })
}

/// The field that an error comes from, which serde does not say: the one that brings the same error when it stands alone.
fn field_of<T: DeserializeOwned>(text: &str, error: &str) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    fields.into_iter().find_map(|(field, value)| {
        let alone = Value::Object(Map::from_iter([(field.clone(), value)])).to_string();
        let same = serde_json::from_str::<T>(&alone).is_err_and(|other| message(&other) == error);
        same.then_some(field)
    })
}

/// What serde says, without the place: its line is always 1, and its column counts bytes.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The place of an error in a line, counted in characters from 1.
fn column(text: &str, error: &serde_json::Error) -> usize {
    let continues = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    text.bytes().take(error.column()).filter(|byte| !continues(byte)).count()
}

/// A line that is no assertion.
macro_rules! line {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub(super) struct $name {
            #[serde(rename = "record")]
            pub(super) _record: IgnoredAny,
            $(pub(super) $field: $type,)*
        }
    };
}

/// A line that is an assertion, whose date is called `$date`. Not by `#[serde(flatten)]`, which would let unknown fields
/// pass and lose the column.
macro_rules! assertion {
    ($(#[$meta:meta])* $name:ident, $date:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(super) struct $name {
            pub(super) evidence: Evidence,
            $(pub(super) $field: $type,)*
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields, rename_all = "camelCase")]
                struct Flat {
                    #[serde(rename = "record")]
                    _record: IgnoredAny,
                    external_id: Option<String>,
                    $($field: $type,)*
                    $date: PartialDate,
                    source: String,
                    locator: Option<String>,
                    quote: Option<Quote>,
                    credibility: Option<i16>,
                    confidence: Option<Likelihood>,
                    marking: Option<Marking>,
                }
                let flat = Flat::deserialize(deserializer)?;
                let evidence = Evidence {
                    external_id: flat.external_id,
                    source: flat.source,
                    locator: flat.locator,
                    quote: flat.quote,
                    occurred: flat.$date,
                    credibility: flat.credibility,
                    confidence: flat.confidence,
                    marking: flat.marking,
                };
                Ok(Self { evidence, $($field: flat.$field,)* })
            }
        }
    };
}

line! {
    /// A dossier, to which the lines below belong.
    Dossier {
        slug: String,
        title: String,
        question: Option<String>,
        description: Option<String>,
        marking: Option<Marking>,
    }
}

line! {
    /// A stakeholder.
    Stakeholder {
        slug: String,
        name: String,
        kind: StakeholderKind,
        aliases: Option<Vec<String>>,
        country: Option<String>,
        description: Option<String>,
        identifiers: Option<Vec<Identifier>>,
        external_id: Option<String>,
        marking: Option<Marking>,
    }
}

line! {
    /// A mechanism and its parties.
    Mechanism {
        slug: String,
        name: String,
        mode: MechanismMode,
        kind: MechanismKind,
        description: Option<String>,
        part_of: Option<String>,
        parties: Option<Vec<Party>>,
        external_id: Option<String>,
        marking: Option<Marking>,
    }
}

line! {
    /// A source.
    Source {
        slug: String,
        title: String,
        url: Option<String>,
        publisher: Option<String>,
        author: Option<String>,
        published_on: Option<PartialDate>,
        retrieved_on: Option<PartialDate>,
        language: Option<String>,
        sha256: Option<String>,
        text: Option<String>,
        reliability: Option<Reliability>,
        external_id: Option<String>,
        marking: Option<Marking>,
    }
}

line! {
    /// A condition.
    Condition {
        external_id: Option<String>,
        mechanism: String,
        statement: String,
        legal_basis: Option<String>,
        marking: Option<Marking>,
    }
}

line! {
    /// An argument and what it bears on.
    Argument {
        external_id: Option<String>,
        statement: String,
        frame: Frame,
        description: Option<String>,
        rebuts: Option<Vec<String>>,
        reinforces: Option<Vec<String>>,
        marking: Option<Marking>,
    }
}

assertion! {
    /// A position.
    Position, stated_on {
        stakeholder: String,
        on_behalf_of: Option<String>,
        mechanism: String,
        stance: Stance,
        rationale: Option<String>,
        arguments: Option<Vec<String>>,
        conditions: Option<Vec<String>>,
    }
}

assertion! {
    /// A relation.
    Relation, occurred_on {
        from: String,
        to: String,
        kind: RelationKind,
        started_on: Option<PartialDate>,
        ended_on: Option<PartialDate>,
        tension: Option<f64>,
        note: Option<String>,
    }
}

assertion! {
    /// A status.
    Status, occurred_on {
        mechanism: String,
        status: MechanismStatus,
        note: Option<String>,
    }
}

assertion! {
    /// A finding.
    Finding, occurred_on {
        condition: String,
        assessor: String,
        verdict: Verdict,
        rationale: Option<String>,
    }
}

assertion! {
    /// An event and its actors.
    Event, occurred_on {
        title: String,
        description: Option<String>,
        mechanism: Option<String>,
        actors: Option<Vec<Actor>>,
        tension: Option<f64>,
    }
}

assertion! {
    /// An implication.
    Implication, occurred_on {
        kind: ImplicationKind,
        statement: String,
        likelihood: Option<Likelihood>,
        severity: Option<i16>,
        mechanism: Option<String>,
        relation: Option<String>,
    }
}

assertion! {
    /// A rating.
    Rating, occurred_on {
        stakeholder: String,
        influence: Option<i16>,
        interest: Option<i16>,
        salience: Option<i16>,
        power: Option<bool>,
        legitimacy: Option<bool>,
        urgency: Option<bool>,
        note: Option<String>,
    }
}

/// What every line of an assertion says.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) external_id: Option<String>,
    pub(super) source: String,
    pub(super) locator: Option<String>,
    pub(super) quote: Option<Quote>,
    pub(super) occurred: PartialDate,
    pub(super) credibility: Option<i16>,
    pub(super) confidence: Option<Likelihood>,
    pub(super) marking: Option<Marking>,
}

/// The words of the source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object with the words in `exact`")]
pub(super) struct Quote {
    pub(super) exact: String,
    pub(super) prefix: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) start: Option<i32>,
    pub(super) end: Option<i32>,
}

/// A key of a stakeholder in another register.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object with `scheme` and `value`")]
pub(super) struct Identifier {
    pub(super) scheme: String,
    pub(super) value: String,
}

/// A stakeholder's role in a mechanism.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object with `stakeholder` and `role`")]
pub(super) struct Party {
    pub(super) stakeholder: String,
    pub(super) role: PartyRole,
}

/// A stakeholder's part in an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object with `stakeholder` and `role`")]
pub(super) struct Actor {
    pub(super) stakeholder: String,
    pub(super) role: EventRole,
}
