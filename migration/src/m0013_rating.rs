//! Ratings: how much a stakeholder can and wants to do in the dossier.

use sea_orm_migration::prelude::*;

use crate::column::{assertion_indexes, assertion_table, drop_tables, index, key, reference, scale, text};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let rating = assertion_table(manager, "rating", "occurred_on", "occurred_precision", [key("stakeholder_id")])
            .col(scale("influence", 0, 100))
            .col(scale("interest", 0, 100))
            .col(scale("salience", 0, 100))
            .col(ColumnDef::new("power").boolean())
            .col(ColumnDef::new("legitimacy").boolean())
            .col(ColumnDef::new("urgency").boolean())
            .col(text(manager, "note"))
            .foreign_key(&mut reference("rating", "stakeholder_id", "stakeholder"))
            .take();
        manager.create_table(rating).await?;
        assertion_indexes(manager, "rating", "occurred_on").await?;
        index(manager, "rating", &["stakeholder_id", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["rating"]).await
    }
}
