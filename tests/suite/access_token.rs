//! Access tokens for scripts: what they let through, for how long, and who sees them.

use std::time::Duration;

use demarche_tests::world::key;
use demarche_tests::{Client, World};
use entity::words::Role;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const SHOWN: &str = "token accessToken { id name scopes isBound dossier { slug } createdAt expiresAt lastUsedAt }";

async fn create(client: &Client, scopes: &[&str], more: Value) -> Value {
    let mut input = json!({ "name": "a script", "scopes": scopes });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.mutate("createAccessToken", input, SHOWN).await
}

async fn token(world: &World, maker: &Client, scopes: &[&str], more: Value) -> Client {
    let payload = create(maker, scopes, more).await;
    assert_eq!(payload["errors"], json!([]));
    world.with_token(payload["token"].as_str().unwrap())
}

/// What becomes of a question: a code, or `ok`.
async fn fate(client: &Client, question: &str) -> String {
    let answer = client.ask(question).await;
    match answer.body.get("errors") {
        Some(_) => answer.code().to_owned(),
        None => {
            let payload = answer.body["data"].as_object().unwrap().values().next().unwrap().clone();
            payload["errors"][0]["code"].as_str().unwrap_or("ok").to_owned()
        }
    }
}

async fn open(client: &Client, slug: &str) -> String {
    let input = json!({ "slug": slug, "title": slug });
    let payload = client.mutate("createDossier", input, "dossier { id }").await;
    payload["dossier"]["id"].as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned()
}

async fn viewer_tokens(client: &Client) -> Vec<Value> {
    let mut data = client.data("{ viewer { tokens { id name scopes lastUsedAt expiresAt } } }").await;
    data["viewer"]["tokens"].as_array_mut().unwrap().drain(..).collect()
}

fn code(payload: &Value) -> &Value {
    &payload["errors"][0]["code"]
}

demarche_tests::suite! {
    async fn a_token_is_shown_once_and_only_its_hash_is_kept(world) {
        let analyst = world.analyst().await;
        let payload = create(&analyst, &["EXPORT", "READ"], json!({})).await;
        let secret = payload["token"].as_str().unwrap();
        assert!(demarche_core::secret::opaque::is_well_formed("demarche_pat_", secret), "{secret}");
        let mut expected = payload["accessToken"].clone();
        assert_eq!(expected["scopes"], json!(["READ", "EXPORT"]));
        assert_eq!((&expected["isBound"], &expected["dossier"]), (&json!(false), &Value::Null));
        for field in ["isBound", "dossier", "createdAt"] {
            expected.as_object_mut().unwrap().remove(field);
        }
        assert_eq!(viewer_tokens(&analyst).await, [expected]);
        let rows = entity::access_token::Entity::find().all(&world.base.store.reading()).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert!(!format!("{rows:?}").contains(&secret["demarche_pat_".len()..]));
        assert_eq!(rows[0].hash, demarche_core::secret::opaque::hash(secret));
    }

    async fn scopes_bound_what_a_token_lets_through(world with sample) {
        let admin = world.admin().await;
        let read = "{ dossier(slug: \"us-mexico-cartel-strikes\") { id } }";
        let write = "mutation { createDossier(input: { slug: \"x\", title: \"X\" }) { errors { code } } }";
        let manage = "{ accounts(first: 1) { totalCount } }";
        let mint = "mutation { createAccessToken(input: { name: \"x\", scopes: [ADMIN] }) { errors { code } } }";
        let questions = [read, write, manage, mint];
        for (scope, expected) in [
            ("READ", ["ok", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]),
            ("WRITE", ["ok", "ok", "FORBIDDEN", "FORBIDDEN"]),
            ("EXPORT", ["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]),
            ("ADMIN", ["FORBIDDEN", "FORBIDDEN", "ok", "ok"]),
        ] {
            let scopes: &[&str] = if scope == "WRITE" { &["READ", "WRITE"] } else { &[scope] };
            let client = token(&world, &admin, scopes, json!({})).await;
            for (question, expected) in questions.iter().zip(expected) {
                assert_eq!(fate(&client, question).await, expected, "{scope}: {question}");
            }
            // Who one is, everybody may know; what else one has, only who may manage it.
            assert_eq!(fate(&client, "{ viewer { id role clearance } }").await, "ok");
            let others = if scope == "ADMIN" { "ok" } else { "FORBIDDEN" };
            assert_eq!(fate(&client, "{ viewer { tokens { id } } }").await, others);
            assert_eq!(fate(&client, "{ viewer { sessions { id } } }").await, others);
        }
    }

    async fn a_scope_gives_nothing_that_the_account_has_not(world) {
        let reader = world.reader().await;
        let client = token(&world, &reader, &["READ", "WRITE", "EXPORT", "ADMIN"], json!({})).await;
        let write = "mutation { createDossier(input: { slug: \"x\", title: \"X\" }) { errors { code } } }";
        assert_eq!(fate(&client, write).await, "FORBIDDEN");
        assert_eq!(fate(&client, "{ accounts { totalCount } }").await, "FORBIDDEN");
    }

    async fn a_token_bound_to_one_dossier_sees_nothing_else(world) {
        let admin = world.admin().await;
        let (one, other) = (open(&admin, "one").await, open(&admin, "other").await);
        let bound = json!({ "dossier": one });
        let client = token(&world, &admin, &["READ", "WRITE", "EXPORT", "ADMIN"], bound).await;
        let seen = client.data("{ dossiers { totalCount nodes { slug } } }").await;
        assert_eq!(seen["dossiers"], json!({ "totalCount": 1, "nodes": [{ "slug": "one" }] }));
        let hidden = client.data(&format!("{{ node(id: \"{other}\") {{ id }} dossier(slug: \"other\") {{ id }} }}")).await;
        assert_eq!(hidden, json!({ "node": null, "dossier": null }));
        let stakeholder = |dossier: &str| {
            json!({ "dossier": dossier, "slug": "s", "name": "S", "kind": "STATE" })
        };
        let written = client.mutate("createStakeholder", stakeholder(&one), "stakeholder { id }").await;
        assert_eq!(written["errors"], json!([]));
        let refused = client.mutate("createStakeholder", stakeholder(&other), "stakeholder { id }").await;
        assert_eq!(code(&refused), "NOT_FOUND");
        // And nothing of the whole instance: what it made there could reach beyond the dossier.
        for question in [
            "mutation { createAccessToken(input: { name: \"x\", scopes: [READ] }) { errors { code } } }",
            "mutation { createAccount(input: { email: \"x@y.z\", name: \"X\", role: ADMIN }) { errors { code } } }",
            "mutation { createDossier(input: { slug: \"x\", title: \"X\" }) { errors { code } } }",
            "{ accounts { totalCount } }",
        ] {
            assert_eq!(fate(&client, question).await, "FORBIDDEN", "{question}");
        }
    }

    async fn a_token_is_bound_only_to_a_dossier_that_one_sees(world) {
        let (analyst, reader) = (world.analyst().await, world.reader().await);
        let dossier = open(&analyst, "one").await;
        let refused = create(&reader, &["READ"], json!({ "dossier": dossier })).await;
        assert_eq!((code(&refused), &refused["errors"][0]["field"]), (&json!("NOT_FOUND"), &json!(["dossier"])));
        let nowhere = create(&reader, &["READ"], json!({ "dossier": "dos_0000000000001" })).await;
        assert_eq!(nowhere["errors"], refused["errors"]);
        let bound = create(&analyst, &["READ"], json!({ "dossier": dossier })).await;
        assert_eq!(bound["accessToken"]["dossier"]["slug"], "one");
    }

    async fn nobody_hands_out_more_than_they_hold(world) {
        let admin = world.admin().await;
        let strict = create(&admin, &["READ", "EXPORT_AMBER_STRICT"], json!({})).await;
        assert_eq!((code(&strict), &strict["errors"][0]["field"]), (&json!("INVALID"), &json!(["scopes", "1"])));
        assert_eq!(strict["token"], Value::Null);
        let narrow = token(&world, &admin, &["READ", "ADMIN"], json!({ "expiresAt": "2026-11-24T13:00:00Z" })).await;
        let wide = create(&narrow, &["WRITE", "READ"], json!({ "expiresAt": "2026-11-24T12:30:00Z" })).await;
        assert_eq!(wide["errors"][0]["field"], json!(["scopes", "0"]));
        for late in [json!({}), json!({ "expiresAt": "2026-11-24T13:00:01Z" })] {
            assert_eq!(create(&narrow, &["READ"], late).await["errors"][0]["field"], json!(["expiresAt"]));
        }
        let same = create(&narrow, &["READ", "ADMIN"], json!({ "expiresAt": "2026-11-24T13:00:00Z" })).await;
        assert_eq!(same["errors"], json!([]));
    }

    async fn all_that_is_wrong_with_a_token_is_said_at_once(world) {
        let analyst = world.analyst().await;
        let input = json!({ "name": " ", "expiresAt": "2026-11-24T12:00:00Z" });
        let fields = |payload: &Value| -> Vec<Value> {
            payload["errors"].as_array().unwrap().iter().map(|error| error["field"][0].clone()).collect()
        };
        assert_eq!(fields(&create(&analyst, &[], input).await), ["name", "scopes", "expiresAt"]);
        assert_eq!(fields(&create(&analyst, &["WRITE"], json!({})).await), ["scopes"], "WRITE needs READ");
    }

    async fn a_token_holds_until_it_expires_or_for_ever(world) {
        let analyst = world.analyst().await;
        let short = token(&world, &analyst, &["READ"], json!({ "expiresAt": "2026-11-24T12:01:00Z" })).await;
        let ever = token(&world, &analyst, &["READ"], json!({})).await;
        world.wait(Duration::from_secs(59));
        assert_eq!(fate(&short, "{ viewer { id } }").await, "ok");
        world.wait(Duration::from_secs(1));
        assert_eq!(short.ask("{ viewer { id } }").await.status, 401);
        world.wait(Duration::from_secs(20 * 365 * 86_400));
        assert_eq!(fate(&ever, "{ viewer { id } }").await, "ok");
        world.auth.settled().await;
    }

    async fn a_revoked_token_stops_at_once(world) {
        let analyst = world.analyst().await;
        let payload = create(&analyst, &["READ"], json!({})).await;
        let (id, client) = (json!({ "id": payload["accessToken"]["id"] }), payload["token"].as_str().unwrap());
        let client = world.with_token(client);
        assert_eq!(fate(&client, "{ viewer { id } }").await, "ok");
        let strangers = world.reader().await.mutate("revokeAccessToken", id.clone(), "accessToken { id }").await;
        assert_eq!(code(&strangers), "NOT_FOUND");
        let revoked = analyst.mutate("revokeAccessToken", id.clone(), "accessToken { revokedAt }").await;
        assert_eq!(revoked["accessToken"]["revokedAt"], json!(world.now()));
        assert_eq!(client.ask("{ viewer { id } }").await.status, 401);
        assert!(viewer_tokens(&analyst).await.is_empty());
        assert_eq!(code(&analyst.mutate("revokeAccessToken", id, "accessToken { id }").await), "NOT_FOUND");
        world.auth.settled().await;
    }

    async fn an_administrator_revokes_anybodys_token(world) {
        let analyst = world.analyst().await;
        let payload = create(&analyst, &["READ"], json!({})).await;
        let id = json!({ "id": payload["accessToken"]["id"] });
        let revoked = world.admin().await.mutate("revokeAccessToken", id, "accessToken { id }").await;
        assert_eq!(revoked["errors"], json!([]));
        assert_eq!(world.with_token(payload["token"].as_str().unwrap()).ask("{ viewer { id } }").await.status, 401);
    }

    async fn the_last_use_is_written_down_once_a_minute(world) {
        let analyst = world.analyst().await;
        let client = token(&world, &analyst, &["READ"], json!({})).await;
        let last = async || {
            world.auth.settled().await;
            viewer_tokens(&analyst).await[0]["lastUsedAt"].clone()
        };
        assert_eq!(last().await, Value::Null);
        let first = world.now();
        fate(&client, "{ viewer { id } }").await;
        assert_eq!(last().await, json!(first));
        world.wait(Duration::from_secs(59));
        fate(&client, "{ viewer { id } }").await;
        assert_eq!(last().await, json!(first), "it is too early to write again");
        world.wait(Duration::from_secs(1));
        fate(&client, "{ viewer { id } }").await;
        assert_eq!(last().await, json!(world.now()));
    }

    async fn a_token_costs_one_statement_and_a_mistyped_one_none(world with sample) {
        let analyst = world.analyst().await;
        let payload = create(&analyst, &["READ"], json!({})).await;
        let secret = payload["token"].as_str().unwrap();
        let op = || world.base.op(demarche_core::op::Actor::Anonymous);
        let good = op();
        world.auth.actor(&good, Some(secret)).await.unwrap();
        world.auth.settled().await;
        assert_eq!(good.lane.statements(), 1);
        let bad = op();
        assert!(world.auth.actor(&bad, Some(&secret[..secret.len() - 1])).await.is_err());
        assert_eq!(bad.lane.statements(), 0);
        let unknown = demarche_core::secret::opaque::mint("demarche_pat_").unwrap();
        let answer = world.with_token(unknown.expose()).ask("{ viewer { id } }").await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
        assert!(!answer.body.to_string().contains(unknown.expose()));
    }

    async fn a_suspended_account_loses_its_tokens_for_good(world) {
        let (analyst, admin) = (world.analyst().await, world.admin().await);
        let client = token(&world, &analyst, &["READ"], json!({})).await;
        let id = demarche_core::id::encode(entity::kind::Kind::Account, key(Role::Analyst));
        for suspended in [true, false] {
            let input = json!({ "id": id, "suspended": suspended });
            let payload = admin.mutate("updateAccount", input, "account { tokens { id } sessions { id } }").await;
            assert_eq!(payload["account"], json!({ "tokens": [], "sessions": [] }));
            assert_eq!(client.ask("{ viewer { id } }").await.status, 401);
            assert_eq!(analyst.ask("{ viewer { id } }").await.status, 401);
        }
        assert_eq!(fate(&world.analyst().await, "{ viewer { id } }").await, "ok", "but they may sign in again");
    }

    async fn a_token_cannot_sign_out(world) {
        let analyst = world.analyst().await;
        let client = token(&world, &analyst, &["ADMIN"], json!({})).await;
        assert_eq!(fate(&client, "mutation { signOut { session } }").await, "BAD_USER_INPUT");
        world.auth.settled().await;
    }
}
