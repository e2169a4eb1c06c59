//! Rate limits at the door: what each may ask, and what they are told when it is too much.

use std::time::Duration;

use demarche_api::http::{App, Limits, Server, Settings};
use demarche_core::store::Bucket;
use demarche_tests::database::Engine;
use demarche_tests::{Client, schema};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Two points: the field, and that of its object.
const QUERY: &str = "{ viewer { email } }";

fn limits(actor: u32, address: u32) -> Settings {
    let bucket = |size| Some(Bucket { size, per_second: 1 });
    Settings { limits: Limits { actor: bucket(actor), address: bucket(address) }, ..Settings::default() }
}

/// What a server answers.
async fn ask(server: &str, client: &Client, body: &Value) -> (u16, HeaderMap, Value) {
    let mut request = reqwest::Client::new().post(format!("{server}/graphql")).json(body);
    if let Some(token) = &client.token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone(), response.json().await.unwrap())
}

fn query(text: &str) -> Value {
    json!({ "query": text })
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

demarche_tests::suite! {
    async fn whoever_asks_too_much_is_told_when_to_come_again(world) {
        let server = world.another(limits(5, 1000)).await;
        let (reader, analyst) = (world.reader().await, world.analyst().await);
        for left in [3, 1] {
            let (status, headers, body) = ask(&server, &reader, &query(QUERY)).await;
            assert_eq!((status, &body["extensions"]["cost"]), (200, &json!({ "requested": 2, "actual": 2, "left": left })));
            assert_eq!(header(&headers, "ratelimit-policy"), "\"actor\";q=5;w=5");
            assert_eq!(header(&headers, "ratelimit"), format!("\"actor\";r={left};t={}", 5 - left));
            assert_eq!(header(&headers, "retry-after"), "");
        }
        let (status, headers, body) = ask(&server, &reader, &query(QUERY)).await;
        assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (429, &json!("RATE_LIMITED")));
        assert_eq!(body["errors"][0]["message"], "too many requests: try again in 1 s");
        assert_eq!(body.get("data"), None);
        assert_eq!((header(&headers, "retry-after"), header(&headers, "ratelimit")), ("1", "\"actor\";r=1;t=4"));
        // Everybody has a bucket of their own.
        assert_eq!(ask(&server, &analyst, &query(QUERY)).await.0, 200);
        world.wait(Duration::from_secs(1));
        assert_eq!(ask(&server, &reader, &query(QUERY)).await.0, 200);
        assert_eq!(ask(&server, &reader, &query(QUERY)).await.0, 429);
    }

    async fn what_is_refused_costs_as_well_and_a_price_costs_little(world) {
        let server = world.another(limits(4, 1000)).await;
        let reader = world.reader().await;
        let price = json!({ "query": QUERY, "extensions": { "cost": "only" } });
        for (body, left) in [(query("{ nonsense"), 3), (query("{ viewer { nonsense } }"), 1), (price, 0)] {
            let (status, headers, answer) = ask(&server, &reader, &body).await;
            assert_eq!(status, 200, "{answer:#}");
            assert_eq!(header(&headers, "ratelimit"), format!("\"actor\";r={left};t={}", 4 - left), "{body}");
        }
        assert_eq!(ask(&server, &reader, &query("{ nonsense")).await.0, 429);
    }

    async fn who_is_not_signed_in_shares_the_bucket_of_their_address(world) {
        let server = world.another(limits(1000, 240)).await;
        let sign_in = json!({ "query": "mutation { signIn(input: { email: \"x@example.org\", password: \"wrong\" }) { errors { code } } }" });
        for expected in [200, 200, 429] {
            assert_eq!(ask(&server, &world.anonymous(), &sign_in).await.0, expected);
        }
        // A token that is not good is a guess from that address.
        let bad = world.with_token("demarche_pat_guess");
        assert_eq!(ask(&server, &bad, &query(QUERY)).await.0, 401);
        let (status, headers, body) = ask(&server, &bad, &query(QUERY)).await;
        assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (429, &json!("RATE_LIMITED")), "{body:#}");
        assert!(header(&headers, "ratelimit").starts_with("\"address\";r="));
        assert_eq!(ask(&server, &world.reader().await, &query(QUERY)).await.0, 200);
    }

    async fn behind_proxies_the_address_is_what_the_outermost_of_ours_says(world) {
        let ask = async |server: &str, forwarded: &str| {
            let request = reqwest::Client::new().post(format!("{server}/graphql")).json(&query("{ nonsense"));
            request.header("x-forwarded-for", forwarded).send().await.unwrap().status().as_u16()
        };
        let behind_two = world.another(Settings { proxies: 2, ..limits(9, 1) }).await;
        // The client's own words come first; then its address, as the outer proxy saw it, and that of the outer proxy.
        assert_eq!(ask(&behind_two, "192.0.2.1, 10.0.0.1").await, 200);
        assert_eq!(ask(&behind_two, "203.0.113.9, 192.0.2.1, 10.0.0.1").await, 429);
        assert_eq!(ask(&behind_two, "192.0.2.2, 10.0.0.1").await, 200);
        let bare = world.another(limits(9, 1)).await;
        assert_eq!(ask(&bare, "192.0.2.3").await, 200);
        assert_eq!(ask(&bare, "192.0.2.4").await, 429, "the header is not believed");
    }

    async fn files_cost_much_and_guesses_at_their_doors_as_well(world) {
        let server = world.another(limits(15_000, 25)).await;
        let reader = world.reader().await;
        let get = async |token: &str| {
            let request = reqwest::Client::new().get(format!("{server}/export/dossiers.csv")).bearer_auth(token);
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), header(answer.headers(), "ratelimit").to_owned())
        };
        let token = reader.token.unwrap();
        assert_eq!(get(&token).await, (200, "\"actor\";r=5000;t=10000".to_owned()));
        assert_eq!(get(&token).await.0, 429);
        assert_eq!(get("guess").await.0, 401);
        assert_eq!(get("guess").await.0, 429);
    }

    async fn an_operation_of_a_batch_that_cannot_be_paid_leaves_the_others(world) {
        let server = world.another(limits(3, 1000)).await;
        let (status, _, body) = ask(&server, &world.reader().await, &json!([query(QUERY), query(QUERY)])).await;
        assert_eq!(status, 200, "{body:#}");
        assert_eq!(body[0]["data"]["viewer"]["email"], "reader@example.org");
        assert_eq!(body[1]["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(body[1].get("data"), None);
    }

    async fn instances_share_what_is_left(world) {
        let reader = world.reader().await;
        let one = world.another(limits(3, 1000)).await;
        // On SQLite there is one instance; another server of the same program stands for it.
        let mut base = world.base.clone();
        if world.database.engine == Engine::Postgres {
            base.store = world.database.open().await;
        }
        let app = App { base, auth: world.auth.clone(), schema: schema::schema(world.auth.clone()) };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let running = Server::start(app, listener, Settings { workers: 1, ..limits(3, 1000) }).await.unwrap();
        let other = format!("http://{}", running.address);
        assert_eq!(ask(&one, &reader, &query(QUERY)).await.0, 200);
        assert_eq!(ask(&other, &reader, &query(QUERY)).await.0, 429);
        world.wait(Duration::from_secs(1));
        assert_eq!(ask(&other, &reader, &query(QUERY)).await.0, 200);
        assert_eq!(ask(&one, &reader, &query(QUERY)).await.0, 429);
    }
}
