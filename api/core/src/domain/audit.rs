//! The audit log: who did what, when, from where, with which credential, to which records, and how it ended.
//!
//! It is only ever appended to. Each entry has the hash of the one before it and its own over all that it says, so that an
//! entry that is changed, removed or moved shows ([`verify`]). Entries of a write are written in its transaction; reads of
//! what is marked `AMBER` or above are collected while a request runs and appended once, before it is answered.
//!
//! An entry is about one dossier at most, and about records of one marking: it is marked like them. So the scope that
//! hides a record hides the entries about it, and raising a record's marking raises them too. The marking is how to handle
//! an entry and no part of what it says: it is not hashed.
//!
//! No entry holds a secret, a variable of a query, or the content of a record.

mod chain;

use entity::audit::{Column, Entity, Model};
use entity::audit_record;
use entity::filter::{Filter, Test};
use entity::kind::Kind;
use entity::moment::Moment;
use entity::record::Record;
use entity::words::{AuditAction, AuditCredential, AuditOutcome, ChangeAction, Marking};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, Query as Select};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

pub use self::chain::{Head, verify};
use crate::domain::list::{Listing, Query, Readable};
use crate::error::{Error, Result};
use crate::op::ledger::{Ended, Entry};
use crate::op::{Actor, Changed, Op, Step};
use crate::policy::{self, Action};

/// From this marking on, reads are logged.
const READS_FROM: Marking = Marking::Amber;

/// Notes what was read, as far as that is logged.
pub(super) fn read<'a, E: Record>(op: &Op, rows: impl IntoIterator<Item = &'a E::Model>) {
    for row in rows {
        let marking = E::marking_of(row);
        if marking >= READS_FROM && E::KIND != Kind::AuditEntry {
            read_one(op, E::dossier_of(row), marking, E::KIND, E::id_of(row));
        }
    }
}

/// Notes that one record was read, if that is logged.
pub(super) fn read_one(op: &Op, dossier: i64, marking: Marking, kind: Kind, id: i64) {
    if marking >= READS_FROM {
        op.reads.add(Step { action: AuditAction::Read, dossier: Some(dossier), marking }, kind, id);
    }
}

/// Notes that a record was written: for the log, and for those who keep a copy. `before` is the marking that it had, if
/// that may have been another one.
pub(super) fn wrote<E: Record>(op: &Op, row: &E::Model, action: ChangeAction, before: Option<Marking>) {
    let (id, dossier, marking) = (E::id_of(row), E::dossier_of(row), E::marking_of(row));
    op.note(Step { action: AuditAction::Write, dossier: Some(dossier), marking }, E::KIND, id);
    op.changed(Changed { kind: E::KIND, id, dossier, action, marking, before });
}

/// Appends what a request has read, once it has run.
///
/// # Errors
/// If the log cannot be written: then what was read must not be shown.
pub fn flush(op: &Op) -> BoxFuture<'_, Result<()>> {
    Box::pin(async move {
        if op.reads.is_empty() {
            return Ok(());
        }
        let inside = op.begin().await?;
        inside.note_all(&op.reads);
        inside.commit().await
    })
}

/// Appends an entry about a sign-in: whose it was or would have been, as far as that is known, the session, and why it was
/// refused. What was typed is not kept: people type passwords into the wrong field.
///
/// # Errors
/// As [`flush`].
pub async fn sign_in(op: &Op, account: Option<i64>, session: Option<i64>, refused: Option<&str>) -> Result<()> {
    let outcome = if refused.is_some() { AuditOutcome::Refused } else { AuditOutcome::Done };
    let ended = Ended { outcome, code: refused.map(str::to_owned) };
    let credential = match session {
        Some(session) => (AuditCredential::Session, Some(session.to_string())),
        None => (AuditCredential::Nothing, None),
    };
    let mut entry = Entry::about(op, AuditAction::SignIn, ended);
    (entry.actor, entry.credential) = (account, credential);
    entry.keep(op).await
}

/// Appends an entry about something that was not done. Somebody who is not known leaves none.
///
/// # Errors
/// As [`flush`].
pub fn not_done<'a>(op: &'a Op, action: AuditAction, error: &'a Error) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        if matches!(op.actor, Actor::Anonymous) {
            return Ok(());
        }
        Entry::about(op, action, Ended::by(error)).keep(op).await
    })
}

/// Raises the marking of the entries that name any of these records.
pub(super) async fn raise(op: &Op, ids: &[i64], marking: Marking) -> Result<()> {
    let naming = Select::select()
        .column(audit_record::Column::Seq)
        .from(audit_record::Entity)
        .and_where(audit_record::Column::RecordId.is_in(ids.iter().copied()))
        .take();
    Entity::update_many()
        .col_expr(Column::Marking, Expr::val(marking))
        .filter(Column::Seq.in_subquery(naming))
        .filter(Column::Marking.lt(marking))
        .exec(&op.lane)
        .await?;
    Ok(())
}

/// Which entries. What is left out is not tested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Of this account.
    pub actor: Option<i64>,
    /// About one of these.
    pub actions: Option<Vec<AuditAction>>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// From this moment on.
    pub since: Option<Moment>,
    /// Before this moment.
    pub until: Option<Moment>,
    /// About this record.
    pub record: Option<i64>,
}

impl Asked {
    /// The filter that finds them.
    pub fn filter(self) -> Filter<Entity> {
        let Self { actor, actions, outcome, since, until, record } = self;
        let any = |actions| Test { one_of: Some(actions), ..Test::default() };
        let within = Test { gte: since, lt: until, ..Test::default() };
        let naming = |id| {
            let rows = Condition::all().add(audit_record::Column::RecordId.eq(id));
            Filter::named::<audit_record::Entity>(Column::Seq, audit_record::Column::Seq, rows)
        };
        let tests = [
            actor.map(|id| Filter::equal(Column::ActorId, id)),
            actions.map(|actions| Filter::column(Column::Action, any(actions))),
            outcome.map(|outcome| Filter::equal(Column::Outcome, outcome)),
            record.map(naming),
            Some(Filter::column(Column::RecordedAt, within)),
        ];
        Filter::all(tests.into_iter().flatten())
    }
}

/// A page of the entries about a dossier, for those who own it.
///
/// # Errors
/// [`Error::Forbidden`] if one does not own it.
pub fn of_dossier(op: &Op, dossier: i64, query: Query<Entity>) -> BoxFuture<'_, Result<Listing<Model>>> {
    Box::pin(async move {
        policy::authorise(op, Action::ReadAudit, dossier)?;
        let filter = Filter::all([Filter::equal(Column::DossierId, dossier), query.filter]);
        Entity::list(op, &Query { filter, ..query }).await
    })
}

/// A page of all entries, for those who run the instance.
///
/// # Errors
/// [`Error::Forbidden`] if one does not.
pub fn everywhere<'a>(op: &'a Op, query: &'a Query<Entity>) -> BoxFuture<'a, Result<Listing<Model>>> {
    Box::pin(async move {
        policy::may(op, Action::ReadInstanceAudit)?;
        Entity::list(op, query).await
    })
}
