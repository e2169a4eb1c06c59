//! What is stored encrypted: a copy of the database alone does not let anybody sign tokens.
//!
//! ChaCha20-Poly1305 under a key derived by HKDF-SHA-256 from the secret of the configuration, with a random nonce, and bound
//! to the name of what is sealed, so that two of them cannot be exchanged.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// What the derived key is for: another use of the same secret gets another key.
const PURPOSE: &[&[u8]] = &[b"demarche signing keys, version 1"];
const BROKEN: &str = "cannot derive a key from auth.secret";

fn key(secret: &Secret) -> Result<LessSafeKey> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            CHACHA20_POLY1305.key_len()
        }
    }
    let mut bytes = [0; 32];
    let derived = Salt::new(HKDF_SHA256, &[]).extract(secret.expose().trim().as_bytes());
    derived.expand(PURPOSE, Length).and_then(|okm| okm.fill(&mut bytes)).map_err(|_| Error::internal(BROKEN))?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| Error::internal(BROKEN))?;
    Ok(LessSafeKey::new(key))
}

/// Seals some bytes under a secret and a name.
///
/// # Errors
/// If the machine has no randomness.
pub fn seal(secret: &Secret, name: &str, bytes: &[u8]) -> Result<String> {
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|cause| Error::internal(cause.to_string()))?;
    let mut sealed = bytes.to_vec();
    key(secret)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()), &mut sealed)
        .map_err(|_| Error::internal("cannot seal"))?;
    Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
}

/// Opens what was sealed under the same secret and name; none if it was not.
///
/// # Errors
/// If no key can be derived.
pub fn open(secret: &Secret, name: &str, sealed: &str) -> Result<Option<Vec<u8>>> {
    let Some(mut bytes) = URL_SAFE_NO_PAD.decode(sealed).ok().filter(|bytes| bytes.len() > NONCE_LEN) else {
        return Ok(None);
    };
    let mut sealed = bytes.split_off(NONCE_LEN);
    let Ok(nonce) = Nonce::try_assume_unique_for_key(&bytes) else { return Ok(None) };
    let opened = key(secret)?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut sealed);
    Ok(opened.ok().map(|opened| opened.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_name_open_what_is_sealed() {
        let (secret, other) = (Secret::new("one secret"), Secret::new("another secret"));
        let sealed = seal(&secret, "name", b"content").unwrap();
        assert_eq!(open(&secret, "name", &sealed).unwrap().as_deref(), Some(b"content".as_slice()));
        assert_eq!(open(&other, "name", &sealed).unwrap(), None);
        assert_eq!(open(&secret, "other", &sealed).unwrap(), None);
        for damaged in ["", "AAAA", "é", &sealed[1..], &format!("A{}", &sealed[1..])] {
            assert!(open(&secret, "name", damaged).unwrap().is_none() || damaged == sealed, "{damaged}");
        }
        assert_ne!(seal(&secret, "name", b"content").unwrap(), sealed);
    }
}
