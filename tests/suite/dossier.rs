//! Dossiers: one policy question under study each.

use demarche_tests::Desk;
use demarche_tests::build::{ASSERTIONS, NODES, errors, list};
use serde_json::{Value, json};

const FIELDS: &str = "slug title question description";

demarche_tests::suite! {
    async fn a_dossier_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let all = json!({ "slug": "fentanyl", "title": "Fentanyl", "question": "What stops it?", "description": "Since 2013" });
        let id = desk.make("Dossier", all.clone()).await;
        assert_eq!(desk.read("Dossier", &id, FIELDS).await, all);
        let found = desk.data(&format!("{{ dossier(slug: 'fentanyl') {{ id {FIELDS} }} none: dossier(slug: 'x') {{ id }} }}")).await;
        assert_eq!((&found["dossier"]["id"], &found["dossier"]["title"]), (&json!(id), &json!("Fentanyl")));
        assert_eq!(found["none"], Value::Null);

        let changes = json!({ "slug": "opioids", "title": "Opioids", "question": null });
        let edited = desk.edit("Dossier", &id, 1, changes, FIELDS).await;
        let expected = json!({ "slug": "opioids", "title": "Opioids", "question": null, "description": "Since 2013" });
        assert_eq!(edited["dossier"], expected);
        let edited = desk.edit("Dossier", &id, 2, json!({ "question": "Who?", "description": null }), FIELDS).await;
        let expected = json!({ "slug": "opioids", "title": "Opioids", "question": "Who?", "description": null });
        assert_eq!(edited["dossier"], expected);
    }

    async fn a_dossier_needs_a_title(world) {
        let desk = Desk::open(&world).await;
        desk.refuses("Dossier", &[
            (json!({ "title": "\t" }), "REQUIRED title: must not be empty"),
            (json!({ "title": "x".repeat(501) }), "TOO_LONG title: has 501 characters, at most 500 are allowed"),
            (json!({ "question": "", "description": "é".repeat(20_001) }),
                "REQUIRED question: must not be empty\nTOO_LONG description: has 20001 characters, at most 20000 are allowed"),
        ]).await;
        let payload = desk.edit("Dossier", &desk.dossier, 1, json!({ "title": "" }), "title").await;
        assert_eq!(errors(&payload), "REQUIRED title: must not be empty");
        assert_eq!(payload["dossier"], Value::Null);
    }

    async fn dossiers_are_found_by_what_they_ask(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Dossier", &[
            ("b", json!({ "title": "Arms", "question": "Who sells?" })),
            ("c", json!({ "title": "Borders" })),
            ("a", json!({ "title": "Cartels", "question": "Who buys?" })),
        ]).await;
        desk.finds("dossiers", &[
            ("slug: { in: ['a', 'b'] }", "b a"),
            ("title: { contains: 'r' }", "b c a"),
            ("title: { gte: 'B', lt: 'C' }", "c"),
            ("question: { contains: 'WHO' }", "b a"),
            ("question: { isNull: true }", "c"),
            ("not: { question: { contains: 'buys' } }", "b c"),
        ]).await;
        desk.orders("dossiers", &[("SLUG", "a b c"), ("TITLE", "b c a")]).await;
    }

    async fn a_dossier_lists_its_own_records_of_every_kind_and_no_others(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        for kind in NODES.into_iter().skip(1).chain(ASSERTIONS) {
            desk.make(kind, json!({ "externalId": "here" })).await;
            elsewhere.make(kind, json!({ "externalId": "there" })).await;
            let list = list(kind);
            let own = format!("{list}(filter: {{ externalId: {{ isNull: false }} }}) {{ totalCount nodes {{ externalId }} }}");
            let one = |key: &str| json!({ &list: { "totalCount": 1, "nodes": [{ "externalId": key }] } });
            assert_eq!(desk.of_dossier(&own).await, one("here"), "{kind}");
            assert_eq!(elsewhere.of_dossier(&own).await, one("there"), "{kind}");
            assert_eq!(desk.found(&list, "filter: {}").await, "here there", "{kind}");
            // Of several dossiers in one request, each has its own.
            let both = desk.data(&format!("{{ dossiers {{ nodes {{ {own} }} }} }}")).await;
            assert_eq!(both["dossiers"]["nodes"], json!([one("here"), one("there")]), "{kind}");
        }
    }

    async fn a_dossier_finds_its_records_by_slug(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        let own = "stakeholder(slug: 'us') { id } mechanism(slug: 'strikes') { id } source(slug: 'paper') { id }
            nobody: stakeholder(slug: 'strikes') { id } nothing: mechanism(slug: 'us') { id } nowhere: source(slug: '') { id }";
        for desk in [desk, elsewhere] {
            let id = |id: &str| json!({ "id": id });
            assert_eq!(desk.of_dossier(own).await, json!({
                "stakeholder": id(&desk.us), "mechanism": id(&desk.strikes), "source": id(&desk.paper),
                "nobody": null, "nothing": null, "nowhere": null,
            }));
        }
    }
}
