//! Refresh tokens: each prolongs its session once. Those that were used stay as long as the session, so that one that is
//! shown again is recognised.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;
use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    /// The SHA-256 hash of the token: of the token itself nothing is stored.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    /// The session that it prolongs.
    pub session_id: i64,
    /// When it was used.
    pub used_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
