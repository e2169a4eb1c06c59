//! A snapshot of a PostgreSQL database: a transaction at REPEATABLE READ on a connection of its own.
//!
//! Rows come by `COPY … TO STDOUT` in its binary form, which costs the driver a third of what rows of a query cost it. It takes
//! no parameters, so that it is only used where all values of a statement are numbers, days or flags, which can be written
//! into it without a doubt; texts are always bound.

mod copy;

use std::str::FromStr;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sea_orm::Value;
use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement};
use sea_orm::sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Executor, PgConnection, Postgres, ValueRef};

use super::block::{Block, Enough};
use super::taking::{Feed, Taking};
use super::{Cell, Outlet, Shape, Taker, unexpected};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Snapshot(PgConnection);

impl Snapshot {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(Error::internal)?.disable_statement_logging();
        let mut connection = options.connect().await.map_err(Error::internal)?;
        // Its own compiler would think for longer than the first row may take.
        let begin =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off; SET LOCAL statement_timeout = 0";
        connection.execute(begin).await.map_err(Error::internal)?;
        // The snapshot is that of the first statement.
        connection.execute("SELECT 1").await.map_err(Error::internal)?;
        Ok(Self(connection))
    }

    pub(super) async fn read(
        &mut self,
        statement: &SelectStatement,
        shapes: Vec<Shape>,
        taker: Box<dyn Taker>,
        outlet: Option<&Outlet>,
    ) -> Result<Box<dyn Taker>> {
        let (sql, values) = statement.build(PostgresQueryBuilder);
        if values.0.iter().all(is_plain) {
            let sql = statement.to_string(PostgresQueryBuilder);
            let Taking { feed, taken } = Taking::start(taker, outlet, copy::rows(shapes));
            let read = until_closed(outlet, copy::read(&mut self.0, &sql, feed)).await;
            return Ok(taken.after(read).await?.1);
        }
        let width = shapes.len();
        let Taking { feed, taken } =
            Taking::start(taker, outlet, move |block: &mut Block, look| block.show(width, look));
        let read = until_closed(outlet, self.query(sql, values.0, &shapes, feed)).await;
        Ok(taken.after(read).await?.1)
    }

    /// Reads the rows of a query whose values are bound.
    async fn query(&mut self, sql: String, values: Vec<Value>, shapes: &[Shape], mut feed: Feed<Block>) -> Result<()> {
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for value in values {
            query = bind(query, value)?;
        }
        let mut rows = query.fetch(&mut self.0);
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
}

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
