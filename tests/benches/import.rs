//! How fast the votes of the United Nations are imported, all checks on, against what each database does with the same rows
//! by itself: `sqlite3 .import` and `psql \copy`, under the same constraints and indexes.
//!
//!     cargo bench -p demarche_tests --bench import
//!
//! The figures to look at are the ratios: both sides run one after the other, on the same machine, in one run. Ours does
//! more: the 6,405 nodes that the positions refer to are imported as well. The memory is the peak of a process that does
//! nothing else; of it, `anonymous` is what no file stands behind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use demarche_core::domain::account::{self, Authority, Draft};
use demarche_core::op::{Actor, Base, Ids, SystemClock};
use demarche_core::store::Store;
use demarche_tests::database::{self, Database, place};
use demarche_tests::{Engine, votes};
use entity::words::{Marking, Role};
use sea_orm::{ConnectionTrait, Database as Sea, Statement};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if runtime.block_on(votes::serve()) {
        return;
    }
    let data = match votes::folder() {
        Ok(data) => data,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("second.toml");
    let mapping = std::fs::read_to_string(votes::mapping()).unwrap();
    std::fs::write(&second, mapping.replace(&format!("\"{}\"", votes::DOSSIER), "\"second\"")).unwrap();
    let arguments: Vec<String> = std::env::args().collect();
    let only = arguments.iter().find(|argument| ["sqlite", "postgres"].contains(&argument.as_str()));
    for (name, engine) in [("sqlite", Engine::Sqlite), ("postgres", Engine::Postgres)] {
        if only.is_none_or(|only| only == name) {
            runtime.block_on(measure(engine, &data, folder.path(), &second));
        }
    }
}

async fn measure(engine: Engine, data: &Path, folder: &Path, second: &Path) {
    let database = match database::fresh(engine).await {
        Ok(database) => database,
        Err(why) => return println!("{engine:?}: skipped: {why}"),
    };
    prepare(&database).await;
    println!("{engine:?}");
    let ours = ours(&database, data, &votes::mapping());
    let dump = folder.join("positions.csv");
    let theirs = theirs(&database, &dump, votes::DOSSIER).await;
    compare("first load into an empty database", &ours, theirs, if engine == Engine::Sqlite { 1.1 } else { 1.0 });
    let again = self::ours(&database, data, &votes::mapping());
    println!("  the same again, nothing changes: {:.1} s, {}", again.time.as_secs_f64(), again.memory);
    let ours = self::ours(&database, data, second);
    let theirs = self::theirs(&database, &dump, "second").await;
    compare("load into a full one", &ours, theirs, 1.5);
}

struct Run {
    time: Duration,
    memory: String,
}

fn compare(what: &str, ours: &Run, theirs: Duration, most: f64) {
    let ratio = ours.time.as_secs_f64() / theirs.as_secs_f64();
    let (one, other) = (ours.time.as_secs_f64(), theirs.as_secs_f64());
    println!("  {what}: {one:.1} s against {other:.1} s, ratio {ratio:.2} (at most {most}); {}", ours.memory);
}

async fn prepare(database: &Database) {
    let store = Store::open(&place(&database.url)).await.unwrap();
    let base = Base { store, clock: Arc::new(SystemClock), ids: Arc::new(Ids::new(1)) };
    let draft = Draft {
        email: votes::ANALYST.to_owned(),
        name: "Bench".to_owned(),
        password: Some("a long password".to_owned()),
        role: Role::Analyst,
        clearance: Marking::Red,
    };
    let hash = async |_| Ok("none".to_owned());
    account::create(&base.op(Actor::Anonymous), Authority::Machine, draft, hash).await.unwrap();
    base.store.close().await;
}

/// Imports in a process of its own.
fn ours(database: &Database, data: &Path, mapping: &Path) -> Run {
    let begun = Instant::now();
    let memory = votes::load(&database.url, data, mapping);
    Run { time: begun.elapsed(), memory }
}

/// Takes a dossier's positions out of a copy of the database, and lets the database load them again.
async fn theirs(database: &Database, dump: &Path, dossier: &str) -> Duration {
    match database.engine {
        Engine::Sqlite => sqlite(database, dump, dossier).await,
        Engine::Postgres => postgres(database, dump, dossier).await,
    }
}

fn own(dossier: &str) -> String {
    format!("dossier_id = (SELECT id FROM dossier WHERE slug = '{dossier}')")
}

async fn sqlite(database: &Database, dump: &Path, dossier: &str) -> Duration {
    let path = database.folder().unwrap().join("test.db");
    let copy: PathBuf = database.folder().unwrap().join("baseline.db");
    let _ = std::fs::remove_file(&copy);
    let connection = Sea::connect(&database.url).await.unwrap();
    connection.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display())).await.unwrap();
    connection.close().await.unwrap();
    // What `.import` finds too few values for it makes NULL; so the columns that are empty here must come last.
    let baseline = Sea::connect(format!("sqlite:{}", copy.display())).await.unwrap();
    let one = |sql: String| Statement::from_string(baseline.get_database_backend(), sql);
    let table = "SELECT sql FROM sqlite_master WHERE name = 'position'".to_owned();
    let table: String = baseline.query_one_raw(one(table)).await.unwrap().unwrap().try_get("", "sql").unwrap();
    let (table, filled) = empty_last(&table);
    let indexes =
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'position' AND type = 'index' AND sql IS NOT NULL".to_owned();
    let indexes: Vec<String> =
        baseline.query_all_raw(one(indexes)).await.unwrap().iter().map(|row| row.try_get("", "sql").unwrap()).collect();
    baseline.close().await.unwrap();
    let columns = filled.join(", ");
    shell(
        &path,
        &format!(".mode csv\n.output '{}'\nSELECT {columns} FROM position WHERE {};\n", dump.display(), own(dossier)),
    );
    let kept = format!(
        "PRAGMA foreign_keys = OFF;\nCREATE TABLE kept AS SELECT {columns} FROM position WHERE NOT {};\nDROP TABLE position;\n{table};\n\
         INSERT INTO position ({columns}) SELECT {columns} FROM kept;\nDROP TABLE kept;\n{};\nVACUUM;\nPRAGMA journal_mode = WAL;\n",
        own(dossier),
        indexes.join(";\n")
    );
    shell(&copy, &kept);
    let begun = Instant::now();
    let pragmas = "PRAGMA foreign_keys = ON;\nPRAGMA synchronous = NORMAL;\nPRAGMA cache_size = -65536;\nPRAGMA temp_store = memory;\n";
    shell(&copy, &format!("{pragmas}.mode csv\n.import '{}' position\n", dump.display()));
    let time = begun.elapsed();
    let loaded = shell(&copy, &format!("SELECT count(*) FROM position WHERE {};\n", own(dossier)));
    assert_eq!(loaded.trim(), votes::ROWS.to_string());
    let _ = std::fs::remove_file(&copy);
    time
}

/// The statement that makes the table, with the columns that are empty in this data at the end, and the names of the others.
fn empty_last(sql: &str) -> (String, Vec<String>) {
    let (head, body) = sql.split_once('(').unwrap();
    let body = body.strip_suffix(" )").or(body.strip_suffix(')')).unwrap();
    let (mut items, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                items.push(body[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(body[from..].trim());
    let is_column = |item: &&&str| item.starts_with('"');
    let name = |item: &str| item.split('"').nth(1).unwrap().to_owned();
    let filled = |item: &&&str| item.contains("NOT NULL") || name(item) == "external_id";
    let (columns, rules): (Vec<&&str>, Vec<&&str>) = items.iter().partition(|item| is_column(item));
    let (full, empty): (Vec<&&str>, Vec<&&str>) = columns.into_iter().partition(|item| filled(item));
    let names = full.iter().map(|item| name(item)).collect();
    let all: Vec<&str> = full.into_iter().chain(empty).chain(rules).copied().collect();
    (format!("{head}({})", all.join(", ")), names)
}

fn shell(database: &Path, script: &str) -> String {
    let mut child = Command::new("sqlite3")
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // It remarks on every row that has fewer values than columns.
        .stderr(Stdio::null())
        .spawn()
        .expect("sqlite3 is needed for the comparison");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

async fn postgres(database: &Database, dump: &Path, dossier: &str) -> Duration {
    let columns = "id, dossier_id, external_id, source_id, stated_on, stated_precision, marking, recorded_at, recorded_by, \
                   stakeholder_id, mechanism_id, stance";
    let rows = format!("SELECT {columns} FROM position WHERE {}", own(dossier));
    psql(&database.url, &format!("\\copy ({rows}) TO '{}' CSV", dump.display()));
    let name = format!("{}_baseline", database.url.rsplit('/').next().unwrap());
    let server = database.url.rsplit_once('/').unwrap().0;
    psql(&format!("{server}/postgres"), &format!("DROP DATABASE IF EXISTS {name}"));
    let template = database.url.rsplit('/').next().unwrap();
    psql(&format!("{server}/postgres"), &format!("CREATE DATABASE {name} TEMPLATE {template}"));
    let url = format!("{server}/{name}");
    if psql(&url, &format!("SELECT count(*) FROM position WHERE NOT {}", own(dossier))).trim() == "0" {
        psql(&url, "TRUNCATE position CASCADE");
    } else {
        psql(&url, &format!("DELETE FROM position WHERE {}", own(dossier)));
        psql(&url, "VACUUM FULL position");
    }
    let begun = Instant::now();
    psql(&url, &format!("\\copy position ({columns}) FROM '{}' CSV", dump.display()));
    let time = begun.elapsed();
    assert_eq!(
        psql(&url, &format!("SELECT count(*) FROM position WHERE {}", own(dossier))).trim(),
        votes::ROWS.to_string()
    );
    psql(&format!("{server}/postgres"), &format!("DROP DATABASE {name}"));
    time
}

fn psql(url: &str, command: &str) -> String {
    let said =
        Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", command, url]).output();
    let said = said.expect("psql is needed for the comparison");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}
