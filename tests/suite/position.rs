//! Positions: who took which stance on what, when, for which reasons, says whom.

use demarche_tests::Desk;
use demarche_tests::build::errors;
use serde_json::{Value, json};

const FIELDS: &str =
    "stakeholder { slug } onBehalfOf { slug } mechanism { slug } stance rationale statedOn statedOnPrecision
    arguments { externalId } conditions { externalId }";

demarche_tests::suite! {
    async fn a_position_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let speaker = desk.make("Stakeholder", json!({ "slug": "speaker", "kind": "PERSON" })).await;
        let arguments = desk.make_all("Argument", &[("why", json!({})), ("also", json!({}))]).await;
        let conditions = desk.make_all("Condition", &[("if", json!({})), ("when", json!({}))]).await;
        let id = desk.make("Position", json!({
            "stakeholder": speaker, "onBehalfOf": desk.mx, "mechanism": desk.strikes, "stance": "STRONGLY_OPPOSE",
            "rationale": "No foreign troops", "statedOn": "2025-10-31", "statedOnPrecision": "MONTH",
            "arguments": [arguments[1], arguments[0]], "conditions": conditions,
        })).await;
        let key = |key: &str| json!({ "externalId": key });
        assert_eq!(desk.read("Position", &id, FIELDS).await, json!({
            "stakeholder": { "slug": "speaker" }, "onBehalfOf": { "slug": "mx" }, "mechanism": { "slug": "strikes" },
            "stance": "STRONGLY_OPPOSE", "rationale": "No foreign troops", "statedOn": "2025-10-01", "statedOnPrecision": "MONTH",
            "arguments": [key("why"), key("also")], "conditions": [key("if"), key("when")],
        }));
        let plain = desk.make("Position", json!({})).await;
        let plain = desk.read("Position", &plain, "onBehalfOf { slug } rationale arguments { id } conditions { id }").await;
        assert_eq!(plain, json!({ "onBehalfOf": null, "rationale": null, "arguments": [], "conditions": [] }));
        // A correction says all of it anew: what it leaves out is gone.
        let corrected = desk.supersede("Position", &id, json!({ "stance": "OPPOSE", "arguments": [arguments[0]] }), FIELDS).await;
        assert_eq!(corrected["position"], json!({
            "stakeholder": { "slug": "us" }, "onBehalfOf": null, "mechanism": { "slug": "strikes" }, "stance": "OPPOSE",
            "rationale": null, "statedOn": "2025-10-01", "statedOnPrecision": "DAY", "arguments": [key("why")], "conditions": [],
        }));
        assert_eq!(desk.read("Position", &id, "arguments { externalId }").await["arguments"], json!([key("why"), key("also")]));
    }

    async fn all_that_a_position_refers_to_is_in_its_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Position", &[
            (json!({ "onBehalfOf": desk.us }), "INVALID onBehalfOf: is the stakeholder itself: leave it out"),
            (json!({ "rationale": "x".repeat(20_001) }), "TOO_LONG rationale: has 20001 characters, at most 20000 are allowed"),
            (json!({ "rationale": "" }), "REQUIRED rationale: must not be empty"),
            (json!({ "arguments": [desk.reason, desk.reason] }), "INVALID arguments: names the same record twice"),
            (json!({ "conditions": [desk.request, desk.request] }), "INVALID conditions: names the same record twice"),
            (json!({ "stakeholder": elsewhere.us }), "OTHER_DOSSIER stakeholder: this stakeholder belongs to another dossier"),
            (json!({ "onBehalfOf": elsewhere.us }), "OTHER_DOSSIER onBehalfOf: this stakeholder belongs to another dossier"),
            (json!({ "mechanism": elsewhere.strikes }), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier"),
            (json!({ "arguments": [elsewhere.reason, desk.reason] }), "OTHER_DOSSIER arguments.0: this argument belongs to another dossier"),
            (json!({ "conditions": [desk.request, "con_0000000000001"] }), "NOT_FOUND conditions.1: there is no such condition"),
            (json!({ "mechanism": desk.us, "stakeholder": desk.strikes }),
                &format!("INVALID stakeholder: {:?} is the id of a mechanism, expected the id of a stakeholder\n\
                    INVALID mechanism: {:?} is the id of a stakeholder, expected the id of a mechanism", desk.strikes, desk.us)),
        ]).await;
        let id = desk.make("Position", json!({})).await;
        let payload = desk.supersede("Position", &id, json!({ "mechanism": elsewhere.strikes }), "id").await;
        assert_eq!(errors(&payload), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier");
        assert_eq!(desk.read("Position", &id, "supersededAt").await["supersededAt"], Value::Null);
    }

    async fn positions_are_found_through_all_that_they_refer_to(world) {
        let desk = Desk::open(&world).await;
        let person = desk.make("Stakeholder", json!({ "slug": "person", "kind": "PERSON", "country": "MX" })).await;
        let treaty = desk.make("Mechanism", json!({ "slug": "treaty", "mode": "MULTILATERAL", "kind": "LEGAL_FRAMEWORK" })).await;
        let escalation = desk.make("Argument", json!({ "frame": "ESCALATION", "statement": "It spreads" })).await;
        let letter = desk.make("Source", json!({ "slug": "letter", "reliability": "A", "publisher": "Senate" })).await;
        desk.make_all("Position", &[
            ("a", json!({ "stakeholder": person, "onBehalfOf": desk.mx, "stance": "STRONGLY_OPPOSE", "arguments": [escalation, desk.reason],
                "statedOn": "2025-02-01", "rationale": "Sovereign" })),
            ("b", json!({ "stance": "SUPPORT", "mechanism": treaty, "source": letter, "statedOn": "2025-04-01", "marking": "AMBER" })),
            ("c", json!({ "stakeholder": desk.mx, "stance": "NEUTRAL", "conditions": [desk.request], "statedOn": "2025-03-01" })),
        ]).await;
        desk.finds("positions", &[
            ("stakeholder: { kind: { eq: GOVERNMENT } }", "b c"),
            ("stakeholder: { country: { eq: 'MX' } }", "a c"),
            ("onBehalfOf: { slug: { eq: 'mx' } }", "a"),
            ("not: { onBehalfOf: {} }", "b c"),
            ("mechanism: { mode: { in: [BILATERAL, MULTILATERAL] } }", "b"),
            ("mechanism: { kind: { eq: USE_OF_FORCE } }", "a c"),
            ("mechanism: { mode: { eq: UNILATERAL } }, stakeholder: { kind: { eq: PERSON } }", "a"),
            ("stance: { lt: NEUTRAL }", "a"),
            ("stance: { lte: NEUTRAL }", "a c"),
            ("stance: { gt: OPPOSE }", "b c"),
            ("stance: { gte: SUPPORT }", "b"),
            ("stance: { eq: NEUTRAL }", "c"),
            ("stance: { ne: NEUTRAL }", "a b"),
            ("stance: { in: [SUPPORT, STRONGLY_OPPOSE] }", "a b"),
            ("stance: { notIn: [SUPPORT, STRONGLY_OPPOSE] }", "c"),
            ("stance: { isNull: true }", ""),
            ("statedOn: { gte: '2025-03-01', lt: '2025-04-01' }", "c"),
            ("rationale: { contains: 'SOVER' }", "a"),
            ("arguments: { frame: { eq: ESCALATION } }", "a"),
            ("arguments: { frame: { in: [ESCALATION, LEGAL] } }", "a"),
            ("conditions: { statement: { contains: 'asks' } }", "c"),
            ("source: { publisher: { eq: 'Senate' } }", "b"),
            ("marking: { gte: AMBER }", "b"),
            ("mechanism: { positions: { stance: { eq: NEUTRAL } } }", "a c"),
            ("or: [{ arguments: { frame: { eq: ESCALATION } } }, { source: { reliability: { eq: A } } }]", "a b"),
            ("not: { stakeholder: { country: { eq: 'MX' } } }", "b"),
        ]).await;
        desk.orders("positions", &[("STANCE", "a c b")]).await;
        let several = "orderBy: [{ field: CREDIBILITY }, { field: STANCE, direction: DESC }]";
        assert_eq!(desk.found("positions", several).await, "b c a");
    }
}
