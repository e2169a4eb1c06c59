//! Pages by keyset: an order that ends with the key, and the place in it where a page begins.

use sea_orm::sea_query::{
    Alias, Asterisk, ColumnRef, Expr, ExprTrait, IntoColumnRef, NullOrdering, Order as Direction, Query,
    SelectStatement, WindowStatement,
};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, Iterable, ModelTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    Value,
};

use crate::record::Record;

/// The column that says, in a page of several parents, whose row it is.
pub const PARENT: &str = "parent_key";
/// The column that counts a parent's rows.
const ROW: &str = "row_in_parent";

/// One column of an order.
#[derive(Clone, Copy, Debug)]
pub struct Order<C> {
    /// The column.
    pub column: C,
    /// From the greatest to the least. Rows without a value come last either way.
    pub descending: bool,
}

/// A total order of the records of `E`: the last column is always the key.
#[derive(Clone, Debug)]
pub struct Sort<E: Record>(Vec<Order<E::Column>>);

impl<E: Record> Sort<E> {
    /// Sorts by these columns, and where they are the same, by the key.
    pub fn new(mut orders: Vec<Order<E::Column>>) -> Self {
        orders.push(Order { column: E::ID, descending: false });
        Self(orders)
    }

    /// Whether it sorts by the key alone.
    pub fn is_by_key(&self) -> bool {
        matches!(self.0.as_slice(), [order] if !order.descending)
    }

    /// Names the order, so that a cursor of another order can be told.
    pub fn name(&self) -> String {
        use sea_orm::Iden;
        let mut name = String::new();
        for order in &self.0 {
            name.push(if order.descending { '-' } else { '+' });
            name.push_str(order.column.unquoted());
        }
        name
    }

    /// The place of a record in this order.
    pub fn place(&self, model: &E::Model) -> Vec<Value> {
        self.0.iter().map(|order| model.get(order.column)).collect()
    }

    /// Whether these values could be a place in this order: as many as it has columns, and each of its column's type.
    pub fn has(&self, place: &[Value]) -> bool {
        place.len() == self.0.len() && self.0.iter().zip(place).all(|(order, value)| is_of(order.column, value))
    }

    /// Puts all records of a select into this order.
    pub fn order(&self, select: Select<E>) -> Select<E> {
        self.ordered(select, false)
    }

    fn ordered(&self, mut select: Select<E>, backward: bool) -> Select<E> {
        for (column, direction, nulls) in self.terms(backward) {
            select = match nulls {
                Some(nulls) => select.order_by_with_nulls(column, direction, nulls),
                None => select.order_by(column, direction),
            };
        }
        select
    }

    /// Holds for the records after (or before) a place.
    fn beyond(&self, place: &[Value], before: bool) -> Condition {
        let mut any = Condition::any();
        let mut same = Condition::all();
        for (order, value) in self.0.iter().zip(place) {
            let column = order.column;
            if let Some(further) = further(column, value, order.descending, before) {
                any = any.add(same.clone().add(further));
            }
            same = same.add(if is_null(value) { column.is_null() } else { column.eq(value.clone()) });
        }
        any
    }

    fn terms(&self, backward: bool) -> impl Iterator<Item = (E::Column, Direction, Option<NullOrdering>)> + '_ {
        self.0.iter().map(move |order| {
            let direction = if order.descending == backward { Direction::Asc } else { Direction::Desc };
            let nulls = if backward { NullOrdering::First } else { NullOrdering::Last };
            (order.column, direction, order.column.def().is_null().then_some(nulls))
        })
    }
}

/// Holds for the values further on in one column's order; nothing if there can be none.
fn further<C: ColumnTrait>(column: C, value: &Value, descending: bool, before: bool) -> Option<Condition> {
    let nullable = column.def().is_null();
    if is_null(value) {
        return before.then(|| Condition::all().add(column.is_not_null()));
    }
    let greater = descending == before;
    let beyond = if greater { column.gt(value.clone()) } else { column.lt(value.clone()) };
    let mut any = Condition::any().add(beyond);
    if nullable && !before {
        any = any.add(column.is_null());
    }
    Some(any)
}

fn is_of<C: ColumnTrait>(column: C, value: &Value) -> bool {
    let definition = column.def();
    if is_null(value) {
        return definition.is_null();
    }
    match definition.get_column_type() {
        ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => matches!(value, Value::BigInt(_)),
        ColumnType::Float | ColumnType::Double => matches!(value, Value::Double(_)),
        ColumnType::Date => matches!(value, Value::ChronoDate(_)),
        ColumnType::Boolean => matches!(value, Value::Bool(_)),
        _ => matches!(value, Value::String(_)),
    }
}

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

/// One page of an order.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many records at most.
    pub size: u64,
    /// The last ones instead of the first ones.
    pub backward: bool,
    /// Only those after this place.
    pub after: Option<Vec<Value>>,
    /// Only those before this place.
    pub before: Option<Vec<Value>>,
}

impl Page {
    fn bound<E: Record>(&self, select: Select<E>, sort: &Sort<E>) -> Select<E> {
        let after = self.after.as_ref().map(|place| sort.beyond(place, false));
        let before = self.before.as_ref().map(|place| sort.beyond(place, true));
        select.filter(Condition::all().add_option(after).add_option(before))
    }

    /// The statement for this page and one record more, by which one knows that it is not the last.
    pub fn select<E: Record>(&self, select: Select<E>, sort: &Sort<E>) -> Select<E> {
        sort.ordered(self.bound(select, sort).limit(self.size + 1), self.backward)
    }

    /// One statement for this page of each of several parents. `parent` is the column that tells whose row it is;
    /// it comes back as the column [`PARENT`].
    pub fn select_each<E: Record>(&self, select: Select<E>, sort: &Sort<E>, parent: &ColumnRef) -> SelectStatement {
        let mut window = WindowStatement::partition_by(parent.clone());
        for (column, direction, nulls) in sort.terms(self.backward) {
            let column = (E::default(), column).into_column_ref();
            match nulls {
                Some(nulls) => window.order_by_with_nulls(column, direction, nulls),
                None => window.order_by(column, direction),
            };
        }
        let numbered = self
            .bound(select, sort)
            .into_query()
            .expr_as(Expr::col(parent.clone()), Alias::new(PARENT))
            .expr_window_as(Expr::cust("ROW_NUMBER()"), window, Alias::new(ROW))
            .take();
        Query::select()
            .column(Asterisk)
            .from_subquery(numbered, Alias::new("page"))
            .and_where(Expr::col(Alias::new(ROW)).lte(self.size + 1))
            .order_by(Alias::new(ROW), Direction::Asc)
            .take()
    }

    /// Turns what a statement of this page gave into the page: in order, without the one record more. Also says whether
    /// there is more in the page's direction.
    pub fn trim<T>(&self, mut rows: Vec<T>) -> (Vec<T>, bool) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        if self.backward {
            rows.reverse();
        }
        (rows, more)
    }
}

/// The number of records for each of several parents, as the columns [`PARENT`] and `total`.
pub fn count_each<E: Record>(select: Select<E>, parent: &ColumnRef) -> SelectStatement {
    select
        .into_query()
        .clear_selects()
        .expr_as(Expr::col(parent.clone()), Alias::new(PARENT))
        .expr_as(Expr::col(Asterisk).count(), Alias::new("total"))
        .add_group_by([Expr::col(parent.clone())])
        .take()
}

/// All columns of `E`, in the order of the model.
pub fn columns<E: Record>() -> impl Iterator<Item = E::Column> {
    E::Column::iter()
}
