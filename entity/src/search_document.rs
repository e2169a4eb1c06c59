//! The text by which a record is found: one row per record that has any.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::orm::Relation;
use crate::record::{AsOf, Record};
use crate::words::Marking;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
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

impl Record for Entity {
    /// Of the record that it leads to, one never asks by this constant: it stands in the column `kind`.
    const KIND: Kind = Kind::Dossier;
    const ID: Column = Column::Id;
    const DOSSIER: Column = Column::DossierId;
    const MARKING: Column = Column::Marking;

    fn id_of(model: &Model) -> i64 {
        model.id
    }

    fn dossier_of(model: &Model) -> i64 {
        model.dossier_id
    }

    fn marking_of(model: &Model) -> Marking {
        model.marking
    }

    /// Only what is current is to be found.
    fn at(_as_of: AsOf) -> Condition {
        Condition::all()
    }
}
