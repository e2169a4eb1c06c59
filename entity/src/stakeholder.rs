//! Stakeholders: the actors.

use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::moment::Moment;
use crate::orm::Relation;
use crate::record::node;
use crate::words::{Marking, StakeholderKind};

/// Other names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Aliases(pub Vec<String>);

/// Names in other registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Identifiers(pub Vec<Identifier>);

/// A name in another register.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// The register, e.g. `wikidata`.
    pub scheme: String,
    /// The name there, e.g. `Q96`.
    pub value: String,
}

/// A stored stakeholder. What its columns mean is said in the GraphQL schema.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "stakeholder")]
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
    pub name: String,
    pub kind: StakeholderKind,
    #[sea_orm(column_type = "JsonBinary")]
    pub aliases: Aliases,
    pub country: Option<String>,
    pub description: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub identifiers: Identifiers,
}

impl ActiveModelBehavior for ActiveModel {}

node!(Kind::Stakeholder, dossier_id, Column::DossierId);
