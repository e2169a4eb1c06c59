//! Which records of a dossier are marked, found without looking at those that are not.
//!
//! The dossier comes first: without statistics, SQLite would rather go through all records of a dossier by another index than
//! use one that does not know it.

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

fn name(table: &str) -> String {
    format!("ix_{table}_dossier_id_marking")
}

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let marked = Index::create()
                .name(name(table))
                .table(table)
                .col("dossier_id")
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
            marked.name(name(table)).table(table);
            manager.drop_index(marked).await?;
        }
        Ok(())
    }
}
