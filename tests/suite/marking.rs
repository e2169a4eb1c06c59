//! Markings: a record is marked at least as high as all that it refers to, at any time, whoever writes at once.

use std::collections::BTreeSet;
use std::time::Duration;

use demarche_tests::{Client, World};
use entity::kind::Kind;
use entity::referrer::{self, By};
use entity::words::{Marking, MemberRole, Role};
use sea_orm::{ConnectionTrait, Iterable, Statement};
use serde_json::{Value, json};

use crate::marked::{self, SLUG, dossier_id, key};

/// The ids of the nodes that are called `open`.
async fn open(client: &Client) -> Value {
    let query = format!(
        "{{ dossier(slug: {SLUG:?}) {{ id version stakeholder(slug: \"open-a\") {{ id version }}
           mechanism(slug: \"open-mec\") {{ id version }} source(slug: \"open-src\") {{ id version }}
           arguments(filter: {{ externalId: {{ eq: \"open-arg\" }} }}) {{ nodes {{ id }} }} }} }}"
    );
    client.data(&query).await["dossier"].take()
}

fn position(found: &Value, marking: Option<&str>) -> Value {
    json!({ "dossier": found["id"], "source": found["source"]["id"], "stakeholder": found["stakeholder"]["id"],
            "mechanism": found["mechanism"]["id"], "stance": "SUPPORT", "statedOn": "2025-01-01", "marking": marking })
}

async fn raise(client: &Client, object: &str, node: &Value, marking: &str) {
    let input = json!({ "id": node["id"], "version": node["version"], "marking": marking });
    let field = object.to_lowercase();
    let answer = client.mutate(&format!("update{object}"), input, &format!("{field} {{ marking }}")).await;
    assert_eq!(answer[&field]["marking"], *marking, "{answer}");
}

/// The records, as they are called by their importer, and their markings.
async fn markings(client: &Client, list: &str) -> Vec<(String, String)> {
    let nodes =
        client.data(&format!("{{ {list}(first: 200) {{ nodes {{ externalId marking }} }} }}")).await[list]["nodes"]
            .take();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    nodes.as_array().unwrap().iter().map(|node| (text(&node["externalId"]), text(&node["marking"]))).collect()
}

async fn simple(world: &World) {
    world
        .load(
            &[
                marked::dossier(SLUG, "CLEAR"),
                marked::nodes("open", "CLEAR"),
                marked::assertions("open", "CLEAR", "open"),
            ]
            .concat(),
        )
        .await;
}

demarche_tests::suite! {
    async fn a_record_takes_the_highest_marking_of_what_it_refers_to(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        raise(&analyst, "Source", &found["source"], "AMBER").await;
        for (asked, given) in [(None, "AMBER"), (Some("CLEAR"), "AMBER"), (Some("RED"), "RED")] {
            let recorded = analyst.mutate("recordPosition", position(&found, asked), "position { marking }").await;
            assert_eq!(recorded["position"]["marking"], given, "{recorded}");
        }
        let input = json!({ "dossier": found["id"], "statement": "a rejoinder", "frame": "LEGAL",
                            "rebuts": [found["arguments"]["nodes"][0]["id"]] });
        let argument = analyst.mutate("createArgument", input, "argument { marking }").await;
        assert_eq!(argument["argument"]["marking"], "CLEAR");
    }

    async fn raising_a_marking_raises_all_that_refers_to_it(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        let cleared = world.newcomer(10, Role::Reader, Marking::Green).await;
        world.admit(key(&found["id"]), 10, MemberRole::Reader).await;
        raise(&analyst, "Stakeholder", &found["stakeholder"], "RED").await;
        // The mechanism has it as a party; so its parts, conditions and all that is said of them are raised as well.
        for list in ["mechanisms", "conditions", "positions", "relations", "statuses", "findings", "events", "implications", "ratings"] {
            let markings = markings(&analyst, list).await;
            assert!(!markings.is_empty() && markings.iter().all(|(_, marking)| marking == "RED"), "{list}: {markings:?}");
            assert_eq!(cleared.data(&format!("{{ {list} {{ totalCount nodes {{ id }} }} }}")).await[list], json!({ "totalCount": 0, "nodes": [] }));
        }
        assert!(markings(&analyst, "arguments").await.iter().all(|(_, marking)| marking == "CLEAR"));
        assert_eq!(cleared.data("{ stakeholders { nodes { slug } } sources { nodes { slug } } }").await,
            json!({ "stakeholders": { "nodes": [{ "slug": "open-b" }] }, "sources": { "nodes": [{ "slug": "open-src" }] } }));
        for word in ["ministry", "scouting", "escalation", "consent"] {
            let hits = format!("{{ search(query: {word:?}) {{ totalCount }} }}");
            assert_eq!(cleared.data(&hits).await["search"]["totalCount"], 0, "{word}");
            assert_ne!(analyst.data(&hits).await["search"]["totalCount"], 0, "{word}");
        }
    }

    async fn raising_a_node_raises_its_past_and_the_past_of_what_named_it(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        let edit = json!({ "id": found["mechanism"]["id"], "version": 1, "parties": [] });
        analyst.mutate("updateMechanism", edit, "mechanism { id }").await;
        raise(&analyst, "Stakeholder", &found["stakeholder"], "RED").await;
        let query = format!("{{ dossier(slug: {SLUG:?}) {{ mechanism(slug: \"open-mec\") {{ version revisions {{ totalCount nodes {{ version changes {{ field before }} }} }} }} }} }}");
        let cleared = world.newcomer(10, Role::Reader, Marking::Green).await;
        world.admit(key(&found["id"]), 10, MemberRole::Reader).await;
        // No relation, position or event of the stakeholder is on the mechanism's first revision; its party was.
        let whole = analyst.data(&query).await["dossier"]["mechanism"].take();
        assert_eq!(whole["revisions"]["totalCount"], 2);
        let seen = cleared.data(&query).await["dossier"]["mechanism"].take();
        assert_eq!(seen["revisions"], json!({ "totalCount": 1, "nodes": [{ "version": 2, "changes": [] }] }));
    }

    async fn what_is_corrected_to_be_secret_was_secret_all_along(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        let first = analyst.mutate("recordPosition", position(&found, None), "position { id marking }").await["position"].take();
        let correction = json!({ "id": first["id"], "replacement": position(&found, Some("RED")) });
        let second = analyst.mutate("supersedePosition", correction, "position { id marking }").await["position"].take();
        assert_eq!(second["marking"], "RED");
        let query = format!("{{ node(id: {}) {{ id marking }} }}", first["id"]);
        assert_eq!(analyst.data(&query).await["node"]["marking"], "RED");
        // Nor may the old one be lowered again on its own: that it was superseded would show that there is another.
        let lower = |id: &Value| json!({ "id": id.clone(), "marking": "CLEAR" });
        let refused = analyst.mutate("changeMarking", lower(&first["id"]), "assertion { id }").await;
        assert_eq!((&refused["errors"][0]["code"], &refused["errors"][0]["field"]), (&json!("INVALID"), &json!(["marking"])));
        let done = analyst.mutate("changeMarking", lower(&second["id"]), "assertion { marking }").await;
        assert_eq!(done["assertion"]["marking"], "CLEAR");
        let done = analyst.mutate("changeMarking", lower(&first["id"]), "assertion { marking }").await;
        assert_eq!(done["assertion"]["marking"], "CLEAR");
    }

    async fn a_marking_is_not_lowered_below_what_the_record_refers_to(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        let recorded = analyst.mutate("recordPosition", position(&found, Some("RED")), "position { id }").await;
        raise(&analyst, "Source", &found["source"], "AMBER").await;
        let change = |marking: &str| json!({ "id": recorded["position"]["id"], "marking": marking });
        let refused = analyst.mutate("changeMarking", change("GREEN"), "assertion { id }").await;
        assert_eq!(refused["errors"][0]["message"], "is below AMBER, the marking of what this position refers to");
        let done = analyst.mutate("changeMarking", change("AMBER"), "assertion { marking }").await;
        assert_eq!(done["assertion"]["marking"], "AMBER");
    }

    async fn nobody_marks_a_record_so_that_they_could_not_see_it(world) {
        simple(&world).await;
        let client = world.newcomer(10, Role::Analyst, Marking::Amber).await;
        world.admit(key(&dossier_id(&client_of(&world).await).await), 10, MemberRole::Owner).await;
        let found = open(&client).await;
        let refused = client.mutate("recordPosition", position(&found, Some("RED")), "position { id }").await;
        assert_eq!(refused["errors"][0]["message"], "is above your own clearance, AMBER");
        let edit = json!({ "id": found["source"]["id"], "version": 1, "marking": "AMBER_STRICT" });
        let refused = client.mutate("updateSource", edit, "source { id }").await;
        assert_eq!(refused["errors"][0]["message"], "is above your own clearance, AMBER");
    }

    async fn a_dossier_of_many_records_can_be_raised(world) {
        let many: String = (0..1_200)
            .map(|n| format!("{}\n", json!({ "record": "stakeholder", "slug": format!("s{n}"), "name": "N", "kind": "GROUP" })))
            .collect();
        world.load(&[marked::dossier(SLUG, "CLEAR"), many].concat()).await;
        let analyst = world.analyst().await;
        let found = analyst.data(&format!("{{ dossier(slug: {SLUG:?}) {{ id version }} }}")).await["dossier"].take();
        raise(&analyst, "Dossier", &found, "AMBER").await;
        let amber = "{ stakeholders(filter: { marking: { eq: AMBER } }) { totalCount } }";
        assert_eq!(analyst.data(amber).await["stakeholders"]["totalCount"], 1_200);
    }

    async fn a_page_of_the_past_is_whole_where_some_of_the_past_is_hidden(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        for n in 0..6 {
            let marking = if n % 2 == 0 { "RED" } else { "CLEAR" };
            let input = json!({ "dossier": found["id"], "slug": format!("x{n}"), "name": format!("X{n}"), "kind": "GROUP", "marking": marking });
            analyst.mutate("createStakeholder", input, "stakeholder { id }").await;
        }
        let then = world.now();
        world.wait(Duration::from_secs(60));
        for n in [0, 2, 4] {
            let stakeholder = analyst.data(&format!("{{ dossier(slug: {SLUG:?}) {{ stakeholder(slug: \"x{n}\") {{ id version }} }} }}")).await;
            raise(&analyst, "Stakeholder", &stakeholder["dossier"]["stakeholder"], "CLEAR").await;
        }
        let cleared = world.newcomer(10, Role::Reader, Marking::Green).await;
        world.admit(key(&found["id"]), 10, MemberRole::Reader).await;
        let page = |parent: &str, after: &str| format!(
            "{parent} stakeholders(first: 2 {after} orderBy: {{ field: SLUG }} filter: {{ slug: {{ contains: \"x\" }} }}
               asOf: {{ recorded: {then:?} }}) {{ totalCount nodes {{ slug }} pageInfo {{ hasNextPage endCursor }} }}");
        for (open, close, path) in [("{", "}", "/stakeholders"), ("{ dossiers { nodes {", "} } }", "/dossiers/nodes/0/stakeholders")] {
            let ask = async |after: &str| {
                cleared.data(&format!("{}{close}", page(open, after))).await.pointer_mut(path).unwrap().take()
            };
            let first = ask("").await;
            assert_eq!((&first["totalCount"], &first["nodes"]), (&json!(3), &json!([{ "slug": "x1" }, { "slug": "x3" }])));
            assert_eq!(first["pageInfo"]["hasNextPage"], true);
            let second = ask(&format!("after: {}", first["pageInfo"]["endCursor"])).await;
            assert_eq!((&second["nodes"], &second["pageInfo"]["hasNextPage"]), (&json!([{ "slug": "x5" }]), &json!(false)));
        }
    }

    async fn what_is_written_while_a_marking_is_raised_is_raised_too(world) {
        simple(&world).await;
        let analyst = world.analyst().await;
        let found = open(&analyst).await;
        let admin = world.admin().await;
        let recording = async {
            for _ in 0..12 {
                analyst.mutate("recordPosition", position(&found, None), "position { id }").await;
            }
        };
        let raising = async {
            raise(&admin, "Source", &found["source"], "AMBER").await;
            raise(&admin, "Mechanism", &found["mechanism"], "RED").await;
        };
        tokio::join!(recording, raising);
        let low = "{ positions(filter: { marking: { lt: RED } }) { totalCount } }";
        assert_eq!(analyst.data(low).await["positions"]["totalCount"], 0);
        assert_eq!(analyst.data("{ positions { totalCount } }").await["positions"]["totalCount"], 13);
    }

    async fn every_foreign_key_between_records_is_known_to_spread_a_marking(world) {
        let tables: Vec<&str> = Kind::iter().filter(|kind| kind.is_node() || kind.is_assertion()).map(Kind::table).collect();
        let mut known = BTreeSet::new();
        for kind in Kind::iter() {
            for referrer in referrer::to(kind) {
                known.insert(match referrer.by {
                    By::Column(column) => (referrer.from.table().to_owned(), column.to_owned(), kind.table().to_owned()),
                    By::Link { table, to, .. } => (table.to_owned(), to.to_owned(), kind.table().to_owned()),
                });
                if let By::Link { table, from, .. } = referrer.by {
                    // The link's own end: it belongs to the record that refers.
                    known.insert((table.to_owned(), from.to_owned(), referrer.from.table().to_owned()));
                }
            }
        }
        let stored: BTreeSet<(String, String, String)> = foreign_keys(&world).await.into_iter()
            .filter(|(_, _, to)| tables.contains(&to.as_str()))
            // A correction says something else than what it corrects. Members, revisions, texts, what is searched and access tokens are no records of their own.
            .filter(|(_, column, _)| column != "supersedes_id")
            .filter(|(table, ..)| !["member", "revision", "source_text", "search_document", "access_token"].contains(&table.as_str()))
            .collect();
        assert_eq!(stored, known, "a foreign key between records and entity::referrer disagree: name it there, so that markings spread over it");
    }
}

async fn client_of(world: &World) -> Client {
    world.analyst().await
}

/// Every foreign key of the database: the table, the column, and the table that it leads to.
async fn foreign_keys(world: &World) -> Vec<(String, String, String)> {
    let op = world.op(Role::Admin).await;
    let backend = op.lane.get_database_backend();
    let sql = match backend {
        sea_orm::DbBackend::Postgres => {
            "SELECT near.relname::text AS a, k.attname::text AS b, far.relname::text AS c FROM pg_constraint c
             JOIN pg_class near ON near.oid = c.conrelid JOIN pg_class far ON far.oid = c.confrelid JOIN pg_attribute k ON k.attrelid = c.conrelid AND k.attnum = ANY (c.conkey) WHERE c.contype = 'f'"
        }
        _ => "SELECT m.name AS a, f.\"from\" AS b, f.\"table\" AS c FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
    };
    let rows = op.lane.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let text = |row: &sea_orm::QueryResult, column: &str| row.try_get::<String>("", column).unwrap();
    rows.iter().map(|row| (text(row, "a"), text(row, "b"), text(row, "c"))).collect()
}
