//! `demarche account`: who may sign in.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use entity::kind::Kind;
use entity::words::Marking;

use super::{file, open_current, say};
use crate::auth::Passwords;
use crate::config::Config;
use crate::domain::account::{self, Authority, Draft};
use crate::error::{Error, Result};
use crate::id;
use crate::op::{Actor, Origin};

/// The environment variable that may hold the password.
const VARIABLE: &str = "DEMARCHE_PASSWORD";

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Makes an account, and prints its id
    ///
    /// The password is never given on the command line, where every user of the machine could read it: it is taken from
    /// --password-file, or else from the environment variable DEMARCHE_PASSWORD, or else from the first line of the standard
    /// input.
    Create {
        /// The address to sign in with
        #[arg(long)]
        email: String,
        /// What others see as the recorder of an assertion
        #[arg(long)]
        name: String,
        /// What the account may do
        #[arg(long)]
        role: Role,
        /// The highest marking that the account may see
        #[arg(long, default_value = "amber")]
        clearance: Clearance,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Reads
    Reader,
    /// Records assertions and edits nodes
    Analyst,
    /// Manages accounts as well
    Admin,
}

/// A TLP 2.0 marking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Clearance {
    /// May be told to anybody
    Clear,
    /// May be told in the community
    Green,
    /// May be told in the organization and to its clients, as far as they need it
    Amber,
    /// May be told in the organization only
    AmberStrict,
    /// Is for the eyes of its recipients only
    Red,
}

impl From<Clearance> for Marking {
    fn from(clearance: Clearance) -> Self {
        match clearance {
            Clearance::Clear => Self::Clear,
            Clearance::Green => Self::Green,
            Clearance::Amber => Self::Amber,
            Clearance::AmberStrict => Self::AmberStrict,
            Clearance::Red => Self::Red,
        }
    }
}

impl From<Role> for entity::words::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::Reader,
            Role::Analyst => Self::Analyst,
            Role::Admin => Self::Admin,
        }
    }
}

impl Command {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let Self::Create { email, name, role, clearance, password_file } = self;
        let base = open_current(config).await?;
        let password = match password_file {
            Some(path) => file::read(&path)?,
            None => password()?,
        };
        let draft = Draft { email, name, password, role: role.into(), clearance: clearance.into() };
        let passwords = Passwords::default();
        let mut op = base.op(Actor::Anonymous);
        op.origin = Origin::command("account create");
        let account = account::create(&op, Authority::Machine, draft, |password| passwords.hash(password)).await?;
        base.store.close().await;
        say(id::encode(Kind::Account, account.id))
    }
}

/// The password from the environment or the standard input.
fn password() -> Result<String> {
    if let Some(password) = env::var_os(VARIABLE) {
        return password.into_string().map_err(|_| Error::BadInput(format!("{VARIABLE}: expected UTF-8")));
    }
    let input = io::stdin();
    if input.is_terminal() {
        // A prompt that cannot be written is no reason to stop.
        let _ = write!(io::stderr().lock(), "Password (it will be seen as you type it): ");
    }
    let mut line = String::new();
    input.read_line(&mut line).map_err(|cause| Error::BadInput(format!("cannot read the password: {cause}")))?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
