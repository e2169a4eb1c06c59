//! Exports over HTTP: what is in them, what is not, and how one knows that a file is whole.

use demarche_core::domain::access_token;
use demarche_tests::{Client, Engine, World};
use entity::words::{Role, TokenScope};
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::export_file::{File, fetch, fetch_with, records, rows, sha256};

const DOSSIER: &str = "us-mexico-cartel-strikes";

/// A script of the reader's whose access token the operator has made.
async fn with_scopes(world: &World, scopes: &str) -> Client {
    let op = world.op(Role::Reader).await.begin().await.unwrap();
    let scopes = scopes.split(' ').map(|scope| TokenScope::try_from_value(&scope.to_owned()).unwrap()).collect();
    let draft = access_token::Draft { name: "a script".to_owned(), scopes, dossier: None, expires_at: None };
    let (_, secret) = access_token::create(&op, draft).await.unwrap();
    op.commit().await.unwrap();
    world.with_token(secret.expose())
}

async fn asked(world: &World, client: &Client, path: &str, body: Value) -> File {
    fetch_with(world, client, path, &[], Some(body)).await
}

demarche_tests::suite! {
    async fn csv_has_the_rows_of_the_connection_with_the_same_filter_order_and_time(world with sample) {
        let reader = world.reader().await;
        let query = "{ positions(first: 200, filter: { mechanism: { mode: { eq: BILATERAL } }, stance: { gt: NEUTRAL } }, \
                     orderBy: [{ field: STANCE, direction: DESC }]) { nodes { id stance stakeholder { name } } } }";
        let data = reader.data(query).await;
        let nodes = data["positions"]["nodes"].as_array().unwrap();
        assert!(nodes.len() > 3);
        let file = asked(&world, &reader, "/export/positions.csv", json!({
            "filter": { "mechanism": { "mode": { "eq": "BILATERAL" } }, "stance": { "gt": "NEUTRAL" } },
            "orderBy": [{ "field": "STANCE", "direction": "DESC" }],
            "columns": ["id", "stance", "stakeholder.name"],
        })).await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
        let mut expected = vec![vec!["id".to_owned(), "stance".to_owned(), "stakeholder.name".to_owned()]];
        for node in nodes {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            expected.push(vec![text(&node["id"]), text(&node["stance"]), text(&node["stakeholder"]["name"])]);
        }
        assert_eq!(rows(&file.text()), expected);
    }

    async fn every_kind_leaves_in_both_tables_with_as_many_rows_as_it_has(world with sample) {
        let reader = world.reader().await;
        for kind in [
            "dossiers", "stakeholders", "mechanisms", "conditions", "arguments", "sources", "positions", "relations",
            "statuses", "findings", "events", "implications", "ratings",
        ] {
            let data = reader.data(&format!("{{ dossier(slug: \"{DOSSIER}\") {{ id }} }}")).await;
            assert!(data["dossier"]["id"].is_string());
            let csv = fetch(&world, &reader, &format!("/export/{kind}.csv")).await;
            let jsonl = fetch(&world, &reader, &format!("/export/{kind}.jsonl")).await;
            let (csv, (records, manifest)) = (rows(&csv.text()), records(&jsonl.text()));
            assert_eq!(csv.len() - 1, records.len(), "{kind}");
            assert_eq!(manifest["rows"], records.len(), "{kind}");
            let names: Vec<&str> = manifest["columns"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
            assert_eq!(csv[0], names, "{kind}");
            for record in &records {
                let mut keys: Vec<&String> = record.as_object().unwrap().keys().collect();
                let mut wanted = names.clone();
                keys.sort();
                wanted.sort_unstable();
                assert_eq!(keys, wanted);
            }
        }
    }

    async fn standings_are_those_of_the_dossier(world with sample) {
        let reader = world.reader().await;
        let query = format!(
            "{{ dossier(slug: \"{DOSSIER}\") {{ standings(first: 200, rule: MEDIAN, filter: {{ stance: {{ isNull: false }} }}) \
             {{ totalCount nodes {{ stance sourceCount contested stakeholder {{ slug }} mechanism {{ slug }} position {{ id }} }} }} }} }}"
        );
        let data = reader.data(&query).await;
        let file = asked(&world, &reader, "/export/standings.jsonl", json!({
            "rule": "MEDIAN",
            "dossier": DOSSIER,
            "filter": { "stance": { "isNull": false } },
            "columns": ["stance", "sourceCount", "contested", "stakeholder.slug", "mechanism.slug", "position"],
        })).await;
        let (records, manifest) = records(&file.text());
        assert_eq!(manifest["rows"], data["dossier"]["standings"]["totalCount"]);
        let nodes = data["dossier"]["standings"]["nodes"].as_array().unwrap();
        assert!(!nodes.is_empty());
        for (record, node) in records.iter().zip(nodes) {
            let expected = json!({
                "stance": node["stance"], "sourceCount": node["sourceCount"], "contested": node["contested"],
                "stakeholder.slug": node["stakeholder"]["slug"], "mechanism.slug": node["mechanism"]["slug"],
                "position": node["position"]["id"],
            });
            assert_eq!(*record, expected);
        }
        let all = fetch(&world, &reader, "/export/standings.jsonl").await;
        let silent = self::records(&all.text()).0.into_iter().filter(|record| record["stance"].is_null()).count();
        assert!(silent > 0, "that no position is stated is an answer too");
    }

    async fn lists_and_paths_through_several_references_are_columns(world with sample) {
        let reader = world.reader().await;
        let path = "/export/mechanisms.jsonl?columns=slug,partOf.slug,partOf.dossier.slug,parties.slug,parties";
        let file = fetch(&world, &reader, path).await;
        let (records, _) = records(&file.text());
        let data = reader.data("{ mechanisms(first: 200) { nodes { slug partOf { slug } parties { role stakeholder { slug id } } } } }").await;
        for (record, node) in records.iter().zip(data["mechanisms"]["nodes"].as_array().unwrap()) {
            assert_eq!(record["slug"], node["slug"]);
            assert_eq!(record["partOf.slug"], node["partOf"]["slug"]);
            let parties = node["parties"].as_array().unwrap();
            let mut expected: Vec<String> = parties.iter().map(|party| {
                format!("{}:{}", party["role"].as_str().unwrap(), party["stakeholder"]["slug"].as_str().unwrap())
            }).collect();
            let mut found: Vec<String> =
                record["parties.slug"].as_array().unwrap().iter().map(|p| p.as_str().unwrap().to_owned()).collect();
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
            assert_eq!(record["parties"].as_array().unwrap().len(), parties.len());
        }
        assert!(records.iter().any(|record| record["partOf.dossier.slug"] == DOSSIER));
    }

    async fn an_earlier_belief_leaves_as_it_was_with_the_names_that_records_had(world with sample) {
        let reader = world.reader().await;
        let path = "/export/positions.jsonl?columns=id,stance,stakeholder.name,mechanism.slug";
        let before = fetch(&world, &reader, path).await;
        let then = world.now();
        world.wait(std::time::Duration::from_secs(60));
        let renamed = world.analyst().await;
        let data = renamed.data(&format!("{{ dossier(slug: \"{DOSSIER}\") {{ stakeholder(slug: \"pentagon\") {{ id version name kind positions(first: 1) {{ nodes {{ id }} }} }} }} }}")).await;
        let pentagon = &data["dossier"]["stakeholder"];
        let input = json!({ "id": pentagon["id"], "version": pentagon["version"], "name": "Department of War" });
        let payload = renamed.mutate("updateStakeholder", input, "stakeholder { name }").await;
        assert_eq!(payload["errors"], json!([]));
        let position = &pentagon["positions"]["nodes"][0]["id"];
        let payload = renamed.mutate("retract", json!({ "id": position, "reason": "misread" }), "").await;
        assert_eq!(payload["errors"], json!([]));

        let now = fetch(&world, &reader, path).await.text();
        assert!(now.contains("Department of War") && !now.contains(position.as_str().unwrap()));
        let as_of = format!("{path}&asOf={}", urlencode(&json!({ "recorded": then }).to_string()));
        let earlier = fetch(&world, &reader, &as_of).await;
        assert_eq!(records(&earlier.text()).0, records(&before.text()).0);
        let stakeholders = fetch(&world, &reader, &as_of.replace("positions", "stakeholders").replace("id,stance,stakeholder.name,mechanism.slug", "slug,name,version,aliases,createdAt,marking")).await;
        let (stakeholders, _) = records(&stakeholders.text());
        let pentagon = stakeholders.iter().find(|record| record["slug"] == "pentagon").unwrap();
        assert_eq!((&pentagon["name"], &pentagon["version"], &pentagon["marking"]), (&json!("Pentagon"), &json!(1), &json!("CLEAR")));
        assert!(pentagon["aliases"].is_array());
    }

    async fn what_is_marked_amber_strict_leaves_by_no_session(world with sample) {
        let reader = world.reader().await;
        world.load(
            "{\"record\":\"dossier\",\"slug\":\"secret\",\"title\":\"Secret\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"open\",\"name\":\"Open\",\"kind\":\"GROUP\",\"marking\":\"AMBER\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"strict\",\"name\":\"Strict\",\"kind\":\"GROUP\",\"marking\":\"AMBER_STRICT\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"red\",\"name\":\"Red\",\"kind\":\"GROUP\",\"marking\":\"RED\"}\n"
        ).await;
        let seen = reader.data("{ dossier(slug: \"secret\") { stakeholders { totalCount } } }").await;
        assert_eq!(seen["dossier"]["stakeholders"]["totalCount"], 3);
        for path in ["/export/stakeholders.jsonl?dossier=secret", "/export/archive.jsonl?dossier=secret", "/export/network.graphml?dossier=secret"] {
            let text = fetch(&world, &reader, path).await.text();
            assert!(text.contains("Open") && !text.contains("Strict") && !text.contains("Red"), "{path}: {text}");
        }
        let file = fetch(&world, &reader, "/export/stakeholders.jsonl?dossier=secret").await;
        assert_eq!(records(&file.text()).1["markingMax"], "AMBER");
        for (scopes, strict) in [("EXPORT", false), ("EXPORT EXPORT_AMBER_STRICT", true)] {
            let script = with_scopes(&world, scopes).await;
            for path in ["/export/stakeholders.csv?dossier=secret", "/export/archive.jsonl?dossier=secret"] {
                let text = fetch(&world, &script, path).await.text();
                assert!(text.contains("Open"), "{scopes} {path}: {text}");
                assert_eq!((text.contains("Strict"), text.contains("Red")), (strict, strict), "{scopes} {path}: {text}");
            }
        }
        let analyst = world.op(Role::Analyst).await;
        let all = crate::export_file::in_process(&analyst, "stakeholders", "jsonl", json!({ "dossier": "secret" })).await;
        assert!(all.contains("Strict") && all.contains("Red"), "the machine's own operator takes all");
    }

    async fn a_dossier_of_others_is_not_there(world with sample) {
        let anonymous = world.anonymous();
        assert_eq!(fetch(&world, &anonymous, "/export/positions.csv").await.status, 401);
        let op = world.op(entity::words::Role::Analyst).await;
        let header = "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n";
        let lines = format!("{header}{{\"record\":\"dossier\",\"slug\":\"others\",\"title\":\"Others\"}}\n");
        demarche_import::load(&op, lines.as_bytes()).await.unwrap();
        let reader = world.reader().await;
        let hidden = fetch(&world, &reader, "/export/positions.csv?dossier=others").await;
        let missing = fetch(&world, &reader, "/export/positions.csv?dossier=nowhere").await;
        assert_eq!((hidden.status, hidden.message()), (404, missing.message()));
        assert!(!fetch(&world, &reader, "/export/dossiers.csv").await.text().contains("others"));
    }

    async fn what_makes_no_sense_is_named(world with sample) {
        let reader = world.reader().await;
        for (path, body, status, expected) in [
            ("/export/positions.csv", json!({ "filter": { "stanse": {} } }), 400, "filter: PositionFilter has no field \"stanse\""),
            ("/export/positions.csv", json!({ "filter": { "and": [{ "stakeholder": { "nam": {} } }] } }), 400,
             "filter.and.0.stakeholder: StakeholderFilter has no field \"nam\""),
            ("/export/positions.csv", json!({ "filter": { "stance": { "eq": "LUKEWARM" } } }), 400, "LUKEWARM"),
            ("/export/positions.csv", json!({ "filter": 1 }), 400, "filter: "),
            ("/export/positions.csv", json!({ "orderBy": [{ "field": "MOOD" }] }), 400, "MOOD"),
            ("/export/positions.csv", json!({ "columns": ["mood"] }), 400, "a position has no column \"mood\""),
            ("/export/positions.csv", json!({ "columns": ["stance.name"] }), 400, "leads to no other record"),
            ("/export/positions.csv", json!({ "columns": ["supersedes.stance"] }), 400, "leads to no other record"),
            ("/export/positions.csv", json!({ "columns": ["id", "id"] }), 400, "stands there twice"),
            ("/export/positions.csv", json!({ "columns": [] }), 400, "at least one"),
            ("/export/positions.csv", json!({ "colums": [] }), 400, "there is no argument \"colums\""),
            ("/export/positions.csv", json!({ "rule": "LATEST" }), 400, "only standings and networks have one"),
            ("/export/positions.xls", json!({}), 400, "there is no format \"xls\""),
            ("/export/accounts.csv", json!({}), 404, "there is no export \"accounts\""),
            ("/export/positions", json!({}), 404, "expected a kind and a format"),
            ("/export/archive.jsonl", json!({ "filter": {} }), 400, "an archive is whole"),
            ("/export/positions.csv", json!([]), 400, "not a JSON object"),
        ] {
            let file = asked(&world, &reader, path, body.clone()).await;
            assert_eq!(file.status, status, "{body}: {}", file.text());
            assert!(file.message().contains(expected), "{body}: {}", file.message());
        }
        let file = fetch(&world, &reader, "/export/positions.csv?filter=%7B").await;
        assert!(file.message().starts_with("filter: is not JSON"), "{}", file.message());
    }

    async fn a_text_that_would_run_in_a_spreadsheet_is_defused_unless_told_otherwise(world) {
        world.load(
            "{\"record\":\"dossier\",\"slug\":\"d\",\"title\":\"D\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"a\",\"name\":\"=HYPERLINK(\\\"http://x\\\")\",\"kind\":\"GROUP\"}\n",
        ).await;
        let reader = world.reader().await;
        let name = |text: &str| rows(text)[1][0].clone();
        let path = "/export/stakeholders.csv?columns=name";
        assert_eq!(name(&fetch(&world, &reader, path).await.text()), "'=HYPERLINK(\"http://x\")");
        assert_eq!(name(&fetch(&world, &reader, &format!("{path}&raw=true")).await.text()), "=HYPERLINK(\"http://x\")");
        let (records, _) = records(&fetch(&world, &reader, "/export/stakeholders.jsonl?columns=name").await.text());
        assert_eq!(records[0]["name"], "=HYPERLINK(\"http://x\")");
    }

    async fn a_manifest_tells_whether_a_file_is_whole(world with sample) {
        let reader = world.reader().await;
        let file = fetch(&world, &reader, "/export/positions.jsonl").await;
        let text = file.text();
        let (records, manifest) = records(&text);
        let above = text.lines().count() - 1;
        let lines: String = text.split_inclusive('\n').take(above).collect();
        assert_eq!((above, &manifest["sha256"]), (records.len(), &json!(sha256(lines.as_bytes()))));
        assert_eq!(manifest["bytes"], lines.len());
        assert_eq!(manifest["snapshot"], world.now());
        assert_eq!(manifest["request"], json!({ "kind": "positions", "format": "jsonl" }));
        assert!(manifest["schema"].as_str().unwrap().starts_with('m'));

        let filter = urlencode(&json!({ "stance": { "gt": "NEUTRAL" } }).to_string());
        let csv = fetch(&world, &reader, &format!("/export/positions.csv?columns=id,stance&filter={filter}")).await;
        let link = csv.header("link").to_owned();
        world.wait(std::time::Duration::from_secs(5));
        let described = link.strip_prefix('<').unwrap().split('>').next().unwrap();
        let manifest: Value = serde_json::from_str(&fetch(&world, &reader, described).await.text()).unwrap();
        assert_eq!(manifest["sha256"], sha256(&csv.body));
        assert_eq!(manifest["rows"], rows(&csv.text()).len() - 1);
    }

    async fn a_broken_download_goes_on_where_it_stopped_whatever_was_written_since(world with sample) {
        let reader = world.reader().await;
        for (path, encoding) in [("/export/positions.jsonl", ""), ("/export/positions.csv", "gzip"), ("/export/standings.csv", "zstd")] {
            let accept = [("accept-encoding", encoding)];
            let whole = fetch_with(&world, &reader, path, &accept, None).await;
            assert_eq!(whole.status, 200);
            world.wait(std::time::Duration::from_secs(1));
            world.load(&format!(
                "{{\"record\":\"dossier\",\"slug\":\"later-{}\",\"title\":\"Later\"}}\n\
                 {{\"record\":\"source\",\"slug\":\"s\",\"title\":\"S\"}}\n\
                 {{\"record\":\"stakeholder\",\"slug\":\"a\",\"name\":\"A\",\"kind\":\"GROUP\"}}\n\
                 {{\"record\":\"mechanism\",\"slug\":\"m\",\"name\":\"M\",\"mode\":\"DOMESTIC\",\"kind\":\"OTHER\"}}\n\
                 {{\"record\":\"position\",\"externalId\":\"p\",\"stakeholder\":\"a\",\"mechanism\":\"m\",\"stance\":\"SUPPORT\",\"statedOn\":\"2025\",\"source\":\"s\"}}\n",
                path.len(),
            )).await;
            let tag = whole.header("etag").to_owned();
            for from in [1, whole.body.len() / 2, whole.body.len() - 1] {
                let range = format!("bytes={from}-");
                let headers = [("accept-encoding", encoding), ("range", range.as_str()), ("if-range", tag.as_str())];
                let rest = fetch_with(&world, &reader, path, &headers, None).await;
                assert_eq!(rest.status, 206, "{}", rest.text());
                let length = whole.body.len();
                assert_eq!(rest.header("content-range"), format!("bytes {from}-{}/{length}", length - 1));
                assert_eq!(rest.body, whole.body[from..], "{path} from {from}");
            }
            let range = format!("bytes={}-", whole.body.len());
            let beyond = [("accept-encoding", encoding), ("range", range.as_str()), ("if-range", tag.as_str())];
            assert_eq!(fetch_with(&world, &reader, path, &beyond, None).await.status, 416);
            // Of another file, or of one that nobody names, there is no rest.
            let other = [("accept-encoding", encoding), ("range", "bytes=5-"), ("if-range", "\"1-abc\"")];
            assert_eq!(fetch_with(&world, &reader, path, &other, None).await.status, 200);
            assert_eq!(fetch_with(&world, &reader, path, &[("range", "bytes=5-")], None).await.status, 200);
        }
    }

    async fn what_is_compressed_is_the_same_file(world with sample) {
        let reader = world.reader().await;
        let plain = fetch(&world, &reader, "/export/events.csv").await;
        assert_eq!(plain.header("content-encoding"), "");
        for encoding in ["gzip", "zstd"] {
            let file = fetch_with(&world, &reader, "/export/events.csv", &[("accept-encoding", encoding)], None).await;
            assert_eq!(file.header("content-encoding"), encoding);
            assert_eq!(file.plain(), plain.body, "{encoding}");
        }
    }

    async fn an_export_ends_when_nobody_takes_it(world with sample) {
        let op = world.op(entity::words::Role::Reader).await;
        let mut open = crate::export_file::open(&op, "positions", "csv", json!({})).await;
        let (outlet, bytes) = demarche_core::store::stream::Outlet::new();
        drop(bytes);
        let ended = open.write(Some(&outlet), 0).await.unwrap_err();
        assert!(ended.to_string().contains("has gone"), "{ended}");
        // What had left by then is in the audit log, below the entry that says that it began.
        let entries = world.admin().await.data("{ audit(filter: { action: [EXPORT] }) { totalCount } }").await;
        assert_eq!(entries["audit"]["totalCount"], 2);
    }

    async fn an_export_follows_another_though_the_server_has_ended_the_connection_of_that_one(world with sample) {
        let reader = world.reader().await;
        let first = fetch(&world, &reader, "/export/positions.csv").await;
        // SQLite has no server that could.
        if world.database.engine == Engine::Postgres {
            let other = sea_orm::Database::connect(&world.database.url).await.unwrap();
            let sql = "SELECT bool_and(pg_terminate_backend(pid, 5000)) AS ended FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid() \
                       AND (query LIKE 'COPY %' OR query = 'ROLLBACK')";
            let ended = other.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
            // None if there was none.
            assert_eq!(ended.try_get::<Option<bool>>("", "ended").unwrap(), Some(true));
            other.close().await.unwrap();
        }
        assert_eq!(fetch(&world, &reader, "/export/positions.csv").await.text(), first.text());
    }

    async fn a_snapshot_does_not_change_while_others_write(world with sample) {
        let reader = world.reader().await;
        let before = fetch(&world, &reader, "/export/positions.jsonl?columns=id,stance").await;
        let op = world.op(entity::words::Role::Reader).await;
        let arguments = json!({ "columns": ["id", "stance"] });
        let mut open = crate::export_file::open(&op, "positions", "jsonl", arguments).await;
        let analyst = world.analyst().await;
        for record in records(&before.text()).0 {
            let payload = analyst.mutate("retract", json!({ "id": record["id"], "reason": "all of it" }), "").await;
            assert_eq!(payload["errors"], json!([]));
        }
        let (first, second) = (crate::export_file::write(&mut open).await, crate::export_file::write(&mut open).await);
        assert_eq!(records(&first).0, records(&before.text()).0);
        assert_eq!(first, second);
        assert_eq!(records(&fetch(&world, &reader, "/export/positions.jsonl").await.text()).0.len(), 0);
    }
}

fn urlencode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
