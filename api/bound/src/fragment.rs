//! The fragments of a document, each after those that it spreads.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, ServerError};

/// The names of the fragments, each after those that it spreads.
///
/// # Errors
/// If one contains itself. async-graphql says so too, but only after it has tried to put them in their places.
pub fn order(document: &ExecutableDocument) -> Result<Vec<&str>, ServerError> {
    let spreads: HashMap<&str, Vec<(&str, Pos)>> = document
        .fragments
        .iter()
        .map(|(name, fragment)| (name.as_str(), spreads_of(&fragment.node.selection_set.node)))
        .collect();
    let (mut ordered, mut seen) = (Vec::with_capacity(spreads.len()), HashMap::with_capacity(spreads.len()));
    for start in spreads.keys() {
        // A walk with a stack of its own: a chain of fragments may be thousands long.
        let mut stack = vec![(*start, 0)];
        while let Some((name, next)) = stack.pop() {
            if next == 0 && seen.insert(name, State::Open).is_some() {
                // Seen from another start: whatever is open lies on this stack, and was looked at when it was pushed.
                seen.insert(name, State::Done);
                continue;
            }
            let Some((spread, at)) = spreads.get(name).and_then(|spreads| spreads.get(next)) else {
                seen.insert(name, State::Done);
                ordered.push(name);
                continue;
            };
            stack.push((name, next + 1));
            match seen.get(spread) {
                Some(State::Open) => return Err(circle(*at)),
                Some(State::Done) => {}
                None if spreads.contains_key(spread) => stack.push((spread, 0)),
                // There is no such fragment, as the validation will say.
                None => {}
            }
        }
    }
    Ok(ordered)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is being looked into.
    Open,
    /// It and all that it spreads are in order.
    Done,
}

fn circle(at: Pos) -> ServerError {
    let mut error = ServerError::new("a fragment contains itself", Some(at));
    error.extensions.get_or_insert_default().set("code", "BAD_USER_INPUT");
    error
}

fn spreads_of(set: &SelectionSet) -> Vec<(&str, Pos)> {
    let (mut spreads, mut sets) = (Vec::new(), vec![set]);
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    spreads.push((spread.node.fragment_name.node.as_str(), selection.pos));
                }
            }
        }
    }
    spreads
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn each_fragment_stands_after_those_that_it_spreads() {
        let document = parse_query(
            "{ ...a } fragment a on T { x { ...b } ...c } fragment b on T { ...c } fragment c on T { ...none y }",
        );
        assert_eq!(order(&document.unwrap()).unwrap(), ["c", "b", "a"]);
    }

    #[test]
    fn a_long_chain_does_not_end_the_process() {
        let chain: String = (0..20_000).map(|n| format!("fragment f{n} on T {{ ...f{} }} ", n + 1)).collect();
        let document = parse_query(format!("{{ ...f0 }} {chain} fragment f20000 on T {{ x }}")).unwrap();
        assert_eq!(order(&document).unwrap().len(), 20_001);
    }

    #[test]
    fn circles_are_found_wherever_they_are() {
        for circle in [
            "{ x } fragment a on T { ...a }",
            "{ ...a } fragment a on T { x { ...b } } fragment b on T { ... { ...a } }",
            "{ ...a } fragment a on T { ...b ...c } fragment b on T { x } fragment c on T { ...d } fragment d on T { ...c }",
        ] {
            assert!(order(&parse_query(circle).unwrap()).is_err(), "{circle}");
        }
    }
}
