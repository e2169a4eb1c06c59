//! What may go from thread to thread, whatever is in it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that is shared, and out of the compiler's sight. That it may go from thread to thread is proven where it is
/// sealed, once: pools and transactions are of hundreds of types, which are looked through again for each function that
/// waits while it holds one.
pub(super) struct Sealed<T>(Arc<dyn Deref<Target = T> + Send + Sync>);

impl<T: Send + Sync + 'static> Sealed<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Arc::new(Box::new(value)))
    }
}

impl<T> Sealed<T> {
    /// Whether somebody else has it as well.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl<T> Deref for Sealed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}
