//! Parquet and Arrow IPC, written: each column is cast back to the type that it had in its file, [`Field::arrow`].

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{
    DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions};
use parquet::basic::Compression as Codec;
use parquet::file::properties::WriterProperties;

use crate::error::{Error, Result};
use crate::schema::{Field, Schema};
use crate::table::Table;

/// A column of timestamps with another label of zone, the moments unchanged.
pub(super) fn zoned(column: &ArrayRef, zone: Option<Arc<str>>) -> ArrayRef {
    let DataType::Timestamp(unit, _) = column.data_type() else { return Arc::clone(column) };
    match unit {
        TimeUnit::Second => Arc::new(column.as_primitive::<TimestampSecondType>().clone().with_timezone_opt(zone)),
        TimeUnit::Millisecond => {
            Arc::new(column.as_primitive::<TimestampMillisecondType>().clone().with_timezone_opt(zone))
        }
        TimeUnit::Microsecond => {
            Arc::new(column.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(zone))
        }
        TimeUnit::Nanosecond => {
            Arc::new(column.as_primitive::<TimestampNanosecondType>().clone().with_timezone_opt(zone))
        }
    }
}

/// The array in another type, if every value can be held in it.
pub(super) fn cast(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &strict).ok()
}

/// Bytes of encoded columns that are held back for one row group of a Parquet file. Unmeasured.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Writes a Parquet file, compressed by Snappy.
pub(super) struct ParquetWriter<W: Write + Send> {
    types: OwnTypes,
    inner: parquet::arrow::ArrowWriter<W>,
}

impl<W: Write + Send> ParquetWriter<W> {
    pub(super) fn new(schema: &Schema, out: W) -> Result<Self> {
        let types = OwnTypes::new(schema)?;
        let properties = WriterProperties::builder()
            .set_compression(Codec::SNAPPY)
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .build();
        let inner = parquet::arrow::ArrowWriter::try_new(out, Arc::clone(&types.schema), Some(properties));
        Ok(Self { types, inner: inner.map_err(refused)? })
    }

    pub(super) fn write(&mut self, block: &Table) -> Result<()> {
        self.inner.write(&self.types.apply(block)?).map_err(refused)
    }

    pub(super) fn finish(self) -> Result<W> {
        self.inner.into_inner().map_err(refused)
    }
}

/// Writes an Arrow IPC file, not compressed.
pub(super) struct ArrowWriter<W: Write> {
    types: OwnTypes,
    /// For each column kept as a dictionary the values that it has so far, in the order of the dictionary. A file can
    /// add to a dictionary, but not begin another: every block's values stand behind those of the blocks before.
    known: Vec<Option<ArrayRef>>,
    inner: FileWriter<W>,
}

impl<W: Write> ArrowWriter<W> {
    pub(super) fn new(schema: &Schema, out: W) -> Result<Self> {
        let types = OwnTypes::new(schema)?;
        let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
        let inner = FileWriter::try_new_with_options(out, &types.schema, options).map_err(refused)?;
        let known = vec![None; schema.fields.len()];
        Ok(Self { types, known, inner })
    }

    pub(super) fn write(&mut self, block: &Table) -> Result<()> {
        let mut columns = Vec::with_capacity(block.n_columns());
        for (i, known) in self.known.iter_mut().enumerate() {
            let (field, array) = block.column(i);
            let Some(before) = known.take() else {
                let column = self.types.column(i, field, array)?;
                *known = dictionary_values(&column, array.data_type());
                columns.push(column);
                continue;
            };
            // A dictionary is made in the order in which its values appear.
            let all = concat(&[&before, array]).expect("both have the storage's type");
            let all = self.types.column(i, field, &all)?;
            *known = dictionary_values(&all, array.data_type());
            columns.push(all.slice(before.len(), array.len()));
        }
        self.inner.write(&self.types.batch(columns, block.n_rows())).map_err(refused)
    }

    pub(super) fn finish(self) -> Result<W> {
        self.inner.into_inner().map_err(refused)
    }
}

/// The values of a dictionary in the type of the column that it was made from.
fn dictionary_values(column: &ArrayRef, data_type: &DataType) -> Option<ArrayRef> {
    let values = column.as_any_dictionary_opt()?.values();
    Some(cast(values, data_type).expect("they were cast from that type"))
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::cannot_write("the table", std::io::Error::other(error))
}

/// The types that a table's columns had in their file.
struct OwnTypes {
    schema: SchemaRef,
}

impl OwnTypes {
    fn new(schema: &Schema) -> Result<Self> {
        let own_type = |field: &Field| match &field.arrow {
            None => Ok(field.storage.arrow_type()),
            Some(own_type) => DataType::from_str(own_type).map_err(|_| unfit(field)),
        };
        let named = |field: &Field| {
            let name = field.header.as_ref().unwrap_or(&field.name);
            Ok(ArrowField::new(name, own_type(field)?, true))
        };
        let fields: Vec<ArrowField> = schema.fields.iter().map(named).collect::<Result<_>>()?;
        Ok(Self { schema: Arc::new(ArrowSchema::new(fields)) })
    }

    fn apply(&self, table: &Table) -> Result<RecordBatch> {
        let column = |i: usize| {
            let (field, array) = table.column(i);
            self.column(i, field, array)
        };
        Ok(self.batch((0..table.n_columns()).map(column).collect::<Result<_>>()?, table.n_rows()))
    }

    fn column(&self, column_idx: usize, field: &Field, array: &ArrayRef) -> Result<ArrayRef> {
        from_storage(array, self.schema.field(column_idx).data_type()).ok_or_else(|| unfit(field))
    }

    fn batch(&self, columns: Vec<ArrayRef>, n_rows: usize) -> RecordBatch {
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .expect("the columns were cast to the schema's types")
    }
}

fn unfit(field: &Field) -> Error {
    let own_type = field.arrow.as_deref().unwrap_or_default();
    let problem = format!("has values that its source's type, {own_type}, cannot hold");
    Error::Column { column: field.name.clone(), problem }
}

fn from_storage(array: &ArrayRef, own_type: &DataType) -> Option<ArrayRef> {
    match (own_type, array.data_type()) {
        (own_type, storage) if own_type == storage => Some(Arc::clone(array)),
        (DataType::Null, _) => (array.null_count() == array.len()).then(|| new_null_array(own_type, array.len())),
        (DataType::Timestamp(_, zone), DataType::Timestamp(..)) => cast(&zoned(array, zone.clone()), own_type),
        _ => cast(array, own_type),
    }
}
