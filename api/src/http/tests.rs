use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::*;
use demarche_core::auth;
use demarche_core::op::{Ids, SystemClock};
use demarche_core::secret::Secret;
use demarche_core::store::Place;

struct Harness {
    running: Running,
    _directory: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The code of the first error, which must have a request id.
    fn code(&self) -> String {
        let json = self.json();
        let extensions = &json["errors"][0]["extensions"];
        assert_eq!(extensions["requestId"].as_str(), self.header("x-request-id"));
        extensions["code"].as_str().unwrap().to_owned()
    }
}

async fn start(is_migrated: bool) -> Harness {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("test.db").display());
    let place = Place { url, connections_max: 1, wait_max: Duration::from_secs(5) };
    let store = Store::open(&place).await.unwrap();
    if is_migrated {
        store.migrate_up().await.unwrap();
    }
    let secret = Secret::new("0123456789abcdef0123456789abcdef");
    let auth = Arc::new(Auth::new(auth::Settings::new(secret)));
    let schema = demarche_graphql::build(Arc::clone(&auth));
    let base = Base { store, clock: Arc::new(SystemClock), ids: Arc::new(Ids::new(1)) };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings { workers: 1, body_bytes_max: 10_000, ..Settings::default() };
    let running = Server::start(App { base, auth, schema }, listener, settings).await.unwrap();
    Harness { running, _directory: directory }
}

impl Harness {
    /// Sends a request as it is, and reads until the server closes.
    fn send(&self, head: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.running.address).unwrap();
        let length = body.len();
        write!(stream, "{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1"), "")
    }

    fn post(&self, body: &str) -> Answer {
        self.send("POST /graphql HTTP/1.1\r\nContent-Type: application/json; charset=utf-8", body)
    }

    fn ask(&self, query: &str) -> Answer {
        self.post(&serde_json::json!({ "query": query }).to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_question_is_refused_in_the_shape_of_a_graphql_error() {
    let server = start(true).await;
    for (body, text) in [
        ("", "the body is not JSON: line 1, column 0"),
        ("{\"query\": \"{ a }\"", "the body is not JSON: line 1, column 17"),
        ("[]", "the batch is empty"),
        ("[{}]", "`query` is missing"),
        ("\"{ a }\"", "the body is not a GraphQL request"),
        ("{}", "`query` is missing"),
        ("{\"query\": 1}", "the body is not a GraphQL request"),
        ("{\"query\": \"{ a }\", \"variables\": 1}", "the body is not a GraphQL request"),
    ] {
        let answer = server.post(body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "BAD_USER_INPUT"), "{body}");
        let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(text), "{message}");
    }
    for media_type in ["text/plain", "application/graphql", "multipart/form-data", ""] {
        let answer = server.send(&format!("POST /graphql HTTP/1.1\r\nContent-Type: {media_type}"), "{}");
        assert_eq!((answer.status, answer.code().as_str()), (415, "BAD_USER_INPUT"));
    }
    let large = server.post(&" ".repeat(10_001));
    assert_eq!((large.status, large.code().as_str()), (413, "BODY_LIMIT"));
    server.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_refused_before_anything_is_read() {
    let server = start(true).await;
    for token in ["Bearer x", "Bearer ", "Basic eDp5", "Bearer", "bearer a.b.c"] {
        let head = format!("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: {token}");
        let answer = server.send(&head, "{\"query\": \"{ __typename }\"}");
        assert_eq!((answer.status, answer.code().as_str()), (401, "UNAUTHENTICATED"), "{token}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    server.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_run_is_answered_with_a_coded_error() {
    let server = start(true).await;
    for (query, code) in [
        ("{ ", "BAD_USER_INPUT"),
        ("{ noSuchField }", "BAD_USER_INPUT"),
        ("{ __schema { types { name } } }", "UNAUTHENTICATED"),
        (&format!("{{ a(b: {}) }}", "[".repeat(5000)), "NESTING_LIMIT"),
    ] {
        let answer = server.ask(query);
        assert_eq!((answer.status, answer.code().as_str()), (200, code), "{query}");
    }
    let answer = server.ask("{ __typename }");
    assert_eq!(answer.json()["data"]["__typename"], "Query");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    server.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_the_id_that_it_was_sent_with() {
    let server = start(true).await;
    let kept = server.send("GET /health/live HTTP/1.1\r\nX-Request-Id: abc.1-_", "");
    assert_eq!(kept.header("x-request-id"), Some("abc.1-_"));
    let made = server.send("GET /nowhere HTTP/1.1\r\nX-Request-Id: a b", "");
    assert_eq!(made.header("x-request-id").map(str::len), Some(16));
    server.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_refused() {
    let server = start(true).await;
    for path in ["/nowhere", "/assets/", "/assets/../Cargo.toml", "/assets/vendor", "//"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (404, "NOT_FOUND"), "{path}");
    }
    let put = server.send("PUT /graphql HTTP/1.1", "");
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, POST")));
    assert_eq!(put.code(), "BAD_USER_INPUT");
    for path in ["/", "/assets/app.js", "/health/live", "/health/ready"] {
        assert_eq!(server.send(&format!("DELETE {path} HTTP/1.1"), "").status, 405, "{path}");
    }
    server.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_whether_the_migrations_are_applied() {
    let (fresh, migrated) = (start(false).await, start(true).await);
    assert_eq!(fresh.get("/health/live").json()["status"], "live");
    let unready = fresh.get("/health/ready");
    assert_eq!((unready.status, &unready.json()["status"]), (503, &Value::from("unready")));
    assert!(unready.json()["reason"].as_str().unwrap().ends_with("run `demarche migrate up`"), "{}", unready.body);
    let ready = migrated.get("/health/ready");
    assert_eq!((ready.status, ready.body.as_str()), (200, "{\"status\":\"ready\"}"));
    migrated.running.store.clone().close().await;
    let away = migrated.get("/health/ready");
    assert_eq!((away.status, &away.json()["reason"]), (503, &Value::from("the database does not answer")));
    fresh.running.stop().await.unwrap();
    migrated.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_its_files_are_sent_once() {
    let server = start(true).await;
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let tag = page.header("etag").unwrap();
    let again = server.send(&format!("GET / HTTP/1.1\r\nIf-None-Match: \"x\", {tag}"), "");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let script = server.get("/assets/vendor/graphiql.min.js");
    assert_eq!((script.status, script.header("content-encoding")), (200, Some("gzip")));
    let head = server.send("HEAD /assets/app.js HTTP/1.1", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    // Every file that the page names is there.
    for part in page.body.split('"').filter(|part| part.starts_with("assets/")) {
        assert_eq!(server.get(&format!("/{part}")).status, 200, "{part}");
    }
    server.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_panics_is_an_error() {
    #[expect(clippy::unused_async, reason = "the work of a request is asynchronous")]
    async fn work() -> i32 {
        panic!("boom")
    }
    let ended = task::run(&Handle::current(), "id", work()).await;
    assert!(matches!(ended, Err(Error::Internal(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_for_idle_connections() {
    let server = start(true).await;
    let mut stream = TcpStream::connect(server.running.address).unwrap();
    write!(stream, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    let start = std::time::Instant::now();
    server.running.stop().await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
}
