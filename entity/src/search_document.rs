//! The text by which a record is found: one row per record that has any.

use sea_orm::entity::prelude::*;

use crate::kind::Kind;
use crate::words::Marking;

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_document")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub dossier_id: i64,
    pub kind: Kind,
    pub marking: Marking,
    pub title: String,
    pub folded_title: String,
    pub folded_body: String,
}

impl ActiveModelBehavior for ActiveModel {}
