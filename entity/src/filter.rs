//! Which records: tests on columns that compose, and that reach through to related records.
//!
//! A filter is data until it meets a [`Scope`] and a time: what it reaches through to is scoped as well, so that a hidden
//! record cannot be guessed at by filtering on it, and is as of the same time.

use std::marker::PhantomData;
use std::sync::Arc;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Value};

use crate::record::{AsOf, Record};
use crate::scope::Scope;

/// A condition on the records of `E`, once it is known who asks, and as of when.
pub struct Filter<E: EntityTrait>(Term, PhantomData<fn() -> E>);

/// A condition that is only known once it is known who asks, and as of when.
type Reach = dyn Fn(&Scope, AsOf) -> Condition + Send + Sync;

#[derive(Clone)]
enum Term {
    Is(Condition),
    Through(Arc<Reach>),
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
}

impl<E: EntityTrait> Clone for Filter<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<E: EntityTrait> Default for Filter<E> {
    fn default() -> Self {
        Self::all([])
    }
}

impl<E: EntityTrait> Filter<E> {
    /// Holds where every one holds; everywhere if there is none.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Term::All(filters.into_iter().map(|filter| filter.0).collect()), PhantomData)
    }

    /// Whether it holds everywhere, because it asks nothing.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Term::All(terms) if terms.is_empty())
    }

    /// Holds where at least one holds; nowhere if there is none.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Term::Any(filters.into_iter().map(|filter| filter.0).collect()), PhantomData)
    }

    /// Holds where `filter` does not, unknown values included.
    pub fn negated(filter: Self) -> Self {
        Self(Term::Not(Box::new(filter.0)), PhantomData)
    }

    /// Holds where a column passes a test.
    pub fn column<T: Into<Value>>(column: E::Column, test: Test<T>) -> Self {
        Self(Term::Is(test.on(&column.into_expr())), PhantomData)
    }

    /// Holds where a column has this value.
    pub fn equal(column: E::Column, value: impl Into<Value>) -> Self {
        let value = value.into();
        // PostgreSQL refuses the character NUL, and no text on record has it.
        if has_nul(&value) {
            return Self::any([]);
        }
        Self(Term::Is(Condition::all().add(column.eq(value))), PhantomData)
    }

    /// Holds where `column` refers to a record of `R` that `filter` holds for.
    pub fn through<R: Record>(column: E::Column, filter: Filter<R>) -> Self {
        let reach =
            move |scope: &Scope, as_of: AsOf| Condition::all().add(column.in_subquery(matching(scope, as_of, &filter)));
        Self(Term::Through(Arc::new(reach)), PhantomData)
    }

    /// Holds where a row of the link table `L` joins this record with a record of `R` that `filter` holds for.
    pub fn linked<L: EntityTrait, R: Record>(
        id: E::Column,
        near: L::Column,
        far: L::Column,
        rows: Condition,
        filter: Filter<R>,
    ) -> Self {
        let reach = move |scope: &Scope, as_of: AsOf| {
            let links = Query::select()
                .expr(near.into_expr())
                .from(L::default().table_ref())
                .cond_where(rows.clone())
                .and_where(far.in_subquery(matching(scope, as_of, &filter)))
                .take();
            Condition::all().add(id.in_subquery(links))
        };
        Self(Term::Through(Arc::new(reach)), PhantomData)
    }

    /// Holds where a row of the link table `L` that `rows` holds for names this record by `near`.
    pub fn named<L: EntityTrait>(id: E::Column, near: L::Column, rows: Condition) -> Self {
        let links = Query::select().expr(near.into_expr()).from(L::default().table_ref()).cond_where(rows).take();
        Self(Term::Is(Condition::all().add(id.in_subquery(links))), PhantomData)
    }

    /// Holds where at least one record of `R`, on record and holding at the time asked for, refers to this one by `back`
    /// and `filter` holds for it.
    pub fn having<R: Record>(id: E::Column, back: R::Column, filter: Filter<R>) -> Self {
        let reach = move |scope: &Scope, as_of: AsOf| {
            let those = R::scoped_at(scope, as_of.recorded).filter(R::at(as_of)).filter(filter.condition(scope, as_of));
            let referred = those.filter(back.is_not_null()).select_only().column(back).into_query();
            Condition::all().add(id.in_subquery(referred))
        };
        Self(Term::Through(Arc::new(reach)), PhantomData)
    }

    /// The condition for somebody who may see `scope`, as of a time.
    pub fn condition(&self, scope: &Scope, as_of: AsOf) -> Condition {
        self.0.condition(scope, as_of)
    }
}

impl Term {
    fn condition(&self, scope: &Scope, as_of: AsOf) -> Condition {
        match self {
            Self::Is(condition) => condition.clone(),
            Self::Through(reach) => reach(scope, as_of),
            Self::All(terms) => terms.iter().fold(Condition::all(), |all, term| all.add(term.condition(scope, as_of))),
            Self::Any(terms) if terms.is_empty() => Condition::all().add(Expr::val(1).eq(0)),
            Self::Any(terms) => terms.iter().fold(Condition::any(), |any, term| any.add(term.condition(scope, as_of))),
            // Not SQL's NOT: that is unknown where the condition is unknown, and would lose the row on both sides.
            Self::Not(term) => {
                let case = CaseStatement::new().case(term.condition(scope, as_of), Expr::val(0)).finally(Expr::val(1));
                Condition::all().add(Expr::Case(Box::new(case)).eq(1))
            }
        }
    }
}

/// The keys of the records of `R` that one may see and that `filter` holds for.
fn matching<R: Record>(scope: &Scope, as_of: AsOf, filter: &Filter<R>) -> SelectStatement {
    let seen = R::scoped_at(scope, as_of.recorded).filter(filter.condition(scope, as_of));
    seen.select_only().column(R::ID).into_query()
}

/// A test on one value. What is left out is not tested; all that is given must hold.
#[derive(Clone, Debug)]
pub struct Test<T> {
    /// Is this value.
    pub eq: Option<T>,
    /// Is another value, or none.
    pub ne: Option<T>,
    /// Is one of these.
    pub one_of: Option<Vec<T>>,
    /// Is none of these.
    pub not_in: Option<Vec<T>>,
    /// Is greater, or later.
    pub gt: Option<T>,
    /// Is greater or the same.
    pub gte: Option<T>,
    /// Is less, or earlier.
    pub lt: Option<T>,
    /// Is less or the same.
    pub lte: Option<T>,
    /// Has this text within it; the letters A to Z in either case.
    pub contains: Option<String>,
    /// Has no value (or, if false, has one).
    pub is_null: Option<bool>,
}

impl<T> Default for Test<T> {
    fn default() -> Self {
        Self {
            eq: None,
            ne: None,
            one_of: None,
            not_in: None,
            gt: None,
            gte: None,
            lt: None,
            lte: None,
            contains: None,
            is_null: None,
        }
    }
}

impl<T> Test<T> {
    /// The same test of values written another way.
    pub fn map<U>(self, mut write: impl FnMut(T) -> U) -> Test<U> {
        let Self { eq, ne, one_of, not_in, gt, gte, lt, lte, contains, is_null } = self;
        let mut list = |values: Option<Vec<T>>| values.map(|values| values.into_iter().map(&mut write).collect());
        let (one_of, not_in) = (list(one_of), list(not_in));
        Test {
            eq: eq.map(&mut write),
            ne: ne.map(&mut write),
            one_of,
            not_in,
            gt: gt.map(&mut write),
            gte: gte.map(&mut write),
            lt: lt.map(&mut write),
            lte: lte.map(&mut write),
            contains,
            is_null,
        }
    }
}

impl<T: Into<Value>> Test<T> {
    /// The condition that a value passes the test.
    pub fn on(self, value: &Expr) -> Condition {
        let Self { eq, ne, one_of, not_in, gt, gte, lt, lte, contains, is_null } = self;
        let unknown = value.clone().is_null();
        Condition::all()
            .add_option(eq.map(|v| value.clone().eq(v)))
            .add_option(ne.map(|v| value.clone().ne(v).or(unknown.clone())))
            .add_option(one_of.map(|v| value.clone().is_in(v)))
            .add_option(not_in.map(|v| value.clone().is_not_in(v).or(unknown)))
            .add_option(gt.map(|v| value.clone().gt(v)))
            .add_option(gte.map(|v| value.clone().gte(v)))
            .add_option(lt.map(|v| value.clone().lt(v)))
            .add_option(lte.map(|v| value.clone().lte(v)))
            .add_option(contains.map(|text| within(value.clone(), &text.to_ascii_lowercase())))
            .add_option(is_null.map(|is| if is { value.clone().is_null() } else { value.clone().is_not_null() }))
    }
}

impl Test<Value> {
    /// Whether it compares with a text that has the character NUL, which PostgreSQL refuses and no text on record has.
    pub fn has_nul(&self) -> bool {
        let Self { eq, ne, one_of, not_in, gt, gte, lt, lte, contains, is_null: _ } = self;
        let single = [eq, ne, gt, gte, lt, lte].into_iter().flatten();
        let listed = [one_of, not_in].into_iter().flatten().flatten();
        single.chain(listed).any(has_nul) || contains.as_ref().is_some_and(|text| text.contains('\0'))
    }
}

fn has_nul(value: &Value) -> bool {
    matches!(value, Value::String(Some(text)) if text.contains('\0'))
}

/// `text`, already in lower case, stands somewhere within `value`. SQLite's LOWER and, under the collation `C`,
/// PostgreSQL's change the letters A to Z only, so that both databases find the same.
pub fn within(value: Expr, text: &str) -> Expr {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Expr::from(Func::lower(value)).like(LikeExpr::new(pattern).escape('\\'))
}
