//! Files in and out. A file appears under its name whole or not at all.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use synth_compliance::{Base, KEY_BYTES, Key, Policy, sha256_of};
use synth_core::io::{Header, ReadOptions, files_of, read_bytes, read_paths};
use synth_core::schema::{Field, Schema};
use synth_core::{BadInput, Error, Rule, Table};
use synth_optimizer::Written;

use crate::args::{Reading, YesNo};
use crate::databases;
use crate::exit::Usage;
use crate::show;

/// The built-in table: see `data/README.md` for its source.
pub(crate) const DEMO: &[u8] = include_bytes!("../data/gbsg2.csv");
/// What the name of a file that is being written begins with.
pub(crate) const TEMPORARY: &str = ".synth-";
/// What the built-in table is called.
pub(crate) const DEMO_NAME: &str = "gbsg2 (built in)";

/// How to read a table, from the arguments.
pub(crate) fn read_options(args: &Reading) -> Result<ReadOptions> {
    let schema = args.schema.as_deref().map(read_schema).transpose()?;
    Ok(ReadOptions { header: header_of(args.header), schema, ..ReadOptions::default() })
}

fn header_of(said: Option<YesNo>) -> Header {
    match said {
        None => Header::Detect,
        Some(YesNo::Yes) => Header::Yes,
        Some(YesNo::No) => Header::No,
    }
}

fn read_schema(path: &Path) -> Result<Schema> {
    let failed = |source| Error::Io { action: "read", name: path.display().to_string(), source };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Schema::from_toml(&text).with_context(|| format!("schema {}", path.display()))
}

/// Reads a table from one or several files, from standard input or from a database, and tells its notes to the user.
pub(crate) fn read_table(paths: &[PathBuf], options: &ReadOptions, quiet: bool) -> Result<Table> {
    check_streams_alone(paths)?;
    let reading = match paths {
        [path] if is_standard(path) => {
            let options = ReadOptions { name: Some(name_of(path)), ..options.clone() };
            read_bytes(read_standard_input(options.limits.bytes)?, &options)?
        }
        [path] if databases::is_address(path) => databases::read(path, options)?,
        paths => read_paths(paths, options)?,
    };
    if !quiet {
        reading.notes.iter().for_each(|note| show::note(note));
    }
    Ok(reading.table)
}

/// The table in the files, or else, if there are none, the built-in one.
pub(crate) fn read_table_or_demo(paths: &[PathBuf], options: &ReadOptions, quiet: bool) -> Result<Table> {
    match paths {
        [_, ..] => read_table(paths, options, quiet),
        [] => {
            let options = ReadOptions { name: Some(DEMO_NAME.to_owned()), ..options.clone() };
            Ok(read_bytes(DEMO.to_vec(), &options)?.table)
        }
    }
}

/// The same of bytes that were read already, from `path`.
pub(crate) fn read_table_of(bytes: Vec<u8>, path: &Path, options: &ReadOptions, quiet: bool) -> Result<Table> {
    let reading = read_kept(bytes, path, options.clone())?;
    if !quiet {
        reading.notes.iter().for_each(|note| show::note(note));
    }
    Ok(reading.table)
}

/// A table in what was [read once](read_once).
fn read_kept(bytes: Vec<u8>, path: &Path, options: ReadOptions) -> Result<synth_core::io::Reading> {
    let options = ReadOptions { name: Some(name_of(path)), ..options };
    match databases::is_address(path) {
        true => databases::read_fetched(&bytes, &options),
        false => Ok(read_bytes(bytes, &options)?),
    }
}

/// The name of a file without its folders, and the digest of its bytes.
pub(crate) fn digest_of(path: &Path) -> Result<Written> {
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let digest = || sha256_of(std::fs::File::open(path)?);
    let failed = |source| Error::Io { action: "read", name: path.display().to_string(), source };
    Ok(Written { name, sha256: digest().map_err(failed)? })
}

/// Reads a table for a model: its columns are those of `schema` in name, storage and order. What is missing, and how cells
/// are spelled, is told by the file. Also gives the schema that the file alone would have.
pub(crate) fn read_table_under(
    schema: &Schema,
    paths: &[PathBuf],
    header: Option<YesNo>,
    quiet: bool,
) -> Result<(Table, Arc<Schema>)> {
    let options = ReadOptions { header: header_of(header), ..ReadOptions::default() };
    check_streams_alone(paths)?;
    // What can be read once only is kept.
    let bytes = match paths {
        [path] if !is_regular(path) && !is_several(path) => Some((path, read_once(path)?)),
        _ => None,
    };
    let read = |options: ReadOptions| match &bytes {
        Some((path, bytes)) => read_kept(bytes.clone(), path, options),
        None => Ok(read_paths(paths, &options)?),
    };
    let found = Arc::clone(read(options.clone())?.table.schema());
    let mut schema = Schema { source: found.source.clone(), ..schema.clone() };
    for field in &mut schema.fields {
        if let Some(i) = found.index_of(&field.name) {
            spell_as(field, &found.fields[i]);
        }
    }
    let reading = read(ReadOptions { schema: Some(schema), ..options })?;
    if !quiet {
        reading.notes.iter().for_each(|note| show::note(note));
    }
    Ok((reading.table, found))
}

/// Changes how the cells of `field` are spelled to that of `found`, so that each of its cells is written as it was read,
/// and values of `field` as exactly as before.
fn spell_as(field: &mut Field, found: &Field) {
    field.header.clone_from(&found.header);
    field.arrow = found.arrow.clone().filter(|_| field.storage == found.storage);
    let known = std::mem::take(&mut field.missing);
    field.missing.clone_from(&found.missing);
    field.missing.extend(known.into_iter().filter(|spelling| !found.missing.contains(spelling)));
    if let (Some(number), Some(found)) = (&mut field.number, &found.number) {
        number.at_least = if found.padded { found.decimals } else { found.at_least };
        number.padded = found.padded && number.decimals <= found.decimals;
        number.decimals = number.decimals.max(found.decimals);
    }
}

/// A table as bytes: those of a file that can be read once only, or what a database gives.
pub(crate) fn read_once(path: &Path) -> Result<Vec<u8>> {
    if databases::is_address(path) { databases::fetch(path) } else { read_all(path) }
}

/// All bytes of a file, or of standard input; one more than the limit if there are more, so that the reader refuses.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>> {
    let limit = synth_core::io::Limits::default().bytes;
    if is_standard(path) {
        return read_standard_input(limit);
    }
    let failed = |source| Error::Io { action: "read", name: path.display().to_string(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Names the input in an error of what was made of it; the libraries know the table and not its file.
pub(crate) fn in_input(error: Error, name: &str) -> Error {
    match error {
        Error::BadInput(bad) => bad.in_input(name).into(),
        error => error,
    }
}

/// What messages call an input.
pub(crate) fn name_of(path: &Path) -> String {
    match databases::name_of(path) {
        Some(name) => name,
        None if is_standard(path) => "standard input".to_owned(),
        None => path.display().to_string(),
    }
}

/// What records call an input: no folders, which may be somebody's name.
pub(crate) fn name_without_folders(path: &Path) -> String {
    if is_stream(path) {
        return databases::name_without_folders(path).unwrap_or_else(|| name_of(path));
    }
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    // The value of a folder such as `year=2020` is a cell.
    match name.split_once('=').filter(|_| path.is_dir()) {
        Some((key, _)) => format!("{key}=…"),
        None => name,
    }
}

/// What messages call inputs that are one table.
pub(crate) fn names_of(paths: &[PathBuf]) -> String {
    match paths {
        [] => DEMO_NAME.to_owned(),
        [path] => name_of(path),
        [first, others @ ..] => format!("{} and {} more", name_of(first), others.len()),
    }
}

/// Whether a path is that of a file which can be read again.
pub(crate) fn is_regular(path: &Path) -> bool {
    path.is_file()
}

/// Whether a path may stand for several files: it is a folder, or a pattern.
pub(crate) fn is_several(path: &Path) -> bool {
    path.is_dir() || (!path.exists() && !is_stream(path))
}

/// Whether an input is no file: standard input, or a table in a database. It cannot be read again.
pub(crate) fn is_stream(path: &Path) -> bool {
    is_standard(path) || databases::is_address(path)
}

/// Refuses more than one input where one of them can be the whole table only.
fn check_streams_alone(paths: &[PathBuf]) -> Result<()> {
    if paths.len() < 2 {
        return Ok(());
    }
    if paths.iter().any(|path| is_standard(path)) {
        return Err(Usage("standard input can only be the whole table: give `-` alone".to_owned()).into());
    }
    if paths.iter().any(|path| databases::is_address(path)) {
        return Err(Usage("a table in a database can only be the whole table: give it alone".to_owned()).into());
    }
    Ok(())
}

/// All files that are read for a table. Those that are not there are named as they were given.
///
/// # Errors
/// [`Usage`] if standard input or a database is one of several; those of [`files_of`].
pub(crate) fn all_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    check_streams_alone(paths)?;
    match paths {
        [] => Ok(Vec::new()),
        [path] if is_stream(path) => Ok(paths.to_vec()),
        _ => Ok(files_of(paths)?.into_iter().map(|file| file.path).collect()),
    }
}

/// One byte more than the limit, so that the reader sees that there is more and refuses.
fn read_standard_input(limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = |source| Error::Io { action: "read", name: "standard input".to_owned(), source };
    std::io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A policy by name, or else from a file.
pub(crate) fn read_policy(name: &str) -> Result<Policy> {
    let Some(path) = policy_path(name) else { return Ok(Policy::named(name)?) };
    let policy = policy_text(path).map_err(|problem| Usage(format!("cannot read the policy {name}: {problem}")))?;
    // A path is seen from the file that names it.
    let base = |name: &str, from: &str| match policy_path(name) {
        Some(path) => policy_text(&folder_of(Path::new(from)).join(path)),
        None => Err("no embedded policy has that name; that of a file ends in .toml".to_owned()),
    };
    Policy::from_toml_with_bases(policy, base).map_err(|error| in_policy(name, error))
}

fn policy_text(path: &Path) -> Result<Base, String> {
    let id = path.canonicalize().map_err(|error| error.to_string())?;
    let toml = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok(Base { id: id.to_string_lossy().into_owned(), toml })
}

/// What is wrong with a policy, without its text: it is cells if the file is a table.
fn in_policy(name: &str, error: synth_compliance::Error) -> anyhow::Error {
    match error {
        // The parser's message quotes the line.
        synth_compliance::Error::Toml(error) => {
            let message = error.to_string();
            let mut lines = message.lines().filter(|line| !line.trim().is_empty());
            let (place, problem) = (lines.next().unwrap_or("no TOML"), lines.next_back().unwrap_or(""));
            Usage(format!("cannot read the policy {name}: {place}: {problem}")).into()
        }
        synth_compliance::Error::InBase { name: base, source } => {
            in_policy(&base, *source).context(format!("policy {name}"))
        }
        error => anyhow::Error::from(error).context(format!("policy {name}")),
    }
}

/// A secret in a file.
pub(crate) fn read_key(path: &Path) -> Result<Key> {
    let too_short = || Usage(format!("the key in {} is shorter than {KEY_BYTES} bytes", path.display()));
    Ok(Key::new(read_all(path)?).ok_or_else(too_short)?)
}

/// The file that `--policy` names, if it names one.
pub(crate) fn policy_path(name: &str) -> Option<&Path> {
    let is_path = name.ends_with(".toml") || name.contains(std::path::MAIN_SEPARATOR);
    is_path.then(|| Path::new(name))
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Refuses to read two inputs from standard input.
pub(crate) fn check_one_standard(inputs: &[&Path]) -> Result<()> {
    if inputs.iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(Usage("only one input can be standard input".to_owned()).into());
    }
    Ok(())
}

/// A file that was written beside its place and is put there when everything else is whole too.
pub(crate) struct Pending {
    path: PathBuf,
    file: tempfile::TempPath,
}

impl Pending {
    /// Writes all of a file, under a name that is nobody's.
    pub(crate) fn write(
        path: &Path,
        readers: Readers,
        fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
    ) -> Result<Self> {
        let failed = || format!("cannot write {}", path.display());
        let file = begin(path, readers).with_context(failed)?;
        let mut out = BufWriter::new(file.as_file());
        fill(&mut out).with_context(failed)?;
        out.flush().with_context(failed)?;
        drop(out);
        Self::end(path, file).with_context(failed)
    }

    /// Ends a file that was [begun](begin) for `path`. It is open no more: there may be thousands.
    pub(crate) fn end(path: &Path, file: tempfile::NamedTempFile) -> std::io::Result<Self> {
        file.as_file().sync_all()?;
        Ok(Self { path: path.to_owned(), file: file.into_temp_path() })
    }

    /// The name it will have, without folders.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
    }

    /// That name, and the digest of its bytes.
    pub(crate) fn digest(&self) -> Result<Written> {
        let digest = || sha256_of(std::fs::File::open(&self.file)?);
        let sha256 = digest().with_context(|| format!("cannot read {} again", self.path.display()))?;
        Ok(Written { name: self.name(), sha256 })
    }

    /// Gives the file its name, and says which.
    pub(crate) fn publish(self, replace: Replace) -> Result<PathBuf> {
        let failed = || format!("cannot write {}", self.path.display());
        match replace {
            Replace::Yes => self.file.persist(&self.path).map_err(|e| e.error).with_context(failed)?,
            Replace::No => self.file.persist_noclobber(&self.path).map_err(|e| e.error).with_context(failed)?,
        };
        Ok(self.path)
    }

    /// Gives files their names in their order. If one of them cannot have its own, those that have it lose it again.
    pub(crate) fn publish_all(files: Vec<Pending>, replace: Replace) -> Result<Vec<PathBuf>> {
        let mut published = Vec::with_capacity(files.len());
        for file in files {
            match file.publish(replace) {
                Ok(path) => published.push(path),
                Err(error) => {
                    // What cannot be taken away either is left: the first error says more.
                    published.iter().for_each(|path| drop(std::fs::remove_file(path)));
                    return Err(error);
                }
            }
        }
        Ok(published)
    }
}

/// An empty file beside `path`, under a name that is nobody's. It goes away with the value.
pub(crate) fn begin(path: &Path, readers: Readers) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // The system takes away what the user's mask forbids.
    #[cfg(unix)]
    if readers == Readers::AsUsual {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder_of(path))
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever may read any new file of the user.
    AsUsual,
    /// The user alone: it holds values of the real table.
    Owner,
}

/// Whether an existing file gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Yes,
    No,
}

impl From<bool> for Replace {
    fn from(force: bool) -> Self {
        if force { Replace::Yes } else { Replace::No }
    }
}

/// Refuses early what could not be written at the end, and what would be written over an input.
pub(crate) fn check_output(path: &Path, inputs: &[&Path], replace: Replace) -> Result<()> {
    if is_standard(path) {
        return Ok(());
    }
    check_apart(path, inputs)?;
    if path.is_dir() {
        return Err(Usage(format!("{} is a folder; name a file in it", path.display())).into());
    }
    // It would not be written to, but replaced: a device, a pipe.
    if path.exists() && !path.is_file() {
        return Err(
            Usage(format!("{} is no ordinary file; `--out -` writes to standard output", path.display())).into()
        );
    }
    if replace == Replace::No && path.symlink_metadata().is_ok() {
        return Err(Usage(format!("{} exists; --force replaces it", path.display())).into());
    }
    let folder = folder_of(path);
    if !folder.exists() {
        return Err(Usage(format!("there is no folder {}; make it first", folder.display())).into());
    }
    check_writable(folder)
}

/// Refuses to write into a folder whose files are read as a table: the next time the output would be among them.
pub(crate) fn check_outside(output: &Path, inputs: &[PathBuf]) -> Result<()> {
    let there = output.ancestors().map(|path| if path == Path::new("") { Path::new(".") } else { path });
    let Some(there) = there.filter_map(|path| path.canonicalize().ok()).next() else { return Ok(()) };
    let is_in = |input: &PathBuf| input.is_dir() && input.canonicalize().is_ok_and(|input| there.starts_with(input));
    match inputs.iter().find(|input| is_in(input)) {
        Some(_) if is_standard(output) => Ok(()),
        Some(input) => {
            let problem = format!("{} is in {}, which is read as a table", output.display(), input.display());
            Err(Usage(format!("{problem}; name a place outside")).into())
        }
        None => Ok(()),
    }
}

/// Refuses to write over a file that is read.
pub(crate) fn check_apart(output: &Path, inputs: &[&Path]) -> Result<()> {
    let file = |input: &Path| databases::file_of(input).unwrap_or_else(|| input.to_owned());
    if inputs.iter().any(|input| is_same(output, &file(input))) {
        let problem = format!("{} is an input and would be lost; give the output another name", output.display());
        return Err(Usage(problem).into());
    }
    Ok(())
}

/// Whether two paths lead to one file, through links or not.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Refuses early a folder in which nothing could be written at the end. One that is not there will be made.
pub(crate) fn check_writable(folder: &Path) -> Result<()> {
    let there = folder.ancestors().map(|f| if f == Path::new("") { Path::new(".") } else { f }).find(|f| f.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(Usage(format!("{} is no folder", there.display())).into());
    }
    match tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(there) {
        Ok(_) => Ok(()),
        Err(error) => {
            // The outer message names the temporary file.
            let cause = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
            Err(Usage(format!("cannot write in {}: {cause}", there.display())).into())
        }
    }
}

/// Where the cells of a table are to be, all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In memory.
    Memory,
    /// In a file, or wherever standard output leads.
    File,
}

/// Refuses a table that no machine of today would hold, or that it would write for days.
pub(crate) fn check_size(rows: u64, columns: usize, place: Place) -> Result<()> {
    let max_cells: u64 = match place {
        Place::Memory => 1_000_000_000,
        Place::File => 100_000_000_000,
    };
    if rows.saturating_mul(columns as u64) > max_cells {
        let problem = format!("{rows} rows of {columns} columns are more than {max_cells} cells");
        return Err(Error::from(BadInput::new(Rule::TooLarge, problem).hint("ask for fewer --rows")).into());
    }
    Ok(())
}

/// Refuses a table with more columns than can be compared each with each in sensible time and memory.
pub(crate) fn check_columns(table: &Table, name: &str) -> Result<()> {
    const MAX_COLUMNS: usize = 2000;
    let n = table.n_columns();
    if n > MAX_COLUMNS {
        let bad = BadInput::new(Rule::TooLarge, format!("{n} columns, at most {MAX_COLUMNS} can be compared"));
        let bad = bad.in_input(name).hint("leave out those that need not be shared");
        return Err(Error::from(bad).into());
    }
    Ok(())
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Writes a file at once, or to standard output.
pub(crate) fn write_file(
    path: &Path,
    readers: Readers,
    replace: Replace,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    if is_standard(path) {
        return show::stream(fill);
    }
    Pending::write(path, readers, fill)?.publish(replace)?;
    Ok(())
}
