//! Named streams of random numbers, so that each draw can be repeated alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What a stream is for: two purposes under one seed never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    Weights = 1,
    Validation = 2,
    Order = 3,
    Encoding = 4,
    Noise = 5,
    Sample = 6,
    Pool = 7,
    Folds = 8,
    Rounding = 9,
    Fakes = 10,
    Pilot = 11,
    Redraw = 12,
}

/// The stream number `index` for `purpose` under `seed`.
///
/// ChaCha with 8 rounds, named by its algorithm: a library's "standard" generator may change under us.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}
