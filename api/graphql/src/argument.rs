//! Arguments in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::{Anchor, Seen};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Object};
use entity::argument::{Column, Entity, Model};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::words;

use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mutation::{self, set, set_or_clear};
use crate::node::{NodeFields, NodeFilter, node_terms};
use demarche_core::domain::argument::Draft;
use demarche_core::error::Problems;

use crate::list::WithArgument;
use crate::word::{self, Marking};

/// A reusable reason for or against a mechanism, with the ground that it stands on.
#[derive(MergedObject)]
pub struct Argument(super::position::Positions, ArgumentFields, NodeFields);

impl From<Seen<Model>> for Argument {
    fn from(model: Seen<Model>) -> Self {
        let (node, here) = (NodeFields::of::<Entity>(&model), WithArgument(model.anchor(model.id)));
        Self(super::position::Positions::of(here), ArgumentFields(model), node)
    }
}

impl Deref for Argument {
    type Target = NodeFields;

    fn deref(&self) -> &NodeFields {
        &self.2
    }
}

/// The fields of an argument's own.
pub struct ArgumentFields(Seen<Model>);

/// The fields of an argument's own.
#[Object]
impl ArgumentFields {
    /// The argument, in a sentence.
    async fn statement(&self) -> &str {
        &self.0.statement
    }

    /// The ground that it stands on.
    async fn frame(&self) -> word::Frame {
        self.0.frame.into()
    }

    /// How it is meant.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The arguments that this one speaks against.
    async fn rebuts(&self, ctx: &Context<'_>) -> Result<Many<Argument>> {
        linked(ctx, self.0.anchor(self.0.id), words::ArgumentLinkKind::Rebuts, true).await
    }

    /// The arguments that this one strengthens.
    async fn reinforces(&self, ctx: &Context<'_>) -> Result<Many<Argument>> {
        linked(ctx, self.0.anchor(self.0.id), words::ArgumentLinkKind::Reinforces, true).await
    }

    /// The arguments that speak against this one.
    async fn rebutted_by(&self, ctx: &Context<'_>) -> Result<Many<Argument>> {
        linked(ctx, self.0.anchor(self.0.id), words::ArgumentLinkKind::Rebuts, false).await
    }

    /// The arguments that strengthen this one.
    async fn reinforced_by(&self, ctx: &Context<'_>) -> Result<Many<Argument>> {
        linked(ctx, self.0.anchor(self.0.id), words::ArgumentLinkKind::Reinforces, false).await
    }
}

list_field! {
    /// Arguments: reusable reasons.
    Arguments, arguments, Entity, Argument, ArgumentFilter, ArgumentOrderField
}

/// What arguments can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ArgumentOrderField {
    /// The argument, byte by byte.
    Statement,
    /// The ground that it stands on.
    Frame,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last edited.
    UpdatedAt,
}

impl Listed for Entity {
    type Node = Argument;
    type Filter = ArgumentFilter;
    type OrderField = ArgumentOrderField;

    fn column(field: ArgumentOrderField) -> Column {
        match field {
            ArgumentOrderField::Statement => Column::Statement,
            ArgumentOrderField::Frame => Column::Frame,
            ArgumentOrderField::CreatedAt => Column::CreatedAt,
            ArgumentOrderField::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// Which arguments: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct ArgumentFilter {
    #[graphql(flatten)]
    node: NodeFilter,
    /// The argument.
    pub statement: Option<StringComparison>,
    /// The ground that it stands on.
    pub frame: Option<WordComparison<word::Frame>>,
    /// How it is meant.
    pub description: Option<StringComparison>,
    /// All of these hold.
    pub and: Option<Vec<ArgumentFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<ArgumentFilter>>,
    /// This does not hold.
    pub not: Option<Box<ArgumentFilter>>,
}

impl FilterInput for ArgumentFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { node, statement, frame, description, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        node_terms!(terms, Column, Kind::Argument, node);
        terms.test::<_, String>(Column::Statement, statement);
        terms.word::<words::Frame, _>(Column::Frame, frame);
        terms.test::<_, String>(Column::Description, description);
        terms.finish(and, or, not)
    }
}

/// To create an argument.
#[derive(Clone, Debug, InputObject)]
pub struct CreateArgumentInput {
    /// The dossier that it belongs to.
    dossier: ID,
    /// The argument, in a sentence.
    statement: String,
    /// The ground that it stands on.
    frame: word::Frame,
    /// How it is meant.
    description: Option<String>,
    /// The arguments that it speaks against.
    rebuts: Option<Vec<ID>>,
    /// The arguments that it strengthens.
    reinforces: Option<Vec<ID>>,
    /// The key that its importer gives it, unique among its kind in the dossier.
    external_id: Option<String>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl CreateArgumentInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { dossier, statement, frame, description, rebuts, reinforces, external_id, marking } = self;
        Draft {
            dossier: problems.key("dossier", Kind::Dossier, &dossier),
            external_id,
            marking: marking.map(Into::into),
            statement,
            frame: frame.into(),
            description,
            rebuts: problems.keys("rebuts", Kind::Argument, rebuts),
            reinforces: problems.keys("reinforces", Kind::Argument, reinforces),
        }
    }
}

/// To edit an argument. What is left out stays as it is; null takes away what may be missing.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateArgumentInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is changed and you get a `CONFLICT` with the current record.
    version: i32,
    /// A new wording.
    statement: Option<String>,
    /// Another ground.
    frame: Option<word::Frame>,
    /// A new description.
    description: MaybeUndefined<String>,
    /// The arguments that it speaks against, in place of those on record.
    rebuts: Option<Vec<ID>>,
    /// The arguments that it strengthens, in place of those on record.
    reinforces: Option<Vec<ID>>,
    /// A new key.
    external_id: MaybeUndefined<String>,
    /// How far it may travel from now on.
    marking: Option<Marking>,
}

payload! {
    /// What came of creating or editing an argument.
    ArgumentPayload {
        /// The argument as it is now: on a `CONFLICT`, as somebody else has edited it; null if it was refused.
        argument: Argument
    }
}

/// Mutations on arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArgumentMutation;

/// Mutations on arguments.
#[Object]
impl ArgumentMutation {
    /// Creates an argument.
    async fn create_argument(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it.")] input: CreateArgumentInput,
    ) -> Result<ArgumentPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::create::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Edits an argument; the state before stays on record as a revision.
    async fn update_argument(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what changes of it.")] input: UpdateArgumentInput,
    ) -> Result<ArgumentPayload> {
        let UpdateArgumentInput {
            id,
            version,
            statement,
            frame,
            description,
            rebuts,
            reinforces,
            external_id,
            marking,
        } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Argument, &id);
        let rebuts = rebuts.map(|ids| problems.keys("rebuts", Kind::Argument, Some(ids)));
        let reinforces = reinforces.map(|ids| problems.keys("reinforces", Kind::Argument, Some(ids)));
        let edit = |draft: &mut Draft| {
            set_or_clear(&mut draft.external_id, external_id);
            draft.marking = marking.map(Into::into).or(draft.marking);
            set(&mut draft.statement, statement);
            set(&mut draft.frame, frame);
            set_or_clear(&mut draft.description, description);
            set(&mut draft.rebuts, rebuts);
            set(&mut draft.reinforces, reinforces);
        };
        Ok(mutation::update::<Entity>(ctx, id, version, edit, problems).await?.into())
    }
}

/// The arguments at the other end of an argument's links.
async fn linked(
    ctx: &Context<'_>,
    here: Anchor,
    kind: words::ArgumentLinkKind,
    outgoing: bool,
) -> Result<Many<Argument>> {
    let links = loader::argument_links(ctx, here).await?;
    let mut arguments = Vec::new();
    for link in links.iter().filter(|link| link.kind == kind) {
        let (near, far) =
            if outgoing { (link.argument_id, link.target_id) } else { (link.target_id, link.argument_id) };
        if near == here.id {
            arguments.extend(loader::load::<Entity>(ctx, far, here.at).await?.map(Argument::from));
        }
    }
    Ok(Many(arguments))
}
