//! Statuses: the dated steps of a mechanism's life.

use demarche_tests::Desk;
use serde_json::json;

demarche_tests::suite! {
    async fn a_status_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        for status in ["FLOATED", "PROPOSED", "NEGOTIATING", "AGREED", "ENACTED", "IN_FORCE", "SUSPENDED", "REJECTED", "ABANDONED", "EXPIRED"] {
            let id = desk.make("Status", json!({ "mechanism": desk.strikes, "status": status, "note": "By decree" })).await;
            let expected = json!({ "mechanism": { "slug": "strikes" }, "status": status, "note": "By decree" });
            assert_eq!(desk.read("Status", &id, "mechanism { slug } status note").await, expected);
        }
        let plain = desk.make("Status", json!({})).await;
        assert_eq!(desk.read("Status", &plain, "note").await, json!({ "note": null }));
    }

    async fn a_status_is_one_of_a_mechanism_in_its_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Status", &[
            (json!({ "mechanism": elsewhere.strikes }), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier"),
            (json!({ "mechanism": "mec_0000000000001" }), "NOT_FOUND mechanism: there is no such mechanism"),
            (json!({ "note": " " }), "REQUIRED note: must not be empty"),
            (json!({ "note": "x".repeat(20_001) }), "TOO_LONG note: has 20001 characters, at most 20000 are allowed"),
        ]).await;
    }

    async fn statuses_are_found_by_step_mechanism_and_note(world) {
        let desk = Desk::open(&world).await;
        let other = desk.make("Mechanism", json!({ "slug": "other" })).await;
        desk.make_all("Status", &[
            ("b", json!({ "status": "IN_FORCE", "note": "In May" })),
            ("a", json!({ "status": "AGREED" })),
            ("c", json!({ "status": "REJECTED", "mechanism": other })),
        ]).await;
        desk.finds("statuses", &[
            ("status: { eq: AGREED }", "a"),
            ("status: { ne: AGREED }", "b c"),
            ("status: { in: [IN_FORCE, REJECTED] }", "b c"),
            ("status: { notIn: [IN_FORCE, REJECTED] }", "a"),
            ("mechanism: { slug: { eq: 'other' } }", "c"),
            ("mechanism: { mode: { eq: UNILATERAL } }", "b a"),
            ("note: { contains: 'may' }", "b"),
            ("note: { isNull: true }", "a c"),
            ("not: { mechanism: { slug: { eq: 'other' } } }", "b a"),
            ("or: [{ status: { eq: AGREED } }, { note: { isNull: false } }]", "b a"),
        ]).await;
        desk.orders("statuses", &[("STATUS", "a b c")]).await;
    }
}
