//! How one argument bears on another.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::orm::Relation;
use crate::words::ArgumentLinkKind;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "argument_link")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub argument_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub target_id: i64,
    pub kind: ArgumentLinkKind,
}

impl ActiveModelBehavior for ActiveModel {}
