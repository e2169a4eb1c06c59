//! What all nodes have in common: keys, versions, and the tests and orders on them.

use std::time::Duration;

use demarche_tests::Desk;
use demarche_tests::build::{NODES, errors, field, list};
use serde_json::{Value, json};

const UPKEEP: &str = "id __typename version createdAt createdBy { name } updatedAt marking externalId dossier { id }";

demarche_tests::suite! {
    async fn a_node_keeps_who_made_it_when_and_how_far_it_may_travel(world) {
        let desk = Desk::open(&world).await;
        let made = world.now();
        for kind in NODES {
            let id = desk.make(kind, json!({ "externalId": "key", "marking": "AMBER" })).await;
            let dossier = if kind == "Dossier" { &id } else { &desk.dossier };
            let expected = json!({
                "id": id, "__typename": kind, "version": 1, "createdAt": made, "createdBy": { "name": "Analyst" },
                "updatedAt": made, "marking": "AMBER", "externalId": "key", "dossier": { "id": dossier },
            });
            assert_eq!(desk.read(kind, &id, UPKEEP).await, expected);
            let id = desk.make(kind, json!({ "slug": "plain" })).await;
            let plain = desk.read(kind, &id, "marking externalId").await;
            assert_eq!(plain, json!({ "marking": "CLEAR", "externalId": null }), "{kind}");
        }
    }

    async fn an_edit_counts_the_version_and_keeps_what_is_left_out(world) {
        let desk = Desk::open(&world).await;
        for kind in NODES {
            let own = field(kind);
            let id = desk.make(kind, json!({ "externalId": "key", "marking": "GREEN" })).await;
            let before = desk.read(kind, &id, UPKEEP).await;
            world.wait(Duration::from_secs(1));
            let mut edited = desk.edit(kind, &id, 1, json!({ "marking": "RED" }), UPKEEP).await;
            let mut expected = before.clone();
            (expected["version"], expected["marking"], expected["updatedAt"]) = (json!(2), json!("RED"), json!(world.now()));
            assert_eq!(edited[&own].take(), expected);

            // The same again is no edit; null takes away what may be missing.
            let same = desk.edit(kind, &id, 2, json!({ "marking": "RED" }), UPKEEP).await;
            assert_eq!(same[&own], expected, "{kind}");
            let cleared = desk.edit(kind, &id, 2, json!({ "externalId": null }), "version externalId").await;
            assert_eq!(cleared[&own], json!({ "version": 3, "externalId": null }), "{kind}");
        }
    }

    async fn a_stale_version_is_a_conflict_that_shows_the_current_record_and_changes_nothing(world) {
        let desk = Desk::open(&world).await;
        for kind in NODES {
            let id = desk.make(kind, json!({ "externalId": "key" })).await;
            desk.edit(kind, &id, 1, json!({ "marking": "GREEN" }), "id").await;
            let current = desk.read(kind, &id, UPKEEP).await;
            for stale in [1, 3] {
                let payload = desk.edit(kind, &id, stale, json!({ "marking": "RED", "externalId": null }), UPKEEP).await;
                let message = format!("version {stale} is no longer current: somebody has edited it to version 2");
                assert_eq!(errors(&payload), format!("CONFLICT version: {message}"), "{kind}");
                assert_eq!(payload[field(kind)], current, "{kind}");
            }
            assert_eq!(desk.read(kind, &id, UPKEEP).await, current, "{kind}");
            let revisions = desk.read(kind, &id, "revisions { totalCount }").await;
            assert_eq!(revisions["revisions"]["totalCount"], 2, "{kind}");
        }
    }

    async fn a_slug_is_words_of_letters_and_digits_that_nobody_else_of_its_kind_has(world) {
        let desk = Desk::open(&world).await;
        let long = "a".repeat(101);
        for kind in ["Dossier", "Stakeholder", "Mechanism", "Source"] {
            for bad in ["", "Capital", "two--hyphens", "-first", "last-", "a b", "é", &long] {
                let expected = "expected 1 to 100 letters a-z and digits, in words joined by single hyphens";
                let message = format!("INVALID slug: {bad:?} is not a slug: {expected}");
                assert_eq!(desk.refusal(kind, json!({ "slug": bad })).await, message);
            }
            let id = desk.make(kind, json!({ "slug": "first-1" })).await;
            let other = desk.make(kind, json!({ "slug": "other" })).await;
            let taken = format!("TAKEN slug: another {} already has \"first-1\"", field(kind));
            assert_eq!(desk.refusal(kind, json!({ "slug": "first-1" })).await, taken);
            let edited = desk.edit(kind, &other, 1, json!({ "slug": "first-1" }), "id").await;
            assert_eq!(errors(&edited), taken);
            let renamed = desk.edit(kind, &id, 1, json!({ "slug": "renamed" }), "slug").await;
            assert_eq!(renamed[field(kind)]["slug"], "renamed");
            desk.make(kind, json!({ "slug": "first-1" })).await;
        }
    }

    async fn an_external_id_is_unique_among_its_kind_in_the_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        for kind in NODES {
            desk.make(kind, json!({ "externalId": "key" })).await;
            let again = json!({ "externalId": "key", "slug": "again" });
            let taken = format!("TAKEN externalId: another {} already has \"key\"", field(kind));
            assert_eq!(desk.refusal(kind, again.clone()).await, taken);
            if kind != "Dossier" {
                elsewhere.make(kind, again.clone()).await;
            }
            desk.refuses(kind, &[
                (json!({ "slug": "x", "externalId": " " }), "REQUIRED externalId: must not be empty"),
                (json!({ "slug": "x", "externalId": "x".repeat(201) }),
                    "TOO_LONG externalId: has 201 characters, at most 200 are allowed"),
                (json!({ "slug": "x", "externalId": "a\u{0}" }), "INVALID externalId: contains the character NUL (U+0000)"),
            ]).await;
        }
    }

    async fn two_who_want_the_same_slug_at_once_are_told_apart(world) {
        let desk = Desk::open(&world).await;
        let wish = || desk.put("Stakeholder", json!({ "slug": "wanted" }), "id");
        let (a, b, c) = tokio::join!(wish(), wish(), wish());
        let made = [&a, &b, &c].iter().filter(|payload| !payload["stakeholder"].is_null()).count();
        let taken = [&a, &b, &c].iter().filter(|payload| errors(payload).starts_with("TAKEN")).count();
        assert_eq!((made, taken), (1, 2), "{a} {b} {c}");
    }

    async fn two_editors_at_once_do_not_overwrite_each_other(world) {
        let desk = Desk::open(&world).await;
        let edit = |name: &'static str| desk.edit("Stakeholder", &desk.us, 1, json!({ "name": name }), "name version");
        let (a, b) = tokio::join!(edit("Ann's"), edit("Ben's"));
        let (won, lost) = if errors(&a).is_empty() { (a, b) } else { (b, a) };
        assert_eq!(errors(&won), "");
        assert!(errors(&lost).starts_with("CONFLICT version: version 1 is no longer current"), "{lost}");
        assert_eq!(won["stakeholder"], lost["stakeholder"]);
        assert_eq!(desk.read("Stakeholder", &desk.us, "name version").await, won["stakeholder"]);
    }

    async fn what_is_not_there_cannot_be_edited(world) {
        let desk = Desk::open(&world).await;
        for (kind, prefix, noun) in [
            ("Dossier", "dos", "a dossier"), ("Stakeholder", "stk", "a stakeholder"), ("Mechanism", "mec", "a mechanism"),
            ("Condition", "con", "a condition"), ("Argument", "arg", "an argument"), ("Source", "src", "a source"),
        ] {
            let real = desk.make(kind, json!({ "slug": "real" })).await;
            assert_eq!(&real[..3], prefix);
            let nobody = format!("{prefix}_0000000000001");
            let payload = desk.edit(kind, &nobody, 1, json!({ "marking": "RED" }), "id").await;
            assert_eq!(errors(&payload), format!("NOT_FOUND id: there is no such {}", field(kind)));
            let payload = desk.edit(kind, "pos_0000000000001", 1, json!({}), "id").await;
            let message = format!("\"pos_0000000000001\" is the id of a position, expected the id of {noun}");
            assert_eq!(errors(&payload), format!("INVALID id: {message}"));
            assert_eq!(desk.read(kind, &nobody, "id").await, Value::Null);
        }
    }

    async fn what_belongs_to_no_dossier_is_refused(world) {
        let desk = Desk::open(&world).await;
        for kind in NODES.into_iter().skip(1) {
            desk.refuses(kind, &[
                (json!({ "dossier": "dos_0000000000001" }), "NOT_FOUND dossier: there is no such dossier"),
                (json!({ "dossier": desk.us }),
                    &format!("INVALID dossier: {:?} is the id of a stakeholder, expected the id of a dossier", desk.us)),
                (json!({ "dossier": "nonsense" }),
                    "INVALID dossier: \"nonsense\" is not an id: expected one like dos_0000000000000"),
            ]).await;
        }
    }

    async fn nodes_are_found_and_ordered_by_what_they_have_in_common(world) {
        let desk = Desk::open(&world).await;
        for kind in NODES {
            let mut ids = Vec::new();
            for (key, marking) in [("ab1", "GREEN"), ("b", "RED"), ("c%", "CLEAR")] {
                world.wait(Duration::from_secs(1));
                ids.push(desk.make(kind, json!({ "slug": format!("s-{}", &key[..1]), "externalId": key, "marking": marking })).await);
            }
            let second = desk.read(kind, &ids[1], "createdAt").await["createdAt"].as_str().unwrap().to_owned();
            world.wait(Duration::from_secs(1));
            desk.edit(kind, &ids[0], 1, json!({ "marking": "AMBER" }), "id").await;
            let named = list(kind);
            desk.finds(&named, &[
                (&format!("id: {{ eq: '{}' }}", ids[0]), "ab1"),
                (&format!("id: {{ ne: '{}' }}", ids[0]), "b c%"),
                (&format!("id: {{ in: ['{}', '{}'] }}", ids[2], ids[1]), "b c%"),
                (&format!("id: {{ notIn: ['{}', '{}'] }}", ids[2], ids[1]), "ab1"),
                ("id: { isNull: true }", ""),
                ("externalId: { eq: 'b' }", "b"),
                ("externalId: { ne: 'b' }", "ab1 c%"),
                ("externalId: { in: ['b', 'ab1', 'z'] }", "ab1 b"),
                ("externalId: { in: [] }", ""),
                ("externalId: { notIn: ['b'] }", "ab1 c%"),
                ("externalId: { gt: 'b' }", "c%"),
                ("externalId: { gte: 'b' }", "b c%"),
                ("externalId: { lt: 'b' }", "ab1"),
                ("externalId: { lte: 'b' }", "ab1 b"),
                ("externalId: { contains: 'B' }", "ab1 b"),
                ("externalId: { contains: '%' }", "c%"),
                ("externalId: { contains: '_' }", ""),
                ("externalId: { isNull: true }", ""),
                ("externalId: { isNull: false }", "ab1 b c%"),
                ("marking: { eq: RED }", "b"),
                ("marking: { gte: AMBER }", "ab1 b"),
                ("marking: { lt: AMBER }", "c%"),
                ("marking: { in: [CLEAR, RED] }", "b c%"),
                ("and: [{ externalId: { gte: 'b' } }, { marking: { eq: RED } }]", "b"),
                ("or: [{ externalId: { eq: 'ab1' } }, { marking: { eq: RED } }]", "ab1 b"),
                ("or: [], externalId: { eq: 'b' }", ""),
                ("not: { externalId: { eq: 'b' } }", "ab1 c%"),
                ("not: { or: [{ externalId: { eq: 'b' } }, { not: { marking: { eq: CLEAR } } }] }", "c%"),
            ]).await;
            if kind != "Dossier" {
                desk.finds(&named, &[
                    ("dossier: { slug: { eq: 'cartels' } }", "ab1 b c%"),
                    ("dossier: { slug: { ne: 'cartels' } }", ""),
                ]).await;
                desk.finds(&named, &[
                    (&format!("createdAt: {{ gt: '{second}' }}"), "c%"),
                    (&format!("createdAt: {{ lte: '{second}' }}"), "ab1 b"),
                    (&format!("updatedAt: {{ gt: '{second}' }}"), "ab1 c%"),
                ]).await;
            }
            desk.orders(&named, &[("CREATED_AT", "ab1 b c%"), ("UPDATED_AT", "b c% ab1")]).await;
        }
    }

    async fn a_text_that_no_record_can_have_is_refused_or_finds_nothing(world) {
        let desk = Desk::open(&world).await;
        for test in ["eq: 'a\\u0000'", "ne: '\\u0000'", "in: ['a', '\\u0000']", "notIn: ['\\u0000']", "gt: '\\u0000'", "contains: '\\u0000'"] {
            let answer = desk.ask(&format!("{{ stakeholders(filter: {{ not: {{ name: {{ {test} }} }} }}) {{ totalCount }} }}")).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{test}");
            assert_eq!(answer.message(), "filter: the text for name contains the character NUL (U+0000)");
        }
        assert_eq!(desk.of_dossier("stakeholder(slug: '\\u0000') { id }").await["stakeholder"], Value::Null);
        assert_eq!(desk.data("{ dossier(slug: '\\u0000') { id } }").await["dossier"], Value::Null);
    }

    async fn a_filter_on_a_bad_id_says_so(world) {
        let desk = Desk::open(&world).await;
        let answer = desk.ask("{ stakeholders(filter: { id: { in: ['mec_0000000000001'] } }) { nodes { id } } }").await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert_eq!(answer.message(), "\"mec_0000000000001\" is the id of a mechanism, expected the id of a stakeholder");
    }
}
