//! Which entries of the audit log name which records: what the entries themselves say, so that it can be looked up.

use sea_orm::entity::prelude::*;

use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_record")]
pub struct Model {
    /// The key of the record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: i64,
    /// The number of the entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
}

impl ActiveModelBehavior for ActiveModel {}
