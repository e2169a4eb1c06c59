//! How assertions change: they are recorded once, and then only superseded by a corrected one or retracted with a reason.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::Future;

use chrono::NaiveDate;
use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::record::{Assertion, Provenance};
use entity::words::{AuditAction, ChangeAction, Likelihood, Marking};
use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter};

use crate::domain::date::PartialDate;
use crate::domain::list::Readable;
use crate::domain::node::{Put, taken};
use crate::domain::reference::{self, Reference};
use crate::domain::search::{self, Words};
use crate::domain::{audit, marking};
use crate::error::{Code, Error, Problems, Result};
use crate::op::{Changed, Op, Step};
use crate::policy::{self, Action};

/// The most characters of a text that argues: a rationale, a note, a statement.
pub const TEXT_MAX: usize = 20_000;
/// The most characters of a line: a name, a title, a locator.
pub const LINE_MAX: usize = 500;

/// A kind of assertion, as the domain knows it: what a draft of one says, what is checked of it, how it is stored.
pub trait Claim: Readable + Assertion<Model: IntoActiveModel<Self::Row>> {
    /// SeaORM's form of a row to be written.
    type Row: ActiveModelTrait<Entity = Self> + ActiveModelBehavior + Send;
    /// All that a person says of it.
    type Draft: Clone + Debug + PartialEq + Send + Sync + 'static;
    /// What the field of its date is called.
    const OCCURRED: &'static str = "occurredOn";

    /// On whose word it stands.
    fn evidence(draft: &Self::Draft) -> &Evidence;
    /// The same, to be completed.
    fn evidence_mut(draft: &mut Self::Draft) -> &mut Evidence;
    /// Reports what is wrong with a draft, whatever is stored.
    fn check(draft: &Self::Draft, today: NaiveDate, problems: &mut Problems);
    /// What a draft refers to, beside its evidence.
    fn references(draft: &Self::Draft) -> Vec<Reference>;
    /// The row of a draft.
    fn build(draft: &Self::Draft, provenance: Provenance) -> Self::Model;
    /// The text by which it is found, if it has any.
    fn words(model: &Self::Model) -> Option<Words>;
    /// The draft that would make this record.
    fn draft(op: &Op, model: &Self::Model) -> impl Future<Output = Result<Self::Draft>> + Send;

    /// The drafts that would make these records, in their order.
    fn drafts(op: &Op, models: &[Self::Model]) -> impl Future<Output = Result<Vec<Self::Draft>>> + Send {
        async move {
            let mut drafts = Vec::with_capacity(models.len());
            for model in models {
                drafts.push(Self::draft(op, model).await?);
            }
            Ok(drafts)
        }
    }

    /// Writes what stands in other tables.
    fn write_links(_op: &Op, _id: i64, _draft: &Self::Draft) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// On whose word an assertion stands, since when, and who may see it: what every draft of one says.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The dossier.
    pub dossier: i64,
    /// The key that its importer gave it.
    pub external_id: Option<String>,
    /// The document that says so.
    pub source: i64,
    /// Where in the document.
    pub locator: Option<String>,
    /// The words of the document.
    pub quote: Option<Quote>,
    /// When it happened or was said.
    pub occurred: PartialDate,
    /// Admiralty credibility of the information, 1 (confirmed) to 6 (cannot be judged).
    pub credibility: Option<i16>,
    /// How sure the recorder is of having read the source rightly.
    pub confidence: Option<Likelihood>,
    /// The TLP marking that is asked for, if one is.
    pub marking: Option<Marking>,
}

/// A W3C text-quote selector, with the offsets of a text-position selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The quoted words.
    pub exact: String,
    /// The words before them.
    pub prefix: Option<String>,
    /// The words after them.
    pub suffix: Option<String>,
    /// The offset of the first character in the source's text, counted from 0.
    pub start: Option<i32>,
    /// The offset of the first character that no longer belongs to it.
    pub end: Option<i32>,
}

impl Evidence {
    /// The evidence of a stored assertion.
    pub fn of(provenance: Provenance) -> Self {
        Self {
            dossier: provenance.dossier_id,
            external_id: provenance.external_id,
            source: provenance.source_id,
            locator: provenance.locator,
            quote: provenance.quote_exact.map(|exact| Quote {
                exact,
                prefix: provenance.quote_prefix,
                suffix: provenance.quote_suffix,
                start: provenance.quote_start,
                end: provenance.quote_end,
            }),
            occurred: PartialDate::new(provenance.occurred_on, provenance.occurred_precision),
            credibility: provenance.credibility,
            confidence: provenance.confidence,
            marking: Some(provenance.marking),
        }
    }

    /// The columns of a new row. `floor` is the least marking that it may have.
    pub(super) fn provenance(&self, op: &Op, supersedes_id: Option<i64>, floor: Marking) -> Result<Provenance> {
        let Self { dossier, external_id, source, locator, quote, occurred, credibility, confidence, marking } =
            self.clone();
        let (quote_start, quote_end) = quote.as_ref().map_or((None, None), |quote| (quote.start, quote.end));
        let (quote_exact, quote_prefix, quote_suffix) =
            quote.map_or((None, None, None), |quote| (Some(quote.exact), quote.prefix, quote.suffix));
        Ok(Provenance {
            id: op.id(),
            dossier_id: dossier,
            external_id,
            source_id: source,
            locator,
            quote_exact,
            quote_prefix,
            quote_suffix,
            quote_start,
            quote_end,
            occurred_on: occurred.first,
            occurred_precision: occurred.precision,
            credibility,
            confidence,
            marking: marking.unwrap_or_default().max(floor),
            recorded_at: op.now(),
            recorded_by: policy::signed(op)?.id,
            supersedes_id,
            superseded_at: None,
            retracted_at: None,
            retracted_by: None,
            retraction_reason: None,
        })
    }

    fn check(&self, occurred: &str, today: NaiveDate, problems: &mut Problems) {
        problems.optional("externalId", self.external_id.as_deref(), 200);
        problems.optional("locator", self.locator.as_deref(), LINE_MAX);
        problems.within("credibility", self.credibility, 1, 6);
        self.occurred.check(occurred, today, problems);
        if let Some(quote) = &self.quote {
            problems.required("quote.exact", &quote.exact, TEXT_MAX);
            problems.optional("quote.prefix", quote.prefix.as_deref(), LINE_MAX);
            problems.optional("quote.suffix", quote.suffix.as_deref(), LINE_MAX);
            let ordered = match (quote.start, quote.end) {
                (None, None) => true,
                (Some(start), Some(end)) => 0 <= start && start < end,
                _ => false,
            };
            if !ordered {
                problems.add(Code::Invalid, "quote", "start and end come together, with 0 <= start < end");
            }
        }
    }
}

/// Whether the actor may record anything anywhere.
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] if not.
pub fn may_write(op: &Op) -> Result<()> {
    policy::may(op, Action::Assert)
}

pub(super) fn record<'a, E: Claim>(op: &'a Op, draft: &'a E::Draft) -> BoxFuture<'a, Result<E::Model>> {
    Box::pin(async move {
        policy::authorise(op, Action::Assert, E::evidence(draft).dossier)?;
        let external_id = E::evidence(draft).external_id.as_deref();
        if let Some(key) = external_id
            && current::<E>(op, E::evidence(draft).dossier, key).await?.is_some()
        {
            let message = format!("another {} already has {key:?}", E::KIND.noun());
            return Err(Error::refused(Code::Taken, "externalId", message));
        }
        write::<E>(op, draft, None).await
    })
}

pub(super) fn supersede<'a, E: Claim>(op: &'a Op, id: i64, draft: &'a E::Draft) -> BoxFuture<'a, Result<E::Model>> {
    Box::pin(async move {
        policy::may(op, Action::Assert)?;
        let old = open::<E>(op, id).await?;
        policy::authorise(op, Action::Assert, old.dossier_id)?;
        let mut draft = draft.clone();
        let evidence = E::evidence_mut(&mut draft);
        if *evidence.marking.get_or_insert(old.marking) != old.marking {
            policy::authorise(op, Action::ChangeMarking, old.dossier_id)?;
        }
        let evidence = E::evidence(&draft);
        if old.dossier_id != evidence.dossier {
            let message = "the correction belongs to another dossier than what it corrects";
            return Err(Error::refused(Code::OtherDossier, "dossier", message));
        }
        // The update decides between two writers: only one of them still finds the assertion open.
        let now = sea_orm::sea_query::Expr::val(op.now());
        let closed = still_open::<E>(id).col_expr(E::SUPERSEDED_AT, now).exec(&op.lane).await?;
        if closed.rows_affected != 1 {
            return Err(closed_meanwhile::<E>(op, id).await);
        }
        // Only now, so that whoever came too late is told so, and not that the key of the correction is taken.
        if let Some(key) = &evidence.external_id
            && current::<E>(op, evidence.dossier, key).await?.is_some()
        {
            let message = format!("another {} already has {key:?}", E::KIND.noun());
            return Err(Error::refused(Code::Taken, "externalId", message));
        }
        search::forget(op, id).await?;
        let corrected = write::<E>(op, &draft, Some(id)).await?;
        let marking = E::provenance(&corrected).marking;
        let step =
            Step { action: AuditAction::Write, dossier: Some(old.dossier_id), marking: marking.max(old.marking) };
        op.note(step, E::KIND, id);
        op.changed(Changed {
            kind: E::KIND,
            id,
            dossier: old.dossier_id,
            action: ChangeAction::Superseded,
            marking: old.marking,
            before: None,
        });
        if marking > old.marking {
            // What is corrected to be secret was secret all along.
            marking::raise(op, E::KIND, old.dossier_id, (id, old.marking), marking).await?;
        }
        Ok(corrected)
    })
}

pub(super) fn retract<'a, E: Claim>(op: &'a Op, id: i64, reason: &'a str) -> BoxFuture<'a, Result<E::Model>> {
    Box::pin(async move {
        use sea_orm::sea_query::Expr;
        policy::may(op, Action::RetractOwn)?;
        let mut problems = Problems::default();
        problems.required("reason", reason, TEXT_MAX);
        problems.finish()?;
        let old = open::<E>(op, id).await?;
        let own = old.recorded_by == policy::signed(op)?.id;
        policy::authorise(op, if own { Action::RetractOwn } else { Action::RetractOthers }, old.dossier_id)?;
        let closed = still_open::<E>(id)
            .col_expr(E::RETRACTED_AT, Expr::val(op.now()))
            .col_expr(E::RETRACTED_BY, Expr::val(policy::signed(op)?.id))
            .col_expr(E::RETRACTION_REASON, Expr::val(reason))
            .exec(&op.lane)
            .await?;
        if closed.rows_affected != 1 {
            return Err(closed_meanwhile::<E>(op, id).await);
        }
        search::forget(op, id).await?;
        let retracted = E::get(op, Filter::equal(E::ID, id)).await?;
        let retracted = retracted.ok_or_else(|| Error::internal("a retracted assertion is gone"))?;
        audit::wrote::<E>(op, &retracted, ChangeAction::Retracted, None);
        Ok(retracted)
    })
}

/// Records an assertion, or supersedes the one with the same external id where it differs. One that somebody has retracted
/// stays retracted; a marking is raised, but never lowered. To be called within a transaction.
///
/// # Errors
/// As [`record`](crate::domain::write::Assertable::record) and [`supersede`](crate::domain::write::Assertable::supersede).
pub async fn put<E: Claim>(op: &Op, draft: &E::Draft) -> Result<Put<E::Model>> {
    let evidence = E::evidence(draft);
    policy::authorise(op, Action::Assert, evidence.dossier)?;
    let found = match &evidence.external_id {
        Some(key) => current::<E>(op, evidence.dossier, key).await?,
        None => None,
    };
    let Some(current) = found else {
        return write::<E>(op, draft, None).await.map(Put::Created);
    };
    let stored = E::provenance(&current);
    let mut draft = draft.clone();
    let evidence = E::evidence_mut(&mut draft);
    evidence.marking = evidence.marking.max(Some(stored.marking));
    if stored.retracted_at.is_some() || E::draft(op, &current).await? == draft {
        return Ok(Put::Unchanged(current));
    }
    supersede::<E>(op, stored.id, &draft).await.map(Put::Changed)
}

/// As [`put`], of a draft that corrects the assertion with another external id. Where its own is known, it has been let in
/// before; what somebody has retracted stays retracted.
///
/// # Errors
/// As [`put`], and if there is nothing that it could correct.
pub async fn put_correction<E: Claim>(op: &Op, draft: &E::Draft, corrected: &str) -> Result<Put<E::Model>> {
    let evidence = E::evidence(draft);
    policy::authorise(op, Action::Assert, evidence.dossier)?;
    let own = match &evidence.external_id {
        Some(key) => current::<E>(op, evidence.dossier, key).await?,
        None => None,
    };
    if own.is_some() {
        return put::<E>(op, draft).await;
    }
    let current = named::<E>(op, evidence.dossier, "supersedes", corrected).await?;
    let old = E::provenance(&current);
    if old.retracted_at.is_some() {
        return Ok(Put::Unchanged(current));
    }
    let mut draft = draft.clone();
    let evidence = E::evidence_mut(&mut draft);
    evidence.marking = evidence.marking.max(Some(old.marking));
    supersede::<E>(op, old.id, &draft).await.map(Put::Changed)
}

/// Retracts the assertion with an external id. False if it was retracted before.
///
/// # Errors
/// As [`retract`](crate::domain::write::Assertable::retract), and if there is no such assertion.
pub async fn put_retraction<E: Claim>(op: &Op, dossier: i64, external_id: &str, reason: &str) -> Result<bool> {
    policy::may(op, Action::RetractOwn)?;
    let old = E::provenance(&named::<E>(op, dossier, "externalId", external_id).await?);
    if old.retracted_at.is_some() {
        return Ok(false);
    }
    retract::<E>(op, old.id, reason).await.map(|_| true)
}

/// The assertion that a field names by its external id; where it was corrected by one with another id, the correction.
async fn named<E: Claim>(op: &Op, dossier: i64, field: &str, external_id: &str) -> Result<E::Model> {
    let absent = || {
        let message = format!("there is no {} {external_id:?} in this dossier", E::KIND.noun());
        Error::refused(Code::NotFound, field, message)
    };
    if let Some(current) = current::<E>(op, dossier, external_id).await? {
        return Ok(current);
    }
    let filter = Filter::all([Filter::equal(E::DOSSIER, dossier), Filter::equal(E::EXTERNAL_ID, external_id)]);
    let mut version = E::get(op, filter).await?.ok_or_else(absent)?;
    while E::provenance(&version).superseded_at.is_some() {
        version = E::get(op, Filter::equal(E::SUPERSEDES, E::id_of(&version))).await?.ok_or_else(absent)?;
    }
    Ok(version)
}

/// The newest assertion with this external id, retracted or not.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor.
pub async fn current<E: Claim>(op: &Op, dossier: i64, external_id: &str) -> Result<Option<E::Model>> {
    let filter = Filter::all([
        Filter::equal(E::DOSSIER, dossier),
        Filter::equal(E::EXTERNAL_ID, external_id),
        Filter::column(E::SUPERSEDED_AT, entity::filter::Test::<i64> { is_null: Some(true), ..Default::default() }),
    ]);
    E::get(op, filter).await
}

/// An assertion that is neither superseded nor retracted.
async fn open<E: Claim>(op: &Op, id: i64) -> Result<Provenance> {
    let Some(model) = E::get(op, Filter::equal(E::ID, id)).await? else {
        return Err(Error::refused(Code::NotFound, "id", format!("there is no such {}", E::KIND.noun())));
    };
    let provenance = E::provenance(&model);
    if provenance.superseded_at.is_some() {
        return Err(closed_already(Code::AlreadySuperseded));
    }
    if provenance.retracted_at.is_some() {
        return Err(closed_already(Code::AlreadyRetracted));
    }
    Ok(provenance)
}

/// Why an assertion that was open a moment ago is not any more: somebody else was first.
async fn closed_meanwhile<E: Claim>(op: &Op, id: i64) -> Error {
    open::<E>(op, id).await.err().unwrap_or_else(|| closed_already(Code::AlreadySuperseded))
}

fn closed_already(code: Code) -> Error {
    let message = match code {
        Code::AlreadyRetracted => "this assertion has been retracted",
        _ => "this assertion has already been superseded: correct the one that replaced it",
    };
    Error::refused(code, "id", message)
}

fn still_open<E: Claim>(id: i64) -> sea_orm::UpdateMany<E> {
    E::update_many().filter(E::ID.eq(id)).filter(E::SUPERSEDED_AT.is_null()).filter(E::RETRACTED_AT.is_null())
}

/// Reports what is wrong with a draft, whatever it refers to.
pub(super) fn check<E: Claim>(op: &Op, draft: &E::Draft, problems: &mut Problems) -> Result<()> {
    let (evidence, today) = (E::evidence(draft), op.today());
    evidence.check(E::OCCURRED, today, problems);
    E::check(draft, today, problems);
    marking::check(op, evidence.marking, problems)
}

async fn write<E: Claim>(op: &Op, draft: &E::Draft, supersedes: Option<i64>) -> Result<E::Model> {
    let evidence = E::evidence(draft);
    let mut problems = Problems::default();
    check::<E>(op, draft, &mut problems)?;
    let mut references = E::references(draft);
    references.push(Reference::new("dossier", Kind::Dossier, evidence.dossier));
    references.push(Reference::new("source", Kind::Source, evidence.source));
    let floor = reference::check(op, &policy::scope(op)?, evidence.dossier, &references, &mut problems).await?;
    if let Some(quote) = &evidence.quote {
        let text = super::source::text(op, evidence.source).await?;
        check_quote(text.as_deref(), quote, &mut problems);
    }
    problems.finish()?;
    let model = E::build(draft, evidence.provenance(op, supersedes, floor)?);
    let row = model.clone().into_active_model().reset_all();
    let external_id = evidence.external_id.as_deref();
    let taken = |cause| taken(cause, E::KIND, "externalId", external_id);
    E::insert(row).exec_without_returning(&op.lane).await.map_err(taken)?;
    audit::wrote::<E>(op, &model, ChangeAction::Created, None);
    E::write_links(op, E::id_of(&model), draft).await?;
    if let Some(words) = E::words(&model) {
        search::index::<E>(op, &model, words).await?;
    }
    Ok(model)
}

pub(super) fn successors<'a, E: Assertion>(
    op: &'a Op,
    ids: &'a [i64],
    recorded: Option<Moment>,
) -> BoxFuture<'a, Result<HashMap<i64, E::Model>>> {
    Box::pin(async move {
        let scope = policy::scope(op)?;
        let mut rows = E::scoped(&scope).filter(E::SUPERSEDES.is_in(ids.iter().copied())).all(&op.lane).await?;
        audit::read::<E>(op, &rows);
        if let Some(at) = recorded {
            rows.iter_mut().for_each(|row| E::recall(row, at));
        }
        let replaced = |row: E::Model| E::provenance(&row).supersedes_id.map(|id| (id, row));
        Ok(rows.into_iter().filter_map(replaced).collect())
    })
}

/// A quote must stand in the source's text, where that is stored.
pub(super) fn check_quote(text: Option<&str>, quote: &Quote, problems: &mut Problems) {
    let Some(text) = text else { return };
    let bounds = quote
        .start
        .zip(quote.end)
        .and_then(|(start, end)| Some((usize::try_from(start).ok()?, usize::try_from(end).ok()?)));
    let stands = match bounds {
        Some((start, end)) => text.chars().skip(start).take(end.saturating_sub(start)).eq(quote.exact.chars()),
        None => text.contains(&quote.exact),
    };
    if !stands {
        problems.add(Code::Invalid, "quote.exact", "these words do not stand there in the source's text");
    }
}

/// A row: the columns that every assertion has, from its provenance, and its own.
macro_rules! row {
    ($model:ident, $provenance:expr, $on:ident, $precision:ident, { $($own:tt)* }) => {{
        let entity::record::Provenance {
            id,
            dossier_id,
            external_id,
            source_id,
            locator,
            quote_exact,
            quote_prefix,
            quote_suffix,
            quote_start,
            quote_end,
            occurred_on,
            occurred_precision,
            credibility,
            confidence,
            marking,
            recorded_at,
            recorded_by,
            supersedes_id,
            superseded_at,
            retracted_at,
            retracted_by,
            retraction_reason,
        } = $provenance;
        $model {
            id,
            dossier_id,
            external_id,
            source_id,
            locator,
            quote_exact,
            quote_prefix,
            quote_suffix,
            quote_start,
            quote_end,
            $on: occurred_on,
            $precision: occurred_precision,
            credibility,
            confidence,
            marking,
            recorded_at,
            recorded_by,
            supersedes_id,
            superseded_at,
            retracted_at,
            retracted_by,
            retraction_reason,
            $($own)*
        }
    }};
}

pub(crate) use row;
