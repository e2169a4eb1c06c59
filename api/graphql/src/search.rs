//! Search in GraphQL.

use async_graphql::{Context, Object};
use sea_orm::Value;

use crate::connection::{Connection, Slice, read_cursor, write_cursor};
use crate::error::{Result, fault};
use crate::later::Later;
use crate::loader;
use crate::node::Node;
use crate::word::RecordKind;
use demarche_core::domain::search::{self, Hit, Query};

/// A record in whose text all words of a search stand.
pub struct SearchHit(Hit);

/// A record in whose text all words of a search stand.
#[Object]
impl SearchHit {
    /// Its name, its title or its first words.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Whether all words stand in the title, and not only somewhere in the text.
    async fn in_title(&self) -> bool {
        self.0.rank == 0
    }

    /// The record.
    async fn node(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        Node::load(ctx, self.0.kind, self.0.id).await
    }
}

/// The field `search`, of everything that one may see or of the dossier with this key.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchQuery(pub Option<i64>);

/// The field `search`.
#[Object]
impl SearchQuery {
    /// The records in whose text all words of the query stand, whatever their case and accents; those that have them in their
    /// title first. Only what is current is found.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The words, at most 12; a part of a word is found too.")] query: String,
        #[graphql(desc = "Only records of these kinds; of all kinds if left out.")] kinds: Option<Vec<RecordKind>>,
        #[graphql(desc = "The first so many hits, 0 to 200; 20 if neither `first` nor `last` is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only the hits after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many hits, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the hits before this cursor.")] before: Option<String>,
    ) -> Result<Later<Connection<SearchHit>>> {
        let slice = Slice { first, after, last, before };
        let (size, backward) = slice.size()?;
        let place = |name: &str, cursor: &Option<String>| {
            cursor
                .as_deref()
                .map(|cursor| read_cursor(name, cursor, LIST, |place| place.len() == 2).map(|parts| place(&parts)))
                .transpose()
        };
        let asked = Query {
            text: query,
            dossier: self.0,
            kinds: kinds.unwrap_or_default().into_iter().map(Into::into).collect(),
            size,
            backward,
            after: place("after", &slice.after)?,
            before: place("before", &slice.before)?,
            count: ctx.look_ahead().field("totalCount").exists(),
        };
        let listing = search::search(loader::op(ctx)?, &asked).await.map_err(fault)?;
        let cursor = |hit: &Hit| write_cursor(LIST, vec![i64::from(hit.rank).into(), hit.id.into()]);
        let edges = listing.rows.into_iter().map(|hit| (cursor(&hit), SearchHit(hit))).collect();
        Ok(Later(Connection::new(edges, &slice, listing.more, listing.total)))
    }
}

const LIST: &str = "search";

fn place(parts: &[Value]) -> search::Place {
    let part = |n: usize| match parts.get(n) {
        Some(Value::BigInt(Some(number))) => *number,
        _ => 0,
    };
    (i32::try_from(part(0)).unwrap_or(i32::MAX), part(1))
}
