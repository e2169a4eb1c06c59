//! The tokens of sessions: who was signed in, and until when, under our signature (JWT, RFC 7519; in the profile of RFC 9068).

use entity::kind::Kind;
use entity::moment::Moment;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id;
use crate::secret::Secret;

/// Who issues tokens, and whom they are for.
pub const NAME: &str = "demarche";
/// The only algorithm that is taken: a token does not choose its own.
const ALGORITHM: Algorithm = Algorithm::EdDSA;
/// What kind of token it is (RFC 9068, section 2.1): none of another kind is taken for one.
const TYPE: &str = "at+jwt";
/// How far the clocks of two machines may be apart, in seconds.
pub const LEEWAY_S: i64 = 5;
const MICROS: i64 = 1_000_000;
const FOREIGN: &str = "the token is malformed, or not one of ours: sign in again";

/// Times are in seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The public id of the account.
    sub: String,
    /// The public id of the session.
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// The token's own name, different for each.
    jti: String,
}

/// Whom a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The account.
    pub account: i64,
    /// The session.
    pub session: i64,
}

/// A token from `now` on until `expires`; parts of seconds do not count.
///
/// # Errors
/// If the machine has no randomness.
pub fn issue((kid, key): (String, &EncodingKey), subject: Subject, now: Moment, expires: Moment) -> Result<Secret> {
    let iat = seconds(now);
    let claims = Claims {
        iss: NAME.to_owned(),
        aud: NAME.to_owned(),
        sub: id::encode(Kind::Account, subject.account),
        sid: id::encode(Kind::Session, subject.session),
        iat,
        nbf: iat,
        exp: seconds(expires),
        jti: super::random_hex::<16>()?,
    };
    let mut header = Header::new(ALGORITHM);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(kid);
    encode(&header, &claims, key).map(Secret::new).map_err(Error::internal)
}

/// The name of the key that a token says it was signed with. Nothing of it is verified yet.
///
/// # Errors
/// [`Error::Unauthenticated`] if it is not of the form of our tokens.
pub fn kid(header: &Header) -> Result<&str> {
    let ours = header.alg == ALGORITHM && header.typ.as_deref() == Some(TYPE);
    header.kid.as_deref().filter(|_| ours).ok_or(Error::Unauthenticated(FOREIGN))
}

/// Whom a token stands for.
///
/// # Errors
/// [`Error::Unauthenticated`] if it is not ours, not yet valid or not valid any more.
pub fn verify(token: &str, key: &DecodingKey, now: Moment) -> Result<Subject> {
    let mut validation = Validation::new(ALGORITHM);
    validation.set_issuer(&[NAME]);
    validation.set_audience(&[NAME]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    // The library knows the machine's clock only; times are checked below against the operation's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = decode::<Claims>(token, key, &validation).map_err(|_| Error::Unauthenticated(FOREIGN))?.claims;
    within(now, LEEWAY_S, claims.exp, Some(claims.nbf))?;
    let read = |kind, text: &str| id::decode_as(kind, text);
    match (read(Kind::Account, &claims.sub), read(Kind::Session, &claims.sid)) {
        (Ok(account), Ok(session)) => Ok(Subject { account, session }),
        _ => Err(Error::Unauthenticated("the token names no account and session: sign in again")),
    }
}

/// The refusal of a token that is none of ours.
pub const fn foreign() -> Error {
    Error::Unauthenticated(FOREIGN)
}

/// Whether a moment lies within the times of a token, give or take some seconds.
///
/// # Errors
/// [`Error::Unauthenticated`] if it does not.
pub fn within(now: Moment, leeway_s: i64, expires: i64, not_before: Option<i64>) -> Result<()> {
    let now = seconds(now);
    if now.saturating_sub(leeway_s) >= expires {
        return Err(Error::Unauthenticated("the token has expired: sign in again"));
    }
    if not_before.is_some_and(|not_before| now.saturating_add(leeway_s) < not_before) {
        return Err(Error::Unauthenticated("the token is not valid yet: compare the clocks of the two machines"));
    }
    Ok(())
}

/// Whole seconds since 1970-01-01T00:00:00Z.
fn seconds(at: Moment) -> i64 {
    at.0.div_euclid(MICROS)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    const NOW: Moment = Moment(1_760_000_000_000_000);
    const SUBJECT: Subject = Subject { account: 123_456_789, session: 987_654_321 };

    struct Pair {
        encoding: EncodingKey,
        decoding: DecodingKey,
        public: Vec<u8>,
    }

    fn pair() -> Pair {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let decoding = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(&public)).unwrap();
        Pair { encoding: EncodingKey::from_ed_der(der.as_ref()), decoding, public }
    }

    fn after(seconds: i64) -> Moment {
        Moment(NOW.0 + seconds * MICROS)
    }

    fn issued(pair: &Pair) -> String {
        let key = ("kid".to_owned(), &pair.encoding);
        issue(key, SUBJECT, NOW, after(60)).unwrap().expose().to_owned()
    }

    fn refusal<T: std::fmt::Debug>(verified: Result<T>) -> &'static str {
        match verified {
            Err(Error::Unauthenticated(text)) => text,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn claims(change: impl FnOnce(&mut Claims)) -> Claims {
        let text = |text: &str| text.to_owned();
        let (sub, sid) = (id::encode(Kind::Account, SUBJECT.account), id::encode(Kind::Session, SUBJECT.session));
        let iat = seconds(NOW);
        let mut claims =
            Claims { iss: text(NAME), aud: text(NAME), sub, sid, iat, nbf: iat, exp: iat + 60, jti: text("x") };
        change(&mut claims);
        claims
    }

    fn forged(pair: &Pair, change: impl FnOnce(&mut Claims)) -> String {
        encode(&Header::new(ALGORITHM), &claims(change), &pair.encoding).unwrap()
    }

    #[test]
    fn a_token_holds_from_its_issue_until_it_expires() {
        let pair = pair();
        let token = issued(&pair);
        for at in [-5, 0, 59, 64] {
            assert_eq!(verify(&token, &pair.decoding, after(at)).unwrap(), SUBJECT, "{at} s");
        }
        assert_eq!(refusal(verify(&token, &pair.decoding, after(65))), "the token has expired: sign in again");
        let early = refusal(verify(&token, &pair.decoding, after(-6)));
        assert!(early.starts_with("the token is not valid yet"));
    }

    #[test]
    fn each_token_is_another() {
        let pair = pair();
        assert_ne!(issued(&pair), issued(&pair));
    }

    #[test]
    fn a_token_that_is_not_ours_is_malformed() {
        let (pair, other) = (pair(), pair());
        assert_eq!(verify(&forged(&pair, |_| {}), &pair.decoding, NOW).unwrap(), SUBJECT);
        let good = issued(&pair);
        let (_, unsigned) = good.split_once('.').unwrap();
        let hmac = EncodingKey::from_secret(&pair.public);
        let hmac_text = EncodingKey::from_secret(URL_SAFE_NO_PAD.encode(&pair.public).as_bytes());
        let bad = [
            forged(&pair, |claims| claims.iss = "other".to_owned()),
            forged(&pair, |claims| claims.aud = "other".to_owned()),
            issued(&other),
            // The public key as the secret of a symmetric algorithm.
            encode(&Header::new(Algorithm::HS256), &claims(|_| {}), &hmac).unwrap(),
            encode(&Header::new(Algorithm::HS512), &claims(|_| {}), &hmac_text).unwrap(),
            // {"alg":"none"}
            format!("eyJhbGciOiJub25lIn0.{unsigned}"),
            format!("eyJhbGciOiJub25lIn0.{}.", unsigned.split('.').next().unwrap()),
            format!("{good}x"),
            String::new(),
            "..".to_owned(),
            "é".repeat(1000),
        ];
        for token in bad {
            let text = refusal(verify(&token, &pair.decoding, NOW));
            assert!(text.starts_with("the token is malformed"), "{token}");
        }
    }

    #[test]
    fn a_token_of_another_kind_is_not_one_of_ours() {
        let mut header = Header::new(ALGORITHM);
        header.kid = Some("kid".to_owned());
        assert!(refusal(kid(&header)).starts_with("the token is malformed"));
        header.typ = Some(TYPE.to_owned());
        assert_eq!(kid(&header).unwrap(), "kid");
        header.alg = Algorithm::HS256;
        assert!(kid(&header).is_err());
        header.alg = ALGORITHM;
        header.kid = None;
        assert!(kid(&header).is_err());
    }

    #[test]
    fn a_token_for_something_else_names_no_account() {
        let pair = pair();
        for token in [
            forged(&pair, |claims| claims.sub = id::encode(Kind::Dossier, 1)),
            forged(&pair, |claims| claims.sid = id::encode(Kind::Account, 1)),
        ] {
            assert!(refusal(verify(&token, &pair.decoding, NOW)).starts_with("the token names no account"));
        }
    }

    #[test]
    fn extreme_times_are_no_fault() {
        let pair = pair();
        let far = forged(&pair, |claims| claims.exp = i64::MAX);
        assert!(verify(&far, &pair.decoding, Moment(i64::MAX)).is_ok());
        let past = forged(&pair, |claims| claims.exp = i64::MIN);
        assert!(verify(&past, &pair.decoding, NOW).is_err());
    }
}
