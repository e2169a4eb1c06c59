//! The conditions that a position names.

use sea_orm::entity::prelude::*;

use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "position_condition")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub condition_id: i64,
}

impl ActiveModelBehavior for ActiveModel {}
