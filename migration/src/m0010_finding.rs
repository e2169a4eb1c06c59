//! Findings: an assessor's verdict on whether a condition is met.

use sea_orm_migration::prelude::*;

use crate::column::{assertion_indexes, assertion_table, drop_tables, index, key, reference, text, word};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let finding = assertion_table(
            manager,
            "finding",
            "occurred_on",
            "occurred_precision",
            [key("condition_id"), key("assessor_id")],
        )
        .col(word(manager, "verdict", &["MET", "UNMET", "CONTESTED", "UNKNOWN"]))
        .col(text(manager, "rationale"))
        .foreign_key(&mut reference("finding", "condition_id", "condition"))
        .foreign_key(&mut reference("finding", "assessor_id", "stakeholder"))
        .take();
        manager.create_table(finding).await?;
        assertion_indexes(manager, "finding", "occurred_on").await?;
        index(manager, "finding", &["condition_id", "id"]).await?;
        index(manager, "finding", &["assessor_id", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["finding"]).await
    }
}
