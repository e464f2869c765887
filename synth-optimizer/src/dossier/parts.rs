//! Where a table goes: to one file, or to numbered files of at most so many rows each.
//!
//! Each of the files is a whole one, with a header of its own; below each other they have the rows of the one file. They
//! are written beside their places, and have their names when all of them are whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use synth_core::io::Writer;
use synth_core::schema::Source;
use synth_core::{Schema, Table};
use tempfile::NamedTempFile;

use super::outputs::{self, Pending, Readers, Replace, failed};
use crate::error::{Error, Result};

/// The most files that a table is split into. No measure stands behind it: a folder of more is of little use.
const MAX_PARTS: u64 = 10_000;

/// Where a table goes, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The file, or what the names of its parts are made of.
    pub path: &'a Path,
    /// The most rows of a file; `None`: one file has them all.
    pub split: Option<u64>,
    /// The form.
    pub source: &'a Source,
    /// Who may read it.
    pub readers: Readers,
}

/// What the rows of a table are handed to, block by block.
pub type Take<'a> = dyn FnMut(&Table) -> Result<()> + 'a;

impl Destination<'_> {
    /// Writes a table of `n_rows` rows, which `give` hands over, and gives the files their names: all, or none. Those of
    /// `earlier` that are not replaced go away. Says which files there are.
    ///
    /// # Errors
    /// Those of `give`; [`Error::Table`] and [`Error::File`] if something cannot be written; [`Error::TooManyFiles`].
    pub fn write<E: From<Error>>(
        &self,
        schema: &Arc<Schema>,
        n_rows: u64,
        earlier: &[PathBuf],
        replace: Replace,
        give: impl FnOnce(&mut Take<'_>) -> Result<(), E>,
    ) -> Result<Vec<PathBuf>, E> {
        let pending = self.fill(schema, n_rows, give)?;
        let published = Pending::publish_all(pending, replace)?;
        for stale in earlier.iter().filter(|path| !published.contains(path)) {
            std::fs::remove_file(stale).map_err(failed("remove", stale))?;
        }
        Ok(published)
    }

    /// Writes the files beside their places.
    pub(super) fn fill<E: From<Error>>(
        &self,
        schema: &Arc<Schema>,
        n_rows: u64,
        give: impl FnOnce(&mut Take<'_>) -> Result<(), E>,
    ) -> Result<Vec<Pending>, E> {
        let n_parts = self.split.map(|split| n_parts(n_rows, split)).transpose()?;
        let mut parts = Parts { to: self, schema, n_parts, begun: None, done: Vec::new() };
        give(&mut |table| parts.take(table))?;
        Ok(parts.finish()?)
    }

    /// What fails while a table is written.
    fn failed(&self, source: synth_core::Error) -> Error {
        Error::Table { path: self.path.display().to_string(), source }
    }
}

/// The files of a table as they are written.
struct Parts<'a> {
    to: &'a Destination<'a>,
    schema: &'a Arc<Schema>,
    /// If the table is split.
    n_parts: Option<u64>,
    begun: Option<Begun>,
    done: Vec<Pending>,
}

/// A file that is not whole.
struct Begun {
    path: PathBuf,
    file: NamedTempFile,
    writer: Writer<BufWriter<File>>,
    n_rows: u64,
}

impl Parts<'_> {
    fn take(&mut self, table: &Table) -> Result<()> {
        let mut start = 0;
        while start < table.n_rows() {
            let mut part = self.begun.take().map_or_else(|| self.begin(), Ok)?;
            let room = self.to.split.map_or(u64::MAX, |split| split - part.n_rows);
            let end = start + usize::try_from(room).unwrap_or(usize::MAX).min(table.n_rows() - start);
            part.writer.write(&table.slice(start..end)).map_err(|error| self.to.failed(error))?;
            part.n_rows += (end - start) as u64;
            start = end;
            if Some(part.n_rows) == self.to.split {
                self.end(part)?;
            } else {
                self.begun = Some(part);
            }
        }
        Ok(())
    }

    fn begin(&self) -> Result<Begun> {
        let path = match self.n_parts {
            Some(n_parts) => part_path(self.to.path, self.done.len() as u64 + 1, n_parts),
            None => self.to.path.to_owned(),
        };
        let begun = outputs::begin(&path, self.to.readers).and_then(|file| Ok((file.as_file().try_clone()?, file)));
        let (out, file) = begun.map_err(failed("write", self.to.path))?;
        let writer = Writer::new(self.schema, self.to.source, BufWriter::new(out));
        let writer = writer.map_err(|error| self.to.failed(error))?;
        Ok(Begun { path, file, writer, n_rows: 0 })
    }

    fn end(&mut self, part: Begun) -> Result<()> {
        part.writer.finish().map_err(|error| self.to.failed(error))?;
        self.done.push(Pending::end(&part.path, part.file).map_err(failed("write", self.to.path))?);
        Ok(())
    }

    /// Ends the last file. A table without rows is a file without rows.
    fn finish(mut self) -> Result<Vec<Pending>> {
        match self.begun.take() {
            Some(part) => self.end(part)?,
            None if self.done.is_empty() => {
                let part = self.begin()?;
                self.end(part)?;
            }
            None => {}
        }
        Ok(self.done)
    }
}

/// Refuses early to split a table of `n_rows` rows into too many files.
///
/// # Errors
/// [`Error::TooManyFiles`].
pub fn check_number(split: Option<u64>, n_rows: u64) -> Result<()> {
    split.map_or(Ok(()), |split| n_parts(n_rows, split).map(drop))
}

/// How many files a table becomes.
fn n_parts(n_rows: u64, split: u64) -> Result<u64> {
    match n_rows.div_ceil(split).max(1) {
        n_files if n_files > MAX_PARTS => Err(Error::TooManyFiles { split, n_files, n_rows, most: MAX_PARTS }),
        n_files => Ok(n_files),
    }
}

/// The file of a part, counted from 1: `a.csv.gz` has `a-01.csv.gz`. As many digits as the last one needs, so that the names
/// sort.
fn part_path(path: &Path, number: u64, n_parts: u64) -> PathBuf {
    let (stem, extension) = stem_and_extension(path);
    let width = n_parts.to_string().len();
    path.with_file_name(format!("{stem}-{number:0width$}{extension}"))
}

/// The name before its extension, and the extension with its point, and with that of a compression.
fn stem_and_extension(path: &Path) -> (String, String) {
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let is_packed = [".gz", ".zst"].iter().any(|end| name.to_lowercase().ends_with(end));
    let before = if is_packed { name.rfind('.').unwrap_or(name.len()) } else { name.len() };
    let end = name[..before].rfind('.').unwrap_or(before);
    let end = if end == 0 { name.len() } else { end };
    (name[..end].to_owned(), name[end..].to_owned())
}

/// Whether `name` is `stem` with a number of a part behind it.
pub(super) fn is_part_of(name: &str, stem: &str) -> bool {
    let number = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The parts of an earlier table of the same name.
fn earlier_parts(path: &Path) -> Result<Vec<PathBuf>> {
    let (stem, extension) = stem_and_extension(path);
    let folder = outputs::folder_of(path);
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder).map_err(failed("read", folder))? {
        let name = entry.map_err(failed("read", folder))?.file_name();
        if name.to_str().and_then(|name| name.strip_suffix(&extension)).is_some_and(|name| is_part_of(name, &stem)) {
            found.push(path.with_file_name(name));
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses early what could not be written at the end, and what would be written over an input. Gives the parts of an
/// earlier table of the same name, which a split one replaces whole.
///
/// # Errors
/// As [`outputs::check_output`].
pub fn check_output(path: &Path, split: Option<u64>, inputs: &[PathBuf], replace: Replace) -> Result<Vec<PathBuf>> {
    if split.is_none() {
        outputs::check_output(path, inputs, replace)?;
        return Ok(Vec::new());
    }
    let earlier = earlier_parts(path)?;
    earlier.iter().try_for_each(|part| outputs::check_output(part, inputs, replace))?;
    outputs::check_output(&part_path(path, 1, 1), inputs, replace)?;
    Ok(earlier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts_sort() {
        let name = |path: &str, number, n_parts| part_path(Path::new(path), number, n_parts).display().to_string();
        assert_eq!(name("x/a.csv", 1, 9), "x/a-1.csv");
        assert_eq!(name("a.b.csv.gz", 7, 10), "a.b-07.csv.gz");
        assert_eq!(name("a.parquet.ZST", 12, 1000), "a-0012.parquet.ZST");
        assert_eq!(name("a", 2, 3), "a-2");
        assert_eq!(name(".csv", 2, 3), ".csv-2");
    }

    #[test]
    fn only_numbers_make_a_part() {
        assert!(is_part_of("synthetic-01", "synthetic"));
        for other in ["synthetic", "synthetic-", "synthetic-a", "synthetic-1a", "synthetic1", "my-1"] {
            assert!(!is_part_of(other, "synthetic"), "{other}");
        }
    }

    #[test]
    fn the_last_part_has_the_rest() {
        assert_eq!(n_parts(10, 3).unwrap(), 4);
        assert_eq!(n_parts(9, 3).unwrap(), 3);
        assert_eq!(n_parts(1, u64::MAX).unwrap(), 1);
        assert!(n_parts(10_001, 1).unwrap_err().to_string().contains("maximum is 10000 files"));
    }
}
