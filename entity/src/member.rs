//! Members: who may see a dossier, and do what in it.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;
use crate::orm::Relation;
use crate::words::MemberRole;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "member")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub dossier_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    pub role: MemberRole,
    pub added_at: Moment,
    pub added_by: i64,
}

impl ActiveModelBehavior for ActiveModel {}
