//! `POST /import`: what `demarche import FILE` does, for those who are signed in.
//!
//! Tables come with their mapping in one form ([`form`]).
//!
//! The body goes into an unnamed file as it comes, so that a slow client keeps nobody waiting and a long body fills no
//! memory; then it is loaded in one transaction. A client that goes away ends it, and nothing is kept.

mod form;

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use entity::kind::Kind;
use futures_util::StreamExt;
use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio::time::timeout;

use super::limit::Purse;
use super::log::Outcome;
use super::refusal::Refusal;
use super::{State, graphql, limit, log, task};
use demarche_core::error::{Error, Result};
use demarche_core::id;
use demarche_core::op::{Actor, Op, Origin};
use demarche_import::{self as import, OnError, Options, Report};

/// The most bytes of a body.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// The most bytes of a body when it is unpacked.
const UNPACKED_BYTES_MAX: u64 = 8 << 30;
/// How long the next piece of a body may take to arrive.
const PIECE_WAIT_MAX: Duration = Duration::from_secs(30);

/// How to import.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Asked {
    dry_run: bool,
    on_error: How,
    /// The slug of the dossier that a database of Discourse Network Analyzer goes into.
    dossier: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    #[default]
    Abort,
    Skip,
}

/// What a body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Lines,
    Dna,
    /// A form with a mapping and its tables, and what stands between its parts.
    Form(String),
}

/// Loads a body.
pub async fn import(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let id = log::id(&request);
    match receive(&request, &mut payload, &state, &id).await {
        Ok((report, outcome, purse)) => {
            let mut answer =
                HttpResponse::Ok().insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store"))).json(report);
            if let Some(purse) = purse {
                purse.tell(&mut answer);
            }
            answer.extensions_mut().insert(outcome);
            answer
        }
        Err(refusal) => {
            task::refuse_rest(payload);
            refusal.answer(&id)
        }
    }
}

async fn receive(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &web::Data<State>,
    id: &str,
) -> Result<(Report, Outcome, Option<Purse>), Refusal> {
    let format = format(request.headers())?;
    let asked = web::Query::<Asked>::from_query(request.query_string());
    let expected = "expected dryRun=true, onError=abort or onError=skip, and for a database dossier=SLUG";
    let asked = asked.map_err(|_| Refusal::bad(StatusCode::BAD_REQUEST, expected))?.into_inner();
    if (format == Format::Dna) != asked.dossier.is_some() {
        return Err(Refusal::bad(StatusCode::BAD_REQUEST, expected));
    }
    // Who may not import is told so before the body is read.
    let bearer = graphql::bearer(request.headers())?;
    let admitted = admit(Arc::clone(state), log::origin(request, state.settings.proxies, Some("import")), bearer);
    let (op, purse) = task::run(&state.runtime, id, admitted).await??;
    let file = spool(payload).await?;
    let loaded = task::run(&state.runtime, id, load(op, file, format, asked)).await?;
    let (report, outcome) = loaded.map_err(|error| Refusal::from(error).with_purse(purse))?;
    Ok((report, outcome, purse))
}

fn format(headers: &HeaderMap) -> Result<Format, Refusal> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Ok(boundary) = multer::parse_boundary(sent) {
        return Ok(Format::Form(boundary));
    }
    match sent.split(';').next().unwrap_or_default().trim() {
        "application/x-ndjson" | "application/jsonl" | "application/zstd" | "application/gzip" => Ok(Format::Lines),
        "application/vnd.sqlite3" => Ok(Format::Dna),
        _ => {
            let expected = "expected `Content-Type: application/x-ndjson` (or application/zstd, application/gzip if it is \
                            packed), `application/vnd.sqlite3` for a database of Discourse Network Analyzer, or \
                            `multipart/form-data` for tables with their mapping";
            Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, expected))
        }
    }
}

async fn admit(state: Arc<State>, from: Origin, bearer: Option<String>) -> Result<(Op, Option<Purse>), Refusal> {
    let mut op = state.app.base.op(Actor::Anonymous);
    op.origin = from;
    limit::sign_in(&state, &mut op, bearer.as_deref()).await?;
    let purse = limit::require_file(&state, &op).await?;
    import::may(&op).map_err(|error| Refusal::from(error).with_purse(purse))?;
    Ok((op, purse))
}

async fn spool(payload: &mut web::Payload) -> Result<NamedTempFile, Refusal> {
    let full = |cause| Refusal::from(Error::internal(cause));
    let mut file = NamedTempFile::new().map_err(full)?;
    let mut bytes = 0;
    loop {
        let late = |_| Refusal::bad(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive");
        let Some(piece) = timeout(PIECE_WAIT_MAX, payload.next()).await.map_err(late)? else { break };
        let piece = piece.map_err(|_| Refusal::bad(StatusCode::BAD_REQUEST, "the body broke off"))?;
        bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if bytes > BODY_BYTES_MAX {
            let message = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            return Err(Refusal::bad(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        file.write_all(&piece).map_err(full)?;
    }
    file.rewind().map_err(full)?;
    Ok(file)
}

async fn load(op: Op, file: NamedTempFile, format: Format, asked: Asked) -> Result<(Report, Outcome)> {
    let on_error = match asked.on_error {
        How::Abort => OnError::Abort,
        How::Skip => OnError::Skip,
    };
    let options = Options { on_error, dry_run: asked.dry_run, bytes_max: UNPACKED_BYTES_MAX, ..Options::default() };
    let report = match format {
        Format::Lines => {
            let reader: File = file.reopen().map_err(Error::internal)?;
            import::load_with(&op, reader, &options).await?
        }
        Format::Dna => {
            let dossier = asked.dossier.unwrap_or_default();
            import::load_dna(&op, file.path(), &dossier, &options).await?
        }
        Format::Form(boundary) => {
            let form = form::unpack(file.reopen().map_err(Error::internal)?, boundary).await?;
            import::load_mapped(&op, &form.mapping, &form.tables, &options).await?
        }
    };
    let actor = match &op.actor {
        Actor::Account(signed) => Some(id::encode(Kind::Account, signed.id)),
        Actor::Anonymous => None,
    };
    Ok((report, Outcome { actor, statements: op.lane.statements(), ..Outcome::default() }))
}
