//! The words of positions and the arguments for them.

#![expect(missing_docs, reason = "the words are defined in the GraphQL schema, where their readers are")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

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
