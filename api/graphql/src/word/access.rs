//! The words of what somebody may do.

use async_graphql::Enum;
use entity::words;

/// What an account may do in the whole instance. In a dossier, its role as a member counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Role")]
pub enum Role {
    /// Only ever reads, whatever it is a member of.
    Reader,
    /// May open dossiers, and do in a dossier what its role as a member permits.
    Analyst,
    /// Owns every dossier, manages accounts, and reads the audit log of the instance.
    Admin,
}

/// What a member may do in a dossier. Each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MemberRole")]
pub enum MemberRole {
    /// Reads and exports, as far as its clearance reaches.
    Reader,
    /// Creates and edits nodes, records and supersedes assertions, and retracts its own.
    Analyst,
    /// Retracts what others have recorded as well.
    Editor,
    /// Manages members, changes markings, reads the audit log of the dossier, and may delete it.
    Owner,
}

/// What an access token lets its bearer do, at most: what its account may do still bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::TokenScope")]
pub enum TokenScope {
    /// To read records.
    Read,
    /// To open dossiers, edit nodes, record, supersede and retract assertions, and change markings. Needs `READ`.
    Write,
    /// To take records away in a file, up to the marking `AMBER`.
    Export,
    /// To take away what is marked `AMBER_STRICT` or `RED` as well, as far as the account is cleared. Needs `EXPORT`. A session
    /// does not have it, so that only the command line hands it out.
    ExportAmberStrict,
    /// To manage members, accounts, sessions and access tokens, to read the audit log, and to delete dossiers.
    Admin,
}
