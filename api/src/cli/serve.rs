//! `demarche serve`: the server, until it is told to stop.

use std::fmt::Display;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tracing::{error, info};

use super::open_current;
use crate::config::{Config, Setting};
use crate::http::{App, Running, Server, Settings, Trusted};
use crate::telemetry;
use demarche_bound::Bounds;
use demarche_core::auth::{self, Auth};
use demarche_core::error::{Error, Result};
use demarche_core::op::Base;

/// Where to listen.
#[derive(Clone, Debug, Args)]
pub struct Bind {
    /// The address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<String>,
}

impl Bind {
    /// The same as a key of the configuration.
    pub fn setting(self) -> Option<Setting> {
        self.bind.map(|bind| Setting::new("http.bind", bind, "--bind"))
    }
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    bind: Bind,
    /// Run only the documents of this file: a JSON object of documents under their SHA-256
    #[arg(long, value_name = "FILE")]
    trusted_documents: Option<String>,
}

impl Serve {
    /// The same as keys of the configuration.
    pub fn settings(self) -> impl Iterator<Item = Setting> {
        let Self { bind, trusted_documents } = self;
        let trusted =
            trusted_documents.map(|file| Setting::new("graphql.trusted_documents", file, "--trusted-documents"));
        bind.setting().into_iter().chain(trusted)
    }
}

/// Runs the server.
pub async fn run(config: &Config) -> Result<()> {
    let settings = config.auth.settings()?;
    telemetry::init(&config.log)?;
    let base = open_current(config).await?;
    let listener = listen(config)?;
    let running = start(config, settings, base, listener).await?;
    info!(address = %running.address, "listening");
    until_signal(running).await
}

/// Takes the port, before anything else is begun.
pub fn listen(config: &Config) -> Result<TcpListener> {
    let bind = &config.http.bind;
    TcpListener::bind(bind).map_err(|cause| {
        Error::BadInput(format!(
            "cannot listen on {bind}: {cause}: choose another address or port with --bind, as in --bind 127.0.0.1:8081"
        ))
    })
}

/// Starts the server.
pub async fn start(config: &Config, settings: auth::Settings, base: Base, listener: TcpListener) -> Result<Running> {
    let auth = Arc::new(Auth::new(settings));
    auth.prepare(&base).await?;
    let schema = demarche_graphql::build(Arc::clone(&auth));
    let settings = http_settings(config)?;
    Server::start(App { base, auth, schema }, listener, settings).await
}

fn http_settings(config: &Config) -> Result<Settings> {
    let Config { http, graphql, rate, .. } = config;
    let bounds = graphql.bounds();
    let trusted = graphql.trusted_documents.as_deref().map(|file| read_trusted(file, &bounds)).transpose()?;
    Ok(Settings {
        workers: http.workers,
        body_bytes_max: http.body_bytes_max,
        bodies_bytes_max: http.bodies_bytes_max,
        body_wait_max: Duration::from_millis(http.body_wait_max_ms),
        batch_max: http.batch_max,
        proxies: http.proxies,
        timeout: Duration::from_millis(graphql.timeout_ms),
        shutdown_max: Duration::from_secs(http.shutdown_max_s),
        bounds,
        introspection: graphql.introspection,
        origins: http.origins(),
        persisted_bytes_max: graphql.persisted_bytes_max,
        limits: rate.limits(),
        trusted,
    })
}

fn read_trusted(file: &Path, bounds: &Bounds) -> Result<Trusted> {
    let bad = |cause: &dyn Display| Error::BadInput(format!("trusted documents: {}: {cause}", file.display()));
    let text = fs::read_to_string(file).map_err(|cause| bad(&cause))?;
    Trusted::read(&text, bounds).map_err(|cause| bad(&cause))
}

/// Waits for SIGTERM or SIGINT, and stops the server; a second one does not wait for the requests in flight.
pub async fn until_signal(mut running: Running) -> Result<()> {
    let mut signals = Signals::new()?;
    tokio::select! {
        () = signals.next() => info!("stopping"),
        () = running.ended() => error!("the server has ended by itself"),
    }
    tokio::select! {
        stopped = running.stop() => stopped,
        () = signals.next() => Err(Error::BadInput("stopped before all requests were answered".to_owned())),
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(Error::internal);
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
    fn new() -> Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a way to be told, the process runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
