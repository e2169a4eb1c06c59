//! Sources in GraphQL.

use std::ops::Deref;

use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, MergedObject, Object};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::source::{Column, Entity, Model};
use entity::words;

use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, OrderedComparison, StringComparison, Terms, WordComparison};
use crate::list::FromSource;
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mutation::{self, set, set_or_clear};
use crate::node::{NodeFields, NodeFilter, node_terms};
use crate::scalar::Date;
use crate::word::{self, DatePrecision, Marking};
use demarche_core::domain::date::PartialDate;
use demarche_core::domain::source::Draft;
use demarche_core::error::Problems;

/// A document that assertions are taken from.
#[derive(MergedObject)]
pub struct Source(
    super::position::Positions,
    super::event::Events,
    super::finding::Findings,
    super::rating::Ratings,
    super::implication::Implications,
    super::status::Statuses,
    super::relation::Relations,
    SourceFields,
    NodeFields,
);

impl From<Seen<Model>> for Source {
    fn from(model: Seen<Model>) -> Self {
        let (node, here) = (NodeFields::of::<Entity>(&model), FromSource(model.anchor(model.id)));
        Self(
            super::position::Positions::of(here),
            super::event::Events::of(here),
            super::finding::Findings::of(here),
            super::rating::Ratings::of(here),
            super::implication::Implications::of(here),
            super::status::Statuses::of(here),
            super::relation::Relations::of(here),
            SourceFields(model),
            node,
        )
    }
}

impl Deref for Source {
    type Target = NodeFields;

    fn deref(&self) -> &NodeFields {
        &self.8
    }
}

/// The fields of a source's own.
pub struct SourceFields(Seen<Model>);

/// The fields of a source's own.
#[Object]
impl SourceFields {
    /// A readable name, unique among the sources of the dossier.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Where it can be found: an absolute http or https URL.
    async fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Who published it.
    async fn publisher(&self) -> Option<&str> {
        self.0.publisher.as_deref()
    }

    /// Who wrote it.
    async fn author(&self) -> Option<&str> {
        self.0.author.as_deref()
    }

    /// When it was published: the first day of what is known.
    async fn published_on(&self) -> Option<Date> {
        self.0.published_on.map(Date)
    }

    /// How much of `publishedOn` is known.
    async fn published_on_precision(&self) -> Option<DatePrecision> {
        self.0.published_precision.map(DatePrecision::from)
    }

    /// When it was retrieved: the first day of what is known.
    async fn retrieved_on(&self) -> Option<Date> {
        self.0.retrieved_on.map(Date)
    }

    /// How much of `retrievedOn` is known.
    async fn retrieved_on_precision(&self) -> Option<DatePrecision> {
        self.0.retrieved_precision.map(DatePrecision::from)
    }

    /// The language that it is written in: a BCP 47 tag, e.g. `es-MX`.
    async fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    /// The SHA-256 of its text as UTF-8, 64 hex digits: by it one can tell whether a copy is the same.
    async fn sha256(&self) -> Option<&str> {
        self.0.sha256.as_deref()
    }

    /// How far this source can be trusted in general (Admiralty code), apart from what it says this time.
    async fn reliability(&self) -> Option<word::Reliability> {
        self.0.reliability.map(Into::into)
    }

    /// Its full text, if it is stored.
    async fn text(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        loader::source_text(ctx, self.0.anchor(self.0.id)).await
    }
}

list_field! {
    /// Sources: the documents that assertions are taken from.
    Sources, sources, Entity, Source, SourceFilter, SourceOrderField
}

/// What sources can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SourceOrderField {
    /// The readable name.
    Slug,
    /// The title, byte by byte.
    Title,
    /// When it was published.
    PublishedOn,
    /// How far it can be trusted, A first.
    Reliability,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last edited.
    UpdatedAt,
}

impl Listed for Entity {
    type Node = Source;
    type Filter = SourceFilter;
    type OrderField = SourceOrderField;

    fn column(field: SourceOrderField) -> Column {
        match field {
            SourceOrderField::Slug => Column::Slug,
            SourceOrderField::Title => Column::Title,
            SourceOrderField::PublishedOn => Column::PublishedOn,
            SourceOrderField::Reliability => Column::Reliability,
            SourceOrderField::CreatedAt => Column::CreatedAt,
            SourceOrderField::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// Which sources: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct SourceFilter {
    #[graphql(flatten)]
    node: NodeFilter,
    /// The readable name.
    pub slug: Option<StringComparison>,
    /// The title.
    pub title: Option<StringComparison>,
    /// Where it can be found.
    pub url: Option<StringComparison>,
    /// Who published it.
    pub publisher: Option<StringComparison>,
    /// Who wrote it.
    pub author: Option<StringComparison>,
    /// When it was published.
    pub published_on: Option<OrderedComparison<Date>>,
    /// When it was retrieved.
    pub retrieved_on: Option<OrderedComparison<Date>>,
    /// The language.
    pub language: Option<StringComparison>,
    /// The SHA-256 of its text.
    pub sha256: Option<StringComparison>,
    /// How far it can be trusted in general.
    pub reliability: Option<WordComparison<word::Reliability>>,
    /// All of these hold.
    pub and: Option<Vec<SourceFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<SourceFilter>>,
    /// This does not hold.
    pub not: Option<Box<SourceFilter>>,
}

impl FilterInput for SourceFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self {
            node,
            slug,
            title,
            url,
            publisher,
            author,
            published_on,
            retrieved_on,
            language,
            sha256,
            reliability,
            and,
            or,
            not,
        } = self;
        let mut terms = Terms::<Entity>::default();
        node_terms!(terms, Column, Kind::Source, node);
        terms.test::<_, String>(Column::Slug, slug);
        terms.test::<_, String>(Column::Title, title);
        terms.test::<_, String>(Column::Url, url);
        terms.test::<_, String>(Column::Publisher, publisher);
        terms.test::<_, String>(Column::Author, author);
        terms.date(Column::PublishedOn, published_on);
        terms.date(Column::RetrievedOn, retrieved_on);
        terms.test::<_, String>(Column::Language, language);
        terms.test::<_, String>(Column::Sha256, sha256);
        terms.word::<words::Reliability, _>(Column::Reliability, reliability);
        terms.finish(and, or, not)
    }
}

/// To create a source.
#[derive(Clone, Debug, InputObject)]
pub struct CreateSourceInput {
    /// The dossier that it belongs to.
    dossier: ID,
    /// A readable name, unique among its kind in the dossier: letters a to z, digits and single hyphens.
    slug: String,
    /// The title.
    title: String,
    /// Where it can be found: an absolute http or https URL.
    url: Option<String>,
    /// Who published it.
    publisher: Option<String>,
    /// Who wrote it.
    author: Option<String>,
    /// When it was published; of a month or a year any day of it. Not after today.
    published_on: Option<Date>,
    /// How much of `publishedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    published_on_precision: DatePrecision,
    /// When it was retrieved. Not after today.
    retrieved_on: Option<Date>,
    /// How much of `retrievedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    retrieved_on_precision: DatePrecision,
    /// The language that it is written in: a BCP 47 tag.
    language: Option<String>,
    /// The SHA-256 of its text as UTF-8, 64 lower-case hex digits; reckoned if `text` is given.
    sha256: Option<String>,
    /// Its full text, at most 5,000,000 characters.
    text: Option<String>,
    /// How far it can be trusted in general.
    reliability: Option<word::Reliability>,
    /// The key that its importer gives it, unique among its kind in the dossier.
    external_id: Option<String>,
    /// How far it may travel (TLP 2.0). It never travels further than what it refers to: left out or too low, it is marked like
    /// the highest of that.
    marking: Option<Marking>,
}

impl CreateSourceInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self {
            dossier,
            slug,
            title,
            url,
            publisher,
            author,
            published_on,
            published_on_precision,
            retrieved_on,
            retrieved_on_precision,
            language,
            sha256,
            text,
            reliability,
            external_id,
            marking,
        } = self;
        Draft {
            dossier: problems.key("dossier", Kind::Dossier, &dossier),
            slug,
            external_id,
            marking: marking.map(Into::into),
            title,
            url,
            publisher,
            author,
            published: published_on.map(|date| PartialDate::new(date.0, published_on_precision.into())),
            retrieved: retrieved_on.map(|date| PartialDate::new(date.0, retrieved_on_precision.into())),
            language,
            sha256,
            text,
            reliability: reliability.map(Into::into),
        }
    }
}

/// To edit a source. What is left out stays as it is; null takes away what may be missing.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateSourceInput {
    /// Which one.
    id: ID,
    /// The version that you saw: if somebody has edited it since, nothing is changed and you get a `CONFLICT` with the current record.
    version: i32,
    /// A new readable name.
    slug: Option<String>,
    /// A new title.
    title: Option<String>,
    /// Another URL.
    url: MaybeUndefined<String>,
    /// Another publisher.
    publisher: MaybeUndefined<String>,
    /// Another author.
    author: MaybeUndefined<String>,
    /// Another date of publication.
    published_on: MaybeUndefined<Date>,
    /// How much of `publishedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    published_on_precision: DatePrecision,
    /// Another date of retrieval.
    retrieved_on: MaybeUndefined<Date>,
    /// How much of `retrievedOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    retrieved_on_precision: DatePrecision,
    /// Another language.
    language: MaybeUndefined<String>,
    /// Another SHA-256; reckoned anew if `text` is given.
    sha256: MaybeUndefined<String>,
    /// Another full text.
    text: MaybeUndefined<String>,
    /// Another grade.
    reliability: MaybeUndefined<word::Reliability>,
    /// A new key.
    external_id: MaybeUndefined<String>,
    /// How far it may travel from now on.
    marking: Option<Marking>,
}

payload! {
    /// What came of creating or editing a source.
    SourcePayload {
        /// The source as it is now: on a `CONFLICT`, as somebody else has edited it; null if it was refused.
        source: Source
    }
}

/// Mutations on sources.
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceMutation;

/// Mutations on sources.
#[Object]
impl SourceMutation {
    /// Creates a source.
    async fn create_source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it.")] input: CreateSourceInput,
    ) -> Result<SourcePayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::create::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Edits a source; the state before stays on record as a revision.
    async fn update_source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what changes of it.")] input: UpdateSourceInput,
    ) -> Result<SourcePayload> {
        let UpdateSourceInput {
            id,
            version,
            slug,
            title,
            url,
            publisher,
            author,
            published_on,
            published_on_precision,
            retrieved_on,
            retrieved_on_precision,
            language,
            sha256,
            text,
            reliability,
            external_id,
            marking,
        } = input;
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Source, &id);
        let published = published_on.map_value(|date| PartialDate::new(date.0, published_on_precision.into()));
        let retrieved = retrieved_on.map_value(|date| PartialDate::new(date.0, retrieved_on_precision.into()));
        let edit = |draft: &mut Draft| {
            set(&mut draft.slug, slug);
            set_or_clear(&mut draft.external_id, external_id);
            draft.marking = marking.map(Into::into).or(draft.marking);
            set(&mut draft.title, title);
            set_or_clear(&mut draft.url, url);
            set_or_clear(&mut draft.publisher, publisher);
            set_or_clear(&mut draft.author, author);
            set_or_clear(&mut draft.published, published);
            set_or_clear(&mut draft.retrieved, retrieved);
            set_or_clear(&mut draft.language, language);
            // The digest on record is that of the text on record: a new text brings its own.
            if text.is_value() {
                draft.sha256 = None;
            }
            set_or_clear(&mut draft.sha256, sha256);
            set_or_clear(&mut draft.text, text);
            set_or_clear(&mut draft.reliability, reliability);
        };
        Ok(mutation::update::<Entity>(ctx, id, version, edit, problems).await?.into())
    }
}
