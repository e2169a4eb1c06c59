//! The one way in which records are read: scoped, filtered, as of a time, in an order, page by page, for one parent or for
//! many parents in one statement.

use std::collections::HashMap;
use std::sync::Arc;

use entity::filter::Filter;
use entity::moment::Moment;
use entity::page::{PARENT, Page, Sort, count_each};
use entity::record::{AsOf, Record};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{ColumnRef, ExprTrait, IntoColumnRef, JoinType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryTrait,
    Select,
};

use crate::domain::audit;
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
        let select = E::scoped_at(&scope, self.as_of.recorded).filter(E::at(self.as_of));
        Ok(select.filter(self.filter.condition(&scope, self.as_of)))
    }
}

/// How the records of a kind are read.
///
/// The functions are those of a trait, and what they give is boxed, so that they are compiled here, once for each kind: where they
/// were generic and everybody's own, a changed line of theirs had whoever calls them checked and compiled again, which took half a
/// minute. The boxes are made by generic functions, not for each kind, so that one proof is enough that what is in them may go from
/// thread to thread.
pub trait Readable: Record {
    /// One page of the records that one may see.
    ///
    /// # Errors
    /// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
    fn list<'a>(op: &'a Op, query: &'a Query<Self>) -> BoxFuture<'a, Result<Listing<Self::Model>>>;

    /// The same page for each of several parents, in one statement whatever their number. A parent without any is left out.
    ///
    /// # Errors
    /// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
    fn list_each<'a>(
        op: &'a Op,
        query: Arc<Query<Self>>,
        link: Link<Self>,
        parents: &'a [i64],
    ) -> BoxFuture<'a, Result<HashMap<i64, Listing<Self::Model>>>>;

    /// The records with these keys that one may see, superseded and retracted ones included; as they were on record at a
    /// moment, if one is given. A node whose state of then may not be seen, or that was not yet on record, is shown as it is
    /// now: what refers to it may be seen, and is not to refer to nothing.
    ///
    /// # Errors
    /// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
    fn by_ids<'a>(
        op: &'a Op,
        ids: &'a [i64],
        recorded: Option<Moment>,
    ) -> BoxFuture<'a, Result<HashMap<i64, Self::Model>>>;

    /// The one record that `filter` holds for, if one may see it.
    ///
    /// # Errors
    /// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
    fn get<'a>(op: &'a Op, filter: Filter<Self>) -> BoxFuture<'a, Result<Option<Self::Model>>>;
}

macro_rules! readable {
    ($($kind:ident)*) => {
        $(
            impl Readable for entity::$kind::Entity {
                fn list<'a>(op: &'a Op, query: &'a Query<Self>) -> BoxFuture<'a, Result<Listing<Self::Model>>> {
                    list(op, query)
                }

                fn list_each<'a>(
                    op: &'a Op,
                    query: Arc<Query<Self>>,
                    link: Link<Self>,
                    parents: &'a [i64],
                ) -> BoxFuture<'a, Result<HashMap<i64, Listing<Self::Model>>>> {
                    list_each(op, query, link, parents)
                }

                fn by_ids<'a>(
                    op: &'a Op,
                    ids: &'a [i64],
                    recorded: Option<Moment>,
                ) -> BoxFuture<'a, Result<HashMap<i64, Self::Model>>> {
                    by_ids::<Self>(op, ids, recorded)
                }

                fn get<'a>(op: &'a Op, filter: Filter<Self>) -> BoxFuture<'a, Result<Option<Self::Model>>> {
                    get(op, filter)
                }
            }
        )*
    };
}

readable! {
    dossier stakeholder mechanism condition argument source
    position relation status finding event implication rating
    revision audit
}

fn list<'a, E: Record>(op: &'a Op, query: &'a Query<E>) -> BoxFuture<'a, Result<Listing<E::Model>>> {
    Box::pin(async move {
        let select = query.select(op)?;
        let total = match query.count {
            true => Some(PaginatorTrait::count(select.clone(), &op.lane).await?),
            false => None,
        };
        let rows = query.page.select(select, &query.sort).all(&op.lane).await?;
        let (mut rows, more) = query.page.trim(rows);
        audit::read::<E>(op, &rows);
        recall::<E>(&mut rows, query.as_of.recorded);
        Ok(Listing { rows, more, total })
    })
}

fn list_each<'a, E: Record>(
    op: &'a Op,
    query: Arc<Query<E>>,
    link: Link<E>,
    parents: &'a [i64],
) -> BoxFuture<'a, Result<HashMap<i64, Listing<E::Model>>>> {
    Box::pin(async move {
        let select = link.join(query.select(op)?, parents);
        let mut totals = HashMap::new();
        if query.count {
            let counted = op.lane.query_all(&count_each(select.clone(), &link.parent)).await?;
            for row in &counted {
                totals.insert(
                    row.try_get::<i64>("", PARENT)?,
                    u64::try_from(row.try_get::<i64>("", "total")?).unwrap_or(0),
                );
            }
        }
        let rows = op.lane.query_all(&query.page.select_each(select, &query.sort, &link.parent)).await?;
        let mut grouped: HashMap<i64, Vec<E::Model>> = HashMap::new();
        for row in &rows {
            grouped.entry(row.try_get::<i64>("", PARENT)?).or_default().push(E::Model::from_query_result(row, "")?);
        }
        // A page beyond the last record is empty, but what it is a page of still has a total.
        for parent in totals.keys() {
            grouped.entry(*parent).or_default();
        }
        let listing = |(parent, rows)| {
            let (mut rows, more) = query.page.trim(rows);
            audit::read::<E>(op, &rows);
            recall::<E>(&mut rows, query.as_of.recorded);
            let total = query.count.then(|| totals.get(&parent).copied().unwrap_or(0));
            (parent, Listing { rows, more, total })
        };
        Ok(grouped.into_iter().map(listing).collect())
    })
}

/// Takes out of the records what was only recorded later, if a moment is given.
fn recall<E: Record>(rows: &mut [E::Model], recorded: Option<Moment>) {
    if let Some(at) = recorded {
        rows.iter_mut().for_each(|row| E::recall(row, at));
    }
}

fn by_ids<'a, E: Record>(
    op: &'a Op,
    ids: &'a [i64],
    recorded: Option<Moment>,
) -> BoxFuture<'a, Result<HashMap<i64, E::Model>>> {
    Box::pin(async move {
        let mut found = keyed::<E>(op, ids, recorded).await?;
        let missing: Vec<i64> = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
        if recorded.is_some() && !missing.is_empty() {
            found.extend(keyed::<E>(op, &missing, None).await?);
        }
        Ok(found)
    })
}

async fn keyed<E: Record>(op: &Op, ids: &[i64], recorded: Option<Moment>) -> Result<HashMap<i64, E::Model>> {
    let select = E::scoped_at(&policy::scope(op)?, recorded).filter(E::ID.is_in(ids.iter().copied()));
    let mut rows = select.all(&op.lane).await?;
    audit::read::<E>(op, &rows);
    recall::<E>(&mut rows, recorded);
    Ok(rows.into_iter().map(|row| (E::id_of(&row), row)).collect())
}

fn get<'a, E: Record>(op: &'a Op, filter: Filter<E>) -> BoxFuture<'a, Result<Option<E::Model>>> {
    Box::pin(async move {
        let scope = policy::scope(op)?;
        let found = E::scoped(&scope).filter(filter.condition(&scope, op.present())).one(&op.lane).await?;
        audit::read::<E>(op, &found);
        Ok(found)
    })
}
