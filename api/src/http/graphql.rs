//! `POST /graphql`: GraphQL over HTTP, in a handler of our own over `Schema::execute`.
//!
//! async-graphql-actix-web is not used: its body has no size limit whatever actix is told, it runs mutations over GET and
//! takes `text/plain`, its parser can be made to end the process by nested brackets, and a resolver's panic drops the
//! connection. Here a body is bounded (413), of one media type (415), an object (400); brackets are counted before the
//! parser sees them; and a resolver's panic is one answer with a request id (500).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use async_graphql::{Request, Response, ServerError, Value};
use entity::kind::Kind;
use futures_util::{FutureExt, StreamExt};
use serde_json::error::Category;
use tokio::time::timeout;
use tracing::error;

use super::log::Outcome;
use super::refusal::Refusal;
use super::{App, State, document, log, task};
use crate::error::Error;
use crate::op::Actor;
use crate::{graphql, id};

/// How long a body may take to arrive.
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);
const TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";

/// Answers a question.
pub async fn post(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let id = log::id(&request);
    let (bearer, question) = match receive(&request, payload, state.settings.body_bytes_max).await {
        Ok(received) => received,
        Err(refusal) => return refusal.answer(&id),
    };
    let work = answer(state.app.clone(), bearer, question, id.clone());
    match task::run(&state.runtime, &id, work).await {
        Ok(Ok((body, outcome))) => {
            let mut answer = HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
                .content_type("application/json")
                .body(body);
            answer.extensions_mut().insert(outcome);
            answer
        }
        Ok(Err((refusal, outcome))) => refusal.answer_with(&id, outcome),
        // Already in the log.
        Err(fault) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, fault.code(), fault.to_string()).answer(&id),
    }
}

/// Reads the token and the question from a request.
async fn receive(
    request: &HttpRequest,
    payload: web::Payload,
    bytes_max: usize,
) -> Result<(Option<String>, Request), Refusal> {
    is_json(request.headers())?;
    let bearer = bearer(request.headers())?;
    let body = timeout(BODY_WAIT_MAX, read(request.headers(), payload, bytes_max));
    let body =
        body.await.map_err(|_| Refusal::bad(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"))??;
    Ok((bearer, parse(&body)?))
}

fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = sent.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected the header `Content-Type: application/json`"))
}

fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let expected = Error::Unauthenticated("expected the header `Authorization: Bearer <token>`");
    token.map(Some).ok_or_else(|| expected.into())
}

async fn read(headers: &HeaderMap, mut payload: web::Payload, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let too_large = || {
        let message = format!("the body is larger than {bytes_max} bytes");
        Refusal::bad(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > bytes_max)) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad(StatusCode::BAD_REQUEST, "the body broke off"))?;
        if body.len() + chunk.len() > bytes_max {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse(body: &[u8]) -> Result<Request, Refusal> {
    const EXPECTED: &str = "expected an object with `query` and optionally `operationName`, `variables`, `extensions`";
    let bad = |message: String| Refusal::bad(StatusCode::BAD_REQUEST, message);
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(bad(format!("a batch is not taken: {EXPECTED}")));
    }
    let question: Request = serde_json::from_slice(body).map_err(|cause| match cause.classify() {
        // Its own text would repeat what was sent.
        Category::Data => bad(format!("the body is not a GraphQL request: {EXPECTED}")),
        _ => bad(format!("the body is not JSON: line {}, column {}", cause.line(), cause.column())),
    })?;
    if question.query.trim().is_empty() {
        return Err(bad(format!("`query` is missing: {EXPECTED}")));
    }
    Ok(question)
}

type Answered = Result<(Vec<u8>, Outcome), (Refusal, Outcome)>;

/// Finds out who asks, and answers.
async fn answer(app: App, bearer: Option<String>, mut question: Request, id: String) -> Answered {
    let mut op = app.base.op(Actor::Anonymous);
    let mut outcome = Outcome::default();
    match app.auth.actor(&op, bearer.as_deref()).await {
        Ok(actor) => op.actor = actor,
        Err(error) => {
            outcome.statements = op.lane.statements();
            return Err((error.into(), outcome));
        }
    }
    if let Actor::Account(signed) = &op.actor {
        outcome.actor = Some(id::encode(Kind::Account, signed.id));
    }
    let mut response = match prepare(&mut question, &op.actor, &mut outcome) {
        Ok(()) => {
            let asked = question.operation_name.clone();
            let document = question.parsed_query().ok().cloned();
            let execution = graphql::execute(&app.schema, question, op.clone());
            // Whatever it leaves half done belongs to this request, and is dropped with it.
            match AssertUnwindSafe(execution).catch_unwind().await {
                Ok(mut response) => {
                    // Only what has run has been checked for fragments that contain themselves.
                    if let Some(document) = document.filter(|_| response.data != Value::Null) {
                        graphql::order::arrange(&mut response.data, &document, asked.as_deref());
                    }
                    response
                }
                Err(_) => {
                    outcome.statements = op.lane.statements();
                    // What it said is on the standard error already.
                    return Err((Error::internal("the execution of the query panicked").into(), outcome));
                }
            }
        }
        Err(error) => Response::from_errors(vec![error]),
    };
    for error in &mut response.errors {
        finish(error, &id);
    }
    outcome.statements = op.lane.statements();
    outcome.code = response.errors.first().and_then(code).map(str::to_owned);
    match serde_json::to_vec(&response) {
        Ok(body) => Ok((body, outcome)),
        Err(cause) => Err((Error::internal(cause).into(), outcome)),
    }
}

/// What is decided before the schema sees the question.
fn prepare(question: &mut Request, actor: &Actor, outcome: &mut Outcome) -> Result<(), ServerError> {
    if document::is_too_deep(&question.query) {
        return Err(coded("the brackets of the query are nested too deep", TOO_COMPLEX));
    }
    let asked = question.operation_name.clone();
    let document = question.parsed_query().map_err(document::syntax_error)?;
    outcome.operation = document::operation_name(document, asked.as_deref());
    if matches!(actor, Actor::Anonymous) {
        // Disabled, it would be answered with null, which explains nothing.
        if document::is_introspective(document) {
            let error = Error::Unauthenticated("sign in first: the schema is shown to those who are signed in");
            return Err(coded(&error.to_string(), error.code()));
        }
        question.introspection_mode = async_graphql::IntrospectionMode::Disabled;
    }
    Ok(())
}

fn coded(message: &str, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// Gives an error its code, if it has none yet, and the id of the request; the cause of a fault goes to the log.
fn finish(error: &mut ServerError, id: &str) {
    let ours = error.source::<Error>();
    if let Some(Error::Internal(cause)) = ours {
        error!(cause = ?cause, path = ?error.path, "fault");
    }
    let code = ours.map_or_else(|| guess(&error.message), Error::code);
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    }
    extensions.set("requestId", id);
}

/// The code of one of async-graphql's own errors: it only has texts.
fn guess(message: &str) -> &'static str {
    let is_bound = message == "Query is too complex."
        || message == "Query is nested too deep."
        || message.contains("recursion limit exceeded")
        || message.starts_with("The recursion depth of the query cannot be greater than");
    if is_bound { TOO_COMPLEX } else { "BAD_USER_INPUT" }
}
