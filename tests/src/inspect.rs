//! What a database looks like from outside: its tables, columns, keys and indexes, and how many rows there are.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database as Sea, DatabaseConnection, Statement};

use crate::database::{Database, Engine};

/// A connection of a test's own, which the server knows nothing of.
pub struct Inspector {
    engine: Engine,
    connection: DatabaseConnection,
}

impl Inspector {
    /// Connects.
    pub async fn new(database: &Database) -> Self {
        Self { engine: database.engine, connection: Sea::connect(&database.url).await.unwrap() }
    }

    /// The connection.
    pub const fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Lets go of the database.
    pub async fn close(self) {
        self.connection.close().await.unwrap();
    }

    /// The rows of a statement, whose columns are all texts. `sqlite` or `postgres` is run.
    async fn texts<const N: usize>(&self, sqlite: &str, postgres: &str) -> Vec<[String; N]> {
        let sql = if self.engine == Engine::Sqlite { sqlite } else { postgres };
        let statement = Statement::from_string(self.connection.get_database_backend(), sql);
        let rows = self.connection.query_all_raw(statement).await.unwrap();
        let text =
            |row: &sea_orm::QueryResult, n| row.try_get_by_index::<Option<String>>(n).unwrap().unwrap_or_default();
        rows.iter().map(|row| std::array::from_fn(|n| text(row, n))).collect()
    }

    /// The tables, but for that in which migrations are counted.
    pub async fn tables(&self) -> BTreeSet<String> {
        let rows = self
            .texts::<1>(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name <> 'seaql_migrations'",
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' \
                 AND table_name <> 'seaql_migrations'",
            )
            .await;
        rows.into_iter().map(|[name]| name).collect()
    }

    /// All that a schema consists of, a line each, in order.
    pub async fn schema(&self) -> Vec<String> {
        let rows = self
            .texts::<3>(
                "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'",
                "SELECT 'column', table_name || '.' || column_name, data_type || ' ' || is_nullable || ' ' \
                   || coalesce(column_default, '') || ' ' || coalesce(collation_name, '') \
                   FROM information_schema.columns WHERE table_schema = 'public' \
                 UNION ALL SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' \
                 UNION ALL SELECT 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) \
                   FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
            )
            .await;
        let mut lines: Vec<String> = rows.into_iter().map(|row| row.join(" ")).collect();
        lines.sort();
        lines
    }

    /// The columns of every table, each with whether it may have no value.
    pub async fn columns(&self) -> BTreeMap<String, BTreeMap<String, bool>> {
        let rows = self
            .texts::<3>(
                "SELECT m.name, c.name, CASE WHEN c.\"notnull\" THEN 'NO' ELSE 'YES' END \
                 FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
                "SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns \
                 WHERE table_schema = 'public'",
            )
            .await;
        let mut tables: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
        for [table, column, nullable] in rows {
            tables.entry(table).or_default().insert(column, nullable == "YES");
        }
        tables
    }

    /// Every foreign key: its table and its columns, joined by commas.
    pub async fn foreign_keys(&self) -> Vec<[String; 2]> {
        self.texts(
            "SELECT m.name, (SELECT group_concat(\"from\", ',') FROM (SELECT \"from\" FROM \
               pragma_foreign_key_list(m.name) g WHERE g.id = f.id ORDER BY seq)) \
             FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.seq = 0",
            "SELECT c.conrelid::regclass::text, (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) \
               FROM unnest(c.conkey) WITH ORDINALITY k(num, n) \
               JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) \
             FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace",
        )
        .await
    }

    /// Every index: its table and its columns, joined by commas.
    pub async fn indexes(&self) -> Vec<[String; 2]> {
        self.texts(
            "SELECT m.name, (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) \
               ORDER BY seqno)) FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' \
             UNION ALL SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND c.pk = 1",
            "SELECT i.indrelid::regclass::text, (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) \
               FROM unnest(i.indkey) WITH ORDINALITY k(num, n) \
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num) \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
             WHERE c.relnamespace = 'public'::regnamespace",
        )
        .await
    }

    /// How many rows every table has.
    pub async fn counts(&self) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for table in self.tables().await {
            let sql = format!("SELECT count(*) AS n FROM \"{table}\"");
            let statement = Statement::from_string(self.connection.get_database_backend(), sql);
            let row = self.connection.query_one_raw(statement).await.unwrap().unwrap();
            counts.insert(table, row.try_get("", "n").unwrap());
        }
        counts
    }
}
