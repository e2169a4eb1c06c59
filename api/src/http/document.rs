//! What is looked at in a GraphQL document before it runs.

use async_graphql::ServerError;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, SelectionSet};

/// How deep brackets may be nested. async-graphql's parser calls itself for each: some 1,300 end the process.
const BRACKETS_MAX: usize = 128;
const BLOCK: &[u8] = b"\"\"\"";
const ESCAPED_BLOCK: &[u8] = b"\\\"\"\"";
/// How many characters of an operation's name are logged.
const NAME_MAX: usize = 64;

/// Whether the brackets of a document are nested deeper than the parser can bear. Neither calls itself nor looks at a byte
/// more than a few times, and passes over strings and comments. What is not a whole string is not taken for one, so that no
/// bracket hides in it.
pub fn is_too_deep(source: &str) -> bool {
    Scan { bytes: source.as_bytes(), no_block_ahead: false, no_string_before: 0 }.is_too_deep()
}

struct Scan<'a> {
    bytes: &'a [u8],
    /// One block string was looked for in vain, so that no other one ends either.
    no_block_ahead: bool,
    /// A string was looked for in vain up to here.
    no_string_before: usize,
}

impl Scan<'_> {
    fn is_too_deep(&mut self) -> bool {
        let (mut at, mut depth) = (0, 0_usize);
        while let Some(byte) = self.bytes.get(at) {
            at += 1;
            match byte {
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    if depth > BRACKETS_MAX {
                        return true;
                    }
                }
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'"' => at = self.string_end(at - 1).unwrap_or(at),
                b'#' => at = self.find(at, is_line_end),
                _ => {}
            }
        }
        false
    }

    /// Where the string that may begin here ends.
    fn string_end(&mut self, start: usize) -> Option<usize> {
        if self.has(start, BLOCK) && !self.no_block_ahead {
            let end = self.block_end(start + BLOCK.len());
            self.no_block_ahead = end.is_none();
            return end;
        }
        if start < self.no_string_before {
            return None;
        }
        let mut at = start + 1;
        loop {
            at = self.find(at, |byte| is_line_end(byte) || matches!(byte, b'"' | b'\\'));
            match self.bytes.get(at) {
                Some(b'"') => return Some(at + 1),
                Some(b'\\') => at += 2,
                _ => {
                    self.no_string_before = at;
                    return None;
                }
            }
        }
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
    fn find(&self, at: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| is(*byte)).unwrap_or(rest.len())
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The name of the operation that is to run, if it has one.
pub fn operation_name(document: &ExecutableDocument, asked: Option<&str>) -> Option<String> {
    let DocumentOperations::Multiple(operations) = &document.operations else { return None };
    let name = match asked {
        Some(asked) => operations.keys().find(|name| name.as_str() == asked),
        None => operations.keys().next().filter(|_| operations.len() == 1),
    };
    name.map(|name| name.chars().take(NAME_MAX).collect())
}

/// Whether a document asks for the schema.
pub fn is_introspective(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(selects_schema)
}

fn selects_schema(set: &SelectionSet) -> bool {
    use async_graphql::parser::types::Selection;
    set.items.iter().any(|item| match &item.node {
        // Only at the root, but an inline fragment may hide them there.
        Selection::Field(field) => matches!(field.node.name.node.as_str(), "__schema" | "__type"),
        Selection::InlineFragment(fragment) => selects_schema(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}

/// A syntax error without the line of the document that the parser puts into it.
pub fn syntax_error(mut error: ServerError) -> ServerError {
    const TEXT_MAX: usize = 200;
    let reason = error.message.lines().last().unwrap_or_default().trim().trim_start_matches("= ");
    error.message = format!("syntax error: {}", reason.chars().take(TEXT_MAX).collect::<String>());
    error
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn nested(open: &str, close: &str, depth: usize) -> String {
        format!("{{ a(b: {}{}) }}", open.repeat(depth), close.repeat(depth))
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
        let _ = parse_query(nested("[", "]", BRACKETS_MAX - 2));
        let _ = parse_query(nested("{c:", "}", BRACKETS_MAX - 2));
        let _ = parse_query("{a".repeat(BRACKETS_MAX));
        let _ = parse_query("{... ".repeat(BRACKETS_MAX));
    }

    #[test]
    fn the_operation_that_runs_is_named() {
        let name = |query, asked| operation_name(&parse_query(query).unwrap(), asked);
        assert_eq!(name("{ a }", None), None);
        assert_eq!(name("query A { a }", None).as_deref(), Some("A"));
        assert_eq!(name("query A { a } query B { a }", Some("B")).as_deref(), Some("B"));
        assert_eq!(name("query A { a } query B { a }", None), None);
        assert_eq!(name("query A { a }", Some("forged\nline")), None);
    }

    #[test]
    fn questions_about_the_schema_are_told_from_others() {
        let asks = |query| is_introspective(&parse_query(query).unwrap());
        for query in [
            "{ a: __schema { b } }",
            "{ ... { __type(name: \"A\") { b } } }",
            "{ ...f } fragment f on Query { __schema { b } }",
        ] {
            assert!(asks(query), "{query}");
        }
        assert!(!asks("{ __typename a { b } }"));
    }

    #[test]
    fn a_syntax_error_does_not_repeat_the_document() {
        let error = ServerError::from(parse_query("{ secret(").unwrap_err());
        let error = syntax_error(error);
        assert!(error.message.starts_with("syntax error: expected "), "{}", error.message);
        assert!(!error.message.contains("secret"));
    }
}
