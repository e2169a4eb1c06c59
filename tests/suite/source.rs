//! Sources: the documents that assertions are taken from.

use demarche_tests::Desk;
use demarche_tests::build::{TEXT, errors};
use serde_json::{Value, json};

const FIELDS: &str = "slug title url publisher author publishedOn publishedOnPrecision retrievedOn retrievedOnPrecision
    language sha256 text reliability";
/// The SHA-256 of `abc`, as FIPS 180-4 gives it.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

demarche_tests::suite! {
    async fn a_source_keeps_all_that_is_said_of_it(world) {
        let desk = Desk::open(&world).await;
        let mut all = json!({
            "slug": "abc", "title": "ABC", "url": "https://example.org/abc?d=e#f", "publisher": "P", "author": "A",
            "publishedOn": "2025-10-01", "publishedOnPrecision": "MONTH", "retrievedOn": "2025-11-02", "retrievedOnPrecision": "DAY",
            "language": "es-MX", "sha256": ABC, "text": "abc", "reliability": "B",
        });
        let id = desk.make("Source", all.clone()).await;
        assert_eq!(desk.read("Source", &id, FIELDS).await, all);
        let edited = desk.edit("Source", &id, 1, json!({ "title": "A, B, C", "publishedOn": "2024-05-06", "publishedOnPrecision": "YEAR" }), FIELDS).await;
        (all["title"], all["publishedOn"], all["publishedOnPrecision"]) = (json!("A, B, C"), json!("2024-01-01"), json!("YEAR"));
        assert_eq!(edited["source"], all);
        let nothing = json!({ "url": null, "publisher": null, "author": null, "publishedOn": null, "retrievedOn": null,
            "language": null, "reliability": null });
        let edited = desk.edit("Source", &id, 2, nothing, FIELDS).await;
        assert_eq!(edited["source"], json!({
            "slug": "abc", "title": "A, B, C", "url": null, "publisher": null, "author": null, "publishedOn": null,
            "publishedOnPrecision": null, "retrievedOn": null, "retrievedOnPrecision": null, "language": null,
            "sha256": ABC, "text": "abc", "reliability": null,
        }));
    }

    async fn the_digest_of_a_text_is_reckoned_and_must_be_right(world) {
        let desk = Desk::open(&world).await;
        let id = desk.make("Source", json!({ "slug": "abc", "text": "abc" })).await;
        assert_eq!(desk.read("Source", &id, "sha256").await["sha256"], ABC);
        // A text may be known by its digest alone.
        let bare = desk.make("Source", json!({ "slug": "bare", "sha256": ABC })).await;
        assert_eq!(desk.read("Source", &bare, "sha256 text").await, json!({ "sha256": ABC, "text": null }));
        let payload = desk.edit("Source", &bare, 1, json!({ "text": "abd", "sha256": ABC }), "id").await;
        assert_eq!(errors(&payload), "INVALID sha256: is not the SHA-256 of the text");
        let payload = desk.edit("Source", &bare, 1, json!({ "text": "abc" }), "text sha256").await;
        assert_eq!(payload["source"], json!({ "text": "abc", "sha256": ABC }));
        // A new text brings its own digest; and then there is no text any more.
        let payload = desk.edit("Source", &bare, 2, json!({ "text": TEXT }), "text sha256").await;
        assert_eq!(payload["source"]["text"], TEXT);
        assert_ne!(payload["source"]["sha256"], ABC);
        let payload = desk.edit("Source", &bare, 3, json!({ "text": null, "sha256": null }), "text sha256").await;
        assert_eq!(payload["source"], json!({ "text": null, "sha256": null }));
        let form = "INVALID sha256: is not a SHA-256: expected 64 lower-case hex digits";
        desk.refuses("Source", &[
            (json!({ "text": "abd", "sha256": ABC }), "INVALID sha256: is not the SHA-256 of the text"),
            (json!({ "sha256": ABC.to_uppercase() }), form),
            (json!({ "sha256": &ABC[1..] }), form),
            (json!({ "sha256": "" }), form),
        ]).await;
    }

    async fn a_source_is_described_in_known_forms(world) {
        let desk = Desk::open(&world).await;
        let url = "INVALID url: is not an absolute http or https URL";
        let language = "INVALID language: is not a BCP 47 language tag such as en or es-MX";
        desk.refuses("Source", &[
            (json!({ "title": "" }), "REQUIRED title: must not be empty"),
            (json!({ "title": "x".repeat(501), "publisher": "", "author": "x".repeat(501) }),
                "TOO_LONG title: has 501 characters, at most 500 are allowed\nREQUIRED publisher: must not be empty\n\
                 TOO_LONG author: has 501 characters, at most 500 are allowed"),
            (json!({ "url": "example.org" }), url),
            (json!({ "url": "ftp://example.org/" }), url),
            (json!({ "url": "javascript:alert(1)" }), url),
            (json!({ "url": format!("https://example.org/{}", "x".repeat(2_000)) }),
                "TOO_LONG url: has 2020 characters, at most 2000 are allowed"),
            (json!({ "language": "Spanish!" }), language),
            (json!({ "language": "e" }), language),
            (json!({ "language": "es--MX" }), language),
            (json!({ "text": "" }), "REQUIRED text: must not be empty"),
            (json!({ "publishedOn": "2026-11-25", "retrievedOn": "2027-01-01", "retrievedOnPrecision": "YEAR" }),
                "IN_FUTURE publishedOn: 2026-11-25 lies after today, 2026-11-24\n\
                 IN_FUTURE retrievedOn: 2027 lies after today, 2026-11-24"),
        ]).await;
    }

    async fn a_text_of_more_than_five_million_characters_is_refused_and_nothing_is_kept(world) {
        let desk = Desk::open(&world).await;
        let refusal = desk.refusal("Source", json!({ "text": "x".repeat(5_000_001) })).await;
        assert_eq!(refusal, "TOO_LONG text: has 5000001 characters, at most 5000000 are allowed");
        let id = desk.make("Source", json!({ "text": "é".repeat(100_000) })).await;
        let text = desk.read("Source", &id, "text").await["text"].take();
        assert_eq!(text.as_str().unwrap().chars().count(), 100_000);
    }

    async fn sources_are_found_by_who_published_what_when_and_how_far_to_trust_them(world) {
        let desk = Desk::open(&world).await;
        desk.make_all("Source", &[
            ("c", json!({ "title": "Alpha", "reliability": "B", "publishedOn": "2025-01-01", "publisher": "Reuters", "sha256": ABC })),
            ("a", json!({ "title": "Gamma", "reliability": "A", "publishedOn": "2025-03-01", "author": "Ann", "language": "es",
                "retrievedOn": "2025-03-02" })),
            ("b", json!({ "title": "Beta", "url": "https://example.org/" })),
        ]).await;
        desk.finds("sources", &[
            ("slug: { eq: 'a' }", "a"),
            ("title: { contains: 'am' }", "a"),
            ("url: { contains: 'example' }", "b"),
            ("publisher: { eq: 'Reuters' }", "c"),
            ("author: { isNull: false }", "a"),
            ("language: { eq: 'es' }", "a"),
            ("reliability: { eq: A }", "a"),
            ("reliability: { in: [A, B] }", "c a"),
            ("reliability: { ne: A }", "c b"),
            ("reliability: { isNull: true }", "b"),
            ("publishedOn: { gte: '2025-01-01', lt: '2025-03-01' }", "c"),
            ("publishedOn: { isNull: true }", "b"),
            ("retrievedOn: { eq: '2025-03-02' }", "a"),
            (&format!("sha256: {{ eq: '{ABC}' }}"), "c"),
            ("not: { reliability: { eq: A } }", "c b"),
            ("or: [{ author: { eq: 'Ann' } }, { url: { isNull: false } }]", "a b"),
        ]).await;
        desk.orders("sources", &[
            ("SLUG", "a b c"), ("TITLE", "c b a"), ("PUBLISHED_ON", "c a | b"), ("RELIABILITY", "a c | b"),
        ]).await;
    }

    async fn an_unknown_word_or_a_date_that_is_none_is_an_error_of_the_request(world) {
        let desk = Desk::open(&world).await;
        for (input, expected) in [
            (json!({ "reliability": "G" }), "G"),
            (json!({ "publishedOn": "2025-02-30" }), "\"2025-02-30\" is not a date: expected YYYY-MM-DD"),
            (json!({ "publishedOn": "2025-2-3" }), "\"2025-2-3\" is not a date: expected YYYY-MM-DD"),
        ] {
            let mut whole = json!({ "dossier": desk.dossier, "slug": "x", "title": "X" });
            whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            let query = "mutation($input: CreateSourceInput!) { createSource(input: $input) { source { id } } }";
            let answer = desk.client.ask_with(query, json!({ "input": whole })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{input}");
            assert!(answer.message().contains(expected), "{}", answer.message());
        }
        let found = desk.of_dossier("source(slug: 'x') { id }").await;
        assert_eq!(found["source"], Value::Null);
    }
}
