//! Some rows, column by column.

use crate::column::Type;
use demarche_core::error::{Error, Result};

/// Some rows.
pub(super) struct Batch {
    /// The columns, each with as many values as there are rows.
    pub(super) columns: Vec<Column>,
    /// How many rows.
    pub(super) rows: usize,
    /// About how many bytes they take.
    pub(super) bytes: usize,
}

impl Batch {
    /// No rows yet, of columns of these types.
    pub(super) fn new(types: &[Type]) -> Self {
        Self { columns: types.iter().map(|of| Column::new(*of)).collect(), rows: 0, bytes: 0 }
    }

    /// Takes the rows away.
    pub(super) fn take(&mut self) -> Self {
        let empty = self.columns.iter().map(Column::emptied).collect();
        std::mem::replace(self, Self { columns: empty, rows: 0, bytes: 0 })
    }
}

/// The values of one column.
pub(super) struct Column {
    /// Of each row, whether there is a value.
    pub(super) there: Vec<bool>,
    /// The values; where there is none, one that counts for nothing.
    pub(super) values: Values,
}

/// Values of one type.
pub(super) enum Values {
    Text(Texts),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Flag(Vec<bool>),
    /// Counted from 1970.
    Date(Vec<i32>),
    /// In microseconds from 1970.
    Moment(Vec<i64>),
    /// The items of all lists one after the other, and where each list ends among them, behind a 0.
    List {
        items: Texts,
        ends: Vec<i32>,
    },
}

/// Texts, one after the other.
pub(super) struct Texts {
    pub(super) bytes: Vec<u8>,
    /// Where each of them ends, behind a 0.
    pub(super) ends: Vec<i32>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: vec![0] }
    }
}

impl Texts {
    fn push(&mut self, text: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(text);
        // A group is ended long before; a single text of 2 GiB is more than either database takes.
        self.ends.push(i32::try_from(self.bytes.len()).map_err(Error::internal)?);
        Ok(())
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Where each of them begins, and how long it is.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let place = |end: &i32| usize::try_from(*end).unwrap_or(0);
        self.ends.iter().zip(self.ends.iter().skip(1)).map(move |(start, end)| {
            let start = place(start);
            (start, place(end).saturating_sub(start))
        })
    }
}

impl Column {
    fn new(of: Type) -> Self {
        let values = match of {
            Type::Text => Values::Text(Texts::default()),
            Type::Integer => Values::Integer(Vec::new()),
            Type::Real => Values::Real(Vec::new()),
            Type::Flag => Values::Flag(Vec::new()),
            Type::Date => Values::Date(Vec::new()),
            Type::Moment => Values::Moment(Vec::new()),
            Type::List => Values::List { items: Texts::default(), ends: vec![0] },
        };
        Self { there: Vec::new(), values }
    }

    /// A column of the same type without a value.
    fn emptied(&self) -> Self {
        Self::new(match self.values {
            Values::Text(_) => Type::Text,
            Values::Integer(_) => Type::Integer,
            Values::Real(_) => Type::Real,
            Values::Flag(_) => Type::Flag,
            Values::Date(_) => Type::Date,
            Values::Moment(_) => Type::Moment,
            Values::List { .. } => Type::List,
        })
    }

    /// Adds a value, written as [`crate::typed`] says.
    ///
    /// # Errors
    /// If it is of another type.
    pub(super) fn push(&mut self, value: &[u8]) -> Result<()> {
        let there = !value.is_empty();
        self.there.push(there);
        match &mut self.values {
            // The first byte only says that it is there.
            Values::Text(texts) => texts.push(value.get(1..).unwrap_or_default())?,
            Values::Integer(numbers) | Values::Moment(numbers) => {
                numbers.push(if there { i64::from_le_bytes(exactly(value)?) } else { 0 });
            }
            Values::Real(numbers) => numbers.push(if there { f64::from_le_bytes(exactly(value)?) } else { 0.0 }),
            Values::Date(days) => days.push(if there { i32::from_le_bytes(exactly(value)?) } else { 0 }),
            Values::Flag(flags) => flags.push(there && exactly(value)? == [1]),
            Values::List { items, ends } => {
                let mut rest = value.get(1..).unwrap_or_default();
                while let Some((item, more)) = item(rest)? {
                    items.push(item)?;
                    rest = more;
                }
                ends.push(i32::try_from(items.len()).map_err(Error::internal)?);
            }
        }
        Ok(())
    }
}

/// The first item of a list, and the rest.
fn item(list: &[u8]) -> Result<Option<(&[u8], &[u8])>> {
    if list.is_empty() {
        return Ok(None);
    }
    let cut = || Error::internal("a list is cut off");
    let (length, rest) = list.split_first_chunk().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(Error::internal)?;
    rest.split_at_checked(length).map(Some).ok_or_else(cut)
}

fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N]> {
    value.try_into().map_err(|_| Error::internal(format!("a value of {N} bytes has {}", value.len())))
}
