//! Importing, on both databases: the interchange format packed and in any order, tables through a mapping, what is refused
//! and where, and that nothing is left of what fails.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use demarche_api::import::{self, Meter, OnError, Options, Refusal, Report};
use demarche_tests::{Engine, World};
use entity::words::Role;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const HEADER: &str = r#"{"record":"header","format":"demarche","version":1}"#;
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/mappings/un-votes.toml");

fn report(created: u64, edited: u64, superseded: u64, unchanged: u64) -> Report {
    Report { created, edited, superseded, unchanged, ..Report::default() }
}

async fn load(world: &World, file: impl Into<Vec<u8>>, options: &Options) -> Result<Report, String> {
    let op = world.op(Role::Analyst).await;
    let reader = std::io::Cursor::new(file.into());
    import::load_with(&op, reader, options).await.map_err(|error| error.to_string())
}

async fn load_all(world: &World, file: impl Into<Vec<u8>>) -> Report {
    load(world, file, &Options::default()).await.unwrap()
}

fn skipping() -> Options {
    Options { on_error: OnError::Skip, ..Options::default() }
}

fn dry() -> Options {
    Options { dry_run: true, ..Options::default() }
}

/// A dossier with a source, a stakeholder and a mechanism on lines 2 to 5, then these lines.
fn file(lines: &[&str]) -> String {
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
async fn state(world: &World) -> Vec<(String, i64)> {
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

fn packed_zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn packed_gzip(bytes: &[u8]) -> Vec<u8> {
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
        assert_eq!(said, r#"line 6, column 91: mechanism "n": partOf: mechanism "o" was refused, or refers to this record itself"#);
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
            r#"line 10, column 65: position "t": mechanism: mechanism "nowhere" is neither in the file nor stored in this dossier"#,
            r#"line 11, column 1: the JSON breaks off: EOF while parsing an object"#,
            r#"line 12, column 32: stakeholder "B": slug: "B" is not a slug: expected 1 to 100 letters a-z and digits, in words joined by single hyphens"#,
            r#"line 13, column 143: position "u": marking: unknown variant `PURPLE`, expected one of `CLEAR`, `GREEN`, `AMBER`, `AMBER_STRICT`, `RED`"#,
            r#"line 15, column 137: position "w": rationale: contains the character NUL (U+0000)"#,
            r#"line 7, column 86: position "q": stance: unknown variant `FOR`, expected one of `STRONGLY_OPPOSE`, `OPPOSE`, `NEUTRAL`, `SUPPORT`, `STRONGLY_SUPPORT`"#,
            r#"line 8, column 34: position "p": externalId: "p" is also that of the position on line 6"#,
            r#"line 9, column 118: position "r": statedOn: "2025-02-31" is not a date of the calendar"#,
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
        assert_eq!(shape(&before).len(), shape(&after).len() + 7, "seven tables have rows now, and nothing else changed");
        assert_eq!(load_all(&world, many()).await, report(0, 0, 0, 6162));
        let changed = many().replace(r#""3-4","stakeholder":"a3","mechanism":"M-4","stance":"SUPPORT""#, r#""3-4","stakeholder":"a3","mechanism":"M-4","stance":"OPPOSE""#);
        assert_eq!(load_all(&world, changed).await, report(0, 0, 1, 6161));
        let other = many().replacen(r#""slug":"d""#, r#""slug":"e""#, 1);
        assert_eq!(load_all(&world, other).await, report(6162, 0, 0, 0));
    }

    async fn an_error_in_the_last_batch_leaves_nothing_and_the_next_run_works(world) {
        let before = state(&world).await;
        let broken = format!("{}\n{}", many(), position("last", "SUPPORT").replace(r#""m""#, r#""nowhere""#));
        let said = load(&world, broken, &Options::default()).await.unwrap_err();
        assert!(said.contains(r#"mechanism "nowhere" is neither"#), "{said}");
        assert_eq!(state(&world).await, before);
        assert_eq!(load_all(&world, many()).await, report(6162, 0, 0, 0));
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

/// A folder of tables and a mapping.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
        self
    }

    async fn import(&self, world: &World, mapping: &Path, options: &Options) -> Result<Report, String> {
        let op = world.op(Role::Analyst).await;
        import::load_mapped(&op, mapping, self.0.path(), options).await.map_err(|error| error.to_string())
    }

    async fn mapped(&self, world: &World, options: &Options) -> Result<Report, String> {
        self.import(world, &self.0.path().join("map.toml"), options).await
    }
}

/// Where the real data lies, if it is on this machine.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(path);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

const MAP: &str = r#"mapping = 1
dossier = "d"

[defaults.position]
source = "s"

[[table]]
path = "votes.csv"
record = "position"
skip = [{ column = "vote", equals = ["absent"] }]

[table.fields]
externalId = { template = "{id}-{who}" }
stakeholder = { column = "who" }
mechanism = { column = "what" }
stance = { column = "vote", translate = { yes = "SUPPORT", no = "OPPOSE" } }
statedOn = { column = "on", precision-column = "known" }
"#;

const VOTES: &str =
    "id,who,what,vote,on,known\n1,a,m,yes,2001-02-03,day\n2,A1,M1,no,2001-02-03,month\n3,a,m,absent,x,y\n";

async fn prepared(world: &World) {
    load_all(world, file(&[])).await;
}

demarche_tests::suite! {
    async fn a_table_becomes_positions(world) {
        prepared(&world).await;
        let folder = Folder::new().with("map.toml", MAP).with("votes.csv", VOTES);
        assert_eq!(folder.mapped(&world, &Options::default()).await, Ok(report(2, 0, 0, 0)));
        assert_eq!(folder.mapped(&world, &Options::default()).await, Ok(report(0, 0, 0, 2)));
        let told = world.analyst().await.data(
            "{ dossier(slug: \"d\") { positions(first: 5) { nodes { externalId stance statedOn statedOnPrecision source { slug } } } } }",
        ).await;
        let nodes = told["dossier"]["positions"]["nodes"].as_array().unwrap();
        let texts: Vec<String> = nodes.iter().map(Value::to_string).collect();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("1-a") && texts[0].contains("SUPPORT") && texts[0].contains("DAY"), "{texts:?}");
        assert!(texts[1].contains("2-A1") && texts[1].contains("OPPOSE") && texts[1].contains("MONTH"), "{texts:?}");
    }

    async fn a_table_is_refused_with_file_line_and_column(world) {
        prepared(&world).await;
        let before = state(&world).await;
        let row = |row: &str| format!("{VOTES}{row}\n");
        let tables: Vec<(Vec<u8>, &str)> = vec![
            (row("4,a,m,maybe,2001-02-03,day").into(), r#"votes.csv: line 5, column 4 (vote): position: stance: "maybe" is none of the values that the mapping translates: no, yes"#),
            (row("4,a,nowhere,yes,2001-02-03,day").into(), r#"votes.csv: line 5, column 3 (what): position: mechanism: mechanism "nowhere" is neither in the file nor stored in this dossier"#),
            (row("4,a,m,yes,2001-02-31,month").into(), r#"votes.csv: line 5, column 5 (on): position: statedOn: "2001-02-31" is not a date of the calendar"#),
            (row("4,a,m,yes,2001-02-03,week").into(), r#"votes.csv: line 5, column 5 (on): position: statedOn: "week" is not a precision: expected day, month or year"#),
            (row("1,a,m,yes,2001-02-03,day").into(), r#"votes.csv: line 5, column 1 (id): position: externalId: "1-a" is also that of the position on line 2"#),
            (row("4,a,m,,2001-02-03,day").into(), r#"votes.csv: line 5: position: missing field `stance`"#),
            (row("4,a,m").into(), "votes.csv: line 5: position: has 3 columns, the first line has 6"),
            (row("4,a,m,yes,2999-01-01,day").into(), r#"votes.csv: line 5, column 5 (on): position "4-a": statedOn: 2999-01-01 lies after today, 2026-11-24"#),
            ([VOTES.as_bytes(), b"4,M\xe9xico,m,yes,2001-02-03,day\n"].concat(), "votes.csv: line 5: position: column 2 (who) is not UTF-8: `iconv -f latin1 -t utf-8` makes it so, if it is Latin-1"),
            (row("4,a\0,m,yes,2001-02-03,day").into(), "votes.csv: line 5, column 2 (who): position: stakeholder: stakeholder \"a\\0\" is neither in the file nor stored in this dossier"),
            (row("4,a,m,yes,2001-02-03,\"day\n5,a,m,yes,2001-02-03,day").into(), "votes.csv: line 5: a quote is opened and never closed, so that this row goes on to the end of the file"),
            (format!("{VOTES}4,\"{}", "x".repeat(17 << 20)).into(), "votes.csv: a row is longer than 16 MiB: is there a quote that never closes?"),
            (VOTES.replace("known", "vote").into(), r#"votes.csv: line 1, column 6: there are two columns "vote""#),
            (VOTES.replace("who", "country").into(), r#"map.toml: line 13, column 28: votes.csv has no column "who": it has id, country, what, vote, on, known"#),
        ];
        let mut wrong = Vec::new();
        for (table, expected) in tables {
            let folder = Folder::new().with("map.toml", MAP).with("votes.csv", table);
            let said = folder.mapped(&world, &Options::default()).await.unwrap_err();
            if !said.starts_with(expected) {
                wrong.push((said, expected));
            }
            assert_eq!(state(&world).await, before);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn bad_rows_of_a_table_are_skipped_and_reported(world) {
        prepared(&world).await;
        let table = format!("\u{feff}{VOTES}4,a,m,maybe,2001-02-03,day\n5,a,m,yes,2001-02-03,day\n");
        let folder = Folder::new().with("map.toml", MAP).with("votes.csv", table);
        let done = folder.mapped(&world, &skipping()).await.unwrap();
        let refusal = Refusal {
            file: Some("votes.csv".to_owned()),
            line: Some(5),
            column: Some(4),
            column_name: Some("vote".to_owned()),
            record: Some("position".to_owned()),
            message: r#"stance: "maybe" is none of the values that the mapping translates: no, yes"#.to_owned(),
        };
        assert_eq!(done, Report { created: 3, refused: 1, refusals: vec![refusal], ..Report::default() });
    }

    async fn a_mapping_that_makes_no_sense_is_refused_with_line_and_column(world) {
        prepared(&world).await;
        let cases = [
            (MAP.replace("stance =", "stanse ="), "map.toml: line 16, column 1: unknown field `stanse`, expected one of"),
            (MAP.replace(r#""position""#, r#""vote""#), r#"map.toml: line 9, column 10: there is no kind of record "vote", expected one of source,"#),
            (MAP.replace("mapping = 1", "mapping = 2"), "map.toml: line 1, column 11: the mapping has version 2, this program reads 1"),
            (MAP.replace("translate", "translat"), "map.toml: line 16, column"),
            (MAP.replace(r#"column = "who""#, r#"column = "who", value = 1"#), "map.toml: line 14, column 15: expected exactly one of column, value, template"),
            (MAP.replace("{id}-{who}", "{id-who"), "map.toml: line 13, column 27: this template has a { without a }"),
            (MAP.replace("votes.csv", "other.csv"), "map.toml: line 8, column 8: there is no other.csv, other.csv.zst or other.csv.gz in"),
            (MAP.replace(r#"dossier = "d""#, r#"dossier = "e""#), r#"there is no dossier "e" that you may see"#),
            (MAP.replace("source = \"s\"", "sorce = \"s\""), "votes.csv: line 2: position: unknown field `sorce`"),
            (MAP.replace("[[table]]", "[[table]"), "map.toml: line 7, column"),
        ];
        let mut wrong = Vec::new();
        for (mapping, expected) in cases {
            let folder = Folder::new().with("map.toml", mapping).with("votes.csv", VOTES);
            let said = folder.mapped(&world, &Options::default()).await.unwrap_err();
            if !said.starts_with(expected) {
                wrong.push((said, expected));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn the_votes_of_the_united_nations_are_loaded_with_the_mapping_that_ships(world) {
        let Some(data) = shared("un-votes") else { return world };
        let unpack = |name: &str| {
            let bytes = std::fs::read(data.join(name)).unwrap();
            String::from_utf8(zstd::decode_all(bytes.as_slice()).unwrap()).unwrap()
        };
        // A part of each table, with what is peculiar to it.
        let (mechanisms, positions) = (unpack("mechanisms.csv.zst"), unpack("positions.csv.zst"));
        let some: Vec<&str> = mechanisms.split_inclusive('\n').enumerate().filter(|(n, _)| n % 60 == 0).map(|(_, line)| line).collect();
        let ids: std::collections::HashSet<&str> = some.iter().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        let votes: Vec<&str> = positions.split_inclusive('\n').enumerate()
            .filter(|(n, line)| *n == 0 || (ids.contains(line.split(',').next().unwrap()) && (line.contains(",NA,") || n % 9 == 0)))
            .map(|(_, line)| line).collect();
        let folder = Folder::new()
            .with("stakeholders.csv", std::fs::read(data.join("stakeholders.csv")).unwrap())
            .with("mechanisms.csv.zst", packed_zstd(some.concat().as_bytes()))
            .with("positions.csv.gz", packed_gzip(votes.concat().as_bytes()));
        let all = u64::try_from(2 + 200 + some.len() - 1 + votes.len() - 1).unwrap();
        let mapping = Path::new(MAPPING);
        assert_eq!(folder.import(&world, mapping, &Options::default()).await, Ok(report(all, 0, 0, 0)));
        assert_eq!(folder.import(&world, mapping, &Options::default()).await, Ok(report(0, 0, 0, all)));
        let told = world.analyst().await.data(
            "{ dossier(slug: \"un-general-assembly\") { namibia: stakeholder(slug: \"na\") { name country externalId positions(first: 1) { totalCount } }
               gone: stakeholder(slug: \"yu\") { name country } mechanisms(first: 200) { nodes { name externalId } }
               old: positions(filter: { statedOn: { lt: \"2003-01-01\" } }, first: 200) { nodes { statedOnPrecision } }
               new: positions(filter: { statedOn: { gte: \"2003-01-01\" } }, first: 200) { nodes { statedOnPrecision } } } }",
        ).await;
        let dossier = &told["dossier"];
        assert_eq!(dossier["namibia"]["name"], "Namibia");
        assert_eq!((&dossier["namibia"]["country"], &dossier["namibia"]["externalId"]), (&json!("NA"), &json!("NA")));
        assert!(dossier["namibia"]["positions"]["totalCount"].as_u64().unwrap() > 5);
        assert_eq!(dossier["gone"], json!({ "name": "Yugoslavia", "country": null }));
        assert!(dossier["mechanisms"]["nodes"].as_array().unwrap().iter().all(|node| !node["name"].as_str().unwrap().is_empty()));
        let precise = |list: &Value, precision: &str| {
            let nodes = list["nodes"].as_array().unwrap();
            assert!(!nodes.is_empty() && nodes.iter().all(|node| node["statedOnPrecision"] == precision), "{list}");
        };
        precise(&dossier["old"], "MONTH");
        precise(&dossier["new"], "DAY");
    }

    async fn a_database_of_discourse_network_analyzer_becomes_positions_with_quotes(world) {
        let Some(path) = shared("dna-sample/sample.dna") else { return world };
        let table = std::fs::read_to_string(shared("dna-sample/statements.csv").unwrap()).unwrap();
        let op = world.op(Role::Analyst).await;
        let done = import::load_dna(&op, &path, "climate", &Options::default()).await.unwrap();
        assert_eq!(done.refused, 0);
        let again = import::load_dna(&op, &path, "climate", &Options::default()).await.unwrap();
        assert_eq!((again.created, again.edited, again.superseded, again.unchanged), (0, 0, 0, done.created));
        let told = world.analyst().await.data(
            "{ dossier(slug: \"climate\") { positions(first: 100) { nodes { externalId stance statedOn
               stakeholder { name } onBehalfOf { name } mechanism { name } source { slug title text }
               quote { exact start end } } } relations(first: 100) { nodes { kind from { name } to { name } } } } }",
        ).await;
        let nodes = told["dossier"]["positions"]["nodes"].as_array().unwrap();
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let mut count = 0;
        for row in rows.records() {
            let row = row.unwrap();
            count += 1;
            let node = nodes.iter().find(|node| node["externalId"] == format!("dna-statement-{}", &row[0])).unwrap();
            assert_eq!(node["source"]["title"], &row[3]);
            assert_eq!(node["statedOn"], &row[4][..10]);
            assert_eq!((&node["stakeholder"]["name"], &node["onBehalfOf"]["name"]), (&json!(&row[7]), &json!(&row[8])));
            assert_eq!(node["mechanism"]["name"], &row[9]);
            assert_eq!(node["stance"], if &row[10] == "1" { "SUPPORT" } else { "OPPOSE" });
            let text: Vec<u16> = node["source"]["text"].as_str().unwrap().encode_utf16().collect();
            let (start, stop): (usize, usize) = (row[5].parse().unwrap(), row[6].parse().unwrap());
            assert_eq!(node["quote"]["exact"], String::from_utf16(&text[start..stop]).unwrap());
            let characters = |units: usize| String::from_utf16(&text[..units]).unwrap().chars().count();
            assert_eq!((&node["quote"]["start"], &node["quote"]["end"]), (&json!(characters(start)), &json!(characters(stop))));
        }
        assert_eq!((nodes.len(), count), (41, 41));
        let ties = told["dossier"]["relations"]["nodes"].as_array().unwrap();
        assert!(ties.iter().any(|tie| tie["from"]["name"] == "Joel Bluestein" && tie["to"]["name"] == "Energy and Environmental Analysis, Inc."));
        assert!(ties.iter().all(|tie| tie["kind"] == "REPRESENTS"));
    }

    async fn what_is_no_database_of_discourse_network_analyzer_3_is_refused(world) {
        let before = state(&world).await;
        let folder = tempfile::tempdir().unwrap();
        let op = world.op(Role::Analyst).await;
        let make = async |name: &str, sql: &str| {
            let path = folder.path().join(name);
            let made = sea_orm::Database::connect(format!("sqlite:{}?mode=rwc", path.display())).await.unwrap();
            made.execute_unprepared(sql).await.unwrap();
            made.close().await.unwrap();
            path
        };
        let text = folder.path().join("text.dna");
        std::fs::write(&text, "id,person\n1,X\n").unwrap();
        let half = folder.path().join("half.dna");
        std::fs::write(&half, b"SQLite format 3\0and no more").unwrap();
        let settings = |version: &str| format!("CREATE TABLE SETTINGS(Property TEXT, Value TEXT); INSERT INTO SETTINGS VALUES ('version', '{version}');");
        let cases = [
            (text, "text.dna is not a database of Discourse Network Analyzer 3: it is no SQLite file"),
            (half, "half.dna is not a database of Discourse Network Analyzer 3: it cannot be read"),
            (make("other.dna", "CREATE TABLE t(a)").await, "other.dna is not a database of Discourse Network Analyzer 3: it has other tables"),
            (make("old.dna", &settings("2.0 beta 25")).await, "old.dna is not a database of Discourse Network Analyzer 3: it is one of version 2.0 beta 25; open it there and save it anew"),
            (make("new.dna", &settings("3.0.7")).await, "new.dna is not a database of Discourse Network Analyzer 3: it has other tables"),
        ];
        for (path, expected) in cases {
            let said = import::load_dna(&op, &path, "d", &Options::default()).await.unwrap_err().to_string();
            assert!(said.starts_with(expected), "{said}");
        }
        assert_eq!(state(&world).await, before);
    }
}
