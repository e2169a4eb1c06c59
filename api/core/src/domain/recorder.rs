//! The accounts that recorded something, as others see them: a name, no address.

use entity::account::{Column, Entity};
use futures_util::future::BoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::error::Result;
use crate::op::Op;
use crate::policy;

/// Who recorded something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorder {
    /// The account.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// The accounts with these keys.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn by_ids<'a>(op: &'a Op, ids: &'a [i64]) -> BoxFuture<'a, Result<Vec<Recorder>>> {
    Box::pin(async move {
        policy::scope(op)?;
        let rows: Vec<(i64, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name])
            .filter(Column::Id.is_in(ids.iter().copied()))
            .into_tuple()
            .all(&op.lane)
            .await?;
        Ok(rows.into_iter().map(|(id, name)| Recorder { id, name }).collect())
    })
}
