//! A connection that is read by a thread of its own.
//!
//! The threads of the server all wait for all connections, so that one of them wakes up for each of the six thousand packets of a
//! large table. One that waits for this connection alone may let packets gather, which costs neither side anything.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{ConnectOptions, Executor, PgConnection};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::store::stream::gone;

/// How long a connection that was used before may take to answer: then it is given up for a new one.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A connection, and what drives it.
#[derive(Debug)]
pub(super) struct Line {
    connection: PgConnection,
    driver: Driver,
}

/// Drives one connection, on whichever thread is lent to it.
#[derive(Debug)]
struct Driver(Option<Runtime>);

impl Drop for Driver {
    fn drop(&mut self) {
        // It may be dropped where nothing may wait.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Driver {
    fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.0.as_ref().ok_or_else(|| Error::internal("a connection has no driver"))?.block_on(work)
    }
}

impl Line {
    /// A new connection.
    ///
    /// # Errors
    /// If the server does not let it in.
    pub(super) async fn connect(options: PgConnectOptions) -> Result<Self> {
        let connect = move || {
            let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
            let driver = Driver(Some(runtime));
            let connection = driver.run(async { options.connect().await.map_err(Error::internal) })?;
            Ok(Self { connection, driver })
        };
        spawn_blocking(connect).await.map_err(Error::internal)?
    }

    /// Has something done with the connection, and gives it back if that comes to its end.
    ///
    /// # Errors
    /// If it does not. Dropped, it ends what is done.
    pub(super) async fn run<W>(mut self, work: W) -> Result<Self>
    where
        W: AsyncFnOnce(&mut PgConnection) -> Result<()> + Send + 'static,
    {
        let (waiting, dropped) = oneshot::channel::<()>();
        let run = move || {
            let Self { connection, driver } = &mut self;
            driver.run(async {
                tokio::select! {
                    biased;
                    done = work(connection) => done,
                    _ = dropped => Err(gone()),
                }
            })?;
            Ok(self)
        };
        let done = spawn_blocking(run).await.map_err(Error::internal)?;
        drop(waiting);
        done
    }

    /// Has the server do something that has no answer.
    ///
    /// # Errors
    /// If it does not, or not soon.
    pub(super) async fn execute(self, sql: &'static str) -> Result<Self> {
        self.run(async move |connection: &mut PgConnection| {
            let done = tokio::time::timeout(ANSWER_MAX, connection.execute(sql)).await;
            done.map_err(Error::internal)?.map(drop).map_err(Error::internal)
        })
        .await
    }
}

/// The connection that the last snapshot was read on, for the next one: a new one has to be let in, has nothing planned and none
/// of the server's pages mapped.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Spare(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    line: Option<Line>,
    closed: bool,
}

impl Spare {
    pub(super) fn take(&self) -> Option<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).line.take()
    }

    pub(super) fn keep(&self, line: Line) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.closed {
            kept.line = Some(line);
        }
    }

    /// Lets the connection go, and keeps none any more.
    pub(in crate::store) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept { line: None, closed: true };
    }
}
