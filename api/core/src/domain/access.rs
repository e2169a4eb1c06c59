//! What an account may see changes: that is noted for the account, so that a copy that it keeps learns what to drop and what
//! to fetch.
//!
//! Whether it is told is decided when it asks: who has lost a dossier and got it back meanwhile has lost nothing.

use entity::account::Model as Account;
use entity::dossier;
use entity::kind::Kind;
use entity::member::{Column, Entity};
use entity::words::{ChangeAction, Marking, Role};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::error::Result;
use crate::op::{Changed, Op};

fn note(op: &Op, account: i64, dossier: i64, action: ChangeAction, marking: Marking, before: Option<Marking>) {
    op.changed(Changed { kind: Kind::Account, id: account, dossier, action, marking, before });
}

/// An account has become a member of a dossier.
pub(super) fn gained(op: &Op, account: i64, dossier: i64, marking: Marking) {
    note(op, account, dossier, ChangeAction::AccessGained, marking, None);
}

/// An account is no longer a member of a dossier, or the dossier is gone.
pub(super) fn ended(op: &Op, account: i64, dossier: i64, marking: Marking) {
    note(op, account, dossier, ChangeAction::AccessEnded, marking, None);
}

/// A dossier is marked lower: some of its members see it now.
pub(super) async fn opened(op: &Op, dossier: i64, before: Marking, marking: Marking) -> Result<()> {
    for account in members(op, dossier).await? {
        note(op, account, dossier, ChangeAction::AccessGained, marking, Some(before));
    }
    Ok(())
}

/// A dossier is marked higher: some of its members do not see it any more.
pub(super) async fn closed(op: &Op, dossier: i64, before: Marking, marking: Marking) -> Result<()> {
    for account in members(op, dossier).await? {
        note(op, account, dossier, ChangeAction::AccessEnded, marking, Some(before));
    }
    Ok(())
}

/// The accounts that are members of a dossier, whoever asks.
pub(super) async fn members(op: &Op, dossier: i64) -> Result<Vec<i64>> {
    let members = Entity::find().select_only().column(Column::AccountId).filter(Column::DossierId.eq(dossier));
    Ok(members.into_tuple().all(&op.lane).await?)
}

/// An account has another role or another clearance.
pub(super) async fn edited(op: &Op, before: &Account, after: &Account) -> Result<()> {
    let (low, high) = (before.clearance, after.clearance);
    if low != high {
        let action = if low < high { ChangeAction::ClearanceRaised } else { ChangeAction::ClearanceLowered };
        note(op, after.id, 0, action, Marking::Clear, None);
    }
    let (was, is) = (before.role == Role::Admin, after.role == Role::Admin);
    if was != is {
        // An administrator sees every dossier, and anybody else those that they are a member of.
        let own = Entity::find().select_only().column(Column::DossierId).filter(Column::AccountId.eq(after.id));
        let own: Vec<i64> = own.into_tuple().all(&op.lane).await?;
        let others = dossier::Entity::find()
            .select_only()
            .columns([dossier::Column::Id, dossier::Column::Marking])
            .filter(dossier::Column::Id.is_not_in(own));
        let others: Vec<(i64, Marking)> = others.into_tuple().all(&op.lane).await?;
        for (dossier, marking) in others {
            if is { gained(op, after.id, dossier, marking) } else { ended(op, after.id, dossier, marking) }
        }
    }
    Ok(())
}
