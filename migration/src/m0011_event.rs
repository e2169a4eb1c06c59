//! Events: what happened, and who took part.

use sea_orm_migration::prelude::*;

use crate::column::{
    assertion_indexes, assertion_table, drop_tables, index, key, reference, required_text, sparse_index, text, word,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let event = assertion_table(manager, "event", "occurred_on", "occurred_precision", [])
            .col(required_text(manager, "title"))
            .col(text(manager, "description"))
            .col(ColumnDef::new("mechanism_id").big_integer())
            .col(ColumnDef::new("tension").double().check(Expr::col("tension").between(-10.0, 10.0)))
            .foreign_key(&mut reference("event", "mechanism_id", "mechanism"))
            .take();
        manager.create_table(event).await?;
        assertion_indexes(manager, "event", "occurred_on").await?;
        sparse_index(manager, "event", "mechanism_id").await?;

        let actor = Table::create()
            .table("event_actor")
            .col(key("event_id"))
            .col(key("stakeholder_id"))
            .col(word(manager, "role", &["INITIATOR", "TARGET", "PARTICIPANT"]))
            .primary_key(Index::create().col("event_id").col("stakeholder_id").col("role"))
            .foreign_key(&mut reference("event_actor", "event_id", "event"))
            .foreign_key(&mut reference("event_actor", "stakeholder_id", "stakeholder"))
            .take();
        manager.create_table(actor).await?;
        index(manager, "event_actor", &["stakeholder_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["event_actor", "event"]).await
    }
}
