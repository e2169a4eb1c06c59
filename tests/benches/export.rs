//! All votes of the United Nations with names joined, over HTTP, against the database's own bulk path on the same query, side by
//! side in one run: `cargo bench -p demarche_tests --bench export`.
//!
//! 870,109 positions of 200 states on 6,203 resolutions, imported as anybody would. Each is measured five times in turn, and
//! the medians are compared, because the machine is not ours alone. Memory is that of this process, the server's, without
//! the pages of files.
//!
//! Engines and formats may be chosen by their names: `… --bench export -- postgres csv jsonl`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use demarche_import as import;
use demarche_tests::{Client, Content, Engine, World, votes};
use entity::words::Role;
use sea_orm::ConnectionTrait;

const ROUNDS: usize = 5;
const CHANGES: usize = 100;
/// How each file of a change begins; the dossier is as the mapping has it.
const HEADER: &str = concat!(
    "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n",
    "{\"record\":\"dossier\",\"slug\":\"un-general-assembly\",",
    "\"title\":\"Roll calls of the United Nations General Assembly\"}\n"
);
/// The formats, and the ratio that those by columns are to keep to.
const FORMATS: [(&str, &str, Option<f64>); 4] = [
    ("CSV", "csv", None),
    ("JSON Lines", "jsonl", None),
    ("Parquet", "parquet", Some(0.8)),
    ("Arrow", "arrow", Some(0.8)),
];
/// What is asked for, and the same in SQL. The first is the least that makes sense; the second what an analyst asks for, with
/// all by which the records are known.
const QUESTIONS: [(&str, &str, &str); 2] = [
    (
        "5 columns",
        "externalId,statedOn,stance,stakeholder.name,mechanism.name",
        "SELECT p.external_id, p.stated_on, p.stance, s.name, m.name FROM position p \
         JOIN stakeholder s ON s.id = p.stakeholder_id JOIN mechanism m ON m.id = p.mechanism_id",
    ),
    (
        "12 columns",
        "externalId,statedOn,statedOnPrecision,stance,stakeholder.slug,stakeholder.name,stakeholder.kind,mechanism.slug,\
         mechanism.name,mechanism.kind,source.slug,source.title",
        "SELECT p.external_id, p.stated_on, p.stated_precision, p.stance, s.slug, s.name, s.kind, m.slug, m.name, m.kind, \
         o.slug, o.title FROM position p JOIN stakeholder s ON s.id = p.stakeholder_id \
         JOIN mechanism m ON m.id = p.mechanism_id JOIN source o ON o.id = p.source_id",
    ),
];

fn main() {
    if cfg!(debug_assertions) {
        println!("not measured: this build is not optimised; run `cargo bench -p demarche_tests --bench export`");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if votes::serve().await {
            return;
        }
        let data = match votes::folder() {
            Ok(data) => data,
            Err(missing) => return println!("skipped: {missing}"),
        };
        let engines = [("postgres", Engine::Postgres, 0.55), ("sqlite", Engine::Sqlite, 0.40)];
        let names = engines.map(|(name, ..)| name);
        for (_, engine, target) in engines.into_iter().filter(|(name, ..)| chosen(name, &names)) {
            match World::start(engine, Content::People).await {
                Ok(world) => measure(world, &data, engine, target).await,
                Err(missing) => println!("skipped {engine:?}: {missing}"),
            }
        }
    });
}

/// Whether one of these names is among the arguments, or none of them is.
fn chosen(name: &str, names: &[&str]) -> bool {
    let asked: Vec<String> = std::env::args().skip(1).filter(|asked| names.contains(&asked.as_str())).collect();
    asked.is_empty() || asked.iter().any(|asked| asked == name)
}

async fn measure(world: World, data: &Path, engine: Engine, target: f64) {
    println!("{engine:?}: {}", votes::load(&world.database.url, data, &votes::mapping()));
    world.admit_reader().await;
    analyze(&world).await;
    let reader = world.reader().await;
    let tool = if engine == Engine::Postgres { "psql \\copy" } else { "sqlite3 -csv" };
    for (name, columns, query) in QUESTIONS {
        println!("\n{engine:?}: {} rows of {name}, medians of {ROUNDS} rounds", votes::ROWS);
        let mut bulk = Vec::new();
        let endings = FORMATS.map(|(_, ending, _)| ending);
        let formats = FORMATS.into_iter().filter(|(_, ending, _)| chosen(ending, &endings));
        let mut formats: Vec<_> = formats.map(|(name, ending, most)| (name, ending, most, Vec::new())).collect();
        for _ in 0..ROUNDS {
            bulk.push(dump(&world.database.url, engine, query));
            for (_, ending, _, runs) in &mut formats {
                runs.push(fetch(&world, &reader, &format!("/export/positions.{ending}?columns={columns}")));
            }
        }
        let bulk = median(bulk.iter().map(Duration::as_secs_f64));
        println!("  {tool:<14} {bulk:>7.3} s");
        for (format, _, most, runs) in formats {
            let target = most.unwrap_or(target);
            let time = median(runs.iter().map(|run| run.time.as_secs_f64()));
            let first = median(runs.iter().map(|run| run.first * 1000.0));
            let grown = runs.iter().map(|run| run.grown).max().unwrap_or(0);
            println!(
                "  {format:<14} {time:>7.3} s   {:>5.2}x (at most {target:.2}x)   first byte {first:>5.1} ms (at most 100)   \
                 memory +{:.1} MB (at most 30)   {:.0} MB sent",
                time / bulk,
                grown as f64 / 1e6,
                runs[0].bytes as f64 / 1e6,
            );
        }
    }
    incremental(&world, &reader).await;
    world.end().await;
}

/// What has changed since: as many changes as an hour may bring, among all positions.
async fn incremental(world: &World, reader: &Client) {
    let cursor = cursor(world, reader);
    for n in 0..CHANGES {
        // The roll calls are numbered from 3.
        let line = format!(
            "{HEADER}{{\"record\":\"position\",\"externalId\":\"new-{n}\",\"source\":\"voeten-un-votes\",\"stakeholder\":\"fr\",\
             \"mechanism\":\"rcid-{}\",\"stance\":\"SUPPORT\",\"statedOn\":\"2020-01-01\"}}\n",
            n + 3
        );
        import::load(&world.op(Role::Analyst).await, line.as_bytes()).await.unwrap();
    }
    println!("\n  since {CHANGES} changes in {}", votes::ROWS);
    for format in ["csv", "jsonl"] {
        let path = format!("/export/positions.{format}?since={cursor}&columns={}", QUESTIONS[0].1);
        let times = (0..ROUNDS * 4).map(|_| fetch(world, reader, &path).time.as_secs_f64() * 1000.0);
        println!("  {format:<14} {:>7.1} ms (at most 50), with the start of curl", median(times));
    }
}

/// Where to go on from what is there now.
fn cursor(world: &World, reader: &Client) -> String {
    let bearer = format!("Authorization: Bearer {}", reader.token.as_ref().unwrap());
    let url = world.url("/export/dossiers.jsonl");
    let curl = Command::new("curl").args(["-s", "-H", &bearer, &url]).output().unwrap();
    let text = String::from_utf8(curl.stdout).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["manifest"]["cursor"].as_str().unwrap().to_owned()
}

struct Run {
    time: Duration,
    /// In seconds.
    first: f64,
    bytes: u64,
    grown: u64,
}

/// Fetches a file as a script would, by a program of its own.
fn fetch(world: &World, reader: &Client, path: &str) -> Run {
    let url = world.url(path);
    let before = resident();
    let (done, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(before)));
    let watch = {
        let (done, most) = (Arc::clone(&done), Arc::clone(&most));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(resident(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(10));
            }
        })
    };
    let bearer = format!("Authorization: Bearer {}", reader.token.as_ref().unwrap());
    let said = "%{http_code} %{time_starttransfer} %{size_download}";
    let start = Instant::now();
    let curl = Command::new("curl").args(["-s", "-o", "/dev/null", "-w", said, "-H", &bearer, &url]).output().unwrap();
    let time = start.elapsed();
    done.store(true, Ordering::Relaxed);
    watch.join().unwrap();
    let said = String::from_utf8(curl.stdout).unwrap();
    let said: Vec<&str> = said.split(' ').collect();
    assert!(curl.status.success() && said[0] == "200", "{said:?}");
    let grown = most.load(Ordering::Relaxed) - before;
    Run { time, first: said[1].parse().unwrap(), bytes: said[2].parse().unwrap(), grown }
}

/// The database's own way.
fn dump(url: &str, engine: Engine, query: &str) -> Duration {
    let mut command = match engine {
        Engine::Postgres => {
            let mut psql = Command::new("psql");
            psql.args([url, "-qc", &format!("\\copy ({query}) TO '/dev/null' CSV HEADER")]);
            psql
        }
        Engine::Sqlite => {
            let mut sqlite = Command::new("sqlite3");
            sqlite.args(["-csv", "-header", url.trim_start_matches("sqlite:"), query]);
            sqlite
        }
    };
    let start = Instant::now();
    let done = command.stdout(Stdio::null()).status().unwrap();
    assert!(done.success());
    start.elapsed()
}

/// This process's memory, without the pages of files, in bytes.
fn resident() -> u64 {
    votes::memory("RssAnon:") * 1024
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Tells the database what there is, so that it plans with it, whoever asks.
async fn analyze(world: &World) {
    let op = world.op(Role::Analyst).await.begin().await.unwrap();
    op.lane.execute_unprepared("ANALYZE").await.unwrap();
    op.commit().await.unwrap();
}
