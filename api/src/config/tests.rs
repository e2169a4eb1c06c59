use std::io::Write;

use super::*;
use crate::http::Settings;

const SECRET: &str = "00000000000000000000000000000001";

fn with(variables: &[(&str, &str)]) -> Result<Config> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(None, variables, [])
}

fn from_file(text: &str) -> Result<Config> {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Config::read(Some(file.path()), [], [])
}

fn refusal(read: Result<Config>) -> String {
    match read {
        Err(Error::BadInput(text)) => text,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn the_defaults_are_in_order() {
    let config = with(&[]).unwrap();
    assert_eq!(config.http.bind, "127.0.0.1:8080");
    assert_eq!(config.database.connections_max, 8);
    assert_eq!(config.node, None);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn every_key_can_be_set_where_it_is_commented_out() {
    let is_key = |line: &str| {
        let key = line.split(" = ").next().filter(|key| *key != line);
        line.starts_with("[[") || key.is_some_and(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let uncommented = |line: &'static str| match line.strip_prefix("# ") {
        Some(key) if is_key(key) && !key.starts_with("secret ") => key,
        _ => line,
    };
    let text: Vec<&str> = DEFAULTS.lines().map(uncommented).collect();
    let config = from_file(&text.join("\n")).unwrap();
    assert_eq!(config.node, Some(0));
    assert!(config.auth.secret_file.is_some() && config.graphql.trusted_documents.is_some());
    let [provider] = config.auth.provider.as_slice() else { panic!("{:?}", config.auth.provider) };
    assert_eq!((provider.issuer.as_str(), provider.roles.len()), ("https://login.example.org", 3));
    assert_eq!(provider.clearances["secret"], entity::words::Marking::Red);
    // What stands there is what counts without it.
    let bare = from_file("[[auth.provider]]\nissuer='a'\naudience=['b']\njwks='c'\nalgorithms=['ES256']").unwrap();
    let [bare] = bare.auth.provider.as_slice() else { panic!() };
    assert_eq!(
        (bare.leeway_s, bare.fetch_min_s, bare.keys_max_age_s, bare.accounts, &bare.email_claim, bare.email_trusted),
        (
            provider.leeway_s,
            provider.fetch_min_s,
            provider.keys_max_age_s,
            provider.accounts,
            &provider.email_claim,
            provider.email_trusted
        )
    );
}

#[test]
fn the_defaults_of_the_program_are_those_of_the_file() {
    let config = with(&[]).unwrap();
    let (http, graphql) = (&config.http, &config.graphql);
    let defaults = Settings::default();
    assert_eq!(format!("{:?}", graphql.bounds()), format!("{:?}", defaults.bounds));
    assert_eq!((http.body_bytes_max, http.batch_max), (defaults.body_bytes_max, defaults.batch_max));
    assert_eq!(http.proxies, defaults.proxies);
    assert_eq!(http.bodies_bytes_max, defaults.bodies_bytes_max);
    assert_eq!(Duration::from_millis(http.body_wait_max_ms), defaults.body_wait_max);
    assert_eq!(Duration::from_millis(graphql.timeout_ms), defaults.timeout);
    assert_eq!(Duration::from_secs(http.shutdown_max_s), defaults.shutdown_max);
    assert_eq!(config.rate.limits(), defaults.limits);
    assert_eq!(
        (graphql.introspection, graphql.persisted_bytes_max),
        (defaults.introspection, defaults.persisted_bytes_max)
    );
}

#[test]
fn origins_are_checked() {
    let read = |origins| with(&[("DEMARCHE_HTTP__ORIGINS", origins)]);
    let config = read("https://desk.example.org, http://localhost:3000").unwrap();
    assert_eq!(config.http.origins(), ["https://desk.example.org", "http://localhost:3000"]);
    for bad in ["desk.example.org", "https://desk.example.org/", "*", "https://Desk.example.org"] {
        assert!(refusal(read(bad)).starts_with(&format!("http.origins = {bad:?}")), "{bad}");
    }
}

#[test]
fn later_layers_win() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[http]\nworkers = 2\nbody_bytes_max = 2000\nbind = '[::1]:1'").unwrap();
    let environment = ["WORKERS", "BODY_BYTES_MAX"].map(|key| (format!("DEMARCHE_HTTP__{key}"), "3000".to_owned()));
    let settings = [Setting::new("http.workers", "4", "--workers")];
    let environment = environment.into_iter().map(|(name, value)| match name.as_str() {
        "DEMARCHE_HTTP__WORKERS" => (name, "3".to_owned()),
        _ => (name, value),
    });
    let http = Config::read(Some(file.path()), environment, settings).unwrap().http;
    assert_eq!((http.workers, http.body_bytes_max, http.bind.as_str()), (4, 3000, "[::1]:1"));
}

#[test]
fn a_number_out_of_bounds_is_named_with_its_bounds() {
    assert_eq!(
        refusal(with(&[("DEMARCHE_HTTP__WORKERS", "many"), ("DEMARCHE_NODE", "1024")])),
        "node = \"1024\" (from the environment variable DEMARCHE_NODE): expected a whole number from 0 to 1023; \
         http.workers = \"many\" (from the environment variable DEMARCHE_HTTP__WORKERS): expected a whole number from 0 to \
         1024"
    );
    let text = refusal(from_file("[database]\nwait_max_ms = -1"));
    assert!(text.starts_with("database.wait_max_ms = -1 (from /"), "{text}");
    assert!(refusal(from_file("[graphql]\ndepth_max = 1.5")).starts_with("graphql.depth_max = 1.5 (from "));
    assert!(refusal(from_file("[graphql]\ndepth_max = [1]")).starts_with("graphql.depth_max = an array (from "));
}

#[test]
fn a_bad_text_is_named_with_what_was_expected() {
    let text = refusal(with(&[("DEMARCHE_HTTP__BIND", "8080"), ("DEMARCHE_LOG__FILTER", "a=b=c")]));
    assert!(text.contains("http.bind = \"8080\" (from the environment variable DEMARCHE_HTTP__BIND): expected an IP"));
    assert!(text.contains("log.filter = \"a=b=c\""), "{text}");
    assert_eq!(
        refusal(with(&[("DEMARCHE_LOG__FORMAT", "xml")])),
        "log.format = \"xml\" (from the environment variable DEMARCHE_LOG__FORMAT): expected one of json, text"
    );
}

#[test]
fn an_unknown_key_is_an_error() {
    assert_eq!(
        refusal(with(&[("DEMARCHE_LOG__COLOUR", "red")])),
        "colour (from the environment variable DEMARCHE_LOG__COLOUR): there is no such key in [log], expected one of \
         format, filter"
    );
    let text = refusal(with(&[("DEMARCHE_HTP__BIND", "red")]));
    assert!(
        text.starts_with("htp (from the environment variable DEMARCHE_HTP__BIND): there is no such key at the top")
    );
    assert!(
        refusal(with(&[("DEMARCHE_HTTP", "red")])).starts_with("http (from the environment variable DEMARCHE_HTTP)")
    );
}

#[test]
fn variables_that_are_no_keys_are_left_alone() {
    assert!(with(&[("DEMARCHE_TEST_POSTGRES_URL", "x"), ("DEMARCHE_PASSWORD", "x"), ("PATH", "x")]).is_ok());
}

#[test]
fn the_database_url_is_never_repeated() {
    let text = refusal(with(&[("DEMARCHE_DATABASE__URL", "mysql://root:hunter2@db/x")]));
    assert!(text.starts_with("database.url (from the environment variable DEMARCHE_DATABASE__URL): expected `sqlite:"));
    assert!(!text.contains("hunter2"));
    let config = with(&[("DEMARCHE_DATABASE__URL", "postgres://root:hunter2@db/x")]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_secret_is_never_repeated() {
    let short = refusal(with(&[("DEMARCHE_AUTH__SECRET", "hunter2")]));
    assert_eq!(short, "auth.secret (from the environment variable DEMARCHE_AUTH__SECRET): expected at least 32 bytes");
    for file in ["[auth]\nsecret = 'hunter2", "[auth]\nsecret = ['hunter2']", "[auth]\nsecret = { a = 'hunter2' }"] {
        let text = refusal(from_file(file));
        assert!(!text.contains("hunter2"), "{text}");
    }
    let config = with(&[("DEMARCHE_AUTH__SECRET", SECRET)]).unwrap();
    assert_eq!(config.auth.settings().unwrap().secret.expose(), SECRET);
    assert!(!format!("{config:?}").contains(SECRET));
}

#[test]
fn a_provider_that_could_not_be_trusted_is_refused() {
    let good = [
        ("issuer", "'https://login.example.org'"),
        ("audience", "['demarche']"),
        ("jwks", "'https://login.example.org/jwks.json'"),
        ("algorithms", "['RS256']"),
    ];
    let with = |key: &str, value: &str| {
        let lines: Vec<String> = good
            .iter()
            .filter(|(name, _)| *name != key)
            .chain([&(key, value)])
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        from_file(&format!("[[auth.provider]]\n{}", lines.join("\n")))
    };
    assert!(with("", "").is_ok());
    assert!(with("jwks", "'http://127.0.0.1:1/keys'").is_ok());
    assert!(with("jwks", "'keys.json'").is_ok());
    let bad = [
        ("issuer", "'demarche'"),
        ("issuer", "''"),
        ("audience", "[]"),
        ("jwks", "'http://login.example.org/jwks.json'"),
        ("jwks", "'ftp://127.0.0.1/keys'"),
        ("jwks", "''"),
        ("algorithms", "[]"),
        ("algorithms", "['RS256', 'HS256']"),
        ("leeway_s", "301"),
        ("fetch_min_s", "0"),
        ("role_claim", "'groups'"),
        ("roles", "{ a = 'ADMIN' }"),
        ("clearance_claim", "'level'"),
    ];
    for (key, value) in bad {
        let text = refusal(with(key, value));
        assert!(text.starts_with("auth.provider (from /"), "{key} = {value}: {text}");
        assert!(text.ends_with("of provider 1"), "{key} = {value}: {text}");
    }
    assert!(refusal(with("algorithms", "['none']")).contains("expected one of"));
    assert!(refusal(with("secret", "'x'")).contains("there is no such key"));
    let twice = "[[auth.provider]]\nissuer='a'\naudience=['b']\njwks='c'\nalgorithms=['ES256']\n".repeat(2);
    assert!(refusal(from_file(&twice)).contains("as `issuer` of provider 2"));
}

#[test]
fn a_session_outlives_its_access_token() {
    let text = refusal(with(&[("DEMARCHE_AUTH__REFRESH_TTL_S", "600")]));
    assert_eq!(
        text,
        "auth.refresh_ttl_s = \"600\" (from the environment variable DEMARCHE_AUTH__REFRESH_TTL_S): expected at least \
         auth.token_ttl_s"
    );
}

#[test]
fn exactly_one_secret_is_needed() {
    let text = refusal(with(&[("DEMARCHE_AUTH__SECRET", SECRET), ("DEMARCHE_AUTH__SECRET_FILE", "/x")]));
    assert!(text.starts_with("auth.secret_file (from the environment variable DEMARCHE_AUTH__SECRET_FILE)"), "{text}");
    let none = with(&[]).unwrap().auth.settings().unwrap_err();
    assert!(none.to_string().starts_with("auth.secret_file (or auth.secret) is not set"));
    let missing = with(&[("DEMARCHE_AUTH__SECRET_FILE", "/nowhere")]).unwrap().auth.settings().unwrap_err();
    assert!(missing.to_string().starts_with("auth.secret_file: cannot read /nowhere: "), "{missing}");
}

#[test]
fn a_secret_file_is_read_without_its_line_end() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{SECRET}").unwrap();
    let config = with(&[("DEMARCHE_AUTH__SECRET_FILE", file.path().to_str().unwrap())]).unwrap();
    assert_eq!(config.auth.settings().unwrap().secret.expose(), SECRET);
}

#[test]
fn a_file_that_is_asked_for_must_be_there_and_be_toml() {
    let missing = refusal(Config::read(Some(Path::new("/nowhere.toml")), [], []));
    assert!(missing.starts_with("cannot read the configuration /nowhere.toml: "), "{missing}");
    let broken = refusal(from_file("[http]\nworkers = = 2"));
    assert!(broken.contains("line 2, column"), "{broken}");
}
