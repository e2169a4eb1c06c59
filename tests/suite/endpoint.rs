//! GraphQL over HTTP: media types, methods, batches, kept documents, prices, and what is refused before it runs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use demarche_api::http::{App, Introspection, Server, Settings, Trusted};
use demarche_bound::Bounds;
use demarche_core::op::{Base, Clock};
use demarche_tests::World;
use demarche_tests::world::{PASSWORD, email};
use entity::moment::Moment;
use entity::words::Role;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderMap};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const GRAPHQL: &str = "application/graphql-response+json";

/// A clock that does what no code should.
#[derive(Debug)]
struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> Moment {
        panic!("the clock of this test is broken")
    }
}

struct Got {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Got {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> &str {
        self.error()["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error: {:#}", self.body))
    }

    fn error(&self) -> &Value {
        &self.body["errors"][0]
    }
}

async fn request(world: &World, method: Method, address: &str) -> RequestBuilder {
    reqwest::Client::new().request(method, address).bearer_auth(world.reader().await.token.unwrap())
}

/// Posts JSON in the name of the reader.
async fn post(world: &World, accept: &str, body: &Value) -> Got {
    let request = request(world, Method::POST, &world.url("/graphql")).await;
    Got::of(request.header(ACCEPT, accept).json(body).send().await.unwrap()).await
}

async fn get(world: &World, parameters: &[(&str, &str)]) -> Got {
    Got::of(address(world, &world.url(""), parameters).await.send().await.unwrap()).await
}

async fn address(world: &World, server: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    request(world, Method::GET, &format!("{server}/graphql?{encoded}")).await
}

fn hash(document: &str) -> String {
    Sha256::digest(document).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn persisted(document: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(document) } })
}

demarche_tests::suite! {
    async fn the_client_chooses_the_media_type_of_the_answer(world) {
        let question = json!({ "query": "{ __typename }" });
        for (accept, media) in [
            ("*/*", "application/json; charset=utf-8"),
            ("application/json", "application/json; charset=utf-8"),
            (GRAPHQL, "application/graphql-response+json; charset=utf-8"),
        ] {
            let got = post(&world, accept, &question).await;
            assert_eq!((got.status, got.header("content-type")), (200, media));
            assert_eq!(got.header("cache-control"), "no-store");
        }
        let neither = post(&world, "text/html", &question).await;
        assert_eq!((neither.status, neither.code()), (406, "BAD_USER_INPUT"));
    }

    async fn the_status_says_whether_an_operation_ran_if_the_client_can_read_it(world) {
        for (body, code) in [
            (json!({ "query": "{" }), "BAD_USER_INPUT"),
            (json!({ "query": "{ noSuchField }" }), "BAD_USER_INPUT"),
            (json!({ "query": "query($id: ID!) { __typename }", "variables": { "id": null } }), "BAD_USER_INPUT"),
            (json!({ "query": "query($id: ID!) { node(id: $id) { id } }" }), "BAD_USER_INPUT"),
            (json!({ "query": "{ a: __typename }", "operationName": "B" }), "BAD_USER_INPUT"),
            (json!({ "query": "{ dossiers(first: 201) { nodes { id } } }" }), "PAGE_SIZE_LIMIT"),
            (json!({ "query": "subscription { a }" }), "BAD_USER_INPUT"),
        ] {
            for (accept, status) in [("application/json", 200), (GRAPHQL, 400)] {
                let got = post(&world, accept, &body).await;
                assert_eq!((got.status, got.code()), (status, code), "{body} {accept}");
                assert!(got.body.get("data").is_none(), "{}", got.body);
                assert!(got.error()["extensions"]["requestId"].is_string());
            }
        }
        // It ran, though nothing came of it.
        let failed = post(&world, GRAPHQL, &json!({ "query": "{ node(id: \"x\") { id } }" })).await;
        assert_eq!((failed.status, failed.code()), (200, "BAD_USER_INPUT"));
        assert!(failed.body.get("data").is_some(), "{}", failed.body);
    }

    async fn bodies_of_other_types_are_refused(world) {
        for media_type in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "application/graphql",
            "application/json; charset=utf-16",
            "application/jsonp",
            "",
        ] {
            let request = request(&world, Method::POST, &world.url("/graphql")).await;
            let sent = request.header(CONTENT_TYPE, media_type).body("{\"query\": \"{ __typename }\"}").send().await;
            let got = Got::of(sent.unwrap()).await;
            assert_eq!((got.status, got.code()), (415, "BAD_USER_INPUT"), "{media_type}");
        }
    }

    async fn an_address_may_ask_but_not_change_anything(world) {
        let asked = get(&world, &[
            ("query", "query A { __typename } query B($n: Int!) { dossiers(first: $n) { totalCount } }"),
            ("operationName", "B"),
            ("variables", "{\"n\": 1}"),
            ("extensions", "{}"),
        ]).await;
        assert_eq!((asked.status, &asked.body["data"]), (200, &json!({ "dossiers": { "totalCount": 0 } })));
        let change = "mutation { signIn(input: { email: \"a\", password: \"b\" }) { accessToken } }";
        let named = format!("query A {{ __typename }} {change}").replace("mutation", "mutation B");
        for parameters in [&[("query", change)][..], &[("query", named.as_str()), ("operationName", "B")]] {
            let refused = get(&world, parameters).await;
            assert_eq!((refused.status, refused.header("allow")), (405, "POST"));
        }
        for parameters in [
            &[][..],
            &[("query", "")],
            &[("query", "{ a }"), ("query", "{ b }")],
            &[("query", "{ a }"), ("variables", "[]")],
            &[("query", "{ a }"), ("variables", "{")],
            &[("query", "{ a }"), ("extensions", "1")],
        ] {
            let refused = get(&world, parameters).await;
            assert_eq!((refused.status, refused.code()), (400, "BAD_USER_INPUT"), "{parameters:?}");
        }
    }

    async fn an_answer_that_is_known_is_not_sent_again(world with sample) {
        let query = &[("query", "{ dossiers { nodes { title } } }")];
        let first = get(&world, query).await;
        assert_eq!((first.status, first.header("cache-control")), (200, "private, no-cache"));
        for name in ["Accept", "Authorization"] {
            assert!(first.headers.get_all("vary").iter().any(|value| value.to_str().unwrap().contains(name)));
        }
        let tag = first.headers[ETAG].clone();
        let again = async |tag| {
            Got::of(address(&world, &world.url(""), query).await.header("if-none-match", tag).send().await.unwrap()).await
        };
        let known = again(tag.clone()).await;
        assert_eq!((known.status, &known.body, &known.headers[ETAG]), (304, &json!(""), &tag));
        world.load("{\"record\":\"dossier\",\"slug\":\"another\",\"title\":\"Another\"}").await;
        let changed = again(tag.clone()).await;
        assert_eq!(changed.status, 200);
        assert_ne!(changed.headers[ETAG], tag);
        // What goes wrong may go well the next time.
        let wrong = get(&world, &[("query", "{ node(id: \"x\") { id } }")]).await;
        assert_eq!((wrong.header("cache-control"), wrong.header("etag")), ("no-store", ""));
    }

    async fn answers_are_compressed_under_a_tag_of_their_own(world with sample) {
        let query = &[("query", "{ positions(first: 50) { nodes { id stance statedOn rationale } } }")];
        let plain = get(&world, query).await;
        for encoding in ["gzip", "br", "zstd"] {
            let ask = async |tag: String| {
                let request = address(&world, &world.url(""), query).await;
                request.header("accept-encoding", encoding).header("if-none-match", tag).send().await.unwrap()
            };
            let sent = ask(String::new()).await;
            assert_eq!(sent.headers()["content-encoding"], encoding);
            let tag = sent.headers()[ETAG].to_str().unwrap().to_owned();
            assert_eq!(tag, format!("{}-{encoding}\"", plain.header("etag").trim_end_matches('"')));
            assert!(sent.bytes().await.unwrap().len() < plain.body.to_string().len());
            assert_eq!(ask(tag).await.status(), 304);
        }
    }

    async fn a_batch_is_answered_in_its_order_and_has_one_purse(world) {
        let one = json!({ "query": "{ __typename }" });
        let wrong = json!({ "query": "{ nothing }" });
        let got = post(&world, "*/*", &json!([one, wrong, one])).await;
        assert_eq!(got.status, 200);
        let answers = got.body.as_array().unwrap();
        assert_eq!(answers[0]["data"], json!({ "__typename": "Query" }));
        assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(answers[2]["data"], answers[0]["data"]);
        let many = post(&world, "*/*", &Value::Array(vec![one; 11])).await;
        assert_eq!((many.status, many.code()), (400, "BATCH_LIMIT"));
        assert_eq!((&many.error()["extensions"]["limit"], &many.error()["extensions"]["found"]), (&json!(10), &json!(11)));
        let dear = json!({ "query": "{ positions(first: 200) { nodes { stakeholder { standings(first: 150) { nodes { stance } } } } } }" });
        let purse = post(&world, "*/*", &json!([dear, dear, dear, dear])).await;
        let codes: Vec<&Value> =
            purse.body.as_array().unwrap().iter().map(|answer| &answer["errors"][0]["extensions"]["code"]).collect();
        assert_eq!(codes, [&Value::Null, &Value::Null, &Value::Null, &json!("QUERY_TOO_COMPLEX")]);
    }

    async fn the_cost_is_told_with_the_answer_and_before_it(world with sample) {
        let query = "query($n: Int) { dossiers(first: $n) { nodes { title slug } } }";
        let variables = json!({ "n": 3 });
        let got = post(&world, GRAPHQL, &json!({ "query": query, "variables": variables })).await;
        assert_eq!(got.body["extensions"], json!({ "cost": { "requested": 8, "actual": 4 } }));
        let only = json!({ "cost": "only" });
        let price = post(&world, GRAPHQL, &json!({ "query": query, "variables": variables, "extensions": only })).await;
        assert_eq!(price.body, json!({ "data": null, "extensions": { "cost": { "requested": 8 } } }));
        let change = "mutation($i: CreateDossierInput!) { createDossier(input: $i) { dossier { id } } }";
        let variables = json!({ "i": { "slug": "priced", "title": "Priced" } });
        let change = json!({ "query": change, "variables": variables, "extensions": only });
        let priced = post(&world, GRAPHQL, &change).await;
        assert_eq!(priced.body["extensions"]["cost"]["requested"], 103);
        let count = world.reader().await.data("{ dossiers { totalCount } }").await;
        assert_eq!(count["dossiers"]["totalCount"], 1);
        let wrong = post(&world, GRAPHQL, &json!({ "query": "{ nothing }", "extensions": only })).await;
        assert_eq!((wrong.status, wrong.code()), (400, "BAD_USER_INPUT"));
    }

    async fn a_document_is_sent_once_and_then_called_by_its_hash(world) {
        let document = "{ viewer { name } }";
        let called = json!({ "extensions": persisted(document) });
        let unknown = post(&world, "*/*", &called).await;
        assert_eq!((unknown.code(), unknown.error()["message"].as_str()), ("PERSISTED_QUERY_NOT_FOUND", Some("PersistedQueryNotFound")));
        let whole = json!({ "query": document, "extensions": persisted(document) });
        assert_eq!(post(&world, GRAPHQL, &whole).await.status, 200);
        assert_eq!(post(&world, "*/*", &called).await.body["data"], json!({ "viewer": { "name": "Reader" } }));
        let extensions = persisted(document).to_string();
        assert_eq!(get(&world, &[("extensions", &extensions)]).await.body["data"]["viewer"]["name"], "Reader");
        let forged = json!({ "query": "{ __typename }", "extensions": persisted(document) });
        assert_eq!(post(&world, "*/*", &forged).await.code(), "PERSISTED_QUERY_MISMATCH");
        let later = json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash(document) } } });
        assert_eq!(post(&world, "*/*", &later).await.code(), "PERSISTED_QUERY_NOT_SUPPORTED");
    }

    async fn what_an_anonymous_client_sends_is_not_kept(world) {
        let whole = json!({ "query": "{ __typename }", "extensions": persisted("{ __typename }") });
        let called = json!({ "extensions": persisted("{ __typename }") });
        assert_eq!(world.anonymous().send(whole).await.data(), json!({ "__typename": "Query" }));
        assert_eq!(world.anonymous().send(called).await.code(), "PERSISTED_QUERY_NOT_FOUND");
    }

    async fn only_trusted_documents_run_if_there_are_any(world) {
        let document = "{ viewer { name } }";
        let trusted = Trusted::read(&json!({ hash(document): document }).to_string(), &Bounds::default()).unwrap();
        let server = world.another(Settings { trusted: Some(trusted), ..demarche_tests::world::unlimited() }).await;
        let send = async |body: Value| {
            let request = request(&world, Method::POST, &format!("{server}/graphql")).await;
            Got::of(request.json(&body).send().await.unwrap()).await
        };
        assert_eq!(send(json!({ "query": document })).await.body["data"]["viewer"]["name"], "Reader");
        assert_eq!(send(json!({ "extensions": persisted(document) })).await.body["data"]["viewer"]["name"], "Reader");
        for other in [json!({ "query": "{ __typename }" }), json!({ "extensions": persisted("{ __typename }") })] {
            assert_eq!(send(other).await.code(), "DOCUMENT_NOT_TRUSTED");
        }
    }

    async fn pages_of_other_sites_may_not_ask(world) {
        let origins = vec!["https://desk.example.org".to_owned()];
        let server = world.another(Settings { origins, ..demarche_tests::world::unlimited() }).await;
        let send = async |origin: &'static str| {
            let request = request(&world, Method::POST, &format!("{server}/graphql")).await.header("origin", origin);
            Got::of(request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap()).await
        };
        let refused = send("https://evil.example.com").await;
        assert_eq!((refused.status, refused.code()), (403, "CROSS_SITE"));
        assert_eq!(refused.header("access-control-allow-origin"), "");
        let allowed = send("https://desk.example.org").await;
        assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, "https://desk.example.org"));
        let preflight = reqwest::Client::new()
            .request(Method::OPTIONS, format!("{server}/graphql"))
            .header("origin", "https://desk.example.org")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let preflight = Got::of(preflight.send().await.unwrap()).await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, "https://desk.example.org"));
        // An address that any link or image of any page could have.
        let link = format!("{server}/graphql?query=%7B__typename%7D");
        let simple = Got::of(reqwest::get(&link).await.unwrap()).await;
        assert_eq!((simple.status, simple.code()), (403, "CROSS_SITE"));
    }

    async fn every_answer_has_the_headers_that_keep_browsers_safe(world) {
        for path in ["/", "/graphql", "/health/live", "/nowhere", "/assets/app.js"] {
            let got = Got::of(reqwest::get(world.url(path)).await.unwrap()).await;
            let policy = got.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(got.header(name), value, "{path}");
            }
        }
    }

    async fn the_schema_is_shown_to_those_who_are_signed_in(world) {
        let question = "{ ...f } fragment f on Query { s: __schema { queryType { name } } }";
        assert_eq!(world.anonymous().ask(question).await.code(), "UNAUTHENTICATED");
        assert_eq!(world.reader().await.data(question).await["s"]["queryType"]["name"], "Query");
        for (introspection, anonymous, signed_in) in
            [(Introspection::Everyone, true, true), (Introspection::Nobody, false, false)]
        {
            let server = world.another(Settings { introspection, ..demarche_tests::world::unlimited() }).await;
            let send = async |request: RequestBuilder| {
                let request = request.json(&json!({ "query": question }));
                Got::of(request.send().await.unwrap()).await.body["errors"].is_null()
            };
            let address = format!("{server}/graphql");
            assert_eq!(send(reqwest::Client::new().post(&address)).await, anonymous);
            assert_eq!(send(request(&world, Method::POST, &address).await).await, signed_in);
        }
    }

    async fn the_whole_schema_can_be_asked_for(world) {
        let of_type = "ofType { kind name ".repeat(9) + &"} ".repeat(9);
        let query = format!(
            "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }}
             types {{ ...Full }} directives {{ name description isRepeatable locations args(includeDeprecated: true) {{ ...Input }} }} }} }}
             fragment Full on __Type {{ kind name description specifiedByURL
             fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...Input }} type {{ ...Ref }}
             isDeprecated deprecationReason }} inputFields(includeDeprecated: true) {{ ...Input }} interfaces {{ ...Ref }}
             enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} possibleTypes {{ ...Ref }} }}
             fragment Input on __InputValue {{ name description type {{ ...Ref }} defaultValue isDeprecated deprecationReason }}
             fragment Ref on __Type {{ kind name {of_type} }}"
        );
        let answer = world.reader().await.ask(&query).await;
        let cost = answer.body["extensions"]["cost"].clone();
        assert!(answer.data()["__schema"]["types"].as_array().unwrap().len() > 100);
        assert!(cost["requested"].as_u64() >= cost["actual"].as_u64(), "{cost}");
    }

    async fn errors_neither_repeat_the_document_nor_tell_names(world) {
        let anonymous = world.anonymous();
        for query in ["{ secretly", "{ viewr { name } }", "{ viewer { nam secret } }", "{ viewer(secret: 1) { name } }",
                      "{ ... on Secret { id } }", "mutation { signIn(input: { secret: 1 }) { accessToken } }"] {
            let answer = anonymous.ask(query).await;
            let text = answer.body.to_string();
            assert_eq!(answer.code(), "BAD_USER_INPUT");
            for word in ["secret", "viewer", "viewr", "Viewer", "Did you mean", "SignInInput"] {
                assert!(!text.contains(word), "{query}: {text}");
            }
            assert!(answer.body["errors"][0]["locations"].is_array());
        }
        // Whoever may see the schema is told what does not fit, but not what else there is.
        let told = world.reader().await.ask("{ viewr { name } }").await;
        assert_eq!(told.message(), "Unknown field \"viewr\" on type \"Query\".");
    }

    async fn few_errors_are_answered(world) {
        let query = format!("{{ {} }}", (0..150).map(|n| format!("a{n}: node(id: \"x\") {{ id }} ")).collect::<String>());
        let answer = world.reader().await.ask(&query).await;
        let errors = answer.body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 100);
        let last = &errors[99]["extensions"];
        assert_eq!((&last["code"], &last["limit"], &last["found"]), (&json!("ERROR_LIMIT"), &json!(100), &json!(150)));
    }

    async fn a_default_of_a_variable_counts_in_conditions(world) {
        let query = "query($yes: Boolean = true) { viewer { name @include(if: $yes) role @skip(if: $yes) } }";
        assert_eq!(world.reader().await.data(query).await, json!({ "viewer": { "name": "Reader" } }));
    }

    async fn a_body_that_comes_too_slowly_is_not_waited_for(world) {
        let settings = Settings { body_wait_max: Duration::from_millis(20), ..demarche_tests::world::unlimited() };
        let server = world.another(settings).await;
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(server.trim_start_matches("http://")).unwrap();
            write!(
                stream,
                "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Length: 100\r\n\r\n{{\"query\""
            )
            .unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("BODY_TIMEOUT"), "{answer}");
    }

    async fn a_panic_is_one_answer_with_the_id_of_its_request(world) {
        let base = Base { clock: Arc::new(BrokenClock), ..world.base.clone() };
        let app = App { base, auth: world.auth.clone(), schema: demarche_graphql::build(world.auth.clone()) };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server::start(app, listener, Settings { workers: 1, ..demarche_tests::world::unlimited() }).await.unwrap();
        let send = async |body: Value| {
            let request = reqwest::Client::new().post(format!("http://{}/graphql", server.address)).json(&body);
            Got::of(request.header("x-request-id", "mine").send().await.unwrap()).await
        };
        let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
        let input = json!({ "email": email(Role::Reader), "password": PASSWORD });
        let panicked = send(json!({ "query": query, "variables": { "input": input } })).await;
        assert_eq!((panicked.status, panicked.code()), (500, "INTERNAL_SERVER_ERROR"));
        assert_eq!(panicked.error()["extensions"]["requestId"], "mine");
        assert!(!panicked.body.to_string().contains("clock"));
        assert_eq!(send(json!({ "query": "{ __typename }" })).await.status, 200);
    }
}
