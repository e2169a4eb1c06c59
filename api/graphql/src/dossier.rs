//! Dossiers in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Object, SimpleObject};
use entity::dossier::{Column, Entity, Model};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::words;

use crate::audit::AuditOf;
use crate::error::{ReadIds, Result, UserError, Written, payload};
use crate::filter::{FilterInput, OrderedComparison, StringComparison, Terms};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mutation::{self, begin, end, set, set_or_clear};
use crate::node::NodeFields;
use demarche_core::domain::dossier::{self, Draft};
use demarche_core::domain::{Action, readable};
use demarche_core::error::Problems;

use crate::connection::{Connection, Slice};
use crate::error::fault;
use crate::filter::IdComparison;
use crate::list::AsOfInput;
use crate::mechanism::Mechanism;
use crate::member::Member;
use crate::source::Source;
use crate::stakeholder::Stakeholder;
use crate::standing::{self, Standing, StandingFilter, StandingRule, Whose};
use crate::word::Marking;
use demarche_core::domain::list::Readable;

/// One policy question under study: the room that every other record belongs to.
#[derive(MergedObject)]
pub struct Dossier(
    super::records::Records,
    super::search::SearchQuery,
    super::change::ChangeQuery,
    AuditOf,
    DossierFields,
    NodeFields,
);

impl From<Seen<Model>> for Dossier {
    fn from(model: Seen<Model>) -> Self {
        let (node, here) = (NodeFields::of::<Entity>(&model), model.anchor(model.id));
        Self(
            super::records::Records::within(Some(here)),
            super::search::SearchQuery(Some(here.id)),
            super::change::ChangeQuery(Some(here.id)),
            AuditOf(model.clone()),
            DossierFields(model),
            node,
        )
    }
}

impl Deref for Dossier {
    type Target = NodeFields;

    fn deref(&self) -> &NodeFields {
        &self.5
    }
}

/// The fields of a dossier's own.
pub struct DossierFields(Seen<Model>);

/// The fields of a dossier's own.
#[Object]
impl DossierFields {
    /// A readable name, unique over all dossiers.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The question that the dossier is to answer.
    async fn question(&self) -> Option<&str> {
        self.0.question.as_deref()
    }

    /// What it is about, and how it was coded.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Who may see this dossier, and do what in it; those who own it first.
    async fn members(&self, ctx: &Context<'_>) -> Result<Many<Member>> {
        let members = loader::members(ctx, self.0.anchor(self.0.id)).await?;
        Ok(members.iter().cloned().map(Member::from).collect())
    }

    /// The stakeholder of this dossier with a readable name; null if there is none that you may see.
    async fn stakeholder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its readable name.")] slug: String,
    ) -> Result<Option<Stakeholder>> {
        use entity::stakeholder::Column as By;
        let filter = Filter::all([Filter::equal(By::DossierId, self.0.id), Filter::equal(By::Slug, slug)]);
        let found = entity::stakeholder::Entity::get(loader::op(ctx)?, filter).await;
        loader::shown::<entity::stakeholder::Entity>(ctx, found.map_err(fault)?, self.0.at()).await
    }

    /// The mechanism of this dossier with a readable name; null if there is none that you may see.
    async fn mechanism(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its readable name.")] slug: String,
    ) -> Result<Option<Mechanism>> {
        use entity::mechanism::Column as By;
        let filter = Filter::all([Filter::equal(By::DossierId, self.0.id), Filter::equal(By::Slug, slug)]);
        let found = entity::mechanism::Entity::get(loader::op(ctx)?, filter).await;
        loader::shown::<entity::mechanism::Entity>(ctx, found.map_err(fault)?, self.0.at()).await
    }

    /// The source of this dossier with a readable name; null if there is none that you may see.
    async fn source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its readable name.")] slug: String,
    ) -> Result<Option<Source>> {
        use entity::source::Column as By;
        let filter = Filter::all([Filter::equal(By::DossierId, self.0.id), Filter::equal(By::Slug, slug)]);
        let found = entity::source::Entity::get(loader::op(ctx)?, filter).await;
        loader::shown::<entity::source::Entity>(ctx, found.map_err(fault)?, self.0.at()).await
    }

    /// Where the stakeholders of this dossier stand on its mechanisms, by a named rule: a cell for every pair, those
    /// without a stated position included.
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
        standing::connection(ctx, Whose::Dossier(self.0.id), self.0.at(), rule, slice, filter, as_of).await
    }
}

list_field! {
    /// Dossiers: one policy question under study each.
    Dossiers, dossiers, Entity, Dossier, DossierFilter, DossierOrderField
}

/// What dossiers can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DossierOrderField {
    /// The readable name.
    Slug,
    /// The title.
    Title,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last edited.
    UpdatedAt,
}

impl Listed for Entity {
    type Node = Dossier;
    type Filter = DossierFilter;
    type OrderField = DossierOrderField;

    fn column(field: DossierOrderField) -> Column {
        match field {
            DossierOrderField::Slug => Column::Slug,
            DossierOrderField::Title => Column::Title,
            DossierOrderField::CreatedAt => Column::CreatedAt,
            DossierOrderField::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// Which dossiers: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct DossierFilter {
    /// The id.
    pub id: Option<IdComparison>,
    /// The readable name.
    pub slug: Option<StringComparison>,
    /// The title.
    pub title: Option<StringComparison>,
    /// The guiding question.
    pub question: Option<StringComparison>,
    /// The key that its importer gave it.
    pub external_id: Option<StringComparison>,
    /// How far it may travel.
    pub marking: Option<OrderedComparison<Marking>>,
    /// All of these hold.
    pub and: Option<Vec<DossierFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<DossierFilter>>,
    /// This does not hold.
    pub not: Option<Box<DossierFilter>>,
}

impl FilterInput for DossierFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { id, slug, title, question, external_id, marking, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        terms.id(Column::Id, Kind::Dossier, id)?;
        terms.test::<_, String>(Column::Slug, slug);
        terms.test::<_, String>(Column::Title, title);
        terms.test::<_, String>(Column::Question, question);
        terms.test::<_, String>(Column::ExternalId, external_id);
        terms.word::<words::Marking, _>(Column::Marking, marking);
        terms.finish(and, or, not)
    }
}

/// To create a dossier.
#[derive(Clone, Debug, InputObject)]
pub struct CreateDossierInput {
    /// A readable name, unique among its kind in the dossier: letters a to z, digits and single hyphens.
    slug: String,
    /// The title.
    title: String,
    /// The question that the dossier is to answer.
    question: Option<String>,
    /// What it is about, and how it was coded.
    description: Option<String>,
    /// The key that its importer gives it, unique among its kind in the dossier.
    external_id: Option<String>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl CreateDossierInput {
    fn draft(self, _problems: &mut Problems) -> Draft {
        let Self { slug, title, question, description, external_id, marking } = self;
        Draft { slug, external_id, marking: marking.map(Into::into), title, question, description }
    }
}

/// To edit a dossier. What is left out stays as it is; null takes away what may be missing.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateDossierInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is changed and you get a `CONFLICT` with the current record.
    version: i32,
    /// A new readable name.
    slug: Option<String>,
    /// A new title.
    title: Option<String>,
    /// A new question.
    question: MaybeUndefined<String>,
    /// A new description.
    description: MaybeUndefined<String>,
    /// A new key.
    external_id: MaybeUndefined<String>,
    /// How far it may travel from now on.
    marking: Option<Marking>,
}

payload! {
    /// What came of creating or editing a dossier.
    DossierPayload {
        /// The dossier as it is now: on a `CONFLICT`, as somebody else has edited it; null if it was refused.
        dossier: Dossier
    }
}

/// To delete a dossier.
#[derive(Clone, Debug, InputObject)]
pub struct DeleteDossierInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is deleted.
    version: i32,
    /// Its readable name, to say once more that you mean this one.
    slug: String,
}

/// What came of deleting a dossier.
#[derive(SimpleObject)]
pub struct DeleteDossierPayload {
    /// The id of the dossier that there was; null if it was refused.
    id: Option<ID>,
    /// What is wrong with the input; empty if it was done. Nothing is ever half done.
    errors: Many<UserError>,
}

/// Mutations on dossiers.
#[derive(Clone, Copy, Debug, Default)]
pub struct DossierMutation;

/// Mutations on dossiers.
#[Object]
impl DossierMutation {
    /// Creates a dossier.
    async fn create_dossier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it.")] input: CreateDossierInput,
    ) -> Result<DossierPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::create::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Edits a dossier; the state before stays on record as a revision.
    async fn update_dossier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what changes of it.")] input: UpdateDossierInput,
    ) -> Result<DossierPayload> {
        let UpdateDossierInput { id, version, slug, title, question, description, external_id, marking } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Dossier, &id);
        let edit = |draft: &mut Draft| {
            set(&mut draft.slug, slug);
            set_or_clear(&mut draft.external_id, external_id);
            draft.marking = marking.map(Into::into).or(draft.marking);
            set(&mut draft.title, title);
            set_or_clear(&mut draft.question, question);
            set_or_clear(&mut draft.description, description);
        };
        Ok(mutation::update::<Entity>(ctx, id, version, edit, problems).await?.into())
    }
    /// Deletes a dossier with all that is in it, for good. What the audit log says of it stays. For those who own it.
    async fn delete_dossier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and its readable name.")] input: DeleteDossierInput,
    ) -> Result<DeleteDossierPayload> {
        let DeleteDossierInput { id, version, slug } = input;
        let mut problems = Problems::default();
        let key = problems.key("id", Kind::Dossier, &id);
        let op = begin(ctx).await?;
        let result = match readable(&op, Action::DeleteDossier, problems) {
            Ok(()) => dossier::delete(&op, key, version, &slug).await,
            Err(error) => Err(error),
        };
        let Written { record, errors } = end(op, result).await?;
        Ok(DeleteDossierPayload { id: record.map(|()| id), errors })
    }
}
