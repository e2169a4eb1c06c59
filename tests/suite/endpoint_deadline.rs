//! At the deadline of an operation the database itself ends its statements.

use std::time::{Duration, Instant};

use demarche_api::http::Settings;
use demarche_core::store::Deadline;
use demarche_tests::{Engine, World};
use entity::words::Role;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};
use serde_json::{Value, json};

/// A statement that nobody would wait for.
fn endless(world: &World) -> &'static str {
    match world.database.engine {
        Engine::Sqlite => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n",
        Engine::Postgres => "SELECT count(pg_sleep(3600)) AS i",
    }
}

async fn ask(lane: &impl ConnectionTrait, sql: &str) -> Result<Option<QueryResult>, DbErr> {
    lane.query_one_raw(Statement::from_string(lane.get_database_backend(), sql)).await
}

/// Long enough for what a test does before it, however many run at the same time.
fn soon() -> Deadline {
    Deadline::at(Instant::now() + Duration::from_millis(300))
}

demarche_tests::suite! {
    async fn a_slow_statement_is_ended_by_the_database(world) {
        let lane = world.base.store.reading().until(soon());
        let ended = ask(&lane, endless(&world)).await.unwrap_err().to_string();
        assert!(ended.contains("interrupted") || ended.contains("statement timeout"), "{ended}");
    }

    async fn a_statement_that_nobody_waits_for_is_ended_too(world) {
        // As many as there are connections: if one of them went on, those that follow would wait for it.
        for _ in 0..4 {
            let (lane, sql) = (world.base.store.reading().until(soon()), endless(&world));
            let abandoned = tokio::time::timeout(Duration::from_millis(1), ask(&lane, sql)).await;
            assert!(abandoned.is_err());
        }
        let lane = world.base.store.reading();
        for _ in 0..8 {
            assert!(ask(&lane, "SELECT 1 AS i").await.unwrap().is_some());
        }
        if world.database.engine == Engine::Postgres {
            let running = "SELECT count(*) AS i FROM pg_stat_activity WHERE datname = current_database() \
                           AND state = 'active' AND query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()";
            // The server ends them at the deadline, not when we stop waiting.
            while ask(&lane, running).await.unwrap().unwrap().try_get::<i64>("", "i").unwrap() > 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn a_transaction_ends_at_the_deadline_and_nothing_of_it_is_kept(world) {
        let mut op = world.op(Role::Analyst).await;
        op.lane = op.lane.until(soon());
        let hasty = op.begin().await.unwrap();
        hasty.lane.execute_unprepared("UPDATE account SET name = 'changed'").await.unwrap();
        ask(&hasty.lane, endless(&world)).await.unwrap_err();
        drop(hasty);
        let changed = "SELECT id FROM account WHERE name = 'changed'";
        let next = world.op(Role::Analyst).await.begin().await.unwrap();
        assert!(ask(&next.lane, changed).await.unwrap().is_none());
        next.commit().await.unwrap();
    }

    async fn an_answer_that_takes_too_long_is_refused_with_its_bound(world) {
        let address = world.another(Settings { timeout: Duration::ZERO, ..demarche_tests::world::unlimited() }).await;
        let sent = reqwest::Client::new().post(format!("{address}/graphql")).json(&json!({ "query": "{ viewer { name } }" }));
        let response = sent.bearer_auth(world.reader().await.token.unwrap()).send().await.unwrap();
        assert_eq!(response.status(), 504);
        let body: Value = response.json().await.unwrap();
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["limit"]), (&json!("TIMEOUT"), &json!(0)));
        assert!(extensions["requestId"].is_string() && body.get("data").is_none(), "{body}");
    }
}
