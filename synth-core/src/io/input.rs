//! Where the bytes of one file are, to be gone through from the beginning as often as is needed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes};

use super::compression::{self, Unpacked};
use super::limits::{Limits, too_many_bytes};
use crate::error::{BadInput, Error, Result};
use crate::schema::Compression;

/// A file, and what messages call it.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) name: Option<String>,
    pub(super) compression: Compression,
    from: From,
    /// Bytes of the file as it is.
    pub(super) n_bytes: u64,
    /// Bytes that may be read of it, compressed or not.
    room: u64,
    limits: Limits,
}

#[derive(Debug)]
enum From {
    Path(PathBuf),
    Memory(Bytes),
    /// As memory, but given a few bytes at a time.
    #[cfg(test)]
    Pieces(Bytes, usize),
}

impl Input {
    /// The file at `path`. What can be read once only, as a pipe, is read into memory.
    ///
    /// `n_before` bytes of the limit are taken by other files.
    pub(super) fn of_path(path: &Path, name: String, limits: &Limits, n_before: u64) -> Result<Self> {
        let failed = |source| Error::cannot_read(&name, source);
        let metadata = std::fs::metadata(path).map_err(failed)?;
        let from = if metadata.is_file() {
            From::Path(path.to_owned())
        } else {
            let mut bytes = Vec::new();
            let file = File::open(path).map_err(failed)?;
            file.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
            From::Memory(bytes.into())
        };
        let n_bytes = match &from {
            From::Path(_) => metadata.len(),
            _ => from.len(),
        };
        Self::new(from, n_bytes, Some(name), limits, n_before)
    }

    pub(super) fn of_bytes(bytes: Bytes, name: Option<String>, limits: &Limits) -> Result<Self> {
        let n_bytes = bytes.len() as u64;
        Self::new(From::Memory(bytes), n_bytes, name, limits, 0)
    }

    /// Of bytes that come `n` at a time.
    #[cfg(test)]
    pub(super) fn of_pieces(bytes: Bytes, n: usize, limits: &Limits) -> Result<Self> {
        let n_bytes = bytes.len() as u64;
        Self::new(From::Pieces(bytes, n), n_bytes, None, limits, 0)
    }

    fn new(from: From, n_bytes: u64, name: Option<String>, limits: &Limits, n_before: u64) -> Result<Self> {
        let room = limits.bytes.saturating_sub(n_before);
        if n_bytes > room {
            return Err(named(too_many_bytes(limits.bytes).into(), name.as_deref()));
        }
        let mut input = Self { name, compression: Compression::None, from, n_bytes, room, limits: *limits };
        let mut start = Vec::new();
        let read = input.from.open().and_then(|from| from.take(4).read_to_end(&mut start));
        read.map_err(|error| input.lifted(error))?;
        input.compression = compression::told_by(&start);
        Ok(input)
    }

    /// The bytes, decompressed, from the first. Reading more than is allowed is an error of reading.
    pub(super) fn open(&self) -> io::Result<Unpacked<Box<dyn Read + '_>>> {
        Unpacked::new(self.from.open()?, self.compression, self.n_bytes, self.room, &self.limits)
    }

    /// The first bytes, at most `n`, decompressed.
    pub(super) fn start(&self, n: u64) -> Result<Vec<u8>> {
        let mut start = Vec::new();
        let read = self.open().and_then(|from| from.take(n).read_to_end(&mut start));
        read.map_err(|error| self.lifted(error))?;
        Ok(start)
    }

    /// The file itself where it can be read in any order without more memory: it is not compressed, and at a path.
    pub(super) fn file(&self) -> Result<Option<File>> {
        match (&self.from, self.compression) {
            (From::Path(path), Compression::None) => File::open(path).map(Some).map_err(|error| self.lifted(error)),
            _ => Ok(None),
        }
    }

    /// All bytes, decompressed, in memory.
    pub(super) fn whole(&self) -> Result<Bytes> {
        if let (From::Memory(bytes), Compression::None) = (&self.from, self.compression) {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::new();
        let read = self.open().and_then(|mut from| from.read_to_end(&mut bytes));
        read.map_err(|error| self.lifted(error))?;
        Ok(bytes.into())
    }

    /// The bytes, decompressed, to be read in any order.
    pub(super) fn seekable(&self) -> Result<Box<dyn Seekable>> {
        Ok(match self.file()? {
            Some(file) => Box::new(BufReader::with_capacity(1 << 20, file)),
            None => Box::new(io::Cursor::new(self.whole()?)),
        })
    }

    /// An error of reading as one of this crate.
    pub(super) fn lifted(&self, error: io::Error) -> Error {
        named(lifted(error, self.name.as_deref()), self.name.as_deref())
    }
}

/// What can be read in any order.
pub(super) trait Seekable: io::BufRead + Seek {}
impl<T: io::BufRead + Seek> Seekable for T {}

impl From {
    fn len(&self) -> u64 {
        match self {
            From::Path(_) => 0,
            From::Memory(bytes) => bytes.len() as u64,
            #[cfg(test)]
            From::Pieces(bytes, _) => bytes.len() as u64,
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            From::Path(path) => Box::new(File::open(path)?),
            From::Memory(bytes) => Box::new(bytes.clone().reader()),
            #[cfg(test)]
            From::Pieces(bytes, n) => Box::new(super::tests::Trickle { bytes, n: *n }),
        })
    }
}

/// Takes bad input out of an error of reading; another one is the operating system's.
pub(super) fn lifted(error: io::Error, name: Option<&str>) -> Error {
    match error.downcast::<BadInput>() {
        Ok(bad) => bad.into(),
        Err(source) => Error::cannot_read(name.unwrap_or("the input"), source),
    }
}

/// Names the input in an error about it.
pub(super) fn named(error: Error, name: Option<&str>) -> Error {
    match (error, name) {
        (Error::BadInput(bad), Some(name)) => bad.in_input(name).into(),
        (error, _) => error,
    }
}
