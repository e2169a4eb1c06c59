//! `demarche load`: a file of the interchange format.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{open_current, say};
use crate::config::Config;
use demarche_core::domain::account;
use demarche_core::error::{Error, Result};
use demarche_core::op::{Actor, Base, Op, Origin};
use demarche_import as import;

/// What to load, and in whose name.
#[derive(Clone, Debug, Args)]
pub struct Load {
    /// The file; - for the standard input
    file: PathBuf,
    /// The address of the account that records it [default: the only account that may]
    #[arg(long = "as", value_name = "EMAIL")]
    recorder: Option<String>,
}

impl Load {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let source: Box<dyn Read + Send> = if self.file == Path::new("-") {
            Box::new(stdin())
        } else {
            let name = self.file.display();
            Box::new(File::open(&self.file).map_err(|cause| Error::BadInput(format!("cannot read {name}: {cause}")))?)
        };
        let base = open_current(config).await?;
        let op = recorder(&base, self.recorder.as_deref(), "load").await?;
        let report = import::load(&op, source).await?;
        base.store.close().await;
        say(report)
    }
}

/// An operation in the name of the one who records.
pub(super) async fn recorder(base: &Base, email: Option<&str>, command: &str) -> Result<Op> {
    let nobody = base.op(Actor::Anonymous);
    let account = match email {
        Some(email) => account::find(&nobody, email).await?.ok_or_else(|| {
            Error::NotFound(format!("there is no account for {email}: `demarche account create` makes one"))
        })?,
        None => account::only_recorder(&nobody).await?.ok_or_else(|| {
            Error::BadInput(
                "--as EMAIL is needed: there is not exactly one account that may record assertions".to_owned(),
            )
        })?,
    };
    let mut op = account::acting(base, account.id).await?;
    op.origin = Origin::command(command);
    Ok(op)
}
