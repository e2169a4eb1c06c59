//! The operation: who asks, when, with which ids, and through which connection. The first parameter of every function of
//! the domain, so that nothing in it depends on the outside world unseen.

mod change;
mod clock;
mod ids;
pub mod ledger;
mod trail;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};
use entity::kind::Kind;
use entity::moment::Moment;
use entity::record::AsOf;
use entity::words::{AuditAction, Marking, MemberRole, Role, TokenScope};
use futures_util::future::BoxFuture;

pub use self::change::{Changed, Changes};
pub use self::clock::{Clock, SystemClock};
pub use self::ids::Ids;
pub use self::trail::{NAMED_MAX, Step, Touched, Trail};
use crate::error::{Error, Result};
use crate::store::{Lane, Store};

/// Who asks.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Nobody who is known.
    Anonymous,
    /// Somebody who is signed in. Operations are cloned often, and each would be as large.
    Account(Arc<Signed>),
}

impl From<Signed> for Actor {
    fn from(signed: Signed) -> Self {
        Self::Account(Arc::new(signed))
    }
}

/// Somebody who is signed in, with what their account and their credential let them do.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The key of the account.
    pub id: i64,
    /// What it may do in the whole instance.
    pub role: Role,
    /// The highest marking that it may see.
    pub clearance: Marking,
    /// What it may do in which dossier.
    pub memberships: Memberships,
    /// What was shown to prove who it is.
    pub credential: Credential,
}

/// The dossiers that an account is a member of. Clones share them: who opens a dossier owns it at once, also within the
/// operation that opened it.
#[derive(Clone, Debug, Default)]
pub struct Memberships(Arc<RwLock<BTreeMap<i64, MemberRole>>>);

impl Memberships {
    /// These dossiers, each with the role in it.
    pub fn new(roles: impl IntoIterator<Item = (i64, MemberRole)>) -> Self {
        Self(Arc::new(RwLock::new(roles.into_iter().collect())))
    }

    /// The role in a dossier; none for who is no member.
    pub fn role(&self, dossier: i64) -> Option<MemberRole> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&dossier).copied()
    }

    /// The keys of the dossiers, in order.
    pub fn dossiers(&self) -> Vec<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// From now on no member of this dossier.
    pub(crate) fn remove(&self, dossier: i64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&dossier);
    }

    /// From now on a member of this dossier as well. Only the domain adds one, once it is stored.
    pub(crate) fn add(&self, dossier: i64, role: MemberRole) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(dossier, role);
    }
}

/// What was shown to prove who asks: it may narrow what the account could do, and never widens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The run of the program itself: the command line, on the machine that holds the database.
    Machine,
    /// A session that began with signing in; all but exporting what is marked `AMBER_STRICT` or above.
    Session(i64),
    /// An access token for scripts.
    Token {
        /// Its key.
        id: i64,
        /// What it lets its bearer do.
        scopes: Vec<TokenScope>,
        /// The only dossier that it reaches, if it is bound to one.
        dossier: Option<i64>,
    },
    /// A token of an outside identity provider, named by its issuer; as a session.
    Provider(String),
}

impl Credential {
    /// Whether it lets its bearer do this.
    pub fn allows(&self, scope: TokenScope) -> bool {
        match self {
            Self::Machine => true,
            Self::Session(_) | Self::Provider(_) => scope != TokenScope::ExportAmberStrict,
            Self::Token { scopes, .. } => scopes.contains(&scope),
        }
    }

    /// The only dossier that it reaches, if it is bound to one.
    pub const fn dossier(&self) -> Option<i64> {
        match self {
            Self::Token { dossier, .. } => *dossier,
            Self::Machine | Self::Session(_) | Self::Provider(_) => None,
        }
    }
}

/// Where an operation comes from: what the audit log says of it beside who asks. Nothing of it is content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The id of the request; none where the program itself was run, on the machine that holds the database.
    pub request: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
    /// The name of the GraphQL operation, or the command.
    pub operation: Option<String>,
}

impl Origin {
    /// A command of the command line.
    pub fn command(name: &str) -> Self {
        Self { operation: Some(name.to_owned()), ..Self::default() }
    }
}

/// What all operations of a process share.
#[derive(Clone, Debug)]
pub struct Base {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// The keys.
    pub ids: Arc<Ids>,
}

impl Base {
    /// Begins an operation.
    pub fn op(&self, actor: Actor) -> Op {
        let lane = self.store.reading();
        let (reads, writes, changes) = (Trail::default(), Trail::default(), Changes::default());
        Op { actor, base: self.clone(), lane, origin: Origin::default(), reads, writes, changes }
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Op {
    /// Who asks.
    pub actor: Actor,
    /// What it shares with others.
    pub base: Base,
    /// The connection, or the transaction that it is in.
    pub lane: Lane,
    /// Where it comes from.
    pub origin: Origin,
    /// What it has read that is marked `AMBER` or above, in its transactions as well.
    pub reads: Trail,
    /// What its transaction has written.
    writes: Trail,
    /// The same for those who keep a copy.
    changes: Changes,
}

impl Op {
    /// Now.
    pub fn now(&self) -> Moment {
        self.base.clock.now()
    }

    /// Today, in UTC.
    pub fn today(&self) -> NaiveDate {
        DateTime::<Utc>::from(self.now()).date_naive()
    }

    /// A new key.
    pub fn id(&self) -> i64 {
        self.base.ids.next(self.now())
    }

    /// Both clocks at now.
    pub fn present(&self) -> AsOf {
        AsOf { valid: self.today(), recorded: None }
    }

    /// The same operation inside a transaction: all of it is done by [`Op::commit`] or, if it is dropped, none of it.
    ///
    /// # Errors
    /// If the database is away or busy for too long.
    pub fn begin(&self) -> BoxFuture<'_, Result<Self>> {
        Box::pin(async {
            let lane = self.base.store.begin(&self.lane).await?;
            Ok(Self { lane, writes: Trail::default(), changes: Changes::default(), ..self.clone() })
        })
    }

    /// Does something within the transaction: all of it or, if it fails, nothing.
    ///
    /// # Errors
    /// What `work` fails with, or if the database does.
    pub async fn within<T>(&self, work: impl AsyncFnOnce(&Self) -> Result<T>) -> Result<T> {
        use sea_orm::ConnectionTrait;
        let part = Self { writes: Trail::default(), changes: Changes::default(), ..self.clone() };
        self.lane.execute_unprepared("SAVEPOINT part").await?;
        let done = work(&part).await;
        if done.is_ok() {
            self.writes.absorb(&part.writes);
            self.changes.absorb(&part.changes);
        } else {
            // And neither the log nor the changes say anything of it.
            self.lane.execute_unprepared("ROLLBACK TO SAVEPOINT part").await?;
        }
        self.lane.execute_unprepared("RELEASE SAVEPOINT part").await?;
        done
    }

    /// The same operation outside of its transaction.
    pub fn outside(&self) -> Self {
        let lane = self.base.store.beside(&self.lane);
        Self { lane, writes: Trail::default(), changes: Changes::default(), ..self.clone() }
    }

    /// Notes for the audit log what the transaction has done to a record. Its entry is written with the transaction.
    pub fn note(&self, step: Step, kind: Kind, id: i64) {
        self.writes.add(step, kind, id);
    }

    /// Notes for those who keep a copy what the transaction has changed. It must be noted for the audit log as well.
    pub fn changed(&self, changed: Changed) {
        self.changes.add(changed);
    }

    /// Notes for the audit log what the transaction has done to something that belongs to no dossier.
    pub fn note_in_instance(&self, action: AuditAction, kind: Kind, id: i64) {
        self.note(Step { action, dossier: None, marking: Marking::Clear }, kind, id);
    }

    /// Notes for the audit log that the transaction has done something that is about no record.
    pub fn note_step(&self, action: AuditAction) {
        self.writes.step(Step { action, dossier: None, marking: Marking::Clear });
    }

    /// Notes for the audit log that the transaction has done something that is about this dossier, but no record of it.
    pub fn note_nothing(&self, step: Step) {
        self.writes.step(step);
    }

    /// Notes for the audit log what a trail has, which is empty then.
    pub fn note_all(&self, trail: &Trail) {
        self.writes.absorb(trail);
    }

    /// Ends the transaction and keeps what was done in it, with the entries of the audit log and the changes that say so.
    ///
    /// # Errors
    /// If the database cannot keep it; then nothing of it is kept.
    pub fn commit(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let written = self.writes.take();
            if !written.is_empty() {
                // Last of all: whoever else appends to the log waits until this transaction has ended.
                let last = ledger::append(&self, written).await?;
                self.changes.write(&self.lane, last).await?;
            } else if !self.changes.is_empty() {
                return Err(Error::internal("something was changed of which the audit log is not to know"));
            }
            self.lane.commit().await
        })
    }
}
