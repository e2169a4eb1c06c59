//! Our own signing keys: Ed25519, several with a name (`kid`), in the database that all instances share. The newest signs.
//!
//! They stand in the database and not in files, so that a key made on one machine signs on all of them, and one that is gone
//! is gone for all of them at once. Their private halves are sealed there under the secret of the configuration.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::moment::Moment;
use entity::signing_key::Model;
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::Serialize;

use super::sealed;
use super::token::LEEWAY_S;
use crate::digest;
use crate::domain::signing_key;
use crate::error::{Error, Result};
use crate::op::Op;
use crate::secret::Secret;

const SEED: usize = 32;
/// What stands before an Ed25519 seed in PKCS#8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// The length of a name: a SHA-256 thumbprint in base64url.
const KID: usize = 43;

/// A public key for others (RFC 7517, RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the specifications")]
pub struct Jwk {
    pub kty: &'static str,
    pub crv: &'static str,
    pub alg: &'static str,
    #[serde(rename = "use")]
    pub usage: &'static str,
    pub kid: String,
    pub x: String,
}

/// The keys.
pub struct Keys {
    secret: Secret,
    /// The public keys that were seen, by name. Whether one still verifies is asked of the database with each request.
    seen: RwLock<HashMap<String, DecodingKey>>,
}

impl std::fmt::Debug for Keys {
    /// Without the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Sealed under this secret.
    pub fn new(secret: Secret) -> Self {
        Self { secret, seen: RwLock::default() }
    }

    /// The key that signs, and its name. The first one is made here. To be called within a transaction.
    ///
    /// # Errors
    /// [`Error::BadInput`] if it was sealed under another secret.
    pub async fn signing(&self, op: &Op) -> Result<(String, EncodingKey)> {
        let newest = signing_key::list(op).await?.into_iter().find(|key| key.retires_at.is_none());
        let key = match newest {
            Some(key) => key,
            None => self.make(op).await?,
        };
        let seed = sealed::open(&self.secret, &key.kid, &key.sealed_key.0)?.filter(|seed| seed.len() == SEED);
        let seed = seed.ok_or_else(|| {
            Error::BadInput(format!(
                "the signing key {} was sealed under another auth.secret: give that one back, or make another key with \
                 `demarche key rotate`",
                key.kid
            ))
        })?;
        Ok((key.kid, EncodingKey::from_ed_der(&[PKCS8.as_slice(), &seed].concat())))
    }

    /// The public key with a name, if there is one of ours.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn verifying(&self, op: &Op, kid: &str) -> Result<Option<DecodingKey>> {
        if let Some(key) = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(kid) {
            return Ok(Some(key.clone()));
        }
        if kid.len() != KID || !kid.is_ascii() || kid.contains('\0') {
            return Ok(None);
        }
        let Some(found) = signing_key::find(op, kid).await? else { return Ok(None) };
        let key = DecodingKey::from_ed_components(&found.public_key).map_err(Error::internal)?;
        self.seen.write().unwrap_or_else(PoisonError::into_inner).insert(found.kid, key.clone());
        Ok(Some(key))
    }

    /// Makes a new key that signs from now on. Those before it verify for `ttl` more, until the tokens that they signed have
    /// expired. To be called within a transaction.
    ///
    /// # Errors
    /// If the database is away or the machine has no randomness.
    pub async fn rotate(&self, op: &Op, ttl: Duration) -> Result<Model> {
        let rest = i64::try_from(ttl.as_micros()).map_err(Error::internal)? + LEEWAY_S * 1_000_000;
        signing_key::retire(op, Moment(op.now().0.saturating_add(rest))).await?;
        self.make(op).await
    }

    async fn make(&self, op: &Op) -> Result<Model> {
        let mut seed = [0; SEED];
        getrandom::fill(&mut seed).map_err(|cause| Error::internal(cause.to_string()))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|cause| Error::internal(cause.to_string()))?;
        let public_key = URL_SAFE_NO_PAD.encode(pair.public_key());
        let kid = thumbprint(&public_key);
        let sealed_key = sealed::seal(&self.secret, &kid, &seed)?.into();
        let key = Model { kid, public_key, sealed_key, created_at: op.now(), retires_at: None };
        signing_key::add(op, key.clone()).await?;
        Ok(key)
    }

    /// The public keys for others, the one that signs first.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn public(op: &Op) -> Result<Vec<Jwk>> {
        let jwk = |key: Model| Jwk {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key.kid,
            x: key.public_key,
        };
        Ok(signing_key::list(op).await?.into_iter().map(jwk).collect())
    }
}

/// The name of a key (RFC 7638; the members and their order are those of RFC 8037, appendix A.3).
fn thumbprint(public_key: &str) -> String {
    let members = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{public_key}\"}}");
    URL_SAFE_NO_PAD.encode(digest::sha256(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_that_of_the_specification() {
        // RFC 8037, appendix A.3.
        assert_eq!(
            thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}
