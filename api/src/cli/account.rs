//! `demarche account`: who may sign in.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use entity::kind::Kind;
use entity::words::Marking;

use super::{command, file, moment, open_current, say};
use crate::config::Config;
use demarche_core::auth::Passwords;
use demarche_core::domain::account::{self, Authority, Draft, Edit, Window};
use demarche_core::error::{Error, Result};
use demarche_core::id;
use demarche_core::op::{Actor, Base};

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
        /// No password: for an account that signs in at an outside identity provider
        #[arg(long, conflicts_with = "password_file")]
        no_password: bool,
    },
    /// Lists all accounts: id, address, name, role, clearance, and since when they are suspended
    List,
    /// Bars an account: ends its sessions, and revokes its access tokens for good
    Suspend(Whose),
    /// Lets an account in again that was suspended
    Restore(Whose),
    /// Gives an account another password, taken as for `create`, and ends its sessions
    Password {
        #[command(flatten)]
        whose: Whose,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Changes the highest marking that an account may see
    Clearance {
        #[command(flatten)]
        whose: Whose,
        /// That marking
        clearance: Clearance,
    },
}

/// An account.
#[derive(Clone, Debug, Args)]
pub struct Whose {
    /// Its address
    #[arg(long)]
    email: String,
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
        let base = open_current(config).await?;
        match self {
            Self::Create { email, name, role, clearance, password_file, no_password } => {
                let password = if no_password { None } else { Some(password(password_file)?) };
                let draft = Draft { email, name, password, role: role.into(), clearance: clearance.into() };
                let passwords = Passwords::default();
                let op = command(&base, "account create");
                let hash = |password| passwords.hash(password);
                let account = account::create(&op, Authority::Machine, draft, hash).await?;
                say(id::encode(Kind::Account, account.id))?;
            }
            Self::List => list(&base).await?,
            Self::Suspend(whose) => edit(&base, &whose, Edit { suspended: Some(true), ..Edit::default() }).await?,
            Self::Restore(whose) => edit(&base, &whose, Edit { suspended: Some(false), ..Edit::default() }).await?,
            Self::Password { whose, password_file } => {
                let account = super::account(&base, &whose.email).await?;
                let (passwords, op) = (Passwords::default(), command(&base, "account password"));
                let (password, hash) = (password(password_file)?, |password| passwords.hash(password));
                account::reset_password(&op, Authority::Machine, account.id, password, hash).await?;
            }
            Self::Clearance { whose, clearance } => {
                edit(&base, &whose, Edit { clearance: Some(clearance.into()), ..Edit::default() }).await?;
            }
        }
        base.store.close().await;
        Ok(())
    }
}

async fn edit(base: &Base, whose: &Whose, edit: Edit) -> Result<()> {
    let account = super::account(base, &whose.email).await?;
    let op = command(base, "account update").begin().await?;
    account::update(&op, Authority::Machine, account.id, edit).await?;
    op.commit().await
}

async fn list(base: &Base) -> Result<()> {
    use sea_orm::ActiveEnum;
    let op = base.op(Actor::Anonymous);
    let mut window = Window { size: 200, backward: false, after: None, before: None };
    loop {
        let (accounts, more, _) = account::list(&op, Authority::Machine, &window).await?;
        for account in &accounts {
            let fields = [
                id::encode(Kind::Account, account.id),
                account.email.clone(),
                account.name.escape_debug().to_string(),
                account.role.to_value(),
                word(account.clearance).to_owned(),
                account.suspended_at.map(|at| format!("suspended {}", moment(at))).unwrap_or_default(),
            ];
            say(fields.join("\t").trim_end())?;
        }
        let Some(last) = accounts.last().filter(|_| more) else { return Ok(()) };
        window.after = Some(last.email.clone());
    }
}

const fn word(marking: Marking) -> &'static str {
    match marking {
        Marking::Clear => "CLEAR",
        Marking::Green => "GREEN",
        Marking::Amber => "AMBER",
        Marking::AmberStrict => "AMBER_STRICT",
        Marking::Red => "RED",
    }
}

/// The password from its file, the environment or the standard input.
fn password(file: Option<PathBuf>) -> Result<String> {
    if let Some(path) = file {
        return file::read(&path);
    }
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
