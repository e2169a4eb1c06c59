//! Two ways to say no: a refusal of the user's input is data, a fault is an error with a code.

use std::sync::Arc;

use async_graphql::{Enum, ID, SimpleObject};
use entity::kind::Kind;

use crate::many::Many;
use demarche_core::domain::reference::Several;
use demarche_core::error::{Code, Error, Problems, Refusal};
use demarche_core::id;

/// What a resolver gives.
pub type Result<T> = async_graphql::Result<T>;

/// Turns an error of the domain into one of GraphQL. It takes the error along, for the log: the client sees its public text
/// and its code, never its cause.
pub fn fault(error: impl Into<Arc<Error>>) -> async_graphql::Error {
    let error: Arc<Error> = error.into();
    let mut fault = async_graphql::Error::new(error.to_string());
    fault.extensions.get_or_insert_default().set("code", error.code());
    fault.source = Some(error);
    fault
}

/// The request makes no sense, whoever asks.
pub fn bad_input(message: impl Into<String>) -> async_graphql::Error {
    fault(Error::BadInput(message.into()))
}

/// The key that an id stands for, if it is one of this kind.
pub fn key(kind: Kind, id: &ID) -> Result<i64> {
    id::decode_as(kind, id).map_err(bad_input)
}

/// One thing that is wrong with the input of a mutation.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// What kind of thing is wrong: branch on this.
    code: UserErrorCode,
    /// Where: the path of the field from the root of `input`, list items by their number from 0. Empty if no single field is at fault.
    field: Many<String>,
    /// What was wrong and what was expected, for a person.
    message: String,
}

/// Why a field of an input is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Code")]
pub enum UserErrorCode {
    /// A value must be given.
    Required,
    /// The text is longer than may be.
    TooLong,
    /// The value is not of the form or the range that is expected.
    Invalid,
    /// The date lies after today.
    InFuture,
    /// There is no such record, or you may not see it.
    NotFound,
    /// The record belongs to another dossier.
    OtherDossier,
    /// Another record already has this slug or external id.
    Taken,
    /// Somebody has edited the record since the `version` that you saw: look at the current record and try again.
    Conflict,
    /// The assertion has already been superseded: correct the one that replaced it.
    AlreadySuperseded,
    /// The assertion has already been retracted.
    AlreadyRetracted,
    /// The email or the password is wrong.
    InvalidCredentials,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.into(), field: Many(refusal.field), message: refusal.message }
    }
}

/// Ids in the input of a mutation: one that cannot be read is a refusal, and stands for no record.
pub trait ReadIds {
    /// The key that an id stands for.
    fn key(&mut self, field: &str, kind: Kind, id: &ID) -> i64;

    /// The keys that a list of ids stands for.
    fn keys(&mut self, field: &str, kind: Kind, ids: Option<Vec<ID>>) -> Several<i64> {
        let ids = ids.unwrap_or_default();
        let key = |(n, id)| self.key(&format!("{field}.{n}"), kind, id);
        ids.iter().enumerate().map(key).collect::<Vec<_>>().into()
    }
}

impl ReadIds for Problems {
    fn key(&mut self, field: &str, kind: Kind, id: &ID) -> i64 {
        id::decode_as(kind, id).unwrap_or_else(|message| {
            self.add(Code::Invalid, field, message);
            0
        })
    }
}

/// What came of a mutation: the record, or all that is wrong with the input.
pub struct Written<T> {
    /// The record as it is now.
    pub record: Option<T>,
    /// What is wrong with the input.
    pub errors: Many<UserError>,
}

impl<T> Written<T> {
    /// Sorts what the domain says into data and faults.
    pub fn new(result: std::result::Result<T, Error>) -> Result<Self> {
        match result {
            Ok(record) => Ok(Self { record: Some(record), errors: Many::default() }),
            Err(Error::Refused(refusals)) => {
                Ok(Self { record: None, errors: refusals.into_iter().map(UserError::from).collect() })
            }
            Err(error) => Err(fault(error)),
        }
    }
}

/// A payload: the record under its own name, and the errors.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $record:ty }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_doc])*
            $field: Option<$record>,
            /// What is wrong with the input; empty if it was done. Nothing is ever half done.
            errors: $crate::many::Many<$crate::error::UserError>,
        }

        impl<M> From<$crate::error::Written<M>> for $name
        where
            $record: From<$crate::seen::Seen<M>>,
        {
            fn from(written: $crate::error::Written<M>) -> Self {
                let record = written.record.map(|record| $crate::seen::Seen::from(record).into());
                Self { $field: record, errors: written.errors }
            }
        }
    };
}

pub(crate) use payload;
