//! The audit log: what is in it, who may read it, and that a gap in it shows.

use std::process::Command;
use std::time::Duration;

use demarche_core::domain::audit;
use demarche_core::op::Actor;
use demarche_tests::program::binary;
use demarche_tests::world::PASSWORD;
use demarche_tests::{Client, World};
use entity::words::{Marking, MemberRole, Role};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::marked::{self, SLUG, dossier_id, key};

const ENTRY: &str = "requestId seq actor { name } credential operation action outcome code records recordCount marking";

/// The entries after the first `known`, the oldest first, as the admin sees them; without those of the sessions that the tests
/// begin beside the server.
async fn after(world: &World, known: i64) -> Vec<Value> {
    let query = format!("{{ audit(last: 200) {{ nodes {{ {ENTRY} }} }} }}");
    let mut entries = world.admin().await.data(&query).await["audit"]["nodes"].take();
    let mut entries = std::mem::take(entries.as_array_mut().unwrap());
    entries.retain(|entry| entry["seq"].as_i64().unwrap() > known && !entry["requestId"].is_null());
    entries.reverse();
    entries
}

/// The number of the last entry.
async fn last(world: &World) -> i64 {
    let op = world.base.op(Actor::Anonymous);
    audit::verify(&op, None).await.unwrap().seq
}

/// One field of each.
fn each<'a>(entries: &'a [Value], field: &str) -> Vec<&'a str> {
    entries.iter().map(|entry| entry[field].as_str().unwrap_or_default()).collect()
}

async fn execute(world: &World, sql: &str) -> Result<(), String> {
    let op = world.base.op(Actor::Anonymous).begin().await.unwrap();
    op.lane.execute_unprepared(sql).await.map_err(|error| error.to_string())?;
    op.commit().await.unwrap();
    Ok(())
}

/// Takes the database's own guard away, as somebody who holds the database could.
async fn unguard(world: &World) {
    let op = world.base.op(Actor::Anonymous);
    let sql = match op.lane.get_database_backend() {
        sea_orm::DbBackend::Postgres => "ALTER TABLE audit DISABLE TRIGGER ALL",
        _ => "DROP TRIGGER audit_keep; DROP TRIGGER audit_keep_all; DROP TRIGGER audit_keep_key",
    };
    for statement in sql.split("; ") {
        execute(world, statement).await.unwrap();
    }
}

async fn broken(world: &World) -> String {
    audit::verify(&world.base.op(Actor::Anonymous), None).await.unwrap_err().to_string()
}

/// A member of the dossier who owns it, with this clearance.
async fn owner(world: &World, account: i64, clearance: Marking) -> Client {
    let client = world.newcomer(account, Role::Analyst, clearance).await;
    world.admit(key(&dossier_id(&world.admin().await).await), account, MemberRole::Owner).await;
    client
}

demarche_tests::suite! {
    async fn what_is_marked_amber_or_above_is_logged_when_it_is_read_and_nothing_else(world) {
        marked::load(&world).await;
        world.load(&[marked::dossier("amber-room", "AMBER"), marked::nodes("amber", "AMBER"), marked::assertions("amber", "AMBER", "amber")].concat()).await;
        let reader = world.reader().await;
        let before = last(&world).await;
        reader.data("query Open { positions(filter: { marking: { eq: CLEAR } }) { nodes { id stakeholder { name } } } search(query: \"open ministry\") { nodes { title } } }").await;
        assert_eq!(after(&world, before).await, Vec::<Value>::new());
        let found = reader.data("query Look { positions(filter: { marking: { gte: AMBER } }) { nodes { id marking source { id } } } }").await;
        let entries = after(&world, before).await;
        // One for each dossier and marking: two dossiers, one of which holds both AMBER and, through no one, RED.
        assert_eq!(each(&entries, "marking"), ["RED", "AMBER"]);
        for entry in &entries {
            assert_eq!((&entry["action"], &entry["operation"], &entry["actor"]["name"]), (&json!("READ"), &json!("Look"), &json!("Reader")));
            let records = entry["records"].as_array().unwrap();
            assert_eq!(entry["recordCount"], records.len());
            for position in found["positions"]["nodes"].as_array().unwrap().iter().filter(|position| position["marking"] == entry["marking"]) {
                assert!(records.contains(&position["id"]), "{entry}");
            }
        }
    }

    async fn every_way_to_a_hidden_record_leaves_an_entry(world) {
        marked::load(&world).await;
        let reader = world.reader().await;
        let red = reader.data("{ positions(filter: { externalId: { eq: \"veiled-position\" } }) { nodes { id mechanism { id } } }
            relations(filter: { externalId: { eq: \"veiled-relation\" } }) { nodes { id } } }").await;
        let position = &red["positions"]["nodes"][0];
        let open = format!("dossier(slug: {SLUG:?})");
        for (way, record) in [
            (format!("node(id: {}) {{ id }}", position["id"]), &position["id"]),
            (format!("nodes(ids: [{}]) {{ id }}", position["id"]), &position["id"]),
            ("search(query: \"veiled scouting\") { nodes { title } }".to_owned(), &Value::Null),
            (format!("{open} {{ mechanism(slug: \"veiled-mec\") {{ name }} }}"), &position["mechanism"]["id"]),
            (format!("{open} {{ standings(first: 1) {{ nodes {{ stance }} }} }}"), &position["id"]),
            (format!("{open} {{ mechanism(slug: \"open-mec\") {{ support {{ mean }} }} }}"), &Value::Null),
            (format!("{open} {{ mechanism(slug: \"open-mec\") {{ statuses {{ nodes {{ status }} }} }} }}"), &Value::Null),
        ] {
            let before = last(&world).await;
            reader.data(&format!("{{ {way} }}")).await;
            let entries = after(&world, before).await;
            assert!(!entries.is_empty() && entries.iter().all(|entry| entry["action"] == "READ" && entry["recordCount"] != 0), "{way}");
            assert!(record.is_null() || entries.iter().any(|entry| entry["records"].as_array().unwrap().contains(record)), "{way}: {entries:?}");
        }
    }

    async fn a_request_that_reads_nothing_marked_runs_no_statement_more(world with sample) {
        let reader = world.reader().await;
        let before = last(&world).await;
        for _ in 0..3 {
            reader.data("{ mechanisms { nodes { name positions { nodes { stance stakeholder { name } } } } } }").await;
        }
        assert_eq!(last(&world).await, before);
    }

    async fn writes_are_in_the_log_with_what_they_wrote_and_nothing_of_its_content(world) {
        marked::load(&world).await;
        let analyst = world.analyst().await;
        let before = last(&world).await;
        let dossier = dossier_id(&analyst).await;
        let created = analyst.mutate("createArgument", json!({ "dossier": dossier, "statement": "a telling phrase", "frame": "LEGAL" }), "argument { id }").await;
        let id = &created["argument"]["id"];
        analyst.mutate("updateArgument", json!({ "id": id, "version": 1, "description": "another telling phrase" }), "argument { id }").await;
        analyst.mutate("setMember", json!({ "dossier": dossier, "email": "reader@example.org", "role": "ANALYST" }), "member { role }").await;
        analyst.mutate("updateArgument", json!({ "id": id, "version": 1, "statement": "a lost phrase" }), "argument { id }").await;
        let rating = analyst.data("{ ratings(filter: { marking: { eq: CLEAR } }) { nodes { id } } }").await["ratings"]["nodes"][0]["id"].take();
        analyst.mutate("changeMarking", json!({ "id": rating, "marking": "GREEN" }), "assertion { id }").await;
        let retraction = json!({ "id": rating, "reason": "a telling reason" });
        analyst.mutate("retract", retraction, "assertion { id }").await;
        let entries = after(&world, before).await;
        assert_eq!(each(&entries, "action"), ["WRITE", "WRITE", "MEMBER", "WRITE", "MARK", "WRITE"]);
        assert_eq!(each(&entries, "outcome"), ["DONE", "DONE", "DONE", "REFUSED", "DONE", "DONE"]);
        assert_eq!(entries[0]["records"], json!([id]));
        assert_eq!(entries[2]["records"], json!(["acc_0000000000001"]));
        assert_eq!((&entries[3]["code"], &entries[3]["recordCount"]), (&json!("CONFLICT"), &json!(0)));
        assert_eq!((&entries[4]["records"], &entries[5]["records"]), (&json!([rating]), &json!([rating])));
        let log = dump(&world).await;
        for phrase in ["phrase", "telling", "reader@example.org", "Bearer", PASSWORD] {
            assert!(!log.contains(phrase), "{phrase}");
        }
    }

    async fn sign_ins_are_in_the_log_whether_they_went_well_or_not(world) {
        let before = last(&world).await;
        let anonymous = world.anonymous();
        for (email, password) in [("reader@example.org", PASSWORD), ("reader@example.org", "a wrong password"), ("a password by mistake", "x")] {
            let query = "mutation In($input: SignInInput!) { signIn(input: $input) { errors { code } } }";
            anonymous.ask_with(query, json!({ "input": { "email": email, "password": password } })).await.data();
        }
        let entries = after(&world, before).await;
        assert_eq!(each(&entries, "action"), ["SIGN_IN", "SIGN_IN", "SIGN_IN"]);
        assert_eq!(each(&entries, "outcome"), ["DONE", "REFUSED", "REFUSED"]);
        assert_eq!(each(&entries, "code"), ["", "INVALID_CREDENTIALS", "INVALID_CREDENTIALS"]);
        let names: Vec<&Value> = entries.iter().map(|entry| &entry["actor"]["name"]).collect();
        assert_eq!(names, [&json!("Reader"), &json!("Reader"), &Value::Null]);
        let log = dump(&world).await;
        assert!(!log.contains("password") && !log.contains(PASSWORD), "{log}");
        assert!(log.contains("127.0.0.1"), "{log}");
    }

    async fn what_is_forbidden_is_in_the_log_and_what_nobody_asked_is_not(world) {
        marked::load(&world).await;
        let before = last(&world).await;
        let input = json!({ "slug": "x", "title": "X" });
        let query = "mutation Open($input: CreateDossierInput!) { createDossier(input: $input) { errors { code } } }";
        assert_eq!(world.reader().await.ask_with(query, json!({ "input": input })).await.code(), "FORBIDDEN");
        assert_eq!(world.anonymous().ask_with(query, json!({ "input": input })).await.code(), "UNAUTHENTICATED");
        let entries = after(&world, before).await;
        assert_eq!((each(&entries, "code"), each(&entries, "outcome"), each(&entries, "operation")), (vec!["FORBIDDEN"], vec!["REFUSED"], vec!["Open"]));
    }

    async fn an_owner_reads_the_log_of_the_dossier_as_far_as_their_clearance_reaches(world) {
        marked::load(&world).await;
        let reader = world.reader().await;
        reader.data("{ positions { nodes { id } } }").await;
        let amber = owner(&world, 10, Marking::Amber).await;
        let red = owner(&world, 11, Marking::Red).await;
        let query = format!("{{ dossier(slug: {SLUG:?}) {{ audit(first: 200) {{ totalCount nodes {{ marking action records }} }} }} }}");
        let all = red.data(&query).await["dossier"]["audit"].take();
        let some = amber.data(&query).await["dossier"]["audit"].take();
        assert!(each(all["nodes"].as_array().unwrap(), "marking").contains(&"RED"));
        let entries = some["nodes"].as_array().unwrap();
        assert_eq!(some["totalCount"], entries.len());
        assert!(!entries.is_empty() && each(entries, "marking").iter().all(|marking| *marking == "CLEAR"));
        // Nothing in it names what they do not see.
        let mut hidden = Vec::new();
        for (_, id, marking) in marked::everything(&world.admin().await).await {
            hidden.extend((marking == "RED").then_some(id));
        }
        assert!(hidden.len() > 20);
        for id in &hidden {
            assert!(!some.to_string().contains(id.as_str()), "{id}");
            let query = format!("query($id: ID!) {{ dossier(slug: {SLUG:?}) {{ audit(filter: {{ record: $id }}) {{ totalCount }} }} }}");
            let named = amber.ask_with(&query, json!({ "id": id })).await.data();
            assert_eq!(named["dossier"]["audit"]["totalCount"], 0);
        }
    }

    async fn raising_a_record_takes_the_entries_about_it_along(world) {
        marked::load(&world).await;
        let green = owner(&world, 10, Marking::Green).await;
        let analyst = world.analyst().await;
        let rating = analyst.data("{ ratings(filter: { marking: { eq: CLEAR } }) { nodes { id } } }").await["ratings"]["nodes"][0]["id"].take();
        let query = format!("{{ dossier(slug: {SLUG:?}) {{ audit(filter: {{ record: {rating} }}) {{ totalCount }} }} }}");
        assert_eq!(green.data(&query).await["dossier"]["audit"]["totalCount"], 1);
        analyst.mutate("changeMarking", json!({ "id": rating, "marking": "RED" }), "assertion { id }").await;
        assert_eq!(green.data(&query).await["dossier"]["audit"]["totalCount"], 0);
        assert_eq!(analyst.data(&query).await["dossier"]["audit"]["totalCount"], 3);
        // The chain is none the worse for it.
        assert!(last(&world).await > 0);
    }

    async fn the_log_of_the_instance_is_for_admins_and_can_be_searched(world) {
        marked::load(&world).await;
        for client in [world.reader().await, world.analyst().await] {
            assert_eq!(client.ask("{ audit { totalCount } }").await.code(), "FORBIDDEN");
        }
        assert_eq!(world.anonymous().ask("{ audit { totalCount } }").await.code(), "UNAUTHENTICATED");
        let then = world.now();
        world.wait(Duration::from_secs(60));
        let dossier = dossier_id(&world.analyst().await).await;
        world.analyst().await.mutate("setMember", json!({ "dossier": dossier, "email": "reader@example.org", "role": "EDITOR" }), "member { role }").await;
        let admin = world.admin().await;
        let count = async |filter: &str| admin.data(&format!("{{ audit(filter: {{ {filter} }}) {{ totalCount }} }}")).await["audit"]["totalCount"].as_i64().unwrap();
        let later = world.now();
        let not_sign_ins = "action: [READ, WRITE, MARK, MEMBER, DELETE, EXPORT, ACCOUNT, TOKEN, MAINTAIN]";
        assert_eq!(count(&format!("since: {later:?} {not_sign_ins}")).await, 1);
        assert_eq!(count(&format!("since: {then:?} until: {later:?} {not_sign_ins}")).await + 1, count(not_sign_ins).await);
        assert_eq!(count("action: [MEMBER]").await, 2);
        assert_eq!(count("action: [MEMBER] actor: \"acc_0000000000002\"").await, 2);
        assert_eq!(count("action: [MEMBER] record: \"acc_0000000000001\"").await, 2);
        assert_eq!(count(&format!("actor: \"acc_0000000000001\" {not_sign_ins}")).await, 0);
        assert_eq!(count("outcome: REFUSED").await, 0);
        // Pages go on where the one before ended.
        let page = admin.data("{ audit(first: 2) { nodes { seq } pageInfo { endCursor hasNextPage } } }").await["audit"].take();
        let next = admin.data(&format!("{{ audit(first: 1 after: {}) {{ nodes {{ seq }} }} }}", page["pageInfo"]["endCursor"])).await;
        assert_eq!(next["audit"]["nodes"][0]["seq"].as_i64().unwrap() + 1, page["nodes"][1]["seq"].as_i64().unwrap());
    }

    async fn a_file_leaves_an_entry_when_it_begins_and_one_that_names_its_records_when_it_is_whole(world with sample) {
        let (reader, admin) = (world.reader().await, world.admin().await);
        let get = async |path: &str| {
            let request = reqwest::Client::new().get(world.url(path)).bearer_auth(reader.token.as_ref().unwrap());
            request.send().await.unwrap().text().await.unwrap()
        };
        let rows = get("/export/positions.csv?dossier=us-mexico-cartel-strikes").await.lines().count() - 1;
        let entries = async |fields: &str| {
            let query = format!("{{ audit(filter: {{ action: [EXPORT] }}) {{ nodes {{ {fields} }} }} }}");
            admin.data(&query).await["audit"]["nodes"].take()
        };
        let operation = "export positions.csv";
        assert_eq!(entries("operation recordCount outcome").await, json!([
            { "operation": operation, "recordCount": rows, "outcome": "DONE" },
            { "operation": operation, "recordCount": 1, "outcome": "DONE" },
        ]));
        let inside = "{ dossier(slug: \"us-mexico-cartel-strikes\") { audit(filter: { action: [EXPORT] }) { totalCount } } }";
        assert_eq!(admin.data(inside).await["dossier"]["audit"]["totalCount"], 2);
        // What is refused is in it as well.
        get("/export/positions.csv?dossier=none").await;
        assert_eq!(entries("outcome code").await[0], json!({ "outcome": "REFUSED", "code": "NOT_FOUND" }));
        let ids: std::collections::BTreeSet<String> = get("/export/positions.csv?columns=id").await.lines().skip(1).map(str::to_owned).collect();
        let named = entries("records").await[0]["records"].take();
        assert_eq!(ids, serde_json::from_value(named).unwrap());
    }

    async fn what_left_is_named_by_marking_so_that_nobody_learns_of_a_file_more_than_of_its_records(world) {
        let op = world.op(Role::Analyst).await;
        let line = |slug: &str, marking: &str| format!("{{\"record\":\"stakeholder\",\"slug\":\"{slug}\",\"name\":\"{slug}\",\"kind\":\"GROUP\",\"marking\":\"{marking}\"}}\n");
        let many: String = (0..700).map(|n| line(&format!("s{n}"), if n % 7 == 0 { "AMBER" } else { "CLEAR" })).collect();
        let header = "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n{\"record\":\"dossier\",\"slug\":\"mixed\",\"title\":\"Mixed\"}\n";
        demarche_import::load(&op, format!("{header}{many}").as_bytes()).await.unwrap();
        let known = last(&world).await;
        for kind in ["stakeholders", "archive"] {
            crate::export_file::in_process(&op, kind, "jsonl", json!({ "dossier": "mixed" })).await;
        }
        let entries = world.admin().await.data(&format!("{{ audit(filter: {{ action: [EXPORT] }}) {{ nodes {{ {ENTRY} }} }} }}")).await["audit"]["nodes"].take();
        let entries: Vec<&Value> = entries.as_array().unwrap().iter().rev().collect();
        assert!(entries.iter().all(|entry| entry["seq"].as_i64().unwrap() > known));
        let said: Vec<_> = entries.iter().map(|entry| (entry["marking"].as_str().unwrap(), entry["recordCount"].as_i64().unwrap(), entry["records"].as_array().unwrap().len())).collect();
        // The dossier itself is in the archive.
        let (begun, amber) = (("CLEAR", 1, 1), ("AMBER", 100, 100));
        assert_eq!(said, [begun, ("CLEAR", 600, 500), amber, begun, ("CLEAR", 601, 500), amber]);
    }

    async fn a_file_of_nothing_marked_names_its_first_records_and_counts_all(world) {
        let op = world.op(Role::Analyst).await;
        let line = |n| format!("{{\"record\":\"stakeholder\",\"slug\":\"s{n}\",\"name\":\"S\",\"kind\":\"GROUP\"}}\n");
        let many: String = (0..600).map(line).collect();
        let header = "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n{\"record\":\"dossier\",\"slug\":\"plain\",\"title\":\"Plain\"}\n";
        demarche_import::load(&op, format!("{header}{many}").as_bytes()).await.unwrap();
        let columns = json!({ "columns": ["name"] });
        // The rows themselves do not say which they are; and where one of them is marked, all must.
        for marked in [false, true] {
            if marked {
                let line = line(599).replace("}", ",\"marking\":\"GREEN\"}");
                demarche_import::load(&op, format!("{header}{line}").as_bytes()).await.unwrap();
            }
            let text = crate::export_file::in_process(&op, "stakeholders", "csv", columns.clone()).await;
            assert_eq!(text, format!("name\r\n{}", "S\r\n".repeat(600)));
            let entries = world.admin().await.data("{ audit(filter: { action: [EXPORT] } first: 3) { nodes { marking recordCount records } } }").await["audit"]["nodes"].take();
            let said = |n: usize| (entries[n]["marking"].clone(), entries[n]["recordCount"].clone(), entries[n]["records"].as_array().unwrap().len());
            if marked {
                assert_eq!((said(0), said(1)), ((json!("GREEN"), json!(1), 1), (json!("CLEAR"), json!(599), 500)));
            } else {
                assert_eq!(said(0), (json!("CLEAR"), json!(600), 500));
            }
            let first: Value = world.admin().await.data("{ stakeholders(first: 1) { nodes { id } } }").await["stakeholders"]["nodes"][0]["id"].take();
            assert!(entries[usize::from(marked)]["records"].as_array().unwrap().contains(&first));
        }
    }

    async fn changes_and_standings_name_what_they_were_made_of(world with sample) {
        let op = world.op(Role::Analyst).await;
        let admin = world.admin().await;
        let total = async |list: &str| admin.data(&format!("{{ {list} {{ totalCount }} }}")).await[list]["totalCount"].as_i64().unwrap();
        for (kind, expected) in [("standings", total("positions").await), ("changes", 0)] {
            let text = crate::export_file::in_process(&op, kind, "jsonl", json!({})).await;
            let entry = admin.data("{ audit(filter: { action: [EXPORT] } first: 1) { nodes { recordCount records } } }").await["audit"]["nodes"][0].take();
            let records = entry["records"].as_array().unwrap();
            assert_eq!(entry["recordCount"], records.len());
            if expected > 0 {
                assert_eq!(entry["recordCount"], expected);
            }
            let prefix = if kind == "standings" { "pos_" } else { "" };
            assert!(!records.is_empty() && records.iter().all(|id| id.as_str().unwrap().starts_with(prefix)));
            if kind == "changes" {
                assert!(records.iter().all(|id| text.contains(id.as_str().unwrap())));
            }
        }
    }

    async fn many_who_write_at_once_make_one_chain(world with sample) {
        let analyst = world.analyst().await;
        let before = last(&world).await;
        let mut waiting = tokio::task::JoinSet::new();
        for n in 0..24 {
            let analyst = analyst.clone();
            waiting.spawn(async move {
                analyst.mutate("createDossier", json!({ "slug": format!("e{n}"), "title": "E" }), "dossier { id }").await["errors"].clone()
            });
        }
        while let Some(errors) = waiting.join_next().await {
            assert_eq!(errors.unwrap(), json!([]));
        }
        assert_eq!(last(&world).await, before + 24);
    }

    async fn the_database_refuses_to_change_or_to_remove_an_entry(world with sample) {
        let columns = ["recorded_at = 1", "actor_id = NULL", "credential = 'TOKEN'", "credential_key = 'x'", "address = 'x'", "request = 'x'",
            "operation = 'x'", "action = 'READ'", "dossier_id = 1", "records = ''", "record_count = 7", "outcome = 'FAILED'", "code = 'x'",
            "marking = marking - 1", "previous = 'x'", "hash = 'x'", "seq = seq + 1000"];
        let mut tries: Vec<String> = columns.iter().map(|column| format!("UPDATE audit SET {column} WHERE seq = 1")).collect();
        tries.extend(["audit", "audit_record"].map(|table| format!("DELETE FROM {table}")));
        tries.push("UPDATE audit_record SET seq = 7 WHERE seq = 1".to_owned());
        tries.push("UPDATE audit_record SET record_id = 7 WHERE seq = 1".to_owned());
        if world.base.op(Actor::Anonymous).lane.get_database_backend() == sea_orm::DbBackend::Postgres {
            tries.push("TRUNCATE audit".to_owned());
        } else {
            tries.push("INSERT OR REPLACE INTO audit SELECT seq, 1, actor_id, credential, credential_key, address, request, operation, action, dossier_id,
                records, record_count, outcome, code, marking, previous, hash FROM audit WHERE seq = 1".to_owned());
        }
        execute(&world, "UPDATE audit SET marking = 2 WHERE seq = 1").await.unwrap();
        for sql in tries {
            let refused = execute(&world, &sql).await.unwrap_err();
            assert!(refused.contains("never changed or removed"), "{sql}: {refused}");
        }
        assert!(last(&world).await > 0);
    }

    async fn a_changed_entry_shows(world with sample) {
        unguard(&world).await;
        execute(&world, "UPDATE audit SET actor_id = 3 WHERE seq = 2").await.unwrap();
        assert_eq!(broken(&world).await, "the audit log is broken at entry 2: it was changed");
    }

    async fn a_removed_entry_shows_wherever_it_stood(world with sample) {
        world.analyst().await.mutate("createDossier", json!({ "slug": "more", "title": "More" }), "dossier { id }").await;
        unguard(&world).await;
        let end = last(&world).await;
        execute(&world, &format!("DELETE FROM audit WHERE seq = {end}")).await.unwrap();
        assert_eq!(broken(&world).await, format!("the audit log is broken: the log ends with entry {}, but its head says {end}", end - 1));
        execute(&world, "DELETE FROM audit WHERE seq = 1").await.unwrap();
        assert_eq!(broken(&world).await, "the audit log is broken at entry 1: it is missing");
    }

    async fn entries_that_were_moved_show(world with sample) {
        unguard(&world).await;
        for sql in ["UPDATE audit SET seq = 1000 WHERE seq = 1", "UPDATE audit SET seq = 1 WHERE seq = 2", "UPDATE audit SET seq = 2 WHERE seq = 1000"] {
            execute(&world, sql).await.unwrap();
        }
        assert_eq!(broken(&world).await, "the audit log is broken at entry 1: it does not follow the entry before it: one of them was changed or moved");
    }

    async fn a_log_that_was_cut_off_or_written_anew_shows_by_an_end_that_was_kept(world with sample) {
        let op = world.base.op(Actor::Anonymous);
        let kept = audit::verify(&op, None).await.unwrap();
        assert_eq!(audit::verify(&op, Some(&kept)).await.unwrap(), kept);
        world.analyst().await.mutate("createDossier", json!({ "slug": "more", "title": "More" }), "dossier { id }").await;
        assert_ne!(audit::verify(&op, Some(&kept)).await.unwrap(), kept);
        unguard(&world).await;
        // Somebody who knows how cuts the head as well.
        let entry = kept.seq - 1;
        execute(&world, &format!("UPDATE audit_head SET seq = {entry}, hash = (SELECT hash FROM audit WHERE seq = {entry})")).await.unwrap();
        execute(&world, &format!("DELETE FROM audit WHERE seq > {entry}")).await.unwrap();
        assert_eq!(audit::verify(&op, None).await.unwrap().seq, entry);
        let shown = audit::verify(&op, Some(&kept)).await.unwrap_err().to_string();
        assert_eq!(shown, format!("the audit log is broken at entry {}: it is missing: the log was cut off after entry {entry}", kept.seq));
        world.analyst().await.mutate("createDossier", json!({ "slug": "other", "title": "Other" }), "dossier { id }").await;
        let shown = audit::verify(&op, Some(&kept)).await.unwrap_err().to_string();
        assert!(shown.ends_with("it is not the one that was expected: the log was written anew"), "{shown}");
    }

    async fn the_command_line_says_whether_the_log_is_whole(world with sample) {
        let end = audit::verify(&world.base.op(Actor::Anonymous), None).await.unwrap().to_string();
        let verify = |more: &[&str]| {
            let run = Command::new(binary()).args(["audit", "verify"]).args(more).env("DATABASE_URL", &world.database.url)
                .current_dir(std::env::temp_dir()).output().unwrap();
            (run.status.code(), String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap())
        };
        assert_eq!(verify(&[]), (Some(0), format!("{end}\n"), String::new()));
        assert_eq!(verify(&["--expect", &end]).0, Some(0));
        assert_eq!(verify(&["--expect", "1:no hash"]).0, Some(2));
        let foreign = format!("1:{}", "f".repeat(64));
        assert_eq!(verify(&["--expect", &foreign]).0, Some(1));
        unguard(&world).await;
        execute(&world, "UPDATE audit SET operation = 'x' WHERE seq = 1").await.unwrap();
        assert_eq!(verify(&[]), (Some(1), String::new(), "demarche: the audit log is broken at entry 1: it was changed\n".to_owned()));
    }
}

/// All that is written in the log.
async fn dump(world: &World) -> String {
    let op = world.base.op(Actor::Anonymous);
    let backend = op.lane.get_database_backend();
    let sql =
        "SELECT coalesce(credential_key, '') || ' ' || coalesce(address, '') || ' ' || coalesce(request, '') || ' ' ||
        coalesce(operation, '') || ' ' || records || ' ' || coalesce(code, '') AS said FROM audit";
    let rows = op.lane.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", "said").unwrap() + "\n").collect()
}
