//! A stakeholder's role in a mechanism.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::orm::Relation;
use crate::words::PartyRole;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "mechanism_party")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub mechanism_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub stakeholder_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: PartyRole,
}

impl ActiveModelBehavior for ActiveModel {}
