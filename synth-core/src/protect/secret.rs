//! The randomness of a protection: what nobody who sees the protected table knows.
//!
//! A rule that follows from the table alone can be repeated by whoever knows the other rows, with a person and without
//! her, and the release says which it was. So every choice that a protection is free in is drawn from a secret.

use std::fmt;
use std::io;

use rand::RngCore;
use rand::rngs::OsRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

use crate::seed::Seed;

/// The key of all random choices of a protection, 32 bytes. Neither shown nor written down: whoever has it and all rows but one
/// can test a guess at that one.
///
/// ```
/// use synth_core::protect::Secret;
///
/// let secret = Secret::drawn()?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The same for the same seed: for tests, and for runs that must repeat. It is as secret as the seed is.
    pub fn from_seed(seed: u64) -> Self {
        Self(hash(&[b"protection", &seed.to_le_bytes()]))
    }

    /// That of a run or a fit with this seed: the one [from](Self::from_seed) a number that was given, or 256 bits that follow
    /// from a drawn one and tell nothing of it.
    pub fn of(seed: &Seed) -> Self {
        seed.as_number().map_or_else(|| Self(seed.key("protection")), Self::from_seed)
    }

    /// Drawn from the operating system: another one each time.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn drawn() -> io::Result<Self> {
        let mut key = [0; 32];
        OsRng.try_fill_bytes(&mut key).map_err(io::Error::other)?;
        Ok(Self(key))
    }

    /// The stream for one purpose, told by its parts (the name of a column, a rule): what another purpose draws, and how much,
    /// does not change it.
    ///
    /// ChaCha with 20 rounds: an attacker sees what follows from it.
    pub(super) fn stream(&self, purpose: &[&[u8]]) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(hash(&[&[&self.0[..]], purpose].concat()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The digest of the parts and of where each ends.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_follow_from_the_secret_and_the_purpose_alone() {
        let first = |secret: &Secret, purpose: [&str; 2]| secret.stream(&purpose.map(str::as_bytes)).next_u64();
        let secret = Secret::from_seed(1);
        assert_eq!(first(&secret, ["age", "cap"]), first(&Secret::from_seed(1), ["age", "cap"]));
        assert_ne!(first(&secret, ["age", "cap"]), first(&secret, ["agec", "ap"]));
        assert_ne!(first(&secret, ["age", "cap"]), first(&Secret::from_seed(2), ["age", "cap"]));
        assert_ne!(first(&Secret::drawn().unwrap(), ["age", "cap"]), first(&Secret::drawn().unwrap(), ["age", "cap"]));
        let of = |seed: &Seed| first(&Secret::of(seed), ["age", "cap"]);
        assert_eq!(of(&Seed::from(1)), first(&secret, ["age", "cap"]));
        let drawn = Seed::drawn().unwrap();
        assert_eq!(of(&drawn), of(&drawn.revealed().parse().unwrap()));
        assert_ne!(of(&drawn), of(&Seed::from(drawn.number())));
    }
}
