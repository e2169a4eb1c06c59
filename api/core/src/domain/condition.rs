//! Conditions: prerequisites of a mechanism.

use entity::condition::{ActiveModel, Column, Entity, Model};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::record::Upkeep;
use entity::words::Marking;

use crate::domain::assertion::TEXT_MAX;
use crate::domain::node::{Concept, Header};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Problems, Result};
use crate::op::Op;

/// All that a person says of a condition.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub dossier: i64,
    pub external_id: Option<String>,
    pub marking: Option<Marking>,
    pub mechanism: i64,
    pub statement: String,
    pub legal_basis: Option<String>,
}

impl Concept for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn header(draft: &Draft) -> Header<'_> {
        Header {
            dossier: Some(draft.dossier),
            slug: None,
            external_id: draft.external_id.as_deref(),
            marking: draft.marking,
        }
    }

    fn marking(draft: &mut Draft) -> &mut Option<Marking> {
        &mut draft.marking
    }

    fn check(_op: &Op, draft: &Draft, problems: &mut Problems) {
        problems.required("statement", &draft.statement, TEXT_MAX);
        problems.optional("legalBasis", draft.legal_basis.as_deref(), TEXT_MAX);
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        vec![Reference::new("mechanism", Kind::Mechanism, draft.mechanism)]
    }

    fn with_slug(_slug: &str) -> Option<Filter<Self>> {
        None
    }

    fn with_external_id(external_id: &str) -> Filter<Self> {
        Filter::equal(Column::ExternalId, external_id)
    }

    fn build(draft: &Draft, upkeep: Upkeep) -> Model {
        let Draft { dossier: _, external_id: _, marking: _, mechanism, statement, legal_basis } = draft.clone();
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
            mechanism_id: mechanism,
            statement,
            legal_basis,
        }
    }

    fn words(model: &Model) -> Words {
        Words::new(&model.statement, [model.legal_basis.as_deref()])
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        let model = model.clone();
        Ok(Draft {
            dossier: model.dossier_id,
            external_id: model.external_id,
            marking: Some(model.marking),
            mechanism: model.mechanism_id,
            statement: model.statement,
            legal_basis: model.legal_basis,
        })
    }
}
