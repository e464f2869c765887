//! gzip and Zstandard around a file, with bounds on what comes out.

use std::io::Read;

use super::{Limits, too_many_bytes};
use crate::error::{BadInput, Result, Rule};
use crate::schema::Compression;

/// Below this many bytes no ratio is suspicious: a short header may be followed by many equal rows.
const RATIO_FROM: u64 = 16 << 20;

/// Undoes the compression that the first bytes tell.
pub(super) fn unpack(bytes: Vec<u8>, limits: &Limits) -> Result<(Vec<u8>, Compression)> {
    if bytes.len() as u64 > limits.bytes {
        return Err(too_many_bytes(limits.bytes).into());
    }
    let packed = bytes.as_slice();
    if packed.starts_with(&[0x1f, 0x8b]) {
        // A gzip file may have several members, one after the other.
        let unpacked = read_bounded(flate2::read::MultiGzDecoder::new(packed), packed.len(), limits, "gzip")?;
        return Ok((unpacked, Compression::Gzip));
    }
    if packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|_| corrupt("Zstandard"))?;
        return Ok((read_bounded(decoder, packed.len(), limits, "Zstandard")?, Compression::Zstd));
    }
    Ok((bytes, Compression::None))
}

fn read_bounded(mut from: impl Read, n_packed: usize, limits: &Limits, what: &str) -> Result<Vec<u8>> {
    let by_ratio = (n_packed as u64).saturating_mul(limits.ratio).max(RATIO_FROM);
    let bound = limits.bytes.min(by_ratio);
    let mut unpacked = Vec::new();
    from.by_ref().take(bound + 1).read_to_end(&mut unpacked).map_err(|_| corrupt(what))?;
    if unpacked.len() as u64 <= bound {
        return Ok(unpacked);
    }
    if bound == limits.bytes {
        return Err(too_many_bytes(limits.bytes).into());
    }
    let problem = format!("the file decompresses to more than {} times its size", limits.ratio);
    Err(BadInput::new(Rule::TooLarge, problem).hint("decompress it first if it is what it should be").into())
}

fn corrupt(what: &str) -> BadInput {
    BadInput::new(Rule::Corrupt, format!("the {what} data is damaged or cut off")).hint("copy the file again")
}
