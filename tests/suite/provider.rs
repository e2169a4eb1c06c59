//! Outside identity providers: their tokens, their keys, and whom they stand for.

mod issuer;

use std::time::Duration;

use demarche_core::auth::provider::{Grades, Mapping};
use demarche_tests::World;
use demarche_tests::world::key;
use entity::kind::Kind;
use entity::words::{Marking, Role};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use self::issuer::{ISSUER, Issuer, settings};

const VIEWER: &str = "{ viewer { email role clearance } }";

/// The claims of a good token of somebody, at noon.
fn claims(subject: &str, email: &str) -> Value {
    let noon = 1_795_521_600;
    json!({
        "iss": ISSUER, "aud": "demarche", "sub": subject, "email": email, "email_verified": true, "name": "Somebody",
        "iat": noon, "nbf": noon, "exp": noon + 3600
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// Accounts are made, and claims say as what.
fn mapping() -> Mapping {
    let text = |text: &str| text.to_owned();
    Mapping {
        email_claim: text("email"),
        trusts_email: false,
        makes_accounts: true,
        role: Grades {
            claim: Some(text("realm.groups")),
            values: [(text("chiefs"), Role::Admin), (text("staff"), Role::Analyst)].into(),
        },
        clearance: Grades { claim: Some(text("level")), values: [(text("secret"), Marking::Red)].into() },
    }
}

async fn accounts(world: &World) -> usize {
    entity::account::Entity::find().all(&world.base.store.reading()).await.unwrap().len()
}

demarche_tests::suite! {
    async fn a_good_token_stands_for_the_account_with_its_address(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        let analyst = here.with_token(&issuer.sign(&claims("s-1", "Analyst@Example.org")));
        let viewer = analyst.data(VIEWER).await;
        assert_eq!(viewer["viewer"], json!({ "email": "analyst@example.org", "role": "ANALYST", "clearance": "RED" }));
        // From then on the subject counts, whatever address it has.
        for email in ["reader@example.org", "new@example.org"] {
            let token = issuer.sign(&claims("s-1", email));
            assert_eq!(here.with_token(&token).data(VIEWER).await, viewer);
        }
        // As a session, it may do what the account may.
        let input = json!({ "slug": "one", "title": "One" });
        assert_eq!(analyst.mutate("createDossier", input, "dossier { slug }").await["errors"], json!([]));
        assert_eq!(analyst.ask("mutation { signOut { session } }").await.code(), "BAD_USER_INPUT");
        assert_eq!(accounts(&world).await, 3);
        assert_eq!(issuer.fetches(), 1, "the keys are fetched once");
        here.end().await;
    }

    async fn rsa_and_elliptic_keys_verify_as_well(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
            let token = issuer.sign_as(algorithm, &claims("s-1", "analyst@example.org"));
            assert_eq!(here.with_token(&token).ask(VIEWER).await.status, 200, "{algorithm:?}");
        }
        here.end().await;
    }

    async fn an_address_that_is_not_verified_proves_nothing(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        for claims in [
            with(claims("s-1", "admin@example.org"), "email_verified", json!(false)),
            with(claims("s-1", "admin@example.org"), "email_verified", json!("true")),
            without(claims("s-1", "admin@example.org"), "email_verified"),
            without(claims("s-1", "admin@example.org"), "email"),
            claims("s-1", "nobody@example.org"),
            claims("s-1", "nobody\u{0}@example.org"),
        ] {
            let answer = here.with_token(&issuer.sign(&claims)).ask(VIEWER).await;
            assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{claims}");
        }
        assert_eq!(accounts(&world).await, 3);
        here.end().await;
    }

    async fn an_account_is_made_at_first_sight_where_that_is_wanted(world) {
        let issuer = Issuer::start();
        let mut trusted = issuer.trusted();
        trusted.providers[0].mapping = mapping();
        let here = world.instance(trusted).await;
        let staff = with(claims("s-9", "New@Example.org"), "realm", json!({ "groups": ["others", "staff"] }));
        let viewer = here.with_token(&issuer.sign(&staff)).data(VIEWER).await;
        assert_eq!(viewer["viewer"], json!({ "email": "new@example.org", "role": "ANALYST", "clearance": "CLEAR" }));
        // What the token says counts for its request: a promotion at once, and its end as well.
        let chief = with(staff.clone(), "realm", json!({ "groups": "chiefs" }));
        let chief = with(chief, "level", json!("secret"));
        let viewer = here.with_token(&issuer.sign(&chief)).data(VIEWER).await;
        assert_eq!(viewer["viewer"], json!({ "email": "new@example.org", "role": "ADMIN", "clearance": "RED" }));
        let viewer = here.with_token(&issuer.sign(&staff)).data(VIEWER).await;
        assert_eq!(viewer["viewer"]["role"], "ANALYST");
        // Who is in none of the groups is nobody, also with an account.
        for claims in [claims("s-9", "new@example.org"), with(staff, "realm", json!({ "groups": ["others"] }))] {
            assert_eq!(here.with_token(&issuer.sign(&claims)).ask(VIEWER).await.status, 401);
        }
        assert_eq!(accounts(&world).await, 4);
        here.end().await;
    }

    async fn two_at_first_sight_at_once_are_one_account(world) {
        let issuer = Issuer::start();
        let mut trusted = issuer.trusted();
        trusted.providers[0].mapping = Mapping { role: Grades::default(), ..mapping() };
        let here = world.instance(trusted).await;
        let client = here.with_token(&issuer.sign(&claims("s-9", "new@example.org")));
        let (a, b, c) = tokio::join!(client.data(VIEWER), client.data(VIEWER), client.data(VIEWER));
        assert_eq!((&a, &a), (&b, &c));
        assert_eq!(accounts(&world).await, 4);
        here.end().await;
    }

    async fn a_token_must_be_for_us_from_a_provider_that_we_know_and_of_now(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        let good = || claims("s-1", "analyst@example.org");
        let noon = good()["iat"].as_i64().unwrap();
        let status = async |claims: &Value| here.with_token(&issuer.sign(claims)).ask(VIEWER).await.status;
        for claims in [
            with(good(), "iss", json!("https://other.example.org")),
            with(good(), "iss", json!(format!("{ISSUER}/"))),
            with(good(), "iss", json!("demarche")),
            with(good(), "iss", json!([ISSUER])),
            without(good(), "iss"),
            with(good(), "aud", json!("other")),
            with(good(), "aud", json!(["other", "Demarche"])),
            with(good(), "aud", json!([])),
            without(good(), "aud"),
            without(good(), "sub"),
            with(good(), "sub", json!("")),
            with(good(), "sub", json!(1)),
            with(good(), "sub", json!("s\u{0}")),
            with(good(), "sub", json!("s".repeat(256))),
            without(good(), "exp"),
            with(good(), "exp", json!("never")),
            with(good(), "exp", json!(null)),
            with(good(), "exp", json!(noon - 30)),
            with(good(), "exp", json!(-1e300)),
            with(good(), "nbf", json!(noon + 31)),
            with(good(), "nbf", json!("now")),
        ] {
            assert_eq!(status(&claims).await, 401, "{claims}");
        }
        for claims in [
            good(),
            with(good(), "aud", json!(["other", "demarche"])),
            // The clocks of two machines may be apart by the leeway.
            with(good(), "exp", json!(noon - 29)),
            with(good(), "nbf", json!(noon + 30)),
            with(good(), "exp", json!(noon as f64 + 0.5)),
            without(good(), "nbf"),
        ] {
            assert_eq!(status(&claims).await, 200, "{claims}");
        }
        here.end().await;
    }

    async fn the_algorithm_must_be_listed_and_fit_the_key(world) {
        let issuer = Issuer::start();
        let mut trusted = issuer.trusted();
        trusted.providers[0].algorithms = vec![Algorithm::EdDSA, Algorithm::ES256];
        let here = world.instance(trusted).await;
        let good = claims("s-1", "analyst@example.org");
        assert_eq!(here.with_token(&issuer.sign(&good)).ask(VIEWER).await.status, 200);
        let public = issuer.public_key();
        let sign = |algorithm, kid: &str, key: &EncodingKey| {
            let mut header = Header::new(algorithm);
            header.kid = Some(kid.to_owned());
            encode(&header, &good, key).unwrap()
        };
        let hmac = EncodingKey::from_secret(&public);
        let mut critical = Header::new(Algorithm::EdDSA);
        critical.kid = Some("ed".to_owned());
        critical.crit = Some(vec!["exp".to_owned()]);
        let bad = [
            ("an algorithm that is not listed", issuer.sign_as(Algorithm::RS256, &good)),
            ("HS256 with the public key", sign(Algorithm::HS256, "ed", &hmac)),
            ("HS512 with the public key", sign(Algorithm::HS512, "ed", &hmac)),
            ("ES256 with the name of another key", sign(Algorithm::ES256, "ed", &issuer.elliptic())),
            ("none", issuer::unsigned(&json!({ "alg": "none", "kid": "ed" }), &good)),
            ("what must be understood", encode(&critical, &good, &issuer.edwards()).unwrap()),
            ("another's key", sign(Algorithm::EdDSA, "ed", &Issuer::start().edwards())),
        ];
        for (what, token) in bad {
            let answer = here.with_token(&token).ask(VIEWER).await;
            assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{what}");
        }
        here.end().await;
    }

    async fn an_unknown_key_is_looked_for_at_most_once_a_minute(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        let good = claims("s-1", "analyst@example.org");
        let with_kid = |kid: &str| {
            let mut header = Header::new(Algorithm::EdDSA);
            header.kid = Some(kid.to_owned());
            encode(&header, &good, &issuer.edwards()).unwrap()
        };
        assert_eq!(here.with_token(&issuer.sign(&good)).ask(VIEWER).await.status, 200);
        for n in 0..20 {
            assert_eq!(here.with_token(&with_kid(&format!("made up {n}"))).ask(VIEWER).await.status, 401);
        }
        assert_eq!(issuer.fetches(), 1, "nobody makes us flood the provider");
        issuer.rename("ed", "ed-2");
        assert_eq!(here.with_token(&with_kid("ed-2")).ask(VIEWER).await.status, 401);
        world.wait(Duration::from_secs(60));
        assert_eq!(here.with_token(&with_kid("ed-2")).ask(VIEWER).await.status, 200);
        assert_eq!(here.with_token(&with_kid("ed")).ask(VIEWER).await.status, 401, "it was taken out");
        assert_eq!(issuer.fetches(), 2);
        here.end().await;
    }

    async fn keys_stay_while_the_provider_is_away(world) {
        let issuer = Issuer::start();
        let mut trusted = issuer.trusted();
        trusted.providers[0].keys_max_age = Duration::from_secs(600);
        let here = world.instance(trusted).await;
        let client = here.with_token(&issuer.sign(&claims("s-1", "analyst@example.org")));
        assert_eq!(client.ask(VIEWER).await.status, 200);
        issuer.fail(true);
        for _ in 0..3 {
            world.wait(Duration::from_secs(600));
            assert_eq!(client.ask(VIEWER).await.status, 200);
            here.auth.settled().await;
        }
        assert_eq!(issuer.fetches(), 4, "each time it was tried");
        // Once it is back, what it took out is gone.
        issuer.fail(false);
        issuer.rename("ed", "ed-2");
        world.wait(Duration::from_secs(600));
        assert_eq!(client.ask(VIEWER).await.status, 200, "fetched behind the back of who asks");
        here.auth.settled().await;
        assert_eq!(client.ask(VIEWER).await.status, 401);
        here.end().await;
    }

    async fn a_provider_that_was_never_reached_lets_nobody_in(world) {
        let issuer = Issuer::start();
        issuer.fail(true);
        let here = world.instance(issuer.trusted()).await;
        let client = here.with_token(&issuer.sign(&claims("s-1", "analyst@example.org")));
        let answer = client.ask(VIEWER).await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
        assert!(!answer.body.to_string().contains("127.0.0.1"), "{}", answer.body);
        issuer.fail(false);
        world.wait(Duration::from_secs(60));
        assert_eq!(client.ask(VIEWER).await.status, 200);
        here.end().await;
    }

    async fn keys_are_read_from_a_file_as_well(world) {
        let issuer = Issuer::start();
        let file = std::env::temp_dir().join(format!("demarche-keys-{}-{:?}", std::process::id(), world.database.engine));
        std::fs::write(&file, issuer.set()).unwrap();
        let mut trusted = issuer.trusted();
        trusted.providers[0].keys = demarche_core::auth::provider::Source::File(file.clone());
        let here = world.instance(trusted).await;
        let token = issuer.sign(&claims("s-1", "analyst@example.org"));
        assert_eq!(here.with_token(&token).ask(VIEWER).await.status, 200);
        assert_eq!(issuer.fetches(), 0);
        std::fs::remove_file(file).unwrap();
        here.end().await;
    }

    async fn a_suspended_account_is_barred_whoever_vouches_for_it(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        let client = here.with_token(&issuer.sign(&claims("s-1", "analyst@example.org")));
        assert_eq!(client.ask(VIEWER).await.status, 200);
        let id = demarche_core::id::encode(Kind::Account, key(Role::Analyst));
        let input = json!({ "id": id, "suspended": true });
        world.admin().await.mutate("updateAccount", input, "account { id }").await;
        assert_eq!(client.ask(VIEWER).await.status, 401);
        // Nor does another subject with the same address open it, or make a second account.
        let token = issuer.sign(&claims("s-2", "analyst@example.org"));
        assert_eq!(here.with_token(&token).ask(VIEWER).await.status, 401);
        assert_eq!(accounts(&world).await, 3);
        here.end().await;
    }

    async fn finding_out_who_asks_takes_one_statement(world) {
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        let token = issuer.sign(&claims("s-1", "analyst@example.org"));
        here.with_token(&token).data(VIEWER).await;
        let op = world.base.op(demarche_core::op::Actor::Anonymous);
        here.auth.actor(&op, Some(&token)).await.unwrap();
        assert_eq!(op.lane.statements(), 1);
        here.end().await;
    }

    async fn a_session_of_ours_is_not_one_of_theirs(world) {
        // The same claims under their key do not pass for a token of ours, nor ours for one of theirs.
        let issuer = Issuer::start();
        let here = world.instance(issuer.trusted()).await;
        let ours = world.analyst().await.token.unwrap();
        assert_eq!(here.with_token(&ours).ask(VIEWER).await.status, 200);
        let theirs = with(claims("s-1", "analyst@example.org"), "iss", json!("demarche"));
        assert_eq!(here.with_token(&issuer.sign(&theirs)).ask(VIEWER).await.status, 401);
        assert_eq!(world.with_token(&issuer.sign(&claims("s-1", "analyst@example.org"))).ask(VIEWER).await.status, 401,
            "where the provider is not named, it is nobody");
        assert_eq!(settings("http://127.0.0.1:9/").issuer, ISSUER);
        here.end().await;
    }
}
