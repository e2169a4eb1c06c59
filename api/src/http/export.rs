//! `GET` and `POST /export/{kind}.{format}`: a file, streamed from one snapshot.
//!
//! With `.manifest` behind its name, the manifest of the file instead: what a format without a place for it is checked by.
//! A download that broke off goes on with `Range` and the file's tag in `If-Range`, or with its moment in `snapshot`: see
//! [`demarche_export`].

use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE, ETAG,
    IF_RANGE, LINK, RANGE, VARY,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use chrono::{DateTime, Utc};
use entity::kind::Kind;
use entity::moment::Moment;
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::error;
use url::form_urlencoded;

use super::graphql::bearer;
use super::limit::Purse;
use super::log::Outcome;
use super::refusal::Refusal;
use super::{State, limit, log, task};
use demarche_core::digest;
use demarche_core::error::Error;
use demarche_core::id;
use demarche_core::op::{Actor, Op, Origin};
use demarche_core::store::stream::Outlet;
use demarche_export::cell::moment as written;
use demarche_export::{Compression, Export};
use demarche_export_request::{is_incremental, read};

/// The header that has the cursor of a file: for what has changed since, as its manifest has it.
const CURSOR: &str = "export-cursor";
/// The most bytes of a question.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What is asked for, in terms of HTTP.
struct Asked {
    /// `positions`
    kind: String,
    /// `csv`
    format: String,
    /// Only its manifest.
    manifest: bool,
    arguments: Map<String, Value>,
    /// The moment of an earlier download.
    snapshot: Option<Moment>,
    compression: Compression,
    bearer: Option<String>,
    origin: Origin,
    /// The first byte that is wanted.
    from: Option<u64>,
    if_range: Option<String>,
}

/// A file by its address.
pub async fn get(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let arguments = from_query(request.query_string());
    serve(&request, &state, arguments).await
}

/// A file by a question that is too long for an address.
pub async fn post(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "BODY_TIMEOUT", "the body took too long to arrive");
    let arguments = timeout(state.settings.body_wait_max, from_body(payload)).await.map_err(late).and_then(|read| read);
    serve(&request, &state, arguments).await
}

async fn serve(
    request: &HttpRequest,
    state: &web::Data<State>,
    arguments: Result<Map<String, Value>, Refusal>,
) -> HttpResponse {
    let id = log::id(request);
    let asked = match arguments.and_then(|arguments| asked(request, state.settings.proxies, arguments)) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.answer(&id),
    };
    match task::run(&state.runtime, &id, answer(Arc::clone(state), asked)).await {
        Ok((Ok((file, purse)), outcome)) => {
            let mut answer = file.answer();
            if let Some(purse) = purse {
                purse.tell(&mut answer);
            }
            answer.extensions_mut().insert(outcome);
            answer
        }
        Ok((Err(refusal), outcome)) => refusal.answer_with(&id, outcome),
        // Already in the log.
        Err(fault) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, fault.code(), fault.to_string()).answer(&id),
    }
}

fn asked(request: &HttpRequest, proxies: usize, mut arguments: Map<String, Value>) -> Result<Asked, Refusal> {
    let name = request.match_info().get("name").unwrap_or_default();
    let (name, manifest) = name.strip_suffix(".manifest").map_or((name, false), |name| (name, true));
    let (kind, format) = name.split_once('.').ok_or_else(|| {
        Refusal::bad(StatusCode::NOT_FOUND, "expected a kind and a format, as in /export/positions.csv")
    })?;
    let snapshot = arguments.remove("snapshot").map(|value| snapshot(&value)).transpose()?;
    let headers = request.headers();
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Ok(Asked {
        kind: kind.to_owned(),
        format: format.to_owned(),
        manifest,
        arguments,
        snapshot,
        compression: compression(header(ACCEPT_ENCODING).unwrap_or_default()),
        bearer: bearer(headers)?,
        origin: log::origin(request, proxies, Some(&format!("export {kind}.{format}"))),
        from: header(RANGE).and_then(first_byte),
        if_range: header(IF_RANGE).map(str::to_owned),
    })
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::bad(StatusCode::BAD_REQUEST, message)
}

fn snapshot(value: &Value) -> Result<Moment, Refusal> {
    let moment = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let moment = moment.map(|moment| moment.with_timezone(&Utc).into());
    moment.ok_or_else(|| bad("snapshot: expected the moment of an earlier file, as its manifest has it"))
}

/// The arguments in an address: texts, but for what is JSON.
fn from_query(query: &str) -> Result<Map<String, Value>, Refusal> {
    let mut arguments = Map::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let value = match &*name {
            "columns" => text.split(',').map(str::trim).collect(),
            // A word may stand there as it is.
            "rule" | "dossier" | "snapshot" | "since" => Value::String(text.into_owned()),
            _ => serde_json::from_str(&text).map_err(|cause| bad(format!("{name}: is not JSON: {cause}")))?,
        };
        if arguments.insert(name.to_string(), value).is_some() {
            return Err(bad(format!("{name}: stands there twice")));
        }
    }
    Ok(arguments)
}

async fn from_body(mut payload: web::Payload) -> Result<Map<String, Value>, Refusal> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| bad("the body broke off"))?;
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            let message = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            return Err(Refusal::bad(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        body.extend_from_slice(&chunk);
    }
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&body).map_err(|cause| bad(format!("the body is not a JSON object: {cause}")))
}

/// The best of what a client takes and we have.
fn compression(accepted: &str) -> Compression {
    let takes = |wanted: &str| {
        accepted.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
            let refused =
                parts.filter_map(|part| part.strip_prefix("q=")).any(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
            named && !refused
        })
    };
    match (takes("zstd"), takes("gzip")) {
        (true, _) => Compression::Zstd,
        (false, true) => Compression::Gzip,
        (false, false) => Compression::None,
    }
}

/// The first byte of the one kind of range that makes sense for a file whose length is not known: all from a byte on.
fn first_byte(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// What is answered.
enum File {
    /// The file, or the rest of it.
    Written {
        asked: Box<Asked>,
        tag: String,
        moment: Moment,
        cursor: String,
        part: Option<Part>,
        bytes: Receiver<Vec<u8>>,
        work: Work,
    },
    /// The manifest of the file.
    Described(String),
}

type Work = JoinHandle<Result<(), Error>>;

/// The rest of a file.
struct Part {
    from: u64,
    length: u64,
}

async fn answer(state: Arc<State>, asked: Asked) -> (Result<(File, Option<Purse>), Refusal>, Outcome) {
    let mut op = state.app.base.op(Actor::Anonymous);
    op.origin = asked.origin.clone();
    let mut outcome = Outcome::default();
    if let Err(refusal) = limit::sign_in(&state, &mut op, asked.bearer.as_deref()).await {
        return (Err(refusal), outcome);
    }
    if let Actor::Account(signed) = &op.actor {
        outcome.actor = Some(id::encode(Kind::Account, signed.id));
    }
    let answered = match limit::require_file(&state, &op).await {
        Ok(purse) => match open(&op, asked).await {
            Ok(file) => Ok((file, purse)),
            Err(refusal) => Err(refusal.with_purse(purse)),
        },
        Err(refusal) => Err(refusal),
    };
    outcome.statements = op.lane.statements();
    (answered, outcome)
}

async fn open(op: &Op, asked: Asked) -> Result<File, Refusal> {
    let account = if let Actor::Account(signed) = &op.actor { signed.id } else { 0 };
    let mark = mark(&asked, account);
    let resumed = asked.if_range.as_deref().and_then(|tag| moment_of(tag, &mark));
    let resumed = resumed.filter(|_| !is_incremental(&asked.kind, &asked.arguments));
    let pinned = asked.snapshot.or(resumed);
    if pinned.is_some_and(|moment| moment > op.now()) {
        return Err(bad("snapshot: lies in the future"));
    }
    // Without the moment, the bytes that the client has may be those of another file.
    let from = asked.from.filter(|_| pinned.is_some() && !asked.manifest);
    let compression = if asked.manifest { Compression::None } else { asked.compression };
    let request = read(op, &asked.kind, &asked.format, &asked.arguments, compression, pinned)?;
    let moment = request.moment;
    let mut export = Export::open(op, request).await?;
    if asked.manifest {
        let (manifest, _) = export.write(None, 0).await?;
        let text = serde_json::to_string(&manifest).map_err(Error::from)?;
        return Ok(File::Described(text));
    }
    let part = match from {
        Some(from) => {
            let length = export.send(None, 0).await?;
            if from >= length {
                return Err(Refusal::bad(StatusCode::RANGE_NOT_SATISFIABLE, format!("the file has {length} bytes")));
            }
            Some(Part { from, length })
        }
        None => None,
    };
    let cursor = export.cursor();
    let (outlet, bytes) = Outlet::new();
    let skip = part.as_ref().map_or(0, |part| part.from);
    let work = tokio::spawn(async move { export.send(Some(&outlet), skip).await.map(drop) });
    let tag = format!("\"{}-{mark}\"", moment.0);
    Ok(File::Written { asked: Box::new(asked), tag, moment, cursor, part, bytes, work })
}

/// What tells this file from others of the same moment.
fn mark(asked: &Asked, account: i64) -> String {
    let Asked { kind, format, arguments, compression, .. } = asked;
    let all = serde_json::json!([kind, format, arguments, compression.name(), account]);
    let mut text = digest::hex(&digest::sha256(all.to_string()));
    text.truncate(16);
    text
}

/// The moment in the tag of a file, if it is this one.
fn moment_of(tag: &str, mark: &str) -> Option<Moment> {
    let (moment, of) = tag.trim().strip_prefix('"')?.strip_suffix('"')?.rsplit_once('-')?;
    (of == mark).then(|| moment.parse().ok().map(Moment)).flatten()
}

impl File {
    fn answer(self) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((VARY, "Accept-Encoding, Authorization"));
        match self {
            Self::Described(text) => answer.content_type("application/json").body(text),
            Self::Written { asked, tag, moment, cursor, part, bytes, work } => {
                if let Some(Part { from, length }) = part {
                    answer.status(StatusCode::PARTIAL_CONTENT);
                    answer.insert_header((CONTENT_RANGE, format!("bytes {from}-{}/{length}", length - 1)));
                    answer.no_chunking(length - from);
                }
                answer.insert_header((CURSOR, cursor));
                head(&mut answer, &asked, &tag, moment);
                answer.streaming(stream::unfold(Some((bytes, work)), next))
            }
        }
    }
}

fn head(answer: &mut HttpResponseBuilder, asked: &Asked, tag: &str, moment: Moment) {
    let Asked { kind, format, .. } = asked;
    let incremental = is_incremental(kind, &asked.arguments);
    if !incremental {
        answer.insert_header((ETAG, tag)).insert_header((ACCEPT_RANGES, "bytes"));
    }
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{kind}.{format}\""))).content_type(
        match format.as_str() {
            "csv" => "text/csv; charset=utf-8; header=present",
            "graphml" | "gexf" => "application/xml",
            "jsonld" => "application/ld+json",
            "parquet" => "application/vnd.apache.parquet",
            "arrow" => "application/vnd.apache.arrow.file",
            _ => "application/x-ndjson",
        },
    );
    if asked.compression != Compression::None {
        answer.insert_header((CONTENT_ENCODING, asked.compression.name()));
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked.arguments.iter().map(|(name, value)| (name, in_query(value))))
        .append_pair("snapshot", &written(moment.0))
        .finish();
    // A long question would make a header that nobody takes; and what has changed is not written twice alike.
    if query.len() < 2000 && !incremental {
        answer.insert_header((LINK, format!("</export/{kind}.{format}.manifest?{query}>; rel=\"describedby\"")));
    }
}

/// An argument as it stands in an address.
fn in_query(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(names) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

type Rest = Option<(Receiver<Vec<u8>>, Work)>;

/// The next bytes of a file. One that fails on the way is broken off, so that the client sees that it is not whole.
async fn next(rest: Rest) -> Option<(io::Result<web::Bytes>, Rest)> {
    let (mut bytes, work) = rest?;
    if let Some(piece) = bytes.recv().await {
        return Some((Ok(piece.into()), Some((bytes, work))));
    }
    let fault = match work.await {
        Ok(Ok(())) => return None,
        Ok(Err(Error::Internal(cause))) => cause.to_string(),
        Ok(Err(other)) => other.to_string(),
        Err(cause) => cause.to_string(),
    };
    error!(%fault, "an export broke off");
    Some((Err(io::Error::other("the export broke off")), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_accepted_compression_is_taken() {
        for (accepted, expected) in [
            ("", Compression::None),
            ("gzip, deflate, br", Compression::Gzip),
            ("gzip, deflate, br, zstd", Compression::Zstd),
            ("zstd;q=0, gzip;q=0.5", Compression::Gzip),
            ("gzip;q=0", Compression::None),
        ] {
            assert_eq!(compression(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn only_an_open_range_is_taken() {
        assert_eq!(first_byte("bytes=100-"), Some(100));
        for other in ["bytes=0-99", "bytes=-5", "bytes=1-2,5-", "lines=1-", "bytes=x-"] {
            assert_eq!(first_byte(other), None, "{other}");
        }
    }
}
