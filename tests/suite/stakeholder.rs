//! Stakeholders: the actors.

use demarche_tests::Desk;
use demarche_tests::build::keys;
use serde_json::json;

const FIELDS: &str = "slug name kind aliases country description identifiers { scheme value }";

demarche_tests::suite! {
    async fn a_stakeholder_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let all = json!({
            "slug": "sedena", "name": "Secretaría de la Defensa Nacional", "kind": "AGENCY", "aliases": ["SEDENA", "Defence"],
            "country": "MX", "description": "The army", "identifiers": [{ "scheme": "wikidata", "value": "Q1" }],
        });
        let id = desk.make("Stakeholder", all.clone()).await;
        assert_eq!(desk.read("Stakeholder", &id, FIELDS).await, all);
        let kept = desk.edit("Stakeholder", &id, 1, json!({ "name": "Sedena", "kind": "ORGANIZATION" }), FIELDS).await;
        let mut expected = all.clone();
        (expected["name"], expected["kind"]) = (json!("Sedena"), json!("ORGANIZATION"));
        assert_eq!(kept["stakeholder"], expected);
        let changes = json!({ "slug": "army", "aliases": [], "country": null, "description": null, "identifiers": [] });
        let cleared = desk.edit("Stakeholder", &id, 2, changes, FIELDS).await;
        assert_eq!(cleared["stakeholder"], json!({
            "slug": "army", "name": "Sedena", "kind": "ORGANIZATION", "aliases": [], "country": null, "description": null,
            "identifiers": [],
        }));
        let plain = desk.make("Stakeholder", json!({})).await;
        let plain = desk.read("Stakeholder", &plain, "aliases country description identifiers { value }").await;
        assert_eq!(plain, json!({ "aliases": [], "country": null, "description": null, "identifiers": [] }));
    }

    async fn a_stakeholder_has_a_name_and_the_code_of_a_country(world) {
        let desk = Desk::open(&world).await;
        let country = |code: &str| format!("INVALID country: {code:?} is not a country: expected an ISO 3166-1 alpha-2 code such as MX");
        desk.refuses("Stakeholder", &[
            (json!({ "name": "" }), "REQUIRED name: must not be empty"),
            (json!({ "name": "x".repeat(501) }), "TOO_LONG name: has 501 characters, at most 500 are allowed"),
            (json!({ "country": "mx" }), &country("mx")),
            (json!({ "country": "MEX" }), &country("MEX")),
            (json!({ "country": "" }), &country("")),
            (json!({ "description": "x".repeat(20_001) }),
                "TOO_LONG description: has 20001 characters, at most 20000 are allowed"),
            (json!({ "aliases": ["fine", " "] }), "REQUIRED aliases.1: must not be empty"),
            (json!({ "identifiers": [{ "scheme": "", "value": "v".repeat(201) }, { "scheme": "s".repeat(51), "value": "v" }] }),
                "REQUIRED identifiers.0.scheme: must not be empty\n\
                 TOO_LONG identifiers.0.value: has 201 characters, at most 200 are allowed\n\
                 TOO_LONG identifiers.1.scheme: has 51 characters, at most 50 are allowed"),
        ]).await;
    }

    async fn stakeholders_are_found_by_what_they_are_and_say_and_by_their_ties(world) {
        let desk = Desk::open(&world).await;
        let made = desk.make_all("Stakeholder", &[
            ("c", json!({ "name": "Amlo", "kind": "PERSON", "country": "MX", "description": "A president" })),
            ("a", json!({ "name": "Cartels", "kind": "ARMED_GROUP" })),
            ("b", json!({ "name": "Bureau", "kind": "AGENCY", "country": "US" })),
        ]).await;
        desk.make("Position", json!({ "stakeholder": made[0], "onBehalfOf": desk.mx, "stance": "OPPOSE" })).await;
        desk.make("Position", json!({ "stakeholder": made[2], "onBehalfOf": made[0], "stance": "NEUTRAL" })).await;
        desk.make("Relation", json!({ "from": made[2], "to": desk.us, "kind": "PART_OF" })).await;
        desk.make("Relation", json!({ "from": desk.us, "to": made[1], "kind": "DESIGNATES" })).await;
        desk.finds("stakeholders", &[
            ("slug: { eq: 'b' }", "b"),
            ("name: { contains: 'BUR' }", "b"),
            ("name: { lt: 'C' }", "c b"),
            ("kind: { eq: PERSON }", "c"),
            ("kind: { ne: PERSON }", "a b"),
            ("kind: { in: [PERSON, AGENCY] }", "c b"),
            ("kind: { notIn: [PERSON, AGENCY] }", "a"),
            ("country: { eq: 'MX' }", "c"),
            ("country: { ne: 'MX' }", "a b"),
            ("country: { isNull: true }", "a"),
            ("description: { contains: 'president' }", "c"),
            ("positions: { stance: { eq: OPPOSE } }", "c"),
            ("positions: { mechanism: { slug: { eq: 'strikes' } } }", "c b"),
            ("positions: { mechanism: { slug: { eq: 'other' } } }", ""),
            ("representedPositions: { stance: { eq: NEUTRAL } }", "c"),
            ("outgoing: { kind: { eq: PART_OF }, to: { slug: { eq: 'us' } } }", "b"),
            ("incoming: { kind: { eq: DESIGNATES } }", "a"),
            ("not: { positions: {} }", "a"),
            ("or: [{ country: { eq: 'US' } }, { incoming: { from: { country: { eq: 'US' } } } }]", "a b"),
        ]).await;
        desk.orders("stakeholders", &[
            ("SLUG", "a b c"), ("NAME", "c b a"), ("KIND", "b a c"), ("COUNTRY", "c b | a"),
        ]).await;
    }

    async fn a_stakeholder_shows_its_ties_by_direction_and_kind(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Relation", &[
            ("out", json!({ "from": desk.us, "to": desk.mx, "kind": "PRESSURES", "tension": -4 })),
            ("in", json!({ "from": desk.mx, "to": desk.us, "kind": "NEGOTIATES_WITH", "tension": 2 })),
            ("also-out", json!({ "from": desk.us, "to": desk.mx, "kind": "COOPERATES_WITH", "tension": 5 })),
            ("over", json!({ "from": desk.us, "to": desk.mx, "kind": "FUNDS", "startedOn": "2008-06-30", "endedOn": "2021-10-08" })),
        ]).await;
        for (arguments, expected) in [
            ("first: 9", "out in also-out"),
            ("direction: BOTH", "out in also-out"),
            ("direction: OUTGOING", "out also-out"),
            ("direction: INCOMING", "in"),
            ("kinds: [PRESSURES, NEGOTIATES_WITH]", "out in"),
            ("direction: OUTGOING, kinds: [NEGOTIATES_WITH]", ""),
            ("kinds: []", ""),
            ("filter: { tension: { gt: 0 } }", "in also-out"),
            ("orderBy: [{ field: TENSION, direction: DESC }]", "also-out in out"),
            ("asOf: { valid: '2015-01-01' }", "over"),
        ] {
            let found = desk.of_dossier(&format!("stakeholder(slug: 'us') {{ relations({arguments}) {{ nodes {{ externalId }} }} }}")).await;
            assert_eq!(keys(&found["stakeholder"]["relations"]), expected, "{arguments}");
        }
    }

    async fn a_stakeholder_lists_what_it_says_does_and_finds(world) {
        let desk = Desk::open(&world).await;
        let speaker = desk.make("Stakeholder", json!({ "slug": "speaker" })).await;
        desk.make_all("Position", &[
            ("own", json!({ "stakeholder": desk.mx, "stance": "OPPOSE" })),
            ("spoken", json!({ "stakeholder": speaker, "onBehalfOf": desk.mx, "stance": "STRONGLY_OPPOSE" })),
            ("other", json!({ "stakeholder": desk.us })),
        ]).await;
        desk.make_all("Event", &[
            ("raid", json!({ "actors": [{ "stakeholder": desk.mx, "role": "TARGET" }, { "stakeholder": desk.mx, "role": "INITIATOR" }] })),
            ("talks", json!({ "actors": [{ "stakeholder": desk.us, "role": "PARTICIPANT" }] })),
        ]).await;
        desk.make_all("Finding", &[("unmet", json!({ "assessor": desk.mx })), ("met", json!({ "assessor": desk.us }))]).await;
        desk.make_all("Rating", &[
            ("newer", json!({ "stakeholder": desk.mx, "occurredOn": "2025-11-01", "influence": 70 })),
            ("older", json!({ "stakeholder": desk.mx, "occurredOn": "2025-01-01", "influence": 40 })),
        ]).await;
        let found = desk.of_dossier("stakeholder(slug: 'mx') {
            positions { nodes { externalId } } strong: positions(filter: { stance: { eq: STRONGLY_OPPOSE } }) { nodes { externalId } }
            events { totalCount nodes { externalId } } findings { nodes { externalId } } ratings { nodes { externalId } }
            rating { externalId } then: rating(asOf: { valid: '2025-06-01' }) { externalId }
            before: rating(asOf: { valid: '2024-06-01' }) { externalId } }").await;
        let mx = &found["stakeholder"];
        assert_eq!(keys(&mx["positions"]), "own spoken");
        assert_eq!(keys(&mx["strong"]), "spoken");
        assert_eq!((keys(&mx["events"]).as_str(), &mx["events"]["totalCount"]), ("raid", &json!(1)));
        assert_eq!(keys(&mx["findings"]), "unmet");
        assert_eq!(keys(&mx["ratings"]), "newer older");
        assert_eq!((&mx["rating"]["externalId"], &mx["then"]["externalId"]), (&json!("newer"), &json!("older")));
        assert!(mx["before"].is_null());
    }
}
