//! Media types: what a client takes, and what it sends.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

use crate::http::refusal::Refusal;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: the status says only whether the server took the request.
    Json,
    /// `application/graphql-response+json`: the status says whether the operation ran.
    GraphqlResponse,
}

impl Media {
    /// The value of `Content-Type`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }

    const fn subtype(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::GraphqlResponse => "graphql-response+json",
        }
    }
}

/// The media type that the client likes best; `application/json` if it does not say.
///
/// # Errors
/// If it takes neither.
pub fn accepted(headers: &HeaderMap) -> Result<Media, Refusal> {
    let mut values = headers.get_all(ACCEPT).map(|value| value.to_str().unwrap_or_default()).peekable();
    if values.peek().is_none() {
        return Ok(Media::Json);
    }
    let ranges: Vec<Range<'_>> = values.flat_map(|value| value.split(',')).map(Range::read).collect();
    // Who names the newer one and does not rank them, knows what its statuses mean; who takes anything, may not.
    let named = liking(&ranges, Media::GraphqlResponse);
    let plain = liking(&ranges, Media::Json);
    match named.quality >= plain.quality && named.quality > 0 && (named.is_named || named.quality > plain.quality) {
        true => Ok(Media::GraphqlResponse),
        false if plain.quality > 0 => Ok(Media::Json),
        false => Err(Refusal::bad(
            StatusCode::NOT_ACCEPTABLE,
            "expected the header `Accept` to allow application/graphql-response+json or application/json, in UTF-8",
        )),
    }
}

/// How much a client likes a media type.
#[derive(Clone, Copy, Default)]
struct Liking {
    /// In thousandths.
    quality: u16,
    is_named: bool,
}

/// The most specific range that fits decides.
fn liking(ranges: &[Range<'_>], media: Media) -> Liking {
    let best = ranges.iter().filter_map(|range| Some((range.fits(media)?, range))).max_by_key(|(fit, _)| *fit);
    best.map_or_else(Liking::default, |(fit, range)| Liking { quality: range.quality, is_named: fit == NAMED })
}

const NAMED: u8 = 2;

/// One of the ranges of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
    is_utf8: bool,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next().unwrap_or_default().split_once('/').unwrap_or_default();
        let mut range = Self { kind, subtype, quality: 1000, is_utf8: true };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            if name.trim().eq_ignore_ascii_case("q") {
                range.quality = quality(value.trim());
            } else if name.trim().eq_ignore_ascii_case("charset") {
                range.is_utf8 = is_utf8(value);
            }
        }
        range
    }

    /// How well it fits, if it does.
    fn fits(&self, media: Media) -> Option<u8> {
        let is = |own: &str, other: &str| own.eq_ignore_ascii_case(other);
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (kind, "*") if is(kind, "application") => Some(1),
            (kind, subtype) if is(kind, "application") && is(subtype, media.subtype()) => Some(NAMED),
            _ => None,
        }
        .filter(|_| self.is_utf8)
    }
}

/// A quality in thousandths; one that cannot be read counts as none given.
fn quality(text: &str) -> u16 {
    match text.parse::<f32>() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0).round() as u16,
        _ => 1000,
    }
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Makes sure that a body is JSON as it is: not in another charset, and not compressed, which would hide its size.
///
/// # Errors
/// If it is not said to be.
pub fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message: &str| Err(Refusal::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    let mut sent = headers.get_all(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let (first, is_alone) = (sent.next().unwrap_or_default(), sent.next().is_none());
    let mut parts = first.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    if !is_json || !is_alone {
        return unsupported("expected the header `Content-Type: application/json`");
    }
    let charset = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    if charset.is_some_and(|(_, charset)| !is_utf8(charset)) {
        return unsupported("expected the header `Content-Type` to have no other charset than utf-8");
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return unsupported("expected a body that is not compressed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn accept(value: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(value).unwrap());
        accepted(&headers).ok()
    }

    #[test]
    fn the_client_chooses_the_media_type() {
        let (plain, new) = (Some(Media::Json), Some(Media::GraphqlResponse));
        assert_eq!(accepted(&HeaderMap::new()).ok(), plain);
        for (value, media) in [
            ("*/*", plain),
            ("application/*", plain),
            ("application/json", plain),
            ("APPLICATION/JSON; charset=UTF-8", plain),
            ("text/html, */*;q=0.1", plain),
            ("application/json, application/graphql-response+json;q=0.9", plain),
            ("application/graphql-response+json;q=0, */*", plain),
            ("application/graphql-response+json", new),
            ("application/graphql-response+json; charset=\"utf-8\", application/json", new),
            ("application/json;q=0.5, application/graphql-response+json;q=0.6", new),
            ("application/json;q=0, */*", new),
            ("text/html", None),
            ("", None),
            ("application/json;q=0", None),
            ("application/json; charset=utf-16", None),
            ("application/graphql+json, text/*", None),
        ] {
            assert_eq!(accept(value), media, "{value}");
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        let is_taken = |sent: &[(_, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.append(Clone::clone(name), HeaderValue::from_str(value).unwrap());
            }
            require_json(&headers).is_ok()
        };
        for good in
            ["application/json", "Application/JSON;charset=utf-8", "application/json; foo=bar; charset=\"UTF-8\""]
        {
            assert!(is_taken(&[(CONTENT_TYPE, good)]), "{good}");
        }
        for bad in ["", "text/plain", "application/graphql", "application/jsonp", "application/json; charset=latin1"] {
            assert!(!is_taken(&[(CONTENT_TYPE, bad)]), "{bad}");
        }
        assert!(!is_taken(&[]));
        assert!(!is_taken(&[(CONTENT_TYPE, "application/json"), (CONTENT_TYPE, "text/plain")]));
        assert!(!is_taken(&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")]));
    }
}
