//! What a request reads more than once, it reads in batches: records by key, and the same page for many parents. One
//! statement for each question that is asked in a turn, whatever the number of records or parents (up to a thousand). Loaders live
//! as long as their request.

mod batch;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Request, Response};
use entity::kind::Kind;
use entity::moment::Moment;
use entity::record::{AsOf, Record};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::mpsc::unbounded_channel;

use self::batch::Found;
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

pub use self::batch::Loaders;

/// Answers a request in the name of an operation, with fresh loaders. Boxed, so that what it runs is compiled here and not
/// once more in the crate that asks.
pub fn execute(schema: &Schema, request: Request, op: Op) -> BoxFuture<'_, Response> {
    let (ask, asked) = unbounded_channel();
    let loaders = Loaders::new(&op, &ask);
    turn::run(schema.execute(request.data(op).data(loaders)), asked).boxed()
}

/// The operation of a request.
pub fn op<'a>(ctx: &Context<'a>) -> Result<&'a Op> {
    ctx.data::<Op>()
}

/// The loaders of a request.
pub fn loaders<'a>(ctx: &Context<'a>) -> Result<&'a Loaders> {
    ctx.data::<Loaders>()
}

/// A question that can be put to many records at once: what is equal, and asked in the same turn, is one statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// The records of a kind themselves, as they were on record at a moment.
    Record(Kind, Option<Moment>),
    /// Those that superseded assertions of a kind, as they were on record at a moment.
    Successor(Kind, Option<Moment>),
    /// Accounts, as others see them.
    Account,
    /// A page of the records of a kind that hang on others: the field, and its arguments as they were written.
    Page(Kind, Arc<str>),
    /// The standings of or on records of a kind: the field, and its arguments as they were written.
    Standings(Kind, Arc<str>),
    /// The support of mechanisms by a rule, as of a time.
    Support(Rule, AsOf),
    /// Small things that belong to records and stand in a table of their own, as of a moment.
    Belongings(&'static str, Option<Moment>),
}

impl Question {
    /// Whether its answers are kept until the request ends or writes. Records and accounts are reached in many ways; what else is
    /// asked for is seldom asked for again in another turn.
    const fn is_kept(&self) -> bool {
        match self {
            Self::Record(..) | Self::Successor(..) | Self::Account => true,
            Self::Page(..) | Self::Standings(..) | Self::Support(..) | Self::Belongings(..) => false,
        }
    }
}

/// The record of `E` with a key, if one may see it, as of a time.
///
/// As what else is asked of a loader here, this says that what it gives may go from thread to thread, and holds nothing of the request
/// but the loader: otherwise the compiler would prove it anew, for each kind of record and for each field, of all that a request has.
pub fn load<E: Readable>(
    ctx: &Context<'_>,
    id: i64,
    at: Option<AsOf>,
) -> impl Future<Output = Result<Option<Seen<E::Model>>>> + Send {
    let recorded = at.and_then(|at| at.recorded);
    let question = Question::Record(E::KIND, recorded);
    record(ctx, question, id, at, move |op, ids| E::by_ids(op, ids, recorded))
}

/// The assertion that superseded this one, as of a time.
pub fn successor<E: Assertable>(
    ctx: &Context<'_>,
    id: i64,
    at: Option<AsOf>,
) -> impl Future<Output = Result<Option<Seen<E::Model>>>> + Send {
    let recorded = at.and_then(|at| at.recorded);
    let question = Question::Successor(E::KIND, recorded);
    record(ctx, question, id, at, move |op, ids| E::successors(op, ids, recorded))
}

/// The record of `E` that a foreign key of a visible record leads to, as of the time that this one is shown as of.
///
/// # Errors
/// `NOT_FOUND` if one may not see it.
pub fn require<E: Readable>(
    ctx: &Context<'_>,
    id: i64,
    at: Option<AsOf>,
) -> impl Future<Output = Result<Seen<E::Model>>> + Send {
    let missing = || fault(Error::NotFound(format!("there is no such {}", E::KIND.noun())));
    load::<E>(ctx, id, at).map(move |found| found?.ok_or_else(missing))
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

/// The account with a key, as others see it.
pub async fn account(ctx: &Context<'_>, id: i64) -> Result<Option<Arc<Recorder>>> {
    let keyed = |found: Vec<Recorder>| found.into_iter().map(|recorder| (recorder.id, recorder)).collect();
    let found = ask(ctx, Question::Account, id, move |op, ids| {
        recorder::by_ids(op, ids).map(move |found| found.map(keyed)).boxed()
    });
    found.await
}

/// What one record answers to a question; none if nothing is found.
fn ask<T: Send + Sync + 'static>(
    ctx: &Context<'_>,
    question: Question,
    id: i64,
    read: impl for<'a> Fn(&'a Op, &'a [i64]) -> BoxFuture<'a, Found<T>> + Send + Sync + 'static,
) -> impl Future<Output = Result<Option<Arc<T>>>> + Send {
    match loaders(ctx) {
        Ok(loaders) => loaders.ask(question, id, read).left_future(),
        Err(error) => ready(Err(error)).right_future(),
    }
}

/// The record that answers a question about a key, shown as of a time; none if nothing is found.
fn record<M: Send + Sync + 'static>(
    ctx: &Context<'_>,
    question: Question,
    id: i64,
    at: Option<AsOf>,
    read: impl for<'a> Fn(&'a Op, &'a [i64]) -> BoxFuture<'a, Found<M>> + Send + Sync + 'static,
) -> impl Future<Output = Result<Option<Seen<M>>>> + Send {
    ask(ctx, question, id, read).map(move |found| Ok(found?.map(|model| Seen::new(model, at))))
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

/// One page of what hangs on a parent.
pub fn page<E: Readable>(
    ctx: &Context<'_>,
    page: PageOf<E>,
) -> impl Future<Output = Result<Option<Arc<Listing<E::Model>>>>> + Send {
    let PageOf { parent, question, link, query } = page;
    ask(ctx, Question::Page(E::KIND, question), parent, move |op, parents| {
        E::list_each(op, Arc::clone(&query), link(), parents)
    })
}

/// The standings of somebody or on something.
pub struct StandingsOf {
    /// Whose.
    pub whose: Whose,
    /// Tells this question from others: the field, and its arguments as they were written.
    pub question: Arc<str>,
    /// The question.
    pub grid: Arc<Grid>,
}

/// The standings of somebody or on something, ordered by mechanism, then by stakeholder.
pub async fn standings(ctx: &Context<'_>, of: StandingsOf) -> Result<Arc<Vec<Standing>>> {
    let StandingsOf { whose, question, grid } = of;
    let (kind, id, same): (_, _, fn(i64) -> Whose) = match whose {
        Whose::Dossier(id) => (Kind::Dossier, id, Whose::Dossier),
        Whose::Stakeholder(id) => (Kind::Stakeholder, id, Whose::Stakeholder),
        Whose::Mechanism(id) => (Kind::Mechanism, id, Whose::Mechanism),
    };
    let found = ask(ctx, Question::Standings(kind, question), id, move |op, ids| {
        let grid = Arc::clone(&grid);
        Box::pin(async move {
            let whose: Vec<Whose> = ids.iter().copied().map(same).collect();
            let mut found = standing::grids(op, &grid, &whose).await?;
            Ok(ids.iter().filter_map(|id| Some((*id, found.remove(&same(*id))?))).collect())
        })
    });
    Ok(found.await?.unwrap_or_default())
}

/// The support of a mechanism by a rule, as of a time.
pub async fn support(ctx: &Context<'_>, mechanism: i64, rule: Rule, as_of: AsOf) -> Result<Arc<Support>> {
    let found =
        ask(ctx, Question::Support(rule, as_of), mechanism, move |op, ids| standing::support(op, rule, as_of, ids));
    Ok(found.await?.unwrap_or_default())
}

/// Small things that belong to a record and stand in a table of their own: loaded by the record's key, as of a moment.
macro_rules! belongings {
    (
        |$op:ident, $ids:ident, $at:ident|
        $($(#[$doc:meta])* $get:ident, $value:ty, $load:expr;)*
    ) => {
        $(
            $(#[$doc])*
            pub async fn $get(ctx: &Context<'_>, of: Anchor) -> Result<Arc<$value>> {
                let $at = of.at.and_then(|at| at.recorded);
                let question = Question::Belongings(stringify!($get), $at);
                let found = ask(ctx, question, of.id, move |$op, $ids| Box::pin(async move { $load.await }));
                Ok(found.await?.unwrap_or_default())
            }
        )*
    };
}

belongings! {
    |op, ids, at|
    /// The parties of a mechanism.
    parties, Vec<mechanism::Party>, mechanism::parties(op, ids, at);
    /// The actors of an event, which never change.
    actors, Vec<event::Actor>, event::actors(op, ids);
    /// The links that begin or end at an argument.
    argument_links, Vec<entity::argument_link::Model>, links_at(op, ids, at);
    /// The members of a dossier, as they are now.
    members, Vec<entity::member::Model>, member::of_dossiers(op, ids);
    /// The full text of a source, as it is now.
    text_of, Option<String>, texts(op, ids);
}

/// The links at these arguments, by argument; a link between two of them is at both.
async fn links_at(op: &Op, ids: &[i64], recorded: Option<Moment>) -> Found<Vec<entity::argument_link::Model>> {
    let mut links: HashMap<i64, Vec<entity::argument_link::Model>> = HashMap::new();
    for link in argument::links_at(op, ids, recorded).await? {
        links.entry(link.argument_id).or_default().push(link.clone());
        links.entry(link.target_id).or_default().push(link);
    }
    Ok(links)
}

async fn texts(op: &Op, ids: &[i64]) -> Found<Option<String>> {
    Ok(source::texts(op, ids).await?.into_iter().map(|(id, text)| (id, Some(text))).collect())
}

/// The full text of a source, if it is stored.
pub async fn source_text(ctx: &Context<'_>, source: Anchor) -> Result<Option<String>> {
    Ok(Arc::unwrap_or_clone(text_of(ctx, source).await?))
}

/// What a revision changed.
pub async fn changes(ctx: &Context<'_>, of: &entity::revision::Model) -> Result<Vec<revision::Change>> {
    revision::changes(op(ctx)?, of).await.map_err(fault)
}
