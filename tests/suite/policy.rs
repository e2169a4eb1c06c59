//! Who may do what, as a page of ticks, and that nobody may do anything without signing in.

use std::fmt::Write;

use demarche_api::policy::{Action, permits};
use demarche_tests::schema::{named, types};
use demarche_tests::{Client, inspect::Inspector};
use entity::words::Role;
use sea_orm::Iterable;
use serde_json::Value;

/// What is decided, for its readers: a change of it is a change of this file.
const DECIDED: &str = include_str!("policy.txt");

#[test]
fn the_policy_is_what_was_decided() {
    let mut page = format!("{:<16}", "");
    for role in Role::iter() {
        write!(page, "{:<9}", format!("{role:?}")).unwrap();
    }
    for action in Action::ALL {
        write!(page, "\n{:<16}", format!("{action:?}")).unwrap();
        for role in Role::iter() {
            write!(page, "{:<9}", if permits(role, action) { "✓" } else { "·" }).unwrap();
        }
    }
    let page: String = page.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    similar_asserts::assert_eq!(decided: DECIDED, is: page, "if this is meant, change tests/suite/policy.txt");
}

/// A value that a type takes. `of` is the kind of record that the field around it is about.
fn value(types: &[Value], kind: &Value, name: &str, of: &str) -> String {
    match kind["kind"].as_str().unwrap() {
        "NON_NULL" => value(types, &kind["ofType"], name, of),
        "LIST" => format!("[{}]", value(types, &kind["ofType"], name, of)),
        "ENUM" => named(types, kind["name"].as_str().unwrap())["enumValues"][0]["name"].as_str().unwrap().to_owned(),
        "INPUT_OBJECT" => {
            let fields = named(types, kind["name"].as_str().unwrap())["inputFields"].as_array().unwrap();
            format!("{{ {} }}", arguments(types, fields, of))
        }
        _ => match kind["name"].as_str().unwrap() {
            "ID" => format!("\"{}_0000000000001\"", prefix(name, of)),
            "Int" => "1".to_owned(),
            "Float" => "1.0".to_owned(),
            "Boolean" => "true".to_owned(),
            "Date" => "\"2025-01-01\"".to_owned(),
            "DateTime" => "\"2025-01-01T00:00:00Z\"".to_owned(),
            _ => "\"something\"".to_owned(),
        },
    }
}

/// The arguments that must be given.
fn arguments(types: &[Value], all: &[Value], of: &str) -> String {
    let must = |argument: &&Value| argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null();
    let write = |argument: &Value| {
        let name = argument["name"].as_str().unwrap();
        format!("{name}: {}", value(types, &argument["type"], name, of))
    };
    all.iter().filter(must).map(write).collect::<Vec<_>>().join(", ")
}

/// The prefix of the ids that a field takes.
fn prefix(name: &str, of: &str) -> &'static str {
    let kind = if name == "id" { of } else { name };
    match kind.to_lowercase().as_str() {
        "dossier" => "dos",
        "mechanism" => "mec",
        "condition" => "con",
        "argument" => "arg",
        "source" => "src",
        "relation" => "rel",
        "status" => "sta",
        "finding" => "fin",
        "event" => "evt",
        "implication" => "imp",
        "rating" => "rat",
        "position" | "retract" => "pos",
        _ => "stk",
    }
}

/// Asks for every field of a root type, but for `open` ones, and gives the names of those that do not refuse.
async fn not_refused(types: &[Value], client: &Client, root: &str, open: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let fields = named(types, root)["fields"].as_array().unwrap();
    for field in fields {
        let name = field["name"].as_str().unwrap();
        if open.contains(&name) {
            continue;
        }
        let of = name.trim_start_matches(|c: char| c.is_lowercase());
        let given = arguments(types, field["args"].as_array().unwrap(), if of.is_empty() { name } else { of });
        let given = if given.is_empty() { given } else { format!("({given})") };
        let answer = client.ask(&format!("{} {{ {name}{given} {{ __typename }} }}", root.to_lowercase())).await;
        let refused = answer.body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED";
        if !refused || answer.body["data"].as_object().is_some_and(|data| !data[name].is_null()) {
            wrong.push(format!("{root}.{name}: {}", answer.body));
        }
    }
    assert!(fields.len() > 10);
    wrong
}

demarche_tests::suite! {
    async fn every_root_field_but_sign_in_refuses_the_anonymous_actor(world) {
        let types = types().await;
        let inspector = Inspector::new(&world.database).await;
        let before = inspector.counts().await;
        let nobody = world.anonymous();
        let mut wrong = not_refused(&types, &nobody, "Query", &[]).await;
        wrong.extend(not_refused(&types, &nobody, "Mutation", &["signIn"]).await);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(before, inspector.counts().await);
        inspector.close().await;
    }

    async fn a_reader_reads_and_every_mutation_refuses_it(world) {
        let reader = world.reader().await;
        let fields = named(&types().await, "Mutation")["fields"].as_array().unwrap().clone();
        let types = types().await;
        for field in fields {
            let name = field["name"].as_str().unwrap();
            if name == "signIn" {
                continue;
            }
            let of = name.trim_start_matches(|c: char| c.is_lowercase());
            let given = arguments(&types, field["args"].as_array().unwrap(), if of.is_empty() { name } else { of });
            let answer = reader.ask(&format!("mutation {{ {name}({given}) {{ __typename }} }}")).await;
            assert_eq!(answer.code(), "FORBIDDEN", "{name}: {}", answer.body);
            assert!(answer.message().starts_with("the role READER may not "), "{}", answer.message());
        }
        assert!(reader.data("{ viewer { id } dossiers { totalCount } }").await["viewer"].is_object());
    }
}
