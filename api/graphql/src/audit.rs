//! The audit log in GraphQL.

use async_graphql::{Context, ID, InputObject, Object};
use entity::audit::{Column, Entity, Model};
use entity::kind::Kind;
use entity::page::{Order, Sort};

use crate::connection::{Connection, Slice, cursors};
use crate::dossier::Dossier;
use crate::error::{Result, bad_input, fault, key};
use crate::loader;
use crate::many::Many;
use crate::node::Account;
use crate::scalar::DateTime;
use crate::seen::Seen;
use crate::word::{AuditAction, AuditCredential, AuditOutcome, Marking};
use demarche_core::domain::audit::{self, Asked};
use demarche_core::domain::list::{Listing, Query};
use demarche_core::id;

/// An entry of the audit log: who did what, when, from where, to which records, and how it ended. Entries are appended and never
/// changed or removed; each has the hash of the one before it, so that a gap shows.
pub struct AuditEntry(Model);

/// An entry of the audit log: who did what, when, from where, to which records, and how it ended. Entries are appended and never
/// changed or removed; each has the hash of the one before it, so that a gap shows.
#[Object]
impl AuditEntry {
    /// The number of the entry, counted from 1 without a gap over the whole instance.
    async fn seq(&self) -> i64 {
        self.0.seq
    }

    /// When it was done.
    async fn at(&self) -> DateTime {
        self.0.recorded_at.into()
    }

    /// Who did it, or for whom it was tried; null if nobody is known.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let Some(actor) = self.0.actor_id else { return Ok(None) };
        Account::load(ctx, actor).await
    }

    /// What was shown to prove who acts.
    async fn credential(&self) -> AuditCredential {
        self.0.credential.into()
    }

    /// Which session or access token it was, or the issuer of the outside token.
    async fn credential_key(&self) -> Option<&str> {
        self.0.credential_key.as_deref()
    }

    /// The network address that the request came from.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// The id of the request, by which the server's log can be searched.
    async fn request_id(&self) -> Option<&str> {
        self.0.request.as_deref()
    }

    /// The name of the GraphQL operation, or, if it had none, of the mutation; or the command.
    async fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// What was done.
    async fn action(&self) -> AuditAction {
        self.0.action.into()
    }

    /// The dossier that it was done in; null if in none, or if it is gone.
    async fn dossier(&self, ctx: &Context<'_>) -> Result<Option<Dossier>> {
        let Some(dossier) = self.0.dossier_id else { return Ok(None) };
        Ok(loader::load::<entity::dossier::Entity>(ctx, dossier, None).await?.map(Dossier::from))
    }

    /// The ids of the records that it was done to, at most 500. Some of the records may be gone.
    async fn records(&self) -> Many<ID> {
        self.0.records.split_whitespace().map(ID::from).collect()
    }

    /// How many records it was done to.
    async fn record_count(&self) -> i64 {
        self.0.record_count
    }

    /// How it ended.
    async fn outcome(&self) -> AuditOutcome {
        self.0.outcome.into()
    }

    /// Why it was not done: the code that the actor was given.
    async fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// How far this entry may travel: as far as the records that it names (TLP 2.0).
    async fn marking(&self) -> Marking {
        self.0.marking.into()
    }

    /// The hash of the entry before it.
    async fn previous(&self) -> &str {
        &self.0.previous
    }

    /// The SHA-256 of all that it says, and of the hash before it.
    async fn hash(&self) -> &str {
        &self.0.hash
    }
}

/// Which entries: all that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AuditFilter {
    /// What this account did.
    actor: Option<ID>,
    /// What was one of these.
    action: Option<Vec<AuditAction>>,
    /// What ended like this.
    outcome: Option<AuditOutcome>,
    /// What was done at this moment or later.
    since: Option<DateTime>,
    /// What was done before this moment.
    until: Option<DateTime>,
    /// What was done to this record. An entry that names no more than its first 500 records is found by those.
    record: Option<ID>,
}

impl AuditFilter {
    fn read(self) -> Result<Asked> {
        let Self { actor, action, outcome, since, until, record } = self;
        Ok(Asked {
            actor: actor.map(|id| key(Kind::Account, &id)).transpose()?,
            actions: action.map(|actions| actions.into_iter().map(Into::into).collect()),
            outcome: outcome.map(Into::into),
            since: since.map(Into::into),
            until: until.map(Into::into),
            record: record.map(|id| id::decode(&id).map_err(bad_input)).transpose()?.map(|(_, key)| key),
        })
    }
}

/// The entries that are asked for, the newest first.
fn query(ctx: &Context<'_>, slice: &Slice, filter: Option<AuditFilter>) -> Result<Query<Entity>> {
    let sort = sort();
    Ok(Query {
        filter: filter.unwrap_or_default().read()?.filter(),
        page: slice.page(&sort)?,
        sort,
        as_of: loader::op(ctx)?.present(),
        count: ctx.look_ahead().field("totalCount").exists(),
    })
}

fn sort() -> Sort<Entity> {
    Sort::new(vec![Order { column: Column::Seq, descending: true }])
}

fn page(listing: Listing<Model>, slice: &Slice) -> Connection<AuditEntry> {
    let cursors = cursors(&sort(), &listing.rows, true);
    let entries = listing.rows.into_iter().map(AuditEntry);
    Connection::new(cursors.into_iter().zip(entries).collect(), slice, listing.more, listing.total)
}

/// The query field `audit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditQuery;

/// The query field `audit`.
#[Object]
impl AuditQuery {
    /// The audit log of the whole instance, the newest entry first: who did what. For those who run the instance; null and an
    /// error for everybody else. Entries about records that you are not cleared for are left out.
    async fn audit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many entries, 0 to 200; 20 if neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only the entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the entries that all of this holds for.")] filter: Option<AuditFilter>,
    ) -> Result<Option<Connection<AuditEntry>>> {
        let slice = Slice { first, after, last, before };
        let query = query(ctx, &slice, filter)?;
        let listing = audit::everywhere(loader::op(ctx)?, &query).await.map_err(fault)?;
        Ok(Some(page(listing, &slice)))
    }
}

/// The audit log of a dossier, which its object merges into its own.
pub struct AuditOf(pub Seen<entity::dossier::Model>);

/// The audit log of a dossier.
#[Object]
impl AuditOf {
    /// The audit log of this dossier, the newest entry first: who did what. For those who own it; null and an error for
    /// everybody else. Entries about records that you are not cleared for are left out.
    async fn audit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many entries, 0 to 200; 20 if neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only the entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many entries, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the entries that all of this holds for.")] filter: Option<AuditFilter>,
    ) -> Result<Option<Connection<AuditEntry>>> {
        let slice = Slice { first, after, last, before };
        let query = query(ctx, &slice, filter)?;
        let listing = audit::of_dossier(loader::op(ctx)?, self.0.id, query).await.map_err(fault)?;
        Ok(Some(page(listing, &slice)))
    }
}
