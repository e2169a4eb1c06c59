//! The words of markings.

#![expect(missing_docs, reason = "the words are defined in the GraphQL schema, where their readers are")]

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

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
