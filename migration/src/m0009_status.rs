//! Statuses: the dated steps of a mechanism's life.

use sea_orm_migration::prelude::*;

use crate::column::{assertion_indexes, assertion_table, drop_tables, index, key, reference, text, word};

const STEPS: [&str; 10] = [
    "FLOATED",
    "PROPOSED",
    "NEGOTIATING",
    "AGREED",
    "ENACTED",
    "IN_FORCE",
    "SUSPENDED",
    "REJECTED",
    "ABANDONED",
    "EXPIRED",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let status = assertion_table(manager, "status", "occurred_on", "occurred_precision", [key("mechanism_id")])
            .col(word(manager, "status", &STEPS))
            .col(text(manager, "note"))
            .foreign_key(&mut reference("status", "mechanism_id", "mechanism"))
            .take();
        manager.create_table(status).await?;
        assertion_indexes(manager, "status", "occurred_on").await?;
        index(manager, "status", &["mechanism_id", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["status"]).await
    }
}
