//! Conditions: prerequisites of a mechanism.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::record::node;
use crate::words::Marking;

/// A stored condition. What its columns mean is said in the GraphQL schema.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "condition")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub version: i32,
    pub created_at: Moment,
    pub created_by: i64,
    pub updated_at: Moment,
    pub marking: Marking,
    pub external_id: Option<String>,
    pub dossier_id: i64,
    pub mechanism_id: i64,
    pub statement: String,
    pub legal_basis: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

node!(Kind::Condition, dossier_id, Column::DossierId);
