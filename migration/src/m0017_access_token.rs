//! Access tokens for scripts.

use sea_orm_migration::prelude::*;

use crate::column::{drop_tables, index, key, moment, reference, required_text, sparse_index, unique_index};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let access_token = Table::create()
            .table("access_token")
            .col(key("id").primary_key())
            .col(key("account_id"))
            .col(required_text(manager, "name"))
            .col(required_text(manager, "hash"))
            .col(required_text(manager, "scopes"))
            .col(ColumnDef::new("dossier_id").big_integer())
            .col(moment("created_at"))
            .col(ColumnDef::new("expires_at").big_integer())
            .col(ColumnDef::new("used_at").big_integer())
            .col(ColumnDef::new("revoked_at").big_integer())
            .foreign_key(&mut reference("access_token", "account_id", "account"))
            .foreign_key(&mut reference("access_token", "dossier_id", "dossier"))
            .take();
        manager.create_table(access_token).await?;
        unique_index(manager, "access_token", &["hash"]).await?;
        index(manager, "access_token", &["account_id"]).await?;
        sparse_index(manager, "access_token", "dossier_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["access_token"]).await
    }
}
