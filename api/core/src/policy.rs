//! All authorisation, in one place: who may see and do what. It yields the [`Scope`] that every select begins with.
//!
//! Three things bound an actor, and the narrowest counts: the role of the account in the whole instance, its role as a
//! member of the dossier, and what its credential lets through. A marking above the account's clearance, and a dossier that
//! it is no member of, do not exist for it: they are outside its scope, and whatever asks for them is answered as for what
//! is not there. `FORBIDDEN` is only said of what the actor can see.
//!
//! The matches are exhaustive, so that a new action will not compile until it is decided here. A test writes the whole of
//! it as a page of ticks.

use entity::scope::{Dossiers, Scope};
use entity::words::{Marking, MemberRole, Role, TokenScope};

use crate::error::{Code, Error, Result};
use crate::op::{Actor, Op, Signed};

/// Something that one can try to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To look at the records of a dossier.
    Read,
    /// To take the records of a dossier away in a file.
    Export,
    /// To open a dossier.
    OpenDossier,
    /// To create and edit nodes.
    EditNode,
    /// To record and to supersede assertions.
    Assert,
    /// To take back what one has recorded oneself.
    RetractOwn,
    /// To take back what somebody else has recorded.
    RetractOthers,
    /// To change how far a record may travel.
    ChangeMarking,
    /// To say who is a member of a dossier.
    ManageMembers,
    /// To delete a dossier with all that is in it.
    DeleteDossier,
    /// To read who did what in a dossier.
    ReadAudit,
    /// To read who did what outside of any dossier.
    ReadInstanceAudit,
    /// To create, suspend and clear accounts, and to act on their tokens.
    ManageAccounts,
    /// To make and revoke access tokens of one's own.
    ManageTokens,
}

/// Where an action takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// In a dossier, for members from this role on.
    Dossier(MemberRole),
    /// In the whole instance, for accounts from this role on.
    Instance(Role),
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 14] = [
        Self::Read,
        Self::Export,
        Self::OpenDossier,
        Self::EditNode,
        Self::Assert,
        Self::RetractOwn,
        Self::RetractOthers,
        Self::ChangeMarking,
        Self::ManageMembers,
        Self::DeleteDossier,
        Self::ReadAudit,
        Self::ReadInstanceAudit,
        Self::ManageAccounts,
        Self::ManageTokens,
    ];

    const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read records",
            Self::Export => "export records",
            Self::OpenDossier => "open dossiers",
            Self::EditNode => "edit nodes",
            Self::Assert => "record assertions",
            Self::RetractOwn => "retract assertions",
            Self::RetractOthers => "retract what others have recorded",
            Self::ChangeMarking => "change markings",
            Self::ManageMembers => "manage members",
            Self::DeleteDossier => "delete the dossier",
            Self::ReadAudit | Self::ReadInstanceAudit => "read the audit log",
            Self::ManageAccounts => "manage accounts",
            Self::ManageTokens => "manage access tokens",
        }
    }

    /// Where it takes place, and from which role on it is permitted there.
    pub const fn realm(self) -> Realm {
        match self {
            Self::Read | Self::Export => Realm::Dossier(MemberRole::Reader),
            Self::EditNode | Self::Assert | Self::RetractOwn => Realm::Dossier(MemberRole::Analyst),
            Self::RetractOthers => Realm::Dossier(MemberRole::Editor),
            Self::ChangeMarking | Self::ManageMembers | Self::DeleteDossier | Self::ReadAudit => {
                Realm::Dossier(MemberRole::Owner)
            }
            Self::OpenDossier => Realm::Instance(Role::Analyst),
            Self::ManageTokens => Realm::Instance(Role::Reader),
            Self::ReadInstanceAudit | Self::ManageAccounts => Realm::Instance(Role::Admin),
        }
    }

    /// What a credential must let through for it.
    pub const fn needs(self) -> TokenScope {
        match self {
            Self::Read => TokenScope::Read,
            Self::Export => TokenScope::Export,
            Self::OpenDossier
            | Self::EditNode
            | Self::Assert
            | Self::RetractOwn
            | Self::RetractOthers
            | Self::ChangeMarking => TokenScope::Write,
            Self::ManageMembers
            | Self::DeleteDossier
            | Self::ReadAudit
            | Self::ReadInstanceAudit
            | Self::ManageAccounts
            | Self::ManageTokens => TokenScope::Admin,
        }
    }
}

/// What an account may do in a dossier in the end: an `ADMIN` owns every dossier, a `READER` only ever reads, and an
/// `ANALYST` is what the dossier's owner made of it.
const fn effective(role: Role, member: Option<MemberRole>) -> Option<MemberRole> {
    match (role, member) {
        (Role::Admin, _) => Some(MemberRole::Owner),
        (Role::Reader, Some(_)) => Some(MemberRole::Reader),
        (Role::Analyst, Some(member)) => Some(member),
        (Role::Reader | Role::Analyst, None) => None,
    }
}

/// Whether an account of this role, and with this role in the dossier that it is about, may do something.
pub fn permits(role: Role, member: Option<MemberRole>, action: Action) -> bool {
    match action.realm() {
        Realm::Dossier(least) => effective(role, member).is_some_and(|member| member >= least),
        Realm::Instance(least) => rank(role) >= rank(least),
    }
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Reader => 0,
        Role::Analyst => 1,
        Role::Admin => 2,
    }
}

/// What the actor may see.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor, [`Error::Forbidden`] for a credential that may not read.
pub fn scope(op: &Op) -> Result<Scope> {
    let signed = allowed(op, Action::Read)?;
    Ok(Scope::new(signed.clearance, dossiers(signed)))
}

/// What the actor may take away in a file: `AMBER_STRICT` and above only with a credential that says so.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor, [`Error::Forbidden`] for a credential that may not export.
pub fn export_scope(op: &Op) -> Result<Scope> {
    let signed = allowed(op, Action::Export)?;
    let strict = signed.credential.allows(TokenScope::ExportAmberStrict);
    let clearance = if strict { signed.clearance } else { signed.clearance.min(Marking::Amber) };
    Ok(Scope::new(clearance, dossiers(signed)))
}

fn dossiers(signed: &Signed) -> Dossiers {
    match (signed.role, signed.credential.dossier()) {
        (Role::Admin, None) => Dossiers::All,
        (Role::Admin, Some(only)) => Dossiers::Only(vec![only]),
        (Role::Reader | Role::Analyst, None) => Dossiers::Only(signed.memberships.dossiers()),
        (Role::Reader | Role::Analyst, Some(only)) => {
            Dossiers::Only(signed.memberships.role(only).map(|_| only).into_iter().collect())
        }
    }
}

/// Lets the actor try: their account may do `action` somewhere, and their credential lets it through. Of an action in the
/// whole instance, that is all there is to ask.
///
/// # Errors
/// [`Error::Unauthenticated`] for the anonymous actor, [`Error::Forbidden`] if it is nowhere permitted.
pub fn may(op: &Op, action: Action) -> Result<()> {
    let signed = allowed(op, action)?;
    if matches!(action.realm(), Realm::Instance(_)) && signed.credential.dossier().is_some() {
        // An account or a token that it made would reach beyond the dossier.
        return Err(Error::Forbidden(format!(
            "this access token is bound to a dossier, and may not {}",
            action.verb()
        )));
    }
    if permits(signed.role, Some(MemberRole::Owner), action) {
        return Ok(());
    }
    Err(Error::Forbidden(format!("an account with the role {} may not {}", role_name(signed.role), action.verb())))
}

/// Lets the actor do `action` in a dossier.
///
/// # Errors
/// As [`may`]; [`Error::Refused`] with [`Code::NotFound`] for who is no member of the dossier, [`Error::Forbidden`] for
/// a member whose role does not reach that far.
pub fn authorise(op: &Op, action: Action, dossier: i64) -> Result<()> {
    may(op, action)?;
    let signed = signed(op)?;
    let only = signed.credential.dossier();
    let member = signed.memberships.role(dossier);
    let Some(member) = effective(signed.role, member).filter(|_| only.is_none_or(|only| only == dossier)) else {
        return Err(Error::refused(Code::NotFound, "dossier", "there is no such dossier"));
    };
    if permits(signed.role, Some(member), action) {
        return Ok(());
    }
    Err(Error::Forbidden(format!("in this dossier you are {}, and may not {}", member_name(member), action.verb())))
}

/// Whether the actor may do `action` in a dossier, without saying why not.
pub fn can(op: &Op, action: Action, dossier: i64) -> bool {
    authorise(op, action, dossier).is_ok()
}

/// The account that asks, if its credential lets `action` through.
fn allowed(op: &Op, action: Action) -> Result<&Signed> {
    let signed = signed(op)?;
    if signed.credential.allows(action.needs()) {
        return Ok(signed);
    }
    Err(Error::Forbidden(format!(
        "this access token may not {}: it lacks the scope {}",
        action.verb(),
        scope_name(action.needs())
    )))
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

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Reader => "READER",
        Role::Analyst => "ANALYST",
        Role::Admin => "ADMIN",
    }
}

const fn member_name(member: MemberRole) -> &'static str {
    match member {
        MemberRole::Reader => "a READER",
        MemberRole::Analyst => "an ANALYST",
        MemberRole::Editor => "an EDITOR",
        MemberRole::Owner => "an OWNER",
    }
}

const fn scope_name(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "READ",
        TokenScope::Write => "WRITE",
        TokenScope::Export => "EXPORT",
        TokenScope::ExportAmberStrict => "EXPORT_AMBER_STRICT",
        TokenScope::Admin => "ADMIN",
    }
}
