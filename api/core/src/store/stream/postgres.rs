//! A snapshot of a PostgreSQL database: a transaction at REPEATABLE READ on a connection of its own.
//!
//! Rows come by `COPY … TO STDOUT` in its binary form, which costs the driver a third of what rows of a query cost it. It takes
//! no parameters, so that it is only used where all values of a statement are numbers, days or flags, which can be written
//! into it without a doubt; texts are always bound.

mod copy;

use std::str::FromStr;

use futures_util::TryStreamExt;
use sea_orm::Value;
use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement};
use sea_orm::sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Executor, PgConnection, Postgres, ValueRef};

use super::block::{Block, Enough};
use super::taking::{Feed, Taking};
use super::{Cell, Outlet, Row, Shape, Taker, unexpected};
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
            block.push(&Seen { row: &row, shapes }, shapes)?;
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

struct Seen<'a> {
    row: &'a PgRow,
    shapes: &'a [Shape],
}

impl Row for Seen<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>> {
        let shape = self.shapes.get(column).copied();
        let value = sqlx::Row::try_get_raw(self.row, column).map_err(Error::internal)?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let bytes = value.as_bytes().map_err(Error::internal)?;
        shape.and_then(|shape| read(shape, bytes)).ok_or_else(|| unexpected(column, shape))
    }
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

#[inline]
fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => bytes.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).into()),
        4 => bytes.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).into()),
        8 => bytes.try_into().ok().map(i64::from_be_bytes),
        _ => None,
    }
}

/// A day, counted from the first of 2000, in the proleptic Gregorian calendar; none outside the years 0 to 9999.
fn day(days: i32) -> Option<[u8; 10]> {
    // Counted from the first of March of the year 0, so that the leap day is the last of its year: eras of 400 years.
    let days = i64::from(days) + 730_425;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let digit = |number: i64| u8::try_from(number % 10).map(|digit| b'0' + digit).ok();
    Some([
        digit(year / 1000)?,
        digit(year / 100)?,
        digit(year / 10)?,
        digit(year)?,
        b'-',
        digit(month / 10)?,
        digit(month)?,
        b'-',
        digit(day / 10)?,
        digit(day)?,
    ])
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
    use chrono::{Days, NaiveDate};

    use super::*;

    #[test]
    fn every_day_of_four_centuries_is_written_as_the_calendar_has_it() {
        let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
        for days in (-200_000..200_000).step_by(7).chain([-36_525, 59, 60, 0, 31, 366]) {
            let expected = match days < 0 {
                true => first.checked_sub_days(Days::new(i64::from(days).unsigned_abs())),
                false => first.checked_add_days(Days::new(i64::from(days).unsigned_abs())),
            };
            let written = day(days).unwrap();
            assert_eq!(std::str::from_utf8(&written).unwrap(), expected.unwrap().format("%F").to_string());
        }
    }
}
