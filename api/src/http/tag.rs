//! Strong tags: two answers with the same tag are the same bytes, so that one that is known need not be sent again.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use actix_web::middleware::Next;
use demarche_core::digest;

/// How compressed bytes are told apart from those that they were made of.
const ENCODINGS: [&str; 3] = ["gzip", "br", "zstd"];

/// The tag of these bytes: the beginning of their digest, in quotes.
pub fn of(bytes: &[u8]) -> String {
    let mut text = digest::hex(&digest::sha256(bytes));
    text.truncate(32);
    format!("\"{text}\"")
}

/// The tag under which the client already knows what has this tag, in whatever encoding.
pub fn known(headers: &HeaderMap, tag: &str) -> Option<String> {
    let lists = headers.get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(|known| known.trim().trim_start_matches("W/"));
    tags.find(|known| *known == "*" || *known == tag || ENCODINGS.iter().any(|name| *known == encoded(tag, name)))
        .map(|known| if known == "*" { tag.to_owned() } else { known.to_owned() })
}

fn encoded(tag: &str, encoding: &str) -> String {
    format!("{}-{encoding}\"", tag.trim_end_matches('"'))
}

/// Gives an answer that was compressed a tag of its own.
pub async fn encode(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let text = |value: Option<&HeaderValue>| value.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let headers = response.headers_mut();
    if let (Some(tag), Some(encoding)) = (text(headers.get(ETAG)), text(headers.get(CONTENT_ENCODING)))
        && let Ok(tag) = HeaderValue::from_str(&encoded(&tag, &encoding))
    {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_every_encoding() {
        let tag = of(b"a");
        let known = |list: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(list).unwrap());
            known(&headers, &tag)
        };
        let zipped = encoded(&tag, "gzip");
        assert_eq!(known(&format!("\"x\", W/{tag}")).as_ref(), Some(&tag));
        assert_eq!(known(&zipped).as_ref(), Some(&zipped));
        assert_eq!(known("*").as_ref(), Some(&tag));
        assert_eq!(known(&encoded(&tag, "lzma")), None);
        assert_ne!(of(b"b"), tag);
    }
}
