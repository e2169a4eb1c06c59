//! The command line: one program for the newcomer, the operator and the analyst.
//!
//! It ends with 0 if all was done, 1 if something failed, and 2 if the command line itself makes no sense. What failed is
//! one sentence on the standard error; what was asked for, and nothing else, is on the standard output.

mod account;
mod audit;
mod demo;
mod export;
mod file;
mod import;
mod key;
mod load;
mod migrate;
mod serve;
mod token;

use std::env;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Parser, Subcommand};
use entity::moment::Moment;

use crate::config::{Config, Setting};
use crate::http;
use demarche_core::error::{Error, Result};
use demarche_core::op::{Actor, Base, Ids, Op, Origin, SystemClock};
use demarche_core::store::Store;
use demarche_core::{auth, domain};

/// The system of record for who stands where on what, since when, and according to whom.
#[derive(Debug, Parser)]
#[command(name = "demarche", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The configuration file [default: demarche.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; in the environment other users of the machine do not
    /// see it
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what it can do: a database of its own with the sample dossier, an account, and the server
    ///
    /// Everything is kept in ./.demarche, and found again at the next start. `--database-url` and the secrets of the
    /// configuration are left alone.
    Demo(serve::Bind),
    /// Runs the server on a migrated database
    Serve(serve::Serve),
    /// Brings the database up to date, or back
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Accounts: who may sign in
    #[command(subcommand)]
    Account(account::Command),
    /// Access tokens, for scripts
    #[command(subcommand)]
    Token(token::Command),
    /// The keys that sign the tokens of sessions
    #[command(subcommand)]
    Key(key::Command),
    /// The log of who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Prints the GraphQL schema
    Schema,
    /// Loads a file of the interchange format (JSON Lines): all of it or, if anything is wrong, nothing
    Load(load::Load),
    /// Imports tables through a mapping, databases of Discourse Network Analyzer, and files of the interchange format
    Import(import::Import),
    /// Exports records as a file: what the account may see, from one snapshot
    Export(export::Export),
}

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match http::runtime().build() {
        Ok(runtime) => runtime,
        Err(cause) => return failed(&Error::internal(cause)),
    };
    match runtime.block_on(cli.command.run(&cli.global)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

impl Command {
    async fn run(self, global: &Global) -> Result<()> {
        match self {
            Self::Demo(bind) => demo::run(global, bind).await,
            Self::Serve(serve) => serve::run(&global.read(serve.settings())?).await,
            Self::Migrate(command) => command.run(&global.read(None)?).await,
            Self::Account(command) => command.run(&global.read(None)?).await,
            Self::Token(command) => command.run(&global.read(None)?).await,
            Self::Key(command) => command.run(&global.read(None)?).await,
            Self::Audit(command) => command.run(&global.read(None)?).await,
            Self::Schema => say(demarche_graphql::sdl().trim_end()),
            Self::Load(load) => load.run(&global.read(None)?).await,
            Self::Import(import) => import.run(&global.read(None)?).await,
            Self::Export(export) => export.run(&global.read(None)?).await,
        }
    }
}

impl Global {
    /// The configuration, with the global options and `more` on top.
    fn read(&self, more: impl IntoIterator<Item = Setting>) -> Result<Config> {
        let url = self.database_url.as_deref();
        let url = url.map(|url| Setting::new("database.url", url, "--database-url or DATABASE_URL"));
        self.read_without_database(url.into_iter().chain(more))
    }

    /// The configuration without `--database-url`.
    fn read_without_database(&self, settings: impl IntoIterator<Item = Setting>) -> Result<Config> {
        Config::read(self.config.as_deref(), environment()?, settings)
    }
}

/// The variables that may be keys of the configuration.
fn environment() -> Result<Vec<(String, String)>> {
    let ours = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    ours.filter(|(name, _)| name.starts_with("DEMARCHE_"))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Error::BadInput(format!("the environment variable {name}: expected UTF-8"))),
        })
        .collect()
}

/// Opens the database as it is.
async fn open(config: &Config) -> Result<Base> {
    let store = Store::open(&config.database.place()).await?;
    let node = match config.node {
        Some(node) => node,
        None => u16::from_str_radix(&auth::random_hex::<2>()?, 16).map_err(Error::internal)?,
    };
    Ok(Base { store, clock: Arc::new(SystemClock), ids: Arc::new(Ids::new(node)) })
}

/// Opens a database that must have every migration.
async fn open_current(config: &Config) -> Result<Base> {
    let base = open(config).await?;
    base.store.require_current().await?;
    Ok(base)
}

/// What a command does, in nobody's name.
fn command(base: &Base, name: &str) -> Op {
    let mut op = base.op(Actor::Anonymous);
    op.origin = Origin::command(name);
    op
}

/// The account with an address.
async fn account(base: &Base, email: &str) -> Result<entity::account::Model> {
    let found = domain::account::find(&base.op(Actor::Anonymous), email).await?;
    found
        .ok_or_else(|| Error::NotFound(format!("there is no account for {email}: `demarche account create` makes one")))
}

/// A moment for people, and for programs that read a list.
fn moment(at: Moment) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Prints what was asked for.
fn say(text: impl Display) -> Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        // Whoever reads has had enough, as in `demarche schema | head`.
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::internal),
    }
}

/// Prints what failed. Here the cause may be read: it is the operator who reads.
fn failed(error: &Error) -> ExitCode {
    let text = match error {
        Error::Internal(cause) => cause.to_string(),
        other => other.to_string(),
    };
    // There is no place left to complain about a standard error that is closed.
    let _ = writeln!(io::stderr().lock(), "demarche: {text}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }
}
