//! Buckets of points that fill up again with time, by which requests are limited: one for each actor or address, the same
//! for all instances that share a database.
//!
//! A bucket is one moment: when it will be full again (the virtual scheduling form of the generic cell rate algorithm,
//! ITU-T I.371). Taking points moves the moment on; what would move it further than the whole bucket ahead of now is
//! refused. So a bucket needs no sweep: one that nobody uses is full.
//!
//! PostgreSQL keeps the buckets in a table that is not logged, so that instances share them and none waits for the disk.
//! SQLite has one instance and one writer, whom an import may keep busy for long: there they are kept in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use entity::moment::Moment;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Store;
use crate::error::Result;

/// How many buckets are kept in memory before those that are full again are let go.
const KEPT_MAX: usize = 100_000;

/// How large a bucket is and how fast it fills, in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// How many points it holds.
    pub size: u32,
    /// How many points flow in each second.
    pub per_second: u32,
}

/// What taking points from a bucket came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether they could be taken. If not, none was.
    pub granted: bool,
    /// How many points are left.
    pub left: u32,
    /// In how many microseconds the bucket will be full again.
    pub full_in: i64,
    /// In how many microseconds the points could be taken; 0 if they were.
    pub retry_in: i64,
}

/// The buckets that are kept in memory.
#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<String, i64>>);

impl Bucket {
    /// How long so many points take to flow in, in microseconds.
    fn time(self, points: u32) -> i64 {
        i64::from(points) * 1_000_000 / i64::from(self.per_second.max(1))
    }

    /// What it came to, by the moment at which the bucket is full.
    fn taken(self, granted: bool, full_at: i64, points: u32, now: Moment) -> Taken {
        let (whole, full_in) = (self.time(self.size), (full_at - now.0).max(0));
        let left = (whole - full_in).max(0) * i64::from(self.per_second) / 1_000_000;
        let retry_in = if granted { 0 } else { (full_in + self.time(points) - whole).max(1) };
        Taken { granted, left: u32::try_from(left).unwrap_or(u32::MAX).min(self.size), full_in, retry_in }
    }
}

impl Store {
    /// Takes points from the bucket of `key`, if it holds so many. More than a bucket ever holds empties a full one.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn take(&self, key: &str, bucket: Bucket, points: u32, now: Moment) -> Result<Taken> {
        let points = points.min(bucket.size);
        let (cost, whole) = (bucket.time(points), bucket.time(bucket.size));
        let full_at = match self.0.writer.get_database_backend() {
            DbBackend::Postgres => self.take_shared(key, cost, whole, now).await?,
            _ => self.0.kept.take(key, cost, whole, now),
        };
        Ok(match full_at {
            Ok(full_at) => bucket.taken(true, full_at, points, now),
            Err(full_at) => bucket.taken(false, full_at, points, now),
        })
    }

    /// The moment at which the bucket is full again; as an error, if nothing could be taken.
    async fn take_shared(&self, key: &str, cost: i64, whole: i64, now: Moment) -> Result<Result<i64, i64>> {
        const TAKE: &str = "INSERT INTO rate_bucket AS bucket (key, full_at) VALUES ($1, $2 + $3) \
                            ON CONFLICT (key) DO UPDATE SET full_at = GREATEST(bucket.full_at, $2) + $3 \
                            WHERE GREATEST(bucket.full_at, $2) + $3 <= $2 + $4 RETURNING full_at";
        const LOOK: &str = "SELECT full_at FROM rate_bucket WHERE key = $1";
        let statement =
            |sql, values: Vec<sea_orm::Value>| Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let values = vec![key.into(), now.0.into(), cost.into(), whole.into()];
        if let Some(row) = self.0.writer.query_one_raw(statement(TAKE, values)).await? {
            return Ok(Ok(row.try_get("", "full_at")?));
        }
        let found = self.0.writer.query_one_raw(statement(LOOK, vec![key.into()])).await?;
        // Between the two statements nobody removes a bucket; if somebody did, the next request finds a full one.
        Ok(Err(found.map(|row| row.try_get("", "full_at")).transpose()?.unwrap_or(now.0)))
    }

    /// Lets the buckets go that are full again.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn sweep_buckets(&self, now: Moment) -> Result<()> {
        match self.0.writer.get_database_backend() {
            DbBackend::Postgres => {
                let sql = "DELETE FROM rate_bucket WHERE full_at <= $1";
                let sweep = Statement::from_sql_and_values(DbBackend::Postgres, sql, [now.0.into()]);
                self.0.writer.execute_raw(sweep).await?;
            }
            _ => self.0.kept.sweep(now),
        }
        Ok(())
    }
}

impl Kept {
    fn take(&self, key: &str, cost: i64, whole: i64, now: Moment) -> Result<i64, i64> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT_MAX {
            buckets.retain(|_, full_at| *full_at > now.0);
        }
        let before = buckets.get(key).copied().unwrap_or(now.0).max(now.0);
        if before + cost > now.0 + whole {
            return Err(before);
        }
        buckets.insert(key.to_owned(), before + cost);
        Ok(before + cost)
    }

    fn sweep(&self, now: Moment) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, full_at| *full_at > now.0);
    }
}
