//! Importing tables through a mapping, and databases of Discourse Network Analyzer.

use std::path::{Path, PathBuf};

use demarche_import::{self as import, Options, Refusal, Report};
use demarche_tests::World;
use entity::words::Role;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::import::{file, load_all, packed_gzip, packed_zstd, report, skipping, state};

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/mappings/un-votes.toml");

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
            (format!("{VOTES}4,\"{}", "x".repeat(17 << 20)).into(), "votes.csv: after line 4: cannot be read: a row is longer than 16 MiB: is there a quote that never closes?"),
            (VOTES.replace("known", "vote").into(), r#"votes.csv: line 1, column 6: there are two columns "vote""#),
            (VOTES.replace("who", "country").into(), r#"map.toml: line 13, column 27: votes.csv has no column "who": it has id, country, what, vote, on, known"#),
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
            (MAP.replace("votes.csv", "other.csv"), "map.toml: line 8, column 8: there is no other.csv, other.csv.zst or other.csv.gz among the tables"),
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
        assert_eq!(done.left_out, [r#"1 statements of the type "Annotation", which say nothing about who agrees with what"#]);
        let again = import::load_dna(&op, &path, "climate", &Options::default()).await.unwrap();
        assert_eq!((again.created, again.edited, again.superseded, again.unchanged), (0, 0, 0, done.created - 1), "the dossier is not the file's");
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
            if &row[1] != "DNA Statement" {
                continue;
            }
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
        assert_eq!((nodes.len(), count), (40, 40));
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
