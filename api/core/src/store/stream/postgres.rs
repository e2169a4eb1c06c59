//! A snapshot of a PostgreSQL database: a transaction at REPEATABLE READ on a connection of its own.
//!
//! Rows come by `COPY … TO STDOUT` in its binary form, which costs the driver a third of what rows of a query cost it. It takes
//! no parameters, so that it is only used where all values of a statement are numbers, days or flags, which can be written
//! into it without a doubt; texts are always bound.

mod copy;
mod line;

use std::str::FromStr;
use std::sync::Arc;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sea_orm::Value;
use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement};
use sea_orm::sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, PgConnection, Postgres, ValueRef};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use self::line::Line;
pub(in crate::store) use self::line::Spare;

use super::block::{Block, Enough};
use super::taking::{Feed, Taking};
use super::{Cell, Outlet, Shape, Taker, unexpected};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Snapshot {
    /// None while it is read, and after a read that did not come to its end: what the server still sends would be taken for the
    /// answer to the next.
    line: Option<Line>,
    spare: Spare,
    seat: Arc<OwnedSemaphorePermit>,
}

impl Snapshot {
    pub(super) async fn open(url: &str, spare: &Spare, seat: Arc<OwnedSemaphorePermit>) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(Error::internal)?.disable_statement_logging();
        // The server may have ended it since: then a new one is as good.
        let line = match spare.take() {
            Some(line) => line.execute(BEGIN).await.ok(),
            None => None,
        };
        let line = match line {
            Some(line) => line,
            None => Line::connect(options).await?.execute(BEGIN).await?,
        };
        Ok(Self { line: Some(line), spare: spare.clone(), seat })
    }

    pub(super) async fn read(
        &mut self,
        statement: &SelectStatement,
        shapes: Vec<Shape>,
        taker: Box<dyn Taker>,
        outlet: Option<&Outlet>,
    ) -> Result<Box<dyn Taker>> {
        let line = self.line.take().ok_or_else(|| Error::internal("a snapshot was read after it had failed"))?;
        let (sql, values) = statement.build(PostgresQueryBuilder);
        let closed = outlet.cloned();
        let (line, taken) = if values.0.iter().all(is_plain) {
            let sql = statement.to_string(PostgresQueryBuilder);
            let Taking { feed, taken } = Taking::start(taker, outlet, copy::rows(shapes));
            let read = async move |connection: &mut PgConnection| {
                until_closed(closed.as_ref(), copy::read(connection, &sql, feed)).await
            };
            (line.run(read).await, taken)
        } else {
            let width = shapes.len();
            let Taking { feed, taken } =
                Taking::start(taker, outlet, move |block: &mut Block, look| block.show(width, look));
            let read = async move |connection: &mut PgConnection| {
                until_closed(closed.as_ref(), query(connection, sql, values.0, &shapes, feed)).await
            };
            (line.run(read).await, taken)
        };
        let (line, taker) = taken.after(line).await?;
        self.line = Some(line);
        Ok(taker)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let (Some(line), Ok(runtime)) = (self.line.take(), Handle::try_current()) else { return };
        let (spare, seat) = (self.spare.clone(), Arc::clone(&self.seat));
        runtime.spawn(async move {
            if let Ok(line) = line.execute("ROLLBACK").await {
                spare.keep(line);
            }
            drop(seat);
        });
    }
}

/// Reads the rows of a query whose values are bound.
async fn query(
    connection: &mut PgConnection,
    sql: String,
    values: Vec<Value>,
    shapes: &[Shape],
    mut feed: Feed<Block>,
) -> Result<()> {
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for value in values {
        query = bind(query, value)?;
    }
    let mut rows = query.fetch(connection);
    let (mut block, mut enough) = (Block::default(), Enough::new(shapes.len()));
    while let Some(row) = rows.try_next().await.map_err(Error::internal)? {
        block.push(shapes.iter().enumerate().map(|(column, shape)| cell(&row, column, *shape)))?;
        if enough.is(&block) {
            feed.hand_over(&mut block).await?;
        }
    }
    if !block.is_empty() {
        feed.hand_over(&mut block).await?;
    }
    Ok(())
}

/// Its own compiler would think for longer than the first row may take. The snapshot is that of the first statement.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off; SET LOCAL statement_timeout = 0; \
                     SELECT 1";

/// Reads until the end, or until nobody takes what comes of it.
async fn until_closed(outlet: Option<&Outlet>, reading: impl Future<Output = Result<()>>) -> Result<()> {
    let Some(outlet) = outlet else { return reading.await };
    tokio::select! {
        biased;
        read = reading => read,
        () = outlet.closed() => Err(super::gone()),
    }
}

/// Whether a value is written in SQL without quotes, or between quotes with digits and hyphens only.
const fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Bool(_)
            | Value::SmallInt(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::BigUnsigned(_)
            | Value::ChronoDate(_)
    )
}

/// Reads one value of a row of a query.
fn cell(row: &PgRow, column: usize, shape: Shape) -> Result<Cell<'_>> {
    let value = sqlx::Row::try_get_raw(row, column).map_err(Error::internal)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    read(shape, value.as_bytes().map_err(Error::internal)?).ok_or_else(|| unexpected(column, shape))
}

/// Reads a value in PostgreSQL's binary form: numbers big end first, a date as days since 2000, jsonb after its version.
///
/// Inlined: handed back by a call, the value of each cell waits to be copied for longer than it takes to read it.
#[inline]
fn read(shape: Shape, bytes: &[u8]) -> Option<Cell<'_>> {
    let text = |bytes| std::str::from_utf8(bytes).ok().map(Cell::Text);
    match shape {
        Shape::Integer => integer(bytes).map(Cell::Integer),
        Shape::Real => bytes.try_into().ok().map(|bytes| Cell::Real(f64::from_be_bytes(bytes))),
        Shape::Flag => bytes.first().map(|is| Cell::Flag(*is != 0)),
        Shape::Date => bytes.try_into().ok().map(i32::from_be_bytes).and_then(day).map(Cell::Date),
        Shape::Text => text(bytes),
        Shape::Json => bytes.strip_prefix(&[1]).and_then(text),
    }
}

/// A day, counted from the first of 2000.
#[inline]
fn day(days: i32) -> Option<NaiveDate> {
    const FIRST: i32 = 10_957;
    NaiveDate::from_epoch_days(days.checked_add(FIRST)?)
}

#[inline]
fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => bytes.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).into()),
        4 => bytes.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).into()),
        8 => bytes.try_into().ok().map(i64::from_be_bytes),
        _ => None,
    }
}

fn bind(query: Query<'_, Postgres, PgArguments>, value: Value) -> Result<Query<'_, Postgres, PgArguments>> {
    Ok(match value {
        Value::Bool(value) => query.bind(value),
        Value::SmallInt(value) => query.bind(value),
        Value::Int(value) => query.bind(value),
        Value::BigInt(value) => query.bind(value),
        // How many rows.
        Value::BigUnsigned(value) => query.bind(value.map(i64::try_from).transpose().map_err(Error::internal)?),
        Value::Double(value) => query.bind(value),
        Value::String(value) => query.bind(value),
        Value::ChronoDate(value) => query.bind(value),
        other => return Err(Error::internal(format!("no statement of ours has a value like {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_2000() {
        for (days, expected) in [(0, "2000-01-01"), (-1, "1999-12-31"), (60, "2000-03-01"), (-730_119, "0001-01-01")] {
            assert_eq!(day(days).unwrap().to_string(), expected);
        }
        // What PostgreSQL sends for "infinity" and "-infinity".
        assert_eq!([day(i32::MAX), day(i32::MIN)], [None, None]);
    }
}
