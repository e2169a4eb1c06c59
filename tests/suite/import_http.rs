//! `POST /import`: the same import, for those who are signed in.

use demarche_tests::World;
use serde_json::{Value, json};

use crate::import::{file, packed_zstd, state};

const POSITION: &str = r#"{"record":"position","externalId":"p","stakeholder":"a","mechanism":"m","stance":"SUPPORT","statedOn":"2025","source":"s"}"#;
const NDJSON: &str = "application/x-ndjson";

async fn post(
    world: &World,
    token: Option<String>,
    query: &str,
    media_type: &str,
    body: impl Into<Vec<u8>>,
) -> (u16, Value) {
    let request = reqwest::Client::new().post(world.url(&format!("/import{query}"))).header("content-type", media_type);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.body(body.into()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn said(body: &Value) -> &str {
    body["errors"][0]["message"].as_str().unwrap()
}

demarche_tests::suite! {
    async fn an_analyst_imports_over_http(world) {
        let token = world.analyst().await.token;
        let lines = file(&[POSITION]);
        let report = |created: u64, unchanged: u64| {
            json!({ "created": created, "edited": 0, "superseded": 0, "retracted": 0, "unchanged": unchanged, "refused": 0, "refusals": [], "leftOut": [] })
        };
        let before = state(&world).await;
        assert_eq!(post(&world, token.clone(), "?dryRun=true", NDJSON, lines.clone()).await, (200, report(5, 0)));
        assert_eq!(state(&world).await, before);
        assert_eq!(post(&world, token.clone(), "", "application/zstd", packed_zstd(lines.as_bytes())).await, (200, report(5, 0)));
        assert_eq!(post(&world, token, "", NDJSON, lines).await, (200, report(0, 5)));
    }

    async fn what_is_refused_over_http_is_named_with_its_place(world) {
        let token = world.analyst().await.token;
        let lines = file(&["{", POSITION]);
        let (status, body) = post(&world, token.clone(), "", NDJSON, lines.clone()).await;
        assert_eq!((status, said(&body)), (400, "line 6, column 1: the JSON breaks off: EOF while parsing an object"));
        let (status, body) = post(&world, token, "?onError=skip", NDJSON, lines).await;
        assert_eq!((status, &body["created"], &body["refused"]), (200, &json!(5), &json!(1)));
        assert_eq!((&body["refusals"][0]["line"], &body["refusals"][0]["column"]), (&json!(6), &json!(1)));
    }

    async fn who_may_not_write_imports_nothing_over_http(world) {
        let before = state(&world).await;
        let (status, body) = post(&world, None, "", NDJSON, file(&[])).await;
        assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")));
        let token = world.reader().await.token;
        let (status, body) = post(&world, token, "", NDJSON, file(&[])).await;
        assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (403, &json!("FORBIDDEN")));
        assert_eq!(state(&world).await, before);
    }

    async fn tables_come_with_their_mapping_in_one_form(world) {
        let token = world.analyst().await.token;
        let mapping = "mapping = 1\n[dossier]\nslug = \"d\"\ntitle = \"D\"\n[[table]]\npath = \"people.csv\"\nrecord = \"stakeholder\"\n\
            [table.fields]\nslug = { column = \"id\" }\nname = { column = \"name\" }\nkind = { value = \"PERSON\" }\n";
        let people = "id,name\r\na,Ana\r\nb,Ben\r\n";
        let part = |name: &str, file: &str, text: &[u8]| {
            let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n");
            [head.as_bytes(), text, b"\r\n"].concat()
        };
        let form = |parts: &[Vec<u8>]| [parts.concat(), b"--x--\r\n".to_vec()].concat();
        let kind = "multipart/form-data; boundary=x";
        let whole = form(&[part("mapping", "m.toml", mapping.as_bytes()), part("table", "people.csv.zst", &packed_zstd(people.as_bytes()))]);
        let (status, report) = post(&world, token.clone(), "", kind, whole.clone()).await;
        assert_eq!((status, &report["created"]), (200, &json!(3)), "{report}");
        let (_, again) = post(&world, token.clone(), "", kind, whole).await;
        assert_eq!((&again["created"], &again["unchanged"]), (&json!(0), &json!(3)));
        let before = state(&world).await;
        let elsewhere = mapping.replace("people.csv", "../mapping");
        for (parts, expected) in [
            (vec![part("table", "people.csv", people.as_bytes())], "the form has no part `mapping`"),
            (vec![part("mapping", "m", mapping.as_bytes())], "there is no people.csv, people.csv.zst or people.csv.gz among the tables"),
            (vec![part("mapping", "m", elsewhere.as_bytes())], "is not the name of a file below the folder of the tables"),
            (vec![part("mapping", "m", mapping.as_bytes()), part("table", "../people.csv", people.as_bytes())], "a table whose file is called"),
            (vec![part("mapping", "m", b"dossier ="), part("table", "people.csv", b"")], "mapping: line 1"),
            (vec![part("mapping", "m", mapping.as_bytes()), part("table", "people.csv", b"id\r\n1\r\n")], "name"),
            (vec![part("table", "a", b""), part("table", "a", b"")], "the form has a twice"),
            (vec![part("picture", "a", b"")], "the form has a part \"picture\""),
        ] {
            let (status, body) = post(&world, token.clone(), "", kind, form(&parts)).await;
            assert!(status == 400 && said(&body).contains(expected) && !said(&body).contains("tmp"), "{status} {body}");
        }
        let (status, body) = post(&world, token, "", kind, &b"--x\r\nno form"[..]).await;
        assert!(status == 400 && said(&body).starts_with("the form cannot be read"), "{status} {body}");
        assert_eq!(state(&world).await, before);
    }

    async fn an_import_says_what_it_expects(world) {
        let token = world.analyst().await.token;
        let (status, body) = post(&world, token.clone(), "", "text/csv", "a,b").await;
        assert_eq!(status, 415);
        assert!(said(&body).starts_with("expected `Content-Type: application/x-ndjson`"), "{body}");
        for query in ["?onError=never", "?dossier=d", "?unknown=1"] {
            assert_eq!(post(&world, token.clone(), query, NDJSON, file(&[])).await.0, 400, "{query}");
        }
        let (status, body) = post(&world, token, "?dossier=d", "application/vnd.sqlite3", "no database").await;
        assert_eq!(status, 400);
        assert!(said(&body).contains("is not a database of Discourse Network Analyzer 3"), "{body}");
    }
}
