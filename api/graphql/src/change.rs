//! What has changed since, in GraphQL.

use async_graphql::{Context, ID, Object, SimpleObject};

use crate::connection::Slice;
use crate::error::{Result, fault};
use crate::later::Later;
use crate::loader;
use crate::many::Many;
use crate::node::Node;
use crate::scalar::DateTime;
use crate::word::{ChangeAction, RecordKind};
use demarche_core::domain::change::{self, Change};
use demarche_core::error::Error;
use demarche_core::id;

/// One change: what one transaction did to one record, or to what you may see.
pub struct RecordChange(Change);

/// One change: what one transaction did to one record, or to what you may see.
#[Object]
impl RecordChange {
    /// What happened.
    async fn action(&self) -> ChangeAction {
        self.0.action.into()
    }

    /// The kind of the record; null if it is about your clearance.
    async fn kind(&self) -> Option<RecordKind> {
        RecordKind::of(self.0.kind)
    }

    /// The id of the record. Of a dossier that you have gained or lost, that dossier; of your clearance, your account.
    async fn id(&self) -> ID {
        ID(id::encode(self.0.kind, self.0.id))
    }

    /// When it happened.
    async fn recorded_at(&self) -> DateTime {
        self.0.recorded_at.into()
    }

    /// The record as it is now, which may be later than this change; null if you do not see it.
    async fn node(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        Node::load(ctx, self.0.kind, self.0.id).await
    }
}

/// Changes in the order in which they were committed, and where to go on.
#[derive(SimpleObject)]
pub struct ChangePage {
    /// The changes, the oldest first.
    nodes: Many<RecordChange>,
    /// Where the next page begins: keep it with your copy, and give it as `after`. It is always given; as long as nothing
    /// changes for you, it stays the same.
    cursor: String,
    /// Whether there are more by now.
    has_more: bool,
}

/// The field `changes`, of everything that one may see or of the dossier with this key.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeQuery(pub Option<i64>);

/// The field `changes`.
#[Object]
impl ChangeQuery {
    /// What has changed since: every creation, edit, supersession, retraction and marking of a record that you may see, and every
    /// change of what you may see, in the order in which they were committed, without gap or repeat, however many write
    /// meanwhile. Begin with the `cursor` in the manifest of an export, which belongs to just the state that is in the file.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only what has changed after this cursor, which may be older than any change. From now on if left out: that gives a cursor and no changes."
        )]
        after: Option<String>,
        #[graphql(desc = "The first so many changes, 0 to 200; 20 if left out.")] first: Option<i32>,
    ) -> Result<Later<ChangePage>> {
        let (size, _) = Slice { first, ..Slice::default() }.size()?;
        let size = usize::try_from(size).map_err(|cause| fault(Error::internal(cause)))?;
        let op = loader::op(ctx)?;
        let Some(after) = after else {
            let end = change::end(op, self.0).await.map_err(fault)?;
            let page = ChangePage { nodes: Many::default(), cursor: change::write_cursor(end), has_more: false };
            return Ok(Later(page));
        };
        let after = change::read_cursor("after", &after).map_err(fault)?;
        let page = change::page(op, self.0, after, size).await.map_err(fault)?;
        let nodes = page.changes.into_iter().map(RecordChange).collect();
        Ok(Later(ChangePage { nodes, cursor: change::write_cursor(page.end), has_more: page.more }))
    }
}
