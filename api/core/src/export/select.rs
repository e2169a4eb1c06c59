//! What is read, as of when, and from which snapshot.

use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::page::Sort;
use entity::record::{AsOf, Record};
use entity::scope::Scope;
use entity::words::{AuditAction, Marking};
use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{ActiveEnum, ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait, Select};

use crate::error::{Error, Result};
use crate::op::{Step, Trail};
use crate::store::stream::{Outlet, Row, Shape, Snapshot, Taker};

/// Which records of one kind, in which order.
pub trait Subject: Send + Sync {
    /// The kind.
    fn kind(&self) -> Kind;
    /// The statement that finds those that one may see, of one dossier if it is given, without any column.
    fn select(&self, scope: &Scope, as_of: AsOf, dossier: Option<i64>) -> SelectStatement;
}

/// The records of `E`.
pub struct Records<E: Record> {
    /// Which.
    pub filter: Filter<E>,
    /// In which order.
    pub sort: Sort<E>,
}

impl<E: Record> Subject for Records<E> {
    fn kind(&self) -> Kind {
        E::KIND
    }

    fn select(&self, scope: &Scope, as_of: AsOf, dossier: Option<i64>) -> SelectStatement {
        let select = of_dossier::<E>(scope, as_of.recorded, dossier).filter(E::at(as_of));
        let select = select.filter(self.filter.condition(scope, as_of));
        bare(self.sort.order(select))
    }
}

fn of_dossier<E: Record>(scope: &Scope, recorded: Option<Moment>, dossier: Option<i64>) -> Select<E> {
    let only = Condition::all().add_option(dossier.map(|dossier| E::DOSSIER.eq(dossier)));
    E::scoped_at(scope, recorded).filter(only)
}

fn bare<E: Record>(select: Select<E>) -> SelectStatement {
    select.select_only().into_query()
}

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
                    Ok(bare(Sort::<entity::$module::Entity>::new(Vec::new()).order(select)))
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
        let shapes: Vec<Shape> = reads.iter().map(|read| read.shape).collect();
        for read in reads {
            select.expr(Expr::cust(read.sql.clone()));
        }
        let stored = |name| reads.iter().position(|read| read.stored == Some(name));
        self.read_noting(kind, select, shapes, stored, taker, outlet).await
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
        let counted = Counted { left: self.left.clone(), like: None };
        let noting = Noting { taker, kind, id, marking, dossier, counted };
        let noting = self.snapshot.read(&select, shapes, noting, outlet).await?;
        Ok(noting.taker)
    }
}

/// Which dossier a row is of.
enum Of {
    /// Always this one.
    One(i64),
    /// The one whose key stands in this column.
    Each(usize),
}

/// Notes of which records the rows are.
struct Noting<T> {
    taker: T,
    kind: Kind,
    /// The column of the key.
    id: usize,
    /// The column of the marking.
    marking: usize,
    dossier: Of,
    counted: Counted,
}

/// Rows like the last one, of which enough have been named, so that they need only be counted. They are noted when others come,
/// and at the end, however it comes: what has left before a file broke off has left.
struct Counted {
    left: Trail,
    /// The dossier, the marking, and how many.
    like: Option<(i64, i64, i64)>,
}

impl Counted {
    fn flush(&mut self) {
        let Some((dossier, marking, rows)) = self.like.take() else { return };
        if let Ok(step) = step(dossier, marking) {
            self.left.count(step, rows);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.flush();
    }
}

impl<T> Noting<T> {
    fn note(&mut self, row: &dyn Row) -> Result<()> {
        let number =
            |at| row.cell(at)?.integer().ok_or_else(|| Error::internal("a record lacks its key or its marking"));
        let dossier = match self.dossier {
            Of::One(dossier) => dossier,
            Of::Each(at) => number(at)?,
        };
        let marking = number(self.marking)?;
        match &mut self.counted.like {
            Some((of, at, rows)) if (*of, *at) == (dossier, marking) => *rows += 1,
            _ => {
                self.counted.flush();
                let named = self.counted.left.add(step(dossier, marking)?, self.kind, number(self.id)?);
                self.counted.like = (!named).then_some((dossier, marking, 0));
            }
        }
        Ok(())
    }
}

fn step(dossier: i64, marking: i64) -> Result<Step> {
    let marking = Marking::try_from_value(&i16::try_from(marking).map_err(Error::internal)?)?;
    Ok(Step { action: AuditAction::Export, dossier: Some(dossier), marking })
}

impl<T: Taker> Taker for Noting<T> {
    fn take(&mut self, row: &dyn Row) -> Result<Option<Vec<u8>>> {
        self.note(row)?;
        self.taker.take(row)
    }
}
