//! A record as it is shown: with the two clocks by which it was asked for. What is reached from it goes by them as well, so that
//! a question about the past is answered from the past all the way down.

use std::ops::Deref;
use std::sync::Arc;

use entity::record::AsOf;

/// A record, and as of when it is shown.
#[derive(Debug)]
pub struct Seen<M> {
    model: Arc<M>,
    at: Option<AsOf>,
}

impl<M> Seen<M> {
    /// A record as it is shown as of a time; now if none is given.
    pub const fn new(model: Arc<M>, at: Option<AsOf>) -> Self {
        Self { model, at }
    }

    /// As of when it is shown; none if nothing was said of it, which means now.
    pub const fn at(&self) -> Option<AsOf> {
        self.at
    }

    /// What lists hang on, if this is the record's key.
    pub const fn anchor(&self, id: i64) -> Anchor {
        Anchor { id, at: self.at }
    }
}

impl<M> From<M> for Seen<M> {
    fn from(model: M) -> Self {
        Self::new(Arc::new(model), None)
    }
}

impl<M> Clone for Seen<M> {
    fn clone(&self) -> Self {
        Self { model: Arc::clone(&self.model), at: self.at }
    }
}

impl<M> Deref for Seen<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

/// The record that a list hangs on: its key, and as of when it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// The key.
    pub id: i64,
    /// As of when; none if nothing was said of it.
    pub at: Option<AsOf>,
}
