//! What hostile clients send: the process lives, answers soon, and stays small.
//!
//! The server runs in a process of its own. What is measured is the processor time that it takes, not the time on the
//! clock, so that a busy machine changes nothing.

mod child;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::child::Server;

/// A second of the program as it is served; without optimisation it takes several times as long.
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 3 } else { 1 });
const MEMORY_MAX: u64 = 500 << 20;
/// How much a client waits for: whatever hangs fails.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Sends bodies one after another; each must be answered soon with an error of one of these codes.
fn attack(attacks: Vec<(String, Vec<u8>, &[&str])>) {
    let server = Server::start();
    for (name, body, codes) in attacks {
        let begun = server.time();
        let (status, answer) = post(&server, &body);
        let taken = server.time() - begun;
        let code = &answer["errors"][0]["extensions"]["code"];
        let code = code.as_str().unwrap_or("none");
        println!("{name}: {status} {code}, {taken:?}, {} MB", server.memory() >> 20);
        assert!(codes.contains(&code), "{name}: {code} instead of {codes:?}");
        assert!(taken < TIME_MAX, "{name}: {taken:?}");
    }
    assert!(server.memory() < MEMORY_MAX, "{} bytes", server.memory());
    let (_, alive) = post(&server, &question("{ viewer { name } }"));
    assert_eq!(alive["data"]["viewer"]["name"], "Reader");
}

fn question(query: &str) -> Vec<u8> {
    json!({ "query": query }).to_string().into_bytes()
}

fn ask(name: &str, query: &str, codes: &'static [&'static str]) -> (String, Vec<u8>, &'static [&'static str]) {
    (name.to_owned(), question(query), codes)
}

fn post(server: &Server, body: &[u8]) -> (u16, Value) {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        server.token,
        body.len()
    );
    send(server, &[head.as_bytes(), body].concat())
}

/// Sends bytes as they are, and reads the answer.
fn send(server: &Server, bytes: &[u8]) -> (u16, Value) {
    let mut stream = connect(server);
    // A server that has had enough closes the connection.
    let _ = stream.write_all(bytes);
    receive(stream)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
    stream.set_write_timeout(Some(WAIT_MAX)).unwrap();
    stream
}

fn receive(mut stream: TcpStream) -> (u16, Value) {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

const TOO_MUCH: &[&str] =
    &["DOCUMENT_LIMIT", "TOKEN_LIMIT", "NESTING_LIMIT", "SELECTION_LIMIT", "ALIAS_LIMIT", "DIRECTIVE_LIMIT"];

#[test]
fn floods_of_aliases_and_fields_are_refused() {
    let aliases = |count: usize, field: &str| (0..count).map(|n| format!("a{n}:{field} ")).collect::<String>();
    attack(vec![
        ask("20,000 aliases of __typename", &format!("{{ {} }}", aliases(20_000, "__typename")), TOO_MUCH),
        ask("4,000 aliases of __typename", &format!("{{ {} }}", aliases(4_000, "__typename")), &["ALIAS_LIMIT"]),
        ask(
            "4,000 aliases below a page",
            &format!("{{ positions {{ nodes {{ {} }} }} }}", aliases(4_000, "id")),
            &["ALIAS_LIMIT"],
        ),
        ask(
            "201 sign-ins",
            &format!(
                "mutation {{ {} }}",
                aliases(201, "signIn(input: { email: \"a\", password: \"b\" }) { accessToken }")
            ),
            &["ALIAS_LIMIT"],
        ),
        ask(
            "the same page 2,000 times",
            &format!("{{ {} }}", "positions(first: 200) { nodes { id } } ".repeat(1_200)),
            &["QUERY_TOO_COMPLEX"],
        ),
        ask(
            "5,000 unknown fields",
            &format!("{{ {} }}", (0..5_000).map(|n| format!("unknown{n} ")).collect::<String>()),
            &["BAD_USER_INPUT"],
        ),
        ask(
            "one long name in many conflicts",
            &format!("{{ x: {} {} }}", "a".repeat(255), "x: b ".repeat(190)),
            &["BAD_USER_INPUT"],
        ),
        ask("a name of 200,000 letters", &format!("{{ {} }}", "a".repeat(200_000)), &["WORD_LIMIT"]),
        ask(
            "10,000 directives on a field",
            &format!("{{ __typename {} }}", "@include(if: true) ".repeat(10_000)),
            TOO_MUCH,
        ),
        ask("7,000 directives on a field", &format!("{{ __typename {} }}", "@a ".repeat(7_000)), &["DIRECTIVE_LIMIT"]),
        ask(
            "7,000 directives on an operation",
            &format!("query {} {{ __typename }}", "@a ".repeat(7_000)),
            &["DIRECTIVE_LIMIT"],
        ),
        ask(
            "3,000 operations",
            &(0..3_000).map(|n| format!("query a{n} {{ b }} ")).collect::<String>(),
            &["BAD_USER_INPUT"],
        ),
        ask(
            "introspection in circles",
            "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
            &["QUERY_TOO_COMPLEX"],
        ),
    ]);
}

#[test]
fn ten_thousand_brackets_are_refused_wherever_a_value_may_stand() {
    let mut attacks = Vec::new();
    for (kind, open, close) in [("lists", "[", "]"), ("objects", "{a:", "}")] {
        for (ending, closed) in [("whole", true), ("open", false)] {
            let value =
                format!("{}1{}", open.repeat(10_000), if closed { close.repeat(10_000) } else { String::new() });
            for (place, document) in [
                ("an argument", format!("{{ positions(filter: {value}) {{ totalCount }} }}")),
                (
                    "a nested argument",
                    format!("{{ dossiers {{ nodes {{ positions(filter: {{ a: {value} }}) {{ totalCount }} }} }} }}"),
                ),
                ("a default", format!("query($a: Int = {value}) {{ __typename }}")),
                ("a directive of a field", format!("{{ __typename @a(b: {value}) }}")),
                ("a directive of an operation", format!("query @a(b: {value}) {{ __typename }}")),
                ("a directive of a variable", format!("query($a: Int @b(c: {value})) {{ __typename }}")),
                (
                    "a directive of a fragment",
                    format!("{{ ...f @a(b: {value}) }} fragment f on Query @a(b: {value}) {{ a }}"),
                ),
                ("an unused fragment", format!("{{ __typename }} fragment f on Query {{ a(b: {value}) }}")),
                ("nowhere", value.clone()),
            ] {
                let name = format!("10,000 nested {kind} ({ending}) in {place}");
                attacks.push(ask(&name, &document, &["NESTING_LIMIT"]));
            }
        }
    }
    for (kind, open, close) in [("lists", "[", "]"), ("objects", "{\"a\":", "}")] {
        let value = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for place in ["variables", "extensions", "operationName", "query", "other"] {
            let body = format!("{{\"query\": \"{{ __typename }}\", \"{place}\": {{ \"a\": {value} }}}}").into_bytes();
            attacks.push((format!("10,000 nested {kind} in {place}"), body, &["NESTING_LIMIT"]));
        }
        attacks.push((format!("10,000 nested {kind} as a body"), value.into_bytes(), &["NESTING_LIMIT"]));
    }
    let deep = |open: &str, close: &str| format!("{}a{}", open.repeat(10_000), close.repeat(10_000));
    attacks.push(ask("a type of 10,000 lists", &format!("query($a: {}) {{ b }}", deep("[", "]")), &["NESTING_LIMIT"]));
    attacks.push(ask("10,000 nested fields", &deep("{a", "}"), &["NESTING_LIMIT"]));
    attacks.push(ask("10,000 nested fragments", &deep("{...", "}"), &["NESTING_LIMIT"]));
    attacks.push(ask(
        "64 nested fields",
        &format!("{}b{}", "{a".repeat(64), "}".repeat(64)),
        &["NESTING_LIMIT", "DEPTH_LIMIT"],
    ));
    attack(attacks);
}

#[test]
fn bombs_and_circles_of_fragments_are_not_set_off() {
    let bomb = |levels: usize, width: usize| {
        let level = |n: usize| format!("fragment f{n} on Query {{ {} }} ", format!("...f{} ", n + 1).repeat(width));
        (0..levels).map(level).collect::<String>() + &format!("fragment f{levels} on Query {{ __typename }}")
    };
    let pages = |levels: usize| {
        let level = |n: usize| {
            format!(
                "fragment f{n} on Mechanism {{ parts(first: 200) {{ nodes {{ ...f{m} }} }} b: parts {{ nodes {{ ...f{m} }} }} }} ",
                m = n + 1
            )
        };
        (0..levels).map(level).collect::<String>() + &format!("fragment f{levels} on Mechanism {{ id }}")
    };
    let circle = |length: usize| {
        (0..length).map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", (n + 1) % length)).collect::<String>()
    };
    let chain =
        |length: usize| (0..length).map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1)).collect::<String>();
    attack(vec![
        ask("555 bytes", &format!("{{ ...f0 }} {}", bomb(6, 9)), &["SELECTION_LIMIT"]),
        ask("60 levels", &format!("{{ ...f0 }} {}", bomb(60, 9)), &["SELECTION_LIMIT"]),
        ask("60 levels that nobody spreads", &format!("{{ __typename }} {}", bomb(60, 9)), &["SELECTION_LIMIT"]),
        ask(
            "60 levels in another operation",
            &format!("query A {{ __typename }} query B {{ ...f0 }} {}", bomb(60, 9)),
            &["SELECTION_LIMIT", "BAD_USER_INPUT"],
        ),
        ask("wide", &format!("{{ ...f0 }} {}", bomb(2, 2_000)), &["SELECTION_LIMIT"]),
        ask(
            "pages of pages",
            &format!("{{ mechanisms {{ nodes {{ ...f0 }} }} }} {}", pages(6)),
            &["DEPTH_LIMIT", "QUERY_TOO_COMPLEX"],
        ),
        ask(
            "pages of pages, deep",
            &format!("{{ mechanisms {{ nodes {{ ...f0 }} }} }} {}", pages(14)),
            &["SELECTION_LIMIT"],
        ),
        ask("a fragment in itself", &format!("{{ ...f0 }} {}", circle(1)), &["BAD_USER_INPUT"]),
        ask("a circle of two", &format!("{{ ...f0 }} {}", circle(2)), &["BAD_USER_INPUT"]),
        ask("a circle of 1,500", &format!("{{ ...f0 }} {}", circle(1_500)), &["BAD_USER_INPUT"]),
        ask("a circle that nobody spreads", &format!("{{ __typename }} {}", circle(1_500)), &["BAD_USER_INPUT"]),
        ask(
            "a chain of 1,500",
            &format!("{{ ...f0 }} {} fragment f1500 on Query {{ a }}", chain(1_500)),
            &["SELECTION_LIMIT", "NESTING_LIMIT"],
        ),
        ask(
            "a chain of 150",
            &format!("{{ ...f0 }} {} fragment f150 on Query {{ a }}", chain(150)),
            &["NESTING_LIMIT"],
        ),
    ]);
}

#[test]
fn huge_literals_and_variables_are_refused_or_borne() {
    let megabytes = |text: &str, count: usize| text.repeat((count << 20) / text.len());
    let variables = |value: &str| {
        format!("{{\"query\": \"query($a: String) {{ a(b: $a) }}\", \"variables\": {{\"a\": {value}}}}}").into_bytes()
    };
    let ids = vec!["x"; 200];
    let used = "nodes(ids: $a) { id } ".repeat(600);
    let list = vec![1; 90_000];
    attack(vec![
        ask("a text of 200 kB", &format!("{{ node(id: \"{}\") {{ id }} }}", "a".repeat(200_000)), &["BAD_USER_INPUT"]),
        ask("a text of 10 MB", &format!("{{ node(id: \"{}\") {{ id }} }}", megabytes("a", 10)), &["DOCUMENT_LIMIT"]),
        ask(
            "a number of 200,000 digits",
            &format!("{{ positions(first: {}) {{ totalCount }} }}", "1".repeat(200_000)),
            &["WORD_LIMIT"],
        ),
        ask(
            "a number of 200 digits",
            &format!("{{ positions(first: {}) {{ totalCount }} }}", "1".repeat(200)),
            &["BAD_USER_INPUT", "PAGE_SIZE_LIMIT"],
        ),
        ask("a wide list", &format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(14_000)), &["PAGE_SIZE_LIMIT"]),
        ask("7 MB of comments", &megabytes("#\n", 7), &["DOCUMENT_LIMIT"]),
        ask("250 kB of comments", &format!("{}{{ a }}", "#\n".repeat(125_000)), &["BAD_USER_INPUT"]),
        ask("7 MB of quotes", &megabytes("\"", 7), &["DOCUMENT_LIMIT"]),
        ask("250 kB of quotes", &"\"".repeat(250_000), &["TOKEN_LIMIT", "BAD_USER_INPUT"]),
        ("a variable of 15 MB".to_owned(), variables(&format!("\"{}\"", megabytes("a", 15))), &["BAD_USER_INPUT"]),
        ("15 MB of empty lists".to_owned(), variables(&format!("[{}[]]", megabytes("[],", 15))), &["VALUE_LIMIT"]),
        ("15 MB of empty objects".to_owned(), variables(&format!("[{}{{}}]", megabytes("{},", 15))), &["VALUE_LIMIT"]),
        ("15 MB of digits".to_owned(), variables(&megabytes("1", 15)), &["BAD_USER_INPUT"]),
        ("a key of 15 MB".to_owned(), variables(&format!("{{\"{}\": 1}}", megabytes("a", 15))), &["BAD_USER_INPUT"]),
        ("15 MB of blanks".to_owned(), megabytes(" ", 15).into_bytes(), &["BAD_USER_INPUT"]),
        (
            "an operation name of 15 MB".to_owned(),
            format!("{{\"query\": \"{{ a }}\", \"operationName\": \"{}\"}}", megabytes("a", 15)).into_bytes(),
            &["BAD_USER_INPUT"],
        ),
        ("17 MB".to_owned(), megabytes(" ", 17).into_bytes(), &["BODY_LIMIT"]),
        (
            "a large variable in many places".to_owned(),
            json!({ "query": format!("query($a: [ID!]!) {{ {used} }}"), "variables": { "a": ids } })
                .to_string()
                .into_bytes(),
            &["VALUE_LIMIT"],
        ),
        (
            "a large variable in one place".to_owned(),
            json!({ "query": "query($a: [ID!]!) { nodes(ids: $a) { id } }", "variables": { "a": list } })
                .to_string()
                .into_bytes(),
            &["PAGE_SIZE_LIMIT"],
        ),
        (
            "a batch of 1,000".to_owned(),
            json!(vec![json!({ "query": "{ __typename }" }); 1_000]).to_string().into_bytes(),
            &["BATCH_LIMIT"],
        ),
        (
            "a batch of 1,000,000 nothings".to_owned(),
            format!("[{}1]", "1,".repeat(1_000_000)).into_bytes(),
            &["VALUE_LIMIT"],
        ),
    ]);
}

#[test]
fn bodies_that_never_end_and_clients_that_never_speak_hold_up_nobody() {
    let server = Server::start();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n",
        server.token
    );
    let begun = server.time();
    let mut endless = connect(&server);
    endless.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    // The server has had enough soon after 16 MB, throws away what still comes, and then closes the connection.
    let started = Instant::now();
    for _ in 0..400 {
        endless.write_all(chunk.as_bytes()).unwrap();
    }
    assert_eq!(receive(endless).0, 413);
    assert!(started.elapsed() < WAIT_MAX, "a body without end is read without end");
    let declared = send(&server, format!("{head}Content-Length: 99999999999999\r\n\r\n").as_bytes());
    assert_eq!(declared.0, 413);
    // Some say nothing, some begin and say no more; none of them is waited for.
    let mut silent: Vec<TcpStream> = (0..50).map(|_| connect(&server)).collect();
    for stream in silent.iter_mut().take(25) {
        stream.write_all(format!("{head}Content-Length: 16000000\r\n\r\n{{").as_bytes()).unwrap();
    }
    let (status, _) = post(&server, &question("{ viewer { name } }"));
    assert_eq!(status, 200);
    let (status, answer) = receive(silent.swap_remove(0));
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (408, &json!("BODY_TIMEOUT")));
    assert!(server.time() - begun < 2 * TIME_MAX);
    assert!(server.memory() < MEMORY_MAX);
}

#[test]
fn many_large_bodies_at_once_share_one_room() {
    let server = Server::start();
    let body = format!("{{\"query\": \"{{ __typename }}\", \"variables\": {{\"a\": \"{}\"}}}}", "a".repeat(15 << 20))
        .into_bytes();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..24).map(|_| scope.spawn(|| post(&server, &body).0)).collect();
        for client in clients {
            assert!(matches!(client.join().unwrap(), 200 | 408));
        }
    });
    assert!(server.memory() < MEMORY_MAX, "{} MB", server.memory() >> 20);
}
