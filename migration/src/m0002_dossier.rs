//! Dossiers, the revisions that every edit of a node leaves, and the text by which records are found.

use sea_orm_migration::prelude::*;

use crate::column::{
    drop_tables, index, key, moment, node_table, reference, required_text, scale, text, unique_index, word,
};

const NODES: [&str; 6] = ["DOSSIER", "STAKEHOLDER", "MECHANISM", "CONDITION", "ARGUMENT", "SOURCE"];
const RECORDS: [&str; 13] = [
    "DOSSIER",
    "STAKEHOLDER",
    "MECHANISM",
    "CONDITION",
    "ARGUMENT",
    "SOURCE",
    "POSITION",
    "RELATION",
    "STATUS",
    "FINDING",
    "EVENT",
    "IMPLICATION",
    "RATING",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dossier = node_table(manager, "dossier")
            .col(required_text(manager, "slug"))
            .col(required_text(manager, "title"))
            .col(text(manager, "question"))
            .col(text(manager, "description"))
            .take();
        manager.create_table(dossier).await?;
        unique_index(manager, "dossier", &["slug"]).await?;
        unique_index(manager, "dossier", &["external_id"]).await?;
        index(manager, "dossier", &["created_by"]).await?;

        let revision = Table::create()
            .table("revision")
            .col(key("id").primary_key())
            .col(key("dossier_id"))
            .col(word(manager, "kind", &NODES))
            .col(key("node_id"))
            .col(ColumnDef::new("version").integer().not_null())
            .col(scale("marking", 0, 4).not_null())
            .col(moment("recorded_at"))
            .col(key("recorded_by"))
            .col(required_text(manager, "snapshot"))
            .foreign_key(&mut reference("revision", "dossier_id", "dossier"))
            .foreign_key(&mut reference("revision", "recorded_by", "account"))
            .take();
        manager.create_table(revision).await?;
        unique_index(manager, "revision", &["node_id", "version"]).await?;
        index(manager, "revision", &["dossier_id"]).await?;
        index(manager, "revision", &["recorded_by"]).await?;

        let search = Table::create()
            .table("search_document")
            .col(key("id").primary_key())
            .col(key("dossier_id"))
            .col(word(manager, "kind", &RECORDS))
            .col(scale("marking", 0, 4).not_null())
            .col(required_text(manager, "title"))
            .col(required_text(manager, "folded_title"))
            .col(required_text(manager, "folded_body"))
            .foreign_key(&mut reference("search_document", "dossier_id", "dossier"))
            .take();
        manager.create_table(search).await?;
        index(manager, "search_document", &["dossier_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["search_document", "revision", "dossier"]).await
    }
}
