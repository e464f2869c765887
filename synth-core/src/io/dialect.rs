//! How a text file is delimited and quoted.
//!
//! The delimiter is the one `csv-nose` finds, if every record of the sample then has the same number of fields, more
//! than one; else the customary delimiter under which the records agree best. Which fields are quoted is found by
//! writing the sample in each style and comparing.

use csv_nose::{Quote, SampleSize, Sniffer};

use crate::schema::Quoting;
use crate::spelling::number::spelled;

/// Bytes of text that are looked at.
const SAMPLE_BYTES: usize = 128 << 10;
/// Records that are looked at.
const SAMPLE_RECORDS: usize = 300;

/// Delimiter and quote of `text`.
pub(super) fn delimiter_and_quote(text: &str) -> (u8, u8) {
    let sample = sample_of(text);
    let nose = Sniffer::new().sample_size(SampleSize::Records(100)).sniff_bytes(sample.as_bytes()).ok();
    let quote = match nose.as_ref().map(|m| m.dialect.quote) {
        Some(Quote::Some(b'\'')) if !sample.contains('"') && single_quotes_wrap(sample) => b'\'',
        _ => b'"',
    };
    let found = nose.map(|m| m.dialect.delimiter).filter(u8::is_ascii);
    let agreement = |delimiter: u8| Agreement::of(sample, delimiter, quote);

    const CUSTOMARY: [u8; 4] = [b',', b';', b'\t', b'|'];
    if let Some(found) = found.filter(|d| CUSTOMARY.contains(d))
        && agreement(found).is_whole()
    {
        // A decimal comma divides every line as well as the semicolon does; the wider table is the right one.
        let wider = CUSTOMARY.into_iter().find(|&d| {
            let other = agreement(d);
            other.is_whole() && other.n_fields > agreement(found).n_fields
        });
        return (wider.unwrap_or(found), quote);
    }
    let best = CUSTOMARY.into_iter().map(|d| (agreement(d), d)).max_by(|(a, da), (b, db)| {
        let by_share = a.useful_share().total_cmp(&b.useful_share()).then(a.n_fields.cmp(&b.n_fields));
        by_share.then(db.cmp(da))
    });
    match (best, found) {
        (Some((agreement, delimiter)), _) if agreement.useful_share() >= 0.5 => (delimiter, quote),
        (_, Some(found)) if agreement(found).is_whole() && matches!(found, b' ' | b':' | b'~' | b'^' | b'#') => {
            (found, quote)
        }
        _ => (b',', quote),
    }
}

/// How well the records of a sample agree on a number of fields.
#[derive(Debug, Clone, Copy)]
struct Agreement {
    n_fields: usize,
    share: f64,
}

impl Agreement {
    fn of(sample: &str, delimiter: u8, quote: u8) -> Self {
        let mut counts: Vec<(usize, usize)> = Vec::new();
        let mut n_records = 0;
        for record in reader(sample, delimiter, quote).into_byte_records().take(SAMPLE_RECORDS).flatten() {
            n_records += 1;
            match counts.iter_mut().find(|(n, _)| *n == record.len()) {
                Some((_, count)) => *count += 1,
                None => counts.push((record.len(), 1)),
            }
        }
        let (n_fields, count) = counts.into_iter().max_by_key(|&(n, count)| (count, n)).unwrap_or((1, 0));
        Self { n_fields, share: f64::from(count as u32) / f64::from(n_records.max(1)) }
    }

    fn is_whole(self) -> bool {
        self.n_fields > 1 && self.share == 1.0
    }

    fn useful_share(self) -> f64 {
        if self.n_fields > 1 { self.share } else { 0.0 }
    }
}

/// Whether single quotes stand around fields and not in them (`Crohn's`, `'s Hertogenbosch`): each that opens follows a delimiter
/// or a line end, and one that stands before them closes it. Between the two, a quote is doubled.
fn single_quotes_wrap(sample: &str) -> bool {
    let bytes = sample.as_bytes();
    let is_bound = |b: Option<&u8>| b.is_none_or(|b| b",;\t|\n\r".contains(b));
    let (mut at, mut is_open, mut any) = (0, false, false);
    while let Some(next) = bytes[at..].iter().position(|&b| b == b'\'') {
        let i = at + next;
        at = i + 1;
        if is_open && bytes.get(at) == Some(&b'\'') {
            at += 1;
        } else if is_bound(if is_open { bytes.get(at) } else { i.checked_sub(1).map(|i| &bytes[i]) }) {
            (is_open, any) = (!is_open, true);
        } else {
            return false;
        }
    }
    any && !is_open
}

/// The first lines of `text`, whole.
fn sample_of(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let end = text.floor_char_boundary(SAMPLE_BYTES);
    // A line cut in two would be a record of its own, with too few fields.
    text[..end].rfind('\n').map_or(&text[..end], |newline| &text[..=newline])
}

/// The one way in which this crate has text taken apart.
pub(super) fn reader(text: &str, delimiter: u8, quote: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quote(quote)
        .from_reader(text.as_bytes())
}

/// Whether a blank follows every delimiter in the sample. The blanks of padded numbers do not count.
pub(super) fn has_space_after_delimiter(text: &str, delimiter: u8, quote: u8) -> bool {
    if delimiter == b' ' {
        return false;
    }
    let (mut n_with, mut n_without) = (0, 0);
    for record in reader(sample_of(text), delimiter, quote).into_byte_records().take(SAMPLE_RECORDS).flatten() {
        for field in record.iter().skip(1) {
            if field.first() == Some(&b' ') { n_with += 1 } else { n_without += 1 }
        }
    }
    n_with > 0 && n_without == 0
}

/// Which fields a sample of records quotes: the style that writes most of them as they are in the file.
pub(super) struct QuotingVotes {
    delimiter: char,
    quote: char,
    decimal: char,
    votes: [(Quoting, usize); 3],
}

impl QuotingVotes {
    pub(super) fn new(delimiter: u8, quote: u8, decimal: char) -> Self {
        let votes = [(Quoting::Necessary, 0), (Quoting::Text, 0), (Quoting::Always, 0)];
        Self { delimiter: delimiter.into(), quote: quote.into(), decimal, votes }
    }

    /// Compares one record with its text in the file, line end excluded.
    pub(super) fn add<'a>(&mut self, fields: impl Iterator<Item = &'a str> + Clone, raw: &str) {
        for (style, count) in &mut self.votes {
            let mut line = String::with_capacity(raw.len());
            for (i, field) in fields.clone().enumerate() {
                if i > 0 {
                    line.push(self.delimiter);
                }
                let quoted = match style {
                    Quoting::Necessary => false,
                    Quoting::Always => true,
                    Quoting::Text => !matches!(field, "" | "NA") && spelled(field.trim(), self.decimal).is_none(),
                };
                push_field(&mut line, field, quoted, self.delimiter, self.quote);
            }
            *count += usize::from(line == raw);
        }
    }

    /// The winner; the one that quotes less where styles do not differ.
    pub(super) fn winner(&self) -> Quoting {
        let most = self.votes.iter().map(|(_, count)| *count).max().unwrap_or(0);
        self.votes.iter().find(|(_, count)| *count == most).map_or(Quoting::Necessary, |(style, _)| *style)
    }
}

/// Appends a field to a line, in quotes if asked for or needed.
pub(super) fn push_field(line: &mut String, field: &str, quoted: bool, delimiter: char, quote: char) {
    let needs = || field.contains([delimiter, quote, '\n', '\r']);
    if !quoted && !needs() {
        line.push_str(field);
        return;
    }
    line.push(quote);
    for c in field.chars() {
        if c == quote {
            line.push(quote);
        }
        line.push(c);
    }
    line.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_found() {
        let check = |text: &str, delimiter: u8| assert_eq!(delimiter_and_quote(text).0, delimiter, "{text}");
        check("a,b\n1,2\n3,4\n", b',');
        check("a;b;c\n1,5;2;3\n2,5;3;4\n", b';');
        check("a;b\n1,5;2,5\n2,5;3,5\n", b';');
        check("a\tb\n1\t2\n", b'\t');
        check("a|b\n1|2\n", b'|');
        check("a\n1\n2\n", b',');
        check("39, State-gov, Male\n50, Private, Female\n", b',');
        check("a,b\n\"x;y\",2\n\"z\",3\n", b',');
    }

    #[test]
    fn single_quotes_are_quotes_only_around_fields() {
        assert_eq!(delimiter_and_quote("a,b\n'x,y',1\n'z,w',2\n'q,r',2\n").1, b'\'');
        assert_eq!(delimiter_and_quote("a,b\nCrohn's,1\n'z',2\n").1, b'"');
        assert_eq!(delimiter_and_quote("a,b\n'it''s',1\n'',2\n'q,r',2\n").1, b'\'');
        // Two that only open would swallow the lines between them.
        assert_eq!(delimiter_and_quote("n,a,b\n0,x,no\n0,'s Bosch,no\n0,'t Veld,no\n").1, b'"');
    }
}
