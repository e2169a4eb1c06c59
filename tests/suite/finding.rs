//! Findings: an assessor's verdict on whether a condition is met.

use demarche_tests::Desk;
use serde_json::json;

demarche_tests::suite! {
    async fn a_finding_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        for verdict in ["MET", "UNMET", "CONTESTED", "UNKNOWN"] {
            let all = json!({ "condition": desk.request, "assessor": desk.mx, "verdict": verdict, "rationale": "It never asked" });
            let id = desk.make("Finding", all).await;
            assert_eq!(desk.read("Finding", &id, "condition { statement } assessor { slug } verdict rationale").await, json!({
                "condition": { "statement": "The host asks for it" }, "assessor": { "slug": "mx" }, "verdict": verdict,
                "rationale": "It never asked",
            }));
        }
        let plain = desk.make("Finding", json!({})).await;
        assert_eq!(desk.read("Finding", &plain, "rationale").await, json!({ "rationale": null }));
    }

    async fn a_finding_is_somebodys_on_a_condition_of_the_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Finding", &[
            (json!({ "condition": elsewhere.request, "assessor": elsewhere.us }),
                "OTHER_DOSSIER assessor: this stakeholder belongs to another dossier\n\
                 OTHER_DOSSIER condition: this condition belongs to another dossier"),
            (json!({ "condition": "con_0000000000001" }), "NOT_FOUND condition: there is no such condition"),
            (json!({ "assessor": "stk_0000000000001" }), "NOT_FOUND assessor: there is no such stakeholder"),
            (json!({ "rationale": "" }), "REQUIRED rationale: must not be empty"),
            (json!({ "rationale": "x".repeat(20_001) }), "TOO_LONG rationale: has 20001 characters, at most 20000 are allowed"),
        ]).await;
    }

    async fn findings_are_found_by_verdict_condition_and_assessor(world) {
        let desk = Desk::open(&world).await;
        let consent = desk.make("Condition", json!({ "statement": "Consent", "legalBasis": "Custom" })).await;
        desk.make_all("Finding", &[
            ("b", json!({ "verdict": "UNMET", "rationale": "No letter" })),
            ("a", json!({ "verdict": "MET", "assessor": desk.mx })),
            ("c", json!({ "verdict": "UNKNOWN", "condition": consent })),
        ]).await;
        desk.finds("findings", &[
            ("verdict: { eq: MET }", "a"),
            ("verdict: { ne: MET }", "b c"),
            ("verdict: { in: [UNMET, UNKNOWN] }", "b c"),
            ("verdict: { notIn: [UNMET, UNKNOWN] }", "a"),
            ("condition: { legalBasis: { eq: 'Custom' } }", "c"),
            ("condition: { mechanism: { slug: { eq: 'strikes' } } }", "b a c"),
            ("assessor: { country: { eq: 'MX' } }", "a"),
            ("rationale: { contains: 'letter' }", "b"),
            ("rationale: { isNull: true }", "a c"),
            ("not: { assessor: { slug: { eq: 'mx' } } }", "b c"),
            ("or: [{ verdict: { eq: UNKNOWN } }, { rationale: { isNull: false } }]", "b c"),
        ]).await;
        desk.orders("findings", &[("VERDICT", "a c b")]).await;
    }
}
