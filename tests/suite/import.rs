//! Importing the interchange format: packed and in any order, what is refused and where, and that nothing is left of what
//! fails.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use demarche_import::{self as import, Meter, OnError, Options, Report};
use demarche_tests::{Engine, World};
use entity::words::Role;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use serde_json::json;

const HEADER: &str = r#"{"record":"header","format":"demarche","version":1}"#;

pub fn report(created: u64, edited: u64, superseded: u64, unchanged: u64) -> Report {
    Report { created, edited, superseded, unchanged, ..Report::default() }
}

async fn load(world: &World, file: impl Into<Vec<u8>>, options: &Options) -> Result<Report, String> {
    let op = world.op(Role::Analyst).await;
    let reader = std::io::Cursor::new(file.into());
    import::load_with(&op, reader, options).await.map_err(|error| error.to_string())
}

pub async fn load_all(world: &World, file: impl Into<Vec<u8>>) -> Report {
    load(world, file, &Options::default()).await.unwrap()
}

pub fn skipping() -> Options {
    Options { on_error: OnError::Skip, ..Options::default() }
}

fn dry() -> Options {
    Options { dry_run: true, ..Options::default() }
}

/// A dossier with a source, a stakeholder and a mechanism on lines 2 to 5, then these lines.
pub fn file(lines: &[&str]) -> String {
    let start = [
        HEADER,
        r#"{"record":"dossier","slug":"d","title":"D"}"#,
        r#"{"record":"source","slug":"s","title":"S"}"#,
        r#"{"record":"stakeholder","slug":"a","externalId":"A1","name":"A","kind":"STATE"}"#,
        r#"{"record":"mechanism","slug":"m","externalId":"M1","name":"M","mode":"BILATERAL","kind":"DIALOGUE"}"#,
    ];
    [&start, lines].concat().join("\n")
}

fn position(key: &str, stance: &str) -> String {
    format!(
        r#"{{"record":"position","externalId":"{key}","stakeholder":"a","mechanism":"m","stance":"{stance}","statedOn":"2025","source":"s"}}"#
    )
}

/// How many rows each table has, and its indexes and foreign keys.
pub async fn state(world: &World) -> Vec<(String, i64)> {
    let lane = world.op(Role::Analyst).await.lane;
    let statement = |sql: &str| Statement::from_string(lane.get_database_backend(), sql);
    let mut state = Vec::new();
    for table in [
        "dossier",
        "source",
        "stakeholder",
        "mechanism",
        "position",
        "relation",
        "revision",
        "search_document",
        "member",
    ] {
        let row =
            lane.query_one_raw(statement(&format!(r#"SELECT count(*) AS n FROM "{table}""#))).await.unwrap().unwrap();
        state.push((table.to_owned(), row.try_get("", "n").unwrap()));
    }
    let shape = match world.database.engine {
        Engine::Sqlite => "SELECT sql AS d, 0 AS n FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1",
        Engine::Postgres => {
            "SELECT indexdef AS d, CAST(0 AS bigint) AS n FROM pg_indexes WHERE schemaname = 'public' UNION ALL \
             SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid), 0 FROM pg_constraint WHERE contype = 'f' ORDER BY 1"
        }
    };
    for row in lane.query_all_raw(statement(shape)).await.unwrap() {
        state.push((row.try_get("", "d").unwrap(), 0));
    }
    state
}

pub fn packed_zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

pub fn packed_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// More positions than one batch holds: 60 stakeholders on 100 mechanisms.
fn many() -> String {
    let mut file = format!("{HEADER}\n{{\"record\":\"dossier\",\"slug\":\"d\",\"title\":\"D\"}}\n");
    for a in 0..60 {
        for m in 0..100 {
            let line = position(&format!("{a}-{m}"), if (a + m) % 3 == 0 { "OPPOSE" } else { "SUPPORT" });
            let line = line.replace(r#""a""#, &format!("\"a{a}\"")).replace(r#""m""#, &format!("\"M-{m}\""));
            writeln!(file, "{line}").unwrap();
        }
    }
    for a in 0..60 {
        writeln!(file, r#"{{"record":"stakeholder","slug":"a{a}","name":"A","kind":"STATE"}}"#).unwrap();
    }
    for m in 0..100 {
        let kind = r#""mode":"BILATERAL","kind":"DIALOGUE""#;
        writeln!(file, r#"{{"record":"mechanism","slug":"m{m}","externalId":"M-{m}","name":"M",{kind}}}"#).unwrap();
    }
    file + r#"{"record":"source","slug":"s","title":"S"}"#
}

demarche_tests::suite! {
    async fn a_packed_file_is_known_by_its_content(world) {
        let plain = file(&[&position("p", "SUPPORT")]);
        assert_eq!(load_all(&world, packed_zstd(plain.as_bytes())).await, report(5, 0, 0, 0));
        assert_eq!(load_all(&world, packed_gzip(plain.as_bytes())).await, report(0, 0, 0, 5));
        assert_eq!(load_all(&world, plain).await, report(0, 0, 0, 5));
    }

    async fn a_packed_file_that_breaks_off_is_said_to(world) {
        let before = state(&world).await;
        let noise: String = (0..20_000).map(|n: u64| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        let plain = file(&[&position("p", "SUPPORT").replace(r#""source":"s""#, &format!(r#""rationale":"{noise}","source":"s""#))]);
        for packed in [packed_zstd(plain.as_bytes()), packed_gzip(plain.as_bytes())] {
            let cut = packed[..packed.len() * 2 / 3].to_vec();
            let said = load(&world, cut, &skipping()).await.unwrap_err();
            assert_eq!(said, "line 6: the file breaks off: it is packed, and its end is missing");
        }
        assert_eq!(state(&world).await, before);
    }

    async fn the_order_of_the_lines_does_not_matter(world) {
        let lines: Vec<&str> = import::SAMPLE.lines().collect();
        let (start, rest) = lines.split_at(2);
        let turned: Vec<&str> = start.iter().chain(rest.iter().rev()).copied().collect();
        let all = u64::try_from(lines.len() - 1).unwrap();
        assert_eq!(load_all(&world, turned.join("\n")).await, report(all, 0, 0, 0));
        assert_eq!(load_all(&world, import::SAMPLE).await, report(0, 0, 0, all));
    }

    async fn arguments_may_rebut_each_other(world) {
        let lines = [
            r#"{"record":"argument","externalId":"g1","statement":"G","frame":"LEGAL","rebuts":["g2"]}"#,
            r#"{"record":"argument","externalId":"g2","statement":"G","frame":"LEGAL","rebuts":["g1"]}"#,
        ];
        assert_eq!(load_all(&world, file(&lines)).await, report(6, 0, 0, 0));
        assert_eq!(load_all(&world, file(&lines)).await, report(0, 0, 0, 6));
        world.load("").await;
        let told = world.analyst().await.data("{ dossier(slug: \"d\") { arguments(first: 5) { nodes { externalId rebuts { externalId } } } } }").await;
        let nodes = &told["dossier"]["arguments"]["nodes"];
        assert_eq!(nodes[0], json!({ "externalId": "g1", "rebuts": [{ "externalId": "g2" }] }));
        assert_eq!(nodes[1], json!({ "externalId": "g2", "rebuts": [{ "externalId": "g1" }] }));
    }

    async fn mechanisms_may_not_be_part_of_each_other(world) {
        let part = |of: &str, whole: &str| {
            format!(r#"{{"record":"mechanism","slug":"{of}","name":"N","mode":"BILATERAL","kind":"OTHER","partOf":"{whole}"}}"#)
        };
        let said = load(&world, file(&[&part("n", "o"), &part("o", "n")]), &Options::default()).await.unwrap_err();
        assert_eq!(said, r#"line 6, column 88: mechanism "n": partOf: mechanism "o" was refused, or refers to this record itself"#);
    }

    async fn records_are_referred_to_by_slug_or_external_id(world) {
        let line = position("p", "SUPPORT").replace(r#""a""#, r#""A1""#).replace(r#""m""#, r#""M1""#);
        assert_eq!(load_all(&world, file(&[&line])).await, report(5, 0, 0, 0));
        assert_eq!(load_all(&world, file(&[&position("p", "SUPPORT")])).await, report(0, 0, 0, 5));
    }

    async fn a_dry_run_says_what_would_happen_and_keeps_nothing(world) {
        let before = state(&world).await;
        assert_eq!(load(&world, many(), &dry()).await.unwrap(), report(6162, 0, 0, 0));
        assert_eq!(state(&world).await, before);
    }

    async fn what_is_refused_is_reported_and_the_rest_is_loaded(world) {
        let lines = [
            position("p", "SUPPORT"),
            position("q", "FOR"),
            position("p", "OPPOSE"),
            position("r", "SUPPORT").replace("2025", "2025-02-31"),
            position("t", "SUPPORT").replace(r#""m""#, r#""nowhere""#),
            "{".to_owned(),
            r#"{"record":"stakeholder","slug":"B","name":"B","kind":"STATE"}"#.to_owned(),
            position("u", "SUPPORT").replace(r#""s""#, r#""s","marking":"PURPLE""#),
            position("v", "OPPOSE"),
            position("w", "SUPPORT").replace(r#""s""#, "\"s\",\"rationale\":\"a\\u0000b\""),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let done = load(&world, file(&lines), &skipping()).await.unwrap();
        assert_eq!((done.created, done.refused), (6, 8));
        let mut said: Vec<String> = done.refusals.iter().map(ToString::to_string).collect();
        said.sort();
        let expected = [
            r#"line 10, column 69: position "t": mechanism: mechanism "nowhere" is neither in the file nor stored in this dossier"#,
            r#"line 11, column 1: the JSON breaks off: EOF while parsing an object"#,
            r#"line 12, column 32: stakeholder "B": slug: "B" is not a slug: expected 1 to 100 letters a-z and digits, in words joined by single hyphens"#,
            r#"line 13, column 140: position "u": marking: unknown variant `PURPLE`, expected one of `CLEAR`, `GREEN`, `AMBER`, `AMBER_STRICT`, `RED`"#,
            r#"line 15, column 135: position "w": rationale: contains the character NUL (U+0000)"#,
            r#"line 7, column 86: position "q": stance: unknown variant `FOR`, expected one of `STRONGLY_OPPOSE`, `OPPOSE`, `NEUTRAL`, `SUPPORT`, `STRONGLY_SUPPORT`"#,
            r#"line 8, column 35: position "p": externalId: "p" is also that of the position on line 6"#,
            r#"line 9, column 114: position "r": statedOn: "2025-02-31" is not a date of the calendar"#,
        ];
        similar_asserts::assert_eq!(said, expected);
        let again = load(&world, file(&lines), &skipping()).await.unwrap();
        assert_eq!((again.created, again.unchanged, again.refused), (0, 6, 8));
    }

    async fn a_supersession_that_is_refused_leaves_the_old_assertion(world) {
        load_all(&world, file(&[&position("p", "SUPPORT")])).await;
        let wrong = position("p", "OPPOSE").replace("2025", "2999");
        let done = load(&world, file(&[&wrong, &position("q", "SUPPORT")]), &skipping()).await.unwrap();
        assert_eq!((done.created, done.unchanged, done.refused), (1, 4, 1));
        assert_eq!(load_all(&world, file(&[&position("p", "SUPPORT")])).await, report(0, 0, 0, 5));
    }

    async fn very_many_positions_are_loaded_with_all_indexes_and_then_unchanged(world) {
        let before = state(&world).await;
        assert_eq!(load_all(&world, many()).await, report(6162, 0, 0, 0));
        let after = state(&world).await;
        let shape = |state: &[(String, i64)]| state.iter().filter(|(_, rows)| *rows == 0).cloned().collect::<Vec<_>>();
        assert_eq!(shape(&before).len(), shape(&after).len() + 8, "eight tables have rows now, and nothing else changed");
        assert_eq!(load_all(&world, many()).await, report(0, 0, 0, 6162));
        let changed = many().replace(r#""3-4","stakeholder":"a3","mechanism":"M-4","stance":"SUPPORT""#, r#""3-4","stakeholder":"a3","mechanism":"M-4","stance":"OPPOSE""#);
        assert_eq!(load_all(&world, changed).await, report(0, 0, 1, 6161));
        let other = many().replacen(r#""slug":"d""#, r#""slug":"e""#, 1);
        assert_eq!(load_all(&world, other).await, report(6162, 0, 0, 0));
    }

    async fn an_error_in_the_last_batch_leaves_nothing_and_the_next_run_works(world) {
        let before = state(&world).await;
        let broken = format!("{}\n{}", many(), position("last", "SUPPORT").replace(r#""a""#, r#""a0""#).replace(r#""m""#, r#""nowhere""#));
        let said = load(&world, broken, &Options::default()).await.unwrap_err();
        assert!(said.contains(r#"mechanism "nowhere" is neither"#), "{said}");
        assert_eq!(state(&world).await, before);
        assert_eq!(load_all(&world, many()).await, report(6162, 0, 0, 0));
    }

    async fn why_a_batch_could_not_be_written_is_said_though_later_ones_are_looked_at_already(world) {
        // With a position there, PostgreSQL keeps the indexes of the table while it is filled.
        load_all(&world, file(&[&position("p", "SUPPORT")])).await;
        let op = world.op(Role::Analyst).await.begin().await.unwrap();
        op.lane.execute_unprepared("CREATE UNIQUE INDEX one_for_each_locator ON position (locator)").await.unwrap();
        op.commit().await.unwrap();
        let before = state(&world).await;
        let mut clashing = many().replacen(r#""slug":"d""#, r#""slug":"e""#, 1);
        for key in ["0-1", "0-2"] {
            let key = format!(r#""externalId":"{key}","#);
            clashing = clashing.replacen(&key, &format!(r#"{key}"locator":"p. 1","#), 1);
        }
        let said = load(&world, clashing, &Options::default()).await.unwrap_err();
        assert!(said.contains("was written at the same time"), "{said}");
        assert_eq!(state(&world).await, before);
    }

    async fn an_import_writes_all_that_hangs_on_its_records_while_somebody_reads_their_table(world) {
        let reader = sea_orm::Database::connect(&world.database.url).await.unwrap();
        let reading = reader.begin().await.unwrap();
        reading.execute_unprepared("SELECT count(*) FROM position").await.unwrap();
        let told = many().replace(r#""stance""#, r#""rationale":"Because.","stance""#);
        assert_eq!(load_all(&world, told).await, report(6162, 0, 0, 0));
        reading.rollback().await.unwrap();
        reader.close().await.unwrap();
        let state = state(&world).await;
        assert!(state.contains(&("search_document".to_owned(), 6162)), "{state:?}");
    }

    async fn an_import_that_is_cut_off_leaves_nothing_and_the_next_run_works(world) {
        let before = state(&world).await;
        let meter = Arc::new(Meter::default());
        let options = Options { meter: meter.clone(), ..Options::default() };
        let op = world.op(Role::Analyst).await;
        let running = tokio::spawn(async move { import::load_with(&op, std::io::Cursor::new(many().into_bytes()), &options).await });
        while meter.records() < 162 {
            tokio::task::yield_now().await;
        }
        running.abort();
        assert!(running.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(load(&world, many(), &dry()).await.unwrap(), report(6162, 0, 0, 0));
        assert_eq!(state(&world).await, before);
    }

    async fn a_marking_left_out_is_as_high_as_what_is_referred_to(world) {
        let secret = file(&[&position("p", "SUPPORT")]).replace(r#""slug":"m""#, r#""marking":"RED","slug":"m""#);
        load_all(&world, secret.clone()).await;
        load_all(&world, secret.replace(r#""marking":"RED""#, r#""marking":"CLEAR""#)).await;
        let told = world.analyst().await.data("{ dossier(slug: \"d\") { positions(first: 5) { nodes { marking mechanism { marking } } } } }").await;
        assert_eq!(told["dossier"]["positions"]["nodes"], json!([{ "marking": "RED", "mechanism": { "marking": "RED" } }]));
    }

    async fn a_member_who_may_only_read_imports_nothing(world) {
        world.load(r#"{"record":"dossier","slug":"d","title":"D"}"#).await;
        let before = state(&world).await;
        let op = world.op(Role::Reader).await;
        let lines = file(&[&position("p", "SUPPORT")]);
        let said = import::load_with(&op, lines.as_bytes(), &skipping()).await.unwrap_err();
        assert_eq!(said.code(), "FORBIDDEN");
        assert_eq!(state(&world).await, before);
    }
}
