//! Writing very many rows: the quickest way of each database, in the transaction that one is in.
//!
//! SQLite takes rows of prepared values; one that all rows have is bound once. PostgreSQL takes one array per column, written as text, which it unpacks itself:
//! a statement has few parameters then, however many rows. There, a table that is still empty loses its indexes and foreign
//! keys while it is filled ([`Bare`]): they are made again in the same transaction, over all rows at once, and whatever
//! breaks them breaks the whole. Checked row by row, the keys alone take four fifths of the time.

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
    let mut columns: Vec<E::Column> = E::Column::iter().collect();
    columns.retain(|column| rows.iter().any(|row| !is_null(&row.get(*column))));
    let insert = |columns: &[E::Column]| {
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        format!(r#"INSERT INTO "{}" ("{}")"#, E::default().table_name(), names.join(r#"", ""#))
    };
    match lane.get_database_backend() {
        DbBackend::Postgres => {
            let insert = insert(&columns);
            for rows in rows.chunks(ROWS_MAX) {
                lane.execute_raw(of_arrays::<E>(&insert, &columns, rows)?).await?;
            }
        }
        _ => {
            let (mut constants, mut same, mut varying) = (Vec::new(), Vec::new(), Vec::new());
            for column in columns {
                match constant::<E>(rows, column) {
                    Some(value) => {
                        constants.push(value);
                        same.push(column);
                    }
                    None => varying.push(column),
                }
            }
            let insert = insert(&[same, varying.clone()].concat());
            for rows in rows.chunks((VALUES_MAX / varying.len().max(1)).max(1)) {
                lane.execute_raw(of_values::<E>(&insert, &constants, &varying, rows)).await?;
            }
        }
    }
    Ok(())
}

/// The statement for rows of values that vary, each with the same constant ones.
fn of_values<E: EntityTrait>(insert: &str, constants: &[Value], columns: &[E::Column], rows: &[E::Model]) -> Statement {
    let select = (0..constants.len()).map(|_| "?".to_owned());
    let select: Vec<String> = select.chain((1..=columns.len()).map(|n| format!("column{n}"))).collect();
    let row = format!("({})", vec!["?"; columns.len()].join(","));
    let sql =
        format!("{insert} SELECT {} FROM (VALUES {})", select.join(","), vec![row.as_str(); rows.len()].join(","));
    let varying = rows.iter().flat_map(|row| columns.iter().map(|column| row.get(*column)));
    let values = constants.iter().cloned().chain(varying);
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// The value of a column, if all of several rows have the same.
fn constant<E: EntityTrait>(rows: &[E::Model], column: E::Column) -> Option<Value> {
    let (first, others) = rows.split_first()?;
    let value = first.get(column);
    // The last one first: where rows are in an order, it differs most.
    (!others.is_empty() && others.iter().rev().all(|row| row.get(column) == value)).then_some(value)
}

/// The statement for rows as one array per column.
fn of_arrays<E: EntityTrait>(insert: &str, columns: &[E::Column], rows: &[E::Model]) -> Result<Statement, DbErr> {
    let mut unpacked = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (n, column) in columns.iter().enumerate() {
        let mut array = String::with_capacity(rows.len() * 12);
        let mut of = "text";
        for row in rows {
            array.push(if array.is_empty() { '{' } else { ',' });
            of = element(&mut array, &row.get(*column))?;
        }
        array.push('}');
        unpacked.push(format!("${}::text::{of}[]", n + 1));
        arrays.push(Value::from(array));
    }
    let sql = format!("{insert} SELECT * FROM unnest({})", unpacked.join(", "));
    Ok(Statement::from_sql_and_values(DbBackend::Postgres, sql, arrays))
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
