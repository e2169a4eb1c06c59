//! The accounts that recorded something, as others see them: a name, no address.

use entity::account::{Column, Entity};
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
pub async fn by_ids(op: &Op, ids: &[i64]) -> Result<Vec<Recorder>> {
    policy::scope(op)?;
    let rows: Vec<(i64, String)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Name])
        .filter(Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(&op.lane)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| Recorder { id, name }).collect())
}
