//! What is read, as of when, and from which snapshot.

use entity::kind::Kind;
use entity::moment::Moment;
use entity::page::Sort;
use entity::record::AsOf;
use entity::scope::Scope;
use entity::words::Marking;
use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{QuerySelect, QueryTrait};

use super::noting::{Alike, Counting, Noting, Of};
use demarche_core::domain::export::{Subject, of_dossier};
use demarche_core::error::{Error, Result};
use demarche_core::op::{NAMED_MAX, Trail};
use demarche_core::store::stream::{Keys, Outlet, Shape, Snapshot, Taker};

/// All records of a kind that one may see, whenever they were or are on record, by key; nodes as they were at a moment, if one
/// is given.
pub(super) fn everything(
    kind: Kind,
    scope: &Scope,
    recorded: Option<Moment>,
    dossier: Option<i64>,
) -> Result<SelectStatement> {
    macro_rules! of {
        ($($name:ident: $module:ident),*) => {
            match kind {
                $(Kind::$name => {
                    let select = of_dossier::<entity::$module::Entity>(scope, recorded, dossier);
                    let select = Sort::<entity::$module::Entity>::new(Vec::new()).order(select);
                    Ok(select.select_only().into_query())
                })*
                Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => {
                    Err(Error::internal("they are not exported"))
                }
            }
        };
    }
    of!(
        Dossier: dossier, Stakeholder: stakeholder, Mechanism: mechanism, Condition: condition, Argument: argument,
        Source: source, Position: position, Relation: relation, Status: status, Finding: finding, Event: event,
        Implication: implication, Rating: rating, Revision: revision
    )
}

/// One column that is read.
#[derive(Clone)]
pub(super) struct Read {
    /// The name under which it was asked for.
    pub(super) name: &'static str,
    /// The expression.
    pub(super) sql: String,
    /// The column of the record's own table, if it is one.
    pub(super) stored: Option<&'static str>,
    /// What it holds.
    pub(super) shape: Shape,
}

/// A snapshot, and what of it may be seen.
pub(super) struct Reader<'a> {
    /// The state of the database.
    pub(super) snapshot: &'a mut Snapshot,
    /// What may be taken away.
    pub(super) scope: Scope,
    /// Of this dossier only.
    pub(super) dossier: Option<i64>,
    /// As of when.
    pub(super) as_of: AsOf,
    /// What has been read of it, for the audit log.
    pub(super) left: Trail,
}

impl Reader<'_> {
    /// Reads columns of records, and notes which they are.
    ///
    /// # Errors
    /// If the database fails, or the taker ends it.
    pub(super) async fn read<T: Taker>(
        &mut self,
        kind: Kind,
        mut select: SelectStatement,
        reads: &[Read],
        taker: T,
        outlet: Option<&Outlet>,
    ) -> Result<T> {
        let shapes = add(&mut select, reads);
        let stored = |name| reads.iter().position(|read| read.stored == Some(name));
        self.read_noting(kind, select, shapes, stored, taker, outlet).await
    }

    /// Reads columns of all records of a subject, and notes which they are. Where none of them needs to say so itself, this is
    /// not read of each: two or three columns more cost a fifth of the time of a narrow table.
    ///
    /// # Errors
    /// If the database fails, or the taker ends it.
    pub(super) async fn read_all<T: Taker>(
        &mut self,
        subject: &dyn Subject,
        reads: &[Read],
        taker: T,
        outlet: Option<&Outlet>,
    ) -> Result<T> {
        let mut select = subject.select(&self.scope, self.as_of, self.dossier);
        let Some(alike) = self.alike(subject).await? else {
            return self.read(subject.kind(), select, reads, taker, outlet).await;
        };
        let shapes = add(&mut select, reads);
        let counting = Counting::new(taker, subject.kind(), alike, self.left.clone());
        Ok(self.snapshot.read(&select, shapes, counting, outlet).await?.taker)
    }

    /// What the records of a subject have in common, if they are of one dossier and none of them is marked.
    async fn alike(&mut self, subject: &dyn Subject) -> Result<Option<Alike>> {
        let kind = subject.kind();
        if !subject.is_everything() || self.as_of.recorded.is_some() || kind == Kind::Dossier {
            return Ok(None);
        }
        let dossiers = match self.dossier.or(self.scope.only_dossier()) {
            Some(dossier) => vec![dossier],
            None => self.keys(Kind::Dossier, everything(Kind::Dossier, &self.scope, None, None)?, Some(2)).await?,
        };
        let [dossier] = dossiers.as_slice() else { return Ok(None) };
        if self.scope.clearance() > Marking::Clear {
            // In these words, in which the index of marked records has it.
            let mut marked = everything(kind, &self.scope, None, self.dossier)?;
            marked.clear_order_by().and_where(Expr::cust(format!("\"{}\".\"marking\" > 0", kind.table())));
            if !self.keys(kind, marked, Some(1)).await?.is_empty() {
                return Ok(None);
            }
        }
        let first = subject.select(&self.scope, self.as_of, self.dossier);
        Ok(Some(Alike { dossier: *dossier, first: self.keys(kind, first, Some(NAMED_MAX)).await? }))
    }

    /// The keys of the records that a statement finds, or of the first of them.
    pub(super) async fn keys(
        &mut self,
        kind: Kind,
        mut select: SelectStatement,
        most: Option<usize>,
    ) -> Result<Vec<i64>> {
        select.expr(Expr::col((kind.table(), "id")));
        if let Some(most) = most {
            select.limit(u64::try_from(most).map_err(Error::internal)?);
        }
        Ok(self.snapshot.read(&select, vec![Shape::Integer], Keys::default(), None).await?.0)
    }

    /// Reads rows, and notes for the audit log which records they are of. `stored` tells where a column of their table stands
    /// among those that are read already.
    ///
    /// # Errors
    /// If the database fails, or the taker ends it.
    pub(super) async fn read_noting<T: Taker>(
        &mut self,
        kind: Kind,
        mut select: SelectStatement,
        mut shapes: Vec<Shape>,
        stored: impl Fn(&'static str) -> Option<usize>,
        taker: T,
        outlet: Option<&Outlet>,
    ) -> Result<T> {
        let mut place = |name| {
            stored(name).unwrap_or_else(|| {
                select.expr(Expr::col((kind.table(), name)));
                shapes.push(Shape::Integer);
                shapes.len() - 1
            })
        };
        let (id, marking) = (place("id"), place("marking"));
        let dossier = match self.dossier.or(self.scope.only_dossier()) {
            Some(dossier) => Of::One(dossier),
            None if kind == Kind::Dossier => Of::Each(id),
            None => Of::Each(place("dossier_id")),
        };
        let noting = Noting::new(taker, kind, [id, marking], dossier, self.left.clone());
        Ok(self.snapshot.read(&select, shapes, noting, outlet).await?.taker)
    }
}

/// Adds columns to a statement, and gives what they hold.
pub(super) fn add(select: &mut SelectStatement, reads: &[Read]) -> Vec<Shape> {
    for read in reads {
        select.expr(Expr::cust(read.sql.clone()));
    }
    reads.iter().map(|read| read.shape).collect()
}
