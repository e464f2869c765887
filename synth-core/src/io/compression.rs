//! gzip and Zstandard around a file, with bounds on what comes out when it is read.

use std::io::{BufReader, Read, Write};

use super::encoding::bad;
use super::limits::{Limits, too_many_bytes};
use crate::error::{BadInput, InputRule};
use crate::schema::Compression;

/// Below this many bytes no ratio is suspicious: a short header may be followed by many equal rows.
const RATIO_FROM: u64 = 16 << 20;

/// The compression that the first bytes tell.
pub(super) fn told_by(start: &[u8]) -> Compression {
    if start.starts_with(&[0x1f, 0x8b]) {
        Compression::Gzip
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Compression::Zstd
    } else {
        Compression::None
    }
}

/// What a file decompresses to, with a bound: what is more, and what cannot be decompressed, is [`BadInput`] as an error of
/// reading.
pub(super) struct Unpacked<R: Read> {
    from: Source<R>,
    n_packed: u64,
    n_unpacked: u64,
    room: u64,
    limits: Limits,
}

enum Source<R: Read> {
    Plain(R),
    // A gzip file may have several members, one after the other.
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<R>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<R>>),
}

impl<R: Read> Unpacked<R> {
    /// Of a file of `n_packed` bytes, of which `room` may be read.
    pub(super) fn new(
        from: R,
        compression: Compression,
        n_packed: u64,
        room: u64,
        limits: &Limits,
    ) -> std::io::Result<Self> {
        let from = match compression {
            Compression::None => Source::Plain(from),
            Compression::Gzip => Source::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(from)))),
            Compression::Zstd => Source::Zstd(
                zstd::stream::read::Decoder::with_buffer(BufReader::new(from))
                    .map_err(|_| bad(corrupt("Zstandard")))?,
            ),
        };
        Ok(Self { from, n_packed, n_unpacked: 0, room, limits: *limits })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = match &mut self.from {
            Source::Plain(from) => from.read(out)?,
            Source::Gzip(from) => from.read(out).map_err(|_| bad(corrupt("gzip")))?,
            Source::Zstd(from) => from.read(out).map_err(|_| bad(corrupt("Zstandard")))?,
        };
        self.n_unpacked += n as u64;
        if self.n_unpacked > self.room {
            return Err(bad(too_many_bytes(self.limits.bytes)));
        }
        if !matches!(self.from, Source::Plain(_)) {
            check_ratio(self.n_unpacked.into(), self.n_packed, &self.limits).map_err(bad)?;
        }
        Ok(n)
    }
}

/// Refuses what unpacks to more bytes than are read, or to suspiciously many for its size.
#[cfg(feature = "spreadsheet")]
pub(super) fn check_unpacked(n_unpacked: u128, n_packed: u64, limits: &Limits) -> Result<(), BadInput> {
    if n_unpacked > u128::from(limits.bytes) {
        return Err(too_many_bytes(limits.bytes));
    }
    check_ratio(n_unpacked, n_packed, limits)
}

fn check_ratio(n_unpacked: u128, n_packed: u64, limits: &Limits) -> Result<(), BadInput> {
    if n_unpacked <= u128::from(n_packed.saturating_mul(limits.ratio).max(RATIO_FROM)) {
        return Ok(());
    }
    let problem = format!("the file decompresses to more than {} times its size", limits.ratio);
    Err(BadInput::new(InputRule::TooLarge, problem).hint("decompress it first if that is intended"))
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
    BadInput::new(InputRule::Corrupt, format!("the {what} data is damaged or cut off")).hint("copy the file again")
}
