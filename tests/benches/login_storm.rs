//! Whether queries keep their latency while sign-ins fail: prints how much slower they become, and what became of the
//! sign-ins. Nothing is asserted: a machine that does something else beside gives other figures.
//!
//! `cargo bench -p demarche_tests --bench login_storm`, or with `--profile dev` for a quick look.

use std::time::{Duration, Instant};

use demarche_tests::{Client, Content, Engine, World};
use serde_json::json;

/// How many sign-ins begin each second.
const STORM_PER_S: u32 = 50;
const SECONDS: u32 = 5;
const QUERY: &str = "{ dossiers(first: 1) { nodes { title stakeholders(first: 20) { nodes { name } } } } }";

/// How long queries take, one after another, for a while.
async fn measure(client: &Client) -> Vec<Duration> {
    let end = Instant::now() + Duration::from_secs(SECONDS.into());
    let mut took = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        client.data(QUERY).await;
        took.push(began.elapsed());
        // So that the queries themselves do not fill the machine.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort();
    took
}

/// Sign-ins that fail, in an even stream: how many were wrong, and how many were told that too many try.
async fn storm(client: Client) -> (usize, usize) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / STORM_PER_S);
    let mut attempts = Vec::new();
    for n in 0..STORM_PER_S * SECONDS {
        ticks.tick().await;
        let client = client.clone();
        attempts.push(tokio::spawn(async move {
            let query = "mutation M($input: SignInInput!) { signIn(input: $input) { errors { code } } }";
            let input = json!({ "email": format!("nobody{n}@example.org"), "password": "a wrong password" });
            client.ask_with(query, json!({ "input": input })).await
        }));
    }
    let (mut wrong, mut busy) = (0, 0);
    for attempt in attempts {
        match attempt.await.unwrap().body.get("errors") {
            None => wrong += 1,
            Some(_) => busy += 1,
        }
    }
    (wrong, busy)
}

fn at(took: &[Duration], share: f64) -> f64 {
    let place = (took.len() as f64 * share) as usize;
    took[place.min(took.len() - 1)].as_secs_f64() * 1000.0
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let world = World::start(Engine::Sqlite, Content::Sample).await.unwrap();
    let reader = world.reader().await;
    measure(&reader).await;
    let idle = measure(&reader).await;
    let storm = tokio::spawn(storm(world.anonymous()));
    let busy = measure(&reader).await;
    let (wrong, refused) = storm.await.unwrap();
    println!("{STORM_PER_S} failing sign-ins a second: {wrong} were wrong, {refused} were refused as too many");
    for (name, share) in [("median", 0.5), ("95 %", 0.95), ("99 %", 0.99)] {
        let (before, after) = (at(&idle, share), at(&busy, share));
        println!("query, {name}: {before:.1} ms idle, {after:.1} ms in the storm: {:.2} times", after / before);
    }
    world.end().await;
}
