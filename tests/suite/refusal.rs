//! Bad input: one clear error each, that says what was wrong and where, and nothing is lost or half written.

use std::collections::BTreeMap;
use std::fmt::Write;

use demarche_import as import;
use demarche_tests::inspect::Inspector;
use demarche_tests::{Client, Engine, World};
use entity::words::Role;
use serde_json::{Value, json};

/// A dossier with what a position needs, and another one beside it.
struct Desk {
    client: Client,
    dossier: String,
    stakeholder: String,
    source: String,
    mechanism: String,
    /// A stakeholder of the other dossier.
    stranger: String,
    inspector: Inspector,
    before: BTreeMap<String, i64>,
}

async fn created(client: &Client, kind: &str, input: Value) -> String {
    let field = kind.to_lowercase();
    let payload = client.mutate(&format!("create{kind}"), input, &format!("{field} {{ id }}")).await;
    assert_eq!(payload["errors"], json!([]));
    payload[&field]["id"].as_str().unwrap().to_owned()
}

impl Desk {
    async fn new(world: &World) -> Self {
        let client = world.analyst().await;
        let dossier = created(&client, "Dossier", json!({ "slug": "one", "title": "One" })).await;
        let other = created(&client, "Dossier", json!({ "slug": "other", "title": "Other" })).await;
        let state = |dossier: &str| json!({ "dossier": dossier, "slug": "mx", "name": "Mexico", "kind": "STATE" });
        let stakeholder = created(&client, "Stakeholder", state(&dossier)).await;
        let stranger = created(&client, "Stakeholder", state(&other)).await;
        let source = json!({ "dossier": dossier, "slug": "paper", "title": "A paper" });
        let source = created(&client, "Source", source).await;
        let talks =
            json!({ "dossier": dossier, "slug": "talks", "name": "Talks", "mode": "BILATERAL", "kind": "DIALOGUE" });
        let mechanism = created(&client, "Mechanism", talks).await;
        let inspector = Inspector::new(&world.database).await;
        let before = stored(&inspector).await;
        Self { client, dossier, stakeholder, source, mechanism, stranger, inspector, before }
    }

    /// A good position, with some fields changed.
    fn position(&self, changes: Value) -> Value {
        let mut input = json!({ "dossier": self.dossier, "stakeholder": self.stakeholder, "mechanism": self.mechanism,
            "source": self.source, "stance": "SUPPORT", "statedOn": "2025-10-03" });
        input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        input
    }

    async fn record(&self, changes: Value) -> Value {
        self.client.mutate("recordPosition", self.position(changes), "position { id stance }").await
    }

    /// What is wrong with an input, which must be refused as data: `CODE field: message`, one line each.
    async fn refused(&self, mutation: &str, input: Value) -> String {
        let payload = self.client.mutate(mutation, input, "__typename").await;
        let line = |error: &Value| {
            let path: Vec<&str> = error["field"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            format!("{} {}: {}", error["code"].as_str().unwrap(), path.join("."), error["message"].as_str().unwrap())
        };
        payload["errors"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The message of an error, which must be `BAD_USER_INPUT`.
    async fn bad(&self, query: &str, variables: Value) -> String {
        let answer = self.client.ask_with(query, variables).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{:#}", answer.body);
        assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1, "one error: {:#}", answer.body);
        answer.message().to_owned()
    }

    /// Nothing was written since the desk was made.
    async fn untouched(self) {
        assert_eq!(self.before, stored(&self.inspector).await);
        self.inspector.close().await;
    }
}

/// How many rows each table has, but for the log of who tried what: refusals are in it.
async fn stored(inspector: &Inspector) -> BTreeMap<String, i64> {
    let mut counts = inspector.counts().await;
    counts.retain(|table, _| !table.starts_with("audit"));
    counts
}

const RECORD: &str = "mutation($input: RecordPositionInput!) { recordPosition(input: $input) { position { id }
    errors { code field message } } }";

demarche_tests::suite! {
    async fn malformed_ids_and_ids_of_another_kind_are_named(world) {
        let desk = Desk::new(&world).await;
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(
            desk.bad(node, json!({ "id": "rubbish" })).await,
            "\"rubbish\" is not an id: expected one like stk_0000000000000"
        );
        let said = desk.bad("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ["stk_"] })).await;
        assert!(said.contains("\"stk_\" is not an id"), "{said}");
        let filter = "query($id: ID!) { positions(filter: { stakeholder: { id: { eq: $id } } }) { totalCount } }";
        let said = desk.bad(filter, json!({ "id": desk.mechanism })).await;
        assert!(said.contains("is the id of a mechanism, expected the id of a stakeholder"), "{said}");
        for (field, id, expected) in [
            ("stakeholder", desk.mechanism.clone(), "is the id of a mechanism, expected the id of a stakeholder"),
            ("mechanism", desk.stakeholder.clone(), "is the id of a stakeholder, expected the id of a mechanism"),
            ("source", "rubbish".to_owned(), "is not an id: expected one like src_0000000000000"),
        ] {
            let said = desk.refused("recordPosition", desk.position(json!({ field: id }))).await;
            assert!(said.contains(expected) && said.contains(field) && !said.contains('\n'), "{said}");
        }
        let said = desk.refused("recordPosition", desk.position(json!({ "stakeholder": "stk_0000000000009" }))).await;
        assert_eq!(said, "NOT_FOUND stakeholder: there is no such stakeholder");
        desk.untouched().await;
    }

    async fn unknown_slugs_are_null_as_what_may_not_be_seen(world) {
        let desk = Desk::new(&world).await;
        let found = desk
            .client
            .data("{ none: dossier(slug: \"none\") { id } one: dossier(slug: \"one\") { stakeholder(slug: \"x\") { id }
                mechanism(slug: \"\") { id } } node(id: \"stk_0000000000009\") { id } }")
            .await;
        assert_eq!(found["none"], Value::Null);
        assert_eq!(found["one"], json!({ "stakeholder": null, "mechanism": null }));
        assert_eq!(found["node"], Value::Null);
        desk.untouched().await;
    }

    async fn dates_that_are_not_and_dates_to_come_are_refused(world) {
        let desk = Desk::new(&world).await;
        for date in ["2025-02-30", "2025", "yesterday", "2025-10-3", "", "2025-10-03T12:00:00Z"] {
            let said = desk.bad(RECORD, json!({ "input": desk.position(json!({ "statedOn": date })) })).await;
            assert!(said.contains(&format!("{date:?} is not a date: expected YYYY-MM-DD")) && said.contains("RecordPositionInput"), "{said}");
        }
        let said = desk.bad("{ positions(asOf: { valid: \"never\" }) { totalCount } }", json!({})).await;
        assert!(said.contains("\"never\" is not a date"), "{said}");
        let said = desk.bad("{ positions(asOf: { recorded: \"2025-01-01\" }) { totalCount } }", json!({})).await;
        assert!(said.contains("is not a moment"), "{said}");
        assert_eq!(
            desk.refused("recordPosition", desk.position(json!({ "statedOn": "2026-11-25" }))).await,
            "IN_FUTURE statedOn: 2026-11-25 lies after today, 2026-11-24"
        );
        desk.untouched().await;
    }

    async fn empty_texts_and_texts_too_long_are_refused(world) {
        let desk = Desk::new(&world).await;
        let named = |name: &str| json!({ "dossier": desk.dossier, "slug": "x", "name": name, "kind": "STATE" });
        for empty in ["", "  ", "\n"] {
            assert_eq!(desk.refused("createStakeholder", named(empty)).await, "REQUIRED name: must not be empty");
            let said = desk.refused("recordPosition", desk.position(json!({ "rationale": empty }))).await;
            assert_eq!(said, "REQUIRED rationale: must not be empty");
        }
        let long = "x".repeat(10_000_000);
        let said = desk.refused("recordPosition", desk.position(json!({ "rationale": long }))).await;
        assert_eq!(said, "TOO_LONG rationale: has 10000000 characters, at most 20000 are allowed");
        // Beyond what a request may hold at all.
        let answer = desk.client.ask_with(RECORD, json!({ "input": desk.position(json!({ "rationale": long.repeat(2) })) })).await;
        assert_eq!(answer.status, 413, "{:#}", answer.body);
        assert_eq!(answer.message(), "the body has too many bytes: 20000346 found, at most 16777216 allowed");
        let said = desk.refused("recordPosition", desk.position(json!({ "rationale": "a\u{0}b" }))).await;
        assert!(said.starts_with("INVALID rationale: contains the character NUL"), "{said}");
        desk.untouched().await;
    }

    async fn unknown_words_and_unknown_fields_are_refused(world) {
        let desk = Desk::new(&world).await;
        let said = desk.bad(RECORD, json!({ "input": desk.position(json!({ "stance": "MAYBE" })) })).await;
        assert!(said.contains("stance") && said.contains("MAYBE"), "{said}");
        let said = desk.bad("{ positions(filter: { stance: { eq: MAYBE } }) { totalCount } }", json!({})).await;
        assert!(said.contains("MAYBE"), "{said}");
        let said = desk.bad(RECORD, json!({ "input": desk.position(json!({ "stnace": "SUPPORT" })) })).await;
        assert!(said.contains("stnace"), "{said}");
        desk.untouched().await;
    }

    async fn a_reference_into_another_dossier_is_refused(world) {
        let desk = Desk::new(&world).await;
        let said = desk.refused("recordPosition", desk.position(json!({ "stakeholder": desk.stranger }))).await;
        assert_eq!(said, "OTHER_DOSSIER stakeholder: this stakeholder belongs to another dossier");
        // All that is wrong is told at once.
        let changes = json!({ "stakeholder": desk.stranger, "statedOn": "2027-01-01" });
        let said = desk.refused("recordPosition", desk.position(changes)).await;
        assert_eq!(said.lines().count(), 2, "{said}");
        desk.untouched().await;
    }

    async fn an_assertion_is_superseded_once(world) {
        let desk = Desk::new(&world).await;
        let first = desk.record(json!({})).await["position"]["id"].take();
        let replacement = json!({ "id": first, "replacement": desk.position(json!({ "stance": "OPPOSE" })) });
        let second = desk.client.mutate("supersedePosition", replacement.clone(), "position { id }").await;
        assert_eq!(second["errors"], json!([]));
        let before = stored(&desk.inspector).await;
        let again = desk.refused("supersedePosition", replacement).await;
        assert!(again.starts_with("ALREADY_SUPERSEDED ") && again.lines().count() == 1, "{again}");
        let said = desk.refused("retract", json!({ "id": first, "reason": "wrong" })).await;
        assert!(said.starts_with("ALREADY_SUPERSEDED "), "{said}");
        assert_eq!(before, stored(&desk.inspector).await);
        let retracted = desk.client.mutate("retract", json!({ "id": second["position"]["id"], "reason": "wrong" }), "__typename").await;
        assert_eq!(retracted["errors"], json!([]));
        let before = stored(&desk.inspector).await;
        let said = desk.refused("retract", json!({ "id": second["position"]["id"], "reason": "wrong" })).await;
        assert!(said.starts_with("ALREADY_RETRACTED "), "{said}");
        let late = json!({ "id": second["position"]["id"], "replacement": desk.position(json!({})) });
        let said = desk.refused("supersedePosition", late).await;
        assert!(said.starts_with("ALREADY_RETRACTED "), "{said}");
        assert_eq!(before, stored(&desk.inspector).await);
        desk.inspector.close().await;
    }

    async fn of_two_writers_at_once_one_wins_and_the_other_is_told(world) {
        let desk = Desk::new(&world).await;
        let first = desk.record(json!({})).await["position"]["id"].take();
        let write = |stance: &str| {
            let input = json!({ "id": first, "replacement": desk.position(json!({ "stance": stance })) });
            let client = desk.client.clone();
            tokio::spawn(async move { client.mutate("supersedePosition", input, "position { stance }").await })
        };
        let writers: Vec<_> = ["OPPOSE", "NEUTRAL", "SUPPORT", "STRONGLY_SUPPORT"].into_iter().map(write).collect();
        let (mut won, mut told) = (Vec::new(), Vec::new());
        for writer in writers {
            let payload = writer.await.unwrap();
            match payload["errors"].as_array().unwrap().as_slice() {
                [] => won.push(payload["position"]["stance"].clone()),
                [error] => told.push(error["code"].clone()),
                more => panic!("{more:?}"),
            }
        }
        assert_eq!((won.len(), told), (1, vec![json!("ALREADY_SUPERSEDED"); 3]));
        let left = desk.client.data("{ positions { nodes { stance } } }").await;
        assert_eq!(left["positions"]["nodes"], json!([{ "stance": won[0] }]));
        // The same of a node: the second edit of version 1 is a conflict, and gets what is there now.
        let edit = |name: &str| {
            let input = json!({ "id": desk.stakeholder, "version": 1, "name": name });
            let client = desk.client.clone();
            tokio::spawn(async move { client.mutate("updateStakeholder", input, "stakeholder { name version }").await })
        };
        let edits = [edit("A"), edit("B")];
        let (mut kept, mut conflicts) = (Vec::new(), Vec::new());
        for edit in edits {
            let payload = edit.await.unwrap();
            match payload["errors"][0]["code"].as_str() {
                None => kept.push(payload["stakeholder"].clone()),
                Some(code) => conflicts.push((code.to_owned(), payload["stakeholder"].clone())),
            }
        }
        assert_eq!(kept.len(), 1);
        assert_eq!(conflicts, [("CONFLICT".to_owned(), kept[0].clone())]);
        assert_eq!(kept[0]["version"], 2);
        desk.inspector.close().await;
    }

    async fn a_file_that_breaks_at_line_900_leaves_nothing(world) {
        let desk = Desk::new(&world).await;
        for (broken, expected) in [
            ("{\"record\":\"stakeholder\",\"slug\":\"s\"", "line 900"),
            ("{\"record\":\"stakeholder\",\"slug\":\"s\",\"name\":\"S\",\"kind\":\"NOBODY\"}", "line 900"),
            ("{\"record\":\"status\",\"externalId\":\"x\",\"mechanism\":\"none\",\"status\":\"PROPOSED\",\"occurredOn\":\"2025\",\"source\":\"none\"}", "line 900"),
        ] {
            let mut file = "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n".to_owned();
            file += "{\"record\":\"dossier\",\"slug\":\"bulk\",\"title\":\"Bulk\"}\n";
            for n in 3..900 {
                writeln!(file, "{}", json!({ "record": "stakeholder", "slug": format!("s{n}"), "name": "S", "kind": "STATE" })).unwrap();
            }
            file += broken;
            let error = import::load(&world.op(Role::Analyst).await, file.as_bytes()).await.unwrap_err();
            assert_eq!(error.code(), "BAD_USER_INPUT");
            assert!(error.to_string().contains(expected), "{error}");
        }
        desk.untouched().await;
    }

    async fn a_half_migrated_database_is_an_error_without_its_cause(world) {
        let client = world.analyst().await;
        let steps = world.base.store.migrations().await.unwrap();
        let since = steps.iter().rev().take_while(|step| step.name != "m0012_implication").count();
        world.base.store.migrate_down(u32::try_from(since).unwrap()).await.unwrap();
        let answer = client.ask("{ dossiers { totalCount } search(query: \"x\") { totalCount } ratings { totalCount } }").await;
        assert_fault(&answer);
        assert_eq!(world.get_json("/health/ready").await.0, 503);
    }

    async fn a_database_that_is_away_is_an_error_without_its_cause(world) {
        let client = world.analyst().await;
        assert_eq!(world.get_json("/health/ready").await.0, 200);
        take_away(&world).await;
        let answer = client.ask("{ dossiers { totalCount } }").await;
        assert_fault(&answer);
        let input = json!({ "input": { "slug": "lost", "title": "Lost" } });
        let mutation = "mutation($input: CreateDossierInput!) { createDossier(input: $input) { dossier { id } } }";
        assert_fault(&client.ask_with(mutation, input).await);
        let (status, body) = world.get_json("/health/ready").await;
        assert_eq!((status, body), (503, json!({ "status": "unready", "reason": "the database does not answer" })));
        assert_eq!(world.get_json("/health/live").await.0, 200);
    }
}

/// A fault says nothing but that it is one, and under which id the log has it.
fn assert_fault(answer: &demarche_tests::Answer) {
    assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR", "{:#}", answer.body);
    assert_eq!(answer.message(), "something went wrong on our side; the log has it under this request id");
    assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], answer.request_id);
    assert!(!answer.request_id.is_empty());
    let text = answer.body.to_string().to_lowercase();
    for cause in ["sql", "relation", "table", "pool", "connection"] {
        assert!(!text.contains(cause), "{text}");
    }
}

/// Takes the database from under the running server.
async fn take_away(world: &World) {
    match world.database.engine {
        // Whoever keeps a file open keeps it: what stops an embedded database is that its connections end.
        Engine::Sqlite => world.base.store.clone().close().await,
        Engine::Postgres => {
            let (server, name) = world.database.url.rsplit_once('/').unwrap();
            let admin = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            sea_orm::ConnectionTrait::execute_unprepared(&admin, &sql).await.unwrap();
            admin.close().await.unwrap();
        }
    }
}
