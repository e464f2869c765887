//! Identifiers: never learnt, but regenerated in the same format.
//!
//! An [`IdentifierShape`] is what may be kept of a real column of identifiers: that they are counted, or which class
//! of character stands at which position. It holds no identifier and no hash of one: a hash of a six-digit number is
//! undone by trying a million. That a new identifier is never a real one follows from where it is drawn:
//!
//! - a [counter](IdentifierShape::Counter) goes on above the largest real number, rounded up to two digits;
//! - a [pattern](IdentifierShape::Pattern) keeps a sample of *free heads*: ways to fill its first positions with which
//!   no real identifier begins. What follows the head is a keyed permutation of the row index, so that no two rows
//!   are given the same text. When all texts of the shape are used up, the texts become longer.
//!
//! Left out on purpose: check digits, and the repetition of one identifier over several rows of a person.

use std::collections::HashSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::schema::Storage;
use crate::table::Table;

/// Fewer distinct identifiers than this prove no common letter: it might be part of the only person's name.
const MIN_FOR_LITERALS: usize = 20;
/// Free heads that are kept at most.
const MAX_HEADS: usize = 1024;
/// A pattern is not longer than this.
const MAX_LENGTH: usize = 64;

/// The format of a column of identifiers, without any of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields, remote = "Self")]
pub enum IdentifierShape {
    /// Numbers one after the other, perhaps between fixed texts: `MRN-00123`.
    Counter {
        /// Before the number.
        prefix: String,
        /// After the number.
        suffix: String,
        /// The first row's number: above all real ones.
        next: i64,
        /// Digits to which the number is filled with zeros; 0: none.
        width: usize,
    },
    /// Texts of one length with a class of character at each position.
    Pattern {
        /// The class at each position.
        positions: Vec<Position>,
        /// How many positions that are no literals make the head.
        n_head: usize,
        /// Ways to fill the head with which no real identifier begins, in mixed radix.
        free_heads: Vec<u64>,
    },
}

impl Serialize for IdentifierShape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for IdentifierShape {
    /// A shape from which identifiers can be made, or an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = Self::deserialize(deserializer)?;
        if shape.is_sound() { Ok(shape) } else { Err(D::Error::custom("no identifier has this shape")) }
    }
}

/// What may stand at one position of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Position {
    /// Always this character.
    Literal(char),
    /// `0` to `9`.
    Digit,
    /// `0` to `9`, `A` to `F`.
    UpperHex,
    /// `0` to `9`, `a` to `f`.
    LowerHex,
    /// `A` to `Z`.
    Upper,
    /// `a` to `z`.
    Lower,
    /// `A` to `Z`, `0` to `9`.
    UpperOrDigit,
    /// `a` to `z`, `0` to `9`.
    LowerOrDigit,
    /// Any letter of English or digit.
    Alphanumeric,
}

impl Position {
    fn symbols(self) -> &'static [u8] {
        match self {
            Position::Literal(_) => b"",
            Position::Digit => b"0123456789",
            Position::UpperHex => b"0123456789ABCDEF",
            Position::LowerHex => b"0123456789abcdef",
            Position::Upper => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Position::Lower => b"abcdefghijklmnopqrstuvwxyz",
            Position::UpperOrDigit => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Position::LowerOrDigit => b"0123456789abcdefghijklmnopqrstuvwxyz",
            Position::Alphanumeric => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        }
    }

    /// The narrowest class that holds all of `chars`, each of which stands at this position of some identifier.
    fn of(chars: &[char], n_distinct: usize) -> Option<Self> {
        let first = *chars.first()?;
        if chars.iter().all(|&c| c == first) && (n_distinct >= MIN_FOR_LITERALS || !first.is_alphanumeric()) {
            return Some(Position::Literal(first));
        }
        let narrow_to_wide = [
            Position::Digit,
            Position::UpperHex,
            Position::LowerHex,
            Position::Upper,
            Position::Lower,
            Position::UpperOrDigit,
            Position::LowerOrDigit,
            Position::Alphanumeric,
        ];
        let holds = |class: &Position| chars.iter().all(|&c| c.is_ascii() && class.symbols().contains(&(c as u8)));
        narrow_to_wide.into_iter().find(holds)
    }
}

impl IdentifierShape {
    /// The shape of the column at `column_idx`. Identifiers of no common shape are replaced by a pattern of capital
    /// letters and digits, as long as the longest of them (at most 64); a column without any by a counter from 1.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn of(table: &Table, column_idx: usize) -> Self {
        let labels = table.labels(column_idx);
        let distinct: HashSet<&str> = labels.iter().flatten().map(String::as_str).collect();
        let mut distinct: Vec<&str> = distinct.into_iter().collect();
        distinct.sort_unstable();
        if distinct.is_empty() {
            return counter(String::new(), String::new(), 0.0, 0);
        }
        if !matches!(table.column(column_idx).0.storage, Storage::Text) {
            let largest = distinct.iter().filter_map(|label| label.parse::<f64>().ok()).fold(0.0, f64::max);
            return counter(String::new(), String::new(), largest, 0);
        }
        Self::common(&distinct).unwrap_or_else(|| {
            let length = distinct.iter().map(|label| label.chars().count()).max().unwrap_or(1).min(MAX_LENGTH);
            pattern(vec![Position::UpperOrDigit; length], &distinct)
        })
    }

    /// The shape that all of the distinct `identifiers` have, if there is one.
    pub(crate) fn common(identifiers: &[&str]) -> Option<Self> {
        if let Some(counter) = common_counter(identifiers) {
            return Some(counter);
        }
        let n_chars = identifiers.first()?.chars().count();
        if n_chars == 0 || n_chars > MAX_LENGTH {
            return None;
        }
        // One set of characters for each position; no class has more than 62.
        let mut seen: Vec<Vec<char>> = vec![Vec::new(); n_chars];
        for identifier in identifiers {
            let mut n = 0;
            for (i, c) in identifier.chars().enumerate() {
                let at = seen.get_mut(i)?;
                if !at.contains(&c) {
                    at.push(c);
                }
                n = i + 1;
            }
            if n != n_chars || seen.iter().any(|at| at.len() > 62) {
                return None;
            }
        }
        let positions: Option<Vec<Position>> = seen.iter().map(|at| Position::of(at, identifiers.len())).collect();
        Some(pattern(positions?, identifiers))
    }

    /// Whether identifiers can be made from a shape that was read from a file.
    fn is_sound(&self) -> bool {
        match self {
            IdentifierShape::Counter { width, .. } => *width <= MAX_LENGTH,
            IdentifierShape::Pattern { positions, n_head, free_heads } => {
                let n_classes = radices(positions).count();
                positions.len() <= MAX_LENGTH && *n_head <= n_classes && free_heads.len() <= MAX_HEADS
            }
        }
    }

    /// The identifier of row `row_idx`: another one in each row, none of them real, the same in every call. A counter
    /// does not depend on `seed`.
    pub fn generate(&self, row_idx: u64, seed: u64) -> String {
        match self {
            IdentifierShape::Counter { prefix, suffix, next, width } => {
                let number = next.saturating_add_unsigned(row_idx);
                format!("{prefix}{number:0width$}{suffix}")
            }
            IdentifierShape::Pattern { positions, n_head, free_heads } => {
                from_pattern(positions, *n_head, free_heads, row_idx, seed)
            }
        }
    }
}

/// A counter above `largest`. Rounding hides the largest real number itself.
fn counter(prefix: String, suffix: String, largest: f64, width: usize) -> IdentifierShape {
    let largest = largest.max(0.0);
    let n_digits = if largest < 1.0 { 1 } else { largest.log10().floor() as i32 + 1 };
    let unit = 10f64.powi((n_digits - 2).max(0));
    let rounded = if largest < 1.0 { 0.0 } else { ((largest / unit).floor() + 1.0) * unit };
    IdentifierShape::Counter { prefix, suffix, next: rounded as i64 + 1, width }
}

/// Numbers between a common prefix and suffix: of varying length without leading zeros, or of one length and
/// consecutive.
fn common_counter(identifiers: &[&str]) -> Option<IdentifierShape> {
    let parts = |text: &str| {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let n_digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
        Some((start, start + n_digits))
    };
    let first = *identifiers.first()?;
    let (start, end) = parts(first)?;
    let (prefix, suffix) = (&first[..start], &first[end..]);
    let has_letters = prefix.chars().chain(suffix.chars()).any(char::is_alphanumeric);
    if has_letters && identifiers.len() < MIN_FOR_LITERALS {
        return None;
    }
    let (mut shortest, mut longest) = (usize::MAX, 0);
    let (mut smallest, mut largest) = (u64::MAX, 0);
    let mut zeros = false;
    for identifier in identifiers {
        let (start, end) = parts(identifier)?;
        if &identifier[..start] != prefix || &identifier[end..] != suffix || end - start > 15 {
            return None;
        }
        let number: u64 = identifier[start..end].parse().ok()?;
        (shortest, longest) = (shortest.min(end - start), longest.max(end - start));
        (smallest, largest) = (smallest.min(number), largest.max(number));
        zeros |= end - start > 1 && identifier.as_bytes()[start] == b'0';
    }
    let consecutive = largest - smallest + 1 == identifiers.len() as u64;
    let width = match (shortest == longest, zeros) {
        (false, false) => 0,
        (true, _) if consecutive => longest,
        _ => return None,
    };
    Some(counter(prefix.to_owned(), suffix.to_owned(), largest as f64, width))
}

/// The pattern of `positions` with heads that none of `identifiers` has.
fn pattern(positions: Vec<Position>, identifiers: &[&str]) -> IdentifierShape {
    // Sixteen times as many heads as identifiers leave more than nine in ten free.
    let wanted = (identifiers.len() as u64).saturating_mul(16);
    let (mut n_head, mut n_heads) = (0, 1_u64);
    for radix in radices(&positions) {
        if n_heads >= wanted || n_heads > 1 << 56 {
            break;
        }
        n_heads *= radix;
        n_head += 1;
    }
    let used: HashSet<u64> = identifiers.iter().filter_map(|text| head_of(text, &positions, n_head)).collect();
    // All free heads would tell the used ones: half of them do not.
    let n_free = n_heads - used.len() as u64;
    let target = MAX_HEADS.min(n_free.div_ceil(2) as usize);
    let mut free_heads = Vec::with_capacity(target);
    let mut taken = used;
    // Which half must not be known either: who could walk the heads in the same order would see which were passed over.
    let start = Permutation::new(n_heads, secret_of(identifiers));
    for i in 0..n_heads {
        if free_heads.len() == target {
            break;
        }
        let head = start.at(i);
        if taken.insert(head) {
            free_heads.push(head);
        }
    }
    IdentifierShape::Pattern { positions, n_head, free_heads }
}

/// A number that follows from all of the identifiers together and from no part of them.
fn secret_of(identifiers: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for identifier in identifiers {
        hash.update(identifier.as_bytes());
        hash.update([0xff]);
    }
    let hash: [u8; 32] = hash.finalize().into();
    u64::from_le_bytes(hash[..8].try_into().expect("a hash is longer"))
}

fn radices(positions: &[Position]) -> impl Iterator<Item = u64> {
    positions.iter().map(|p| p.symbols().len() as u64).filter(|&radix| radix > 0)
}

/// The head of `text` in mixed radix, if `text` has the pattern as far as the head goes.
fn head_of(text: &str, positions: &[Position], n_head: usize) -> Option<u64> {
    let mut head = 0;
    let mut left = n_head;
    let mut chars = text.chars();
    for position in positions {
        let c = chars.next()?;
        match position {
            Position::Literal(literal) if c == *literal => {}
            Position::Literal(_) => return None,
            _ if left == 0 => {}
            class => {
                let symbol = class.symbols().iter().position(|&s| char::from(s) == c)?;
                head = head * class.symbols().len() as u64 + symbol as u64;
                left -= 1;
            }
        }
    }
    Some(head)
}

fn from_pattern(positions: &[Position], n_head: usize, free_heads: &[u64], row_idx: u64, seed: u64) -> String {
    // As many positions after the head as can be numbered make the rows distinct; the rest are only filled.
    let mut n_tails = 1_u64;
    let mut n_numbered = n_head;
    for radix in radices(positions).skip(n_head) {
        if n_tails > 1 << 40 {
            break;
        }
        n_tails *= radix;
        n_numbered += 1;
    }
    let capacity = free_heads.len() as u64 * n_tails;
    // With no free head every text of this length may be real: the row's number makes it longer.
    let (code, beyond) = match row_idx.checked_div(capacity) {
        None => (0, Some(row_idx)),
        Some(block) => (Permutation::new(capacity, seed).at(row_idx % capacity), (block > 0).then_some(block)),
    };
    let (head, tail) = (free_heads.get((code / n_tails) as usize).copied().unwrap_or(0), code % n_tails);

    // Mixed radix is read from its last digit.
    let classes: Vec<&[u8]> = positions.iter().map(|p| p.symbols()).filter(|s| !s.is_empty()).collect();
    let mut symbols = vec![b'0'; classes.len()];
    let mut spell = |range: std::ops::Range<usize>, mut code: u64| {
        for i in range.rev() {
            let radix = classes[i].len() as u64;
            symbols[i] = classes[i][(code % radix) as usize];
            code /= radix;
        }
    };
    spell(0..n_head, head);
    spell(n_head..n_numbered, tail);
    for i in n_numbered..classes.len() {
        spell(i..i + 1, mix(mix(seed ^ 0x6669_6c6c_6572, row_idx), i as u64));
    }

    let mut symbols = symbols.into_iter();
    let mut text: String = positions
        .iter()
        .map(|position| match position {
            Position::Literal(c) => *c,
            _ => char::from(symbols.next().expect("one symbol for each class")),
        })
        .collect();
    if let Some(beyond) = beyond {
        text.push_str(&beyond.to_string());
    }
    text
}

/// A keyed permutation of `0..n`: a Feistel network on the next even number of bits, walked until it is inside.
/// Not secret, and need not be: it only spreads the rows over the shape.
struct Permutation {
    n: u64,
    half_bits: u32,
    key: u64,
}

impl Permutation {
    fn new(n: u64, key: u64) -> Self {
        let bits = 64 - n.saturating_sub(1).leading_zeros();
        Self { n, half_bits: bits.div_ceil(2).max(1), key }
    }

    fn at(&self, index: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let mut x = index;
        loop {
            let (mut left, mut right) = (x >> self.half_bits, x & mask);
            for round in 0..6 {
                (left, right) = (right, left ^ (mix(self.key.wrapping_add(round), right) & mask));
            }
            x = left << self.half_bits | right;
            if x < self.n {
                return x;
            }
        }
    }
}

/// The finaliser of SplitMix64 over a key and a number.
fn mix(key: u64, x: u64) -> u64 {
    let mut z = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(x).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::schema::{Field, Kind, Schema};
    use crate::table::column_from_labels;

    fn table(storage: Storage, labels: &[&str]) -> Table {
        let field = Field::new("id", Kind::Identifier, storage);
        let column = column_from_labels(&field, labels.iter().map(|l| Some(*l)));
        let schema = Schema::new(vec![field]);
        Table::new(Arc::new(schema), vec![column]).unwrap()
    }

    /// Generates `n` identifiers and checks that they are distinct, not real, repeatable, and survive the storage.
    fn check(storage: Storage, real: &[String], n: u64) -> (IdentifierShape, Vec<String>) {
        let real: Vec<&str> = real.iter().map(String::as_str).collect();
        let table = table(storage, &real);
        let shape = IdentifierShape::of(&table, 0);
        let made: Vec<String> = (0..n).map(|row| shape.generate(row, 7)).collect();
        let distinct: HashSet<&str> = made.iter().map(String::as_str).collect();
        assert_eq!(distinct.len() as u64, n, "{shape:?}");
        assert!(real.iter().all(|r| !distinct.contains(r)), "{shape:?}");
        assert!((0..n).all(|row| shape.generate(row, 7) == made[row as usize]));
        let column = column_from_labels(table.column(0).0, made.iter().map(|l| Some(l.as_str())));
        assert_eq!(arrow::array::Array::null_count(&column), 0, "every text is a value of the storage");
        (shape, made)
    }

    #[test]
    fn numbers_go_on_above_the_largest() {
        let real: Vec<String> = (0..500).map(|i| (1000 + 7 * i).to_string()).collect();
        let (shape, made) = check(Storage::Integer, &real, 1000);
        assert_eq!(shape, counter(String::new(), String::new(), 4493.0, 0));
        assert_eq!(made[0], "4501");
        check(Storage::Float, &real, 10);
    }

    #[test]
    fn padded_and_prefixed_counters_keep_their_form() {
        let real: Vec<String> = (1..=90).map(|i| format!("MRN-{i:05}")).collect();
        assert_eq!(check(Storage::Text, &real, 200).1[0], "MRN-00092");
        let real: Vec<String> = (1..=120).map(|i| format!("P{}", i * 3)).collect();
        assert_eq!(check(Storage::Text, &real, 200).1[0], "P371");
    }

    #[test]
    fn patterns_keep_their_classes() {
        let real: Vec<String> = (0..300_u64)
            .map(|i| format!("AB-{:05}{}", mix(1, i) % 100_000, "XYZ".as_bytes()[i as usize % 3] as char))
            .collect();
        let (shape, made) = check(Storage::Text, &real, 3000);
        assert!(matches!(shape, IdentifierShape::Pattern { .. }));
        for text in made {
            assert!(text.starts_with("AB-") && text.len() == 9 && text.ends_with(|c: char| c.is_ascii_uppercase()));
        }
    }

    #[test]
    fn uuids_keep_their_dashes_and_version() {
        let real: Vec<String> = (0..200_u64)
            .map(|i| {
                let (a, b) = (mix(2, i), mix(3, i));
                format!(
                    "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                    a >> 32,
                    a & 0xffff,
                    b >> 52,
                    b & 0xfff,
                    mix(4, i) >> 16
                )
            })
            .collect();
        let (_, made) = check(Storage::Text, &real, 2000);
        assert!(made.iter().all(|u| u.len() == 36 && u.as_bytes()[14] == b'4' && u.as_bytes()[23] == b'-'));
    }

    #[test]
    fn a_full_space_makes_longer_texts() {
        let real: Vec<String> = (0..100).rev().map(|i| format!("{i:02}")).chain(["0x".to_owned()]).collect();
        check(Storage::Text, &real, 500);
        // Consecutive and padded is a counter; without one number in the middle it is a pattern with one free text.
        let real: Vec<String> = (0..100).filter(|i| *i != 50).map(|i| format!("{i:02}")).collect();
        check(Storage::Text, &real, 500);
    }

    #[test]
    fn a_single_identifier_leaves_nothing_of_itself() {
        let (shape, _) = check(Storage::Text, &["SMITH1".to_owned()], 50);
        let text = format!("{shape:?}");
        assert!(!text.contains("SMITH") && !text.contains('S'.to_string().repeat(2).as_str()), "{text}");
        check(Storage::Text, &["a b".to_owned(), "much longer text".to_owned()], 50);
    }

    #[test]
    fn which_free_heads_are_kept_follows_from_the_identifiers() {
        let real: Vec<String> = (0..300_u64).map(|i| format!("{:08x}", mix(7, i) >> 32)).collect();
        let heads = |real: &[String]| {
            let real: Vec<&str> = real.iter().map(String::as_str).collect();
            match IdentifierShape::of(&table(Storage::Text, &real), 0) {
                IdentifierShape::Pattern { free_heads, .. } => free_heads,
                shape => panic!("{shape:?}"),
            }
        };
        let mut others = real.clone();
        others[0] = "01234567".to_owned();
        let (one, other) = (heads(&real), heads(&others));
        assert_eq!(one, heads(&real));
        // Of 16^4 heads 1024 each: in common by chance are about sixteen.
        assert!(one.iter().filter(|head| other.contains(head)).count() < 60);
    }

    #[test]
    fn the_permutation_is_one() {
        for n in [1, 2, 3, 10, 1000, 4097] {
            let permutation = Permutation::new(n, 42);
            let image: HashSet<u64> = (0..n).map(|i| permutation.at(i)).collect();
            assert_eq!(image.len() as u64, n);
        }
    }

    #[test]
    fn another_seed_gives_other_identifiers() {
        let real: Vec<String> = (0..50_u64).map(|i| format!("{:08x}", mix(5, i) >> 32)).collect();
        let real: Vec<&str> = real.iter().map(String::as_str).collect();
        let shape = IdentifierShape::of(&table(Storage::Text, &real), 0);
        assert_ne!(shape.generate(0, 1), shape.generate(0, 2));
    }
}
