//! The command line, as its users run it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use demarche_import as import;
use demarche_tests::program::{Desk, Running};
use migration::{Migrator, MigratorTrait};
use serde_json::{Value, json};

const DATABASE: (&str, &str) = ("DATABASE_URL", "sqlite:test.db");
const SECRET: (&str, &str) = ("DEMARCHE_AUTH__SECRET", "a secret of tests, which is no secret at all");
const SETTINGS: [(&str, &str); 2] = [DATABASE, SECRET];
const HEADER: &str = "{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n";

/// A folder with a migrated database and an analyst's account.
fn desk() -> Desk {
    let desk = Desk::default();
    desk.ok(&["migrate", "up"], &SETTINGS, "");
    let create = ["account", "create", "--email", "ana@example.org", "--name", "Ana", "--role", "analyst"];
    let id = desk.ok(&create, &SETTINGS, "correct horse battery staple\n");
    assert!(id.starts_with("acc_"), "{id}");
    desk
}

/// A server in a desk's folder, and where it listens.
fn serve(desk: &Desk) -> (Running, String) {
    // One worker takes what comes in the order in which it comes.
    let settings = [DATABASE, SECRET, ("DEMARCHE_HTTP__WORKERS", "1")];
    let running = desk.start(&["serve", "--bind", "127.0.0.1:0"], &settings);
    let address = running.error(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some(field(&line, "address")?.as_str()?.to_owned())
    });
    (running, address)
}

/// A field of a line of the log.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a Value> {
    line.get(name).or_else(|| line.get("fields")?.get(name))
}

/// Sends a request and gives the answer's body, with nothing between us and the wire.
fn post(address: &str, token: &str, query: &str) -> Value {
    let mut stream = begin(address, token, query);
    finish(&mut stream, query)
}

/// Sends all of a request but its body.
fn begin(address: &str, token: &str, query: &str) -> TcpStream {
    let body = json!({ "query": query }).to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nX-Request-Id: our-own\r\n\
         Authorization: Bearer {token}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream
}

/// Sends the body, and reads the answer.
fn finish(stream: &mut TcpStream, query: &str) -> Value {
    stream.write_all(json!({ "query": query }).to_string().as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let start = answer.find('{').unwrap_or_else(|| panic!("{answer}"));
    let end = answer.rfind('}').unwrap();
    serde_json::from_str(&answer[start..=end]).unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn demo_answers_the_line_that_it_prints_and_finds_everything_again() {
    let desk = Desk::default();
    let mut passwords = Vec::new();
    for _ in 0..2 {
        let demo = desk.start(&["demo", "--bind", "127.0.0.1:0"], &[]);
        passwords.push(demo.line(|line| Some(line.trim().strip_prefix("Password")?.trim().to_owned())));
        let token = demo.line(|line| Some(line.trim().strip_prefix("Token")?.trim().to_owned()));
        let curl = demo.line(|line| line.starts_with("curl ").then(|| line.to_owned()));
        let said = Command::new("sh").arg("-c").arg(&curl).output();
        let answer: Value = match said {
            Ok(said) if said.status.success() => serde_json::from_slice(&said.stdout).unwrap(),
            // Without curl on the machine, the same is sent by hand.
            _ => {
                let address = curl.split("http://").nth(1).unwrap().split('/').next().unwrap();
                let body: Value = serde_json::from_str(curl.split('\'').nth(5).unwrap()).unwrap();
                post(address, &token, body["query"].as_str().unwrap())
            }
        };
        assert!(curl.contains(&token));
        let positions = answer["data"]["positions"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        assert!(positions.len() > 5, "{answer:#}");
        demo.terminate();
        assert_eq!(demo.end().0, Some(0));
    }
    assert_eq!(passwords[0], passwords[1]);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(desk.path(".demarche")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn every_request_is_one_line_of_the_log() {
    let desk = desk();
    let token = desk.ok(&["token", "issue", "--email", "ana@example.org", "--expires", "1h"], &SETTINGS, "");
    let (server, address) = serve(&desk);
    let answer = post(&address, token.trim(), "query Mine { viewer { email } dossiers { totalCount } }");
    assert_eq!(answer["data"]["viewer"]["email"], "ana@example.org");
    post(&address, "nonsense", "{ viewer { email } }");
    let next = || {
        server.error(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            field(&line, "request_id").is_some().then_some(line)
        })
    };
    let line = next();
    let of = |name: &str| field(&line, name).unwrap_or_else(|| panic!("{name}: {line:#}")).clone();
    assert_eq!((of("request_id"), of("operation"), of("status")), (json!("our-own"), json!("Mine"), json!(200)));
    assert!(of("actor").as_str().unwrap().starts_with("acc_"));
    assert!(of("duration_ms").as_f64().unwrap() > 0.0);
    // Who asks, who that is, the dossiers, and how many there are.
    assert_eq!(of("statements"), 4, "{line:#}");
    let refused = next();
    assert_eq!(field(&refused, "status"), Some(&json!(401)));
    assert_eq!(field(&refused, "code"), Some(&json!("UNAUTHENTICATED")));
    assert_eq!(field(&refused, "actor"), Some(&json!("anonymous")));
    server.terminate();
    let (code, rest) = server.end();
    assert_eq!(code, Some(0));
    assert!(rest.iter().all(|line| !line.contains("request_id")), "one line a request: {rest:#?}");
}

#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    let desk = desk();
    let token = desk.ok(&["token", "issue", "--email", "ana@example.org", "--expires", "1h"], &SETTINGS, "");
    let (server, address) = serve(&desk);
    let query = "{ viewer { email } }";
    // Answered once, so that the server is known to have taken the other by the time it hears of its end.
    let mut stream = begin(&address, token.trim(), query);
    post(&address, token.trim(), query);
    server.terminate();
    server.error(|line| line.contains("stopping").then_some(()));
    assert_eq!(finish(&mut stream, query)["data"]["viewer"]["email"], "ana@example.org");
    assert_eq!(server.end().0, Some(0));
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn migrate_says_what_it_does_and_what_is_missing() {
    let desk = Desk::default();
    let migrate = |arguments: &[&str]| desk.ok(&[&["migrate"], arguments].concat(), &[DATABASE], "");
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let [.., before, first, second] = known.as_slice() else { panic!("{known:?}") };
    let status = migrate(&["status"]);
    assert_eq!(status.lines().count(), known.len());
    assert!(status.lines().all(|line| line.starts_with("missing m00")), "{status}");
    assert!(migrate(&["up"]).lines().all(|line| line.starts_with("applied m00")));
    assert_eq!(migrate(&["up"]), "nothing to do: the database has every migration\n");
    assert_eq!(migrate(&["down", "--steps", "2"]), format!("taken back {first}\ntaken back {second}\n"));
    let status = migrate(&["status"]);
    assert!(status.ends_with(&format!("applied {before}\nmissing {first}\nmissing {second}\n")), "{status}");
    // Half migrated: nothing else runs on it.
    let said = desk.fails(1, &["serve", "--bind", "127.0.0.1:0"], &SETTINGS, "");
    assert!(
        said.contains(&format!("2 of the database's {} migrations are not applied", known.len()))
            && said.contains("demarche migrate up"),
        "{said}"
    );
    migrate(&["up"]);
    migrate(&["down", "--steps", &known.len().to_string()]);
    assert_eq!(migrate(&["down"]), "nothing to do: the database has no migration\n");
}

#[test]
fn a_password_comes_from_a_file_the_environment_or_the_standard_input_only() {
    let desk = desk();
    let create = |email: &'static str| ["account", "create", "--email", email, "--name", "B", "--role", "reader"];
    desk.write("password", "correct horse battery staple\n");
    let from_file = [&create("b@example.org")[..], &["--password-file", "password"]].concat();
    assert!(desk.ok(&from_file, &SETTINGS, "").starts_with("acc_"));
    let variable = [DATABASE, SECRET, ("DEMARCHE_PASSWORD", "correct horse battery staple")];
    assert!(desk.ok(&create("c@example.org"), &variable, "").starts_with("acc_"));
    let on_line = [&create("d@example.org")[..], &["--password", "correct horse battery staple"]].concat();
    assert!(desk.fails(2, &on_line, &SETTINGS, "").contains("--password"));
    let said = desk.fails(1, &create("e@example.org"), &SETTINGS, "short\n");
    assert!(said.starts_with("demarche: password: "), "{said}");
    let said = desk.fails(1, &create("b@example.org"), &SETTINGS, "correct horse battery staple\n");
    assert!(said.starts_with("demarche: email: "), "{said}");
    let (server, address) = serve(&desk);
    for email in ["ana", "b", "c"] {
        let sign_in = format!(
            "mutation {{ signIn(input: {{ email: \"{email}@example.org\", password: \"correct horse battery staple\" }}) \
             {{ viewer {{ email }} errors {{ code }} }} }}"
        );
        let body = json!({ "query": sign_in }).to_string();
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(&format!("{{\"email\":\"{email}@example.org\"}}")), "{answer}");
    }
    drop(server);
}

#[test]
fn a_file_is_loaded_once_and_its_errors_name_the_line() {
    let desk = desk();
    desk.write("sample.jsonl", import::SAMPLE);
    let first = desk.ok(&["load", "sample.jsonl"], &SETTINGS, "");
    assert_eq!(
        first,
        format!(
            "created {}, edited 0, superseded 0, retracted 0, unchanged 0, refused 0\n",
            import::SAMPLE.lines().count() - 1
        )
    );
    let again = desk.ok(&["load", "-"], &SETTINGS, import::SAMPLE);
    assert_eq!(
        again,
        format!(
            "created 0, edited 0, superseded 0, retracted 0, unchanged {}, refused 0\n",
            import::SAMPLE.lines().count() - 1
        )
    );
    let broken = format!(
        "{HEADER}{{\"record\":\"dossier\",\"slug\":\"x\",\"title\":\"X\"}}\n\n{{\"record\":\"stakeholder\"}}\n"
    );
    let said = desk.fails(1, &["load", "-"], &SETTINGS, &broken);
    assert!(said.starts_with("demarche: line 4") && said.lines().count() == 1, "{said}");
    let said = desk.fails(1, &["load", "none.jsonl"], &SETTINGS, "");
    assert!(said.starts_with("demarche: cannot read none.jsonl: "), "{said}");
    let said = desk.fails(1, &["load", "sample.jsonl", "--as", "nobody@example.org"], &SETTINGS, "");
    assert!(said.contains("there is no account for nobody@example.org"), "{said}");
    let said = desk.fails(1, &["token", "issue", "--email", "nobody@example.org", "--expires", "1h"], &SETTINGS, "");
    assert!(said.contains("there is no account for nobody@example.org"), "{said}");
}

#[test]
fn schema_prints_the_schema() {
    assert_eq!(Desk::default().ok(&["schema"], &[], "").trim_end(), demarche_graphql::sdl().trim_end());
}

#[test]
fn every_command_explains_itself() {
    let desk = Desk::default();
    let help = desk.ok(&["--help"], &[], "");
    for command in
        ["demo", "serve", "migrate", "account", "token", "key", "audit", "schema", "load", "import", "export"]
    {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let own = desk.ok(&[command, "--help"], &[], "");
        assert!(own.contains("Usage: demarche ") && own.lines().next().unwrap().len() > 10, "{own}");
    }
    assert!(desk.ok(&["account", "create", "--help"], &[], "").contains("never given on the command line"));
    assert!(desk.ok(&["--version"], &[], "").starts_with("demarche "));
    assert!(desk.fails(2, &["fly"], &[], "").contains("unrecognized subcommand 'fly'"));
}

#[test]
fn a_bad_setting_is_named_with_what_was_expected() {
    let desk = Desk::default();
    for (variable, value, key, expected) in [
        ("DEMARCHE_HTTP__WORKERS", "many", "http.workers", "DEMARCHE_HTTP__WORKERS"),
        ("DEMARCHE_DATABASE__CONNECTIONS_MAX", "0", "database.connections_max", "1 to 1000"),
        ("DEMARCHE_LOG__FORMAT", "xml", "log.format", "json"),
        ("DEMARCHE_HTTP__PORT", "80", "there is no such key in [http]", "DEMARCHE_HTTP__PORT"),
        ("DATABASE_URL", "mysql://localhost/x", "database", "sqlite:PATH"),
    ] {
        let said = desk.fails(1, &["migrate", "status"], &[(variable, value)], "");
        assert!(said.contains(key) && said.contains(expected), "{variable}={value}: {said}");
    }
    let said = desk.fails(1, &["serve"], &[DATABASE], "");
    assert!(said.contains("auth.secret"), "{said}");
    desk.write("bad.toml", "[http]\nbind = 80\n");
    let said = desk.fails(1, &["--config", "bad.toml", "migrate", "status"], &[], "");
    assert!(said.contains("http.bind") && said.contains("bad.toml"), "{said}");
    let said = desk.fails(1, &["--config", "none.toml", "migrate", "status"], &[], "");
    assert!(said.contains("none.toml"), "{said}");
}
