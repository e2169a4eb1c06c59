//! How the tests get and read files.

use std::io::Read;

use demarche_core::op::Op;
use demarche_core::store::stream::Outlet;
use demarche_export::{Compression, Export};
use demarche_export_request::read;
use demarche_tests::{Client, World};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What came of asking for a file.
pub struct File {
    pub status: u16,
    pub body: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl File {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The text of the error.
    pub fn message(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["errors"][0]["message"].as_str().unwrap().to_owned()
    }

    /// The body without its compression.
    pub fn plain(&self) -> Vec<u8> {
        match self.header("content-encoding") {
            "zstd" => zstd::decode_all(self.body.as_slice()).unwrap(),
            "gzip" => {
                let mut plain = Vec::new();
                flate2::read::GzDecoder::new(self.body.as_slice()).read_to_end(&mut plain).unwrap();
                plain
            }
            _ => self.body.clone(),
        }
    }
}

pub async fn fetch(world: &World, client: &Client, path: &str) -> File {
    fetch_with(world, client, path, &[], None).await
}

pub async fn fetch_with(
    world: &World,
    client: &Client,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> File {
    let http = reqwest::Client::new();
    let url = world.url(path);
    let mut request = match body {
        Some(body) => http.post(url).json(&body),
        None => http.get(url),
    };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(token) = &client.token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    File { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

/// An export in the name of `op`, beside the server.
pub async fn open(op: &Op, kind: &str, format: &str, arguments: Value) -> Export {
    let arguments = arguments.as_object().unwrap().clone();
    let request = read(op, kind, format, &arguments, Compression::None, None).unwrap();
    Export::open(op, request).await.unwrap()
}

pub async fn write(export: &mut Export) -> String {
    let (outlet, mut bytes) = Outlet::new();
    let taking = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(piece) = bytes.recv().await {
            all.extend(piece);
        }
        all
    });
    export.write(Some(&outlet), 0).await.unwrap();
    drop(outlet);
    String::from_utf8(taking.await.unwrap()).unwrap()
}

pub async fn in_process(op: &Op, kind: &str, format: &str, arguments: Value) -> String {
    write(&mut open(op, kind, format, arguments).await).await
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The records of a JSON Lines file, and its manifest.
pub fn records(text: &str) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut last = lines.pop().unwrap();
    (lines, last["manifest"].take())
}

/// The rows of a CSV file, by RFC 4180.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut field)),
            (false, '\r') => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => field.push(c),
        }
    }
    assert!(row.is_empty() && field.is_empty() && !quoted, "the last line does not end");
    rows
}
