//! Files of what has changed that are made of many records: archives, networks and linked data.

use std::collections::BTreeSet;

use demarche_import::{self as import, Report};
use demarche_tests::build::{ASSERTIONS, errors, field};
use demarche_tests::{Content, Desk, Engine, World};
use entity::words::{Marking, MemberRole, Role};
use serde_json::{Value, json};

use crate::change::{mark, text};
use crate::export_file::{fetch, in_process, records, rows};
use crate::import::{file, load_all, report, skipping};
use crate::marked::key;

/// Another database, into which archives are loaded.
struct Copy {
    world: World,
    cursor: Option<String>,
}

impl Copy {
    async fn open(engine: Engine) -> Option<Self> {
        Some(Self { world: World::start(engine, Content::People).await.ok()?, cursor: None })
    }

    /// Loads what has changed since the last time. Gives what that did, and the file.
    async fn follow(&mut self, of: &World, desk: &Desk) -> (Report, String) {
        let since = self.cursor.as_ref().map(|cursor| format!("?since={cursor}")).unwrap_or_default();
        let file = fetch(of, &desk.client, &format!("/export/archive.jsonl{since}")).await;
        assert_eq!(file.status, 200, "{}", file.text());
        self.cursor = Some(file.header("export-cursor").to_owned());
        let report = self.load(&file.text()).await.unwrap();
        (report, file.text())
    }

    async fn load(&self, file: &str) -> Result<Report, String> {
        let op = self.world.op(Role::Analyst).await;
        import::load(&op, file.as_bytes()).await.map_err(|error| error.to_string())
    }
}

/// The lines of an archive, in no order.
async fn lines(world: &World) -> BTreeSet<String> {
    let file = in_process(&world.op(Role::Analyst).await, "archive", "jsonl", json!({})).await;
    file.lines().map(str::to_owned).collect()
}

async fn superseded(desk: &Desk, kind: &str, id: &str, more: Value) -> String {
    let payload = desk.supersede(kind, id, more, "id").await;
    assert_eq!(errors(&payload), "");
    text(&payload[field(kind)]["id"])
}

demarche_tests::suite! {
    async fn archives_of_what_has_changed_keep_another_database_up_to_date(world) {
        let desk = Desk::open(&world).await;
        let bare = desk.make("Position", json!({})).await;
        let named = desk.make("Position", json!({ "externalId": "p" })).await;
        let gone = desk.make("Event", json!({})).await;
        let twice = desk.make("Rating", json!({})).await;
        let mut copies = Vec::new();
        for engine in [Engine::Sqlite, Engine::Postgres] {
            copies.extend(Copy::open(engine).await);
        }
        assert!(!copies.is_empty());
        for copy in &mut copies {
            copy.follow(&world, &desk).await;
            assert_eq!(lines(&copy.world).await, lines(&world).await);
        }
        // Of every kind one more; nodes edited; corrections with the same name, with another one, with one more, and twice.
        for kind in ASSERTIONS {
            desk.make(kind, json!({})).await;
        }
        let late = desk.make("Condition", json!({ "statement": "Late" })).await;
        desk.edit("Mechanism", &desk.strikes, 1, json!({ "name": "Renamed" }), "id").await;
        superseded(&desk, "Position", &bare, json!({ "stance": "OPPOSE", "conditions": [late] })).await;
        let renamed = superseded(&desk, "Position", &named, json!({ "externalId": "q", "stance": "OPPOSE" })).await;
        let once = superseded(&desk, "Rating", &twice, json!({ "influence": 10 })).await;
        superseded(&desk, "Rating", &once, json!({ "influence": 20 })).await;
        desk.retract(&gone, "It did not happen").await;
        let brief = desk.make("Event", json!({ "externalId": "brief" })).await;
        desk.retract(&brief, "Nor did this").await;
        let corrected = desk.make("Event", json!({ "externalId": "corrected" })).await;
        superseded(&desk, "Event", &corrected, json!({ "externalId": "corrected", "title": "Otherwise" })).await;
        for copy in &mut copies {
            let before = lines(&copy.world).await;
            let (done, file) = copy.follow(&world, &desk).await;
            // Eight made, a condition, and an event that was corrected before anybody had seen it.
            assert_eq!((done.created, done.edited, done.superseded, done.retracted, done.refused), (9, 1, 3, 1, 0), "{file}");
            assert_eq!(lines(&copy.world).await, lines(&world).await);
            assert_ne!(lines(&copy.world).await, before);
            assert!(!file.contains("brief") && file.contains("It did not happen"));
            let again = copy.load(&file).await.unwrap();
            assert_eq!((again.created, again.edited, again.superseded, again.retracted), (0, 0, 0, 0), "{again}");
        }
        // Once more, from there: what was renamed is known by its new name.
        let last = superseded(&desk, "Position", &renamed, json!({ "externalId": "q", "stance": "NEUTRAL" })).await;
        for copy in &mut copies {
            let (done, file) = copy.follow(&world, &desk).await;
            assert_eq!((done.created, done.superseded, done.retracted), (0, 1, 0), "{file}");
            assert!(!file.contains("\"supersedes\""), "{file}");
        }
        desk.retract(&last, "wrong").await;
        for mut copy in copies {
            let (done, file) = copy.follow(&world, &desk).await;
            assert_eq!((done.created, done.superseded, done.retracted), (0, 0, 1), "{file}");
            assert_eq!(lines(&copy.world).await, lines(&world).await);
            let (nothing, file) = copy.follow(&world, &desk).await;
            assert_eq!((nothing.records(), file.lines().count()), (0, 1));
            copy.world.end().await;
        }
    }

    async fn a_copy_takes_a_file_whose_beginning_it_has_and_names_that_were_given_away(world) {
        let desk = Desk::open(&world).await;
        let nameless = desk.make("Position", json!({})).await;
        let named = desk.make("Position", json!({ "externalId": "x" })).await;
        let relation = json!({ "from": desk.us, "to": desk.mx });
        let relation = desk.make("Relation", relation).await;
        let mut copy = Copy::open(Engine::Sqlite).await.unwrap();
        copy.follow(&world, &desk).await;
        let first = copy.cursor.clone();
        let second = superseded(&desk, "Position", &nameless, json!({ "stance": "OPPOSE" })).await;
        // The cursor of this file gets lost.
        copy.follow(&world, &desk).await;
        copy.cursor = first;
        superseded(&desk, "Position", &second, json!({ "stance": "NEUTRAL" })).await;
        // One gives up its name, and another takes it.
        superseded(&desk, "Position", &named, json!({ "externalId": "y" })).await;
        let x = desk.make("Position", json!({ "externalId": "x", "stance": "OPPOSE" })).await;
        // One does not hold any more, which a whole archive does not say.
        superseded(&desk, "Relation", &relation, json!({ "from": desk.us, "to": desk.mx, "startedOn": "2020-01-01", "endedOn": "2021-01-01" })).await;
        // Some are made and closed by one file.
        let position = |key: &str, more: &str| format!(
            r#"{{"record":"position","externalId":"{key}","stakeholder":"us","mechanism":"strikes","stance":"OPPOSE","statedOn":"2025","source":"paper"{more}}}"#
        );
        let at_once = [
            r#"{"record":"header","format":"demarche","version":1}"#.to_owned(),
            format!(r#"{{"record":"dossier","slug":"{}","title":"A question"}}"#, desk.slug),
            position("a", ""),
            position("b", r#","supersedes":"a""#),
            position("c", ""),
            r#"{"record":"retraction","kind":"position","externalId":"c","reason":"misread"}"#.to_owned(),
        ].join("\n");
        let done = import::load(&world.op(Role::Analyst).await, at_once.as_bytes()).await.unwrap();
        assert_eq!((done.created, done.superseded, done.retracted), (2, 1, 1), "{done}");
        let (done, file) = copy.follow(&world, &desk).await;
        assert_eq!((done.refused, done.retracted), (0, 0), "{file}");
        similar_asserts::assert_eq!(lines(&copy.world).await, lines(&world).await);
        desk.retract(&x, "wrong").await;
        copy.follow(&world, &desk).await;
        similar_asserts::assert_eq!(lines(&copy.world).await, lines(&world).await);
        copy.world.end().await;
    }

    async fn an_archive_of_what_has_changed_says_nothing_of_what_one_may_not_see(world) {
        let desk = Desk::open(&world).await;
        let reader = world.newcomer(10, Role::Analyst, Marking::Clear).await;
        world.admit(key(&json!(desk.dossier)), 10, MemberRole::Reader).await;
        let secret = desk.make("Position", json!({ "externalId": "secret", "marking": "AMBER" })).await;
        let open = desk.make("Position", json!({ "externalId": "open" })).await;
        let path = |format: &str, since: &str| format!("/export/archive.{format}?since={since}");
        let since = fetch(&world, &reader, "/export/archive.jsonl").await.header("export-cursor").to_owned();
        let nothing = [fetch(&world, &reader, &path("jsonl", &since)).await.text(), fetch(&world, &reader, &path("jsonld", &since)).await.text()];
        let other = superseded(&desk, "Position", &secret, json!({ "externalId": "other", "marking": "AMBER" })).await;
        desk.retract(&other, "secretly").await;
        for (format, before) in ["jsonl", "jsonld"].into_iter().zip(&nothing) {
            let file = fetch(&world, &reader, &path(format, &since)).await;
            assert_eq!((&file.text(), file.header("export-cursor")), (before, since.as_str()));
        }
        // What is shown for the first time is new, whatever it was before; what is hidden is not in it.
        let declassified = desk.make("Position", json!({ "externalId": "declassified", "marking": "AMBER" })).await;
        let since = fetch(&world, &reader, "/export/archive.jsonl").await.header("export-cursor").to_owned();
        mark(&desk.client, &declassified, "CLEAR").await;
        superseded(&desk, "Position", &declassified, json!({ "externalId": "shown" })).await;
        mark(&desk.client, &open, "RED").await;
        let file = fetch(&world, &reader, &path("jsonl", &since)).await.text();
        let said: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let positions: Vec<&Value> = said.iter().filter(|line| line["record"] == "position").collect();
        assert_eq!(positions.len(), 1, "{file}");
        assert_eq!((&positions[0]["externalId"], positions[0].get("supersedes")), (&json!("shown"), None));
        assert!(!file.contains("retraction"));
        // A dossier that one is let into is written whole.
        let stranger = world.newcomer(11, Role::Analyst, Marking::Clear).await;
        let since = fetch(&world, &stranger, "/export/archive.jsonl").await.header("export-cursor").to_owned();
        world.admit(key(&json!(desk.dossier)), 11, MemberRole::Reader).await;
        let all = fetch(&world, &stranger, &path("jsonl", &since)).await.text();
        assert_eq!(all, fetch(&world, &stranger, "/export/archive.jsonl").await.text());
        assert!(all.lines().count() > 5);
    }

    async fn networks_and_linked_data_of_what_has_changed_have_that_only(world with sample) {
        let desk = Desk::open(&world).await;
        let old = desk.make("Position", json!({ "stance": "OPPOSE" })).await;
        let whole = fetch(&world, &desk.client, "/export/network.csv").await;
        let since = whole.header("export-cursor").to_owned();
        let edges = async |since: &str| rows(&fetch(&world, &desk.client, &format!("/export/network.csv?since={since}")).await.text()).split_off(1);
        assert_eq!(edges(&since).await, Vec::<Vec<String>>::new());
        let new = superseded(&desk, "Position", &old, json!({ "stance": "SUPPORT" })).await;
        let changed = edges(&since).await;
        assert_eq!(changed.len(), 1);
        assert_eq!((changed[0][1].as_str(), changed[0][6].as_str()), (desk.strikes.as_str(), "SUPPORT"));
        let file = fetch(&world, &desk.client, &format!("/export/network.gexf?since={since}")).await.text();
        assert_eq!((file.matches("<edge ").count(), file.matches("<node ").count() > 10), (1, true));
        let (lines, _) = records(&fetch(&world, &desk.client, &format!("/export/standings.jsonl?since={since}")).await.text());
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["mechanism"], &lines[0]["position"]), (&json!(desk.strikes), &json!(new)));
        // As linked data: the new version is there, the old one has become invalid.
        let file = fetch(&world, &desk.client, &format!("/export/archive.jsonld?since={since}")).await.text();
        let document: Value = serde_json::from_str(&file).unwrap();
        let graph = document["@graph"].as_array().unwrap();
        let of = |id: &str| graph.iter().find(|entity| entity["@id"] == format!("urn:demarche:{id}")).unwrap();
        assert_eq!(graph.len(), 2, "{file}");
        assert_eq!(of(&new)["prov:wasRevisionOf"]["@id"], format!("urn:demarche:{old}"));
        assert_eq!(of(&old)["prov:invalidatedAtTime"]["@value"], "2026-11-24T12:00:00Z");
        // A standing that is not what is asked for any more is told.
        let filter = "%7B%22stance%22%3A%7B%22eq%22%3A%22OPPOSE%22%7D%7D";
        let (lines, _) = records(&fetch(&world, &desk.client, &format!("/export/standings.jsonl?filter={filter}&since={since}")).await.text());
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["change"]["action"], &lines[0]["change"]["kind"], &lines[0]["change"]["mechanism"]), (&json!("NO_MATCH"), &json!("STANDING"), &json!(desk.strikes)));
    }

    async fn a_file_corrects_what_has_another_name_and_retracts(world) {
        let position = |key: &str, more: &str| format!(
            r#"{{"record":"position","externalId":"{key}","stakeholder":"a","mechanism":"m","stance":"OPPOSE","statedOn":"2025","source":"s"{more}}}"#
        );
        let retraction = r#"{"record":"retraction","kind":"position","externalId":"b","reason":"misread"}"#;
        assert_eq!(load_all(&world, file(&[&position("a", ""), &position("b", "")])).await, report(6, 0, 0, 0));
        let corrected = file(&[&position("c", r#","supersedes":"a""#), retraction]);
        let done = load_all(&world, corrected.as_str()).await;
        assert_eq!(done, Report { superseded: 1, retracted: 1, unchanged: 4, ..Report::default() });
        assert_eq!(done.to_string(), "created 0, edited 0, superseded 1, retracted 1, unchanged 4, refused 0");
        let client = world.analyst().await;
        let said = client.data("{ positions(filter: { externalId: { eq: \"c\" } }) { nodes { supersedes { externalId } } } }").await;
        assert_eq!(said["positions"]["nodes"][0]["supersedes"]["externalId"], "a");
        assert_eq!(load_all(&world, corrected.as_str()).await, report(0, 0, 0, 6));
        // What is not there cannot be corrected or retracted.
        let corrects = position("d", r#","supersedes":"z""#);
        let cases = [
            (corrects, "\"z\"", "position \"d\": supersedes: there is no position \"z\" in this dossier"),
            (retraction.replace("\"b\"", "\"z\""), "\"z\"", "position \"z\": externalId: there is no position \"z\" in this dossier"),
            (
                retraction.replace("position", "mechanism"), "\"mechanism\"",
                "retraction \"b\": kind: must say what is retracted, expected one of position, relation, status, finding, event, implication, rating",
            ),
            (
                retraction.replace("\"reason\"", "\"why\""), "\":\"misread\"",
                "retraction \"b\": unknown field `why`, expected one of `record`, `kind`, `externalId`, `reason`",
            ),
            (retraction.replace("misread", " ").replace("\"b\"", "\"c\""), "\" \"", "position \"c\": reason: must not be empty"),
        ];
        let (mut said, mut expected) = (Vec::new(), Vec::new());
        for (line, at, message) in cases {
            let op = world.op(Role::Analyst).await;
            let text = file(&[&line]);
            let report = import::load_with(&op, std::io::Cursor::new(text.into_bytes()), &skipping()).await.unwrap();
            assert_eq!((report.refused, report.unchanged), (1, 4), "{line}");
            said.push(report.refusals[0].to_string());
            expected.push(format!("line 6, column {}: {message}", line.rfind(at).unwrap() + 1));
        }
        similar_asserts::assert_eq!(said, expected);
    }
}
