//! Accounts and those who manage them.

use demarche_tests::world::{PASSWORD, key};
use demarche_tests::{Client, World};
use entity::kind::Kind;
use entity::words::{Marking, Role};
use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

fn id(role: Role) -> String {
    demarche_core::id::encode(Kind::Account, key(role))
}

async fn create(client: &Client, email: &str, more: Value) -> Value {
    let mut input = json!({ "email": email, "name": "Somebody", "role": "ANALYST" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.mutate("createAccount", input, "account { id email role clearance hasPassword suspendedAt }").await
}

async fn update(client: &Client, id: &str, change: Value) -> Value {
    let mut input = change;
    input["id"] = json!(id);
    client.mutate("updateAccount", input, "account { name role clearance suspendedAt }").await
}

async fn sign_in(world: &World, email: &str, password: &str) -> Value {
    world.anonymous().mutate("signIn", json!({ "email": email, "password": password }), "accessToken").await
}

fn fields(payload: &Value) -> Vec<&Value> {
    payload["errors"].as_array().unwrap().iter().map(|error| &error["field"][0]).collect()
}

/// Lowers the clearance of the administrator, which nobody else could.
async fn lower_admin(world: &World) {
    let op = world.base.op(demarche_core::op::Actor::Anonymous).begin().await.unwrap();
    let admin = entity::account::Entity::find_by_id(key(Role::Admin)).one(&op.lane).await.unwrap().unwrap();
    let mut admin = admin.into_active_model();
    admin.clearance = ActiveValue::Set(Marking::Amber);
    admin.update(&op.lane).await.unwrap();
    op.commit().await.unwrap();
}

demarche_tests::suite! {
    async fn an_administrator_makes_an_account_that_can_sign_in(world) {
        let admin = world.admin().await;
        let payload = create(&admin, " New@Example.org ", json!({ "password": PASSWORD })).await;
        assert_eq!(payload["errors"], json!([]));
        let account = &payload["account"];
        assert_eq!((&account["email"], &account["clearance"]), (&json!("new@example.org"), &json!("AMBER")));
        assert_eq!(account["hasPassword"], true);
        assert_eq!(sign_in(&world, "NEW@example.org", PASSWORD).await["errors"], json!([]));
        let again = create(&admin, "new@example.org", json!({ "password": PASSWORD })).await;
        assert_eq!((&again["errors"][0]["code"], fields(&again)), (&json!("TAKEN"), vec![&json!("email")]));
        let wrong = create(&admin, "nobody", json!({ "password": "short", "name": " " })).await;
        assert_eq!(fields(&wrong), ["email", "name", "password"]);
    }

    async fn an_account_without_a_password_cannot_sign_in_by_one(world) {
        let admin = world.admin().await;
        let payload = create(&admin, "outside@example.org", json!({})).await;
        assert_eq!(payload["account"]["hasPassword"], false);
        for password in ["", PASSWORD] {
            let refused = sign_in(&world, "outside@example.org", password).await;
            assert_eq!(refused["errors"][0]["code"], "INVALID_CREDENTIALS");
        }
    }

    async fn only_administrators_manage_accounts(world) {
        for client in [world.reader().await, world.analyst().await] {
            let other = id(Role::Admin);
            for question in [
                "{ accounts { totalCount } }".to_owned(),
                "mutation { createAccount(input: { email: \"\", name: \"\", role: ADMIN }) { errors { code } } }".to_owned(),
                format!("mutation {{ updateAccount(input: {{ id: \"{other}\", suspended: true }}) {{ errors {{ code }} }} }}"),
                format!("mutation {{ resetPassword(input: {{ id: \"{other}\", password: \"\" }}) {{ errors {{ code }} }} }}"),
            ] {
                assert_eq!(client.ask(&question).await.code(), "FORBIDDEN", "{question}");
            }
        }
        assert_eq!(sign_in(&world, "admin@example.org", PASSWORD).await["errors"], json!([]));
    }

    async fn accounts_are_listed_page_by_page(world) {
        let admin = world.admin().await;
        create(&admin, "zoe@example.org", json!({})).await;
        let emails = |page: &Value| -> Vec<String> {
            let nodes = page["accounts"]["nodes"].as_array().unwrap().iter();
            nodes.map(|node| node["email"].as_str().unwrap().split('@').next().unwrap().to_owned()).collect()
        };
        let ask = async |arguments: &str| {
            let query = format!("{{ accounts({arguments}) {{ totalCount nodes {{ email }} pageInfo {{ hasNextPage \
                                 hasPreviousPage startCursor endCursor }} }} }}");
            admin.data(&query).await
        };
        let first = ask("first: 3").await;
        assert_eq!(emails(&first), ["admin", "analyst", "reader"]);
        assert_eq!((&first["accounts"]["totalCount"], &first["accounts"]["pageInfo"]["hasNextPage"]),
            (&json!(4), &json!(true)));
        let rest = ask(&format!("first: 3, after: {}", first["accounts"]["pageInfo"]["endCursor"])).await;
        assert_eq!(emails(&rest), ["zoe"]);
        assert_eq!(rest["accounts"]["pageInfo"]["hasNextPage"], false);
        let last = ask("last: 2").await;
        assert_eq!(emails(&last), ["reader", "zoe"]);
        let before = ask(&format!("last: 1, before: {}", last["accounts"]["pageInfo"]["startCursor"])).await;
        assert_eq!(emails(&before), ["analyst"]);
        assert_eq!(before["accounts"]["pageInfo"]["hasPreviousPage"], true);
        assert_eq!(admin.ask("{ accounts(first: 201) { totalCount } }").await.code(), "PAGE_SIZE_LIMIT");
        for bad in ["first: -1", "first: 1, last: 1", "after: \"x\""] {
            assert_eq!(admin.ask(&format!("{{ accounts({bad}) {{ totalCount }} }}")).await.code(), "BAD_USER_INPUT");
        }
    }

    async fn a_changed_role_and_clearance_count_at_once(world) {
        let (admin, analyst) = (world.admin().await, world.analyst().await);
        let payload = update(&admin, &id(Role::Analyst), json!({ "role": "READER", "clearance": "GREEN" })).await;
        assert_eq!((&payload["account"]["role"], &payload["account"]["clearance"]), (&json!("READER"), &json!("GREEN")));
        let viewer = analyst.data("{ viewer { role clearance } }").await;
        assert_eq!(viewer["viewer"], json!({ "role": "READER", "clearance": "GREEN" }));
        let opened = analyst.ask("mutation { createDossier(input: { slug: \"x\", title: \"X\" }) { errors { code } } }");
        assert_eq!(opened.await.code(), "FORBIDDEN");
    }

    async fn nobody_gives_a_clearance_that_they_do_not_have(world) {
        lower_admin(&world).await;
        let admin = world.admin().await;
        assert_eq!(fields(&update(&admin, &id(Role::Reader), json!({ "clearance": "RED" })).await), ["clearance"]);
        assert_eq!(fields(&update(&admin, &id(Role::Admin), json!({ "clearance": "RED" })).await), ["clearance"]);
        let made = create(&admin, "new@example.org", json!({ "clearance": "AMBER_STRICT" })).await;
        assert_eq!(fields(&made), ["clearance"]);
        // Nor do they take over an account that is cleared for more.
        let input = json!({ "id": id(Role::Reader), "password": "another password" });
        assert_eq!(fields(&admin.mutate("resetPassword", input.clone(), "account { id }").await), ["id"]);
        assert_eq!(update(&admin, &id(Role::Reader), json!({ "clearance": "AMBER" })).await["errors"], json!([]));
        assert_eq!(admin.mutate("resetPassword", input, "account { id }").await["errors"], json!([]));
    }

    async fn nobody_suspends_or_demotes_themselves(world) {
        let admin = world.admin().await;
        let own = id(Role::Admin);
        assert_eq!(fields(&update(&admin, &own, json!({ "suspended": true })).await), ["suspended"]);
        assert_eq!(fields(&update(&admin, &own, json!({ "role": "READER" })).await), ["role"]);
        let input = json!({ "id": own, "password": "another password" });
        assert_eq!(fields(&admin.mutate("resetPassword", input, "account { id }").await), ["id"]);
        assert_eq!(update(&admin, &own, json!({ "name": "Chief" })).await["account"]["name"], "Chief");
    }

    async fn a_suspended_account_is_barred_until_it_is_restored(world) {
        let (admin, reader) = (world.admin().await, world.reader().await);
        let barred = update(&admin, &id(Role::Reader), json!({ "suspended": true })).await;
        assert_eq!(barred["account"]["suspendedAt"], json!(world.now()));
        assert_eq!(reader.ask("{ viewer { id } }").await.status, 401);
        assert_eq!(sign_in(&world, "reader@example.org", PASSWORD).await["errors"][0]["code"], "INVALID_CREDENTIALS");
        let restored = update(&admin, &id(Role::Reader), json!({ "suspended": false })).await;
        assert_eq!(restored["account"]["suspendedAt"], Value::Null);
        assert_eq!(reader.ask("{ viewer { id } }").await.status, 401, "what was ended stays ended");
        assert_eq!(sign_in(&world, "reader@example.org", PASSWORD).await["errors"], json!([]));
    }

    async fn a_reset_password_ends_the_sessions(world) {
        let (admin, reader) = (world.admin().await, world.reader().await);
        let input = json!({ "id": id(Role::Reader), "password": "another password" });
        assert_eq!(admin.mutate("resetPassword", input, "account { email }").await["errors"], json!([]));
        assert_eq!(reader.ask("{ viewer { id } }").await.status, 401);
        assert_eq!(sign_in(&world, "reader@example.org", PASSWORD).await["errors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(sign_in(&world, "reader@example.org", "another password").await["errors"], json!([]));
    }

    async fn what_is_not_there_is_said_to_be_not_there(world) {
        let admin = world.admin().await;
        let nobody = demarche_core::id::encode(Kind::Account, 99);
        assert_eq!(update(&admin, &nobody, json!({ "name": "X" })).await["errors"][0]["code"], "NOT_FOUND");
        assert_eq!(update(&admin, "dos_0000000000001", json!({ "name": "X" })).await["errors"][0]["code"], "INVALID");
        let input = json!({ "id": nobody, "password": "another password" });
        assert_eq!(admin.mutate("resetPassword", input, "account { id }").await["errors"][0]["code"], "NOT_FOUND");
    }
}
