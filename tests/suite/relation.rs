//! Relations: directed ties between stakeholders, in an interval.

use demarche_tests::Desk;
use serde_json::json;

const FIELDS: &str =
    "from { slug } to { slug } kind startedOn startedOnPrecision endedOn endedOnPrecision tension note";

demarche_tests::suite! {
    async fn a_relation_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Relation", json!({
            "from": desk.mx, "to": desk.us, "kind": "COOPERATES_WITH", "startedOn": "2008-06-30", "startedOnPrecision": "YEAR",
            "endedOn": "2021-10-08", "endedOnPrecision": "MONTH", "tension": -2.5, "note": "The Mérida Initiative",
        })).await;
        // What is known of an end is kept to its last day: the tie still held on any day of that month.
        assert_eq!(desk.read("Relation", &id, FIELDS).await, json!({
            "from": { "slug": "mx" }, "to": { "slug": "us" }, "kind": "COOPERATES_WITH", "startedOn": "2008-01-01",
            "startedOnPrecision": "YEAR", "endedOn": "2021-10-31", "endedOnPrecision": "MONTH", "tension": -2.5,
            "note": "The Mérida Initiative",
        }));
        let plain = desk.make("Relation", json!({})).await;
        let own = "startedOn startedOnPrecision endedOn endedOnPrecision tension note";
        assert_eq!(desk.read("Relation", &plain, own).await, json!({
            "startedOn": null, "startedOnPrecision": null, "endedOn": null, "endedOnPrecision": null, "tension": null, "note": null,
        }));
    }

    async fn a_tie_needs_two_and_ends_after_it_began(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Relation", &[
            (json!({ "to": desk.us }), "INVALID to: is the stakeholder itself: a tie needs two"),
            (json!({ "from": elsewhere.us }), "OTHER_DOSSIER from: this stakeholder belongs to another dossier"),
            (json!({ "to": elsewhere.us }), "OTHER_DOSSIER to: this stakeholder belongs to another dossier"),
            (json!({ "to": "stk_0000000000001" }), "NOT_FOUND to: there is no such stakeholder"),
            (json!({ "tension": 10.5 }), "INVALID tension: is 10.5, expected -10 to 10"),
            (json!({ "tension": -11 }), "INVALID tension: is -11, expected -10 to 10"),
            (json!({ "note": "" }), "REQUIRED note: must not be empty"),
            (json!({ "startedOn": "2026-11-25" }), "IN_FUTURE startedOn: 2026-11-25 lies after today, 2026-11-24"),
            (json!({ "startedOn": "2025-03-02", "endedOn": "2025-03-01" }), "INVALID endedOn: 2025-03-01 lies before the start, 2025-03-02"),
            (json!({ "startedOn": "2025-03-02", "endedOn": "2024-12-31", "endedOnPrecision": "YEAR" }),
                "INVALID endedOn: 2024 lies before the start, 2025-03-02"),
        ]).await;
        // Within what is known, an end may lie before the start's day; and an end that is agreed on lies ahead.
        desk.make("Relation", json!({ "startedOn": "2025-03-02", "endedOn": "2025-01-01", "endedOnPrecision": "YEAR" })).await;
        desk.make("Relation", json!({ "startedOn": "2025-03-02", "endedOn": "2025-03-02", "tension": -10 })).await;
        desk.make("Relation", json!({ "endedOn": "2030-01-01", "tension": 10 })).await;
    }

    async fn a_tie_holds_in_its_interval(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Relation", &[
            ("closed", json!({ "startedOn": "2008-06-30", "endedOn": "2021-10-08", "occurredOn": "2025-01-01" })),
            ("open", json!({ "startedOn": "2020-01-01", "occurredOn": "2025-01-01" })),
            ("unknown", json!({ "occurredOn": "2025-01-01" })),
            ("over", json!({ "occurredOn": "2025-01-01", "endedOn": "2025-02-01", "endedOnPrecision": "MONTH" })),
        ]).await;
        for (day, expected) in [
            ("2008-06-29", ""), ("2008-06-30", "closed"), ("2020-06-01", "closed open"), ("2021-10-08", "closed open"),
            ("2021-10-09", "open"), ("2025-01-01", "open unknown over"), ("2025-02-28", "open unknown over"),
            ("2025-03-01", "open unknown"),
        ] {
            assert_eq!(desk.found("relations", &format!("asOf: {{ valid: '{day}' }}")).await, expected, "on {day}");
        }
        assert_eq!(desk.found("relations", "filter: {}").await, "open unknown");
    }

    async fn relations_are_found_by_their_ends_kind_interval_and_tension(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Relation", &[
            ("b", json!({ "kind": "PRESSURES", "tension": -3, "startedOn": "2020-01-01", "note": "Tariffs" })),
            ("a", json!({ "kind": "ALLIED_WITH", "tension": 0.5, "startedOn": "2019-01-01", "endedOn": "2027-01-01" })),
            ("c", json!({ "kind": "THREATENS", "from": desk.mx, "to": desk.us })),
        ]).await;
        desk.finds("relations", &[
            ("from: { slug: { eq: 'us' } }", "b a"),
            ("to: { country: { eq: 'US' } }", "c"),
            ("kind: { eq: PRESSURES }", "b"),
            ("kind: { ne: PRESSURES }", "a c"),
            ("kind: { in: [THREATENS, PRESSURES] }", "b c"),
            ("kind: { notIn: [THREATENS, PRESSURES] }", "a"),
            ("startedOn: { lt: '2020-01-01' }", "a"),
            ("startedOn: { isNull: true }", "c"),
            ("endedOn: { isNull: false }", "a"),
            ("endedOn: { gt: '2026-01-01' }", "a"),
            ("tension: { eq: 0.5 }", "a"),
            ("tension: { ne: 0.5 }", "b c"),
            ("tension: { lt: 0 }", "b"),
            ("tension: { lte: 0.5 }", "b a"),
            ("tension: { gt: -3 }", "a"),
            ("tension: { gte: -3 }", "b a"),
            ("tension: { in: [-3, 9] }", "b"),
            ("tension: { notIn: [-3] }", "a c"),
            ("tension: { isNull: true }", "c"),
            ("note: { contains: 'tariff' }", "b"),
            ("not: { from: { slug: { eq: 'us' } } }", "c"),
            ("or: [{ kind: { eq: THREATENS } }, { tension: { lt: 0 } }]", "b c"),
        ]).await;
        desk.orders("relations", &[("KIND", "a b c"), ("STARTED_ON", "a b | c"), ("TENSION", "b a | c")]).await;
    }

    async fn a_relation_shows_what_follows_from_it(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Relation", json!({})).await;
        let about = |severity: i32| json!({ "relation": id, "severity": severity });
        desk.make_all("Implication", &[("b", about(2)), ("a", about(5)), ("no", json!({}))]).await;
        let own = "implications(orderBy: [{ field: SEVERITY, direction: DESC }]) { totalCount nodes { externalId relation { id } } }";
        let found = desk.read("Relation", &id, own).await;
        let one = |key: &str| json!({ "externalId": key, "relation": { "id": id } });
        assert_eq!(found["implications"], json!({ "totalCount": 2, "nodes": [one("a"), one("b")] }));
    }
}
