#![doc = include_str!("import/README.md")]

mod draft;
mod lines;
mod record;
mod resolve;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::BufRead;

use entity::kind::Kind;
use entity::record::Record;

use self::draft::{ClaimLine, NodeLine};
use self::lines::Lines;
use self::record::Tag;
use self::resolve::Names;
use crate::domain::node::{Concept, Put};
use crate::domain::{assertion, node};
use crate::error::{Code, Error, Result};
use crate::op::Op;

/// The sample dossier, in the program itself.
pub const SAMPLE: &str = include_str!("../sample/us-mexico-cartel-strikes.jsonl");

/// What became of the records of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many were new.
    pub created: u64,
    /// How many were there, but differed.
    pub changed: u64,
    /// How many were there as they are.
    pub unchanged: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, changed, unchanged } = self;
        write!(f, "created {created}, changed {changed}, unchanged {unchanged}")
    }
}

impl Report {
    fn count<M>(&mut self, put: &Put<M>) {
        match put {
            Put::Created(_) => self.created += 1,
            Put::Changed(_) => self.changed += 1,
            Put::Unchanged(_) => self.unchanged += 1,
        }
    }
}

/// Loads a file in one transaction: all of it, or nothing.
///
/// The reads block the thread. Until the end of the file, the transaction keeps other writers of an SQLite database
/// waiting: a reader that is slow should be read into a file first.
///
/// # Errors
/// [`Error::BadInput`] that names the line and what is wrong with it; [`Error::Unauthenticated`] and
/// [`Error::Forbidden`] if the actor may not write; [`Error::Internal`] if the database fails. Nothing is kept then.
pub async fn load(op: &Op, reader: impl BufRead + Send) -> Result<Report> {
    let mut lines = Lines::new(reader);
    match lines.next()? {
        Some((number, text)) => record::check_header(text).map_err(|error| at_line(number, "", error))?,
        None => return Err(Error::BadInput(format!("the file is empty: {}", record::HEADER_EXPECTED))),
    }
    let op = op.begin().await?;
    let report = load_records(&op, &mut lines).await?;
    op.commit().await?;
    Ok(report)
}

async fn load_records(op: &Op, lines: &mut Lines<impl BufRead + Send>) -> Result<Report> {
    let mut names = Names::new(op);
    let mut report = Report::default();
    while let Some((number, text)) = lines.next()? {
        let tag = Tag::read(text).map_err(|error| at_line(number, "", error))?;
        let loaded = load_record(&mut names, &mut report, &Line { number, text }, &tag.record).await;
        loaded.map_err(|error| at_line(number, &tag.what(), error))?;
    }
    Ok(report)
}

/// One line of a file.
struct Line<'a> {
    /// Counted from 1.
    number: u64,
    text: &'a str,
}

async fn load_record(names: &mut Names<'_>, report: &mut Report, line: &Line<'_>, record: &str) -> Result<()> {
    match record {
        "dossier" => load_dossier(names, report, line).await,
        "stakeholder" => load_node::<record::Stakeholder>(names, report, line).await.map(drop),
        "mechanism" => load_node::<record::Mechanism>(names, report, line).await.map(drop),
        "source" => load_node::<record::Source>(names, report, line).await.map(drop),
        "condition" => load_node::<record::Condition>(names, report, line).await.map(drop),
        "argument" => load_node::<record::Argument>(names, report, line).await.map(drop),
        "position" => load_claim::<record::Position>(names, report, line).await,
        "relation" => load_claim::<record::Relation>(names, report, line).await,
        "status" => load_claim::<record::Status>(names, report, line).await,
        "finding" => load_claim::<record::Finding>(names, report, line).await,
        "event" => load_claim::<record::Event>(names, report, line).await,
        "implication" => load_claim::<record::Implication>(names, report, line).await,
        "rating" => load_claim::<record::Rating>(names, report, line).await,
        "header" => Err(Error::BadInput("only the first line is a header".to_owned())),
        _ => Err(record::unknown(record)),
    }
}

async fn load_dossier(names: &mut Names<'_>, report: &mut Report, line: &Line<'_>) -> Result<()> {
    let id = load_node::<record::Dossier>(names, report, line).await?;
    names.enter(id);
    Ok(())
}

async fn load_node<L: NodeLine>(names: &mut Names<'_>, report: &mut Report, line: &Line<'_>) -> Result<i64> {
    let draft = record::read::<L>(line.text)?.draft(names).await?;
    let kind = L::Entity::KIND;
    let header = L::Entity::header(&draft);
    let key = header.slug.or(header.external_id).ok_or_else(nameless)?;
    for (field, key) in [("slug", header.slug), ("externalId", header.external_id)] {
        if let Some(key) = key {
            names.claim(kind, field, key, line.number)?;
        }
    }
    let put = node::put::<L::Entity>(names.op(), &draft).await?;
    let id = L::Entity::id_of(put.record());
    names.remember(kind, key, id);
    report.count(&put);
    Ok(id)
}

async fn load_claim<L: ClaimLine>(names: &mut Names<'_>, report: &mut Report, line: &Line<'_>) -> Result<()> {
    use crate::domain::assertion::Claim;
    let draft = record::read::<L>(line.text)?.draft(names).await?;
    let kind = L::Entity::KIND;
    let key = L::Entity::evidence(&draft).external_id.as_deref().ok_or_else(nameless)?;
    names.claim(kind, "externalId", key, line.number)?;
    let put = assertion::put::<L::Entity>(names.op(), &draft).await?;
    // The other kinds of assertion are never referred to, and there may be very many of them.
    if kind == Kind::Relation {
        names.remember(kind, key, L::Entity::id_of(put.record()));
    }
    report.count(&put);
    Ok(())
}

fn nameless() -> Error {
    Error::refused(Code::Required, "externalId", "must be given, so that loading the file again changes nothing")
}

/// Says where in the file an error of the user's lies. A fault of ours, and a refusal of the actor, have no place in it.
fn at_line(line: u64, what: &str, error: Error) -> Error {
    match error {
        Error::BadInput(_) | Error::Refused(_) | Error::NotFound(_) => {
            let colon = if what.is_empty() { "" } else { ": " };
            Error::BadInput(clipped(format!("line {line}: {what}{colon}{error}")))
        }
        Error::Unauthenticated(_) | Error::Forbidden(_) | Error::Busy(_) | Error::Internal(_) => error,
    }
}

/// The most characters of each end of an error.
const END_CHARS_MAX: usize = 500;

/// An error says what it found, which may be megabytes. Its start has the place and its end the reason.
fn clipped(text: String) -> String {
    let start = text.char_indices().nth(END_CHARS_MAX);
    let end = text.char_indices().rev().nth(END_CHARS_MAX);
    match start.zip(end) {
        Some(((start, _), (end, _))) if start < end => {
            let (start, end) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
            format!("{start} … {end}")
        }
        _ => text,
    }
}
