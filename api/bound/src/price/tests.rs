use async_graphql::parser::parse_query;
use serde_json::json;

use super::*;

fn try_reckon(query: &str, variables: serde_json::Value, bounds: &Bounds) -> Result<Price, ServerError> {
    let document = parse_query(query).unwrap();
    let variables = Variables::from_json(variables);
    reckon(&Shape::read(crate::OUR_SCHEMA), &document, &operation(&document, None)?.node, &variables, bounds)
}

fn points(query: &str) -> usize {
    try_reckon(query, json!({}), &Bounds::default()).unwrap().requested
}

fn refusal(query: &str, bounds: &Bounds) -> (String, usize, usize) {
    let error = try_reckon(query, json!({}), bounds).unwrap_err();
    let extensions = error.extensions.unwrap();
    let number = |name| match extensions.get(name) {
        Some(Value::Number(number)) => usize::try_from(number.as_u64().unwrap()).unwrap(),
        other => panic!("{other:?}"),
    };
    let Some(Value::String(code)) = extensions.get("code") else { panic!("no code") };
    (code.clone(), number("limit"), number("found"))
}

#[test]
fn a_field_costs_a_point_for_each_time_that_the_answer_may_hold_it() {
    assert_eq!(points("{ __typename }"), 1);
    assert_eq!(points("{ a: __typename b: __typename __typename }"), 3);
    assert_eq!(points("{ viewer { name role } }"), 3);
    // positions, nodes, 20 times stance
    assert_eq!(points("{ positions { nodes { stance } } }"), 22);
    assert_eq!(points("{ positions(first: 3) { nodes { stance } totalCount } }"), 6);
    assert_eq!(points("{ positions(last: 2) { edges { node { stance } } } }"), 2 + 2 * 2);
    assert_eq!(points("{ positions(first: 0) { nodes { stance } } }"), 2);
    assert_eq!(points("{ positions(first: 3) { nodes { arguments { frame } } } }"), 2 + 3 * (1 + LIST));
    assert_eq!(
        points("{ mechanisms(first: 2) { nodes { positions(first: 3) { nodes { stance } } } } }"),
        2 + 2 * (2 + 3)
    );
    assert_eq!(points("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id __typename } }"), 1 + 3 * 2);
    assert_eq!(points("mutation { signIn(input: {}) { accessToken } }"), 2 + MUTATION_POINTS);
}

#[test]
fn page_sizes_come_from_variables_too() {
    let query = "query($n: Int, $ids: [ID!]!) { positions(first: $n) { nodes { stance } } nodes(ids: $ids) { id } }";
    let price = |variables| try_reckon(query, variables, &Bounds::default()).unwrap().requested;
    assert_eq!(price(json!({ "n": 7, "ids": ["a", "b"] })), 2 + 7 + 1 + 2);
    assert_eq!(price(json!({ "n": null, "ids": ["a"] })), 2 + 20 + 1 + 1);
}

#[test]
fn a_fragment_costs_what_it_costs_in_its_place() {
    let fragments = "fragment page on PositionConnection { nodes { ...position } totalCount }
                     fragment position on Position { stance stakeholder { name } }";
    let spread =
        format!("{{ positions(first: 7) {{ ...page }} a: positions(first: 2) {{ ... {{ ...page }} }} }} {fragments}");
    let inlined = "{ positions(first: 7) { nodes { stance stakeholder { name } } totalCount }
                     a: positions(first: 2) { nodes { stance stakeholder { name } } totalCount } }";
    assert_eq!(points(&spread), points(inlined));
}

#[test]
fn what_is_skipped_costs_nothing() {
    let query = "query($no: Boolean!) { viewer { name @include(if: $no) role @skip(if: true) } ...f @include(if: $no) }
                 fragment f on Query { positions { nodes { stance } } }";
    let price = |no: bool| try_reckon(query, json!({ "no": no }), &Bounds::default()).unwrap().requested;
    assert_eq!((price(false), price(true)), (1, 24));
}

#[test]
fn each_bound_has_a_code_and_says_what_was_found() {
    let bounds = Bounds {
        depth_max: 3,
        aliases_max: 2,
        directives_max: 2,
        selections_max: 30,
        page_size_max: 50,
        complexity_max: 60,
        nesting_max: 10,
        ..Bounds::default()
    };
    for (query, code, limit, found) in [
        ("{ dossier(slug: \"a\") { mechanism(slug: \"b\") { dossier { id } } } }", "DEPTH_LIMIT", 3, 4),
        ("{ a: __typename ...f ...f } fragment f on Query { b: __typename }", "ALIAS_LIMIT", 2, 3),
        ("query @a { __typename @b ... @c { __typename } }", "DIRECTIVE_LIMIT", 2, 3),
        ("{ positions(first: 51) { nodes { id } } }", "PAGE_SIZE_LIMIT", 50, 51),
        ("{ positions(last: 51) { nodes { id } } }", "PAGE_SIZE_LIMIT", 50, 51),
        ("{ positions(first: 50) { nodes { id stance } } }", "QUERY_TOO_COMPLEX", 60, 102),
        (&format!("{{ {} }}", "__typename ".repeat(31)), "SELECTION_LIMIT", 30, 31),
        (&format!("{{ {} id {} }}", "... {".repeat(10), "}".repeat(10)), "NESTING_LIMIT", 10, 11),
    ] {
        assert_eq!(refusal(query, &bounds), (code.to_owned(), limit, found), "{query}");
    }
}

#[test]
fn a_bomb_of_fragments_is_refused_without_being_set_off() {
    let levels: String =
        (0..60).map(|n| format!("fragment f{n} on Query {{ {} }} ", format!("...f{} ", n + 1).repeat(9))).collect();
    let bomb = format!("{{ ...f0 }} {levels} fragment f60 on Query {{ __typename }}");
    assert_eq!(refusal(&bomb, &Bounds::default()).0, "SELECTION_LIMIT");
    let unused = format!("{{ __typename }} {levels} fragment f60 on Query {{ __typename }}");
    assert_eq!(refusal(&unused, &Bounds::default()).0, "SELECTION_LIMIT");
    let chain: String = (0..3000).map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1)).collect();
    assert_eq!(refusal(&format!("{{ __typename }} {chain}"), &Bounds::default()).0, "SELECTION_LIMIT");
}

#[test]
fn a_large_variable_counts_wherever_it_is_used() {
    let uses = "nodes(ids: $ids) { id } ".repeat(1000);
    let ids: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let error = try_reckon(&format!("query($ids: [ID!]!) {{ {uses} }}"), json!({ "ids": ids }), &Bounds::default());
    let error = error.unwrap_err();
    assert_eq!(error.extensions.unwrap().get("code"), Some(&Value::from("VALUE_LIMIT")));
}

#[test]
fn the_schema_costs_a_tenth_and_is_bounded() {
    let types = |fields: &str| format!("{{ __schema {{ types {{ {fields} }} }} }}");
    let all = points(&types("name"));
    assert!((10..40).contains(&all), "{all}");
    let deep = types("fields { type { fields { type { fields { type { fields { name } } } } } } }");
    assert_eq!(refusal(&deep, &Bounds::default()).0, "QUERY_TOO_COMPLEX");
}

#[test]
fn an_answer_has_cost_its_fields() {
    let query = "{ viewer { name } positions { nodes { stance } } s: __schema { types { name } } }";
    let price = try_reckon(query, json!({}), &Bounds::default()).unwrap();
    let answer = json!({ "viewer": { "name": "a" }, "positions": { "nodes": [{ "stance": 1 }, null] },
                         "s": { "types": [{ "name": "a" }, { "name": "b" }] } });
    assert_eq!(price.actual(&Value::from_json(answer).unwrap()), 5 + 1);
}

#[test]
fn the_operation_that_runs_is_found() {
    let is_found = |query, name| operation(&parse_query(query).unwrap(), name).is_ok();
    assert!(
        is_found("{ a }", None)
            && is_found("query A { a }", None)
            && is_found("query A { a } query B { a }", Some("B"))
    );
    assert!(!is_found("{ a }", Some("A")) && !is_found("query A { a } query B { a }", None));
    assert!(!is_found("query A { a }", Some("B")));
}
