//! Conditions: prerequisites of a mechanism.

use demarche_tests::Desk;
use demarche_tests::build::{errors, keys};
use serde_json::json;

const FIELDS: &str = "mechanism { slug } statement legalBasis";

demarche_tests::suite! {
    async fn a_condition_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let other = desk.make("Mechanism", json!({ "slug": "other" })).await;
        let all = json!({ "mechanism": desk.strikes, "statement": "An armed attack", "legalBasis": "UN Charter, art. 51" });
        let id = desk.make("Condition", all).await;
        let mut expected = json!({ "mechanism": { "slug": "strikes" }, "statement": "An armed attack", "legalBasis": "UN Charter, art. 51" });
        assert_eq!(desk.read("Condition", &id, FIELDS).await, expected);
        let edited = desk.edit("Condition", &id, 1, json!({ "statement": "Self-defence", "mechanism": other }), FIELDS).await;
        (expected["statement"], expected["mechanism"]) = (json!("Self-defence"), json!({ "slug": "other" }));
        assert_eq!(edited["condition"], expected);
        let edited = desk.edit("Condition", &id, 2, json!({ "legalBasis": null }), FIELDS).await;
        expected["legalBasis"] = json!(null);
        assert_eq!(edited["condition"], expected);
    }

    async fn a_condition_is_one_of_a_mechanism_in_its_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Condition", &[
            (json!({ "statement": "" }), "REQUIRED statement: must not be empty"),
            (json!({ "statement": "x".repeat(20_001), "legalBasis": " " }),
                "TOO_LONG statement: has 20001 characters, at most 20000 are allowed\nREQUIRED legalBasis: must not be empty"),
            (json!({ "mechanism": elsewhere.strikes }), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier"),
            (json!({ "mechanism": "mec_0000000000001" }), "NOT_FOUND mechanism: there is no such mechanism"),
        ]).await;
        let payload = desk.edit("Condition", &desk.request, 1, json!({ "mechanism": elsewhere.strikes }), "id").await;
        assert_eq!(errors(&payload), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier");
    }

    async fn conditions_are_found_by_what_they_demand_and_what_is_found_of_them(world) {
        let desk = Desk::open(&world).await;
        let other = desk.make("Mechanism", json!({ "slug": "other", "mode": "DOMESTIC" })).await;
        let made = desk.make_all("Condition", &[
            ("b", json!({ "statement": "Consent", "legalBasis": "Custom" })),
            ("a", json!({ "statement": "Attack", "mechanism": other })),
        ]).await;
        desk.make("Finding", json!({ "condition": made[0], "verdict": "CONTESTED" })).await;
        desk.finds("conditions", &[
            ("statement: { contains: 'ATT' }", "a"),
            ("statement: { gt: 'B' }", "b"),
            ("legalBasis: { eq: 'Custom' }", "b"),
            ("legalBasis: { isNull: true }", "a"),
            ("mechanism: { mode: { eq: DOMESTIC } }", "a"),
            ("findings: { verdict: { in: [CONTESTED, MET] } }", "b"),
            ("not: { findings: {} }", "a"),
            ("or: [{ statement: { eq: 'Attack' } }, { legalBasis: { eq: 'Custom' } }]", "b a"),
        ]).await;
        desk.orders("conditions", &[("STATEMENT", "a b")]).await;
    }

    async fn a_condition_shows_its_findings_and_the_positions_that_name_it(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Finding", &[
            ("late", json!({ "condition": desk.request, "occurredOn": "2025-11-01" })),
            ("early", json!({ "condition": desk.request, "occurredOn": "2025-01-01", "assessor": desk.mx })),
        ]).await;
        desk.make_all("Position", &[("named", json!({ "conditions": [desk.request] })), ("not", json!({}))]).await;
        let own = "findings { externalId assessor { slug } } then: findings(asOf: { valid: '2025-06-01' }) { externalId }
            positions { totalCount nodes { externalId } }
            against: positions(filter: { stance: { lt: NEUTRAL } }) { nodes { externalId } }";
        let condition = desk.read("Condition", &desk.request, own).await;
        let mut findings: Vec<&str> = condition["findings"].as_array().unwrap().iter()
            .map(|finding| finding["externalId"].as_str().unwrap()).collect();
        findings.sort_unstable();
        assert_eq!(findings, ["early", "late"]);
        assert_eq!(keys(&condition["then"]), "early");
        assert_eq!((keys(&condition["positions"]).as_str(), &condition["positions"]["totalCount"]), ("named", &json!(1)));
        assert_eq!(keys(&condition["against"]), "");
    }
}
