//! Mechanisms, the stakeholders' roles in them, and the conditions that they depend on.

use sea_orm_migration::prelude::*;

use crate::column::{
    dossier_node_table, drop_tables, index, key, node_indexes, reference, required_text, sparse_index, text, word,
};

const MODES: [&str; 4] = ["UNILATERAL", "DOMESTIC", "BILATERAL", "MULTILATERAL"];
const KINDS: [&str; 14] = [
    "USE_OF_FORCE",
    "TASK_FORCE",
    "TECHNOLOGY_SHARING",
    "INTELLIGENCE_SHARING",
    "BORDER_SECURITY",
    "LEGAL_FRAMEWORK",
    "LEGISLATION",
    "LAW_ENFORCEMENT",
    "DEPLOYMENT",
    "DESIGNATION",
    "SANCTIONS",
    "DIALOGUE",
    "RESOLUTION",
    "OTHER",
];
const ROLES: [&str; 6] = ["PROPOSER", "IMPLEMENTER", "HOST", "TARGET", "OVERSEER", "AFFECTED"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mechanism = dossier_node_table(manager, "mechanism")
            .col(required_text(manager, "slug"))
            .col(required_text(manager, "name"))
            .col(word(manager, "mode", &MODES))
            .col(word(manager, "kind", &KINDS))
            .col(text(manager, "description"))
            .col(ColumnDef::new("part_of_id").big_integer())
            .foreign_key(&mut reference("mechanism", "part_of_id", "mechanism"))
            .check(Expr::col("part_of_id").ne(Expr::col("id")))
            .take();
        manager.create_table(mechanism).await?;
        node_indexes(manager, "mechanism", true).await?;
        sparse_index(manager, "mechanism", "part_of_id").await?;

        let party = Table::create()
            .table("mechanism_party")
            .col(key("mechanism_id"))
            .col(key("stakeholder_id"))
            .col(word(manager, "role", &ROLES))
            .primary_key(Index::create().col("mechanism_id").col("stakeholder_id").col("role"))
            .foreign_key(&mut reference("mechanism_party", "mechanism_id", "mechanism"))
            .foreign_key(&mut reference("mechanism_party", "stakeholder_id", "stakeholder"))
            .take();
        manager.create_table(party).await?;
        index(manager, "mechanism_party", &["stakeholder_id"]).await?;

        let condition = dossier_node_table(manager, "condition")
            .col(key("mechanism_id"))
            .col(required_text(manager, "statement"))
            .col(text(manager, "legal_basis"))
            .foreign_key(&mut reference("condition", "mechanism_id", "mechanism"))
            .take();
        manager.create_table(condition).await?;
        node_indexes(manager, "condition", false).await?;
        index(manager, "condition", &["mechanism_id", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["condition", "mechanism_party", "mechanism"]).await
    }
}
