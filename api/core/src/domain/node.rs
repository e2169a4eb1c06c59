//! How nodes change: they are created and edited, each edit counts their version up and leaves a revision.

use std::fmt::Debug;
use std::future::Future;

use entity::filter::Filter;
use entity::kind::Kind;
use entity::record::{Node, Upkeep};
use entity::words::{ChangeAction, Marking};
use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, SqlErr};
use serde_json::Value;

use crate::domain::list::Readable;
use crate::domain::reference::{self, Reference};
use crate::domain::search::{self, Words};
use crate::domain::write::Edit;
use crate::domain::{access, audit, marking, member, revision};
use crate::error::{Code, Error, Problems, Result};
use crate::op::Op;
use crate::policy::{self, Action};

/// A kind of node, as the domain knows it: what a draft of one says, what is checked of it, how it is stored.
pub trait Concept: Readable + Node<Model: IntoActiveModel<Self::Row>> {
    /// SeaORM's form of a row to be written.
    type Row: ActiveModelTrait<Entity = Self> + ActiveModelBehavior + Send;
    /// All that a person says of it.
    type Draft: Clone + Debug + PartialEq + Send + Sync;

    /// What every draft of a node says.
    fn header(draft: &Self::Draft) -> Header<'_>;
    /// The TLP marking that a draft asks for.
    fn marking(draft: &mut Self::Draft) -> &mut Option<Marking>;
    /// Reports what is wrong with a draft, whatever is stored.
    fn check(op: &Op, draft: &Self::Draft, problems: &mut Problems);
    /// What a draft refers to.
    fn references(draft: &Self::Draft) -> Vec<Reference>;
    /// The filter that finds the record with this slug, where the kind has one.
    fn with_slug(slug: &str) -> Option<Filter<Self>>;
    /// The filter that finds the record with this external id.
    fn with_external_id(external_id: &str) -> Filter<Self>;
    /// The row of a draft.
    fn build(draft: &Self::Draft, upkeep: Upkeep) -> Self::Model;
    /// The text by which it is found.
    fn words(model: &Self::Model) -> Words;
    /// The draft that would make this record as it is now.
    fn draft(op: &Op, model: &Self::Model) -> impl Future<Output = Result<Self::Draft>> + Send;

    /// Reports what is wrong with a draft, seeing what is stored. `id` is the record's own.
    fn verify(
        _op: &Op,
        _id: i64,
        _draft: &Self::Draft,
        _problems: &mut Problems,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Writes what stands in other tables, in place of what stood there.
    fn write_links(_op: &Op, _id: i64, _draft: &Self::Draft) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// What stands in other tables, for the revision.
    fn links(_draft: &Self::Draft) -> Value {
        Value::Null
    }
}

/// What every draft of a node says.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The dossier that it belongs to; none for a dossier.
    pub dossier: Option<i64>,
    /// Its readable name, where the kind has one.
    pub slug: Option<&'a str>,
    /// The key that its importer gave it.
    pub external_id: Option<&'a str>,
    /// The TLP marking that is asked for, if one is.
    pub marking: Option<Marking>,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq)]
pub enum Put<M> {
    /// There was none like it.
    Created(M),
    /// There was one, and it differed.
    Changed(M),
    /// There was one, and it was the same.
    Unchanged(M),
}

impl<M> Put<M> {
    /// The record.
    pub fn record(&self) -> &M {
        match self {
            Self::Created(model) | Self::Changed(model) | Self::Unchanged(model) => model,
        }
    }
}

/// Whether the actor may create a node in a dossier; or, without one, open a dossier.
fn may_create(op: &Op, dossier: Option<i64>) -> Result<()> {
    match dossier {
        Some(dossier) => policy::authorise(op, Action::EditNode, dossier),
        None => policy::may(op, Action::OpenDossier),
    }
}

pub(super) fn create<'a, E: Concept>(op: &'a Op, draft: &'a E::Draft) -> BoxFuture<'a, Result<E::Model>> {
    Box::pin(async move {
        let (id, now) = (op.id(), op.now());
        let header = E::header(draft);
        may_create(op, header.dossier)?;
        let dossier_id = header.dossier.unwrap_or(id);
        let floor = admit::<E>(op, id, dossier_id, draft).await?;
        let signed = policy::signed(op)?;
        let upkeep = Upkeep {
            id,
            dossier_id,
            version: 1,
            created_at: now,
            created_by: signed.id,
            updated_at: now,
            marking: header.marking.unwrap_or_default().max(floor),
            external_id: header.external_id.map(str::to_owned),
        };
        let model = E::build(draft, upkeep);
        let row = model.clone().into_active_model().reset_all();
        E::insert(row).exec_without_returning(&op.lane).await.map_err(|cause| hidden_namesake::<E>(cause, header))?;
        if header.dossier.is_none() {
            member::found(op, dossier_id).await?;
        }
        finish::<E>(op, &model, draft, None).await?;
        Ok(model)
    })
}

pub(super) fn edit<'a, E: Concept>(
    op: &'a Op,
    id: i64,
    version: i32,
    edit: Edit<'a, E::Draft>,
) -> BoxFuture<'a, Result<E::Model>> {
    Box::pin(async move {
        policy::may(op, Action::EditNode)?;
        let Some(current) = E::get(op, Filter::equal(E::ID, id)).await? else {
            return Err(Error::refused(Code::NotFound, "id", format!("there is no such {}", E::KIND.noun())));
        };
        let upkeep = E::upkeep(&current);
        policy::authorise(op, Action::EditNode, upkeep.dossier_id)?;
        let before = E::draft(op, &current).await?;
        let mut draft = before.clone();
        edit(&mut draft);
        if upkeep.version != version {
            return Err(stale(version, upkeep.version));
        }
        if draft == before {
            return Ok(current);
        }
        rewrite::<E>(op, upkeep, &draft).await
    })
}

async fn rewrite<E: Concept>(op: &Op, before: Upkeep, draft: &E::Draft) -> Result<E::Model> {
    let header = E::header(draft);
    let asked = header.marking.unwrap_or(before.marking);
    if asked != before.marking {
        policy::authorise(op, Action::ChangeMarking, before.dossier_id)?;
    }
    let floor = admit::<E>(op, before.id, before.dossier_id, draft).await?;
    let upkeep = Upkeep {
        version: before.version + 1,
        updated_at: op.now(),
        marking: asked.max(floor),
        external_id: header.external_id.map(str::to_owned),
        ..before
    };
    let marking = upkeep.marking;
    let model = E::build(draft, upkeep);
    let row = model.clone().into_active_model().reset_all();
    let seen = E::VERSION.eq(before.version);
    let update = E::update_many().set(row).filter(E::ID.eq(before.id)).filter(seen);
    let written = update.exec(&op.lane).await.map_err(|cause| hidden_namesake::<E>(cause, header))?;
    if written.rows_affected != 1 {
        return Err(stale(before.version, before.version + 1));
    }
    finish::<E>(op, &model, draft, Some(before.marking)).await?;
    if marking > before.marking {
        marking::raise(op, E::KIND, before.dossier_id, (before.id, before.marking), marking).await?;
    } else if marking < before.marking && E::KIND == Kind::Dossier {
        access::opened(op, before.id, before.marking, marking).await?;
    }
    Ok(model)
}

/// Creates a node, or edits the one with the same slug or external id where it differs. It may raise a marking, but never
/// lowers one: that somebody has raised it since is no reason for the file to be wrong. To be called within a transaction.
///
/// # Errors
/// As [`create`](crate::domain::write::Editable::create) and [`edit`](crate::domain::write::Editable::edit).
pub async fn put<E: Concept>(op: &Op, draft: &E::Draft) -> Result<Put<E::Model>> {
    let header = E::header(draft);
    let by_slug = header.slug.and_then(E::with_slug);
    let found = match by_slug.or_else(|| header.external_id.map(E::with_external_id)) {
        Some(filter) => E::get(op, within(header.dossier, filter)).await?,
        None => None,
    };
    let Some(current) = found else {
        return create::<E>(op, draft).await.map(Put::Created);
    };
    let upkeep = E::upkeep(&current);
    policy::authorise(op, Action::EditNode, upkeep.dossier_id)?;
    let mut draft = draft.clone();
    let marking = E::marking(&mut draft);
    *marking = (*marking).max(Some(upkeep.marking));
    if E::draft(op, &current).await? == draft {
        return Ok(Put::Unchanged(current));
    }
    rewrite::<E>(op, upkeep, &draft).await.map(Put::Changed)
}

fn within<E: Concept>(dossier: Option<i64>, filter: Filter<E>) -> Filter<E> {
    let dossier = dossier.map(|dossier| Filter::equal(E::DOSSIER, dossier));
    Filter::all(dossier.into_iter().chain([filter]))
}

/// Lets a draft in, and gives the least marking that it may have; or reports all that is wrong with it.
async fn admit<E: Concept>(op: &Op, id: i64, dossier: i64, draft: &E::Draft) -> Result<Marking> {
    let scope = policy::scope(op)?;
    let header = E::header(draft);
    let mut problems = Problems::default();
    check::<E>(op, draft, &mut problems)?;
    let floor = reference::check(op, &scope, dossier, &references::<E>(draft), &mut problems).await?;
    let keys = [
        header.slug.and_then(|slug| Some(("slug", slug, E::with_slug(slug)?))),
        header.external_id.map(|key| ("externalId", key, E::with_external_id(key))),
    ];
    for (field, key, filter) in keys.into_iter().flatten() {
        let other = E::get(op, within(header.dossier, filter)).await?;
        if other.is_some_and(|other| E::id_of(&other) != id) {
            problems.add(Code::Taken, field, namesake(E::KIND, key));
        }
    }
    E::verify(op, id, draft, &mut problems).await?;
    problems.finish().map(|()| floor)
}

/// Reports what is wrong with a draft, whatever it refers to.
pub(super) fn check<E: Concept>(op: &Op, draft: &E::Draft, problems: &mut Problems) -> Result<()> {
    let header = E::header(draft);
    if let Some(slug) = header.slug {
        check_slug(slug, problems);
    }
    problems.optional("externalId", header.external_id, 200);
    E::check(op, draft, problems);
    marking::check(op, header.marking, problems)
}

/// All that a draft refers to, its dossier included.
pub(super) fn references<E: Concept>(draft: &E::Draft) -> Vec<Reference> {
    let mut references = E::references(draft);
    references.extend(E::header(draft).dossier.map(|dossier| Reference::new("dossier", Kind::Dossier, dossier)));
    references
}

/// Writes what hangs on a node. `before` is the marking that it had, if it was there.
async fn finish<E: Concept>(op: &Op, model: &E::Model, draft: &E::Draft, before: Option<Marking>) -> Result<()> {
    let action = if before.is_some() { ChangeAction::Edited } else { ChangeAction::Created };
    audit::wrote::<E>(op, model, action, before);
    E::write_links(op, E::id_of(model), draft).await?;
    search::index::<E>(op, model, E::words(model)).await?;
    revision::leave::<E>(op, model, E::links(draft)).await
}

/// Letters a to z, digits and single hyphens: readable in an address, and the same in every script and font.
fn check_slug(slug: &str, problems: &mut Problems) {
    let fine = slug.len() <= 100
        && slug
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if !fine {
        let expected = "expected 1 to 100 letters a-z and digits, in words joined by single hyphens";
        problems.add(Code::Invalid, "slug", format!("{slug:?} is not a slug: {expected}"));
    }
}

pub(super) fn stale(seen: i32, now: i32) -> Error {
    let message = format!("version {seen} is no longer current: somebody has edited it to version {now}");
    Error::refused(Code::Conflict, "version", message)
}

fn namesake(kind: Kind, key: &str) -> String {
    format!("another {} already has {key:?}", kind.noun())
}

/// The database knows a record with this slug or external id that the actor does not: one that was written at the same time,
/// or one that they may not see. It is refused like one that they do see, so that the two cannot be told apart. (That there
/// is one cannot be hidden within a dossier: a name there belongs to one record.)
fn hidden_namesake<E: Concept>(cause: sea_orm::DbErr, header: Header<'_>) -> Error {
    let field = if is_of(&cause, "slug") { "slug" } else { "externalId" };
    let key = if field == "slug" { header.slug } else { header.external_id };
    taken(cause, E::KIND, field, key)
}

/// Whether a broken constraint is that of a column. Both drivers' words name the index or the column.
fn is_of(cause: &sea_orm::DbErr, column: &str) -> bool {
    matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(text)) if text.contains(column))
}

/// A broken unique constraint on a key is a refusal.
pub(super) fn taken(cause: sea_orm::DbErr, kind: Kind, field: &str, key: Option<&str>) -> Error {
    match (cause.sql_err(), key) {
        (Some(SqlErr::UniqueConstraintViolation(_)), Some(key)) => {
            Error::refused(Code::Taken, field, namesake(kind, key))
        }
        _ => cause.into(),
    }
}
