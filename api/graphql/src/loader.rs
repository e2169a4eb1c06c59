//! What a request reads more than once, it reads in batches: records by key, and the same page for many parents. One
//! statement per batch, whatever the number of records or parents. Loaders live as long as their request.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader, NoCache};
use async_graphql::{Context, Request, Response};
use entity::moment::Moment;
use entity::record::{AsOf, Record};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::unbounded_channel;

use crate::error::{Result, fault};
use crate::list::Listed;
use crate::seen::{Anchor, Seen};
use crate::{Schema, turn};
use demarche_core::domain::list::{Link, Listing, Query, Readable};
use demarche_core::domain::recorder::{self, Recorder};
use demarche_core::domain::standing::{self, Grid, Rule, Standing, Support, Whose};
use demarche_core::domain::write::Assertable;
use demarche_core::domain::{argument, event, mechanism, member, revision, source};
use demarche_core::error::Error;
use demarche_core::op::Op;

/// Loads a batch in the name of the request's operation.
#[derive(Clone)]
pub struct Batch(Op);

/// The loaders of one request.
pub struct Loaders {
    records: DataLoader<Batch, HashMapCache>,
    pages: DataLoader<Batch, NoCache>,
}

/// An error that all who wait for a batch can have.
type Shared = Arc<Error>;

/// Answers a request in the name of an operation, with fresh loaders. Boxed, so that what it runs is compiled here and not
/// once more in the crate that asks.
pub fn execute(schema: &Schema, request: Request, op: Op) -> BoxFuture<'_, Response> {
    let (ask, asked) = unbounded_channel();
    let spawn = move |read| ask.send(read);
    // Without a delay: what is asked for in one turn is one batch, and nobody waits a millisecond.
    let records =
        DataLoader::with_cache(Batch(op.clone()), spawn.clone(), HashMapCache::default()).delay(Duration::ZERO);
    let pages = DataLoader::new(Batch(op.clone()), spawn).delay(Duration::ZERO);
    turn::run(schema.execute(request.data(op).data(Loaders { records, pages })), asked).boxed()
}

/// The operation of a request.
pub fn op<'a>(ctx: &Context<'a>) -> Result<&'a Op> {
    ctx.data::<Op>()
}

impl Loaders {
    /// Forgets what was read and keeps nothing more: after a write, it may be wrong.
    pub fn forget(&self) {
        self.records.enable_all_cache(false);
    }
}

/// The loaders of a request.
pub fn loaders<'a>(ctx: &Context<'a>) -> Result<&'a Loaders> {
    ctx.data::<Loaders>()
}

/// The key of a record of `E`, and the moment as of which it is read.
pub struct Key<E>(i64, Option<Moment>, PhantomData<fn() -> E>);

/// The key of a record of `E` that another one superseded, and the moment as of which that is read.
pub struct Superseded<E>(i64, Option<Moment>, PhantomData<fn() -> E>);

macro_rules! key {
    ($name:ident) => {
        impl<E> Clone for $name<E> {
            fn clone(&self) -> Self {
                Self(self.0, self.1, PhantomData)
            }
        }

        impl<E> PartialEq for $name<E> {
            fn eq(&self, other: &Self) -> bool {
                (self.0, self.1) == (other.0, other.1)
            }
        }

        impl<E> Eq for $name<E> {}

        impl<E> Hash for $name<E> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (self.0, self.1).hash(state);
            }
        }
    };
}

key!(Key);
key!(Superseded);

#[async_trait::async_trait]
impl<E: Readable> Loader<Key<E>> for Batch {
    type Value = Arc<E::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[Key<E>]) -> std::result::Result<HashMap<Key<E>, Self::Value>, Shared> {
        let mut all = HashMap::with_capacity(keys.len());
        for (at, ids) in by_moment(keys.iter().map(|key| (key.1, key.0))) {
            let found = E::by_ids(&self.0, &ids, at).await.map_err(Arc::new)?;
            all.extend(found.into_iter().map(|(id, model)| (Key(id, at, PhantomData), Arc::new(model))));
        }
        Ok(all)
    }
}

#[async_trait::async_trait]
impl<E: Assertable> Loader<Superseded<E>> for Batch {
    type Value = Arc<E::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[Superseded<E>]) -> std::result::Result<HashMap<Superseded<E>, Self::Value>, Shared> {
        let mut all = HashMap::with_capacity(keys.len());
        for (at, ids) in by_moment(keys.iter().map(|key| (key.1, key.0))) {
            let found = E::successors(&self.0, &ids, at).await.map_err(Arc::new)?;
            all.extend(found.into_iter().map(|(id, model)| (Superseded(id, at, PhantomData), Arc::new(model))));
        }
        Ok(all)
    }
}

/// Keys by the moment as of which they are read: mostly one for all.
fn by_moment(keys: impl Iterator<Item = (Option<Moment>, i64)>) -> HashMap<Option<Moment>, Vec<i64>> {
    let mut moments: HashMap<Option<Moment>, Vec<i64>> = HashMap::new();
    for (at, id) in keys {
        moments.entry(at).or_default().push(id);
    }
    moments
}

/// The key of an account.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account(i64);

#[async_trait::async_trait]
impl Loader<Account> for Batch {
    type Value = Recorder;
    type Error = Shared;

    async fn load(&self, keys: &[Account]) -> std::result::Result<HashMap<Account, Recorder>, Shared> {
        let ids: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let found = recorder::by_ids(&self.0, &ids).await.map_err(Arc::new)?;
        Ok(found.into_iter().map(|recorder| (Account(recorder.id), recorder)).collect())
    }
}

/// One page of what hangs on one parent.
pub struct PageOf<E: Record> {
    /// The parent.
    pub parent: i64,
    /// Tells this question from others: the field, and its arguments as they were written.
    pub question: Arc<str>,
    /// How records hang on their parents.
    pub link: fn() -> Link<E>,
    /// The question.
    pub query: Arc<Query<E>>,
}

impl<E: Record> Clone for PageOf<E> {
    fn clone(&self) -> Self {
        let Self { parent, question, link, query } = self;
        Self { parent: *parent, question: Arc::clone(question), link: *link, query: Arc::clone(query) }
    }
}

impl<E: Record> PartialEq for PageOf<E> {
    fn eq(&self, other: &Self) -> bool {
        self.parent == other.parent && self.question == other.question
    }
}

impl<E: Record> Eq for PageOf<E> {}

impl<E: Record> Hash for PageOf<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parent.hash(state);
        self.question.hash(state);
    }
}

#[async_trait::async_trait]
impl<E: Readable> Loader<PageOf<E>> for Batch {
    type Value = Arc<Listing<E::Model>>;
    type Error = Shared;

    async fn load(&self, keys: &[PageOf<E>]) -> std::result::Result<HashMap<PageOf<E>, Self::Value>, Shared> {
        let mut questions: HashMap<&str, Vec<&PageOf<E>>> = HashMap::new();
        for key in keys {
            questions.entry(&key.question).or_default().push(key);
        }
        let mut pages = HashMap::with_capacity(keys.len());
        for same in questions.into_values() {
            let Some(one) = same.first() else { continue };
            let parents: Vec<i64> = same.iter().map(|key| key.parent).collect();
            let mut found = E::list_each(&self.0, &one.query, &(one.link)(), &parents).await.map_err(Arc::new)?;
            for key in &same {
                if let Some(listing) = found.remove(&key.parent) {
                    pages.insert((*key).clone(), Arc::new(listing));
                }
            }
        }
        Ok(pages)
    }
}

/// The standings of somebody or on something.
#[derive(Clone)]
pub struct StandingsOf {
    /// Whose.
    pub whose: Whose,
    /// Tells this question from others: the field, and its arguments as they were written.
    pub question: Arc<str>,
    /// The question.
    pub grid: Arc<Grid>,
}

impl PartialEq for StandingsOf {
    fn eq(&self, other: &Self) -> bool {
        self.whose == other.whose && self.question == other.question
    }
}

impl Eq for StandingsOf {}

impl Hash for StandingsOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.whose.hash(state);
        self.question.hash(state);
    }
}

#[async_trait::async_trait]
impl Loader<StandingsOf> for Batch {
    type Value = Arc<Vec<Standing>>;
    type Error = Shared;

    async fn load(&self, keys: &[StandingsOf]) -> std::result::Result<HashMap<StandingsOf, Self::Value>, Shared> {
        let mut questions: HashMap<&str, Vec<&StandingsOf>> = HashMap::new();
        for key in keys {
            questions.entry(&key.question).or_default().push(key);
        }
        let mut answers = HashMap::with_capacity(keys.len());
        for same in questions.into_values() {
            let Some(one) = same.first() else { continue };
            let whose: Vec<Whose> = same.iter().map(|key| key.whose).collect();
            let mut found = standing::grids(&self.0, &one.grid, &whose).await.map_err(Arc::new)?;
            for key in &same {
                answers.insert((*key).clone(), Arc::new(found.remove(&key.whose).unwrap_or_default()));
            }
        }
        Ok(answers)
    }
}

/// The standings of somebody or on something, ordered by mechanism, then by stakeholder.
pub async fn standings(ctx: &Context<'_>, of: StandingsOf) -> Result<Arc<Vec<Standing>>> {
    let found = loaders(ctx)?.pages.load_one(of).await.map_err(fault)?;
    Ok(found.unwrap_or_default())
}

/// The support of a mechanism by a rule, as of a time.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SupportOf {
    /// The mechanism.
    pub mechanism: i64,
    /// The rule.
    pub rule: Rule,
    /// On record when, and held when.
    pub as_of: AsOf,
}

#[async_trait::async_trait]
impl Loader<SupportOf> for Batch {
    type Value = Support;
    type Error = Shared;

    async fn load(&self, keys: &[SupportOf]) -> std::result::Result<HashMap<SupportOf, Support>, Shared> {
        let mut questions: HashMap<(Rule, AsOf), Vec<i64>> = HashMap::new();
        for key in keys {
            questions.entry((key.rule, key.as_of)).or_default().push(key.mechanism);
        }
        let mut answers = HashMap::with_capacity(keys.len());
        for ((rule, as_of), mechanisms) in questions {
            let found = standing::support(&self.0, rule, as_of, &mechanisms).await.map_err(Arc::new)?;
            let keyed = found.into_iter().map(|(mechanism, support)| (SupportOf { mechanism, rule, as_of }, support));
            answers.extend(keyed);
        }
        Ok(answers)
    }
}

/// Small things that belong to a record and stand in a table of their own: loaded by the record's key, as of a moment.
macro_rules! belongings {
    (
        |$op:ident, $ids:ident, $at:ident|
        $($(#[$doc:meta])* $key:ident, $value:ty, $get:ident, $load:expr;)*
    ) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq, Hash)]
            pub struct $key(i64, Option<Moment>);

            #[async_trait::async_trait]
            impl Loader<$key> for Batch {
                type Value = Arc<$value>;
                type Error = Shared;

                async fn load(&self, keys: &[$key]) -> std::result::Result<HashMap<$key, Self::Value>, Shared> {
                    let $op = &self.0;
                    let mut all = HashMap::with_capacity(keys.len());
                    for ($at, ids) in by_moment(keys.iter().map(|key| (key.1, key.0))) {
                        let $ids = &ids;
                        let found = $load.await.map_err(Arc::new)?;
                        all.extend(found.into_iter().map(|(id, value)| ($key(id, $at), Arc::new(value))));
                    }
                    Ok(all)
                }
            }

            $(#[$doc])*
            pub async fn $get(ctx: &Context<'_>, of: Anchor) -> Result<Arc<$value>> {
                let recorded = of.at.and_then(|at| at.recorded);
                let found = loaders(ctx)?.pages.load_one($key(of.id, recorded)).await.map_err(fault)?;
                Ok(found.unwrap_or_default())
            }
        )*
    };
}

belongings! {
    |op, ids, at|
    /// The parties of a mechanism.
    PartiesOf, Vec<mechanism::Party>, parties, mechanism::parties(op, ids, at);
    /// The actors of an event, which never change.
    ActorsOf, Vec<event::Actor>, actors, event::actors(op, ids);
    /// The links that begin or end at an argument.
    LinksAt, Vec<entity::argument_link::Model>, argument_links, links_at(op, ids, at);
    /// The members of a dossier, as they are now.
    MembersOf, Vec<entity::member::Model>, members, member::of_dossiers(op, ids);
    /// The full text of a source, as it is now.
    TextOf, Option<String>, text_of, texts(op, ids);
}

/// The links at these arguments, by argument; a link between two of them is at both.
async fn links_at(
    op: &Op,
    ids: &[i64],
    recorded: Option<Moment>,
) -> demarche_core::error::Result<HashMap<i64, Vec<entity::argument_link::Model>>> {
    let mut links: HashMap<i64, Vec<entity::argument_link::Model>> = HashMap::new();
    for link in argument::links_at(op, ids, recorded).await? {
        links.entry(link.argument_id).or_default().push(link.clone());
        links.entry(link.target_id).or_default().push(link);
    }
    Ok(links)
}

async fn texts(op: &Op, ids: &[i64]) -> demarche_core::error::Result<HashMap<i64, Option<String>>> {
    Ok(source::texts(op, ids).await?.into_iter().map(|(id, text)| (id, Some(text))).collect())
}

/// The full text of a source, if it is stored.
pub async fn source_text(ctx: &Context<'_>, source: Anchor) -> Result<Option<String>> {
    Ok(Arc::unwrap_or_clone(text_of(ctx, source).await?))
}

/// The record of `E` with a key, if one may see it, as of a time.
pub async fn load<E: Readable>(ctx: &Context<'_>, id: i64, at: Option<AsOf>) -> Result<Option<Seen<E::Model>>> {
    let key = Key::<E>(id, at.and_then(|at| at.recorded), PhantomData);
    let found = loaders(ctx)?.records.load_one(key).await.map_err(fault)?;
    Ok(found.map(|model| Seen::new(model, at)))
}

/// The record of `E` that a foreign key of a visible record leads to, as of the time that this one is shown as of.
///
/// # Errors
/// `NOT_FOUND` if one may not see it.
pub async fn require<E: Readable>(ctx: &Context<'_>, id: i64, at: Option<AsOf>) -> Result<Seen<E::Model>> {
    let missing = || fault(Error::NotFound(format!("there is no such {}", E::KIND.noun())));
    load::<E>(ctx, id, at).await?.ok_or_else(missing)
}

/// A record that was found as it is now, as of a time.
pub async fn shown<E: Listed>(ctx: &Context<'_>, found: Option<E::Model>, at: Option<AsOf>) -> Result<Option<E::Node>> {
    let Some(model) = found else { return Ok(None) };
    let seen = match at.and_then(|at| at.recorded) {
        None => Some(Seen::new(Arc::new(model), at)),
        Some(_) => load::<E>(ctx, E::id_of(&model), at).await?,
    };
    Ok(seen.map(E::Node::from))
}

/// The assertion that superseded this one, as of a time.
pub async fn successor<E: Assertable>(ctx: &Context<'_>, id: i64, at: Option<AsOf>) -> Result<Option<Seen<E::Model>>> {
    let key = Superseded::<E>(id, at.and_then(|at| at.recorded), PhantomData);
    let found = loaders(ctx)?.records.load_one(key).await.map_err(fault)?;
    Ok(found.map(|model| Seen::new(model, at)))
}

/// The account with a key, as others see it.
pub async fn account(ctx: &Context<'_>, id: i64) -> Result<Option<Recorder>> {
    loaders(ctx)?.records.load_one(Account(id)).await.map_err(fault)
}

/// One page of what hangs on a parent.
pub async fn page<E: Readable>(ctx: &Context<'_>, page: PageOf<E>) -> Result<Option<Arc<Listing<E::Model>>>> {
    loaders(ctx)?.pages.load_one(page).await.map_err(fault)
}

/// The support of a mechanism.
pub async fn support(ctx: &Context<'_>, support: SupportOf) -> Result<Support> {
    let found = loaders(ctx)?.pages.load_one(support).await.map_err(fault)?;
    Ok(found.unwrap_or_default())
}

/// What a revision changed.
pub async fn changes(ctx: &Context<'_>, of: &entity::revision::Model) -> Result<Vec<revision::Change>> {
    revision::changes(op(ctx)?, of).await.map_err(fault)
}
