//! `demarche audit`: whether the log of who did what is whole.

use clap::Subcommand;

use super::{open_current, say};
use crate::config::Config;
use demarche_core::domain::audit::{self, Head};
use demarche_core::error::Result;
use demarche_core::op::Actor;

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Walks the whole log, and prints its end as SEQ:HASH; ends with 1 at the first entry that was changed, removed or moved
    ///
    /// Entries that were cut off at the end do not show by themselves: keep what it prints, on another machine, and give it
    /// back with --expect.
    Verify {
        /// An end that was printed earlier: the log must pass through it
        #[arg(long, value_name = "SEQ:HASH")]
        expect: Option<Head>,
    },
}

impl Command {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let Self::Verify { expect } = self;
        let base = open_current(config).await?;
        let verified = audit::verify(&base.op(Actor::Anonymous), expect.as_ref()).await;
        base.store.close().await;
        say(verified?)
    }
}
