//! The entries of the audit log that an operation leaves, and what the hash of an entry is reckoned over.
//!
//! Each entry has the hash of the one before it and its own over all that it says but for its marking, which is how to handle
//! it and no part of what it says.

use std::collections::BTreeMap;

use entity::audit::{Entity, Model};
use entity::words::{AuditAction, AuditCredential, AuditOutcome, Marking};
use entity::{audit_head, audit_record};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::json;

use super::{Actor, Credential, Op, Step, Touched};
use crate::digest;
use crate::error::{Error, Result};
use crate::id;

/// The most characters of an operation's name, an address or a credential's key.
const TEXT_MAX: usize = 200;
/// How many rows one statement writes: both databases take as many values.
const ROWS_MAX: usize = 1_000;
/// Names the form that is hashed, so that a later one can be told.
const FORM: &str = "demarche audit 1";

/// Appends what the operation's transaction has done, and gives the number of its last entry. To be called last in it, but for
/// what needs this number.
pub(super) async fn append(op: &Op, steps: BTreeMap<Step, Touched>) -> Result<i64> {
    let entry = |(step, touched): (Step, Touched)| Entry {
        dossier: step.dossier,
        marking: step.marking,
        touched,
        ..Entry::about(op, step.action, Ended { outcome: AuditOutcome::Done, code: None })
    };
    write(op, steps.into_iter().map(entry).collect()).await
}

/// How it ended.
pub struct Ended {
    /// Whether it was done.
    pub outcome: AuditOutcome,
    /// Why not.
    pub code: Option<String>,
}

impl Ended {
    /// By an error: ours is a failure, all others are refusals.
    pub fn by(error: &Error) -> Self {
        let outcome = match error {
            Error::Internal(_) => AuditOutcome::Failed,
            _ => AuditOutcome::Refused,
        };
        let code = match error {
            Error::Refused(refusals) => refusals.first().map(|refusal| format!("{:?}", refusal.code)),
            other => Some(other.code().to_owned()),
        };
        Self { outcome, code: code.map(|code| shouted(&code)) }
    }
}

/// `NotFound` as `NOT_FOUND`, as clients know it.
fn shouted(code: &str) -> String {
    let mut text = String::with_capacity(code.len() + 4);
    let mut was_lower = false;
    for letter in code.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            text.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// An entry that is not written yet.
pub struct Entry {
    /// Whose it is.
    pub actor: Option<i64>,
    /// What was shown, and which.
    pub credential: (AuditCredential, Option<String>),
    action: AuditAction,
    dossier: Option<i64>,
    marking: Marking,
    touched: Touched,
    ended: Ended,
}

impl Entry {
    /// An entry about no record.
    pub fn about(op: &Op, action: AuditAction, ended: Ended) -> Self {
        let (actor, credential) = match &op.actor {
            Actor::Account(signed) => (Some(signed.id), credential(&signed.credential)),
            Actor::Anonymous if op.origin.request.is_none() => (None, (AuditCredential::Machine, None)),
            Actor::Anonymous => (None, (AuditCredential::Nothing, None)),
        };
        Self { actor, credential, action, dossier: None, marking: Marking::Clear, touched: Touched::default(), ended }
    }

    /// Writes it in a transaction of its own.
    ///
    /// # Errors
    /// If the database is away or busy for too long.
    pub async fn keep(self, op: &Op) -> Result<()> {
        let inside = op.begin().await?;
        write(&inside, vec![self]).await?;
        inside.commit().await
    }
}

fn credential(credential: &Credential) -> (AuditCredential, Option<String>) {
    match credential {
        Credential::Machine => (AuditCredential::Machine, None),
        Credential::Session(id) => (AuditCredential::Session, Some(id.to_string())),
        Credential::Token { id, .. } => (AuditCredential::Token, Some(id.to_string())),
        Credential::Provider(issuer) => (AuditCredential::Provider, Some(clipped(issuer))),
    }
}

fn clipped(text: &str) -> String {
    text.chars().filter(|letter| *letter != '\0').take(TEXT_MAX).collect()
}

/// Writes entries at the end of the log. Its last row stays locked until the transaction ends, so that of two who append at
/// once the second goes on from the first.
async fn write(op: &Op, entries: Vec<Entry>) -> Result<i64> {
    let head = audit_head::Entity::find_by_id(audit_head::ID).lock_exclusive().one(&op.lane).await?;
    let head = head.ok_or_else(|| Error::internal("the audit log has no head"))?;
    let (mut last, mut previous) = (head.seq, head.hash);
    let (mut rows, mut named) = (Vec::with_capacity(entries.len()), Vec::new());
    for entry in entries {
        let records: Vec<String> = entry.touched.named.iter().map(|(kind, id)| id::encode(*kind, *id)).collect();
        let seq = last + 1;
        named.extend(
            entry.touched.named.iter().map(|(_, record_id)| audit_record::Model { record_id: *record_id, seq }),
        );
        let (credential, credential_key) = entry.credential;
        let row = Model {
            seq,
            recorded_at: op.now(),
            actor_id: entry.actor,
            credential,
            credential_key,
            address: op.origin.address.as_deref().map(clipped),
            request: op.origin.request.as_deref().map(clipped),
            operation: op.origin.operation.as_deref().map(clipped),
            action: entry.action,
            dossier_id: entry.dossier,
            record_count: i64::try_from(records.len()).unwrap_or(i64::MAX).saturating_add(entry.touched.more),
            records: records.join(" "),
            outcome: entry.ended.outcome,
            code: entry.ended.code,
            marking: entry.marking,
            previous,
            hash: String::new(),
        };
        (last, previous) = (seq, hash(&row)?);
        rows.push(Model { hash: previous.clone(), ..row });
    }
    for rows in rows.chunks(ROWS_MAX) {
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
    }
    for rows in named.chunks(ROWS_MAX) {
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        audit_record::Entity::insert_many(rows).exec_without_returning(&op.lane).await?;
    }
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Seq, Expr::val(last))
        .col_expr(audit_head::Column::Hash, Expr::val(previous))
        .filter(audit_head::Column::Id.eq(audit_head::ID))
        .exec(&op.lane)
        .await?;
    Ok(last)
}

/// The hash of an entry: over everything that it says, and the hash of the entry before it.
///
/// # Errors
/// Never: what it says can be written.
pub fn hash(entry: &Model) -> Result<String> {
    let Model {
        seq,
        recorded_at,
        actor_id,
        credential,
        credential_key,
        address,
        request,
        operation,
        action,
        dossier_id,
        records,
        record_count,
        outcome,
        code,
        marking: _,
        previous,
        hash: _,
    } = entry;
    let said = json!([
        FORM,
        previous,
        seq,
        recorded_at.0,
        actor_id,
        credential,
        credential_key,
        address,
        request,
        operation,
        action,
        dossier_id,
        records,
        record_count,
        outcome,
        code
    ]);
    Ok(digest::hex(&digest::sha256(serde_json::to_string(&said)?)))
}
