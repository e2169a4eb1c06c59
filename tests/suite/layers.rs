//! Imports run downward only. Each room is read line by line, and a line that looks up is named.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the rooms are: the program with its HTTP door and command line, the GraphQL door, the bounds of what it is asked, files in
/// and out, and what all of them stand on. Some places are one room, which has the name that is given here. Cargo itself keeps a
/// crate from looking up.
const PLACES: [(&str, Option<&str>); 7] = [
    ("api/src", None),
    ("api/graphql/src", Some("graphql")),
    ("api/bound/src", Some("bound")),
    ("api/import/src", Some("import")),
    ("api/export/src", Some("export")),
    ("api/export_request/src", Some("export_request")),
    ("api/core/src", None),
];

/// The rooms, and what each may look down on. Within itself, a room may look anywhere.
const ROOMS: [(&str, &[&str]); 19] = [
    // The doors translate. None knows another, but for the command line, which starts the server, and HTTP, which carries
    // GraphQL and files.
    (
        "cli",
        &[
            "http",
            "graphql",
            "bound",
            "export_request",
            "import",
            "export",
            "domain",
            "auth",
            "secret",
            "config",
            "telemetry",
            "op",
            "store",
            "id",
            "error",
            "entity",
        ],
    ),
    (
        "http",
        &[
            "graphql",
            "bound",
            "export_request",
            "import",
            "export",
            "auth",
            "telemetry",
            "op",
            "store",
            "id",
            "digest",
            "error",
            "entity",
        ],
    ),
    ("graphql", &["bound", "domain", "auth", "op", "id", "error", "entity"]),
    // How much may be asked is known without what is stored.
    ("bound", &[]),
    // What HTTP and the command line are asked for, partly in GraphQL's words.
    ("export_request", &["graphql", "export", "domain", "op", "error", "entity"]),
    ("import", &["domain", "op", "store", "error", "entity"]),
    ("export", &["domain", "op", "store", "id", "digest", "error", "entity"]),
    ("domain", &["policy", "op", "store", "id", "digest", "secret", "error", "entity"]),
    ("policy", &["op", "error", "entity"]),
    // Signing in: it asks the domain who there is, and is asked by the doors only.
    ("auth", &["domain", "op", "id", "digest", "secret", "error", "entity"]),
    ("config", &["http", "bound", "auth", "secret", "store", "error", "entity"]),
    ("telemetry", &["config", "error"]),
    ("op", &["store", "id", "digest", "error", "entity"]),
    ("store", &["error", "migration", "entity"]),
    ("id", &["entity"]),
    ("secret", &["digest", "error"]),
    ("digest", &[]),
    ("error", &[]),
    // The program, which opens the door. The page of a crate only lists its rooms.
    ("main", &["cli"]),
];

/// The crates above what is stored.
const ABOVE: [&str; 7] = [
    "demarche_api",
    "demarche_bound",
    "demarche_core",
    "demarche_export",
    "demarche_export_request",
    "demarche_graphql",
    "demarche_import",
];

/// Lines that look where their room may not, each with the reason. It is signed by whoever changes it.
const SIGNED: [(&str, &str, &str); 0] = [];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder, with its path from the top.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![top().join(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(top()).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} holds no code");
    found
}

/// The lines of code of a file, with their numbers, up to its unit tests: tests may look anywhere.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .map(|(n, line)| (n + 1, line.trim_start()))
        .filter(|(_, line)| !line.starts_with("//"))
}

/// The names that follow `prefix` in a line: those of `use crate::{a, b::c}` are `a` and `b`.
fn names_after<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        let own_word = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let rest = &line[at + prefix.len()..];
        if !own_word {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_names(group)),
            None => names.push(word(rest)),
        }
    }
    names.retain(|name| !name.is_empty() && name.starts_with(char::is_lowercase));
    names
}

/// The first names of the items of a group: not those of groups within it.
fn group_names(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut start = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(word(group[start..at].trim_start()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(word(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// All files with rooms.
fn rooms() -> impl Iterator<Item = (String, String)> {
    PLACES.into_iter().flat_map(|(place, _)| files(place))
}

/// The room of a file: `api/src/http/log.rs` and `api/src/http.rs` are of `http`, all of the GraphQL door is of `graphql`.
fn room(file: &str) -> &str {
    match PLACES.iter().find_map(|(place, room)| Some((*room, file.strip_prefix(place)?.strip_prefix('/')?))) {
        Some((Some(room), _)) => room,
        Some((None, rest)) => word(rest),
        None => panic!("{file} is in no place for rooms"),
    }
}

/// The rooms and crates that a line of a room names.
fn looks_at<'a>(room: &str, line: &'a str) -> Vec<&'a str> {
    let mut names = names_after(line, "demarche_core::");
    names.extend(names_after(line, "demarche_api::"));
    let wholes: Vec<&str> = PLACES.into_iter().filter_map(|(_, room)| room).collect();
    // Where a place is one room, what follows `crate::` are its parts.
    if !wholes.contains(&room) {
        names.extend(names_after(line, "crate::"));
    }
    names.extend(wholes.into_iter().filter(|whole| line.contains(&format!("demarche_{whole}"))));
    for own in ["entity", "migration"] {
        let uses = line
            .match_indices(&format!("{own}::"))
            .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
        // A module or a variable of that name is not the crate: only paths that begin with it are.
        if uses || line.starts_with(&format!("use {own}")) || line.starts_with(&format!("pub use {own}")) {
            names.push(own);
        }
    }
    names
}

#[test]
fn imports_run_downward_only() {
    let mut wrong = Vec::new();
    for (file, text) in rooms() {
        // Unit tests in a file of their own may look anywhere, as those at the end of a file.
        if (file.ends_with("/lib.rs") && room(&file) == "lib") || file.ends_with("/tests.rs") {
            continue;
        }
        let room = room(&file);
        let Some((_, below)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{file}: the room `{room}` is not on the list of tests/suite/layers.rs"));
            continue;
        };
        for (n, line) in code(&text) {
            for name in looks_at(room, line) {
                let signed = SIGNED.iter().any(|(of, to, _)| *of == file && *to == name);
                if name != room && !below.contains(&name) && !signed {
                    wrong.push(format!("{file}:{n}: `{room}` may not look at `{name}`: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_domain_asks_the_policy() {
    for (room, below) in ROOMS {
        assert_eq!(below.contains(&"policy"), room == "domain", "{room}");
    }
}

#[test]
fn migrations_never_import_what_is_stored_now() {
    refuse("migration/src", &["entity", "demarche_entity"]);
    refuse("migration/src", &ABOVE);
}

#[test]
fn what_is_stored_knows_no_driver_and_no_door() {
    refuse("entity/src", &["async_graphql", "actix_web", "sqlx", "tokio", "migration", "DbBackend"]);
    refuse("entity/src", &ABOVE);
}

#[test]
fn only_the_store_asks_which_database_this_is() {
    for (file, text) in rooms() {
        if room(&file) == "store" || file.ends_with("/tests.rs") {
            continue;
        }
        for (n, line) in code(&text) {
            let asks = ["DbBackend", "get_database_backend", "sqlx::"].iter().any(|word| line.contains(word));
            assert!(!asks, "{file}:{n}: only the store asks which database this is: {line}");
        }
    }
}

#[test]
fn the_domain_and_what_lies_below_know_no_door() {
    for (file, text) in rooms() {
        if ["cli", "http", "graphql", "bound", "main"].contains(&room(&file)) || file.ends_with("/tests.rs") {
            continue;
        }
        for (n, line) in code(&text) {
            let knows = ["async_graphql", "actix_web", "clap::"].iter().any(|word| line.contains(word));
            assert!(!knows, "{file}:{n}: only a door knows the protocol that it speaks: {line}");
        }
    }
}

fn refuse(folder: &str, words: &[&str]) {
    for (file, text) in files(folder) {
        for (n, line) in code(&text) {
            for forbidden in words {
                let used = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == *forbidden);
                assert!(!used, "{file}:{n}: `{folder}` may not know `{forbidden}`: {line}");
            }
        }
    }
}

#[test]
fn the_reader_of_imports_reads_what_rust_reads() {
    assert_eq!(names_after("use crate::{graphql, id};", "crate::"), ["graphql", "id"]);
    assert_eq!(names_after("use crate::{auth::{Auth, Secret}, op::Op, store};", "crate::"), ["auth", "op", "store"]);
    assert_eq!(names_after("let x = crate::policy::signed(op)?;", "crate::"), ["policy"]);
    assert_eq!(looks_at("http", "use entity::words;"), ["entity"]);
    assert!(looks_at("http", "let entity = op.entity::<X>();").len() <= 1);
    assert_eq!(looks_at("http", "use demarche_graphql::{Schema, shape};"), ["graphql"]);
    assert_eq!(looks_at("graphql", "use crate::policy;"), Vec::<&str>::new());
    assert_eq!(looks_at("graphql", "use demarche_core::{policy, id};"), ["policy", "id"]);
}
