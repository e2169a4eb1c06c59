//! How the doors write nodes and assertions.
//!
//! As with [`Readable`](crate::domain::list::Readable), these are functions of traits that give boxes, so that the rules of
//! writing are compiled here, once for each kind, and not checked and compiled again with whoever calls them.

use std::collections::HashMap;

use entity::moment::Moment;
use entity::words::Marking;
use futures_util::future::BoxFuture;

use crate::domain::assertion::{self, Claim};
use crate::domain::marking;
use crate::domain::node::{self, Concept};
use crate::error::Result;
use crate::op::Op;

/// What an edit does to the draft that would make the record as it is now.
pub type Edit<'a, D> = Box<dyn FnOnce(&mut D) + Send + 'a>;

/// A kind of node that is created and edited.
pub trait Editable: Concept {
    /// Creates a node. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) with all that is wrong with the draft.
    fn create<'a>(op: &'a Op, draft: &'a Self::Draft) -> BoxFuture<'a, Result<Self::Model>>;

    /// Edits a node. `version` is the one that the editor saw. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) with [`NotFound`](crate::error::Code::NotFound) if there is none, with
    /// [`Conflict`](crate::error::Code::Conflict) if it has been edited since, or with all that is wrong with the edited draft.
    fn edit<'a>(op: &'a Op, id: i64, version: i32, edit: Edit<'a, Self::Draft>) -> BoxFuture<'a, Result<Self::Model>>;
}

/// A kind of assertion that is recorded, superseded, retracted and marked.
pub trait Assertable: Claim {
    /// Records an assertion. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) with all that is wrong with the draft.
    fn record<'a>(op: &'a Op, draft: &'a Self::Draft) -> BoxFuture<'a, Result<Self::Model>>;

    /// Replaces an assertion by a corrected one. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) if there is no such assertion,
    /// it has been superseded or retracted before, or the draft is wrong.
    fn supersede<'a>(op: &'a Op, id: i64, draft: &'a Self::Draft) -> BoxFuture<'a, Result<Self::Model>>;

    /// Takes an assertion back. To be called within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) if there is no such assertion,
    /// it has been superseded or retracted before, or no reason is given.
    fn retract<'a>(op: &'a Op, id: i64, reason: &'a str) -> BoxFuture<'a, Result<Self::Model>>;

    /// Changes how far an assertion may travel. What it says stays as it is: a marking is how to handle it. To be called
    /// within a transaction.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Error::Refused) if there is no such assertion,
    /// or the marking is below that of what it refers to or above one's own
    /// clearance; [`Forbidden`](crate::error::Error::Forbidden) if one may not.
    fn mark<'a>(op: &'a Op, id: i64, marking: Marking) -> BoxFuture<'a, Result<Self::Model>>;

    /// The assertions that replaced these, by the key of what they replaced.
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::error::Error::Unauthenticated) for the anonymous actor.
    fn successors<'a>(
        op: &'a Op,
        ids: &'a [i64],
        recorded: Option<Moment>,
    ) -> BoxFuture<'a, Result<HashMap<i64, Self::Model>>>;
}

macro_rules! editable {
    ($($kind:ident)*) => {
        $(
            impl Editable for entity::$kind::Entity {
                fn create<'a>(op: &'a Op, draft: &'a Self::Draft) -> BoxFuture<'a, Result<Self::Model>> {
                    node::create::<Self>(op, draft)
                }

                fn edit<'a>(op: &'a Op, id: i64, version: i32, edit: Edit<'a, Self::Draft>) -> BoxFuture<'a, Result<Self::Model>> {
                    node::edit::<Self>(op, id, version, edit)
                }
            }
        )*
    };
}

macro_rules! assertable {
    ($($kind:ident)*) => {
        $(
            impl Assertable for entity::$kind::Entity {
                fn record<'a>(op: &'a Op, draft: &'a Self::Draft) -> BoxFuture<'a, Result<Self::Model>> {
                    assertion::record::<Self>(op, draft)
                }

                fn supersede<'a>(op: &'a Op, id: i64, draft: &'a Self::Draft) -> BoxFuture<'a, Result<Self::Model>> {
                    assertion::supersede::<Self>(op, id, draft)
                }

                fn retract<'a>(op: &'a Op, id: i64, reason: &'a str) -> BoxFuture<'a, Result<Self::Model>> {
                    assertion::retract::<Self>(op, id, reason)
                }

                fn mark<'a>(op: &'a Op, id: i64, marking: Marking) -> BoxFuture<'a, Result<Self::Model>> {
                    marking::change::<Self>(op, id, marking)
                }

                fn successors<'a>(
                    op: &'a Op,
                    ids: &'a [i64],
                    recorded: Option<Moment>,
                ) -> BoxFuture<'a, Result<HashMap<i64, Self::Model>>> {
                    assertion::successors::<Self>(op, ids, recorded)
                }
            }
        )*
    };
}

editable! { dossier stakeholder mechanism condition argument source }
assertable! { position relation status finding event implication rating }
