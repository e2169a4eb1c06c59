//! `demarche migrate`: the database, up to date or back.

use std::path::Path;

use clap::Subcommand;

use super::{file, open, say};
use crate::config::Config;
use demarche_core::error::Result;
use demarche_core::store::Step;

/// What to do.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Applies the migrations that are missing
    Up,
    /// Takes the last migrations back, and the data in them
    Down {
        /// How many
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Lists every migration and whether the database has it
    Status,
}

impl Command {
    /// Does it, and says what was done.
    pub async fn run(self, config: &Config) -> Result<()> {
        if matches!(self, Self::Up) && config.database.url.starts_with("sqlite:.demarche/") {
            // Where the database is by default. Other directories are left to those who chose them.
            file::private_directory(Path::new(".demarche"))?;
        }
        let store = open(config).await?.store;
        let before = store.migrations().await?;
        match self {
            Self::Up => store.migrate_up().await?,
            Self::Down { steps } => store.migrate_down(steps).await?,
            Self::Status => {}
        }
        let after = store.migrations().await?;
        store.close().await;
        match self {
            Self::Up => changes(&before, &after, "applied", "nothing to do: the database has every migration"),
            Self::Down { .. } => changes(&after, &before, "taken back", "nothing to do: the database has no migration"),
            Self::Status => after.iter().try_for_each(|step| {
                say(format_args!("{} {}", if step.applied { "applied" } else { "missing" }, step.name))
            }),
        }
    }
}

/// Says which migrations `more` has and `less` has not.
fn changes(less: &[Step], more: &[Step], verb: &str, none: &str) -> Result<()> {
    let mut changed = more.iter().filter(|step| step.applied && !less.contains(step)).peekable();
    if changed.peek().is_none() {
        return say(none);
    }
    changed.try_for_each(|step| say(format_args!("{verb} {}", step.name)))
}
