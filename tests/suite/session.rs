//! Sessions: they begin with a password, go on by refresh tokens, and end with all that they gave out.

use std::time::Duration;

use demarche_tests::world::{PASSWORD, email, key};
use demarche_tests::{Client, World};
use entity::words::Role;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const TOKENS: &str = "accessToken expiresAt refreshToken refreshExpiresAt viewer { email }";

async fn sign_in(world: &World, email: &str, password: &str) -> Value {
    world.anonymous().mutate("signIn", json!({ "email": email, "password": password }), TOKENS).await
}

async fn signed_in(world: &World, role: Role) -> Value {
    let payload = sign_in(world, &email(role), PASSWORD).await;
    assert_eq!(payload["errors"], json!([]));
    payload
}

async fn refresh(world: &World, token: &Value) -> Value {
    world.anonymous().mutate("refreshSession", json!({ "refreshToken": token }), TOKENS).await
}

fn client(world: &World, payload: &Value) -> Client {
    world.with_token(payload["accessToken"].as_str().unwrap())
}

async fn holds(world: &World, payload: &Value) -> bool {
    let answer = client(world, payload).ask("{ viewer { id } }").await;
    assert!(answer.status == 200 || answer.code() == "UNAUTHENTICATED", "{:#}", answer.body);
    answer.status == 200
}

async fn sessions(client: &Client) -> Vec<Value> {
    let mut viewer = client.data("{ viewer { sessions { id isCurrent startedAt refreshedAt expiresAt } } }").await;
    viewer["viewer"]["sessions"].as_array_mut().unwrap().drain(..).collect()
}

/// An operation of nobody, beside the server.
fn nobody(world: &World) -> demarche_core::op::Op {
    world.base.op(demarche_core::op::Actor::Anonymous)
}

async fn suspend(world: &World, role: Role) {
    let id = demarche_core::id::encode(entity::kind::Kind::Account, key(role));
    let input = json!({ "id": id, "suspended": true });
    let payload = world.admin().await.mutate("updateAccount", input, "account { suspendedAt }").await;
    assert_eq!(payload["account"]["suspendedAt"], json!(world.now()));
}

demarche_tests::suite! {
    async fn a_sign_in_gives_two_tokens_and_says_until_when_they_hold(world) {
        let payload = signed_in(&world, Role::Analyst).await;
        assert_eq!(payload["expiresAt"], "2026-11-24T12:15:00Z");
        assert_eq!(payload["refreshExpiresAt"], "2026-12-08T12:00:00Z");
        assert_eq!(payload["viewer"]["email"], "analyst@example.org");
        assert!(payload["refreshToken"].as_str().unwrap().starts_with("demarche_ref_"));
        assert!(holds(&world, &payload).await);
        // A refresh token opens nothing by itself.
        let refresh = payload["refreshToken"].as_str().unwrap();
        assert_eq!(world.with_token(refresh).ask("{ viewer { id } }").await.status, 401);
    }

    async fn an_access_token_holds_for_some_minutes(world) {
        let payload = signed_in(&world, Role::Reader).await;
        world.wait(Duration::from_secs(899));
        assert!(holds(&world, &payload).await);
        world.wait(Duration::from_secs(6));
        let answer = client(&world, &payload).ask("{ viewer { id } }").await;
        assert_eq!((answer.status, answer.message()), (401, "the token has expired: sign in again"));
    }

    async fn a_session_goes_on_as_long_as_it_is_refreshed(world) {
        let mut payload = signed_in(&world, Role::Reader).await;
        for _ in 0..6 {
            world.wait(13 * DAY);
            let next = refresh(&world, &payload["refreshToken"]).await;
            assert_eq!(next["errors"], json!([]));
            assert_ne!(next["refreshToken"], payload["refreshToken"]);
            assert_ne!(next["accessToken"], payload["accessToken"]);
            assert!(holds(&world, &next).await);
            payload = next;
        }
        // 78 days have passed: the ninetieth is the last, whatever one does.
        assert_eq!(payload["refreshExpiresAt"], "2027-02-22T12:00:00Z");
        world.wait(12 * DAY);
        let late = refresh(&world, &payload["refreshToken"]).await;
        assert_eq!(late["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(late["accessToken"], Value::Null);
    }

    async fn a_session_that_is_not_refreshed_ends(world) {
        let payload = signed_in(&world, Role::Reader).await;
        world.wait(14 * DAY);
        assert_eq!(refresh(&world, &payload["refreshToken"]).await["errors"][0]["code"], "INVALID_CREDENTIALS");
    }

    async fn a_replayed_refresh_token_ends_the_session_with_all_its_tokens(world) {
        let first = signed_in(&world, Role::Analyst).await;
        let other = signed_in(&world, Role::Analyst).await;
        let second = refresh(&world, &first["refreshToken"]).await;
        let third = refresh(&world, &second["refreshToken"]).await;
        assert!(holds(&world, &third).await);
        let replayed = refresh(&world, &first["refreshToken"]).await;
        assert_eq!(replayed["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(replayed["accessToken"], Value::Null);
        for payload in [&first, &second, &third] {
            assert!(!holds(&world, payload).await, "every access token of the session stops at once");
        }
        assert_eq!(refresh(&world, &third["refreshToken"]).await["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert!(holds(&world, &other).await, "another session of the account goes on");
    }

    async fn of_several_refreshes_at_once_exactly_one_wins(world) {
        let payload = signed_in(&world, Role::Analyst).await;
        let token = &payload["refreshToken"];
        let (a, b, c, d) = tokio::join!(
            refresh(&world, token), refresh(&world, token), refresh(&world, token), refresh(&world, token)
        );
        let won: Vec<_> = [a, b, c, d].into_iter().filter(|payload| payload["errors"] == json!([])).collect();
        assert_eq!(won.len(), 1);
        // Nobody can tell a race from a theft: the session has ended.
        assert!(!holds(&world, &won[0]).await);
    }

    async fn a_refresh_token_that_was_never_given_changes_nothing(world) {
        let payload = signed_in(&world, Role::Analyst).await;
        let made_up = demarche_core::secret::opaque::mint("demarche_ref_").unwrap();
        for bad in [made_up.expose(), "", "demarche_ref_", "x\u{0}", payload["accessToken"].as_str().unwrap()] {
            let refused = refresh(&world, &json!(bad)).await;
            assert_eq!(refused["errors"][0]["code"], "INVALID_CREDENTIALS");
            assert_eq!(refused["errors"][0]["field"], json!(["refreshToken"]));
        }
        assert!(holds(&world, &payload).await);
        assert_eq!(refresh(&world, &payload["refreshToken"]).await["errors"], json!([]));
    }

    async fn signing_out_ends_this_session_only(world) {
        let (one, other) = (signed_in(&world, Role::Reader).await, signed_in(&world, Role::Reader).await);
        let current = sessions(&client(&world, &one)).await.into_iter().find(|s| s["isCurrent"] == true).unwrap();
        let answer = client(&world, &one).data("mutation { signOut { session errors { code } } }").await;
        assert_eq!(answer["signOut"], json!({ "session": current["id"], "errors": [] }));
        assert!(!holds(&world, &one).await);
        assert_eq!(refresh(&world, &one["refreshToken"]).await["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert!(holds(&world, &other).await);
        assert_eq!(sessions(&client(&world, &other)).await.len(), 1);
    }

    async fn one_ends_ones_own_sessions_and_an_administrator_anybodys(world) {
        let (one, other) = (signed_in(&world, Role::Reader).await, signed_in(&world, Role::Reader).await);
        let reader = client(&world, &one);
        let listed = sessions(&reader).await;
        let current: Vec<_> = listed.iter().map(|session| session["isCurrent"].as_bool().unwrap()).collect();
        assert_eq!(current, [false, true], "the newest first");
        let id = |n: usize| json!({ "id": listed[n]["id"] });
        let strangers = world.analyst().await.mutate("endSession", id(1), "session").await;
        assert_eq!(strangers["errors"][0]["code"], "NOT_FOUND");
        assert!(holds(&world, &one).await);
        assert_eq!(reader.mutate("endSession", id(0), "session").await["session"], listed[0]["id"]);
        assert!(!holds(&world, &other).await);
        assert_eq!(reader.mutate("endSession", id(0), "session").await["errors"][0]["code"], "NOT_FOUND");
        assert_eq!(world.admin().await.mutate("endSession", id(1), "session").await["errors"], json!([]));
        assert!(!holds(&world, &one).await);
    }

    async fn failed_sign_ins_are_answered_alike(world) {
        suspend(&world, Role::Analyst).await;
        let unknown = sign_in(&world, "nobody@example.org", PASSWORD).await;
        assert_eq!(unknown["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(unknown["accessToken"], Value::Null);
        assert_eq!(unknown["viewer"], Value::Null);
        assert_eq!(sign_in(&world, &email(Role::Reader), "a wrong password").await, unknown);
        assert_eq!(sign_in(&world, &email(Role::Analyst), "a wrong password").await, unknown, "suspended, and wrong");
        assert_eq!(sign_in(&world, &email(Role::Analyst), PASSWORD).await, unknown, "suspended, and right");
        assert_eq!(sign_in(&world, "nobody\u{0}@example.org", "\u{0}").await, unknown);
        assert_eq!(sign_in(&world, "", "").await, unknown);
    }

    async fn a_suspended_account_can_neither_use_nor_refresh_a_session(world) {
        let payload = signed_in(&world, Role::Analyst).await;
        suspend(&world, Role::Analyst).await;
        assert!(!holds(&world, &payload).await);
        assert_eq!(refresh(&world, &payload["refreshToken"]).await["errors"][0]["code"], "INVALID_CREDENTIALS");
    }

    async fn anybody_may_sign_in_and_refresh_and_nothing_else(world) {
        let anonymous = world.anonymous();
        for question in [
            "{ viewer { id } }",
            "{ accounts { totalCount } }",
            "mutation { signOut { session } }",
            "mutation { endSession(input: { id: \"ses_0000000000001\" }) { session } }",
            "mutation { endSession(input: { id: \"nonsense\" }) { session } }",
            "mutation { changePassword(input: { currentPassword: \"\", newPassword: \"\" }) { errors { code } } }",
            "mutation { createAccessToken(input: { name: \"\", scopes: [] }) { token } }",
            "mutation { revokeAccessToken(input: { id: \"nonsense\" }) { errors { code } } }",
            "mutation { createAccount(input: { email: \"\", name: \"\", role: ADMIN }) { errors { code } } }",
            "mutation { updateAccount(input: { id: \"nonsense\" }) { errors { code } } }",
            "mutation { resetPassword(input: { id: \"nonsense\", password: \"\" }) { errors { code } } }",
        ] {
            assert_eq!(anonymous.ask(question).await.code(), "UNAUTHENTICATED", "{question}");
        }
        assert_eq!(refresh(&world, &json!("x")).await["errors"][0]["code"], "INVALID_CREDENTIALS");
    }

    async fn a_changed_password_ends_the_other_sessions(world) {
        let (one, other) = (signed_in(&world, Role::Reader).await, signed_in(&world, Role::Reader).await);
        let reader = client(&world, &one);
        let change = async |current: &str, new: &str| {
            let input = json!({ "currentPassword": current, "newPassword": new });
            reader.mutate("changePassword", input, "viewer { email }").await
        };
        let wrong = change("a wrong password", "another password").await;
        assert_eq!(wrong["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(wrong["errors"][0]["field"], json!(["currentPassword"]));
        assert_eq!(change(PASSWORD, "short").await["errors"][0]["field"], json!(["newPassword"]));
        assert!(holds(&world, &other).await);
        assert_eq!(change(PASSWORD, "another password").await["viewer"]["email"], "reader@example.org");
        assert!(holds(&world, &one).await);
        assert!(!holds(&world, &other).await);
        assert_eq!(sign_in(&world, &email(Role::Reader), PASSWORD).await["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(sign_in(&world, &email(Role::Reader), "another password").await["errors"], json!([]));
    }

    async fn the_oldest_of_too_many_sessions_ends(world) {
        let account = entity::account::Entity::find_by_id(key(Role::Reader));
        let account = account.one(&world.base.store.reading()).await.unwrap().unwrap();
        let first = world.auth.begin_session(&nobody(&world), account.clone()).await.unwrap();
        let second = world.auth.begin_session(&nobody(&world), account.clone()).await.unwrap();
        for _ in 0..99 {
            world.auth.begin_session(&nobody(&world), account.clone()).await.unwrap();
        }
        let status = async |token: &str| world.with_token(token).ask("{ viewer { id } }").await.status;
        assert_eq!(status(first.token.expose()).await, 401);
        assert_eq!(status(second.token.expose()).await, 200);
        assert_eq!(sessions(&world.with_token(second.token.expose())).await.len(), 100);
    }

    async fn finding_out_who_asks_takes_one_statement(world with sample) {
        let payload = signed_in(&world, Role::Reader).await;
        // The first token of a signing key takes one more, to learn the key.
        assert!(holds(&world, &payload).await);
        let op = nobody(&world);
        world.auth.actor(&op, payload["accessToken"].as_str()).await.unwrap();
        assert_eq!(op.lane.statements(), 1);
    }

    async fn nothing_printed_holds_a_token_or_a_hash(world) {
        let account = entity::account::Entity::find_by_id(key(Role::Reader));
        let account = account.one(&world.base.store.reading()).await.unwrap().unwrap();
        let hash = account.password_hash.clone().unwrap().0;
        let issued = world.auth.begin_session(&nobody(&world), account).await.unwrap();
        let printed = format!("{issued:?} {:?} {:?}", world.auth, World::auth_settings());
        for secret in [issued.token.expose(), issued.refresh_token.expose(), hash.as_str(), "no secret at all"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        let stored = entity::refresh_token::Entity::find().all(&world.base.store.reading()).await.unwrap();
        assert!(!stored.is_empty());
        assert!(!format!("{stored:?}").contains(issued.refresh_token.expose()));
    }
}
