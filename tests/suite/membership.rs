//! Members of a dossier: what each role may do, and that a dossier is not there for anybody else.

use demarche_tests::{Client, World};
use entity::words::{Marking, MemberRole, Role};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::marked::{self, SLUG, dossier_id, key};

/// Somebody with an account of this role, who is a member of the dossier with that role.
async fn member(world: &World, account: i64, role: Role, in_dossier: MemberRole) -> Client {
    let client = world.newcomer(account, role, Marking::Red).await;
    let dossier = key(&dossier_id(&world.admin().await).await);
    world.admit(dossier, account, in_dossier).await;
    client
}

async fn position_input(client: &Client) -> Value {
    let query = format!(
        "{{ dossier(slug: {SLUG:?}) {{ id stakeholder(slug: \"open-a\") {{ id }} mechanism(slug: \"open-mec\") {{ id }}
           source(slug: \"open-src\") {{ id }} }} }}"
    );
    let found = client.data(&query).await["dossier"].take();
    json!({ "dossier": found["id"], "source": found["source"]["id"], "stakeholder": found["stakeholder"]["id"], "mechanism": found["mechanism"]["id"], "stance": "SUPPORT",
            "statedOn": "2025-01-01", "statedOnPrecision": "DAY" })
}

/// Runs a mutation, and gives the code of its refusal or its error; empty if it was done.
async fn code(client: &Client, mutation: &str, input: Value) -> String {
    let (first, rest) = mutation.split_at(1);
    let kind = format!("{}{rest}Input", first.to_uppercase());
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}");
    let answer = client.ask_with(&query, json!({ "input": input })).await;
    if answer.body.get("errors").is_some() {
        return answer.code().to_owned();
    }
    let errors = answer.data()[mutation]["errors"].take();
    errors[0]["code"].as_str().unwrap_or_default().to_owned()
}

demarche_tests::suite! {
    async fn whoever_opens_a_dossier_owns_it_and_nobody_else_sees_it(world) {
        let analyst = world.analyst().await;
        let opened = analyst.mutate("createDossier", json!({ "slug": "own", "title": "Own" }),
            "dossier { id members { role account { name } } }").await;
        assert_eq!(opened["dossier"]["members"], json!([{ "role": "OWNER", "account": { "name": "Analyst" } }]));
        let other = world.newcomer(10, Role::Analyst, Marking::Red).await;
        for stranger in [&other, &world.reader().await] {
            let seen = stranger.ask_with(
                "query($id: ID!) { dossier(slug: \"own\") { id } node(id: $id) { id } dossiers { totalCount nodes { id } }
                   search(query: \"own\") { totalCount } }",
                json!({ "id": opened["dossier"]["id"] }),
            ).await.data();
            assert_eq!(seen, json!({ "dossier": null, "node": null, "dossiers": { "totalCount": 0, "nodes": [] },
                                     "search": { "totalCount": 0 } }));
        }
        let admin = world.admin().await.data("{ dossier(slug: \"own\") { title } }").await;
        assert_eq!(admin["dossier"]["title"], "Own");
    }

    async fn a_reader_reads_and_an_analyst_records(world) {
        marked::load(&world).await;
        let reader = member(&world, 10, Role::Analyst, MemberRole::Reader).await;
        let input = position_input(&reader).await;
        assert_eq!(code(&reader, "recordPosition", input.clone()).await, "FORBIDDEN");
        let analyst = member(&world, 11, Role::Analyst, MemberRole::Analyst).await;
        assert_eq!(code(&analyst, "recordPosition", input).await, "");
    }

    async fn the_role_of_the_account_bounds_what_a_member_may_do(world) {
        marked::load(&world).await;
        let editor = member(&world, 10, Role::Reader, MemberRole::Editor).await;
        let input = position_input(&editor).await;
        assert_eq!(code(&editor, "recordPosition", input).await, "FORBIDDEN");
    }

    async fn an_editor_retracts_what_others_have_recorded_and_an_analyst_only_their_own(world) {
        marked::load(&world).await;
        let analyst = member(&world, 10, Role::Analyst, MemberRole::Analyst).await;
        let editor = member(&world, 11, Role::Analyst, MemberRole::Editor).await;
        let found = analyst.data("{ positions(first: 1) { nodes { id } } statuses(first: 1) { nodes { id } } }").await;
        let others = json!({ "id": found["positions"]["nodes"][0]["id"], "reason": "a misreading" });
        assert_eq!(code(&analyst, "retract", others.clone()).await, "FORBIDDEN");
        assert_eq!(code(&editor, "retract", others).await, "");
        let input = position_input(&analyst).await;
        let own = analyst.mutate("recordPosition", input, "position { id }").await["position"]["id"].take();
        assert_eq!(code(&analyst, "retract", json!({ "id": own, "reason": "a misreading" })).await, "");
    }

    async fn only_an_owner_has_members_markings_deletion_and_the_audit_log_in_hand(world) {
        marked::load(&world).await;
        let editor = member(&world, 10, Role::Analyst, MemberRole::Editor).await;
        let owner = member(&world, 11, Role::Analyst, MemberRole::Owner).await;
        let dossier = dossier_id(&owner).await;
        let rating = owner.data("{ ratings(filter: { marking: { eq: CLEAR } }) { nodes { id } } }").await["ratings"]["nodes"][0]["id"].take();
        let tries = [
            ("setMember", json!({ "dossier": dossier, "email": "reader@example.org", "role": "EDITOR" })),
            ("changeMarking", json!({ "id": rating, "marking": "AMBER" })),
            ("removeMember", json!({ "dossier": dossier, "account": owner.data("{ viewer { id } }").await["viewer"]["id"] })),
            ("deleteDossier", json!({ "id": dossier, "version": 1, "slug": SLUG })),
        ];
        for (mutation, input) in &tries {
            assert_eq!(code(&editor, mutation, input.clone()).await, "FORBIDDEN", "{mutation}");
        }
        let log = format!("{{ dossier(slug: {SLUG:?}) {{ audit(first: 1) {{ nodes {{ seq }} }} }} }}");
        assert_eq!(editor.ask(&log).await.code(), "FORBIDDEN");
        assert_eq!(owner.data(&log).await["dossier"]["audit"]["nodes"].as_array().unwrap().len(), 1);
        for (mutation, input) in &tries {
            assert_eq!(code(&owner, mutation, input.clone()).await, if *mutation == "deleteDossier" { "NOT_FOUND" } else { "" });
        }
    }

    async fn a_dossier_always_has_an_owner(world) {
        marked::load(&world).await;
        let owner = world.analyst().await;
        let dossier = dossier_id(&owner).await;
        let me = owner.data("{ viewer { id } }").await["viewer"]["id"].take();
        let leave = json!({ "dossier": dossier, "account": me });
        assert_eq!(code(&owner, "removeMember", leave.clone()).await, "INVALID");
        let step_down = json!({ "dossier": dossier, "email": "analyst@example.org", "role": "READER" });
        assert_eq!(code(&owner, "setMember", step_down).await, "INVALID");
        let heir = json!({ "dossier": dossier, "email": "Admin@example.org ", "role": "OWNER" });
        assert_eq!(code(&owner, "setMember", heir).await, "");
        assert_eq!(code(&owner, "removeMember", leave).await, "");
        assert_eq!(owner.data(&format!("{{ dossier(slug: {SLUG:?}) {{ id }} }}")).await["dossier"], Value::Null);
    }

    async fn of_two_owners_who_remove_each_other_at_once_one_stays(world) {
        marked::load(&world).await;
        let (first, second) = (world.analyst().await, member(&world, 10, Role::Analyst, MemberRole::Owner).await);
        let dossier = dossier_id(&first).await;
        let of = async |client: &Client| client.data("{ viewer { id } }").await["viewer"]["id"].take();
        let (one, two) = (of(&first).await, of(&second).await);
        let remove = |account: Value| json!({ "dossier": dossier.clone(), "account": account });
        let ends = tokio::join!(code(&first, "removeMember", remove(two)), code(&second, "removeMember", remove(one)));
        assert!(ends.0.is_empty() != ends.1.is_empty(), "{ends:?}");
        let left = world.admin().await.data(&format!("{{ dossier(slug: {SLUG:?}) {{ members {{ role }} }} }}")).await;
        let owners = left["dossier"]["members"].as_array().unwrap().iter().filter(|member| member["role"] == "OWNER").count();
        assert_eq!(owners, 1);
    }

    async fn a_membership_that_has_ended_shows_nothing_any_more(world) {
        marked::load(&world).await;
        let client = member(&world, 10, Role::Analyst, MemberRole::Editor).await;
        let me = client.data("{ viewer { id } }").await["viewer"]["id"].take();
        assert!(!marked::everything(&client).await.is_empty());
        let dossier = dossier_id(&client).await;
        assert_eq!(code(&world.analyst().await, "removeMember", json!({ "dossier": dossier, "account": me })).await, "");
        assert!(marked::everything(&client).await.is_empty());
    }

    async fn a_dossier_marked_above_the_clearance_of_its_member_is_answered_like_none(world) {
        world.load(&marked::dossier("red-room", "RED")).await;
        let admin = world.admin().await;
        let hidden = admin.data("{ dossier(slug: \"red-room\") { id } }").await["dossier"]["id"].take();
        let never = json!("dos_0000000000042");
        for (account, role) in [(10, MemberRole::Reader), (11, MemberRole::Owner)] {
            let client = world.newcomer(account, Role::Analyst, Marking::Amber).await;
            world.admit(key(&hidden), account, role).await;
            for (mutation, input) in [
                ("createArgument", json!({ "statement": "", "frame": "LEGAL" })),
                ("setMember", json!({ "email": "reader@example.org", "role": "READER" })),
                ("removeMember", json!({ "account": "acc_0000000000001" })),
            ] {
                let ask = async |dossier: &Value| {
                    let mut input = input.clone();
                    input["dossier"] = dossier.clone();
                    client.mutate(mutation, input, "").await
                };
                assert_eq!(ask(&hidden).await, ask(&never).await, "{mutation} as {role:?}");
            }
            let delete = |id: &Value| json!({ "id": id, "version": 1, "slug": "red-room" });
            assert_eq!(code(&client, "deleteDossier", delete(&hidden)).await, code(&client, "deleteDossier", delete(&never)).await);
        }
    }

    async fn a_dossier_is_deleted_with_all_that_is_in_it_by_an_owner_who_means_it(world) {
        marked::load(&world).await;
        world.load(&[marked::dossier("other", "CLEAR"), marked::nodes("other", "CLEAR"), marked::assertions("other", "CLEAR", "other")].concat()).await;
        let owner = world.analyst().await;
        let dossier = dossier_id(&owner).await;
        let delete = |version: i32, slug: &str| json!({ "id": dossier.clone(), "version": version, "slug": slug });
        assert_eq!(code(&owner, "deleteDossier", delete(2, SLUG)).await, "CONFLICT");
        assert_eq!(code(&owner, "deleteDossier", delete(1, "other")).await, "INVALID");
        let rows = async || {
            let mut rows = Vec::new();
            for table in tables(&world).await {
                rows.push((table.clone(), count(&world, &table, &format!("dossier_id = {}", key(&dossier))).await));
            }
            rows
        };
        owner.mutate("createAccessToken", json!({ "name": "bound", "scopes": ["READ"], "dossier": dossier }), "").await;
        assert!(rows().await.iter().all(|(table, count)| *count > 0 || table == "dossier"), "{:?}", rows().await);
        assert_eq!(code(&owner, "deleteDossier", delete(1, SLUG)).await, "");
        for (table, count) in rows().await {
            if table == "change" {
                // That it is gone stays, for those who keep a copy; nothing of its records does.
                let of_records = format!("dossier_id = {} AND kind NOT IN ('ACCOUNT', 'DOSSIER')", key(&dossier));
                assert_eq!(self::count(&world, &table, &of_records).await, 0);
                continue;
            }
            assert_eq!(count, 0, "{table} still has rows of the dossier: add it to TABLES in api/core/src/domain/dossier.rs");
        }
        // What has no column for the dossier is gone too, and what belongs to another dossier is not.
        for (table, expected) in [("position_argument", 1), ("position_condition", 1), ("event_actor", 1), ("argument_link", 1), ("mechanism_party", 1), ("source_text", 1)] {
            assert_eq!(count(&world, table, "1 = 1").await, expected, "{table}");
        }
        assert_eq!(owner.data("{ dossiers { nodes { slug } } }").await["dossiers"]["nodes"], json!([{ "slug": "other" }]));
        let query = "query($id: ID!) { audit(filter: { record: $id, action: [DELETE] }) { nodes { action records dossier { id } actor { name } } } }";
        let kept = world.admin().await.ask_with(query, json!({ "id": dossier })).await.data();
        assert_eq!(kept["audit"]["nodes"], json!([{ "action": "DELETE", "records": [dossier], "dossier": null, "actor": { "name": "Analyst" } }]));
    }
}

/// The tables with a column `dossier_id`, but for the audit log, which outlives its dossiers.
async fn tables(world: &World) -> Vec<String> {
    let op = world.op(Role::Admin).await;
    let backend = op.lane.get_database_backend();
    let sql = match backend {
        sea_orm::DbBackend::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.columns WHERE column_name = 'dossier_id' AND
             table_schema = current_schema()"
        }
        _ => {
            "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'dossier_id'"
        }
    };
    let rows = op.lane.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get::<String>("", "name").unwrap());
    names.filter(|name| name != "audit").collect()
}

async fn count(world: &World, table: &str, condition: &str) -> i64 {
    let op = world.op(Role::Admin).await;
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE {condition}");
    let statement = Statement::from_string(op.lane.get_database_backend(), sql);
    op.lane.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}
