//! Our own signing keys: published, rotated, shared by all instances, and never taken for anything else.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demarche_core::auth::{Auth, Keys, Settings};
use demarche_core::op::Actor;
use demarche_core::secret::Secret;
use demarche_tests::World;
use demarche_tests::world::PASSWORD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const TTL: Duration = Duration::from_secs(900);

async fn published(world: &World) -> Vec<Value> {
    let (status, headers, text) = world.get("/.well-known/jwks.json").await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/jwk-set+json");
    assert_eq!(headers["cache-control"], "public, max-age=300");
    let mut set: Value = serde_json::from_str(&text).unwrap();
    set["keys"].as_array_mut().unwrap().drain(..).collect()
}

async fn sign_in(world: &World) -> String {
    let input = json!({ "email": "reader@example.org", "password": PASSWORD });
    let payload = world.anonymous().mutate("signIn", input, "accessToken").await;
    payload["accessToken"].as_str().unwrap().to_owned()
}

async fn status(world: &World, token: &str) -> u16 {
    world.with_token(token).ask("{ viewer { id } }").await.status
}

/// What `demarche key rotate` does.
async fn rotate(world: &World) -> String {
    let keys = Keys::new(World::auth_settings().secret);
    let op = world.base.op(Actor::Anonymous).begin().await.unwrap();
    let key = keys.rotate(&op, TTL).await.unwrap();
    op.commit().await.unwrap();
    key.kid
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A token with this header and these claims, under a signature that is none.
fn unsigned(header: Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(&header), part(claims))
}

demarche_tests::suite! {
    async fn the_published_keys_verify_what_we_sign(world) {
        let token = sign_in(&world).await;
        let [key] = published(&world).await.try_into().unwrap();
        assert_eq!((&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig")));
        assert_eq!(key["kid"], kid(&token));
        assert_eq!(key.as_object().unwrap().len(), 6, "and nothing else: {key}");
        let public = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["demarche"]);
        validation.set_issuer(&["demarche"]);
        validation.validate_exp = false;
        assert!(decode::<Value>(&token, &public, &validation).is_ok());
    }

    async fn a_rotated_key_verifies_until_its_tokens_have_expired_and_then_goes(world) {
        let old = sign_in(&world).await;
        let fresh = rotate(&world).await;
        let new = sign_in(&world).await;
        assert_ne!(kid(&old), fresh);
        assert_eq!(kid(&new), fresh);
        let kids = async || -> Vec<Value> { published(&world).await.iter().map(|key| key["kid"].clone()).collect() };
        assert_eq!(kids().await, [json!(fresh), json!(kid(&old))], "the one that signs comes first");
        assert_eq!((status(&world, &old).await, status(&world, &new).await), (200, 200));
        // A token of the last moment holds for its whole time, and for the seconds that clocks may be apart.
        world.wait(TTL + Duration::from_secs(4));
        assert_eq!(kids().await.len(), 2);
        world.wait(Duration::from_secs(1));
        assert_eq!(kids().await, [json!(fresh)]);
        let newest = rotate(&world).await;
        let stored = entity::signing_key::Entity::find().all(&world.base.store.reading()).await.unwrap();
        let mut stored: Vec<_> = stored.into_iter().map(|key| key.kid).collect();
        stored.sort();
        let mut expected = [fresh, newest];
        expected.sort();
        assert_eq!(stored, expected, "the one that has gone is deleted");
    }

    async fn another_instance_learns_a_new_key_by_itself(world) {
        let other = world.instance(World::auth_settings()).await;
        let first = sign_in(&world).await;
        assert_eq!(other.with_token(&first).ask("{ viewer { id } }").await.status, 200);
        rotate(&world).await;
        let second = sign_in(&world).await;
        assert_eq!(other.with_token(&second).ask("{ viewer { id } }").await.status, 200);
        let input = json!({ "email": "reader@example.org", "password": PASSWORD });
        let third = other.anonymous().mutate("signIn", input, "accessToken").await;
        assert_eq!(kid(third["accessToken"].as_str().unwrap()), kid(&second));
        other.end().await;
    }

    async fn a_deleted_key_verifies_nothing_from_then_on(world) {
        let delete = async |which: &str| {
            let op = world.base.op(Actor::Anonymous).begin().await.unwrap();
            entity::signing_key::Entity::delete_by_id(which).exec(&op.lane).await.unwrap();
            op.commit().await.unwrap();
        };
        let old = sign_in(&world).await;
        rotate(&world).await;
        let token = sign_in(&world).await;
        assert_eq!((status(&world, &old).await, status(&world, &token).await), (200, 200));
        delete(&kid(&old)).await;
        assert_eq!((status(&world, &old).await, status(&world, &token).await), (401, 200));
        delete(&kid(&token)).await;
        assert_eq!(status(&world, &token).await, 401);
        assert_eq!(status(&world, &sign_in(&world).await).await, 200, "a new one is made where there is none");
    }

    async fn a_key_that_was_sealed_under_another_secret_is_named(world) {
        world.auth.prepare(&world.base).await.unwrap();
        let auth = Auth::new(Settings::new(Secret::new("another secret, which is long enough as well")));
        let refusal = auth.prepare(&world.base).await.unwrap_err().to_string();
        assert!(refusal.contains("was sealed under another auth.secret"), "{refusal}");
        assert!(refusal.contains("demarche key rotate"), "{refusal}");
        assert!(!refusal.contains("long enough as well"));
    }

    async fn the_private_half_is_stored_sealed_only(world) {
        world.auth.prepare(&world.base).await.unwrap();
        let [key] = entity::signing_key::Entity::find()
            .all(&world.base.store.reading()).await.unwrap().try_into().unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(&key.sealed_key.0).unwrap();
        let public = URL_SAFE_NO_PAD.decode(&key.public_key).unwrap();
        // A nonce, the 32 bytes and a tag; no 32 bytes in a row of it are the private half.
        assert_eq!(sealed.len(), 12 + 32 + 16);
        for window in sealed.windows(32) {
            let pair = Ed25519KeyPair::from_seed_unchecked(window).unwrap();
            assert_ne!(pair.public_key().as_ref(), public);
        }
        assert!(!format!("{key:?}").contains(&key.sealed_key.0));
    }

    async fn a_token_does_not_choose_how_it_is_verified(world) {
        let good = sign_in(&world).await;
        assert_eq!(status(&world, &good).await, 200);
        let [key] = published(&world).await.try_into().unwrap();
        let (x, kid) = (key["x"].as_str().unwrap(), key["kid"].as_str().unwrap());
        let public = URL_SAFE_NO_PAD.decode(x).unwrap();
        let claims = claims(&good);
        let header = |algorithm: Algorithm| {
            let mut header = Header::new(algorithm);
            header.typ = Some("at+jwt".to_owned());
            header.kid = Some(kid.to_owned());
            header
        };
        let stranger = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let stranger_key = EncodingKey::from_ed_der(stranger.as_ref());
        let stranger_pair = Ed25519KeyPair::from_pkcs8(stranger.as_ref()).unwrap();
        let own_jwk = json!({ "kty": "OKP", "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(stranger_pair.public_key().as_ref()) });
        let mut with_jwk = header(Algorithm::EdDSA);
        with_jwk.jwk = Some(serde_json::from_value(own_jwk).unwrap());
        let mut unknown_kid = header(Algorithm::EdDSA);
        unknown_kid.kid = Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned());
        let mut hostile_kid = header(Algorithm::EdDSA);
        hostile_kid.kid = Some("' OR '1'='1\u{0}/../../dev/null é".to_owned());
        let mut no_kid = header(Algorithm::EdDSA);
        no_kid.kid = None;
        let sign = |header: &Header, key: &EncodingKey| encode(header, &claims, key).unwrap();
        let (_, payload_and_signature) = good.split_once('.').unwrap();
        let (_, signature) = payload_and_signature.split_once('.').unwrap();
        let mut promoted = claims.clone();
        promoted["sub"] = json!(demarche_core::id::encode(entity::kind::Kind::Account, 3));
        let bad = [
            ("none", unsigned(json!({ "alg": "none", "typ": "at+jwt", "kid": kid }), &claims, "")),
            ("None", unsigned(json!({ "alg": "None", "typ": "at+jwt", "kid": kid }), &claims, signature)),
            ("no algorithm", unsigned(json!({ "typ": "at+jwt", "kid": kid }), &claims, signature)),
            ("HS256 with the public key", sign(&header(Algorithm::HS256), &EncodingKey::from_secret(&public))),
            ("HS256 with its text", sign(&header(Algorithm::HS256), &EncodingKey::from_secret(x.as_bytes()))),
            ("HS512 with the public key", sign(&header(Algorithm::HS512), &EncodingKey::from_secret(&public))),
            ("another's key", sign(&header(Algorithm::EdDSA), &stranger_key)),
            ("a key that it brings along", sign(&with_jwk, &stranger_key)),
            ("an unknown kid", sign(&unknown_kid, &stranger_key)),
            ("a hostile kid", sign(&hostile_kid, &stranger_key)),
            ("no kid", sign(&no_kid, &stranger_key)),
            ("another account", unsigned(json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }), &promoted, signature)),
            ("no signature", format!("{}.", good.rsplit_once('.').unwrap().0)),
            ("two parts", good.rsplit_once('.').unwrap().0.to_owned()),
            ("nothing", "..".to_owned()),
            ("a text", "x".to_owned()),
        ];
        for (what, token) in bad {
            let answer = world.with_token(&token).ask("{ viewer { id } }").await;
            assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{what}");
            assert!(token.len() < 10 || !answer.body.to_string().contains(&token), "{what}");
        }
        assert_eq!(status(&world, &good).await, 200);
    }

    async fn a_session_of_another_account_proves_nothing(world) {
        // Signed by us, but of an account that the session does not belong to: the database has the last word.
        let keys = Keys::new(World::auth_settings().secret);
        let good = sign_in(&world).await;
        let op = world.base.op(Actor::Anonymous).begin().await.unwrap();
        let (kid, key) = keys.signing(&op).await.unwrap();
        op.commit().await.unwrap();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(kid);
        let mut claims = claims(&good);
        assert_eq!(status(&world, &encode(&header, &claims, &key).unwrap()).await, 200);
        let sign = |claims: &Value| encode(&header, claims, &key).unwrap();
        claims["sub"] = json!(demarche_core::id::encode(entity::kind::Kind::Account, 3));
        assert_eq!(status(&world, &sign(&claims)).await, 401);
        claims["sub"] = json!(demarche_core::id::encode(entity::kind::Kind::Account, 1));
        claims["sid"] = json!(demarche_core::id::encode(entity::kind::Kind::Session, 1));
        assert_eq!(status(&world, &sign(&claims)).await, 401);
    }
}
