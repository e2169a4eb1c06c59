//! Search: finding records by words, whatever their case and accents.
//!
//! One table holds the text of every record that has any, so that one statement searches all kinds. Only what is current
//! is found: a superseded or retracted assertion is no longer in it.

use entity::kind::Kind;
use entity::record::Record;
use entity::scope::Scope;
use entity::search_document::{ActiveModel, Column, Entity, Model};
use entity::words::Marking;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::audit;
use crate::domain::list::Listing;
use crate::error::{Error, Result};
use crate::op::Op;
use crate::policy;

/// The most words of a query.
const WORDS_MAX: usize = 12;
/// The most characters of a title that are kept to show.
const TITLE_MAX: usize = 200;

/// The text by which a record is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Its name, title or first words; a match here ranks first.
    pub title: String,
    /// Everything else.
    pub body: String,
}

impl Words {
    /// The title, and the parts of the body that there are.
    pub fn new<'a>(title: &str, body: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let body: Vec<&str> = body.into_iter().flatten().collect();
        Self { title: title.to_owned(), body: body.join("\n") }
    }
}

/// One record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub id: i64,
    /// Its name, title or first words.
    pub title: String,
    /// 0 if all words stand in the title, else 1.
    pub rank: i32,
}

/// A place in the order of hits: rank, then key.
pub type Place = (i32, i64);

/// Which hits.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words; all of them must be found.
    pub text: String,
    /// Only in the dossier with this key; in all that one may see if none is given.
    pub dossier: Option<i64>,
    /// Only these kinds, if any are named.
    pub kinds: Vec<Kind>,
    /// How many at most.
    pub size: u64,
    /// The last ones instead of the first ones.
    pub backward: bool,
    /// Only those after this place.
    pub after: Option<Place>,
    /// Only those before this place.
    pub before: Option<Place>,
    /// Whether to count them all.
    pub count: bool,
}

/// Letters without their case and their accents.
pub fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The row of the text by which a record is found.
pub(super) fn document<E: Record>(model: &E::Model, words: &Words) -> Result<Model> {
    use sea_orm::ModelTrait;
    let marking = sea_orm::sea_query::ValueType::try_from(model.get(E::MARKING)).map_err(Error::internal)?;
    Ok(Model {
        id: E::id_of(model),
        dossier_id: E::dossier_of(model),
        kind: E::KIND,
        marking,
        folded_title: fold(&words.title),
        folded_body: fold(&words.body),
        title: words.title.chars().take(TITLE_MAX).collect(),
    })
}

/// Writes down the text by which a record is found, in place of an earlier one.
pub(super) async fn index<E: Record>(op: &Op, model: &E::Model, words: Words) -> Result<()> {
    let row: ActiveModel = document::<E>(model, &words)?.into_active_model().reset_all();
    let replace = OnConflict::column(Column::Id)
        .update_columns([Column::Marking, Column::Title, Column::FoldedTitle, Column::FoldedBody])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(&op.lane).await?;
    Ok(())
}

/// A record that may be found travels this far from now on.
pub(super) async fn mark(op: &Op, id: i64, marking: Marking) -> Result<()> {
    let update = Entity::update_many().col_expr(Column::Marking, Expr::val(marking));
    update.filter(Column::Id.eq(id)).exec(&op.lane).await?;
    Ok(())
}

/// A record is no longer to be found.
pub(super) async fn forget(op: &Op, id: i64) -> Result<()> {
    Entity::delete_many().filter(Column::Id.eq(id)).exec(&op.lane).await?;
    Ok(())
}

/// The records in whose text all words of a query stand, those that have them in their title first.
///
/// # Errors
/// [`Error::BadInput`] if the query has no word or too many.
pub fn search<'a>(op: &'a Op, query: &'a Query) -> BoxFuture<'a, Result<Listing<Hit>>> {
    Box::pin(async move {
        let scope = policy::scope(op)?;
        let folded = fold(&query.text);
        let words: Vec<&str> = folded.split_whitespace().collect();
        if words.is_empty() || words.len() > WORDS_MAX {
            return Err(Error::BadInput(format!("query: has {} words, expected 1 to {WORDS_MAX}", words.len())));
        }
        if folded.contains('\0') {
            return Err(Error::BadInput("query: contains the character NUL (U+0000)".into()));
        }
        let found = matching(&scope, query, &words);
        let total = match query.count {
            true => Some(sea_orm::PaginatorTrait::count(found.clone(), &op.lane).await?),
            false => None,
        };
        let rank = rank(&words);
        let direction = if query.backward { Order::Desc } else { Order::Asc };
        let rows: Vec<(Kind, i64, i64, Marking, String, i32)> = found
            .select_only()
            .columns([Column::Kind, Column::Id, Column::DossierId, Column::Marking, Column::Title])
            .column_as(rank.clone(), "rank")
            .filter(bounds(&rank, query))
            .order_by(rank, direction.clone())
            .order_by(Column::Id, direction)
            .limit(query.size + 1)
            .into_tuple()
            .all(&op.lane)
            .await?;
        let page = entity::page::Page { size: query.size, backward: query.backward, after: None, before: None };
        let (rows, more) = page.trim(rows);
        let hit = |(kind, id, dossier, marking, title, rank)| {
            audit::read_one(op, dossier, marking, kind, id);
            Hit { kind, id, title, rank }
        };
        Ok(Listing { rows: rows.into_iter().map(hit).collect(), more, total })
    })
}

fn matching(scope: &Scope, query: &Query, words: &[&str]) -> sea_orm::Select<Entity> {
    let mut all = scope.condition::<Entity>();
    for word in words {
        let anywhere = Condition::any()
            .add(entity::filter::within(Column::FoldedTitle.into_expr(), word))
            .add(entity::filter::within(Column::FoldedBody.into_expr(), word));
        all = all.add(anywhere);
    }
    if let Some(dossier) = query.dossier {
        all = all.add(Column::DossierId.eq(dossier));
    }
    if !query.kinds.is_empty() {
        all = all.add(Column::Kind.is_in(query.kinds.iter().copied()));
    }
    Entity::scoped(scope).filter(all)
}

fn rank(words: &[&str]) -> Expr {
    let in_title = words
        .iter()
        .fold(Condition::all(), |all, word| all.add(entity::filter::within(Column::FoldedTitle.into_expr(), word)));
    Expr::Case(Box::new(CaseStatement::new().case(in_title, Expr::val(0)).finally(Expr::val(1))))
}

fn bounds(rank: &Expr, query: &Query) -> Condition {
    let after =
        query.after.map(|(at, id)| rank.clone().gt(at).or(rank.clone().eq(at).and(Column::Id.into_expr().gt(id))));
    let before =
        query.before.map(|(at, id)| rank.clone().lt(at).or(rank.clone().eq(at).and(Column::Id.into_expr().lt(id))));
    Condition::all().add_option(after).add_option(before)
}
