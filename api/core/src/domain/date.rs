//! Dates that say how much is known of them.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};
use entity::words::DatePrecision;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Code, Problems};

/// A date known to the day, the month or the year. Kept as the first day of what is known.
///
/// Written as ISO 8601 reduced precision: `2025`, `2025-10`, `2025-10-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    /// The first day of what is known.
    pub first: NaiveDate,
    /// How much is known.
    pub precision: DatePrecision,
}

impl PartialDate {
    /// Forgets of `date` what `precision` does not claim to know.
    pub fn new(date: NaiveDate, precision: DatePrecision) -> Self {
        let first = match precision {
            DatePrecision::Day => Some(date),
            DatePrecision::Month => date.with_day(1),
            DatePrecision::Year => date.with_ordinal(1),
        };
        Self { first: first.unwrap_or(date), precision }
    }

    /// From two columns that are both there or both not.
    pub fn stored(date: Option<NaiveDate>, precision: Option<DatePrecision>) -> Option<Self> {
        date.map(|date| Self::new(date, precision.unwrap_or(DatePrecision::Day)))
    }

    /// The last day of what is known: that on which an interval that ends then still holds.
    pub fn last(self) -> NaiveDate {
        let next = match self.precision {
            DatePrecision::Day => return self.first,
            DatePrecision::Month => self.first.checked_add_months(Months::new(1)),
            DatePrecision::Year => self.first.checked_add_months(Months::new(12)),
        };
        next.and_then(|next| next.checked_sub_days(Days::new(1))).unwrap_or(self.first)
    }

    /// Refuses a date whose first day lies after today.
    pub fn check(self, field: &str, today: NaiveDate, problems: &mut Problems) {
        if self.first > today {
            problems.add(Code::InFuture, field, format!("{self} lies after today, {today}"));
        }
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// If it is no date, or none of the calendar's.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is not a date: expected YYYY, YYYY-MM or YYYY-MM-DD");
        // By hand, because an import does it a million times, and chrono's reading of a format takes three times as long.
        let number = |part: &str, n: usize| {
            let digits = part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
            if digits { part.parse::<u16>().ok() } else { None }
        };
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let year = number(year, 4).filter(|_| parts.next().is_none()).ok_or_else(expected)?;
        let (month, precision) = match month {
            None => (1, DatePrecision::Year),
            Some(month) => (number(month, 2).ok_or_else(expected)?, DatePrecision::Month),
        };
        let (day, precision) = match day {
            None => (1, precision),
            Some(day) => (number(day, 2).ok_or_else(expected)?, DatePrecision::Day),
        };
        let first = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day));
        let first = first.ok_or_else(|| format!("{text:?} is not a date of the calendar"))?;
        Ok(Self { first, precision })
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.precision {
            DatePrecision::Day => "%Y-%m-%d",
            DatePrecision::Month => "%Y-%m",
            DatePrecision::Year => "%Y",
        };
        write!(f, "{}", self.first.format(form))
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
