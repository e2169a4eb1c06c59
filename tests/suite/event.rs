//! Events: what happened, and who took part.

use demarche_tests::Desk;
use serde_json::json;

const FIELDS: &str = "title description mechanism { slug } actors { stakeholder { slug } role } tension";

demarche_tests::suite! {
    async fn an_event_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let actor = |stakeholder: &str, role: &str| json!({ "stakeholder": stakeholder, "role": role });
        let id = desk.make("Event", json!({
            "title": "A boat was sunk", "description": "At sea", "mechanism": desk.strikes, "tension": -9.5,
            "actors": [actor(&desk.mx, "TARGET"), actor(&desk.us, "INITIATOR"), actor(&desk.us, "PARTICIPANT")],
        })).await;
        let shown = |slug: &str, role: &str| json!({ "stakeholder": { "slug": slug }, "role": role });
        assert_eq!(desk.read("Event", &id, FIELDS).await, json!({
            "title": "A boat was sunk", "description": "At sea", "mechanism": { "slug": "strikes" }, "tension": -9.5,
            "actors": [shown("us", "INITIATOR"), shown("us", "PARTICIPANT"), shown("mx", "TARGET")],
        }));
        let plain = desk.make("Event", json!({})).await;
        let plain = desk.read("Event", &plain, "description mechanism { id } actors { role } tension").await;
        assert_eq!(plain, json!({ "description": null, "mechanism": null, "actors": [], "tension": null }));
        let corrected = desk.supersede("Event", &id, json!({ "actors": [actor(&desk.mx, "PARTICIPANT")] }), FIELDS).await;
        assert_eq!(corrected["event"]["actors"], json!([shown("mx", "PARTICIPANT")]));
        let old = desk.read("Event", &id, "actors { role }").await;
        assert_eq!(old["actors"].as_array().unwrap().len(), 3, "what was recorded stays as it was");
    }

    async fn all_that_an_event_refers_to_is_in_its_dossier(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        let actors = |all: &[(&str, &str)]| -> serde_json::Value {
            let actor = |(stakeholder, role): &(&str, &str)| json!({ "stakeholder": stakeholder, "role": role });
            json!({ "actors": all.iter().map(actor).collect::<Vec<_>>() })
        };
        desk.refuses("Event", &[
            (json!({ "title": "" }), "REQUIRED title: must not be empty"),
            (json!({ "title": "x".repeat(501), "description": " " }),
                "TOO_LONG title: has 501 characters, at most 500 are allowed\nREQUIRED description: must not be empty"),
            (json!({ "tension": 10.01 }), "INVALID tension: is 10.01, expected -10 to 10"),
            (json!({ "mechanism": elsewhere.strikes }), "OTHER_DOSSIER mechanism: this mechanism belongs to another dossier"),
            (actors(&[(&elsewhere.us, "TARGET"), (&desk.us, "TARGET")]),
                "OTHER_DOSSIER actors.0.stakeholder: this stakeholder belongs to another dossier"),
            (actors(&[(&desk.us, "TARGET"), ("stk_0000000000001", "TARGET")]),
                "NOT_FOUND actors.1.stakeholder: there is no such stakeholder"),
            (actors(&[(&desk.us, "TARGET"), (&desk.mx, "TARGET"), (&desk.us, "TARGET")]),
                "INVALID actors: names the same stakeholder in the same role twice"),
            (actors(&[(&desk.us, "TARGET"), ("x", "TARGET")]),
                "INVALID actors.1.stakeholder: \"x\" is not an id: expected one like stk_0000000000000"),
        ]).await;
    }

    async fn events_are_found_by_title_actors_mechanism_and_tension(world) {
        let desk = Desk::open(&world).await;
        let part = |stakeholder: &str| json!([{ "stakeholder": stakeholder, "role": "PARTICIPANT" }]);
        desk.make_all("Event", &[
            ("b", json!({ "title": "Seizure", "tension": 1, "actors": part(&desk.mx), "description": "Of fentanyl" })),
            ("a", json!({ "title": "Arrest", "tension": -1.5, "actors": part(&desk.us) })),
            ("c", json!({ "title": "Talks", "mechanism": desk.strikes })),
        ]).await;
        desk.finds("events", &[
            ("title: { contains: 'RE' }", "b a"),
            ("title: { gt: 'B' }", "b c"),
            ("description: { contains: 'fentanyl' }", "b"),
            ("description: { isNull: true }", "a c"),
            ("actors: { country: { eq: 'MX' } }", "b"),
            ("not: { actors: {} }", "c"),
            ("mechanism: { slug: { eq: 'strikes' } }", "c"),
            ("tension: { lt: 0 }", "a"),
            ("tension: { in: [1, -1.5] }", "b a"),
            ("tension: { isNull: true }", "c"),
            ("or: [{ tension: { gt: 0 } }, { mechanism: {} }]", "b c"),
        ]).await;
        desk.orders("events", &[("TITLE", "a b c"), ("TENSION", "a b | c")]).await;
    }
}
