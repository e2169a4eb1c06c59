//! The request's id and its line in the log.

use std::net::IpAddr;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};

use crate::telemetry;
use demarche_core::auth::random_hex;
use demarche_core::op::Origin;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ID_MAX: usize = 64;
const ANONYMOUS: &str = "anonymous";

/// The id of a request, as it was sent or made.
#[derive(Clone)]
struct Id(String);

/// What a handler knows for the log. It goes with the answer.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The name of the GraphQL operation; without one, the route is logged.
    pub operation: Option<String>,
    /// The public id of the account that asked.
    pub actor: Option<String>,
    /// The code of the first error.
    pub code: Option<String>,
    /// How many statements were run.
    pub statements: u32,
}

/// Where a request comes from, for the audit log and for rate limits. `proxies` is how many proxies of ours stand before us.
pub fn origin(request: &HttpRequest, proxies: usize, operation: Option<&str>) -> Origin {
    Origin {
        request: Some(id(request)),
        address: address(request, proxies).map(|address| address.to_string()),
        operation: operation.map(str::to_owned),
    }
}

/// The address of the client: that of the connection or, behind proxies of ours, the one that the outermost of them has put
/// into `X-Forwarded-For`. What stands before it there was written by the client and proves nothing.
fn address(request: &HttpRequest, proxies: usize) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|address| address.ip());
    let Some(back) = proxies.checked_sub(1) else { return peer };
    let sent: Vec<&str> = request.headers().get_all(&FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    let sent = sent.join(",");
    sent.rsplit(',').nth(back).and_then(|address| address.trim().parse().ok()).or(peer)
}

/// Gives the request its id, and logs one line when it is answered.
pub async fn line(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let start = Instant::now();
    let id = request.headers().get(&REQUEST_ID).and_then(sent).map_or_else(made, str::to_owned);
    request.extensions_mut().insert(Id(id.clone()));
    let mut response = next.call(request).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let outcome = response.response_mut().extensions_mut().remove::<Outcome>().unwrap_or_default();
    let route = route(response.request());
    telemetry::Request {
        id: &id,
        operation: outcome.operation.as_deref().unwrap_or(&route),
        actor: outcome.actor.as_deref().unwrap_or(ANONYMOUS),
        status: response.status().as_u16(),
        code: outcome.code.as_deref(),
        duration: start.elapsed(),
        statements: outcome.statements,
    }
    .log();
    Ok(response)
}

/// The id of a request.
pub fn id(request: &HttpRequest) -> String {
    request.extensions().get::<Id>().map(|id| id.0.clone()).unwrap_or_default()
}

/// An id that was sent, if it is fit for a log.
fn sent(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    ((1..=ID_MAX).contains(&text.len()) && text.bytes().all(fit)).then_some(text)
}

/// An id of our own.
fn made() -> String {
    // A machine without randomness still answers; its requests are not told apart.
    random_hex::<8>().unwrap_or_else(|_| "unknown".to_owned())
}

/// The method and the pattern of the path: never the path itself, which anyone may write.
fn route(request: &HttpRequest) -> String {
    let pattern = request.match_pattern();
    format!("{} {}", request.method(), pattern.as_deref().unwrap_or("(unknown path)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_are_fit_for_a_log_are_taken_over() {
        for good in ["a", "0.Z_9-x", &"x".repeat(64)] {
            assert_eq!(sent(&HeaderValue::from_str(good).unwrap()), Some(good));
        }
        for bad in ["", "a b", "a\"b", "é", &"x".repeat(65)] {
            assert_eq!(sent(&HeaderValue::from_bytes(bad.as_bytes()).unwrap()), None, "{bad}");
        }
        assert_eq!(made().len(), 16);
        assert_ne!(made(), made());
    }
}
