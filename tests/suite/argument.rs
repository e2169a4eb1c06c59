//! Arguments: reusable reasons, and how they bear on each other.

use demarche_tests::Desk;
use demarche_tests::build::{errors, keys};
use serde_json::{Value, json};

const FIELDS: &str = "statement frame description rebuts { externalId } reinforces { externalId }";

demarche_tests::suite! {
    async fn an_argument_keeps_all_that_is_said_of_it_and_what_it_bears_on(world) {
        let desk = Desk::open(&world).await;
        let others = desk.make_all("Argument", &[("one", json!({})), ("two", json!({})), ("three", json!({}))]).await;
        let [one, two, three] = &others[..] else { panic!() };
        let id = desk.make("Argument", json!({
            "externalId": "own", "statement": "It would escalate", "frame": "ESCALATION", "description": "At length",
            "rebuts": [two, one], "reinforces": [three],
        })).await;
        let key = |key: &str| json!({ "externalId": key });
        let mut expected = json!({
            "statement": "It would escalate", "frame": "ESCALATION", "description": "At length",
            "rebuts": [key("one"), key("two")], "reinforces": [key("three")],
        });
        assert_eq!(desk.read("Argument", &id, FIELDS).await, expected);
        for (other, expected) in [(one, json!([key("own")])), (three, json!([]))] {
            assert_eq!(desk.read("Argument", other, "rebuttedBy { externalId }").await["rebuttedBy"], expected);
        }
        assert_eq!(desk.read("Argument", three, "reinforcedBy { externalId }").await["reinforcedBy"], json!([key("own")]));

        let edited = desk.edit("Argument", &id, 1, json!({ "statement": "It will", "frame": "POLITICAL" }), FIELDS).await;
        (expected["statement"], expected["frame"]) = (json!("It will"), json!("POLITICAL"));
        assert_eq!(edited["argument"], expected);
        let edited = desk.edit("Argument", &id, 2, json!({ "description": null, "rebuts": [three], "reinforces": [] }), FIELDS).await;
        assert_eq!(edited["argument"], json!({
            "statement": "It will", "frame": "POLITICAL", "description": null, "rebuts": [key("three")], "reinforces": [],
        }));
        assert_eq!(desk.read("Argument", one, "rebuttedBy { id }").await["rebuttedBy"], json!([]));
        // An edit of the links alone is an edit, too.
        let edited = desk.edit("Argument", &id, 3, json!({ "rebuts": [] }), "version rebuts { id }").await;
        assert_eq!(edited["argument"], json!({ "version": 4, "rebuts": [] }));
    }

    async fn an_argument_bears_on_others_of_its_dossier_one_way_each(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        desk.refuses("Argument", &[
            (json!({ "statement": "" }), "REQUIRED statement: must not be empty"),
            (json!({ "statement": "x".repeat(20_001), "description": "" }),
                "TOO_LONG statement: has 20001 characters, at most 20000 are allowed\nREQUIRED description: must not be empty"),
            (json!({ "rebuts": [desk.reason, desk.reason] }), "INVALID rebuts: names the same argument twice"),
            (json!({ "reinforces": [desk.reason, desk.reason] }), "INVALID reinforces: names the same argument twice"),
            (json!({ "rebuts": [desk.reason], "reinforces": [desk.reason] }),
                "INVALID reinforces: names an argument that it also rebuts"),
            (json!({ "rebuts": [elsewhere.reason, desk.reason] }), "OTHER_DOSSIER rebuts.0: this argument belongs to another dossier"),
            (json!({ "reinforces": [desk.reason, "arg_0000000000001"] }), "NOT_FOUND reinforces.1: there is no such argument"),
            (json!({ "rebuts": [desk.reason, "arg"] }), "INVALID rebuts.1: \"arg\" is not an id: expected one like arg_0000000000000"),
        ]).await;
        for field in ["rebuts", "reinforces"] {
            let payload = desk.edit("Argument", &desk.reason, 1, json!({ field: [desk.reason] }), "id").await;
            assert_eq!(errors(&payload), format!("INVALID {field}: names the argument itself"));
        }
        assert_eq!(desk.read("Argument", &desk.reason, "version").await["version"], Value::from(1));
    }

    async fn arguments_are_found_by_frame_and_words(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Argument", &[
            ("b", json!({ "statement": "Law forbids it", "frame": "LEGAL" })),
            ("c", json!({ "statement": "Violence spreads", "frame": "ESCALATION" })),
            ("a", json!({ "statement": "People die", "frame": "PUBLIC_HEALTH" })),
        ]).await;
        desk.finds("arguments", &[
            ("frame: { eq: LEGAL }", "b"),
            ("frame: { ne: LEGAL }", "c a"),
            ("frame: { in: [ESCALATION, LEGAL] }", "b c"),
            ("frame: { notIn: [ESCALATION] }", "b a"),
            ("statement: { contains: 'SPREAD' }", "c"),
            ("statement: { lte: 'People die' }", "b a"),
            ("not: { frame: { eq: LEGAL }, statement: { contains: 'forbids' } }", "c a"),
        ]).await;
        desk.orders("arguments", &[("STATEMENT", "b a c"), ("FRAME", "c b a")]).await;
    }

    async fn an_argument_shows_the_positions_that_use_it(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Position", &[
            ("b", json!({ "arguments": [desk.reason], "statedOn": "2025-06-01" })),
            ("a", json!({ "arguments": [desk.reason], "stance": "OPPOSE", "statedOn": "2025-02-01" })),
            ("no", json!({})),
        ]).await;
        let own = "positions { totalCount nodes { externalId } }
            against: positions(filter: { stance: { eq: OPPOSE } }) { nodes { externalId } }
            sorted: positions(orderBy: [{ field: STATED_ON }]) { nodes { externalId } }
            then: positions(asOf: { valid: '2025-03-01' }) { nodes { externalId } }";
        let argument = desk.read("Argument", &desk.reason, own).await;
        let found = ["positions", "against", "sorted", "then"].map(|list| keys(&argument[list]));
        assert_eq!(found, ["b a", "a", "a b", "a"]);
        assert_eq!(argument["positions"]["totalCount"], 2);
    }
}
