//! The two kinds of record, and what each can be asked.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{Condition, EntityTrait, FromQueryResult, ModelTrait, QueryFilter, QueryTrait, Select};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::kind::Kind;
use crate::moment::Moment;
use crate::past;
use crate::scope::Scope;
use crate::words::{DatePrecision, Likelihood, Marking};

/// The two clocks of a question: the world's time and ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsOf {
    /// What held in the world at the end of this day.
    pub valid: NaiveDate,
    /// What was on record at this moment; now if left out.
    pub recorded: Option<Moment>,
}

/// What a model can do.
pub trait Stored<E: EntityTrait>:
    ModelTrait<Entity = E> + FromQueryResult + Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
}

impl<E, M> Stored<E> for M
where
    E: EntityTrait,
    M: ModelTrait<Entity = E> + FromQueryResult + Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
}

/// Anything that has an id of its own and belongs to a dossier.
pub trait Record: EntityTrait<Model: Stored<Self>> {
    /// The kind of its keys.
    const KIND: Kind;
    /// The key.
    const ID: Self::Column;
    /// The dossier that it belongs to; of a dossier, itself.
    const DOSSIER: Self::Column;
    /// Its TLP marking.
    const MARKING: Self::Column;

    /// The key of a record.
    fn id_of(model: &Self::Model) -> i64;

    /// The dossier of a record.
    fn dossier_of(model: &Self::Model) -> i64;

    /// The marking of a record.
    fn marking_of(model: &Self::Model) -> Marking;

    /// What was on record at a time, as far as a condition can say.
    fn at(as_of: AsOf) -> Condition;

    /// Takes out of a record what was only recorded after `at`, as far as the record itself can say.
    fn recall(_model: &mut Self::Model, _at: Moment) {}

    /// The only way to begin a select: what may not be seen cannot be found, counted or exported.
    fn scoped(scope: &Scope) -> Select<Self> {
        Self::find().filter(scope.condition::<Self>())
    }

    /// The same at a moment of recorded time, if one is given: nodes are as they were. Assertions do not change; whether they
    /// were on record, [`at`](Self::at) says.
    fn scoped_at(scope: &Scope, recorded: Option<Moment>) -> Select<Self> {
        let mut select = Self::scoped(scope);
        if let Some(at) = recorded.filter(|_| Self::KIND.is_node()) {
            let then = past::table::<Self>(scope, at);
            QueryTrait::query(&mut select).from_clear().from_subquery(then, Self::default());
        }
        select
    }
}

/// A thing that exists: it has a version, and each edit leaves a revision.
pub trait Node: Record {
    /// Counts the edits, from 1.
    const VERSION: Self::Column;

    /// The columns that every node has.
    fn upkeep(model: &Self::Model) -> Upkeep;
}

/// The columns that every node has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Upkeep {
    pub id: i64,
    pub dossier_id: i64,
    pub version: i32,
    pub created_at: Moment,
    pub created_by: i64,
    pub updated_at: Moment,
    pub marking: Marking,
    pub external_id: Option<String>,
}

/// What one source says: written once, then only superseded or retracted.
pub trait Assertion: Record {
    /// The date of what is asserted.
    const OCCURRED_ON: Self::Column;
    /// The source.
    const SOURCE: Self::Column;
    /// The key that its importer gave it.
    const EXTERNAL_ID: Self::Column;
    /// When it was recorded.
    const RECORDED_AT: Self::Column;
    /// The assertion that it replaced.
    const SUPERSEDES: Self::Column;
    /// When it was replaced.
    const SUPERSEDED_AT: Self::Column;
    /// When it was taken back.
    const RETRACTED_AT: Self::Column;
    /// By whom it was taken back.
    const RETRACTED_BY: Self::Column;
    /// Why it was taken back.
    const RETRACTION_REASON: Self::Column;

    /// The columns that every assertion has.
    fn provenance(model: &Self::Model) -> Provenance;
}

/// The columns that every assertion has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Provenance {
    pub id: i64,
    pub dossier_id: i64,
    pub external_id: Option<String>,
    pub source_id: i64,
    pub locator: Option<String>,
    pub quote_exact: Option<String>,
    pub quote_prefix: Option<String>,
    pub quote_suffix: Option<String>,
    pub quote_start: Option<i32>,
    pub quote_end: Option<i32>,
    pub occurred_on: NaiveDate,
    pub occurred_precision: DatePrecision,
    pub credibility: Option<i16>,
    pub confidence: Option<Likelihood>,
    pub marking: Marking,
    pub recorded_at: Moment,
    pub recorded_by: i64,
    pub supersedes_id: Option<i64>,
    pub superseded_at: Option<Moment>,
    pub retracted_at: Option<Moment>,
    pub retracted_by: Option<i64>,
    pub retraction_reason: Option<String>,
}

/// `impl Record` for a row that never changes: it was on record from `recorded` on.
macro_rules! fixed {
    ($kind:expr, $key:ident, $dossier:expr, $recorded:expr) => {
        impl crate::record::Record for Entity {
            const KIND: Kind = $kind;
            const ID: Column = Column::Id;
            const DOSSIER: Column = $dossier;
            const MARKING: Column = Column::Marking;

            fn id_of(model: &Model) -> i64 {
                model.id
            }

            fn dossier_of(model: &Model) -> i64 {
                model.$key
            }

            fn marking_of(model: &Model) -> Marking {
                model.marking
            }

            fn at(as_of: crate::record::AsOf) -> sea_orm::Condition {
                sea_orm::Condition::all().add_option(as_of.recorded.map(|at| $recorded.lte(at)))
            }
        }
    };
}

/// `impl Record + Node`. A node is on record from its creation; what it looked like then, its revisions know.
macro_rules! node {
    ($kind:expr, $key:ident, $dossier:expr) => {
        crate::record::fixed!($kind, $key, $dossier, Column::CreatedAt);

        impl crate::record::Node for Entity {
            const VERSION: Column = Column::Version;

            fn upkeep(model: &Model) -> crate::record::Upkeep {
                crate::record::Upkeep {
                    id: model.id,
                    dossier_id: model.$key,
                    version: model.version,
                    created_at: model.created_at,
                    created_by: model.created_by,
                    updated_at: model.updated_at,
                    marking: model.marking,
                    external_id: model.external_id.clone(),
                }
            }
        }
    };
}

/// `impl Record + Assertion`: `occurred` is the field and column of its date; `interval` the columns of the time in which
/// it held, where it is not from its date on.
macro_rules! assertion {
    ($kind:expr, $on:ident, $precision:ident, $column:expr $(, interval $from:expr, $to:expr)?) => {
        impl crate::record::Record for Entity {
            const KIND: Kind = $kind;
            const ID: Column = Column::Id;
            const DOSSIER: Column = Column::DossierId;
            const MARKING: Column = Column::Marking;

            fn id_of(model: &Model) -> i64 {
                model.id
            }

            fn dossier_of(model: &Model) -> i64 {
                model.dossier_id
            }

            fn marking_of(model: &Model) -> Marking {
                model.marking
            }

            fn at(as_of: crate::record::AsOf) -> sea_orm::Condition {
                use sea_orm::Condition;
                use sea_orm::sea_query::ExprTrait as _;
                let on_record = match as_of.recorded {
                    None => Condition::all()
                        .add(Column::SupersededAt.is_null())
                        .add(Column::RetractedAt.is_null()),
                    Some(at) => Condition::all()
                        .add(Column::RecordedAt.lte(at))
                        .add(Column::SupersededAt.is_null().or(Column::SupersededAt.gt(at)))
                        .add(Column::RetractedAt.is_null().or(Column::RetractedAt.gt(at))),
                };
                on_record.add(crate::record::held!(as_of.valid, $column $(, $from, $to)?))
            }

            fn recall(model: &mut Model, at: Moment) {
                model.superseded_at = model.superseded_at.filter(|then| *then <= at);
                if model.retracted_at.is_some_and(|then| then > at) {
                    (model.retracted_at, model.retracted_by, model.retraction_reason) = (None, None, None);
                }
            }
        }

        impl crate::record::Assertion for Entity {
            const OCCURRED_ON: Column = $column;
            const SOURCE: Column = Column::SourceId;
            const EXTERNAL_ID: Column = Column::ExternalId;
            const RECORDED_AT: Column = Column::RecordedAt;
            const SUPERSEDES: Column = Column::SupersedesId;
            const SUPERSEDED_AT: Column = Column::SupersededAt;
            const RETRACTED_AT: Column = Column::RetractedAt;
            const RETRACTED_BY: Column = Column::RetractedBy;
            const RETRACTION_REASON: Column = Column::RetractionReason;

            fn provenance(model: &Model) -> crate::record::Provenance {
                crate::record::Provenance {
                    id: model.id,
                    dossier_id: model.dossier_id,
                    external_id: model.external_id.clone(),
                    source_id: model.source_id,
                    locator: model.locator.clone(),
                    quote_exact: model.quote_exact.clone(),
                    quote_prefix: model.quote_prefix.clone(),
                    quote_suffix: model.quote_suffix.clone(),
                    quote_start: model.quote_start,
                    quote_end: model.quote_end,
                    occurred_on: model.$on,
                    occurred_precision: model.$precision,
                    credibility: model.credibility,
                    confidence: model.confidence,
                    marking: model.marking,
                    recorded_at: model.recorded_at,
                    recorded_by: model.recorded_by,
                    supersedes_id: model.supersedes_id,
                    superseded_at: model.superseded_at,
                    retracted_at: model.retracted_at,
                    retracted_by: model.retracted_by,
                    retraction_reason: model.retraction_reason.clone(),
                }
            }
        }
    };
}

/// The condition that something held on a day: from its date on, or in its interval. Most of what is on record holds today; an
/// index on the date is for orders by it, not for leaving out the few that do not.
macro_rules! held {
    ($day:expr, $on:expr) => {
        crate::record::likely($on.lte($day))
    };
    ($day:expr, $on:expr, $from:expr, $to:expr) => {
        crate::record::likely(
            $from.lte($day).or($from.is_null().and($on.lte($day))).and($to.is_null().or($to.gte($day))),
        )
    };
}

/// A condition, and the word to the database's planner that it mostly holds.
pub(crate) fn likely(condition: Expr) -> Expr {
    Func::cust("likely").arg(condition).into()
}

pub(crate) use {assertion, fixed, held, node};
