//! Buckets of points by which the instances that share a database limit requests together.

use sea_orm_migration::prelude::*;

use crate::column::{drop_tables, moment, required_text, unlogged};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bucket = Table::create()
            .table("rate_bucket")
            .col(required_text(manager, "key").primary_key())
            .col(moment("full_at"))
            .take();
        manager.create_table(bucket).await?;
        unlogged(manager, "rate_bucket").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["rate_bucket"]).await
    }
}
