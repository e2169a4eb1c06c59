//! Relations: directed ties between stakeholders.

use chrono::NaiveDate;
use entity::kind::Kind;
use entity::record::{Assertion, Provenance};
use entity::relation::{ActiveModel, Entity, Model};
use entity::words::RelationKind;

use crate::domain::assertion::{Claim, Evidence, TEXT_MAX, row};
use crate::domain::date::PartialDate;
use crate::domain::reference::Reference;
use crate::domain::search::Words;
use crate::error::{Code, Problems, Result};
use crate::op::Op;

/// All that a person says of a relation.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are defined in the GraphQL schema, where their readers are")]
pub struct Draft {
    pub evidence: Evidence,
    pub from: i64,
    pub to: i64,
    pub kind: RelationKind,
    pub started: Option<PartialDate>,
    pub ended: Option<PartialDate>,
    pub tension: Option<f64>,
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

    fn check(draft: &Draft, today: NaiveDate, problems: &mut Problems) {
        problems.optional("note", draft.note.as_deref(), TEXT_MAX);
        problems.within("tension", draft.tension, -10.0, 10.0);
        if draft.from == draft.to {
            problems.add(Code::Invalid, "to", "is the stakeholder itself: a tie needs two");
        }
        if let Some(started) = draft.started {
            started.check("startedOn", today, problems);
        }
        if let (Some(started), Some(ended)) = (draft.started, draft.ended)
            && ended.last() < started.first
        {
            problems.add(Code::Invalid, "endedOn", format!("{ended} lies before the start, {started}"));
        }
    }

    fn references(draft: &Draft) -> Vec<Reference> {
        vec![Reference::new("from", Kind::Stakeholder, draft.from), Reference::new("to", Kind::Stakeholder, draft.to)]
    }

    fn build(draft: &Draft, provenance: Provenance) -> Model {
        let Draft { evidence: _, from, to, kind, started, ended, tension, note } = draft.clone();
        row!(Model, provenance, occurred_on, occurred_precision, {
            from_id: from,
            to_id: to,
            kind,
            started_on: started.map(|date| date.first),
            started_precision: started.map(|date| date.precision),
            // The last day of what is known: a tie that ended in 2024 still held on any day of it.
            ended_on: ended.map(PartialDate::last),
            ended_precision: ended.map(|date| date.precision),
            tension,
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
            from: model.from_id,
            to: model.to_id,
            kind: model.kind,
            started: PartialDate::stored(model.started_on, model.started_precision),
            ended: PartialDate::stored(model.ended_on, model.ended_precision),
            tension: model.tension,
            note: model.note.clone(),
        })
    }
}
