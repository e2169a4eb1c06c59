//! What an operation costs, reckoned from its document and its variables before it runs.
//!
//! One point for each field that the answer may hold, `__typename` and every alias among them: a field counts as often as
//! the lists that it stands in are long. A page is as long as `first` or `last` says (20 if neither does), `nodes` as its
//! `ids`; a plain list counts for [`LIST`]. A mutation costs [`MUTATION_POINTS`] more, for its transaction. What asks about
//! the schema is answered from memory, and costs a tenth.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field as Selected, FragmentDefinition, InlineFragment,
    OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as Literal;

use crate::shape::{Field, MUTATION, QUERY, Shape, Size, Type};
use crate::{Bound, Bounds, Exceeded, PAGE_SIZE, fragment, size};

/// How long a plain list is taken to be.
pub const LIST: usize = 5;
/// What a mutation costs beside its fields.
pub const MUTATION_POINTS: usize = 100;
/// How many fields about the schema are one point.
const META_PER_POINT: usize = 10;

/// What an operation costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// In points.
    pub requested: usize,
    /// The keys under which the answer has what was asked about the schema.
    meta: Vec<String>,
    is_mutation: bool,
}

/// The operation of a document that is to run.
///
/// # Errors
/// If there is none with this name, or several and none is named.
pub fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a Positioned<OperationDefinition>, ServerError> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => operations.values().next(),
        _ => None,
    };
    found.ok_or_else(|| {
        // Without the name: it may be of any length.
        let message = match name {
            Some(_) => "operationName: the document has no operation of this name",
            None => "operationName: is missing, and the document has several operations",
        };
        let mut error = ServerError::new(message, None);
        error.extensions.get_or_insert_default().set("code", "BAD_USER_INPUT");
        error
    })
}

/// Reckons what an operation of a document costs in a schema of this shape.
///
/// # Errors
/// If a fragment contains itself, or a bound is exceeded.
pub fn reckon(
    shape: &Shape,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    bounds: &Bounds,
) -> Result<Price, ServerError> {
    let order = fragment::order(document)?;
    size::check(document, &order, variables, bounds).map_err(|exceeded| exceeded.error())?;
    let mut reckoner = Reckoner { shape, variables, page_size_max: bounds.page_size_max, fragments: HashMap::new() };
    let tally = reckoner.operation(document, &order, operation).map_err(|exceeded| exceeded.error())?;
    let requested = tally.own.saturating_add(tally.meta.div_ceil(META_PER_POINT));
    for (bound, found, limit) in [
        (Bound::Depth, tally.depth, bounds.depth_max),
        (Bound::Aliases, tally.aliases, bounds.aliases_max),
        (Bound::Directives, tally.directives, bounds.directives_max),
        (Bound::Cost, requested, bounds.complexity_max),
    ] {
        Exceeded::check(bound, found, limit).map_err(|exceeded| exceeded.error())?;
    }
    let is_mutation = operation.ty == OperationType::Mutation;
    Ok(Price { requested, meta: schema_keys(document, &operation.selection_set.node), is_mutation })
}

impl Price {
    /// What an answer has cost: its fields.
    pub fn actual(&self, data: &Value) -> usize {
        let Value::Object(root) = data else { return 0 };
        let (mut own, mut meta) = (0, 0);
        for (key, value) in root {
            let fields = 1 + fields(value);
            match self.meta.iter().any(|name| name == key) {
                true => meta += fields,
                false if self.is_mutation => own += fields + MUTATION_POINTS,
                false => own += fields,
            }
        }
        own + usize::div_ceil(meta, META_PER_POINT)
    }

    /// Whether the operation asks about the schema.
    pub const fn is_introspective(&self) -> bool {
        !self.meta.is_empty()
    }
}

fn fields(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(fields).sum(),
        Value::Object(entries) => entries.values().map(|value| 1 + fields(value)).sum(),
        _ => 0,
    }
}

/// What a set of selections comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// The fields that there are once.
    own: usize,
    /// The fields that there are once for each record of the page that the set stands in.
    each: usize,
    /// The fields about the schema.
    meta: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
}

impl Tally {
    /// Adds what stands beside; what is skipped has a form but no cost.
    fn add(&mut self, other: Self, is_skipped: bool) {
        if !is_skipped {
            self.own = self.own.saturating_add(other.own);
            self.each = self.each.saturating_add(other.each);
            self.meta = self.meta.saturating_add(other.meta);
        }
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }
}

struct Reckoner<'a> {
    shape: &'a Shape,
    variables: &'a Variables,
    page_size_max: usize,
    /// What the fragments come to: where lists of the schema are of average length, and where they are as long as can be.
    fragments: HashMap<&'a str, [Tally; 2]>,
}

/// Where a set of selections stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    of: Option<&'a Type>,
    /// Below one particular type of the schema, of which nobody knows how long its lists are.
    is_particular: bool,
}

impl<'a> Reckoner<'a> {
    fn operation(
        &mut self,
        document: &'a ExecutableDocument,
        order: &[&'a str],
        operation: &'a OperationDefinition,
    ) -> Result<Tally, Exceeded> {
        for (name, fragment) in order.iter().filter_map(|name| Some((*name, document.fragments.get(*name)?))) {
            let tallies = self.fragment(&fragment.node)?;
            self.fragments.insert(name, tallies);
        }
        let root = if operation.ty == OperationType::Mutation { MUTATION } else { QUERY };
        let place = Place { of: self.shape.get(root), is_particular: false };
        let mut tally = self.set(&operation.selection_set.node, place)?;
        let variables = operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        tally.directives = variables.fold(tally.directives + operation.directives.len(), usize::saturating_add);
        if operation.ty == OperationType::Mutation {
            tally.own = tally.own.saturating_add(operation.selection_set.node.items.len() * MUTATION_POINTS);
        }
        Ok(tally)
    }

    fn fragment(&mut self, fragment: &'a FragmentDefinition) -> Result<[Tally; 2], Exceeded> {
        let name = fragment.type_condition.node.on.node.as_str();
        let of = self.shape.get(name);
        let mut reckon = |is_particular| {
            let mut tally = self.set(&fragment.selection_set.node, Place { of, is_particular })?;
            tally.directives = tally.directives.saturating_add(fragment.directives.len());
            Ok(tally)
        };
        let average = reckon(false)?;
        let particular = if name.starts_with("__") { reckon(true)? } else { average };
        Ok([average, particular])
    }

    fn set(&mut self, set: &'a SelectionSet, place: Place<'a>) -> Result<Tally, Exceeded> {
        let mut tally = Tally::default();
        for selection in &set.items {
            let directives = selection.node.directives();
            let mut found = match &selection.node {
                Selection::Field(field) => self.field(field, place)?,
                Selection::InlineFragment(inline) => self.inline(&inline.node, place)?,
                Selection::FragmentSpread(spread) => {
                    let known = self.fragments.get(spread.node.fragment_name.node.as_str());
                    // One that there is not is told of by the validation.
                    known.map_or_else(Tally::default, |[average, particular]| match place.is_particular {
                        true => *particular,
                        false => *average,
                    })
                }
            };
            found.directives = found.directives.saturating_add(directives.len());
            tally.add(found, self.is_skipped(directives));
        }
        Ok(tally)
    }

    fn inline(&mut self, inline: &'a InlineFragment, place: Place<'a>) -> Result<Tally, Exceeded> {
        let named = inline.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
        let of = named.map_or(place.of, |name| self.shape.get(name));
        self.set(&inline.selection_set.node, Place { of, ..place })
    }

    fn field(&mut self, selected: &'a Positioned<Selected>, place: Place<'a>) -> Result<Tally, Exceeded> {
        let name = selected.node.name.node.as_str();
        let field = place.of.and_then(|of| of.get(name));
        let is_particular = match name {
            "types" | "directives" => false,
            "__type" | "type" | "ofType" | "interfaces" | "possibleTypes" | "queryType" | "mutationType" => true,
            _ => place.is_particular,
        };
        let of = field.and_then(|field| self.shape.get(&field.returns));
        let below = self.set(&selected.node.selection_set.node, Place { of, is_particular })?;
        let mut tally = Tally { depth: below.depth + 1, ..below };
        tally.aliases = tally.aliases.saturating_add(usize::from(selected.node.alias.is_some()));
        let size = self.size(selected, field, is_particular)?;
        let (own, each) = match field.map(|field| field.size) {
            Some(Size::Page) => (below.own.saturating_add(below.each.saturating_mul(size)), 0),
            Some(Size::OfPage) => (0, below.own),
            _ => (below.own.saturating_mul(size), 0),
        };
        let is_meta = field.is_some_and(|field| field.is_meta);
        tally.own = own.saturating_add(usize::from(!is_meta));
        tally.each = each;
        tally.meta = below.meta.saturating_mul(size).saturating_add(usize::from(is_meta));
        Ok(tally)
    }

    /// How many values a field has; a page: how many records.
    fn size(
        &self,
        selected: &Positioned<Selected>,
        field: Option<&Field>,
        is_particular: bool,
    ) -> Result<usize, Exceeded> {
        let found = match field.map_or(Size::One, |field| field.size) {
            Size::One | Size::OfPage => return Ok(1),
            Size::Few => return Ok(LIST),
            Size::Known { longest, .. } if is_particular => return Ok(longest),
            Size::Known { average, .. } => return Ok(average),
            Size::Ids => match self.argument(&selected.node, "ids") {
                Some(Asked::List(length)) => length,
                _ => 1,
            },
            Size::Page => {
                let asked = |name| match self.argument(&selected.node, name) {
                    Some(Asked::Number(size)) => Some(size),
                    _ => None,
                };
                let (first, last) = (asked("first"), asked("last"));
                first.max(last).unwrap_or(PAGE_SIZE.into())
            }
        };
        match found > self.page_size_max {
            true => Err(Exceeded { bound: Bound::PageSize, limit: self.page_size_max, found, at: Some(selected.pos) }),
            false => Ok(found),
        }
    }

    /// What an argument that says a size is given as.
    fn argument(&self, field: &Selected, name: &str) -> Option<Asked> {
        let value = &field.get_argument(name)?.node;
        match value {
            Literal::Variable(name) => match self.variables.get(name)? {
                Value::List(items) => Some(Asked::List(items.len())),
                Value::Number(number) => Some(Asked::number(number)),
                _ => None,
            },
            Literal::List(items) => Some(Asked::List(items.len())),
            Literal::Number(number) => Some(Asked::number(number)),
            _ => None,
        }
    }

    fn is_skipped(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let unwanted = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            let condition = match directive.node.get_argument("if").map(|value| &value.node) {
                Some(Literal::Boolean(condition)) => Some(*condition),
                Some(Literal::Variable(name)) => match self.variables.get(name) {
                    Some(Value::Boolean(condition)) => Some(*condition),
                    _ => None,
                },
                _ => None,
            };
            condition == Some(unwanted)
        })
    }
}

enum Asked {
    Number(usize),
    List(usize),
}

impl Asked {
    /// What is negative or has a fraction is refused where it is used.
    fn number(number: &async_graphql::Number) -> Self {
        Self::Number(number.as_u64().map_or(0, |number| usize::try_from(number).unwrap_or(usize::MAX)))
    }
}

/// The keys under which the answer to an operation has what it asks about the schema.
fn schema_keys(document: &ExecutableDocument, set: &SelectionSet) -> Vec<String> {
    let (mut keys, mut sets, mut seen) = (Vec::new(), vec![set], HashSet::new());
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if matches!(field.node.name.node.as_str(), "__schema" | "__type") => {
                    keys.push(field.node.response_key().node.to_string());
                }
                Selection::Field(_) => {}
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name).filter(|_| seen.insert(name)) {
                        sets.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests;
