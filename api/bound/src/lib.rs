//! How much one request may ask for, and how much it asks for, found out before anything of it runs.
//!
//! Three steps, each cheap enough for the worst that the one before it lets through:
//!
//! 1. [`scan`] counts bytes, tokens and brackets without calling itself: async-graphql's parser calls itself for each
//!    bracket and ends the process when it is nested too deep.
//! 2. [`fragment`] puts the fragments into an order in which each stands after those that it spreads. There is none if they
//!    go in circles.
//! 3. [`price`] walks over the document, once over each fragment, and reckons depth, aliases, directives, page sizes and
//!    the cost of the operation. Only then async-graphql sees the document: it looks into a fragment as often as it is
//!    spread and copies a variable as often as it is used, which [`Bounds::selections_max`] and [`Bounds::values_max`]
//!    bound.

pub mod fragment;
pub mod price;
pub mod scan;
pub mod shape;
mod size;
pub mod variable;

use std::fmt;

use async_graphql::{Pos, ServerError, Value};

/// The size of a page if none is asked for.
pub const PAGE_SIZE: u16 = 20;
/// The largest page.
pub const PAGE_SIZE_MAX: u16 = 200;

/// The bounds of one operation. `config/defaults.toml` says what each is good for.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How large a document may be, in bytes.
    pub document_bytes_max: usize,
    /// How many tokens a document may have.
    pub tokens_max: usize,
    /// How deep brackets, and selections with fragments put in their places, may be nested.
    pub nesting_max: usize,
    /// How many values the JSON of a request may have, and its variables wherever the document uses them.
    pub values_max: usize,
    /// How deep fields may be nested.
    pub depth_max: usize,
    /// How many fields may have an alias.
    pub aliases_max: usize,
    /// How many directives may be used.
    pub directives_max: usize,
    /// How many selections a document may have with all fragments put in their places.
    pub selections_max: usize,
    /// How large a page, and the list of ids of `nodes`, may be.
    pub page_size_max: usize,
    /// How much an operation may cost.
    pub complexity_max: usize,
    /// How many errors are answered.
    pub errors_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            document_bytes_max: 262_144,
            tokens_max: 15_000,
            nesting_max: 64,
            values_max: 100_000,
            depth_max: 15,
            aliases_max: 200,
            directives_max: 100,
            selections_max: 20_000,
            page_size_max: PAGE_SIZE_MAX.into(),
            complexity_max: 100_000,
            errors_max: 100,
        }
    }
}

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The bytes of a document.
    Document,
    /// The tokens of a document.
    Tokens,
    /// How deep things are nested.
    Nesting,
    /// The bytes of one name or number of a document: [`scan::WORD_BYTES_MAX`].
    Word,
    /// The values in the JSON of a request.
    Values,
    /// How deep fields are nested.
    Depth,
    /// The fields with an alias.
    Aliases,
    /// The directives.
    Directives,
    /// The selections with all fragments put in their places.
    Selections,
    /// The records of a page.
    PageSize,
    /// The cost of an operation.
    Cost,
    /// The errors of an answer.
    Errors,
    /// The operations of a batch.
    Batch,
    /// The bytes of a body.
    Body,
    /// The milliseconds that an answer takes.
    Time,
}

impl Bound {
    /// The code that clients branch on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Document => "DOCUMENT_LIMIT",
            Self::Tokens => "TOKEN_LIMIT",
            Self::Nesting => "NESTING_LIMIT",
            Self::Word => "WORD_LIMIT",
            Self::Values => "VALUE_LIMIT",
            Self::Depth => "DEPTH_LIMIT",
            Self::Aliases => "ALIAS_LIMIT",
            Self::Directives => "DIRECTIVE_LIMIT",
            Self::Selections => "SELECTION_LIMIT",
            Self::PageSize => "PAGE_SIZE_LIMIT",
            Self::Cost => "QUERY_TOO_COMPLEX",
            Self::Errors => "ERROR_LIMIT",
            Self::Batch => "BATCH_LIMIT",
            Self::Body => "BODY_LIMIT",
            Self::Time => "TIMEOUT",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Document => "the document has too many bytes",
            Self::Tokens => "the document has too many tokens",
            Self::Nesting => "the request is nested too deep",
            Self::Word => "a name or number of the document has too many bytes",
            Self::Values => "the request has too many values",
            Self::Depth => "the fields of the operation are nested too deep",
            Self::Aliases => "the operation has too many aliases",
            Self::Directives => "the operation has too many directives",
            Self::Selections => "the document has too many selections, with its fragments put in their places",
            Self::PageSize => "a page is too large",
            Self::Cost => "the operation costs too much",
            Self::Errors => "the answer has too many errors, the others are left out",
            Self::Batch => "the batch has too many operations",
            Self::Body => "the body has too many bytes",
            Self::Time => "the operation took too many milliseconds",
        }
    }
}

/// More is asked for than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Of what.
    pub bound: Bound,
    /// How much may be.
    pub limit: usize,
    /// How much was found; where that is not known, just more than may be.
    pub found: usize,
    /// Where in the document.
    pub at: Option<Pos>,
}

impl Exceeded {
    /// Refuses what is `found` if it is more than `limit`.
    ///
    /// # Errors
    /// If it is.
    pub const fn check(bound: Bound, found: usize, limit: usize) -> Result<(), Self> {
        if found > limit { Err(Self { bound, limit, found, at: None }) } else { Ok(()) }
    }

    /// The same as an error of GraphQL.
    pub fn error(&self) -> ServerError {
        let mut error = ServerError::new(self.to_string(), self.at);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", self.bound.code());
        extensions.set("limit", Value::from(self.limit));
        extensions.set("found", Value::from(self.found));
        error
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} found, at most {} allowed", self.bound.noun(), self.found, self.limit)
    }
}

/// Our schema, as it is committed: the suite compares it with the real one.
#[cfg(test)]
const OUR_SCHEMA: &str = include_str!("../../../schema.graphql");
