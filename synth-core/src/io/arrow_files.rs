//! Parquet and Arrow IPC, file and stream form.
//!
//! A column is cast to one of the five storages; its own type is kept in [`Field::arrow`] and cast back to when the
//! table is written. What is damaged is [`Rule::Corrupt`]; the readers' own messages are not passed on, for they may
//! quote values.

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray, new_null_array,
};
use arrow::buffer::Buffer;
use arrow::compute::{CastOptions, cast_with_options, concat, concat_batches};
use arrow::datatypes::{
    DataType, Field as ArrowField, Float32Type, Float64Type, Schema as ArrowSchema, SchemaRef, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression as Codec;
use parquet::file::properties::WriterProperties;

use super::{
    Limits, ReadOptions, Reading, cells, match_names, no_rows, too_many_bytes, too_many_columns, too_many_rows,
};
use crate::error::{BadInput, Error, Result, Rule};
use crate::infer;
use crate::schema::{Compression, Dialect, Field, Format, SCHEMA_VERSION, Schema, Source, Storage};
use crate::table::{Table, arrow_type};

/// Reads a Parquet file.
pub(super) fn read_parquet(bytes: Vec<u8>, compression: Compression, options: &ReadOptions) -> Result<Reading> {
    let damaged = || Error::from(corrupt("Parquet"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).map_err(|_| damaged())?;
    // What the file declares is checked before anything is allocated for it.
    let metadata = builder.metadata();
    let n_rows = usize::try_from(metadata.file_metadata().num_rows()).map_err(|_| damaged())?;
    let n_bytes = metadata.row_groups().iter().map(|group| group.total_byte_size().unsigned_abs()).sum::<u64>();
    check_size(n_rows, builder.schema().fields().len(), &options.limits)?;
    if n_bytes > options.limits.bytes {
        return Err(too_many_bytes(options.limits.bytes).into());
    }
    let schema = Arc::clone(builder.schema());
    refuse_unsupported(&schema)?;
    let batches = builder.build().and_then(|reader| Ok(reader.collect::<std::result::Result<Vec<_>, _>>()?));
    finish(Format::Parquet, &schema, &batches.map_err(|_| damaged())?, compression, options)
}

/// Reads an Arrow IPC file or stream.
pub(super) fn read_arrow(bytes: Vec<u8>, compression: Compression, options: &ReadOptions) -> Result<Reading> {
    let damaged = || Error::from(corrupt("Arrow"));
    let bytes = Buffer::from_vec(bytes);
    // Between its two magics a file is a stream and a footer, which only repeats where the batches are. Read as a
    // stream it needs no trust in the sizes that the footer declares.
    let mut stream = if bytes.starts_with(b"ARROW1") { file_body(&bytes).ok_or_else(damaged)? } else { bytes };
    let mut decoder = StreamDecoder::new();
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut n_rows = 0;
    while !stream.is_empty() {
        if let Some(batch) = decoder.decode(&mut stream).map_err(|_| damaged())? {
            n_rows += batch.num_rows();
            check_size(n_rows, batch.num_columns(), &options.limits)?;
            batches.push(batch);
        }
    }
    decoder.finish().map_err(|_| damaged())?;
    let schema = decoder.schema().ok_or_else(damaged)?;
    refuse_unsupported(&schema)?;
    finish(Format::Arrow, &schema, &batches, compression, options)
}

/// The stream in an Arrow file: without the magics, the footer and the footer's length.
fn file_body(bytes: &Buffer) -> Option<Buffer> {
    const MAGIC: &[u8] = b"ARROW1";
    let without_magic = bytes.strip_suffix(MAGIC)?;
    let (rest, length) = without_magic.split_last_chunk::<4>()?;
    let n_footer = usize::try_from(i32::from_le_bytes(*length)).ok()?;
    // The opening magic is padded with zeros, by the specification to eight bytes, by some writers to 64.
    let n_opening = MAGIC.len() + rest.iter().skip(MAGIC.len()).take_while(|&&b| b == 0).count();
    let n_body = rest.len().checked_sub(n_footer)?.checked_sub(n_opening)?;
    Some(bytes.slice_with_length(n_opening, n_body))
}

fn check_size(n_rows: usize, n_columns: usize, limits: &Limits) -> Result<()> {
    if n_columns > limits.columns {
        return Err(too_many_columns(n_columns, limits.columns).into());
    }
    if n_rows > limits.rows {
        return Err(too_many_rows(limits.rows).into());
    }
    Ok(())
}

fn corrupt(what: &str) -> BadInput {
    BadInput::new(Rule::Corrupt, format!("the {what} data is damaged or cut off")).hint("copy or write the file again")
}

/// The values of a dictionary's type, other types themselves.
fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

fn refuse_unsupported(schema: &SchemaRef) -> Result<()> {
    for field in schema.fields() {
        use DataType as T;
        let is_supported = match value_type(field.data_type()) {
            t if t.is_integer() || t.is_floating() || t.is_decimal() => true,
            T::Null | T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View => true,
            T::Date32 | T::Date64 | T::Timestamp(..) | T::Time32(_) | T::Time64(_) => true,
            _ => false,
        };
        if !is_supported {
            return Err(BadInput::new(Rule::Unsupported, "the column's type cannot be held in a flat table")
                .in_column(field.name())
                .hint("leave the column out, or flatten it into numbers, text, dates or booleans")
                .into());
        }
    }
    Ok(())
}

fn finish(
    format: Format,
    arrow_schema: &SchemaRef,
    batches: &[RecordBatch],
    compression: Compression,
    options: &ReadOptions,
) -> Result<Reading> {
    if arrow_schema.fields().is_empty() {
        return Err(BadInput::new(Rule::EmptyFile, "the file has no columns").into());
    }
    let batch = concat_batches(arrow_schema, batches).map_err(|_| corrupt("column"))?;
    if batch.num_rows() == 0 {
        return Err(no_rows().into());
    }
    let (names, headers) = names_of(arrow_schema)?;
    let mut notes = Vec::new();
    let mut arrays = Vec::with_capacity(names.len());
    let mut types = Vec::with_capacity(names.len());
    for (name, column) in names.iter().zip(batch.columns()) {
        let (array, own_type) = to_storage(name, column, &mut notes)?;
        arrays.push(array);
        types.push(own_type);
    }

    if let Some(schema) = &options.schema {
        let positions = match_names(schema, &names)?;
        let arrays = schema.fields.iter().zip(positions).map(|(field, position)| {
            cells::from_array(field, &arrays[position]).map_err(|fault| {
                let problem = format!("{} (row {})", fault.problem, fault.row + 1);
                Error::from(BadInput::new(fault.rule, problem).in_column(&field.name).hint(fault.hint))
            })
        });
        let table = Table::new(Arc::new(schema.clone()), arrays.collect::<Result<Vec<ArrayRef>>>()?)?;
        return Ok(Reading { table, notes });
    }

    let mut fields = Vec::with_capacity(names.len());
    for (((name, header), array), own_type) in names.iter().zip(headers).zip(&arrays).zip(types) {
        let inferred = infer::from_array(name, array);
        fields.push(Field { header, arrow: own_type, ..inferred.field });
    }
    let source = Source { format, compression, dialect: Dialect::default() };
    let schema = Schema { version: SCHEMA_VERSION, source, fields, constraints: Vec::new() };
    Ok(Reading { table: Table::new(Arc::new(schema), arrays)?, notes })
}

fn names_of(schema: &SchemaRef) -> Result<(Vec<String>, Vec<Option<String>>)> {
    let own: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    for (i, name) in own.iter().enumerate() {
        if let Some(other) = own[..i].iter().position(|n| n.trim() == name.trim() && !name.trim().is_empty()) {
            let problem = format!("columns {} and {} have one name", other + 1, i + 1);
            return Err(BadInput::new(Rule::DuplicateColumn, problem).hint("rename one of them").into());
        }
    }
    let name_of = |(i, name): (usize, &&str)| match name.trim() {
        "" => format!("c{}", i + 1),
        trimmed => trimmed.to_owned(),
    };
    let names: Vec<String> = own.iter().enumerate().map(name_of).collect();
    let headers = own.iter().zip(&names).map(|(own, name)| (own != name).then(|| (*own).to_owned())).collect();
    Ok((names, headers))
}

/// The column in a storage's type, and its own type if that is another.
fn to_storage(name: &str, column: &ArrayRef, notes: &mut Vec<String>) -> Result<(ArrayRef, Option<String>)> {
    use DataType as T;
    let own_type = column.data_type().clone();
    let values = value_type(&own_type);
    let lossy = || Error::from(corrupt("column").in_column(name));
    let text_like = matches!(values, T::Utf8 | T::LargeUtf8 | T::Utf8View);
    let column =
        if *values == own_type || text_like { Arc::clone(column) } else { cast(column, values).ok_or_else(lossy)? };
    let to = |target: &DataType| cast(&column, target).ok_or_else(lossy);
    let array = match values {
        T::UInt64 => match cast(&column, &T::Int64) {
            Some(array) => array,
            // Above the range of signed numbers only identifiers are found.
            None => to(&T::Utf8)?,
        },
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) if *s <= 0 && *p <= 15 => {
            to(&T::Int64)?
        }
        T::Float32 => {
            // By its shortest text: 0.1 is meant, not the seventeen digits of the nearest single.
            let widen = |x: f32| x.to_string().parse::<f64>().unwrap_or(f64::NAN);
            let widened = column.as_primitive::<Float32Type>().iter().map(|x| x.map(widen)).collect::<Float64Array>();
            finite(name, &widened, notes)?
        }
        t if t.is_integer() => to(&T::Int64)?,
        t if t.is_floating() || t.is_decimal() => finite(name, to(&T::Float64)?.as_primitive::<Float64Type>(), notes)?,
        T::Boolean => Arc::clone(&column),
        T::Null => Arc::new(StringArray::new_null(column.len())),
        T::Timestamp(unit, _) => {
            if *unit == TimeUnit::Nanosecond
                && column.as_primitive::<TimestampNanosecondType>().iter().flatten().any(|ns| ns % 1000 != 0)
            {
                notes.push(format!("column `{name}`: fractions below a microsecond are dropped"));
            }
            // The zone is taken off, not converted: what counts is that it can be put back.
            cast(&zoned(&column, None), &arrow_type(Storage::Timestamp)).ok_or_else(lossy)?
        }
        T::Date32 | T::Date64 => to(&arrow_type(Storage::Timestamp))?,
        _ => to(&T::Utf8)?,
    };
    let kept = if text_like { &own_type } else { values };
    Ok((Arc::clone(&array), (kept != array.data_type()).then(|| kept.to_string())))
}

/// NaN is how some writers spell a missing number; infinity is no number that could be learnt.
fn finite(name: &str, values: &Float64Array, notes: &mut Vec<String>) -> Result<ArrayRef> {
    if let Some(row) = values.iter().position(|x| x.is_some_and(f64::is_infinite)) {
        return Err(BadInput::new(Rule::NotANumber, format!("row {} is infinite", row + 1)).in_column(name).into());
    }
    if values.iter().flatten().any(f64::is_nan) {
        notes.push(format!("column `{name}`: NaN is read as missing"));
    }
    Ok(Arc::new(values.iter().map(|x| x.filter(|x| !x.is_nan())).collect::<Float64Array>()))
}

/// A column of timestamps with another label of zone, the moments unchanged.
fn zoned(column: &ArrayRef, zone: Option<Arc<str>>) -> ArrayRef {
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
fn cast(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
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
    super::write::failed(std::io::Error::other(error))
}

/// The types that a table's columns had in their file.
struct OwnTypes {
    schema: SchemaRef,
}

impl OwnTypes {
    fn new(schema: &Schema) -> Result<Self> {
        let own_type = |field: &Field| match &field.arrow {
            None => Ok(arrow_type(field.storage)),
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
