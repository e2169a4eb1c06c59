//! The end of the audit log: one row, which whoever appends to the log locks.

use sea_orm::entity::prelude::*;

use crate::orm::Relation;

/// The row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    /// Always [`ID`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The number of the last entry; 0 while there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// The key of the one row.
pub const ID: i64 = 1;

impl ActiveModelBehavior for ActiveModel {}
