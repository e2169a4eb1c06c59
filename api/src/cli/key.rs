//! `demarche key`: the keys that sign the tokens of sessions.

use std::time::Duration;

use clap::Subcommand;
use entity::words::AuditAction;

use super::{command, moment, open_current, say};
use crate::config::Config;
use demarche_core::auth::Keys;
use demarche_core::domain::signing_key;
use demarche_core::error::Result;
use demarche_core::op::Actor;

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Makes a new key that signs from now on, on all instances, and prints its name
    ///
    /// Those before it verify until the tokens that they signed have expired, and then go. Nobody has to sign in again.
    Rotate,
    /// Lists the keys whose signatures hold, the one that signs first: name, since when, until when
    List,
}

impl Command {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        match self {
            Self::Rotate => rotate(config).await,
            Self::List => list(config).await,
        }
    }
}

async fn rotate(config: &Config) -> Result<()> {
    let keys = Keys::new(config.auth.secret()?);
    let base = open_current(config).await?;
    let op = command(&base, "key rotate").begin().await?;
    let key = keys.rotate(&op, Duration::from_secs(config.auth.token_ttl_s)).await?;
    op.note_step(AuditAction::Maintain);
    op.commit().await?;
    base.store.close().await;
    say(key.kid)
}

async fn list(config: &Config) -> Result<()> {
    let base = open_current(config).await?;
    let keys = signing_key::list(&base.op(Actor::Anonymous)).await?;
    base.store.close().await;
    for key in keys {
        let until = key.retires_at.map_or_else(|| "signs".to_owned(), |at| format!("until {}", moment(at)));
        say(format!("{}\t{}\t{until}", key.kid, moment(key.created_at)))?;
    }
    Ok(())
}
