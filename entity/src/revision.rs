//! Revisions: the state of a node after each edit, the first included.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::record::fixed;
use crate::words::Marking;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "revision")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub dossier_id: i64,
    pub kind: Kind,
    pub node_id: i64,
    pub version: i32,
    pub marking: Marking,
    pub recorded_at: Moment,
    pub recorded_by: i64,
    pub snapshot: String,
}

impl ActiveModelBehavior for ActiveModel {}

fixed!(Kind::Revision, dossier_id, Column::DossierId, Column::RecordedAt);
