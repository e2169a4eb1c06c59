//! Signing in: passwords in exchange for sessions, and tokens for actors.
//!
//! Three kinds of token prove who asks: that of a *session* (`token`), which begins with a password and is prolonged by
//! refresh tokens; an *access token* for scripts (`opaque`); and that of an *outside provider* (`provider`). A token only
//! says which account it stands for. What that account may do is looked up each time, together with whether the token still
//! holds, in one statement: a changed role, an ended session, a revoked token and a suspended account count at once.

mod attempt;
mod password;
pub mod provider;
mod sealed;
mod session;
mod signing;
mod token;
mod uses;

use std::time::Duration;

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Header, decode_header};
use serde::Deserialize;

pub use self::password::{Passwords, QUEUE_MAX};
use self::provider::Provider;
pub use self::session::Issued;
pub use self::signing::{Jwk, Keys};
use self::token::foreign;
pub use self::token::{LEEWAY_S, NAME};
use self::uses::Uses;
use crate::digest;
use crate::domain::principal;
use crate::error::{Error, Result};
use crate::op::{Actor, Base, Op, Signed};
use crate::secret::{Secret, opaque};

/// How people sign in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The secret that signing keys are sealed under, of at least [`SECRET_MIN_BYTES`](crate::secret::SECRET_MIN_BYTES) bytes.
    pub secret: Secret,
    /// How long the access token of a session holds.
    pub token_ttl: Duration,
    /// How long a session goes on without being refreshed.
    pub refresh_ttl: Duration,
    /// How long a session goes on at all.
    pub session_ttl: Duration,
    /// How many sign-ins may wait for their turn.
    pub queue_max: usize,
    /// Outside identity providers.
    pub providers: Vec<provider::Settings>,
}

impl Settings {
    /// With this secret; else as the configuration is by default.
    pub const fn new(secret: Secret) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            secret,
            token_ttl: Duration::from_secs(15 * 60),
            refresh_ttl: Duration::from_secs(14 * DAY),
            session_ttl: Duration::from_secs(90 * DAY),
            queue_max: QUEUE_MAX,
            providers: Vec::new(),
        }
    }
}

/// Signs people in.
#[derive(Debug)]
pub struct Auth {
    keys: Keys,
    passwords: Passwords,
    providers: Vec<Provider>,
    token_ttl: Duration,
    refresh_ttl: Duration,
    session_ttl: Duration,
    uses: Uses,
}

/// What a token says of who signed it, before anything of it is verified.
#[derive(Deserialize)]
struct Issuer {
    iss: String,
}

impl Auth {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        let Settings { secret, token_ttl, refresh_ttl, session_ttl, queue_max, providers } = settings;
        Self {
            keys: Keys::new(secret),
            passwords: Passwords::new(queue_max),
            providers: providers.into_iter().map(Provider::new).collect(),
            token_ttl,
            refresh_ttl,
            session_ttl,
            uses: Uses::default(),
        }
    }

    /// What hashes passwords for new accounts, in the same queue as sign-ins.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Makes sure that there is a key to sign with, so that the first to sign in need not find out that there is none.
    ///
    /// # Errors
    /// [`Error::BadInput`] if it was sealed under another secret.
    pub async fn prepare(&self, base: &Base) -> Result<()> {
        let op = base.op(Actor::Anonymous).begin().await?;
        self.keys.signing(&op).await?;
        op.commit().await
    }

    /// The public keys that verify the tokens of sessions, for others.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn public_keys(&self, base: &Base) -> Result<Vec<Jwk>> {
        Keys::public(&base.op(Actor::Anonymous)).await
    }

    /// Who asks, by the token that they sent; without one, the anonymous actor. Takes one statement, counted with those of
    /// `op`, and one more when a signing key or a provider's subject is seen for the first time.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the token is malformed, expired, not yet valid, revoked, or of an account that is no
    /// more or suspended.
    pub async fn actor(&self, op: &Op, bearer: Option<&str>) -> Result<Actor> {
        let Some(token) = bearer else { return Ok(Actor::Anonymous) };
        if token.starts_with(opaque::ACCESS) {
            return self.by_access_token(op, token).await.map(Actor::from);
        }
        let header = decode_header(token).map_err(|_| foreign())?;
        let issuer = insecure_decode_claims::<Issuer>(token).map_err(|_| foreign())?.iss;
        if issuer == NAME {
            return self.by_session(op, &header, token).await.map(Actor::from);
        }
        let provider = self.providers.iter().find(|provider| provider.issuer() == issuer);
        provider.ok_or_else(foreign)?.actor(op, &header, token).await.map(Actor::from)
    }

    async fn by_access_token(&self, op: &Op, token: &str) -> Result<Signed> {
        const GONE: Error =
            Error::Unauthenticated("the access token is unknown, expired or revoked, or its account is suspended");
        if !opaque::is_well_formed(opaque::ACCESS, token) {
            return Err(GONE);
        }
        let (signed, used_at) = principal::by_token(op, &opaque::hash(token)).await?.ok_or(GONE)?;
        self.uses.note(op, &signed.credential, used_at).await;
        Ok(signed)
    }

    async fn by_session(&self, op: &Op, header: &Header, token: &str) -> Result<Signed> {
        let kid = token::kid(header)?;
        let key = self.keys.verifying(op, kid).await?.ok_or_else(foreign)?;
        let token::Subject { account, session } = token::verify(token, &key, op.now())?;
        principal::by_session(op, account, session, kid).await?.ok_or(Error::Unauthenticated(
            "the session has ended, or its account is unknown or suspended: sign in again",
        ))
    }

    /// Waits for what is done behind the back of those who ask: noting the last use of an access token, and fetching the keys
    /// of a provider.
    pub async fn settled(&self) {
        self.uses.settled().await;
        for provider in &self.providers {
            provider.settled().await;
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
    Ok(digest::hex(&bytes))
}
