//! Many of one type, as one field gives them.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_list;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use futures_util::future::BoxFuture;

/// A list of `T`: what a field gives instead of a `Vec`, and is described as.
///
/// async-graphql compiles what resolves a list, with the queues and tasks that its items wait in, once more for each type of
/// item: that was a third of all code here. Here items are only known as something that resolves itself, so it is compiled once.
#[derive(Clone, Debug)]
pub struct Many<T>(pub Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for Many<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

#[async_trait::async_trait]
impl<T: OutputType> OutputType for Many<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<T> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<T> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let items: Vec<Item<'_>> = self.0.iter().map(|item| Item(item)).collect();
        let len = items.len();
        resolve_list(ctx, field, items, Some(len)).await
    }
}

/// What resolves itself, whatever its type.
trait Resolve: Send + Sync {
    fn resolve<'a>(
        &'a self,
        ctx: &'a ContextSelectionSet<'a>,
        field: &'a Positioned<Field>,
    ) -> BoxFuture<'a, ServerResult<Value>>;
}

impl<T: OutputType> Resolve for T {
    fn resolve<'a>(
        &'a self,
        ctx: &'a ContextSelectionSet<'a>,
        field: &'a Positioned<Field>,
    ) -> BoxFuture<'a, ServerResult<Value>> {
        OutputType::resolve(self, ctx, field)
    }
}

/// An item of a list. The schema never hears of it, since a list describes itself by the type of its items; an extension that
/// looks at each field that is resolved would, and there is none.
struct Item<'a>(&'a dyn Resolve);

// As `async_trait` writes it, but that what the item gives is handed on, and not put into another box.
impl OutputType for Item<'_> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("Item")
    }

    fn create_type_info(_: &mut Registry) -> String {
        <Self as OutputType>::qualified_type_name()
    }

    fn resolve<'item, 'ctx, 'of, 'field, 'all>(
        &'item self,
        ctx: &'ctx ContextSelectionSet<'of>,
        field: &'field Positioned<Field>,
    ) -> BoxFuture<'all, ServerResult<Value>>
    where
        Self: 'all,
        'item: 'all,
        'ctx: 'all,
        'of: 'all,
        'field: 'all,
    {
        self.0.resolve(ctx, field)
    }
}
