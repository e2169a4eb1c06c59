//! What every node and every record has in GraphQL: the interface `Node`, the fields of an edited record, its revisions.

use async_graphql::{Context, ID, InputObject, Interface, Object, SimpleObject};
use entity::kind::Kind;
use entity::record::{AsOf, Upkeep};
use entity::revision;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use crate::argument::Argument;
use crate::condition::Condition;
use crate::connection::Connection;
use crate::dossier::Dossier;
use crate::error::Result;
use crate::event::Event;
use crate::filter::{IdComparison, OrderedComparison, StringComparison};
use crate::finding::Finding;
use crate::implication::Implication;
use crate::later::Later;
use crate::loader;
use crate::many::Many;
use crate::mechanism::Mechanism;
use crate::position::Position;
use crate::rating::Rating;
use crate::relation::Relation;
use crate::scalar::{DateTime, Json};
use crate::seen::Seen;
use crate::source::Source;
use crate::stakeholder::Stakeholder;
use crate::status::Status;
use crate::word::Marking;
use demarche_core::id;

/// Anything with a globally unique id by which it can be asked for again (Relay's Global Object Identification).
#[derive(Interface)]
#[expect(clippy::large_enum_variant, reason = "a dossier has a list of each kind; few are in memory at once")]
#[graphql(
    field(
        name = "id",
        ty = "ID",
        desc = "The id: unique over all kinds, stable for ever, opaque. Its first letters tell the kind."
    ),
    field(name = "marking", ty = "Marking", desc = "How far this record may travel (TLP 2.0).")
)]
pub enum Node {
    /// A dossier.
    Dossier(Dossier),
    /// A stakeholder.
    Stakeholder(Stakeholder),
    /// A mechanism.
    Mechanism(Mechanism),
    /// A condition.
    Condition(Condition),
    /// An argument.
    Argument(Argument),
    /// A source.
    Source(Source),
    /// A position.
    Position(Position),
    /// A relation.
    Relation(Relation),
    /// A status.
    Status(Status),
    /// A finding.
    Finding(Finding),
    /// An event.
    Event(Event),
    /// An implication.
    Implication(Implication),
    /// A rating.
    Rating(Rating),
    /// A revision.
    Revision(Revision),
}

impl Node {
    /// The record with a key, if one may see it.
    pub fn load<'a>(ctx: &'a Context<'_>, kind: Kind, id: i64) -> BoxFuture<'a, Result<Option<Self>>> {
        macro_rules! load {
            ($concept:ident, $object:ident) => {{
                let found = loader::load::<entity::$concept::Entity>(ctx, id, None);
                found.map(|found| Ok(found?.map(|model| Self::$object(model.into())))).boxed()
            }};
        }
        match kind {
            Kind::Dossier => load!(dossier, Dossier),
            Kind::Stakeholder => load!(stakeholder, Stakeholder),
            Kind::Mechanism => load!(mechanism, Mechanism),
            Kind::Condition => load!(condition, Condition),
            Kind::Argument => load!(argument, Argument),
            Kind::Source => load!(source, Source),
            Kind::Position => load!(position, Position),
            Kind::Relation => load!(relation, Relation),
            Kind::Status => load!(status, Status),
            Kind::Finding => load!(finding, Finding),
            Kind::Event => load!(event, Event),
            Kind::Implication => load!(implication, Implication),
            Kind::Rating => load!(rating, Rating),
            Kind::Revision => load!(revision, Revision),
            Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => ready(Ok(None)).boxed(),
        }
    }
}

/// Who recorded or edited something.
#[derive(Clone, Debug, SimpleObject)]
pub struct Account {
    /// The id of the account.
    pub id: ID,
    /// The name under which it is known.
    pub name: String,
}

impl Account {
    /// The account with a key.
    pub async fn load(ctx: &Context<'_>, key: i64) -> Result<Option<Self>> {
        let id = ID(id::encode(Kind::Account, key));
        Ok(loader::account(ctx, key).await?.map(|recorder| Self { id, name: recorder.name.clone() }))
    }
}

/// The fields that every edited record has. Behind pointers: what awaits a record would otherwise be compiled again wherever one of its
/// words moves.
pub struct NodeFields {
    kind: &'static Kind,
    upkeep: Box<Upkeep>,
    at: Option<AsOf>,
}

impl NodeFields {
    /// The fields of a record.
    pub fn of<E: entity::record::Node>(model: &Seen<E::Model>) -> Self {
        Self { kind: &E::KIND, upkeep: Box::new(E::upkeep(model)), at: model.at() }
    }
}

/// The fields that every edited record has.
#[Object]
impl NodeFields {
    /// The id: unique over all kinds, stable for ever, opaque. Its first letters tell the kind.
    pub async fn id(&self) -> ID {
        ID(id::encode(*self.kind, self.upkeep.id))
    }

    /// The dossier that this record belongs to; of a dossier, itself.
    pub async fn dossier(&self, ctx: &Context<'_>) -> Result<Later<Dossier>> {
        let found = loader::require::<entity::dossier::Entity>(ctx, self.upkeep.dossier_id, self.at).await?;
        Ok(Later(found.into()))
    }

    /// Counts the edits, from 1. Give it back when you edit, so that nobody's edit is lost.
    pub async fn version(&self) -> i32 {
        self.upkeep.version
    }

    /// When it was first recorded.
    pub async fn created_at(&self) -> DateTime {
        self.upkeep.created_at.into()
    }

    /// Who first recorded it.
    pub async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        Account::load(ctx, self.upkeep.created_by).await
    }

    /// When it was last edited.
    pub async fn updated_at(&self) -> DateTime {
        self.upkeep.updated_at.into()
    }

    /// How far this record may travel (TLP 2.0).
    pub async fn marking(&self) -> Marking {
        self.upkeep.marking.into()
    }

    /// The key that its importer gave it, unique among the records of its kind in the dossier.
    pub async fn external_id(&self) -> Option<&str> {
        self.upkeep.external_id.as_deref()
    }

    /// Every state that this record has had, the newest first.
    pub async fn revisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many revisions, 0 to 200; 20 if neither `first` nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only the revisions after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many revisions, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only the revisions before this cursor.")] before: Option<String>,
    ) -> Result<Later<Connection<Revision>>> {
        let slice = super::connection::Slice { first, after, last, before };
        super::revision::connection(ctx, self.upkeep.id, slice).await.map(Later)
    }
}

/// Tests on what every edited record has.
#[derive(Clone, Debug, InputObject)]
pub struct NodeFilter {
    /// The id.
    pub id: Option<IdComparison>,
    /// The dossier.
    pub dossier: Option<Box<super::dossier::DossierFilter>>,
    /// The key that its importer gave it.
    pub external_id: Option<StringComparison>,
    /// How far the record may travel.
    pub marking: Option<OrderedComparison<Marking>>,
    /// When it was first recorded.
    pub created_at: Option<OrderedComparison<DateTime>>,
    /// When it was last edited.
    pub updated_at: Option<OrderedComparison<DateTime>>,
}

/// Adds the tests of a [`NodeFilter`] to the terms of a concept's filter.
macro_rules! node_terms {
    ($terms:ident, $column:ident, $kind:expr, $node:expr) => {{
        let $crate::node::NodeFilter { id, dossier, external_id, marking, created_at, updated_at } = $node;
        $terms.id($column::Id, $kind, id)?;
        $terms.through(<Entity as entity::record::Record>::DOSSIER, dossier.map(|dossier| *dossier))?;
        $terms.test::<_, String>($column::ExternalId, external_id);
        $terms.word::<entity::words::Marking, _>($column::Marking, marking);
        $terms.moment($column::CreatedAt, created_at);
        $terms.moment($column::UpdatedAt, updated_at);
    }};
}

pub(crate) use node_terms;

/// One field that an edit changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct Change {
    /// The name of the field.
    field: String,
    /// Its value before, as JSON text; null if there was none.
    before: Option<String>,
    /// Its value after, as JSON text; null if there is none.
    after: Option<String>,
}

/// The state of a record after one edit. The first revision of a record is the one that made it.
pub struct Revision(Seen<revision::Model>);

impl From<Seen<revision::Model>> for Revision {
    fn from(model: Seen<revision::Model>) -> Self {
        Self(model)
    }
}

/// The state of a record after one edit. The first revision of a record is the one that made it.
#[Object]
impl Revision {
    /// The id: unique over all kinds, stable for ever, opaque.
    pub async fn id(&self) -> ID {
        ID(id::encode(Kind::Revision, self.0.id))
    }

    /// How far this revision may travel: as far as the record did then (TLP 2.0).
    pub async fn marking(&self) -> Marking {
        self.0.marking.into()
    }

    /// The version that the edit made.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When the edit was made.
    async fn recorded_at(&self) -> DateTime {
        self.0.recorded_at.into()
    }

    /// Who made the edit.
    async fn recorded_by(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        Account::load(ctx, self.0.recorded_by).await
    }

    /// The record, as it is now.
    async fn node(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        Node::load(ctx, self.0.kind, self.0.node_id).await
    }

    /// What the edit changed, field by field; empty for the revision that made the record.
    async fn changes(&self, ctx: &Context<'_>) -> Result<Many<Change>> {
        let text = |value: serde_json::Value| (!value.is_null()).then(|| value.to_string());
        let changes = loader::changes(ctx, &self.0).await?.into_iter();
        Ok(changes.map(|c| Change { field: c.field, before: text(c.before), after: text(c.after) }).collect())
    }

    /// The whole state, as JSON: what this record said after the edit, under the names of its columns.
    async fn snapshot(&self) -> Result<Json> {
        serde_json::from_str(&self.0.snapshot)
            .map(Json)
            .map_err(|error| crate::error::fault(demarche_core::error::Error::from(error)))
    }
}
