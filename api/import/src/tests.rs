//! The import against a database of its own: what is loaded, what changes, what is refused, and that nothing is left of it.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use entity::filter::Filter;
use entity::moment::Moment;
use entity::words::{Marking, Role, Stance};
use entity::{account, position, source, stakeholder};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Statement};
use tempfile::TempDir;

use super::{Report, SAMPLE, load};
use demarche_core::domain::assertion;
use demarche_core::domain::list::Readable;
use demarche_core::domain::write::Assertable;
use demarche_core::error::{Error, Result};
use demarche_core::op::{Actor, Base, Clock, Credential, Ids, Memberships, Op, Signed};
use demarche_core::store::{Place, Store};

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Moment {
        Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).unwrap().into()
    }
}

/// A database and an operation on it; the directory lasts as long as the test.
struct World {
    op: Op,
    _directory: TempDir,
}

impl World {
    async fn new(role: Role) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("demarche.db").display());
        let store = Store::open(&Place { url, connections_max: 2, wait_max: Duration::from_secs(5) }).await.unwrap();
        store.migrate_up().await.unwrap();
        let base = Base { store, clock: Arc::new(FixedClock), ids: Arc::new(Ids::new(1)) };
        let signed = Signed {
            id: 1,
            role,
            clearance: Marking::Red,
            memberships: Memberships::default(),
            credential: Credential::Machine,
        };
        let account = account::Model {
            id: signed.id,
            email: "analyst@example.org".to_owned(),
            name: "Analyst".to_owned(),
            password_hash: None,
            role,
            clearance: Marking::Red,
            suspended_at: None,
            created_at: FixedClock.now(),
        };
        let op = base.op(signed.into());
        let writing = op.begin().await.unwrap();
        let row = account.into_active_model().reset_all();
        account::Entity::insert(row).exec_without_returning(&writing.lane).await.unwrap();
        writing.commit().await.unwrap();
        Self { op, _directory: directory }
    }

    async fn with_sample() -> Self {
        let world = Self::new(Role::Analyst).await;
        world.load(SAMPLE).await.unwrap();
        world
    }

    async fn load(&self, file: impl AsRef<[u8]> + Send) -> Result<Report> {
        load(&self.op, Cursor::new(file.as_ref())).await
    }

    /// Loads a file that is refused, and gives the reason. Nothing of the file is kept.
    async fn refused(&self, file: impl AsRef<[u8]> + Send) -> String {
        let before = self.rows().await;
        let error = self.load(file).await.unwrap_err();
        assert_eq!(before, self.rows().await, "{error}");
        let Error::BadInput(text) = error else { panic!("{error:?}") };
        text
    }

    /// How many rows every table has, but for the log of who tried what: refusals are in it.
    async fn rows(&self) -> Vec<(String, i64)> {
        let lane = &self.op.lane;
        let statement = |sql: String| Statement::from_string(lane.get_database_backend(), sql);
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'audit' ORDER BY name".to_owned();
        let mut counts = Vec::new();
        for table in lane.query_all_raw(statement(tables)).await.unwrap() {
            let table: String = table.try_get("", "name").unwrap();
            let count = statement(format!(r#"SELECT count(*) AS n FROM "{table}""#));
            let row = lane.query_one_raw(count).await.unwrap().unwrap();
            counts.push((table, row.try_get("", "n").unwrap()));
        }
        counts
    }

    async fn stakeholder(&self, slug: &str) -> stakeholder::Model {
        let filter = Filter::equal(stakeholder::Column::Slug, slug);
        stakeholder::Entity::get(&self.op, filter).await.unwrap().unwrap()
    }

    async fn position(&self, dossier: i64, external_id: &str) -> position::Model {
        assertion::current::<position::Entity>(&self.op, dossier, external_id).await.unwrap().unwrap()
    }
}

const HEADER: &str = r#"{"record":"header","format":"demarche","version":1}"#;
const DOSSIER: &str = r#"{"record":"dossier","slug":"d","title":"A dossier"}"#;

/// A file: the header, a dossier, a source and a stakeholder on lines 1 to 4, a mechanism on line 5, then these lines.
fn file(lines: &[&str]) -> String {
    let start = [
        HEADER,
        DOSSIER,
        r#"{"record":"source","slug":"s","title":"A source"}"#,
        r#"{"record":"stakeholder","slug":"a","name":"Á","kind":"PERSON"}"#,
        r#"{"record":"mechanism","slug":"m","name":"M","mode":"BILATERAL","kind":"DIALOGUE"}"#,
    ];
    [&start, lines].concat().join("\n")
}

fn position(external_id: &str) -> String {
    format!(
        r#"{{"record":"position","externalId":"{external_id}","stakeholder":"a","mechanism":"m","stance":"SUPPORT","statedOn":"2025","source":"s"}}"#
    )
}

fn report(created: u64, edited: u64, superseded: u64, unchanged: u64) -> Report {
    Report { created, edited, superseded, unchanged, ..Report::default() }
}

fn sample_records() -> u64 {
    u64::try_from(SAMPLE.lines().count()).unwrap() - 1
}

#[tokio::test]
async fn the_sample_is_created_and_then_unchanged() {
    let world = World::new(Role::Analyst).await;
    let all = sample_records();
    let first = world.load(SAMPLE).await.unwrap();
    assert_eq!(first, report(all, 0, 0, 0));
    assert_eq!(
        first.to_string(),
        format!("created {all}, edited 0, superseded 0, retracted 0, unchanged 0, refused 0")
    );
    let rows = world.rows().await;
    assert_eq!(world.load(SAMPLE).await.unwrap(), report(0, 0, 0, all));
    assert_eq!(world.rows().await, rows);
}

#[tokio::test]
async fn a_changed_line_edits_a_node() {
    let world = World::with_sample().await;
    let changed = SAMPLE.replace(r#""name":"White House""#, r#""name":"The White House""#);
    let done = world.load(changed).await.unwrap();
    assert_eq!(done, report(0, 1, 0, sample_records() - 1));
    let node = world.stakeholder("white-house").await;
    assert_eq!((node.name.as_str(), node.version), ("The White House", 2));
}

#[tokio::test]
async fn a_changed_line_supersedes_an_assertion() {
    let world = World::new(Role::Analyst).await;
    world.load(file(&[&position("p")])).await.unwrap();
    let dossier = world.stakeholder("a").await.dossier_id;
    let old = world.position(dossier, "p").await;
    let changed = position("p").replace("SUPPORT", "OPPOSE");
    let done = world.load(file(&[&changed])).await.unwrap();
    assert_eq!(done, report(0, 0, 1, 4));
    let new = world.position(dossier, "p").await;
    assert_eq!((new.stance, new.supersedes_id), (Stance::Oppose, Some(old.id)));
    let old = position::Entity::by_ids(&world.op, &[old.id], None).await.unwrap().remove(&old.id).unwrap();
    assert_eq!((old.stance, old.superseded_at.is_some()), (Stance::Support, true));
}

#[tokio::test]
async fn a_retracted_assertion_stays_retracted() {
    let world = World::new(Role::Analyst).await;
    world.load(file(&[&position("p")])).await.unwrap();
    let dossier = world.stakeholder("a").await.dossier_id;
    let old = world.position(dossier, "p").await;
    let op = world.op.begin().await.unwrap();
    position::Entity::retract(&op, old.id, "misread").await.unwrap();
    op.commit().await.unwrap();
    let changed = position("p").replace("SUPPORT", "OPPOSE");
    let done = world.load(file(&[&changed])).await.unwrap();
    assert_eq!(done, report(0, 0, 0, 5));
    assert!(world.position(dossier, "p").await.retracted_at.is_some());
}

#[tokio::test]
async fn a_corrected_relation_takes_what_is_about_it_along() {
    let world = World::new(Role::Analyst).await;
    let about = |note: &str| {
        let lines = [
            r#"{"record":"stakeholder","slug":"b","name":"B","kind":"STATE"}"#.to_owned(),
            format!(
                r#"{{"record":"relation","externalId":"r","from":"a","to":"b","kind":"LEADS","occurredOn":"2025","startedOn":"2024-02","endedOn":"2025-02","note":"{note}","source":"s"}}"#
            ),
            r#"{"record":"implication","externalId":"i","kind":"RISK","statement":"So","occurredOn":"2025","relation":"r","source":"s"}"#.to_owned(),
        ];
        file(&[&lines[0], &lines[1], &lines[2]])
    };
    world.load(about("one")).await.unwrap();
    assert_eq!(world.load(about("one")).await.unwrap(), report(0, 0, 0, 7));
    assert_eq!(world.load(about("two")).await.unwrap(), report(0, 0, 2, 5));
    assert_eq!(world.load(about("two")).await.unwrap(), report(0, 0, 0, 7));
}

#[tokio::test]
async fn every_field_of_a_line_is_loaded_once() {
    let world = World::new(Role::Analyst).await;
    let lines = [
        r#"{"record":"source","slug":"t","title":"T","url":"https://example.org/t","publisher":"P","author":"Q","publishedOn":"2025-10","retrievedOn":"2025-10-03","language":"es-MX","text":"Él dijo que sí.","reliability":"B","externalId":"t1","marking":"GREEN"}"#,
        r#"{"record":"stakeholder","slug":"b","name":"B","kind":"STATE","aliases":["Z","Y"],"country":"MX","description":"D","identifiers":[{"scheme":"wikidata","value":"Q96"}],"externalId":"b1","marking":"AMBER"}"#,
        r#"{"record":"mechanism","slug":"n","name":"N","mode":"UNILATERAL","kind":"OTHER","description":"D","partOf":"m","parties":[{"stakeholder":"b","role":"HOST"},{"stakeholder":"a","role":"TARGET"},{"stakeholder":"a","role":"PROPOSER"}],"externalId":"n1","marking":"RED"}"#,
        r#"{"record":"condition","externalId":"c","mechanism":"n","statement":"C","legalBasis":"L"}"#,
        r#"{"record":"condition","externalId":"c2","mechanism":"n","statement":"C2"}"#,
        r#"{"record":"argument","externalId":"g1","statement":"G","frame":"LEGAL","description":"D"}"#,
        r#"{"record":"argument","externalId":"g2","statement":"G","frame":"ECONOMIC"}"#,
        r#"{"record":"argument","externalId":"g3","statement":"G","frame":"LEGAL","rebuts":["g2"],"reinforces":["g1"]}"#,
        r#"{"record":"position","externalId":"p","stakeholder":"a","onBehalfOf":"b","mechanism":"n","stance":"STRONGLY_OPPOSE","statedOn":"2025-10-03","rationale":"R","arguments":["g3","g1"],"conditions":["c2","c"],"source":"t","locator":"p. 1","quote":{"exact":"dijo","prefix":"Él ","suffix":" que","start":3,"end":7},"credibility":2,"confidence":"LIKELY","marking":"AMBER_STRICT"}"#,
        r#"{"record":"relation","externalId":"r","from":"a","to":"b","kind":"MEMBER_OF","occurredOn":"2025","startedOn":"2024","endedOn":"2025-02","tension":-3,"note":"N","source":"s"}"#,
        r#"{"record":"status","externalId":"u","mechanism":"n","status":"IN_FORCE","occurredOn":"2025","note":"N","source":"s"}"#,
        r#"{"record":"finding","externalId":"f","condition":"c","assessor":"b","verdict":"MET","occurredOn":"2025","rationale":"R","source":"s"}"#,
        r#"{"record":"event","externalId":"e","title":"E","occurredOn":"2025","description":"D","mechanism":"n","actors":[{"stakeholder":"b","role":"TARGET"},{"stakeholder":"a","role":"INITIATOR"}],"tension":2.5,"source":"s"}"#,
        r#"{"record":"implication","externalId":"i","kind":"LESSON","statement":"S","occurredOn":"2025","likelihood":"VERY_LIKELY","severity":5,"mechanism":"n","source":"s"}"#,
        r#"{"record":"rating","externalId":"v","stakeholder":"a","occurredOn":"2025","influence":1,"interest":2,"salience":3,"power":true,"legitimacy":false,"urgency":true,"note":"N","source":"s"}"#,
        r#"{"record":"rating","externalId":"w","stakeholder":"a","occurredOn":"2025","influence":null,"note":null,"quote":null,"marking":null,"source":"s"}"#,
        r#"{"record":"stakeholder","slug":"z","name":"Z","kind":"STATE","aliases":null,"identifiers":null}"#,
    ];
    let all = 4 + u64::try_from(lines.len()).unwrap();
    assert_eq!(world.load(file(&lines)).await.unwrap(), report(all, 0, 0, 0));
    assert_eq!(world.load(file(&lines)).await.unwrap(), report(0, 0, 0, all));
    let filter = Filter::equal(source::Column::Slug, "t");
    let stored = source::Entity::get(&world.op, filter).await.unwrap().unwrap();
    assert_eq!(stored.sha256, Some(demarche_core::domain::source::digest("Él dijo que sí.")));
}

#[tokio::test]
async fn names_are_found_in_the_database() {
    let world = World::with_sample().await;
    let dossier = SAMPLE.lines().nth(1).unwrap();
    let more = r#"{"record":"position","externalId":"new","stakeholder":"dea","mechanism":"military-operations","stance":"SUPPORT","statedOn":"2025","source":"debate-article"}"#;
    let done = world.load([HEADER, dossier, more].join("\n")).await.unwrap();
    assert_eq!(done, report(1, 0, 0, 1));
}

#[tokio::test]
async fn names_do_not_reach_into_another_dossier() {
    let world = World::with_sample().await;
    let error = world.refused(file(&[&position("p").replace(r#""a""#, r#""dea""#)])).await;
    let expected = r#"line 6, column 53: position "p": stakeholder: stakeholder "dea" is neither in the file nor stored in this dossier"#;
    assert_eq!(error, expected);
    let second = file(&[r#"{"record":"dossier","slug":"e","title":"E"}"#, &position("p")]);
    let error = world.refused(second).await;
    assert_eq!(
        error,
        r#"line 7, column 119: position "p": source: source "s" is neither in the file nor stored in this dossier"#
    );
}

#[tokio::test]
async fn two_dossiers_may_use_the_same_names() {
    let world = World::new(Role::Analyst).await;
    let one = file(&[&position("p")]);
    let other = one.replace(r#""slug":"d""#, r#""slug":"e""#);
    let (_, other) = other.split_once('\n').unwrap();
    let done = world.load(format!("{one}\n{other}")).await.unwrap();
    assert_eq!(done, report(10, 0, 0, 0));
}

#[tokio::test]
async fn a_file_broken_at_line_900_leaves_nothing_behind() {
    let world = World::with_sample().await;
    let changed = SAMPLE.replace("White House", "The White House");
    let mut lines: Vec<String> = changed.lines().map(str::to_owned).collect();
    while lines.len() < 899 {
        let external_id = format!("p{}", lines.len());
        let line = position(&external_id).replace(r#""a""#, r#""dea""#);
        lines.push(line.replace(r#""m""#, r#""military-operations""#).replace(r#""s""#, r#""debate-article""#));
    }
    lines.push(position("p900").replace("stance", "stanse"));
    let error = world.refused(lines.join("\n")).await;
    let expected = r#"line 900, column 83: position "p900": unknown field `stanse`, expected one of `record`, `externalId`, `supersedes`, `stakeholder`, `onBehalfOf`, `mechanism`, `stance`, "#;
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(world.stakeholder("white-house").await.version, 1);
}

#[tokio::test]
async fn a_wrong_line_is_named_with_what_is_wrong_in_it() {
    let world = World::new(Role::Analyst).await;
    let p = position("p");
    let without = |part: &str| p.replace(part, "");
    let cases = [
        (
            p.replace(r#""m""#, r#""drone-strikes""#),
            r#", column 69: position "p": mechanism: mechanism "drone-strikes" is neither in the file nor stored in this dossier"#,
        ),
        (
            p.replace(r#""source""#, r#""arguments":["g"],"source""#),
            r#", column 122: position "p": arguments: argument "g" is neither in the file nor stored in this dossier"#,
        ),
        (without(r#","source":"s""#), r#": position "p": missing field `source`"#),
        (
            without(r#""externalId":"p","#),
            ": position: externalId: must be given, so that loading the file again changes nothing",
        ),
        (
            r#"{"record":"argument","statement":"G","frame":"LEGAL"}"#.to_owned(),
            ": argument: externalId: must be given, so that loading the file again changes nothing",
        ),
        (
            r#"{"record":"condition","statement":"C","mechanism":"m"}"#.to_owned(),
            ": condition: externalId: must be given, so that loading the file again changes nothing",
        ),
        (
            p.replace("SUPPORT", "FOR"),
            r#", column 86: position "p": stance: unknown variant `FOR`, expected one of `STRONGLY_OPPOSE`, `OPPOSE`, `NEUTRAL`, `SUPPORT`, `STRONGLY_SUPPORT`"#,
        ),
        (
            p.replace(r#""2025""#, "2025"),
            r#", column 106: position "p": statedOn: invalid type: integer `2025`, expected a string"#,
        ),
        (
            p.replace("2025", "October"),
            r#", column 111: position "p": statedOn: "October" is not a date: expected YYYY, YYYY-MM or YYYY-MM-DD"#,
        ),
        (p.replace("2025", "2026-12"), r#", column 103: position "p": statedOn: 2026-12 lies after today, 2026-11-24"#),
        (
            p.replace(r#""source""#, r#""credibility":7,"source""#),
            r#", column 124: position "p": credibility: is 7, expected 1 to 6"#,
        ),
        (
            r#"{"record":"stakeholder","slug":"B b","name":" ","kind":"STATE","country":"mx"}"#.to_owned(),
            r#", column 32: stakeholder "B b": slug: "B b" is not a slug: expected 1 to 100 letters a-z and digits, in words joined by single hyphens; name: must not be empty; country: "mx" is not a country: expected an ISO 3166-1 alpha-2 code such as MX"#,
        ),
        (
            r#"{"record":"mechanism","slug":"n","name":"N","mode":"BILATERAL","kind":"OTHER","parties":[{"stakeholder":"a","rol":"HOST"}]}"#.to_owned(),
            r#", column 113: mechanism "n": parties: unknown field `rol`, expected `stakeholder` or `role`"#,
        ),
        (
            r#"{"record":"mechanism","slug":"n","name":"N","mode":"BILATERAL","kind":"OTHER","parties":[{"stakeholder":"a","role":"HOST"},{"stakeholder":"a","role":"HOST"}]}"#.to_owned(),
            r#", column 89: mechanism "n": parties: names the same stakeholder in the same role twice"#,
        ),
        (
            r#"{"record":"mechanism","slug":"n","name":"N","mode":"BILATERAL","kind":"OTHER","partOf":"n"}"#.to_owned(),
            r#", column 88: mechanism "n": partOf: mechanism "n" was refused, or refers to this record itself"#,
        ),
        (p.replace(r#""stance":"SUPPORT""#, r#""stance":"SUPPORT","stance":"OPPOSE""#), r#", column 99: position "p": duplicate field `stance`"#),
        (p.chars().take(100).collect(), ", column 100: the JSON breaks off: EOF while parsing a string"),
        (p.replace("}", ",}"), ", column 123: is not JSON: trailing comma"),
        (
            r#"{"record":"stakeholder","name":"ééé","slug"}"#.to_owned(),
            ", column 44: is not JSON: expected `:`",
        ),
        (r#"["position"]"#.to_owned(), ": is not a JSON object"),
        (r#"{"slug":"b"}"#.to_owned(), ": record: must be there, expected one of dossier, stakeholder, mechanism, source, condition, argument, position, relation, status, finding, event, implication, rating, retraction"),
        (r#"{"record":"positon"}"#.to_owned(), r#", column 11: positon: record: there is no kind "positon", expected one of dossier, stakeholder, mechanism, source, condition, argument, position, relation, status, finding, event, implication, rating, retraction"#),
        (HEADER.to_owned(), ": header: only the first line is a header"),
        (DOSSIER.to_owned(), r#", column 28: dossier "d": slug: "d" is also that of the dossier on line 2"#),
        (
            r#"{"record":"stakeholder","slug":"a","name":"A","kind":"STATE"}"#.to_owned(),
            r#", column 32: stakeholder "a": slug: "a" is also that of the stakeholder on line 4"#,
        ),
    ];
    let mut wrong = Vec::new();
    for (line, expected) in cases {
        let said = world.refused(file(&[&line])).await;
        if said != format!("line 6{expected}") {
            wrong.push((said, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn two_lines_with_one_external_id_are_both_named() {
    let world = World::new(Role::Analyst).await;
    let error = world.refused(file(&[&position("p"), "", &position("q"), &position("p")])).await;
    assert_eq!(error, r#"line 9, column 35: position "p": externalId: "p" is also that of the position on line 6"#);
    let twin = |slug: &str| {
        format!(r#"{{"record":"stakeholder","slug":"{slug}","name":"B","kind":"STATE","externalId":"x"}}"#)
    };
    let error = world.refused(file(&[&twin("b"), &twin("c")])).await;
    assert_eq!(
        error,
        r#"line 7, column 75: stakeholder "c": externalId: "x" is also that of the stakeholder on line 6"#
    );
}

#[tokio::test]
async fn a_file_must_begin_with_its_header() {
    let world = World::new(Role::Analyst).await;
    let expected = r#"the first line must be the header, {"record":"header","format":"demarche","version":1}"#;
    assert_eq!(world.refused("").await, format!("the file is empty: {expected}"));
    assert_eq!(world.refused("\n \r\n").await, format!("the file is empty: {expected}"));
    assert_eq!(world.refused(DOSSIER).await, format!("line 1: {expected}"));
    assert_eq!(world.refused("\nslug,title\n").await, format!("line 2: is not a JSON object; {expected}"));
    let header = |format: &str, version: &str, more: &str| {
        format!(r#"{{"record":"header","format":{format},"version":{version}{more}}}"#)
    };
    let cases = [
        (header(r#""other""#, "1", ""), r#": the file has the format "other", expected "demarche""#.to_owned()),
        (
            header(r#""demarche""#, "2", r#","more":0"#),
            ": the file has version 2 of the format, this program reads 1".to_owned(),
        ),
        (
            header(r#""demarche""#, "1", r#","more":0"#),
            ", column 57: unknown field `more`, expected one of `record`, `format`, `version`".to_owned(),
        ),
        (r#"{"record":"header","format":"demarche"}"#.to_owned(), format!(": missing field `version`; {expected}")),
    ];
    for (line, expected) in cases {
        assert_eq!(world.refused(format!("{line}\n{DOSSIER}")).await, format!("line 1{expected}"));
    }
}

#[tokio::test]
async fn a_record_must_stand_below_a_dossier() {
    let world = World::new(Role::Analyst).await;
    let file = file(&[]);
    let error = world.refused(file.replace(&format!("{DOSSIER}\n"), "")).await;
    let expected = r#"line 2: source "s": there is no dossier line above this line, so that it belongs to no dossier"#;
    assert_eq!(error, expected);
}

#[tokio::test]
async fn byte_order_mark_line_ends_and_empty_lines_do_not_matter() {
    let world = World::new(Role::Analyst).await;
    let windows = format!("\u{feff}{}\r\n\r\n  \r\n", file(&[&position("p")]).replace('\n', "\r\n\r\n"));
    assert_eq!(world.load(windows).await.unwrap(), report(5, 0, 0, 0));
    let plain = file(&[&position("p")]);
    assert_eq!(world.load(plain).await.unwrap(), report(0, 0, 0, 5));
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_refused() {
    let world = World::new(Role::Analyst).await;
    let mut bytes = file(&[""]).into_bytes();
    bytes.extend(b"{\"record\":\"\xff\"}\n");
    assert_eq!(
        world.refused(bytes).await,
        "line 6, column 12: is not UTF-8: the column counts bytes; `iconv -f latin1 -t utf-8` makes it so, if it is Latin-1"
    );
}

#[tokio::test]
async fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let world = World::new(Role::Analyst).await;
    let endless = std::io::BufReader::new(std::io::Read::chain(Cursor::new(file(&["{"])), std::io::repeat(b' ')));
    let error = load(&world.op, endless).await.unwrap_err();
    assert_eq!(error.to_string(), "line 6: is longer than 16 MiB");
}

#[tokio::test]
async fn a_reader_may_not_load() {
    let world = World::new(Role::Reader).await;
    let error = world.load(SAMPLE).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden(_)), "{error:?}");
    let anonymous = world.op.base.op(Actor::Anonymous);
    let error = load(&anonymous, SAMPLE.as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated(_)), "{error:?}");
}

/// The servers' runtimes move operations between threads.
#[tokio::test]
async fn a_load_can_move_to_another_thread() {
    let world = World::new(Role::Analyst).await;
    let op = world.op.clone();
    tokio::spawn(async move { load(&op, SAMPLE.as_bytes()).await }).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_huge_text_is_refused_in_few_words() {
    let world = World::new(Role::Analyst).await;
    let huge = "x".repeat(10_000_000);
    let error = world
        .refused(file(&[&position("p").replace(r#""source""#, &format!(r#""rationale":"{huge}","source""#))]))
        .await;
    assert_eq!(
        error,
        r#"line 6, column 122: position "p": rationale: has 10000000 characters, at most 20000 are allowed"#
    );
    let error = world.refused(file(&[&position(&huge)])).await;
    let end = r#"xxx": externalId: has 10000000 characters, at most 200 are allowed"#;
    assert!(error.starts_with(r#"line 6, column 35: position "xxx"#) && error.ends_with(end), "{error}");
    assert!(error.chars().count() < 1_100, "{}", error.len());
}
