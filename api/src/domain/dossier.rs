//! Dossiers: one policy question under study each.

use entity::dossier::{ActiveModel, Column, Entity, Model};
use entity::filter::Filter;
use entity::record::Upkeep;
use entity::words::Marking;

use crate::domain::assertion::{LINE_MAX, TEXT_MAX};
use crate::domain::node::{Concept, Header};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Problems, Result};
use crate::op::Op;

/// All that a person says of a dossier.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub slug: String,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub title: String,
    pub question: Option<String>,
    pub description: Option<String>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: None,
            slug: Some(&draft.slug),
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(_op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("title", &draft.title, LINE_MAX);
        problems.optional("question", draft.question.as_deref(), TEXT_MAX);
        problems.optional("description", draft.description.as_deref(), TEXT_MAX);
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
        let Draft { slug, external_id: _, marking: _, title, question, description } = draft.clone();
        let Upkeep { id, dossier_id: _, version, created_at, created_by, updated_at, marking, external_id } = upkeep;
        Model {
            id,
            version,
            created_at,
            created_by,
            updated_at,
            marking,
            external_id,
            slug,
            title,
            question,
            description,
        }
    }

    fn words(model: &Model) -> Words {
        let body = [Some(model.slug.as_str()), model.question.as_deref(), model.description.as_deref()];
        Words::new(&model.title, body)
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        let model = model.clone();
        Ok(Draft {
            slug: model.slug,
            external_id: model.external_id,
            marking: Some(model.marking),
            title: model.title,
            question: model.question,
            description: model.description,
        })
    }
}
