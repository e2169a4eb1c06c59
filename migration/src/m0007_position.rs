//! Positions, with the arguments and conditions that they name.

use sea_orm_migration::prelude::*;

use crate::column::{
    assertion_indexes, assertion_table, drop_tables, index, key, reference, scale, sparse_index, text,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let position = assertion_table(
            manager,
            "position",
            "stated_on",
            "stated_precision",
            [key("stakeholder_id"), key("mechanism_id"), scale("stance", -2, 2).not_null().take()],
        )
        .col(ColumnDef::new("on_behalf_of_id").big_integer())
        .col(text(manager, "rationale"))
        .foreign_key(&mut reference("position", "stakeholder_id", "stakeholder"))
        .foreign_key(&mut reference("position", "on_behalf_of_id", "stakeholder"))
        .foreign_key(&mut reference("position", "mechanism_id", "mechanism"))
        .check(Expr::col("on_behalf_of_id").ne(Expr::col("stakeholder_id")))
        .take();
        manager.create_table(position).await?;
        assertion_indexes(manager, "position", "stated_on").await?;
        index(manager, "position", &["mechanism_id", "id"]).await?;
        index(manager, "position", &["stakeholder_id", "id"]).await?;
        sparse_index(manager, "position", "on_behalf_of_id").await?;

        for (table, column, target) in
            [("position_argument", "argument_id", "argument"), ("position_condition", "condition_id", "condition")]
        {
            let link = Table::create()
                .table(table)
                .col(key("position_id"))
                .col(key(column))
                .primary_key(Index::create().col("position_id").col(column))
                .foreign_key(&mut reference(table, "position_id", "position"))
                .foreign_key(&mut reference(table, column, target))
                .take();
            manager.create_table(link).await?;
            index(manager, table, &[column]).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["position_condition", "position_argument", "position"]).await
    }
}
