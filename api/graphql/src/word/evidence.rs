//! The words of evidence: how good a source is, how much is known, and how surely.

use async_graphql::Enum;
use entity::words;

/// The Admiralty code's grade of a *source* (NATO AJP-2.1): how far it can be trusted in general, whatever it says
/// this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Reliability")]
pub enum Reliability {
    /// Completely reliable.
    A,
    /// Usually reliable.
    B,
    /// Fairly reliable.
    C,
    /// Not usually reliable.
    D,
    /// Unreliable.
    E,
    /// Reliability cannot be judged.
    F,
}

/// How much is known of a date. Analysts rarely know more than the month, and need not pretend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::DatePrecision")]
pub enum DatePrecision {
    /// The day is known.
    Day,
    /// Only the month is known; the date given is its first day.
    Month,
    /// Only the year is known; the date given is its first day.
    Year,
}

/// A band of probability in the words of ICD 203, the analytic standard of the US intelligence community. Comparisons
/// follow the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Likelihood")]
pub enum Likelihood {
    /// Almost no chance: 1–5 %.
    AlmostNoChance,
    /// Very unlikely: 5–20 %.
    VeryUnlikely,
    /// Unlikely: 20–45 %.
    Unlikely,
    /// Roughly even chance: 45–55 %.
    RoughlyEvenChance,
    /// Likely: 55–80 %.
    Likely,
    /// Very likely: 80–95 %.
    VeryLikely,
    /// Almost certain: 95–99 %.
    AlmostCertain,
}
