//! The one way in which GraphQL asks for lists. A list field is written once, by `list_field!`, and hangs on whatever
//! parents it has: the whole record, a dossier, a stakeholder, a mechanism, a source.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, InputType, OutputType};
use entity::filter::Filter;
use entity::page::{Order, Page, Sort};
use entity::record::{AsOf, Assertion, Record};
use futures_util::future::BoxFuture;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::ExprTrait;

use crate::connection::{Connection, Slice, cursors};
use crate::error::{Result, bad_input, fault};
use crate::filter::FilterInput;
use crate::loader::{self, PageOf};
use crate::many::Many;
use crate::scalar::{Date, DateTime};
use crate::seen::{Anchor, Seen};
use demarche_bound::PAGE_SIZE_MAX;
use demarche_core::domain::list::{Link, Query, Readable};
use demarche_core::op::Op;

/// A kind of record that GraphQL lists.
pub trait Listed: Readable {
    /// Its object.
    type Node: OutputType + From<Seen<Self::Model>>;
    /// Its filter.
    type Filter: FilterInput<Entity = Self>;
    /// What it can be ordered by.
    type OrderField: InputType + Copy;

    /// The column of an order field.
    fn column(field: Self::OrderField) -> Self::Column;
}

/// The two clocks of a question. What is left out means now.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub struct AsOfInput {
    /// The world's time: what held, or had been stated, at the end of this day.
    pub valid: Option<Date>,
    /// Our time: what was on record at this moment, with nothing that was learnt later and with what has been corrected since.
    pub recorded: Option<DateTime>,
}

impl AsOfInput {
    /// Both clocks of a question that hangs on a record that is shown as of `above`: where nothing is said, the question goes by
    /// that, or by now. Gives as well what is reached from its answers goes by, if anybody has said anything.
    pub fn read(as_of: Option<Self>, above: Option<AsOf>, op: &Op) -> (AsOf, Option<AsOf>) {
        let said = as_of.is_some() || above.is_some();
        let Self { valid, recorded } = as_of.unwrap_or_default();
        let above = above.unwrap_or_else(|| op.present());
        let as_of = AsOf {
            valid: valid.map_or(above.valid, |date| date.0),
            recorded: recorded.map(Into::into).or(above.recorded),
        };
        (as_of, said.then_some(as_of))
    }
}

/// Which way an order goes. Records without a value come last either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum OrderDirection {
    /// From the least to the greatest, from the earliest to the latest, from A to Z.
    #[default]
    Asc,
    /// From the greatest to the least, from the latest to the earliest, from Z to A.
    Desc,
}

/// One term of an order. Later terms decide where earlier ones are equal; the id decides in the end, so that pages are stable.
#[derive(Clone, Debug, InputObject)]
#[graphql(
    concrete(name = "DossierOrder", params(super::dossier::DossierOrderField)),
    concrete(name = "StakeholderOrder", params(super::stakeholder::StakeholderOrderField)),
    concrete(name = "MechanismOrder", params(super::mechanism::MechanismOrderField)),
    concrete(name = "ConditionOrder", params(super::condition::ConditionOrderField)),
    concrete(name = "ArgumentOrder", params(super::argument::ArgumentOrderField)),
    concrete(name = "SourceOrder", params(super::source::SourceOrderField)),
    concrete(name = "PositionOrder", params(super::position::PositionOrderField)),
    concrete(name = "RelationOrder", params(super::relation::RelationOrderField)),
    concrete(name = "StatusOrder", params(super::status::StatusOrderField)),
    concrete(name = "FindingOrder", params(super::finding::FindingOrderField)),
    concrete(name = "EventOrder", params(super::event::EventOrderField)),
    concrete(name = "ImplicationOrder", params(super::implication::ImplicationOrderField)),
    concrete(name = "RatingOrder", params(super::rating::RatingOrderField))
)]
pub struct OrderInput<F: InputType> {
    /// By what.
    pub field: F,
    /// Which way.
    #[graphql(default)]
    pub direction: OrderDirection,
}

/// The arguments of a list.
pub struct Arguments<E: Listed> {
    /// Which page.
    pub slice: Slice,
    /// Which records.
    pub filter: Option<E::Filter>,
    /// In which order.
    pub order_by: Option<Vec<OrderInput<E::OrderField>>>,
    /// As of when.
    pub as_of: Option<AsOfInput>,
}

/// The most terms of an order.
pub const ORDER_MAX: usize = 5;

impl<E: Listed> Arguments<E> {
    /// What is asked, as of when what is reached from the answers is shown, and which page.
    fn query(self, ctx: &Context<'_>, above: Option<AsOf>) -> Result<(Query<E>, Option<AsOf>, Slice)> {
        let terms = self.order_by.unwrap_or_default();
        if terms.len() > ORDER_MAX {
            return Err(bad_input(format!("orderBy: has {} terms, expected at most {ORDER_MAX}", terms.len())));
        }
        let order = |term: OrderInput<E::OrderField>| Order {
            column: E::column(term.field),
            descending: term.direction == OrderDirection::Desc,
        };
        let sort = Sort::new(terms.into_iter().map(order).collect());
        let page = self.slice.page(&sort)?;
        let filter = self.filter.map(FilterInput::filter).transpose()?.unwrap_or_default();
        let (as_of, below) = AsOfInput::read(self.as_of, above, loader::op(ctx)?);
        let count = ctx.look_ahead().field("totalCount").exists();
        Ok((Query { filter, sort, page, as_of, count }, below, self.slice))
    }
}

/// Whose records a list holds.
///
/// A value, not a type: the code of a list field would be compiled anew for each type of parent.
pub enum Parent<E: Record> {
    /// Nobody's: all that one may see.
    Everything,
    /// Those that hang on this record. The name tells ways to hang apart: the same field with the same arguments
    /// may stand under parents of two kinds in one request.
    One(&'static str, Anchor, fn() -> Link<E>),
}

impl<E: Record> Clone for Parent<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Record> Copy for Parent<E> {}

impl<E: Record> Parent<E> {
    const fn at(&self) -> Option<AsOf> {
        match self {
            Self::Everything => None,
            Self::One(_, anchor, _) => anchor.at,
        }
    }
}

/// Something that has a list of the records of `E`.
pub trait Hangs<E: Record> {
    /// Whose list it is.
    fn parent(&self) -> Parent<E>;
}

/// A dossier, or all that one may see if none is given.
#[derive(Clone, Copy, Debug)]
pub struct Within(pub Option<Anchor>);

impl<E: Record> Hangs<E> for Within {
    fn parent(&self) -> Parent<E> {
        let Some(dossier) = self.0 else { return Parent::Everything };
        Parent::One("dossier", dossier, || Link::column(E::DOSSIER))
    }
}

/// A source.
#[derive(Clone, Copy, Debug)]
pub struct FromSource(pub Anchor);

impl<E: Assertion> Hangs<E> for FromSource {
    fn parent(&self) -> Parent<E> {
        Parent::One("source", self.0, || Link::column(E::SOURCE))
    }
}

/// Parents of other kinds: one type each, and what hangs on them by which column.
macro_rules! parents {
    ($($(#[$doc:meta])* $name:ident { $($entity:ident by $link:expr),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name(pub Anchor);

            $(
                impl Hangs<entity::$entity::Entity> for $name {
                    fn parent(&self) -> Parent<entity::$entity::Entity> {
                        use entity::$entity::Column;
                        Parent::One(stringify!($name), self.0, || $link)
                    }
                }
            )*
        )*
    };
}

parents! {
    /// A stakeholder.
    OfStakeholder {
        // What somebody else states in a stakeholder's name is the stakeholder's as well.
        position by Link::table::<entity::stakeholder::Entity>(
            entity::stakeholder::Column::Id,
            sea_orm::Condition::any()
                .add(Column::StakeholderId.into_expr().eq(entity::stakeholder::Column::Id.into_expr()))
                .add(Column::OnBehalfOfId.into_expr().eq(entity::stakeholder::Column::Id.into_expr())),
        ),
        event by by_actor(Column::Id),
        rating by Link::column(Column::StakeholderId),
        finding by Link::column(Column::AssessorId),
    }
    /// A mechanism.
    OnMechanism {
        mechanism by Link::column(Column::PartOfId),
        condition by Link::column(Column::MechanismId),
        position by Link::column(Column::MechanismId),
        status by Link::column(Column::MechanismId),
        event by Link::column(Column::MechanismId),
        implication by Link::column(Column::MechanismId),
    }
    /// A condition.
    OnCondition {
        finding by Link::column(Column::ConditionId),
        position by Link::table::<entity::position_condition::Entity>(
            entity::position_condition::Column::ConditionId,
            sea_orm::Condition::all()
                .add(entity::position_condition::Column::PositionId.into_expr().eq(Column::Id.into_expr())),
        ),
    }
    /// An argument.
    WithArgument {
        position by Link::table::<entity::position_argument::Entity>(
            entity::position_argument::Column::ArgumentId,
            sea_orm::Condition::all()
                .add(entity::position_argument::Column::PositionId.into_expr().eq(Column::Id.into_expr())),
        ),
    }
    /// A position.
    OfPosition {
        argument by Link::table::<entity::position_argument::Entity>(
            entity::position_argument::Column::PositionId,
            sea_orm::Condition::all()
                .add(entity::position_argument::Column::ArgumentId.into_expr().eq(Column::Id.into_expr())),
        ),
        condition by Link::table::<entity::position_condition::Entity>(
            entity::position_condition::Column::PositionId,
            sea_orm::Condition::all()
                .add(entity::position_condition::Column::ConditionId.into_expr().eq(Column::Id.into_expr())),
        ),
    }
    /// A relation.
    OnRelation {
        implication by Link::column(Column::RelationId),
    }
}

/// The events in which a stakeholder has a part, each once, however many parts it has.
fn by_actor(event: entity::event::Column) -> Link<entity::event::Entity> {
    use entity::event_actor::Column as Actor;
    use sea_orm::sea_query::{Expr, Query};
    let stakeholder = entity::stakeholder::Column::Id;
    let events = Query::select()
        .expr(Actor::EventId.into_expr())
        .from(entity::event_actor::Entity)
        .and_where(Actor::StakeholderId.into_expr().eq(stakeholder.into_expr()))
        .take();
    let on: Expr = event.in_subquery(events);
    Link::table::<entity::stakeholder::Entity>(stakeholder, sea_orm::Condition::all().add(on))
}

/// A page of what a parent has. A box, as in [`loader`](crate::loader::load).
pub fn connection<'a, E: Listed>(
    ctx: &'a Context<'_>,
    parent: Parent<E>,
    narrow: Option<Filter<E>>,
    arguments: Arguments<E>,
) -> BoxFuture<'a, Result<Connection<E::Node>>> {
    Box::pin(async move {
        let (mut query, below, slice) = arguments.query(ctx, parent.at())?;
        if let Some(narrow) = narrow {
            query.filter = Filter::all([narrow, query.filter]);
        }
        let all = ctx.look_ahead().field("edges").field("cursor").exists();
        let sort = query.sort.clone();
        match parent {
            Parent::Everything => {
                let listing = E::list(loader::op(ctx)?, &query).await.map_err(fault)?;
                let cursors = cursors(&sort, &listing.rows, all);
                let nodes = listing.rows.into_iter().map(|row| E::Node::from(Seen::new(Arc::new(row), below)));
                Ok(Connection::new(cursors.into_iter().zip(nodes).collect(), &slice, listing.more, listing.total))
            }
            Parent::One(name, parent, link) => {
                let question = question(ctx, name, parent.at)?;
                let page = PageOf { parent: parent.id, question, link, query: Arc::new(query) };
                let Some(listing) = loader::page(ctx, page).await? else {
                    return Ok(Connection::new(Vec::new(), &slice, false, Some(0)));
                };
                let cursors = cursors(&sort, &listing.rows, all);
                let nodes = listing.rows.iter().map(|row| E::Node::from(Seen::new(Arc::new(row.clone()), below)));
                Ok(Connection::new(cursors.into_iter().zip(nodes).collect(), &slice, listing.more, listing.total))
            }
        }
    })
}

/// All of the few records that hang on a parent, at most [`PAGE_SIZE_MAX`].
pub fn few<'a, E: Listed>(
    ctx: &'a Context<'_>,
    parent: Parent<E>,
    sort: Sort<E>,
    as_of: Option<AsOfInput>,
) -> BoxFuture<'a, Result<Many<E::Node>>> {
    few_of(ctx, parent, sort, as_of, PAGE_SIZE_MAX.into())
}

/// The first of the records that hang on a parent, at most so many.
pub fn few_of<'a, E: Listed>(
    ctx: &'a Context<'_>,
    parent: Parent<E>,
    sort: Sort<E>,
    as_of: Option<AsOfInput>,
    size: i32,
) -> BoxFuture<'a, Result<Many<E::Node>>> {
    Box::pin(async move {
        let Parent::One(name, parent, link) = parent else { return Ok(Many::default()) };
        let (as_of, below) = AsOfInput::read(as_of, parent.at, loader::op(ctx)?);
        let query = Query {
            filter: Filter::default(),
            sort,
            page: Page { size: size.unsigned_abs().into(), backward: false, after: None, before: None },
            as_of,
            count: false,
        };
        let page =
            PageOf { parent: parent.id, question: question(ctx, name, parent.at)?, link, query: Arc::new(query) };
        let listing = loader::page(ctx, page).await?;
        let rows = listing.iter().flat_map(|listing| &listing.rows);
        Ok(rows.map(|row| E::Node::from(Seen::new(Arc::new(row.clone()), below))).collect())
    })
}

/// A field and its arguments, with the variables put in: the same question for every parent that is called `of` and is shown as
/// of the same time.
pub fn question(ctx: &Context<'_>, of: &str, at: Option<AsOf>) -> Result<Arc<str>> {
    let field = ctx.field();
    let mut question = format!("{of}.{}", field.name());
    if let Some(AsOf { valid, recorded }) = at {
        question.push_str(&format!(" @{valid}/{recorded:?}"));
    }
    for (name, value) in field.arguments()? {
        question.push_str(&format!(" {name}:{value}"));
    }
    // Two fields with the same arguments may still be asked for different things.
    question.push_str(if ctx.look_ahead().field("totalCount").exists() { " +total" } else { "" });
    Ok(question.into())
}

/// A list field, for whatever has one: `Stakeholders` is the object with the one field `stakeholders` of its parent, which an
/// object merges into its own.
///
/// Of the objects that are merged into one, those that stand last are asked first, and what stands before is one type with the
/// same beginning of another object. So lists come first, in the same order everywhere, and what is asked for most comes last.
macro_rules! list_field {
    ($(#[$doc:meta])* $name:ident, $field:ident, $entity:ty, $node:ty, $filter:ty, $order:ty) => {
        $(#[$doc])*
        pub struct $name($crate::list::Parent<$entity>);

        impl $name {
            /// Those of a parent.
            pub fn of(parent: impl $crate::list::Hangs<$entity>) -> Self {
                Self(parent.parent())
            }
        }

        #[async_graphql::Object]
        impl $name {
            $(#[$doc])*
            #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
            async fn $field(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "The first so many records, 0 to 200; 20 if neither `first` nor `last` is given.")]
                first: Option<i32>,
                #[graphql(desc = "Only the records after this cursor.")] after: Option<String>,
                #[graphql(desc = "The last so many records, 0 to 200.")] last: Option<i32>,
                #[graphql(desc = "Only the records before this cursor.")] before: Option<String>,
                #[graphql(desc = "Only the records that all of this holds for.")] filter: Option<$filter>,
                #[graphql(desc = "The order, its first term first; by id, so oldest first, if left out.")] order_by: Option<
                    Vec<$crate::list::OrderInput<$order>>,
                >,
                #[graphql(desc = "As of when; if left out, like the record that it hangs on, or now.")] as_of: Option<$crate::list::AsOfInput>,
            ) -> $crate::error::Result<$crate::later::Later<$crate::connection::Connection<$node>>> {
                let slice = $crate::connection::Slice { first, after, last, before };
                let arguments = $crate::list::Arguments { slice, filter, order_by, as_of };
                $crate::list::connection::<$entity>(ctx, self.0, None, arguments).await.map($crate::later::Later)
            }
        }
    };
}

pub(crate) use list_field;
