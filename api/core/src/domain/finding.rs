//! Findings: an assessor's verdict on whether a condition is met.

use chrono::NaiveDate;
use entity::finding::{ActiveModel, Entity, Model};
use entity::kind::Kind;
use entity::record::{Assertion, Provenance};
use entity::words::Verdict;

use crate::domain::assertion::{Claim, Evidence, TEXT_MAX, row};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Problems, Result};
use crate::op::Op;

/// All that a person says of a finding.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub condition: i64,
    pub assessor: i64,
    pub verdict: Verdict,
    pub rationale: Option<String>,
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
        problems.optional("rationale", draft.rationale.as_deref(), TEXT_MAX);
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        vec![
            Reference::new("condition", Kind::Condition, draft.condition),
            Reference::new("assessor", Kind::Stakeholder, draft.assessor),
        ]
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, condition, assessor, verdict, rationale } = draft.clone();
        row!(Model, provenance, occurred_on, occurred_precision, {
            condition_id: condition,
            assessor_id: assessor,
            verdict,
            rationale,
        })
    }

    fn words(model: &Model) -> Option<Words> {
        let rationale = model.rationale.as_deref()?;
        Some(Words::new(rationale, [model.quote_exact.as_deref()]))
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        Ok(Draft {
            evidence: Evidence::of(Self::provenance(model)),
            condition: model.condition_id,
            assessor: model.assessor_id,
            verdict: model.verdict,
            rationale: model.rationale.clone(),
        })
    }
}
