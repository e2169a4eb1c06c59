//! Access tokens: keys for scripts.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveEnum, Iterable};

use crate::moment::Moment;
use crate::orm::Relation;
use crate::words::TokenScope;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_token")]
#[expect(missing_docs, reason = "the columns are defined in the GraphQL schema, where their readers are")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub account_id: i64,
    pub name: String,
    /// The SHA-256 hash of the token: of the token itself nothing is stored.
    pub hash: String,
    pub scopes: Scopes,
    pub dossier_id: Option<i64>,
    pub created_at: Moment,
    pub expires_at: Option<Moment>,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A set of scopes, stored as their words with spaces between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveValueType)]
pub struct Scopes(String);

impl Scopes {
    /// These scopes, each once and in order.
    pub fn new(scopes: &[TokenScope]) -> Self {
        let words: Vec<String> =
            TokenScope::iter().filter(|scope| scopes.contains(scope)).map(|scope| scope.to_value()).collect();
        Self(words.join(" "))
    }

    /// The scopes; a word that nobody knows lets nothing through.
    pub fn list(&self) -> Vec<TokenScope> {
        let word = |word: &str| TokenScope::try_from_value(&word.to_owned()).ok();
        self.0.split(' ').filter_map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_stored_once_and_in_order() {
        let scopes = Scopes::new(&[TokenScope::Export, TokenScope::Read, TokenScope::Export]);
        assert_eq!(scopes.0, "READ EXPORT");
        assert_eq!(scopes.list(), [TokenScope::Read, TokenScope::Export]);
        assert_eq!(Scopes("READ ALL".to_owned()).list(), [TokenScope::Read]);
        assert!(Scopes::default().list().is_empty());
    }
}
