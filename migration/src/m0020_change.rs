//! What each transaction has changed, in commit order.

use sea_orm_migration::prelude::*;

use crate::column::{by_key, drop_tables, key, scale, word};

const KINDS: [&str; 14] = [
    "DOSSIER",
    "STAKEHOLDER",
    "MECHANISM",
    "CONDITION",
    "ARGUMENT",
    "SOURCE",
    "POSITION",
    "RELATION",
    "STATUS",
    "FINDING",
    "EVENT",
    "IMPLICATION",
    "RATING",
    "ACCOUNT",
];
const ACTIONS: [&str; 9] = [
    "MARKED",
    "EDITED",
    "CREATED",
    "SUPERSEDED",
    "RETRACTED",
    "ACCESS_GAINED",
    "ACCESS_ENDED",
    "CLEARANCE_RAISED",
    "CLEARANCE_LOWERED",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: a change outlives what it is about. No index but the key, in whose order all is written and read:
        // an import writes a row for each record.
        let mut change = Table::create()
            .table("change")
            .col(key("seq"))
            .col(key("record_id"))
            .col(key("dossier_id"))
            .col(word(manager, "kind", &KINDS))
            .col(word(manager, "action", &ACTIONS))
            .col(scale("marking", 0, 4).not_null())
            .col(scale("marking_before", 0, 4))
            .primary_key(Index::create().col("seq").col("record_id").col("dossier_id"))
            .take();
        manager.create_table(by_key(manager, &mut change)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["change"]).await
    }
}
