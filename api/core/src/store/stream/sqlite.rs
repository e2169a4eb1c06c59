//! A snapshot of an SQLite file: a read transaction on a connection of its own. In WAL mode it neither waits for writers
//! nor keeps them waiting.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::types::{ToSqlOutput, Value as Sqlite, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use sea_orm::Value;
use sea_orm::sea_query::{SelectStatement, SqliteQueryBuilder};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use tokio::task::spawn_blocking;

use super::block::{Block, Enough};
use super::taking::{Feed, Taking};
use super::{Cell, Outlet, Shape, Taker, unexpected};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Snapshot(Option<Connection>);

impl Snapshot {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let path: PathBuf = SqliteConnectOptions::from_str(url).map_err(Error::internal)?.get_filename().to_owned();
        let open = move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            // Pages are read where the file lies in memory, so that a long read needs no cache of its own.
            connection.execute_batch("PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -2048; BEGIN")?;
            // A transaction begins with its first read.
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
            Ok::<_, rusqlite::Error>(connection)
        };
        let connection = spawn_blocking(open).await.map_err(Error::internal)?.map_err(Error::internal)?;
        Ok(Self(Some(connection)))
    }

    pub(super) async fn read(
        &mut self,
        statement: &SelectStatement,
        shapes: Vec<Shape>,
        taker: Box<dyn Taker>,
        outlet: Option<&Outlet>,
    ) -> Result<Box<dyn Taker>> {
        let (sql, values) = statement.build(SqliteQueryBuilder);
        let connection = self.0.take().ok_or_else(|| Error::internal("a snapshot was read after it had failed"))?;
        let handle = connection.get_interrupt_handle();
        let width = shapes.len();
        let Taking { feed, taken } =
            Taking::start(taker, outlet, move |block: &mut Block, look| block.show(width, look));
        let job = Job { connection, sql, values: values.0, shapes };
        let mut work = spawn_blocking(move || job.run(feed));
        // Dropped while the thread still works, it ends its statement: nobody waits for it any more.
        let stop = Stop(Some(handle));
        let done = match outlet {
            None => (&mut work).await,
            Some(outlet) => tokio::select! {
                done = &mut work => done,
                () = outlet.closed() => return Err(super::gone()),
            },
        };
        stop.forget();
        let (connection, taker) = taken.after(done.map_err(Error::internal)?).await?;
        self.0 = Some(connection);
        Ok(taker)
    }
}

/// Ends the statement of a connection when it is dropped.
struct Stop(Option<rusqlite::InterruptHandle>);

impl Stop {
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.interrupt();
        }
    }
}

struct Job {
    connection: Connection,
    sql: String,
    values: Vec<Value>,
    shapes: Vec<Shape>,
}

impl Job {
    fn run(self, mut feed: Feed<Block>) -> Result<Connection> {
        let Self { connection, sql, values, shapes } = self;
        let mut statement = connection.prepare(&sql).map_err(Error::internal)?;
        let values = values.into_iter().map(Bound);
        let mut rows = statement.query(params_from_iter(values)).map_err(Error::internal)?;
        let (mut block, mut enough, mut days) = (Block::default(), Enough::new(shapes.len()), Days::default());
        while let Some(row) = rows.next().map_err(Error::internal)? {
            block.push(shapes.iter().enumerate().map(|(column, shape)| {
                let value = row.get_ref(column).map_err(Error::internal)?;
                read(*shape, value, &mut days).ok_or_else(|| unexpected(column, *shape))
            }))?;
            if enough.is(&block) {
                feed.hand_over_blocking(&mut block)?;
            }
        }
        if !block.is_empty() {
            feed.hand_over_blocking(&mut block)?;
        }
        drop(rows);
        drop(statement);
        Ok(connection)
    }
}

/// Reads a value, as SQLite stores one of this shape.
fn read<'a>(shape: Shape, value: ValueRef<'a>, days: &mut Days) -> Option<Cell<'a>> {
    match (shape, value) {
        (_, ValueRef::Null) => Some(Cell::Null),
        (Shape::Integer, ValueRef::Integer(number)) => Some(Cell::Integer(number)),
        (Shape::Flag, ValueRef::Integer(number)) => Some(Cell::Flag(number != 0)),
        (Shape::Real, ValueRef::Real(number)) => Some(Cell::Real(number)),
        #[expect(clippy::cast_precision_loss, reason = "SQLite stores a whole number in a column of reals so")]
        (Shape::Real, ValueRef::Integer(number)) => Some(Cell::Real(number as f64)),
        (Shape::Text | Shape::Json, ValueRef::Text(text)) => std::str::from_utf8(text).ok().map(Cell::Text),
        // What sea-orm binds as JSON is bytes to SQLite's eyes in some versions.
        (Shape::Json, ValueRef::Blob(text)) => std::str::from_utf8(text).ok().map(Cell::Text),
        (Shape::Date, ValueRef::Text(text)) => days.read(text).map(Cell::Date),
        _ => None,
    }
}

/// The day that was read last: rows that follow each other often have the same.
#[derive(Default)]
struct Days {
    written: [u8; 10],
    day: NaiveDate,
}

impl Days {
    fn read(&mut self, text: &[u8]) -> Option<NaiveDate> {
        if text != self.written.as_slice() {
            self.day = day(text)?;
            self.written = text.try_into().ok()?;
        }
        Some(self.day)
    }
}

/// A day that is written YYYY-MM-DD. There is one in each row, so it is not left to a parser of all forms that there are.
fn day(text: &[u8]) -> Option<NaiveDate> {
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = text else { return None };
    let number = |digits: &[&u8]| {
        let mut number = 0;
        for digit in digits {
            number = number * 10 + u32::from(**digit).checked_sub(48).filter(|digit| *digit < 10)?;
        }
        Some(number)
    };
    let year = i32::try_from(number(&[y3, y2, y1, y0])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m0])?, number(&[d1, d0])?)
}

/// A value of a statement, as sea-orm would bind it.
struct Bound(Value);

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match &self.0 {
            Value::Bool(value) => value.map(|is| Sqlite::Integer(is.into())),
            Value::SmallInt(value) => value.map(|number| Sqlite::Integer(number.into())),
            Value::Int(value) => value.map(|number| Sqlite::Integer(number.into())),
            Value::BigInt(value) => value.map(Sqlite::Integer),
            // How many rows.
            Value::BigUnsigned(value) => value.map(|rows| Sqlite::Integer(i64::try_from(rows).unwrap_or(i64::MAX))),
            Value::Double(value) => value.map(Sqlite::Real),
            Value::String(value) => value.clone().map(Sqlite::Text),
            Value::ChronoDate(value) => value.map(|day| Sqlite::Text(day.format("%F").to_string())),
            other => {
                let message = format!("no statement of ours has a value like {other:?}");
                return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
            }
        };
        Ok(ToSqlOutput::Owned(value.unwrap_or(Sqlite::Null)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        let mut days = Days::default();
        for written in ["0000-01-01", "1970-01-01", "2024-02-29", "9999-12-31"] {
            assert_eq!(days.read(written.as_bytes()).unwrap().to_string(), written);
            assert_eq!(days.read(written.as_bytes()).unwrap().to_string(), written);
        }
        for none in ["2023-02-29", "2023-13-01", "20230-1-01", "2023/01/01", "2023-0a-01", "2023-01-1", ""] {
            assert_eq!(days.read(none.as_bytes()), None, "{none}");
        }
    }
}
