//! The configuration: `config/defaults.toml`, which documents every key, under a file, the environment and the command
//! line. It is read and checked as a whole before anything else happens; each bad value is named, with where it came from
//! and what was expected.

mod auth;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::error::Kind;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

pub use self::auth::{Accounts, Auth, Provider};
pub use self::source::Setting;
use crate::http::{Introspection, Limits};
use demarche_bound::Bounds;
use demarche_core::error::{Error, Result};
use demarche_core::store::{Bucket, Place};

/// Every key with its default and its documentation.
pub const DEFAULTS: &str = include_str!("config/defaults.toml");
/// The file that is read without being asked for, if it is there.
pub const FILE: &str = "demarche.toml";

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Tells this process from others on the same database: 0 to 1023.
    pub node: Option<u16>,
    /// Where the database is.
    pub database: Database,
    /// The server.
    pub http: Http,
    /// Signing in.
    pub auth: Auth,
    /// What a query may ask for.
    pub graphql: Graphql,
    /// How much each may ask.
    pub rate: Rate,
    /// What is logged, and how.
    pub log: Log,
}

/// Where the database is.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`. May hold a password, and so is never printed.
    pub url: String,
    /// How many connections at most.
    pub connections_max: u32,
    /// How long to wait for a connection or a lock, in milliseconds.
    pub wait_max_ms: u64,
}

/// The server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address and port to listen on.
    pub bind: String,
    /// How many threads take requests; 0: as many as the machine has cores.
    pub workers: usize,
    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// How many bytes all bodies that are being answered may have together.
    pub bodies_bytes_max: usize,
    /// How long a body may take to arrive, in milliseconds.
    pub body_wait_max_ms: u64,
    /// How many operations a batch may have.
    pub batch_max: usize,
    /// How many proxies of ours stand before the server.
    pub proxies: usize,
    /// The origins, beside our own, whose pages may ask, joined by commas.
    pub origins: String,
    /// How long requests in flight may take to finish at the end, in seconds.
    pub shutdown_max_s: u64,
}

/// What a query may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graphql {
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u64,
    /// Who may ask about the schema.
    pub introspection: Introspection,
    /// How large a document may be, in bytes.
    pub document_bytes_max: usize,
    /// How many tokens a document may have.
    pub tokens_max: usize,
    /// How deep brackets may be nested.
    pub nesting_max: usize,
    /// How many values the JSON of a request may have.
    pub values_max: usize,
    /// How deep its fields may be nested.
    pub depth_max: usize,
    /// How many fields may have an alias.
    pub aliases_max: usize,
    /// How many directives may be used.
    pub directives_max: usize,
    /// How many selections a document may have with its fragments put in their places.
    pub selections_max: usize,
    /// How large a page may be.
    pub page_size_max: usize,
    /// How much it may cost.
    pub complexity_max: usize,
    /// How many errors are answered.
    pub errors_max: usize,
    /// How many bytes of documents are kept.
    pub persisted_bytes_max: usize,
    /// The file of the only documents that are run, or none.
    pub trusted_documents: Option<PathBuf>,
}

/// How much each may ask.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many points the bucket of an account holds; 0: no limit.
    pub actor_points: u32,
    /// How many flow into it each second.
    pub actor_points_s: u32,
    /// How many points the bucket of an address holds; 0: no limit.
    pub address_points: u32,
    /// How many flow into it each second.
    pub address_points_s: u32,
}

impl Rate {
    /// The buckets.
    pub fn limits(&self) -> Limits {
        let bucket = |size, per_second| (size > 0).then_some(Bucket { size, per_second });
        Limits {
            actor: bucket(self.actor_points, self.actor_points_s),
            address: bucket(self.address_points, self.address_points_s),
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How.
    pub format: LogFormat,
    /// What, as a filter of `tracing_subscriber`.
    pub filter: String,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The keys that hold whole numbers, with their bounds, both included.
const BOUNDS: [(&str, i64, i64); 31] = [
    ("node", 0, 1023),
    ("database.connections_max", 1, 1000),
    ("database.wait_max_ms", 1, 600_000),
    ("http.workers", 0, 1024),
    ("http.body_bytes_max", 1024, 1 << 30),
    ("http.bodies_bytes_max", 1 << 20, 1 << 40),
    ("http.body_wait_max_ms", 1, 600_000),
    ("http.batch_max", 1, 1000),
    ("http.proxies", 0, 16),
    ("http.shutdown_max_s", 0, 3600),
    ("auth.token_ttl_s", 60, 86_400),
    ("auth.refresh_ttl_s", 60, 31_536_000),
    ("auth.session_ttl_s", 60, 31_536_000),
    ("auth.queue_max", 0, 10_000),
    ("graphql.timeout_ms", 1, 600_000),
    ("graphql.document_bytes_max", 1024, 1 << 24),
    ("graphql.tokens_max", 100, 1_000_000),
    ("graphql.nesting_max", 8, 120),
    ("graphql.values_max", 100, 10_000_000),
    ("graphql.depth_max", 1, 64),
    ("graphql.aliases_max", 0, 100_000),
    ("graphql.directives_max", 0, 100_000),
    ("graphql.selections_max", 100, 1_000_000),
    ("graphql.page_size_max", 1, 200),
    ("graphql.complexity_max", 1, 1_000_000_000),
    ("graphql.errors_max", 1, 10_000),
    ("graphql.persisted_bytes_max", 0, 1 << 30),
    ("rate.actor_points", 0, 1_000_000_000),
    ("rate.actor_points_s", 1, 1_000_000_000),
    ("rate.address_points", 0, 1_000_000_000),
    ("rate.address_points_s", 1, 1_000_000_000),
];

impl Config {
    /// Reads all layers: the defaults, then `file` (or [`FILE`] if it is there), then the variables of `environment` that
    /// begin with `DEMARCHE_`, then `settings` in order.
    ///
    /// # Errors
    /// [`Error::BadInput`] with all that is wrong.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        settings: impl IntoIterator<Item = Setting>,
    ) -> Result<Self> {
        let figment = source::layers(file, environment, settings)?;
        let mut problems: Vec<String> = BOUNDS.iter().filter_map(|bound| out_of_bounds(&figment, bound)).collect();
        if problems.is_empty() {
            match figment.extract_lossy::<Self>() {
                Ok(config) => {
                    problems = config.problems(&figment);
                    if problems.is_empty() {
                        return Ok(config);
                    }
                }
                Err(errors) => problems.extend(errors.into_iter().map(|error| describe(&figment, &error))),
            }
        }
        Err(Error::BadInput(problems.join("; ")))
    }

    /// What is wrong that types do not show. Never repeats a value that may hold a secret.
    fn problems(&self, figment: &Figment) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |holds: bool, key: &str, value: Option<&str>, expected: &str| {
            if !holds {
                let value = value.map(|value| format!(" = {value:?}")).unwrap_or_default();
                problems.push(format!("{key}{value} ({}): expected {expected}", source::of(figment, key)));
            }
        };
        let Self { node: _, database, http, auth, graphql: _, rate: _, log } = self;
        let scheme = database.url.split(':').next();
        expect(
            matches!(scheme, Some("sqlite" | "postgres" | "postgresql")) && database.url.contains(':'),
            "database.url",
            None,
            "`sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`",
        );
        expect(
            http.bind.parse::<SocketAddr>().is_ok(),
            "http.bind",
            Some(&http.bind),
            "an IP address and a port, such as 127.0.0.1:8080",
        );
        let is_origin = |origin: &str| {
            url::Url::parse(origin)
                .is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == origin)
        };
        expect(
            http.origins().iter().all(|origin| is_origin(origin)),
            "http.origins",
            Some(&http.origins),
            "origins joined by commas, such as https://desk.example.org,http://localhost:3000",
        );
        expect(
            EnvFilter::try_new(&log.filter).is_ok(),
            "log.filter",
            Some(&log.filter),
            "a level (error, warn, info, debug, trace) or target=level pairs joined by commas",
        );
        for (key, value, expected) in auth.problems() {
            expect(false, key, value.as_deref(), &expected);
        }
        problems
    }
}

impl Http {
    /// The origins, beside our own, whose pages may ask.
    pub fn origins(&self) -> Vec<String> {
        self.origins.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect()
    }
}

impl Graphql {
    /// The bounds of one operation.
    pub const fn bounds(&self) -> Bounds {
        let Self {
            timeout_ms: _,
            introspection: _,
            document_bytes_max,
            tokens_max,
            nesting_max,
            values_max,
            depth_max,
            aliases_max,
            directives_max,
            selections_max,
            page_size_max,
            complexity_max,
            errors_max,
            persisted_bytes_max: _,
            trusted_documents: _,
        } = *self;
        Bounds {
            document_bytes_max,
            tokens_max,
            nesting_max,
            values_max,
            depth_max,
            aliases_max,
            directives_max,
            selections_max,
            page_size_max,
            complexity_max,
            errors_max,
        }
    }
}

impl Database {
    /// The same for the store.
    pub fn place(&self) -> Place {
        Place {
            url: self.url.clone(),
            connections_max: self.connections_max,
            wait_max: Duration::from_millis(self.wait_max_ms),
        }
    }
}

impl std::fmt::Debug for Database {
    /// Without the URL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url: _, connections_max, wait_max_ms } = self;
        f.debug_struct("Database")
            .field("connections_max", connections_max)
            .field("wait_max_ms", wait_max_ms)
            .finish_non_exhaustive()
    }
}

fn out_of_bounds(figment: &Figment, (key, low, high): &(&str, i64, i64)) -> Option<String> {
    let value = figment.find_value(key).ok()?;
    match source::whole(&value) {
        Some(number) if (i128::from(*low)..=i128::from(*high)).contains(&number) => None,
        _ => Some(format!(
            "{key} = {} ({}): expected a whole number from {low} to {high}",
            source::shown(&value),
            source::of(figment, key)
        )),
    }
}

/// One of figment's errors as a sentence of ours.
fn describe(figment: &Figment, error: &figment::Error) -> String {
    let key = error.path.join(".");
    let origin = error.metadata.as_ref().map_or_else(|| source::of(figment, &key), source::name);
    match &error.kind {
        Kind::UnknownField(field, expected) => {
            // Some of figment's errors have the unknown field at the end of the path already.
            let section = key.strip_suffix(field.as_str()).unwrap_or(&key).trim_end_matches('.');
            let place = if section.is_empty() { "at the top".to_owned() } else { format!("in [{section}]") };
            format!("{field} ({origin}): there is no such key {place}, expected one of {}", expected.join(", "))
        }
        Kind::UnknownVariant(found, expected) => {
            format!("{key} = {found:?} ({origin}): expected one of {}", expected.join(", "))
        }
        // Whatever stands in a secret's place could be the secret.
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("{key} ({origin}): expected {expected}")
        }
        // A message of the TOML reader shows the line at fault, which could hold a secret: it is left out.
        other => {
            let text = other.to_string();
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains('|')).map(str::trim).collect();
            format!("{origin}: {}", lines.join(": "))
        }
    }
}

#[cfg(test)]
mod tests;
