//! Relations: directed ties between stakeholders.

use sea_orm_migration::prelude::*;

use crate::column::{
    PRECISIONS, assertion_indexes, assertion_table, drop_tables, index, key, optional_word, reference, text, word,
};

const KINDS: [&str; 17] = [
    "PART_OF",
    "MEMBER_OF",
    "LEADS",
    "HOLDS_OFFICE_IN",
    "OVERSEES",
    "ADVISES",
    "REPRESENTS",
    "ALLIED_WITH",
    "COOPERATES_WITH",
    "NEGOTIATES_WITH",
    "MEDIATES",
    "FUNDS",
    "PRESSURES",
    "OPPOSES",
    "THREATENS",
    "IN_CONFLICT_WITH",
    "DESIGNATES",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let relation =
            assertion_table(manager, "relation", "occurred_on", "occurred_precision", [key("from_id"), key("to_id")])
                .col(word(manager, "kind", &KINDS))
                .col(ColumnDef::new("started_on").date())
                .col(optional_word(manager, "started_precision", &PRECISIONS))
                .col(ColumnDef::new("ended_on").date())
                .col(optional_word(manager, "ended_precision", &PRECISIONS))
                .col(ColumnDef::new("tension").double().check(Expr::col("tension").between(-10.0, 10.0)))
                .col(text(manager, "note"))
                .foreign_key(&mut reference("relation", "from_id", "stakeholder"))
                .foreign_key(&mut reference("relation", "to_id", "stakeholder"))
                .check(Expr::col("from_id").ne(Expr::col("to_id")))
                .check(Expr::col("started_on").lte(Expr::col("ended_on")))
                .take();
        manager.create_table(relation).await?;
        assertion_indexes(manager, "relation", "occurred_on").await?;
        index(manager, "relation", &["from_id", "id"]).await?;
        index(manager, "relation", &["to_id", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["relation"]).await
    }
}
