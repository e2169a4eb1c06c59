//! The full text of a source, apart from the source so that lists do not read it.

use sea_orm::entity::prelude::*;

use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_text")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    pub text: String,
}

impl ActiveModelBehavior for ActiveModel {}
