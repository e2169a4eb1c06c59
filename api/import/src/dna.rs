//! Databases of Discourse Network Analyzer 3, whose coders mark in documents who agrees or disagrees with what.
//!
//! Persons and organizations become stakeholders, concepts mechanisms, documents sources with their text, and statements
//! positions whose quote is anchored in it. What else such a database holds is reported.

mod database;
mod statement;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use chrono::DateTime;
use serde_json::{Value, json};

pub(super) use self::database::MAGIC;
use self::database::{Database, Document, Entity, Role};
use self::statement::Statement;
use super::mapping::slug;
use super::report::Wrong;
use super::spool::Frame;
use super::stage::{Origin, Owner, Stage};
use demarche_core::error::Result;

/// Stages all that a database holds.
///
/// # Errors
/// [`demarche_core::error::Error::BadInput`] if the file is no database of DNA 3, or a record is refused and nothing may be.
pub(super) async fn stage(path: &Path, dossier: &str, stage: &mut Stage) -> Result<()> {
    let database = Database::open(path).await?;
    let title = path.file_stem().map_or_else(|| dossier.to_owned(), |name| name.to_string_lossy().into_owned());
    let origin = stage.origin(Origin::default());
    let described = json!({ "record": "dossier", "slug": dossier, "title": title });
    let described = Frame { origin, line: 1, text: described.to_string() };
    stage.enter(Owner::Named(dossier.to_owned(), Some(described)));
    stage.report.left_out = database.left_out().await?;
    let mut file = File { stage, origin, slugs: HashSet::new(), ties: BTreeMap::new() };
    for entity in database.entities().await? {
        file.entity(&entity)?;
    }
    for document in database.documents().await? {
        let text = database.text(document.id).await?;
        file.document(&document, &text)?;
        for statement in database.statements(document.id).await? {
            file.statement(&statement, &document, &text)?;
        }
    }
    file.ties()
}

struct File<'a> {
    stage: &'a mut Stage,
    origin: u32,
    /// Those that are taken.
    slugs: HashSet<String>,
    /// Who spoke for whom first, in which document and when.
    ties: BTreeMap<(i64, i64), (String, i64)>,
}

impl File<'_> {
    fn push(&mut self, id: i64, record: Value) -> Result<()> {
        // The number of what it comes from stands for the line that it has not.
        self.stage.push(self.origin, id.unsigned_abs(), &without_nulls(record).to_string())
    }

    fn entity(&mut self, entity: &Entity) -> Result<()> {
        let Entity { id, role, name, aliases, notes } = entity;
        let slug = self.slug(name, *id, *role == Role::Concept);
        let description = (!notes.is_empty()).then(|| notes.join("\n"));
        let record = match role {
            Role::Concept => json!({
                "record": "mechanism", "slug": slug, "externalId": entity_key(*id), "name": name,
                "mode": "DOMESTIC", "kind": "OTHER", "description": description,
            }),
            Role::Person | Role::Organization => json!({
                "record": "stakeholder", "slug": slug, "externalId": entity_key(*id), "name": name,
                "kind": if *role == Role::Person { "PERSON" } else { "ORGANIZATION" },
                "aliases": (!aliases.is_empty()).then_some(aliases), "description": description,
            }),
        };
        self.push(*id, record)
    }

    /// A slug that no other entity has. Stakeholders and mechanisms do not share them, but it does no harm.
    fn slug(&mut self, name: &str, id: i64, concept: bool) -> String {
        let readable = slug(name);
        let prefix = if concept { "concept" } else { "entity" };
        let candidate = if readable.is_empty() { format!("{prefix}-{id}") } else { readable };
        if self.slugs.insert(candidate.clone()) {
            return candidate;
        }
        let short: String = candidate.chars().take(75).collect();
        let numbered = format!("{}-{id}", short.trim_end_matches('-'));
        self.slugs.insert(numbered.clone());
        numbered
    }

    fn document(&mut self, document: &Document, text: &str) -> Result<()> {
        let Document { id, title, author, source, date, .. } = document;
        let record = json!({
            "record": "source", "slug": document_slug(*id), "externalId": document_slug(*id),
            "title": present(title).unwrap_or_else(|| format!("Document {id}")),
            "author": present(author), "publisher": present(source), "publishedOn": day(*date), "text": present(text),
        });
        self.push(*id, record)
    }

    fn statement(&mut self, statement: &Statement, document: &Document, text: &str) -> Result<()> {
        let Statement { id, person, organization, concept, .. } = *statement;
        let (speaker, principal) = match (person, organization) {
            (Some(person), organization) => (Some(person), organization),
            (None, organization) => (organization, None),
        };
        let quote = statement.quote(text);
        let (Some(speaker), Some(concept), Some(quote)) = (speaker, concept, quote) else {
            let wrong = Wrong::new(match (speaker, concept) {
                (None, _) => "has neither a person nor an organization",
                (_, None) => "has no concept",
                _ => "does not stand in the text of its document",
            });
            return self.stage.refuse(self.origin, None, None, Some(format!("statement {id}")), wrong);
        };
        if let (Some(person), Some(organization)) = (person, organization) {
            let this = (document_slug(document.id), document.date);
            let first = self.ties.entry((person, organization)).or_insert_with(|| this.clone());
            if this.1 < first.1 {
                *first = this;
            }
        }
        let record = json!({
            "record": "position", "externalId": format!("dna-statement-{id}"),
            "stakeholder": entity_key(speaker), "onBehalfOf": principal.map(entity_key),
            "mechanism": entity_key(concept), "stance": if statement.agreement { "SUPPORT" } else { "OPPOSE" },
            "statedOn": day(document.date), "source": document_slug(document.id),
            "locator": present(&document.section), "quote": quote,
        });
        self.push(id, record)
    }

    /// What a database of DNA knows of a tie is that a person spoke for an organization: since the first time.
    fn ties(mut self) -> Result<()> {
        for ((person, organization), (document, date)) in std::mem::take(&mut self.ties) {
            let record = json!({
                "record": "relation", "externalId": format!("dna-tie-{person}-{organization}"),
                "from": entity_key(person), "to": entity_key(organization), "kind": "REPRESENTS",
                "occurredOn": day(date), "source": document,
            });
            self.push(person, record)?;
        }
        Ok(())
    }
}

fn entity_key(id: i64) -> String {
    format!("dna-entity-{id}")
}

fn document_slug(id: i64) -> String {
    format!("dna-document-{id}")
}

/// A text that says something.
fn present(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// The day of a moment, in UTC.
fn day(seconds: i64) -> Option<String> {
    DateTime::from_timestamp(seconds, 0).map(|moment| moment.date_naive().to_string())
}

fn without_nulls(record: Value) -> Value {
    match record {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        other => other,
    }
}
