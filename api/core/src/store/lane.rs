//! One way to the database: a pool, or the transaction that one is in. Counts the statements that go through it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::sync::Mutex;

use super::Deadline;
use super::shared::Shared;
use crate::error::{Error, Result};

/// One way to the database. Clones share the transaction and the count.
#[derive(Clone)]
pub struct Lane {
    way: Way,
    statements: Arc<AtomicU32>,
    deadline: Deadline,
}

#[derive(Clone)]
enum Way {
    Pool(Shared<DatabaseConnection>),
    /// Its statements run in the order in which they come: sea-orm's own lock lets whoever has just had it have it again, and one
    /// who writes a batch would keep others waiting until its end. An option, so that it can be taken out to be ended. Which database
    /// it is of is known without waiting.
    Transaction(Shared<Mutex<Option<DatabaseTransaction>>>, DbBackend),
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("statements", &self.statements()).finish_non_exhaustive()
    }
}

impl Lane {
    pub(super) fn new(pool: Shared<DatabaseConnection>) -> Self {
        Self { way: Way::Pool(pool), statements: Arc::default(), deadline: Deadline::default() }
    }

    /// The same way, for statements that must have ended by then.
    #[must_use]
    pub fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    pub(super) const fn deadline(&self) -> Deadline {
        self.deadline
    }

    pub(super) fn within(&self, transaction: DatabaseTransaction) -> Self {
        let backend = transaction.get_database_backend();
        let way = Way::Transaction(Shared::new(Mutex::new(Some(transaction))), backend);
        Self { way, statements: Arc::clone(&self.statements), deadline: self.deadline }
    }

    pub(super) fn beside(&self, pool: Shared<DatabaseConnection>) -> Self {
        Self { way: Way::Pool(pool), statements: Arc::clone(&self.statements), deadline: self.deadline }
    }

    /// How many statements have gone through, those of its transactions included.
    pub fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(crate) async fn commit(self) -> Result<()> {
        let Way::Transaction(transaction, _) = self.way else {
            return Err(Error::internal("commit outside a transaction"));
        };
        if !transaction.is_unique() {
            return Err(Error::internal("commit while the transaction is still in use"));
        }
        let transaction = transaction.lock().await.take().ok_or_else(ended)?;
        Ok(transaction.commit().await?)
    }

    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Lane {
    fn get_database_backend(&self) -> DbBackend {
        match &self.way {
            Way::Pool(pool) => pool.get_database_backend(),
            Way::Transaction(_, backend) => *backend,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.count();
        match &self.way {
            Way::Pool(pool) => self.deadline.hold(pool.execute_raw(statement)).await,
            Way::Transaction(transaction, _) => {
                transaction.lock().await.as_ref().ok_or_else(ended)?.execute_raw(statement).await
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.count();
        match &self.way {
            Way::Pool(pool) => self.deadline.hold(pool.execute_unprepared(sql)).await,
            Way::Transaction(transaction, _) => {
                transaction.lock().await.as_ref().ok_or_else(ended)?.execute_unprepared(sql).await
            }
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.count();
        match &self.way {
            Way::Pool(pool) => self.deadline.hold(pool.query_one_raw(statement)).await,
            Way::Transaction(transaction, _) => {
                transaction.lock().await.as_ref().ok_or_else(ended)?.query_one_raw(statement).await
            }
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.count();
        match &self.way {
            Way::Pool(pool) => self.deadline.hold(pool.query_all_raw(statement)).await,
            Way::Transaction(transaction, _) => {
                transaction.lock().await.as_ref().ok_or_else(ended)?.query_all_raw(statement).await
            }
        }
    }
}

/// Nobody can come upon it: who ends a transaction is the last to have it.
fn ended() -> DbErr {
    DbErr::Custom("the transaction has ended".to_owned())
}

/// The names of the migrations that a database has; none if it has never seen any.
pub(super) async fn applied_migrations(pool: &DatabaseConnection) -> Result<Vec<String>> {
    let table = match pool.get_database_backend() {
        DbBackend::Postgres => "SELECT to_regclass('seaql_migrations')::text AS name",
        _ => "SELECT (SELECT name FROM sqlite_master WHERE name = 'seaql_migrations') AS name",
    };
    let statement = |sql: &str| Statement::from_string(pool.get_database_backend(), sql);
    let found = pool.query_one_raw(statement(table)).await?;
    if found.and_then(|row| row.try_get::<Option<String>>("", "name").ok().flatten()).is_none() {
        return Ok(Vec::new());
    }
    let rows = pool.query_all_raw(statement("SELECT version FROM seaql_migrations")).await?;
    Ok(rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?)
}
