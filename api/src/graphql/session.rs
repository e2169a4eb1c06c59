//! Signing in, and who one is.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::account::Model;
use entity::kind::Kind;

use crate::auth::Auth;
use crate::domain::{account, audit};
use crate::error::Error;
use crate::graphql::error::{Result, UserError, Written, fault};
use crate::graphql::loader;
use crate::graphql::scalar::DateTime;
use crate::graphql::word::Role;
use crate::id;

/// Who is signed in.
pub struct Viewer(Model);

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

    /// What you may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
}

/// To sign in.
#[derive(InputObject)]
pub struct SignInInput {
    /// The email address of the account, in any case.
    email: String,
    /// The password.
    password: String,
}

/// What came of signing in.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// Send it as `Authorization: Bearer …`; null if the sign-in was refused.
    access_token: Option<String>,
    /// When the token stops to hold.
    expires_at: Option<DateTime>,
    /// Who is signed in.
    viewer: Option<Viewer>,
    /// What is wrong with the input; empty if it was done.
    errors: Vec<UserError>,
}

/// Mutations on one's session.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionMutation;

/// Mutations on one's session.
#[Object]
impl SessionMutation {
    /// Exchanges an email address and a password for a short-lived token. The only field that asks for no token itself.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who you are.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let auth = ctx.data::<Arc<Auth>>()?;
        let issued = auth.sign_in(&loader::op(ctx)?.base, &input.email, &input.password).await;
        audit::signed_in(loader::op(ctx)?, &input.email, &issued).await.map_err(fault)?;
        let Written { record, errors } = Written::new(issued)?;
        Ok(match record {
            Some(issued) => SignInPayload {
                access_token: Some(issued.token),
                expires_at: Some(issued.expires_at.into()),
                viewer: Some(Viewer(issued.account)),
                errors,
            },
            None => SignInPayload { access_token: None, expires_at: None, viewer: None, errors },
        })
    }
}

/// Who is signed in.
pub async fn viewer(ctx: &Context<'_>) -> Result<Viewer> {
    let op = loader::op(ctx)?;
    let found = match crate::policy::signed(op) {
        Ok(signed) => account::get(op, signed.id).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(model)) => Ok(Viewer(model)),
        Ok(None) => Err(fault(Error::Unauthenticated("the account is gone"))),
        Err(error) => Err(fault(error)),
    }
}
