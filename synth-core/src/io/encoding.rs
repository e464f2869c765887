//! How a text file is encoded, found by going through it once or twice, and its text as UTF-8.
//!
//! UTF-8, UTF-16 with its mark, or an older encoding by its letters' frequencies. Little of the file is in memory at a time.

use std::io::{self, ErrorKind, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::error::{BadInput, InputRule};

/// Bytes that are read at a time.
const BUFFER: usize = 64 << 10;

/// What is to be known of a whole text before it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Survey {
    pub(super) encoding: &'static Encoding,
    /// Bytes of the byte order mark.
    n_mark: usize,
    /// Lines end in CR alone.
    pub(super) cr_alone: bool,
    /// Most lines end in CR LF.
    pub(super) crlf: bool,
    /// Bytes of the file, decompressed.
    pub(super) n_bytes: u64,
}

impl Survey {
    /// Goes through what `open` gives, from its beginning each time.
    ///
    /// # Errors
    /// Those of reading; [`BadInput`] as one of them if the text cannot be decoded or has a NUL.
    pub(super) fn of<R: Read>(open: impl Fn() -> io::Result<R>) -> io::Result<Self> {
        let mut mark = Vec::new();
        open()?.take(3).read_to_end(&mut mark)?;
        let bom = Encoding::for_bom(&mark);
        let (encoding, n_mark) = bom.unwrap_or((UTF_8, 0));
        let mut from = open()?;
        io::copy(&mut from.by_ref().take(n_mark as u64), &mut io::sink())?;
        if encoding != UTF_8 {
            let tally = Tally::of(Decoding::new(from, encoding)).map_err(|error| undecodable_as(error, encoding))?;
            return tally.survey(encoding, n_mark);
        }
        let seen = Utf8::of(from)?;
        match seen.first_broken {
            None => seen.tally.survey(UTF_8, n_mark),
            Some(line) if n_mark > 0 => Err(bad(undecodable(UTF_8).at_line(line))),
            Some(line) => Self::of_older(open, &seen, line),
        }
    }

    /// Of a text that is no valid UTF-8.
    fn of_older<R: Read>(open: impl Fn() -> io::Result<R>, seen: &Utf8, line: u64) -> io::Result<Self> {
        // Single-byte encodings decode anything, a damaged UTF-8 file too. Letters that are whole in UTF-8 do not come
        // about by chance: where they outnumber the broken ones, the file is UTF-8.
        let damaged = || bad(undecodable(UTF_8).at_line(line));
        if seen.n_whole >= seen.n_broken || seen.tally.nul_line.is_some() {
            return Err(damaged());
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        each_block(open()?, |block| {
            detector.feed(block, false);
            Ok(())
        })?;
        detector.feed(&[], true);
        let encoding = detector.guess(None, Utf8Detection::Allow);
        if encoding == UTF_8 {
            return Err(damaged());
        }
        let tally = match Tally::of(Decoding::new(open()?, encoding)) {
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(damaged()),
            tally => tally?,
        };
        // The control characters from 80 to 9f are what binary data gives.
        if tally.has_controls { Err(damaged()) } else { tally.survey(encoding, 0) }
    }

    pub(super) fn bom(&self) -> bool {
        self.n_mark > 0
    }

    /// The text as UTF-8, its mark left out, lines ending in LF where they ended in CR alone.
    pub(super) fn text_of<R: Read>(&self, mut from: R) -> io::Result<Text<R>> {
        io::copy(&mut from.by_ref().take(self.n_mark as u64), &mut io::sink())?;
        let bytes =
            if self.encoding == UTF_8 { Bytes::Same(from) } else { Bytes::Decoded(Decoding::new(from, self.encoding)) };
        Ok(Text { bytes, cr_alone: self.cr_alone })
    }
}

fn undecodable(encoding: &'static Encoding) -> BadInput {
    BadInput::new(InputRule::Encoding, format!("the text is not valid {}", encoding.name()))
        .hint("the file is damaged or not text: save it as UTF-8")
}

fn undecodable_as(error: io::Error, encoding: &'static Encoding) -> io::Error {
    debug_assert!(encoding == UTF_16LE || encoding == UTF_16BE, "no other encoding has a mark");
    if error.kind() == ErrorKind::InvalidData { bad(undecodable(encoding)) } else { error }
}

/// Bad input as an error of reading; [`super::input::lifted`] takes it out again.
pub(super) fn bad(bad: BadInput) -> io::Error {
    io::Error::other(bad)
}

/// What is counted in a text.
#[derive(Debug, Default)]
struct Tally {
    n_bytes: u64,
    n_lf: u64,
    n_crlf: u64,
    has_cr: bool,
    ends_in_cr: bool,
    /// The line of the first NUL.
    nul_line: Option<u64>,
    has_controls: bool,
}

impl Tally {
    /// Of an encoding that has to be decoded.
    fn of<R: Read>(mut text: Decoding<R>) -> io::Result<Self> {
        let mut tally = Tally::default();
        let mut before = None;
        each_block(text.by_ref(), |block| {
            tally.add(block);
            // U+0080 to U+009F are c2 80 to c2 9f in UTF-8.
            for &byte in block {
                tally.has_controls |= before == Some(0xc2) && byte < 0xa0;
                before = Some(byte);
            }
            Ok(())
        })?;
        tally.n_bytes = text.n_bytes;
        Ok(tally)
    }

    fn add(&mut self, block: &[u8]) {
        if self.nul_line.is_none()
            && let Some(at) = memchr::memchr(0, block)
        {
            self.nul_line = Some(1 + self.n_lf + memchr::memchr_iter(b'\n', &block[..at]).count() as u64);
        }
        self.n_bytes += block.len() as u64;
        self.n_lf += memchr::memchr_iter(b'\n', block).count() as u64;
        self.n_crlf += u64::from(self.ends_in_cr && block.first() == Some(&b'\n'));
        for at in memchr::memchr_iter(b'\r', block) {
            self.has_cr = true;
            self.n_crlf += u64::from(block.get(at + 1) == Some(&b'\n'));
        }
        self.ends_in_cr = block.last() == Some(&b'\r');
    }

    fn survey(&self, encoding: &'static Encoding, n_mark: usize) -> io::Result<Survey> {
        if let Some(line) = self.nul_line {
            return Err(bad(BadInput::new(InputRule::Encoding, "NUL character")
                .at_line(line)
                .hint("the file is damaged, not text, or UTF-16 without a byte order mark: save it as UTF-8")));
        }
        let crlf = self.n_crlf * 2 > self.n_lf;
        let n_bytes = self.n_bytes + n_mark as u64;
        Ok(Survey { encoding, n_mark, cr_alone: self.has_cr && self.n_lf == 0, crlf, n_bytes })
    }
}

/// What a text would be as UTF-8.
#[derive(Debug, Default)]
struct Utf8 {
    tally: Tally,
    /// Letters beyond ASCII that are whole.
    n_whole: usize,
    n_broken: usize,
    /// The line of the first broken one.
    first_broken: Option<u64>,
}

impl Utf8 {
    fn of(from: impl Read) -> io::Result<Self> {
        let mut seen = Self::default();
        // The beginning of a letter that the next block ends.
        let mut rest: Vec<u8> = Vec::new();
        let mut joined = Vec::new();
        each_block(from, |block| {
            seen.tally.add(block);
            if rest.is_empty() {
                rest = seen.take(block).to_vec();
            } else {
                joined.clear();
                joined.append(&mut rest);
                joined.extend_from_slice(block);
                rest = seen.take(&joined).to_vec();
            }
            Ok(())
        })?;
        if !rest.is_empty() {
            seen.broken(0);
        }
        Ok(seen)
    }

    /// Takes in bytes that end where the tally does; what is left is the beginning of a letter.
    fn take<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            let error = match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.n_whole += letters_beyond_ascii(text.as_bytes());
                    return &[];
                }
                Err(error) => error,
            };
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            self.n_whole += letters_beyond_ascii(valid);
            let Some(n_invalid) = error.error_len() else { return rest };
            self.broken(memchr::memchr_iter(b'\n', rest).count() as u64);
            bytes = &rest[n_invalid..];
        }
    }

    /// Counts a broken letter, after which there are `n_lf` more line ends in what was tallied.
    fn broken(&mut self, n_lf: u64) {
        self.n_broken += 1;
        if self.first_broken.is_none() {
            self.first_broken = Some(1 + self.tally.n_lf - n_lf);
        }
    }
}

fn letters_beyond_ascii(valid: &[u8]) -> usize {
    valid.iter().filter(|&&b| b >= 0xc0).count()
}

fn each_block(mut from: impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut block = vec![0; BUFFER];
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(n) => take(&block[..n])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A text as UTF-8.
pub(super) struct Text<R> {
    bytes: Bytes<R>,
    cr_alone: bool,
}

enum Bytes<R> {
    Same(R),
    Decoded(Decoding<R>),
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.bytes {
            Bytes::Same(from) => from.read(out)?,
            Bytes::Decoded(from) => from.read(out)?,
        };
        if self.cr_alone {
            out[..n].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(n)
    }
}

/// What is read in an encoding, given in UTF-8. Bytes that the encoding has no letter for are an error of
/// [`ErrorKind::InvalidData`].
struct Decoding<R> {
    from: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_end: usize,
    text: Vec<u8>,
    text_at: usize,
    text_end: usize,
    /// Bytes that were read.
    n_bytes: u64,
    is_done: bool,
}

impl<R: Read> Decoding<R> {
    fn new(from: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        let (raw, text) = (vec![0; BUFFER], vec![0; BUFFER]);
        Self { from, decoder, raw, raw_at: 0, raw_end: 0, text, text_at: 0, text_end: 0, n_bytes: 0, is_done: false }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text_end && !self.is_done {
            let mut is_last = false;
            if self.raw_at == self.raw_end {
                let n = self.from.read(&mut self.raw)?;
                (self.raw_at, self.raw_end) = (0, n);
                self.n_bytes += n as u64;
                is_last = n == 0;
            }
            let raw = &self.raw[self.raw_at..self.raw_end];
            let (result, n_in, n_out) = self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, is_last);
            self.raw_at += n_in;
            (self.text_at, self.text_end) = (0, n_out);
            match result {
                DecoderResult::Malformed(..) => return Err(ErrorKind::InvalidData.into()),
                DecoderResult::InputEmpty => self.is_done = is_last,
                DecoderResult::OutputFull => {}
            }
        }
        let n = out.len().min(self.text_end - self.text_at);
        out[..n].copy_from_slice(&self.text[self.text_at..self.text_at + n]);
        self.text_at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::io::tests::Trickle;

    fn survey(bytes: &[u8], n: usize) -> Result<Survey, BadInput> {
        Survey::of(|| Ok(Trickle { bytes, n }))
            .map_err(|error| *error.into_inner().expect("bad input").downcast().expect("bad input"))
    }

    fn text(bytes: &[u8], n: usize) -> String {
        let mut text = String::new();
        survey(bytes, n).unwrap().text_of(Trickle { bytes, n }).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn encodings_are_found_and_damage_is_not_mended() {
        for n in [1, 2, 3, 1000] {
            assert_eq!(survey("é".as_bytes(), n).unwrap().encoding, UTF_8);
            let latin = b"name,ville\nJos\xe9,Orl\xe9ans\nAndr\xe9,Besan\xe7on\n";
            assert_eq!(survey(latin, n).unwrap().encoding.name(), "windows-1252");
            assert_eq!(text(latin, n), "name,ville\nJosé,Orléans\nAndré,Besançon\n");
            let utf16: Vec<u8> =
                [0xff, 0xfe].into_iter().chain("a,b😀".encode_utf16().flat_map(u16::to_le_bytes)).collect();
            assert_eq!(text(&utf16, n), "a,b😀");
            let mut damaged = "Zürich,Genève\nBâle,Orléans\n".as_bytes().to_vec();
            damaged.push(0xff);
            assert_eq!(survey(&damaged, n).unwrap_err().line, Some(3));
            let nul = survey(b"a,b\n1,\0\n", n).unwrap_err();
            assert_eq!((nul.line, nul.rule), (Some(2), InputRule::Encoding));
            assert_eq!(survey(&utf16[..utf16.len() - 1], n).unwrap_err().line, None);
            assert!(survey("\u{feff}é\n".as_bytes(), n).unwrap().bom());
            assert_eq!(text("a\rb\r".as_bytes(), n), "a\nb\n");
            assert!(survey(b"a\r\nb\r\nc\n", n).unwrap().crlf && !survey(b"a\r\nb\nc\n", n).unwrap().crlf);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn what_is_counted_does_not_depend_on_the_blocks(
            bytes in prop::collection::vec(prop::sample::select(b"a\n\r\xc3\xa9\xe2\x82\xac\xff".to_vec()), 0..40),
            n in 1_usize..6,
        ) {
            let seen = Utf8::of(Trickle { bytes: &bytes, n }).unwrap();
            let (mut n_whole, mut n_broken) = (0, 0);
            for chunk in bytes.utf8_chunks() {
                n_whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
                n_broken += usize::from(!chunk.invalid().is_empty());
            }
            prop_assert_eq!((seen.n_whole, seen.n_broken), (n_whole, n_broken));
            let at = std::str::from_utf8(&bytes).err().map(|error| error.valid_up_to());
            let line = at.map(|at| 1 + bytes[..at].iter().filter(|&&b| b == b'\n').count() as u64);
            prop_assert_eq!(seen.first_broken, line);
        }
    }
}
