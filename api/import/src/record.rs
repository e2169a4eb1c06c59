//! The lines of a file as they are written: one struct per kind of record, and errors that say what is wrong with a line.
//!
//! The kind is read first, then the struct of that kind: an enum tagged inside would know of an error neither its field
//! nor its place. Every optional field is an [`Option`], lists too, because leaving out and `null` are the same.

use std::collections::BTreeMap;

use entity::kind::Kind;
use entity::words::{
    EventRole, Frame, ImplicationKind, Likelihood, Marking, MechanismKind, MechanismMode, MechanismStatus, PartyRole,
    RelationKind, Reliability, StakeholderKind, Stance, Verdict,
};
use sea_orm::Iterable;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::report::Wrong;
use demarche_core::domain::date::PartialDate;

/// What the first line must be.
pub(super) const HEADER_EXPECTED: &str =
    r#"the first line must be the header, {"record":"header","format":"demarche","version":1}"#;

const FORMAT: &str = "demarche";
const VERSION: u64 = 1;

const KINDS: &str = "dossier, stakeholder, mechanism, source, condition, argument, position, relation, status, finding, \
                     event, implication, rating, retraction";
const RETRACTION: &str = "retraction";
const RETRACTED: &str = "position, relation, status, finding, event, implication, rating";

/// What kind of record a line holds, and its name.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) record: String,
    /// Of a retraction, what is retracted.
    kind: Option<String>,
    slug: Option<String>,
    external_id: Option<String>,
}

impl Tag {
    /// Reads the tag of a line, and lets only whole JSON objects pass.
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        // Values, so that one of another type is reported where the whole record is read and its kind is known.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            record: Option<Value>,
            kind: Option<Value>,
            slug: Option<Value>,
            external_id: Option<Value>,
        }
        let word = |value| if let Some(Value::String(word)) = value { Some(word) } else { None };
        if !text.trim_start().starts_with('{') {
            return Err(Wrong::new("is not a JSON object"));
        }
        let raw: Raw = serde_json::from_str(text).map_err(|error| broken(text, &error))?;
        let missing = || Wrong::new(format!("record: must be there, expected one of {KINDS}"));
        Ok(Self {
            record: word(raw.record).ok_or_else(missing)?,
            kind: word(raw.kind),
            slug: word(raw.slug),
            external_id: word(raw.external_id),
        })
    }

    /// The names by which others may refer to it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [&self.slug, &self.external_id].into_iter().flatten().map(String::as_str)
    }

    /// The record in a sentence.
    pub(super) fn what(&self) -> String {
        match self.names().next() {
            Some(name) => format!("{} {name:?}", self.record),
            None => self.record.clone(),
        }
    }

    /// What kind of record it is, or is about.
    pub(super) fn kind(&self) -> Result<Kind, Wrong> {
        if self.record == RETRACTION {
            let retracted = self.kind.as_deref().and_then(kind).filter(|kind| kind.is_assertion());
            return retracted.ok_or_else(|| Wrong {
                field: Some("kind".to_owned()),
                ..Wrong::new(format!("kind: must say what is retracted, expected one of {RETRACTED}"))
            });
        }
        kind(&self.record).ok_or_else(|| Wrong {
            field: Some("record".to_owned()),
            ..Wrong::new(format!("record: there is no kind {:?}, expected one of {KINDS}", self.record))
        })
    }
}

/// The kind that the format calls so.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let known = |kind: &Kind| (kind.is_node() || kind.is_assertion()) && kind.noun() == name;
    Kind::iter().find(known)
}

/// Lets only the header of a file of this format and version pass.
pub(super) fn check_header(text: &str) -> Result<(), Wrong> {
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
    let expected = |wrong: Wrong| Wrong { message: format!("{}; {HEADER_EXPECTED}", wrong.message), ..wrong };
    let tag = Tag::read(text).map_err(expected)?;
    if tag.record != "header" {
        return Err(Wrong::new(HEADER_EXPECTED));
    }
    let Loose { format, version } = read(text).map_err(expected)?;
    if format != FORMAT {
        return Err(Wrong::new(format!("the file has the format {format}, expected {FORMAT:?}")));
    }
    if version != VERSION {
        let message = format!("the file has version {version} of the format, this program reads {VERSION}");
        return Err(Wrong::new(message));
    }
    read::<Header>(text).map(drop)
}

/// Reads a record of a known kind.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Wrong> {
    serde_json::from_str(text).map_err(|error| {
        let (column, message) = (column(text, &error), message(&error));
        let fields: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        named(field_of::<T>(fields, &message), Some(column), message)
    })
}

/// Reads a record of a known kind from its fields.
pub(super) fn assemble<T: DeserializeOwned>(fields: Vec<(&str, Value)>) -> Result<T, Wrong> {
    let record = [("record", &Value::Null)].into_iter().chain(fields.iter().map(|(field, value)| (*field, value)));
    T::deserialize(MapDeserializer::<_, serde_json::Error>::new(record)).map_err(|error| {
        let message = message(&error);
        let fields = fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
        named(field_of::<T>(fields, &message), None, message)
    })
}

/// Why a kind of record has no field of this name, if it has none.
pub(super) fn no_such_field(kind: Kind, field: &str) -> Option<String> {
    let fields = vec![(field, Value::Null)];
    let wrong = match kind {
        Kind::Dossier => assemble::<Dossier>(fields).err(),
        Kind::Stakeholder => assemble::<Stakeholder>(fields).err(),
        Kind::Mechanism => assemble::<Mechanism>(fields).err(),
        Kind::Source => assemble::<Source>(fields).err(),
        Kind::Condition => assemble::<Condition>(fields).err(),
        Kind::Argument => assemble::<Argument>(fields).err(),
        Kind::Position => assemble::<Position>(fields).err(),
        Kind::Relation => assemble::<Relation>(fields).err(),
        Kind::Status => assemble::<Status>(fields).err(),
        Kind::Finding => assemble::<Finding>(fields).err(),
        Kind::Event => assemble::<Event>(fields).err(),
        Kind::Implication => assemble::<Implication>(fields).err(),
        Kind::Rating => assemble::<Rating>(fields).err(),
        Kind::Revision | Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => None,
    };
    wrong.map(|wrong| wrong.message).filter(|message| message.starts_with("unknown field"))
}

/// The line is not JSON.
fn broken(text: &str, error: &serde_json::Error) -> Wrong {
    let message = message(error);
    let message = match error.classify() {
        Category::Eof => format!("the JSON breaks off: {message}"),
        Category::Syntax | Category::Io => format!("is not JSON: {message}"),
        Category::Data => message,
    };
    Wrong { field: None, column: Some(column(text, error)), message }
}

/// What is wrong with a field, with its name before it.
fn named(field: Option<String>, column: Option<usize>, message: String) -> Wrong {
    // What is missing is at no place.
    if message.starts_with("missing field") {
        return Wrong::new(message);
    }
    let message = match &field {
        Some(field) if !message.starts_with(&format!("unknown field `{field}`")) => format!("{field}: {message}"),
        _ => message,
    };
    Wrong { field, column, message }
}

/// The field that an error comes from, which serde does not say: the one that brings the same error when it stands alone.
fn field_of<T: DeserializeOwned>(fields: Map<String, Value>, error: &str) -> Option<String> {
    fields.into_iter().find_map(|(field, value)| {
        let alone = Value::Object(Map::from_iter([(field.clone(), value)])).to_string();
        let same = serde_json::from_str::<T>(&alone).is_err_and(|other| message(&other) == error);
        same.then_some(field)
    })
}

/// The character of a line at which the value of a field begins, counted from 1.
pub(super) fn column_of(text: &str, field: &str) -> Option<usize> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let value = fields.get(field)?.get();
    let offset = value.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    Some(text.get(..offset)?.chars().count() + 1)
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

/// A line that may correct an assertion which has another external id.
pub(super) trait Correction {
    /// The external id of what it corrects.
    fn corrects(&mut self) -> Option<String>;
}

/// A line that says that an assertion was retracted. It stands among the lines of its kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Retraction {
    #[serde(rename = "record")]
    _record: IgnoredAny,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    pub(super) external_id: String,
    pub(super) reason: String,
}

/// What a line about an assertion says.
#[derive(Debug)]
pub(super) enum Said<L> {
    /// The assertion.
    Asserted(L),
    /// That it was retracted.
    Retracted(Retraction),
}

/// Reads a line about an assertion.
pub(super) fn said<L: DeserializeOwned>(text: &str) -> Result<Said<L>, Wrong> {
    read(text).map(Said::Asserted).or_else(|wrong| match Tag::read(text) {
        // Asked only now: nearly all lines are assertions.
        Ok(tag) if tag.record == RETRACTION => read(text).map(Said::Retracted),
        _ => Err(wrong),
    })
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
            pub(super) supersedes: Option<String>,
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
                    supersedes: Option<String>,
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
                Ok(Self { evidence, supersedes: flat.supersedes, $($field: flat.$field,)* })
            }
        }

        impl Correction for $name {
            fn corrects(&mut self) -> Option<String> {
                self.supersedes.take()
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
        external_id: Option<String>,
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
