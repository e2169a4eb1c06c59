//! The rules: what may be recorded, how it changes, and what follows from it. The only callers of the policy.
//!
//! [`node`] and [`assertion`] know the two ways in which records change, which the doors reach through [`mod@write`]; [`list`] the
//! one way in which they are read. A
//! concept's own file says what is its own: its draft, what is checked of it, and how it is stored.

use crate::error::{Problems, Result};
use crate::op::Op;
use crate::policy;
/// What the doors ask leave for, when they refuse an input on their own.
pub use crate::policy::Action;

mod access;
pub mod access_token;
pub mod account;
pub mod assertion;
pub mod audit;
pub mod bulk;
pub mod change;
pub mod date;
pub mod export;
pub mod identity;
pub mod list;
pub mod marking;
pub mod member;
pub mod node;
pub mod principal;
pub mod recorder;
pub mod reference;
pub mod revision;
pub mod search;
pub mod session;
pub mod signing_key;
pub mod standing;
pub mod write;

pub mod argument;
pub mod condition;
pub mod dossier;
pub mod event;
pub mod finding;
pub mod implication;
pub mod mechanism;
pub mod position;
pub mod rating;
pub mod relation;
pub mod source;
pub mod stakeholder;
pub mod status;

/// Whether a door could read all of an input. The policy comes first: who may not do what it asks for is not told what is
/// wrong with it.
///
/// # Errors
/// [`Error::Refused`](crate::error::Error::Refused) with the problems, or what the policy says.
pub fn readable(op: &Op, action: Action, problems: Problems) -> Result<()> {
    problems.finish().or_else(|error| policy::may(op, action).and(Err(error)))
}
