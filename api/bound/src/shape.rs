//! What the price of a field depends on: its type, and whether it is a list and of which size. Read once from the schema.

use std::collections::HashMap;

use async_graphql::parser::types::{
    BaseType, FieldDefinition, ServiceDocument, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Positioned, parser};

/// The name of the query root.
pub const QUERY: &str = "Query";
/// The name of the mutation root.
pub const MUTATION: &str = "Mutation";

/// The types of a schema, those of introspection among them.
#[derive(Debug, Default)]
pub struct Shape(HashMap<String, Type>);

/// The fields of a type by their names.
pub type Type = HashMap<String, Field>;

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of its type.
    pub returns: String,
    /// How many of these it has.
    pub size: Size,
    /// Whether it is about the schema, which is answered from memory.
    pub is_meta: bool,
}

/// How many values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One.
    One,
    /// A short list, whose length nobody says.
    Few,
    /// A page, whose lists are as long as `first` or `last` says.
    Page,
    /// A list of the page that it stands in.
    OfPage,
    /// A list with one record for each of the `ids`.
    Ids,
    /// A list of the schema itself: as long as it is on average, and as it is at most.
    Known {
        /// On average, rounded up.
        average: usize,
        /// At most.
        longest: usize,
    },
}

impl Shape {
    /// Reads a schema in the Schema Definition Language; one that cannot be read has no types.
    pub fn read(sdl: &str) -> Self {
        let Ok(document) = parser::parse_schema(sdl) else { return Self::default() };
        let mut shape = Self::default();
        let mut lists = Lists::default();
        for definition in types(&document) {
            let name = definition.name.node.as_str();
            lists.types += 1;
            match &definition.kind {
                TypeKind::Object(object) => lists.see(&object.fields),
                TypeKind::Interface(interface) => lists.see(&interface.fields),
                TypeKind::Enum(found) => lists.enum_values.see(found.values.len()),
                TypeKind::InputObject(found) => lists.input_fields.see(found.fields.len()),
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
            let fields = match &definition.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => continue,
            };
            let is_page = name.ends_with("Connection") || name.ends_with("Page");
            let fields = fields.iter().map(|field| read_field(&field.node, is_page)).collect();
            shape.0.insert(name.to_owned(), fields);
        }
        lists.describe(&mut shape);
        shape
    }

    /// The type with a name, if it has fields.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.0.get(name)
    }
}

fn types(document: &ServiceDocument) -> impl Iterator<Item = &TypeDefinition> {
    document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(&definition.node),
        _ => None,
    })
}

fn read_field(field: &FieldDefinition, is_page: bool) -> (String, Field) {
    let (mut base, mut is_list) = (&field.ty.node.base, false);
    let returns = loop {
        match base {
            BaseType::Named(name) => break name.to_string(),
            BaseType::List(inner) => (base, is_list) = (&inner.base, true),
        }
    };
    let takes = |name: &str| field.arguments.iter().any(|argument| argument.node.name.node == name);
    let size = if takes("first") || takes("last") {
        Size::Page
    } else if is_list && is_page {
        Size::OfPage
    } else if is_list && takes("ids") {
        Size::Ids
    } else if is_list {
        Size::Few
    } else {
        Size::One
    };
    (field.name.node.to_string(), Field { returns, size, is_meta: false })
}

/// The lists that introspection has.
#[derive(Default)]
struct Lists {
    types: usize,
    fields: Length,
    args: Length,
    input_fields: Length,
    enum_values: Length,
}

#[derive(Default)]
struct Length {
    sum: usize,
    of: usize,
    longest: usize,
}

impl Length {
    fn see(&mut self, length: usize) {
        self.sum += length;
        self.of += 1;
        self.longest = self.longest.max(length);
    }

    /// Spread over all of `of`, of which some have none.
    fn size(&self, of: usize) -> Size {
        Size::Known { average: self.sum.div_ceil(of.max(1)), longest: self.longest }
    }
}

impl Lists {
    fn see(&mut self, fields: &[Positioned<FieldDefinition>]) {
        self.fields.see(fields.len());
        for field in fields {
            self.args.see(field.node.arguments.len());
        }
    }

    /// Adds the types of introspection.
    fn describe(&self, shape: &mut Shape) {
        let Self { types, fields, args, input_fields, enum_values } = self;
        let few = Size::Few;
        let all = Size::Known { average: *types, longest: *types };
        let mut add = |of: &str, name: &str, returns: &str, size: Size| {
            let field = Field { returns: returns.to_owned(), size, is_meta: true };
            shape.0.entry(of.to_owned()).or_default().insert(name.to_owned(), field);
        };
        add(QUERY, "__schema", "__Schema", Size::One);
        add(QUERY, "__type", "__Type", Size::One);
        for (name, returns, size) in [
            ("description", "String", Size::One),
            ("types", "__Type", all),
            ("queryType", "__Type", Size::One),
            ("mutationType", "__Type", Size::One),
            ("subscriptionType", "__Type", Size::One),
            ("directives", "__Directive", few),
        ] {
            add("__Schema", name, returns, size);
        }
        for name in ["kind", "name", "description", "specifiedByURL", "isOneOf"] {
            add("__Type", name, "String", Size::One);
        }
        for (name, returns, size) in [
            ("fields", "__Field", fields.size(*types)),
            ("interfaces", "__Type", few),
            ("possibleTypes", "__Type", few),
            ("enumValues", "__EnumValue", enum_values.size(*types)),
            ("inputFields", "__InputValue", input_fields.size(*types)),
            ("ofType", "__Type", Size::One),
        ] {
            add("__Type", name, returns, size);
        }
        for (of, type_fields) in [
            ("__Field", &["name", "description", "isDeprecated", "deprecationReason"][..]),
            ("__InputValue", &["name", "description", "defaultValue", "isDeprecated", "deprecationReason"]),
            ("__EnumValue", &["name", "description", "isDeprecated", "deprecationReason"]),
            ("__Directive", &["name", "description", "locations", "isRepeatable"]),
        ] {
            for name in type_fields {
                add(of, name, "String", Size::One);
            }
        }
        add("__Field", "type", "__Type", Size::One);
        add("__InputValue", "type", "__Type", Size::One);
        let args = args.size(args.of);
        add("__Field", "args", "__InputValue", args);
        add("__Directive", "args", "__InputValue", few);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_our_schema_has_a_size() {
        let shape = Shape::read(crate::OUR_SCHEMA);
        let size = |of: &str, name: &str| shape.get(of).unwrap().get(name).unwrap().size;
        assert_eq!(size(QUERY, "positions"), Size::Page);
        assert_eq!(size(QUERY, "nodes"), Size::Ids);
        assert_eq!(size("PositionConnection", "edges"), Size::OfPage);
        assert_eq!(size("PositionConnection", "totalCount"), Size::One);
        assert_eq!(size("Position", "arguments"), Size::Few);
        assert_eq!(size("Position", "stakeholder"), Size::One);
        assert!(matches!(size("__Schema", "types"), Size::Known { average: 100.., .. }));
        // Whatever takes a page size is a page, and every page is one that its lists are sized by.
        for fields in shape.0.values() {
            for (name, field) in fields.iter().filter(|(_, field)| field.size == Size::Page) {
                let page = shape.get(&field.returns).unwrap();
                assert!(page.values().any(|field| field.size == Size::OfPage), "{name}");
            }
        }
    }
}
