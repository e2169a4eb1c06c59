//! Very many records at once: the rules of [`assertion::put`] and [`Editable::create`], asked once for a batch instead of once
//! for a record.
//!
//! [`Editable::create`]: crate::domain::write::Editable::create

use std::collections::HashMap;
use std::sync::Arc;

use entity::kind::Kind;
use entity::words::{ChangeAction, Marking};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, Iterable, QueryFilter, QuerySelect};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use entity::record::{Record, Upkeep};

use crate::domain::assertion::{self, Claim};
use crate::domain::audit;
use crate::domain::node::{self, Concept};
use crate::domain::reference::{self, Reference};
use crate::domain::{dossier, revision, search, source};
use crate::error::{Code, Error, Problems, Result};
use crate::op::Op;
use crate::policy::{self, Action};
use crate::store::bulk::{self, Bare, Insert};

/// How many drafts make a batch.
pub const BATCH: usize = 2_000;
/// How many external ids one statement names.
const NAMES_MAX: usize = 500;

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There was none like it.
    Created(i64),
    /// There was one, and it differed: this one replaced it.
    Superseded(i64),
    /// There was one, and it was the same, or somebody has retracted it.
    Unchanged(i64),
}

impl Fate {
    /// The key of the record.
    pub const fn id(self) -> i64 {
        match self {
            Self::Created(id) | Self::Superseded(id) | Self::Unchanged(id) => id,
        }
    }
}

/// Records of one kind on their way into one dossier. No two of them may have the same external id or slug.
#[derive(Debug)]
pub struct Bulk {
    dossier: i64,
    /// The markings of the records of the dossier that have been referred to and that one may see.
    seen: HashMap<(Kind, i64), Option<Marking>>,
    /// Whether the dossier had no record of the kind at the beginning; not known before the first batch.
    fresh: Option<bool>,
    bare: Option<Bare>,
    text: Option<(i64, Option<String>)>,
    /// Writes batches, while the next one is looked at.
    writing: Option<Writing>,
}

impl Bulk {
    /// Nothing on its way yet.
    pub fn new(dossier: i64) -> Self {
        Self { dossier, seen: HashMap::new(), fresh: None, bare: None, text: None, writing: None }
    }

    /// Records each draft, or supersedes the assertion with the same external id where it differs: as [`assertion::put`]
    /// does. To be called within a transaction, and with more than a few drafts at a time. What it creates may not be written
    /// before [`settle`](Self::settle) is called, by which alone one knows that it could be.
    ///
    /// # Errors
    /// [`Error::Forbidden`] and [`Error::Unauthenticated`] if the actor may not; [`Error::Internal`] if the database
    /// fails. What is wrong with a draft is its own result, and nothing of it is kept.
    pub async fn put<E>(&mut self, op: &Op, drafts: &Arc<Vec<E::Draft>>) -> Result<Vec<Result<Fate>>>
    where
        E: Claim + EntityTrait<Column: Iterable>,
    {
        policy::authorise(op, Action::Assert, self.dossier)?;
        // It tries, and undoes what it has tried: not while something is being written, which that would undo as well.
        let nothing_yet = self.writing.is_none() && self.bare.is_none();
        if nothing_yet && drafts.len() >= BATCH && self.is_fresh::<E>(op).await? {
            self.bare = Bare::strip::<E>(&op.lane).await?;
        }
        let mut stored = self.stored::<E>(op, drafts).await?;
        if !stored.is_empty() {
            // What corrects them is undone by itself if it fails, and must not undo what somebody else writes meanwhile.
            self.settle().await?;
        }
        self.learn(op, drafts.iter().flat_map(references::<E>)).await?;
        let mut fates = Vec::with_capacity(drafts.len());
        let (mut models, mut made) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
        for (n, draft) in drafts.iter().enumerate() {
            let found = E::evidence(draft).external_id.as_deref().and_then(|key| stored.remove(key));
            let fate = match found {
                Some(Stored { draft: Some(before), id, retracted }) => {
                    correct::<E>(op, id, (!retracted).then_some(before), draft).await
                }
                Some(Stored { draft: None, .. }) => Err(hidden::<E>()),
                None => self.build::<E>(op, draft).await.map(|model| {
                    let id = E::id_of(&model);
                    models.push(model);
                    made.push(n);
                    Fate::Created(id)
                }),
            };
            fates.push(user(fate)?);
        }
        let batch = Batch::<E>::make(op, &models, Arc::clone(drafts), made)?;
        if self.writing.get_or_insert_with(Writing::begin).add(batch.write(op.clone())).await.is_err() {
            // Why, it says itself.
            self.settle().await?;
        }
        Ok(fates)
    }

    /// Waits until all is written. To be called also after an error, so that nothing is written after it.
    ///
    /// # Errors
    /// If something could not be written.
    pub async fn settle(&mut self) -> Result<()> {
        match self.writing.take() {
            Some(writing) => writing.end().await,
            None => Ok(()),
        }
    }

    /// Makes all that was put so far findable, for what is about one of them. After this, nothing is as in a first load.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub async fn catch_up(&mut self, op: &Op) -> Result<()> {
        self.settle().await?;
        self.fresh = Some(false);
        match self.bare.take() {
            Some(bare) => bare.restore(&op.lane).await.map_err(taken),
            None => Ok(()),
        }
    }

    /// Whether [`Bulk::create`] may be called: the dossier has had no node of the kind.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn may_create<E: Concept>(&mut self, op: &Op) -> Result<bool> {
        self.is_fresh::<E>(op).await
    }

    /// Creates nodes in a dossier that had none of their kind, as
    /// [`create`](crate::domain::write::Editable::create) does. To be called within a transaction.
    ///
    /// # Errors
    /// As [`Bulk::put`].
    pub async fn create<E>(&mut self, op: &Op, drafts: &[E::Draft]) -> Result<Vec<Result<i64>>>
    where
        E: Concept + EntityTrait<Column: Iterable>,
    {
        policy::authorise(op, Action::EditNode, self.dossier)?;
        self.learn(op, drafts.iter().flat_map(node::references::<E>)).await?;
        let mut made = Vec::with_capacity(drafts.len());
        let (mut models, mut documents, mut revisions) = (Vec::new(), Vec::new(), Vec::new());
        for draft in drafts {
            let model = user(self.node::<E>(op, draft).await)?;
            made.push(model.map(|model| {
                let id = E::id_of(&model);
                models.push((model, draft));
                id
            }));
        }
        for (model, draft) in &models {
            documents.push(search::document::<E>(model, &E::words(model))?);
            revisions.push(revision::of::<E>(op, model, E::links(draft))?);
        }
        let (models, drafts): (Vec<_>, Vec<_>) = models.into_iter().unzip();
        bulk::insert::<E>(&op.lane, &models).await.map_err(taken)?;
        for (model, draft) in models.iter().zip(drafts) {
            E::write_links(op, E::id_of(model), draft).await?;
        }
        bulk::insert::<entity::search_document::Entity>(&op.lane, &documents).await?;
        bulk::insert::<entity::revision::Entity>(&op.lane, &revisions).await?;
        models.iter().for_each(|model| audit::wrote::<E>(op, model, ChangeAction::Created, None));
        Ok(made)
    }

    /// The row of a node that nothing is wrong with.
    async fn node<E: Concept>(&mut self, op: &Op, draft: &E::Draft) -> Result<E::Model> {
        let (id, now, header) = (op.id(), op.now(), E::header(draft));
        let mut problems = Problems::default();
        node::check::<E>(op, draft, &mut problems)?;
        let floor = self.floor(node::references::<E>(draft), &mut problems);
        E::verify(op, id, draft, &mut problems).await?;
        problems.finish()?;
        let upkeep = Upkeep {
            id,
            dossier_id: self.dossier,
            version: 1,
            created_at: now,
            created_by: policy::signed(op)?.id,
            updated_at: now,
            marking: header.marking.unwrap_or_default().max(floor),
            external_id: header.external_id.map(str::to_owned),
        };
        Ok(E::build(draft, upkeep))
    }

    /// Ends it. To be called in the same transaction as the rest.
    ///
    /// # Errors
    /// If the database fails, or somebody else has written the same at the same time.
    pub async fn finish(mut self, op: &Op) -> Result<()> {
        self.catch_up(op).await
    }

    async fn is_fresh<E: Record>(&mut self, op: &Op) -> Result<bool> {
        if let Some(fresh) = self.fresh {
            return Ok(fresh);
        }
        // Not scoped: what one may not see has taken its external id too.
        let any = E::find().select_only().column_as(E::ID, "id").filter(E::DOSSIER.eq(self.dossier));
        let fresh = any.into_tuple::<i64>().one(&op.lane).await?.is_none();
        self.fresh = Some(fresh);
        Ok(fresh)
    }

    /// The assertions that have the external ids of these drafts, by external id.
    async fn stored<E: Claim>(&mut self, op: &Op, drafts: &[E::Draft]) -> Result<HashMap<String, Stored<E::Draft>>> {
        let mut stored = HashMap::new();
        if self.is_fresh::<E>(op).await? {
            return Ok(stored);
        }
        let clearance = policy::signed(op)?.clearance;
        let keys: Vec<&str> = drafts.iter().filter_map(|draft| E::evidence(draft).external_id.as_deref()).collect();
        for keys in keys.chunks(NAMES_MAX) {
            // Not scoped: what one may not see has taken its external id too.
            let found = E::find()
                .filter(E::DOSSIER.eq(self.dossier))
                .filter(E::EXTERNAL_ID.is_in(keys.iter().copied()))
                .filter(E::SUPERSEDED_AT.is_null())
                .all(&op.lane)
                .await?;
            let (seen, hidden): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|model| E::provenance(model).marking <= clearance);
            let drafts = E::drafts(op, &seen).await?.into_iter().map(Some);
            for (model, draft) in seen.iter().zip(drafts).chain(hidden.iter().map(|model| (model, None))) {
                let provenance = E::provenance(model);
                let retracted = provenance.retracted_at.is_some();
                let one = Stored { id: provenance.id, retracted, draft };
                stored.insert(provenance.external_id.unwrap_or_default(), one);
            }
        }
        Ok(stored)
    }

    /// Looks up what is referred to, and has not been looked up before.
    async fn learn(&mut self, op: &Op, references: impl Iterator<Item = Reference> + Send) -> Result<()> {
        if self.seen.is_empty() {
            // What is seen stays marked as it is until the end.
            dossier::hold(op, &[self.dossier]).await?;
        }
        let mut unknown: HashMap<Kind, Vec<i64>> = HashMap::new();
        for reference in references {
            self.seen.entry((reference.kind, reference.id)).or_insert_with(|| {
                unknown.entry(reference.kind).or_default().push(reference.id);
                None
            });
        }
        let scope = policy::scope(op)?;
        for (kind, ids) in unknown {
            for ids in ids.chunks(NAMES_MAX) {
                let found = reference::found(op, &scope, kind, ids.to_vec()).await?;
                let own = found.into_iter().filter(|(_, (dossier, _))| *dossier == self.dossier);
                self.seen.extend(own.map(|(id, (_, marking))| ((kind, id), Some(marking))));
            }
        }
        Ok(())
    }

    /// The row of a draft that nothing is wrong with.
    async fn build<E: Claim>(&mut self, op: &Op, draft: &E::Draft) -> Result<E::Model> {
        let evidence = E::evidence(draft);
        let mut problems = Problems::default();
        assertion::check::<E>(op, draft, &mut problems)?;
        let floor = self.floor(references::<E>(draft), &mut problems);
        if let Some(quote) = &evidence.quote {
            let text = self.text(op, evidence.source).await?;
            assertion::check_quote(text, quote, &mut problems);
        }
        problems.finish()?;
        Ok(E::build(draft, evidence.provenance(op, None, floor)?))
    }

    /// The highest marking of what is referred to; reports what is not there.
    fn floor(&self, references: Vec<Reference>, problems: &mut Problems) -> Marking {
        let mut floor = Marking::Clear;
        for Reference { field, kind, id } in references {
            match self.seen.get(&(kind, id)).copied().flatten() {
                Some(marking) => floor = floor.max(marking),
                None => {
                    let message = format!("there is no such {} in this dossier", kind.noun());
                    problems.add(Code::NotFound, &field, message);
                }
            }
        }
        floor
    }

    /// The full text of a source; that of the last one is at hand, because quotes come source by source.
    async fn text(&mut self, op: &Op, source: i64) -> Result<Option<&str>> {
        if self.text.as_ref().is_none_or(|(of, _)| *of != source) {
            self.text = Some((source, source::text(op, source).await?));
        }
        Ok(self.text.as_ref().and_then(|(_, text)| text.as_deref()))
    }
}

/// An assertion that is there.
struct Stored<D> {
    id: i64,
    retracted: bool,
    /// None if one may not see it.
    draft: Option<D>,
}

fn references<E: Claim>(draft: &E::Draft) -> Vec<Reference> {
    let evidence = E::evidence(draft);
    let mut references = E::references(draft);
    references.push(Reference::new("dossier", Kind::Dossier, evidence.dossier));
    references.push(Reference::new("source", Kind::Source, evidence.source));
    references
}

/// Supersedes an assertion that was `before`, if the draft differs; one that is retracted stays so.
async fn correct<E: Claim>(op: &Op, id: i64, before: Option<E::Draft>, draft: &E::Draft) -> Result<Fate> {
    let Some(before) = before else { return Ok(Fate::Unchanged(id)) };
    let mut draft = draft.clone();
    let evidence = E::evidence_mut(&mut draft);
    evidence.marking = evidence.marking.max(E::evidence(&before).marking);
    if before == draft {
        return Ok(Fate::Unchanged(id));
    }
    let corrected = op.within(async |op| assertion::supersede::<E>(op, id, &draft).await).await?;
    Ok(Fate::Superseded(E::id_of(&corrected)))
}

/// The same words as where two writers wanted the external id at once: whether it is that, or hidden, is not to be told.
fn hidden<E: Claim>() -> Error {
    let message = format!("another {} already has it", E::KIND.noun());
    Error::refused(Code::Taken, "externalId", message)
}

/// Two writers wanted the same slug or external id at once, and the database let one in.
fn taken(cause: sea_orm::DbErr) -> Error {
    match cause.sql_err() {
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => {
            Error::refused(Code::Taken, "", "another record with this slug or external id was written at the same time")
        }
        _ => cause.into(),
    }
}

/// Lets what is wrong with a draft pass as a result, and a fault and a refusal of the actor as an error.
fn user<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error @ (Error::Internal(_) | Error::Busy(_) | Error::Forbidden(_) | Error::Unauthenticated(_))) => {
            Err(error)
        }
        other => Ok(other),
    }
}

/// A task that writes one batch after the other. The next one waits for it, so that it never waits for whoever makes them.
#[derive(Debug)]
struct Writing {
    batches: mpsc::Sender<BoxFuture<'static, Result<()>>>,
    task: JoinHandle<Result<()>>,
}

impl Writing {
    fn begin() -> Self {
        let (batches, mut coming) = mpsc::channel::<BoxFuture<'static, Result<()>>>(1);
        let task = tokio::spawn(async move {
            while let Some(batch) = coming.recv().await {
                batch.await?;
            }
            Ok(())
        });
        Self { batches, task }
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// If it has ended.
    async fn add(&self, batch: impl Future<Output = Result<()>> + Send + 'static) -> Result<(), Ended> {
        self.batches.send(batch.boxed()).await.map_err(|_| Ended)
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// If something could not be: then nothing after it was.
    async fn end(self) -> Result<()> {
        drop(self.batches);
        self.task.await.map_err(Error::internal)?
    }
}

/// Something could not be written.
struct Ended;

/// Rows that nothing is wrong with, and what hangs on them, ready to be written.
struct Batch<E: Claim> {
    insert: Insert,
    documents: Insert,
    /// What each was made of, by its place among the drafts.
    made: Vec<(i64, usize)>,
    drafts: Arc<Vec<E::Draft>>,
}

impl<E> Batch<E>
where
    E: Claim + EntityTrait<Column: Iterable>,
{
    /// Of rows, each made of the draft whose place `made` says. Notes them as written: if they cannot be, nothing of the
    /// transaction is.
    fn make(op: &Op, models: &[E::Model], drafts: Arc<Vec<E::Draft>>, made: Vec<usize>) -> Result<Self> {
        let mut documents = Vec::new();
        for model in models {
            documents.extend(E::words(model).map(|words| search::document::<E>(model, &words)).transpose()?);
            audit::wrote::<E>(op, model, ChangeAction::Created, None);
        }
        let insert = Insert::of::<E>(&op.lane, models)?;
        let documents = Insert::of::<entity::search_document::Entity>(&op.lane, &documents)?;
        Ok(Self { insert, documents, made: models.iter().map(E::id_of).zip(made).collect(), drafts })
    }

    async fn write(self, op: Op) -> Result<()> {
        self.insert.run(&op.lane).await.map_err(taken)?;
        for (id, draft) in self.made {
            if let Some(draft) = self.drafts.get(draft) {
                E::write_links(&op, id, draft).await?;
            }
        }
        Ok(self.documents.run(&op.lane).await?)
    }
}
