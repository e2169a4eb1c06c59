//! Databases of other programs.

use std::path::Path;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, SqlxSqliteConnector, Statement, Value};

use super::Lane;
use super::shared::Shared;
use crate::error::{Error, Result};

/// Opens an SQLite file that another program made, to look at it and leave it as it is.
///
/// # Errors
/// [`Error::BadInput`] if it cannot be opened.
pub async fn foreign(path: &Path) -> Result<Lane> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true).create_if_missing(false);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(|cause| Error::BadInput(format!("cannot open {}: {cause}", path.display())))?;
    Ok(Lane::new(Shared::new(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))))
}

/// Reads from such a file.
///
/// # Errors
/// If it is damaged, or has not what is asked for.
pub async fn read_foreign(lane: &Lane, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
    lane.query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await
}
