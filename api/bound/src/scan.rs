//! Counts what a text holds before any parser sees it: one pass, no call of itself, no byte looked at more than a few times.
//! What is not a whole string is not taken for one, so that nothing hides in it.

use crate::{Bound, Bounds, Exceeded};

/// How many bytes a name or a number may have: error messages repeat names.
pub const WORD_BYTES_MAX: usize = 255;

const BLOCK: &[u8] = b"\"\"\"";
const ESCAPED_BLOCK: &[u8] = b"\\\"\"\"";

/// What a text holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// How many tokens; of JSON: about how many values.
    pub tokens: usize,
    /// How deep brackets are nested.
    pub nesting: usize,
    /// The bytes of the longest name or number.
    pub word: usize,
    depth: usize,
}

/// Refuses a document that no parser should see.
///
/// # Errors
/// If it is too large, has too many tokens or too long words, or is nested too deep.
pub fn check_document(source: &str, bounds: &Bounds) -> Result<(), Exceeded> {
    Exceeded::check(Bound::Document, source.len(), bounds.document_bytes_max)?;
    let found = document(source);
    Exceeded::check(Bound::Nesting, found.nesting, bounds.nesting_max)?;
    Exceeded::check(Bound::Tokens, found.tokens, bounds.tokens_max)?;
    Exceeded::check(Bound::Word, found.word, WORD_BYTES_MAX)
}

/// Refuses JSON that no parser should see.
///
/// # Errors
/// If it has too many values, or is nested too deep.
pub fn check_json(source: &[u8], bounds: &Bounds) -> Result<(), Exceeded> {
    let found = json(source);
    Exceeded::check(Bound::Nesting, found.nesting, bounds.nesting_max)?;
    Exceeded::check(Bound::Values, found.tokens, bounds.values_max)
}

/// Looks at a GraphQL document.
pub fn document(source: &str) -> Scan {
    Text { bytes: source.as_bytes(), no_block_ahead: false, no_string_before: 0 }.document()
}

/// Looks at JSON.
pub fn json(source: &[u8]) -> Scan {
    Text { bytes: source, no_block_ahead: true, no_string_before: 0 }.json()
}

impl Scan {
    fn open(&mut self) {
        self.tokens += 1;
        self.depth += 1;
        self.nesting = self.nesting.max(self.depth);
    }

    const fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

struct Text<'a> {
    bytes: &'a [u8],
    /// One block string was looked for in vain, so that no other one ends either.
    no_block_ahead: bool,
    /// A string was looked for in vain up to here.
    no_string_before: usize,
}

impl Text<'_> {
    fn document(&mut self) -> Scan {
        let (mut at, mut found) = (0, Scan::default());
        while let Some(byte) = self.bytes.get(at) {
            at += 1;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
                b'#' => {
                    at = self.find(at, is_line_end);
                    continue;
                }
                b'(' | b'[' | b'{' => {
                    found.open();
                    continue;
                }
                b')' | b']' | b'}' => found.close(),
                b'"' => at = self.string_end(at - 1).unwrap_or(at),
                b'.' if self.has(at, b"..") => at += 2,
                byte if is_word(*byte) => {
                    let end = self.find(at, |byte| !is_word(byte));
                    found.word = found.word.max(end - at + 1);
                    at = end;
                }
                _ => {}
            }
            found.tokens += 1;
        }
        found
    }

    fn json(&mut self) -> Scan {
        let (mut at, mut found) = (0, Scan::default());
        while let Some(byte) = self.bytes.get(at) {
            at += 1;
            match byte {
                b'[' | b'{' => found.open(),
                b']' | b'}' => found.close(),
                b',' => found.tokens += 1,
                b'"' => at = self.string_end(at - 1).unwrap_or(at),
                _ => {}
            }
        }
        found
    }

    /// Where the string that may begin here ends.
    fn string_end(&mut self, start: usize) -> Option<usize> {
        if !self.no_block_ahead && self.has(start, BLOCK) {
            let end = self.block_end(start + BLOCK.len());
            self.no_block_ahead = end.is_none();
            return end;
        }
        if start < self.no_string_before {
            return None;
        }
        // In one go: a text may be all escapes.
        let mut is_escaped = false;
        let end = self.find(start + 1, |byte| {
            let was_escaped = is_escaped;
            is_escaped = !was_escaped && byte == b'\\';
            !was_escaped && (byte == b'"' || is_line_end(byte))
        });
        if self.bytes.get(end) == Some(&b'"') {
            return Some(end + 1);
        }
        self.no_string_before = end;
        None
    }

    fn block_end(&self, mut at: usize) -> Option<usize> {
        loop {
            at = self.find(at, |byte| matches!(byte, b'"' | b'\\'));
            self.bytes.get(at)?;
            if self.has(at, BLOCK) {
                return Some(at + BLOCK.len());
            }
            at += if self.has(at, ESCAPED_BLOCK) { ESCAPED_BLOCK.len() } else { 1 };
        }
    }

    fn has(&self, at: usize, text: &[u8]) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(text))
    }

    /// The first place from `at` on where `is` holds, or the end.
    fn find(&self, at: usize, mut is: impl FnMut(u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| is(*byte)).unwrap_or(rest.len())
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// What names and numbers are made of.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+')
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn nested(open: &str, close: &str, depth: usize) -> String {
        format!("{{ a(b: {}{}) }}", open.repeat(depth), close.repeat(depth))
    }

    fn is_too_deep(source: &str) -> bool {
        document(source).nesting > 128
    }

    #[test]
    fn deep_brackets_are_found_wherever_they_stand() {
        for (open, close) in [("[", "]"), ("{c:", "}")] {
            assert!(!is_too_deep(&nested(open, close, 100)));
            assert!(is_too_deep(&nested(open, close, 200)));
            assert!(is_too_deep(&nested(open, "", 200)));
        }
        assert!(is_too_deep(&format!("{{ a(b: \"\\\"\", c: {}", "[".repeat(200))));
        assert!(is_too_deep(&format!("{{ a(b: \"\"\"\\\"\"\" \"\"\", c: {}", "[".repeat(200))));
        assert!(is_too_deep(&format!("# \"\n{}", "[".repeat(200))));
        assert!(is_too_deep(&format!("\"{}", "[".repeat(200))));
        assert!(is_too_deep(&format!("\"\n{}", "[".repeat(200))));
    }

    #[test]
    fn hostile_texts_are_looked_at_in_one_pass() {
        for hostile in ["\\\"", "\\\"\"\"", "\"\n", "\"\"\"\\", "\"", "\\"] {
            assert!(!is_too_deep(&hostile.repeat(1 << 20)));
            assert!(is_too_deep(&format!("\"\"\" \" {}", "[".repeat(200))));
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let brackets = "[".repeat(200);
        assert!(!is_too_deep(&format!("{{ a(b: \"{brackets}\") }}")));
        assert!(!is_too_deep(&format!("{{ a(b: \"\\\"{brackets}\") }}")));
        assert!(!is_too_deep(&format!("{{ a(b: \"\"\"\n\"{brackets}\"\"\") }}")));
        assert!(!is_too_deep(&format!("{{ a # {brackets}\n }}")));
    }

    #[test]
    fn what_is_not_too_deep_is_parsed_without_harm() {
        for depth in [Bounds::default().nesting_max, 126] {
            let _ = parse_query(nested("[", "]", depth));
            let _ = parse_query(nested("{c:", "}", depth));
            let _ = parse_query(format!("query($a: {}", "[".repeat(depth)));
            let _ = parse_query("{a".repeat(depth));
            let _ = parse_query("{... ".repeat(depth));
        }
    }

    #[test]
    fn tokens_are_counted_as_the_specification_has_them() {
        for (source, tokens) in [
            ("", 0),
            (" ,\n# a b c\n", 0),
            ("{ a }", 3),
            ("query A($b: [Int!]! = -15) @c { d: e(f: $b, g: \"h i\") ...J }", 32),
            ("\"\"\" a \"b\" \\\"\"\" \"\"\"", 1),
        ] {
            assert_eq!(document(source).tokens, tokens, "{source}");
        }
    }

    #[test]
    fn the_longest_word_is_found() {
        assert_eq!(document("{ ab abc: a(b: \"abcdef\") }").word, 3);
        assert_eq!(document(&format!("{{ {} }}", "a".repeat(300))).word, 300);
        assert_eq!(document(&format!("{{ a(b: {}) }}", "1".repeat(300))).word, 300);
    }

    #[test]
    fn values_of_json_are_counted() {
        let found = json(br#"{"a": [1, 2, "[,", {"b\"[": null}], "c": 1}"#);
        assert_eq!((found.tokens, found.nesting), (7, 3));
        assert_eq!(json("[".repeat(10_000).as_bytes()).nesting, 10_000);
    }
}
