//! The seed of all random choices, and how it came about.
//!
//! Who knows the seed and every row but one can test a guess of that one: he makes the table again from the guess and
//! compares. So a seed is a secret: it is drawn from the operating system unless somebody gives one, only its
//! [origin](SeedOrigin) is recorded, and its value stands in files that their owner alone reads.
//!
//! A drawn seed has 256 bits. The [number](Seed::number) that generators take has 64 of them, and each guess of it costs a
//! fit; what is quicker to test (a protection, a seal) has a [key](Seed::key) of the whole.

use std::fmt;
use std::str::FromStr;

use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The seed of all random choices of a run or a fit. `Debug` does not show its value, and it has no `Display`: see
/// [`Seed::revealed`].
///
/// ```
/// use synth_core::{Seed, SeedOrigin};
///
/// let drawn = Seed::drawn()?;
/// assert_eq!(drawn.origin(), SeedOrigin::Drawn);
/// assert_ne!(drawn, Seed::drawn()?);
/// assert_eq!(Seed::from(7).number(), 7);
/// # Ok::<(), synth_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Seed {
    origin: SeedOrigin,
    value: Value,
}

#[derive(Clone, PartialEq, Eq)]
enum Value {
    /// As people give it.
    Number(u64),
    /// As it is drawn.
    Key([u8; 32]),
}

/// How a seed came about: what records say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedOrigin {
    /// From the operating system: only who has the model or the unfinished run has it.
    Drawn,
    /// By the caller: whoever knows or guesses it can repeat the run.
    Given,
}

impl fmt::Display for SeedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SeedOrigin::Drawn => "drawn from the operating system; no file but the model has it",
            SeedOrigin::Given => "given by the caller",
        })
    }
}

impl Seed {
    /// A seed of 256 bits from the operating system.
    ///
    /// # Errors
    /// [`Error::Io`] if it has no random numbers to give.
    pub fn drawn() -> Result<Self> {
        let mut key = [0; 32];
        let failed = |error| Error::cannot_read("random numbers of the operating system", std::io::Error::other(error));
        OsRng.try_fill_bytes(&mut key).map_err(failed)?;
        Ok(Self { origin: SeedOrigin::Drawn, value: Value::Key(key) })
    }

    /// How it came about.
    pub fn origin(&self) -> SeedOrigin {
        self.origin
    }

    /// What generators, splits and measures take: the number that was given, or 64 bits that follow from the seed.
    pub fn number(&self) -> u64 {
        match &self.value {
            Value::Number(number) => *number,
            Value::Key(_) => {
                let [a, b, c, d, e, f, g, h, ..] = self.key("generators");
                u64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
        }
    }

    /// The number, if it is one.
    pub(crate) fn as_number(&self) -> Option<u64> {
        match &self.value {
            Value::Number(number) => Some(*number),
            Value::Key(_) => None,
        }
    }

    /// A key for one purpose: it tells nothing of the seed, nor of the keys for other purposes.
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        match &self.value {
            Value::Number(number) => hash.update(number.to_le_bytes()),
            Value::Key(key) => hash.update(key),
        }
        hash.update(purpose);
        hash.finalize().into()
    }

    /// The value, for the eyes of its owner: a number, or 64 hexadecimal digits. Parsing gives a seed of the same value.
    pub fn revealed(&self) -> String {
        match &self.value {
            Value::Number(number) => number.to_string(),
            Value::Key(key) => key.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({:?})", self.origin)
    }
}

/// A seed that is given.
impl From<u64> for Seed {
    fn from(number: u64) -> Self {
        Self { origin: SeedOrigin::Given, value: Value::Number(number) }
    }
}

/// Text that is no seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number below 2^64, or 64 hexadecimal digits")]
pub struct ParseSeedError;

/// A seed that is given, as [`Seed::revealed`] writes it.
impl FromStr for Seed {
    type Err = ParseSeedError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseSeedError> {
        let value = match text.len() {
            64 if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                let digits = |i: usize| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("they are digits");
                Value::Key(std::array::from_fn(digits))
            }
            _ => Value::Number(text.parse().map_err(|_| ParseSeedError)?),
        };
        Ok(Self { origin: SeedOrigin::Given, value })
    }
}

/// A seed in files that only its owner reads, for `#[serde(with = "synth_core::seed::kept")]`: a seed serialises nowhere else.
pub mod kept {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Seed, SeedOrigin};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Kept {
        origin: SeedOrigin,
        value: String,
    }

    /// Writes the seed with its value.
    ///
    /// # Errors
    /// Those of `form`.
    pub fn serialize<S: Serializer>(seed: &Option<Seed>, form: S) -> Result<S::Ok, S::Error> {
        let kept = seed.as_ref().map(|seed| Kept { origin: seed.origin, value: seed.revealed() });
        kept.serialize(form)
    }

    /// Reads a seed with its value.
    ///
    /// # Errors
    /// Those of `form`; if the value is none of a seed.
    pub fn deserialize<'de, D: Deserializer<'de>>(form: D) -> Result<Option<Seed>, D::Error> {
        let Some(Kept { origin, value }) = Option::deserialize(form)? else { return Ok(None) };
        let seed: Seed = value.parse().map_err(D::Error::custom)?;
        Ok(Some(Seed { origin, ..seed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        #[serde(with = "kept")]
        seed: Option<Seed>,
    }

    #[test]
    fn a_value_is_shown_only_where_it_is_asked_for() {
        let drawn = Seed::drawn().unwrap();
        assert_eq!((format!("{drawn:?}"), drawn.revealed().len()), ("Seed(Drawn)".to_owned(), 64));
        assert_eq!((format!("{:?}", Seed::from(7)), Seed::from(7).revealed()), ("Seed(Given)".to_owned(), "7".into()));
    }

    #[test]
    fn what_is_revealed_repeats_all_that_follows() {
        for seed in [Seed::drawn().unwrap(), Seed::from(u64::MAX), Seed::from(0)] {
            let again: Seed = seed.revealed().parse().unwrap();
            assert_eq!(again.origin(), SeedOrigin::Given);
            assert_eq!((again.number(), again.key("a")), (seed.number(), seed.key("a")));
            assert_ne!(seed.key("a"), seed.key("b"));
            let file = File { seed: Some(seed) };
            assert_eq!(toml::from_str::<File>(&toml::to_string(&file).unwrap()).unwrap(), file);
        }
        for text in ["", "x", "-1", "18446744073709551616", "7.0", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(text.parse::<Seed>(), Err(ParseSeedError), "{text}");
        }
    }
}
