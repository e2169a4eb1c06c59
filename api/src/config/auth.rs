//! Signing in, as the configuration says it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use entity::words::{Marking, Role};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::Deserialize;
use url::{Host, Url};

use demarche_core::auth;
use demarche_core::auth::provider::{self, Grades, Mapping, Source};
use demarche_core::error::{Error, Result};
use demarche_core::secret::{SECRET_MIN_BYTES, Secret};

/// Signing in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The secret that signing keys are sealed under, or none.
    pub secret: Option<Secret>,
    /// The file that holds it, or none.
    pub secret_file: Option<PathBuf>,
    /// How long the access token of a session holds, in seconds.
    pub token_ttl_s: u64,
    /// How long a session goes on without being refreshed, in seconds.
    pub refresh_ttl_s: u64,
    /// How long a session goes on at all, in seconds.
    pub session_ttl_s: u64,
    /// How many sign-ins may wait for their turn.
    pub queue_max: usize,
    /// Outside identity providers.
    #[serde(default)]
    pub provider: Vec<Provider>,
}

/// An outside identity provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name of itself.
    pub issuer: String,
    /// Its names of us.
    pub audience: Vec<String>,
    /// The URL or the file of its keys.
    pub jwks: String,
    /// How its tokens may be signed.
    pub algorithms: Vec<Algorithm>,
    /// How far its clock may be apart from ours, in seconds.
    #[serde(default = "Provider::leeway_s")]
    pub leeway_s: u64,
    /// How long to wait at least between two fetches of its keys, in seconds.
    #[serde(default = "Provider::fetch_min_s")]
    pub fetch_min_s: u64,
    /// How old its keys may become, in seconds.
    #[serde(default = "Provider::keys_max_age_s")]
    pub keys_max_age_s: u64,
    /// Whether accounts must exist or are made.
    #[serde(default)]
    pub accounts: Accounts,
    /// The claim that holds the address.
    #[serde(default = "Provider::email_claim")]
    pub email_claim: String,
    /// Whether an address counts that is not marked as verified.
    #[serde(default)]
    pub email_trusted: bool,
    /// The claim that gives the role.
    pub role_claim: Option<String>,
    /// What its values stand for.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// The claim that gives the clearance.
    pub clearance_claim: Option<String>,
    /// What its values stand for.
    #[serde(default)]
    pub clearances: BTreeMap<String, Marking>,
}

/// Whether accounts must exist or are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accounts {
    /// They must exist.
    #[default]
    Existing,
    /// They are made at first sight.
    Create,
}

impl Auth {
    /// The settings for signing in, with the secret read from its file if it has one.
    ///
    /// # Errors
    /// [`Error::BadInput`] if there is no secret, its file cannot be read, or it is too short.
    pub fn settings(&self) -> Result<auth::Settings> {
        Ok(auth::Settings {
            secret: self.secret()?,
            token_ttl: Duration::from_secs(self.token_ttl_s),
            refresh_ttl: Duration::from_secs(self.refresh_ttl_s),
            session_ttl: Duration::from_secs(self.session_ttl_s),
            queue_max: self.queue_max,
            providers: self.provider.iter().map(Provider::settings).collect(),
        })
    }

    /// The secret, read from its file if it has one.
    ///
    /// # Errors
    /// As [`Auth::settings`].
    pub fn secret(&self) -> Result<Secret> {
        match (&self.secret, &self.secret_file) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Some(file)) => read_secret(file),
            (None, None) => Err(Error::BadInput(
                "auth.secret_file (or auth.secret) is not set: make one with `openssl rand -base64 48 > secret` and set \
                 DEMARCHE_AUTH__SECRET_FILE=secret"
                    .to_owned(),
            )),
        }
    }

    /// What is wrong that types do not show: the key, its value if it may be shown, and what was expected.
    pub(super) fn problems(&self) -> Vec<(&'static str, Option<String>, String)> {
        let mut problems = Vec::new();
        if let Some(secret) = &self.secret {
            if !is_long(secret) {
                problems.push(("auth.secret", None, format!("at least {SECRET_MIN_BYTES} bytes")));
            }
            if self.secret_file.is_some() {
                problems.push(("auth.secret_file", None, "nothing, as auth.secret is set too".to_owned()));
            }
        }
        if self.refresh_ttl_s < self.token_ttl_s {
            let expected = "at least auth.token_ttl_s".to_owned();
            problems.push(("auth.refresh_ttl_s", Some(self.refresh_ttl_s.to_string()), expected));
        }
        for (n, provider) in self.provider.iter().enumerate() {
            let others = self.provider.iter().take(n);
            let is_twice = others.clone().any(|other| other.issuer == provider.issuer);
            for (name, expected) in provider.problems(is_twice) {
                problems.push(("auth.provider", None, format!("{expected} as `{name}` of provider {}", n + 1)));
            }
        }
        problems
    }
}

impl Provider {
    const fn leeway_s() -> u64 {
        30
    }

    const fn fetch_min_s() -> u64 {
        60
    }

    const fn keys_max_age_s() -> u64 {
        3600
    }

    fn email_claim() -> String {
        "email".to_owned()
    }

    fn problems(&self, is_twice: bool) -> Vec<(&'static str, &'static str)> {
        let is_asymmetric = |algorithm: &Algorithm| algorithm.family() != AlgorithmFamily::Hmac;
        let named = |claim: &Option<String>, is_empty: bool| claim.is_some() != is_empty;
        let checks = [
            (
                !is_twice && !self.issuer.is_empty() && self.issuer != auth::NAME,
                "issuer",
                "a name of its own, as in the claim `iss`,",
            ),
            (
                !self.audience.is_empty() && self.audience.iter().all(|name| !name.is_empty()),
                "audience",
                "at least one of the names that it has for this service",
            ),
            (
                !self.algorithms.is_empty() && self.algorithms.iter().all(is_asymmetric),
                "algorithms",
                "at least one, and none that is symmetric (HS256, HS384, HS512),",
            ),
            (
                self.source().is_some(),
                "jwks",
                "the https URL of its keys (http only on this machine), or the path of a file",
            ),
            (self.leeway_s <= 300, "leeway_s", "0 to 300"),
            ((1..=86_400).contains(&self.fetch_min_s), "fetch_min_s", "1 to 86400"),
            ((60..=604_800).contains(&self.keys_max_age_s), "keys_max_age_s", "60 to 604800"),
            (named(&self.role_claim, self.roles.is_empty()), "roles", "values exactly if there is a `role_claim`"),
            (
                named(&self.clearance_claim, self.clearances.is_empty()),
                "clearances",
                "values exactly if there is a `clearance_claim`",
            ),
        ];
        checks.into_iter().filter(|(holds, ..)| !holds).map(|(_, name, expected)| (name, expected)).collect()
    }

    /// Where its keys are. Without TLS they are taken from this machine only: anybody in between could put in their own.
    fn source(&self) -> Option<Source> {
        if !self.jwks.contains("://") {
            return (!self.jwks.is_empty()).then(|| Source::File(PathBuf::from(&self.jwks)));
        }
        let url = Url::parse(&self.jwks).ok()?;
        let is_here = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        (url.scheme() == "https" || url.scheme() == "http" && is_here).then(|| Source::Url(url.into()))
    }

    fn settings(&self) -> provider::Settings {
        provider::Settings {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            // Checked when the configuration was read.
            keys: self.source().unwrap_or_else(|| Source::File(PathBuf::from(&self.jwks))),
            algorithms: self.algorithms.clone(),
            leeway: Duration::from_secs(self.leeway_s),
            fetch_min: Duration::from_secs(self.fetch_min_s),
            keys_max_age: Duration::from_secs(self.keys_max_age_s),
            mapping: Mapping {
                email_claim: self.email_claim.clone(),
                trusts_email: self.email_trusted,
                makes_accounts: self.accounts == Accounts::Create,
                role: Grades { claim: self.role_claim.clone(), values: self.roles.clone() },
                clearance: Grades { claim: self.clearance_claim.clone(), values: self.clearances.clone() },
            },
        }
    }
}

fn read_secret(file: &Path) -> Result<Secret> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|cause| Error::BadInput(format!("auth.secret_file: cannot read {shown}: {cause}")))?;
    let secret = Secret::new(text.trim());
    if is_long(&secret) {
        return Ok(secret);
    }
    Err(Error::BadInput(format!("auth.secret_file: expected at least {SECRET_MIN_BYTES} bytes in {shown}")))
}

fn is_long(secret: &Secret) -> bool {
    secret.expose().trim().len() >= SECRET_MIN_BYTES
}
