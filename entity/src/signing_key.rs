//! The keys that sign our own tokens.

use sea_orm::entity::prelude::*;

use crate::hidden::Hidden;
use crate::moment::Moment;
use crate::orm::Relation;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// The key's name in the header of a token: its thumbprint (RFC 7638).
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// The public half: 32 bytes in base64url.
    pub public_key: String,
    /// The private half, encrypted under the secret of the configuration.
    pub sealed_key: Hidden,
    /// Since when it signs.
    pub created_at: Moment,
    /// When the last token that it signed has expired; none for a key that signs.
    pub retires_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
