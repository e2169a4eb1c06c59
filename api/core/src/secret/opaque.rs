//! Opaque tokens: a prefix that says what they are, 43 random characters, and a checksum of six, all of them letters and
//! digits.
//!
//! The prefix and the checksum are for scanners of leaked secrets. An access token is found by
//! `\bdemarche_pat_[0-9A-Za-z]{49}\b`, a refresh token by `\bdemarche_ref_[0-9A-Za-z]{49}\b`, and is no false alarm if its
//! last six characters are the CRC-32 (ISO-HDLC) of all before them, in base 62 with the digits `0-9A-Za-z`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Secret;
use crate::digest;
use crate::error::{Error, Result};

/// The prefix of access tokens for scripts.
pub const ACCESS: &str = "demarche_pat_";
/// The prefix of refresh tokens.
pub const REFRESH: &str = "demarche_ref_";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// So many digits of base 62 hold 256 bits.
const RANDOM: usize = 43;
/// So many digits of base 62 hold 32 bits.
const CHECKSUM: usize = 6;

/// A new token that begins with `prefix`.
///
/// # Errors
/// If the machine has no randomness.
pub fn mint(prefix: &str) -> Result<Secret> {
    let mut text = String::with_capacity(prefix.len() + RANDOM + CHECKSUM);
    text.push_str(prefix);
    let mut bytes = [0; 64];
    while text.len() < prefix.len() + RANDOM {
        getrandom::fill(&mut bytes).map_err(|cause| Error::internal(cause.to_string()))?;
        // The bytes above the last multiple of 62 would make some digits likelier than others.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| digit(u32::from(*byte)));
        text.extend(fair.take(prefix.len() + RANDOM - text.len()));
    }
    text.push_str(&checksum(&text));
    Ok(Secret::new(text))
}

/// Whether a text can be a token that begins with `prefix`. One that was mistyped is found out without the database.
pub fn is_well_formed(prefix: &str, text: &str) -> bool {
    let Some((body, sum)) = text.split_at_checked(text.len().saturating_sub(CHECKSUM)) else { return false };
    let random = body.strip_prefix(prefix);
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| DIGITS.contains(&byte)))
        && checksum(body) == sum
}

/// What is stored of a token. A fast hash will do: there are 2^256 of them to try.
pub fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::sha256(token))
}

fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [0; CHECKSUM];
    for place in digits.iter_mut().rev() {
        *place = rest % 62;
        rest /= 62;
    }
    digits.into_iter().map(digit).collect()
}

fn digit(value: u32) -> char {
    let index = usize::try_from(value % 62).unwrap_or(0);
    DIGITS.get(index).map_or('0', |digit| char::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_the_documented_form() {
        for prefix in [ACCESS, REFRESH] {
            let token = mint(prefix).unwrap();
            let rest = token.expose().strip_prefix(prefix).unwrap();
            assert_eq!(rest.len(), 49);
            assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(is_well_formed(prefix, token.expose()));
            assert_ne!(token, mint(prefix).unwrap());
        }
    }

    #[test]
    fn the_checksum_is_crc_32_in_base_62() {
        // The check value of CRC-32/ISO-HDLC: 0xCBF43926 = 3·62⁵ + 45·62⁴ + 35·62³ + 27·62² + 22·62 + 14.
        let value = [3, 45, 35, 27, 22, 14].into_iter().fold(0_u64, |sum, digit| sum * 62 + digit);
        assert_eq!(value, 0xCBF4_3926);
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    #[test]
    fn a_mistyped_token_is_no_token() {
        let token = mint(ACCESS).unwrap();
        let token = token.expose();
        let last = if token.ends_with('0') { "1" } else { "0" };
        let bad = [
            format!("{}{last}", &token[..token.len() - 1]),
            token[..token.len() - 1].to_owned(),
            format!("{token}0"),
            token.replacen("pat", "ref", 1),
            token.to_uppercase(),
            ACCESS.to_owned(),
            "é".repeat(31),
            String::new(),
        ];
        for bad in bad {
            assert!(!is_well_formed(ACCESS, &bad), "{bad}");
        }
    }

    #[test]
    fn digits_are_equally_likely() {
        let mut counts = [0_u32; 256];
        for _ in 0..500 {
            let token = mint(ACCESS).unwrap();
            for byte in token.expose()[ACCESS.len()..ACCESS.len() + RANDOM].bytes() {
                counts[usize::from(byte)] += 1;
            }
        }
        // 21,500 digits, 347 of each on average: eight standard deviations either way.
        assert!(DIGITS.iter().all(|digit| (200..500).contains(&counts[usize::from(*digit)])));
    }
}
