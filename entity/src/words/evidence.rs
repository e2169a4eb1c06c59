//! The words of evidence: how good a source is, how much is known, and how surely.

#![expect(missing_docs, reason = "the words are defined in the GraphQL schema, where their readers are")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

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
