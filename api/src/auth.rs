//! Signing in: passwords in exchange for tokens, and tokens for actors.
//!
//! A token only says which account it stands for. What that account may do is looked up each time, so that a changed role
//! counts at once and a deleted account is nobody.

mod password;
mod secret;
mod token;

use std::fmt::Write;
use std::time::Duration;

use entity::account;
use entity::moment::Moment;

pub use self::password::Passwords;
pub use self::secret::{SECRET_MIN_BYTES, Secret};
use self::token::Tokens;
use crate::domain;
use crate::error::{Code, Error, Result};
use crate::op::{Actor, Base, Credential, Op};

/// How tokens are made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key that signs them, of at least [`SECRET_MIN_BYTES`] bytes.
    pub secret: Secret,
    /// How long one from a sign-in holds.
    pub token_ttl: Duration,
}

/// Signs people in.
#[derive(Debug)]
pub struct Auth {
    tokens: Tokens,
    passwords: Passwords,
    token_ttl: Duration,
}

/// What a sign-in gives.
#[derive(Clone)]
pub struct Issued {
    /// To be sent as `Authorization: Bearer`.
    pub token: String,
    /// When it stops to hold.
    pub expires_at: Moment,
    /// Whom it stands for.
    pub account: account::Model,
}

impl std::fmt::Debug for Issued {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token: _, expires_at, account } = self;
        f.debug_struct("Issued").field("expires_at", expires_at).field("account", &account.id).finish_non_exhaustive()
    }
}

impl Auth {
    /// With these settings.
    pub fn new(settings: &Settings) -> Self {
        Self { tokens: Tokens::new(&settings.secret), passwords: Passwords::default(), token_ttl: settings.token_ttl }
    }

    /// What hashes passwords for new accounts, in the same queue as sign-ins.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Exchanges an email and a password for a token. An email without an account takes as long as a wrong password, and is
    /// answered alike.
    ///
    /// # Errors
    /// [`Code::InvalidCredentials`] if they do not belong together.
    pub async fn sign_in(&self, base: &Base, email: &str, password: &str) -> Result<Issued> {
        let op = base.op(Actor::Anonymous);
        let found = domain::account::find(&op, email).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let right = self.passwords.verify(password.to_owned(), hash).await?;
        match found {
            Some(account) if right => self.issue(base, account, self.token_ttl),
            _ => Err(Error::refused(Code::InvalidCredentials, "", "the email or the password is wrong")),
        }
    }

    /// A token for an account from now on. The caller has made sure who asks for it.
    ///
    /// # Errors
    /// [`Error::BadInput`] if `ttl` ends after the year 9999.
    pub fn issue(&self, base: &Base, account: account::Model, ttl: Duration) -> Result<Issued> {
        const YEAR_10000: Moment = Moment(253_402_300_800_000_000);
        let now = base.clock.now();
        let expires_at = i64::try_from(ttl.as_micros())
            .ok()
            .and_then(|micros| now.0.checked_add(micros))
            // Tokens count whole seconds: what is said of them is true to the second as well.
            .map(|at| Moment(at - at.rem_euclid(1_000_000)))
            .filter(|at| *at < YEAR_10000)
            .ok_or_else(|| Error::BadInput("the token would expire after the year 9999".to_owned()))?;
        let token = self.tokens.issue(account.id, now, expires_at)?;
        Ok(Issued { token, expires_at, account })
    }

    /// Who asks, by the token that they sent; without one, the anonymous actor. Takes one statement, counted with those of
    /// `op`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the token is malformed, expired, not yet valid, or of an account that is no more.
    pub async fn actor(&self, op: &Op, bearer: Option<&str>) -> Result<Actor> {
        let Some(token) = bearer else { return Ok(Actor::Anonymous) };
        let id = self.tokens.verify(token, op.now())?;
        match domain::account::principal(op, id, Credential::Session(id)).await? {
            Some(signed) => Ok(Actor::Account(signed)),
            None => Err(Error::Unauthenticated("the token's account is unknown or suspended")),
        }
    }
}

/// `N` random bytes as twice as many hexadecimal digits.
///
/// # Errors
/// If the machine has no randomness.
pub fn random_hex<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    // Its error type implements std's trait only with a feature that nothing else needs.
    getrandom::fill(&mut bytes).map_err(|cause| Error::internal(cause.to_string()))?;
    let mut text = String::with_capacity(2 * N);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
