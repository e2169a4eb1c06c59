//! The questions that the sample dossier must answer, as the README asks and answers them.

use demarche_tests::World;
use serde_json::{Value, json};

const README: &str = include_str!("../../README.md");

/// The questions of the README: their headings, queries and answers.
fn questions() -> Vec<(&'static str, &'static str, Value)> {
    let mut questions = Vec::new();
    for section in README.split("\n### ").skip(1) {
        let Some((heading, rest)) = section.split_once('\n') else { continue };
        let Some((_, rest)) = rest.split_once("```graphql\n") else { continue };
        let Some((query, rest)) = rest.split_once("```") else { continue };
        let Some((_, rest)) = rest.split_once("```json\n") else { continue };
        let Some((answer, _)) = rest.split_once("```") else { continue };
        questions.push((heading, query, serde_json::from_str(answer).unwrap()));
    }
    questions
}

/// The dossier, asked for `fields`.
async fn dossier(world: &World, fields: &str) -> Value {
    let query = format!("{{ dossier(slug: \"us-mexico-cartel-strikes\") {{ {fields} }} }}");
    world.reader().await.data(&query).await["dossier"].take()
}

fn texts(list: &Value, pointer: &str) -> Vec<String> {
    let text = |item: &Value| item.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

demarche_tests::suite! {
    async fn readme_answers_the_seven_questions_as_the_server_does(world with sample) {
        let reader = world.reader().await;
        let questions = questions();
        assert_eq!(questions.len(), 7);
        for (heading, query, expected) in questions {
            assert_eq!(reader.data(query).await, expected["data"], "{heading}");
        }
    }

    async fn answers_come_in_the_order_of_the_query(world with sample) {
        let reader = world.reader().await;
        for (heading, query, expected) in questions() {
            // Without spaces, the page's answer is the server's, letter by letter: an object has no other order.
            let shown = README.split(query).nth(1).unwrap().split("```json\n").nth(1).unwrap().split("```").next().unwrap();
            let said = reader.text(query).await;
            // What it cost stands after it.
            let (data, _) = said.split_once(",\"extensions\":").unwrap();
            assert_eq!(without_spaces(data) + "}", without_spaces(shown), "{heading}");
            assert!(expected["data"].is_object());
        }
    }

    async fn everybody_who_opposes_strikes_says_why(world with sample) {
        let found = dossier(
            &world,
            "mechanism(slug: \"military-operations\") { standings(filter: { stance: { lt: NEUTRAL } }) {
               nodes { stakeholder { slug } position { stakeholder { slug } arguments { frame } } } } }",
        )
        .await;
        let standings = &found["mechanism"]["standings"]["nodes"];
        let mut slugs = texts(standings, "/stakeholder/slug");
        slugs.sort();
        assert_eq!(
            slugs,
            [
                "advocates-of-diplomacy",
                "government-of-mexico",
                "international-law-experts",
                "michael-schmitt",
                "pentagon",
                "white-house"
            ]
        );
        for standing in standings.as_array().unwrap() {
            assert!(!standing["position"]["arguments"].as_array().unwrap().is_empty(), "{standing}");
        }
        let spoken = texts(standings, "/position/stakeholder/slug");
        assert!(spoken.contains(&"claudia-sheinbaum".to_owned()), "she speaks for the government of Mexico");
    }

    async fn common_ground_is_what_both_sides_support_and_nobody_opposes(world with sample) {
        let found = dossier(
            &world,
            "mechanisms(filter: {
               not: { positions: { stance: { lt: NEUTRAL } } }
               and: [
                 { positions: { stance: { gt: NEUTRAL }, stakeholder: { country: { eq: \"US\" } } } }
                 { positions: { stance: { gt: NEUTRAL }, stakeholder: { country: { eq: \"MX\" } } } }
               ]
             }) { nodes { slug mode } }",
        )
        .await;
        let nodes = &found["mechanisms"]["nodes"];
        assert_eq!(
            texts(nodes, "/slug"),
            ["bilateral-task-forces", "technology-sharing", "border-security-collaboration", "legal-frameworks"]
        );
        assert!(texts(nodes, "/mode").iter().all(|mode| mode == "BILATERAL"));
    }

    async fn no_condition_of_strikes_is_met_and_mexico_has_not_asked(world with sample) {
        let found = dossier(
            &world,
            "mechanism(slug: \"military-operations\") { conditions { externalId findings { verdict assessor { slug } } } }",
        )
        .await;
        let conditions = found["mechanism"]["conditions"].as_array().unwrap();
        let verdicts = |key: &str| {
            let condition = conditions.iter().find(|condition| condition["externalId"] == key).unwrap();
            texts(&condition["findings"], "/verdict")
        };
        assert_eq!(conditions.len(), 4);
        assert_eq!(verdicts("host-state-request"), ["UNMET", "UNMET", "UNMET"]);
        assert_eq!(verdicts("armed-conflict"), ["CONTESTED", "CONTESTED"]);
        assert_eq!(verdicts("intensity-of-violence"), ["CONTESTED"]);
        assert_eq!(verdicts("self-defence"), ["CONTESTED", "CONTESTED"]);
    }

    async fn washington_disagrees_with_itself_on_strikes_alone(world with sample) {
        let found = dossier(
            &world,
            "relations(filter: { kind: { eq: PART_OF } }) { nodes { to { slug } from { slug
               standings(filter: { stance: { isNull: false } }) { nodes { stance mechanism { slug } } } } } }",
        )
        .await;
        let mut sides: Vec<(String, String, bool)> = Vec::new();
        for tie in found["relations"]["nodes"].as_array().unwrap() {
            for standing in tie["from"]["standings"]["nodes"].as_array().unwrap() {
                let stance = standing["stance"].as_str().unwrap();
                let whole = tie["to"]["slug"].as_str().unwrap().to_owned();
                let mechanism = standing["mechanism"]["slug"].as_str().unwrap().to_owned();
                sides.push((whole, mechanism, stance.ends_with("SUPPORT")));
            }
        }
        let torn = |(whole, mechanism, side): &(String, String, bool)| {
            sides.contains(&(whole.clone(), mechanism.clone(), !side)).then(|| (whole.clone(), mechanism.clone()))
        };
        let mut torn: Vec<(String, String)> = sides.iter().filter_map(torn).collect();
        torn.sort();
        torn.dedup();
        assert_eq!(torn, [("us-government".to_owned(), "military-operations".to_owned())]);
    }

    async fn unilateral_action_has_six_foreseen_consequences_the_gravest_first(world with sample) {
        let found = dossier(
            &world,
            "implications(filter: { mechanism: { slug: { eq: \"military-operations\" } } }
               orderBy: [{ field: SEVERITY, direction: DESC }, { field: LIKELIHOOD, direction: DESC }]) {
               nodes { externalId severity } }",
        )
        .await;
        let nodes = &found["implications"]["nodes"];
        let severities: Vec<i64> = nodes.as_array().unwrap().iter().map(|node| node["severity"].as_i64().unwrap()).collect();
        assert_eq!(severities, [5, 5, 5, 4, 4, 3]);
        assert_eq!(texts(nodes, "/externalId")[0], "risk-escalation");
    }

    async fn a_stakeholder_without_a_stated_position_is_an_answer_too(world with sample) {
        let found = dossier(
            &world,
            "mechanism(slug: \"military-operations\") { support { stated noPosition mean }
               standings(filter: { stance: { isNull: true } }) { totalCount nodes { stakeholder { slug } position { id } } } }",
        )
        .await;
        let mechanism = &found["mechanism"];
        assert_eq!(mechanism["support"], json!({ "stated": 9, "noPosition": 6, "mean": -4.0 / 9.0 }));
        assert_eq!(mechanism["standings"]["totalCount"], 6);
        assert!(texts(&mechanism["standings"]["nodes"], "/stakeholder/slug").contains(&"cartels".to_owned()));
        assert!(mechanism["standings"]["nodes"].as_array().unwrap().iter().all(|standing| standing["position"].is_null()));
    }
}
