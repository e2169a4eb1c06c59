//! `/graphql`: GraphQL over HTTP, in a handler of our own over `Schema::execute`.
//!
//! async-graphql-actix-web is not used: its body has no size limit whatever actix is told, it runs mutations over GET and
//! takes `text/plain`, its parser can be made to end the process by nested brackets, and a resolver's panic drops the
//! connection. Here, in this order: where the request comes from (403), what it takes (406), what it sends (415), its token
//! (401), its body (408, 413, 400), and then each operation, whose bounds [`demarche_bound`] knows. A resolver's panic
//! is one answer with a request id (500), and so is one that takes too long (504).

mod media;
mod question;
mod run;

use std::sync::Arc;

use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use self::media::Media;
use self::question::Questions;
use self::run::{Answer, Run};
use super::limit::Purse;
use super::log::Outcome;
use super::refusal::Refusal;
use super::{Settings, State, log, origin, tag, task};
use demarche_bound::{Bound, Exceeded};
use demarche_core::error::Error;
use demarche_core::op::Origin;

/// Answers a question in a body.
pub async fn post(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let asked = receive(&request, &mut payload, &state).await;
    if asked.is_err() {
        task::refuse_rest(payload);
    }
    answer(&request, &state, asked).await
}

async fn receive(request: &HttpRequest, payload: &mut web::Payload, state: &State) -> Received {
    origin::check(request.method(), request.headers(), &state.settings.origins)?;
    let media = media::accepted(request.headers())?;
    media::require_json(request.headers())?;
    let bearer = bearer(request.headers())?;
    Ok((media, bearer, Asked::Body(body(request.headers(), payload, state).await?)))
}

/// Answers a question in an address.
pub async fn get(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let asked = || {
        origin::check(request.method(), request.headers(), &state.settings.origins)?;
        let media = media::accepted(request.headers())?;
        let bearer = bearer(request.headers())?;
        Ok((media, bearer, Asked::Address(request.query_string().to_owned())))
    };
    answer(&request, &state, asked()).await
}

type Received = Result<(Media, Option<String>, Asked), Refusal>;

/// What is asked, as it came.
enum Asked {
    Body(Body),
    Address(String),
}

/// A body, and its share of the memory for bodies until it has been answered.
struct Body {
    bytes: Vec<u8>,
    _share: Option<OwnedSemaphorePermit>,
}

pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let expected = Error::Unauthenticated("expected the header `Authorization: Bearer <token>`");
    token.map(Some).ok_or_else(|| expected.into())
}

async fn body(headers: &HeaderMap, payload: &mut web::Payload, state: &State) -> Result<Body, Refusal> {
    let body = timeout(state.settings.body_wait_max, read(headers, payload, state)).await;
    body.map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "BODY_TIMEOUT", "the body took too long to arrive"))?
}

async fn read(headers: &HeaderMap, payload: &mut web::Payload, state: &State) -> Result<Body, Refusal> {
    let limit = state.settings.body_bytes_max;
    let check = |found: usize| {
        Exceeded::check(Bound::Body, found, limit)
            .map_err(|exceeded| Refusal::bound(StatusCode::PAYLOAD_TOO_LARGE, &exceeded))
    };
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let declared = declared.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    check(declared.unwrap_or(0))?;
    let share = state.bodies.share(declared.unwrap_or(limit)).await;
    let mut bytes = Vec::with_capacity(declared.unwrap_or(0));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad(StatusCode::BAD_REQUEST, "the body broke off"))?;
        check(bytes.len() + chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body { bytes, _share: share })
}

/// The memory for large bodies, all together: those that there is no room for wait for others to be answered.
#[derive(Debug)]
pub struct Bodies {
    kibibytes: u32,
    free: Arc<Semaphore>,
}

impl Bodies {
    /// Below, a body waits for nobody: who is slow with a large one holds up large ones only.
    const SMALL: usize = 64 << 10;

    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        let kibibytes = u32::try_from(bytes >> 10).unwrap_or(u32::MAX >> 3);
        Self { kibibytes, free: Arc::new(Semaphore::new(kibibytes as usize)) }
    }

    /// Takes room for a body, when there is.
    async fn share(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if bytes <= Self::SMALL {
            return None;
        }
        let kibibytes = u32::try_from(bytes >> 10).unwrap_or(u32::MAX).min(self.kibibytes);
        // It is never closed.
        Arc::clone(&self.free).acquire_many_owned(kibibytes).await.ok()
    }
}

/// Answers what was asked, or says why it is refused.
async fn answer(request: &HttpRequest, state: &web::Data<State>, asked: Received) -> HttpResponse {
    let id = log::id(request);
    let (media, bearer, asked) = match asked {
        Ok(asked) => asked,
        Err(refusal) => return refuse(request, refusal, Outcome::default()),
    };
    let work = work(
        Arc::clone(state),
        log::origin(request, state.settings.proxies, None),
        request.method().clone(),
        media,
        bearer,
        asked,
    );
    match task::run(&state.runtime, &id, work).await {
        Ok(Ok((found, outcome))) => found.send(request, outcome),
        Ok(Err((refusal, outcome))) => refuse(request, refusal, outcome),
        // Already in the log.
        Err(fault) => {
            let refusal = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, fault.code(), fault.to_string());
            refuse(request, refusal, Outcome::default())
        }
    }
}

/// A refusal in the media type that the client likes.
fn refuse(request: &HttpRequest, refusal: Refusal, outcome: Outcome) -> HttpResponse {
    let mut answer = refusal.answer_with(&log::id(request), outcome);
    let media = media::accepted(request.headers()).unwrap_or(Media::Json);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media.text()));
    answer
}

/// What is sent.
struct Found {
    media: Media,
    status: StatusCode,
    body: Vec<u8>,
    /// What is left for whoever asks.
    purse: Option<Purse>,
    /// Whether the same address may well give the same answer again.
    is_lasting: bool,
}

type Worked = Result<(Found, Outcome), (Refusal, Outcome)>;

/// The work on the runtime of the database: finds out who asks, and answers.
async fn work(
    state: Arc<State>,
    from: Origin,
    method: Method,
    media: Media,
    bearer: Option<String>,
    asked: Asked,
) -> Worked {
    let mut run = Run::begin(&state, from, method);
    let found = answer_all(&mut run, &state, media, bearer, asked).await;
    let purse = run.purse;
    let mut outcome = std::mem::take(&mut run.outcome);
    outcome.statements = run.statements();
    match found {
        Ok(found) => Ok((Found { purse, ..found }, outcome)),
        Err(refusal) => Err((refusal.with_purse(purse), outcome)),
    }
}

async fn answer_all(
    run: &mut Run<'_>,
    state: &State,
    media: Media,
    bearer: Option<String>,
    asked: Asked,
) -> Result<Found, Refusal> {
    let Settings { bounds, batch_max, .. } = &state.settings;
    // Before the body is read: whoever shows a bad token is not worth the work.
    run.sign_in(bearer.as_deref()).await?;
    let (questions, is_get) = match asked {
        Asked::Body(ref body) => (question::from_body(&body.bytes, bounds, *batch_max)?, false),
        Asked::Address(ref query) => (question::from_address(query, bounds)?, true),
    };
    match questions {
        Questions::One(question) => {
            let answer = run.answer(*question).await?;
            if let Some(purse) = run.purse.filter(|purse| !purse.granted()) {
                return Err(purse.refusal());
            }
            let (status, is_lasting) = (status(media, &answer), is_get && answer.is_whole());
            Ok(Found { media, status, body: write(&answer)?, purse: None, is_lasting })
        }
        Questions::Batch(batch) => {
            let mut answers = Vec::with_capacity(batch.len());
            for question in batch {
                answers.push(run.answer(question).await?);
            }
            // The newer media type is for one answer.
            Ok(Found {
                media: Media::Json,
                status: StatusCode::OK,
                body: write(&answers)?,
                purse: None,
                is_lasting: false,
            })
        }
    }
}

fn write(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(answer).map_err(|cause| Error::internal(cause).into())
}

/// In `application/json`, an operation that was refused is an answer like another: clients of old read nothing else.
fn status(media: Media, answer: &Answer) -> StatusCode {
    match (media, answer.has_run()) {
        (_, true) | (Media::Json, false) => StatusCode::OK,
        (Media::GraphqlResponse, false) if answer.code() == Some("UNAUTHENTICATED") => StatusCode::UNAUTHORIZED,
        (Media::GraphqlResponse, false) => StatusCode::BAD_REQUEST,
    }
}

impl Found {
    fn send(self, request: &HttpRequest, outcome: Outcome) -> HttpResponse {
        let Self { media, status, body, purse, is_lasting } = self;
        let mut answer = HttpResponse::build(status);
        answer.insert_header((VARY, "Accept, Authorization"));
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        let mut answer = if is_lasting {
            answer.insert_header((CACHE_CONTROL, HeaderValue::from_static("private, no-cache")));
            let tag = tag::of(&body);
            match tag::known(request.headers(), &tag) {
                Some(known) => answer.status(StatusCode::NOT_MODIFIED).insert_header((ETAG, known)).finish(),
                None => answer.insert_header((ETAG, tag)).content_type(media.text()).body(body),
            }
        } else {
            answer.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
            answer.content_type(media.text()).body(body)
        };
        if let Some(purse) = purse {
            purse.tell(&mut answer);
        }
        answer.extensions_mut().insert(outcome);
        answer
    }
}
