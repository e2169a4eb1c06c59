//! Sessions: what begins with a sign-in.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;
use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub account_id: i64,
    pub started_at: Moment,
    pub refreshed_at: Moment,
    pub expires_at: Moment,
    pub ended_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
