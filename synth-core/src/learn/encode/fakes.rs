//! Invented names, places and addresses in place of real ones.
//!
//! What is invented is never a cell of the real column, and what is kept to make sure of that tells nearly nothing of
//! the real cells: values fall into *buckets* by a hash that anybody may compute, at least sixteen for each real
//! value. Buckets with a real value are closed, and so is every other one by the toss of a coin; a value is invented
//! until it falls into an open bucket. Who finds that a bucket is closed learns that a value in it is at most twice as
//! likely to be real as before; the coins follow from all cells of the column together and cannot be tossed again
//! without them. Values are compared by their letters and digits alone, in any case, words in any order.
//!
//! Row *i* is given the same value for the same model and seed. Names kept free for documentation are used where there
//! are any (RFC 2606, RFC 5737, RFC 3849, the numbers 555-01xx), so that nobody is called or written to. Values may
//! repeat. Left out on purpose: other languages than English, and that the mail of a row fits its name.

use fake::Fake;
use fake::faker::address::en::{BuildingNumber, CityName, StreetName, ZipCode};
use fake::faker::company::en::CompanyName;
use fake::faker::lorem::en::Word;
use fake::faker::name::en::{FirstName, LastName};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::learn::random::{Purpose, stream};
use crate::protect::FakeKind;

/// Buckets for each distinct real value, at least.
const BUCKETS_PER_VALUE: usize = 16;
/// The fewest and the most buckets, as powers of two: half a megabyte at the most.
const BITS: std::ops::RangeInclusive<u32> = 10..=22;
/// How often a value is invented before it is given a number as well.
const MAX_TRIES: usize = 200;

/// How to invent the values of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fakes {
    what: FakeKind,
    case: Case,
    /// There are two to this power of buckets.
    bits: u32,
    /// A bit for each bucket: 1 is open.
    open: Vec<u64>,
}

/// The case of a column's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Case {
    Mixed,
    Upper,
    Lower,
}

impl Fakes {
    /// For a column with the given cells.
    pub(super) fn fit(what: FakeKind, cells: &[Option<String>]) -> Self {
        let present = || cells.iter().flatten();
        let mut real: Vec<u64> = present().map(|cell| hash(&plain(cell))).collect();
        real.sort_unstable();
        real.dedup();
        let bits = (real.len() * BUCKETS_PER_VALUE).next_power_of_two().ilog2().clamp(*BITS.start(), *BITS.end());
        let mut secret = Sha256::new();
        for cell in present() {
            secret.update(cell.as_bytes());
            secret.update([0xff]);
        }
        let mut coins = ChaCha8Rng::from_seed(secret.finalize().into());
        let mut open: Vec<u64> = (0..(1_usize << bits) / 64).map(|_| coins.next_u64()).collect();
        for hash in real {
            let bucket = bucket(hash, bits);
            open[bucket / 64] &= !(1 << (bucket % 64));
        }
        let letters = || present().flat_map(|cell| cell.chars()).filter(|c| c.is_alphabetic());
        let case = match (letters().any(char::is_uppercase), letters().any(char::is_lowercase)) {
            (true, false) => Case::Upper,
            (false, true) => Case::Lower,
            _ => Case::Mixed,
        };
        Self { what, case, bits, open }
    }

    /// Whether values can be made from one that was read from a file.
    pub(super) fn is_sound(&self) -> bool {
        BITS.contains(&self.bits) && self.open.len() == (1 << self.bits) / 64
    }

    /// The value of row `row_idx` of the column called `column`; `None` if hardly any bucket is open.
    pub(super) fn generate(&self, column: &str, row_idx: u64, seed: u64) -> Option<String> {
        let mut rng = stream(seed ^ hash(column), Purpose::Fakes, row_idx);
        let mut value = String::new();
        for _ in 0..MAX_TRIES {
            value = self.spell(invent(self.what, &mut rng));
            if self.is_open(&value) {
                return Some(value);
            }
        }
        let numbered = (0..MAX_TRIES).map(|_| format!("{value} {}", rng.gen_range(2..10_000)));
        numbered.into_iter().find(|value| self.is_open(value))
    }

    fn is_open(&self, value: &str) -> bool {
        let bucket = bucket(hash(&plain(value)), self.bits);
        self.open[bucket / 64] >> (bucket % 64) & 1 == 1
    }

    fn spell(&self, value: String) -> String {
        match self.case {
            Case::Mixed => value,
            Case::Upper => value.to_uppercase(),
            Case::Lower => value.to_lowercase(),
        }
    }
}

fn invent<R: Rng>(what: FakeKind, rng: &mut R) -> String {
    let given = |rng: &mut R| FirstName().fake_with_rng::<String, _>(rng);
    let family = |rng: &mut R| LastName().fake_with_rng::<String, _>(rng);
    let login = |rng: &mut R, between: char| {
        let login = format!("{}{between}{}", given(rng), family(rng)).to_lowercase();
        let login: String = login.chars().filter(|c| c.is_ascii_alphanumeric() || *c == between).collect();
        format!("{login}{}", rng.gen_range(1..100))
    };
    let street = |rng: &mut R| {
        let number: String = BuildingNumber().fake_with_rng(rng);
        format!("{number} {}", StreetName().fake_with_rng::<String, _>(rng))
    };
    match what {
        FakeKind::Name => format!("{} {}", given(rng), family(rng)),
        FakeKind::FirstName => given(rng),
        FakeKind::LastName => family(rng),
        FakeKind::Username => login(rng, '_'),
        FakeKind::Street => street(rng),
        FakeKind::City => CityName().fake_with_rng(rng),
        FakeKind::County => format!("{} County", family(rng)),
        FakeKind::Address => {
            let (street, city) = (street(rng), CityName().fake_with_rng::<String, _>(rng));
            format!("{street}, {city} {}", ZipCode().fake_with_rng::<String, _>(rng))
        }
        FakeKind::Postcode => ZipCode().fake_with_rng(rng),
        FakeKind::Phone => format!("({}) 555-01{:02}", rng.gen_range(201..990), rng.gen_range(0..100)),
        FakeKind::Email => format!("{}@example.{}", login(rng, '.'), ["com", "net", "org"][rng.gen_range(0..3)]),
        FakeKind::Company => CompanyName().fake_with_rng(rng),
        FakeKind::Url => {
            let (page, number) = (Word().fake_with_rng::<String, _>(rng), rng.gen_range(1..10_000));
            format!("https://www.example.{}/{page}/{number}", ["com", "net", "org"][rng.gen_range(0..3)])
        }
        FakeKind::Ipv4 => {
            let block = ["192.0.2", "198.51.100", "203.0.113"][rng.gen_range(0..3)];
            format!("{block}.{}", rng.gen_range(1..255))
        }
        FakeKind::Ipv6 => {
            format!("2001:db8:{:x}:{:x}::{:x}", rng.r#gen::<u16>(), rng.r#gen::<u16>(), rng.gen_range(1..u16::MAX))
        }
        // The second bit of the first byte says that no maker has given it.
        FakeKind::Mac => {
            let bytes: [u8; 5] = rng.r#gen();
            let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("02:{}", bytes.join(":"))
        }
    }
}

/// What two spellings of one value have in common: its words in small letters, sorted; or its digits, if it has no
/// letters.
fn plain(value: &str) -> String {
    if !value.chars().any(char::is_alphabetic) {
        return value.chars().filter(char::is_ascii_digit).collect();
    }
    let lower = value.to_lowercase();
    let mut words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

fn bucket(hash: u64, bits: u32) -> usize {
    (hash >> (64 - bits)) as usize
}

/// FNV-1a, and the finaliser of SplitMix64 so that its upper bits are as good as its lower ones.
fn hash(text: &str) -> u64 {
    let fnv = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut z = fnv;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ALL: [FakeKind; 16] = [
        FakeKind::Name,
        FakeKind::FirstName,
        FakeKind::LastName,
        FakeKind::Username,
        FakeKind::Street,
        FakeKind::City,
        FakeKind::County,
        FakeKind::Address,
        FakeKind::Postcode,
        FakeKind::Phone,
        FakeKind::Email,
        FakeKind::Company,
        FakeKind::Url,
        FakeKind::Ipv4,
        FakeKind::Ipv6,
        FakeKind::Mac,
    ];

    /// A column drawn from the same source as the fakes: the case in which they would meet.
    fn real(what: FakeKind, n: u64) -> Vec<Option<String>> {
        (0..n).map(|row| Some(invent(what, &mut stream(99, Purpose::Sample, row)))).collect()
    }

    #[test]
    fn no_fake_is_a_real_cell_in_any_spelling() {
        for what in ALL {
            let cells = real(what, 400);
            let fakes = Fakes::fit(what, &cells);
            assert!(fakes.is_sound());
            let taken: HashSet<String> = cells.iter().flatten().map(|cell| plain(cell)).collect();
            let made: Vec<String> = (0..2000).map(|row| fakes.generate("x", row, 7).unwrap()).collect();
            assert!(made.iter().all(|value| !taken.contains(&plain(value))), "{what:?}");
            // There are 470 family names, most of them real ones here.
            assert!(made.iter().collect::<HashSet<_>>().len() > 30, "{what:?}");
            assert!((0..50).all(|row| fakes.generate("x", row, 7).as_ref() == made.get(row as usize)));
            assert!((0..50).any(|row| fakes.generate("y", row, 7).as_ref() != made.get(row as usize)), "{what:?}");
        }
    }

    #[test]
    fn an_exhausted_source_gives_numbered_values() {
        // Every given name there is, many times over.
        let cells = real(FakeKind::FirstName, 60_000);
        let fakes = Fakes::fit(FakeKind::FirstName, &cells);
        let taken: HashSet<&str> = cells.iter().flatten().map(String::as_str).collect();
        for row in 0..200 {
            let made = fakes.generate("x", row, 1).unwrap();
            assert!(!taken.contains(made.as_str()));
        }
    }

    #[test]
    fn what_is_kept_holds_no_cell_and_half_of_the_free_buckets() {
        let cells: Vec<Option<String>> = (0..300).map(|i| Some(format!("CANARY{i} Smith"))).collect();
        let fakes = Fakes::fit(FakeKind::Name, &cells);
        let text = serde_json::to_string(&fakes).unwrap();
        assert!(!text.to_lowercase().contains("canary") && !text.to_lowercase().contains("smith"));
        assert_eq!(serde_json::from_str::<Fakes>(&text).unwrap(), fakes);
        let n_open: u32 = fakes.open.iter().map(|word| word.count_ones()).sum();
        // 8192 buckets, 300 of them real: half of the rest, within five standard deviations.
        assert!((f64::from(n_open) - 0.5 * 7892.0).abs() < 5.0 * (0.25 * 7892.0_f64).sqrt(), "{n_open}");
        // The coins are those of the cells: another column of the same size has others.
        let mut others = cells;
        others[0] = Some("somebody else".to_owned());
        let n_same: u32 =
            fakes.open.iter().zip(&Fakes::fit(FakeKind::Name, &others).open).map(|(a, b)| (a ^ b).count_zeros()).sum();
        assert!(n_same < 5000, "{n_same}");
    }

    #[test]
    fn the_case_of_the_column_is_kept() {
        let fakes = Fakes::fit(FakeKind::City, &[Some("ZURICH".to_owned()), None]);
        assert!((0..20).all(|row| fakes.generate("x", row, 1).unwrap().chars().all(|c| !c.is_lowercase())));
    }

    #[test]
    fn spellings_of_one_value_are_one() {
        let check = |a: &str, b: &str| assert_eq!(plain(a), plain(b));
        check("Smith, John", "john SMITH");
        check("+1 (212) 555-0123", "12125550123");
        check("john.smith@example.org", "John.Smith@EXAMPLE.org");
    }
}
