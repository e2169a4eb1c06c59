//! How a value is written in a file.

use std::io::Write;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use entity::kind::Kind;
use entity::moment::Moment;

use super::column::Form;
use super::typed;
use demarche_core::error::Result;
use demarche_core::id;
use demarche_core::store::stream::Cell;

/// How a file writes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// RFC 4180. `defused`: a text that a spreadsheet would run as a formula is given an apostrophe before it.
    Csv {
        /// Whether formulas are defused.
        defused: bool,
    },
    /// RFC 8259.
    Json,
    /// As it is, to be written again as a part of something else.
    Plain,
    /// As bytes that keep what the value is, for files of columns.
    Typed,
}

const STANCES: [&str; 5] = ["STRONGLY_OPPOSE", "OPPOSE", "NEUTRAL", "SUPPORT", "STRONGLY_SUPPORT"];
const LIKELIHOODS: [&str; 7] =
    ["ALMOST_NO_CHANCE", "VERY_UNLIKELY", "UNLIKELY", "ROUGHLY_EVEN_CHANCE", "LIKELY", "VERY_LIKELY", "ALMOST_CERTAIN"];
const MARKINGS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER_STRICT", "RED"];

fn word(words: &[&'static str], place: i64) -> &'static str {
    usize::try_from(place).ok().and_then(|place| words.get(place)).copied().unwrap_or_default()
}

/// The word for a number that stands for one.
pub(super) fn spoken(form: Form, number: i64) -> Option<&'static str> {
    match form {
        Form::Stance => Some(stance(number)),
        Form::Likelihood => Some(word(&LIKELIHOODS, number - 1)),
        Form::Marking => Some(marking(number)),
        _ => None,
    }
}

/// The word for a stance.
pub fn stance(score: i64) -> &'static str {
    word(&STANCES, score + 2)
}

/// The word for a marking.
pub fn marking(step: i64) -> &'static str {
    word(&MARKINGS, step)
}

/// A moment, as GraphQL writes it.
pub fn moment(at: i64) -> String {
    DateTime::<Utc>::from(Moment(at)).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Writes a day as YYYY-MM-DD. There is one in each row, so it is not left to a formatter of all forms that there are.
pub(super) fn write_day(day: NaiveDate, out: &mut Vec<u8>) {
    let Some(year) = u32::try_from(day.year()).ok().filter(|year| *year < 10_000) else {
        // ISO 8601 writes other years with a sign. Writing to memory cannot fail.
        let _ = write!(out, "{day}");
        return;
    };
    let digit = |number: u32| u8::try_from(number % 10).map_or(b'0', |digit| b'0' + digit);
    let (month, day) = (day.month(), day.day());
    out.extend_from_slice(&[
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
    ]);
}

impl Style {
    /// Writes a value.
    ///
    /// # Errors
    /// If a JSON value of the database is none.
    #[inline]
    pub fn write(self, form: Form, cell: Cell<'_>, out: &mut Vec<u8>) -> Result<()> {
        if self == Self::Typed {
            return typed::write(form, cell, out);
        }
        match (form, cell) {
            (_, Cell::Null) => self.null(out),
            (Form::Key(kind), Cell::Integer(key)) => self.bare(out, |out| id::write(kind, key, out)),
            (Form::Moment, Cell::Integer(at)) => self.bare(out, |out| out.extend_from_slice(moment(at).as_bytes())),
            (Form::Stance | Form::Likelihood | Form::Marking, Cell::Integer(number)) => {
                self.word(spoken(form, number).unwrap_or_default(), out);
            }
            (Form::Json, Cell::Text(text)) if self == Self::Json => {
                // Written anew: the databases put spaces and keys in ways of their own.
                let value: serde_json::Value = serde_json::from_str(text)?;
                serde_json::to_writer(out, &value)?;
            }
            (Form::Json, Cell::Text(text)) => {
                let value: serde_json::Value = serde_json::from_str(text)?;
                self.text(&value.to_string(), out);
            }
            (_, Cell::Integer(number)) => {
                // Writing to memory cannot fail.
                let _ = write!(out, "{number}");
            }
            (_, Cell::Real(number)) => {
                let _ = write!(out, "{number}");
            }
            (_, Cell::Flag(is)) => out.extend_from_slice(if is { b"true" } else { b"false" }),
            (_, Cell::Date(day)) => self.bare(out, |out| write_day(day, out)),
            (_, Cell::Text(text)) => self.text(text, out),
        }
        Ok(())
    }

    /// No value.
    pub fn null(self, out: &mut Vec<u8>) {
        if self == Self::Json {
            out.extend_from_slice(b"null");
        }
    }

    /// A word of the program's own, in which nothing needs care.
    pub fn word(self, word: &str, out: &mut Vec<u8>) {
        self.bare(out, |out| out.extend_from_slice(word.as_bytes()));
    }

    fn bare(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if self == Self::Json {
            out.push(b'"');
            write(out);
            out.push(b'"');
        } else {
            write(out);
        }
    }

    /// A text that somebody has typed.
    pub fn text(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Json => json_text(text, out),
            Self::Csv { defused } => csv_text(text, defused, out),
            Self::Plain => out.extend_from_slice(text.as_bytes()),
            Self::Typed => typed::text(text.as_bytes(), out),
        }
    }

    /// A list, of items that are written already.
    pub fn list(self, items: &[Vec<u8>], out: &mut Vec<u8>) {
        if self == Self::Typed {
            typed::list(items, out);
        } else if self == Self::Json {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                json_text(&String::from_utf8_lossy(item), out);
            }
            out.push(b']');
        } else if !items.is_empty() {
            self.text(&String::from_utf8_lossy(&items.join(b"; ".as_slice())), out);
        }
    }
}

/// The public form of a key, as bytes.
pub fn key(kind: Kind, key: i64) -> Vec<u8> {
    let mut out = Vec::new();
    id::write(kind, key, &mut out);
    out
}

/// What a spreadsheet takes for the beginning of a formula, in ASCII and in the wide forms of East Asian keyboards.
fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n') => true,
        // The byte that the wide ones begin with, and hardly any other text.
        Some(0xef) => text.starts_with(['＝', '＋', '－', '＠']),
        _ => false,
    }
}

fn csv_text(text: &str, defused: bool, out: &mut Vec<u8>) {
    let formula = defused && is_formula(text);
    // An empty text is told from none by its quotes.
    let quoted = text.is_empty() || text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if !quoted {
        if formula {
            out.push(b'\'');
        }
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    if formula {
        out.push(b'\'');
    }
    for (n, part) in text.split('"').enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

/// A text in JSON.
pub fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        for c in text.chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if u32::from(c) < 0x20 => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str, defused: bool) -> String {
        let mut out = Vec::new();
        csv_text(text, defused, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_quotes_what_needs_it_and_defuses_formulas() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("-2", "'-2"),
            ("@SUM(A1),2", "\"'@SUM(A1),2\""),
            ("＝1", "'＝1"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(csv(text, true), expected);
        }
        assert_eq!(csv("=1+1", false), "=1+1");
    }

    #[test]
    fn days_are_written_as_the_calendar_has_them() {
        let first = NaiveDate::from_ymd_opt(1999, 1, 1).unwrap();
        for day in first.iter_days().step_by(7).take(25_000).chain([NaiveDate::MIN, NaiveDate::MAX]) {
            let mut out = Vec::new();
            write_day(day, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), day.format("%F").to_string());
        }
    }

    #[test]
    fn json_texts_are_read_back_as_they_were() {
        for text in ["", "plain", "\"\\/", "\n\r\t\u{8}\u{c}\u{0}\u{1f}", "é🦀\u{2028}", "\u{7f}"] {
            let mut out = Vec::new();
            json_text(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
