//! Identities: the accounts that an outside provider's subjects stand for.

use entity::account::{self, Model as Account};
use entity::identity::{Entity, Model};
use entity::kind::Kind;
use entity::words::{AuditAction, Marking, Role};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, SqlErr};

use crate::domain::account::{find, is_fit};
use crate::error::{Error, Result};
use crate::op::{Op, Signed};

/// Somebody for whom a provider vouches, seen for the first time.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// The provider.
    pub issuer: String,
    /// What it calls them.
    pub subject: String,
    /// Their address; only one that the provider has verified.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The account to be made if there is none with their address; none if it must exist.
    pub make: Option<(Role, Marking)>,
}

/// Links a subject to the account with its address, or makes one. True if now there is a link, be it that somebody else was
/// faster; false if nobody is to be admitted.
///
/// # Errors
/// If the database is away.
pub async fn admit(op: &Op, newcomer: &Newcomer) -> Result<bool> {
    // Looked up without writing: who is refused costs no transaction.
    let known = Entity::find_by_id((newcomer.issuer.clone(), newcomer.subject.clone())).one(&op.lane).await?;
    if known.is_some() {
        return Ok(true);
    }
    let Some(email) = &newcomer.email else { return Ok(false) };
    let existing = find(op, email).await?;
    if existing.is_none() && newcomer.make.is_none() {
        return Ok(false);
    }
    let inside = op.begin().await?;
    match link(&inside, newcomer, email, existing).await {
        Ok(true) => inside.commit().await.map(|()| true),
        Ok(false) => Ok(false),
        Err(Error::Internal(cause)) if is_taken(&*cause) => Ok(true),
        Err(error) => Err(error),
    }
}

async fn link(op: &Op, newcomer: &Newcomer, email: &str, existing: Option<Account>) -> Result<bool> {
    let id = match (existing, newcomer.make) {
        (Some(account), _) => account.id,
        (None, Some((role, clearance))) => {
            let name = newcomer.name.as_deref().unwrap_or(email).trim();
            let Some((email, name)) = is_fit(email, name) else { return Ok(false) };
            let (id, created_at) = (op.id(), op.now());
            let model =
                Account { id, email, name, password_hash: None, role, clearance, suspended_at: None, created_at };
            let row: account::ActiveModel = model.into_active_model();
            row.insert(&op.lane).await?;
            id
        }
        (None, None) => return Ok(false),
    };
    let Newcomer { issuer, subject, .. } = newcomer;
    let identity = Model { issuer: issuer.clone(), subject: subject.clone(), account_id: id, linked_at: op.now() };
    identity.into_active_model().insert(&op.lane).await?;
    op.note_in_instance(AuditAction::Account, Kind::Account, id);
    Ok(true)
}

/// Whether a fault is that somebody else was faster.
fn is_taken(cause: &(dyn std::error::Error + 'static)) -> bool {
    let database = cause.downcast_ref::<sea_orm::DbErr>();
    database.is_some_and(|cause| matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
}

/// The same actor, with the role and the clearance that the provider's claims give for this request.
pub fn with_claims(signed: Signed, role: Option<Role>, clearance: Option<Marking>) -> Signed {
    let (role, clearance) = (role.unwrap_or(signed.role), clearance.unwrap_or(signed.clearance));
    Signed { role, clearance, ..signed }
}
