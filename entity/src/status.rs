//! Statuses: the dated steps of a mechanism's life.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::record::assertion;
use crate::words::{DatePrecision, Likelihood, Marking, MechanismStatus};

/// A stored status. What its columns mean is said in the GraphQL schema.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "status")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub dossier_id: i64,
    pub external_id: Option<String>,
    pub source_id: i64,
    pub locator: Option<String>,
    pub quote_exact: Option<String>,
    pub quote_prefix: Option<String>,
    pub quote_suffix: Option<String>,
    pub quote_start: Option<i32>,
    pub quote_end: Option<i32>,
    pub occurred_on: Date,
    pub occurred_precision: DatePrecision,
    pub credibility: Option<i16>,
    pub confidence: Option<Likelihood>,
    pub marking: Marking,
    pub recorded_at: Moment,
    pub recorded_by: i64,
    pub supersedes_id: Option<i64>,
    pub superseded_at: Option<Moment>,
    pub retracted_at: Option<Moment>,
    pub retracted_by: Option<i64>,
    pub retraction_reason: Option<String>,
    pub mechanism_id: i64,
    pub status: MechanismStatus,
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

assertion!(Kind::Status, occurred_on, occurred_precision, Column::OccurredOn);
