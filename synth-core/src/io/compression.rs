//! gzip and Zstandard around a file, with bounds on what comes out when it is read.

use std::io::{Read, Write};

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
    let bound = most_unpacked(n_packed, limits);
    let mut unpacked = Vec::new();
    from.by_ref().take(bound + 1).read_to_end(&mut unpacked).map_err(|_| corrupt(what))?;
    check_unpacked(unpacked.len() as u128, n_packed, limits)?;
    Ok(unpacked)
}

fn most_unpacked(n_packed: usize, limits: &Limits) -> u64 {
    limits.bytes.min((n_packed as u64).saturating_mul(limits.ratio).max(RATIO_FROM))
}

/// Refuses what unpacks to more bytes than are read, or to suspiciously many for its size.
pub(super) fn check_unpacked(n_unpacked: u128, n_packed: usize, limits: &Limits) -> Result<()> {
    let bound = most_unpacked(n_packed, limits);
    if n_unpacked <= u128::from(bound) {
        return Ok(());
    }
    if bound == limits.bytes {
        return Err(too_many_bytes(limits.bytes).into());
    }
    let problem = format!("the file decompresses to more than {} times its size", limits.ratio);
    Err(BadInput::new(Rule::TooLarge, problem).hint("decompress it first if it is what it should be").into())
}

/// An output behind the compression that is asked for.
pub(super) enum Packed<W: Write> {
    Plain(W),
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Packed<W> {
    pub(super) fn new(out: W, compression: Compression) -> std::io::Result<Self> {
        Ok(match compression {
            Compression::None => Packed::Plain(out),
            Compression::Gzip => Packed::Gzip(flate2::write::GzEncoder::new(out, flate2::Compression::default())),
            // Zero stands for the library's own default level.
            Compression::Zstd => Packed::Zstd(zstd::stream::write::Encoder::new(out, 0)?),
        })
    }

    /// Ends the compression.
    pub(super) fn finish(self) -> std::io::Result<W> {
        match self {
            Packed::Plain(out) => Ok(out),
            Packed::Gzip(out) => out.finish(),
            Packed::Zstd(out) => out.finish(),
        }
    }
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Packed::Plain(out) => out.write(bytes),
            Packed::Gzip(out) => out.write(bytes),
            Packed::Zstd(out) => out.write(bytes),
        }
    }

    /// Compressed bytes wait for the end: nobody reads half a file, and a flush between makes it larger.
    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Packed::Plain(out) => out.flush(),
            Packed::Gzip(_) | Packed::Zstd(_) => Ok(()),
        }
    }
}

fn corrupt(what: &str) -> BadInput {
    BadInput::new(Rule::Corrupt, format!("the {what} data is damaged or cut off")).hint("copy the file again")
}
