//! The words of the audit log and of what is told to those who keep a copy.

use async_graphql::Enum;
use entity::words;

/// What an entry of the audit log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::AuditAction")]
pub enum AuditAction {
    /// Records marked `AMBER` or above were shown.
    Read,
    /// Records were created, edited, recorded, superseded or retracted.
    Write,
    /// The marking of records was changed.
    Mark,
    /// Somebody became a member of the dossier, changed role in it, or left it.
    Member,
    /// The dossier was deleted with all that was in it.
    Delete,
    /// Records were taken away in a file.
    Export,
    /// Somebody signed in, or tried to.
    SignIn,
    /// A session was ended.
    SignOut,
    /// An account was made or changed.
    Account,
    /// An access token was made or revoked.
    Token,
    /// The instance was looked after.
    Maintain,
}

/// How what an entry of the audit log is about ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::AuditOutcome")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused: the input was wrong, or the actor may not.
    Refused,
    /// It failed on our side.
    Failed,
}

/// What was shown to prove who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::AuditCredential")]
pub enum AuditCredential {
    /// Nothing: nobody was signed in.
    Nothing,
    /// The program was run on the machine that holds the database.
    Machine,
    /// A session that began with signing in.
    Session,
    /// An access token for scripts.
    Token,
    /// A token of an outside identity provider.
    Provider,
}

/// What has happened to a record, or to what you may see. Several things that one transaction did to one record are one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::ChangeAction")]
pub enum ChangeAction {
    /// Its marking was changed, and you see it: take it anew.
    Marked,
    /// It was edited: take it anew.
    Edited,
    /// It was created or recorded; a correction names what it `supersedes`.
    Created,
    /// It was replaced by a correction, which is a change of its own in the same transaction: drop it, if you keep what stands.
    Superseded,
    /// It was taken back: drop it, if you keep what stands.
    Retracted,
    /// You see a dossier that you did not see before: fetch it whole, as an export of it, and go on from here.
    AccessGained,
    /// You do not see a dossier any more, because it was deleted or is not for you: drop all that you have of it.
    AccessEnded,
    /// Your clearance was raised: fetch everything anew, and go on from here.
    ClearanceRaised,
    /// Your clearance was lowered: drop all that is marked above it.
    ClearanceLowered,
    /// It was marked higher than you are cleared for: drop it. You learn no more of it.
    Withdrawn,
}
