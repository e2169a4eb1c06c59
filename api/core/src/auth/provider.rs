//! Outside identity providers: tokens (JWT) of any OpenID Connect issuer that the configuration names.
//!
//! A token never says how it is to be verified. The provider is found by `iss`, its key by `kid` in the set that the
//! configuration names, and the algorithm must be one of those listed there and fit the key.

mod claims;
mod keys;

use std::time::Duration;

use entity::words::{Marking, Role};
use jsonwebtoken::{Algorithm, Header, Validation, decode};
use serde_json::{Map, Value};

pub use self::claims::{Grades, Mapping};
use self::keys::Cache;
pub use self::keys::Source;
use super::token::{foreign, within};
use crate::domain::identity::{self, Newcomer};
use crate::domain::principal;
use crate::error::{Error, Result};
use crate::op::{Op, Signed};

/// The longest subject (OpenID Connect Core 1.0, section 2).
const SUBJECT_MAX: usize = 255;

/// A provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name of itself, as in `iss`.
    pub issuer: String,
    /// Its names of us, one of which must be in `aud`.
    pub audience: Vec<String>,
    /// Where its keys are.
    pub keys: Source,
    /// How its tokens may be signed. No symmetric algorithm: whoever could verify could sign.
    pub algorithms: Vec<Algorithm>,
    /// How far its clock may be apart from ours.
    pub leeway: Duration,
    /// How long to wait at least between two fetches of the keys.
    pub fetch_min: Duration,
    /// How old the keys may become before they are fetched anew.
    pub keys_max_age: Duration,
    /// What its claims mean here.
    pub mapping: Mapping,
}

/// A provider, with its keys as far as they are known.
#[derive(Debug)]
pub struct Provider {
    settings: Settings,
    keys: Cache,
}

impl Provider {
    /// With these settings. Its keys are fetched when they are first needed.
    pub fn new(settings: Settings) -> Self {
        let keys = Cache::new(settings.keys.clone(), settings.fetch_min, settings.keys_max_age);
        Self { settings, keys }
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Who acts by one of its tokens. Somebody who is seen for the first time is linked to an account, or given one, as far as
    /// the settings say so.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the token is not good, or its subject has no account.
    pub async fn actor(&self, op: &Op, header: &Header, token: &str) -> Result<Signed> {
        let claims = self.verify(op, header, token).await?;
        let subject = text(&claims, "sub").filter(|subject| is_subject(subject)).ok_or_else(foreign)?;
        let Mapping { role, clearance, .. } = &self.settings.mapping;
        let (role, clearance) = (role.of(&claims), clearance.of(&claims));
        if self.settings.mapping.role.is_claimed() && role.is_none() {
            return Err(Error::Unauthenticated("the provider's token gives no role here"));
        }
        let found = match principal::by_identity(op, self.issuer(), subject).await? {
            Some(signed) => Some(signed),
            None if identity::admit(op, &self.newcomer(&claims, subject, role, clearance)).await? => {
                principal::by_identity(op, self.issuer(), subject).await?
            }
            None => None,
        };
        let signed =
            found.ok_or(Error::Unauthenticated("the provider's token names no account here, or a suspended one"))?;
        let clearance = clearance.or(self.settings.mapping.clearance.is_claimed().then_some(Marking::Clear));
        Ok(identity::with_claims(signed, role, clearance))
    }

    fn newcomer(
        &self,
        claims: &Map<String, Value>,
        subject: &str,
        role: Option<Role>,
        clearance: Option<Marking>,
    ) -> Newcomer {
        let mapping = &self.settings.mapping;
        Newcomer {
            issuer: self.issuer().to_owned(),
            subject: subject.to_owned(),
            email: mapping.email(claims),
            name: text(claims, "name").map(str::to_owned),
            make: mapping.makes_accounts.then_some((role.unwrap_or(Role::Reader), clearance.unwrap_or(Marking::Clear))),
        }
    }

    /// The claims of a token that is good now.
    async fn verify(&self, op: &Op, header: &Header, token: &str) -> Result<Map<String, Value>> {
        let Settings { issuer, audience, algorithms, leeway, .. } = &self.settings;
        // Whatever we do not understand but must, we cannot obey (RFC 7515, section 4.1.11).
        if !algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(foreign());
        }
        let key = self.keys.get(op.now(), header.kid.as_deref(), header.alg).await.ok_or_else(foreign)?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[issuer]);
        validation.set_audience(audience);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library knows the machine's clock only.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Map<String, Value>>(token, &key, &validation).map_err(|_| foreign())?.claims;
        let expires = moment(&claims, "exp")?.ok_or_else(foreign)?;
        let leeway = i64::try_from(leeway.as_secs()).map_err(Error::internal)?;
        within(op.now(), leeway, expires, moment(&claims, "nbf")?)?;
        Ok(claims)
    }

    /// Waits for the fetches under way that nobody else waits for.
    pub async fn settled(&self) {
        self.keys.settled().await;
    }
}

fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= SUBJECT_MAX && !text.contains('\0')
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

/// A time in a claim, in whole seconds: it may have parts of one (RFC 7519, section 2).
fn moment(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    // A float is written and read back as digits, so that no cast can lose any.
    let whole = value.as_i64().or_else(|| format!("{:.0}", value.as_f64()?.floor()).parse().ok());
    whole.map(Some).ok_or_else(foreign)
}
