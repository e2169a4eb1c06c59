//! Which records are marked, found without looking at those that are not.

use sea_orm_migration::prelude::*;

/// The tables of what belongs to a dossier.
const TABLES: [&str; 12] = [
    "stakeholder",
    "mechanism",
    "condition",
    "argument",
    "source",
    "position",
    "relation",
    "status",
    "finding",
    "event",
    "implication",
    "rating",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let marked = Index::create()
                .name(format!("ix_{table}_marking"))
                .table(table)
                .col("marking")
                .cond_where(Expr::col("marking").gt(0))
                .take();
            manager.create_index(marked).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let mut marked = Index::drop();
            marked.name(format!("ix_{table}_marking")).table(table);
            manager.drop_index(marked).await?;
        }
        Ok(())
    }
}
