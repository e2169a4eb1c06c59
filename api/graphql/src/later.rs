//! What is described later.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

/// What a field gives, where the field is of a part that several objects merge into their own.
///
/// async-graphql describes what a field gives while it describes the field, and reads an object that it is still describing as
/// an empty one. A list of positions leads to positions, these to their sources, and those to a list of positions: their fields
/// would be lost. So such a field only names what it gives, and the schema is told of it by itself (`types` in `lib.rs`).
pub struct Later<T>(pub T);

#[async_trait::async_trait]
impl<T: OutputType> OutputType for Later<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(_: &mut Registry) -> String {
        T::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}
