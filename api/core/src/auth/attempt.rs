//! What came of trying to sign in: the one place that hears of it.

use tracing::{info, warn};

use crate::domain::audit;
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
pub async fn note(op: &Op, attempt: Attempt) -> Result<()> {
    match attempt {
        Attempt::SignedIn { account, session } => {
            info!(?attempt, "signed in");
            audit::sign_in(op, Some(account), Some(session), None).await
        }
        // It goes on every few minutes: what is done with it is in the audit log.
        Attempt::Refreshed { .. } => {
            info!(?attempt, "signed in");
            Ok(())
        }
        Attempt::Refused { account } => {
            warn!(?attempt, "a sign-in was refused");
            audit::sign_in(op, account, None, Some("INVALID_CREDENTIALS")).await
        }
        Attempt::Replayed { account, session } => {
            warn!(?attempt, "a refresh token was shown again: its session has ended");
            audit::sign_in(op, Some(account), Some(session), Some("REPLAYED")).await
        }
    }
}
