//! The first sheet of a spreadsheet's workbook, as a table of text.
//!
//! Its cells are spelled as a text file would have them (whole numbers without a point, dates in ISO form) and then read as
//! one, header and all: what is written again is CSV. Formulas count by their last value; a cell that holds an error is
//! missing.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Rows, Xlsx};

use super::compression::check_unpacked;
use super::dataset::Key;
use super::gathered::Gathered;
use super::input::Input;
use super::limits::{too_many_columns, too_many_rows};
use super::options::ReadOptions;
use crate::error::{BadInput, InputRule, Result};
use crate::schema::Dialect;

/// Adds the first sheet that has cells. Without a workbook in the archive it is refused as one.
pub(super) fn add(gathered: &mut Gathered, input: &Input, keys: &[Key], options: &ReadOptions) -> Result<()> {
    let bytes = input.whole()?;
    check_unpacked(unpacked_bytes(&bytes)?, bytes.len() as u64, &options.limits)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| no_workbook())?;
    let n_sheets = book.sheet_names().len();
    let mut sheets = (0..n_sheets).filter_map(|i| book.worksheet_range_at(i));
    let sheet = sheets.find(|sheet| sheet.as_ref().map_or(true, |sheet| !sheet.is_empty()));
    let Some(sheet) = sheet else {
        return Err(BadInput::new(InputRule::EmptyFile, "no sheet has a cell").hint("give a table with rows").into());
    };
    let sheet =
        sheet.map_err(|_| BadInput::new(InputRule::Corrupt, "a sheet is damaged").hint("write the file again"))?;
    let (n_rows, n_columns) = sheet.get_size();
    if n_columns > options.limits.columns {
        return Err(too_many_columns(n_columns, options.limits.columns).into());
    }
    if n_rows > options.limits.rows {
        return Err(too_many_rows(options.limits.rows).into());
    }
    let mut spelled = Spelled { rows: sheet.rows(), line: Vec::new(), at: 0, n_errors: 0 };
    gathered.add_csv(&mut spelled, Dialect::default(), input.name.as_deref(), keys, options)?;
    if n_sheets > 1 {
        gathered.note(format!("the workbook has {n_sheets} sheets: only the first non-empty one was read"));
    }
    if spelled.n_errors > 0 {
        gathered.note(format!("{} cells of the sheet contain an error: read as missing", spelled.n_errors));
    }
    Ok(())
}

/// What the archive's directory says that its files have together, unpacked.
fn unpacked_bytes(bytes: &[u8]) -> Result<u128> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| no_workbook())?;
    let sizes = (0..archive.len()).map(|i| archive.by_index_raw(i).map(|file| u128::from(file.size())));
    Ok(sizes.sum::<std::result::Result<u128, _>>().map_err(|_| no_workbook())?)
}

fn no_workbook() -> BadInput {
    BadInput::new(InputRule::Unsupported, "the file is a zip archive, not a readable workbook")
        .hint("save the table as CSV, Parquet or Arrow IPC")
}

/// The cells as CSV, a row at a time.
struct Spelled<'a> {
    rows: Rows<'a, Data>,
    line: Vec<u8>,
    at: usize,
    n_errors: usize,
}

impl Read for Spelled<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.line.len() {
            self.line.clear();
            self.at = 0;
            if let Some(row) = self.rows.next() {
                self.n_errors += row.iter().filter(|cell| matches!(cell, Data::Error(_))).count();
                let mut line = csv::Writer::from_writer(&mut self.line);
                line.write_record(row.iter().map(spelling))?;
                line.flush()?;
            }
        }
        (&self.line[self.at..]).read(out).inspect(|n| self.at += n)
    }
}

fn spelling(cell: &Data) -> String {
    match cell {
        Data::Int(x) => x.to_string(),
        Data::Float(x) => x.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(x) => x.to_string(),
        Data::DateTime(x) => match x.as_datetime().filter(|_| x.is_datetime()) {
            Some(time) if time.time() == chrono::NaiveTime::MIN => time.format("%Y-%m-%d").to_string(),
            Some(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
            // A length of time, in days.
            None => x.as_f64().to_string(),
        },
        Data::Error(_) | Data::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

    use crate::io::{Limits, ReadOptions, read_bytes};
    use crate::schema::{Format as Form, Kind};

    fn workbook(n_rows: u32, second: bool) -> Vec<u8> {
        let mut book = Workbook::new();
        let date = Format::new().set_num_format("yyyy-mm-dd");
        let sheet = book.add_worksheet();
        for (column, name) in ["age", "sex", "weight", "visit", "note, with comma"].into_iter().enumerate() {
            sheet.write(0, column as u16, name).unwrap();
        }
        for row in 0..n_rows {
            sheet.write(row + 1, 0, 40 + row % 30).unwrap();
            sheet.write(row + 1, 1, ["f", "m"][row as usize % 2]).unwrap();
            if row % 5 > 0 {
                sheet.write(row + 1, 2, 60.5 + f64::from(row % 17)).unwrap();
            }
            let day = ExcelDateTime::from_ymd(2021, 3, 1 + (row % 28) as u8).unwrap();
            sheet.write_with_format(row + 1, 3, &day, &date).unwrap();
            sheet.write(row + 1, 4, ["a,b", "c"][row as usize % 2]).unwrap();
        }
        if second {
            book.add_worksheet().write_formula(0, 0, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
        }
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn a_sheet_is_a_table_like_any_other() {
        let reading = read_bytes(workbook(60, true), &ReadOptions::default()).unwrap();
        let table = reading.table;
        assert_eq!((table.n_rows(), table.n_columns()), (60, 5));
        let kinds: Vec<Kind> = table.schema().fields.iter().map(|field| field.kind).collect();
        assert_eq!(kinds[..2], [Kind::Integer, Kind::Categorical]);
        assert_eq!((kinds[2], kinds[3]), (Kind::Continuous, Kind::Datetime));
        assert_eq!(table.numbers(0)[..3], [40.0, 41.0, 42.0]);
        assert!(table.missing(2)[0] && !table.missing(2)[1]);
        assert_eq!(table.labels(4)[0].as_deref(), Some("a,b"));
        assert_eq!(table.schema().source.format, Form::Csv);
        assert!(reading.notes.iter().any(|note| note.contains("2 sheets")), "{:?}", reading.notes);
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        let mut bytes = workbook(20, false);
        bytes.truncate(bytes.len() / 2);
        let error = read_bytes(bytes, &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("not a readable workbook"), "{error}");
        let limits = Limits { bytes: 20_000, ..Limits::default() };
        let error = read_bytes(workbook(900, false), &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
        assert!(error.to_string().contains("too-large"), "{error}");
        let error = read_bytes(workbook(0, false)[..4].to_vec(), &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("unsupported"), "{error}");
    }
}
