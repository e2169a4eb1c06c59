//! Recorded time.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A moment of recorded time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize)]
pub struct Moment(pub i64);

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_micros())
    }
}

impl From<Moment> for DateTime<Utc> {
    /// A number outside chrono's 262,000 years either way, which no clock gives, becomes the first or last moment of it.
    fn from(at: Moment) -> Self {
        let bound = if at.0 < 0 { Self::MIN_UTC } else { Self::MAX_UTC };
        Self::from_timestamp_micros(at.0).unwrap_or(bound)
    }
}
