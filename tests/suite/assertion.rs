//! What all assertions have in common: on whose word they stand, since when, and the tests and orders on that.

use std::time::Duration;

use demarche_tests::Desk;
use demarche_tests::build::{ASSERTIONS, date, errors, field, list};
use serde_json::{Value, json};

const EVIDENCE: &str =
    "id __typename externalId locator quote { exact prefix suffix start end } credibility confidence marking
    source { slug } dossier { slug } occurredOn occurredOnPrecision recordedAt recordedBy { name }
    supersededAt supersedes { id } supersededBy { id } retraction { reason }";

demarche_tests::suite! {
    async fn an_assertion_keeps_on_whose_word_it_stands(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let quote = json!({ "exact": "will not", "prefix": "Mexico ", "suffix": " accept", "start": 32, "end": 40 });
            let id = desk.make(kind, json!({
                "externalId": "key", "locator": "§ 2, p. 14", "quote": quote, "credibility": 2, "confidence": "VERY_LIKELY",
                "marking": "AMBER_STRICT", date(kind): "2025-10-03",
            })).await;
            assert_eq!(desk.read(kind, &id, EVIDENCE).await, json!({
                "id": id, "__typename": kind, "externalId": "key", "locator": "§ 2, p. 14", "quote": quote,
                "credibility": 2, "confidence": "VERY_LIKELY", "marking": "AMBER_STRICT", "source": { "slug": "paper" },
                "dossier": { "slug": "cartels" }, "occurredOn": "2025-10-03", "occurredOnPrecision": "DAY",
                "recordedAt": world.now(), "recordedBy": { "name": "Analyst" }, "supersededAt": null, "supersedes": null,
                "supersededBy": null, "retraction": null,
            }));
            let id = desk.make(kind, json!({})).await;
            let plain = desk.read(kind, &id, "externalId locator quote { exact } credibility confidence marking").await;
            let nothing = json!({ "externalId": null, "locator": null, "quote": null, "credibility": null, "confidence": null,
                "marking": "CLEAR" });
            assert_eq!(plain, nothing, "{kind}");
        }
    }

    async fn a_date_claims_no_more_than_is_known(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            // Noon of 24 November 2026: this month and this year have begun, so their first days are no future.
            for (on, precision, first) in [
                ("2026-11-24", "DAY", "2026-11-24"), ("2025-02-28", "MONTH", "2025-02-01"), ("2024-12-31", "YEAR", "2024-01-01"),
                ("2026-11-30", "MONTH", "2026-11-01"), ("2026-12-31", "YEAR", "2026-01-01"),
            ] {
                let precise = format!("{}Precision", date(kind));
                let id = desk.make(kind, json!({ date(kind): on, &precise: precision })).await;
                let own = format!("occurredOn occurredOnPrecision on: {} precision: {precise}", date(kind));
                let expected = json!({ "occurredOn": first, "occurredOnPrecision": precision, "on": first, "precision": precision });
                assert_eq!(desk.read(kind, &id, &own).await, expected, "{kind}");
            }
            let field = date(kind);
            desk.refuses(kind, &[
                (json!({ field: "2026-11-25" }), &format!("IN_FUTURE {field}: 2026-11-25 lies after today, 2026-11-24")),
                (json!({ field: "2026-12-25", format!("{field}Precision"): "MONTH" }),
                    &format!("IN_FUTURE {field}: 2026-12 lies after today, 2026-11-24")),
                (json!({ field: "2027-12-25", format!("{field}Precision"): "YEAR" }),
                    &format!("IN_FUTURE {field}: 2027 lies after today, 2026-11-24")),
            ]).await;
        }
    }

    async fn a_quote_stands_in_the_text_of_its_source_and_where_it_says(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = "INVALID quote.exact: these words do not stand there in the source's text";
        let offsets = "INVALID quote: start and end come together, with 0 <= start < end";
        // Offsets count characters, not bytes.
        desk.make("Event", json!({ "quote": { "exact": "Señales» were", "start": 53, "end": 66 } })).await;
        desk.make("Event", json!({ "quote": { "exact": "Señales» were" } })).await;
        let bare = desk.make("Source", json!({ "slug": "bare" })).await;
        desk.make("Event", json!({ "source": bare, "quote": { "exact": "whatever it says" } })).await;
        let quote = |quote: Value| json!({ "quote": quote });
        desk.refuses("Event", &[
            (quote(json!({ "exact": "Mexico will accept it" })), elsewhere),
            (quote(json!({ "exact": "mexico" })), elsewhere),
            (quote(json!({ "exact": "Mexico", "start": 0, "end": 6 })), elsewhere),
            (quote(json!({ "exact": "Mexico", "start": 90, "end": 96 })), elsewhere),
            (quote(json!({ "exact": "Mexico", "start": 24 })), offsets),
            (quote(json!({ "exact": "Mexico", "end": 30 })), offsets),
            (quote(json!({ "exact": "Mexico", "start": 30, "end": 24 })), &format!("{offsets}\n{elsewhere}")),
            (quote(json!({ "exact": "Mexico", "start": -1, "end": 24 })), offsets),
            (quote(json!({ "exact": " ", "prefix": "", "suffix": "x".repeat(501) })),
                "REQUIRED quote.exact: must not be empty\nREQUIRED quote.prefix: must not be empty\n\
                 TOO_LONG quote.suffix: has 501 characters, at most 500 are allowed"),
        ]).await;
    }

    async fn all_that_is_wrong_with_the_evidence_is_said_at_once(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        for kind in ASSERTIONS {
            desk.refuses(kind, &[
                (json!({ "credibility": 0 }), "INVALID credibility: is 0, expected 1 to 6"),
                (json!({ "credibility": 7 }), "INVALID credibility: is 7, expected 1 to 6"),
                (json!({ "credibility": 100_000 }), "INVALID credibility: is 100000, which is out of range"),
                (json!({ "locator": "" }), "REQUIRED locator: must not be empty"),
                (json!({ "locator": "x".repeat(501) }), "TOO_LONG locator: has 501 characters, at most 500 are allowed"),
                (json!({ "externalId": "x".repeat(201), "locator": "\u{0}", "credibility": -1 }),
                    "TOO_LONG externalId: has 201 characters, at most 200 are allowed\n\
                     INVALID locator: contains the character NUL (U+0000)\nINVALID credibility: is -1, expected 1 to 6"),
                (json!({ "externalId": "\u{0}" }), "INVALID externalId: contains the character NUL (U+0000)"),
                (json!({ "source": "src_0000000000001" }), "NOT_FOUND source: there is no such source"),
                (json!({ "source": elsewhere.paper }), "OTHER_DOSSIER source: this source belongs to another dossier"),
                (json!({ "source": "paper", "dossier": "cartels" }),
                    "INVALID dossier: \"cartels\" is not an id: expected one like dos_0000000000000\n\
                     INVALID source: \"paper\" is not an id: expected one like src_0000000000000"),
            ]).await;
            let nowhere = desk.refusal(kind, json!({ "dossier": "dos_0000000000001" })).await;
            assert!(nowhere.contains("NOT_FOUND dossier: there is no such dossier"), "{nowhere}");
            let count = desk.of_dossier(&format!("{} {{ totalCount }}", list(kind))).await;
            assert_eq!(count[list(kind)]["totalCount"], 0, "{kind}: a refused one was kept");
        }
    }

    async fn a_correction_takes_the_place_of_what_it_corrects(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let own = field(kind);
            let old = desk.make(kind, json!({ "externalId": "key", "locator": "p. 1" })).await;
            let recorded = world.now();
            world.wait(Duration::from_secs(1));
            let lineage = "id locator recordedAt supersededAt supersedes { id supersededBy { id } } supersededBy { id }";
            let payload = desk.supersede(kind, &old, json!({ "externalId": "key", "locator": "p. 2" }), lineage).await;
            assert_eq!(errors(&payload), "", "{kind}");
            let new = payload[&own]["id"].as_str().unwrap();
            assert_eq!(payload[&own], json!({
                "id": new, "locator": "p. 2", "recordedAt": world.now(), "supersededAt": null,
                "supersedes": { "id": old, "supersededBy": { "id": new } }, "supersededBy": null,
            }));
            assert_eq!(desk.read(kind, &old, lineage).await, json!({
                "id": old, "locator": "p. 1", "recordedAt": recorded, "supersededAt": world.now(), "supersedes": null,
                "supersededBy": { "id": new },
            }));
            desk.finds(&list(kind), &[("locator: { isNull: false }", "key"), ("locator: { eq: 'p. 1' }", "")]).await;

            let again = desk.supersede(kind, &old, json!({ "locator": "p. 3" }), "id").await;
            let message = "this assertion has already been superseded: correct the one that replaced it";
            assert_eq!(errors(&again), format!("ALREADY_SUPERSEDED id: {message}"));
            assert_eq!(errors(&desk.retract(&old, "wrong").await), format!("ALREADY_SUPERSEDED id: {message}"));
            assert_eq!(desk.read(kind, new, "supersededAt").await["supersededAt"], Value::Null);
        }
    }

    async fn what_is_taken_back_stays_on_record_with_the_reason(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let id = desk.make(kind, json!({ "externalId": "key" })).await;
            assert_eq!(errors(&desk.retract(&id, " ").await), "REQUIRED reason: must not be empty");
            world.wait(Duration::from_secs(1));
            let payload = desk.retract(&id, "misread").await;
            assert_eq!(errors(&payload), "");
            let retraction = json!({ "at": world.now(), "by": { "name": "Analyst" }, "reason": "misread" });
            assert_eq!(payload["assertion"], json!({ "id": id, "retraction": retraction }));
            let stored = desk.read(kind, &id, "retraction { at by { name } reason }").await;
            assert_eq!(stored["retraction"], retraction);
            assert_eq!(desk.found(&list(kind), "filter: {}").await, "", "{kind}");

            let message = "ALREADY_RETRACTED id: this assertion has been retracted";
            assert_eq!(errors(&desk.retract(&id, "again").await), message);
            assert_eq!(errors(&desk.supersede(kind, &id, json!({}), "id").await), message);
            assert_eq!(desk.read(kind, &id, "retraction { reason }").await["retraction"]["reason"], "misread");
        }
        assert_eq!(errors(&desk.retract("pos_0000000000001", "x").await), "NOT_FOUND id: there is no such position");
        let message = "INVALID id: is the id of a mechanism, expected the id of an assertion";
        assert_eq!(errors(&desk.retract(&desk.strikes, "x").await), message);
        let message = "INVALID id: \"x\" is not an id: expected one like stk_0000000000000";
        assert_eq!(errors(&desk.retract("x", "x").await), message);
    }

    async fn who_may_not_take_back_is_not_told_what_is_wrong_with_the_id(world) {
        for id in ["x", "pos_0000000000001", "mec_0000000000001"] {
            let query = "mutation($input: RetractInput!) { retract(input: $input) { errors { code } } }";
            let input = json!({ "input": { "id": id, "reason": "x" } });
            assert_eq!(world.reader().await.ask_with(query, input.clone()).await.code(), "FORBIDDEN", "{id}");
            assert_eq!(world.anonymous().ask_with(query, input).await.code(), "UNAUTHENTICATED", "{id}");
        }
    }

    async fn a_correction_stays_in_its_dossier_and_takes_nobody_elses_key(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        for kind in ASSERTIONS {
            let id = desk.make(kind, json!({ "externalId": "key" })).await;
            let other = desk.make(kind, json!({ "externalId": "other" })).await;
            let taken = format!("TAKEN externalId: another {} already has \"key\"", field(kind));
            assert_eq!(desk.refusal(kind, json!({ "externalId": "key" })).await, taken);
            assert_eq!(errors(&desk.supersede(kind, &other, json!({ "externalId": "key" }), "id").await), taken);
            elsewhere.make(kind, json!({ "externalId": "key" })).await;
            let message = "OTHER_DOSSIER dossier: the correction belongs to another dossier than what it corrects";
            assert_eq!(errors(&elsewhere.supersede(kind, &id, json!({}), "id").await), message);
            // A correction that is wrong itself changes nothing.
            let payload = desk.supersede(kind, &id, json!({ "credibility": 9 }), "id").await;
            assert_eq!(errors(&payload), "INVALID credibility: is 9, expected 1 to 6");
            assert_eq!(desk.read(kind, &id, "supersededAt").await["supersededAt"], Value::Null);
            let nobody = format!("{}_0000000000001", &id[..3]);
            let payload = desk.supersede(kind, &nobody, json!({}), "id").await;
            assert_eq!(errors(&payload), format!("NOT_FOUND id: there is no such {}", field(kind)));
        }
    }

    async fn assertions_are_found_by_their_evidence(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let (on, list) = (date(kind), list(kind));
            let bare = desk.make("Source", json!({ "slug": format!("{}-bare", field(kind)), "reliability": "C" })).await;
            let mut ids = Vec::new();
            for (key, more) in [
                ("a", json!({ on: "2025-01-01", "credibility": 1, "confidence": "UNLIKELY", "marking": "GREEN",
                    "locator": "p. 7", "quote": { "exact": "Washington" } })),
                ("b", json!({ on: "2025-06-01", "credibility": 3, "confidence": "ALMOST_CERTAIN", "marking": "RED", "source": bare })),
                ("c", json!({ on: "2025-03-01" })),
            ] {
                world.wait(Duration::from_secs(1));
                let mut more = more;
                more["externalId"] = json!(key);
                ids.push(desk.make(kind, more).await);
            }
            let recorded = desk.read(kind, &ids[1], "recordedAt").await["recordedAt"].as_str().unwrap().to_owned();
            desk.finds(&list, &[
                (&format!("id: {{ in: ['{}', '{}'] }}", ids[0], ids[2]), "a c"),
                (&format!("id: {{ ne: '{}' }}", ids[0]), "b c"),
                ("dossier: { slug: { eq: 'cartels' } }", "a b c"),
                ("dossier: { title: { contains: 'no such' } }", ""),
                ("externalId: { gt: 'a' }", "b c"),
                ("source: { slug: { eq: 'paper' } }", "a c"),
                ("source: { reliability: { eq: C } }", "b"),
                ("source: { reliability: { isNull: true } }", "a c"),
                ("locator: { contains: 'P.' }", "a"),
                ("quote: { eq: 'Washington' }", "a"),
                ("quote: { isNull: true }", "b c"),
                ("occurredOn: { gte: '2025-03-01', lt: '2025-06-01' }", "c"),
                ("occurredOn: { gt: '2025-03-01' }", "b"),
                ("occurredOn: { lte: '2025-03-01' }", "a c"),
                ("occurredOn: { eq: '2025-01-01' }", "a"),
                ("occurredOn: { ne: '2025-01-01' }", "b c"),
                ("occurredOn: { in: ['2025-01-01', '2025-03-01'] }", "a c"),
                ("occurredOn: { notIn: ['2025-01-01'] }", "b c"),
                ("occurredOn: { isNull: true }", ""),
                ("credibility: { lte: 2 }", "a"),
                ("credibility: { gt: 2 }", "b"),
                ("credibility: { in: [1, 3] }", "a b"),
                ("credibility: { notIn: [1] }", "b c"),
                ("credibility: { ne: 1 }", "b c"),
                ("credibility: { isNull: true }", "c"),
                ("confidence: { gte: ROUGHLY_EVEN_CHANCE }", "b"),
                ("confidence: { lt: ROUGHLY_EVEN_CHANCE }", "a"),
                ("confidence: { eq: UNLIKELY }", "a"),
                ("confidence: { isNull: true }", "c"),
                ("marking: { lte: GREEN }", "a c"),
                ("marking: { gt: AMBER }", "b"),
                (&format!("recordedAt: {{ gte: '{recorded}' }}"), "b c"),
                (&format!("recordedAt: {{ lt: '{recorded}' }}"), "a"),
                (&format!("recordedAt: {{ eq: '{recorded}' }}"), "b"),
                (&format!("recordedAt: {{ notIn: ['{recorded}'] }}"), "a c"),
                ("and: [{ credibility: { isNull: false } }, { not: { credibility: { eq: 1 } } }]", "b"),
                ("or: [{ credibility: { eq: 1 } }, { credibility: { isNull: true } }]", "a c"),
                ("not: { credibility: { gt: 2 } }", "a c"),
                ("not: { source: { reliability: { eq: C } } }", "a c"),
            ]).await;
            desk.orders(&list, &[
                (if kind == "Position" { "STATED_ON" } else { "OCCURRED_ON" }, "a c b"),
                ("RECORDED_AT", "a b c"),
                ("CREDIBILITY", "a b | c"),
            ]).await;
        }
    }

    async fn a_source_lists_what_it_says_of_every_kind(world) {
        let desk = Desk::open(&world).await;
        let second = desk.make("Source", json!({ "slug": "second" })).await;
        for kind in ASSERTIONS {
            desk.make(kind, json!({ "externalId": "first" })).await;
            desk.make(kind, json!({ "externalId": "second", "source": second })).await;
            let list = list(kind);
            let sources = desk.of_dossier(&format!("sources {{ nodes {{ slug {list} {{ totalCount nodes {{ externalId }} }} }} }}")).await;
            let one = |slug: &str, key: &str| json!({ "slug": slug, &list: { "totalCount": 1, "nodes": [{ "externalId": key }] } });
            assert_eq!(sources["sources"]["nodes"], json!([one("paper", "first"), one("second", "second")]));
        }
    }

    async fn a_list_holds_what_had_happened_by_the_day_asked_for(world) {
        let desk = Desk::open(&world).await;
        for kind in ASSERTIONS {
            let on = date(kind);
            desk.make_all(kind, &[
                ("a", json!({ on: "2025-01-01" })),
                ("b", json!({ on: "2025-06-15", format!("{on}Precision"): "MONTH" })),
                ("c", json!({ on: "2026-11-24" })),
            ]).await;
            let list = list(kind);
            for (day, expected) in
                [("2024-12-31", ""), ("2025-01-01", "a"), ("2025-05-31", "a"), ("2025-06-01", "a b"), ("2026-11-24", "a b c")]
            {
                let found = desk.found(&list, &format!("asOf: {{ valid: '{day}' }}")).await;
                assert_eq!(found, expected, "{list} on {day}");
            }
            // Inside the same day nothing is left out, and a day to come is no different from today.
            assert_eq!(desk.found(&list, "asOf: { valid: '2030-01-01' }").await, "a b c");
        }
    }
}
