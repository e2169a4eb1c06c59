//! Beginning, prolonging and ending sessions.

use std::time::Duration;

use entity::account;
use entity::moment::Moment;
use futures_util::future::BoxFuture;

use super::Auth;
use super::attempt::{Attempt, note};
use super::token::{self, Subject};
use crate::domain::account::{change_password, check_new_password, find, own_credentials};
use crate::domain::session::{self, Refreshed};
use crate::error::{Code, Error, Problems, Result};
use crate::op::Op;
use crate::secret::{Secret, opaque};

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub struct Issued {
    /// To be sent as `Authorization: Bearer`.
    pub token: Secret,
    /// When it stops to hold.
    pub expires_at: Moment,
    /// To be exchanged, once, for the next two tokens.
    pub refresh_token: Secret,
    /// When it stops to hold.
    pub refresh_expires_at: Moment,
    /// Whom they stand for.
    pub account: account::Model,
}

/// A moment some time after another, to the second: tokens count whole ones, and what is said of them is to be true.
fn after(at: Moment, time: Duration) -> Moment {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let at = at.0.saturating_add(micros);
    Moment(at - at.rem_euclid(1_000_000))
}

fn wrong_password() -> Error {
    Error::refused(Code::InvalidCredentials, "", "the email or the password is wrong")
}

fn wrong_token() -> Error {
    let text = "is unknown, expired or used before, or its session has ended: sign in again";
    Error::refused(Code::InvalidCredentials, "refreshToken", text)
}

impl Auth {
    /// Exchanges an email and a password for a session. An email without an account, or with one that is suspended or has no
    /// password, takes as long as a wrong password, and is answered alike.
    ///
    /// # Errors
    /// [`Code::InvalidCredentials`] if they do not belong together, [`Error::Busy`] if too many try at once.
    pub fn sign_in<'a>(&'a self, op: &'a Op, email: &'a str, password: &'a str) -> BoxFuture<'a, Result<Issued>> {
        Box::pin(async move {
            let found = find(op, email).await?;
            let hash = found.as_ref().and_then(|account| account.password_hash.clone()).map(|hash| hash.0);
            let right = self.passwords.verify(password.to_owned(), hash).await?;
            match found {
                Some(account) if right && account.suspended_at.is_none() => self.begin_session(op, account).await,
                other => {
                    note(op, Attempt::Refused { account: other.map(|account| account.id) }).await?;
                    Err(wrong_password())
                }
            }
        })
    }

    /// A new session of an account. The caller has made sure who asks for it.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn begin_session(&self, op: &Op, account: account::Model) -> Result<Issued> {
        let inside = op.begin().await?;
        let refresh = opaque::mint(opaque::REFRESH)?;
        let expires_at = self.session_expires(op.now(), op.now());
        let begun = session::begin(&inside, account.id, expires_at, &opaque::hash(refresh.expose())).await?;
        let issued = self.issue(&inside, &begun, refresh, account).await?;
        inside.commit().await?;
        note(op, Attempt::SignedIn { account: begun.account_id, session: begun.id }).await?;
        Ok(issued)
    }

    /// Exchanges a refresh token for the next tokens of its session. One that was used before ends the session.
    ///
    /// # Errors
    /// [`Code::InvalidCredentials`] if it does not hold.
    pub fn refresh_session<'a>(&'a self, op: &'a Op, token: &'a str) -> BoxFuture<'a, Result<Issued>> {
        Box::pin(async move {
            if !opaque::is_well_formed(opaque::REFRESH, token) {
                return Err(wrong_token());
            }
            let next = opaque::mint(opaque::REFRESH)?;
            let (hash, next_hash) = (opaque::hash(token), opaque::hash(next.expose()));
            let inside = op.begin().await?;
            let expires = |started| self.session_expires(op.now(), started);
            let (result, attempt) = match session::refresh(&inside, &hash, &next_hash, expires).await? {
                Refreshed::On(session, account) => {
                    let attempt = Attempt::Refreshed { account: account.id, session: session.id };
                    (Ok(self.issue(&inside, &session, next, account).await?), attempt)
                }
                Refreshed::Replayed(session) => {
                    (Err(wrong_token()), Attempt::Replayed { account: session.account_id, session: session.id })
                }
                Refreshed::Unknown => (Err(wrong_token()), Attempt::Refused { account: None }),
            };
            // Also where it is refused: that the session has ended must be kept.
            inside.commit().await?;
            note(op, attempt).await?;
            result
        })
    }

    async fn issue(
        &self,
        op: &Op,
        session: &entity::session::Model,
        refresh_token: Secret,
        account: account::Model,
    ) -> Result<Issued> {
        let expires_at = after(op.now(), self.token_ttl).min(session.expires_at);
        let (kid, key) = self.keys.signing(op).await?;
        let subject = Subject { account: account.id, session: session.id };
        let token = token::issue((kid, &key), subject, op.now(), expires_at)?;
        Ok(Issued { token, expires_at, refresh_token, refresh_expires_at: session.expires_at, account })
    }

    /// When a session ends that is refreshed now.
    fn session_expires(&self, now: Moment, started: Moment) -> Moment {
        after(now, self.refresh_ttl).min(after(started, self.session_ttl))
    }

    /// Gives the actor another password, and ends their other sessions.
    ///
    /// # Errors
    /// [`Code::InvalidCredentials`] if `current` is not the present one, [`Error::Refused`] if `new` is not fit.
    pub fn change_password<'a>(&'a self, op: &'a Op, current: &'a str, new: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let account = own_credentials(op).await?;
            let mut problems = Problems::default();
            check_new_password("newPassword", new, &mut problems);
            problems.finish()?;
            let hash = account.password_hash.clone().map(|hash| hash.0);
            if !self.passwords.verify(current.to_owned(), hash).await? {
                note(op, Attempt::Refused { account: Some(account.id) }).await?;
                return Err(Error::refused(Code::InvalidCredentials, "currentPassword", "is wrong"));
            }
            let hash = self.passwords.hash(new.to_owned()).await?;
            change_password(op, &account, hash).await
        })
    }
}
