//! The list of a record's revisions.

use std::sync::Arc;

use async_graphql::Context;
use entity::filter::Filter;
use entity::page::{Order, Sort};
use entity::revision::{Column, Entity};

use crate::connection::{Connection, Slice, cursors};
use crate::error::Result;
use crate::list::question;
use crate::loader::{self, PageOf, op};
use crate::node::Revision;
use crate::seen::Seen;
use demarche_core::domain::list::{Link, Query};

/// A page of the revisions of a record, the newest first.
pub async fn connection(ctx: &Context<'_>, node: i64, slice: Slice) -> Result<Connection<Revision>> {
    let sort = Sort::<Entity>::new(vec![Order { column: Column::Version, descending: true }]);
    let query = Query {
        // Not the node: one question is asked for all nodes of a request at once.
        filter: Filter::default(),
        page: slice.page(&sort)?,
        sort: sort.clone(),
        as_of: op(ctx)?.present(),
        count: ctx.look_ahead().field("totalCount").exists(),
    };
    let page = PageOf {
        parent: node,
        question: question(ctx, "node", None)?,
        link: || Link::column(Column::NodeId),
        query: Arc::new(query),
    };
    let Some(listing) = loader::page(ctx, page).await? else {
        return Ok(Connection::new(Vec::new(), &slice, false, Some(0)));
    };
    let cursors = cursors(&sort, &listing.rows, true);
    let nodes = listing.rows.iter().map(|row| Revision::from(Seen::from(row.clone())));
    Ok(Connection::new(cursors.into_iter().zip(nodes).collect(), &slice, listing.more, listing.total))
}
