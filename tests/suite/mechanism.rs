//! Mechanisms: proposed ways to act, their parts, their parties and their life.

use demarche_tests::Desk;
use demarche_tests::build::{errors, keys};
use serde_json::{Value, json};

const FIELDS: &str = "slug name mode kind description partOf { slug } parties { stakeholder { slug } role }";

demarche_tests::suite! {
    async fn a_mechanism_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Mechanism", json!({
            "slug": "drones", "name": "Drone strikes", "mode": "BILATERAL", "kind": "TECHNOLOGY_SHARING",
            "description": "From the air", "partOf": desk.strikes,
            "parties": [{ "stakeholder": desk.mx, "role": "HOST" }, { "stakeholder": desk.us, "role": "PROPOSER" },
                { "stakeholder": desk.us, "role": "IMPLEMENTER" }],
        })).await;
        let party = |slug: &str, role: &str| json!({ "stakeholder": { "slug": slug }, "role": role });
        let mut expected = json!({
            "slug": "drones", "name": "Drone strikes", "mode": "BILATERAL", "kind": "TECHNOLOGY_SHARING",
            "description": "From the air", "partOf": { "slug": "strikes" },
            "parties": [party("us", "PROPOSER"), party("us", "IMPLEMENTER"), party("mx", "HOST")],
        });
        assert_eq!(desk.read("Mechanism", &id, FIELDS).await, expected);
        let edited = desk.edit("Mechanism", &id, 1, json!({ "mode": "MULTILATERAL", "kind": "OTHER", "name": "Drones" }), FIELDS).await;
        (expected["mode"], expected["kind"], expected["name"]) = (json!("MULTILATERAL"), json!("OTHER"), json!("Drones"));
        assert_eq!(edited["mechanism"], expected);
        let parties = json!({ "parties": [{ "stakeholder": desk.mx, "role": "AFFECTED" }] });
        let edited = desk.edit("Mechanism", &id, 2, parties, FIELDS).await;
        expected["parties"] = json!([party("mx", "AFFECTED")]);
        assert_eq!(edited["mechanism"], expected);
        let changes = json!({ "slug": "uav", "description": null, "partOf": null, "parties": [] });
        let edited = desk.edit("Mechanism", &id, 3, changes, FIELDS).await;
        assert_eq!(edited["mechanism"], json!({
            "slug": "uav", "name": "Drones", "mode": "MULTILATERAL", "kind": "OTHER", "description": null, "partOf": null, "parties": [],
        }));
    }

    async fn a_mechanism_is_no_part_of_itself_however_far_away(world) {
        let desk = Desk::open(&world).await;
        let part = desk.make("Mechanism", json!({ "slug": "part", "partOf": desk.strikes })).await;
        let piece = desk.make("Mechanism", json!({ "slug": "piece", "partOf": part })).await;
        let other = desk.make("Mechanism", json!({ "slug": "other" })).await;
        for whole in [&desk.strikes, &part, &piece] {
            let payload = desk.edit("Mechanism", &desk.strikes, 1, json!({ "partOf": whole }), "id").await;
            assert_eq!(errors(&payload), "INVALID partOf: is this mechanism itself, or a part of it");
        }
        let moved = desk.edit("Mechanism", &desk.strikes, 1, json!({ "partOf": other }), "partOf { slug }").await;
        assert_eq!(moved["mechanism"]["partOf"]["slug"], "other");
        let payload = desk.edit("Mechanism", &other, 1, json!({ "partOf": piece }), "id").await;
        assert_eq!(errors(&payload), "INVALID partOf: is this mechanism itself, or a part of it");
    }

    async fn all_that_a_mechanism_refers_to_is_in_its_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        let party = |stakeholder: &str, role: &str| json!({ "stakeholder": stakeholder, "role": role });
        desk.refuses("Mechanism", &[
            (json!({ "name": "" }), "REQUIRED name: must not be empty"),
            (json!({ "name": "x".repeat(501), "description": "x".repeat(20_001) }),
                "TOO_LONG name: has 501 characters, at most 500 are allowed\n\
                 TOO_LONG description: has 20001 characters, at most 20000 are allowed"),
            (json!({ "partOf": elsewhere.strikes }), "OTHER_DOSSIER partOf: this mechanism belongs to another dossier"),
            (json!({ "partOf": "mec_0000000000001" }), "NOT_FOUND partOf: there is no such mechanism"),
            // The path is that of the input, whatever the order in which parties are kept.
            (json!({ "parties": [party(&elsewhere.mx, "HOST"), party(&desk.us, "PROPOSER")] }),
                "OTHER_DOSSIER parties.0.stakeholder: this stakeholder belongs to another dossier"),
            (json!({ "parties": [party(&desk.us, "HOST"), party("stk_0000000000001", "PROPOSER")] }),
                "NOT_FOUND parties.1.stakeholder: there is no such stakeholder"),
            (json!({ "parties": [party(&desk.us, "HOST"), party(&desk.mx, "HOST"), party(&desk.us, "HOST")] }),
                "INVALID parties: names the same stakeholder in the same role twice"),
            (json!({ "parties": [party(&desk.us, "HOST"), party(&desk.strikes, "HOST")] }),
                &format!("INVALID parties.1.stakeholder: {:?} is the id of a mechanism, expected the id of a stakeholder", desk.strikes)),
        ]).await;
        let payload = desk.edit("Mechanism", &desk.strikes, 1, json!({ "parties": [party(&elsewhere.us, "HOST")] }), "id").await;
        assert_eq!(errors(&payload), "OTHER_DOSSIER parties.0.stakeholder: this stakeholder belongs to another dossier");
    }

    async fn mechanisms_are_found_by_mode_kind_parts_parties_positions_and_life(world) {
        let desk = Desk::open(&world).await;
        let party = |stakeholder: &str, role: &str| json!([{ "stakeholder": stakeholder, "role": role }]);
        let made = desk.make_all("Mechanism", &[
            ("c", json!({ "name": "Arrests", "mode": "DOMESTIC", "kind": "LAW_ENFORCEMENT", "partOf": desk.strikes })),
            ("a", json!({ "name": "Treaty", "mode": "MULTILATERAL", "kind": "LEGAL_FRAMEWORK", "description": "A long text",
                "parties": party(&desk.mx, "PROPOSER") })),
            ("b", json!({ "name": "Task force", "mode": "BILATERAL", "kind": "TASK_FORCE", "parties": party(&desk.us, "HOST") })),
        ]).await;
        desk.make("Position", json!({ "mechanism": made[0], "stance": "OPPOSE" })).await;
        desk.make("Position", json!({ "mechanism": made[1], "stakeholder": desk.mx, "stance": "STRONGLY_SUPPORT" })).await;
        desk.make("Status", json!({ "mechanism": made[2], "status": "AGREED" })).await;
        desk.make("Status", json!({ "mechanism": made[2], "status": "IN_FORCE" })).await;
        desk.finds("mechanisms", &[
            ("slug: { ne: 'a' }", "c b"),
            ("name: { contains: 't' }", "c a b"),
            ("mode: { in: [BILATERAL, MULTILATERAL] }", "a b"),
            ("mode: { eq: DOMESTIC }", "c"),
            ("kind: { notIn: [TASK_FORCE] }", "c a"),
            ("kind: { ne: LEGAL_FRAMEWORK }", "c b"),
            ("description: { isNull: false }", "a"),
            ("partOf: { slug: { eq: 'strikes' } }", "c"),
            ("parties: { country: { eq: 'MX' } }", "a"),
            ("positions: { stance: { lt: NEUTRAL } }", "c"),
            ("positions: { stakeholder: { kind: { eq: GOVERNMENT } } }", "c a"),
            ("statuses: { status: { eq: AGREED } }", "b"),
            ("not: { positions: { stance: { lt: NEUTRAL } } }", "a b"),
            ("and: [{ not: { partOf: {} } }, { not: { statuses: {} } }]", "a"),
            ("or: [{ mode: { eq: DOMESTIC } }, { statuses: {} }]", "c b"),
        ]).await;
        desk.orders("mechanisms", &[
            ("SLUG", "a b c"), ("NAME", "c b a"), ("MODE", "b c a"), ("KIND", "c a b"),
        ]).await;
    }

    async fn a_mechanism_has_parts(world) {
        let desk = Desk::open(&world).await;
        let part = |mode: &str| json!({ "partOf": desk.strikes, "mode": mode });
        desk.make_all("Mechanism", &[("b", part("UNILATERAL")), ("a", part("BILATERAL")), ("no", json!({}))]).await;
        let found = desk.of_dossier("mechanism(slug: 'strikes') {
            parts { totalCount nodes { externalId partOf { slug } } }
            sorted: parts(orderBy: [{ field: SLUG }], first: 1) { nodes { externalId } pageInfo { hasNextPage } }
            some: parts(filter: { mode: { eq: BILATERAL } }) { nodes { externalId } } }").await;
        let strikes = &found["mechanism"];
        assert_eq!((keys(&strikes["parts"]).as_str(), &strikes["parts"]["totalCount"]), ("b a", &json!(2)));
        assert_eq!(strikes["parts"]["nodes"][0]["partOf"]["slug"], "strikes");
        assert_eq!((keys(&strikes["sorted"]).as_str(), &strikes["sorted"]["pageInfo"]["hasNextPage"]), ("a", &json!(true)));
        assert_eq!(keys(&strikes["some"]), "a");
    }

    async fn a_mechanism_lists_all_that_is_recorded_on_it(world) {
        let desk = Desk::open(&world).await;
        let other = desk.make("Mechanism", json!({ "slug": "other" })).await;
        for kind in ["Condition", "Position", "Status", "Event", "Implication"] {
            desk.make_all(kind, &[("here", json!({ "mechanism": desk.strikes })), ("there", json!({ "mechanism": other }))]).await;
        }
        desk.make("Finding", json!({ "externalId": "unmet" })).await;
        let lists = "positions { nodes { externalId } } statuses { nodes { externalId } } events { nodes { externalId } }
            implications { nodes { externalId } } conditions { externalId findings { externalId verdict } }";
        let found = desk.of_dossier(&format!("mechanisms {{ nodes {{ slug {lists} }} }}")).await;
        for (mechanism, key) in found["mechanisms"]["nodes"].as_array().unwrap().iter().zip(["here", "there"]) {
            for list in ["positions", "statuses", "events", "implications", "conditions"] {
                assert_eq!(keys(&mechanism[list]), key, "{list}");
            }
        }
        let conditions = &found["mechanisms"]["nodes"][0]["conditions"];
        assert_eq!(conditions[0]["findings"], json!([{ "externalId": "unmet", "verdict": "UNMET" }]));
        assert_eq!(conditions[1]["findings"], json!([]));
    }

    async fn the_status_of_a_mechanism_is_the_latest_step_of_its_life(world) {
        let desk = Desk::open(&world).await;
        let status = |arguments: &str| format!("mechanism(slug: 'strikes') {{ status{arguments} {{ status externalId }} }}");
        assert_eq!(desk.of_dossier(&status("")).await["mechanism"]["status"], Value::Null);
        let made = desk.make_all("Status", &[
            ("agreed", json!({ "status": "AGREED", "occurredOn": "2025-06-01" })),
            ("floated", json!({ "status": "FLOATED", "occurredOn": "2025-01-01" })),
            ("enacted", json!({ "status": "ENACTED", "occurredOn": "2025-06-01" })),
        ]).await;
        for (arguments, expected) in [
            ("", "ENACTED"), ("(asOf: { valid: '2025-05-31' })", "FLOATED"), ("(asOf: { valid: '2025-06-01' })", "ENACTED"),
        ] {
            assert_eq!(desk.of_dossier(&status(arguments)).await["mechanism"]["status"]["status"], expected, "{arguments}");
        }
        let before = desk.of_dossier(&status("(asOf: { valid: '2024-12-31' })")).await;
        assert_eq!(before["mechanism"]["status"], Value::Null);
        desk.retract(&made[2], "it was vetoed").await;
        assert_eq!(desk.of_dossier(&status("")).await["mechanism"]["status"]["status"], "AGREED");
    }
}
