//! What sea-orm wants to know of every entity and Demarche says in another way.

use sea_orm::entity::prelude::*;

/// The relations of every entity, as sea-orm counts them: none.
///
/// Foreign keys are declared once, in the migrations, and what a record may be reached through is in [`crate::filter`] and
/// [`crate::referrer`], which keep to the scope of who asks. A relation declared here could be joined without it. Nor are
/// models declared by `#[sea_orm::model]`: what it adds to them, a second model with its relations inside, has nothing to hold.
#[derive(Clone, Copy, Debug, EnumIter)]
pub enum Relation {}

impl RelationTrait for Relation {
    fn def(&self) -> RelationDef {
        match *self {}
    }
}
