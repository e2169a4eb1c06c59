//! What has changed since: every change once, in the order of commits, for those who may know of it and for nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use demarche_core::domain::change::{Place, write_cursor};
use demarche_tests::build::{self, ASSERTIONS, NODES, field};
use demarche_tests::program::Desk as Program;
use demarche_tests::{Client, Desk, World, property};
use entity::words::{Marking, MemberRole, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::export_file::{fetch, records, rows};
use crate::marked::key;

const FIELDS: &str = "{ nodes { action kind id recordedAt node { id marking } } cursor hasMore }";

/// Before all changes.
pub fn beginning() -> String {
    write_cursor(Place::default())
}

/// The cursor from now on.
pub async fn now(client: &Client) -> String {
    text(&client.data("{ changes { cursor } }").await["changes"]["cursor"])
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

async fn page(client: &Client, after: &str, first: usize) -> Value {
    client.data(&format!("{{ changes(after: {after:?}, first: {first}) {FIELDS} }}")).await["changes"].take()
}

/// All changes after a cursor, in small pages, and the cursor for the next time.
pub async fn all(client: &Client, after: &str) -> (Vec<Value>, String) {
    let (mut found, mut cursor) = (Vec::new(), after.to_owned());
    loop {
        let page = page(client, &cursor, 7).await;
        found.extend(page["nodes"].as_array().unwrap().clone());
        cursor = text(&page["cursor"]);
        if page["hasMore"] == false {
            return (found, cursor);
        }
        assert_eq!(page["nodes"].as_array().unwrap().len(), 7);
    }
}

/// The same as words: `ACTION id`.
pub async fn said(client: &Client, after: &str) -> Vec<String> {
    let changes = all(client, after).await.0;
    changes.iter().map(|change| format!("{} {}", text(&change["action"]), text(&change["id"]))).collect()
}

pub fn say<const N: usize>(expected: [(&str, &str); N]) -> Vec<String> {
    expected.iter().map(|(action, id)| format!("{action} {id}")).collect()
}

pub async fn done(client: &Client, mutation: &str, input: Value) {
    let payload = client.mutate(mutation, input, "").await;
    assert_eq!(payload["errors"], json!([]), "{mutation}");
}

pub async fn mark(client: &Client, id: &str, marking: &str) {
    done(client, "changeMarking", json!({ "id": id, "marking": marking })).await;
}

/// A member of a dossier with this clearance.
pub async fn member(world: &World, desk: &Desk, account: i64, clearance: Marking) -> Client {
    let client = world.newcomer(account, Role::Analyst, clearance).await;
    world.admit(key(&json!(desk.dossier)), account, MemberRole::Reader).await;
    client
}

/// What a record is known by: a standing by whose it is on what.
fn name(record: &Value) -> String {
    match record["id"].as_str() {
        Some(id) => id.to_owned(),
        None => format!("{} {}", record["stakeholder"], record["mechanism"]),
    }
}

/// A copy of the records of a kind, kept by what its export says has changed.
pub struct Copy {
    kind: &'static str,
    pub records: BTreeMap<String, Value>,
    cursor: String,
}

impl Copy {
    /// All that there is.
    pub async fn whole(world: &World, client: &Client, kind: &'static str) -> Self {
        let (records, manifest) = records(&fetch(world, client, &format!("/export/{kind}.jsonl")).await.text());
        let records = records.into_iter().map(|record| (name(&record), record)).collect();
        Self { kind, records, cursor: text(&manifest["cursor"]) }
    }

    /// Puts in what has changed. Gives how many lines that took.
    pub async fn follow(&mut self, world: &World, client: &Client) -> usize {
        let path = format!("/export/{}.jsonl?since={}", self.kind, self.cursor);
        let file = fetch(world, client, &path).await;
        assert_eq!(file.status, 200, "{}", file.text());
        let (lines, manifest) = records(&file.text());
        assert_eq!(manifest["rows"], lines.len());
        for line in &lines {
            match line.get("change") {
                Some(change) => {
                    let gone = name(change);
                    let refers =
                        |record: &Value| ["dossier", "stakeholder", "mechanism"].iter().any(|end| record[end] == *gone);
                    self.records.retain(|own, record| *own != gone && !refers(record));
                }
                None => _ = self.records.insert(name(line), line.clone()),
            }
        }
        self.cursor = text(&manifest["cursor"]);
        assert_eq!(file.header("export-cursor"), self.cursor);
        lines.len()
    }
}

/// Something that somebody does. The numbers choose one of what there is.
#[derive(Clone, Debug)]
enum Write {
    Stakeholder(u8),
    Position(u8, u8),
    Edit(u8),
    MarkNode(u8, u8),
    Supersede(u8, u8),
    Retract(u8),
    Mark(u8, u8),
    Look,
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let one = prop_oneof![
        2 => any::<u8>().prop_map(Write::Stakeholder),
        3 => any::<(u8, u8)>().prop_map(|(of, marking)| Write::Position(of, marking)),
        1 => any::<u8>().prop_map(Write::Edit),
        2 => any::<(u8, u8)>().prop_map(|(of, marking)| Write::MarkNode(of, marking)),
        2 => any::<(u8, u8)>().prop_map(|(of, marking)| Write::Supersede(of, marking)),
        1 => any::<u8>().prop_map(Write::Retract),
        2 => any::<(u8, u8)>().prop_map(|(of, marking)| Write::Mark(of, marking)),
        3 => Just(Write::Look),
    ];
    prop::collection::vec(one, 4..20)
}

const MARKINGS: [&str; 3] = ["CLEAR", "AMBER", "RED"];

fn marking(n: u8) -> &'static str {
    MARKINGS[usize::from(n) % MARKINGS.len()]
}

/// What somebody has written so far.
struct Written {
    desk: Desk,
    stakeholders: Vec<String>,
    positions: Vec<String>,
    count: AtomicUsize,
}

impl Written {
    fn slug(&self) -> String {
        format!("s{}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn one(of: &[String], n: u8) -> Option<&String> {
        of.get(usize::from(n) % of.len().max(1))
    }

    /// Does it, as far as it may be done: what is refused changes nothing.
    async fn write(&mut self, write: &Write) {
        match *write {
            Write::Stakeholder(n) => {
                let slug = self.slug();
                let id = self.desk.make("Stakeholder", json!({ "slug": slug, "marking": marking(n) })).await;
                self.stakeholders.push(id);
            }
            Write::Position(of, n) => {
                let Some(of) = Self::one(&self.stakeholders, of) else { return };
                let id = self.desk.make("Position", json!({ "stakeholder": of, "marking": marking(n) })).await;
                self.positions.push(id);
            }
            Write::Edit(of) => {
                let name = self.slug();
                self.edit(of, json!({ "name": name })).await;
            }
            Write::MarkNode(of, n) => self.edit(of, json!({ "marking": marking(n) })).await,
            Write::Supersede(of, n) => {
                let Some(of) = Self::one(&self.positions, of) else { return };
                let before = self.desk.read("Position", of, "stakeholder { id }").await;
                let more =
                    json!({ "stakeholder": before["stakeholder"]["id"], "stance": "OPPOSE", "marking": marking(n) });
                let payload = self.desk.supersede("Position", of, more, "id").await;
                if let Some(id) = payload["position"]["id"].as_str() {
                    self.positions.push(id.to_owned());
                }
            }
            Write::Retract(of) => {
                let Some(of) = Self::one(&self.positions, of) else { return };
                self.desk.retract(of, "random").await;
            }
            Write::Mark(of, n) => {
                let Some(of) = Self::one(&self.positions, of) else { return };
                self.desk.client.mutate("changeMarking", json!({ "id": of, "marking": marking(n) }), "").await;
            }
            Write::Look => {}
        }
    }

    async fn edit(&self, of: u8, changes: Value) {
        let Some(of) = Self::one(&self.stakeholders, of) else { return };
        let version = self.desk.read("Stakeholder", of, "version").await["version"].as_i64().unwrap();
        self.desk.edit("Stakeholder", of, i32::try_from(version).unwrap(), changes, "id").await;
    }
}

demarche_tests::suite! {
    async fn every_kind_of_change_is_told_once_and_in_the_order_of_commits(world) {
        let desk = Desk::open(&world).await;
        let client = &desk.client;
        let from = now(client).await;
        let stakeholder = desk.make("Stakeholder", json!({ "slug": "new" })).await;
        world.wait(std::time::Duration::from_secs(1));
        desk.edit("Stakeholder", &stakeholder, 1, json!({ "name": "Renamed" }), "id").await;
        // What is the same as before is no change.
        desk.edit("Stakeholder", &stakeholder, 2, json!({ "name": "Renamed" }), "id").await;
        let first = desk.make("Position", json!({})).await;
        let second = desk.supersede("Position", &first, json!({ "stance": "OPPOSE" }), "id").await["position"]["id"].take();
        let second = text(&second);
        mark(client, &second, "GREEN").await;
        mark(client, &second, "GREEN").await;
        desk.retract(&second, "wrong").await;
        // What is refused is no change either.
        desk.retract(&second, "again").await;
        let expected = say([
            ("CREATED", &stakeholder), ("EDITED", &stakeholder), ("CREATED", &first),
            ("SUPERSEDED", &first), ("CREATED", &second), ("MARKED", &first), ("RETRACTED", &second),
        ]);
        let mut told = said(client, &from).await;
        // The mark of the correction goes back to what it corrected: both in one transaction, in the order of their keys.
        told.retain(|line| *line != format!("MARKED {second}"));
        assert_eq!(told, expected);
        let (changes, end) = all(client, &from).await;
        assert_eq!(changes[0]["recordedAt"], "2026-11-24T12:00:00Z");
        assert_eq!(changes[1]["recordedAt"], "2026-11-24T12:00:01Z");
        assert_eq!((&changes[0]["kind"], &changes[0]["node"]["id"]), (&json!("STAKEHOLDER"), &json!(stakeholder)));
        // The end is where the next page begins, as long as nothing changes; and it is what one gets without a cursor.
        assert_eq!(page(client, &end, 5).await, json!({ "nodes": [], "cursor": end, "hasMore": false }));
        assert_eq!(now(client).await, end);
        assert_eq!(page(client, &from, 0).await, json!({ "nodes": [], "cursor": from, "hasMore": true }));
    }

    async fn records_of_every_kind_are_told_of(world) {
        let desk = Desk::open(&world).await;
        let from = now(&desk.client).await;
        let mut expected = Vec::new();
        for kind in NODES {
            let id = desk.make(kind, json!({ "externalId": format!("n-{kind}").to_lowercase() })).await;
            expected.push(format!("CREATED {id}"));
            let text = if matches!(kind, "Condition" | "Argument") { "statement" } else if matches!(kind, "Source" | "Dossier") { "title" } else { "name" };
            let edited = desk.edit(kind, &id, 1, json!({ text: "otherwise" }), "version").await;
            assert_eq!(edited[field(kind)]["version"], 2, "{edited}");
            expected.push(format!("EDITED {id}"));
        }
        for kind in ASSERTIONS {
            let id = desk.make(kind, json!({})).await;
            let payload = desk.supersede(kind, &id, json!({ "confidence": "LIKELY" }), "id").await;
            assert_eq!(build::errors(&payload), "");
            let next = text(&payload[field(kind)]["id"]);
            desk.retract(&next, "wrong").await;
            expected.extend(say([("CREATED", &id), ("SUPERSEDED", &id), ("CREATED", &next), ("RETRACTED", &next)]));
        }
        assert_eq!(said(&desk.client, &from).await, expected);
        // Of one dossier, without what is in others: one of the nodes was a dossier.
        let of_dossier = desk.of_dossier(&format!("changes(after: '{from}', first: 200) {{ nodes {{ action id }} }}")).await;
        assert_eq!(of_dossier["changes"]["nodes"].as_array().unwrap().len(), expected.len() - 2);
    }

    async fn an_import_is_told_of_record_by_record_and_what_it_was_refused_is_not(world) {
        let mut lines = String::from(
            "{\"record\":\"dossier\",\"slug\":\"d\",\"title\":\"D\"}\n{\"record\":\"source\",\"slug\":\"s\",\"title\":\"S\"}\n\
             {\"record\":\"mechanism\",\"slug\":\"m\",\"name\":\"M\",\"mode\":\"BILATERAL\",\"kind\":\"DIALOGUE\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"a\",\"name\":\"A\",\"kind\":\"STATE\"}\n",
        );
        for n in 0..1_200 {
            lines.push_str(&format!(
                "{{\"record\":\"position\",\"externalId\":\"p{n}\",\"stakeholder\":\"a\",\"mechanism\":\"m\",\"stance\":\"SUPPORT\",\"statedOn\":\"2025\",\"source\":\"s\"}}\n"
            ));
        }
        let analyst = world.analyst().await;
        let from = now(&analyst).await;
        world.load(&lines).await;
        let (mut told, mut cursor) = (Vec::new(), from);
        loop {
            let page = page(&analyst, &cursor, 200).await;
            told.extend(page["nodes"].as_array().unwrap().clone());
            cursor = text(&page["cursor"]);
            if page["hasMore"] == false {
                break;
            }
        }
        assert!(told.iter().all(|change| change["action"] == "CREATED" && change["node"]["id"] == change["id"]));
        let ids: BTreeSet<&str> = told.iter().map(|change| change["id"].as_str().unwrap()).collect();
        assert_eq!((told.len(), ids.len()), (1_204, 1_204));
        // Some are corrected, one is broken: the others are told of, each with what it corrects.
        let again = lines.replace("\"p7\",\"stakeholder\":\"a\"", "\"p7\",\"stakeholder\":\"nobody\"");
        let again = again.replacen("SUPPORT", "OPPOSE", 9);
        let file = format!("{{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}}\n{again}");
        let op = world.op(Role::Analyst).await;
        let report = demarche_import::load_with(&op, std::io::Cursor::new(file.into_bytes()), &crate::import::skipping()).await.unwrap();
        assert_eq!((report.superseded, report.created), (8, 0));
        let told = said(&analyst, &cursor).await;
        let of = |action: &str| told.iter().filter(|line| line.starts_with(action)).count();
        assert_eq!((of("SUPERSEDED"), of("CREATED"), told.len()), (8, 8, 16));
    }

    async fn nothing_is_missed_or_told_twice_while_many_write(world) {
        const WRITERS: usize = 5;
        const EACH: usize = 8;
        let desk = Arc::new(Desk::open(&world).await);
        let from = now(&desk.client).await;
        let writing: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for n in 0..EACH {
                        let slug = format!("w{writer}-{n}");
                        // Some keep their transaction open for longer than others.
                        let text = "x".repeat(if n % 3 == writer % 3 { 15_000 } else { 1 });
                        ids.push(desk.make("Stakeholder", json!({ "slug": slug, "description": text })).await);
                    }
                    ids
                })
            })
            .collect();
        let (mut read, mut cursor) = (Vec::new(), from);
        while writing.iter().any(|writer| !writer.is_finished()) {
            let page = page(&desk.client, &cursor, 3).await;
            read.extend(page["nodes"].as_array().unwrap().iter().map(|change| text(&change["id"])));
            cursor = text(&page["cursor"]);
        }
        read.extend(all(&desk.client, &cursor).await.0.iter().map(|change| text(&change["id"])));
        let mut written = Vec::new();
        for writer in writing {
            let own = writer.await.unwrap();
            let seen: Vec<&String> = read.iter().filter(|id| own.contains(id)).collect();
            assert_eq!(seen, own.iter().collect::<Vec<_>>(), "what one writes is told in the order in which it was written");
            written.extend(own);
        }
        assert_eq!(read.len(), WRITERS * EACH);
        assert_eq!(read.iter().collect::<BTreeSet<_>>(), written.iter().collect());
    }

    async fn a_copy_that_follows_is_what_a_whole_export_would_be(world) {
        let opened = AtomicUsize::new(0);
        property::check(10, &writes(), async |writes| {
            let n = opened.fetch_add(1, Ordering::Relaxed);
            let desk = Desk::open_another(world.analyst().await, &format!("random-{n}")).await;
            let account = 1_000 + i64::try_from(n).unwrap();
            let reader = member(&world, &desk, account, Marking::Amber).await;
            let mut copies = Vec::new();
            for kind in ["stakeholders", "positions", "standings"] {
                copies.push(Copy::whole(&world, &reader, kind).await);
            }
            let mut written = Written { desk, stakeholders: Vec::new(), positions: Vec::new(), count: AtomicUsize::new(0) };
            for write in writes.iter().chain([&Write::Look]) {
                written.write(write).await;
                if matches!(write, Write::Look) {
                    for copy in &mut copies {
                        copy.follow(&world, &reader).await;
                        let whole = Copy::whole(&world, &reader, copy.kind).await;
                        if whole.records != copy.records {
                            return Err(format!("of {}: copied {:#?}, there are {:#?}", copy.kind, copy.records, whole.records));
                        }
                        if copy.follow(&world, &reader).await != 0 {
                            return Err(format!("of {}: something was told twice", copy.kind));
                        }
                    }
                }
            }
            Ok(())
        });
    }

    async fn what_one_may_not_see_moves_nothing(world) {
        let desk = Desk::open(&world).await;
        let reader = member(&world, &desk, 10, Marking::Clear).await;
        let stranger = world.newcomer(11, Role::Analyst, Marking::Red).await;
        let from = beginning();
        let ask = async || {
            let mut answers = Vec::new();
            for client in [&reader, &stranger] {
                for query in [format!("{{ changes(after: {from:?}, first: 200) {FIELDS} }}"), "{ changes { cursor } }".to_owned()] {
                    answers.push(client.text(&query).await);
                }
                for path in ["changes.jsonl", "changes.csv", "positions.jsonl", "stakeholders.csv"] {
                    let file = fetch(&world, client, &format!("/export/{path}?since={from}")).await;
                    assert_eq!(file.status, 200);
                    answers.push(file.text() + file.header("export-cursor"));
                    answers.push(fetch(&world, client, &format!("/export/{}", path)).await.text());
                }
            }
            answers
        };
        let before = ask().await;
        let hidden = desk.make("Stakeholder", json!({ "slug": "hidden", "marking": "AMBER" })).await;
        desk.edit("Stakeholder", &hidden, 1, json!({ "description": "still" }), "id").await;
        desk.edit("Stakeholder", &hidden, 2, json!({ "marking": "RED" }), "id").await;
        let position = desk.make("Position", json!({ "stakeholder": hidden })).await;
        desk.supersede("Position", &position, json!({ "stakeholder": hidden }), "id").await;
        let retracted = desk.make("Position", json!({ "marking": "GREEN" })).await;
        desk.retract(&retracted, "wrong").await;
        assert_eq!(ask().await, before);
        // That there was more is seen by what one sees only.
        let open = desk.make("Stakeholder", json!({ "slug": "open" })).await;
        assert_eq!(said(&reader, &now(&desk.client).await).await, Vec::<String>::new());
        let told = said(&reader, &from).await;
        assert_eq!(told.last(), Some(&format!("CREATED {open}")));
        for id in [&hidden, &position, &retracted] {
            assert!(!told.iter().any(|line| line.contains(id.as_str())), "{told:?}");
        }
        // Once it is declassified it is told of.
        mark(&desk.client, &retracted, "CLEAR").await;
        assert_eq!(said(&reader, &from).await.last(), Some(&format!("MARKED {retracted}")));
    }

    async fn an_export_has_only_what_has_changed_since(world) {
        let desk = Desk::open(&world).await;
        let first = desk.make("Position", json!({ "externalId": "one" })).await;
        let second = desk.make("Position", json!({ "externalId": "two" })).await;
        let whole = fetch(&world, &desk.client, "/export/positions.csv").await;
        assert_eq!(rows(&whole.text()).len(), 3);
        let cursor = whole.header("export-cursor").to_owned();
        let manifest: Value = serde_json::from_str(&fetch(&world, &desk.client, "/export/positions.csv.manifest").await.text()).unwrap();
        assert_eq!(manifest["cursor"], cursor);
        let third = desk.supersede("Position", &first, json!({ "stance": "OPPOSE" }), "id").await["position"]["id"].take();
        desk.retract(&second, "wrong").await;
        let csv = fetch(&world, &desk.client, &format!("/export/positions.csv?columns=id,stance&since={cursor}")).await;
        assert_eq!(rows(&csv.text())[1..], [vec![text(&third), "OPPOSE".to_owned()]]);
        assert_eq!((csv.header("etag"), csv.header("link")), ("", ""));
        let (lines, manifest) = records(&fetch(&world, &desk.client, &format!("/export/positions.jsonl?columns=id&since={cursor}")).await.text());
        let change = |action: &str, id: &str| json!({ "change": { "action": action, "kind": "POSITION", "id": id } });
        let by_id: BTreeSet<String> = lines.iter().map(Value::to_string).collect();
        let expected = [change("SUPERSEDED", &first), change("RETRACTED", &second), json!({ "id": third })];
        assert_eq!(by_id, expected.iter().map(Value::to_string).collect());
        assert_eq!(manifest["request"]["since"], cursor);
        // The filter holds for what has changed, too.
        let filter = "%7B%22stance%22%3A%7B%22eq%22%3A%22SUPPORT%22%7D%7D";
        let (lines, _) = records(&fetch(&world, &desk.client, &format!("/export/positions.jsonl?filter={filter}&since={cursor}")).await.text());
        assert!(lines.contains(&change("NO_MATCH", third.as_str().unwrap())), "{lines:?}");
        // Of all kinds, as a list of changes.
        let csv = fetch(&world, &desk.client, &format!("/export/changes.csv?since={cursor}")).await;
        let at = "2026-11-24T12:00:00Z";
        let line = |action: &str, id: &str| [action, "POSITION", id, at].map(str::to_owned).to_vec();
        let third = text(&third);
        let head = ["action", "kind", "id", "recordedAt"].map(str::to_owned).to_vec();
        assert_eq!(rows(&csv.text()), [head, line("SUPERSEDED", &first), line("CREATED", &third), line("RETRACTED", &second)]);
        let next = csv.header("export-cursor");
        assert_eq!(next, text(&manifest["cursor"]));
        let (none, manifest) = records(&fetch(&world, &desk.client, &format!("/export/changes.jsonl?since={next}")).await.text());
        assert_eq!((none.len(), manifest["cursor"].as_str()), (0, Some(next)));
        let body = json!({ "since": cursor, "dossier": desk.slug });
        let posted = crate::export_file::fetch_with(&world, &desk.client, "/export/changes.jsonl", &[], Some(body)).await;
        assert_eq!(records(&posted.text()).0.len(), 3);
    }

    async fn a_bad_cursor_and_what_makes_no_sense_with_one_is_one_clear_error(world) {
        let desk = Desk::open(&world).await;
        let cursor = now(&desk.client).await;
        let other = text(&desk.data("{ stakeholders { pageInfo { endCursor } } }").await["stakeholders"]["pageInfo"]["endCursor"]);
        for bad in ["", "x", "\u{0}", &other, &format!("{cursor}A")] {
            let answer = desk.client.ask_with("query($after: String!) { changes(after: $after) { cursor } }", json!({ "after": bad })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{bad}");
            assert_eq!(answer.message(), "after: is not a cursor of changes: take it from `changes` or from the manifest of an export");
            assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1);
            let body = json!({ "since": bad });
            let file = crate::export_file::fetch_with(&world, &desk.client, "/export/positions.csv", &[], Some(body)).await;
            assert_eq!((file.status, file.message().split(':').next().unwrap()), (400, "since"));
        }
        for (path, name) in [
            ("archive.jsonl?asOf=%7B%7D&", "asOf"),
            ("standings.csv?asOf=%7B%7D&", "asOf"),
            ("positions.csv?orderBy=%5B%5D&", "orderBy"),
            ("positions.csv?asOf=%7B%7D&", "asOf"),
            ("positions.csv?snapshot=2026-11-24T12:00:00Z&", "snapshot"),
            ("changes.csv?filter=%7B%7D&", "filter"),
            ("changes.csv?columns=id&", "columns"),
        ] {
            let file = fetch(&world, &desk.client, &format!("/export/{path}since={cursor}")).await;
            assert_eq!((file.status, file.message().split(':').next().unwrap()), (400, name), "{path}: {}", file.text());
        }
    }
}

#[test]
fn the_command_line_says_where_to_go_on() {
    const SETTINGS: [(&str, &str); 1] = [("DATABASE_URL", "sqlite:test.db")];
    let desk = Program::default();
    desk.ok(&["migrate", "up"], &SETTINGS, "");
    let create = ["account", "create", "--email", "ana@example.org", "--name", "Ana", "--role", "analyst"];
    desk.ok(&create, &SETTINGS, "correct horse battery staple\n");
    desk.ok(&["load", "-"], &SETTINGS, demarche_import::SAMPLE);
    let export = |arguments: &[&str]| {
        let output = desk.run(&[&["export"], arguments].concat(), &SETTINGS, "");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{error}");
        (String::from_utf8(output.stdout).unwrap(), error)
    };
    let (all, said) = export(&["stakeholders", "--format", "csv"]);
    assert!(rows(&all).len() > 10);
    let cursor = said.trim_end().strip_prefix("cursor: ").unwrap();
    desk.ok(
        &["load", "-"],
        &SETTINGS,
        "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n{\"record\":\"dossier\",\"slug\":\"later\",\"title\":\"Later\"}\n\
         {\"record\":\"stakeholder\",\"slug\":\"new\",\"name\":\"New\",\"kind\":\"GROUP\"}\n",
    );
    let (new, said) = export(&["stakeholders", "--format", "csv", "--columns", "slug", "--since", cursor]);
    assert_eq!(new, "slug\r\nnew\r\n");
    let next = said.trim_end().strip_prefix("cursor: ").unwrap();
    assert_ne!(next, cursor);
    let (changes, _) = export(&["changes", "--format", "jsonl", "--since", cursor]);
    assert_eq!(records(&changes).0.len(), 2);
    // With a file, the cursor is beside it.
    let (_, said) = export(&["changes", "--format", "csv", "--since", next, "--output", "changes.csv"]);
    assert_eq!(said, "");
    let manifest = std::fs::read_to_string(desk.path("changes.csv.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!((manifest["cursor"].as_str(), &manifest["rows"]), (Some(next), &json!(0)));
    let said = desk.fails(1, &["export", "changes", "--format", "csv", "--since", "nonsense"], &SETTINGS, "");
    assert!(said.starts_with("demarche: since: is not a cursor"), "{said}");
}
