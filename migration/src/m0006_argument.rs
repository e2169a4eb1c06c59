//! Arguments, and how they rebut and reinforce each other.

use sea_orm_migration::prelude::*;

use crate::column::{dossier_node_table, drop_tables, index, key, node_indexes, reference, required_text, text, word};

const FRAMES: [&str; 10] = [
    "SOVEREIGNTY",
    "LEGAL",
    "DIPLOMATIC",
    "SECURITY",
    "ESCALATION",
    "PUBLIC_HEALTH",
    "EFFECTIVENESS",
    "ECONOMIC",
    "HUMANITARIAN",
    "POLITICAL",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let argument = dossier_node_table(manager, "argument")
            .col(required_text(manager, "statement"))
            .col(word(manager, "frame", &FRAMES))
            .col(text(manager, "description"))
            .take();
        manager.create_table(argument).await?;
        node_indexes(manager, "argument", false).await?;

        let link = Table::create()
            .table("argument_link")
            .col(key("argument_id"))
            .col(key("target_id"))
            .col(word(manager, "kind", &["REBUTS", "REINFORCES"]))
            .primary_key(Index::create().col("argument_id").col("target_id"))
            .foreign_key(&mut reference("argument_link", "argument_id", "argument"))
            .foreign_key(&mut reference("argument_link", "target_id", "argument"))
            .check(Expr::col("argument_id").ne(Expr::col("target_id")))
            .take();
        manager.create_table(link).await?;
        index(manager, "argument_link", &["target_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["argument_link", "argument"]).await
    }
}
