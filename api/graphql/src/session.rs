//! Signing in and out, and who one is.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::account::Model;
use entity::kind::Kind;
use entity::session;

use super::access_token::AccessToken;
use crate::error::{ReadIds, Result, UserError, Written, fault};
use crate::loader;
use crate::many::Many;
use crate::mutation::{begin, end};
use crate::scalar::DateTime;
use crate::word::{Marking, Role};
use demarche_core::auth::{Auth, Issued};
use demarche_core::domain::{self, account};
use demarche_core::domain::{Action, readable};
use demarche_core::error::{Error, Problems};
use demarche_core::id;

/// Who is signed in.
pub struct Viewer(pub(super) Model);

/// Who is signed in.
#[Object]
impl Viewer {
    /// The id of the account.
    async fn id(&self) -> ID {
        ID(id::encode(Kind::Account, self.0.id))
    }

    /// The email address to sign in with.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The name under which what you record is known.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What you may do in the whole instance.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The highest marking that you may see.
    async fn clearance(&self) -> Marking {
        self.0.clearance.into()
    }

    /// The sessions in which you are signed in, the newest first.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Many<Session>> {
        sessions(ctx, self.0.id).await
    }

    /// Your access tokens that are neither revoked nor expired, the newest first.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Many<AccessToken>> {
        super::access_token::tokens(ctx, self.0.id).await
    }
}

/// What begins with signing in, and goes on as long as it is refreshed.
pub struct Session {
    model: session::Model,
    is_current: bool,
}

/// What begins with signing in, and goes on as long as it is refreshed.
#[Object]
impl Session {
    /// The id, to end it.
    async fn id(&self) -> ID {
        ID(id::encode(Kind::Session, self.model.id))
    }

    /// When one signed in.
    async fn started_at(&self) -> DateTime {
        self.model.started_at.into()
    }

    /// When it was last refreshed; at first, when one signed in.
    async fn refreshed_at(&self) -> DateTime {
        self.model.refreshed_at.into()
    }

    /// When it ends if it is not refreshed.
    async fn expires_at(&self) -> DateTime {
        self.model.expires_at.into()
    }

    /// Whether it is the one in which this is asked.
    async fn is_current(&self) -> bool {
        self.is_current
    }
}

/// The sessions of an account.
pub(super) async fn sessions(ctx: &Context<'_>, account: i64) -> Result<Many<Session>> {
    let op = loader::op(ctx)?;
    let found = domain::session::list(op, account).await.map_err(fault)?;
    let session = |model: session::Model| Session { is_current: domain::session::is_current(op, &model), model };
    Ok(found.into_iter().map(session).collect())
}

/// To sign in.
#[derive(InputObject)]
pub struct SignInInput {
    /// The email address of the account, in any case.
    email: String,
    /// The password.
    password: String,
}

/// To go on with a session.
#[derive(InputObject)]
pub struct RefreshSessionInput {
    /// The refresh token that the session gave last.
    refresh_token: String,
}

/// What came of signing in, or of refreshing the session.
#[derive(Default, SimpleObject)]
pub struct SignInPayload {
    /// Send it as `Authorization: Bearer …`; null if it was refused.
    access_token: Option<String>,
    /// When the access token stops to hold: some minutes from now.
    expires_at: Option<DateTime>,
    /// Give it to `refreshSession` before it expires, once: the answer holds the next one. If it is ever shown a second time,
    /// somebody has a copy, and the session ends with all its tokens.
    refresh_token: Option<String>,
    /// When the refresh token stops to hold.
    refresh_expires_at: Option<DateTime>,
    /// Who is signed in.
    viewer: Option<Viewer>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

impl SignInPayload {
    fn new(issued: std::result::Result<Issued, Error>) -> Result<Self> {
        let Written { record, errors } = Written::new(issued)?;
        let Some(Issued { token, expires_at, refresh_token, refresh_expires_at, account }) = record else {
            return Ok(Self { errors, ..Self::default() });
        };
        Ok(Self {
            access_token: Some(token.expose().to_owned()),
            expires_at: Some(expires_at.into()),
            refresh_token: Some(refresh_token.expose().to_owned()),
            refresh_expires_at: Some(refresh_expires_at.into()),
            viewer: Some(Viewer(account)),
            errors,
        })
    }
}

/// What came of signing out.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// The session that has ended.
    session: Option<ID>,
    /// What is wrong; empty if it was done.
    errors: Many<UserError>,
}

/// To end a session.
#[derive(InputObject)]
pub struct EndSessionInput {
    /// The session: one of your own or, for administrators, anybody's.
    id: ID,
}

/// What came of it.
#[derive(SimpleObject)]
pub struct EndSessionPayload {
    /// The session that has ended.
    session: Option<ID>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// To change one's own password.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The present one.
    current_password: String,
    /// The new one: 12 to 1000 characters.
    new_password: String,
}

/// What came of it.
#[derive(SimpleObject)]
pub struct ChangePasswordPayload {
    /// Who you are; null if it was refused.
    viewer: Option<Viewer>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// Mutations on one's session.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionMutation;

/// Mutations on one's session.
#[Object]
impl SessionMutation {
    /// Begins a session: exchanges an email address and a password for a short-lived access token and a refresh token. Of all
    /// fields, only this one and `refreshSession` ask for no token.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who you are.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let auth = ctx.data::<Arc<Auth>>()?;
        let issued = auth.sign_in(loader::op(ctx)?, &input.email, &input.password).await;
        SignInPayload::new(issued)
    }

    /// Goes on with a session: exchanges its refresh token for the next access token and the next refresh token. Do it once at
    /// a time: of two who show the same refresh token, the second ends the session.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshSessionInput,
    ) -> Result<SignInPayload> {
        let auth = ctx.data::<Arc<Auth>>()?;
        let issued = auth.refresh_session(loader::op(ctx)?, &input.refresh_token).await;
        SignInPayload::new(issued)
    }

    /// Ends the session in which this is asked: its tokens hold no more, from now on.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let op = begin(ctx).await?;
        let result = domain::session::sign_out(&op).await;
        let Written { record, errors } = end(op, result).await?;
        Ok(SignOutPayload { session: record.map(public), errors })
    }

    /// Ends another session: its tokens hold no more, from now on.
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: EndSessionInput,
    ) -> Result<EndSessionPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Session, &input.id);
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::ManageTokens, problems) {
            Ok(()) => domain::session::end(&op, id).await,
            Err(error) => Err(error),
        };
        let Written { record, errors } = end(op, result).await?;
        Ok(EndSessionPayload { session: record.map(public), errors })
    }

    /// Changes your own password, and ends your other sessions. Access tokens stay: revoke those that you do not trust.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The present and the new one.")] input: ChangePasswordInput,
    ) -> Result<ChangePasswordPayload> {
        let (auth, op) = (ctx.data::<Arc<Auth>>()?, loader::op(ctx)?);
        let changed = auth.change_password(op, &input.current_password, &input.new_password).await;
        let Written { record, errors } = Written::new(changed)?;
        let viewer = match record {
            Some(()) => Some(viewer(ctx).await?),
            None => None,
        };
        Ok(ChangePasswordPayload { viewer, errors })
    }
}

fn public(session: i64) -> ID {
    ID(id::encode(Kind::Session, session))
}

/// Who is signed in, with the role and the clearance that count for this request.
pub async fn viewer(ctx: &Context<'_>) -> Result<Viewer> {
    let op = loader::op(ctx)?;
    match account::own(op).await {
        Ok(Some(model)) => Ok(Viewer(model)),
        Ok(None) => Err(fault(Error::Unauthenticated("the account is gone"))),
        Err(error) => Err(fault(error)),
    }
}
