//! What administrators do with accounts. Nobody gives what they do not have: no clearance above their own. And nobody takes
//! their own role away or suspends themselves, so that there always is an administrator.

use entity::account::{Column, Entity, Model};
use entity::kind::Kind;
use entity::words::{AuditAction, Marking, Role};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Authority, NAME_MAX, get};
use crate::domain::{access, access_token, session};
use crate::error::{Code, Error, Problems, Result};
use crate::op::Op;
use crate::policy::{self, Action};

/// What is changed of an account; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// What others see as the recorder of an assertion.
    pub name: Option<String>,
    /// What the account may do.
    pub role: Option<Role>,
    /// The highest marking that the account may see.
    pub clearance: Option<Marking>,
    /// Whether the account is barred.
    pub suspended: Option<bool>,
}

/// Edits an account. One that is suspended loses its sessions and access tokens for good. To be called within a transaction.
///
/// # Errors
/// [`Error::Refused`] with all that is wrong; [`Error::Unauthenticated`] or [`Error::Forbidden`] by [`Authority::Actor`].
pub fn update(op: &Op, authority: Authority, id: i64, edit: Edit) -> BoxFuture<'_, Result<Model>> {
    Box::pin(async move {
        let Edit { name, role, clearance, suspended } = edit;
        let mut problems = Problems::default();
        if authority == Authority::Actor {
            policy::may(op, Action::ManageAccounts)?;
            if let Some(clearance) = clearance {
                check_clearance(op, clearance, &mut problems)?;
            }
            let oneself = policy::signed(op)?.id == id;
            for (is_given, field) in [(role.is_some(), "role"), (suspended.is_some(), "suspended")] {
                if is_given && oneself {
                    problems.add(Code::Invalid, field, "is your own: let another administrator change it");
                }
            }
        }
        problems.optional("name", name.as_deref(), NAME_MAX);
        problems.finish()?;
        let mut account = require(op, id).await?;
        let before = account.clone();
        if let Some(name) = name {
            name.trim().clone_into(&mut account.name);
        }
        account.role = role.unwrap_or(account.role);
        account.clearance = clearance.unwrap_or(account.clearance);
        match suspended {
            Some(true) => account.suspended_at = account.suspended_at.or(Some(op.now())),
            Some(false) => account.suspended_at = None,
            None => {}
        }
        Entity::update_many()
            .col_expr(Column::Name, Expr::val(account.name.clone()))
            .col_expr(Column::Role, Expr::val(account.role))
            .col_expr(Column::Clearance, Expr::val(account.clearance))
            .col_expr(Column::SuspendedAt, Expr::val(account.suspended_at))
            .filter(Column::Id.eq(id))
            .exec(&op.lane)
            .await?;
        if account.suspended_at.is_some() {
            session::end_all(op, id, None).await?;
            access_token::revoke_all(op, id).await?;
        }
        op.note_in_instance(AuditAction::Account, Kind::Account, id);
        access::edited(op, &before, &account).await?;
        Ok(account)
    })
}

/// The account with a key.
pub(super) async fn require(op: &Op, id: i64) -> Result<Model> {
    let missing = || Error::refused(Code::NotFound, "id", "there is no such account");
    get(op, id).await?.ok_or_else(missing)
}

/// The actor must be cleared for what they give to somebody else.
pub(super) fn check_clearance(op: &Op, clearance: Marking, problems: &mut Problems) -> Result<()> {
    if clearance > policy::signed(op)?.clearance {
        problems.add(Code::Invalid, "clearance", "is above your own");
    }
    Ok(())
}

/// Lets the actor see and change the credentials of an account: their own, or anybody's if they manage accounts.
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`].
pub fn may_manage(op: &Op, account: i64) -> Result<()> {
    let own = policy::signed(op)?.id == account;
    policy::may(op, if own { Action::ManageTokens } else { Action::ManageAccounts })
}

/// A part of the list of accounts, which is in the order of their addresses.
#[derive(Clone, Debug)]
pub struct Window {
    /// How many.
    pub size: u64,
    /// Whether the last ones.
    pub backward: bool,
    /// Only those behind this address,
    pub after: Option<String>,
    /// and before this one.
    pub before: Option<String>,
}

/// Accounts, whether there are more beyond the window, and how many there are in all.
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] by [`Authority::Actor`].
pub fn list<'a>(
    op: &'a Op,
    authority: Authority,
    window: &'a Window,
) -> BoxFuture<'a, Result<(Vec<Model>, bool, u64)>> {
    Box::pin(async move {
        if authority == Authority::Actor {
            policy::may(op, Action::ManageAccounts)?;
        }
        let Window { size, backward, after, before } = window;
        let within = Condition::all()
            .add_option(after.clone().map(|after| Column::Email.gt(after)))
            .add_option(before.clone().map(|before| Column::Email.lt(before)));
        let order = if *backward { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
        let select = Entity::find().filter(within).order_by(Column::Email, order);
        let mut accounts = select.limit(size.saturating_add(1)).all(&op.lane).await?;
        let wanted = usize::try_from(*size).map_err(Error::internal)?;
        let more = accounts.len() > wanted;
        accounts.truncate(wanted);
        if *backward {
            accounts.reverse();
        }
        Ok((accounts, more, super::count(op).await?))
    })
}
