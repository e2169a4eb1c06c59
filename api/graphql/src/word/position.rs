//! The words of positions and the arguments for them.

use async_graphql::Enum;
use entity::words;

/// The ground on which an argument stands (framing, in the sense of political communication).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Frame")]
pub enum Frame {
    /// A state's right to decide what happens on its territory.
    Sovereignty,
    /// What the law allows.
    Legal,
    /// What it does to relations between states.
    Diplomatic,
    /// Safety from violence.
    Security,
    /// That one thing leads to a worse one.
    Escalation,
    /// Illness and death, e.g. by overdose.
    PublicHealth,
    /// Whether it works.
    Effectiveness,
    /// What it costs or earns.
    Economic,
    /// What it does to people.
    Humanitarian,
    /// Who gains or loses power, votes or pride.
    Political,
}

/// Where a stakeholder stands on a mechanism: a five-point scale, −2 to +2. Comparisons (`gt`, `lt`) follow the
/// scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Stance")]
pub enum Stance {
    /// −2: rejects it in the strongest terms or acts against it.
    StronglyOppose,
    /// −1: is against it.
    Oppose,
    /// 0: abstains, or says both.
    Neutral,
    /// +1: is for it.
    Support,
    /// +2: demands it or drives it.
    StronglySupport,
}
