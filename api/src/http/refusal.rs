//! Answers that are not data, in the shape of GraphQL's errors, so that a client reads them all alike.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;
use tracing::error;

use super::limit::Purse;
use super::log::Outcome;
use demarche_bound::Exceeded;
use demarche_core::error::Error;

const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
/// When to come again to who has found everybody busy, in seconds.
const BUSY_S: i64 = 5;

/// Why a request is not answered with data.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// The methods that are allowed, if another was used.
    allow: Option<&'static str>,
    /// How much was allowed and how much was found, if a bound is exceeded.
    bound: Option<(usize, usize)>,
    /// What is left for whoever asks too much.
    purse: Option<Box<Purse>>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), allow: None, bound: None, purse: None }
    }

    /// The request itself is at fault.
    pub fn bad(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, BAD_USER_INPUT, message)
    }

    /// Another method was used than those that are allowed.
    pub fn method(allow: &'static str) -> Self {
        let message = format!("this method is not allowed here, expected {allow}");
        Self { allow: Some(allow), ..Self::bad(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    /// More was asked for than may be.
    pub fn bound(status: StatusCode, exceeded: &Exceeded) -> Self {
        let Exceeded { bound, limit, found, at: _ } = *exceeded;
        Self { bound: Some((limit, found)), ..Self::new(status, bound.code(), exceeded.to_string()) }
    }

    /// The same, with what is left for whoever asks.
    pub fn with_purse(self, purse: Option<Purse>) -> Self {
        Self { purse: self.purse.or_else(|| purse.map(Box::new)), ..self }
    }

    /// There is nothing at the path.
    pub fn nowhere() -> Self {
        let message = "there is nothing at this path: questions go to /graphql";
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// The answer, under the id of its request.
    pub fn answer(self, id: &str) -> HttpResponse {
        self.answer_with(id, Outcome::default())
    }

    /// The answer, with what is known for the log.
    pub fn answer_with(self, id: &str, outcome: Outcome) -> HttpResponse {
        let Self { status, code, message, allow, bound, purse } = self;
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if let Some(allow) = allow {
            answer.insert_header((ALLOW, HeaderValue::from_static(allow)));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            answer.insert_header((RETRY_AFTER, purse.as_ref().map_or(BUSY_S, |purse| purse.retry_s()).to_string()));
        }
        let mut extensions = json!({ "code": code, "requestId": id });
        if let (Some((limit, found)), Some(fields)) = (bound, extensions.as_object_mut()) {
            fields.extend([("limit".to_owned(), limit.into()), ("found".to_owned(), found.into())]);
        }
        let mut answer = answer.json(json!({ "errors": [{ "message": message, "extensions": extensions }] }));
        if let Some(purse) = purse {
            purse.tell(&mut answer);
        }
        answer.extensions_mut().insert(Outcome { code: Some(code.to_owned()), ..outcome });
        answer
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        if let Error::Internal(cause) = &error {
            error!(cause = ?cause, "fault");
        }
        Self::new(status(&error), error.code(), error.to_string())
    }
}

/// The HTTP status of an error outside the execution of a query.
fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::BadInput(_) | Error::Refused(_) => StatusCode::BAD_REQUEST,
        Error::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
