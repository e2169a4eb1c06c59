//! Stakeholders.

use entity::filter::Filter;
use entity::record::Upkeep;
use entity::stakeholder::{ActiveModel, Aliases, Column, Entity, Identifier, Identifiers, Model};
use entity::words::{Marking, StakeholderKind};

use crate::domain::assertion::{LINE_MAX, TEXT_MAX};
use crate::domain::node::{Concept, Header};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;

/// All that a person says of a stakeholder.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub dossier: i64,
    pub slug: String,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub name: String,
    pub kind: StakeholderKind,
    pub aliases: Vec<String>,
    pub country: Option<String>,
    pub description: Option<String>,
    pub identifiers: Vec<Identifier>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: Some(draft.dossier),
            slug: Some(&draft.slug),
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(_op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("name", &draft.name, LINE_MAX);
        problems.optional("description", draft.description.as_deref(), TEXT_MAX);
        for (n, alias) in draft.aliases.iter().enumerate() {
            problems.required(&format!("aliases.{n}"), alias, LINE_MAX);
        }
        for (n, identifier) in draft.identifiers.iter().enumerate() {
            problems.required(&format!("identifiers.{n}.scheme"), &identifier.scheme, 50);
            problems.required(&format!("identifiers.{n}.value"), &identifier.value, 200);
        }
        if let Some(country) = &draft.country
            && !(country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()))
        {
            let message = format!("{country:?} is not a country: expected an ISO 3166-1 alpha-2 code such as MX");
            problems.add(Code::Invalid, "country", message);
        }
    }

    fn references(_draft: &Draft) -> Vec<Reference> {
        Vec::new()
    }

    fn with_slug(slug: &str) -> Option<Filter<Self>> {
        Some(Filter::equal(Column::Slug, slug))
    }

    fn with_external_id(external_id: &str) -> Filter<Self> {
        Filter::equal(Column::ExternalId, external_id)
    }

    fn build(draft: &Draft, upkeep: Upkeep) -> Model {
        let Draft {
            dossier: _,
            slug,
            external_id: _,
            marking: _,
            name,
            kind,
            aliases,
            country,
            description,
            identifiers,
        } = draft.clone();
        let Upkeep { id, dossier_id, version, created_at, created_by, updated_at, marking, external_id } = upkeep;
        Model {
            id,
            version,
            created_at,
            created_by,
            updated_at,
            marking,
            external_id,
            dossier_id,
            slug,
            name,
            kind,
            aliases: Aliases(aliases),
            country,
            description,
            identifiers: Identifiers(identifiers),
        }
    }

    fn words(model: &Model) -> Words {
        let aliases = model.aliases.0.iter().map(|alias| Some(alias.as_str()));
        Words::new(&model.name, [Some(model.slug.as_str()), model.description.as_deref()].into_iter().chain(aliases))
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        let model = model.clone();
        Ok(Draft {
            dossier: model.dossier_id,
            slug: model.slug,
            external_id: model.external_id,
            marking: Some(model.marking),
            name: model.name,
            kind: model.kind,
            aliases: model.aliases.0,
            country: model.country,
            description: model.description,
            identifiers: model.identifiers.0,
        })
    }
}
