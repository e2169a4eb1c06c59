//! All authorisation, in one place: who may do what. It yields the [`Scope`] that every select begins with.
//!
//! Roles are ordered by what they may do; the matches are exhaustive, so that a new action will not compile until it is
//! decided here. A test writes the whole of it as a page of ticks.

use entity::scope::{Dossiers, Scope};
use entity::words::{Marking, Role};

use crate::error::{Error, Result};
use crate::op::{Actor, Op, Signed};

/// Something that one can try to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To look at records.
    Read,
    /// To open a dossier.
    OpenDossier,
    /// To create and edit nodes.
    EditNode,
    /// To record and to supersede assertions.
    Assert,
    /// To take assertions back.
    Retract,
    /// To create accounts and to give them tokens.
    ManageAccounts,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::OpenDossier, Self::EditNode, Self::Assert, Self::Retract, Self::ManageAccounts];

    const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read records",
            Self::OpenDossier => "open dossiers",
            Self::EditNode => "edit nodes",
            Self::Assert => "record assertions",
            Self::Retract => "retract assertions",
            Self::ManageAccounts => "manage accounts",
        }
    }
}

/// Whether a role may do something.
pub const fn permits(role: Role, action: Action) -> bool {
    match action {
        Action::Read => true,
        Action::OpenDossier | Action::EditNode | Action::Assert | Action::Retract => {
            matches!(role, Role::Analyst | Role::Admin)
        }
        Action::ManageAccounts => matches!(role, Role::Admin),
    }
}

/// What the actor may see.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor.
pub fn scope(op: &Op) -> Result<Scope> {
    authorise(op, Action::Read)
}

/// Lets the actor do `action` on what is in the scope that it gives.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor, [`Error::Forbidden`] if the role does not reach that far.
pub fn authorise(op: &Op, action: Action) -> Result<Scope> {
    let signed = signed(op)?;
    if !permits(signed.role, action) {
        let role = match signed.role {
            Role::Reader => "READER",
            Role::Analyst => "ANALYST",
            Role::Admin => "ADMIN",
        };
        return Err(Error::Forbidden(format!("the role {role} may not {}", action.verb())));
    }
    Ok(Scope::new(Marking::Red, Dossiers::All))
}

/// The account that asks.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor.
pub fn signed(op: &Op) -> Result<&Signed> {
    match &op.actor {
        Actor::Account(signed) => Ok(signed),
        Actor::Anonymous => Err(Error::Unauthenticated("sign in first: send `Authorization: Bearer <token>`")),
    }
}
