//! A stakeholder's part in an event.

use sea_orm::entity::prelude::*;

use crate::orm::Relation;
use crate::words::EventRole;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_actor")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub stakeholder_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: EventRole,
}

impl ActiveModelBehavior for ActiveModel {}
