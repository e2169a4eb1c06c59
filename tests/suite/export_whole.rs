//! Whole dossiers and networks as files: what comes back from them, and whether other programs can read them.

use demarche_core::op::Actor;
use demarche_export::column::{access, decided};
use demarche_import as import;
use demarche_tests::{Content, Engine, World};
use entity::words::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use super::export_file::{fetch, in_process, rows};

const DOSSIER: &str = "us-mexico-cartel-strikes";

async fn archive(world: &World) -> String {
    in_process(&world.op(Role::Analyst).await, "archive", "jsonl", json!({ "dossier": DOSSIER })).await
}

/// Loads a file into a database of its own, and gives what is written from there.
async fn again(file: &str, engine: Engine) -> Option<String> {
    let world = World::start(engine, Content::People).await.ok()?;
    // Other keys than where it came from.
    world.wait(std::time::Duration::from_secs(12_345));
    import::load(&world.op(Role::Analyst).await, file.as_bytes()).await.unwrap();
    let written = archive(&world).await;
    world.end().await;
    Some(written)
}

/// The tags of an XML document with their attributes, if it is well-formed as far as such documents go.
fn tags(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap();
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>') && text.matches('&').count() <= text.matches(';').count(), "{text}");
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let alone = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut found = Vec::new();
        while let Some((key, value)) = attributes.split_once("=\"") {
            let (value, more) = value.split_once('"').unwrap();
            found.push((key.trim().to_owned(), value.to_owned()));
            attributes = more;
        }
        assert_eq!(attributes.trim(), "", "{tag}");
        all.push((name.to_owned(), found));
        if !alone {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty());
    assert_eq!(rest.trim(), "");
    all
}

fn attribute<'a>(tag: &'a (String, Vec<(String, String)>), name: &str) -> &'a str {
    &tag.1.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{tag:?} has no {name}")).1
}

demarche_tests::suite! {
    async fn an_archive_is_taken_back_without_loss_on_both_databases_and_across_them(world with sample) {
        // Things that the sample has not: text with an anchored quote, names without external ids, late parents.
        let analyst = world.analyst().await;
        let id = |data: &Value, path: &str| data.pointer(path).unwrap().clone();
        let dossier = analyst.data(&format!("{{ dossier(slug: \"{DOSSIER}\") {{ id stakeholders(first: 2) {{ nodes {{ id }} }} mechanisms(first: 1) {{ nodes {{ id version }} }} }} }}")).await;
        let source = analyst.mutate("createSource", json!({
            "dossier": id(&dossier, "/dossier/id"), "slug": "note", "title": "A \"note\"\nin two lines", "text": "We shall, we said, see.",
        }), "source { id }").await;
        assert_eq!(source["errors"], json!([]));
        let argument = analyst.mutate("createArgument", json!({
            "dossier": id(&dossier, "/dossier/id"), "statement": "Nameless.", "frame": "LEGAL",
        }), "argument { id }").await;
        assert_eq!(argument["errors"], json!([]));
        let position = analyst.mutate("recordPosition", json!({
            "dossier": id(&dossier, "/dossier/id"), "source": source["source"]["id"],
            "stakeholder": id(&dossier, "/dossier/stakeholders/nodes/0/id"),
            "onBehalfOf": id(&dossier, "/dossier/stakeholders/nodes/1/id"),
            "mechanism": id(&dossier, "/dossier/mechanisms/nodes/0/id"),
            "stance": "NEUTRAL", "statedOn": "2025-03-01", "statedOnPrecision": "MONTH", "marking": "AMBER",
            "quote": { "exact": "we said", "prefix": "shall, ", "start": 10, "end": 17 },
            "arguments": [argument["argument"]["id"]],
        }), "position { id }").await;
        assert_eq!(position["errors"], json!([]));
        let parent = analyst.mutate("createMechanism", json!({
            "dossier": id(&dossier, "/dossier/id"), "slug": "late-parent", "name": "Late parent", "mode": "BILATERAL", "kind": "OTHER",
        }), "mechanism { id }").await;
        assert_eq!(parent["errors"], json!([]));
        let child = analyst.mutate("createMechanism", json!({
            "dossier": id(&dossier, "/dossier/id"), "slug": "early-child", "name": "Early child", "mode": "BILATERAL", "kind": "OTHER",
        }), "mechanism { id version }").await;
        let moved = analyst.mutate("updateMechanism", json!({
            "id": parent["mechanism"]["id"], "version": 1, "partOf": child["mechanism"]["id"],
        }), "mechanism { id }").await;
        assert_eq!(moved["errors"], json!([]));

        let file = archive(&world).await;
        let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let place = |slug: &str| lines.iter().position(|line| line["slug"] == slug).unwrap();
        assert!(place("early-child") < place("late-parent"));
        let said = lines.iter().find(|line| line["source"] == "note").unwrap();
        assert_eq!(said["statedOn"], "2025-03");
        assert_eq!(said["arguments"], json!([argument["argument"]["id"]]));
        assert_eq!(said["quote"], json!({ "exact": "we said", "prefix": "shall, ", "start": 10, "end": 17 }));
        let mut compared = 0;
        for engine in [Engine::Sqlite, Engine::Postgres] {
            if let Some(written) = again(&file, engine).await {
                similar_asserts::assert_eq!(written, file, "by way of {engine:?}");
                compared += 1;
            }
        }
        assert!(compared > 0);
        // Where it came from, only what had no external id of its own is new.
        let report = import::load(&world.op(Role::Analyst).await, file.as_bytes()).await.unwrap();
        assert_eq!((report.created, report.edited, report.superseded), (2, 0, 0), "{report}");
    }

    async fn a_network_has_all_nodes_and_the_standings_as_edges(world with sample) {
        let reader = world.reader().await;
        let data = reader.data(&format!(
            "{{ dossier(slug: \"{DOSSIER}\") {{ stakeholders {{ totalCount }} mechanisms {{ totalCount }} \
             standings(first: 200, filter: {{ stance: {{ isNull: false }} }}) {{ totalCount nodes {{ stance stakeholder {{ id name }} mechanism {{ id }} }} }} }} }}"
        )).await;
        let counted = |list: &str| usize::try_from(data["dossier"][list]["totalCount"].as_u64().unwrap()).unwrap();
        let (nodes, edges) = (counted("stakeholders") + counted("mechanisms"), counted("standings"));
        let ends: Vec<(Value, Value)> = data["dossier"]["standings"]["nodes"].as_array().unwrap().iter()
            .map(|node| (node["stakeholder"]["id"].clone(), node["mechanism"]["id"].clone())).collect();
        for format in ["graphml", "gexf"] {
            let file = fetch(&world, &reader, &format!("/export/network.{format}?dossier={DOSSIER}")).await;
            assert_eq!(file.header("content-type"), "application/xml");
            let tags = tags(&file.text());
            let of = |name: &str| tags.iter().filter(|tag| tag.0 == name).collect::<Vec<_>>();
            assert_eq!(of("node").len(), nodes);
            let found: Vec<(Value, Value)> = of("edge").into_iter()
                .map(|edge| (json!(attribute(edge, "source")), json!(attribute(edge, "target")))).collect();
            assert_eq!(found, ends, "{format}");
            let ids: Vec<&str> = of("node").into_iter().map(|node| attribute(node, "id")).collect();
            assert!(found.iter().all(|(from, to)| [from, to].iter().all(|end| ids.contains(&end.as_str().unwrap()))));
            // Every value is of a declared attribute.
            let (declared, used, key) = if format == "graphml" { ("key", "data", "key") } else { ("attribute", "attvalue", "for") };
            let declared: Vec<&str> = of(declared).into_iter().map(|tag| attribute(tag, "id")).collect();
            assert!(of(used).into_iter().all(|tag| declared.contains(&attribute(tag, key))));
        }
        let csv = rows(&fetch(&world, &reader, &format!("/export/network.csv?dossier={DOSSIER}")).await.text());
        assert_eq!(csv.len() - 1, edges);
        assert_eq!(csv[0][..6], ["Source", "Target", "Type", "sourceName", "targetName", "Weight"]);
        assert!(csv[1..].iter().all(|row| ["0", "1", "2"].contains(&row[5].as_str()) && ["-1", "0", "1"].contains(&row[8].as_str())));
    }

    async fn linked_data_names_every_record_that_it_refers_to(world with sample) {
        let reader = world.reader().await;
        let file = fetch(&world, &reader, &format!("/export/archive.jsonld?dossier={DOSSIER}")).await;
        let document: Value = serde_json::from_str(&file.text()).unwrap();
        let graph = document["@graph"].as_array().unwrap();
        let ids: Vec<&str> = graph.iter().map(|entity| entity["@id"].as_str().unwrap()).collect();
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                Value::Object(fields) if fields.len() == 1 && fields.contains_key("@id") => found.extend(fields["@id"].as_str()),
                Value::Object(fields) => fields.values().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        references(&document["@graph"], &mut found);
        assert!(found.len() > 100);
        for reference in found {
            assert!(ids.contains(&reference) || reference.starts_with("urn:demarche:acc_"), "{reference}");
        }
        let of = |name: &str| graph.iter().filter(|entity| entity["@type"].as_array().is_some_and(|types| types.contains(&json!(name)))).count();
        let data = reader.data("{ positions { totalCount } }").await;
        assert_eq!(of("Position"), usize::try_from(data["positions"]["totalCount"].as_u64().unwrap()).unwrap());
        assert!(graph.iter().filter(|entity| entity.get("prov:wasDerivedFrom").is_some()).count() > of("Position"));
    }

    async fn the_manifest_of_columns_decides_on_every_column_of_the_database(world) {
        let lane = world.base.op(Actor::Anonymous).lane;
        let sql = match lane.get_database_backend() {
            DbBackend::Sqlite => "SELECT m.name AS t, p.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p \
                                  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'",
            _ => "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns WHERE table_schema = 'public'",
        };
        let rows = lane.query_all_raw(Statement::from_string(lane.get_database_backend(), sql)).await.unwrap();
        let stored: Vec<(String, String)> =
            rows.iter().map(|row| (row.try_get("", "t").unwrap(), row.try_get("", "c").unwrap())).collect();
        assert!(stored.len() > 150);
        let undecided: Vec<&(String, String)> =
            stored.iter().filter(|(table, column)| access(table, column).is_none()).collect();
        assert!(undecided.is_empty(), "say in api/export/src/column.rs whether these may leave: {undecided:?}");
        let gone: Vec<(&str, &str)> = decided().into_iter()
            .filter(|(table, column)| !stored.contains(&((*table).to_owned(), (*column).to_owned()))).collect();
        assert!(gone.is_empty(), "these are in api/export/src/column.rs but not in the database: {gone:?}");
    }
}
