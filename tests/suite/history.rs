//! What was believed before can always be asked for: assertions are append-only, and nodes leave revisions.

use std::time::Duration;

use demarche_tests::build::{ASSERTIONS, NODES, errors, field, keys, list};
use demarche_tests::{Desk, World};
use serde_json::{Value, json};

const EVIDENCE: &str =
    "id externalId locator credibility occurredOn recordedAt supersededAt supersedes { id } supersededBy { id }
    retraction { reason } source { title }";

/// All that is on record, in every list and through every reference, as of a moment that is only said at the lists of the root.
fn everything(recorded: &str) -> String {
    let page = format!("(first: 100, asOf: {{ recorded: \"{recorded}\", valid: \"2026-11-24\" }})");
    // Without the marking: how far a record may travel is decided now, for its past as well.
    let nodes = "id version updatedAt externalId dossier { title }";
    format!(
        "{{ stakeholders{page} {{ totalCount edges {{ cursor }} nodes {{ {nodes} name aliases country
             standings {{ nodes {{ stance mechanism {{ name }} position {{ externalId }} }} }} relations {{ nodes {{ kind to {{ name }} }} }} }} }}
           mechanisms{page} {{ totalCount nodes {{ {nodes} name mode partOf {{ name }}
             parties {{ role stakeholder {{ name }} }}
             conditions {{ statement findings {{ verdict assessor {{ name }} }} }} status {{ status }}
             support {{ mean stated noPosition contested }}
             standings {{ nodes {{ stance sourceCount stakeholder {{ name }} position {{ id locator }} beaten {{ id }} }} }} }} }}
           conditions{page} {{ nodes {{ {nodes} statement legalBasis mechanism {{ name }} }} }}
           arguments{page} {{ nodes {{ {nodes} statement frame rebuts {{ statement }} reinforces {{ statement }}
             rebuttedBy {{ statement }} reinforcedBy {{ statement }} positions {{ nodes {{ id stakeholder {{ name }} }} }} }} }}
           sources{page} {{ nodes {{ {nodes} title url sha256 positions {{ totalCount }} }} }}
           dossiers{page} {{ nodes {{ {nodes} title question mechanism(slug: \"strikes\") {{ name }} positions {{ totalCount }} }} }}
           positions{page} {{ totalCount nodes {{ {EVIDENCE} stance rationale arguments {{ statement }} conditions {{ statement }}
             stakeholder {{ name }} mechanism {{ name }} }} }}
           relations{page} {{ totalCount nodes {{ {EVIDENCE} kind tension from {{ name }} to {{ name }} }} }}
           statuses{page} {{ totalCount nodes {{ {EVIDENCE} status note mechanism {{ name }} }} }}
           findings{page} {{ totalCount nodes {{ {EVIDENCE} verdict condition {{ statement }} }} }}
           events{page} {{ totalCount nodes {{ {EVIDENCE} title actors {{ role stakeholder {{ name }} }} }} }}
           implications{page} {{ totalCount nodes {{ {EVIDENCE} kind severity mechanism {{ name }} relation {{ kind }} }} }}
           ratings{page} {{ totalCount nodes {{ {EVIDENCE} influence stakeholder {{ name }} }} }} }}"
    )
}

fn later(world: &World) {
    world.wait(Duration::from_secs(1));
}

demarche_tests::suite! {
    async fn the_earlier_belief_comes_back_letter_by_letter(world) {
        let desk = Desk::open(&world).await;
        let reason = desk.make("Argument", json!({ "externalId": "why", "rebuts": [desk.reason] })).await;
        let party = |who: &str| json!([{ "stakeholder": who, "role": "HOST" }]);
        let treaty = desk.make("Mechanism", json!({ "slug": "treaty", "partOf": desk.strikes, "parties": party(&desk.us) })).await;
        let mut first = Vec::new();
        for kind in ASSERTIONS {
            for key in ["kept", "corrected", "retracted"] {
                first.push((kind, key, desk.make(kind, json!({ "externalId": key, "locator": "p. 1" })).await));
            }
        }
        desk.make("Position", json!({ "externalId": "with", "stakeholder": desk.mx, "stance": "OPPOSE", "arguments": [reason] })).await;
        let mut beliefs = Vec::new();
        let mut remember = async || {
            let now = world.now();
            let said = desk.client.text(&everything(&now)).await;
            assert!(said.starts_with("{\"data\":"), "{said}");
            beliefs.push((now, said));
            later(&world);
        };
        remember().await;
        for (kind, key, id) in &first {
            let payload = match *key {
                "corrected" => desk.supersede(kind, id, json!({ "externalId": key, "locator": "p. 2", "credibility": 2 }), "id").await,
                "retracted" => desk.retract(id, "misread").await,
                _ => continue,
            };
            assert_eq!(errors(&payload), "");
        }
        remember().await;
        for (kind, id, changes) in [
            ("Stakeholder", &desk.us, json!({ "name": "USA", "aliases": ["US"], "country": null })),
            ("Mechanism", &treaty, json!({ "mode": "MULTILATERAL", "partOf": null, "parties": party(&desk.mx) })),
            ("Condition", &desk.request, json!({ "statement": "It is asked", "legalBasis": "Consent" })),
            ("Argument", &reason, json!({ "frame": "POLITICAL", "rebuts": [], "reinforces": [desk.reason] })),
            ("Source", &desk.paper, json!({ "title": "Another paper", "url": "https://example.org/" })),
            ("Dossier", &desk.dossier, json!({ "title": "Another question", "marking": "GREEN" })),
        ] {
            assert_eq!(errors(&desk.edit(kind, id, 1, changes, "id").await), "");
        }
        remember().await;
        for kind in NODES.into_iter().chain(ASSERTIONS) {
            desk.make(kind, json!({ "externalId": "new" })).await;
        }
        remember().await;
        for (at, said) in &beliefs {
            similar_asserts::assert_eq!(&desk.client.text(&everything(at)).await, said);
        }
        let different: std::collections::BTreeSet<&String> = beliefs.iter().map(|(_, said)| said).collect();
        assert_eq!(different.len(), 4, "each change is seen");
        // What is on record now is what is believed now.
        let current = everything("2026-11-30T00:00:00Z");
        similar_asserts::assert_eq!(&desk.client.text(&current).await, &beliefs[3].1);
    }

    async fn each_moment_of_a_correction_and_a_retraction_can_be_asked_for(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let before = world.now();
            later(&world);
            let first = desk.make(kind, json!({ "externalId": "key", "locator": "first" })).await;
            let recorded = world.now();
            later(&world);
            let second = desk.supersede(kind, &first, json!({ "externalId": "key", "locator": "second" }), "id").await;
            let second = second[field(kind)]["id"].as_str().unwrap().to_owned();
            let corrected = world.now();
            later(&world);
            desk.retract(&second, "wrong after all").await;
            let retracted = world.now();
            let list = list(kind);
            for (at, expected) in [
                (&before, json!([])),
                (&recorded, json!([{ "id": first, "supersededAt": null, "supersedes": null, "supersededBy": null, "retraction": null }])),
                (&corrected, json!([{ "id": second, "supersededAt": null, "supersedes": { "id": first }, "supersededBy": null, "retraction": null }])),
                (&retracted, json!([])),
            ] {
                let own = "id supersededAt supersedes { id } supersededBy { id } retraction { reason }";
                let asked = format!("{{ {list}(asOf: {{ recorded: '{at}' }}) {{ nodes {{ {own} }} }} }}");
                assert_eq!(desk.data(&asked).await[&list]["nodes"], expected, "{kind} at {at}");
            }
        }
    }

    async fn the_two_clocks_are_apart(world) {
        let mut desk = Desk::open(&world).await;
        // Recorded today, held long ago: known today of then, and not known yesterday.
        let yesterday = world.now();
        world.wait(Duration::from_secs(24 * 3600));
        desk.client = world.analyst().await;
        desk.make("Position", json!({ "externalId": "old", "statedOn": "2025-02-01" })).await;
        for (as_of, expected) in [
            (String::new(), "old"),
            ("valid: '2025-03-01'".to_owned(), "old"),
            ("valid: '2025-01-31'".to_owned(), ""),
            (format!("valid: '2025-03-01', recorded: '{yesterday}'"), ""),
            (format!("recorded: '{}'", world.now()), "old"),
        ] {
            assert_eq!(desk.found("positions", &format!("asOf: {{ {as_of} }}")).await, expected, "{as_of}");
        }
        // A filter that reaches through to other records is as of the same time.
        let through = "filter: { positions: { externalId: { eq: 'old' } } }";
        let found = desk.data(&format!("{{ now: stakeholders({through}) {{ totalCount }}
            then: stakeholders({through}, asOf: {{ recorded: '{yesterday}' }}) {{ totalCount }} }}")).await;
        assert_eq!(found, json!({ "now": { "totalCount": 1 }, "then": { "totalCount": 0 } }));
    }

    async fn a_list_of_nodes_shows_them_as_they_were(world) {
        let desk = Desk::open(&world).await;
        let before = world.now();
        later(&world);
        let id = desk.make("Stakeholder", json!({ "slug": "dea", "name": "DEA", "externalId": "key" })).await;
        let made = world.now();
        later(&world);
        desk.edit("Stakeholder", &id, 1, json!({ "name": "Drug Enforcement Administration", "externalId": null }), "id").await;
        let ask = async |at: &str| {
            let asked = format!("stakeholders(filter: {{ id: {{ eq: '{id}' }} }}, asOf: {{ recorded: '{at}' }}) {{ nodes {{ name version externalId }} }}");
            desk.of_dossier(&asked).await["stakeholders"]["nodes"].take()
        };
        assert_eq!(ask(&before).await, json!([]));
        assert_eq!(ask(&made).await, json!([{ "name": "DEA", "version": 1, "externalId": "key" }]));
        let now = json!([{ "name": "Drug Enforcement Administration", "version": 2, "externalId": null }]);
        assert_eq!(ask(&world.now()).await, now);
    }

    async fn filters_orders_pages_and_counts_look_at_nodes_as_they_were(world) {
        let desk = Desk::open(&world).await;
        let whole = desk.make("Mechanism", json!({ "slug": "whole", "name": "Whole" })).await;
        let mut parts = Vec::new();
        for (slug, name) in [("a", "Alpha"), ("b", "Beta"), ("c", "Gamma")] {
            parts.push(desk.make("Mechanism", json!({ "slug": slug, "name": name, "partOf": whole, "mode": "BILATERAL" })).await);
        }
        desk.make("Position", json!({ "externalId": "said", "stakeholder": desk.mx, "mechanism": parts[0] })).await;
        let report = desk.make("Source", json!({ "slug": "report", "publishedOn": "2024-05-01" })).await;
        let then = world.now();
        later(&world);
        // Edited into the other order, out of the whole, into another mode and another year.
        desk.edit("Mechanism", &parts[0], 1, json!({ "slug": "z", "name": "Zeta", "mode": "DOMESTIC" }), "id").await;
        desk.edit("Mechanism", &parts[1], 1, json!({ "partOf": null }), "id").await;
        desk.edit("Stakeholder", &desk.mx, 1, json!({ "name": "Renamed", "country": null }), "id").await;
        desk.edit("Source", &report, 1, json!({ "publishedOn": "2025-05-01" }), "id").await;
        let asked = |at: &str| format!("
            page: mechanisms(filter: {{ partOf: {{ slug: {{ eq: 'whole' }} }} }}, orderBy: [{{ field: NAME }}], first: 1, asOf: {{ recorded: '{at}' }})
              {{ totalCount nodes {{ name }} pageInfo {{ endCursor }} }}
            whole: mechanisms(filter: {{ slug: {{ eq: 'whole' }} }}, asOf: {{ recorded: '{at}' }}) {{ nodes {{ parts {{ nodes {{ slug }} }} }} }}
            modes: mechanisms(filter: {{ mode: {{ eq: BILATERAL }}, name: {{ contains: 'a' }} }}, asOf: {{ recorded: '{at}' }}) {{ totalCount }}
            edited: mechanisms(filter: {{ updatedAt: {{ gt: '{then}' }} }}, asOf: {{ recorded: '{at}' }}) {{ totalCount }}
            said: positions(filter: {{ stakeholder: {{ country: {{ eq: 'MX' }} }}, mechanism: {{ slug: {{ eq: 'a' }} }} }}, asOf: {{ recorded: '{at}' }})
              {{ nodes {{ externalId }} }}
            report: sources(filter: {{ publishedOn: {{ lt: '2025-01-01' }} }}, orderBy: [{{ field: PUBLISHED_ON, direction: DESC }}],
              asOf: {{ recorded: '{at}' }}) {{ nodes {{ slug publishedOn }} }}");
        let mut believed = desk.of_dossier(&asked(&then)).await;
        let cursor = believed["page"]["pageInfo"]["endCursor"].take();
        assert_eq!(believed, json!({
            "page": { "totalCount": 3, "nodes": [{ "name": "Alpha" }], "pageInfo": { "endCursor": null } },
            "whole": { "nodes": [{ "parts": { "nodes": [{ "slug": "a" }, { "slug": "b" }, { "slug": "c" }] } }] },
            "modes": { "totalCount": 3 }, "edited": { "totalCount": 0 }, "said": { "nodes": [{ "externalId": "said" }] },
            "report": { "nodes": [{ "slug": "report", "publishedOn": "2024-05-01" }] },
        }));
        let further = format!("mechanisms(filter: {{ partOf: {{ slug: {{ eq: 'whole' }} }} }}, orderBy: [{{ field: NAME }}], after: {cursor},
            asOf: {{ recorded: '{then}' }}) {{ nodes {{ name }} }}");
        assert_eq!(desk.of_dossier(&further).await["mechanisms"]["nodes"], json!([{ "name": "Beta" }, { "name": "Gamma" }]));
        let mut today = desk.of_dossier(&asked(&world.now())).await;
        today["page"]["pageInfo"].take();
        assert_eq!(today, json!({
            "page": { "totalCount": 2, "nodes": [{ "name": "Gamma" }], "pageInfo": null },
            "whole": { "nodes": [{ "parts": { "nodes": [{ "slug": "z" }, { "slug": "c" }] } }] },
            "modes": { "totalCount": 2 }, "edited": { "totalCount": 2 }, "said": { "nodes": [] }, "report": { "nodes": [] },
        }));
    }

    async fn what_is_reached_from_a_record_is_shown_as_of_the_same_time_unless_it_is_asked_otherwise(world) {
        let desk = Desk::open(&world).await;
        let party = |who: &str| json!([{ "stakeholder": who, "role": "HOST" }]);
        let treaty = desk.make("Mechanism", json!({ "slug": "treaty", "name": "Treaty", "parties": party(&desk.us) })).await;
        let other = desk.make("Argument", json!({ "statement": "Other" })).await;
        let why = desk.make("Argument", json!({ "statement": "Why", "rebuts": [desk.reason] })).await;
        desk.make("Position", json!({ "stakeholder": desk.mx, "mechanism": treaty, "arguments": [why] })).await;
        let then = world.now();
        later(&world);
        desk.edit("Stakeholder", &desk.mx, 1, json!({ "name": "Renamed" }), "id").await;
        desk.edit("Mechanism", &treaty, 1, json!({ "name": "Accord", "parties": party(&desk.mx) }), "id").await;
        desk.edit("Argument", &why, 1, json!({ "statement": "Because", "rebuts": [other] }), "id").await;
        let now = world.now();
        let asked = |clock: &str| format!("mechanisms(filter: {{ slug: {{ eq: 'treaty' }} }} {clock}) {{ nodes {{ name parties {{ stakeholder {{ name }} }}
            positions {{ nodes {{ stakeholder {{ name }} arguments {{ statement rebuts {{ statement }} }} }} }}
            again: positions(asOf: {{ recorded: '{now}' }}) {{ nodes {{ stakeholder {{ name }} }} }} }} }}");
        let both = desk.of_dossier(&format!("then: {} now: {}", asked(&format!("asOf: {{ recorded: '{then}' }}")), asked(""))).await;
        let said = |name: &str, party: &str, mexico: &str, why: &str, rebutted: &str| json!({ "nodes": [{ "name": name,
            "parties": [{ "stakeholder": { "name": party } }],
            "positions": { "nodes": [{ "stakeholder": { "name": mexico }, "arguments": [{ "statement": why, "rebuts": [{ "statement": rebutted }] }] }] },
            "again": { "nodes": [{ "stakeholder": { "name": "Renamed" } }] } }] });
        assert_eq!(both["then"], said("Treaty", "United States", "Mexico", "Why", "No force without consent"));
        assert_eq!(both["now"], said("Accord", "Renamed", "Renamed", "Because", "Other"));
    }

    async fn every_edit_leaves_a_revision_that_says_what_it_changed(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Mechanism", json!({ "slug": "m", "name": "One", "description": "Old" })).await;
        let made = world.now();
        later(&world);
        let party = json!([{ "stakeholder": desk.us, "role": "HOST" }]);
        desk.edit("Mechanism", &id, 1, json!({ "name": "Two", "description": null }), "id").await;
        later(&world);
        desk.edit("Mechanism", &id, 2, json!({ "partOf": desk.strikes, "parties": party.clone(), "marking": "AMBER" }), "id").await;
        let own = "revisions { totalCount nodes { version recordedAt recordedBy { name } marking changes { field before after } node { id } } }";
        let revisions = desk.read("Mechanism", &id, own).await["revisions"].take();
        assert_eq!(revisions["totalCount"], 3);
        let versions: Vec<i64> = revisions["nodes"].as_array().unwrap().iter().map(|r| r["version"].as_i64().unwrap()).collect();
        assert_eq!(versions, [3, 2, 1]);
        let first = &revisions["nodes"][2];
        // Raising a marking raises the past as well.
        assert_eq!(first, &json!({ "version": 1, "recordedAt": made, "recordedBy": { "name": "Analyst" }, "marking": "AMBER",
            "changes": [], "node": { "id": id } }));
        let mut changes: Vec<Value> = revisions["nodes"][1]["changes"].as_array().unwrap().clone();
        changes.sort_by_key(|change| change["field"].to_string());
        assert_eq!(changes, [
            json!({ "field": "description", "before": "\"Old\"", "after": null }),
            json!({ "field": "name", "before": "\"One\"", "after": "\"Two\"" }),
        ]);
        let mut fields: Vec<&str> = revisions["nodes"][0]["changes"].as_array().unwrap().iter()
            .map(|change| change["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["marking", "partOf", "parties"]);
        assert_eq!(revisions["nodes"][0]["marking"], "AMBER");
        // A revision is found by its id, and its snapshot has the whole state.
        let ids = desk.read("Mechanism", &id, "revisions(last: 1) { nodes { id } }").await;
        let first = ids["revisions"]["nodes"][0]["id"].as_str().unwrap();
        let first = desk.read("Revision", first, "version snapshot").await;
        assert_eq!((&first["version"], &first["snapshot"]["name"]), (&json!(1), &json!("One")));
        assert_eq!(first["snapshot"]["parties"], json!([]));
        let last = desk.read("Mechanism", &id, "revisions(first: 1) { nodes { snapshot } }").await;
        assert_eq!(last["revisions"]["nodes"][0]["snapshot"]["parties"], party);
    }

    async fn of_two_who_correct_the_same_assertion_at_once_exactly_one_does(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let id = desk.make(kind, json!({ "externalId": "key" })).await;
            let correct = |locator: &str| {
                desk.supersede(kind, &id, json!({ "externalId": "key", "locator": locator }), "id locator")
            };
            let (a, b, c) = tokio::join!(correct("a"), correct("b"), correct("c"));
            let won: Vec<&Value> = [&a, &b, &c].into_iter().filter(|payload| errors(payload).is_empty()).collect();
            assert_eq!(won.len(), 1, "{a} {b} {c}");
            let lost = [&a, &b, &c].into_iter().filter(|payload| errors(payload).starts_with("ALREADY_SUPERSEDED id")).count();
            assert_eq!(lost, 2, "{a} {b} {c}");
            let current = desk.data(&format!("{{ {}(filter: {{ externalId: {{ eq: 'key' }} }}) {{ nodes {{ id locator }} }} }}", list(kind))).await;
            assert_eq!(current[list(kind)]["nodes"], json!([won[0][field(kind)]]));
        }
    }

    async fn of_one_who_corrects_and_one_who_takes_back_at_once_exactly_one_does(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Position", json!({ "externalId": "key" })).await;
        let (corrected, retracted) =
            tokio::join!(desk.supersede("Position", &id, json!({ "externalId": "key" }), "id"), desk.retract(&id, "wrong"));
        let done = [&corrected, &retracted].iter().filter(|payload| errors(payload).is_empty()).count();
        assert_eq!(done, 1, "{corrected} {retracted}");
        let found = desk.data("{ positions { nodes { externalId } } }").await;
        assert_eq!(keys(&found["positions"]), if errors(&corrected).is_empty() { "key" } else { "" });
    }
}
