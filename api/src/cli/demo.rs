//! `demarche demo`: the newcomer's command. Everything is kept in `./.demarche`, which only its owner may read: the database,
//! the secret that signing keys are sealed under, and the password of the demo's account, so that the next start can show it again.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use entity::account::Model as Account;
use entity::dossier::{Column, Entity};
use entity::filter::Filter;
use entity::words::{Marking, Role};

use super::{Global, command, file, open, say, serve, token};
use crate::config::{self, Setting};
use crate::telemetry;
use demarche_core::auth::{Passwords, random_hex};
use demarche_core::domain::access_token::AS_A_SESSION;
use demarche_core::domain::account::{self, Authority, Draft};
use demarche_core::domain::list::Readable;
use demarche_core::error::Result;
use demarche_core::op::{Base, Op, Origin};
use demarche_import as import;

const DIRECTORY: &str = ".demarche";
const URL: &str = "sqlite:.demarche/demarche.db";
const EMAIL: &str = "analyst@demo.invalid";
const SAMPLE_SLUG: &str = "us-mexico-cartel-strikes";
const TOKEN_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Question 1 of the sample. Without quotes, so that it stands in a line of any shell.
const QUESTION: &str = "{ positions(filter: { stance: { in: [OPPOSE, STRONGLY_OPPOSE] }, mechanism: { kind: { eq: \
                        USE_OF_FORCE } } }) { nodes { stakeholder { name } stance mechanism { name } arguments { frame \
                        statement } } } }";

/// Runs it.
pub async fn run(global: &Global, bind: serve::Bind) -> Result<()> {
    let demo = [Setting::new("database.url", URL, "the demo"), Setting::new("log.format", "text", "the demo")];
    let config = global.read_without_database(demo.into_iter().chain(bind.setting()))?;
    // First of all: if another demo runs already, nothing is touched.
    let listener = serve::listen(&config)?;
    let (secret_file, password) = keep()?;
    // Read back like any other secret, so that a file that was broken off is not taken for one.
    let auth = config::Auth { secret: None, secret_file: Some(secret_file), ..config.auth.clone() };
    let settings = auth.settings()?;
    telemetry::init(&config.log)?;
    let base = open(&config).await?;
    base.store.migrate_up().await?;
    let account = analyst(&base, password.clone()).await?;
    let mut op = account::acting(&base, account.id).await?;
    op.origin = Origin::command("demo");
    load_sample(&op).await?;
    let running = serve::start(&config, settings, base, listener).await?;
    let token = token::issue(&op, "demo".to_owned(), &AS_A_SESSION, None, Some(TOKEN_TTL)).await?;
    say(welcome(running.address, &password, token.expose()))?;
    serve::until_signal(running).await
}

/// The file of the secret, and the password; both are made at the first start.
fn keep() -> Result<(PathBuf, String)> {
    let directory = Path::new(DIRECTORY);
    file::private_directory(directory)?;
    // The directory may lie in somebody's repository.
    file::kept(&directory.join(".gitignore"), || Ok("*\n".to_owned()))?;
    let secret_file = directory.join("secret");
    file::kept(&secret_file, random_hex::<32>)?;
    let password = file::kept(&directory.join("password"), random_hex::<8>)?;
    Ok((secret_file, password))
}

async fn analyst(base: &Base, password: String) -> Result<Account> {
    let op = command(base, "demo");
    if let Some(account) = account::find(&op, EMAIL).await? {
        return Ok(account);
    }
    let draft = Draft {
        email: EMAIL.to_owned(),
        name: "Demo analyst".to_owned(),
        password: Some(password),
        role: Role::Analyst,
        clearance: Marking::Red,
    };
    let passwords = Passwords::default();
    account::create(&op, Authority::Machine, draft, |password| passwords.hash(password)).await
}

/// Loads the sample, unless its dossier is there: what somebody has changed in it since is theirs.
async fn load_sample(op: &Op) -> Result<()> {
    if Entity::get(op, Filter::equal(Column::Slug, SAMPLE_SLUG)).await?.is_none() {
        import::load(op, import::SAMPLE.as_bytes()).await?;
    }
    Ok(())
}

fn welcome(address: SocketAddr, password: &str, token: &str) -> String {
    let address = reachable(address);
    format!(
        "Demarche is running with the sample dossier. Stop it with Ctrl-C.\n\
         \n\
         \x20 Explorer  http://{address}/\n\
         \x20 Email     {EMAIL}\n\
         \x20 Password  {password}\n\
         \x20 Token     {token}\n\
         \x20           (for scripts, holds for 24 hours)\n\
         \n\
         Who opposes strikes on Mexican soil, and with which arguments? Paste this into another terminal:\n\
         \n\
         curl -s http://{address}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' -d \
         '{{\"query\":\"{QUESTION}\"}}'\n\
         \n\
         Everything is kept in ./{DIRECTORY}; delete that directory to begin anew."
    )
}

/// An address that a browser on this machine can go to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_can_be_pasted() {
        let text = welcome("0.0.0.0:8080".parse().unwrap(), "password", "token");
        assert!(text.contains("\ncurl -s http://127.0.0.1:8080/graphql "), "{text}");
        let body = text.split(" -d '").nth(1).unwrap().split('\'').next().unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        async_graphql::parser::parse_query(body["query"].as_str().unwrap()).unwrap();
    }
}
