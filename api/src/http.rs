//! The HTTP door: routes, the request's id and log line, bearer token to actor, GraphQL over HTTP, health, the explorer's
//! page.
//!
//! Connections are served by actix's threads. Everything that asks the database runs on the runtime that
//! [`Server::start`] was called on, to which the database's sockets belong: one slow query then holds up no connection but
//! its own.

mod document;
mod export;
mod graphql;
mod health;
mod keys;
mod limit;
mod log;
mod origin;
mod page;
mod persisted;
mod refusal;
mod tag;
mod task;
mod transfer;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use actix_web::dev::{Server as ActixServer, ServerHandle};
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::rt::System;
use actix_web::{HttpRequest, HttpResponse, HttpServer, web};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use self::limit::Limits;
use self::persisted::Persisted;
pub use self::persisted::Trusted;
use self::refusal::Refusal;
pub use self::task::runtime;
use demarche_bound::Bounds;
use demarche_core::auth::Auth;
use demarche_core::error::{Error, Result};
use demarche_core::op::Base;
use demarche_core::store::Store;
use demarche_graphql::Schema;

/// How long a client may go on sending after it was refused. What it sends is thrown away; a connection closed earlier would
/// lose the answer for a client that is busy writing. Five seconds are what web servers commonly give.
const DISCONNECT_MAX: Duration = Duration::from_secs(5);

/// What the server answers from.
#[derive(Clone)]
pub struct App {
    /// The database, the clock and the keys.
    pub base: Base,
    /// Signing in.
    pub auth: Arc<Auth>,
    /// The schema that questions are asked of.
    pub schema: Schema,
}

/// How the server is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many threads take requests; 0: as many as the machine has cores.
    pub workers: usize,
    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// How many bytes all bodies that are being answered may have together.
    pub bodies_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_wait_max: Duration,
    /// How many operations a batch may have.
    pub batch_max: usize,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long requests in flight may take to finish at the end.
    pub shutdown_max: Duration,
    /// How many proxies of ours stand before the server and say in `X-Forwarded-For` who asks.
    pub proxies: usize,
    /// The bounds of one operation.
    pub bounds: Bounds,
    /// Who may ask about the schema.
    pub introspection: Introspection,
    /// The origins, beside our own, whose pages may ask.
    pub origins: Vec<String>,
    /// How many bytes of documents are kept for those who call them by their hash.
    pub persisted_bytes_max: usize,
    /// How much each may ask.
    pub limits: Limits,
    /// The only documents that are run; none: all are.
    pub trusted: Option<Trusted>,
}

/// Who may ask about the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Introspection {
    /// Whoever is signed in.
    SignedIn,
    /// Everyone.
    Everyone,
    /// Nobody.
    Nobody,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 0,
            body_bytes_max: 16 << 20,
            bodies_bytes_max: 64 << 20,
            body_wait_max: Duration::from_secs(10),
            batch_max: 10,
            timeout: Duration::from_secs(10),
            shutdown_max: Duration::from_secs(30),
            proxies: 0,
            bounds: Bounds::default(),
            introspection: Introspection::SignedIn,
            origins: Vec::new(),
            persisted_bytes_max: 4 << 20,
            limits: Limits::default(),
            trusted: None,
        }
    }
}

/// What a handler sees.
struct State {
    app: App,
    settings: Settings,
    persisted: Persisted,
    bodies: graphql::Bodies,
    runtime: Handle,
}

/// The HTTP server.
#[derive(Debug)]
pub struct Server;

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The server's own handle, for those who want to pause it.
    pub handle: ServerHandle,
    end: oneshot::Receiver<io::Result<()>>,
    ending: Option<io::Result<()>>,
    store: Store,
}

impl Server {
    /// Serves on `listener` from now on, until [`Running::stop`]. Any number of servers may run in one process; a listener
    /// on port 0 gives each an address of its own. Must be called on a tokio runtime, which must outlive the server.
    ///
    /// # Errors
    /// If the system has no threads or sockets left.
    pub async fn start(app: App, listener: TcpListener, settings: Settings) -> Result<Running> {
        let address = listener.local_addr().map_err(Error::internal)?;
        let store = app.base.store.clone();
        let persisted = Persisted::new(settings.persisted_bytes_max, settings.trusted.clone());
        let bodies = graphql::Bodies::new(settings.bodies_bytes_max);
        let state = web::Data::new(State { app, settings, persisted, bodies, runtime: Handle::current() });
        let (begin, begun) = oneshot::channel();
        let (ending, end) = oneshot::channel();
        // actix wants a thread with a runtime of its own.
        let serve = move || {
            let ended = System::new().block_on(async move {
                match build(&state, listener) {
                    Ok(server) => {
                        // Whoever wanted to know may have gone.
                        let _ = begin.send(Ok(server.handle()));
                        server.await
                    }
                    Err(cause) => {
                        let _ = begin.send(Err(cause));
                        Ok(())
                    }
                }
            });
            let _ = ending.send(ended);
        };
        thread::Builder::new().name("http".to_owned()).spawn(serve).map_err(Error::internal)?;
        let handle = begun.await.map_err(Error::internal)?.map_err(Error::internal)?;
        Ok(Running { address, handle, end, ending: None, store })
    }
}

impl Running {
    /// Takes no more requests, lets those in flight finish (as long as the settings allow), and closes the store.
    ///
    /// # Errors
    /// If the server ended by a fault.
    pub async fn stop(mut self) -> Result<()> {
        self.handle.stop(true).await;
        self.ended().await;
        self.store.close().await;
        match self.ending {
            Some(Err(cause)) => Err(Error::internal(cause)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Waits until the server ends by itself, which only a fault makes it do.
    pub async fn ended(&mut self) {
        if self.ending.is_none() {
            let ending = (&mut self.end).await;
            // Without a word: its thread has panicked.
            self.ending = Some(ending.unwrap_or_else(|cause| Err(io::Error::other(cause))));
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

fn build(state: &web::Data<State>, listener: TcpListener) -> io::Result<ActixServer> {
    let settings = &state.settings;
    let workers = match settings.workers {
        0 => available_parallelism().map_or(1, NonZero::get),
        workers => workers,
    };
    let shutdown_max = settings.shutdown_max;
    let state = state.clone();
    let service = move || {
        actix_web::App::new()
            .app_data(state.clone())
            .wrap(
                // A page sets a content policy of its own; answers for programs have nothing to load.
                DefaultHeaders::new()
                    .add(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
                    .add(("X-Content-Type-Options", "nosniff"))
                    .add(("X-Frame-Options", "DENY"))
                    .add(("Referrer-Policy", "no-referrer"))
                    .add(("Cross-Origin-Resource-Policy", "same-origin"))
                    .add(("Cross-Origin-Opener-Policy", "same-origin"))
                    .add(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")),
            )
            .wrap(from_fn(log::line))
            .configure(|config| routes(config, &state.settings.origins))
    };
    let server = HttpServer::new(service)
        .workers(workers)
        .disable_signals()
        .client_disconnect_timeout(DISCONNECT_MAX)
        .shutdown_timeout(shutdown_max.as_secs())
        .listen(listener)?
        .run();
    Ok(server)
}

fn routes(config: &mut web::ServiceConfig, origins: &[String]) {
    let get = |path: &str| web::resource(path).default_service(web::to(only_get));
    config
        .service(
            web::resource("/graphql")
                .wrap(Compress::default())
                .wrap(from_fn(tag::encode))
                .wrap(origin::cors(origins))
                .route(web::post().to(graphql::post))
                .route(web::get().to(graphql::get))
                .default_service(web::to(only_get_or_post)),
        )
        .service(web::resource("/import").route(web::post().to(transfer::import)).default_service(web::to(only_post)))
        .service(web::resource("/export/{name}").route(web::get().to(export::get)).route(web::post().to(export::post)))
        .service(get("/health/live").route(web::get().to(health::live)).route(web::head().to(health::live)))
        .service(get("/health/ready").route(web::get().to(health::ready)).route(web::head().to(health::ready)))
        .service(get("/.well-known/jwks.json").route(web::get().to(keys::keys)).route(web::head().to(keys::keys)))
        .service(get("/").route(web::get().to(page::page)).route(web::head().to(page::page)))
        .service(get("/assets/{path:.*}").route(web::get().to(page::asset)).route(web::head().to(page::asset)))
        .default_service(web::to(nowhere));
}

async fn only_get_or_post(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    task::refuse_rest(payload);
    Refusal::method("GET, POST").answer(&log::id(&request))
}

async fn only_post(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    task::refuse_rest(payload);
    Refusal::method("POST").answer(&log::id(&request))
}

async fn only_get(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    task::refuse_rest(payload);
    Refusal::method("GET, HEAD").answer(&log::id(&request))
}

async fn nowhere(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    task::refuse_rest(payload);
    Refusal::nowhere().answer(&log::id(&request))
}

#[cfg(test)]
mod tests;
