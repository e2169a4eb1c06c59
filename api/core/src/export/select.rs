//! What is read, as of when, and from which snapshot.

use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::page::Sort;
use entity::record::{AsOf, Record};
use entity::revision;
use entity::scope::Scope;
use entity::words::{AuditAction, Marking};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ActiveEnum, ColumnTrait, Condition, EntityName, QueryFilter, QuerySelect, QueryTrait, Select};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::op::{Step, Trail};
use crate::store::stream::{Cell, Outlet, Row, Shape, Snapshot, Taker};

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
        let select = of_dossier::<E>(scope, dossier).filter(E::at(as_of)).filter(self.filter.condition(scope, as_of));
        bare(self.sort.order(select))
    }
}

fn of_dossier<E: Record>(scope: &Scope, dossier: Option<i64>) -> Select<E> {
    let only = Condition::all().add_option(dossier.map(|dossier| E::DOSSIER.eq(dossier)));
    E::scoped(scope).filter(only)
}

fn bare<E: Record>(select: Select<E>) -> SelectStatement {
    select.select_only().into_query()
}

/// All records of a kind that one may see, whenever they were or are on record, by key.
pub(super) fn everything(kind: Kind, scope: &Scope, dossier: Option<i64>) -> Result<SelectStatement> {
    macro_rules! of {
        ($($name:ident: $module:ident),*) => {
            match kind {
                $(Kind::$name => {
                    let select = of_dossier::<entity::$module::Entity>(scope, dossier);
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
    /// Reads columns of records, and notes which they are. Nodes are as they were at the recorded time that is asked for.
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
        let mut shapes: Vec<Shape> = reads.iter().map(|read| read.shape).collect();
        for read in reads {
            select.expr(Expr::cust(read.sql.clone()));
        }
        let stored = |name| reads.iter().position(|read| read.stored == Some(name));
        match self.as_of.recorded.filter(|_| kind.is_node()) {
            None => self.read_noting(kind, select, shapes, stored, taker, outlet).await,
            Some(at) => {
                restore(&mut select, kind, &self.scope, at);
                let own = reads.iter().map(|read| read.stored.filter(|stored| *stored != "marking"));
                let own = own.zip(shapes.iter().copied()).map(|(stored, shape)| Some((stored?, shape))).collect();
                let snapshot = shapes.len();
                shapes.push(Shape::Text);
                let restoring = Restoring { taker, own, snapshot };
                let restored = self.read_noting(kind, select, shapes, stored, restoring, outlet).await?;
                Ok(restored.taker)
            }
        }
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
        let dossier = match self.dossier {
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

/// Joins the state that a node had, with the marking that it has: one whose state of then may not be seen was not there.
fn restore(select: &mut SelectStatement, kind: Kind, scope: &Scope, at: Moment) {
    use revision::{Column, Entity};
    let newest = Query::select()
        .expr(Expr::col(("earlier", Column::Version)).max())
        .from_as(Entity, "earlier")
        .and_where(Expr::col(("earlier", Column::NodeId)).equals((Entity, Column::NodeId)))
        .and_where(Expr::col(("earlier", Column::RecordedAt)).lte(at))
        .take();
    let on = Condition::all()
        .add(Expr::col((Entity, Column::NodeId)).equals((kind.table(), "id")))
        .add(scope.condition::<Entity>())
        .add(Column::Version.in_subquery(newest));
    select.join(JoinType::InnerJoin, Entity.table_ref(), on);
    select.expr(Expr::col((Entity, Column::Snapshot)));
}

/// Puts the state of then in the place of the state of now.
struct Restoring<T> {
    taker: T,
    /// Of each column, which of the state it is.
    own: Vec<Option<(&'static str, Shape)>>,
    /// The column that holds the state.
    snapshot: usize,
}

impl<T: Taker> Taker for Restoring<T> {
    fn take(&mut self, row: &dyn Row) -> Result<Option<Vec<u8>>> {
        let Cell::Text(text) = row.cell(self.snapshot)? else {
            return Err(Error::internal("a revision has no snapshot"));
        };
        let mut state: Map<String, Value> = serde_json::from_str(text)?;
        for value in state.values_mut() {
            // As the database would give it.
            if value.is_array() || value.is_object() {
                *value = Value::String(value.to_string());
            }
        }
        self.taker.take(&Restored { row, state: &state, own: &self.own })
    }
}

struct Restored<'a> {
    row: &'a dyn Row,
    state: &'a Map<String, Value>,
    own: &'a [Option<(&'static str, Shape)>],
}

impl Row for Restored<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>> {
        let Some((name, shape)) = self.own.get(column).copied().flatten() else { return self.row.cell(column) };
        let cell = match (shape, self.state.get(name)) {
            (_, None | Some(Value::Null)) => Some(Cell::Null),
            (Shape::Integer, Some(Value::Number(number))) => number.as_i64().map(Cell::Integer),
            (Shape::Real, Some(Value::Number(number))) => number.as_f64().map(Cell::Real),
            (Shape::Text | Shape::Json, Some(Value::String(text))) => Some(Cell::Text(text)),
            (Shape::Date, Some(Value::String(text))) => text.as_bytes().try_into().ok().map(Cell::Date),
            (Shape::Flag, Some(Value::Bool(is))) => Some(Cell::Flag(*is)),
            _ => None,
        };
        cell.ok_or_else(|| Error::internal(format!("{name} of a revision is not of the shape {shape:?}")))
    }
}
