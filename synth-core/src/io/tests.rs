//! Reading in pieces, seen from inside.

use std::io::Read;

use proptest::prelude::*;

use super::gathered::Gathered;
use super::input::Input;
use super::read::add;
use super::*;
use crate::error::Result;
use crate::schema::Dialect;

/// Bytes that come a few at a time.
pub(in crate::io) struct Trickle<'a> {
    pub(in crate::io) bytes: &'a [u8],
    pub(in crate::io) n: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.n.min(out.len());
        self.bytes.read(&mut out[..n])
    }
}

fn in_pieces(bytes: &[u8], n: usize) -> Result<Reading> {
    let options = ReadOptions::default();
    let input = Input::of_pieces(bytes.to_vec().into(), n, &options.limits)?;
    let mut gathered = Gathered::default();
    add(&mut gathered, &input, &[], &options)?;
    gathered.finish(None)
}

fn same(one: &Result<Reading>, other: &Result<Reading>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            one.table.batch() == other.table.batch()
                && one.table.schema() == other.table.schema()
                && one.notes == other.notes
        }
        (Err(one), Err(other)) => format!("{one:?}") == format!("{other:?}"),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn text_in_pieces_is_the_text_as_a_whole(
        rows in prop::collection::vec(("[a-c\u{e9} ,;\"\r\n]{0,6}", -99..99_i32), 1..20),
        n in 1_usize..40,
        crlf in any::<bool>(),
        encoding in 0..4,
        compression in 0..3,
        tail in prop::sample::select(vec!["", "\n\n", "\"", "1,2,3", "\r", "\u{0}"]),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("word,n{end}");
        for (word, number) in &rows {
            text += &format!("\"{}\",{number}{end}", word.replace('"', "\"\""));
        }
        text += tail;
        let bytes: Vec<u8> = match encoding {
            0 => text.into_bytes(),
            1 => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
            2 => text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
            _ => format!("\u{feff}{text}").into_bytes(),
        };
        let bytes = match compression {
            0 => bytes,
            1 => zstd::encode_all(&bytes[..], 1).unwrap(),
            _ => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                std::io::Write::write_all(&mut gzip, &bytes).unwrap();
                gzip.finish().unwrap()
            }
        };
        let whole = read_bytes(bytes.clone(), &ReadOptions::default());
        let pieces = in_pieces(&bytes, n);
        prop_assert!(same(&whole, &pieces), "{whole:?}\n{pieces:?}");
    }
}

#[test]
fn text_of_a_known_dialect_comes_from_any_reader() {
    let read = |text: &str, options: &ReadOptions| {
        let mut gathered = Gathered::default();
        let dialect = Dialect { delimiter: ';', ..Dialect::default() };
        gathered.add_csv(Trickle { bytes: text.as_bytes(), n: 3 }, dialect, Some("db"), &[], options)?;
        gathered.finish(None)
    };
    let options = ReadOptions { header: Header::Yes, ..ReadOptions::default() };
    let table = read("a,b;c\n1;x\n2;\"y;\nz\"\n", &options).unwrap().table;
    assert_eq!(table.schema().fields[0].name, "a,b");
    assert_eq!(table.labels(1)[1].as_deref(), Some("y;\nz"));
    let limits = Limits { bytes: 10, ..Limits::default() };
    let error = read("a;c\n1;x\n2;y\n", &ReadOptions { limits, ..options.clone() }).unwrap_err();
    assert!(error.to_string().contains("too-large"), "{error}");
    assert!(read("a;c\n1;\"x\n2;y\n", &options).unwrap_err().to_string().contains("line 2"));
}
