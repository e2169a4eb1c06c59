//! Sources: the documents that assertions are taken from.

use sea_orm_migration::prelude::*;

use crate::column::{
    PRECISIONS, dossier_node_table, drop_tables, key, node_indexes, optional_word, reference, required_text, text,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let source = dossier_node_table(manager, "source")
            .col(required_text(manager, "slug"))
            .col(required_text(manager, "title"))
            .col(text(manager, "url"))
            .col(text(manager, "publisher"))
            .col(text(manager, "author"))
            .col(ColumnDef::new("published_on").date())
            .col(optional_word(manager, "published_precision", &PRECISIONS))
            .col(ColumnDef::new("retrieved_on").date())
            .col(optional_word(manager, "retrieved_precision", &PRECISIONS))
            .col(text(manager, "language"))
            .col(text(manager, "sha256"))
            .col(optional_word(manager, "reliability", &["A", "B", "C", "D", "E", "F"]))
            .check(Func::char_length(Expr::col("sha256")).eq(64))
            .take();
        manager.create_table(source).await?;
        node_indexes(manager, "source", true).await?;

        // A table of its own: a list of sources must not read megabytes that nobody asked for.
        let text = Table::create()
            .table("source_text")
            .col(key("source_id").primary_key())
            .col(required_text(manager, "text"))
            .foreign_key(&mut reference("source_text", "source_id", "source"))
            .take();
        manager.create_table(text).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["source_text", "source"]).await
    }
}
