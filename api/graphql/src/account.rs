//! Accounts in GraphQL, as their administrators see them.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::account::Model;
use entity::kind::Kind;
use sea_orm::Value;

use super::access_token::{AccessToken, tokens};
use super::session::{Session, sessions};
use crate::connection::{Connection, Slice, read_cursor, write_cursor};
use crate::error::{ReadIds, Result, UserError, Written, fault};
use crate::loader;
use crate::many::Many;
use crate::mutation::{begin, end};
use crate::scalar::DateTime;
use crate::word::{Marking, Role};
use demarche_core::auth::Auth;
use demarche_core::domain::account::{self, Authority, Draft, Edit, Window};
use demarche_core::domain::{Action, readable};
use demarche_core::error::Problems;
use demarche_core::id;

/// What cursors of the list of accounts begin with.
const LIST: &str = "acc:email";

/// An account, as administrators see it.
pub struct ManagedAccount(Model);

/// An account, as administrators see it.
#[Object]
impl ManagedAccount {
    /// The id of the account.
    async fn id(&self) -> ID {
        ID(id::encode(Kind::Account, self.0.id))
    }

    /// The email address to sign in with.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The name under which it is known to others.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may do in the whole instance.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The highest marking that it may see.
    async fn clearance(&self) -> Marking {
        self.0.clearance.into()
    }

    /// Whether it has a password. Without one, it signs in at an outside identity provider.
    async fn has_password(&self) -> bool {
        self.0.password_hash.is_some()
    }

    /// Since when it is suspended; null if it is not.
    async fn suspended_at(&self) -> Option<DateTime> {
        self.0.suspended_at.map(DateTime::from)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The sessions in which it is signed in, the newest first.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Many<Session>> {
        sessions(ctx, self.0.id).await
    }

    /// Its access tokens that are neither revoked nor expired, the newest first.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Many<AccessToken>> {
        tokens(ctx, self.0.id).await
    }
}

/// Questions about accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountQuery;

/// Questions about accounts.
#[Object]
impl AccountQuery {
    /// The accounts of the instance, in the order of their addresses. For administrators.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ManagedAccount>> {
        let slice = Slice { first, after, last, before };
        let (size, backward) = slice.size()?;
        let place = |name: &str, cursor: &Option<String>| -> Result<Option<String>> {
            let Some(cursor) = cursor else { return Ok(None) };
            match read_cursor(name, cursor, LIST, |place| matches!(place, [Value::String(Some(_))]))?.into_iter().next()
            {
                Some(Value::String(email)) => Ok(email),
                _ => Ok(None),
            }
        };
        let window =
            Window { size, backward, after: place("after", &slice.after)?, before: place("before", &slice.before)? };
        let found = account::list(loader::op(ctx)?, Authority::Actor, &window).await;
        let (accounts, more, total) = found.map_err(fault)?;
        let cursor = |account: &Model| write_cursor(LIST, vec![Value::from(account.email.clone())]);
        let edges = accounts.into_iter().map(|account| (cursor(&account), ManagedAccount(account))).collect();
        Ok(Connection::new(edges, &slice, more, Some(total)))
    }
}

/// To make an account.
#[derive(InputObject)]
pub struct CreateAccountInput {
    /// The email address to sign in with.
    email: String,
    /// The name under which it is known to others.
    name: String,
    /// 12 to 1000 characters; left out for an account that signs in at an outside identity provider only.
    password: Option<String>,
    /// What it may do in the whole instance.
    role: Role,
    /// The highest marking that it may see. Not above your own.
    #[graphql(default_with = "Marking::Amber")]
    clearance: Marking,
}

/// To edit an account. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateAccountInput {
    /// The account.
    id: ID,
    /// The name under which it is known to others.
    name: Option<String>,
    /// What it may do in the whole instance. Not your own.
    role: Option<Role>,
    /// The highest marking that it may see. Not above your own.
    clearance: Option<Marking>,
    /// Whether it is barred. That ends its sessions and revokes its access tokens for good. Not your own.
    suspended: Option<bool>,
}

/// To give an account another password.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// The account. It must not be cleared for more than you are.
    id: ID,
    /// The new password: 12 to 1000 characters.
    password: String,
}

macro_rules! account_payload {
    ($name:ident) => {
        /// What came of it.
        #[derive(SimpleObject)]
        pub struct $name {
            /// The account as it is now.
            account: Option<ManagedAccount>,
            /// What is wrong with the input; empty if it was done.
            errors: Many<UserError>,
        }

        impl From<Written<Model>> for $name {
            fn from(written: Written<Model>) -> Self {
                Self { account: written.record.map(ManagedAccount), errors: written.errors }
            }
        }
    };
}

account_payload!(CreateAccountPayload);
account_payload!(UpdateAccountPayload);
account_payload!(ResetPasswordPayload);

/// Mutations on accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountMutation;

/// Mutations on accounts.
#[Object]
impl AccountMutation {
    /// Makes an account. For administrators.
    async fn create_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and as what.")] input: CreateAccountInput,
    ) -> Result<CreateAccountPayload> {
        let CreateAccountInput { email, name, password, role, clearance } = input;
        let draft = Draft { email, name, password, role: role.into(), clearance: clearance.into() };
        let (auth, op) = (ctx.data::<Arc<Auth>>()?, loader::op(ctx)?);
        let created = account::create(op, Authority::Actor, draft, |password| auth.passwords().hash(password)).await;
        Ok(Written::new(created)?.into())
    }

    /// Edits, suspends or restores an account. For administrators.
    async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what of it.")] input: UpdateAccountInput,
    ) -> Result<UpdateAccountPayload> {
        let UpdateAccountInput { id, name, role, clearance, suspended } = input;
        let edit = Edit { name, role: role.map(Into::into), clearance: clearance.map(Into::into), suspended };
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Account, &id);
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::ManageAccounts, problems) {
            Ok(()) => account::update(&op, Authority::Actor, id, edit).await,
            Err(error) => Err(error),
        };
        Ok(end(op, result).await?.into())
    }

    /// Gives an account another password, and ends its sessions. For administrators; your own is changed by
    /// `changePassword`.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and which.")] input: ResetPasswordInput,
    ) -> Result<ResetPasswordPayload> {
        let ResetPasswordInput { id, password } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Account, &id);
        let (auth, op) = (ctx.data::<Arc<Auth>>()?, loader::op(ctx)?);
        let result = match readable(op, Action::ManageAccounts, problems) {
            Ok(()) => {
                let hash = |password| auth.passwords().hash(password);
                account::reset_password(op, Authority::Actor, id, password, hash).await
            }
            Err(error) => Err(error),
        };
        Ok(Written::new(result)?.into())
    }
}
