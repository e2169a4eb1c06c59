//! The one way in which records are read: scoped, filtered, as of a time, in an order, page by page, for one parent or for
//! many parents in one statement.

use std::collections::HashMap;

use entity::filter::Filter;
use entity::page::{PARENT, Page, Sort, count_each};
use entity::record::{AsOf, Record};
use sea_orm::sea_query::{ColumnRef, ExprTrait, IntoColumnRef, JoinType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryTrait,
    Select,
};

use crate::domain::revision;
use crate::error::Result;
use crate::op::Op;
use crate::policy;

/// What is asked of a list.
#[derive(Clone)]
pub struct Query<E: Record> {
    /// Which records.
    pub filter: Filter<E>,
    /// In which order.
    pub sort: Sort<E>,
    /// Which of them.
    pub page: Page,
    /// On record when, and held when.
    pub as_of: AsOf,
    /// Whether to count them all.
    pub count: bool,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Listing<M> {
    /// The records, in order.
    pub rows: Vec<M>,
    /// Whether there are more in the page's direction.
    pub more: bool,
    /// How many there are in all, if asked.
    pub total: Option<u64>,
}

/// How records of `E` hang on a parent: the column that holds the parent's key, in `E` or in a table joined to it.
pub struct Link<E: Record> {
    parent: ColumnRef,
    join: Option<(sea_orm::sea_query::TableRef, Condition)>,
    entity: std::marker::PhantomData<fn() -> E>,
}

impl<E: Record> Link<E> {
    /// By a column of `E` itself.
    pub fn column(column: E::Column) -> Self {
        Self { parent: column.as_column_ref().into_column_ref(), join: None, entity: std::marker::PhantomData }
    }

    /// By a row of the table `L`: `parent` is the parent's key in it, `on` joins it to `E`.
    pub fn table<L: EntityTrait>(parent: L::Column, on: Condition) -> Self {
        Self {
            parent: parent.as_column_ref().into_column_ref(),
            join: Some((L::default().table_ref(), on)),
            entity: std::marker::PhantomData,
        }
    }

    fn join(&self, mut select: Select<E>, parents: &[i64]) -> Select<E> {
        let query = QueryTrait::query(&mut select);
        if let Some((table, on)) = &self.join {
            query.join(JoinType::InnerJoin, table.clone(), on.clone());
        }
        query.and_where(sea_orm::sea_query::Expr::col(self.parent.clone()).is_in(parents.iter().copied()));
        select
    }
}

impl<E: Record> Query<E> {
    fn select(&self, op: &Op) -> Result<Select<E>> {
        let scope = policy::scope(op)?;
        Ok(E::scoped(&scope).filter(E::at(self.as_of)).filter(self.filter.condition(&scope, self.as_of)))
    }

    fn listing(&self, rows: Vec<E::Model>, total: Option<u64>) -> Listing<E::Model> {
        let (rows, more) = self.page.trim(rows);
        Listing { rows, more, total }
    }
}

/// One page of the records that one may see.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub async fn list<E: Record>(op: &Op, query: &Query<E>) -> Result<Listing<E::Model>> {
    let select = query.select(op)?;
    let total = match query.count {
        true => Some(PaginatorTrait::count(select.clone(), &op.lane).await?),
        false => None,
    };
    let rows = query.page.select(select, &query.sort).all(&op.lane).await?;
    let rows = recalled::<E>(op, rows, query.as_of).await?;
    Ok(query.listing(rows, total))
}

/// The same page for each of several parents, in one statement whatever their number. A parent without any is left out.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub async fn list_each<E: Record>(
    op: &Op,
    query: &Query<E>,
    link: &Link<E>,
    parents: &[i64],
) -> Result<HashMap<i64, Listing<E::Model>>> {
    let select = link.join(query.select(op)?, parents);
    let mut totals = HashMap::new();
    if query.count {
        let counted = op.lane.query_all(&count_each(select.clone(), &link.parent)).await?;
        for row in &counted {
            totals
                .insert(row.try_get::<i64>("", PARENT)?, u64::try_from(row.try_get::<i64>("", "total")?).unwrap_or(0));
        }
    }
    let rows = op.lane.query_all(&query.page.select_each(select, &query.sort, &link.parent)).await?;
    let mut parents_of = Vec::with_capacity(rows.len());
    let mut models = Vec::with_capacity(rows.len());
    for row in &rows {
        parents_of.push(row.try_get::<i64>("", PARENT)?);
        models.push(E::Model::from_query_result(row, "")?);
    }
    let mut grouped: HashMap<i64, Vec<E::Model>> = HashMap::new();
    for (parent, model) in parents_of.into_iter().zip(recalled::<E>(op, models, query.as_of).await?) {
        grouped.entry(parent).or_default().push(model);
    }
    // A page beyond the last record is empty, but what it is a page of still has a total.
    for parent in totals.keys() {
        grouped.entry(*parent).or_default();
    }
    let total_of = |parent: i64| query.count.then(|| totals.get(&parent).copied().unwrap_or(0));
    Ok(grouped.into_iter().map(|(parent, rows)| (parent, query.listing(rows, total_of(parent)))).collect())
}

/// The records as they were recorded at the time asked for.
async fn recalled<E: Record>(op: &Op, mut rows: Vec<E::Model>, as_of: AsOf) -> Result<Vec<E::Model>> {
    let Some(at) = as_of.recorded else {
        return Ok(rows);
    };
    for row in &mut rows {
        E::recall(row, at);
    }
    if E::KIND.is_node() { revision::restored::<E>(op, rows, at).await } else { Ok(rows) }
}

/// The records with these keys that one may see, superseded and retracted ones included.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub async fn by_ids<E: Record>(op: &Op, ids: &[i64]) -> Result<HashMap<i64, E::Model>> {
    let scope = policy::scope(op)?;
    let rows = E::scoped(&scope).filter(E::ID.is_in(ids.iter().copied())).all(&op.lane).await?;
    Ok(rows.into_iter().map(|row| (E::id_of(&row), row)).collect())
}

/// The one record that `filter` holds for, if one may see it.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub async fn get<E: Record>(op: &Op, filter: Filter<E>) -> Result<Option<E::Model>> {
    let scope = policy::scope(op)?;
    Ok(E::scoped(&scope).filter(filter.condition(&scope, op.present())).one(&op.lane).await?)
}
