//! Scalars. Each names the specification that it follows.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime as Moment, NaiveDate, SecondsFormat, Utc};

/// A day of the Gregorian calendar: `full-date` of RFC 3339, e.g. `2025-10-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

/// A day of the Gregorian calendar: `full-date` of RFC 3339, e.g. `2025-10-03`.
#[Scalar(name = "Date", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let well_formed = text.len() == 10;
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| well_formed);
        date.map(Self)
            .ok_or_else(|| InputValueError::custom(format!("{} is not a date: expected YYYY-MM-DD", shown(text))))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// Any JSON value (RFC 8259): an object of a record's fields, say.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub serde_json::Value);

/// Any JSON value (RFC 8259): an object of a record's fields, say.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        // There is no JSON value that GraphQL has not.
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// A moment: `date-time` of RFC 3339, e.g. `2025-10-03T12:00:00Z`. Answers are in UTC, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DateTime(pub Moment<Utc>);

/// A moment: `date-time` of RFC 3339, e.g. `2025-10-03T12:00:00Z`. Answers are in UTC, to the microsecond.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        Moment::parse_from_rfc3339(text).map(|at| Self(at.to_utc())).map_err(|_| {
            InputValueError::custom(format!("{} is not a moment: expected e.g. 2025-10-03T12:00:00Z", shown(text)))
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl From<entity::moment::Moment> for DateTime {
    fn from(at: entity::moment::Moment) -> Self {
        Self(at.into())
    }
}

impl From<DateTime> for entity::moment::Moment {
    fn from(at: DateTime) -> Self {
        at.0.into()
    }
}

/// As much of a text as an error message has room for.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
