//! Markings: how far a record may travel, and how that spreads.
//!
//! A record is marked at least as high as everything that it refers to, as a document is classified by its most sensitive
//! part. So whoever may see a record may see what it speaks of: a visible record has no hidden neighbour that a missing
//! name or a refusal could give away. A new record takes at least the marking of what it refers to; raising a record's
//! marking raises all that refers to it, its earlier versions and revisions and the text by which it is found included.

use std::collections::BTreeSet;

use entity::filter::Filter;
use entity::kind::Kind;
use entity::referrer::{self, By};
use entity::words::{AuditAction, ChangeAction, Marking};
use entity::{revision, search_document};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryResult, QuerySelect};

use crate::domain::assertion::Claim;
use crate::domain::reference::{self, Reference};
use crate::domain::{access, audit, dossier, search};
use crate::error::{Code, Error, Problems, Result};
use crate::op::{Changed, Op, Step};
use crate::policy::{self, Action};

/// How many keys one statement names: both databases take as many values.
const KEYS_MAX: usize = 5_000;
/// How many keys one statement looks for in texts: SQLite nests the terms of a condition, and at most a thousand deep.
const NAMES_MAX: usize = 100;

/// Reports a marking that the actor could not see themselves.
pub(super) fn check(op: &Op, asked: Option<Marking>, problems: &mut Problems) -> Result<()> {
    let clearance = policy::signed(op)?.clearance;
    if asked.is_some_and(|asked| asked > clearance) {
        problems.add(Code::Invalid, "marking", format!("is above your own clearance, {}", word(clearance)));
    }
    Ok(())
}

pub(super) fn change<'a, E: Claim>(op: &'a Op, id: i64, marking: Marking) -> BoxFuture<'a, Result<E::Model>> {
    Box::pin(async move {
        policy::may(op, Action::ChangeMarking)?;
        let found = E::get(op, Filter::equal(E::ID, id)).await?;
        let missing = || Error::refused(Code::NotFound, "id", format!("there is no such {}", E::KIND.noun()));
        let current = found.ok_or_else(missing)?;
        let provenance = E::provenance(&current);
        policy::authorise(op, Action::ChangeMarking, provenance.dossier_id)?;
        let mut problems = Problems::default();
        check(op, Some(marking), &mut problems)?;
        let floor = floor::<E>(op, &current).await?;
        if marking < floor {
            let text = format!("is below {}, the marking of what this {} refers to", word(floor), E::KIND.noun());
            problems.add(Code::Invalid, "marking", text);
        }
        problems.finish()?;
        if marking > provenance.marking {
            raise(op, E::KIND, provenance.dossier_id, (id, provenance.marking), marking).await?;
        } else {
            E::update_many().col_expr(E::MARKING, Expr::val(marking)).filter(E::ID.eq(id)).exec(&op.lane).await?;
            search::mark(op, id, marking).await?;
            // Whoever could see it before may know that it has been lowered.
            let step =
                Step { action: AuditAction::Mark, dossier: Some(provenance.dossier_id), marking: provenance.marking };
            op.note(step, E::KIND, id);
            marked(op, E::KIND, provenance.dossier_id, (id, provenance.marking), marking);
        }
        E::get(op, Filter::equal(E::ID, id)).await?.ok_or_else(missing)
    })
}

/// The highest marking of what an assertion refers to, and of what corrected it: that an assertion has been superseded would
/// give away that there is another one.
async fn floor<E: Claim>(op: &Op, model: &E::Model) -> Result<Marking> {
    let draft = E::draft(op, model).await?;
    let evidence = E::evidence(&draft);
    let mut references = E::references(&draft);
    references.push(Reference::new("dossier", Kind::Dossier, evidence.dossier));
    references.push(Reference::new("source", Kind::Source, evidence.source));
    let dossier = evidence.dossier;
    let floor = reference::check(op, &policy::scope(op)?, dossier, &references, &mut Problems::default()).await?;
    let correction = E::SUPERSEDES.eq(E::id_of(model));
    let correction = E::find().select_only().column(E::MARKING).filter(correction).into_tuple().one(&op.lane).await?;
    Ok(Ord::max(floor, correction.unwrap_or_default()))
}

/// Notes for those who keep a copy that a record is marked otherwise than before.
fn marked(op: &Op, kind: Kind, dossier: i64, (id, before): Marked, marking: Marking) {
    if marking != before {
        let action = ChangeAction::Marked;
        op.changed(Changed { kind, id, dossier, action, marking, before: Some(before) });
    }
}

/// The key of a record, and its marking.
type Marked = (i64, Marking);

/// Raises the marking of a record, and of all that refers to it, to at least this. The record comes with the marking that it
/// had before.
pub(super) async fn raise(op: &Op, kind: Kind, dossier: i64, record: Marked, marking: Marking) -> Result<()> {
    // Whoever is writing a record that refers to one of these has finished then, and whoever begins sees the new marking.
    dossier::seize(op, dossier).await?;
    if kind == Kind::Dossier {
        access::closed(op, dossier, record.1, marking).await?;
    }
    let mut waiting = vec![(kind, vec![record])];
    let mut seen = BTreeSet::from([record.0]);
    while let Some((kind, records)) = waiting.pop() {
        for records in records.chunks(KEYS_MAX) {
            let ids: Vec<i64> = records.iter().map(|(id, _)| *id).collect();
            let ids = ids.as_slice();
            set(op, kind, ids, marking).await?;
            audit::raise(op, ids, marking).await?;
            let step = Step { action: AuditAction::Mark, dossier: Some(dossier), marking };
            for record in records {
                op.note(step, kind, record.0);
                marked(op, kind, dossier, *record, Ord::max(marking, record.1));
            }
            if !kind.is_assertion() {
                for ids in ids.chunks(NAMES_MAX) {
                    raise_revisions(op, dossier, kind, ids, marking).await?;
                }
            }
            let mut next = referring(op, kind, ids, marking).await?;
            if kind.is_assertion() {
                next.push((kind, predecessors(op, kind, ids).await?));
            }
            for (kind, mut records) in next {
                records.retain(|(id, _)| seen.insert(*id));
                if !records.is_empty() {
                    waiting.push((kind, records));
                }
            }
        }
    }
    Ok(())
}

async fn set(op: &Op, kind: Kind, ids: &[i64], marking: Marking) -> Result<()> {
    let keys = || Expr::col("id").is_in(ids.iter().copied());
    let update = Query::update()
        .table(kind.table())
        .value("marking", Expr::val(marking))
        .and_where(keys())
        .and_where(Expr::col("marking").lt(marking))
        .take();
    op.lane.execute(&update).await?;
    search_document::Entity::update_many()
        .col_expr(search_document::Column::Marking, Expr::val(marking))
        .filter(search_document::Column::Id.is_in(ids.iter().copied()))
        .filter(search_document::Column::Marking.lt(marking))
        .exec(&op.lane)
        .await?;
    Ok(())
}

/// Raises the revisions of these nodes, and those of other nodes that name them, also where the nodes no longer do.
async fn raise_revisions(op: &Op, dossier: i64, kind: Kind, ids: &[i64], marking: Marking) -> Result<()> {
    use revision::Column;
    let mut naming = Condition::any().add(Column::NodeId.is_in(ids.iter().copied()));
    for id in ids {
        naming = naming
            .add(Column::Snapshot.contains(crate::id::encode(kind, *id)))
            .add(Column::Snapshot.contains(format!("_id\":{id},")))
            .add(Column::Snapshot.contains(format!("_id\":{id}}}")));
    }
    revision::Entity::update_many()
        .col_expr(Column::Marking, Expr::val(marking))
        .filter(Column::DossierId.eq(dossier))
        .filter(Column::Marking.lt(marking))
        .filter(naming)
        .exec(&op.lane)
        .await?;
    Ok(())
}

/// The records that refer to these and are marked lower, by kind.
async fn referring(op: &Op, kind: Kind, ids: &[i64], marking: Marking) -> Result<Vec<(Kind, Vec<Marked>)>> {
    let mut found = Vec::new();
    for referrer in referrer::to(kind) {
        let refers = match referrer.by {
            By::Column(column) => Expr::col(column).is_in(ids.iter().copied()),
            By::Link { table, from, to } => {
                let links = Query::select()
                    .column(from.into_iden())
                    .from(table)
                    .and_where(Expr::col(to).is_in(ids.iter().copied()))
                    .take();
                Expr::col("id").in_subquery(links)
            }
        };
        let lower = Expr::col("marking").lt(marking);
        found.push((referrer.from, found_by(op, referrer.from, refers.and(lower)).await?));
    }
    Ok(found)
}

/// The assertions that these superseded.
async fn predecessors(op: &Op, kind: Kind, ids: &[i64]) -> Result<Vec<Marked>> {
    let corrected = Query::select()
        .column("supersedes_id")
        .from(kind.table())
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .and_where(Expr::col("supersedes_id").is_not_null())
        .take();
    found_by(op, kind, Expr::col("id").in_subquery(corrected)).await
}

async fn found_by(op: &Op, kind: Kind, condition: Expr) -> Result<Vec<Marked>> {
    let select = Query::select().columns(["id", "marking"]).from(kind.table()).and_where(condition).take();
    let rows = op.lane.query_all(&select).await?;
    let read = |row: &QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "marking")?));
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// The name of a marking in a sentence.
const fn word(marking: Marking) -> &'static str {
    match marking {
        Marking::Clear => "CLEAR",
        Marking::Green => "GREEN",
        Marking::Amber => "AMBER",
        Marking::AmberStrict => "AMBER_STRICT",
        Marking::Red => "RED",
    }
}
