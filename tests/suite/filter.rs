//! Filters: whatever is composed of them, they find what reading the whole list and looking at each record finds.

use std::fmt::Write;

use demarche_tests::{Client, World, property};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NAMES: [&str; 8] = ["México", "mexico", "Mexico City", "100%", "a_b", "aXb", "back\\slash", "Zürich"];
const COUNTRIES: [Option<&str>; 4] = [Some("MX"), None, Some("US"), Some("CA")];
const KINDS: [&str; 3] = ["STATE", "AGENCY", "PERSON"];
const MARKINGS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER_STRICT", "RED"];
const STANCES: [&str; 5] = ["STRONGLY_OPPOSE", "OPPOSE", "NEUTRAL", "SUPPORT", "STRONGLY_SUPPORT"];
const SIZE: usize = 48;

/// A stakeholder as the oracle knows it.
#[derive(Debug)]
struct Row {
    slug: String,
    name: &'static str,
    country: Option<&'static str>,
    kind: &'static str,
    marking: usize,
    /// The stances of its positions, each with whether anything is said of its credibility.
    positions: Vec<(usize, Option<i64>)>,
}

fn rows() -> Vec<Row> {
    let row = |n: usize| Row {
        slug: format!("s{n:02}"),
        name: NAMES[n % NAMES.len()],
        country: COUNTRIES[n / 3 % COUNTRIES.len()],
        kind: KINDS[n / 2 % KINDS.len()],
        marking: n / 5 % MARKINGS.len(),
        positions: (0..n % 3).map(|p| ((n + p) % 5, [None, Some(1), Some(4)][(n / 4 + p) % 3])).collect(),
    };
    (0..SIZE).map(row).collect()
}

async fn load(world: &World) -> Client {
    let analyst = world.analyst().await;
    let mut lines = String::new();
    let mut line = |record: Value| writeln!(lines, "{record}").unwrap();
    line(json!({ "record": "dossier", "slug": "some", "title": "Some" }));
    line(json!({ "record": "source", "slug": "paper", "title": "A paper" }));
    line(json!({ "record": "mechanism", "slug": "m", "name": "M", "mode": "DOMESTIC", "kind": "OTHER" }));
    for Row { slug, name, country, kind, marking, positions } in rows() {
        line(json!({ "record": "stakeholder", "slug": slug, "name": name, "kind": kind, "country": country,
            "marking": MARKINGS[marking] }));
        for (n, (stance, credibility)) in positions.into_iter().enumerate() {
            line(
                json!({ "record": "position", "externalId": format!("{slug}-{n}"), "stakeholder": slug, "mechanism": "m",
                "stance": STANCES[stance], "credibility": credibility, "statedOn": "2025", "source": "paper" }),
            );
        }
    }
    world.load(&lines).await;
    analyst
}

/// A test on one value, as a client writes it: comparators with their operands.
#[derive(Clone, Debug)]
struct Comparison(Vec<(&'static str, Vec<usize>)>);

/// A filter on stakeholders.
#[derive(Clone, Debug)]
enum Filter {
    Name(Comparison),
    Slug(Comparison),
    Country(Comparison),
    Kind(Comparison),
    Marking(Comparison),
    Positions {
        stance: Comparison,
        credibility: Comparison,
    },
    Contains(&'static str),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Several fields of one object: all must hold.
    Both(Box<Filter>, Box<Filter>),
}

impl Comparison {
    /// How it is written, with operands taken from `words`.
    fn written(&self, words: &[Value]) -> Value {
        let word = |n: &usize| words[n % words.len()].clone();
        let mut tests = Map::new();
        for (comparator, operands) in &self.0 {
            let operand = match *comparator {
                "in" | "notIn" => operands.iter().map(word).collect(),
                "isNull" => json!(operands[0] % 2 == 0),
                _ => word(&operands[0]),
            };
            tests.insert((*comparator).to_owned(), operand);
        }
        Value::Object(tests)
    }

    /// Whether a value passes. Of the same comparator twice, the last counts, as in what is written.
    fn holds<T: PartialOrd>(&self, value: Option<&T>, words: &[T]) -> bool {
        let last = |at: usize| !self.0[at + 1..].iter().any(|(other, _)| *other == self.0[at].0);
        self.0.iter().enumerate().filter(|(at, _)| last(*at)).all(|(_, (comparator, operands))| {
            let word = &words[operands.first().map_or(0, |n| n % words.len())];
            let listed = || operands.iter().any(|n| value == Some(&words[n % words.len()]));
            match *comparator {
                "eq" => value == Some(word),
                "ne" => value != Some(word),
                "in" => listed(),
                "notIn" => !listed(),
                "gt" => value.is_some_and(|value| value > word),
                "gte" => value.is_some_and(|value| value >= word),
                "lt" => value.is_some_and(|value| value < word),
                "lte" => value.is_some_and(|value| value <= word),
                _ => value.is_none() == (operands[0] % 2 == 0),
            }
        })
    }
}

fn jsons<T: Copy + Into<Value>>(words: &[T]) -> Vec<Value> {
    words.iter().copied().map(Into::into).collect()
}

const SLUGS: [&str; 6] = ["s00", "s07", "s19", "s2", "s33", "t"];
const CODES: [&str; 4] = ["MX", "US", "CA", "DE"];
const SCALE: [usize; 5] = [0, 1, 2, 3, 4];
const CREDIBILITIES: [i64; 3] = [1, 4, 6];

impl Filter {
    fn written(&self) -> Value {
        match self {
            Self::Name(test) => json!({ "name": test.written(&jsons(&NAMES)) }),
            Self::Slug(test) => json!({ "slug": test.written(&jsons(&SLUGS)) }),
            Self::Country(test) => json!({ "country": test.written(&jsons(&CODES)) }),
            Self::Kind(test) => json!({ "kind": test.written(&jsons(&KINDS)) }),
            Self::Marking(test) => json!({ "marking": test.written(&jsons(&MARKINGS)) }),
            Self::Positions { stance, credibility } => json!({ "positions": {
                "stance": stance.written(&jsons(&STANCES)), "credibility": credibility.written(&jsons(&CREDIBILITIES)) } }),
            Self::Contains(text) => json!({ "name": { "contains": text } }),
            Self::And(all) => json!({ "and": all.iter().map(Self::written).collect::<Vec<_>>() }),
            Self::Or(any) => json!({ "or": any.iter().map(Self::written).collect::<Vec<_>>() }),
            Self::Not(filter) => json!({ "not": filter.written() }),
            Self::Both(one, other) => {
                let mut written = one.written();
                let Value::Object(others) = other.written() else { return written };
                written.as_object_mut().unwrap().extend(others);
                written
            }
        }
    }

    fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Name(test) => test.holds(Some(&row.name), &NAMES),
            Self::Slug(test) => test.holds(Some(&row.slug.as_str()), &SLUGS),
            Self::Country(test) => test.holds(row.country.as_ref(), &CODES),
            Self::Kind(test) => test.holds(Some(&row.kind), &KINDS),
            Self::Marking(test) => test.holds(Some(&row.marking), &SCALE),
            Self::Positions { stance, credibility } => row.positions.iter().any(|(taken, said)| {
                stance.holds(Some(taken), &SCALE) && credibility.holds(said.as_ref(), &CREDIBILITIES)
            }),
            Self::Contains(text) => row.name.to_ascii_lowercase().contains(&text.to_ascii_lowercase()),
            Self::And(all) => all.iter().all(|filter| filter.holds(row)),
            Self::Or(any) => any.iter().any(|filter| filter.holds(row)),
            Self::Not(filter) => !filter.holds(row),
            // Where both are of one field, the second takes the place of the first, as in what is written.
            Self::Both(one, other) => (one.field() == other.field() || one.holds(row)) && other.holds(row),
        }
    }

    const fn field(&self) -> &'static str {
        match self {
            Self::Name(_) | Self::Contains(_) => "name",
            Self::Slug(_) => "slug",
            Self::Country(_) => "country",
            Self::Kind(_) => "kind",
            Self::Marking(_) => "marking",
            Self::Positions { .. } => "positions",
            Self::And(_) => "and",
            Self::Or(_) => "or",
            Self::Not(_) => "not",
            Self::Both(..) => "",
        }
    }
}

fn comparison(comparators: &'static [&'static str]) -> impl Strategy<Value = Comparison> {
    let test = (prop::sample::select(comparators), prop::collection::vec(0_usize..60, 1..4));
    prop::collection::vec(test, 0..3).prop_map(Comparison)
}

fn filters() -> impl Strategy<Value = Filter> {
    const WORD: &[&str] = &["eq", "ne", "in", "notIn", "isNull"];
    const ORDERED: &[&str] = &["eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "isNull"];
    const TEXTS: [&str; 9] = ["", "MEX", "é", "É", "%", "_", "\\", "a_b", "o c"];
    let leaf = prop_oneof![
        comparison(ORDERED).prop_map(Filter::Name),
        comparison(ORDERED).prop_map(Filter::Slug),
        comparison(ORDERED).prop_map(Filter::Country),
        comparison(WORD).prop_map(Filter::Kind),
        comparison(ORDERED).prop_map(Filter::Marking),
        (comparison(ORDERED), comparison(ORDERED))
            .prop_map(|(stance, credibility)| Filter::Positions { stance, credibility }),
        prop::sample::select(&TEXTS[..]).prop_map(Filter::Contains),
    ];
    let both = (leaf.clone(), leaf.clone()).prop_map(|(one, other)| Filter::Both(Box::new(one), Box::new(other)));
    prop_oneof![3 => leaf, 1 => both].prop_recursive(4, 24, 3, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            list().prop_map(Filter::And),
            list().prop_map(Filter::Or),
            inner.clone().prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// The slugs that the server finds, and how many it says that there are.
async fn found(client: &Client, filter: Value) -> (Vec<String>, Value) {
    const QUERY: &str = "query($filter: StakeholderFilter) {
        stakeholders(first: 200, filter: $filter) { totalCount nodes { slug } } }";
    let list = client.ask_with(QUERY, json!({ "filter": filter })).await.data()["stakeholders"].take();
    let slug = |node: &Value| node["slug"].as_str().unwrap().to_owned();
    (list["nodes"].as_array().unwrap().iter().map(slug).collect(), list["totalCount"].clone())
}

demarche_tests::suite! {
    async fn a_composed_filter_finds_what_looking_at_each_record_finds(world) {
        let analyst = load(&world).await;
        let rows = rows();
        property::check(200, &filters(), async |filter| {
            let expected: Vec<String> = rows.iter().filter(|row| filter.holds(row)).map(|row| row.slug.clone()).collect();
            let (slugs, total) = found(&analyst, filter.written()).await;
            if total == expected.len() && slugs == expected {
                return Ok(());
            }
            Err(format!("{}: found {total} {slugs:?} instead of {expected:?}", filter.written()))
        });
    }

    async fn a_null_in_a_filter_is_the_same_as_nothing(world) {
        let analyst = load(&world).await;
        let (all, total) = found(&analyst, Value::Null).await;
        assert_eq!((all.len(), &total), (SIZE, &json!(SIZE)));
        for filter in [json!({}), json!({ "name": null }), json!({ "name": { "eq": null } }), json!({ "and": null, "not": null })] {
            assert_eq!(found(&analyst, filter).await, (all.clone(), total.clone()));
        }
    }
}
