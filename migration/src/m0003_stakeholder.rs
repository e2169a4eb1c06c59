//! Stakeholders: the actors of a dossier.

use sea_orm_migration::prelude::*;

use crate::column::{dossier_node_table, drop_tables, index, node_indexes, required_text, text, word};

const KINDS: [&str; 9] = [
    "STATE",
    "GOVERNMENT",
    "AGENCY",
    "ORGANIZATION",
    "INTERNATIONAL_ORGANIZATION",
    "PERSON",
    "GROUP",
    "ARMED_GROUP",
    "PUBLIC",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let stakeholder = dossier_node_table(manager, "stakeholder")
            .col(required_text(manager, "slug"))
            .col(required_text(manager, "name"))
            .col(word(manager, "kind", &KINDS))
            .col(ColumnDef::new("aliases").json_binary().not_null())
            .col(text(manager, "country"))
            .col(text(manager, "description"))
            .col(ColumnDef::new("identifiers").json_binary().not_null())
            .check(Func::char_length(Expr::col("country")).eq(2))
            .take();
        manager.create_table(stakeholder).await?;
        node_indexes(manager, "stakeholder", true).await?;
        index(manager, "stakeholder", &["country"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["stakeholder"]).await
    }
}
