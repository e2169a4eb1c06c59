//! `GET /.well-known/jwks.json`: the public keys that verify the tokens of sessions (RFC 7517), for others.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::refusal::Refusal;
use super::{State, log, task};

/// How long others may keep them. A key that they do not know yet is a reason to ask again at once.
const CACHE: &str = "public, max-age=300";

/// The public keys, the one that signs first.
pub async fn keys(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let id = log::id(&request);
    let app = state.app.clone();
    let found = task::run(&state.runtime, &id, async move { app.auth.public_keys(&app.base).await }).await;
    match found.and_then(|found| found) {
        Ok(keys) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, CACHE))
            .content_type("application/jwk-set+json")
            .body(json!({ "keys": keys }).to_string()),
        Err(error) => Refusal::from(error).answer(&id),
    }
}
