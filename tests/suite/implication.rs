//! Implications: foreseen consequences and lessons, about a mechanism, a relation or the whole dossier.

use demarche_tests::Desk;
use serde_json::json;

const FIELDS: &str = "kind statement likelihood severity mechanism { slug } relation { id }";

demarche_tests::suite! {
    async fn an_implication_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let tie = desk.make("Relation", json!({})).await;
        let said = json!({ "kind": "LESSON", "statement": "Force begets force", "likelihood": "VERY_LIKELY", "severity": 5 });
        for (about, mechanism, relation) in [
            (json!({ "mechanism": desk.strikes }), json!({ "slug": "strikes" }), json!(null)),
            (json!({ "relation": tie }), json!(null), json!({ "id": tie })),
            (json!({}), json!(null), json!(null)),
        ] {
            let id = desk.make("Implication", demarche_tests::build::merge(said.clone(), about)).await;
            let mut expected = said.clone();
            (expected["mechanism"], expected["relation"]) = (mechanism, relation);
            assert_eq!(desk.read("Implication", &id, FIELDS).await, expected);
        }
        let plain = desk.make("Implication", json!({ "kind": "OPPORTUNITY" })).await;
        let plain = desk.read("Implication", &plain, "kind likelihood severity").await;
        assert_eq!(plain, json!({ "kind": "OPPORTUNITY", "likelihood": null, "severity": null }));
    }

    async fn an_implication_is_about_one_thing_of_its_dossier_at_most(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        let (tie, far) = (desk.make("Relation", json!({})).await, elsewhere.make("Relation", json!({})).await);
        desk.refuses("Implication", &[
            (json!({ "mechanism": desk.strikes, "relation": tie }),
                "INVALID relation: is about a mechanism or a relation, not both; about neither, it is about the whole dossier"),
            (json!({ "mechanism": elsewhere.strikes }), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier"),
            (json!({ "relation": far }), "OTHER_DOSSIER relation: this relation belongs to another dossier"),
            (json!({ "relation": "rel_0000000000001" }), "NOT_FOUND relation: there is no such relation"),
            (json!({ "severity": 0 }), "INVALID severity: is 0, expected 1 to 5"),
            (json!({ "severity": 6 }), "INVALID severity: is 6, expected 1 to 5"),
            (json!({ "severity": 40_000 }), "INVALID severity: is 40000, which is out of range"),
            (json!({ "statement": "" }), "REQUIRED statement: must not be empty"),
            (json!({ "statement": "x".repeat(20_001) }), "TOO_LONG statement: has 20001 characters, at most 20000 are allowed"),
        ]).await;
    }

    async fn implications_are_found_by_kind_likelihood_severity_and_what_they_are_about(world) {
        let desk = Desk::open(&world).await;
        let tie = desk.make("Relation", json!({ "kind": "THREATENS" })).await;
        desk.make_all("Implication", &[
            ("b", json!({ "kind": "RISK", "likelihood": "LIKELY", "severity": 4, "mechanism": desk.strikes, "statement": "Reprisals" })),
            ("a", json!({ "kind": "LESSON", "likelihood": "ALMOST_NO_CHANCE", "severity": 2, "relation": tie })),
            ("c", json!({ "kind": "OPPORTUNITY" })),
        ]).await;
        desk.finds("implications", &[
            ("kind: { eq: RISK }", "b"),
            ("kind: { ne: RISK }", "a c"),
            ("kind: { in: [RISK, LESSON] }", "b a"),
            ("kind: { notIn: [RISK] }", "a c"),
            ("statement: { contains: 'REPRISAL' }", "b"),
            ("likelihood: { gte: LIKELY }", "b"),
            ("likelihood: { lt: UNLIKELY }", "a"),
            ("likelihood: { isNull: true }", "c"),
            ("severity: { eq: 4 }", "b"),
            ("severity: { ne: 4 }", "a c"),
            ("severity: { gt: 2 }", "b"),
            ("severity: { gte: 2 }", "b a"),
            ("severity: { lt: 4 }", "a"),
            ("severity: { lte: 4, isNull: false }", "b a"),
            ("mechanism: { slug: { eq: 'strikes' } }", "b"),
            ("relation: { kind: { eq: THREATENS } }", "a"),
            ("not: { or: [{ mechanism: {} }, { relation: {} }] }", "c"),
        ]).await;
        desk.orders("implications", &[("KIND", "a c b"), ("LIKELIHOOD", "a b | c"), ("SEVERITY", "a b | c")]).await;
    }
}
