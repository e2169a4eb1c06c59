//! What can go wrong, in one table: the code that clients branch on, the HTTP status, and the text that they may read.

use std::fmt;

use sea_orm::DbErr;

/// Why an operation was not done.
#[derive(Debug)]
pub enum Error {
    /// Nobody is signed in, or the token is not good.
    Unauthenticated(&'static str),
    /// The actor's role does not reach that far.
    Forbidden(String),
    /// There is no such record, or it may not be seen: the two are not told apart.
    NotFound(String),
    /// The request makes no sense, whoever asks.
    BadInput(String),
    /// The user's input was refused: data for the one who wrote it.
    Refused(Vec<Refusal>),
    /// Too much is going on: the same request may be answered later.
    Busy(&'static str),
    /// Our fault. The cause goes to the log and never to the client.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The code that clients branch on, in `extensions.code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::NotFound(_) => "NOT_FOUND",
            Self::BadInput(_) | Self::Refused(_) => "BAD_USER_INPUT",
            Self::Busy(_) => "TOO_MANY_REQUESTS",
            Self::Internal(_) => "INTERNAL_SERVER_ERROR",
        }
    }

    /// A fault with a text of its own.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// One refusal.
    pub fn refused(code: Code, field: &str, message: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal::new(code, field, message)])
    }
}

impl fmt::Display for Error {
    /// The public text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated(text) | Self::Busy(text) => f.write_str(text),
            Self::Forbidden(text) | Self::NotFound(text) | Self::BadInput(text) => f.write_str(text),
            Self::Refused(refusals) => {
                for (n, refusal) in refusals.iter().enumerate() {
                    let comma = if n == 0 { "" } else { "; " };
                    write!(f, "{comma}{refusal}")?;
                }
                Ok(())
            }
            Self::Internal(_) => f.write_str("something went wrong on our side; the log has it under this request id"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal(cause) => Some(&**cause),
            _ => None,
        }
    }
}

impl From<DbErr> for Error {
    fn from(cause: DbErr) -> Self {
        Self::internal(cause)
    }
}

impl From<serde_json::Error> for Error {
    fn from(cause: serde_json::Error) -> Self {
        Self::internal(cause)
    }
}

/// What is wrong with one field of the user's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of thing is wrong.
    pub code: Code,
    /// The path of the field, from the input's root.
    pub field: Vec<String>,
    /// What was wrong and what was expected.
    pub message: String,
}

impl Refusal {
    /// `field` is a path joined by dots.
    pub fn new(code: Code, field: &str, message: impl Into<String>) -> Self {
        let field = field.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { code, field, message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.field.join("."), self.message)
    }
}

/// Why a field of the user's input is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A value must be given.
    Required,
    /// The text is longer than may be.
    TooLong,
    /// The value is not of the form or the range that is expected.
    Invalid,
    /// The date lies after today.
    InFuture,
    /// There is no such record, or it may not be seen.
    NotFound,
    /// The record belongs to another dossier.
    OtherDossier,
    /// Another record already has this slug or external id.
    Taken,
    /// Somebody else has edited the record meanwhile.
    Conflict,
    /// The assertion has already been superseded.
    AlreadySuperseded,
    /// The assertion has already been retracted.
    AlreadyRetracted,
    /// The email or the password is wrong.
    InvalidCredentials,
}

/// Collects what is wrong with an input, so that its writer learns all of it at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Refusal>);

impl Problems {
    /// Adds one.
    pub fn add(&mut self, code: Code, field: &str, message: impl Into<String>) {
        self.0.push(Refusal::new(code, field, message));
    }

    /// A text that must not be empty, of at most `max` characters.
    pub fn required(&mut self, field: &str, text: &str, max: usize) {
        if text.trim().is_empty() {
            self.add(Code::Required, field, "must not be empty");
        }
        self.bounded(field, text, max);
    }

    /// A text that may be left out; if it is there, it must not be empty.
    pub fn optional(&mut self, field: &str, text: Option<&str>, max: usize) {
        if let Some(text) = text {
            self.required(field, text, max);
        }
    }

    fn bounded(&mut self, field: &str, text: &str, max: usize) {
        // Bytes bound characters from above, so that most texts are not counted.
        if text.len() > max {
            let length = text.chars().count();
            if length > max {
                self.add(Code::TooLong, field, format!("has {length} characters, at most {max} are allowed"));
            }
        }
        // PostgreSQL cannot store it, and no text has a use for it.
        if text.contains('\0') {
            self.add(Code::Invalid, field, "contains the character NUL (U+0000)");
        }
    }

    /// A number between two bounds, both included.
    pub fn within<T: Copy + PartialOrd + fmt::Display>(&mut self, field: &str, value: Option<T>, low: T, high: T) {
        if let Some(value) = value
            && !(value >= low && value <= high)
        {
            self.add(Code::Invalid, field, format!("is {value}, expected {low} to {high}"));
        }
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is anything in it.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Refused(self.0)) }
    }
}
