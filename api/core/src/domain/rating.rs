//! Ratings: how much a stakeholder can and wants to do in the dossier.

use chrono::NaiveDate;
use entity::kind::Kind;
use entity::rating::{ActiveModel, Entity, Model};
use entity::record::{Assertion, Provenance};

use crate::domain::assertion::{Claim, Evidence, TEXT_MAX, row};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Problems, Result};
use crate::op::Op;

/// All that a person says of a rating.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub stakeholder: i64,
    pub influence: Option<i16>,
    pub interest: Option<i16>,
    pub salience: Option<i16>,
    pub power: Option<bool>,
    pub legitimacy: Option<bool>,
    pub urgency: Option<bool>,
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
        for (field, value) in
            [("influence", draft.influence), ("interest", draft.interest), ("salience", draft.salience)]
        {
            problems.within(field, value, 0, 100);
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        vec![Reference::new("stakeholder", Kind::Stakeholder, draft.stakeholder)]
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, stakeholder, influence, interest, salience, power, legitimacy, urgency, note } =
            draft.clone();
        row!(Model, provenance, occurred_on, occurred_precision, {
            stakeholder_id: stakeholder,
            influence,
            interest,
            salience,
            power,
            legitimacy,
            urgency,
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
            stakeholder: model.stakeholder_id,
            influence: model.influence,
            interest: model.interest,
            salience: model.salience,
            power: model.power,
            legitimacy: model.legitimacy,
            urgency: model.urgency,
            note: model.note.clone(),
        })
    }
}
