//! Members: who may see a dossier, and do what in it.

use std::collections::HashMap;

use entity::filter::Filter;
use entity::kind::Kind;
use entity::member::{Column, Entity, Model};
use entity::words::{AuditAction, Marking, MemberRole};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};

use crate::domain::access;
use crate::domain::account::find;
use crate::domain::dossier::seize;
use crate::domain::list::Readable;
use crate::error::{Code, Error, Result};
use crate::op::{Op, Step};
use crate::policy::{self, Action};

/// Whoever opens a dossier owns it.
pub(super) async fn found(op: &Op, dossier: i64) -> Result<()> {
    let signed = policy::signed(op)?;
    store(op, dossier, signed.id, MemberRole::Owner).await?;
    signed.memberships.add(dossier, MemberRole::Owner);
    Ok(())
}

async fn store(op: &Op, dossier: i64, account: i64, role: MemberRole) -> Result<Model> {
    let (added_at, added_by) = (op.now(), policy::signed(op)?.id);
    let member = Model { dossier_id: dossier, account_id: account, role, added_at, added_by };
    let replace = OnConflict::columns([Column::DossierId, Column::AccountId])
        .update_columns([Column::Role, Column::AddedAt, Column::AddedBy])
        .to_owned();
    let row = member.clone().into_active_model().reset_all();
    Entity::insert(row).on_conflict(replace).exec_without_returning(&op.lane).await?;
    Ok(member)
}

/// Makes the account with this address a member of a dossier, or gives it another role in it. To be called within a
/// transaction.
///
/// # Errors
/// [`Error::Refused`] if there is no such dossier or account, or nobody would own the dossier any more;
/// [`Error::Forbidden`] if one does not own it oneself.
pub fn set<'a>(op: &'a Op, dossier: i64, email: &'a str, role: MemberRole) -> BoxFuture<'a, Result<Model>> {
    Box::pin(async move {
        let marking = owned(op, dossier).await?;
        let Some(account) = find(op, email).await? else {
            return Err(Error::refused(Code::NotFound, "email", "there is no account with this address"));
        };
        if role != MemberRole::Owner {
            keeps_an_owner(op, dossier, account.id).await?;
        }
        op.note(step(dossier, marking), Kind::Account, account.id);
        if Entity::find_by_id((dossier, account.id)).one(&op.lane).await?.is_none() {
            access::gained(op, account.id, dossier, marking);
        }
        store(op, dossier, account.id, role).await
    })
}

/// Ends a membership. To be called within a transaction.
///
/// # Errors
/// As [`set`], and if the account is no member.
pub fn remove(op: &Op, dossier: i64, account: i64) -> BoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let marking = owned(op, dossier).await?;
        keeps_an_owner(op, dossier, account).await?;
        let removed = Entity::delete_by_id((dossier, account)).exec(&op.lane).await?;
        if removed.rows_affected == 0 {
            return Err(Error::refused(Code::NotFound, "account", "is no member of this dossier"));
        }
        op.note(step(dossier, marking), Kind::Account, account);
        access::ended(op, account, dossier, marking);
        let signed = policy::signed(op)?;
        if signed.id == account {
            signed.memberships.remove(dossier);
        }
        Ok(())
    })
}

fn step(dossier: i64, marking: Marking) -> Step {
    Step { action: AuditAction::Member, dossier: Some(dossier), marking }
}

/// The dossier must be visible, and the actor its owner; nobody else changes its members until the transaction ends. Gives
/// the marking of the dossier.
async fn owned(op: &Op, dossier: i64) -> Result<Marking> {
    policy::may(op, Action::ManageMembers)?;
    let id = Filter::equal(entity::dossier::Column::Id, dossier);
    let Some(found) = entity::dossier::Entity::get(op, id).await? else {
        return Err(Error::refused(Code::NotFound, "dossier", "there is no such dossier"));
    };
    policy::authorise(op, Action::ManageMembers, dossier)?;
    seize(op, dossier).await?;
    Ok(found.marking)
}

/// Somebody beside this account owns the dossier, or it did not own it.
async fn keeps_an_owner(op: &Op, dossier: i64, without: i64) -> Result<()> {
    let owners = Entity::find().filter(Column::DossierId.eq(dossier)).filter(Column::Role.eq(MemberRole::Owner));
    let owns = owners.clone().filter(Column::AccountId.eq(without)).count(&op.lane).await? > 0;
    if owns && owners.filter(Column::AccountId.ne(without)).count(&op.lane).await? == 0 {
        return Err(Error::refused(Code::Invalid, "role", "the dossier would have no owner: name another one first"));
    }
    Ok(())
}

/// The members of each of these dossiers, those who own it first. Whoever sees a dossier sees who else does.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor.
pub fn of_dossiers<'a>(op: &'a Op, dossiers: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Vec<Model>>>> {
    Box::pin(async move {
        let visible = entity::dossier::Entity::by_ids(op, dossiers, None).await?;
        let rows = Entity::find()
            .filter(Column::DossierId.is_in(visible.into_keys()))
            .order_by_asc(Column::AddedAt)
            .order_by_asc(Column::AccountId)
            .all(&op.lane)
            .await?;
        let mut members: HashMap<i64, Vec<Model>> = HashMap::new();
        for member in rows {
            members.entry(member.dossier_id).or_default().push(member);
        }
        for members in members.values_mut() {
            members.sort_by_key(|member| std::cmp::Reverse(member.role));
        }
        Ok(members)
    })
}
