//! The keys of a provider: read from a file or fetched from a URL, and kept.
//!
//! A key that is not known makes them be fetched anew, but not more often than the settings allow, so that nobody can make
//! us flood the provider. Keys that have become old are fetched anew behind the back of who asks; if that fails, the old
//! ones stay.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::moment::Moment;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tracing::warn;

/// How long a fetch may take.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The largest set, in bytes.
const BYTES_MAX: u64 = 1 << 20;
/// The most keys of a set.
const KEYS_MAX: usize = 100;
/// The shortest RSA key, in bytes (RFC 7518, section 3.3).
const RSA_MIN: usize = 256;

/// Where the keys of a provider are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Url(String),
}

/// One key.
#[derive(Debug)]
struct Key {
    kid: Option<String>,
    /// What it may be used for.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The keys as they were at the last fetch that went well.
#[derive(Debug, Default)]
struct Known {
    keys: Vec<Key>,
    /// When they were fetched.
    at: Option<Moment>,
}

/// The keys of a provider.
#[derive(Clone, Debug)]
pub struct Cache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Source,
    fetch_min: i64,
    max_age: i64,
    known: RwLock<Known>,
    /// Held by who fetches; when that was tried last.
    tried: Arc<Mutex<Option<Moment>>>,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Cache {
    /// Without any key yet.
    pub fn new(source: Source, fetch_min: Duration, max_age: Duration) -> Self {
        let (known, tried) = (RwLock::default(), Arc::default());
        Self(Arc::new(Shared { source, fetch_min: micros(fetch_min), max_age: micros(max_age), known, tried }))
    }

    /// The key with a name, for an algorithm. Without a name, there must be one key only that it could be. None if there is no
    /// such key, or it cannot be fetched.
    pub async fn get(&self, now: Moment, kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let Shared { max_age, tried, .. } = &*self.0;
        if let Some((key, at)) = self.0.find(kid, algorithm) {
            let is_old = at.is_none_or(|at| now.0.saturating_sub(at.0) >= *max_age);
            if is_old && let Ok(turn) = Arc::clone(tried).try_lock_owned() {
                let shared = Arc::clone(&self.0);
                tokio::spawn(async move { shared.fetch(now, turn).await });
            }
            return Some(key);
        }
        let turn = Arc::clone(tried).lock_owned().await;
        self.0.fetch(now, turn).await;
        self.0.find(kid, algorithm).map(|(key, _)| key)
    }

    /// Waits for the fetch under way, if there is one.
    pub async fn settled(&self) {
        drop(self.0.tried.lock().await);
    }
}

impl Shared {
    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<(DecodingKey, Option<Moment>)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |key: &&Key| key.algorithms.contains(&algorithm) && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid));
        let mut found = known.keys.iter().filter(is_it);
        let key = found.next()?;
        // Two that could be meant: to try both would be to guess.
        found.next().is_none().then(|| (key.key.clone(), known.at))
    }

    /// Fetches the keys, unless that was tried a moment ago. Who waited for their turn may find that it was.
    async fn fetch(&self, now: Moment, mut turn: tokio::sync::OwnedMutexGuard<Option<Moment>>) {
        if turn.is_some_and(|tried| now.0.saturating_sub(tried.0) < self.fetch_min) {
            return;
        }
        *turn = Some(now);
        match self.load().await {
            Ok(keys) => {
                let known = Known { keys, at: Some(now) };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
            }
            Err(cause) => warn!(source = ?self.source, %cause, "cannot fetch the keys of an identity provider"),
        }
    }

    async fn load(&self) -> Result<Vec<Key>, String> {
        let bytes = match self.source.clone() {
            Source::File(path) => tokio::task::spawn_blocking(move || std::fs::read(path).map_err(|e| e.to_string())),
            Source::Url(url) => tokio::task::spawn_blocking(move || get(&url)),
        };
        read(&bytes.await.map_err(|cause| cause.to_string())??)
    }
}

fn get(url: &str) -> Result<Vec<u8>, String> {
    let mut config = ureq::Agent::config_builder();
    if url.starts_with("http:") {
        // Without TLS only on this machine: no proxy has a part in it.
        config = config.proxy(None);
    }
    let agent: ureq::Agent = config
        .timeout_global(Some(WAIT_MAX))
        // The configuration names the address: nobody else may choose another.
        .max_redirects(0)
        .max_redirects_will_error(true)
        .user_agent("demarche")
        .build()
        .into();
    let mut answer = agent
        .get(url)
        .header("Accept", "application/jwk-set+json, application/json")
        .call()
        .map_err(|e| e.to_string())?;
    answer.body_mut().with_config().limit(BYTES_MAX).read_to_vec().map_err(|e| e.to_string())
}

/// Reads a set of keys (RFC 7517). Keys that are of no use here are passed over, as the specification demands.
fn read(bytes: &[u8]) -> Result<Vec<Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set =
        serde_json::from_slice(bytes).map_err(|cause| format!("expected a set of keys (RFC 7517): {cause}"))?;
    let jwk = |value: Value| serde_json::from_value::<Jwk>(value).ok();
    Ok(set.keys.into_iter().take(KEYS_MAX).filter_map(jwk).filter_map(|jwk| usable(&jwk)).collect())
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !signs {
        return None;
    }
    let mut algorithms = fitting(&jwk.algorithm)?;
    if let Some(only) = common.key_algorithm {
        let only = Algorithm::try_from(only).ok()?;
        algorithms.retain(|algorithm| *algorithm == only);
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some(Key { kid: common.key_id.clone(), algorithms, key })
}

/// The algorithms that a key can be for; none for a symmetric one, which a public set must not hold.
fn fitting(parameters: &AlgorithmParameters) -> Option<Vec<Algorithm>> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let length = modulus.iter().skip_while(|byte| **byte == 0).count();
            (length >= RSA_MIN).then(|| vec![RS256, RS384, RS512, PS256, PS384, PS512])
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => Some(vec![ES256]),
            EllipticCurve::P384 => Some(vec![ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(pair) => (pair.curve == EllipticCurve::Ed25519).then(|| vec![EdDSA]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn ed(kid: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": X })
    }

    fn kids(keys: &[Value]) -> Vec<String> {
        let keys = read(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        keys.into_iter().map(|key| key.kid.unwrap_or_default()).collect()
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    #[test]
    fn keys_of_no_use_are_passed_over() {
        let short = json!({ "kty": "RSA", "kid": "short", "n": URL_SAFE_NO_PAD.encode([255; 128]), "e": "AQAB" });
        let keys = [
            ed("good"),
            json!({ "kty": "oct", "kid": "symmetric", "k": "c2VjcmV0", "alg": "HS256" }),
            json!({ "kty": "XYZ", "kid": "strange" }),
            json!("no key"),
            short,
            with(ed("encrypts"), "use", json!("enc")),
            with(ed("signs"), "key_ops", json!(["sign"])),
            with(ed("strange algorithm"), "alg", json!("XY123")),
            with(ed("also good"), "use", json!("sig")),
        ];
        assert_eq!(kids(&keys), ["good", "also good"]);
        assert!(read(b"{}").is_err());
        assert!(read(b"not json").is_err());
    }

    #[test]
    fn a_key_is_for_its_own_algorithm_only() {
        let algorithms = |key: Value| usable(&serde_json::from_value(key).unwrap()).unwrap().algorithms;
        assert_eq!(algorithms(ed("a")), [Algorithm::EdDSA]);
        let rsa = json!({ "kty": "RSA", "kid": "rsa", "n": URL_SAFE_NO_PAD.encode([255; 256]), "e": "AQAB" });
        assert_eq!(algorithms(rsa.clone()).len(), 6);
        assert_eq!(algorithms(with(rsa, "alg", json!("RS256"))), [Algorithm::RS256]);
        assert!(algorithms(with(ed("a"), "alg", json!("ES256"))).is_empty());
    }

    #[tokio::test]
    async fn without_a_name_there_must_be_one_key_only() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = || Cache::new(Source::File(file.path().to_owned()), Duration::ZERO, Duration::MAX);
        let write = |keys: &[Value]| std::fs::write(file.path(), json!({ "keys": keys }).to_string()).unwrap();
        write(&[ed("one")]);
        assert!(cache().get(Moment(0), None, Algorithm::EdDSA).await.is_some());
        assert!(cache().get(Moment(0), None, Algorithm::RS256).await.is_none());
        write(&[ed("one"), ed("two")]);
        assert!(cache().get(Moment(0), None, Algorithm::EdDSA).await.is_none());
        assert!(cache().get(Moment(0), Some("two"), Algorithm::EdDSA).await.is_some());
    }

    #[tokio::test]
    async fn an_unknown_key_is_looked_for_but_not_too_often() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let write = |kid: &str| std::fs::write(file.path(), json!({ "keys": [ed(kid)] }).to_string()).unwrap();
        let second = Duration::from_secs(1);
        let cache = Cache::new(Source::File(file.path().to_owned()), 60 * second, 600 * second);
        let has = async |seconds: i64, kid: &str| {
            let found = cache.get(Moment(seconds * 1_000_000), Some(kid), Algorithm::EdDSA).await;
            cache.settled().await;
            found.is_some()
        };
        write("first");
        assert!(has(0, "first").await);
        write("second");
        assert!(!has(59, "second").await, "it is too early to look again");
        assert!(has(60, "second").await);
        assert!(!has(60, "first").await, "it was taken out");
        std::fs::write(file.path(), "broken").unwrap();
        assert!(!has(130, "third").await);
        assert!(has(130, "second").await, "what was known stays where a fetch fails");
        write("third");
        assert!(has(700, "second").await, "an old key answers once more, while it is looked for anew");
        assert!(!has(701, "second").await);
        assert!(has(701, "third").await);
    }
}
