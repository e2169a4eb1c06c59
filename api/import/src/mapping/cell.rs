//! What becomes of the cells of a row.

use std::collections::BTreeMap;

use csv::StringRecord;
use entity::words::DatePrecision;
use serde_json::{Number, Value};

use super::Text;
use super::spec::{self, Field, Form};
use demarche_core::domain::date::PartialDate;
use demarche_core::domain::search::fold;
use demarche_core::error::Result;
use toml::Spanned;

/// A field of a record, ready to be reckoned from rows of one table.
#[derive(Debug)]
pub(super) struct Cell {
    source: Source,
    when: Option<Rule>,
    label: String,
    split: Option<String>,
    between: String,
    translate: Option<BTreeMap<String, Value>>,
    otherwise: Option<Value>,
    form: Option<Form>,
    cut: Option<usize>,
    date: Option<Date>,
}

/// Rows in which a column has one of these values.
#[derive(Debug)]
pub(super) struct Rule {
    column: usize,
    equals: Vec<String>,
}

impl Rule {
    /// Fits a rule to a table.
    ///
    /// # Errors
    /// If it names a column that is not there.
    pub(super) fn new(rule: &spec::Rule, columns: &Columns<'_>) -> Result<Self> {
        Ok(Self { column: columns.find(&rule.column)?, equals: rule.equals.clone() })
    }

    /// Whether it holds of a row.
    pub(super) fn holds(&self, row: &StringRecord) -> bool {
        row.get(self.column).is_some_and(|cell| self.equals.iter().any(|value| value == cell.trim()))
    }
}

#[derive(Debug)]
enum Source {
    Column(usize),
    Value(Value),
    Template(Vec<Piece>),
    First(Vec<Cell>),
    Join(Vec<Cell>),
    List(Vec<Cell>),
    Object(Vec<(String, Cell)>),
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Column(usize),
}

/// How much of a date is to be believed.
#[derive(Debug)]
struct Date {
    precision: Precision,
    month_before: Option<String>,
    year_before: Option<String>,
}

#[derive(Debug)]
enum Precision {
    Always(Option<DatePrecision>),
    Column(usize),
}

/// The columns of a table.
pub(super) struct Columns<'a> {
    pub(super) text: &'a Text,
    pub(super) file: &'a str,
    pub(super) names: &'a StringRecord,
}

impl Columns<'_> {
    /// Where the column is.
    ///
    /// # Errors
    /// If there is none of that name.
    pub(super) fn find(&self, name: &Spanned<String>) -> Result<usize> {
        self.at(name.get_ref(), name.span().start)
    }

    fn at(&self, name: &str, at: usize) -> Result<usize> {
        let missing = || {
            let has: Vec<&str> = self.names.iter().collect();
            self.text.error(at, format!("{} has no column {name:?}: it has {}", self.file, has.join(", ")))
        };
        self.names.iter().position(|column| column == name).ok_or_else(missing)
    }
}

impl Cell {
    /// Fits a field to a table.
    ///
    /// # Errors
    /// If it names a column that is not there, or makes no sense.
    pub(super) fn new(field: &Spanned<Field>, columns: &Columns<'_>) -> Result<Self> {
        let at = field.span().start;
        let field = field.get_ref();
        let many =
            |fields: &[Spanned<Field>]| fields.iter().map(|field| Self::new(field, columns)).collect::<Result<_>>();
        let mut sources = Vec::new();
        if let Some(column) = &field.column {
            sources.push(Source::Column(columns.find(column)?));
        }
        if let Some(value) = &field.value {
            sources.push(Source::Value(constant(value)));
        }
        if let Some(template) = &field.template {
            sources.push(Source::Template(pieces(template, columns)?));
        }
        if let Some(fields) = &field.first {
            sources.push(Source::First(many(fields)?));
        }
        if let Some(fields) = &field.join {
            sources.push(Source::Join(many(fields)?));
        }
        if let Some(fields) = &field.list {
            sources.push(Source::List(many(fields)?));
        }
        if let Some(fields) = &field.object {
            let part = |(name, field): (&String, &Spanned<Field>)| Ok((name.clone(), Self::new(field, columns)?));
            sources.push(Source::Object(fields.iter().map(part).collect::<Result<_>>()?));
        }
        let one = if sources.len() == 1 { sources.pop() } else { None };
        let source = one.ok_or_else(|| {
            columns.text.error(at, "expected exactly one of column, value, template, first, join, list, object")
        })?;
        Ok(Self {
            source,
            when: field.when.as_ref().map(|rule| Rule::new(rule, columns)).transpose()?,
            label: field.label.clone().unwrap_or_default(),
            split: field.split.clone(),
            between: field.between.clone().unwrap_or_else(|| " ".to_owned()),
            translate: field
                .translate
                .as_ref()
                .map(|words| words.iter().map(|(word, value)| (word.clone(), constant(value))).collect()),
            otherwise: field.otherwise.as_ref().map(constant),
            form: field.form,
            cut: field.cut,
            date: Date::new(field, columns)?,
        })
    }

    /// The column that it mostly comes from.
    pub(super) fn column(&self) -> Option<usize> {
        match &self.source {
            Source::Column(column) => Some(*column),
            Source::Value(_) => None,
            Source::Template(pieces) => {
                pieces.iter().find_map(|piece| if let Piece::Column(column) = piece { Some(*column) } else { None })
            }
            Source::First(cells) | Source::Join(cells) | Source::List(cells) => cells.iter().find_map(Self::column),
            Source::Object(cells) => cells.iter().find_map(|(_, cell)| cell.column()),
        }
    }

    /// The value of a field; null if there is none.
    ///
    /// # Errors
    /// What is wrong with the row, in words.
    pub(super) fn value(&self, row: &StringRecord) -> Result<Value, String> {
        if self.when.as_ref().is_some_and(|rule| !rule.holds(row)) {
            return Ok(Value::Null);
        }
        let value = match &self.source {
            Source::Column(column) => self.texts(row.get(*column).unwrap_or_default())?,
            Source::Value(value) => return Ok(value.clone()),
            Source::Template(pieces) => self.text(&filled(pieces, row).unwrap_or_default())?,
            Source::First(cells) => {
                for cell in cells {
                    let value = cell.value(row)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Source::Join(cells) => {
                let mut parts = Vec::new();
                for cell in cells {
                    parts.extend(shown(cell.value(row)?).map(|part| format!("{}{part}", cell.label)));
                }
                self.text(&parts.join(&self.between))?
            }
            Source::List(cells) => {
                let mut values = Vec::new();
                for cell in cells {
                    match cell.value(row)? {
                        Value::Null => {}
                        Value::Array(more) => values.extend(more),
                        value => values.push(value),
                    }
                }
                if values.is_empty() { Value::Null } else { Value::Array(values) }
            }
            Source::Object(cells) => {
                let mut object = serde_json::Map::new();
                for (name, cell) in cells {
                    let value = cell.value(row)?;
                    if value.is_null() {
                        return Ok(Value::Null);
                    }
                    object.insert(name.clone(), value);
                }
                Value::Object(object)
            }
        };
        match (&self.date, value) {
            (Some(date), Value::String(text)) => date.believed(&text, row).map(Value::String),
            (_, value) => Ok(value),
        }
    }

    /// What a cell holds: one value, or a list of them.
    fn texts(&self, text: &str) -> Result<Value, String> {
        let Some(between) = self.split.as_deref().filter(|between| !between.is_empty()) else {
            return self.text(text);
        };
        let mut values = Vec::new();
        for part in text.split(between).map(str::trim).filter(|part| !part.is_empty()) {
            values.push(self.text(part)?);
        }
        Ok(if values.is_empty() { Value::Null } else { Value::Array(values) })
    }

    fn text(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        if let Some(words) = &self.translate {
            if let Some(value) = words.get(text) {
                return Ok(value.clone());
            }
            if let Some(value) = &self.otherwise {
                return Ok(value.clone());
            }
            if !text.is_empty() {
                let known: Vec<&str> = words.keys().map(String::as_str).collect();
                return Err(format!(
                    "{text:?} is none of the values that the mapping translates: {}",
                    known.join(", ")
                ));
            }
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let value = match self.form {
            None => Value::from(text),
            Some(Form::Lower) => text.to_lowercase().into(),
            Some(Form::Slug) => slug(text).into(),
            Some(Form::Number) => number(text).ok_or_else(|| format!("{text:?} is not a number"))?.into(),
            Some(Form::Boolean) => {
                text.parse::<bool>().map_err(|_| format!("{text:?} is neither true nor false"))?.into()
            }
        };
        Ok(match (self.cut, value) {
            (Some(most), Value::String(text)) => cut(&text, most).into(),
            (_, value) => value,
        })
    }
}

impl Date {
    fn new(field: &Field, columns: &Columns<'_>) -> Result<Option<Self>> {
        let Field { precision, precision_column, month_before, year_before, .. } = field;
        let precision = match precision_column {
            Some(column) => Precision::Column(columns.find(column)?),
            None if precision.is_none() && month_before.is_none() && year_before.is_none() => return Ok(None),
            None => Precision::Always(*precision),
        };
        Ok(Some(Self { precision, month_before: month_before.clone(), year_before: year_before.clone() }))
    }

    /// A date without what is not to be believed of it.
    fn believed(&self, text: &str, row: &StringRecord) -> Result<String, String> {
        let mut precision = match &self.precision {
            Precision::Always(precision) => precision.unwrap_or(DatePrecision::Day),
            Precision::Column(column) => match row.get(*column).unwrap_or_default() {
                "day" | "DAY" => DatePrecision::Day,
                "month" | "MONTH" => DatePrecision::Month,
                "year" | "YEAR" => DatePrecision::Year,
                other => return Err(format!("{other:?} is not a precision: expected day, month or year")),
            },
        };
        // Dates of this form sort as texts.
        if self.month_before.as_deref().is_some_and(|before| text < before) {
            precision = precision.max(DatePrecision::Month);
        }
        if self.year_before.as_deref().is_some_and(|before| text < before) {
            precision = DatePrecision::Year;
        }
        // The day of which nothing is left must be one of the calendar all the same.
        PartialDate::parse(text)?;
        let length = match precision {
            DatePrecision::Day => 10,
            DatePrecision::Month => 7,
            DatePrecision::Year => 4,
        };
        Ok(text.get(..length).unwrap_or(text).to_owned())
    }
}

/// The text of a template; none if one of its columns is blank.
fn filled(pieces: &[Piece], row: &StringRecord) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Column(column) => {
                text.push_str(row.get(*column).map(str::trim).filter(|cell| !cell.is_empty())?);
            }
        }
    }
    Some(text)
}

fn pieces(template: &Spanned<String>, columns: &Columns<'_>) -> Result<Vec<Piece>> {
    let (mut rest, at) = (template.get_ref().as_str(), template.span().start);
    let mut pieces = Vec::new();
    while let Some((before, after)) = rest.split_once('{') {
        let unclosed = || columns.text.error(at, "this template has a { without a }");
        let (name, after) = after.split_once('}').ok_or_else(unclosed)?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Column(columns.at(name, at)?));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// A value of the mapping as one of JSON.
pub(super) fn constant(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(truth) => Value::from(*truth),
        toml::Value::Datetime(date) => Value::from(date.to_string()),
        toml::Value::Array(values) => Value::Array(values.iter().map(constant).collect()),
        toml::Value::Table(fields) => {
            Value::Object(fields.iter().map(|(field, value)| (field.clone(), constant(value))).collect())
        }
    }
}

/// A value within a text.
fn shown(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(values) => {
            let texts: Vec<String> = values.into_iter().filter_map(shown).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        other => Some(other.to_string()),
    }
}

fn number(text: &str) -> Option<Number> {
    text.parse::<i64>().map(Number::from).ok().or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A text as a slug: its letters without accents, its words joined by hyphens, at most 100 characters.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in fold(text).chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 100 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}
