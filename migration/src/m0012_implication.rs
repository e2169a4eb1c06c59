//! Implications: foreseen consequences and lessons.

use sea_orm_migration::prelude::*;

use crate::column::{
    assertion_indexes, assertion_table, drop_tables, reference, required_text, scale, sparse_index, word,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let implication = assertion_table(manager, "implication", "occurred_on", "occurred_precision", [])
            .col(word(manager, "kind", &["RISK", "OPPORTUNITY", "LESSON"]))
            .col(required_text(manager, "statement"))
            .col(scale("likelihood", 1, 7))
            .col(scale("severity", 1, 5))
            .col(ColumnDef::new("mechanism_id").big_integer())
            .col(ColumnDef::new("relation_id").big_integer())
            .foreign_key(&mut reference("implication", "mechanism_id", "mechanism"))
            .foreign_key(&mut reference("implication", "relation_id", "relation"))
            .check(Expr::col("mechanism_id").is_null().or(Expr::col("relation_id").is_null()))
            .take();
        manager.create_table(implication).await?;
        assertion_indexes(manager, "implication", "occurred_on").await?;
        sparse_index(manager, "implication", "mechanism_id").await?;
        sparse_index(manager, "implication", "relation_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["implication"]).await
    }
}
