//! Pages: both ways, in every order, each record once.

use std::cmp::{Ordering, Reverse};
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demarche_tests::{Client, World, grid, property};
use proptest::prelude::*;
use serde_json::{Value, json};

const SIZE: usize = 240;
const FIELDS: [&str; 6] = ["SLUG", "NAME", "KIND", "COUNTRY", "CREATED_AT", "UPDATED_AT"];

/// A stakeholder as the oracle knows it. Its place in the list is the order of its key.
#[derive(Clone, Debug)]
struct Row {
    slug: String,
    name: &'static str,
    kind: &'static str,
    country: Option<&'static str>,
}

/// Many ties, rows without a value, and names that only bytes put in order.
fn rows() -> Vec<Row> {
    const NAMES: [&str; 7] = ["b", "a", "B", "é", "a b", "Z", "_"];
    const KINDS: [&str; 4] = ["STATE", "AGENCY", "PUBLIC", "GROUP"];
    const COUNTRIES: [Option<&str>; 5] = [Some("MX"), None, Some("US"), Some("CA"), None];
    let row = |n: usize| Row {
        // A stride that visits every number once: slugs in another order than keys.
        slug: format!("s{:03}", n * 77 % SIZE),
        name: NAMES[n * 5 % NAMES.len()],
        kind: KINDS[n / 3 % KINDS.len()],
        country: COUNTRIES[n % COUNTRIES.len()],
    };
    (0..SIZE).map(row).collect()
}

async fn load(world: &World) -> Client {
    let analyst = world.analyst().await;
    let mut lines = "{\"record\":\"dossier\",\"slug\":\"many\",\"title\":\"Many\"}\n".to_owned();
    for Row { slug, name, kind, country } in rows() {
        let line = json!({ "record": "stakeholder", "slug": slug, "name": name, "kind": kind, "country": country });
        writeln!(lines, "{line}").unwrap();
    }
    world.load(&lines).await;
    analyst
}

/// An order: fields, each with whether it is descending.
type Order = Vec<(&'static str, bool)>;

/// Puts rows in order; those without a value last either way, and those that are alike by key.
fn sorted(order: &Order) -> Vec<String> {
    let mut rows = rows();
    let compare = |a: &Row, b: &Row| {
        let one = |(field, descending): &(&str, bool)| {
            let values = |row: &Row| match *field {
                "SLUG" => Some(row.slug.clone()),
                "NAME" => Some(row.name.to_owned()),
                "KIND" => Some(row.kind.to_owned()),
                "COUNTRY" => row.country.map(str::to_owned),
                // The clock stands still.
                _ => Some(String::new()),
            };
            match (values(a), values(b)) {
                (Some(a), Some(b)) if *descending => Reverse(a).cmp(&Reverse(b)),
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            }
        };
        order.iter().map(one).find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
    };
    rows.sort_by(compare);
    rows.into_iter().map(|row| row.slug).collect()
}

/// One page, from a cursor on.
async fn page(client: &Client, order: &Order, size: usize, backward: bool, from: Option<&str>) -> Value {
    const QUERY: &str = "query($first: Int, $after: String, $last: Int, $before: String, $order: [StakeholderOrder!]) {
        stakeholders(first: $first, after: $after, last: $last, before: $before, orderBy: $order) { totalCount
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { slug } } } }";
    let order: Vec<Value> = order
        .iter()
        .map(|(field, descending)| json!({ "field": field, "direction": if *descending { "DESC" } else { "ASC" } }))
        .collect();
    let (count, place) = if backward { ("last", "before") } else { ("first", "after") };
    let variables = json!({ "order": order, count: size, place: from });
    client.ask_with(QUERY, variables).await.data()["stakeholders"].take()
}

/// Goes through the whole list, and says what is wrong with it.
async fn walk(client: &Client, order: &Order, size: usize, backward: bool) -> Result<(), String> {
    let mut expected = sorted(order);
    if backward {
        expected.reverse();
    }
    let (mut seen, mut from) = (Vec::new(), None::<String>);
    loop {
        let page = page(client, order, size, backward, from.as_deref()).await;
        let edges = page["edges"].as_array().unwrap();
        let mut slugs: Vec<String> =
            edges.iter().map(|edge| edge["node"]["slug"].as_str().unwrap().to_owned()).collect();
        if backward {
            slugs.reverse();
        }
        seen.extend(slugs);
        let info = &page["pageInfo"];
        let (ahead, behind) =
            if backward { ("hasPreviousPage", "hasNextPage") } else { ("hasNextPage", "hasPreviousPage") };
        let told = [page["totalCount"] == SIZE, info[ahead] == (seen.len() < SIZE), info[behind] == from.is_some()];
        let ends = [info["startCursor"] == edges[0]["cursor"], info["endCursor"] == edges[edges.len() - 1]["cursor"]];
        if told != [true; 3] || ends != [true; 2] || expected[..seen.len()] != seen {
            return Err(format!(
                "after {} rows: {info}, {told:?}, {ends:?}, {seen:?} instead of {expected:?}",
                seen.len()
            ));
        }
        if seen.len() == SIZE {
            return Ok(());
        }
        let end = if backward { "startCursor" } else { "endCursor" };
        from = Some(info[end].as_str().unwrap().to_owned());
    }
}

fn orders() -> impl Strategy<Value = (Order, usize, bool)> {
    let term = (prop::sample::select(&FIELDS[..]), any::<bool>());
    (prop::collection::vec(term, 0..4), 17_usize..=200, any::<bool>())
}

fn cursor(list: &str, place: Value) -> String {
    URL_SAFE_NO_PAD.encode(json!([list, place]).to_string())
}

demarche_tests::suite! {
    async fn an_error_within_a_list_says_at_which_item(world) {
        let analyst = load(&world).await;
        for (list, way) in [("nodes", "nodes"), ("edges { node", "edges")] {
            let close = if way == "edges" { "}" } else { "" };
            let query = format!("{{ stakeholders(first: 3) {{ {list} {{ name positions(after: \"none\") {{ nodes {{ id }} }} }} {close} }} }}");
            let answer = analyst.ask(&query).await;
            let mut places: Vec<String> =
                answer.body["errors"].as_array().unwrap().iter().map(|error| error["path"].to_string()).collect();
            places.sort();
            let place = |n: usize| match way {
                "edges" => json!(["stakeholders", "edges", n, "node", "positions"]).to_string(),
                _ => json!(["stakeholders", "nodes", n, "positions"]).to_string(),
            };
            assert_eq!(places, [0, 1, 2].map(place));
        }
    }

    async fn every_order_visits_every_record_once_both_ways(world) {
        let analyst = load(&world).await;
        for field in FIELDS {
            for (descending, backward) in [(false, false), (false, true), (true, false), (true, true)] {
                let order = vec![(field, descending)];
                walk(&analyst, &order, 100, backward).await.unwrap_or_else(|wrong| panic!("{order:?} {backward}: {wrong}"));
            }
        }
    }

    async fn random_orders_and_page_sizes_visit_every_record_once(world) {
        let analyst = load(&world).await;
        property::check(24, &orders(), async |(order, size, backward)| walk(&analyst, order, *size, *backward).await);
    }

    async fn every_cursor_of_a_page_is_a_place_to_go_on_from(world) {
        let analyst = load(&world).await;
        let order = vec![("COUNTRY", true), ("NAME", false)];
        let expected = sorted(&order);
        let whole = page(&analyst, &order, 200, false, None).await;
        for n in [0, 1, 98, 199] {
            let from = whole["edges"][n]["cursor"].as_str().unwrap();
            let next = page(&analyst, &order, 1, false, Some(from)).await;
            assert_eq!(next["edges"][0]["node"]["slug"], expected[n + 1]);
            let before = page(&analyst, &order, 1, true, Some(from)).await;
            assert_eq!(before["edges"][0]["node"]["slug"].as_str(), n.checked_sub(1).map(|n| expected[n].as_str()));
        }
    }

    async fn a_page_has_twenty_records_and_at_most_two_hundred(world) {
        let analyst = load(&world).await;
        let found = analyst.data("{ stakeholders { nodes { slug } pageInfo { hasNextPage } } }").await;
        assert_eq!(found["stakeholders"]["nodes"].as_array().unwrap().len(), 20);
        assert_eq!(found["stakeholders"]["pageInfo"]["hasNextPage"], true);
        let found = analyst.data("{ stakeholders(first: 200) { nodes { slug } } }").await;
        assert_eq!(found["stakeholders"]["nodes"].as_array().unwrap().len(), 200);
        let found = analyst.data("{ stakeholders(first: 0) { totalCount nodes { slug } pageInfo { hasNextPage startCursor } } }").await;
        let empty = json!({ "totalCount": 240, "nodes": [], "pageInfo": { "hasNextPage": true, "startCursor": null } });
        assert_eq!(found["stakeholders"], empty);
        for (arguments, message) in [
            ("first: 201", "a page is too large: 201 found, at most 200 allowed"),
            ("last: 201", "a page is too large: 201 found, at most 200 allowed"),
            ("first: -1", "first: is -1, expected 0 to 200"),
            ("first: 2, last: 2", "first and last: give one of them, not both"),
        ] {
            for list in ["stakeholders", "dossier(slug: \"many\") { stakeholders"] {
                let close = if list.contains('{') { "}" } else { "" };
                let answer = analyst.ask(&format!("{{ {list}({arguments}) {{ nodes {{ slug }} }} {close} }}")).await;
                // The endpoint refuses what is beyond a bound before it runs.
                let code = if arguments.contains("201") { "PAGE_SIZE_LIMIT" } else { "BAD_USER_INPUT" };
                assert_eq!((answer.code(), answer.message()), (code, message), "{list}");
            }
        }
    }

    async fn a_cursor_of_another_list_or_order_is_refused(world) {
        let analyst = load(&world).await;
        let by_name = page(&analyst, &vec![("NAME", false)], 2, false, None).await;
        let by_name = by_name["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        let by_key = page(&analyst, &vec![], 2, false, None).await["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        let other = "is a cursor of another list or of another order";
        let none = "is not a cursor: take it from pageInfo or an edge";
        for (list, from, why) in [
            ("stakeholders", by_name.clone(), other),
            ("mechanisms", by_key.clone(), other),
            ("stakeholders", "nonsense".to_owned(), none),
            ("stakeholders", String::new(), none),
            // Forged: no value, one too many, and values that no key has.
            ("stakeholders", cursor("stk+id", json!([])), other),
            ("stakeholders", cursor("stk+id", json!([{ "i": 1 }, { "i": 1 }])), other),
            ("stakeholders", cursor("stk+id", json!([{ "s": "1" }])), other),
            ("stakeholders", cursor("stk+id", json!(["n"])), other),
        ] {
            for (size, place) in [("first", "after"), ("last", "before")] {
                let query = format!("{{ {list}({size}: 2, {place}: {}) {{ nodes {{ id }} }} }}", json!(from));
                let answer = analyst.ask(&query).await;
                assert_eq!((answer.code(), answer.message()), ("BAD_USER_INPUT", format!("{place}: {why}").as_str()), "{query}");
            }
        }
        let here = format!("{{ stakeholders(first: 2, after: {}) {{ nodes {{ id }} }} }}", json!(by_key));
        assert_eq!(analyst.data(&here).await["stakeholders"]["nodes"].as_array().unwrap().len(), 2);
    }

    async fn each_parent_has_its_own_page(world) {
        let analyst = world.analyst().await;
        world.load(&grid::lines(4, 9)).await;
        for backward in [false, true] {
            let mut seen: Vec<Vec<String>> = vec![Vec::new(); 4];
            let mut from: Option<String> = None;
            // By key, the first page of each parent is another place: going on from one parent's is done one by one.
            for parent in 0..4 {
                loop {
                    let (size, place) = if backward { ("last", "before") } else { ("first", "after") };
                    let at = from.as_ref().map(|from| format!(", {place}: {}", json!(from))).unwrap_or_default();
                    let query = format!(
                        "{{ mechanisms(first: 4, filter: {{ slug: {{ contains: \"m\" }} }}) {{ nodes {{
                           positions({size}: 4{at}) {{ totalCount nodes {{ externalId }}
                             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}"
                    );
                    let found = analyst.data(&query).await;
                    let list = &found["mechanisms"]["nodes"][parent]["positions"];
                    assert_eq!(list["totalCount"], 9);
                    let mut page: Vec<String> =
                        list["nodes"].as_array().unwrap().iter().map(|n| n["externalId"].as_str().unwrap().to_owned()).collect();
                    if backward {
                        page.reverse();
                    }
                    seen[parent].extend(page);
                    let info = &list["pageInfo"];
                    let (more, end) = if backward { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
                    assert_eq!(info[more], seen[parent].len() < 9, "{found:#}");
                    from = (info[more] == true).then(|| info[end].as_str().unwrap().to_owned());
                    if from.is_none() {
                        break;
                    }
                }
            }
            for (parent, mut seen) in seen.into_iter().enumerate() {
                if backward {
                    seen.reverse();
                }
                assert_eq!(seen, (0..9).map(|p| format!("p{parent}-{p}")).collect::<Vec<_>>());
            }
        }
    }
}
