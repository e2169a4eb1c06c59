//! Implications: foreseen consequences and lessons.

use chrono::NaiveDate;
use entity::implication::{ActiveModel, Entity, Model};
use entity::kind::Kind;
use entity::record::{Assertion, Provenance};
use entity::words::{ImplicationKind, Likelihood};

use crate::domain::assertion::{Claim, Evidence, TEXT_MAX, row};
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;

/// All that a person says of an implication.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub kind: ImplicationKind,
    pub statement: String,
    pub likelihood: Option<Likelihood>,
    pub severity: Option<i16>,
    pub mechanism: Option<i64>,
    pub relation: Option<i64>,
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
        problems.required("statement", &draft.statement, TEXT_MAX);
        problems.within("severity", draft.severity, 1, 5);
        if draft.mechanism.is_some() && draft.relation.is_some() {
            let message = "is about a mechanism or a relation, not both; about neither, it is about the whole dossier";
            problems.add(Code::Invalid, "relation", message);
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        let mechanism = draft.mechanism.map(|id| Reference::new("mechanism", Kind::Mechanism, id));
        let relation = draft.relation.map(|id| Reference::new("relation", Kind::Relation, id));
        mechanism.into_iter().chain(relation).collect()
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, kind, statement, likelihood, severity, mechanism, relation } = draft.clone();
        row!(Model, provenance, occurred_on, occurred_precision, {
            kind,
            statement,
            likelihood,
            severity,
            mechanism_id: mechanism,
            relation_id: relation,
        })
    }

    fn words(model: &Model) -> Option<Words> {
        Some(Words::new(&model.statement, [model.quote_exact.as_deref()]))
    }

    async fn draft(_op: &Op, model: &Model) -> Result<Draft> {
        Ok(Draft {
            evidence: Evidence::of(Self::provenance(model)),
            kind: model.kind,
            statement: model.statement.clone(),
            likelihood: model.likelihood,
            severity: model.severity,
            mechanism: model.mechanism_id,
            relation: model.relation_id,
        })
    }
}
