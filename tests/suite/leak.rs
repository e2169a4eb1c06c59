//! What is hidden does not show: not by its id, not by a total, not by what is said of its neighbours, not by a refusal.

use std::collections::BTreeMap;
use std::time::Duration;

use demarche_tests::{Client, World};
use entity::words::{Marking, MemberRole, Role};
use serde_json::{Value, json};

use crate::marked::{self, LISTS, SLUG, dossier_id, key};

/// Somebody who is no member, and somebody who is a member but is cleared for what is `CLEAR` only.
async fn outsiders(world: &World) -> [Client; 2] {
    let dossier = key(&dossier_id(&world.admin().await).await);
    let stranger = world.newcomer(10, Role::Analyst, Marking::Red).await;
    let member = world.newcomer(11, Role::Analyst, Marking::Clear).await;
    world.admit(dossier, 11, MemberRole::Owner).await;
    [stranger, member]
}

/// One hidden record of each kind, by the name of its object.
async fn hidden(world: &World) -> BTreeMap<String, String> {
    let all = marked::everything(&world.admin().await).await.into_iter();
    all.filter(|(.., marking)| marking == "RED").map(|(object, id, _)| (object.to_owned(), id)).collect()
}

/// An id of the same kind that never was.
fn never(id: &str) -> String {
    demarche_core::id::encode(demarche_core::id::decode(id).unwrap().0, 42)
}

/// The fields of an input type, with the names of their types.
async fn input_fields(client: &Client, of: &str) -> Vec<(String, String)> {
    let query = format!(
        "{{ __type(name: {of:?}) {{ inputFields {{ name type {{ name ofType {{ name ofType {{ name }} }} }} }} }} }}"
    );
    let fields = client.data(&query).await["__type"]["inputFields"].take();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    fields.as_array().unwrap().iter().map(|field| (text(&field["name"]), text(&field["type"]["name"]))).collect()
}

/// Everything that somebody can count, add up or follow in the dossier.
fn questions() -> Vec<String> {
    let mut questions: Vec<String> = LISTS
        .iter()
        .map(|(list, _)| {
            format!("{{ {list}(first: 200) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}")
        })
        .collect();
    let inside = |fields: &str| format!("{{ dossier(slug: {SLUG:?}) {{ {fields} }} }}");
    for (list, _) in LISTS {
        questions.push(inside(&format!("{list} {{ totalCount edges {{ cursor }} }}")));
        questions
            .push(inside(&format!("{list}(last: 1) {{ totalCount nodes {{ id }} pageInfo {{ hasPreviousPage }} }}")));
    }
    for rule in ["LATEST", "MOST_CREDIBLE", "MEDIAN"] {
        questions.push(inside(&format!("standings(rule: {rule}) {{ totalCount nodes {{ stance contested sourceCount position {{ id }} beaten {{ id }} }} }}")));
        questions.push(inside(&format!("mechanisms {{ nodes {{ support(rule: {rule}) {{ stronglyOppose oppose neutral support stronglySupport stated noPosition contested mean }} }} }}")));
    }
    questions.push(inside("version updatedAt revisions { totalCount } members { role }"));
    questions.push(inside("stakeholders { nodes { version positions { totalCount } events { totalCount } ratings { totalCount } rating { id } relations { totalCount } findings { totalCount } } }"));
    questions.push(inside("mechanisms { nodes { version parties { role } parts { totalCount } conditions { id } positions { totalCount } statuses { totalCount } status { id } events { totalCount } implications { totalCount } revisions { totalCount } } }"));
    questions.push(inside("arguments { nodes { rebuts { id } rebuttedBy { id } reinforces { id } reinforcedBy { id } positions { totalCount } } }"));
    questions.push(inside("conditions { nodes { findings { id } positions { totalCount } } }"));
    questions
        .push(inside("sources { nodes { positions { totalCount } relations { totalCount } statuses { totalCount } findings { totalCount } ratings { totalCount } implications { totalCount } events { totalCount } } }"));
    questions.push(inside("relations { nodes { implications { totalCount } } }"));
    questions.push(inside("positions(asOf: { recorded: \"2026-11-24T12:00:00Z\" }) { totalCount nodes { supersededAt supersedes { id } supersededBy { id } } }"));
    questions.push(inside("positions(orderBy: [{ field: STATED_ON, direction: DESC }]) { totalCount }"));
    questions.push(
        "{ stakeholders(filter: { not: { positions: { stance: { lt: NEUTRAL } } } }) { totalCount } }".to_owned(),
    );
    questions.push("{ mechanisms(filter: { positions: { credibility: { lte: 6 } } }) { totalCount } }".to_owned());
    for word in ["veiled", "open", "raid", "e"] {
        questions.push(format!(
            "{{ search(query: {word:?}) {{ totalCount nodes {{ title inTitle }} pageInfo {{ hasNextPage }} }} }}"
        ));
    }
    questions
}

/// The answers to all of [`questions`]. One that cannot be asked at all is no question.
async fn answers(client: &Client) -> Vec<(String, String)> {
    let mut answers = Vec::new();
    for question in questions() {
        let answer = client.text(&question).await;
        assert!(!answer.contains("\"errors\""), "{question}\n{answer}");
        answers.push((question, answer));
    }
    answers
}

demarche_tests::suite! {
    async fn nothing_that_one_may_count_changes_when_a_hidden_record_is_added(world) {
        world.load(&[marked::dossier(SLUG, "CLEAR"), marked::nodes("open", "CLEAR"), marked::assertions("open", "CLEAR", "open")].concat()).await;
        let outsiders = outsiders(&world).await;
        let mut before = Vec::new();
        for client in &outsiders {
            before.push(answers(client).await);
        }
        let whole = answers(&world.analyst().await).await;
        world.load(&[
            marked::dossier(SLUG, "CLEAR"),
            marked::nodes("veiled", "RED"),
            marked::assertions("veiled", "RED", "veiled"),
            marked::hanging("veiled-on", "RED", "open"),
            marked::assertions("veiled-on", "RED", "open"),
        ].concat()).await;
        for (client, before) in outsiders.iter().zip(before) {
            similar_asserts::assert_eq!(before, answers(client).await);
        }
        // Those who are cleared do see a difference nearly everywhere: the questions are no empty ones.
        let more = answers(&world.analyst().await).await;
        let same = whole.iter().zip(&more).filter(|(before, after)| before == after).count();
        assert!(same * 5 < whole.len(), "{same} of {} questions do not tell", whole.len());
    }

    async fn a_hidden_id_is_answered_like_one_that_never_was_wherever_it_is_asked_for(world) {
        marked::load(&world).await;
        let admin = world.admin().await;
        let hidden = hidden(&world).await;
        assert_eq!(hidden.len(), LISTS.len());
        let mut asked: Vec<(String, &str)> = Vec::new();
        for (object, id) in &hidden {
            asked.push(("{ node(id: \"ID\") { __typename id marking } }".to_owned(), id));
            asked.push(("{ nodes(ids: [\"ID\", \"ID\"]) { id } }".to_owned(), id));
            let (list, _) = LISTS.iter().find(|(_, listed)| listed == object).unwrap();
            for filter in ["id: { eq: \"ID\" }", "id: { in: [\"ID\"] }", "not: { id: { ne: \"ID\" } }", "or: [{ id: { eq: \"ID\" } }]", "not: { id: { eq: \"ID\" } }"] {
                asked.push((format!("{{ {list}(filter: {{ {filter} }}) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage startCursor }} }} }}"), id));
            }
        }
        // Through every relation that a filter can follow.
        let mut followed = 0;
        for (list, object) in LISTS {
            for (field, of) in input_fields(&admin, &format!("{object}Filter")).await {
                let Some(id) = of.strip_suffix("Filter").and_then(|far| hidden.get(far)) else { continue };
                followed += 1;
                for filter in [format!("{field}: {{ id: {{ eq: \"ID\" }} }}"), format!("not: {{ {field}: {{ id: {{ eq: \"ID\" }} }} }}")] {
                    asked.push((format!("{{ {list}(filter: {{ {filter} }}) {{ totalCount nodes {{ id }} }} }}"), id));
                    asked.push((format!("{{ {list}(asOf: {{ recorded: \"2026-11-24T12:00:00Z\" }} filter: {{ {filter} }}) {{ totalCount nodes {{ id }} }} }}"), id));
                }
            }
        }
        assert!(followed > 25, "{followed}");
        for client in &outsiders(&world).await {
            for (question, id) in &asked {
                let told = client.text(&question.replace("ID", id)).await;
                let none = client.text(&question.replace("ID", &never(id))).await;
                assert_eq!(told.replace(id, "ID"), none.replace(&never(id), "ID"), "{question} with {id}");
                assert!(!told.contains("\"errors\""), "{question}: {told}");
            }
        }
    }

    async fn a_hidden_id_costs_the_database_what_one_costs_that_never_was(world) {
        marked::load(&world).await;
        let hidden = hidden(&world).await;
        for client in &outsiders(&world).await {
            for id in hidden.values() {
                let none = never(id);
                for question in ["{ node(id: \"ID\") { id } }", "{ nodes(ids: [\"ID\"]) { id } }"] {
                    let (told, statements) = world.counted(client, &question.replace("ID", id)).await;
                    assert_eq!((told, statements), world.counted(client, &question.replace("ID", &none)).await, "{id}");
                    assert!(statements > 0);
                }
            }
        }
    }

    async fn a_dossier_that_one_is_no_member_of_is_answered_like_none(world) {
        marked::load(&world).await;
        let [stranger, _] = outsiders(&world).await;
        let id = dossier_id(&world.admin().await).await;
        let id = id.as_str().unwrap();
        let mut asked = vec![
            format!("{{ dossier(slug: {SLUG:?}) {{ id title members {{ role }} audit {{ totalCount }} }} }}"),
            format!("{{ dossiers(filter: {{ slug: {{ eq: {SLUG:?} }} }}) {{ totalCount nodes {{ id }} }} }}"),
            format!("{{ node(id: {id:?}) {{ id ... on Dossier {{ members {{ role }} audit {{ totalCount }} }} }} }}"),
            format!("mutation {{ createStakeholder(input: {{ dossier: {id:?} slug: \"x\" name: \"\" kind: STATE }}) {{ errors {{ code field message }} }} }}"),
            format!("mutation {{ updateDossier(input: {{ id: {id:?} version: 9 title: \"\" }}) {{ dossier {{ version }} errors {{ code field message }} }} }}"),
            format!("mutation {{ deleteDossier(input: {{ id: {id:?} version: 1 slug: {SLUG:?} }}) {{ id errors {{ code field message }} }} }}"),
            format!("mutation {{ setMember(input: {{ dossier: {id:?} email: \"reader@example.org\" role: OWNER }}) {{ errors {{ code field message }} }} }}"),
            format!("mutation {{ removeMember(input: {{ dossier: {id:?} account: \"acc_0000000000001\" }}) {{ errors {{ code field message }} }} }}"),
        ];
        for (list, _) in LISTS {
            asked.push(format!("{{ {list}(filter: {{ dossier: {{ id: {{ eq: {id:?} }} }} }}) {{ totalCount nodes {{ id }} }} }}"));
        }
        for question in asked {
            let told = stranger.text(&question).await;
            let none = stranger.text(&question.replace(id, &never(id)).replace(SLUG, "no-such-dossier")).await;
            assert_eq!(told, none.replace(&never(id), id), "{question}");
        }
    }

    async fn a_cursor_of_a_hidden_record_leads_to_nothing_hidden(world) {
        marked::load(&world).await;
        let [_, member] = outsiders(&world).await;
        let admin = world.admin().await;
        for (list, _) in LISTS {
            let cursors = admin.data(&format!("{{ {list}(first: 200) {{ edges {{ cursor node {{ id marking }} }} }} }}")).await[list]["edges"].take();
            let visible = member.data(&format!("{{ {list}(first: 200) {{ nodes {{ id }} }} }}")).await[list]["nodes"].take();
            for (n, edge) in cursors.as_array().unwrap().iter().enumerate() {
                let page = member.data(&format!("{{ {list}(first: 200 after: {}) {{ nodes {{ id }} }} }}", edge["cursor"])).await[list]["nodes"].take();
                let rest: Vec<&Value> = cursors.as_array().unwrap()[n + 1..].iter().map(|edge| &edge["node"]).filter(|node| node["marking"] == "CLEAR").collect();
                let expected: Vec<&Value> = rest.iter().map(|node| &node["id"]).collect();
                let ids: Vec<&Value> = page.as_array().unwrap().iter().map(|node| &node["id"]).collect();
                assert_eq!(ids, expected, "{list}");
                assert!(visible.as_array().unwrap().len() >= ids.len());
            }
        }
    }

    async fn what_was_hidden_once_stays_hidden_in_the_past(world) {
        marked::load(&world).await;
        let [_, member] = outsiders(&world).await;
        let then = world.now();
        world.wait(Duration::from_secs(1));
        let query = format!("{{ dossier(slug: {SLUG:?}) {{
            stakeholder(slug: \"once-veiled\") {{ name version revisions {{ totalCount nodes {{ version snapshot changes {{ field before }} }} }} }}
            positions(filter: {{ rationale: {{ eq: \"open reason\" }} }}) {{ nodes {{ id supersedes {{ id }} supersededAt }} }} }} }}");
        let seen = member.data(&query).await["dossier"].take();
        let stakeholder = &seen["stakeholder"];
        assert_eq!((&stakeholder["name"], &stakeholder["revisions"]["totalCount"]), (&json!("open front"), &json!(1)));
        assert_eq!(stakeholder["revisions"]["nodes"][0]["changes"], json!([]));
        assert_eq!(seen["positions"]["nodes"][0]["supersedes"], Value::Null);
        assert!(!seen.to_string().contains("veiled front"));
        // Both its states were recorded at this moment: the later one counts.
        let past = format!("{{ stakeholders(asOf: {{ recorded: {then:?} }}, filter: {{ slug: {{ eq: \"once-veiled\" }} }}) {{ nodes {{ name }} }} }}");
        assert_eq!(member.data(&past).await["stakeholders"]["nodes"], json!([{ "name": "open front" }]));
        let revision = world.admin().await.data(&format!("{{ dossier(slug: {SLUG:?}) {{ stakeholder(slug: \"once-veiled\") {{ revisions(last: 1) {{ nodes {{ id snapshot }} }} }} }} }}")).await;
        let revision = &revision["dossier"]["stakeholder"]["revisions"]["nodes"][0];
        assert!(revision["snapshot"].to_string().contains("veiled front"));
        let id = revision["id"].as_str().unwrap();
        let ask = |id: &str| format!("{{ node(id: {id:?}) {{ id ... on Revision {{ snapshot changes {{ field }} node {{ id }} }} }} }}");
        assert_eq!(member.text(&ask(id)).await, member.text(&ask(&never(id))).await);
    }

    async fn a_taken_name_is_refused_alike_whether_or_not_one_sees_who_has_it(world) {
        marked::load(&world).await;
        let [stranger, member] = outsiders(&world).await;
        let dossier = dossier_id(&member).await;
        let refused = async |client: &Client, mutation: &str, input: Value| client.mutate(mutation, input, "").await["errors"].to_string();
        for (mutation, field, seen, unseen, more) in [
            ("createStakeholder", "slug", "open-a", "veiled-a", json!({ "name": "N", "kind": "STATE" })),
            ("createStakeholder", "externalId", "open-a", "veiled-a", json!({ "slug": "x", "name": "N", "kind": "STATE" })),
            ("createArgument", "externalId", "open-arg", "veiled-arg", json!({ "statement": "S", "frame": "LEGAL" })),
        ] {
            let input = |name: &str| {
                let mut input = more.clone();
                (input["dossier"], input[field]) = (dossier.clone(), name.into());
                input
            };
            let (known, unknown) = (refused(&member, mutation, input(seen)).await, refused(&member, mutation, input(unseen)).await);
            assert_eq!(known.replace(seen, "NAME"), unknown.replace(unseen, "NAME"), "{mutation} {field}");
            assert!(known.contains("TAKEN"), "{known}");
        }
        let input = |slug: &str| json!({ "slug": slug, "title": "T" });
        assert_eq!(refused(&stranger, "createDossier", input("own")).await, "[]");
        let (own, others) = (refused(&stranger, "createDossier", input("own")).await, refused(&stranger, "createDossier", input(SLUG)).await);
        assert_eq!(own.replace("own", "NAME"), others.replace(SLUG, "NAME"));
    }
}
