//! The audit log: who did what. One row per entry; each has the hash of the one before it.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::record::{AsOf, Record};
use crate::words::{AuditAction, AuditCredential, AuditOutcome, Marking};

/// A row. Only its marking may change, and only to a higher one: the database refuses everything else.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "audit")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub recorded_at: Moment,
    pub actor_id: Option<i64>,
    pub credential: AuditCredential,
    pub credential_key: Option<String>,
    pub address: Option<String>,
    pub request: Option<String>,
    pub operation: Option<String>,
    pub action: AuditAction,
    pub dossier_id: Option<i64>,
    /// Public ids, with spaces between them.
    pub records: String,
    pub record_count: i64,
    pub outcome: AuditOutcome,
    pub code: Option<String>,
    pub marking: Marking,
    pub previous: String,
    pub hash: String,
}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Entity {
    const KIND: Kind = Kind::AuditEntry;
    const ID: Column = Column::Seq;
    const DOSSIER: Column = Column::DossierId;
    const MARKING: Column = Column::Marking;

    fn id_of(model: &Model) -> i64 {
        model.seq
    }

    /// An entry about no dossier is of none that there is.
    fn dossier_of(model: &Model) -> i64 {
        model.dossier_id.unwrap_or_default()
    }

    fn marking_of(model: &Model) -> Marking {
        model.marking
    }

    fn at(as_of: AsOf) -> Condition {
        Condition::all().add_option(as_of.recorded.map(|at| Column::RecordedAt.lte(at)))
    }
}
