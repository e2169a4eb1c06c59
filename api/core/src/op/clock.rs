//! The seam behind which the time stands.

use std::fmt;

use chrono::Utc;
use entity::moment::Moment;

/// The time. The only implementation outside tests is [`SystemClock`].
///
/// That it may be shared is said where one is held, `dyn Clock + Send + Sync`: said here, it would be looked up for each function that
/// waits while it holds an operation.
pub trait Clock: fmt::Debug {
    /// Now.
    fn now(&self) -> Moment;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the seam behind which the machine's clock stands")]
    fn now(&self) -> Moment {
        Utc::now().into()
    }
}
