//! Tables from several files, patterns and folders.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use synth_core::io::{Limits, ReadOptions, Reading, read_bytes, read_path, read_paths};
use synth_core::schema::{Compression, Format, Storage};
use synth_core::{BadInput, Error, InputRule, Kind, Result};

/// Stands for a cell that no message may show.
const CANARY: &str = "CANARY7391";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, names: &[&str]) -> Result<Reading> {
        let paths: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        read_paths(&paths, &ReadOptions::default())
    }

    fn bad(&self, names: &[&str]) -> BadInput {
        let error = self.read(names).map(|reading| reading.table.n_rows()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(CANARY), "a cell is shown: {shown}");
        let Error::BadInput(bad) = error else { panic!("{shown}") };
        *bad
    }
}

fn names(reading: &Reading) -> Vec<&str> {
    reading.table.schema().fields.iter().map(|field| field.name.as_str()).collect()
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn arrow(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(&batch.slice(0, 1)).unwrap();
    writer.write(&batch.slice(1, batch.num_rows() - 1)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn whole(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

#[test]
fn several_files_are_one_table() {
    let folder = Folder::new();
    folder.write("a.csv", "age,sex,weight\n63,m,1.5\n41,f,2.5\n");
    // Other order, delimiter, decimal mark, line ends and compression.
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"weight;age;sex\r\n3,25;77;f\r\n4,75;78;m\r\n").unwrap();
    folder.write("b.csv.gz", gz.finish().unwrap());
    folder.write("c.csv", "\u{feff}sex\tage\tweight\nm\t20\t0.5\n");
    let reading = folder.read(&["a.csv", "b.csv.gz", "c.csv"]).unwrap();
    assert_eq!(names(&reading), ["age", "sex", "weight"]);
    assert_eq!(reading.table.numbers(0), [63.0, 41.0, 77.0, 78.0, 20.0]);
    assert_eq!(reading.table.numbers(2), [1.5, 2.5, 3.25, 4.75, 0.5]);
    let source = &reading.table.schema().source;
    assert_eq!((source.compression, source.dialect.delimiter), (Compression::None, ','));
    // The rows are those of the files in the order given.
    assert_eq!(folder.read(&["c.csv", "a.csv"]).unwrap().table.numbers(1), [20.0, 63.0, 41.0]);
}

#[test]
fn kinds_are_judged_of_all_files_together() {
    let folder = Folder::new();
    folder.write("a.csv", "code,n\n1,1\n2,2\n");
    folder.write("b.csv", "code,n\n003,2\nx,1.5\n");
    let reading = folder.read(&["a.csv", "b.csv"]).unwrap();
    let fields = &reading.table.schema().fields;
    assert_eq!((fields[0].storage, fields[1].storage), (Storage::Text, Storage::Float));
    assert_eq!(reading.table.labels(0)[2].as_deref(), Some("003"));
    // As the same rows in one file.
    let one = read_bytes("code,n\n1,1\n2,2\n003,2\nx,1.5\n".into(), &ReadOptions::default()).unwrap();
    assert_eq!(reading.table.batch(), one.table.batch());
    assert_eq!(reading.table.schema(), one.table.schema());
}

#[test]
fn headers_may_stand_in_the_first_file_alone() {
    let folder = Folder::new();
    folder.write("a.csv", "age,sex\n63,m\n41,f\n");
    folder.write("b.csv", "77,m\n78,f\n");
    let reading = folder.read(&["a.csv", "b.csv"]).unwrap();
    assert_eq!(reading.table.numbers(0), [63.0, 41.0, 77.0, 78.0]);
    let note = format!("{}: no header found: columns were matched by position", folder.path("b.csv").display());
    assert_eq!(reading.notes, [note]);
    folder.write("c.csv", "77,m,1\n78,f,2\n");
    let bad = folder.bad(&["a.csv", "c.csv"]);
    assert_eq!(bad.problem, "the file has 3 columns and no header, the first file 2");
    folder.write("d.csv", "77,m\n78,f\n");
    assert_eq!(names(&folder.read(&["b.csv", "d.csv"]).unwrap()), ["c1", "c2"]);
    // A header alone is a file without rows.
    folder.write("e.csv", "age,sex\n");
    assert_eq!(folder.read(&["a.csv", "e.csv", "b.csv"]).unwrap().table.n_rows(), 4);
}

#[test]
fn messages_name_the_right_file_line_and_column() {
    let folder = Folder::new();
    folder.write("a.csv", "age,sex\n63,m\n41,f\n");
    let check = |text: &str, rule, line, column: Option<&str>| {
        folder.write("b.csv", text.replace('@', CANARY));
        let bad = folder.bad(&["a.csv", "b.csv"]);
        let input = folder.path("b.csv").display().to_string();
        assert_eq!((bad.rule, bad.line, bad.column.as_deref()), (rule, line, column), "{bad}");
        assert_eq!(bad.input, Some(input));
        bad.problem
    };
    check("age,sex\n1,m\n2,@,3\n", InputRule::RaggedRow, Some(3), None);
    check("sex,age\n\"@,1\n2,3\n", InputRule::OpenQuote, Some(2), None);
    check("age,@\n1,m\n2,f\n", InputRule::UnknownColumn, None, Some("sex"));
    assert!(check("age,sex,@\n1,m,2\n", InputRule::UnknownColumn, None, None).contains("column 3"));
    check("", InputRule::EmptyFile, None, None);
    check("age,sex\n1,\0\n", InputRule::Encoding, Some(2), None);

    // A cell that does not fit a schema, and one that a note points at.
    let schema = folder.read(&["a.csv"]).unwrap().table.schema().as_ref().clone();
    folder.write("b.csv", format!("sex,age\nm,1\n\nf,{CANARY}\n"));
    let paths = [folder.path("a.csv"), folder.path("b.csv")];
    let error = read_paths(&paths, &ReadOptions { schema: Some(schema), ..ReadOptions::default() }).unwrap_err();
    let Error::BadInput(bad) = error else { panic!("{error}") };
    assert_eq!((bad.rule, bad.line, bad.column.as_deref()), (InputRule::NotANumber, Some(4), Some("age")));
    assert_eq!(bad.input, Some(folder.path("b.csv").display().to_string()));
    let mut text = String::from("age,sex\n");
    (0..30).for_each(|i| text.push_str(&format!("{i},m\n")));
    folder.write("a.csv", text);
    let notes = folder.read(&["a.csv", "b.csv"]).unwrap().notes;
    let place = format!("({} line 4)", folder.path("b.csv").display());
    assert!(notes.iter().any(|note| note.contains(&place)), "{notes:?}");
    assert!(notes.iter().any(|note| note.ends_with("b.csv: skipped an empty line")), "{notes:?}");

    let none = folder.read(&["a.csv", "none.csv"]).unwrap_err();
    assert!(matches!(&none, Error::Io { name, .. } if name.ends_with("none.csv")), "{none}");
    assert_eq!(folder.bad(&["a.csv", "a.csv"]).rule, InputRule::SameRows);
    assert_eq!(folder.bad(&["*.tsv"]).rule, InputRule::Pattern);
}

#[test]
fn limits_count_over_all_files() {
    let folder = Folder::new();
    let paths = [folder.write("a.csv", "a,b\n1,2\n3,4\n"), folder.write("b.csv", "a,b\n5,6\n7,8\n")];
    let check = |limits, name: &str| {
        let options = ReadOptions { limits, ..ReadOptions::default() };
        assert!(read_path(&paths[0], &options).is_ok());
        let error = read_paths(&paths, &options).unwrap_err();
        let Error::BadInput(bad) = error else { panic!("{error}") };
        assert_eq!((bad.rule, bad.input), (InputRule::TooLarge, Some(folder.path(name).display().to_string())));
    };
    check(Limits { bytes: 20, ..Limits::default() }, "b.csv");
    check(Limits { rows: 3, ..Limits::default() }, "b.csv");
}

#[test]
fn typed_files_are_one_table() {
    let folder = Folder::new();
    let word: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    folder.write("a.parquet", parquet(vec![("n", whole(&[1, 2])), ("word", word.clone())]));
    folder.write("b.arrow", arrow(vec![("word", word.clone()), ("n", whole(&[3, 4]))]));
    let reading = folder.read(&["a.parquet", "b.arrow"]).unwrap();
    assert_eq!(names(&reading), ["n", "word"]);
    assert_eq!(reading.table.numbers(0), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(reading.table.schema().source.format, Format::Parquet);

    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![3, 4]));
    folder.write("c.parquet", parquet(vec![("n", narrow), ("word", word.clone())]));
    let bad = folder.bad(&["a.parquet", "c.parquet"]);
    assert_eq!((bad.rule, bad.column.as_deref()), (InputRule::Unsupported, Some("n")));
    assert!(bad.input.unwrap().ends_with("c.parquet"));
    folder.write("d.csv", "n,word\n1,x\n");
    assert_eq!(folder.bad(&["a.parquet", "d.csv"]).rule, InputRule::Unsupported);
    assert_eq!(folder.bad(&["d.csv", "a.parquet"]).rule, InputRule::Unsupported);
    let infinite: ArrayRef = Arc::new(Float64Array::from(vec![0.5, f64::INFINITY]));
    folder.write("e.parquet", parquet(vec![("n", infinite)]));
    assert_eq!(folder.bad(&["e.parquet"]).problem, "row 2 is infinite");
}

#[test]
fn unsigned_numbers_stay_numbers_until_one_is_too_large() {
    let folder = Folder::new();
    let unsigned = |values: Vec<u64>| -> ArrayRef { Arc::new(UInt64Array::from(values)) };
    folder.write("a.parquet", parquet(vec![("n", unsigned(vec![1, 2]))]));
    folder.write("b.parquet", parquet(vec![("n", unsigned(vec![u64::MAX, 3]))]));
    assert_eq!(folder.read(&["a.parquet"]).unwrap().table.schema().fields[0].storage, Storage::Integer);
    for order in [["a.parquet", "b.parquet"], ["b.parquet", "a.parquet"]] {
        let table = folder.read(&order).unwrap().table;
        assert_eq!(table.schema().fields[0].storage, Storage::Text);
        let mut labels: Vec<String> = table.labels(0).into_iter().flatten().collect();
        labels.sort();
        assert_eq!(labels, ["1", "18446744073709551615", "2", "3"]);
    }
}

#[test]
fn a_folder_is_a_data_set() {
    let folder = Folder::new();
    let part = |n: i64| parquet(vec![("n", whole(&[n, n + 1]))]);
    folder.write("data/year=2021/site=%C3%A9/part-0.parquet", part(30));
    folder.write("data/year=2020/site=__HIVE_DEFAULT_PARTITION__/part-1.pq", part(20));
    folder.write("data/year=2020/site=__HIVE_DEFAULT_PARTITION__/part-0.parquet", part(10));
    folder.write("data/_SUCCESS", "");
    folder.write("data/_metadata", "PAR1");
    folder.write("data/.hidden/part-0.parquet", "no table");
    let reading = folder.read(&["data"]).unwrap();
    assert_eq!(names(&reading), ["n", "year", "site"]);
    let table = reading.table;
    assert_eq!(table.numbers(0), [10.0, 11.0, 20.0, 21.0, 30.0, 31.0]);
    assert_eq!(table.numbers(1), [2020.0, 2020.0, 2020.0, 2020.0, 2021.0, 2021.0]);
    assert_eq!(table.schema().fields[1].kind, Kind::Boolean, "two whole numbers, as in text");
    assert_eq!(table.missing(2), [true, true, true, true, false, false]);
    assert_eq!(table.labels(2)[5].as_deref(), Some("é"));

    // Text too, and under a schema.
    folder.write("text/arm=a/x.csv", "n\n1\n2\n");
    folder.write("text/arm=b/x.csv.zst", zstd::encode_all(&b"n\n3\n4\n"[..], 1).unwrap());
    let table = folder.read(&["text"]).unwrap().table;
    assert_eq!(table.labels(1), ["a", "a", "b", "b"].map(|label| Some(label.to_owned())));
    let options = ReadOptions { schema: Some(table.schema().as_ref().clone()), ..ReadOptions::default() };
    assert_eq!(read_path(&folder.path("text"), &options).unwrap().table.batch(), table.batch());
}

#[test]
fn folders_show_no_value() {
    let folder = Folder::new();
    folder.write(&format!("data/name={CANARY}/x.csv"), "n,m\n1,2\n3\n");
    let bad = folder.bad(&["data"]);
    assert!(bad.input.unwrap().ends_with("name=…/x.csv"));
    folder.write(&format!("data/name={CANARY}/x.csv"), "n,m\n1,2\n\n");
    let notes = folder.read(&["data"]).unwrap().notes;
    assert!(!notes.iter().any(|note| note.contains(CANARY)), "{notes:?}");
    folder.write("data/x.csv", "n,m\n1,2\n");
    assert_eq!(folder.bad(&["data"]).column.as_deref(), Some("name"));
    folder.write("twice/n=1/x.csv", "n,m\n1,2\n");
    assert_eq!(folder.bad(&["twice"]).rule, InputRule::DuplicateColumn);
    folder.write("mixed/x.csv", "n\n1\n");
    folder.write("mixed/y.parquet", "");
    assert_eq!(folder.bad(&["mixed"]).rule, InputRule::Unsupported);
    std::fs::create_dir(folder.path("empty")).unwrap();
    assert_eq!(folder.bad(&["empty"]).rule, InputRule::EmptyFile);
}

#[test]
fn a_large_file_is_what_its_rows_are() {
    // More than any buffer holds, with quotes, line ends in cells and letters beyond ASCII all over.
    let folder = Folder::new();
    let mut text = String::from("id,word,x\n");
    for i in 0..120_000 {
        text.push_str(&format!("{i},\"é{}\n\"\"{}\",{}.5\n", i % 7, i % 11, i % 1000));
    }
    let path = folder.write("plain.csv", &text);
    let plain = read_path(&path, &ReadOptions::default()).unwrap();
    assert_eq!(plain.table.n_rows(), 120_000);
    assert_eq!(plain.table.labels(1)[119_999].as_deref(), Some("é5\n\"0"));
    assert_eq!(plain.table.numbers(2)[119_999], 999.5);
    let check = |name: &str, bytes: Vec<u8>| {
        let path = folder.write(name, bytes);
        assert_eq!(read_path(&path, &ReadOptions::default()).unwrap().table.batch(), plain.table.batch(), "{name}");
    };
    check("zst", zstd::encode_all(text.as_bytes(), 1).unwrap());
    check("utf-16", [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect());
    check("latin", text.chars().map(|c| u8::try_from(c).unwrap()).collect());
    check("crlf", text.replace(".5\n", ".5\r\n").into_bytes());
    let bytes = read_bytes(text.clone().into_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(bytes.table.batch(), plain.table.batch());

    // The last line is told after all the others.
    let ragged = folder.write("ragged.csv", format!("{text}1,2\n"));
    let Err(Error::BadInput(bad)) = read_path(&ragged, &ReadOptions::default()) else { panic!("it is ragged") };
    assert_eq!((bad.rule, bad.line), (InputRule::RaggedRow, Some(240_002)));
    let open = folder.write("open.csv", format!("{text}1,\"2,3\n{text}"));
    assert!(matches!(read_path(&open, &ReadOptions::default()), Err(Error::BadInput(_))));
    let path: &Path = &folder.write("open.csv", format!("a,b\n1,\"2\n{}", "3,4\n".repeat(400_000)));
    let Err(Error::BadInput(bad)) = read_path(path, &ReadOptions::default()) else { panic!("it is open") };
    assert_eq!((bad.rule, bad.line), (InputRule::OpenQuote, Some(2)));
}
