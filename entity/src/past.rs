//! Nodes as they were: the table of a kind of node at a moment of recorded time, to be asked like the table of today.
//!
//! A node that nobody has edited since stands in its own table as it was. Of one that was edited, the state of then stands in
//! its [revision](crate::revision), as JSON. Both together take the place of the table, under its name, so that filters,
//! orders and pages look at the past as they look at the present.

use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ColumnType, Condition, EntityName, IdenStatic, Iterable};

use crate::moment::Moment;
use crate::record::Record;
use crate::revision::{Column, Entity};
use crate::scope::Scope;
use crate::words::Marking;

/// The rows of today's table, where they are told from its past.
const NOW: &str = "present";
/// The revisions of one node, where one looks for the newest of them.
const EARLIER: &str = "earlier";

/// The columns that a node keeps whatever is edited, and its marking: how far a record may travel is decided now, for its past
/// as well.
const KEPT: [&str; 4] = ["id", "dossier_id", "created_at", "created_by"];

/// The nodes of `E` that were on record at a moment, as they were, in the columns of their table. One whose state of then may
/// not be seen has been declassified since: then, it was not there for this actor.
pub fn table<E: Record>(scope: &Scope, at: Moment) -> SelectStatement {
    let mut unedited = Query::select()
        .columns(E::Column::iter())
        .from(E::default().table_ref())
        .and_where(Expr::col("updated_at").lte(at))
        .take();
    unedited.union(UnionType::All, edited::<E>(scope, at)).take()
}

fn edited<E: Record>(scope: &Scope, at: Moment) -> SelectStatement {
    let on = Condition::all()
        .add(Expr::col((Entity, Column::NodeId)).equals((NOW, "id")))
        .add(Column::Version.in_subquery(newest(at)));
    let mut select = Query::select()
        .from_as(E::default().table_ref(), NOW)
        .join(JoinType::InnerJoin, Entity.table_ref(), on)
        .and_where(Expr::col((NOW, "updated_at")).gt(at))
        .take();
    if scope.clearance() < Marking::Red {
        select.and_where(Column::Marking.into_expr().lte(scope.clearance()));
    }
    for column in E::Column::iter() {
        let kept = KEPT.contains(&column.as_str()) || column.as_str() == E::MARKING.as_str();
        let value = if kept { Expr::col((NOW, column)) } else { of_state(column) };
        select.expr_as(value, column);
    }
    select
}

/// A column of the state that a revision holds. Only what SQLite and PostgreSQL write and understand in the same way is used:
/// both have the function `jsonb`, the operators `->` and `->>`, and a function `date` that reads a text.
fn of_state<C: ColumnTrait>(column: C) -> Expr {
    let field = |operator| {
        let state = Func::cust("jsonb").arg(Expr::col((Entity, Column::Snapshot)));
        Expr::from(state).binary(BinOper::Custom(operator), Expr::Constant(column.as_str().into()))
    };
    match column.def().get_column_type() {
        ColumnType::Json | ColumnType::JsonBinary => field("->"),
        ColumnType::SmallInteger => field("->>").cast_as("smallint"),
        ColumnType::Integer => field("->>").cast_as("integer"),
        ColumnType::BigInteger => field("->>").cast_as("bigint"),
        ColumnType::Float | ColumnType::Double => field("->>").cast_as("double precision"),
        ColumnType::Date => Func::cust("date").arg(field("->>")).into(),
        _ => field("->>"),
    }
}

/// The version that the node of a revision had at a moment.
pub fn newest(at: Moment) -> SelectStatement {
    Query::select()
        .expr(Expr::col((EARLIER, Column::Version)).max())
        .from_as(Entity, EARLIER)
        .and_where(Expr::col((EARLIER, Column::NodeId)).equals((Entity, Column::NodeId)))
        .and_where(Expr::col((EARLIER, Column::RecordedAt)).lte(at))
        .take()
}
