//! The audit log: who did what, append-only.

use sea_orm_migration::prelude::*;

use crate::column::{append_only, drop_tables, index, key, moment, required_text, scale, text, word};

const ACTIONS: [&str; 11] =
    ["READ", "WRITE", "MARK", "MEMBER", "DELETE", "EXPORT", "SIGN_IN", "SIGN_OUT", "ACCOUNT", "TOKEN", "MAINTAIN"];
const CREDENTIALS: [&str; 5] = ["NOTHING", "MACHINE", "SESSION", "TOKEN", "PROVIDER"];
const OUTCOMES: [&str; 3] = ["DONE", "REFUSED", "FAILED"];
/// The hash before the first entry.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: an entry outlives what it is about.
        let audit = Table::create()
            .table("audit")
            .col(key("seq").primary_key())
            .col(moment("recorded_at"))
            .col(ColumnDef::new("actor_id").big_integer())
            .col(word(manager, "credential", &CREDENTIALS))
            .col(text(manager, "credential_key"))
            .col(text(manager, "address"))
            .col(text(manager, "request"))
            .col(text(manager, "operation"))
            .col(word(manager, "action", &ACTIONS))
            .col(ColumnDef::new("dossier_id").big_integer())
            .col(required_text(manager, "records"))
            .col(ColumnDef::new("record_count").big_integer().not_null())
            .col(word(manager, "outcome", &OUTCOMES))
            .col(text(manager, "code"))
            .col(scale("marking", 0, 4).not_null())
            .col(required_text(manager, "previous"))
            .col(required_text(manager, "hash"))
            .take();
        manager.create_table(audit).await?;
        index(manager, "audit", &["dossier_id", "seq"]).await?;
        index(manager, "audit", &["actor_id", "seq"]).await?;

        let named = Table::create()
            .table("audit_record")
            .col(key("record_id"))
            .col(key("seq"))
            .primary_key(Index::create().col("record_id").col("seq"))
            .take();
        manager.create_table(named).await?;

        let head = Table::create()
            .table("audit_head")
            .col(key("id").primary_key().check(Expr::col("id").eq(1)))
            .col(key("seq"))
            .col(required_text(manager, "hash"))
            .take();
        manager.create_table(head).await?;
        let none = Query::insert()
            .into_table("audit_head")
            .columns(["id", "seq", "hash"])
            .values_panic([1_i64.into(), 0_i64.into(), NO_HASH.into()])
            .take();
        manager.exec_stmt(none).await?;

        // A record that is marked higher takes the entries about it along.
        append_only(manager, "audit", &["seq"], Some("marking")).await?;
        append_only(manager, "audit_record", &["record_id", "seq"], None).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["audit_head"]).await?;
        for table in ["audit_record", "audit"] {
            crate::column::drop_append_only(manager, table).await?;
        }
        Ok(())
    }
}
