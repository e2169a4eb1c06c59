//! Identities: whom an outside provider means by a subject.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;
use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity")]
pub struct Model {
    /// The provider's name of itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub issuer: String,
    /// The provider's name of the person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The account that it stands for.
    pub account_id: i64,
    /// Since when.
    pub linked_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
