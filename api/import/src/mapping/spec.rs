//! What a mapping says, as it is written.

use std::collections::BTreeMap;

use entity::words::DatePrecision;
use serde::Deserialize;
use toml::{Spanned, Value};

/// The whole.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// The version of the language.
    #[serde(rename = "mapping")]
    pub(super) _version: Version,
    pub(super) dossier: Dossier,
    /// Records that stand in no table, by kind.
    #[serde(default)]
    pub(super) records: BTreeMap<Spanned<String>, Vec<BTreeMap<String, Value>>>,
    /// Fields that every record of a kind has, unless its table says otherwise.
    #[serde(default)]
    pub(super) defaults: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(rename = "table")]
    pub(super) tables: Vec<Table>,
}

/// There is one so far.
#[derive(Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Version;

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            other => Err(format!("the mapping has version {other}, this program reads 1")),
        }
    }
}

/// The dossier that all records belong to.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected the slug of a dossier, or the fields of one")]
pub(super) enum Dossier {
    /// One that is there.
    Slug(String),
    /// One that is made or edited.
    Record(BTreeMap<String, Value>),
}

/// A table, and the kind of record that each of its rows is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// The file; it may be packed, and its name end with .zst or .gz then.
    pub(super) path: Spanned<String>,
    pub(super) record: Spanned<String>,
    pub(super) delimiter: Option<char>,
    /// Rows that are no records.
    #[serde(default)]
    pub(super) skip: Vec<Rule>,
    pub(super) fields: BTreeMap<Spanned<String>, Spanned<Field>>,
}

/// Rows in which a column has one of these values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) column: Spanned<String>,
    pub(super) equals: Vec<String>,
}

/// Where a field comes from: exactly one of the first seven; and what is done to it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Field {
    pub(super) column: Option<Spanned<String>>,
    pub(super) value: Option<Value>,
    pub(super) template: Option<Spanned<String>>,
    pub(super) first: Option<Vec<Spanned<Field>>>,
    pub(super) join: Option<Vec<Spanned<Field>>>,
    pub(super) list: Option<Vec<Spanned<Field>>>,
    pub(super) object: Option<BTreeMap<String, Spanned<Field>>>,
    /// Only for these rows; for others it is blank.
    pub(super) when: Option<Rule>,
    /// What is put before it where it is part of a `join` and not blank.
    pub(super) label: Option<String>,
    /// What stands between the parts of a list in one cell.
    pub(super) split: Option<String>,
    /// What is put between the parts of a text.
    pub(super) between: Option<String>,
    pub(super) translate: Option<BTreeMap<String, Value>>,
    pub(super) otherwise: Option<Value>,
    #[serde(rename = "as")]
    pub(super) form: Option<Form>,
    /// The most characters of a text; a longer one is cut and ends with an ellipsis.
    pub(super) cut: Option<usize>,
    pub(super) precision: Option<DatePrecision>,
    pub(super) precision_column: Option<Spanned<String>>,
    pub(super) month_before: Option<String>,
    pub(super) year_before: Option<String>,
}

/// What a text is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    /// Small letters.
    Lower,
    /// Small letters and digits, joined by hyphens.
    Slug,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
}
