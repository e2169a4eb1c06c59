//! Connections and transactions: the only room that asks which database this is.
//!
//! SQLite has two pools: one connection that writes, so that writers queue in the program instead of failing on a locked
//! file, and several that only read. PostgreSQL has one pool for both.

pub mod bulk;
mod current;
mod deadline;
mod foreign;
mod lane;
mod rate;
mod shared;
pub mod stream;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{
    DatabaseConnection, DbBackend, SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::deadline::Deadline;
pub use self::foreign::{foreign, read_foreign};
pub use self::lane::Lane;
pub use self::rate::{Bucket, Taken};
use self::shared::Shared;
use crate::error::{Error, Result};

/// A database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store(Shared<Pools>);

/// What clones of a store share.
struct Pools {
    /// Each lane takes it along, without the rest.
    reader: Shared<DatabaseConnection>,
    writer: DatabaseConnection,
    kept: rate::Kept,
    /// Where it is. It may hold a password, and is shown to nobody.
    address: String,
    /// How many connections there may be beside the pools, and how long one waits for one.
    seats: Arc<Semaphore>,
    spare: stream::Spare,
    wait_max: Duration,
}

/// Where the database is, and how hard it may be used.
#[derive(Clone, Debug)]
pub struct Place {
    /// `sqlite:PATH`, `sqlite://PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: String,
    /// How many connections at most.
    pub connections_max: u32,
    /// How long to wait for a free connection, or for SQLite's lock.
    pub wait_max: Duration,
}

/// The state of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Store {
    /// Opens a database; SQLite's file is made if there is none.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the URL is of neither database, or the database does not answer.
    pub async fn open(place: &Place) -> Result<Self> {
        match place.url.split(':').next() {
            Some("sqlite") => Self::open_sqlite(place).await,
            Some("postgres" | "postgresql") => Self::open_postgres(place).await,
            _ => Err(Error::BadInput(
                "database-url: expected `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`".to_owned(),
            )),
        }
    }

    async fn open_sqlite(place: &Place) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(&place.url)
            .map_err(|cause| away(&cause))?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(place.wait_max)
            .pragma("mmap_size", "1073741824")
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory")
            .optimize_on_close(true, 400);
        // Setting the deadline shows whether the connection lives: there is no need to ask it twice.
        let pool = |size| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .acquire_timeout(place.wait_max)
                .test_before_acquire(false)
                .after_connect(|connection, _| Box::pin(deadline::hold_sqlite(connection)))
                .before_acquire(|connection, _| {
                    Box::pin(async { deadline::hold_sqlite(connection).await.map(|()| true) })
                })
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(|cause| away(&cause))?;
        let reading = options.pragma("query_only", "true");
        let reader = pool(place.connections_max).connect_with(reading).await.map_err(|cause| away(&cause))?;
        let reader = SqlxSqliteConnector::from_sqlx_sqlite_pool(reader);
        Ok(Self::new(place, reader, SqlxSqliteConnector::from_sqlx_sqlite_pool(writer)))
    }

    async fn open_postgres(place: &Place) -> Result<Self> {
        let options = PgConnectOptions::from_str(&place.url).map_err(|cause| away(&cause))?.disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(place.connections_max)
            .acquire_timeout(place.wait_max)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(deadline::hold_postgres(connection)))
            .before_acquire(|connection, _| {
                Box::pin(async { deadline::hold_postgres(connection).await.map(|()| true) })
            });
        let pool = pool.connect_with(options).await.map_err(|cause| away(&cause))?;
        let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        Ok(Self::new(place, pool.clone(), pool))
    }

    fn new(place: &Place, reader: DatabaseConnection, writer: DatabaseConnection) -> Self {
        Self(Shared::new(Pools {
            reader: Shared::new(reader),
            writer,
            kept: rate::Kept::default(),
            address: place.url.clone(),
            // As many connections beside the pools as within.
            seats: Arc::new(Semaphore::new(usize::try_from(place.connections_max).unwrap_or(1))),
            spare: stream::Spare::default(),
            wait_max: place.wait_max,
        }))
    }

    fn backend(&self) -> DbBackend {
        self.0.reader.get_database_backend()
    }

    /// Where it is, for a connection beside the pools.
    fn url(&self) -> &str {
        &self.0.address
    }

    /// The right to open a connection beside the pools.
    async fn seat(&self) -> Result<OwnedSemaphorePermit> {
        let seat = tokio::time::timeout(self.0.wait_max, Arc::clone(&self.0.seats).acquire_owned()).await;
        seat.map_err(|_| Error::Busy("too many exports at once: try again in a moment"))?.map_err(Error::internal)
    }

    /// A lane that reads.
    pub fn reading(&self) -> Lane {
        Lane::new(self.0.reader.clone())
    }

    /// A lane that reads, beside another one whose count it shares.
    pub fn beside(&self, lane: &Lane) -> Lane {
        lane.beside(self.0.reader.clone())
    }

    /// Begins a transaction that may write. Its statements are counted with those of `lane`.
    ///
    /// # Errors
    /// If the database is away, or another writer does not finish in time.
    pub async fn begin(&self, lane: &Lane) -> Result<Lane> {
        let mode = match self.0.writer.get_database_backend() {
            // Taken at once: a transaction that reads first and then wants to write could not be let in.
            DbBackend::Sqlite => Some(SqliteTransactionMode::Immediate),
            _ => None,
        };
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        let transaction = lane.deadline().hold(self.0.writer.begin_with_options(options)).await?;
        Ok(lane.within(transaction))
    }

    /// The newest migration that this program knows: the version of its schema.
    pub fn schema() -> String {
        Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
    }

    /// Every migration, oldest first, and whether the database has it.
    ///
    /// # Errors
    /// If the database is away, or has migrations that this program does not know.
    pub async fn migrations(&self) -> Result<Vec<Step>> {
        // Read with a statement of our own: sea-orm-migration makes its table as soon as it looks, and looking must not
        // write.
        let applied = lane::applied_migrations(&self.0.reader).await?;
        let known: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
        if let Some(stranger) = applied.iter().find(|name| !known.contains(name)) {
            return Err(Error::BadInput(format!(
                "the database has the migration {stranger}, which this program does not know: it was migrated by a newer one"
            )));
        }
        Ok(known.into_iter().map(|name| Step { applied: applied.contains(&name), name }).collect())
    }

    /// Applies the migrations that are missing.
    ///
    /// # Errors
    /// If one fails; those before it are kept.
    pub async fn migrate_up(&self) -> Result<()> {
        Ok(Migrator::up(&self.0.writer, None).await?)
    }

    /// Takes back the last `steps` migrations, and the data in them.
    ///
    /// # Errors
    /// If one fails; those after it stay taken back.
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        Ok(Migrator::down(&self.0.writer, Some(steps)).await?)
    }

    /// Has the database look again at what is in its tables: it plans by what it last saw there, and after many rows have come
    /// that may be nothing.
    ///
    /// # Errors
    /// If the database is away, or busy for too long.
    pub async fn refresh_statistics(&self) -> Result<()> {
        let sql = match self.backend() {
            // All rows: a part of an index makes a dossier of a million records look like one of as many as were looked at.
            DbBackend::Sqlite => "PRAGMA analysis_limit = 0; ANALYZE",
            _ => "ANALYZE",
        };
        sea_orm::ConnectionTrait::execute_unprepared(&self.0.writer, sql).await?;
        Ok(())
    }

    /// Closes the connections; SQLite's file is then whole without its log.
    pub async fn close(self) {
        self.0.spare.close();
        for pool in [&*self.0.reader, &self.0.writer] {
            // A pool that is already closed is what was wanted.
            let _ = pool.close_by_ref().await;
        }
    }
}

/// The database cannot be reached. The driver's words name hosts and files but no password.
fn away(cause: &dyn std::fmt::Display) -> Error {
    Error::BadInput(format!("the database does not answer: {cause}"))
}
