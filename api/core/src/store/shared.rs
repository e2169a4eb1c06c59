//! What is shared, and may go from thread to thread, whatever is in it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that is shared, out of the compiler's sight. That it may go from thread to thread is proven where it is made, once:
/// pools and transactions consist of hundreds of types, which are looked through again for each function that waits while it
/// holds one.
pub(super) struct Shared<T>(Arc<dyn Deref<Target = T> + Send + Sync>);

impl<T: Send + Sync + 'static> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        // The box is what can be had as a `T`, of whichever type it is.
        Self(Arc::new(Box::new(value)))
    }
}

impl<T> Shared<T> {
    /// Whether nobody else has it.
    pub(super) fn is_unique(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
