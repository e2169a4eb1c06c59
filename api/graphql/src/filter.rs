//! Filters: comparators of every type, and how they compose. What is left out is not tested; all that is given must hold.

use async_graphql::{ID, InputObject, InputType};
use entity::filter::{Filter, Test};
use entity::kind::Kind;
use entity::record::Record;
use sea_orm::{EntityTrait, Value};

use crate::error::{Result, bad_input, key};
use crate::scalar::{Date, DateTime};
use crate::word;

/// A test on a text.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringComparison {
    /// Is this text, letter by letter.
    pub eq: Option<String>,
    /// Is another text, or there is none.
    pub ne: Option<String>,
    /// Is one of these texts.
    pub r#in: Option<Vec<String>>,
    /// Is none of these texts.
    pub not_in: Option<Vec<String>>,
    /// Comes after this text, byte by byte.
    pub gt: Option<String>,
    /// Is this text or comes after it.
    pub gte: Option<String>,
    /// Comes before this text, byte by byte.
    pub lt: Option<String>,
    /// Is this text or comes before it.
    pub lte: Option<String>,
    /// Has this text within it; the letters A to Z match in either case. For words in any case and without accents, use `search`.
    pub contains: Option<String>,
    /// There is none (`true`) or there is one (`false`).
    pub is_null: Option<bool>,
}

/// A test on a reference to another record.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdComparison {
    /// Is this id.
    pub eq: Option<ID>,
    /// Is another id, or there is none.
    pub ne: Option<ID>,
    /// Is one of these ids.
    pub r#in: Option<Vec<ID>>,
    /// Is none of these ids.
    pub not_in: Option<Vec<ID>>,
    /// There is none (`true`) or there is one (`false`).
    pub is_null: Option<bool>,
}

/// A test on a yes or no.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanComparison {
    /// Is this.
    pub eq: Option<bool>,
    /// Nothing is said (`true`) or something is said (`false`).
    pub is_null: Option<bool>,
}

/// A test on a word of a list.
#[derive(Clone, Debug, InputObject)]
#[graphql(
    concrete(name = "StakeholderKindComparison", params(word::StakeholderKind)),
    concrete(name = "MechanismModeComparison", params(word::MechanismMode)),
    concrete(name = "MechanismKindComparison", params(word::MechanismKind)),
    concrete(name = "PartyRoleComparison", params(word::PartyRole)),
    concrete(name = "FrameComparison", params(word::Frame)),
    concrete(name = "RelationKindComparison", params(word::RelationKind)),
    concrete(name = "MechanismStatusComparison", params(word::MechanismStatus)),
    concrete(name = "VerdictComparison", params(word::Verdict)),
    concrete(name = "ImplicationKindComparison", params(word::ImplicationKind)),
    concrete(name = "ReliabilityComparison", params(word::Reliability)),
    concrete(name = "EventRoleComparison", params(word::EventRole))
)]
pub struct WordComparison<T: InputType> {
    /// Is this word.
    pub eq: Option<T>,
    /// Is another word, or there is none.
    pub ne: Option<T>,
    /// Is one of these words.
    pub r#in: Option<Vec<T>>,
    /// Is none of these words.
    pub not_in: Option<Vec<T>>,
    /// There is none (`true`) or there is one (`false`).
    pub is_null: Option<bool>,
}

/// A test on something that has an order: a number, a date, a moment, a step of a scale.
#[derive(Clone, Debug, InputObject)]
#[graphql(
    concrete(name = "IntComparison", params(i32)),
    concrete(name = "FloatComparison", params(f64)),
    concrete(name = "DateComparison", params(Date)),
    concrete(name = "DateTimeComparison", params(DateTime)),
    concrete(name = "StanceComparison", params(word::Stance)),
    concrete(name = "LikelihoodComparison", params(word::Likelihood)),
    concrete(name = "MarkingComparison", params(word::Marking))
)]
pub struct OrderedComparison<T: InputType> {
    /// Is this.
    pub eq: Option<T>,
    /// Is another, or there is none.
    pub ne: Option<T>,
    /// Is one of these.
    pub r#in: Option<Vec<T>>,
    /// Is none of these.
    pub not_in: Option<Vec<T>>,
    /// Is greater, or later.
    pub gt: Option<T>,
    /// Is this, or greater, or later.
    pub gte: Option<T>,
    /// Is less, or earlier.
    pub lt: Option<T>,
    /// Is this, or less, or earlier.
    pub lte: Option<T>,
    /// There is none (`true`) or there is one (`false`).
    pub is_null: Option<bool>,
}

impl From<StringComparison> for Test<String> {
    fn from(test: StringComparison) -> Self {
        let StringComparison { eq, ne, r#in, not_in, gt, gte, lt, lte, contains, is_null } = test;
        Self { eq, ne, one_of: r#in, not_in, gt, gte, lt, lte, contains, is_null }
    }
}

impl From<BooleanComparison> for Test<bool> {
    fn from(test: BooleanComparison) -> Self {
        let BooleanComparison { eq, is_null } = test;
        Self { eq, is_null, ..Self::default() }
    }
}

impl<T: InputType> From<WordComparison<T>> for Test<T> {
    fn from(test: WordComparison<T>) -> Self {
        let WordComparison { eq, ne, r#in, not_in, is_null } = test;
        Self { eq, ne, one_of: r#in, not_in, is_null, ..Self::default() }
    }
}

impl<T: InputType> From<OrderedComparison<T>> for Test<T> {
    fn from(test: OrderedComparison<T>) -> Self {
        let OrderedComparison { eq, ne, r#in, not_in, gt, gte, lt, lte, is_null } = test;
        Self { eq, ne, one_of: r#in, not_in, gt, gte, lt, lte, is_null, ..Self::default() }
    }
}

/// A filter input on the records of one kind.
pub trait FilterInput: InputType {
    /// The records.
    type Entity: Record;

    /// The filter that was written.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if an id in it cannot be read.
    fn filter(self) -> Result<Filter<Self::Entity>>;
}

/// Collects the terms of a filter, all of which must hold, and whether one of them cannot be asked.
pub struct Terms<E: EntityTrait>(Vec<Filter<E>>, Option<async_graphql::Error>);

impl<E: EntityTrait> Default for Terms<E> {
    fn default() -> Self {
        Self(Vec::new(), None)
    }
}

impl<E: Record> Terms<E> {
    /// A test on a column.
    pub fn test<T, S>(&mut self, column: E::Column, test: Option<T>)
    where
        Test<S>: From<T>,
        S: Into<Value>,
    {
        let Some(test) = test else { return };
        let test = Test::<S>::from(test).map(Into::into);
        if test.has_nul() {
            let column = sea_orm::Iden::unquoted(&column).to_owned();
            self.1 = Some(bad_input(format!("filter: the text for {column} contains the character NUL (U+0000)")));
        }
        self.0.push(Filter::column(column, test));
    }

    /// A test on a column whose words are stored as `S`.
    pub fn word<S, T>(&mut self, column: E::Column, test: Option<impl Into<Test<T>>>)
    where
        S: From<T> + Into<Value>,
    {
        if let Some(test) = test {
            self.0.push(Filter::column(column, test.into().map(S::from)));
        }
    }

    /// A test on a column of whole numbers.
    pub fn number(&mut self, column: E::Column, test: Option<OrderedComparison<i32>>) {
        self.test::<_, i32>(column, test);
    }

    /// A test on a date.
    pub fn date(&mut self, column: E::Column, test: Option<OrderedComparison<Date>>) {
        if let Some(test) = test {
            self.0.push(Filter::column(column, Test::from(test).map(|date: Date| date.0)));
        }
    }

    /// A test on a moment.
    pub fn moment(&mut self, column: E::Column, test: Option<OrderedComparison<DateTime>>) {
        self.word::<entity::moment::Moment, DateTime>(column, test);
    }

    /// A test on a key.
    pub fn id(&mut self, column: E::Column, kind: Kind, test: Option<IdComparison>) -> Result<()> {
        let Some(IdComparison { eq, ne, r#in, not_in, is_null }) = test else { return Ok(()) };
        let one = |id: Option<ID>| id.map(|id| key(kind, &id)).transpose();
        let many = |ids: Option<Vec<ID>>| {
            ids.map(|ids| ids.iter().map(|id| key(kind, id)).collect::<Result<Vec<i64>>>()).transpose()
        };
        let test = Test::<i64> {
            eq: one(eq)?,
            ne: one(ne)?,
            one_of: many(r#in)?,
            not_in: many(not_in)?,
            is_null,
            ..Test::default()
        };
        self.0.push(Filter::column(column, test));
        Ok(())
    }

    /// What a column refers to is a record that a filter holds for.
    pub fn through<F: FilterInput>(&mut self, column: E::Column, filter: Option<F>) -> Result<()> {
        if let Some(filter) = filter {
            self.0.push(Filter::through(column, filter.filter()?));
        }
        Ok(())
    }

    /// A term of another make.
    pub fn add(&mut self, filter: Option<Filter<E>>) {
        self.0.extend(filter);
    }

    /// `and`, `or` and `not`, and the end.
    pub fn finish<F: FilterInput<Entity = E>>(
        mut self,
        and: Option<Vec<F>>,
        or: Option<Vec<F>>,
        not: Option<Box<F>>,
    ) -> Result<Filter<E>> {
        if let Some(error) = self.1 {
            return Err(error);
        }
        let each = |filters: Vec<F>| filters.into_iter().map(F::filter).collect::<Result<Vec<_>>>();
        if let Some(and) = and {
            self.0.extend(each(and)?);
        }
        if let Some(or) = or {
            self.0.push(Filter::any(each(or)?));
        }
        if let Some(not) = not {
            self.0.push(Filter::negated(not.filter()?));
        }
        Ok(Filter::all(self.0))
    }
}
