//! Rate limits: everyone has a bucket of points that fills up again with time, and each operation takes what it costs from
//! it. Who is signed in has one of their own; who is not shares that of their address. What the two buckets hold is counted
//! together by all instances on one PostgreSQL database.
//!
//! Every answer says what is left in the header fields of the IETF's draft `httpapi-ratelimit-headers`; a refusal (429) says
//! in `Retry-After` when to come again.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use tracing::error;

use super::State;
use super::refusal::Refusal;
use demarche_core::error::Result;
use demarche_core::op::{Actor, Op};
use demarche_core::store::{Bucket, Taken};

/// The buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// That of an account; none: it may ask as much as it likes.
    pub actor: Option<Bucket>,
    /// That of an address from which somebody asks who is not signed in; none: as above.
    pub address: Option<Bucket>,
}

impl Limits {
    /// Everybody may ask as much as they like.
    pub const NONE: Self = Self { actor: None, address: None };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            actor: Some(Bucket { size: 2_000_000, per_second: 40_000 }),
            address: Some(Bucket { size: 10_000, per_second: 200 }),
        }
    }
}

/// After how many charges the buckets are swept that are full again.
const SWEEP: u32 = 50_000;
/// What a request costs at least.
const POINTS_MIN: usize = 1;
/// What an import or an export costs, beside what it makes the database do.
const FILE_POINTS: usize = 10_000;
/// What a token costs that is not good: guessing is to be slow.
const BAD_TOKEN_POINTS: usize = 20;

/// What is left, and when it is whole again.
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// How large a bucket is, and how long it takes to fill.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is left in a bucket.
#[derive(Clone, Copy, Debug)]
pub struct Purse {
    name: &'static str,
    bucket: Bucket,
    taken: Taken,
}

impl Purse {
    /// How many points are left.
    pub const fn left(&self) -> u32 {
        self.taken.left
    }

    /// Whether the points could be taken.
    pub const fn granted(&self) -> bool {
        self.taken.granted
    }

    /// In how many seconds they could be.
    pub fn retry_s(&self) -> i64 {
        seconds(self.taken.retry_in)
    }

    /// Says so in an answer.
    pub fn tell(&self, answer: &mut HttpResponse) {
        let Self { name, bucket, taken } = self;
        let window = bucket.size.div_ceil(bucket.per_second.max(1));
        let fields = [
            (POLICY, format!("\"{name}\";q={};w={window}", bucket.size)),
            (LIMIT, format!("\"{name}\";r={};t={}", taken.left, seconds(taken.full_in))),
        ];
        for (field, text) in fields {
            if let Ok(value) = HeaderValue::from_str(&text) {
                answer.headers_mut().insert(field, value);
            }
        }
    }

    /// The refusal of what could not be taken.
    pub fn refusal(self) -> Refusal {
        let message = format!("too many requests: try again in {} s", self.retry_s());
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, CODE, message).with_purse(Some(self))
    }
}

/// The code of a refusal.
pub const CODE: &str = "RATE_LIMITED";

const fn seconds(micros: i64) -> i64 {
    (micros + 999_999) / 1_000_000
}

/// Takes points from the bucket of whoever asks; none if it is not limited.
///
/// # Errors
/// If the database is away.
pub(super) async fn charge(state: &State, op: &Op, points: usize) -> Result<Option<Purse>> {
    let (name, bucket, key) = match &op.actor {
        Actor::Account(signed) => ("actor", state.settings.limits.actor, format!("actor:{}", signed.id)),
        Actor::Anonymous => {
            let address = op.origin.address.as_deref().unwrap_or_default();
            ("address", state.settings.limits.address, format!("address:{}", network(address)))
        }
    };
    let Some(bucket) = bucket else { return Ok(None) };
    let points = u32::try_from(points.max(POINTS_MIN)).unwrap_or(u32::MAX);
    let store = &op.base.store;
    let taken = store.take(&key, bucket, points, op.now()).await?;
    sweep(state, op);
    Ok(Some(Purse { name, bucket, taken }))
}

/// Takes points; a refusal if there are not enough.
///
/// # Errors
/// [`CODE`], or if the database is away.
async fn require(state: &State, op: &Op, points: usize) -> Result<Option<Purse>, Refusal> {
    match charge(state, op, points).await? {
        Some(purse) if !purse.granted() => Err(purse.refusal()),
        purse => Ok(purse),
    }
}

/// Finds out who asks. A token that is not good is paid for by the address that it came from: guessing is to be slow.
///
/// # Errors
/// If the token is not good, if too many such came from there, or if the database is away.
pub(super) async fn sign_in(state: &State, op: &mut Op, bearer: Option<&str>) -> Result<(), Refusal> {
    match state.app.auth.actor(op, bearer).await {
        Ok(actor) => op.actor = actor,
        Err(error) => {
            let purse = require(state, op, BAD_TOKEN_POINTS).await?;
            return Err(Refusal::from(error).with_purse(purse));
        }
    }
    Ok(())
}

/// Takes what an import or an export costs. Who is not signed in will be refused: that costs little.
///
/// # Errors
/// As [`require`].
pub(super) async fn require_file(state: &State, op: &Op) -> Result<Option<Purse>, Refusal> {
    let points = if matches!(op.actor, Actor::Anonymous) { POINTS_MIN } else { FILE_POINTS };
    require(state, op, points).await
}

/// Whoever has an address of version 6 has a whole network of them.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

/// Lets buckets go that are full again, every now and then, behind the back of those who ask.
fn sweep(state: &State, op: &Op) {
    static CHARGES: AtomicU32 = AtomicU32::new(0);
    if CHARGES.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
        let (store, now) = (op.base.store.clone(), op.now());
        state.runtime.spawn(async move {
            if let Err(cause) = store.sweep_buckets(now).await {
                error!(?cause, "the buckets of the rate limits could not be swept");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_six_shares_one_bucket() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2:ffff::"), network("2001:db8:1:2:3::4"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("::ffff:192.0.2.7"), "::ffff:192.0.2.7");
    }
}
