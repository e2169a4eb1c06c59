//! The public form of keys: the prefix of the kind, an underscore, and 13 digits of Crockford's base 32
//! (<https://www.crockford.com/base32.html>), as in `stk_01JABCDEF2345`. To clients it is opaque.
//!
//! 13 digits hold 65 bits, so the first is never above `F`. Reading takes lower case, `I` and `L` for `1` and `O` for
//! `0`; writing knows one form only, so that equal keys give equal texts.

use entity::kind::Kind;
use sea_orm::Iterable;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many digits a key has.
const LENGTH: usize = 13;
/// How many characters of a bad id its error repeats.
const SHOWN_MAX: usize = 40;

/// The public form of a key.
pub fn encode(kind: Kind, key: i64) -> String {
    let mut text = String::with_capacity(kind.prefix().len() + 1 + LENGTH);
    text.push_str(kind.prefix());
    text.push('_');
    text.extend(digits(key).map(char::from));
    text
}

/// Appends the public form of a key to bytes.
#[inline]
pub fn write(kind: Kind, key: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(kind.prefix().as_bytes());
    out.push(b'_');
    out.extend_from_slice(&digits(key));
}

#[inline]
fn digits(key: i64) -> [u8; LENGTH] {
    let mut bits = key.cast_unsigned();
    let mut digits = [b'0'; LENGTH];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(bits & 31).unwrap_or(0);
        *digit = DIGITS.get(index).copied().unwrap_or(b'0');
        bits >>= 5;
    }
    digits
}

/// The kind and the key that a public form stands for.
///
/// # Errors
/// A sentence that repeats at most 40 characters of the text, if it is not a public form.
pub fn decode(text: &str) -> Result<(Kind, i64), String> {
    read(text).ok_or_else(|| malformed(text, Kind::Stakeholder))
}

/// The key that a public form stands for, which must be of `kind`.
///
/// # Errors
/// A sentence that says what was expected: if the text is not a public form, or is that of another kind, both of which are
/// then named.
pub fn decode_as(kind: Kind, text: &str) -> Result<i64, String> {
    match read(text) {
        Some((found, key)) if found == kind => Ok(key),
        Some((found, _)) => Err(format!(
            "{} is the id of {}, expected the id of {}",
            shown(text),
            with_article(found.noun()),
            with_article(kind.noun())
        )),
        None => Err(malformed(text, kind)),
    }
}

fn read(text: &str) -> Option<(Kind, i64)> {
    let (prefix, digits) = text.split_once('_')?;
    if digits.len() != LENGTH {
        return None;
    }
    let kind = Kind::iter().find(|kind| kind.prefix().eq_ignore_ascii_case(prefix))?;
    let mut bits: u64 = 0;
    for byte in digits.bytes() {
        if bits.leading_zeros() < 5 {
            return None;
        }
        bits = (bits << 5) | value(byte)?;
    }
    Some((kind, bits.cast_signed()))
}

/// What a digit stands for.
fn value(byte: u8) -> Option<u64> {
    let canonical = match byte.to_ascii_uppercase() {
        b'I' | b'L' => b'1',
        b'O' => b'0',
        other => other,
    };
    let index = DIGITS.iter().position(|digit| *digit == canonical)?;
    u64::try_from(index).ok()
}

fn malformed(text: &str, expected: Kind) -> String {
    format!("{} is not an id: expected one like {}", shown(text), encode(expected, 0))
}

/// The beginning of a text, in quotes and with its control characters written out.
fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let beginning: String = chars.by_ref().take(SHOWN_MAX).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{beginning:?}{more}")
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_every_kind_comes_back() {
        let keys = (0..64).flat_map(|bit| [1_i64 << bit, (1_i64 << bit).wrapping_sub(1), !(1_i64 << bit)]);
        for key in keys {
            for kind in Kind::iter() {
                let text = encode(kind, key);
                assert_eq!(text.len(), 17);
                let mut bytes = Vec::new();
                write(kind, key, &mut bytes);
                assert_eq!(bytes, text.as_bytes());
                assert_eq!(decode(&text), Ok((kind, key)), "{text}");
                assert_eq!(decode(&text.to_lowercase()), Ok((kind, key)), "{text}");
            }
        }
    }

    #[test]
    fn the_text_form_never_changes() {
        assert_eq!(encode(Kind::Stakeholder, 0), "stk_0000000000000");
        assert_eq!(encode(Kind::Position, 33), "pos_0000000000011");
        assert_eq!(encode(Kind::Dossier, i64::MAX), "dos_7ZZZZZZZZZZZZ");
    }

    #[test]
    fn texts_sort_as_their_keys() {
        let keys = [0, 1, 31, 32, 1 << 40, i64::MAX];
        let texts = keys.map(|key| encode(Kind::Event, key));
        assert!(texts.is_sorted(), "{texts:?}");
    }

    #[test]
    fn digits_that_look_alike_are_taken_for_each_other() {
        assert_eq!(decode("stk_OoIiLl0000000"), decode("stk_0011110000000"));
        assert!(decode("stk_U000000000000").is_err());
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let bad = [
            "",
            "_",
            "stk",
            "stk_",
            "stk_0",
            "xyz_0000000000000",
            "stk_00000000000000",
            "stk_000000000000",
            "stk_G000000000000",
            "stk-0000000000000",
            "stk_000000000000é",
            "stk_ééééééé",
            "\u{0}",
            "🦀🦀🦀_🦀",
            " stk_0000000000000",
            "stk_00000000000 0",
            "stk__000000000000",
        ];
        for text in bad {
            let error = decode(text).unwrap_err();
            assert!(error.ends_with("is not an id: expected one like stk_0000000000000"), "{error}");
        }
    }

    #[test]
    fn an_error_repeats_little_of_what_was_sent() {
        let error = decode(&"é".repeat(100_000)).unwrap_err();
        assert!(error.chars().count() < 120, "{error}");
    }

    #[test]
    fn an_id_of_another_kind_names_both_kinds() {
        let error = decode_as(Kind::Stakeholder, "evt_0000000000001").unwrap_err();
        assert_eq!(error, "\"evt_0000000000001\" is the id of an event, expected the id of a stakeholder");
    }
}
