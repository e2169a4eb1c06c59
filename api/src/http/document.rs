//! What is told of a GraphQL document: its operation's name to the log, its syntax error to who wrote it.

use async_graphql::ServerError;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use async_graphql::parser::{self, parse_query};

use demarche_bound::{Bound, Exceeded};

/// How many characters of an operation's name are logged.
const NAME_MAX: usize = 64;
/// How deep async-graphql's parser follows selections.
const PARSER_NESTING_MAX: usize = 64;

/// The name of the operation that is to run, if it has one.
pub fn operation_name(document: &ExecutableDocument, asked: Option<&str>) -> Option<String> {
    let DocumentOperations::Multiple(operations) = &document.operations else { return None };
    let name = match asked {
        Some(asked) => operations.keys().find(|name| name.as_str() == asked),
        None => operations.keys().next().filter(|_| operations.len() == 1),
    };
    name.map(|name| name.chars().take(NAME_MAX).collect())
}

/// Reads a document.
///
/// # Errors
/// If it is none; the error does not repeat the line that the parser puts into it.
pub fn parse(source: &str) -> Result<ExecutableDocument, ServerError> {
    const TEXT_MAX: usize = 200;
    parse_query(source).map_err(|error| {
        if error == parser::Error::RecursionLimitExceeded {
            let (limit, found) = (PARSER_NESTING_MAX, PARSER_NESTING_MAX + 1);
            return Exceeded { bound: Bound::Nesting, limit, found, at: None }.error();
        }
        let mut error = ServerError::from(error);
        let reason = error.message.lines().last().unwrap_or_default().trim().trim_start_matches("= ");
        error.message = format!("syntax error: {}", reason.chars().take(TEXT_MAX).collect::<String>());
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_that_runs_is_named() {
        let name = |query, asked| operation_name(&parse(query).unwrap(), asked);
        assert_eq!(name("{ a }", None), None);
        assert_eq!(name("query A { a }", None).as_deref(), Some("A"));
        assert_eq!(name("query A { a } query B { a }", Some("B")).as_deref(), Some("B"));
        assert_eq!(name("query A { a } query B { a }", None), None);
        assert_eq!(name("query A { a }", Some("forged\nline")), None);
    }

    #[test]
    fn a_syntax_error_does_not_repeat_the_document() {
        for source in ["{ secret(", "{ a(b: 1secret) }", "{ a(b: \"secret) }", "secret { a }"] {
            let error = parse(source).unwrap_err();
            assert!(error.message.starts_with("syntax error: expected "), "{}", error.message);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}
