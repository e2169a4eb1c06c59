//! Long reads: one snapshot of the database, on a connection of its own, whose rows are handed on as they come.
//!
//! A snapshot sees what was committed when it began, however long it takes and whatever others write meanwhile. It takes no
//! connection from the pools, so that slow readers hold up nobody, and holds no row longer than it takes to look at it.
//!
//! The thread that reads them is not the one that writes what they become: on two cores both work at once.
//!
//! On SQLite the rows come by rusqlite: sqlx hands each through a channel between two threads, which takes four times as
//! long. On PostgreSQL they come in the binary form of the protocol, and are read where they lie.

mod block;
mod postgres;
mod sqlite;
mod taking;

pub(super) use self::postgres::Spare;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use sea_orm::DbBackend;
use sea_orm::sea_query::SelectStatement;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Store;
use crate::error::{Error, Result};

/// How long whoever takes the rows may pause. A snapshot that is held longer keeps the database from tidying up.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// What a column holds, whatever the database calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// A text.
    Text,
    /// A day.
    Date,
    /// Yes or no.
    Flag,
    /// A JSON text.
    Json,
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// None.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text, or a JSON text.
    Text(&'a str),
    /// A day.
    Date(NaiveDate),
    /// Yes or no.
    Flag(bool),
}

impl Cell<'_> {
    /// The whole number, if it is one.
    #[inline]
    pub const fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }
}

/// A row, for as long as one looks at it: the values of its columns, each read once, as its [`Shape`] says.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a>(pub &'a [Cell<'a>]);

impl<'a> Row<'a> {
    /// The value of a column, counted from 0.
    ///
    /// # Errors
    /// If there are not so many.
    #[inline]
    pub fn cell(self, column: usize) -> Result<Cell<'a>> {
        self.0.get(column).copied().ok_or_else(|| Error::internal(format!("a row has no column {column}")))
    }
}

/// Takes rows, and makes bytes of them.
pub trait Taker: Any + Send {
    /// Takes a row. What it gives is handed on before the next row is taken.
    ///
    /// # Errors
    /// To end the reading.
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>>;
}

/// Where bytes are handed on to.
#[derive(Clone)]
pub struct Outlet {
    /// None where they are only made to be measured.
    to: Option<mpsc::Sender<Vec<u8>>>,
    through: Option<Through>,
}

/// What is made of bytes before they are handed on.
type Through = Arc<dyn Fn(Vec<u8>) -> Result<Vec<u8>> + Send + Sync>;

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outlet")
    }
}

impl Outlet {
    /// An outlet, and where its bytes come out. Few chunks wait between the two.
    pub fn new() -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::channel(4);
        (Self { to: Some(sender), through: None }, receiver)
    }

    /// An outlet to `to`, or to nowhere, that hands on what `change` makes of its bytes.
    ///
    /// It is made on the thread that hands the bytes over, which has just written them: to send them to another one first costs
    /// more than it saves.
    pub fn through(to: Option<&Self>, change: impl Fn(Vec<u8>) -> Result<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { to: to.and_then(|outlet| outlet.to.clone()), through: Some(Arc::new(change)) }
    }

    /// Hands bytes on.
    ///
    /// # Errors
    /// [`gone`] if nobody takes them any more, or not for a long time; if they cannot be changed as they should be.
    pub async fn send(&self, bytes: Vec<u8>) -> Result<()> {
        let bytes = match &self.through {
            Some(change) => change(bytes)?,
            None => bytes,
        };
        let Some(to) = self.to.as_ref().filter(|_| !bytes.is_empty()) else { return Ok(()) };
        match tokio::time::timeout(PAUSE_MAX, to.send(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(gone()),
        }
    }

    /// Waits until nobody takes bytes any more.
    pub async fn closed(&self) {
        match &self.to {
            Some(to) => to.closed().await,
            None => std::future::pending().await,
        }
    }
}

/// Whoever took the bytes has gone.
pub fn gone() -> Error {
    Error::BadInput("whoever asked for it has gone, or did not take it for two minutes".to_owned())
}

/// One state of the database, read for as long as it takes.
#[derive(Debug)]
pub struct Snapshot {
    way: Way,
    /// One of the few connections beside the pools.
    _seat: Arc<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Way {
    Sqlite(sqlite::Snapshot),
    Postgres(postgres::Snapshot),
}

impl Snapshot {
    /// The state of the database as it is now.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn open(store: &Store) -> Result<Self> {
        let seat = Arc::new(store.seat().await?);
        let way = match store.backend() {
            DbBackend::Sqlite => Way::Sqlite(sqlite::Snapshot::open(store.url()).await?),
            _ => Way::Postgres(postgres::Snapshot::open(store.url(), &store.0.spare, Arc::clone(&seat)).await?),
        };
        Ok(Self { way, _seat: seat })
    }

    /// Reads all rows of a statement, whose columns have these shapes, and gives the taker back. `outlet` is where what the
    /// taker makes is handed on to; without one it is dropped.
    ///
    /// # Errors
    /// If the database fails, the taker ends it, or nobody takes what comes out.
    pub async fn read<T: Taker>(
        &mut self,
        statement: &SelectStatement,
        shapes: Vec<Shape>,
        taker: T,
        outlet: Option<&Outlet>,
    ) -> Result<T> {
        // What reads is compiled once, not once for each taker: a call through a table costs nothing beside a row.
        let taker = Box::new(taker);
        let taker: Box<dyn Any> = match &mut self.way {
            Way::Sqlite(snapshot) => snapshot.read(statement, shapes, taker, outlet).await?,
            Way::Postgres(snapshot) => snapshot.read(statement, shapes, taker, outlet).await?,
        };
        taker.downcast().map(|taker| *taker).map_err(|_| Error::internal("another taker came back"))
    }

    /// The expression for a list that stands in a link table: the values of `item` in the rows whose `near` is `key`, in
    /// their order, as one text with a space between two. All are names and expressions of the program's own.
    pub fn list(&self, table: &str, near: &str, key: &str, item: &str, only: &str) -> String {
        let rows = format!("FROM {table} AS l WHERE l.{near} = {key}{only}");
        match self.way {
            Way::Sqlite(_) => {
                format!("(SELECT group_concat(v, ' ') FROM (SELECT {item} AS v {rows} ORDER BY v))")
            }
            Way::Postgres(_) => {
                format!("(SELECT string_agg(v, ' ' ORDER BY v COLLATE \"C\") FROM (SELECT {item} AS v {rows}) AS o)")
            }
        }
    }
}

/// Reads the rows of a small result, each with a function.
pub struct Each<F>(pub F);

impl<F: FnMut(Row<'_>) -> Result<()> + Send + 'static> Taker for Each<F> {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        (self.0)(row).map(|()| None)
    }
}

/// Takes the whole number that each row begins with.
#[derive(Default)]
pub struct Keys(pub Vec<i64>);

impl Taker for Keys {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        self.0.extend(row.cell(0)?.integer());
        Ok(None)
    }
}

/// What the database gave for a column is not of its shape.
#[cold]
fn unexpected(column: usize, shape: Shape) -> Error {
    Error::internal(format!("column {column} of a row is not of the shape {shape:?}"))
}
