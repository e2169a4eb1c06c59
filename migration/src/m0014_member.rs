//! Members: who may see a dossier, and do what in it.

use sea_orm_migration::prelude::*;

use crate::column::{drop_tables, index, key, moment, reference, word};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let member = Table::create()
            .table("member")
            .col(key("dossier_id"))
            .col(key("account_id"))
            .col(word(manager, "role", &["READER", "ANALYST", "EDITOR", "OWNER"]))
            .col(moment("added_at"))
            .col(key("added_by"))
            .primary_key(Index::create().col("dossier_id").col("account_id"))
            .foreign_key(&mut reference("member", "dossier_id", "dossier"))
            .foreign_key(&mut reference("member", "account_id", "account"))
            .foreign_key(&mut reference("member", "added_by", "account"))
            .take();
        manager.create_table(member).await?;
        index(manager, "member", &["account_id"]).await?;
        index(manager, "member", &["added_by"]).await?;
        // Whoever opened a dossier before there were members owns it.
        let owners = Query::insert()
            .into_table("member")
            .columns(["dossier_id", "account_id", "role", "added_at", "added_by"])
            .select_from(
                Query::select()
                    .columns(["id", "created_by"])
                    .expr(Expr::val("OWNER"))
                    .columns(["created_at", "created_by"])
                    .from("dossier")
                    .take(),
            )
            .map_err(|cause| DbErr::Migration(cause.to_string()))?
            .take();
        manager.exec_stmt(owners).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["member"]).await
    }
}
