//! `demarche token`: access tokens, for scripts.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use entity::dossier::{Column, Entity};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::words::TokenScope;

use super::{account, command, moment, open_current, say};
use crate::config::Config;
use demarche_core::domain;
use demarche_core::domain::access_token::{self, AS_A_SESSION, Draft};
use demarche_core::domain::list::Readable;
use demarche_core::error::{Error, Result};
use demarche_core::id;
use demarche_core::op::{Actor, Op, Origin};
use demarche_core::secret::Secret;

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Prints a new access token that stands for an account. It is shown this once: only its hash is kept
    Issue {
        /// The account's address
        #[arg(long)]
        email: String,
        /// How long it holds, as in 90d, 12h or 30min; or `never`, for one that holds until it is revoked
        #[arg(long, value_name = "DURATION", value_parser = expiry)]
        expires: Expiry,
        /// What it is for: the name under which it is listed
        #[arg(long, default_value = "command line")]
        name: String,
        /// What it lets its bearer do; may be given several times [default: read, write, export and admin]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// The readable name of the only dossier that it reaches
        #[arg(long, value_name = "SLUG")]
        dossier: Option<String>,
    },
    /// Lists the access tokens that hold: id, account, name, scopes, until when, last used
    List {
        /// Only those of the account with this address
        #[arg(long)]
        email: Option<String>,
    },
    /// Revokes an access token, at once
    Revoke {
        /// Its id, as the list shows it
        id: String,
    },
}

/// What an access token lets its bearer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Reads records
    Read,
    /// Writes records
    Write,
    /// Takes records away in a file, up to the marking AMBER
    Export,
    /// Takes away what is marked AMBER_STRICT or RED as well
    ExportAmberStrict,
    /// Manages members, accounts, sessions and tokens
    Admin,
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Export => Self::Export,
            Scope::ExportAmberStrict => Self::ExportAmberStrict,
            Scope::Admin => Self::Admin,
        }
    }
}

/// How long a token holds: none for ever.
type Expiry = Option<Duration>;

impl Command {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let base = open_current(config).await?;
        match self {
            Self::Issue { email, expires, name, scopes, dossier } => {
                let account = account(&base, &email).await?;
                let mut op = domain::account::acting(&base, account.id).await?;
                op.origin = Origin::command("token issue");
                let scopes: Vec<TokenScope> = match scopes.as_slice() {
                    [] => AS_A_SESSION.to_vec(),
                    scopes => scopes.iter().copied().map(Into::into).collect(),
                };
                say(issue(&op, name, &scopes, dossier.as_deref(), expires).await?.expose())?;
            }
            Self::List { email } => {
                let account = match email {
                    Some(email) => Some(account(&base, &email).await?.id),
                    None => None,
                };
                for (token, owner) in access_token::list_all(&base.op(Actor::Anonymous), account).await? {
                    say(line(&token, owner.as_ref()))?;
                }
            }
            Self::Revoke { id } => {
                let id = id::decode_as(Kind::AccessToken, &id).map_err(Error::BadInput)?;
                let op = command(&base, "token revoke").begin().await?;
                access_token::revoke_any(&op, id).await?;
                op.commit().await?;
            }
        }
        base.store.close().await;
        Ok(())
    }
}

/// A new access token of the account that acts.
pub async fn issue(
    op: &Op,
    name: String,
    scopes: &[TokenScope],
    dossier: Option<&str>,
    expires: Expiry,
) -> Result<Secret> {
    let dossier = match dossier {
        Some(slug) => Some(dossier_key(op, slug).await?),
        None => None,
    };
    let expires_at = expires.map(|expires| end(op.now(), expires)).transpose()?;
    let inside = op.begin().await?;
    let draft = Draft { name, scopes: scopes.to_vec(), dossier, expires_at };
    let (_, secret) = access_token::create(&inside, draft).await?;
    inside.commit().await?;
    Ok(secret)
}

async fn dossier_key(op: &Op, slug: &str) -> Result<i64> {
    let found = Entity::get(op, Filter::equal(Column::Slug, slug.to_owned())).await?;
    let missing = || Error::NotFound(format!("there is no dossier {slug} that the account may see"));
    Ok(found.ok_or_else(missing)?.id)
}

/// When a token ends that holds from now on.
fn end(now: Moment, expires: Duration) -> Result<Moment> {
    const YEAR_10000: Moment = Moment(253_402_300_800_000_000);
    let end = i64::try_from(expires.as_micros()).ok().and_then(|micros| now.0.checked_add(micros)).map(Moment);
    end.filter(|end| *end < YEAR_10000)
        .ok_or_else(|| Error::BadInput("the token would expire after the year 9999: expected `never`".to_owned()))
}

fn line(token: &entity::access_token::Model, owner: Option<&entity::account::Model>) -> String {
    use sea_orm::ActiveEnum;
    let scopes: Vec<String> = token.scopes.list().iter().map(TokenScope::to_value).collect();
    let scopes = scopes.join(",");
    let bound = if token.dossier_id.is_some() { " in one dossier" } else { "" };
    let fields = [
        id::encode(Kind::AccessToken, token.id),
        owner.map(|owner| owner.email.clone()).unwrap_or_default(),
        // A name may hold whatever its owner wrote: in a list of lines and columns, no line end and no tab.
        token.name.escape_debug().to_string(),
        format!("{scopes}{bound}"),
        token.expires_at.map_or_else(|| "never expires".to_owned(), |at| format!("until {}", moment(at))),
        token.used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", moment(at))),
    ];
    fields.join("\t")
}

/// At least a second, or for ever.
fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(None);
    }
    let duration =
        humantime::parse_duration(text).map_err(|cause| format!("{cause}, expected one like 90d or 12h, or never"))?;
    if duration < Duration::from_secs(1) {
        return Err("expected at least 1s".to_owned());
    }
    Ok(Some(duration))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use entity::words::{Marking, Role};

    use super::*;
    use demarche_core::auth::{Auth, Settings};
    use demarche_core::domain::account::{Authority, create};
    use demarche_core::op::{Base, Ids, SystemClock};
    use demarche_core::store::{Place, Store};

    /// A database with one analyst in it, and an operation of theirs.
    async fn analyst(directory: &tempfile::TempDir) -> Op {
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        let store = Store::open(&Place { url, connections_max: 1, wait_max: Duration::from_secs(5) }).await.unwrap();
        store.migrate_up().await.unwrap();
        let base = Base { store, clock: Arc::new(SystemClock), ids: Arc::new(Ids::new(1)) };
        let draft = domain::account::Draft {
            email: "analyst@example.org".to_owned(),
            name: "Analyst".to_owned(),
            password: None,
            role: Role::Analyst,
            clearance: Marking::Amber,
        };
        let op = base.op(Actor::Anonymous);
        let account = create(&op, Authority::Machine, draft, |_| async { Ok(String::new()) }).await.unwrap();
        domain::account::acting(&base, account.id).await.unwrap()
    }

    #[tokio::test]
    async fn a_token_stands_for_its_account_and_may_do_what_a_sign_in_may() {
        let directory = tempfile::tempdir().unwrap();
        let op = analyst(&directory).await;
        let secret = issue(&op, "x".to_owned(), &AS_A_SESSION, None, expiry("90d").unwrap()).await.unwrap();
        let auth = Auth::new(Settings::new(Secret::new("x")));
        let actor = auth.actor(&op.base.op(Actor::Anonymous), Some(secret.expose())).await.unwrap();
        auth.settled().await;
        let Actor::Account(signed) = actor else { panic!("nobody") };
        assert_eq!((signed.role, signed.clearance), (Role::Analyst, Marking::Amber));
        let all = [TokenScope::Read, TokenScope::Write, TokenScope::Export, TokenScope::Admin];
        assert!(all.into_iter().all(|scope| signed.credential.allows(scope)));
        let [(token, owner)] = access_token::list_all(&op, None).await.unwrap().try_into().unwrap();
        let line = line(&token, owner.as_ref());
        assert!(line.contains("\tanalyst@example.org\tx\tREAD,WRITE,EXPORT,ADMIN\tuntil "), "{line}");
        assert!(!line.contains(secret.expose()));
    }

    #[tokio::test]
    async fn only_the_command_line_hands_out_what_no_session_has() {
        let directory = tempfile::tempdir().unwrap();
        let op = analyst(&directory).await;
        let strict = [TokenScope::Export, TokenScope::ExportAmberStrict];
        assert!(issue(&op, "x".to_owned(), &strict, None, None).await.is_ok());
        let missing = issue(&op, "x".to_owned(), &strict, Some("nowhere"), None).await.unwrap_err();
        assert_eq!(missing.to_string(), "there is no dossier nowhere that the account may see");
    }

    #[test]
    fn durations_are_written_as_people_write_them() {
        assert_eq!(expiry("90d"), Ok(Some(Duration::from_secs(90 * 86_400))));
        assert_eq!(expiry("never"), Ok(None));
        for bad in ["", "90", "0s", "-1d", "soon"] {
            assert!(expiry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_ends_before_the_year_10000() {
        assert_eq!(end(Moment(1), Duration::from_secs(1)).unwrap(), Moment(1_000_001));
        assert!(end(Moment(1), Duration::from_secs(86_400 * 365 * 9000)).is_err());
        assert!(end(Moment(1), Duration::MAX).is_err());
    }
}
