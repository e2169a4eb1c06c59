//! Invented records, markings and corrections, and for everybody each answer as a naive reckoning in memory gives it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use demarche_tests::{Client, World};
use entity::words::{Marking, MemberRole, Role};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

const MARKINGS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER_STRICT", "RED"];
const STANCES: [&str; 5] = ["STRONGLY_OPPOSE", "OPPOSE", "NEUTRAL", "SUPPORT", "STRONGLY_SUPPORT"];

/// One thing that somebody does. Numbers choose among the records that there are.
#[derive(Clone, Debug)]
enum Step {
    Stakeholder { marking: usize },
    Mechanism { marking: usize, party: usize, part_of: Option<usize> },
    Argument { marking: usize, rebuts: Option<usize> },
    Position { marking: usize, by: usize, behalf: Option<usize>, on: usize, argument: usize, stance: usize },
    Relation { marking: usize, from: usize, to: usize },
    Implication { marking: usize, relation: usize },
    Supersede { which: usize, marking: usize, stance: usize },
    Retract { which: usize },
    Mark { which: usize, marking: usize },
    EditNode { which: usize, marking: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (m, n) = (0..5_usize, 0..100_usize);
    let maybe = || proptest::option::of(0..100_usize);
    prop_oneof![
        2 => m.clone().prop_map(|marking| Step::Stakeholder { marking }),
        2 => (m.clone(), n.clone(), maybe()).prop_map(|(marking, party, part_of)| Step::Mechanism { marking, party, part_of }),
        1 => (m.clone(), maybe()).prop_map(|(marking, rebuts)| Step::Argument { marking, rebuts }),
        5 => (m.clone(), n.clone(), maybe(), n.clone(), n.clone(), m.clone())
            .prop_map(|(marking, by, behalf, on, argument, stance)| Step::Position { marking, by, behalf, on, argument, stance }),
        1 => (m.clone(), n.clone(), n.clone()).prop_map(|(marking, from, to)| Step::Relation { marking, from, to }),
        1 => (m.clone(), n.clone()).prop_map(|(marking, relation)| Step::Implication { marking, relation }),
        3 => (n.clone(), m.clone(), m.clone()).prop_map(|(which, marking, stance)| Step::Supersede { which, marking, stance }),
        1 => n.clone().prop_map(|which| Step::Retract { which }),
        3 => (n.clone(), m.clone()).prop_map(|(which, marking)| Step::Mark { which, marking }),
        3 => (n, m).prop_map(|(which, marking)| Step::EditNode { which, marking }),
    ]
}

/// A record, as the oracle knows it.
#[derive(Clone, Debug)]
struct Known {
    id: Value,
    object: &'static str,
    marking: usize,
    version: i32,
    refers_to: Vec<usize>,
    supersedes: Option<usize>,
    is_current: bool,
    /// Of a position: whose, on which mechanism, which stance, and the input that made it.
    stated: Option<(usize, usize, usize, Value)>,
    word: String,
}

/// All records of one case, the oldest first. The first is the dossier, the second a source.
struct Oracle<'a> {
    owner: &'a Client,
    records: Vec<Known>,
    day: u32,
}

impl Oracle<'_> {
    fn of(&self, object: &str) -> Vec<usize> {
        (0..self.records.len()).filter(|n| self.records[*n].object == object).collect()
    }

    fn pick(&self, object: &str, n: usize) -> Option<usize> {
        let all = self.of(object);
        (!all.is_empty()).then(|| all[n % all.len()])
    }

    fn open_position(&self, n: usize) -> Option<usize> {
        let all: Vec<usize> = self.of("Position").into_iter().filter(|n| self.records[*n].is_current).collect();
        (!all.is_empty()).then(|| all[n % all.len()])
    }

    fn id(&self, n: usize) -> &Value {
        &self.records[n].id
    }

    /// The highest marking of what a record refers to.
    fn floor(&self, refers_to: &[usize]) -> usize {
        refers_to.iter().map(|n| self.records[*n].marking).max().unwrap_or(0)
    }

    /// Raises a record, and again and again whatever lies below what it must not lie below.
    fn raise(&mut self, n: usize, marking: usize) {
        self.records[n].marking = self.records[n].marking.max(marking);
        loop {
            let mut changed = false;
            for n in 0..self.records.len() {
                let floor = self.floor(&self.records[n].refers_to);
                let corrected = self.records[n].supersedes.map(|old| (old, self.records[n].marking));
                for (at, least) in [(n, floor)].into_iter().chain(corrected) {
                    if self.records[at].marking < least {
                        self.records[at].marking = least;
                        changed = true;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Creates a record through the server and notes it down.
    async fn make(
        &mut self,
        mutation: &str,
        object: &'static str,
        mut input: Value,
        asked: usize,
        refers_to: Vec<usize>,
    ) -> usize {
        let field = format!("{}{}", object[..1].to_lowercase(), &object[1..]);
        if object != "Dossier" {
            input["dossier"] = self.id(0).clone();
        }
        input["marking"] = MARKINGS[asked].into();
        let made = self.owner.mutate(mutation, input, &format!("{field} {{ id marking }}")).await;
        assert_eq!(made["errors"], json!([]), "{mutation}");
        let marking = asked.max(self.floor(&refers_to));
        assert_eq!(made[&field]["marking"], MARKINGS[marking], "{mutation}");
        let (version, supersedes, is_current, stated) = (1, None, true, None);
        let word = String::new();
        let id = made[&field]["id"].clone();
        self.records.push(Known { id, object, marking, version, refers_to, supersedes, is_current, stated, word });
        self.records.len() - 1
    }

    fn word(&mut self) -> String {
        self.day += 1;
        format!("word{}x", self.day)
    }

    /// Days that never repeat, so that it is clear which of two positions is the later one.
    fn date(&self) -> String {
        format!("20{:02}-{:02}-{:02}", 10 + self.day / 300, 1 + self.day / 28 % 10, 1 + self.day % 28)
    }

    async fn run(&mut self, step: Step) {
        let word = self.word();
        let named = match step {
            Step::Stakeholder { marking } => {
                let input = json!({ "slug": word, "name": word, "kind": "GROUP" });
                Some(self.make("createStakeholder", "Stakeholder", input, marking, vec![0]).await)
            }
            Step::Mechanism { marking, party, part_of } => {
                let Some(party) = self.pick("Stakeholder", party) else { return };
                let part_of = part_of.and_then(|n| self.pick("Mechanism", n));
                let input = json!({ "slug": word, "name": word, "mode": "BILATERAL", "kind": "OTHER", "partOf": part_of.map(|n| self.id(n)),
                                    "parties": [{ "stakeholder": self.id(party), "role": "HOST" }] });
                let refers_to = [0, party].into_iter().chain(part_of).collect();
                Some(self.make("createMechanism", "Mechanism", input, marking, refers_to).await)
            }
            Step::Argument { marking, rebuts } => {
                let rebuts = rebuts.and_then(|n| self.pick("Argument", n));
                let ids: Vec<&Value> = rebuts.iter().map(|n| self.id(*n)).collect();
                let input = json!({ "statement": word, "frame": "LEGAL", "rebuts": ids });
                let refers_to = [0].into_iter().chain(rebuts).collect();
                Some(self.make("createArgument", "Argument", input, marking, refers_to).await)
            }
            Step::Position { marking, by, behalf, on, argument, stance } => {
                let (Some(by), Some(on)) = (self.pick("Stakeholder", by), self.pick("Mechanism", on)) else { return };
                let behalf = behalf.and_then(|n| self.pick("Stakeholder", n)).filter(|n| *n != by);
                let argument = self.pick("Argument", argument);
                let arguments: Vec<&Value> = argument.iter().map(|n| self.id(*n)).collect();
                let input = json!({ "source": self.id(1), "stakeholder": self.id(by), "onBehalfOf": behalf.map(|n| self.id(n)),
                                    "mechanism": self.id(on), "stance": STANCES[stance], "statedOn": self.date(), "rationale": word, "arguments": arguments });
                let refers_to = [0, 1, by, on].into_iter().chain(behalf).chain(argument).collect();
                let made = self.make("recordPosition", "Position", input.clone(), marking, refers_to).await;
                self.records[made].stated = Some((behalf.unwrap_or(by), on, stance, input));
                Some(made)
            }
            Step::Relation { marking, from, to } => {
                let (Some(from), Some(to)) = (self.pick("Stakeholder", from), self.pick("Stakeholder", to)) else {
                    return;
                };
                if from == to {
                    return;
                }
                let input = json!({ "source": self.id(1), "from": self.id(from), "to": self.id(to), "kind": "OPPOSES", "occurredOn": self.date(), "note": word });
                Some(self.make("recordRelation", "Relation", input, marking, vec![0, 1, from, to]).await)
            }
            Step::Implication { marking, relation } => {
                let Some(relation) = self.pick("Relation", relation) else { return };
                let input = json!({ "source": self.id(1), "kind": "RISK", "statement": word, "occurredOn": self.date(), "relation": self.id(relation) });
                Some(self.make("recordImplication", "Implication", input, marking, vec![0, 1, relation]).await)
            }
            Step::Supersede { which, marking, stance } => self.supersede(which, marking, stance, &word).await,
            Step::Retract { which } => {
                let Some(old) = self.open_position(which) else { return };
                let input = json!({ "id": self.id(old), "reason": "a misreading" });
                assert_eq!(self.owner.mutate("retract", input, "").await["errors"], json!([]));
                self.records[old].is_current = false;
                None
            }
            Step::Mark { which, marking } => {
                let Some(old) = self.pick("Position", which) else { return };
                let input = json!({ "id": self.id(old), "marking": MARKINGS[marking] });
                let errors = self.owner.mutate("changeMarking", input, "").await["errors"].take();
                let correction = self
                    .records
                    .iter()
                    .filter(|record| record.supersedes == Some(old))
                    .map(|record| record.marking)
                    .max();
                let floor = self.floor(&self.records[old].refers_to).max(correction.unwrap_or(0));
                assert_eq!(errors == json!([]), marking >= floor, "{errors}");
                if marking > self.records[old].marking {
                    self.raise(old, marking);
                } else if marking >= floor {
                    self.records[old].marking = marking;
                }
                None
            }
            Step::EditNode { which, marking } => {
                self.edit(which, marking).await;
                None
            }
        };
        if let Some(named) = named {
            self.records[named].word = word;
        }
    }

    async fn supersede(&mut self, which: usize, marking: usize, stance: usize, word: &str) -> Option<usize> {
        let old = self.open_position(which)?;
        let known = self.records[old].clone();
        let (principal, on, _, mut input) = known.stated.unwrap();
        (input["dossier"], input["marking"]) = (self.id(0).clone(), MARKINGS[marking].into());
        (input["stance"], input["rationale"], input["statedOn"]) =
            (STANCES[stance].into(), word.into(), self.date().into());
        let done = self
            .owner
            .mutate("supersedePosition", json!({ "id": known.id, "replacement": input }), "position { id marking }")
            .await;
        assert_eq!(done["errors"], json!([]));
        let marking = marking.max(self.floor(&known.refers_to));
        assert_eq!(done["position"]["marking"], MARKINGS[marking]);
        self.records[old].is_current = false;
        let id = done["position"]["id"].clone();
        let stated = Some((principal, on, stance, input));
        self.records.push(Known { id, marking, supersedes: Some(old), stated, is_current: true, ..known });
        if marking > self.records[old].marking {
            self.raise(old, marking);
        }
        Some(self.records.len() - 1)
    }

    async fn edit(&mut self, which: usize, marking: usize) {
        let nodes: Vec<usize> = (1..self.records.len())
            .filter(|n| {
                self.records[*n].stated.is_none() && !["Relation", "Implication"].contains(&self.records[*n].object)
            })
            .collect();
        let node = nodes[which % nodes.len()];
        let object = self.records[node].object;
        let field = object.to_lowercase();
        let input = json!({ "id": self.id(node), "version": self.records[node].version, "marking": MARKINGS[marking] });
        let done =
            self.owner.mutate(&format!("update{object}"), input, &format!("{field} {{ marking version }}")).await;
        assert_eq!(done["errors"], json!([]), "{object}");
        let given = marking.max(self.floor(&self.records[node].refers_to));
        assert_eq!(done[&field]["marking"], MARKINGS[given], "{object}");
        self.records[node].version = i32::try_from(done[&field]["version"].as_i64().unwrap()).unwrap();
        if given > self.records[node].marking {
            self.raise(node, given);
        } else {
            self.records[node].marking = given;
        }
    }

    /// No record is marked lower than anything that it refers to, or than what corrected it.
    fn is_sound(&self) -> bool {
        self.records.iter().all(|record| {
            record.marking >= self.floor(&record.refers_to)
                && record.supersedes.is_none_or(|old| self.records[old].marking >= record.marking)
        })
    }

    /// What somebody who is cleared that far must be told, question by question.
    async fn check(&self, client: &Client, slug: &str, clearance: Option<usize>) {
        let sees = |n: usize| clearance.is_some_and(|clearance| self.records[n].marking <= clearance);
        let lists = [
            ("stakeholders", "Stakeholder"),
            ("mechanisms", "Mechanism"),
            ("arguments", "Argument"),
            ("positions", "Position"),
            ("relations", "Relation"),
            ("implications", "Implication"),
            ("sources", "Source"),
        ];
        for (list, object) in lists {
            let query = format!(
                "{{ {list}(first: 200 filter: {{ dossier: {{ slug: {{ eq: {slug:?} }} }} }}) {{ totalCount nodes {{ id marking }} }} }}"
            );
            let found = client.data(&query).await[list].take();
            let expected: BTreeMap<String, &str> = self
                .of(object)
                .into_iter()
                .filter(|n| sees(*n) && self.records[*n].is_current)
                .map(|n| (self.id(n).as_str().unwrap().to_owned(), MARKINGS[self.records[n].marking]))
                .collect();
            let nodes: BTreeMap<String, &str> = found["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| (node["id"].as_str().unwrap().to_owned(), node["marking"].as_str().unwrap()))
                .collect();
            assert_eq!(nodes, expected, "{list} for {clearance:?}");
            assert_eq!(found["totalCount"], expected.len(), "{list} for {clearance:?}");
        }
        for chunk in (0..self.records.len()).collect::<Vec<_>>().chunks(100) {
            let ids: Vec<&Value> = chunk.iter().map(|n| self.id(*n)).collect();
            let nodes =
                client.ask_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await.data();
            for (n, node) in chunk.iter().zip(nodes["nodes"].as_array().unwrap()) {
                assert_eq!(node.is_null(), !sees(*n), "{:?} for {clearance:?}", self.records[*n]);
            }
        }
        let found =
            client.data("{ search(query: \"word\" first: 200) { totalCount nodes { title } } }").await["search"].take();
        let mine: Vec<&Known> = (0..self.records.len())
            .filter(|n| sees(*n))
            .map(|n| &self.records[n])
            .filter(|record| record.is_current && !record.word.is_empty())
            .collect();
        // Other cases have left words behind: those are of other dossiers, which this client sees as little or as much.
        for record in &mine {
            let hit = client
                .data(&format!("{{ search(query: {:?} first: 200) {{ nodes {{ node {{ id }} }} }} }}", record.word))
                .await;
            assert!(hit.to_string().contains(record.id.as_str().unwrap()), "{record:?}");
        }
        assert!(found["totalCount"].as_u64().unwrap() >= mine.len() as u64);
        for record in (0..self.records.len())
            .filter(|n| !sees(*n))
            .map(|n| &self.records[n])
            .filter(|record| !record.word.is_empty())
        {
            let hit = client
                .data(&format!("{{ search(query: {:?} first: 200) {{ nodes {{ node {{ id }} }} }} }}", record.word))
                .await;
            assert!(!hit.to_string().contains(record.id.as_str().unwrap()), "{record:?} for {clearance:?}");
        }
        if sees(0) {
            self.check_standings(client, slug, &sees).await;
        } else {
            assert_eq!(client.data(&format!("{{ dossier(slug: {slug:?}) {{ id }} }}")).await["dossier"], Value::Null);
        }
    }

    async fn check_standings(&self, client: &Client, slug: &str, sees: &dyn Fn(usize) -> bool) {
        let query = format!("{{ dossier(slug: {slug:?}) {{ standings(first: 200) {{ totalCount nodes {{ stance position {{ id }} beaten {{ id }} stakeholder {{ id }} mechanism {{ id }} }} }}
            mechanisms(first: 100) {{ nodes {{ id support {{ stated noPosition }} }} }} }} }}");
        let found = client.data(&query).await["dossier"].take();
        let stakeholders: Vec<usize> = self.of("Stakeholder").into_iter().filter(|n| sees(*n)).collect();
        let mechanisms: Vec<usize> = self.of("Mechanism").into_iter().filter(|n| sees(*n)).collect();
        assert_eq!(found["standings"]["totalCount"], stakeholders.len() * mechanisms.len());
        // The day of a position grows with its place: the last one of a cell wins.
        let of_cell = |who: usize, on: usize| -> Vec<usize> {
            let of = |n: &usize| {
                self.records[*n]
                    .stated
                    .as_ref()
                    .is_some_and(|(principal, mechanism, ..)| (*principal, *mechanism) == (who, on))
            };
            self.of("Position").into_iter().filter(|n| self.records[*n].is_current && sees(*n)).filter(of).collect()
        };
        for standing in found["standings"]["nodes"].as_array().unwrap() {
            let at = |id: &Value| (0..self.records.len()).find(|n| self.id(*n) == id).unwrap();
            let mut cell = of_cell(at(&standing["stakeholder"]["id"]), at(&standing["mechanism"]["id"]));
            let winner = cell.pop();
            assert_eq!(standing["position"]["id"], winner.map_or(Value::Null, |n| self.id(n).clone()));
            assert_eq!(
                standing["stance"],
                winner.map_or(Value::Null, |n| STANCES[self.records[n].stated.as_ref().unwrap().2].into())
            );
            assert_eq!(standing["beaten"].as_array().unwrap().len(), cell.len());
        }
        for mechanism in found["mechanisms"]["nodes"].as_array().unwrap() {
            let on = (0..self.records.len()).find(|n| *self.id(*n) == mechanism["id"]).unwrap();
            let stated = stakeholders.iter().filter(|who| !of_cell(**who, on).is_empty()).count();
            assert_eq!(mechanism["support"], json!({ "stated": stated, "noPosition": stakeholders.len() - stated }));
        }
    }
}

async fn check(world: &World, people: &[(Client, Option<usize>)], owner: &Client, steps: Vec<Step>) {
    static CASE: AtomicU32 = AtomicU32::new(0);
    let slug = format!("case{}", CASE.fetch_add(1, Ordering::Relaxed));
    let mut oracle = Oracle { owner, records: Vec::new(), day: 0 };
    oracle.make("createDossier", "Dossier", json!({ "slug": slug, "title": "T" }), 0, Vec::new()).await;
    oracle.make("createSource", "Source", json!({ "slug": "s", "title": "S" }), 0, vec![0]).await;
    let dossier = crate::marked::key(oracle.id(0));
    for account in 10..15 {
        world.admit(dossier, account, MemberRole::Reader).await;
    }
    for step in steps {
        oracle.run(step).await;
        assert!(oracle.is_sound(), "{:#?}", oracle.records);
    }
    for (client, clearance) in people {
        oracle.check(client, &slug, *clearance).await;
    }
}

demarche_tests::suite! {
    async fn everybody_is_told_what_a_naive_oracle_says(world) {
        let mut people = Vec::new();
        for (n, clearance) in [Marking::Clear, Marking::Green, Marking::Amber, Marking::AmberStrict, Marking::Red].into_iter().enumerate() {
            people.push((world.newcomer(10 + n as i64, Role::Reader, clearance).await, Some(n)));
        }
        people.push((world.newcomer(20, Role::Analyst, Marking::Red).await, None));
        let owner = world.analyst().await;
        let config = Config { cases: 6, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let cases = proptest::collection::vec(step(), 12..40);
        let run = |steps: Vec<Step>| {
            let started = vec![Step::Stakeholder { marking: 0 }, Step::Stakeholder { marking: 0 }, Step::Mechanism { marking: 0, party: 0, part_of: None }];
            let all = check(&world, &people, &owner, started.into_iter().chain(steps).collect());
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(all));
            Ok(())
        };
        if let Err(failed) = runner.run(&cases, run) {
            panic!("{failed}");
        }
    }
}
