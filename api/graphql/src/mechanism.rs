//! Mechanisms in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::Seen;
use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Object, SimpleObject,
};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::mechanism::{Column, Entity, Model};
use entity::record::AsOf;
use entity::words;

use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, StringComparison, Terms, WordComparison};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mutation::{self, set, set_or_clear};
use crate::node::{NodeFields, NodeFilter, node_terms};
use demarche_core::domain::mechanism::Draft;
use demarche_core::domain::reference::Several;
use demarche_core::error::Problems;

use crate::condition::Condition;
use crate::connection::{Connection, Slice};
use crate::list::{self, Arguments, AsOfInput, Hangs, OnMechanism, OrderInput};
use crate::stakeholder::Stakeholder;
use crate::standing::{self, Standing, StandingFilter, StandingRule, Support, Whose};
use crate::status::Status;
use crate::word::{self, Marking};
use demarche_core::domain::mechanism as domain_mechanism;
use entity::page::{Order, Sort};

/// A proposed way to act: what stakeholders take positions on. A *cooperation mechanism* is one whose mode is
/// `BILATERAL` or `MULTILATERAL`.
#[derive(MergedObject)]
pub struct Mechanism(
    super::position::Positions,
    super::event::Events,
    super::implication::Implications,
    super::status::Statuses,
    MechanismFields,
    NodeFields,
);

impl From<Seen<Model>> for Mechanism {
    fn from(model: Seen<Model>) -> Self {
        let (node, here) = (NodeFields::of::<Entity>(&model), OnMechanism(model.anchor(model.id)));
        Self(
            super::position::Positions::of(here),
            super::event::Events::of(here),
            super::implication::Implications::of(here),
            super::status::Statuses::of(here),
            MechanismFields(model),
            node,
        )
    }
}

impl Deref for Mechanism {
    type Target = NodeFields;

    fn deref(&self) -> &NodeFields {
        &self.5
    }
}

/// The fields of a mechanism's own.
pub struct MechanismFields(Seen<Model>);

/// The fields of a mechanism's own.
#[Object]
impl MechanismFields {
    /// A readable name, unique among the mechanisms of the dossier.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who would act together.
    async fn mode(&self) -> word::MechanismMode {
        self.0.mode.into()
    }

    /// What it consists of.
    async fn kind(&self) -> word::MechanismKind {
        self.0.kind.into()
    }

    /// What it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The mechanism that this one is a part of; null if of none.
    async fn part_of(&self, ctx: &Context<'_>) -> Result<Option<Mechanism>> {
        let Some(id) = self.0.part_of_id else { return Ok(None) };
        Ok(loader::load::<Entity>(ctx, id, self.0.at()).await?.map(Mechanism::from))
    }

    /// The mechanisms that are parts of this one.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn parts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many mechanisms, 0 to 200; 20 if neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only the mechanisms after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many mechanisms, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the mechanisms before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only the mechanisms that all of this holds for.")] filter: Option<MechanismFilter>,
        #[graphql(desc = "The order, its first term first; by id, so oldest first, if left out.")] order_by: Option<
            Vec<OrderInput<MechanismOrderField>>,
        >,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Connection<Mechanism>> {
        let slice = Slice { first, after, last, before };
        let arguments = Arguments { slice, filter, order_by, as_of };
        list::connection::<Entity>(ctx, OnMechanism(self.0.anchor(self.0.id)).parent(), None, arguments).await
    }

    /// The stakeholders that have a part in it, and which.
    async fn parties(&self, ctx: &Context<'_>) -> Result<Many<Party>> {
        let parties = loader::parties(ctx, self.0.anchor(self.0.id)).await?;
        Ok(parties
            .iter()
            .map(|party| Party { stakeholder: party.stakeholder, at: self.0.at(), role: party.role.into() })
            .collect())
    }

    /// Its prerequisites, the first 200; to page through more, use `Dossier.conditions`.
    async fn conditions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Many<Condition>> {
        list::few::<entity::condition::Entity>(
            ctx,
            OnMechanism(self.0.anchor(self.0.id)).parent(),
            Sort::new(Vec::new()),
            as_of,
        )
        .await
    }

    /// The latest step of its life: by date, and of the same date the one recorded last; null if none is on record.
    async fn status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Option<Status>> {
        use entity::status::Column as By;
        let latest = |column| Order { column, descending: true };
        let sort = Sort::new(vec![latest(By::OccurredOn), latest(By::Id)]);
        let found =
            list::few_of::<entity::status::Entity>(ctx, OnMechanism(self.0.anchor(self.0.id)).parent(), sort, as_of, 1)
                .await?;
        Ok(found.0.into_iter().next())
    }

    /// Where the stakeholders of the dossier stand on this mechanism, by a named rule: a cell for every stakeholder, those without a stated position included.
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
        standing::connection(ctx, Whose::Mechanism(self.0.id), self.0.at(), rule, slice, filter, as_of).await
    }

    /// How many stakeholders stand where on it, by a named rule.
    async fn support(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to decide between several positions of one stakeholder.", default)] rule: StandingRule,
        #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<
            AsOfInput,
        >,
    ) -> Result<Support> {
        standing::support(ctx, self.0.anchor(self.0.id), rule, as_of).await
    }
}

list_field! {
    /// Mechanisms: proposed ways to act.
    Mechanisms, mechanisms, Entity, Mechanism, MechanismFilter, MechanismOrderField
}

/// What mechanisms can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MechanismOrderField {
    /// The readable name.
    Slug,
    /// What it is called, byte by byte.
    Name,
    /// Who would act together.
    Mode,
    /// What it consists of.
    Kind,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last edited.
    UpdatedAt,
}

impl Listed for Entity {
    type Node = Mechanism;
    type Filter = MechanismFilter;
    type OrderField = MechanismOrderField;

    fn column(field: MechanismOrderField) -> Column {
        match field {
            MechanismOrderField::Slug => Column::Slug,
            MechanismOrderField::Name => Column::Name,
            MechanismOrderField::Mode => Column::Mode,
            MechanismOrderField::Kind => Column::Kind,
            MechanismOrderField::CreatedAt => Column::CreatedAt,
            MechanismOrderField::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// Which mechanisms: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct MechanismFilter {
    #[graphql(flatten)]
    node: NodeFilter,
    /// The readable name.
    pub slug: Option<StringComparison>,
    /// What it is called.
    pub name: Option<StringComparison>,
    /// Who would act together.
    pub mode: Option<WordComparison<word::MechanismMode>>,
    /// What it consists of.
    pub kind: Option<WordComparison<word::MechanismKind>>,
    /// What it is.
    pub description: Option<StringComparison>,
    /// The mechanism that it is a part of.
    pub part_of: Option<Box<MechanismFilter>>,
    /// At least one stakeholder that has a part in it.
    pub parties: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// At least one position is taken on it that all of this holds for.
    pub positions: Option<Box<super::position::PositionFilter>>,
    /// At least one step of its life, past or present, that all of this holds for.
    pub statuses: Option<Box<super::status::StatusFilter>>,
    /// All of these hold.
    pub and: Option<Vec<MechanismFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<MechanismFilter>>,
    /// This does not hold.
    pub not: Option<Box<MechanismFilter>>,
}

impl FilterInput for MechanismFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { node, slug, name, mode, kind, description, part_of, parties, positions, statuses, and, or, not } =
            self;
        let mut terms = Terms::<Entity>::default();
        node_terms!(terms, Column, Kind::Mechanism, node);
        terms.test::<_, String>(Column::Slug, slug);
        terms.test::<_, String>(Column::Name, name);
        terms.word::<words::MechanismMode, _>(Column::Mode, mode);
        terms.word::<words::MechanismKind, _>(Column::Kind, kind);
        terms.test::<_, String>(Column::Description, description);
        terms.through(Column::PartOfId, part_of.map(|filter| *filter))?;
        if let Some(parties) = parties {
            let parties = parties.filter()?;
            terms.add(Some(Filter::linked::<entity::mechanism_party::Entity, entity::stakeholder::Entity>(
                Column::Id,
                entity::mechanism_party::Column::MechanismId,
                entity::mechanism_party::Column::StakeholderId,
                sea_orm::Condition::all(),
                parties,
            )));
        }
        if let Some(positions) = positions {
            let back = entity::position::Column::MechanismId;
            terms.add(Some(Filter::having::<entity::position::Entity>(Column::Id, back, positions.filter()?)));
        }
        if let Some(statuses) = statuses {
            let back = entity::status::Column::MechanismId;
            terms.add(Some(Filter::having::<entity::status::Entity>(Column::Id, back, statuses.filter()?)));
        }
        terms.finish(and, or, not)
    }
}

/// To create a mechanism.
#[derive(Clone, Debug, InputObject)]
pub struct CreateMechanismInput {
    /// The dossier that it belongs to.
    dossier: ID,
    /// A readable name, unique among its kind in the dossier: letters a to z, digits and single hyphens.
    slug: String,
    /// What it is called.
    name: String,
    /// Who would act together.
    mode: word::MechanismMode,
    /// What it consists of.
    kind: word::MechanismKind,
    /// What it is.
    description: Option<String>,
    /// The mechanism that it is a part of.
    part_of: Option<ID>,
    /// The stakeholders that have a part in it, and which.
    parties: Option<Vec<PartyInput>>,
    /// The key that its importer gives it, unique among its kind in the dossier.
    external_id: Option<String>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl CreateMechanismInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { dossier, slug, name, mode, kind, description, part_of, parties, external_id, marking } = self;
        Draft {
            dossier: problems.key("dossier", Kind::Dossier, &dossier),
            slug,
            external_id,
            marking: marking.map(Into::into),
            name,
            mode: mode.into(),
            kind: kind.into(),
            description,
            part_of: part_of.map(|id| problems.key("partOf", Kind::Mechanism, &id)),
            parties: read_parties(parties.unwrap_or_default(), problems),
        }
    }
}

/// To edit a mechanism. What is left out stays as it is; null takes away what may be missing.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateMechanismInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is changed and you get a `CONFLICT` with the current record.
    version: i32,
    /// A new readable name.
    slug: Option<String>,
    /// A new name.
    name: Option<String>,
    /// Another mode.
    mode: Option<word::MechanismMode>,
    /// Another kind.
    kind: Option<word::MechanismKind>,
    /// A new description.
    description: MaybeUndefined<String>,
    /// Another mechanism that it is a part of.
    part_of: MaybeUndefined<ID>,
    /// The parties, in place of those on record.
    parties: Option<Vec<PartyInput>>,
    /// A new key.
    external_id: MaybeUndefined<String>,
    /// How far it may travel from now on.
    marking: Option<Marking>,
}

payload! {
    /// What came of creating or editing a mechanism.
    MechanismPayload {
        /// The mechanism as it is now: on a `CONFLICT`, as somebody else has edited it; null if it was refused.
        mechanism: Mechanism
    }
}

/// Mutations on mechanisms.
#[derive(Clone, Copy, Debug, Default)]
pub struct MechanismMutation;

/// Mutations on mechanisms.
#[Object]
impl MechanismMutation {
    /// Creates a mechanism.
    async fn create_mechanism(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it.")] input: CreateMechanismInput,
    ) -> Result<MechanismPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::create::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Edits a mechanism; the state before stays on record as a revision.
    async fn update_mechanism(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what changes of it.")] input: UpdateMechanismInput,
    ) -> Result<MechanismPayload> {
        let UpdateMechanismInput {
            id,
            version,
            slug,
            name,
            mode,
            kind,
            description,
            part_of,
            parties,
            external_id,
            marking,
        } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Mechanism, &id);
        let parties = parties.map(|parties| read_parties(parties, &mut problems));
        let part_of = part_of.map_value(|id| problems.key("partOf", Kind::Mechanism, &id));
        let edit = |draft: &mut Draft| {
            set(&mut draft.slug, slug);
            set_or_clear(&mut draft.external_id, external_id);
            draft.marking = marking.map(Into::into).or(draft.marking);
            set(&mut draft.name, name);
            set(&mut draft.mode, mode);
            set(&mut draft.kind, kind);
            set_or_clear(&mut draft.description, description);
            set_or_clear(&mut draft.part_of, part_of);
            set(&mut draft.parties, parties);
        };
        Ok(mutation::update::<Entity>(ctx, id, version, edit, problems).await?.into())
    }
}

/// A stakeholder's part in a mechanism.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Party {
    #[graphql(skip)]
    stakeholder: i64,
    #[graphql(skip)]
    at: Option<AsOf>,
    /// Which part.
    role: word::PartyRole,
}

/// A stakeholder's part in a mechanism.
#[ComplexObject]
impl Party {
    /// Who has the part.
    async fn stakeholder(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.stakeholder, self.at).await?.into())
    }
}

/// A stakeholder's part in a mechanism.
#[derive(Clone, Debug, InputObject)]
pub struct PartyInput {
    /// Who has the part.
    stakeholder: ID,
    /// Which part.
    role: word::PartyRole,
}

fn read_parties(parties: Vec<PartyInput>, problems: &mut Problems) -> Several<domain_mechanism::Party> {
    let read = |(n, party): (usize, PartyInput)| domain_mechanism::Party {
        stakeholder: problems.key(&format!("parties.{n}.stakeholder"), Kind::Stakeholder, &party.stakeholder),
        role: party.role.into(),
    };
    parties.into_iter().enumerate().map(read).collect::<Vec<_>>().into()
}
