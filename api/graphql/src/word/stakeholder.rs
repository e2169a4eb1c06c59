//! The words of stakeholders, of the ties between them, and of their part in events.

use async_graphql::Enum;
use entity::words;

/// What sort of actor a stakeholder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::StakeholderKind")]
pub enum StakeholderKind {
    /// A sovereign state as a subject of international law, e.g. a voting member of the UN General Assembly.
    State,
    /// The government of a state: who acts for it at a given time.
    Government,
    /// A body of a government with a task of its own: a ministry, a police force, an intelligence service.
    Agency,
    /// A body outside government: a company, a party, a non-governmental organisation, a newsroom.
    Organization,
    /// A body made by states, e.g. the United Nations.
    InternationalOrganization,
    /// A human being.
    Person,
    /// People who share a view or a trade without a formal body, e.g. "hardline officials".
    Group,
    /// An organised non-state group that uses violence, e.g. a cartel.
    ArmedGroup,
    /// The people of a country or place as a whole.
    Public,
}

/// What a directed tie between two stakeholders is: *from* is or does this to *to*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::RelationKind")]
pub enum RelationKind {
    /// Is a part of it, as an agency of a government.
    PartOf,
    /// Is a member of it.
    MemberOf,
    /// Is its head.
    Leads,
    /// Holds an office in it.
    HoldsOfficeIn,
    /// Controls or supervises it.
    Oversees,
    /// Gives it advice.
    Advises,
    /// Speaks for it.
    Represents,
    /// Is bound to it by an alliance.
    AlliedWith,
    /// Works together with it.
    CooperatesWith,
    /// Is in talks with it.
    NegotiatesWith,
    /// Mediates for it.
    Mediates,
    /// Gives it money.
    Funds,
    /// Puts pressure on it.
    Pressures,
    /// Works against it.
    Opposes,
    /// Threatens it with harm.
    Threatens,
    /// Is in a conflict with it, armed or not.
    InConflictWith,
    /// Has put it on a legal list.
    Designates,
}

/// The part of a stakeholder in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::EventRole")]
pub enum EventRole {
    /// Did it.
    Initiator,
    /// It was done to them.
    Target,
    /// Took part in it.
    Participant,
}
