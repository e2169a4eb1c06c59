//! Search: finding records by words, whatever their case and accents.

use demarche_tests::Desk;
use demarche_tests::build::NODES;
use serde_json::{Value, json};

/// The titles of what a search finds, in order; `*` marks those that have all words in their title.
async fn hits(desk: &Desk, arguments: &str) -> String {
    let found = desk.data(&format!("{{ search({arguments}) {{ nodes {{ title inTitle }} }} }}")).await;
    let hit =
        |hit: &Value| format!("{}{}", hit["title"].as_str().unwrap(), if hit["inTitle"] == true { "*" } else { "" });
    found["search"]["nodes"].as_array().unwrap().iter().map(hit).collect::<Vec<_>>().join(" | ")
}

demarche_tests::suite! {
    async fn words_are_found_whatever_their_case_and_accents(world) {
        let desk = Desk::open(&world).await;
        desk.make("Stakeholder", json!({ "slug": "amlo", "name": "Andrés Manuel López Obrador", "aliases": ["AMLO"], "description": "A former president" })).await;
        desk.make("Stakeholder", json!({ "slug": "pres", "name": "President of Mexico" })).await;
        let amlo = "Andrés Manuel López Obrador";
        for (words, expected) in [
            ("lopez", format!("{amlo}*")),
            ("LÓPEZ", format!("{amlo}*")),
            ("obrador andres", format!("{amlo}*")),
            ("amlo", amlo.to_owned()),
            ("andrés president", amlo.to_owned()),
            ("brado", format!("{amlo}*")),
            // In the title first.
            ("president", format!("President of Mexico* | {amlo}")),
            ("president nobody", String::new()),
            ("pres%dent", String::new()),
            ("pres_dent", String::new()),
            ("\\\\", String::new()),
        ] {
            assert_eq!(hits(&desk, &format!("query: '{words}'")).await, expected, "{words}");
        }
    }

    async fn a_dossier_is_searched_by_itself(world) {
        let desk = Desk::open(&world).await;
        let other = Desk::open_another(desk.client.clone(), "tariffs").await;
        desk.make("Event", json!({ "title": "Xylophone here" })).await;
        other.make("Event", json!({ "title": "Xylophone there" })).await;
        for (slug, title) in [("cartels", "Xylophone here"), ("tariffs", "Xylophone there")] {
            let query = format!("{{ dossier(slug: '{slug}') {{ search(query: 'xylophone', kinds: [EVENT]) {{ totalCount nodes {{ title }} }} }} }}");
            let found = desk.data(&query).await;
            assert_eq!(found["dossier"]["search"], json!({ "totalCount": 1, "nodes": [{ "title": title }] }));
        }
        assert_eq!(hits(&desk, "query: 'xylophone'").await, "Xylophone here* | Xylophone there*");
    }

    async fn records_of_every_kind_are_found_and_can_be_told_apart(world) {
        let desk = Desk::open(&world).await;
        let texts = [
            ("Dossier", "title"), ("Stakeholder", "name"), ("Mechanism", "name"), ("Condition", "statement"), ("Argument", "statement"),
            ("Source", "title"), ("Position", "rationale"), ("Relation", "note"), ("Status", "note"), ("Finding", "rationale"),
            ("Event", "title"), ("Implication", "statement"), ("Rating", "note"),
        ];
        for (kind, text) in texts {
            desk.make(kind, json!({ "externalId": "key", text: format!("Xylophone {kind}") })).await;
        }
        let found = desk.data("{ search(query: 'xylophone') { totalCount nodes { title node { __typename id } } } }").await;
        let kinds: Vec<&str> = found["search"]["nodes"].as_array().unwrap().iter()
            .map(|hit| hit["node"]["__typename"].as_str().unwrap()).collect();
        assert_eq!(kinds, texts.map(|(kind, _)| kind), "the oldest first");
        assert_eq!(found["search"]["totalCount"], 13);
        assert_eq!(hits(&desk, "query: 'xylophone', kinds: [EVENT, SOURCE]").await, "Xylophone Source* | Xylophone Event*");
        for kind in texts.map(|(kind, _)| kind) {
            let own = format!("query: 'xylophone', kinds: [{}]", kind.to_uppercase());
            assert_eq!(hits(&desk, &own).await, format!("Xylophone {kind}*"));
        }
        desk.make("Event", json!({ "title": "Raid", "quote": { "exact": "Señales" } })).await;
        assert_eq!(hits(&desk, "query: 'senales'").await, "Raid");
    }

    async fn only_what_is_current_is_found(world) {
        let desk = Desk::open(&world).await;
        for kind in NODES {
            let text = match kind { "Dossier" | "Source" => "title", "Condition" | "Argument" => "statement", _ => "name" };
            let id = desk.make(kind, json!({ "externalId": "key", text: "Before" })).await;
            desk.edit(kind, &id, 1, json!({ text: "After" }), "id").await;
            assert_eq!(hits(&desk, "query: 'before'").await, "", "{kind}");
            let own = format!("query: 'after', kinds: [{}]", kind.to_uppercase());
            assert_eq!(hits(&desk, &own).await, "After*");
        }
        let id = desk.make("Event", json!({ "title": "A raid" })).await;
        let corrected = desk.supersede("Event", &id, json!({ "title": "A seizure" }), "id").await;
        assert_eq!(hits(&desk, "query: 'raid'").await, "");
        assert_eq!(hits(&desk, "query: 'seizure'").await, "A seizure*");
        desk.retract(corrected["event"]["id"].as_str().unwrap(), "wrong").await;
        assert_eq!(hits(&desk, "query: 'seizure'").await, "");
    }

    async fn hits_come_in_pages_both_ways(world) {
        let desk = Desk::open(&world).await;
        for (slug, name, description) in
            [("a", "Zebra one", "x"), ("b", "Other", "a zebra"), ("c", "Zebra two", "x"), ("d", "Another", "some zebras")]
        {
            desk.make("Stakeholder", json!({ "slug": slug, "name": name, "description": description })).await;
        }
        let page = async |arguments: String| {
            let own = "totalCount edges { cursor node { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
            let page = desk.data(&format!("{{ search(query: 'zebra', {arguments}) {{ {own} }} }}")).await["search"].take();
            let titles: Vec<String> = page["edges"].as_array().unwrap().iter()
                .map(|edge| edge["node"]["title"].as_str().unwrap().to_owned()).collect();
            assert_eq!(page["totalCount"], 4);
            (titles, page["pageInfo"].clone())
        };
        let (titles, info) = page("first: 3".to_owned()).await;
        assert_eq!((titles.join(", ").as_str(), &info["hasNextPage"], &info["hasPreviousPage"]), ("Zebra one, Zebra two, Other", &json!(true), &json!(false)));
        let (titles, info) = page(format!("first: 3, after: {}", info["endCursor"])).await;
        assert_eq!((titles.join(", ").as_str(), &info["hasNextPage"]), ("Another", &json!(false)));
        let (titles, info) = page(format!("last: 2, before: {}", info["startCursor"])).await;
        assert_eq!((titles.join(", ").as_str(), &info["hasPreviousPage"]), ("Zebra two, Other", &json!(true)));
        let (titles, _) = page("last: 1".to_owned()).await;
        assert_eq!(titles, ["Another"]);
    }

    async fn a_search_needs_a_few_words(world) {
        let desk = Desk::open(&world).await;
        for (words, count) in [(String::new(), 0), (" \\t ".to_owned(), 0), ("a ".repeat(13), 13)] {
            let answer = desk.ask(&format!("{{ search(query: '{words}') {{ nodes {{ title }} }} }}")).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT");
            assert_eq!(answer.message(), format!("query: has {count} words, expected 1 to 12"));
        }
        assert_eq!(hits(&desk, &format!("query: '{}'", "strikes ".repeat(12))).await, "Strikes*");
        let answer = desk.ask("{ search(query: 'a\\u0000') { nodes { title } } }").await;
        assert_eq!((answer.code(), answer.message()), ("BAD_USER_INPUT", "query: contains the character NUL (U+0000)"));
        let answer = desk.ask("{ search(query: 'a', after: 'nonsense') { nodes { title } } }").await;
        assert_eq!((answer.code(), answer.message()), ("BAD_USER_INPUT", "after: is not a cursor: take it from pageInfo or an edge"));
        let other = desk.data("{ stakeholders(first: 1) { pageInfo { endCursor } } }").await;
        let cursor = &other["stakeholders"]["pageInfo"]["endCursor"];
        let answer = desk.ask(&format!("{{ search(query: 'a', after: {cursor}) {{ nodes {{ title }} }} }}")).await;
        assert_eq!(answer.message(), "after: is a cursor of another list or of another order");
    }
}
