//! Sources: the documents that assertions are taken from.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::record::node;
use crate::words::{DatePrecision, Marking, Reliability};

/// A stored source. What its columns mean is said in the GraphQL schema.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "source")]
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
    pub slug: String,
    pub title: String,
    pub url: Option<String>,
    pub publisher: Option<String>,
    pub author: Option<String>,
    pub published_on: Option<Date>,
    pub published_precision: Option<DatePrecision>,
    pub retrieved_on: Option<Date>,
    pub retrieved_precision: Option<DatePrecision>,
    pub language: Option<String>,
    pub sha256: Option<String>,
    pub reliability: Option<Reliability>,
}

impl ActiveModelBehavior for ActiveModel {}

node!(Kind::Source, dossier_id, Column::DossierId);
