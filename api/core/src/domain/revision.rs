//! Revisions: the state of a node after each edit, the first included.

use entity::moment::Moment;
use entity::past;
use entity::record::{Node, Record};
use entity::revision::{ActiveModel, Column, Entity, Model};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Map, Value};

use crate::domain::list::Readable;
use crate::error::Result;
use crate::op::Op;
use crate::policy;

/// One field that an edit changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The name of the field.
    pub field: String,
    /// Its value before; null if there was none.
    pub before: Value,
    /// Its value after; null if there is none.
    pub after: Value,
}

/// The row of the state of a node after an edit. `links` is what belongs to its state but stands in other tables.
pub(super) fn of<E: Node>(op: &Op, model: &E::Model, links: Value) -> Result<Model> {
    let upkeep = E::upkeep(model);
    let mut snapshot = serde_json::to_value(model)?;
    if let (Value::Object(fields), Value::Object(links)) = (&mut snapshot, links) {
        fields.extend(links);
    }
    Ok(Model {
        id: op.id(),
        dossier_id: upkeep.dossier_id,
        kind: E::KIND,
        node_id: upkeep.id,
        version: upkeep.version,
        marking: upkeep.marking,
        recorded_at: upkeep.updated_at,
        recorded_by: policy::signed(op)?.id,
        snapshot: snapshot.to_string(),
    })
}

/// Writes down the state of a node after an edit.
pub(super) async fn leave<E: Node>(op: &Op, model: &E::Model, links: Value) -> Result<()> {
    let row: ActiveModel = of::<E>(op, model, links)?.into_active_model().reset_all();
    Entity::insert(row).exec_without_returning(&op.lane).await?;
    Ok(())
}

/// The revisions, as far as they may be seen, that nodes had at a moment: of the nodes that `of` holds for.
pub(super) async fn states(op: &Op, of: Expr, at: Moment) -> Result<Vec<Model>> {
    let states = Entity::scoped(&policy::scope(op)?).filter(of).filter(Column::Version.in_subquery(past::newest(at)));
    Ok(states.all(&op.lane).await?)
}

/// The records that a list in the state of a node named, each as `read` reads it. What it cannot read is left out.
pub(super) fn named<T>(state: &Model, list: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>> {
    let state: Map<String, Value> = serde_json::from_str(&state.snapshot)?;
    Ok(state.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(read).collect())
}

/// What each of these revisions changed of the one before it. The first of a node changed nothing: it made it.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn changes<'a>(op: &'a Op, revision: &'a Model) -> BoxFuture<'a, Result<Vec<Change>>> {
    Box::pin(async move {
        use entity::filter::Filter;
        let filter = Filter::all([
            Filter::equal(Column::NodeId, revision.node_id),
            Filter::equal(Column::Version, revision.version - 1),
        ]);
        let Some(before) = Entity::get(op, filter).await? else {
            return Ok(Vec::new());
        };
        differences(&before.snapshot, &revision.snapshot)
    })
}

/// What keeps count of edits and is no change itself.
const UPKEEP: [&str; 2] = ["version", "updated_at"];

fn differences(before: &str, after: &str) -> Result<Vec<Change>> {
    let mut before: Map<String, Value> = serde_json::from_str(before)?;
    let after: Map<String, Value> = serde_json::from_str(after)?;
    let mut changes = Vec::new();
    for (name, after) in after {
        let before = before.remove(&name).unwrap_or_default();
        if before != after && !UPKEEP.contains(&name.as_str()) {
            changes.push(Change { field: camel(&name), before, after });
        }
    }
    Ok(changes)
}

/// The name that a column has in GraphQL.
fn camel(column: &str) -> String {
    let mut name = String::with_capacity(column.len());
    for (n, word) in column.trim_end_matches("_id").split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if n > 0 => name.extend(first.to_uppercase()),
            Some(first) => name.push(first),
            None => {}
        }
        name.push_str(letters.as_str());
    }
    name
}
