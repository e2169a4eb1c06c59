//! The function `likely`, by which a statement says that a condition mostly holds.
//!
//! SQLite has it, and needs it: it takes a bound on a date for one that leaves few rows, and would look all of them up by an
//! index and sort them, where it could read the table in its order.

use sea_orm_migration::prelude::*;

use crate::column::{drop_function, identity_function};

const NAME: &str = "likely";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        identity_function(manager, NAME).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_function(manager, NAME).await
    }
}
