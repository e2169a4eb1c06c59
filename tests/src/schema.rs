//! The GraphQL schema, asked without a server.

use std::sync::Arc;

use demarche_core::auth::Auth;
use serde_json::Value;

use crate::world::World;

/// What signs people in, in a test.
pub fn auth() -> Arc<Auth> {
    Arc::new(Auth::new(World::auth_settings()))
}

/// The schema, with the bounds that the server has by default.
pub fn schema(auth: Arc<Auth>) -> demarche_graphql::Schema {
    demarche_graphql::build(auth)
}

/// Every type of the schema, as introspection describes it.
pub async fn types() -> Vec<Value> {
    const QUERY: &str = "{ __schema { types { name kind description specifiedByURL
        fields(includeDeprecated: true) { name description args { ...input } type { ...type } }
        inputFields { ...input } enumValues(includeDeprecated: true) { name description } } } }
        fragment input on __InputValue { name description defaultValue type { ...type } }
        fragment type on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";
    let response = serde_json::to_value(schema(auth()).execute(QUERY).await).unwrap();
    assert!(response.get("errors").is_none(), "{response:#}");
    let Value::Array(types) = response["data"]["__schema"]["types"].clone() else { panic!("{response:#}") };
    // What is GraphQL's own is not ours to describe.
    types.into_iter().filter(|kind| !kind["name"].as_str().unwrap().starts_with("__")).collect()
}

/// A type by its name.
pub fn named<'a>(types: &'a [Value], name: &str) -> &'a Value {
    types.iter().find(|kind| kind["name"] == name).unwrap_or_else(|| panic!("there is no type {name}"))
}
