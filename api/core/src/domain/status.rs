//! Statuses: the dated steps of a mechanism's life.

use chrono::NaiveDate;
use entity::kind::Kind;
use entity::record::{Assertion, Provenance};
use entity::status::{ActiveModel, Entity, Model};
use entity::words::MechanismStatus;

use crate::domain::assertion::{Claim, Evidence, TEXT_MAX, row};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Problems, Result};
use crate::op::Op;

/// All that a person says of a status.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub mechanism: i64,
    pub status: MechanismStatus,
    pub note: Option<String>,
}

impl Claim for Entity {
    type Row = ActiveModel;
    type Draft = Draft;

    fn evidence(draft: &Draft) -> &Evidence {
        &draft.evidence
    }

    fn evidence_mut(draft: &mut Draft) -> &mut Evidence {
        &mut draft.evidence
    }

    fn check(draft: &Draft, _today: NaiveDate, problems: &mut Problems) {
        problems.optional("note", draft.note.as_deref(), TEXT_MAX);
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        vec![Reference::new("mechanism", Kind::Mechanism, draft.mechanism)]
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, mechanism, status, note } = draft.clone();
        row!(Model, provenance, occurred_on, occurred_precision, {
            mechanism_id: mechanism,
            status,
            note,
        })
    }

    fn words(model: &Model) -> Option<Words> {
        let note = model.note.as_deref()?;
        Some(Words::new(note, [model.quote_exact.as_deref()]))
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        Ok(Draft {
            evidence: Evidence::of(Self::provenance(model)),
            mechanism: model.mechanism_id,
            status: model.status,
            note: model.note.clone(),
        })
    }
}
