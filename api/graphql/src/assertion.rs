//! What every assertion has in GraphQL: the interface `Assertion`, the fields of its evidence, and how it is taken back.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::{Context, ID, InputObject, Interface, Object, SimpleObject, TypeName};
use entity::kind::Kind;
use entity::record::{AsOf, Assertion as Asserted, Provenance};

use crate::dossier::Dossier;
use crate::error::{ReadIds, Result, UserError, Written};
use crate::event::Event;
use crate::filter::{IdComparison, OrderedComparison, StringComparison};
use crate::finding::Finding;
use crate::implication::Implication;
use crate::later::Later;
use crate::list::Listed;
use crate::loader;
use crate::many::Many;
use crate::mutation;
use crate::node::Account;
use crate::position::Position;
use crate::rating::Rating;
use crate::relation::Relation;
use crate::scalar::{Date, DateTime};
use crate::seen::Seen;
use crate::source::Source;
use crate::status::Status;
use crate::word::{DatePrecision, Likelihood, Marking};
use demarche_core::domain::assertion::{self as claim, Evidence};
use demarche_core::domain::date::PartialDate;
use demarche_core::domain::write::Assertable;
use demarche_core::domain::{Action, readable};
use demarche_core::error::{Code, Problems};
use demarche_core::id;

/// What one source says. It is written once and never changed: only superseded by a corrected one, or retracted with a reason.
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "two fields of the same type are no mistake")]
#[graphql(
    field(name = "id", ty = "ID", desc = "The id: unique over all kinds, stable for ever, opaque."),
    field(name = "dossier", ty = "Later<Dossier>", desc = "The dossier that it belongs to."),
    field(
        name = "external_id",
        ty = "Option<&str>",
        desc = "The key that its importer gave it, unique among the current assertions of its kind in the dossier."
    ),
    field(
        name = "source",
        ty = "Later<Source>",
        desc = "The document that says so. One assertion has one source: a second source that says the same is a second assertion."
    ),
    field(name = "locator", ty = "Option<&str>", desc = "Where in the source: section, paragraph, page."),
    field(name = "quote", ty = "Option<Quote>", desc = "The source's own words."),
    field(name = "occurred_on", ty = "Date", desc = "When it happened or was said: the first day of what is known."),
    field(name = "occurred_on_precision", ty = "DatePrecision", desc = "How much of `occurredOn` is known."),
    field(
        name = "credibility",
        ty = "Option<i32>",
        desc = "Admiralty credibility of the *information*, apart from the reliability of its source: 1 confirmed, 2 probably true, 3 possibly true, 4 doubtful, 5 improbable, 6 cannot be judged."
    ),
    field(
        name = "confidence",
        ty = "Option<Likelihood>",
        desc = "How sure the recorder is of having read the source rightly (ICD 203 band), apart from both."
    ),
    field(name = "marking", ty = "Marking", desc = "How far it may travel (TLP 2.0)."),
    field(name = "recorded_at", ty = "DateTime", desc = "When it was recorded."),
    field(name = "recorded_by", ty = "Option<Account>", desc = "Who recorded it."),
    field(
        name = "superseded_at",
        ty = "Option<DateTime>",
        desc = "When a corrected assertion replaced it; null while it stands."
    ),
    field(
        name = "retraction",
        ty = "Option<Retraction>",
        desc = "When, by whom and why it was taken back; null while it stands."
    )
)]
pub enum Assertion {
    /// A position.
    Position(Position),
    /// A relation.
    Relation(Relation),
    /// A status.
    Status(Status),
    /// A finding.
    Finding(Finding),
    /// An event.
    Event(Event),
    /// An implication.
    Implication(Implication),
    /// A rating.
    Rating(Rating),
}

/// The source's own words, anchored in its text: a text-quote selector of the W3C Web Annotation Data Model.
#[derive(Clone, Debug, SimpleObject)]
pub struct Quote {
    /// The quoted words.
    exact: String,
    /// The words before them.
    prefix: Option<String>,
    /// The words after them.
    suffix: Option<String>,
    /// The offset of the first quoted character in the source's text, in Unicode characters from 0.
    start: Option<i32>,
    /// The offset after the last quoted character.
    end: Option<i32>,
}

/// When, by whom and why an assertion was taken back.
#[derive(Clone, Debug, SimpleObject)]
pub struct Retraction {
    /// When.
    at: DateTime,
    /// By whom.
    by: Option<Account>,
    /// Why.
    reason: String,
}

/// The fields that every assertion has. Behind pointers, as [`NodeFields`](crate::node::NodeFields).
pub struct AssertionFields {
    kind: &'static Kind,
    provenance: Box<Provenance>,
    at: Option<AsOf>,
}

impl AssertionFields {
    /// The fields of an assertion.
    pub fn of<E: Asserted>(model: &Seen<E::Model>) -> Self {
        Self { kind: &E::KIND, provenance: Box::new(E::provenance(model)), at: model.at() }
    }

    /// What it replaced, and what replaced it.
    pub const fn lineage<E>(&self) -> Lineage<E> {
        Lineage {
            id: self.provenance.id,
            supersedes: self.provenance.supersedes_id,
            superseded: self.provenance.superseded_at.is_some(),
            at: self.at,
            entity: PhantomData,
        }
    }
}

/// The fields that every assertion has.
#[Object]
impl AssertionFields {
    /// The id: unique over all kinds, stable for ever, opaque. Its first letters tell the kind.
    pub async fn id(&self) -> ID {
        ID(id::encode(*self.kind, self.provenance.id))
    }

    /// The dossier that it belongs to.
    pub async fn dossier(&self, ctx: &Context<'_>) -> Result<Later<Dossier>> {
        let found = loader::require::<entity::dossier::Entity>(ctx, self.provenance.dossier_id, self.at).await?;
        Ok(Later(found.into()))
    }

    /// The key that its importer gave it, unique among the current assertions of its kind in the dossier.
    pub async fn external_id(&self) -> Option<&str> {
        self.provenance.external_id.as_deref()
    }

    /// The document that says so. One assertion has one source: a second source that says the same is a second assertion.
    pub async fn source(&self, ctx: &Context<'_>) -> Result<Later<Source>> {
        let found = loader::require::<entity::source::Entity>(ctx, self.provenance.source_id, self.at).await?;
        Ok(Later(found.into()))
    }

    /// Where in the source: section, paragraph, page.
    pub async fn locator(&self) -> Option<&str> {
        self.provenance.locator.as_deref()
    }

    /// The source's own words.
    pub async fn quote(&self) -> Option<Quote> {
        let provenance = &self.provenance;
        provenance.quote_exact.clone().map(|exact| Quote {
            exact,
            prefix: provenance.quote_prefix.clone(),
            suffix: provenance.quote_suffix.clone(),
            start: provenance.quote_start,
            end: provenance.quote_end,
        })
    }

    /// When it happened or was said: the first day of what is known.
    pub async fn occurred_on(&self) -> Date {
        Date(self.provenance.occurred_on)
    }

    /// How much of `occurredOn` is known.
    pub async fn occurred_on_precision(&self) -> DatePrecision {
        self.provenance.occurred_precision.into()
    }

    /// Admiralty credibility of the *information*, apart from the reliability of its source: 1 confirmed, 2 probably true,
    /// 3 possibly true, 4 doubtful, 5 improbable, 6 cannot be judged.
    pub async fn credibility(&self) -> Option<i32> {
        self.provenance.credibility.map(i32::from)
    }

    /// How sure the recorder is of having read the source rightly (ICD 203 band), apart from both.
    pub async fn confidence(&self) -> Option<Likelihood> {
        self.provenance.confidence.map(Likelihood::from)
    }

    /// How far it may travel (TLP 2.0).
    pub async fn marking(&self) -> Marking {
        self.provenance.marking.into()
    }

    /// When it was recorded.
    pub async fn recorded_at(&self) -> DateTime {
        self.provenance.recorded_at.into()
    }

    /// Who recorded it.
    pub async fn recorded_by(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        Account::load(ctx, self.provenance.recorded_by).await
    }

    /// When a corrected assertion replaced it; null while it stands.
    pub async fn superseded_at(&self) -> Option<DateTime> {
        self.provenance.superseded_at.map(Into::into)
    }

    /// When, by whom and why it was taken back; null while it stands.
    pub async fn retraction(&self, ctx: &Context<'_>) -> Result<Option<Retraction>> {
        let Provenance { retracted_at, retracted_by, retraction_reason, .. } = &*self.provenance;
        let (Some(at), Some(by)) = (retracted_at, retracted_by) else { return Ok(None) };
        let by = Account::load(ctx, *by).await?;
        Ok(Some(Retraction { at: (*at).into(), by, reason: retraction_reason.clone().unwrap_or_default() }))
    }
}

/// What an assertion replaced, and what replaced it.
pub struct Lineage<E> {
    id: i64,
    supersedes: Option<i64>,
    superseded: bool,
    at: Option<AsOf>,
    entity: PhantomData<fn() -> E>,
}

impl<E: Asserted> TypeName for Lineage<E> {
    fn type_name() -> Cow<'static, str> {
        format!("LineageOf_{}", E::KIND.prefix()).into()
    }
}

/// What an assertion replaced, and what replaced it.
#[Object(name_type)]
impl<E: Assertable + Listed> Lineage<E> {
    /// The assertion that this one corrected; null if it corrected none.
    async fn supersedes(&self, ctx: &Context<'_>) -> Result<Option<E::Node>> {
        let Some(id) = self.supersedes else { return Ok(None) };
        Ok(loader::load::<E>(ctx, id, self.at).await?.map(E::Node::from))
    }

    /// The assertion that corrected this one; null while it stands.
    async fn superseded_by(&self, ctx: &Context<'_>) -> Result<Option<E::Node>> {
        if !self.superseded {
            return Ok(None);
        }
        Ok(loader::successor::<E>(ctx, self.id, self.at).await?.map(E::Node::from))
    }
}

/// Tests on what every assertion has.
#[derive(Clone, Debug, InputObject)]
pub struct AssertionFilter {
    /// The id.
    pub id: Option<IdComparison>,
    /// The dossier.
    pub dossier: Option<Box<super::dossier::DossierFilter>>,
    /// The key that its importer gave it.
    pub external_id: Option<StringComparison>,
    /// The source.
    pub source: Option<Box<super::source::SourceFilter>>,
    /// Where in the source.
    pub locator: Option<StringComparison>,
    /// The quoted words.
    pub quote: Option<StringComparison>,
    /// When it happened or was said, by the first day of what is known.
    pub occurred_on: Option<OrderedComparison<Date>>,
    /// Admiralty credibility, 1 to 6: less is more credible.
    pub credibility: Option<OrderedComparison<i32>>,
    /// How sure the recorder is.
    pub confidence: Option<OrderedComparison<Likelihood>>,
    /// How far it may travel.
    pub marking: Option<OrderedComparison<Marking>>,
    /// When it was recorded.
    pub recorded_at: Option<OrderedComparison<DateTime>>,
}

/// Adds the tests of an [`AssertionFilter`] to the terms of a concept's filter.
macro_rules! assertion_terms {
    ($terms:ident, $column:ident, $kind:expr, $assertion:expr) => {{
        let $crate::assertion::AssertionFilter {
            id,
            dossier,
            external_id,
            source,
            locator,
            quote,
            occurred_on,
            credibility,
            confidence,
            marking,
            recorded_at,
        } = $assertion;
        $terms.id($column::Id, $kind, id)?;
        $terms.through($column::DossierId, dossier.map(|dossier| *dossier))?;
        $terms.test::<_, String>($column::ExternalId, external_id);
        $terms.through($column::SourceId, source.map(|source| *source))?;
        $terms.test::<_, String>($column::Locator, locator);
        $terms.test::<_, String>($column::QuoteExact, quote);
        $terms.date(<Entity as entity::record::Assertion>::OCCURRED_ON, occurred_on);
        $terms.number($column::Credibility, credibility);
        $terms.word::<entity::words::Likelihood, _>($column::Confidence, confidence);
        $terms.word::<entity::words::Marking, _>($column::Marking, marking);
        $terms.moment($column::RecordedAt, recorded_at);
    }};
}

pub(crate) use assertion_terms;

/// The source's own words, as a text-quote selector of the W3C Web Annotation Data Model.
#[derive(Clone, Debug, InputObject)]
pub struct QuoteInput {
    /// The quoted words; where the source's text is stored, they must stand in it.
    exact: String,
    /// The words before them.
    prefix: Option<String>,
    /// The words after them.
    suffix: Option<String>,
    /// The offset of the first quoted character in the source's text, in Unicode characters from 0. Comes with `end`.
    start: Option<i32>,
    /// The offset after the last quoted character. Comes with `start`.
    end: Option<i32>,
}

/// On whose word an assertion stands.
#[derive(Clone, Debug, InputObject)]
pub struct EvidenceInput {
    /// The dossier that it belongs to.
    dossier: ID,
    /// The key that its importer gives it, unique among the current assertions of its kind in the dossier.
    external_id: Option<String>,
    /// The document that says so.
    source: ID,
    /// Where in the source: section, paragraph, page.
    locator: Option<String>,
    /// The source's own words.
    quote: Option<QuoteInput>,
    /// Admiralty credibility of the information: 1 confirmed to 6 cannot be judged.
    credibility: Option<i32>,
    /// How sure you are of having read the source rightly (ICD 203 band).
    confidence: Option<Likelihood>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl EvidenceInput {
    /// The evidence that was written, for something that happened or was said on a date.
    pub fn read(self, on: Date, precision: DatePrecision, problems: &mut Problems) -> Evidence {
        let Self { dossier, external_id, source, locator, quote, credibility, confidence, marking } = self;
        Evidence {
            dossier: problems.key("dossier", Kind::Dossier, &dossier),
            external_id,
            source: problems.key("source", Kind::Source, &source),
            locator,
            quote: quote.map(|QuoteInput { exact, prefix, suffix, start, end }| claim::Quote {
                exact,
                prefix,
                suffix,
                start,
                end,
            }),
            occurred: PartialDate::new(on.0, precision.into()),
            credibility: credibility.map(|grade| small("credibility", grade, problems)),
            confidence: confidence.map(Into::into),
            marking: marking.map(Into::into),
        }
    }
}

/// A small number, or a refusal of one that is far too large; its own range is checked by the domain.
pub fn small(field: &str, number: i32, problems: &mut Problems) -> i16 {
    i16::try_from(number).unwrap_or_else(|_| {
        problems.add(Code::Invalid, field, format!("is {number}, which is out of range"));
        0
    })
}

/// To take an assertion back.
#[derive(Clone, Debug, InputObject)]
pub struct RetractInput {
    /// The assertion.
    id: ID,
    /// Why: it stays on record with the assertion.
    reason: String,
}

/// To change how far an assertion may travel.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeMarkingInput {
    /// The assertion.
    id: ID,
    /// How far it may travel from now on: no further than what it refers to.
    marking: Marking,
}

/// What came of changing a marking.
#[derive(SimpleObject)]
pub struct ChangeMarkingPayload {
    /// The assertion, with its new marking.
    assertion: Option<Assertion>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// What came of taking an assertion back.
#[derive(SimpleObject)]
pub struct RetractPayload {
    /// The assertion, now retracted.
    assertion: Option<Assertion>,
    /// What is wrong with the input; empty if it was done.
    errors: Many<UserError>,
}

/// Runs one mutation on an assertion, whatever its kind, and gives the assertion and what is wrong.
macro_rules! each_kind {
    ($kind:expr, mutation::$run:ident($($argument:expr),*)) => {{
        macro_rules! run {
            ($concept:ident, $object:ident) => {{
                let written = mutation::$run::<entity::$concept::Entity>($($argument),*).await?;
                let object = |model: entity::$concept::Model| Assertion::$object(Seen::from(model).into());
                (written.record.map(object), written.errors)
            }};
        }
        match $kind {
            AssertionKind::Position => run!(position, Position),
            AssertionKind::Relation => run!(relation, Relation),
            AssertionKind::Status => run!(status, Status),
            AssertionKind::Finding => run!(finding, Finding),
            AssertionKind::Event => run!(event, Event),
            AssertionKind::Implication => run!(implication, Implication),
            AssertionKind::Rating => run!(rating, Rating),
        }
    }};
}

/// The kinds of assertion.
enum AssertionKind {
    Position,
    Relation,
    Status,
    Finding,
    Event,
    Implication,
    Rating,
}

/// The kind and the key of the assertion that an id stands for; otherwise reports what is wrong with it.
fn assertion_key(id: &ID, problems: &mut Problems) -> Option<(AssertionKind, i64)> {
    let (kind, key) = match id::decode(id) {
        Ok(decoded) => decoded,
        Err(message) => {
            problems.add(Code::Invalid, "id", message);
            return None;
        }
    };
    let kind = match kind {
        Kind::Position => AssertionKind::Position,
        Kind::Relation => AssertionKind::Relation,
        Kind::Status => AssertionKind::Status,
        Kind::Finding => AssertionKind::Finding,
        Kind::Event => AssertionKind::Event,
        Kind::Implication => AssertionKind::Implication,
        Kind::Rating => AssertionKind::Rating,
        Kind::Dossier
        | Kind::Stakeholder
        | Kind::Mechanism
        | Kind::Condition
        | Kind::Argument
        | Kind::Source
        | Kind::Revision
        | Kind::Account
        | Kind::Session
        | Kind::AccessToken
        | Kind::AuditEntry => {
            problems.add(
                Code::Invalid,
                "id",
                format!("is the id of a {}, expected the id of an assertion", kind.noun()),
            );
            return None;
        }
    };
    Some((kind, key))
}

/// Mutations on assertions of every kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssertionMutation;

/// Mutations on assertions of every kind.
#[Object]
impl AssertionMutation {
    /// Takes an assertion back, with a reason. It stays on record, and what was believed before stays answerable, but it no
    /// longer counts.
    async fn retract(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which assertion, and why.")] input: RetractInput,
    ) -> Result<RetractPayload> {
        let mut problems = Problems::default();
        let Some((kind, key)) = assertion_key(&input.id, &mut problems) else {
            let errors = Written::<()>::new(readable(loader::op(ctx)?, Action::RetractOwn, problems))?.errors;
            return Ok(RetractPayload { assertion: None, errors });
        };
        let (assertion, errors) = each_kind!(kind, mutation::retract(ctx, key, &input.reason));
        Ok(RetractPayload { assertion, errors })
    }

    /// Changes how far an assertion may travel, without a word of what it says. Raising it raises all that refers to it as well,
    /// and the assertions that it superseded. For those who own the dossier. (The marking of an edited record is changed
    /// by its `update…`.)
    async fn change_marking(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which assertion, and how far it may travel.")] input: ChangeMarkingInput,
    ) -> Result<ChangeMarkingPayload> {
        let mut problems = Problems::default();
        let Some((kind, key)) = assertion_key(&input.id, &mut problems) else {
            let errors = Written::<()>::new(readable(loader::op(ctx)?, Action::ChangeMarking, problems))?.errors;
            return Ok(ChangeMarkingPayload { assertion: None, errors });
        };
        let (assertion, errors) = each_kind!(kind, mutation::mark(ctx, key, input.marking.into()));
        Ok(ChangeMarkingPayload { assertion, errors })
    }
}
