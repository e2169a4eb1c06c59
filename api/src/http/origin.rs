//! Where a request comes from. A browser sends requests for whatever page it shows; those of other sites are refused, also
//! where the browser would keep the answer from them.
//!
//! Browsers say so themselves (`Sec-Fetch-Site`, `Origin`), and no page can make them say otherwise. A `GET` that carries
//! neither could come from an old browser's link or image; it must have a header that these cannot send.

use actix_cors::Cors;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, IF_NONE_MATCH, ORIGIN, RETRY_AFTER,
};
use actix_web::http::{Method, StatusCode};

use super::limit;
use super::refusal::Refusal;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Headers that make a browser ask for leave before it sends them to another site.
const NOT_SIMPLE: [HeaderName; 4] =
    [AUTHORIZATION, REQUEST_ID, HeaderName::from_static("graphql-require-preflight"), APOLLO_PREFLIGHT];
/// What Apollo's clients send for the same purpose.
const APOLLO_PREFLIGHT: HeaderName = HeaderName::from_static("apollo-require-preflight");
/// How long a browser may remember that it may ask.
const PREFLIGHT_AGE_S: usize = 600;

/// Refuses what another site has made a browser send.
///
/// # Errors
/// If it comes from a site that is not allowed, or does not show that it comes from none.
pub fn check(method: &Method, headers: &HeaderMap, allowed: &[String]) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = headers.get(ORIGIN).map(|value| value.to_str().unwrap_or("null"));
    if origin.is_some_and(|origin| allowed.iter().any(|allowed| allowed == origin)) {
        return Ok(());
    }
    let is_ours = match (text(SITE), origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == text(HOST)
        }
        (None, None) => {
            let is_json = text(CONTENT_TYPE).is_some_and(|value| value.starts_with("application/json"));
            *method != Method::GET || is_json || NOT_SIMPLE.iter().any(|name| headers.contains_key(name))
        }
    };
    if is_ours {
        return Ok(());
    }
    let message = match (text(SITE), origin) {
        (None, None) => {
            "a GET must show that no page of another site has sent it: send the header `Authorization` or \
             `GraphQL-Require-Preflight: 1`"
        }
        _ => "pages of other sites may not ask here; http.origins names those that may",
    };
    Err(Refusal::new(StatusCode::FORBIDDEN, "CROSS_SITE", message))
}

/// Lets browsers show answers to pages of the origins that are allowed, and only to these.
pub fn cors(allowed: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST])
        .allowed_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH])
        .allowed_headers(NOT_SIMPLE)
        .expose_headers([REQUEST_ID, RETRY_AFTER, actix_web::http::header::ETAG, limit::LIMIT, limit::POLICY])
        .max_age(PREFLIGHT_AGE_S)
        // Refused by `check`, in the shape of an error of GraphQL.
        .block_on_origin_mismatch(false);
    allowed.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn is_allowed(method: &Method, sent: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in sent.iter().chain(&[("host", "demarche.example.org:8080")]) {
            headers.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        check(method, &headers, &["https://desk.example.org".to_owned()]).is_ok()
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        for sent in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "https://other.example.org")],
            &[("sec-fetch-site", "cross-site"), ("authorization", "Bearer x")],
            &[("origin", "https://evil.example.com")],
            &[("origin", "null")],
            &[("origin", "https://demarche.example.org")],
        ] {
            assert!(!is_allowed(&Method::POST, sent) && !is_allowed(&Method::GET, sent), "{sent:?}");
        }
        assert!(!is_allowed(&Method::GET, &[]));
    }

    #[test]
    fn our_own_page_those_that_are_named_and_scripts_may_ask() {
        for sent in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://demarche.example.org:8080")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://desk.example.org")],
            &[("authorization", "Bearer x")],
            &[("graphql-require-preflight", "1")],
            &[("content-type", "application/json")],
        ] {
            assert!(is_allowed(&Method::POST, sent) && is_allowed(&Method::GET, sent), "{sent:?}");
        }
        assert!(is_allowed(&Method::POST, &[]));
    }
}
