//! What came of trying to sign in: the one place that hears of it.

use tracing::{info, warn};

use crate::error::Result;
use crate::op::Op;

/// What came of trying to sign in. Accounts and sessions are named by their keys; of what was typed, nothing is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// A session has begun.
    SignedIn {
        /// Whose.
        account: i64,
        /// Which.
        session: i64,
    },
    /// The password was wrong, or the account is suspended; without an account, there is none with the address.
    Refused {
        /// Whose.
        account: Option<i64>,
    },
    /// A session was prolonged.
    Refreshed {
        /// Whose.
        account: i64,
        /// Which.
        session: i64,
    },
    /// A refresh token was shown a second time, and its session has ended.
    Replayed {
        /// Whose.
        account: i64,
        /// Which.
        session: i64,
    },
}

/// Notes what came of it. `op` is the request in which it was tried, outside of any transaction: what came of it has been
/// kept already.
///
/// # Errors
/// If it cannot be noted; then nobody is signed in.
pub async fn note(_op: &Op, attempt: Attempt) -> Result<()> {
    match attempt {
        Attempt::SignedIn { .. } | Attempt::Refreshed { .. } => info!(?attempt, "signed in"),
        Attempt::Refused { .. } => warn!(?attempt, "a sign-in was refused"),
        Attempt::Replayed { .. } => warn!(?attempt, "a refresh token was shown again: its session has ended"),
    }
    Ok(())
}
