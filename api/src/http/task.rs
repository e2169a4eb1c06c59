//! Work on the runtime that the database's sockets belong to, and what is not worth any.

use std::time::Duration;

use actix_web::{rt, web};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;
use tracing::{Instrument, error, error_span};

use demarche_core::error::{Error, Result};

/// How much stack a thread of the runtime has, in bytes. A field's future is polled within those of all the fields above it,
/// each a dozen calls deep: the deepest query that the bounds let through needs more than the 2 MiB of tokio's default in a
/// build without optimisation. Only what is used of it becomes memory.
const STACK_BYTES: usize = 16 << 20;

/// The runtime that a server runs on: several threads, each with stack enough for the deepest query.
pub fn runtime() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_stack_size(STACK_BYTES);
    builder
}

/// Ends its task when it is dropped, so that nobody works for a client that has gone.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs `work` on `runtime` under the id of its request, which every line that it logs then has.
///
/// # Errors
/// If the work panics, or the runtime ends.
pub async fn run<T: Send + 'static>(
    runtime: &Handle,
    id: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    let span = error_span!("request", request_id = id);
    let mut task = Task(runtime.spawn(work.instrument(span)));
    (&mut task.0).await.map_err(|cause| {
        error!(request_id = id, %cause, "the request's task has ended too early");
        Error::internal(cause)
    })
}

/// Reads no more of a body whose request has been refused. Were it just dropped, actix would read on to its end, which a
/// body in chunks need not have; as it is, the connection is closed after the answer.
pub fn refuse_rest(payload: web::Payload) {
    /// Longer than an answer takes to be sent.
    const ANSWERED: Duration = Duration::from_secs(1);
    rt::spawn(async move {
        rt::time::sleep(ANSWERED).await;
        drop(payload);
    });
}
