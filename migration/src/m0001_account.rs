//! Accounts: who may sign in.

use sea_orm_migration::prelude::*;

use crate::column::{drop_tables, key, moment, required_text, scale, text, unique_index, word};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let account = Table::create()
            .table("account")
            .col(key("id").primary_key())
            .col(required_text(manager, "email"))
            .col(required_text(manager, "name"))
            .col(text(manager, "password_hash"))
            .col(word(manager, "role", &["READER", "ANALYST", "ADMIN"]))
            .col(scale("clearance", 0, 4).not_null())
            .col(ColumnDef::new("suspended_at").big_integer())
            .col(moment("created_at"))
            .take();
        manager.create_table(account).await?;
        unique_index(manager, "account", &["email"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["account"]).await
    }
}
