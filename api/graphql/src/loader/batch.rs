//! Questions that many fields of a request ask at the same time, each about a record of its own: one read answers them all.

use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{CacheFactory, DataLoader, HashMapCache, Loader, NoCache};
use demarche_core::error::Error;
use demarche_core::op::Op;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::mpsc::UnboundedSender;

use super::Question;
use crate::error::{Result, fault};
use crate::turn::Read;

/// The most records that one read is about.
const BATCH_MAX: usize = 1000;

/// What a read finds, by the records that it is about.
pub type Found<T> = demarche_core::error::Result<HashMap<i64, T>>;

/// An answer, and an error that all who wait for it can have.
///
/// Of which type it is, the question says. async-graphql compiles its loader once more for each type of question, and there are
/// fifty: that was a sixth of all code here.
type Answer = std::result::Result<Arc<dyn Any + Send + Sync>, Arc<Error>>;

/// Reads the answers about these records.
type Reader = dyn Fn(Op, Vec<i64>) -> BoxFuture<'static, Found<Arc<dyn Any + Send + Sync>>> + Send + Sync;

/// A question about one record, and how it is answered.
#[derive(Clone)]
struct Asked {
    id: i64,
    question: Question,
    reader: Arc<Reader>,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.question == other.question
    }
}

impl Eq for Asked {}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.question.hash(state);
    }
}

/// Answers questions in the name of the request's operation.
struct Batch(Op);

#[async_trait::async_trait]
impl Loader<Asked> for Batch {
    type Value = Answer;
    type Error = Infallible;

    async fn load(&self, keys: &[Asked]) -> std::result::Result<HashMap<Asked, Answer>, Infallible> {
        let mut questions: HashMap<&Question, Vec<&Asked>> = HashMap::new();
        for key in keys {
            questions.entry(&key.question).or_default().push(key);
        }
        let batches = questions.values().flat_map(|same| same.chunks(BATCH_MAX));
        let answers = join_all(batches.map(|same| self.answer(same))).await;
        Ok(answers.into_iter().flatten().collect())
    }
}

impl Batch {
    /// Answers one question about several records. An error is of this question alone: others are answered beside it.
    async fn answer(&self, same: &[&Asked]) -> Vec<(Asked, Answer)> {
        let Some(one) = same.first() else { return Vec::new() };
        let ids = same.iter().map(|asked| asked.id).collect();
        match (one.reader)(self.0.clone(), ids).await {
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

/// The loaders of one request.
pub struct Loaders {
    /// Keeps what it has read: records are reached in many ways.
    kept: DataLoader<Batch, HashMapCache>,
    /// Does not: no two fields of a request ask the same twice, but those that ask at once.
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

    /// What one record answers to a question, and so again whenever it is asked; none if nothing is found.
    pub async fn kept<T, R>(
        &self,
        question: Question,
        id: i64,
        read: impl Fn(Op, Vec<i64>) -> R + Send + Sync + 'static,
    ) -> Result<Option<Arc<T>>>
    where
        T: Send + Sync + 'static,
        R: Future<Output = Found<T>> + Send + 'static,
    {
        typed(self.kept.load_one(Asked { id, question, reader: reader(read) }).await)
    }

    /// What one record answers to a question; none if nothing is found.
    pub async fn passing<T, R>(
        &self,
        question: Question,
        id: i64,
        read: impl Fn(Op, Vec<i64>) -> R + Send + Sync + 'static,
    ) -> Result<Option<Arc<T>>>
    where
        T: Send + Sync + 'static,
        R: Future<Output = Found<T>> + Send + 'static,
    {
        typed(self.passing.load_one(Asked { id, question, reader: reader(read) }).await)
    }
}

/// A loader without delay: what is asked for in one turn is one batch, and nobody waits a millisecond. How many records a read
/// is about is bounded for each question, not for all of them together.
fn loader<C: CacheFactory>(op: &Op, ask: &UnboundedSender<Read>, cache: C) -> DataLoader<Batch, C> {
    let ask = ask.clone();
    let spawn = move |read| ask.send(read);
    DataLoader::with_cache(Batch(op.clone()), spawn, cache).delay(Duration::ZERO).max_batch_size(usize::MAX)
}

fn reader<T, R>(read: impl Fn(Op, Vec<i64>) -> R + Send + Sync + 'static) -> Arc<Reader>
where
    T: Send + Sync + 'static,
    R: Future<Output = Found<T>> + Send + 'static,
{
    Arc::new(move |op, ids| {
        let found = read(op, ids);
        async move { Ok(found.await?.into_iter().map(|(id, answer)| (id, Arc::new(answer) as _)).collect()) }.boxed()
    })
}

fn typed<T: Send + Sync + 'static>(answer: std::result::Result<Option<Answer>, Infallible>) -> Result<Option<Arc<T>>> {
    let Ok(answer) = answer;
    let Some(answer) = answer.transpose().map_err(fault)? else { return Ok(None) };
    answer.downcast().map(Some).map_err(|_| fault(Error::internal("two types of answer to the same question")))
}
