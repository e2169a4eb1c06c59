//! The order of an answer. The GraphQL specification wants the fields of an object in the order in which the query names
//! them; async-graphql 7.2 gives them in the order in which they were ready.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Puts the fields of every object of an answer into the order in which the document names them. The document must have
/// passed validation: no fragment contains itself.
pub fn arrange(data: &mut Value, document: &ExecutableDocument, operation: Option<&str>) {
    let mut operations = document.operations.iter();
    let asked = operations.find(|(name, _)| operation.is_none() || name.map(Name::as_str) == operation);
    if let Some((_, asked)) = asked {
        Plan::of(&[&asked.node.selection_set.node], &document.fragments).arrange(data, &document.fragments);
    }
}

/// The order of the fields of the objects at one place of an answer; reckoned once, however many objects there are.
struct Plan<'a>(Vec<Field<'a>>);

struct Field<'a> {
    name: &'a str,
    selected: Vec<&'a SelectionSet>,
    below: Option<Plan<'a>>,
}

impl<'a> Plan<'a> {
    fn of(sets: &[&'a SelectionSet], fragments: &'a Fragments) -> Self {
        let (mut plan, mut seen) = (Self(Vec::new()), Vec::new());
        for set in sets {
            plan.collect(set, fragments, &mut seen);
        }
        plan
    }

    /// CollectFields of the specification: a fragment that is spread twice counts once.
    fn collect(&mut self, set: &'a SelectionSet, fragments: &'a Fragments, seen: &mut Vec<&'a str>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.response_key().node.as_str();
                    self.add(name, &field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node, fragments, seen),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if let Some(fragment) = fragments.get(name).filter(|_| !seen.contains(&name)) {
                        seen.push(name);
                        self.collect(&fragment.node.selection_set.node, fragments, seen);
                    }
                }
            }
        }
    }

    fn add(&mut self, name: &'a str, selected: &'a SelectionSet) {
        match self.0.iter_mut().find(|field| field.name == name) {
            Some(field) => field.selected.push(selected),
            None => self.0.push(Field { name, selected: vec![selected], below: None }),
        }
    }

    fn arrange(&mut self, value: &mut Value, fragments: &'a Fragments) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.arrange(item, fragments)),
            Value::Object(fields) => {
                let mut place = 0;
                for Field { name, selected, below } in &mut self.0 {
                    // A field of a fragment on another type is not there.
                    let Some(now) = fields.get_index_of(*name) else { continue };
                    if now != place {
                        fields.move_index(now, place);
                    }
                    place += 1;
                    if let Some(value @ (Value::List(_) | Value::Object(_))) = fields.get_mut(*name) {
                        below.get_or_insert_with(|| Plan::of(selected, fragments)).arrange(value, fragments);
                    }
                }
            }
            _ => {}
        }
    }
}
