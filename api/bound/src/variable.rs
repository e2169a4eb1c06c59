//! The variables of an operation: each with the value that it has while it runs.

use async_graphql::parser::types::OperationDefinition;
use async_graphql::{ServerError, Value, Variables};

/// Gives every variable its default where it has no value. async-graphql forgets the defaults in `@skip` and `@include`, and
/// does not look at variables that no argument uses.
///
/// # Errors
/// If one that must have a value has none.
pub fn resolve(operation: &OperationDefinition, variables: &mut Variables) -> Result<(), Vec<ServerError>> {
    let mut errors = Vec::new();
    for definition in &operation.variable_definitions {
        let (name, kind) = (&definition.node.name.node, &definition.node.var_type.node);
        // Not its method of the same name, which makes null of none: that may mean something else to a mutation.
        let default = definition.node.default_value.as_ref();
        let wrong = match (variables.get(name), default) {
            (None, Some(default)) => {
                variables.insert(name.clone(), default.node.clone());
                continue;
            }
            (None, None) if !kind.nullable => "must have a value",
            (Some(Value::Null), _) if !kind.nullable => "must not be null",
            _ => continue,
        };
        let mut error = ServerError::new(format!("the variable ${name} of type {kind} {wrong}"), Some(definition.pos));
        error.extensions.get_or_insert_default().set("code", "BAD_USER_INPUT");
        errors.push(error);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;
    use serde_json::json;

    use super::*;

    fn resolved(query: &str, variables: serde_json::Value) -> Result<serde_json::Value, String> {
        let document = parse_query(query).unwrap();
        let DocumentOperations::Single(operation) = document.operations else { panic!("a name") };
        let mut variables = Variables::from_json(variables);
        match resolve(&operation.node, &mut variables) {
            Ok(()) => Ok(serde_json::to_value(variables).unwrap()),
            Err(errors) => Err(errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; ")),
        }
    }

    #[test]
    fn defaults_stand_in_for_what_is_not_given() {
        let query = "query($a: Int = 1, $b: Int! = 2, $c: Int, $d: Int = 3) { x }";
        assert_eq!(resolved(query, json!({ "b": 4, "d": null })), Ok(json!({ "a": 1, "b": 4, "d": null })));
    }

    #[test]
    fn what_must_be_given_is_asked_for() {
        let wrong = resolved("query($a: Int!, $b: [ID!]!, $c: Int! = 1) { x }", json!({ "b": null, "c": null }));
        let text = "the variable $a of type Int! must have a value; the variable $b of type [ID!]! must not be null; \
                    the variable $c of type Int! must not be null";
        assert_eq!(wrong, Err(text.to_owned()));
    }
}
