//! Arrow IPC, in its file format: of the two it is the one that ends with a list of its batches, so that one that was cut off is
//! recognised, that can be mapped into memory, and that is commonly called `.arrow`. That list is all that is kept: 24 bytes
//! a batch.
//!
//! It is not compressed: then it can be used where it lies, and HTTP and the command line compress by themselves.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use super::batch::{Batch, Column, Texts, Values};
use super::{Encoder, Limits};
use crate::column::Type;
use crate::table::Head;
use demarche_core::error::{Error, Result};

/// Smaller than in Parquet: nothing is gained by large ones, and they are not compressed on their way out.
pub(super) const LIMITS: Limits = Limits { rows: 16_384, bytes: 1024 * 1024 };
/// The name of what a file says of itself.
const ABOUT: &str = "demarche";
const UTC: &str = "UTC";

/// An Arrow file, as it is written.
pub(super) struct File {
    schema: SchemaRef,
    writer: FileWriter<Vec<u8>>,
}

impl File {
    /// Begins a file.
    ///
    /// # Errors
    /// If the columns make none.
    pub(super) fn new(head: &Head<'_>) -> Result<Self> {
        // Any column may lack a value, because a path may lead to a record that is not there.
        let field = |(name, of): (&String, &Type)| Field::new(name, data_type(*of), true);
        let fields: Vec<Field> = head.names.iter().zip(head.types).map(field).collect();
        let about = HashMap::from([(ABOUT.to_owned(), head.about.to_owned())]);
        let schema = Arc::new(Schema::new_with_metadata(fields, about));
        let writer = FileWriter::try_new(Vec::new(), &schema).map_err(Error::internal)?;
        Ok(Self { schema, writer })
    }
}

fn data_type(of: Type) -> DataType {
    match of {
        Type::Text => DataType::Utf8,
        Type::Integer => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::Flag => DataType::Boolean,
        Type::Date => DataType::Date32,
        Type::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        Type::List => DataType::List(item()),
    }
}

/// What a list holds.
fn item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Utf8, false))
}

impl Encoder for File {
    fn group(&mut self, group: Batch) -> Result<()> {
        let options = RecordBatchOptions::new().with_row_count(Some(group.rows));
        let columns = group.columns.into_iter().map(array).collect::<Result<Vec<ArrayRef>>>()?;
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options);
        self.writer.write(&batch.map_err(Error::internal)?).map_err(Error::internal)
    }

    fn end(&mut self) -> Result<()> {
        self.writer.finish().map_err(Error::internal)
    }

    fn written(&mut self) -> Result<Vec<u8>> {
        // It counts where it is in the file itself.
        Ok(std::mem::take(self.writer.get_mut()))
    }
}

fn array(column: Column) -> Result<ArrayRef> {
    let Column { there, values } = column;
    let nulls = Some(NullBuffer::from(there)).filter(|nulls| nulls.null_count() > 0);
    Ok(match values {
        Values::Text(texts) => Arc::new(strings(texts, nulls)?),
        Values::Integer(numbers) => Arc::new(Int64Array::new(numbers.into(), nulls)),
        Values::Real(numbers) => Arc::new(Float64Array::new(numbers.into(), nulls)),
        Values::Flag(flags) => Arc::new(BooleanArray::new(flags.into(), nulls)),
        Values::Date(days) => Arc::new(Date32Array::new(days.into(), nulls)),
        Values::Moment(moments) => Arc::new(TimestampMicrosecondArray::new(moments.into(), nulls).with_timezone(UTC)),
        Values::List { items, ends } => {
            let ends = OffsetBuffer::new(ends.into());
            let items: Arc<dyn Array> = Arc::new(strings(items, None)?);
            Arc::new(ListArray::try_new(item(), ends, items, nulls).map_err(Error::internal)?)
        }
    })
}

fn strings(texts: Texts, nulls: Option<NullBuffer>) -> Result<StringArray> {
    let ends = OffsetBuffer::new(texts.ends.into());
    StringArray::try_new(ends, Buffer::from_vec(texts.bytes), nulls).map_err(Error::internal)
}
