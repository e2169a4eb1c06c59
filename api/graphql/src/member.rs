//! Members of a dossier in GraphQL.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::kind::Kind;
use entity::member::Model;

use crate::error::{ReadIds, Result, UserError, Written};
use crate::many::Many;
use crate::mutation::{begin, end};
use crate::node::Account;
use crate::scalar::DateTime;
use crate::word::MemberRole;
use demarche_core::domain::member;
use demarche_core::domain::{Action, readable};
use demarche_core::error::Problems;

/// Somebody who may see a dossier, as far as their clearance reaches.
pub struct Member(Model);

impl From<Model> for Member {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

/// Somebody who may see a dossier, as far as their clearance reaches.
#[Object]
impl Member {
    /// Who.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        Account::load(ctx, self.0.account_id).await
    }

    /// What they may do in it.
    async fn role(&self) -> MemberRole {
        self.0.role.into()
    }

    /// Since when they have this role.
    async fn added_at(&self) -> DateTime {
        self.0.added_at.into()
    }

    /// Who gave it to them.
    async fn added_by(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        Account::load(ctx, self.0.added_by).await
    }
}

/// To make somebody a member of a dossier, or to give a member another role.
#[derive(Clone, Debug, InputObject)]
pub struct SetMemberInput {
    /// The dossier.
    dossier: ID,
    /// The email address of the account.
    email: String,
    /// What they may do in it. A dossier always has an `OWNER`.
    role: MemberRole,
}

/// What came of it.
#[derive(SimpleObject)]
pub struct SetMemberPayload {
    /// The membership as it is now.
    member: Option<Member>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// To end a membership.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveMemberInput {
    /// The dossier.
    dossier: ID,
    /// The account.
    account: ID,
}

/// What came of it.
#[derive(SimpleObject)]
pub struct RemoveMemberPayload {
    /// Whose membership has ended.
    account: Option<ID>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// Mutations on memberships.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberMutation;

/// Mutations on memberships.
#[Object]
impl MemberMutation {
    /// Makes an account a member of a dossier, or gives a member another role. For those who own the dossier.
    async fn set_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, where, and as what.")] input: SetMemberInput,
    ) -> Result<SetMemberPayload> {
        let SetMemberInput { dossier, email, role } = input;
        let mut problems = Problems::default();
        let dossier = problems.key("dossier", Kind::Dossier, &dossier);
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::ManageMembers, problems) {
            Ok(()) => member::set(&op, dossier, &email, role.into()).await,
            Err(error) => Err(error),
        };
        let Written { record, errors } = end(op, result).await?;
        Ok(SetMemberPayload { member: record.map(Member), errors })
    }

    /// Ends a membership: the dossier does not exist for the account any more. For those who own the dossier.
    async fn remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and where.")] input: RemoveMemberInput,
    ) -> Result<RemoveMemberPayload> {
        let RemoveMemberInput { dossier, account } = input;
        let mut problems = Problems::default();
        let dossier = problems.key("dossier", Kind::Dossier, &dossier);
        let key = problems.key("account", Kind::Account, &account);
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::ManageMembers, problems) {
            Ok(()) => member::remove(&op, dossier, key).await,
            Err(error) => Err(error),
        };
        let Written { record, errors } = end(op, result).await?;
        Ok(RemoveMemberPayload { account: record.map(|()| account), errors })
    }
}
