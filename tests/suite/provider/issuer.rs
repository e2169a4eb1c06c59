//! An identity provider of the tests: three keys, and a page that publishes them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use demarche_core::auth::provider::{Mapping, Settings, Source};
use demarche_tests::World;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// What it calls itself.
pub const ISSUER: &str = "https://login.example.org";

/// An RSA key, made beforehand because that takes long.
const RSA: &str = include_str!("rsa.json");

struct Page {
    set: Mutex<String>,
    fetches: AtomicUsize,
    fails: AtomicBool,
}

/// An identity provider.
pub struct Issuer {
    edwards: Vec<u8>,
    public: Vec<u8>,
    elliptic: Vec<u8>,
    rsa: Value,
    url: String,
    page: Arc<Page>,
}

impl Issuer {
    /// Makes keys, and publishes them on a port of its own. Its thread ends with the process.
    pub fn start() -> Self {
        let random = SystemRandom::new();
        let edwards = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(edwards.as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let elliptic = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let point = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, elliptic.as_ref(), &random).unwrap();
        let point = point.public_key().as_ref().to_vec();
        let rsa: Value = serde_json::from_str(RSA).unwrap();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let set = json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "alg": "EdDSA", "x": text(&public) },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "RSA", "kid": "rsa", "use": "sig", "e": "AQAB", "n": rsa["n"] },
        ] });
        let page = Arc::new(Page {
            set: Mutex::new(set.to_string()),
            fetches: AtomicUsize::new(0),
            fails: AtomicBool::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let shared = Arc::clone(&page);
        std::thread::spawn(move || serve(&listener, &shared));
        let (edwards, elliptic) = (edwards.as_ref().to_vec(), elliptic.as_ref().to_vec());
        Self { edwards, public, elliptic, rsa, url, page }
    }

    /// Settings for signing in that trust it.
    pub fn trusted(&self) -> demarche_core::auth::Settings {
        let mut trusted = World::auth_settings();
        trusted.providers = vec![settings(&self.url)];
        trusted
    }

    /// A token with these claims, under its Ed25519 key.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(Algorithm::EdDSA, claims)
    }

    /// A token with these claims, under the key for an algorithm.
    pub fn sign_as(&self, algorithm: Algorithm, claims: &Value) -> String {
        let (kid, key) = match algorithm {
            Algorithm::RS256 => {
                let der = STANDARD.decode(self.rsa["der"].as_str().unwrap()).unwrap();
                ("rsa", EncodingKey::from_rsa_der(&der))
            }
            Algorithm::ES256 => ("ec", self.elliptic()),
            _ => ("ed", self.edwards()),
        };
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        encode(&header, claims, &key).unwrap()
    }

    /// Its Ed25519 key.
    pub fn edwards(&self) -> EncodingKey {
        EncodingKey::from_ed_der(&self.edwards)
    }

    /// Its P-256 key.
    pub fn elliptic(&self) -> EncodingKey {
        EncodingKey::from_ec_der(&self.elliptic)
    }

    /// The public half of its Ed25519 key.
    pub fn public_key(&self) -> Vec<u8> {
        self.public.clone()
    }

    /// The set of its public keys.
    pub fn set(&self) -> String {
        self.page.set.lock().unwrap().clone()
    }

    /// Publishes a key under another name from now on.
    pub fn rename(&self, from: &str, to: &str) {
        let mut set = self.page.set.lock().unwrap();
        *set = set.replace(&format!("\"{from}\""), &format!("\"{to}\""));
    }

    /// Whether its page fails from now on.
    pub fn fail(&self, fails: bool) {
        self.page.fails.store(fails, Ordering::SeqCst);
    }

    /// How often its page was asked for.
    pub fn fetches(&self) -> usize {
        self.page.fetches.load(Ordering::SeqCst)
    }
}

/// How it is trusted: accounts must exist.
pub fn settings(url: &str) -> Settings {
    Settings {
        issuer: ISSUER.to_owned(),
        audience: vec!["demarche".to_owned()],
        keys: Source::Url(url.to_owned()),
        algorithms: vec![Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256],
        leeway: Duration::from_secs(30),
        fetch_min: Duration::from_secs(60),
        keys_max_age: Duration::from_secs(3600),
        mapping: Mapping { email_claim: "email".to_owned(), ..Mapping::default() },
    }
}

/// A token without a signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

fn serve(listener: &TcpListener, page: &Page) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let mut lines = BufReader::new(&stream).lines();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        page.fetches.fetch_add(1, Ordering::SeqCst);
        let (status, body) = match page.fails.load(Ordering::SeqCst) {
            true => ("503 Service Unavailable", String::new()),
            false => ("200 OK", page.set.lock().unwrap().clone()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        // Whoever asked may have gone.
        let _ = stream.write_all((head + &body).as_bytes());
    }
}
