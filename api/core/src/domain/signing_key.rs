//! The keys that sign our own tokens, as they are stored. Only the room that signs ([`crate::auth`]) and the command line
//! ask for them.

use entity::moment::Moment;
use entity::signing_key::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use crate::error::Result;
use crate::op::Op;

/// Those whose signatures hold: the key that signs, and those before it whose tokens may not all have expired.
pub(super) fn verifies(now: Moment) -> Condition {
    Condition::any().add(Column::RetiresAt.is_null()).add(Column::RetiresAt.gt(now))
}

/// The keys whose signatures hold, the newest first: the first one signs.
///
/// # Errors
/// If the database is away.
pub async fn list(op: &Op) -> Result<Vec<Model>> {
    let select = Entity::find().filter(verifies(op.now()));
    // The one that signs comes first also where the clock stood still between two.
    let order = select.order_by_desc(Column::RetiresAt.into_expr().is_null());
    Ok(order.order_by_desc(Column::CreatedAt).order_by_asc(Column::Kid).all(&op.lane).await?)
}

/// The key with a name, if its signatures hold.
///
/// # Errors
/// If the database is away.
pub async fn find(op: &Op, kid: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(kid).filter(verifies(op.now())).one(&op.lane).await?)
}

/// Adds a key, which signs from now on. To be called within a transaction.
///
/// # Errors
/// If the database is away.
pub async fn add(op: &Op, key: Model) -> Result<()> {
    let row: ActiveModel = key.into_active_model();
    row.insert(&op.lane).await?;
    Ok(())
}

/// Lets all keys that sign retire at a moment, and deletes those that have. To be called within a transaction.
///
/// # Errors
/// If the database is away.
pub async fn retire(op: &Op, at: Moment) -> Result<()> {
    Entity::delete_many().filter(Column::RetiresAt.lte(op.now())).exec(&op.lane).await?;
    let retiring = Entity::update_many().col_expr(Column::RetiresAt, sea_orm::sea_query::Expr::val(at));
    retiring.filter(Column::RetiresAt.is_null()).exec(&op.lane).await?;
    Ok(())
}
