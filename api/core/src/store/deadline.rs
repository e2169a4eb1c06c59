//! When the statements of an operation must have ended. The database itself ends them then: a future that is dropped leaves
//! its statement running, and its connection with it.
//!
//! A connection learns the deadline when it is taken from its pool. PostgreSQL has `statement_timeout`; SQLite asks a
//! handler of ours every so many steps of its machine.

use std::time::{Duration, Instant};

use sea_orm::sqlx::{Error, Executor, PgConnection, SqliteConnection};

/// How many steps SQLite's machine goes between two looks at the clock: some microseconds.
const STEPS: i32 = 1000;

tokio::task_local! {
    /// What the pools' hooks see of the operation that takes a connection: they run within its task.
    static CURRENT: Deadline;
}

/// When the statements of an operation must have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// At this moment.
    pub const fn at(moment: Instant) -> Self {
        Self(Some(moment))
    }

    /// Takes whatever connection `work` takes under this deadline.
    pub(super) async fn hold<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// The deadline of the operation that this is called in; none outside of any.
    fn current() -> Option<Instant> {
        CURRENT.try_with(|deadline| deadline.0).ok().flatten()
    }
}

pub(super) async fn hold_sqlite(connection: &mut SqliteConnection) -> Result<(), Error> {
    let deadline = Deadline::current();
    let mut handle = connection.lock_handle().await?;
    match deadline {
        Some(deadline) => handle.set_progress_handler(STEPS, move || Instant::now() < deadline),
        None => handle.remove_progress_handler(),
    }
    Ok(())
}

pub(super) async fn hold_postgres(connection: &mut PgConnection) -> Result<(), Error> {
    // 0 would be no deadline at all.
    let left = Deadline::current().map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let left = left.map_or(0, |left| left.max(Duration::from_millis(1)).as_millis());
    connection.execute(sea_orm::sqlx::AssertSqlSafe(format!("SET statement_timeout = {left}"))).await.map(drop)
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};

    use super::*;
    use crate::store::{Place, Store};

    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n";

    async fn store() -> Store {
        let place = Place { url: "sqlite::memory:".to_owned(), connections_max: 1, wait_max: Duration::from_secs(5) };
        Store::open(&place).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_statement_ends_at_the_deadline_and_its_connection_goes_on() {
        let store = store().await;
        let hasty = store.reading().until(Deadline::at(Instant::now() + Duration::from_millis(20)));
        let statement = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
        let ended = hasty.query_one_raw(statement(ENDLESS)).await.unwrap_err();
        assert!(ended.to_string().contains("interrupted"), "{ended}");
        let row = store.reading().query_one_raw(statement("SELECT 1 AS i")).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i32>("", "i").unwrap(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_transaction_ends_at_the_deadline_too() {
        let store = store().await;
        let hasty = store.reading().until(Deadline::at(Instant::now() + Duration::from_millis(20)));
        let transaction = store.begin(&hasty).await.unwrap();
        transaction.query_one_raw(Statement::from_string(DbBackend::Sqlite, ENDLESS)).await.unwrap_err();
        drop(transaction);
        store.begin(&store.reading()).await.unwrap().commit().await.unwrap();
    }
}
