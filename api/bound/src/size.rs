//! How much work async-graphql has with a document before it runs: that of its operations and fragments that do not run, too.

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value, Variables};
use async_graphql_value::Value as Literal;

use crate::{Bound, Bounds, Exceeded};

/// Refuses a document that grows too large once its fragments and variables are put in their places.
///
/// `order` has the names of the fragments, each after those that it spreads.
pub(super) fn check(
    document: &ExecutableDocument,
    order: &[&str],
    variables: &Variables,
    bounds: &Bounds,
) -> Result<(), Exceeded> {
    let variables = variables.iter().map(|(name, value)| (name, values(value))).collect();
    let mut known = Known { fragments: HashMap::new(), variables };
    let mut all = Size::default();
    for (name, fragment) in order.iter().filter_map(|name| document.fragments.get_key_value(*name)) {
        let mut size = known.set(&fragment.node.selection_set.node);
        size.values = size.values.saturating_add(known.directives(&fragment.node.directives));
        known.fragments.insert(name, size);
        all.add(size);
    }
    for (_, operation) in document.operations.iter() {
        all.add(known.set(&operation.node.selection_set.node));
        all.values = all.values.saturating_add(known.directives(&operation.node.directives));
    }
    Exceeded::check(Bound::Selections, all.selections, bounds.selections_max)?;
    Exceeded::check(Bound::Values, all.values, bounds.values_max)?;
    Exceeded::check(Bound::Nesting, all.levels, bounds.nesting_max)
}

#[derive(Clone, Copy, Default)]
struct Size {
    selections: usize,
    /// The values of variables, as often as they are used.
    values: usize,
    levels: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.values = self.values.saturating_add(other.values);
        self.levels = self.levels.max(other.levels);
    }
}

struct Known<'a> {
    fragments: HashMap<&'a Name, Size>,
    /// How many values each variable has.
    variables: HashMap<&'a Name, usize>,
}

impl Known<'_> {
    fn set(&self, set: &SelectionSet) -> Size {
        let mut all = Size::default();
        for selection in &set.items {
            let mut size = match &selection.node {
                Selection::Field(field) => {
                    let mut size = self.set(&field.node.selection_set.node);
                    size.values = size.values.saturating_add(self.arguments(&field.node.arguments));
                    size
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    self.fragments.get(&spread.node.fragment_name.node).copied().unwrap_or_default()
                }
            };
            size.values = size.values.saturating_add(self.directives(selection.node.directives()));
            all.add(Size { selections: size.selections.saturating_add(1), levels: size.levels + 1, ..size });
        }
        all
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> usize {
        directives.iter().map(|directive| self.arguments(&directive.node.arguments)).fold(0, usize::saturating_add)
    }

    fn arguments(&self, arguments: &[(Positioned<Name>, Positioned<Literal>)]) -> usize {
        arguments.iter().map(|(_, value)| self.literal(&value.node)).fold(0, usize::saturating_add)
    }

    fn literal(&self, value: &Literal) -> usize {
        match value {
            Literal::Variable(name) => self.variables.get(name).copied().unwrap_or(0),
            Literal::List(items) => items.iter().map(|item| self.literal(item)).fold(0, usize::saturating_add),
            Literal::Object(fields) => fields.values().map(|item| self.literal(item)).fold(0, usize::saturating_add),
            _ => 0,
        }
    }
}

fn values(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(values).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(values).sum::<usize>(),
        _ => 1,
    }
}
