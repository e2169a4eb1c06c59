//! Writing very many rows: the quickest way of each database, in the transaction that one is in.
//!
//! SQLite takes rows of prepared values; one that all rows have is bound once. PostgreSQL takes one array per column, written as
//! text, which it unpacks itself: a statement has few parameters then, however many rows. There, a table that is still empty
//! loses its indexes and foreign keys while it is filled ([`Bare`]): they are made again in the same transaction, over all rows
//! at once, and whatever breaks them breaks the whole. Checked row by row, the keys alone take four fifths of the time.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait, Statement, Value};

use crate::error::{Error, Result};
use crate::store::Lane;

/// How many values one statement of SQLite may have, below its own limit of 32,766.
const VALUES_MAX: usize = 4_000;
/// How many rows one statement of PostgreSQL has.
const ROWS_MAX: usize = 5_000;

/// Inserts rows. Columns in which no row has a value are left out.
///
/// # Errors
/// What the database says.
pub async fn insert<E>(lane: &Lane, rows: &[E::Model]) -> Result<(), DbErr>
where
    E: EntityTrait<Column: Iterable>,
{
    Insert::of::<E>(lane, rows)?.run(lane).await
}

/// Rows that are ready to be inserted: the statements that do it. They can be made while the database is still busy with others.
#[derive(Debug)]
#[must_use = "rows are inserted when it is run"]
pub struct Insert(Vec<Statement>);

impl Insert {
    /// The statements for the database of a lane. Columns in which no row has a value are left out.
    ///
    /// # Errors
    /// For a value of a type that no table of ours has.
    pub fn of<E>(lane: &Lane, rows: &[E::Model]) -> Result<Self, DbErr>
    where
        E: EntityTrait<Column: Iterable>,
    {
        let columns = E::Column::iter()
            .map(|column| Filled { name: column.as_str(), values: rows.iter().map(|row| row.get(column)).collect() });
        let columns: Vec<Filled> = columns.filter(|column| !column.values.iter().all(is_null)).collect();
        let table = E::default();
        let table = table.table_name();
        Ok(Self(match lane.get_database_backend() {
            DbBackend::Postgres => of_arrays(table, &columns, rows.len())?,
            _ => of_values(table, columns, rows.len()),
        }))
    }

    /// Runs them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run(self, lane: &Lane) -> Result<(), DbErr> {
        for statement in self.0 {
            lane.execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// A column of all rows.
struct Filled {
    name: &'static str,
    values: Vec<Value>,
}

impl Filled {
    /// Whether all of several rows have the same value.
    fn is_constant(&self) -> bool {
        let Some((first, others)) = self.values.split_first() else { return false };
        // The last one first: where rows are in an order, it differs most.
        !others.is_empty() && others.iter().rev().all(|value| value == first)
    }
}

fn into<'a>(table: &str, columns: impl Iterator<Item = &'a Filled>) -> String {
    let names: Vec<&str> = columns.map(|column| column.name).collect();
    format!(r#"INSERT INTO "{table}" ("{}")"#, names.join(r#"", ""#))
}

/// Statements for rows of values that vary, each with the same constant ones.
fn of_values(table: &str, columns: Vec<Filled>, rows: usize) -> Vec<Statement> {
    let (constant, varying): (Vec<_>, Vec<_>) = columns.into_iter().partition(Filled::is_constant);
    let insert = into(table, constant.iter().chain(&varying));
    let width = varying.len();
    let select = constant.iter().map(|_| "?".to_owned()).chain((1..=width).map(|n| format!("column{n}")));
    let insert = format!("{insert} SELECT {} FROM (VALUES ", select.collect::<Vec<_>>().join(","));
    let row = format!("({})", vec!["?"; width].join(","));
    let constants: Vec<Value> = constant.into_iter().filter_map(|column| column.values.into_iter().next()).collect();
    let mut varying: Vec<_> = varying.into_iter().map(|column| column.values.into_iter()).collect();
    let most = (VALUES_MAX / width.max(1)).max(1);
    let chunk = |from: usize| {
        let rows = most.min(rows - from);
        let mut values = Vec::with_capacity(constants.len() + rows * width);
        values.extend(constants.iter().cloned());
        for _ in 0..rows {
            values.extend(varying.iter_mut().filter_map(Iterator::next));
        }
        let sql = format!("{insert}{})", vec![row.as_str(); rows].join(","));
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
    };
    (0..rows).step_by(most).map(chunk).collect()
}

/// Statements for rows as one array per column.
fn of_arrays(table: &str, columns: &[Filled], rows: usize) -> Result<Vec<Statement>, DbErr> {
    let insert = into(table, columns.iter());
    let chunk = |from: usize| {
        let mut unpacked = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for (n, column) in columns.iter().enumerate() {
            let mut array = String::with_capacity(ROWS_MAX.min(rows - from) * 12);
            let mut of = "text";
            for value in column.values.iter().skip(from).take(ROWS_MAX) {
                array.push(if array.is_empty() { '{' } else { ',' });
                of = element(&mut array, value)?;
            }
            array.push('}');
            unpacked.push(format!("${}::text::{of}[]", n + 1));
            arrays.push(Value::from(array));
        }
        let sql = format!("{insert} SELECT * FROM unnest({})", unpacked.join(", "));
        Ok(Statement::from_sql_and_values(DbBackend::Postgres, sql, arrays))
    };
    (0..rows).step_by(ROWS_MAX).map(chunk).collect()
}

const fn is_null(value: &Value) -> bool {
    matches!(
        value,
        Value::Bool(None)
            | Value::SmallInt(None)
            | Value::Int(None)
            | Value::BigInt(None)
            | Value::Double(None)
            | Value::String(None)
            | Value::Json(None)
            | Value::ChronoDate(None)
    )
}

/// Writes an element of PostgreSQL's array literal, and gives the type of its column.
fn element(array: &mut String, value: &Value) -> Result<&'static str, DbErr> {
    let plain = |array: &mut String, value: Option<&dyn std::fmt::Display>| match value {
        // A string takes whatever is written to it.
        Some(value) => _ = write!(array, "{value}"),
        None => array.push_str("NULL"),
    };
    macro_rules! display {
        ($value:expr, $type:literal) => {{
            plain(array, $value.as_ref().map(|value| value as &dyn std::fmt::Display));
            $type
        }};
    }
    Ok(match value {
        Value::Bool(value) => display!(value, "boolean"),
        Value::SmallInt(value) => display!(value, "smallint"),
        Value::Int(value) => display!(value, "integer"),
        Value::BigInt(value) => display!(value, "bigint"),
        Value::Double(value) => display!(value, "double precision"),
        Value::ChronoDate(value) => display!(value, "date"),
        Value::String(value) => {
            quoted(array, value.as_deref());
            "text"
        }
        Value::Json(value) => {
            quoted(array, value.as_ref().map(ToString::to_string).as_deref());
            "jsonb"
        }
        other => return Err(DbErr::Type(format!("rows with {other:?} are not written in bulk"))),
    })
}

fn quoted(array: &mut String, text: Option<&str>) {
    let Some(text) = text else { return array.push_str("NULL") };
    array.push('"');
    for part in text.split_inclusive(['"', '\\']) {
        let (plain, last) = part.split_at(part.len() - usize::from(part.ends_with(['"', '\\'])));
        array.push_str(plain);
        if !last.is_empty() {
            array.push('\\');
            array.push_str(last);
        }
    }
    array.push('"');
}

/// An empty table without its indexes and foreign keys, and how to make them again.
#[derive(Debug)]
#[must_use = "what was taken off must be made again"]
pub struct Bare {
    restore: Vec<String>,
}

impl Bare {
    /// Takes the indexes and foreign keys off a table of PostgreSQL, if it is empty and nobody else is using it. To be
    /// called within a transaction: nobody else sees the table without them, and nobody else reads it until the end.
    ///
    /// SQLite's tables keep them: making them afterwards takes as long there, and memory that grows with the table.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn strip<E: EntityTrait>(lane: &Lane) -> Result<Option<Self>> {
        if lane.get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let entity = E::default();
        let table = entity.table_name();
        if !texts(lane, &format!(r#"SELECT 'full' AS "text" FROM "{table}" LIMIT 1"#)).await?.is_empty() {
            return Ok(None);
        }
        if !lock(lane, table).await? {
            return Ok(None);
        }
        let (drop, restore) =
            (texts(lane, &drop_statements(table)).await?, texts(lane, &make_statements(table)).await?);
        for statement in drop {
            lane.execute_unprepared(&statement).await?;
        }
        Ok(Some(Self { restore }))
    }

    /// Makes them again.
    ///
    /// # Errors
    /// What the database says, of a row that breaks one of them too.
    pub async fn restore(self, lane: &Lane) -> Result<(), DbErr> {
        for statement in self.restore {
            lane.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// Takes a table and those that it refers to for ourselves, or leaves all as it was if that would mean to wait.
async fn lock(lane: &Lane, table: &str) -> Result<bool> {
    let referred = format!(
        r#"SELECT DISTINCT confrelid::regclass::text AS "text" FROM pg_constraint
           WHERE contype = 'f' AND conrelid = '"{table}"'::regclass"#
    );
    let mut tables = texts(lane, &referred).await?;
    tables.push(format!(r#""{table}""#));
    lane.execute_unprepared("SAVEPOINT stripping").await?;
    let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT", tables.join(", "));
    let locked = lane.execute_unprepared(&lock).await.is_ok();
    if !locked {
        lane.execute_unprepared("ROLLBACK TO SAVEPOINT stripping").await?;
    }
    lane.execute_unprepared("RELEASE SAVEPOINT stripping").await?;
    Ok(locked)
}

fn drop_statements(table: &str) -> String {
    format!(
        r#"SELECT format('ALTER TABLE "{table}" DROP CONSTRAINT %I', conname) AS "text" FROM pg_constraint
           WHERE contype = 'f' AND conrelid = '"{table}"'::regclass
           UNION ALL
           SELECT 'DROP INDEX ' || indexrelid::regclass::text FROM pg_index
           WHERE indrelid = '"{table}"'::regclass AND NOT indisprimary"#
    )
}

fn make_statements(table: &str) -> String {
    format!(
        r#"SELECT pg_get_indexdef(indexrelid) AS "text" FROM pg_index
           WHERE indrelid = '"{table}"'::regclass AND NOT indisprimary
           UNION ALL
           SELECT format('ALTER TABLE "{table}" ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
           FROM pg_constraint WHERE contype = 'f' AND conrelid = '"{table}"'::regclass"#
    )
}

async fn texts(lane: &Lane, sql: &str) -> Result<Vec<String>> {
    let rows = lane.query_all_raw(Statement::from_string(lane.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", "text").map_err(Error::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_for_an_array() {
        let mut array = String::new();
        quoted(&mut array, Some(r#"a "b" c\d, {e}"#));
        quoted(&mut array, Some(""));
        quoted(&mut array, None);
        assert_eq!(array, r#""a \"b\" c\\d, {e}"""NULL"#);
    }
}
