//! Whether the process lives, and whether it can answer.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::{State, log, task};
use demarche_core::error::Error;

/// The process lives.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(json!({ "status": "live" }))
}

/// The database answers and has all migrations.
pub async fn ready(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let store = state.app.base.store.clone();
    let id = log::id(&request);
    let checked = task::run(&state.runtime, &id, async move { store.require_current().await }).await;
    let (mut answer, body) = match checked.and_then(|checked| checked) {
        Ok(()) => (HttpResponse::Ok(), json!({ "status": "ready" })),
        Err(error) => {
            (HttpResponse::ServiceUnavailable(), json!({ "status": "unready", "reason": reason(&error, &id) }))
        }
    };
    answer.insert_header(("Cache-Control", "no-store")).json(body)
}

/// What everybody may read: a driver's words name hosts.
fn reason(error: &Error, id: &str) -> String {
    match error {
        Error::Internal(cause) => {
            tracing::warn!(request_id = id, cause = ?cause, "not ready");
            "the database does not answer".to_owned()
        }
        other => other.to_string(),
    }
}
