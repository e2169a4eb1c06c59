//! Ratings: a stakeholder's influence, interest and salience at a date.

use demarche_tests::Desk;
use serde_json::json;

const FIELDS: &str = "stakeholder { slug } influence interest salience power legitimacy urgency note";

demarche_tests::suite! {
    async fn a_rating_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Rating", json!({
            "stakeholder": desk.mx, "influence": 0, "interest": 100, "salience": 55, "power": true, "legitimacy": false,
            "urgency": true, "note": "By our own reckoning",
        })).await;
        assert_eq!(desk.read("Rating", &id, FIELDS).await, json!({
            "stakeholder": { "slug": "mx" }, "influence": 0, "interest": 100, "salience": 55, "power": true, "legitimacy": false,
            "urgency": true, "note": "By our own reckoning",
        }));
        let plain = desk.make("Rating", json!({ "influence": null })).await;
        assert_eq!(desk.read("Rating", &plain, FIELDS).await, json!({
            "stakeholder": { "slug": "us" }, "influence": null, "interest": null, "salience": null, "power": null,
            "legitimacy": null, "urgency": null, "note": null,
        }));
    }

    async fn a_rating_goes_from_0_to_100(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Rating", &[
            (json!({ "influence": -1, "interest": 101, "salience": 1000 }),
                "INVALID influence: is -1, expected 0 to 100\nINVALID interest: is 101, expected 0 to 100\n\
                 INVALID salience: is 1000, expected 0 to 100"),
            (json!({ "salience": 70_000 }), "INVALID salience: is 70000, which is out of range"),
            (json!({ "note": "" }), "REQUIRED note: must not be empty"),
            (json!({ "note": "x".repeat(20_001) }), "TOO_LONG note: has 20001 characters, at most 20000 are allowed"),
            (json!({ "stakeholder": elsewhere.us }), "OTHER_DOSSIER stakeholder: this stakeholder belongs to another dossier"),
            (json!({ "stakeholder": "stk_0000000000001" }), "NOT_FOUND stakeholder: there is no such stakeholder"),
        ]).await;
    }

    async fn ratings_are_found_by_whose_and_how_much(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Rating", &[
            ("b", json!({ "influence": 80, "interest": 20, "salience": 30, "power": true, "note": "A guess" })),
            ("a", json!({ "influence": 10, "interest": 90, "salience": 20, "power": false, "legitimacy": true, "stakeholder": desk.mx })),
            ("c", json!({ "influence": null, "urgency": false })),
        ]).await;
        desk.finds("ratings", &[
            ("stakeholder: { slug: { eq: 'mx' } }", "a"),
            ("influence: { gte: 80 }", "b"),
            ("influence: { isNull: true }", "c"),
            ("interest: { lt: 90 }", "b"),
            ("salience: { in: [20, 30] }", "b a"),
            ("power: { eq: true }", "b"),
            ("power: { eq: false }", "a"),
            ("power: { isNull: true }", "c"),
            ("legitimacy: { isNull: false }", "a"),
            ("urgency: { eq: false }", "c"),
            ("note: { contains: 'guess' }", "b"),
            ("not: { power: { eq: true } }", "a c"),
            ("or: [{ urgency: { isNull: false } }, { legitimacy: { eq: true } }]", "a c"),
        ]).await;
        desk.orders("ratings", &[("INFLUENCE", "a b | c"), ("INTEREST", "b a | c"), ("SALIENCE", "a b | c")]).await;
    }
}
