//! The explorer's page: files that are part of the program.

use std::sync::OnceLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use actix_web::{HttpRequest, HttpResponse, web};

use super::refusal::Refusal;
use super::{log, tag};

/// Nothing from elsewhere, and nothing inline. What the hash stands for is said in `assets/vendor/README.md`.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
                      style-src 'self' 'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file.
struct File {
    /// Its path below `/assets/`.
    path: &'static str,
    media_type: &'static str,
    is_gzip: bool,
    bytes: &'static [u8],
    tag: OnceLock<String>,
}

macro_rules! files {
    ($($path:literal, $stored:literal, $media_type:literal;)*) => {
        [$(File {
            path: $path,
            media_type: $media_type,
            is_gzip: $stored.len() > $path.len(),
            bytes: include_bytes!(concat!("../../assets/", $stored)),
            tag: OnceLock::new(),
        },)*]
    };
}

static PAGE: [File; 1] = files! { "index.html", "index.html", "text/html; charset=utf-8"; };

static FILES: [File; 7] = files! {
    "app.css", "app.css", "text/css; charset=utf-8";
    "app.js", "app.js", "text/javascript; charset=utf-8";
    "icon.svg", "icon.svg", "image/svg+xml";
    "vendor/graphiql.min.css", "vendor/graphiql.min.css.gz", "text/css; charset=utf-8";
    "vendor/graphiql.min.js", "vendor/graphiql.min.js.gz", "text/javascript; charset=utf-8";
    "vendor/react.production.min.js", "vendor/react.production.min.js.gz", "text/javascript; charset=utf-8";
    "vendor/react-dom.production.min.js", "vendor/react-dom.production.min.js.gz", "text/javascript; charset=utf-8";
};

/// The page itself.
pub async fn page(request: HttpRequest) -> HttpResponse {
    send(&request, PAGE.first())
}

/// A file that the page loads.
pub async fn asset(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    send(&request, FILES.iter().find(|file| file.path == path.as_str()))
}

fn send(request: &HttpRequest, file: Option<&'static File>) -> HttpResponse {
    let Some(file) = file else { return Refusal::nowhere().answer(&log::id(request)) };
    let tag = file.tag.get_or_init(|| tag::of(file.bytes));
    let is_known = tag::known(request.headers(), tag).is_some();
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Always asked for again, and seldom sent again: the page and its script never come from two versions.
    answer.insert_header((CACHE_CONTROL, "no-cache")).insert_header((ETAG, tag.as_str()));
    answer.insert_header(("Content-Security-Policy", POLICY));
    if is_known {
        return answer.finish();
    }
    if file.is_gzip {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    answer.insert_header((CONTENT_TYPE, file.media_type)).body(file.bytes)
}
