//! Access tokens for scripts in GraphQL.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::access_token::Model;
use entity::dossier;
use entity::kind::Kind;

use crate::dossier::Dossier;
use crate::error::{ReadIds, Result, UserError, Written, fault};
use crate::loader;
use crate::many::Many;
use crate::mutation::{begin, end};
use crate::scalar::DateTime;
use crate::word::TokenScope;
use demarche_core::domain::access_token::{self, Draft};
use demarche_core::domain::{Action, readable};
use demarche_core::error::Problems;
use demarche_core::id;

/// A key for scripts. It stands for its account, within its scopes.
pub struct AccessToken(Model);

/// A key for scripts. It stands for its account, within its scopes.
#[Object]
impl AccessToken {
    /// The id, to revoke it. It is not the token.
    async fn id(&self) -> ID {
        ID(id::encode(Kind::AccessToken, self.0.id))
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it lets its bearer do.
    async fn scopes(&self) -> Many<TokenScope> {
        self.0.scopes.list().into_iter().map(TokenScope::from).collect()
    }

    /// Whether it is bound to one dossier: of all others, and of the whole instance, it reaches nothing.
    async fn is_bound(&self) -> bool {
        self.0.dossier_id.is_some()
    }

    /// The dossier that it is bound to; null if it is bound to none, or if you do not see that dossier any more.
    async fn dossier(&self, ctx: &Context<'_>) -> Result<Option<Dossier>> {
        match self.0.dossier_id {
            Some(id) => Ok(loader::load::<dossier::Entity>(ctx, id, None).await?.map(Dossier::from)),
            None => Ok(None),
        }
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it stops to hold; null if never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime::from)
    }

    /// When it was last used, to the minute; null if never.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.used_at.map(DateTime::from)
    }

    /// When it was revoked; null if it holds.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime::from)
    }
}

/// The access tokens of an account.
pub(super) async fn tokens(ctx: &Context<'_>, account: i64) -> Result<Many<AccessToken>> {
    let found = access_token::list(loader::op(ctx)?, account).await.map_err(fault)?;
    Ok(found.into_iter().map(AccessToken).collect())
}

/// To make an access token of one's own.
#[derive(Clone, Debug, InputObject)]
pub struct CreateAccessTokenInput {
    /// What it is for: the name under which it is listed.
    name: String,
    /// What it is to let its bearer do. Not more than the credential with which this is asked.
    scopes: Vec<TokenScope>,
    /// The only dossier that it is to reach.
    dossier: Option<ID>,
    /// When it is to stop to hold; never, if this is left out.
    expires_at: Option<DateTime>,
}

/// What came of it.
#[derive(SimpleObject)]
pub struct CreateAccessTokenPayload {
    /// The token itself, to be sent as `Authorization: Bearer …`. It is shown this once: only its hash is kept.
    token: Option<String>,
    /// What is known of it from now on.
    access_token: Option<AccessToken>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// To revoke an access token.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeAccessTokenInput {
    /// The access token: one of your own or, for administrators, anybody's.
    id: ID,
}

/// What came of it.
#[derive(SimpleObject)]
pub struct RevokeAccessTokenPayload {
    /// The access token, which holds no more.
    access_token: Option<AccessToken>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// Mutations on access tokens.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessTokenMutation;

/// Mutations on access tokens.
#[Object]
impl AccessTokenMutation {
    /// Makes an access token of your own, for a script.
    async fn create_access_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What for, how far, and for how long.")] input: CreateAccessTokenInput,
    ) -> Result<CreateAccessTokenPayload> {
        let CreateAccessTokenInput { name, scopes, dossier, expires_at } = input;
        let mut problems = Problems::default();
        let dossier = dossier.map(|dossier| problems.key("dossier", Kind::Dossier, &dossier));
        let scopes = scopes.into_iter().map(Into::into).collect();
        let draft = Draft { name, scopes, dossier, expires_at: expires_at.map(Into::into) };
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::ManageTokens, problems) {
            Ok(()) => access_token::create(&op, draft).await,
            Err(error) => Err(error),
        };
        let Written { record, errors } = end(op, result).await?;
        let (model, secret) = record.unzip();
        let token = secret.map(|secret| secret.expose().to_owned());
        Ok(CreateAccessTokenPayload { token, access_token: model.map(AccessToken), errors })
    }

    /// Revokes an access token: it holds no more, from now on.
    async fn revoke_access_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeAccessTokenInput,
    ) -> Result<RevokeAccessTokenPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::AccessToken, &input.id);
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::ManageTokens, problems) {
            Ok(()) => access_token::revoke(&op, id).await,
            Err(error) => Err(error),
        };
        let Written { record, errors } = end(op, result).await?;
        Ok(RevokeAccessTokenPayload { access_token: record.map(AccessToken), errors })
    }
}
