//! The log: structured lines to the standard error, one for each request and one for each fault.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use tracing::info;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};
use demarche_core::error::{Error, Result};

/// Starts the log of this process.
///
/// # Errors
/// If it has been started before.
pub fn init(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.filter).map_err(Error::internal)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).try_init(),
    };
    started.map_err(Error::Internal)
}

/// What is logged of one request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The request's id, which its answer has too.
    pub id: &'a str,
    /// The name of the GraphQL operation, or the route.
    pub operation: &'a str,
    /// The public id of the account that asked, or `anonymous`.
    pub actor: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The code of the first error, if there is any.
    pub code: Option<&'a str>,
    /// How long it took.
    pub duration: Duration,
    /// How many statements it ran.
    pub statements: u32,
}

impl Request<'_> {
    /// Writes the line.
    pub fn log(&self) {
        let Self { id, operation, actor, status, code, duration, statements } = self;
        info!(
            request_id = id,
            operation,
            actor,
            status,
            code,
            duration_ms = milliseconds(*duration),
            statements,
            "request"
        );
    }
}

/// Milliseconds with three decimals.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_decimals() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567_890)).to_string(), "1234.568");
        assert_eq!(milliseconds(Duration::ZERO).to_string(), "0");
    }
}
