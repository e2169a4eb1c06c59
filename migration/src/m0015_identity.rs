//! Who vouches for whom: the keys that sign our own tokens, and the accounts that an outside provider's subjects stand for.

use sea_orm_migration::prelude::*;

use crate::column::{drop_tables, index, key, moment, reference, required_text};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let signing_key = Table::create()
            .table("signing_key")
            .col(required_text(manager, "kid").primary_key())
            .col(required_text(manager, "public_key"))
            .col(required_text(manager, "sealed_key"))
            .col(moment("created_at"))
            .col(ColumnDef::new("retires_at").big_integer())
            .take();
        manager.create_table(signing_key).await?;
        let identity = Table::create()
            .table("identity")
            .col(required_text(manager, "issuer"))
            .col(required_text(manager, "subject"))
            .col(key("account_id"))
            .col(moment("linked_at"))
            .primary_key(Index::create().col("issuer").col("subject"))
            .foreign_key(&mut reference("identity", "account_id", "account"))
            .take();
        manager.create_table(identity).await?;
        index(manager, "identity", &["account_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["identity", "signing_key"]).await
    }
}
