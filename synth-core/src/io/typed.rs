//! Parquet and Arrow IPC, file and stream form, read batch by batch.
//!
//! A column is cast to one of the five storages, and grows by each batch; its own type is kept in [`Field::arrow`] and cast back
//! to when the table is written. What is damaged is [`InputRule::Corrupt`]; the readers' own messages are not passed on, for they
//! may quote values.
//!
//! [`Field::arrow`]: crate::schema::Field::arrow

use std::io::{BufRead, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow::ipc::reader::StreamDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;

use super::arrow_files::{cast, zoned};
use super::input::{Input, Seekable};
use super::limits::{Limits, too_many_bytes, too_many_columns, too_many_rows};
use super::matched;
use crate::error::{BadInput, Error, InputRule, Result};
use crate::schema::Storage;

/// Cells of a batch of Parquet rows, which are in memory beside the table. Unmeasured.
const BATCH_CELLS: usize = 1 << 19;
/// Bytes of an Arrow file that are read at a time.
const PIECE: usize = 1 << 20;

/// What is gathered from typed files.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) names: Vec<String>,
    /// How the file spells a name, where it does so otherwise.
    pub(super) headers: Vec<Option<String>>,
    own_types: Vec<DataType>,
    columns: Vec<Option<Growing>>,
    pub(super) n_rows: usize,
    pub(super) notes: Vec<String>,
}

/// One file of them.
struct Filling<'a> {
    into: &'a mut Typed,
    /// For each column of the table its position in the file.
    positions: Vec<usize>,
    n_rows: usize,
}

impl Typed {
    /// Adds the rows of a Parquet file. Gives its bytes as its columns hold them.
    pub(super) fn add_parquet(&mut self, input: &Input, limits: &Limits, n_bytes_before: u64) -> Result<u64> {
        match input.file()? {
            Some(file) => self.add_parquet_of(file, limits, n_bytes_before),
            None => self.add_parquet_of(input.whole()?, limits, n_bytes_before),
        }
    }

    fn add_parquet_of(
        &mut self,
        from: impl ChunkReader + 'static,
        limits: &Limits,
        n_bytes_before: u64,
    ) -> Result<u64> {
        let damaged = || Error::from(corrupt("Parquet"));
        let builder = ParquetRecordBatchReaderBuilder::try_new(from).map_err(|_| damaged())?;
        // What the file declares is checked before anything is allocated for it.
        let metadata = builder.metadata();
        let n_rows = usize::try_from(metadata.file_metadata().num_rows()).map_err(|_| damaged())?;
        let n_bytes = metadata.row_groups().iter().map(|group| group.total_byte_size().unsigned_abs()).sum::<u64>();
        let n_columns = builder.schema().fields().len();
        check_size(self.n_rows.saturating_add(n_rows), n_columns, limits)?;
        if n_bytes.saturating_add(n_bytes_before) > limits.bytes {
            return Err(too_many_bytes(limits.bytes).into());
        }
        let mut filling = self.begin(&Arc::clone(builder.schema()))?;
        let n_rows_batch = (BATCH_CELLS / n_columns.max(1)).clamp(64, 1 << 16);
        let batches = builder.with_batch_size(n_rows_batch).build().map_err(|_| damaged())?;
        for batch in batches {
            filling.take(&batch.map_err(|_| damaged())?, limits)?;
        }
        Ok(n_bytes)
    }

    /// Adds the rows of an Arrow IPC file or stream.
    pub(super) fn add_arrow(&mut self, input: &Input, limits: &Limits) -> Result<()> {
        let damaged = || Error::from(corrupt("Arrow"));
        let mut from = input.seekable()?;
        // Between its two magics a file is a stream and a footer, which only repeats where the batches are. Read as a
        // stream it needs no trust in the sizes that the footer declares.
        let is_file = from.fill_buf().map_err(|error| input.lifted(error))?.starts_with(MAGIC);
        let n_body = if is_file {
            go_to_body(&mut from).map_err(|error| input.lifted(error))?.ok_or_else(damaged)?
        } else {
            u64::MAX
        };
        let mut stream = from.take(n_body);
        let mut decoder = StreamDecoder::new();
        let mut filling = None;
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            stream.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(|error| input.lifted(error))?;
            if piece.is_empty() {
                break;
            }
            let mut piece = Buffer::from_vec(piece);
            while !piece.is_empty() {
                let batch = decoder.decode(&mut piece).map_err(|_| damaged())?;
                if let (None, Some(schema)) = (&filling, decoder.schema()) {
                    filling = Some(self.begin(&schema)?);
                }
                if let (Some(batch), Some(filling)) = (batch, &mut filling) {
                    check_size(filling.into.n_rows + batch.num_rows(), batch.num_columns(), limits)?;
                    filling.take(&batch, limits)?;
                }
            }
        }
        decoder.finish().map_err(|_| damaged())?;
        if filling.is_none() {
            return Err(damaged());
        }
        Ok(())
    }

    /// Adds the rows of a batch that is in memory.
    pub(super) fn add_batch(&mut self, batch: &RecordBatch, limits: &Limits) -> Result<()> {
        check_size(self.n_rows.saturating_add(batch.num_rows()), batch.num_columns(), limits)?;
        let n_rows = self.n_rows;
        let mut filling = self.begin(&batch.schema())?;
        // The batches are one input, whose rows are counted through.
        filling.n_rows = n_rows;
        filling.take(batch, limits)
    }

    /// Begins a file with these columns, which are those of the files before.
    fn begin(&mut self, schema: &SchemaRef) -> Result<Filling<'_>> {
        refuse_unsupported(schema)?;
        if schema.fields().is_empty() {
            return Err(BadInput::new(InputRule::EmptyFile, "the file has no columns").into());
        }
        let (names, headers) = names_of(schema)?;
        let own_type = |position: usize| schema.field(position).data_type();
        if self.names.is_empty() {
            self.own_types = (0..names.len()).map(|position| own_type(position).clone()).collect();
            self.columns.resize_with(names.len(), || None);
            (self.names, self.headers) = (names, headers);
            let positions = (0..self.names.len()).collect();
            return Ok(Filling { into: self, positions, n_rows: 0 });
        }
        let positions = matched::with_first(&self.names, &names)?;
        for ((name, first), &position) in self.names.iter().zip(&self.own_types).zip(&positions) {
            // Files may differ in how they code values, not in the values' type.
            if value_type(first) != value_type(own_type(position)) {
                let problem = format!("the column is {} here, {first} in the first file", own_type(position));
                return Err(BadInput::new(InputRule::Unsupported, problem)
                    .in_column(name)
                    .hint("the files of one table must have the same types")
                    .into());
            }
        }
        Ok(Filling { into: self, positions, n_rows: 0 })
    }

    /// Each column in turn, in its storage's type, with its own type if that is another. The columns must have rows.
    pub(super) fn into_columns(self) -> impl Iterator<Item = (ArrayRef, Option<String>)> {
        self.columns.into_iter().zip(self.own_types).map(|(column, own_type)| {
            let array = column.expect("every column has grown with the rows").finish();
            let values = value_type(&own_type);
            let text_like = matches!(values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
            let kept = if text_like { &own_type } else { values };
            let kept = (kept != array.data_type()).then(|| kept.to_string());
            (array, kept)
        })
    }
}

impl Filling<'_> {
    fn take(&mut self, batch: &RecordBatch, limits: &Limits) -> Result<()> {
        let Typed { names, columns, n_rows, notes, .. } = &mut *self.into;
        for ((name, column), &position) in names.iter().zip(columns).zip(&self.positions) {
            let array = to_storage(name, batch.column(position), self.n_rows, notes)?;
            let grown = column.get_or_insert_with(|| Growing::like(&array)).push(&array);
            grown.ok_or_else(|| too_many_bytes(limits.bytes).in_column(name))?;
        }
        *n_rows += batch.num_rows();
        self.n_rows += batch.num_rows();
        Ok(())
    }
}

/// A column in a storage's type that grows.
#[derive(Debug)]
enum Growing {
    Integer(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Boolean(BooleanBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Growing {
    fn like(array: &ArrayRef) -> Self {
        match array.data_type() {
            DataType::Int64 => Growing::Integer(Int64Builder::new()),
            DataType::Float64 => Growing::Float(Float64Builder::new()),
            DataType::Boolean => Growing::Boolean(BooleanBuilder::new()),
            DataType::Timestamp(..) => Growing::Timestamp(TimestampMicrosecondBuilder::new()),
            _ => Growing::Text(StringBuilder::new()),
        }
    }

    /// Puts values behind; `None` if there is more text than a column can hold.
    fn push(&mut self, array: &ArrayRef) -> Option<()> {
        // Unsigned numbers are whole numbers up to the first batch with one that is too large.
        if let (Growing::Integer(whole), DataType::Utf8) = (&mut *self, array.data_type()) {
            let whole: ArrayRef = Arc::new(whole.finish());
            *self = Growing::Text(StringBuilder::new());
            self.push(&whole)?;
        }
        match self {
            Growing::Integer(values) => values.append_array(array.as_primitive::<Int64Type>()),
            Growing::Float(values) => values.append_array(array.as_primitive::<Float64Type>()),
            Growing::Boolean(values) => values.append_array(array.as_boolean()),
            Growing::Timestamp(values) => values.append_array(array.as_primitive::<TimestampMicrosecondType>()),
            Growing::Text(values) => {
                let text = cast(array, &DataType::Utf8).expect("whole numbers and text are text");
                values.append_array(text.as_string::<i32>()).ok()?;
            }
        }
        Some(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Growing::Integer(mut values) => Arc::new(values.finish()),
            Growing::Float(mut values) => Arc::new(values.finish()),
            Growing::Text(mut values) => Arc::new(values.finish()),
            Growing::Boolean(mut values) => Arc::new(values.finish()),
            Growing::Timestamp(mut values) => Arc::new(values.finish()),
        }
    }
}

const MAGIC: &[u8] = b"ARROW1";

/// Goes to the stream in an Arrow file, behind the magic. Gives its length: without the footer, the footer's length and the
/// last magic.
fn go_to_body(from: &mut Box<dyn Seekable>) -> std::io::Result<Option<u64>> {
    let n_bytes = from.seek(SeekFrom::End(0))?;
    let n_end = 4 + MAGIC.len() as u64;
    if n_bytes < n_end + MAGIC.len() as u64 {
        return Ok(None);
    }
    from.seek(SeekFrom::Start(n_bytes - n_end))?;
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut magic = Vec::new();
    from.read_to_end(&mut magic)?;
    // The opening magic is padded with zeros, by the specification to eight bytes, by some writers to 64.
    let mut n_opening = from.seek(SeekFrom::Start(MAGIC.len() as u64))?;
    while from.fill_buf()?.first() == Some(&0) {
        from.consume(1);
        n_opening += 1;
    }
    let n_footer = u64::try_from(i32::from_le_bytes(length)).ok().filter(|_| magic == MAGIC);
    Ok(n_footer.and_then(|n_footer| (n_bytes - n_end).checked_sub(n_footer)?.checked_sub(n_opening)))
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
    BadInput::new(InputRule::Corrupt, format!("the {what} data is damaged or cut off"))
        .hint("copy or write the file again")
}

/// Tells something once.
fn note(notes: &mut Vec<String>, text: String) {
    if !notes.contains(&text) {
        notes.push(text);
    }
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
            return Err(BadInput::new(InputRule::Unsupported, "the column's type is not supported in a flat table")
                .in_column(field.name())
                .hint("remove the column, or flatten it into numbers, text, dates or booleans")
                .into());
        }
    }
    Ok(())
}

fn names_of(schema: &SchemaRef) -> Result<(Vec<String>, Vec<Option<String>>)> {
    let own: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    for (i, name) in own.iter().enumerate() {
        if let Some(other) = own[..i].iter().position(|n| n.trim() == name.trim() && !name.trim().is_empty()) {
            let problem = format!("columns {} and {} have the same name", other + 1, i + 1);
            return Err(BadInput::new(InputRule::DuplicateColumn, problem).hint("rename one of them").into());
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

/// A column of one batch in a storage's type. `n_before` rows of the file are before the batch.
fn to_storage(name: &str, column: &ArrayRef, n_before: usize, notes: &mut Vec<String>) -> Result<ArrayRef> {
    use DataType as T;
    let own_type = column.data_type().clone();
    let values = value_type(&own_type);
    let lossy = || Error::from(corrupt("column").in_column(name));
    let text_like = matches!(values, T::Utf8 | T::LargeUtf8 | T::Utf8View);
    let column =
        if *values == own_type || text_like { Arc::clone(column) } else { cast(column, values).ok_or_else(lossy)? };
    let to = |target: &DataType| cast(&column, target).ok_or_else(lossy);
    Ok(match values {
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
            finite(name, &widened, n_before, notes)?
        }
        t if t.is_integer() => to(&T::Int64)?,
        t if t.is_floating() || t.is_decimal() => {
            finite(name, to(&T::Float64)?.as_primitive::<Float64Type>(), n_before, notes)?
        }
        T::Boolean => Arc::clone(&column),
        T::Null => Arc::new(StringArray::new_null(column.len())),
        T::Timestamp(unit, _) => {
            if *unit == TimeUnit::Nanosecond
                && column.as_primitive::<TimestampNanosecondType>().iter().flatten().any(|ns| ns % 1000 != 0)
            {
                note(notes, format!("column `{name}`: fractions below a microsecond are dropped"));
            }
            // The zone is taken off, not converted: what counts is that it can be put back.
            cast(&zoned(&column, None), &Storage::Timestamp.arrow_type()).ok_or_else(lossy)?
        }
        T::Date32 | T::Date64 => to(&Storage::Timestamp.arrow_type())?,
        _ => to(&T::Utf8)?,
    })
}

/// NaN is how some writers spell a missing number; infinity is no number that could be learnt.
fn finite(name: &str, values: &Float64Array, n_before: usize, notes: &mut Vec<String>) -> Result<ArrayRef> {
    if let Some(row) = values.iter().position(|x| x.is_some_and(f64::is_infinite)) {
        return Err(BadInput::new(InputRule::NotANumber, format!("row {} is infinite", n_before + row + 1))
            .in_column(name)
            .into());
    }
    if values.iter().flatten().any(f64::is_nan) {
        note(notes, format!("column `{name}`: NaN is read as missing"));
    }
    Ok(Arc::new(values.iter().map(|x| x.filter(|x| !x.is_nan())).collect::<Float64Array>()))
}
