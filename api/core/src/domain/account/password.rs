//! Passwords of accounts: which ones are taken, and what else changes with them.

use entity::account::{Column, Entity, Model};
use entity::hidden::Hidden;
use entity::kind::Kind;
use entity::words::AuditAction;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::Authority;
use super::manage::require;
use crate::domain::session;
use crate::error::{Code, Error, Problems, Result};
use crate::op::{Credential, Op};
use crate::policy::{self, Action};

/// The fewest characters of a password.
pub const PASSWORD_MIN: usize = 12;
/// The most characters of a password.
pub const PASSWORD_MAX: usize = 1000;

/// Whether a text may become a password.
pub fn check_new_password(field: &str, password: &str, problems: &mut Problems) {
    let length = password.chars().count();
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        let code = if length > PASSWORD_MAX { Code::TooLong } else { Code::Invalid };
        problems.add(code, field, format!("has {length} characters, expected {PASSWORD_MIN} to {PASSWORD_MAX}"));
    }
}

/// Gives an account another password, and ends its sessions. `hash` is only run if all else is in order, and outside of any
/// transaction, because it takes long.
///
/// # Errors
/// [`Error::Refused`] if the password is not fit, there is no such account, or it is cleared for more than the actor;
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] by [`Authority::Actor`].
pub fn reset_password<'a, F: Future<Output = Result<String>> + Send + 'a>(
    op: &'a Op,
    authority: Authority,
    id: i64,
    password: String,
    hash: impl FnOnce(String) -> F + Send + 'a,
) -> BoxFuture<'a, Result<Model>> {
    Box::pin(async move {
        if authority == Authority::Actor {
            policy::may(op, Action::ManageAccounts)?;
        }
        let mut problems = Problems::default();
        check_new_password("password", &password, &mut problems);
        problems.finish()?;
        if authority == Authority::Actor && policy::signed(op)?.id == id {
            return Err(Error::refused(
                Code::Invalid,
                "id",
                "is your own: change your password, which takes the present one",
            ));
        }
        let account = require(op, id).await?;
        if authority == Authority::Actor && account.clearance > policy::signed(op)?.clearance {
            // Who knows the password could sign in, and see what they are not cleared for.
            return Err(Error::refused(Code::Invalid, "id", "the account is cleared for more than you are"));
        }
        let hash = Hidden(hash(password).await?);
        let inside = op.begin().await?;
        let changed = Entity::update_many().col_expr(Column::PasswordHash, Expr::val(hash.clone()));
        changed.filter(Column::Id.eq(id)).exec(&inside.lane).await?;
        session::end_all(&inside, id, None).await?;
        inside.note_in_instance(AuditAction::Account, Kind::Account, id);
        inside.commit().await?;
        Ok(Model { password_hash: Some(hash), ..account })
    })
}

/// Stores the actor's own new password, and ends their other sessions. The caller has verified the old one, against the
/// hash in `account`.
///
/// # Errors
/// [`Error::Refused`] with [`Code::Conflict`] if the password has changed meanwhile.
pub async fn change_password(op: &Op, account: &Model, hash: String) -> Result<()> {
    policy::may(op, Action::ManageTokens)?;
    let but = match policy::signed(op)?.credential {
        Credential::Session(id) => Some(id),
        _ => None,
    };
    let inside = op.begin().await?;
    let changed = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::val(hash))
        .filter(Column::Id.eq(account.id))
        .filter(Column::PasswordHash.eq(account.password_hash.clone()))
        .exec(&inside.lane)
        .await?;
    if changed.rows_affected == 0 {
        return Err(Error::refused(Code::Conflict, "", "the password has been changed meanwhile"));
    }
    session::end_all(&inside, account.id, but).await?;
    inside.note_in_instance(AuditAction::Account, Kind::Account, account.id);
    inside.commit().await
}
