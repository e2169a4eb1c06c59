//! Questions that many fields of a request ask at the same time, each about a record of its own: those who ask the same have it
//! answered by one statement.

use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{CacheFactory, DataLoader, HashMapCache, Loader, NoCache};
use demarche_core::error::Error;
use demarche_core::op::Op;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc::UnboundedSender;

use super::Question;
use crate::error::{Result, fault};
use crate::turn::Read;

/// The most records that one statement is about.
const RECORDS_MAX: usize = 1000;
/// The most questions that a loader has answered at the same time: the connections are there for other requests, too.
const AT_ONCE_MAX: usize = 4;

/// What a read finds, by the records that it is about.
pub type Found<T> = demarche_core::error::Result<HashMap<i64, T>>;

/// An answer, and an error that all who wait for it can have.
///
/// Of which type it is, the question says. async-graphql compiles its loader once more for each type of key; with one for each kind
/// of record and each way to ask about it, that was a sixth of all code here.
type Answer = std::result::Result<Arc<dyn Any + Send + Sync>, Arc<Error>>;

/// Reads the answers about these records.
type Reader = dyn for<'a> Fn(&'a Op, &'a [i64]) -> BoxFuture<'a, Found<Arc<dyn Any + Send + Sync>>> + Send + Sync;

/// A question, and how it is answered.
struct Way<R: ?Sized> {
    question: Question,
    reader: R,
}

/// A question about one record. Every field that waits for a record holds one: so the question is behind a pointer, and a line
/// put in above a word of it has not all of them compiled again.
#[derive(Clone)]
struct Asked {
    id: i64,
    way: Arc<Way<Reader>>,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.way.question == other.way.question
    }
}

impl Eq for Asked {}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.way.question.hash(state);
    }
}

/// Answers the questions of one turn in the name of the request's operation. Who asked goes on when all are answered, so that what
/// is asked next is asked together as well.
struct Batch(Op);

#[async_trait::async_trait]
impl Loader<Asked> for Batch {
    type Value = Answer;
    type Error = Infallible;

    async fn load(&self, keys: &[Asked]) -> std::result::Result<HashMap<Asked, Answer>, Infallible> {
        let mut questions: HashMap<&Question, Vec<&Asked>> = HashMap::new();
        for key in keys {
            questions.entry(&key.way.question).or_default().push(key);
        }
        let same = questions.values().flat_map(|same| same.chunks(RECORDS_MAX));
        let answers: Vec<_> = same.map(|same| self.answer(same)).collect();
        let answers: Vec<_> = stream::iter(answers).buffer_unordered(AT_ONCE_MAX).collect().await;
        Ok(answers.into_iter().flatten().collect())
    }
}

impl Batch {
    /// Answers one question about several records. An error is of this question alone: others are answered beside it.
    async fn answer(&self, same: &[&Asked]) -> Vec<(Asked, Answer)> {
        let Some(one) = same.first() else { return Vec::new() };
        let ids: Vec<i64> = same.iter().map(|asked| asked.id).collect();
        match (one.way.reader)(&self.0, &ids).await {
            Ok(mut found) => {
                let answer = |asked: &&Asked| found.remove(&asked.id).map(|answer| ((*asked).clone(), Ok(answer)));
                same.iter().filter_map(answer).collect()
            }
            Err(error) => {
                let error = Arc::new(error);
                same.iter().map(|asked| ((*asked).clone(), Err(Arc::clone(&error)))).collect()
            }
        }
    }
}

/// The loaders of one request. Which of them is asked, the question says ([`Question::is_kept`]).
pub struct Loaders {
    /// Keeps what it has read, and errors as well: a request that could not read a record does not try again and again.
    kept: DataLoader<Batch, HashMapCache>,
    /// Keeps nothing.
    passing: DataLoader<Batch, NoCache>,
}

impl Loaders {
    /// Loaders that ask for their reads by `ask`, in the name of an operation.
    pub fn new(op: &Op, ask: &UnboundedSender<Read>) -> Self {
        Self { kept: loader(op, ask, HashMapCache::default()), passing: loader(op, ask, NoCache) }
    }

    /// Forgets what was read and keeps nothing more: after a write, it may be wrong.
    pub fn forget(&self) {
        self.kept.enable_all_cache(false);
    }

    /// What one record answers to a question, or went wrong; none if nothing is found.
    pub fn ask<T: Send + Sync + 'static>(
        &self,
        question: Question,
        id: i64,
        read: impl for<'a> Fn(&'a Op, &'a [i64]) -> BoxFuture<'a, Found<T>> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Option<Arc<T>>>> + Send {
        let kept = question.is_kept();
        let asked = Asked { id, way: Arc::new(Way { question, reader: reader(read) }) };
        let answer =
            if kept { load(&self.kept, asked).left_future() } else { load(&self.passing, asked).right_future() };
        answer.map(typed)
    }
}

/// A loader without delay: what is asked for in one turn is one batch, and nobody waits a millisecond. How many records a read
/// is about is bounded for each question, not for all of them together.
fn loader<C: CacheFactory>(op: &Op, ask: &UnboundedSender<Read>, cache: C) -> DataLoader<Batch, C> {
    let ask = ask.clone();
    let spawn = move |read| ask.send(read);
    DataLoader::with_cache(Batch(op.clone()), spawn, cache).delay(Duration::ZERO).max_batch_size(usize::MAX)
}

fn reader<T: Send + Sync + 'static>(
    read: impl for<'a> Fn(&'a Op, &'a [i64]) -> BoxFuture<'a, Found<T>> + Send + Sync + 'static,
) -> impl for<'a> Fn(&'a Op, &'a [i64]) -> BoxFuture<'a, Found<Arc<dyn Any + Send + Sync>>> + Send + Sync + 'static {
    move |op, ids| read(op, ids).map(erased).boxed()
}

/// Answers, of whichever type they are.
fn erased<T: Send + Sync + 'static>(found: Found<T>) -> Found<Arc<dyn Any + Send + Sync>> {
    Ok(found?.into_iter().map(|(id, answer)| (id, Arc::new(answer) as _)).collect())
}

/// Asks a loader. That this may go from thread to thread is said, so that the compiler need not find out with each type of answer.
fn load<C: CacheFactory>(loader: &DataLoader<Batch, C>, asked: Asked) -> impl Future<Output = Option<Answer>> + Send {
    loader.load_one(asked).map(|Ok(answer)| answer)
}

/// An answer, of the type that its question says.
fn typed<T: Send + Sync + 'static>(answer: Option<Answer>) -> Result<Option<Arc<T>>> {
    let Some(answer) = answer.transpose().map_err(fault)? else { return Ok(None) };
    answer.downcast().map(Some).map_err(|_| fault(Error::internal("two types of answer to the same question")))
}
