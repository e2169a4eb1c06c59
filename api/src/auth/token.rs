//! Tokens: who was signed in, and until when, under our signature (JWT, RFC 7519).

use entity::kind::Kind;
use entity::moment::Moment;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use crate::error::{Error, Result};
use crate::id;

/// Who issues tokens, and whom they are for.
const NAME: &str = "demarche";
/// The only algorithm that is taken: a token does not choose its own.
const ALGORITHM: Algorithm = Algorithm::HS256;
/// How far the clocks of two machines may be apart, in seconds.
const LEEWAY_S: i64 = 5;
const MICROS: i64 = 1_000_000;

/// Times are in seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The public id of the account.
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// The token's own name, different for each.
    jti: String,
}

/// Signs tokens and verifies them.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for Tokens {
    /// Without the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// With this key.
    pub fn new(secret: &Secret) -> Self {
        let bytes = secret.expose().as_bytes();
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[NAME]);
        validation.set_audience(&[NAME]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The library knows the machine's clock only; times are checked below against the operation's.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes), validation }
    }

    /// A token for an account, from `now` on until `expires`; parts of seconds do not count.
    ///
    /// # Errors
    /// If the machine has no randomness.
    pub fn issue(&self, account: i64, now: Moment, expires: Moment) -> Result<String> {
        let iat = seconds(now);
        let claims = Claims {
            iss: NAME.to_owned(),
            aud: NAME.to_owned(),
            sub: id::encode(Kind::Account, account),
            iat,
            nbf: iat,
            exp: seconds(expires),
            jti: super::random_hex::<16>()?,
        };
        encode(&Header::new(ALGORITHM), &claims, &self.encoding).map_err(Error::internal)
    }

    /// The key of the account that a token stands for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if it is not ours, not yet valid or not valid any more.
    pub fn verify(&self, token: &str, now: Moment) -> Result<i64> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| Error::Unauthenticated("the token is malformed, or not one of ours: sign in again"))?
            .claims;
        let now = seconds(now);
        if now.saturating_sub(LEEWAY_S) >= claims.exp {
            return Err(Error::Unauthenticated("the token has expired: sign in again"));
        }
        if now.saturating_add(LEEWAY_S) < claims.nbf {
            return Err(Error::Unauthenticated("the token is not valid yet: compare the clocks of the two machines"));
        }
        id::decode_as(Kind::Account, &claims.sub)
            .map_err(|_| Error::Unauthenticated("the token names no account: sign in again"))
    }
}

/// Whole seconds since 1970-01-01T00:00:00Z.
fn seconds(at: Moment) -> i64 {
    at.0.div_euclid(MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_760_000_000_000_000);
    const ACCOUNT: i64 = 123_456_789;

    fn after(seconds: i64) -> Moment {
        Moment(NOW.0 + seconds * MICROS)
    }

    fn tokens() -> Tokens {
        Tokens::new(&Secret::new("0123456789abcdef0123456789abcdef"))
    }

    fn refusal(verified: Result<i64>) -> &'static str {
        match verified {
            Err(Error::Unauthenticated(text)) => text,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn forged(header: &Header, change: impl FnOnce(&mut Claims)) -> String {
        let text = |text: &str| text.to_owned();
        let sub = id::encode(Kind::Account, ACCOUNT);
        let iat = seconds(NOW);
        let mut claims = Claims { iss: text(NAME), aud: text(NAME), sub, iat, nbf: iat, exp: iat + 60, jti: text("x") };
        change(&mut claims);
        encode(header, &claims, &tokens().encoding).unwrap()
    }

    #[test]
    fn a_token_holds_from_its_issue_until_it_expires() {
        let token = tokens().issue(ACCOUNT, NOW, after(60)).unwrap();
        for at in [-5, 0, 59, 64] {
            assert_eq!(tokens().verify(&token, after(at)).unwrap(), ACCOUNT, "{at} s");
        }
        assert_eq!(refusal(tokens().verify(&token, after(65))), "the token has expired: sign in again");
        assert!(refusal(tokens().verify(&token, after(-6))).starts_with("the token is not valid yet"));
    }

    #[test]
    fn each_token_is_another() {
        let issue = || tokens().issue(ACCOUNT, NOW, after(60)).unwrap();
        assert_ne!(issue(), issue());
    }

    #[test]
    fn a_token_that_is_not_ours_is_malformed() {
        let header = Header::new(ALGORITHM);
        assert_eq!(tokens().verify(&forged(&header, |_| {}), NOW).unwrap(), ACCOUNT);
        let other_key = Tokens::new(&Secret::new("another secret of thirty-two bytes"));
        let good = tokens().issue(ACCOUNT, NOW, after(60)).unwrap();
        let (_, unsigned) = good.split_once('.').unwrap();
        let bad = [
            forged(&header, |claims| claims.iss = "other".to_owned()),
            forged(&header, |claims| claims.aud = "other".to_owned()),
            forged(&Header::new(Algorithm::HS512), |_| {}),
            other_key.issue(ACCOUNT, NOW, after(60)).unwrap(),
            // {"alg":"none"}
            format!("eyJhbGciOiJub25lIn0.{unsigned}"),
            format!("{good}x"),
            String::new(),
            "..".to_owned(),
            "é".repeat(1000),
        ];
        for token in bad {
            assert!(refusal(tokens().verify(&token, NOW)).starts_with("the token is malformed"), "{token}");
        }
    }

    #[test]
    fn a_token_for_something_else_names_no_account() {
        let token = forged(&Header::new(ALGORITHM), |claims| claims.sub = id::encode(Kind::Dossier, 1));
        assert!(refusal(tokens().verify(&token, NOW)).starts_with("the token names no account"));
    }

    #[test]
    fn extreme_times_are_no_fault() {
        let far = forged(&Header::new(ALGORITHM), |claims| claims.exp = i64::MAX);
        assert!(tokens().verify(&far, Moment(i64::MAX)).is_ok());
        let past = forged(&Header::new(ALGORITHM), |claims| claims.exp = i64::MIN);
        assert!(tokens().verify(&past, NOW).is_err());
    }
}
