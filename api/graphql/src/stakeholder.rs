//! Stakeholders in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Object, SimpleObject};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::stakeholder::{Column, Entity, Model};
use entity::words;

use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use demarche_core::domain::stakeholder::Draft;
use demarche_core::error::Problems;

use crate::mutation::{self, set, set_or_clear};
use crate::node::{NodeFields, NodeFilter, node_terms};

use crate::connection::{Connection, Slice};
use crate::list::{self, Arguments, AsOfInput, Hangs, OfStakeholder, OrderInput, Parent};
use crate::rating::Rating;
use crate::relation::{Relation, RelationFilter, RelationOrderField};
use crate::standing::{self, Standing, StandingFilter, StandingRule, Whose};
use crate::word::{self, Marking};
use demarche_core::domain::list::Link;
use entity::filter::Test;
use entity::page::{Order, Sort};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::ExprTrait;

/// An actor: somebody who takes positions, has power, or is affected.
#[derive(MergedObject)]
pub struct Stakeholder(
    super::position::Positions,
    super::event::Events,
    super::finding::Findings,
    super::rating::Ratings,
    StakeholderFields,
    NodeFields,
);

impl From<Seen<Model>> for Stakeholder {
    fn from(model: Seen<Model>) -> Self {
        let (node, here) = (NodeFields::of::<Entity>(&model), OfStakeholder(model.anchor(model.id)));
        Self(
            super::position::Positions::of(here),
            super::event::Events::of(here),
            super::finding::Findings::of(here),
            super::rating::Ratings::of(here),
            StakeholderFields(model),
            node,
        )
    }
}

impl Deref for Stakeholder {
    type Target = NodeFields;

    fn deref(&self) -> &NodeFields {
        &self.5
    }
}

/// The fields of a stakeholder's own.
pub struct StakeholderFields(Seen<Model>);

/// The fields of a stakeholder's own.
#[Object]
impl StakeholderFields {
    /// A readable name, unique among the stakeholders of the dossier.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The name under which it is best known.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What sort of actor it is.
    async fn kind(&self) -> word::StakeholderKind {
        self.0.kind.into()
    }

    /// Other names, acronyms, spellings.
    async fn aliases(&self) -> Many<&str> {
        self.0.aliases.0.iter().map(String::as_str).collect()
    }

    /// The country that it belongs to: ISO 3166-1 alpha-2, e.g. `MX`; null if to none.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }

    /// Who it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Its names in other registers, e.g. Wikidata.
    async fn identifiers(&self) -> Many<Identifier> {
        let identifiers = self.0.identifiers.0.iter().cloned();
        identifiers.map(|entity::stakeholder::Identifier { scheme, value }| Identifier { scheme, value }).collect()
    }

    /// Where this stakeholder stands on the mechanisms of the dossier, by a named rule: a cell for every mechanism, those without a stated position included.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn standings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to decide between several positions of one stakeholder on one mechanism.", default)] rule: StandingRule,
        #[graphql(desc = "The first so many standings, 0 to 200; 20 if neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only the standings after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many standings, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the standings before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the standings that all of this holds for.")] filter: Option<StandingFilter>,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Connection<Standing>> {
        let slice = Slice { first, after, last, before };
        standing::connection(ctx, Whose::Stakeholder(self.0.id), self.0.at(), rule, slice, filter, as_of).await
    }

    /// The latest rating of its influence, interest and salience; null if there is none.
    async fn rating(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Option<Rating>> {
        use entity::rating::Column as By;
        let latest = |column| Order { column, descending: true };
        let sort = Sort::new(vec![latest(By::OccurredOn), latest(By::Id)]);
        let found = list::few_of::<entity::rating::Entity>(
            ctx,
            OfStakeholder(self.0.anchor(self.0.id)).parent(),
            sort,
            as_of,
            1,
        )
        .await?;
        Ok(found.0.into_iter().next())
    }

    /// Its ties to other stakeholders, those that hold at the time asked for.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn relations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which end of the tie this stakeholder is.", default)] direction: RelationDirection,
        #[graphql(desc = "Only ties of these kinds.")] kinds: Option<Vec<word::RelationKind>>,
        #[graphql(desc = "The first so many relations, 0 to 200; 20 if neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only the relations after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many relations, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the relations before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the relations that all of this holds for.")] filter: Option<RelationFilter>,
        #[graphql(desc = "The order, its first term first; by id, so oldest first, if left out.")] order_by: Option<
            Vec<OrderInput<RelationOrderField>>,
        >,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Connection<Relation>> {
        use entity::relation::Column as Tie;
        let only = |kinds: Vec<word::RelationKind>| {
            let kinds = kinds.into_iter().map(words::RelationKind::from).collect();
            Filter::column(Tie::Kind, Test { one_of: Some(kinds), ..Test::default() })
        };
        let link: fn() -> Link<entity::relation::Entity> = match direction {
            RelationDirection::Outgoing => || Link::column(Tie::FromId),
            RelationDirection::Incoming => || Link::column(Tie::ToId),
            RelationDirection::Both => either_end,
        };
        let slice = Slice { first, after, last, before };
        let arguments = Arguments { slice, filter, order_by, as_of };
        list::connection(ctx, Parent::One("stakeholder", self.0.anchor(self.0.id), link), kinds.map(only), arguments)
            .await
    }
}

list_field! {
    /// Stakeholders: the actors.
    Stakeholders, stakeholders, Entity, Stakeholder, StakeholderFilter, StakeholderOrderField
}

/// What stakeholders can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum StakeholderOrderField {
    /// The readable name.
    Slug,
    /// The name, byte by byte.
    Name,
    /// What sort of actor it is.
    Kind,
    /// The country.
    Country,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last edited.
    UpdatedAt,
}

impl Listed for Entity {
    type Node = Stakeholder;
    type Filter = StakeholderFilter;
    type OrderField = StakeholderOrderField;

    fn column(field: StakeholderOrderField) -> Column {
        match field {
            StakeholderOrderField::Slug => Column::Slug,
            StakeholderOrderField::Name => Column::Name,
            StakeholderOrderField::Kind => Column::Kind,
            StakeholderOrderField::Country => Column::Country,
            StakeholderOrderField::CreatedAt => Column::CreatedAt,
            StakeholderOrderField::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// Which stakeholders: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct StakeholderFilter {
    #[graphql(flatten)]
    node: NodeFilter,
    /// The readable name.
    pub slug: Option<StringComparison>,
    /// The name; for other names too, use `search`.
    pub name: Option<StringComparison>,
    /// What sort of actor it is.
    pub kind: Option<WordComparison<word::StakeholderKind>>,
    /// The country, as ISO 3166-1 alpha-2.
    pub country: Option<StringComparison>,
    /// Who it is.
    pub description: Option<StringComparison>,
    /// It has itself stated at least one position that all of this holds for.
    pub positions: Option<Box<super::position::PositionFilter>>,
    /// At least one position is stated on its behalf that all of this holds for.
    pub represented_positions: Option<Box<super::position::PositionFilter>>,
    /// At least one tie goes from it that all of this holds for.
    pub outgoing: Option<Box<RelationFilter>>,
    /// At least one tie comes to it that all of this holds for.
    pub incoming: Option<Box<RelationFilter>>,
    /// All of these hold.
    pub and: Option<Vec<StakeholderFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<StakeholderFilter>>,
    /// This does not hold.
    pub not: Option<Box<StakeholderFilter>>,
}

impl FilterInput for StakeholderFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self {
            node,
            slug,
            name,
            kind,
            country,
            description,
            positions,
            represented_positions,
            outgoing,
            incoming,
            and,
            or,
            not,
        } = self;
        let mut terms = Terms::<Entity>::default();
        node_terms!(terms, Column, Kind::Stakeholder, node);
        terms.test::<_, String>(Column::Slug, slug);
        terms.test::<_, String>(Column::Name, name);
        terms.word::<words::StakeholderKind, _>(Column::Kind, kind);
        terms.test::<_, String>(Column::Country, country);
        terms.test::<_, String>(Column::Description, description);
        if let Some(positions) = positions {
            let back = entity::position::Column::StakeholderId;
            terms.add(Some(Filter::having::<entity::position::Entity>(Column::Id, back, positions.filter()?)));
        }
        if let Some(represented_positions) = represented_positions {
            let back = entity::position::Column::OnBehalfOfId;
            terms.add(Some(Filter::having::<entity::position::Entity>(
                Column::Id,
                back,
                represented_positions.filter()?,
            )));
        }
        if let Some(outgoing) = outgoing {
            let back = entity::relation::Column::FromId;
            terms.add(Some(Filter::having::<entity::relation::Entity>(Column::Id, back, outgoing.filter()?)));
        }
        if let Some(incoming) = incoming {
            let back = entity::relation::Column::ToId;
            terms.add(Some(Filter::having::<entity::relation::Entity>(Column::Id, back, incoming.filter()?)));
        }
        terms.finish(and, or, not)
    }
}

/// To create a stakeholder.
#[derive(Clone, Debug, InputObject)]
pub struct CreateStakeholderInput {
    /// The dossier that it belongs to.
    dossier: ID,
    /// A readable name, unique among its kind in the dossier: letters a to z, digits and single hyphens.
    slug: String,
    /// The name under which it is best known.
    name: String,
    /// What sort of actor it is.
    kind: word::StakeholderKind,
    /// Other names, acronyms, spellings.
    aliases: Option<Vec<String>>,
    /// The country that it belongs to: ISO 3166-1 alpha-2, e.g. `MX`.
    country: Option<String>,
    /// Who it is.
    description: Option<String>,
    /// Its names in other registers.
    identifiers: Option<Vec<IdentifierInput>>,
    /// The key that its importer gives it, unique among its kind in the dossier.
    external_id: Option<String>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl CreateStakeholderInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { dossier, slug, name, kind, aliases, country, description, identifiers, external_id, marking } = self;
        Draft {
            dossier: problems.key("dossier", Kind::Dossier, &dossier),
            slug,
            external_id,
            marking: marking.map(Into::into),
            name,
            kind: kind.into(),
            aliases: aliases.unwrap_or_default(),
            country,
            description,
            identifiers: identifiers.unwrap_or_default().into_iter().map(Into::into).collect(),
        }
    }
}

/// To edit a stakeholder. What is left out stays as it is; null takes away what may be missing.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateStakeholderInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is changed and you get a `CONFLICT` with the current record.
    version: i32,
    /// A new readable name.
    slug: Option<String>,
    /// A new name.
    name: Option<String>,
    /// Another sort of actor.
    kind: Option<word::StakeholderKind>,
    /// The other names, in place of those on record.
    aliases: Option<Vec<String>>,
    /// Another country.
    country: MaybeUndefined<String>,
    /// A new description.
    description: MaybeUndefined<String>,
    /// The names in other registers, in place of those on record.
    identifiers: Option<Vec<IdentifierInput>>,
    /// A new key.
    external_id: MaybeUndefined<String>,
    /// How far it may travel from now on.
    marking: Option<Marking>,
}

payload! {
    /// What came of creating or editing a stakeholder.
    StakeholderPayload {
        /// The stakeholder as it is now: on a `CONFLICT`, as somebody else has edited it; null if it was refused.
        stakeholder: Stakeholder
    }
}

/// Mutations on stakeholders.
#[derive(Clone, Copy, Debug, Default)]
pub struct StakeholderMutation;

/// Mutations on stakeholders.
#[Object]
impl StakeholderMutation {
    /// Creates a stakeholder.
    async fn create_stakeholder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it.")] input: CreateStakeholderInput,
    ) -> Result<StakeholderPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::create::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Edits a stakeholder; the state before stays on record as a revision.
    async fn update_stakeholder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what changes of it.")] input: UpdateStakeholderInput,
    ) -> Result<StakeholderPayload> {
        let UpdateStakeholderInput {
            id,
            version,
            slug,
            name,
            kind,
            aliases,
            country,
            description,
            identifiers,
            external_id,
            marking,
        } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Stakeholder, &id);
        let identifiers: Option<Vec<_>> = identifiers.map(|all| all.into_iter().map(Into::into).collect());
        let edit = |draft: &mut Draft| {
            set(&mut draft.slug, slug);
            set_or_clear(&mut draft.external_id, external_id);
            draft.marking = marking.map(Into::into).or(draft.marking);
            set(&mut draft.name, name);
            set(&mut draft.kind, kind);
            set(&mut draft.aliases, aliases);
            set_or_clear(&mut draft.country, country);
            set_or_clear(&mut draft.description, description);
            set(&mut draft.identifiers, identifiers);
        };
        Ok(mutation::update::<Entity>(ctx, id, version, edit, problems).await?.into())
    }
}

/// A name in another register.
#[derive(Clone, Debug, SimpleObject)]
pub struct Identifier {
    /// The register, e.g. `wikidata`.
    scheme: String,
    /// The name there, e.g. `Q96`.
    value: String,
}

/// A name in another register.
#[derive(Clone, Debug, InputObject)]
pub struct IdentifierInput {
    /// The register, e.g. `wikidata`.
    scheme: String,
    /// The name there, e.g. `Q96`.
    value: String,
}

impl From<IdentifierInput> for entity::stakeholder::Identifier {
    fn from(IdentifierInput { scheme, value }: IdentifierInput) -> Self {
        Self { scheme, value }
    }
}

/// Which end of a directed tie a stakeholder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum RelationDirection {
    /// It is where the tie comes from.
    Outgoing,
    /// It is where the tie goes to.
    Incoming,
    /// Either.
    #[default]
    Both,
}

fn either_end() -> Link<entity::relation::Entity> {
    use entity::relation::Column as Tie;
    let ends = [Tie::FromId, Tie::ToId].map(|end| end.into_expr().eq(Column::Id.into_expr()));
    let on = ends.into_iter().fold(sea_orm::Condition::any(), sea_orm::Condition::add);
    Link::table::<Entity>(Column::Id, on)
}
