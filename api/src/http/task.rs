//! Work on the runtime that the database's sockets belong to, and what is not worth any.

use std::time::Duration;

use actix_web::{rt, web};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::{Instrument, error, error_span};

use crate::error::{Error, Result};

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
