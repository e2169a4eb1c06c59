//! Parquet: row groups, compressed with Zstandard, with dictionaries of what repeats, and the least and the greatest value of each
//! column of a group, by which readers pass over groups.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type as Node, TypePtr};

use super::batch::{Batch, Column, Texts, Values};
use super::{Encoder, Limits};
use crate::column::Type;
use crate::table::Head;
use demarche_core::error::{Error, Result};

/// A reader takes a group at a time, and passes over those that it does not need. Larger ones would pack little better, and an
/// export takes two or three times their bytes of memory.
pub(super) const LIMITS: Limits = Limits { rows: 65_536, bytes: 4 * 1024 * 1024 };
/// The name of what a file says of itself.
const ABOUT: &str = "demarche";
/// The columns in which hardly two rows have the same value: a dictionary of one would be the column itself, once more.
const UNIQUE: [&str; 2] = ["id", "externalId"];
/// The fastest but two: texts become a fourth, and whoever reads waits no longer for it.
const LEVEL: i32 = 3;

/// A Parquet file, as it is written.
pub(super) struct File(SerializedFileWriter<Vec<u8>>);

impl File {
    /// Begins a file.
    ///
    /// # Errors
    /// If the columns make none.
    pub(super) fn new(head: &Head<'_>) -> Result<Self> {
        let columns = head.names.iter().zip(head.types);
        let columns = columns.map(|(name, of)| node(name, *of)).collect::<Result<Vec<TypePtr>>>()?;
        let schema = Node::group_type_builder("schema").with_fields(columns).build().map_err(Error::internal)?;
        let about = KeyValue::new(ABOUT.to_owned(), head.about.to_owned());
        let mut properties = WriterProperties::builder()
            .set_created_by(format!("demarche version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).map_err(Error::internal)?))
            // Of groups; of each page, they would have to be kept until the end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_key_value_metadata(Some(vec![about]));
        for name in UNIQUE {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
        }
        let file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties.build()));
        Ok(Self(file.map_err(Error::internal)?))
    }
}

/// A column of the schema. Any may lack a value, because a path may lead to a record that is not there.
fn node(name: &str, of: Type) -> Result<TypePtr> {
    let (physical, logical) = match of {
        Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Type::Integer => (Physical::INT64, None),
        Type::Real => (Physical::DOUBLE, None),
        Type::Flag => (Physical::BOOLEAN, None),
        Type::Date => (Physical::INT32, Some(LogicalType::Date)),
        Type::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Type::List => return list(name),
    };
    let node = Node::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    Ok(Arc::new(node.with_logical_type(logical).build().map_err(Error::internal)?))
}

/// A list of texts, in the three steps that the format asks for.
fn list(name: &str) -> Result<TypePtr> {
    let item = Node::primitive_type_builder("element", Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String));
    let item = Arc::new(item.build().map_err(Error::internal)?);
    let repeated = Node::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![item]);
    let repeated = Arc::new(repeated.build().map_err(Error::internal)?);
    let list = Node::group_type_builder(name).with_repetition(Repetition::OPTIONAL).with_fields(vec![repeated]);
    Ok(Arc::new(list.with_logical_type(Some(LogicalType::List)).build().map_err(Error::internal)?))
}

impl Encoder for File {
    fn group(&mut self, group: Batch) -> Result<()> {
        let mut row_group = self.0.next_row_group().map_err(Error::internal)?;
        for column in group.columns {
            let writer = row_group.next_column().map_err(Error::internal)?;
            let mut writer = writer.ok_or_else(|| Error::internal("a column has no place in its file"))?;
            write(column, writer.untyped())?;
            writer.close().map_err(Error::internal)?;
        }
        row_group.close().map_err(Error::internal)?;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        self.0.finish().map_err(Error::internal)?;
        Ok(())
    }

    fn written(&mut self) -> Result<Vec<u8>> {
        self.0.flush().map_err(Error::internal)?;
        // It counts where it is in the file itself.
        Ok(std::mem::take(self.0.inner_mut()))
    }
}

fn write(column: Column, writer: &mut ColumnWriter<'_>) -> Result<()> {
    let Column { there, values } = column;
    let levels: Vec<i16> = there.iter().map(|there| i16::from(*there)).collect();
    let levels = Some(levels.as_slice());
    let written = match (values, writer) {
        (Values::Text(texts), ColumnWriter::ByteArrayColumnWriter(writer)) => {
            writer.write_batch(&only(&there, byte_arrays(texts)), levels, None)
        }
        (Values::Integer(numbers) | Values::Moment(numbers), ColumnWriter::Int64ColumnWriter(writer)) => {
            writer.write_batch(&only(&there, numbers), levels, None)
        }
        (Values::Real(numbers), ColumnWriter::DoubleColumnWriter(writer)) => {
            writer.write_batch(&only(&there, numbers), levels, None)
        }
        (Values::Flag(flags), ColumnWriter::BoolColumnWriter(writer)) => {
            writer.write_batch(&only(&there, flags), levels, None)
        }
        (Values::Date(days), ColumnWriter::Int32ColumnWriter(writer)) => {
            writer.write_batch(&only(&there, days), levels, None)
        }
        (Values::List { items, ends }, ColumnWriter::ByteArrayColumnWriter(writer)) => {
            let (levels, repeats) = nesting(&there, &ends);
            writer.write_batch(&byte_arrays(items), Some(&levels), Some(&repeats))
        }
        _ => return Err(Error::internal("a column is not of the type that its file says")),
    };
    written.map_err(Error::internal)?;
    Ok(())
}

/// The values that are there.
fn only<T>(there: &[bool], values: Vec<T>) -> Vec<T> {
    values.into_iter().zip(there).filter_map(|(value, there)| there.then_some(value)).collect()
}

/// Texts, all in the same bytes.
fn byte_arrays(texts: Texts) -> Vec<ByteArray> {
    let places: Vec<(usize, usize)> = texts.places().collect();
    let all = ByteArray::from(texts.bytes);
    places.into_iter().map(|(start, length)| all.slice(start, length)).collect()
}

/// How lists are told from each other: of each item, and of each list without one, how much of it is there (nothing, an empty
/// list, an item), and whether it goes on with the list before it.
fn nesting(there: &[bool], ends: &[i32]) -> (Vec<i16>, Vec<i16>) {
    let (mut levels, mut repeats) = (Vec::new(), Vec::new());
    for ((there, start), end) in there.iter().zip(ends).zip(ends.iter().skip(1)) {
        if start == end {
            levels.push(i16::from(*there));
            repeats.push(0);
        }
        for n in *start..*end {
            levels.push(2);
            repeats.push(i16::from(n > *start));
        }
    }
    (levels, repeats)
}
