//! What a record refers to must be there, be visible, and be of the same dossier.

use std::borrow::Cow;
use std::collections::BTreeMap;

use entity::kind::Kind;
use entity::record::Record;
use entity::scope::Scope;
use entity::words::Marking;
use futures_util::future::BoxFuture;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use crate::domain::dossier;
use crate::error::{Code, Problems, Result};
use crate::op::Op;

/// One reference from a field of an input to another record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The path of the field.
    pub field: Cow<'static, str>,
    /// The kind that is referred to.
    pub kind: Kind,
    /// The key.
    pub id: i64,
}

impl Reference {
    /// A reference from a field.
    pub fn new(field: impl Into<Cow<'static, str>>, kind: Kind, id: i64) -> Self {
        Self { field: field.into(), kind, id }
    }

    /// References from each item of a list.
    pub fn each<'a>(field: &'a str, kind: Kind, ids: &'a [i64]) -> impl Iterator<Item = Self> + 'a {
        ids.iter().enumerate().map(move |(n, id)| Self::new(format!("{field}.{n}"), kind, *id))
    }
}

/// Several things of which each counts once, such as the records that one refers to. They are kept in the order in which they
/// were written, so that what is wrong is reported where it stands; they are the same in any order.
#[derive(Clone, Debug)]
pub struct Several<T>(Vec<T>);

impl<T: Copy + Ord> Several<T> {
    /// In an order of their own.
    pub fn sorted(&self) -> Vec<T> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }

    /// Whether one of them is named twice.
    pub fn repeats(&self) -> bool {
        !self.sorted().is_sorted_by(|one, next| one < next)
    }
}

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for Several<T> {
    fn from(written: Vec<T>) -> Self {
        Self(written)
    }
}

impl<T> std::ops::Deref for Several<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Copy + Ord> PartialEq for Several<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sorted() == other.sorted()
    }
}

/// Reports every reference that does not hold, and gives the highest marking of what is referred to: with one statement per
/// kind.
pub async fn check(
    op: &Op,
    scope: &Scope,
    dossier: i64,
    references: &[Reference],
    problems: &mut Problems,
) -> Result<Marking> {
    let mut highest = Marking::Clear;
    let mut by_kind: BTreeMap<Kind, Vec<&Reference>> = BTreeMap::new();
    for reference in references {
        by_kind.entry(reference.kind).or_default().push(reference);
    }
    for (kind, references) in by_kind {
        let ids: Vec<i64> = references.iter().map(|reference| reference.id).collect();
        let found = found(op, scope, kind, ids).await?;
        for Reference { field, id, .. } in references {
            match found.get(id) {
                None => problems.add(Code::NotFound, field, format!("there is no such {}", kind.noun())),
                Some((other, _)) if *other != dossier && kind != Kind::Dossier => {
                    problems.add(Code::OtherDossier, field, format!("this {} belongs to another dossier", kind.noun()));
                }
                Some((_, marking)) => highest = highest.max(*marking),
            }
        }
    }
    Ok(highest)
}

/// The dossier and the marking of each of these records that one may see.
pub(super) async fn found(op: &Op, scope: &Scope, kind: Kind, ids: Vec<i64>) -> Result<Found> {
    if kind == Kind::Dossier {
        // Until this transaction ends, no marking in the dossier is raised: what is read of the others below still holds
        // when the record that refers to them is written.
        dossier::hold(op, &ids).await?;
    }
    visible(op, scope, kind, ids).await
}

/// The dossier and the marking of records, by key.
pub(super) type Found = BTreeMap<i64, (i64, Marking)>;

/// The same without holding any of them.
pub(super) async fn visible(op: &Op, scope: &Scope, kind: Kind, ids: Vec<i64>) -> Result<Found> {
    match kind {
        Kind::Dossier => narrow::<entity::dossier::Entity>(op, scope, ids).await,
        Kind::Stakeholder => narrow::<entity::stakeholder::Entity>(op, scope, ids).await,
        Kind::Mechanism => narrow::<entity::mechanism::Entity>(op, scope, ids).await,
        Kind::Condition => narrow::<entity::condition::Entity>(op, scope, ids).await,
        Kind::Argument => narrow::<entity::argument::Entity>(op, scope, ids).await,
        Kind::Source => narrow::<entity::source::Entity>(op, scope, ids).await,
        Kind::Position => narrow::<entity::position::Entity>(op, scope, ids).await,
        Kind::Relation => narrow::<entity::relation::Entity>(op, scope, ids).await,
        Kind::Status => narrow::<entity::status::Entity>(op, scope, ids).await,
        Kind::Finding => narrow::<entity::finding::Entity>(op, scope, ids).await,
        Kind::Event => narrow::<entity::event::Entity>(op, scope, ids).await,
        Kind::Implication => narrow::<entity::implication::Entity>(op, scope, ids).await,
        Kind::Rating => narrow::<entity::rating::Entity>(op, scope, ids).await,
        Kind::Revision => narrow::<entity::revision::Entity>(op, scope, ids).await,
        Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => Ok(BTreeMap::new()),
    }
}

fn narrow<'a, E: Record>(op: &'a Op, scope: &'a Scope, ids: Vec<i64>) -> BoxFuture<'a, Result<Found>> {
    Box::pin(async move {
        let rows: Vec<(i64, i64, Marking)> = E::scoped(scope)
            .select_only()
            .column_as(E::ID, "id")
            .column_as(E::DOSSIER, "dossier")
            .column_as(E::MARKING, "marking")
            .filter(E::ID.is_in(ids))
            .into_tuple()
            .all(&op.lane)
            .await?;
        Ok(rows.into_iter().map(|(id, dossier, marking)| (id, (dossier, marking))).collect())
    })
}
