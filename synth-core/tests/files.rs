//! Files in and out, seen from outside: what is read is written again, and what is bad is named and not shown.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array,
    Int32Array, LargeStringArray, ListArray, RecordBatch, TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Int8Type, Int32Type, TimeUnit};
use proptest::prelude::*;
use synth_core::io::{Header, Limits, ReadOptions, Reading, read_bytes, read_path, write};
use synth_core::schema::{Compression, Format, Quoting, Source, Storage};
use synth_core::{Error, ErrorKind, InputRule, Kind, Schema, Table};

/// Stands for a cell that no message may show.
const CANARY: &str = "CANARY7391";

fn read(text: &str) -> Reading {
    read_bytes(text.into(), &ReadOptions::default()).unwrap_or_else(|e| panic!("{e}: {text:?}"))
}

fn written(table: &Table, source: &Source) -> Vec<u8> {
    let mut out = Vec::new();
    write(table, source, &mut out).unwrap();
    out
}

fn written_again(bytes: &[u8]) -> (Vec<u8>, Reading) {
    let reading = read_bytes(bytes.to_vec(), &ReadOptions::default()).unwrap();
    let source = reading.table.schema().source.clone();
    (written(&reading.table, &source), reading)
}

#[test]
fn ordinary_files_are_written_as_they_were_read() {
    // Found by the property test below: 18 decimals were rounded to 17.
    let tiny = "x\n-0.008078955842860109\n0.5\n";
    let check = |text: &str| {
        let (again, _) = written_again(text.as_bytes());
        assert_eq!(String::from_utf8(again).unwrap(), text);
    };
    check("age,sex\n63,m\n41,f\n");
    check("63.0,1.0,?,2.3\n41.0,0.0,1.0,1.4\n41.0,1.0,0.0,3.5\n");
    check("age,creatinine\n60.667,1.9\n75,2\n");
    check("age,fare\n22.0,7.25\n38.5,71.2833\n");
    check("smoker,alive,coded\nyes,TRUE,0\nno,FALSE,1\nyes,TRUE,1\n");
    check("seen,left\n2020-01-31,2020-02-01 08:30:00\n2020-02-29,\n");
    check("when;value\n31/12/2004;2,6\n01/01/2005;11,9\n");
    check("a;b;c\n1,5;x;NA\n-2,25;y;3\n");
    check("name,n\n\"Braund, Mr. Owen\",1\n\"a \"\"quoted\"\" word\",2\nplain,3\n");
    check("\"name\";\"n\"\n\"x\";1\n\"y\";2\n\"z\";NA\n");
    check("\"name\",\"n\"\n\"x\",\"1\"\n\"y\",\"2\"\n");
    check("39, State-gov, Male\n50, Private, Male\n38, Private, Female\n");
    check("a,b\r\n1,x\r\n2,y\r\n");
    check("a\tb\n1\tx\n2\ty\n");
    check("a|b\n1|x\n2|y\n");
    check("\u{feff}a,b\n1,x\n2,y\n");
    check(" Total ,,b\n1,,x\n2,,y\n");
    check("code\n00123\n00007\n");
    check("big,small\n12345678901234567890,0.000001\n1,0.5\n");
    check("x\n1\n\"\"\n3\n");
    check(tiny);
    check("text\n\"two\nlines\"\none\n");
}

#[test]
fn encodings_and_compressions_come_back() {
    let text = "name,ville\nJos\u{e9},Orl\u{e9}ans\nAndr\u{e9},Besan\u{e7}on\n";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let (again, reading) = written_again(&latin);
    assert_eq!(again, latin);
    assert!(reading.notes.iter().any(|n| n.contains("windows-1252")), "{:?}", reading.notes);

    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(written_again(&utf16).0, utf16);

    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    let (again, reading) = written_again(&gz.finish().unwrap());
    assert_eq!(reading.table.schema().source.compression, Compression::Gzip);
    let plain = Source { compression: Compression::None, ..reading.table.schema().source.clone() };
    assert_eq!(written(&reading.table, &plain), text.as_bytes());
    assert_eq!(written_again(&again).1.table.batch(), reading.table.batch());

    let zst = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let (again, reading) = written_again(&zst);
    assert_eq!(reading.table.schema().source.compression, Compression::Zstd);
    assert_eq!(zstd::decode_all(again.as_slice()).unwrap(), text.as_bytes());
}

#[test]
fn the_dialect_is_remembered() {
    let dialect = |text: &str| read(text).table.schema().source.dialect.clone();
    assert_eq!(dialect("\"a\";\"b\"\n\"x\";1\n\"y\";2\n").quoting, Quoting::Text);
    assert_eq!(dialect("\"a\",\"b\"\n\"x\",\"1\"\n\"y\",\"2\"\n").quoting, Quoting::Always);
    assert_eq!(dialect("a;b\n1,5;2\n2,5;3\n").decimal, ',');
    assert!(dialect("a,b\r\n1,2\r\n").crlf);
    assert!(dialect("39, a\n40, b\n41, b\n").space_after_delimiter);
    assert_eq!(dialect("a,b\n'x,y',1\n'z,w',2\n'q,r',2\n").quote, '\'');
}

#[test]
fn a_first_row_of_data_is_never_names() {
    let reading = read("63.0,1.0,145.0\n67.0,1.0,160.0\n37.0,1.0,130.0\n");
    assert_eq!(reading.table.n_rows(), 3);
    assert_eq!(reading.table.schema().fields[2].name, "c3");
    assert_eq!(reading.notes, ["no header found: columns are named c1 to c3"]);

    let yes = ReadOptions { header: Header::Yes, ..ReadOptions::default() };
    assert_eq!(read_bytes("1,2\n3,4\n".into(), &yes).unwrap().table.schema().fields[0].name, "1");
    let no = ReadOptions { header: Header::No, ..ReadOptions::default() };
    assert_eq!(read_bytes("a,b\n3,4\n".into(), &no).unwrap().table.n_rows(), 2);
}

#[test]
fn empty_lines_rows_and_names_are_told() {
    let reading = read("a;b;\n1;x;\n2;y;\n;;\n;;\n");
    assert_eq!(reading.table.n_rows(), 2);
    assert_eq!(reading.table.schema().fields[2].kind, Kind::Empty);
    assert!(reading.notes.iter().any(|n| n == "skipped 2 rows without any value"), "{:?}", reading.notes);
    assert!(reading.notes.iter().any(|n| n == "columns without a name are called c3"), "{:?}", reading.notes);
    let reading = read("a,b\n1,x\n\n2,y\n\n");
    assert!(reading.notes.iter().any(|n| n == "skipped 2 empty lines"), "{:?}", reading.notes);
    assert_eq!(read("a,b\r1,x\r2,y\r").table.n_rows(), 2);
}

#[test]
fn notes_name_lines_and_show_no_cell() {
    let mut text = String::from("id,dose\n");
    for i in 0..60 {
        let dose = if i % 25 == 7 { CANARY } else { "1.5" };
        text.push_str(&format!("{i},{dose}\n"));
    }
    let notes = read(&text).notes;
    assert_eq!(notes, ["column `dose`: all cells but 3 are numbers: read as text (lines 9, 34, 59)"]);
}

fn check_with(bytes: &[u8], options: &ReadOptions, rule: InputRule, line: Option<u64>) {
    let options = ReadOptions { name: Some("in.csv".to_owned()), ..options.clone() };
    let error = match read_bytes(bytes.to_vec(), &options) {
        Ok(_) => panic!("{rule:?} was not found"),
        Err(error) => error,
    };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(CANARY), "a cell is shown: {shown}");
    let Error::BadInput(bad) = error else { panic!("{shown}") };
    assert_eq!((bad.rule, bad.line), (rule, line), "{shown}");
    assert_eq!(bad.input.as_deref(), Some("in.csv"));
}

#[test]
fn bad_input_is_named() {
    let check = |text: &str, rule, line| {
        check_with(text.replace('@', CANARY).as_bytes(), &ReadOptions::default(), rule, line);
    };
    check("", InputRule::EmptyFile, None);
    check("\n\n\n", InputRule::EmptyFile, None);
    check(",,\n,,\n", InputRule::EmptyFile, None);
    check("a,b\n", InputRule::TooFewRows, None);
    check("a,b,@\n", InputRule::TooFewRows, None);
    check("a,b\n1,@\n2,@,3\n", InputRule::RaggedRow, Some(3));
    check("a,b\n1,@\n2\n", InputRule::RaggedRow, Some(3));
    check("a,b\r\n1,@\r\n\r\n2\r\n", InputRule::RaggedRow, Some(4));
    check("a,b\n\"x\n@\",1\n2\n", InputRule::RaggedRow, Some(4));
    check("# @\na,b\n1,2\n3,4\n5,6\n", InputRule::RaggedRow, Some(1));
    check("a,b\nr1,1,@\nr2,2,3\nr3,4,5\n", InputRule::RaggedRow, Some(1));
    check("a,b\n1,\"@\n2,3\n4,5\n", InputRule::OpenQuote, Some(2));
    check("a,b\n1,2\n\"@,3\n4,5\n", InputRule::OpenQuote, Some(3));
    check("a,b,a\n1,2,3\n", InputRule::DuplicateColumn, Some(1));
    check("@,b, @ \n1,2,3\n", InputRule::DuplicateColumn, Some(1));
    check("a,b\n1,@\n2,\0\n", InputRule::Encoding, Some(3));
    check("PK\u{3}\u{4}@", InputRule::Unsupported, None);
    check("PAR1@", InputRule::Corrupt, None);
    check("ARROW1@", InputRule::Corrupt, None);
    check_with(
        "ville\nGenève\nZürich\n".bytes().chain([0xff, 0xfe]).collect::<Vec<u8>>().as_slice(),
        &ReadOptions::default(),
        InputRule::Encoding,
        Some(4),
    );
    check_with(&[0x1f, 0x8b, 8, 0, 0], &ReadOptions::default(), InputRule::Corrupt, None);
    check_with(&[0x28, 0xb5, 0x2f, 0xfd, 1], &ReadOptions::default(), InputRule::Corrupt, None);
    check_with(&[0xff; 64], &ReadOptions::default(), InputRule::Corrupt, None);

    let giant = format!("a,b\n1,2\n3,{}\n", CANARY.repeat(200_000));
    check_with(giant.as_bytes(), &ReadOptions::default(), InputRule::TooLarge, Some(3));
    let limited = |limits| ReadOptions { limits, ..ReadOptions::default() };
    let rows = limited(Limits { rows: 2, ..Limits::default() });
    check_with(b"a,b\n1,2\n3,4\n5,6\n", &rows, InputRule::TooLarge, None);
    let columns = limited(Limits { columns: 2, ..Limits::default() });
    check_with(b"a,b,c\n1,2,3\n", &columns, InputRule::TooLarge, None);
    let bytes = limited(Limits { bytes: 8, ..Limits::default() });
    check_with(b"a,b\n1,2\n3,4\n", &bytes, InputRule::TooLarge, None);
    let bomb = zstd::encode_all(vec![b'a'; 64 << 20].as_slice(), 1).unwrap();
    check_with(&bomb, &ReadOptions::default(), InputRule::TooLarge, None);
}

#[test]
fn a_file_that_is_not_there_is_an_io_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_path(&folder.path().join("none.csv"), &ReadOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Read);
    let path = folder.path().join("table.parquet");
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    let reading = read_path(&path, &ReadOptions::default()).unwrap();
    assert_eq!(reading.table.schema().source.format, Format::Csv, "told by content, not by name");
}

#[test]
fn a_schema_is_obeyed() {
    let schema = read("age,sex,seen\n63,m,2020-01-01\n41,f,NA\n").table.schema().as_ref().clone();
    let options = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
    let table = read_bytes("sex,seen,age\nx,2021-05-05,7\n,,\ny,NA,8\n".into(), &options).unwrap().table;
    assert_eq!(table.schema().as_ref(), &schema);
    assert_eq!(table.numbers(0).len(), 3);
    assert_eq!(table.numbers(0)[2], 8.0);
    assert_eq!(table.missing(2), [false, true, true]);

    let check = |text: &str, rule, line| {
        check_with(text.replace('@', CANARY).as_bytes(), &options, rule, line);
    };
    check("age,sex,seen\n63,m,2020-01-01\n@,f,NA\n", InputRule::NotANumber, Some(3));
    check("age,sex,seen\n63.5,m,2020-01-01\n", InputRule::NotANumber, Some(2));
    check("age,sex,seen\n63,m,@\n", InputRule::NotADate, Some(2));
    check("age,sex\n63,m\n", InputRule::UnknownColumn, None);
    check("age,sex,seen,@\n63,m,2020-01-01,1\n", InputRule::UnknownColumn, None);
    // Without a header the columns are matched by position, and none of the first row is shown.
    check("63,@\n41,@\n", InputRule::UnknownColumn, None);
    let headerless = read_bytes("63,m,2020-01-01\n41,m,2020-01-02\n".into(), &options).unwrap();
    assert_eq!(headerless.table.n_rows(), 2);
}

#[test]
fn an_inferred_schema_survives_toml() {
    let reading = read(" a ;b;c;;e\n1,5;x;2020-01-01;;I\n2,25;y;NA;;II\n3,0;?;NA;;III\n");
    let schema = reading.table.schema();
    assert_eq!(&Schema::from_toml(&schema.to_toml()).unwrap(), schema.as_ref());
}

fn batch() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i8", Arc::new(Int8Array::from(vec![Some(1), None, Some(-3)]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(3)]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.1), None, Some(2.5)]))),
        ("f64", Arc::new(Float64Array::from(vec![0.25, 1e300, -7.0]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some("x"), None, Some("NA")]))),
        ("dictionary", Arc::new(["a", "b", "a"].into_iter().collect::<DictionaryArray<Int8Type>>())),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(20_000), None]))),
        ("at", Arc::new(TimestampMillisecondArray::from(vec![1, 2, 3]).with_timezone("Europe/Zurich"))),
        ("money", Arc::new(Decimal128Array::from(vec![12_345, 100, -5]).with_precision_and_scale(10, 2).unwrap())),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn parquet_and_arrow_types_come_back() {
    let batch = batch();
    let mut parquet = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut file = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let mut stream = Vec::new();
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut stream, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();

    for (bytes, format) in [(parquet, Format::Parquet), (file, Format::Arrow), (stream, Format::Arrow)] {
        let (again, reading) = written_again(&bytes);
        let schema = reading.table.schema();
        assert_eq!(schema.source.format, format);
        let storages: Vec<Storage> = schema.fields.iter().map(|f| f.storage).collect();
        use Storage::{Boolean, Float, Integer, Text, Timestamp};
        assert_eq!(storages, [Integer, Text, Float, Float, Text, Text, Boolean, Timestamp, Timestamp, Float]);
        assert_eq!(reading.table.numbers(2)[0], 0.1, "a single's shortest text, not its binary fraction");
        assert_eq!(written_again(&again).1.table.batch(), reading.table.batch());

        let mut out = Vec::new();
        write(&reading.table, &Source { format: Format::Arrow, ..Source::default() }, &mut out).unwrap();
        let back =
            arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(out), None).unwrap().next().unwrap().unwrap();
        for (own, back) in batch.columns().iter().zip(back.columns()) {
            assert_eq!(own, back);
        }
        assert_eq!(
            back.schema().field(8).data_type(),
            &DataType::Timestamp(TimeUnit::Millisecond, Some("Europe/Zurich".into()))
        );

        // Cut off or changed anywhere, it is refused or read, and nothing else happens.
        for n in (0..bytes.len()).step_by(7) {
            _ = read_bytes(bytes[..n].to_vec(), &ReadOptions::default());
            let mut changed = bytes.clone();
            changed[n] ^= 0xff;
            _ = read_bytes(changed, &ReadOptions::default());
        }
        let cut = ReadOptions::default();
        check_with(&bytes[..bytes.len() - 30], &cut, InputRule::Corrupt, None);
    }
}

#[test]
fn tables_change_their_format() {
    let reading = read("n,x,word,when\n1,0.5,a,2020-01-01\n2,1.5,b,NA\n2,2.5,,2020-01-03\n");
    let parquet = Source { format: Format::Parquet, compression: Compression::Zstd, ..Source::default() };
    let back = read_bytes(written(&reading.table, &parquet), &ReadOptions::default()).unwrap();
    assert_eq!(back.table.batch(), reading.table.batch());
    let under = ReadOptions { schema: Some(reading.table.schema().as_ref().clone()), ..ReadOptions::default() };
    let back = read_bytes(written(&reading.table, &parquet), &under).unwrap();
    assert_eq!(back.table.batch(), reading.table.batch());
    let text = written(&back.table, &back.table.schema().source);
    assert_eq!(text, written(&reading.table, &reading.table.schema().source));
}

#[test]
fn nested_types_and_infinities_are_refused_by_column() {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]));
    let infinite: ArrayRef = Arc::new(Float64Array::from(vec![f64::INFINITY]));
    for (column, rule) in [(list, InputRule::Unsupported), (infinite, InputRule::NotANumber)] {
        let fine: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let batch = RecordBatch::try_from_iter([("fine", fine), ("bad", column)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let Err(Error::BadInput(bad)) = read_bytes(bytes, &ReadOptions::default()) else { panic!("{rule:?}") };
        assert_eq!((bad.rule, bad.column.as_deref()), (rule, Some("bad")));
    }
}

#[test]
fn what_an_encoding_cannot_spell_is_refused() {
    let table = read("a,b\nx,\u{4e2d}\ny,z\n").table;
    let mut source = table.schema().source.clone();
    source.dialect.encoding = "windows-1252".to_owned();
    assert!(matches!(write(&table, &source, Vec::new()), Err(Error::Setting { name: "encoding", .. })));
}

/// One cell of a column of words: anything that is no missing token, no number and not only blanks.
fn word() -> impl Strategy<Value = String> {
    "[a-zA-Zé中 ,;\"'\\|\n]{0,6}[g-mG-M]{2}[a-z]?"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_is_written_is_read_again(
        rows in prop::collection::vec((any::<i32>(), -1000.0..1000.0_f64, word(), any::<bool>(), 0_u32..20_000), 3..40),
        crlf in any::<bool>(),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        quoting in prop::sample::select(vec![Quoting::Necessary, Quoting::Always, Quoting::Text]),
    ) {
        let mut text = String::from("whole,real,word,flag,day\n");
        let first = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for (whole, real, word, flag, day) in &rows {
            let word = word.replace('"', "\"\"").replace('\n', "");
            let day = first + chrono::Days::new((*day).into());
            text.push_str(&format!("{whole},{real},\"{word}\",{},{day}\n", if *flag { "yes" } else { "no" }));
        }
        let table = read(&text).table;
        let mut source = table.schema().source.clone();
        source.dialect.crlf = crlf;
        source.dialect.delimiter = delimiter;
        source.dialect.quoting = quoting;
        let bytes = written(&table, &source);
        let (again, reading) = written_again(&bytes);
        prop_assert_eq!(reading.table.batch(), table.batch());
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-c0-9,;\"' \n\r\t\\.\\-é]{0,200}") {
        _ = read_bytes(text.into_bytes(), &ReadOptions::default());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        magic in prop::sample::select(vec![&b""[..], b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        _ = read_bytes([magic, &bytes].concat(), &ReadOptions::default());
    }
}
