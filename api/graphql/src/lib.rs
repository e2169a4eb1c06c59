//! The GraphQL door: it translates between the schema and the domain, and decides nothing.
//!
//! One file per concept holds its object, its filter, its order, its list field, its inputs, payloads and mutations. An
//! object is merged from parts, so that what many have in common is written once: the fields of every node (`node`), of
//! every assertion (`assertion`), and every list field (`list`), which hangs on whatever parents it has.

mod access_token;
mod account;
mod argument;
mod assertion;
mod audit;
mod change;
mod condition;
mod connection;
mod dossier;
mod error;
mod event;
pub mod export;
mod filter;
mod finding;
mod implication;
mod later;
mod list;
mod loader;
mod many;
mod mechanism;
mod member;
mod mutation;
mod node;
pub mod order;
mod position;
mod rating;
mod records;
mod relation;
mod revision;
mod scalar;
mod search;
mod seen;
mod session;
mod source;
mod stakeholder;
mod standing;
mod status;
mod turn;
mod word;

use std::sync::{Arc, LazyLock};

use async_graphql::{Context, EmptySubscription, ID, MergedObject, Object, SDLExportOptions};
use entity::filter::Filter;

use self::error::{Result, bad_input, fault};
use self::many::Many;
use self::node::Node;
use demarche_bound::shape::Shape;
use demarche_core::auth::Auth;
use demarche_core::domain::list::Readable;
use demarche_core::id;
use demarche_core::op::Op;

pub use self::loader::execute;

/// The schema.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// How deep async-graphql may follow selections: further than [`demarche_bound`] lets any through.
const RECURSION_MAX: usize = 128;

/// Makes the schema. What a request may ask for is bounded before it gets here, by [`demarche_bound`]; what a name may have
/// been meant to be is told to nobody, because not everybody may see every name.
pub fn build(auth: Arc<Auth>) -> Schema {
    types().disable_suggestions().limit_recursive_depth(RECURSION_MAX).data(auth).finish()
}

type Builder = async_graphql::SchemaBuilder<Query, Mutation, EmptySubscription>;

fn types() -> Builder {
    let builder = async_graphql::Schema::build(Query::default(), Mutation::default(), EmptySubscription);
    // What no field describes: the interfaces, and what is described later.
    records::describe(builder)
        .register_output_type::<assertion::Assertion>()
        .register_output_type::<Node>()
        .register_output_type::<connection::Connection<dossier::Dossier>>()
        .register_output_type::<connection::Connection<node::Revision>>()
        .register_output_type::<connection::Connection<search::SearchHit>>()
        .register_output_type::<change::ChangePage>()
}

/// Writes down in the audit log what a request has read, once it has run.
///
/// # Errors
/// If the log cannot be written: then the answer must not be given.
pub async fn settle(op: &Op) -> demarche_core::error::Result<()> {
    demarche_core::domain::audit::flush(op).await
}

/// The schema in the Schema Definition Language, sorted.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .prefer_single_line_descriptions();
    types().finish().sdl_with_options(options)
}

/// What the price of a question depends on.
pub fn shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::read(&sdl()));
    &SHAPE
}

/// All that one can ask.
#[derive(MergedObject)]
pub struct Query(
    records::Records,
    dossier::Dossiers,
    account::AccountQuery,
    search::SearchQuery,
    audit::AuditQuery,
    change::ChangeQuery,
    Root,
);

impl Default for Query {
    fn default() -> Self {
        Self(
            records::Records::within(None),
            dossier::Dossiers::of(list::Within(None)),
            account::AccountQuery,
            search::SearchQuery(None),
            audit::AuditQuery,
            change::ChangeQuery(None),
            Root,
        )
    }
}

/// The fields of the query root's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Root;

/// The fields of the query root's own.
#[Object]
impl Root {
    /// Who you are.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<session::Viewer> {
        session::viewer(ctx).await
    }

    /// The record with an id, of whatever kind; null if there is none that you may see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id, as any record gives it.")] id: ID,
    ) -> Result<Option<Node>> {
        let (kind, key) = id::decode(&id).map_err(bad_input)?;
        Node::load(ctx, kind, key).await
    }

    /// The records with these ids, in this order; null in the place of one that there is not or that you may not see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids, at most 200.")] ids: Vec<ID>,
    ) -> Result<Many<Option<Node>>> {
        let keys =
            ids.iter().map(|id| id::decode(id)).collect::<std::result::Result<Vec<_>, _>>().map_err(bad_input)?;
        let loads = keys.into_iter().map(|(kind, key)| Node::load(ctx, kind, key));
        futures_util::future::try_join_all(loads).await.map(Many)
    }

    /// The dossier with a readable name; null if there is none that you may see.
    async fn dossier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its readable name.")] slug: String,
    ) -> Result<Option<dossier::Dossier>> {
        let filter = Filter::equal(entity::dossier::Column::Slug, slug);
        let found = entity::dossier::Entity::get(loader::op(ctx)?, filter).await;
        Ok(found.map_err(fault)?.map(|model| seen::Seen::from(model).into()))
    }
}

/// All that one can change. Each field is one transaction; several run one after another.
#[derive(MergedObject, Default)]
pub struct Mutation(
    session::SessionMutation,
    access_token::AccessTokenMutation,
    account::AccountMutation,
    assertion::AssertionMutation,
    dossier::DossierMutation,
    member::MemberMutation,
    stakeholder::StakeholderMutation,
    mechanism::MechanismMutation,
    condition::ConditionMutation,
    argument::ArgumentMutation,
    source::SourceMutation,
    position::PositionMutation,
    relation::RelationMutation,
    status::StatusMutation,
    finding::FindingMutation,
    event::EventMutation,
    implication::ImplicationMutation,
    rating::RatingMutation,
);
