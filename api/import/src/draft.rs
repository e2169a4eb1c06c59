//! From lines to drafts: every name becomes a key, and what is left out becomes what that means.
//!
//! Lines are taken apart exhaustively, so that a new field will not compile until it is handled.

use std::future::Future;

use entity::kind::Kind;
use serde::de::DeserializeOwned;

use super::record;
use super::resolve::Names;
use demarche_core::domain::assertion::{Claim, Evidence, Quote};
use demarche_core::domain::list::Readable;
use demarche_core::domain::node::Concept;
use demarche_core::domain::{
    argument, condition, dossier, event, finding, implication, mechanism, position, rating, relation, source,
    stakeholder, status,
};
use demarche_core::error::Result;

/// A line that holds a node.
pub(super) trait NodeLine: DeserializeOwned + Send {
    /// The kind of the node.
    type Entity: Concept + sea_orm::EntityTrait<Column: sea_orm::Iterable>;

    /// What the line says of it.
    fn draft(self, names: &mut Names<'_>) -> impl Future<Output = Result<<Self::Entity as Concept>::Draft>> + Send;
}

/// A line that holds an assertion.
pub(super) trait ClaimLine: record::Correction + DeserializeOwned + Send {
    /// The kind of the assertion.
    type Entity: Claim + sea_orm::EntityTrait<Column: sea_orm::Iterable>;

    /// What the line says. What it corrects is asked for before.
    fn draft(self, names: &mut Names<'_>) -> impl Future<Output = Result<<Self::Entity as Claim>::Draft>> + Send;
}

impl NodeLine for record::Dossier {
    type Entity = entity::dossier::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<dossier::Draft> {
        let Self { _record, slug, title, question, description, external_id, marking } = self;
        // Left out, it stays: a file that does not know of one cannot mean to take it away.
        let stored = match Self::Entity::with_slug(&slug) {
            Some(filter) if external_id.is_none() => Self::Entity::get(names.op(), filter).await?,
            _ => None,
        };
        Ok(dossier::Draft {
            slug,
            external_id: external_id.or(stored.and_then(|stored| stored.external_id)),
            marking,
            title,
            question,
            description,
        })
    }
}

impl NodeLine for record::Stakeholder {
    type Entity = entity::stakeholder::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<stakeholder::Draft> {
        let Self { _record, slug, name, kind, aliases, country, description, identifiers, external_id, marking } = self;
        let identifier = |record::Identifier { scheme, value }| entity::stakeholder::Identifier { scheme, value };
        Ok(stakeholder::Draft {
            dossier: names.dossier()?,
            slug,
            external_id,
            marking,
            name,
            kind,
            aliases: aliases.unwrap_or_default(),
            country,
            description,
            identifiers: identifiers.unwrap_or_default().into_iter().map(identifier).collect(),
        })
    }
}

impl NodeLine for record::Mechanism {
    type Entity = entity::mechanism::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<mechanism::Draft> {
        let Self { _record, slug, name, mode, kind, description, part_of, parties, external_id, marking } = self;
        let dossier = names.dossier()?;
        let part_of = names.maybe(Kind::Mechanism, "partOf", part_of).await?;
        let mut resolved = Vec::new();
        for record::Party { stakeholder, role } in parties.unwrap_or_default() {
            let stakeholder = names.one(Kind::Stakeholder, "parties", &stakeholder).await?;
            resolved.push(mechanism::Party { stakeholder, role });
        }
        Ok(mechanism::Draft {
            dossier,
            slug,
            external_id,
            marking,
            name,
            mode,
            kind,
            description,
            part_of,
            parties: resolved.into(),
        })
    }
}

impl NodeLine for record::Source {
    type Entity = entity::source::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<source::Draft> {
        let Self {
            _record,
            slug,
            title,
            url,
            publisher,
            author,
            published_on,
            retrieved_on,
            language,
            sha256,
            text,
            reliability,
            external_id,
            marking,
        } = self;
        Ok(source::Draft {
            dossier: names.dossier()?,
            slug,
            external_id,
            marking,
            title,
            url,
            publisher,
            author,
            published: published_on,
            retrieved: retrieved_on,
            language,
            // As it is stored, so that the same file makes the same draft again.
            sha256: sha256.or_else(|| text.as_deref().map(source::digest)),
            text,
            reliability,
        })
    }
}

impl NodeLine for record::Condition {
    type Entity = entity::condition::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<condition::Draft> {
        let Self { _record, external_id, mechanism, statement, legal_basis, marking } = self;
        Ok(condition::Draft {
            dossier: names.dossier()?,
            external_id,
            marking,
            mechanism: names.one(Kind::Mechanism, "mechanism", &mechanism).await?,
            statement,
            legal_basis,
        })
    }
}

impl NodeLine for record::Argument {
    type Entity = entity::argument::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<argument::Draft> {
        let Self { _record, external_id, statement, frame, description, rebuts, reinforces, marking } = self;
        Ok(argument::Draft {
            dossier: names.dossier()?,
            external_id,
            marking,
            statement,
            frame,
            description,
            rebuts: names.each(Kind::Argument, "rebuts", rebuts).await?,
            reinforces: names.each(Kind::Argument, "reinforces", reinforces).await?,
        })
    }
}

async fn evidence(line: record::Evidence, names: &mut Names<'_>) -> Result<Evidence> {
    let record::Evidence { external_id, source, locator, quote, occurred, credibility, confidence, marking } = line;
    let quote =
        quote.map(|record::Quote { exact, prefix, suffix, start, end }| Quote { exact, prefix, suffix, start, end });
    Ok(Evidence {
        dossier: names.dossier()?,
        external_id,
        source: names.one(Kind::Source, "source", &source).await?,
        locator,
        quote,
        occurred,
        credibility,
        confidence,
        marking,
    })
}

impl ClaimLine for record::Position {
    type Entity = entity::position::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<position::Draft> {
        let Self {
            evidence: line,
            supersedes: _,
            stakeholder,
            on_behalf_of,
            mechanism,
            stance,
            rationale,
            arguments,
            conditions,
        } = self;
        Ok(position::Draft {
            evidence: evidence(line, names).await?,
            stakeholder: names.one(Kind::Stakeholder, "stakeholder", &stakeholder).await?,
            on_behalf_of: names.maybe(Kind::Stakeholder, "onBehalfOf", on_behalf_of).await?,
            mechanism: names.one(Kind::Mechanism, "mechanism", &mechanism).await?,
            stance,
            rationale,
            arguments: names.each(Kind::Argument, "arguments", arguments).await?,
            conditions: names.each(Kind::Condition, "conditions", conditions).await?,
        })
    }
}

impl ClaimLine for record::Relation {
    type Entity = entity::relation::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<relation::Draft> {
        let Self { evidence: line, supersedes: _, from, to, kind, started_on, ended_on, tension, note } = self;
        Ok(relation::Draft {
            evidence: evidence(line, names).await?,
            from: names.one(Kind::Stakeholder, "from", &from).await?,
            to: names.one(Kind::Stakeholder, "to", &to).await?,
            kind,
            started: started_on,
            ended: ended_on,
            tension,
            note,
        })
    }
}

impl ClaimLine for record::Status {
    type Entity = entity::status::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<status::Draft> {
        let Self { evidence: line, supersedes: _, mechanism, status, note } = self;
        Ok(status::Draft {
            evidence: evidence(line, names).await?,
            mechanism: names.one(Kind::Mechanism, "mechanism", &mechanism).await?,
            status,
            note,
        })
    }
}

impl ClaimLine for record::Finding {
    type Entity = entity::finding::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<finding::Draft> {
        let Self { evidence: line, supersedes: _, condition, assessor, verdict, rationale } = self;
        Ok(finding::Draft {
            evidence: evidence(line, names).await?,
            condition: names.one(Kind::Condition, "condition", &condition).await?,
            assessor: names.one(Kind::Stakeholder, "assessor", &assessor).await?,
            verdict,
            rationale,
        })
    }
}

impl ClaimLine for record::Event {
    type Entity = entity::event::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<event::Draft> {
        let Self { evidence: line, supersedes: _, title, description, mechanism, actors, tension } = self;
        let evidence = evidence(line, names).await?;
        let mut resolved = Vec::new();
        for record::Actor { stakeholder, role } in actors.unwrap_or_default() {
            let stakeholder = names.one(Kind::Stakeholder, "actors", &stakeholder).await?;
            resolved.push(event::Actor { stakeholder, role });
        }
        Ok(event::Draft {
            evidence,
            title,
            description,
            mechanism: names.maybe(Kind::Mechanism, "mechanism", mechanism).await?,
            actors: resolved.into(),
            tension,
        })
    }
}

impl ClaimLine for record::Implication {
    type Entity = entity::implication::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<implication::Draft> {
        let Self { evidence: line, supersedes: _, kind, statement, likelihood, severity, mechanism, relation } = self;
        Ok(implication::Draft {
            evidence: evidence(line, names).await?,
            kind,
            statement,
            likelihood,
            severity,
            mechanism: names.maybe(Kind::Mechanism, "mechanism", mechanism).await?,
            relation: names.maybe(Kind::Relation, "relation", relation).await?,
        })
    }
}

impl ClaimLine for record::Rating {
    type Entity = entity::rating::Entity;

    async fn draft(self, names: &mut Names<'_>) -> Result<rating::Draft> {
        let Self {
            evidence: line,
            supersedes: _,
            stakeholder,
            influence,
            interest,
            salience,
            power,
            legitimacy,
            urgency,
            note,
        } = self;
        Ok(rating::Draft {
            evidence: evidence(line, names).await?,
            stakeholder: names.one(Kind::Stakeholder, "stakeholder", &stakeholder).await?,
            influence,
            interest,
            salience,
            power,
            legitimacy,
            urgency,
            note,
        })
    }
}
