//! Accounts: who may sign in.

use sea_orm::entity::prelude::*;

use crate::hidden::Hidden;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::words::{Marking, Role};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub email: String,
    pub name: String,
    /// None for who signs in elsewhere only.
    pub password_hash: Option<Hidden>,
    pub role: Role,
    pub clearance: Marking,
    pub suspended_at: Option<Moment>,
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
