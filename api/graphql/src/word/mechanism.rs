//! The words of mechanisms, of their conditions, and of what may follow from them.

use async_graphql::Enum;
use entity::words;

/// Who would act together. A cooperation mechanism is one whose mode is `BILATERAL` or `MULTILATERAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MechanismMode")]
pub enum MechanismMode {
    /// One state acts beyond its own borders without the others' consent.
    Unilateral,
    /// A state acts within its own borders.
    Domestic,
    /// Two states act together.
    Bilateral,
    /// Three or more states act together, or through an international organisation.
    Multilateral,
}

/// What a mechanism consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MechanismKind")]
pub enum MechanismKind {
    /// Military force.
    UseOfForce,
    /// A standing joint unit.
    TaskForce,
    /// Sharing of equipment or know-how.
    TechnologySharing,
    /// Sharing of information on the adversary.
    IntelligenceSharing,
    /// Measures at a border.
    BorderSecurity,
    /// An agreement on what is allowed, under which conditions.
    LegalFramework,
    /// A law or a constitutional amendment.
    Legislation,
    /// Policing: seizures, arrests, prosecutions.
    LawEnforcement,
    /// Sending of forces to a place.
    Deployment,
    /// Putting somebody on a legal list, e.g. of terrorist organisations.
    Designation,
    /// Restrictive measures, mostly economic.
    Sanctions,
    /// Talks.
    Dialogue,
    /// A text put to a vote in an assembly.
    Resolution,
    /// None of the others.
    Other,
}

/// The part of a stakeholder in a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::PartyRole")]
pub enum PartyRole {
    /// Put it forward.
    Proposer,
    /// Would carry it out.
    Implementer,
    /// It would happen on their territory.
    Host,
    /// It is directed against them.
    Target,
    /// Would control it.
    Overseer,
    /// Would feel its effects without having a part in it.
    Affected,
}

/// A step in the life of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MechanismStatus")]
pub enum MechanismStatus {
    /// Talked about, e.g. in a leak, without a formal proposal.
    Floated,
    /// Formally put forward.
    Proposed,
    /// Under negotiation.
    Negotiating,
    /// Agreed, not yet binding.
    Agreed,
    /// Passed into law or ordered.
    Enacted,
    /// Being carried out.
    InForce,
    /// Halted for a time.
    Suspended,
    /// Turned down.
    Rejected,
    /// Given up by those who wanted it.
    Abandoned,
    /// Came to its appointed end.
    Expired,
}

/// Whether a condition is met, in the eyes of an assessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Verdict")]
pub enum Verdict {
    /// It is met.
    Met,
    /// It is not met.
    Unmet,
    /// There are serious reasons for both.
    Contested,
    /// It cannot be said.
    Unknown,
}

/// What sort of consequence an implication is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::ImplicationKind")]
pub enum ImplicationKind {
    /// Something bad that might follow.
    Risk,
    /// Something good that might follow.
    Opportunity,
    /// What is to be learnt.
    Lesson,
}
