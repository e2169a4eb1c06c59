//! How the doors write nodes and assertions.
//!
//! As with [`Readable`](crate::domain::list::Readable), these are functions of traits that give boxes, so that the rules of
//! writing are compiled here, once for each kind, and not checked and compiled again with whoever calls them.

use std::collections::HashMap;

use async_trait::async_trait;
use entity::moment::Moment;
use entity::words::Marking;

use crate::domain::assertion::{self, Claim};
use crate::domain::marking;
use crate::domain::node::{self, Concept};
use crate::error::Result;
use crate::op::Op;

/// What an edit does to the draft that would make the record as it is now.
pub type Edit<'a, D> = Box<dyn FnOnce(&mut D) + Send + 'a>;

/// A kind of node that is created and edited.
#[async_trait]
pub trait Editable: Concept {
    /// Creates a node. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) with all that is wrong with the draft.
    async fn create(op: &Op, draft: &Self::Draft) -> Result<Self::Model>;

    /// Edits a node. `version` is the one that the editor saw. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) with [`NotFound`](crate::error::Code::NotFound) if there is none, with
    /// [`Conflict`](crate::error::Code::Conflict) if it has been edited since, or with all that is wrong with the edited draft.
    async fn edit(op: &Op, id: i64, version: i32, edit: Edit<'_, Self::Draft>) -> Result<Self::Model>;
}

/// A kind of assertion that is recorded, superseded, retracted and marked.
#[async_trait]
pub trait Assertable: Claim {
    /// Records an assertion. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) with all that is wrong with the draft.
    async fn record(op: &Op, draft: &Self::Draft) -> Result<Self::Model>;

    /// Replaces an assertion by a corrected one. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) if there is no such assertion,
    /// it has been superseded or retracted before, or the draft is wrong.
    async fn supersede(op: &Op, id: i64, draft: &Self::Draft) -> Result<Self::Model>;

    /// Takes an assertion back. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) if there is no such assertion,
    /// it has been superseded or retracted before, or no reason is given.
    async fn retract(op: &Op, id: i64, reason: &str) -> Result<Self::Model>;

    /// Changes how far an assertion may travel. What it says stays as it is: a marking is how to handle it. To be called
    /// within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) if there is no such assertion,
    /// or the marking is below that of what it refers to or above one's own
    /// clearance; [`Forbidden`](crate::error::Error::Forbidden) if one may not.
    async fn mark(op: &Op, id: i64, marking: Marking) -> Result<Self::Model>;

    /// The assertions that replaced these, by the key of what they replaced.
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::error::Error::Unauthenticated) for the anonymous actor.
    async fn successors(op: &Op, ids: &[i64], recorded: Option<Moment>) -> Result<HashMap<i64, Self::Model>>;
}

macro_rules! editable {
    ($($kind:ident)*) => {
        $(
            #[async_trait]
            impl Editable for entity::$kind::Entity {
                async fn create(op: &Op, draft: &Self::Draft) -> Result<Self::Model> {
                    node::create::<Self>(op, draft).await
                }

                async fn edit(op: &Op, id: i64, version: i32, edit: Edit<'_, Self::Draft>) -> Result<Self::Model> {
                    node::edit::<Self>(op, id, version, edit).await
                }
            }
        )*
    };
}

macro_rules! assertable {
    ($($kind:ident)*) => {
        $(
            #[async_trait]
            impl Assertable for entity::$kind::Entity {
                async fn record(op: &Op, draft: &Self::Draft) -> Result<Self::Model> {
                    assertion::record::<Self>(op, draft).await
                }

                async fn supersede(op: &Op, id: i64, draft: &Self::Draft) -> Result<Self::Model> {
                    assertion::supersede::<Self>(op, id, draft).await
                }

                async fn retract(op: &Op, id: i64, reason: &str) -> Result<Self::Model> {
                    assertion::retract::<Self>(op, id, reason).await
                }

                async fn mark(op: &Op, id: i64, marking: Marking) -> Result<Self::Model> {
                    marking::change::<Self>(op, id, marking).await
                }

                async fn successors(
                    op: &Op,
                    ids: &[i64],
                    recorded: Option<Moment>,
                ) -> Result<HashMap<i64, Self::Model>> {
                    assertion::successors::<Self>(op, ids, recorded).await
                }
            }
        )*
    };
}

editable! { dossier stakeholder mechanism condition argument source }
assertable! { position relation status finding event implication rating }
