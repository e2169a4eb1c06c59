//! The vocabulary: the closed lists of words that records use. What each word means to an analyst is said once, in the
//! GraphQL schema; here it is only stored.

#![expect(missing_docs, reason = "the words are defined in the GraphQL schema, where their readers are")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StakeholderKind {
    State,
    Government,
    Agency,
    Organization,
    InternationalOrganization,
    Person,
    Group,
    ArmedGroup,
    Public,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MechanismMode {
    Unilateral,
    Domestic,
    Bilateral,
    Multilateral,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MechanismKind {
    UseOfForce,
    TaskForce,
    TechnologySharing,
    IntelligenceSharing,
    BorderSecurity,
    LegalFramework,
    Legislation,
    LawEnforcement,
    Deployment,
    Designation,
    Sanctions,
    Dialogue,
    Resolution,
    Other,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PartyRole {
    Proposer,
    Implementer,
    Host,
    Target,
    Overseer,
    Affected,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Frame {
    Sovereignty,
    Legal,
    Diplomatic,
    Security,
    Escalation,
    PublicHealth,
    Effectiveness,
    Economic,
    Humanitarian,
    Political,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ArgumentLinkKind {
    Rebuts,
    Reinforces,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RelationKind {
    PartOf,
    MemberOf,
    Leads,
    HoldsOfficeIn,
    Oversees,
    Advises,
    Represents,
    AlliedWith,
    CooperatesWith,
    NegotiatesWith,
    Mediates,
    Funds,
    Pressures,
    Opposes,
    Threatens,
    InConflictWith,
    Designates,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MechanismStatus {
    Floated,
    Proposed,
    Negotiating,
    Agreed,
    Enacted,
    InForce,
    Suspended,
    Rejected,
    Abandoned,
    Expired,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    Met,
    Unmet,
    Contested,
    Unknown,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImplicationKind {
    Risk,
    Opportunity,
    Lesson,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventRole {
    Initiator,
    Target,
    Participant,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reliability {
    A,
    B,
    C,
    D,
    E,
    F,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DatePrecision {
    Day,
    Month,
    Year,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    Reader,
    Analyst,
    Admin,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stance {
    #[sea_orm(num_value = -2)]
    StronglyOppose,
    #[sea_orm(num_value = -1)]
    Oppose,
    #[sea_orm(num_value = 0)]
    Neutral,
    #[sea_orm(num_value = 1)]
    Support,
    #[sea_orm(num_value = 2)]
    StronglySupport,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Likelihood {
    #[sea_orm(num_value = 1)]
    AlmostNoChance,
    #[sea_orm(num_value = 2)]
    VeryUnlikely,
    #[sea_orm(num_value = 3)]
    Unlikely,
    #[sea_orm(num_value = 4)]
    RoughlyEvenChance,
    #[sea_orm(num_value = 5)]
    Likely,
    #[sea_orm(num_value = 6)]
    VeryLikely,
    #[sea_orm(num_value = 7)]
    AlmostCertain,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MemberRole {
    Reader,
    Analyst,
    Editor,
    Owner,
}

/// What an entry of the audit log is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditAction {
    Read,
    Write,
    Mark,
    Member,
    Delete,
    Export,
    SignIn,
    SignOut,
    Account,
    Token,
    Maintain,
}

/// What has happened to a record or to somebody's access. What happens to a record in one transaction is called by the last
/// of these.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeAction {
    Marked,
    Edited,
    Created,
    Superseded,
    Retracted,
    AccessGained,
    AccessEnded,
    ClearanceRaised,
    ClearanceLowered,
    /// Never stored: to somebody who could see a record before, this is what its marking was.
    Withdrawn,
}

/// How what an entry of the audit log is about ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditOutcome {
    Done,
    Refused,
    Failed,
}

/// What kind of credential was shown.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditCredential {
    Nothing,
    Machine,
    Session,
    Token,
    Provider,
}

/// What a credential lets its bearer do, at most; what its account may do still bounds it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TokenScope {
    Read,
    Write,
    Export,
    ExportAmberStrict,
    Admin,
}

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Marking {
    #[default]
    #[sea_orm(num_value = 0)]
    Clear,
    #[sea_orm(num_value = 1)]
    Green,
    #[sea_orm(num_value = 2)]
    Amber,
    #[sea_orm(num_value = 3)]
    AmberStrict,
    #[sea_orm(num_value = 4)]
    Red,
}

impl Stance {
    /// The stance as a number, −2 (strongly opposes) to +2 (strongly supports).
    pub const fn score(self) -> i16 {
        match self {
            Self::StronglyOppose => -2,
            Self::Oppose => -1,
            Self::Neutral => 0,
            Self::Support => 1,
            Self::StronglySupport => 2,
        }
    }
}
