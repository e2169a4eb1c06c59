//! Sessions, and the refresh tokens that prolong them.

use sea_orm_migration::prelude::*;

use crate::column::{drop_tables, index, key, moment, reference, required_text};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let session = Table::create()
            .table("session")
            .col(key("id").primary_key())
            .col(key("account_id"))
            .col(moment("started_at"))
            .col(moment("refreshed_at"))
            .col(moment("expires_at"))
            .col(ColumnDef::new("ended_at").big_integer())
            .foreign_key(&mut reference("session", "account_id", "account"))
            .take();
        manager.create_table(session).await?;
        index(manager, "session", &["account_id"]).await?;
        let refresh_token = Table::create()
            .table("refresh_token")
            .col(required_text(manager, "hash").primary_key())
            .col(key("session_id"))
            .col(ColumnDef::new("used_at").big_integer())
            .foreign_key(&mut reference("refresh_token", "session_id", "session"))
            .take();
        manager.create_table(refresh_token).await?;
        index(manager, "refresh_token", &["session_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["refresh_token", "session"]).await
    }
}
