//! `demarche token`: tokens for scripts.

use std::time::Duration;

use clap::Subcommand;
use entity::kind::Kind;
use entity::words::{AuditAction, Marking};

use super::{open_current, say};
use crate::auth::Auth;
use crate::config::Config;
use crate::domain::account;
use crate::error::{Error, Result};
use crate::op::{Actor, Origin, Step};

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Prints a token that stands for an account
    Issue {
        /// The account's address
        #[arg(long)]
        email: String,
        /// How long it holds, as in 90d, 12h or 30min
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Duration,
    },
}

impl Command {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let Self::Issue { email, expires } = self;
        let auth = Auth::new(&config.auth.settings()?);
        let base = open_current(config).await?;
        let account = account::find(&base.op(Actor::Anonymous), &email).await?.ok_or_else(|| {
            Error::NotFound(format!("there is no account for {email}: `demarche account create` makes one"))
        })?;
        let mut op = base.op(Actor::Anonymous);
        op.origin = Origin::command("token issue");
        let op = op.begin().await?;
        op.note(Step { action: AuditAction::Token, dossier: None, marking: Marking::Clear }, Kind::Account, account.id);
        op.commit().await?;
        let issued = auth.issue(&base, account, expires)?;
        base.store.close().await;
        say(issued.token)
    }
}

/// At least a second.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|cause| format!("{cause}, expected one like 90d or 12h"))?;
    if duration < Duration::from_secs(1) {
        return Err("expected at least 1s".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_write_them() {
        assert_eq!(duration("90d"), Ok(Duration::from_secs(90 * 86_400)));
        for bad in ["", "90", "0s", "-1d", "soon"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
