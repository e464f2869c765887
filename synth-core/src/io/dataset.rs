//! Which files a path stands for: itself, those that a pattern matches, or those of a folder.
//!
//! A folder is a data set as Spark and Arrow write them: all of its tables of one kind, told by their names, in it and in the
//! folders below, in the order of their paths. What begins with `.` or `_` is passed over. A folder called `key=value` gives
//! its files' rows a column.

use std::collections::HashSet;
use std::fs::DirEntry;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::error::{BadInput, Error, InputRule, Result};

/// How a folder's name spells a missing value.
const MISSING: &str = "__HIVE_DEFAULT_PARTITION__";

/// One file of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// What messages call it: its path, without the values of folders.
    pub(super) name: String,
    pub(super) keys: Vec<Key>,
}

/// What a folder says of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    /// Empty where it is missing.
    pub(super) value: String,
}

/// The kinds of files, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Parquet,
    Arrow,
}

/// The files that `paths` stand for, in their order, those of a pattern or a folder in the order of their paths.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be read, [`Error::BadInput`] if there is no file, one is there twice, or a folder has files of
/// several kinds.
pub(super) fn parts(paths: &[PathBuf]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for path in paths {
        if path.is_dir() {
            parts.extend(of_folder(path)?);
        } else if path.exists() || !is_pattern(path) {
            parts.push(Part { path: path.clone(), name: path.display().to_string(), keys: Vec::new() });
        } else {
            parts.extend(of_pattern(path)?);
        }
    }
    let mut seen = HashSet::new();
    for part in parts.iter().filter(|part| part.path.is_file()) {
        if part.path.canonicalize().is_ok_and(|path| !seen.insert(path)) {
            return Err(BadInput::new(InputRule::SameRows, "the file is given twice").in_input(&part.name).into());
        }
    }
    if parts.is_empty() { Err(BadInput::new(InputRule::EmptyFile, "no such file").into()) } else { Ok(parts) }
}

/// Whether a path that leads nowhere may be a pattern.
fn is_pattern(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

fn of_pattern(pattern: &Path) -> Result<Vec<Part>> {
    let text = pattern.to_string_lossy();
    let bad = |problem: &str| Error::from(BadInput::new(InputRule::Pattern, problem).in_input(&text));
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::default() };
    let found = glob::glob_with(&text, options).map_err(|_| bad("the pattern is malformed"))?;
    let mut parts = Vec::new();
    let base = literal_folder(pattern);
    // They come in the order of their paths.
    for path in found {
        let path = path.map_err(|error| {
            let name = text.clone().into_owned();
            Error::cannot_read(name, error.into())
        })?;
        if path.is_dir() {
            for file in files_below(&path)?.files {
                parts.push(part_of(&base, file)?);
            }
        } else {
            parts.push(part_of(&base, path)?);
        }
    }
    if parts.is_empty() { Err(bad("the pattern matches no file")) } else { Ok(parts) }
}

/// The folders of a pattern before the first that is one itself.
fn literal_folder(pattern: &Path) -> PathBuf {
    let folder = pattern.parent().unwrap_or(Path::new(""));
    folder.components().take_while(|component| !is_pattern(Path::new(component))).collect()
}

fn of_folder(folder: &Path) -> Result<Vec<Part>> {
    let found = files_below(folder)?;
    if found.files.is_empty() {
        return Err(BadInput::new(InputRule::EmptyFile, "no table in the folder")
            .in_input(&folder.display().to_string())
            .hint("tables are recognised by the extensions .parquet, .csv, .tsv and .arrow")
            .into());
    }
    found.files.into_iter().map(|file| part_of(folder, file)).collect()
}

#[derive(Debug, Default)]
struct Found {
    files: Vec<PathBuf>,
    kind: Option<Kind>,
}

/// The tables of one kind in a folder and below.
fn files_below(folder: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        // The values in the names of folders are not shown.
        let name = shown(folder, &current);
        let failed = |source| Error::cannot_read(&name, source);
        for entry in std::fs::read_dir(&current).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if is_passed_over(&entry) {
                continue;
            }
            // A link to a folder may lead back to where it stands, one to a file is a file.
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(kind) = kind_of(&entry).filter(|_| path.is_file()) else { continue };
            if *found.kind.get_or_insert(kind) != kind {
                return Err(BadInput::new(InputRule::Unsupported, "the folder has tables of several kinds")
                    .in_input(&folder.display().to_string())
                    .hint("name the files of one table: `FOLDER/*.csv`")
                    .into());
            }
            found.files.push(path);
        }
    }
    found.files.sort();
    Ok(found)
}

fn is_passed_over(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
}

fn kind_of(entry: &DirEntry) -> Option<Kind> {
    let name = entry.file_name().to_string_lossy().to_lowercase();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    match plain.rsplit_once('.')?.1 {
        "csv" | "tsv" => Some(Kind::Text),
        "parquet" | "pq" => Some(Kind::Parquet),
        "arrow" | "ipc" | "feather" => Some(Kind::Arrow),
        _ => None,
    }
}

/// A file below `base`, with what the folders between say.
fn part_of(base: &Path, path: PathBuf) -> Result<Part> {
    let name = shown(base, &path);
    let below = path.strip_prefix(base).unwrap_or(&path);
    let mut keys: Vec<Key> = Vec::new();
    for folder in below.parent().unwrap_or(Path::new("")).components() {
        let Component::Normal(folder) = folder else { continue };
        let folder = folder.to_string_lossy();
        let Some((key, value)) = folder.split_once('=') else { continue };
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| {
                BadInput::new(InputRule::Encoding, "a folder's name is not valid UTF-8").in_input(&name)
            })?;
            Ok::<_, Error>(text.into_owned())
        };
        let value = if value == MISSING { String::new() } else { decoded(value)? };
        let key = Key { name: decoded(key)?, value };
        if keys.iter().any(|other| other.name == key.name) {
            return Err(BadInput::new(
                InputRule::DuplicateColumn,
                "two folders in the path of a file have the same name",
            )
            .in_input(&name)
            .in_column(&key.name)
            .into());
        }
        keys.push(key);
    }
    Ok(Part { path, name, keys })
}

/// A path without the values of the folders below `base`.
fn shown(base: &Path, path: &Path) -> String {
    let Ok(below) = path.strip_prefix(base) else { return path.display().to_string() };
    let mut name = base.to_owned();
    for component in below.components() {
        let text = component.as_os_str().to_string_lossy();
        match text.split_once('=') {
            Some((key, _)) if path.file_name() != Some(component.as_os_str()) || path.is_dir() => {
                name.push(format!("{key}=…"));
            }
            _ => name.push(component),
        }
    }
    name.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "a\n1\n").unwrap();
        }
        folder
    }

    fn names(folder: &Path, pattern: &str) -> Result<Vec<String>> {
        let parts = parts(&[folder.join(pattern)])?;
        let base = format!("{}/", folder.display());
        Ok(parts.into_iter().map(|part| part.name.replace(&base, "")).collect())
    }

    #[test]
    fn a_folder_is_its_tables_in_the_order_of_their_paths() {
        let folder = folder(&[
            "b/2.csv",
            "b/1.csv.gz",
            "a.TSV",
            "_SUCCESS",
            "_metadata.csv",
            ".hidden.csv",
            "_old/x.csv",
            "readme.md",
            "b/x.csv.crc",
        ]);
        assert_eq!(names(folder.path(), "").unwrap(), ["a.TSV", "b/1.csv.gz", "b/2.csv"]);
        assert_eq!(names(folder.path(), "b/*.csv").unwrap(), ["b/2.csv"]);
        assert_eq!(names(folder.path(), "?").unwrap(), ["b/1.csv.gz", "b/2.csv"]);
        std::fs::write(folder.path().join("c.parquet"), "").unwrap();
        let error = names(folder.path(), "").unwrap_err().to_string();
        assert!(error.contains("several kinds"), "{error}");
    }

    #[test]
    fn nothing_and_twice_are_errors() {
        let folder = folder(&["a.csv", "empty/readme.md"]);
        for pattern in ["*.tsv", "empty", "[", "a.csv*/x"] {
            assert!(matches!(names(folder.path(), pattern), Err(Error::BadInput(_))), "{pattern}");
        }
        let twice = [folder.path().join("a.csv"), folder.path().join("*.csv")];
        assert!(parts(&twice).unwrap_err().to_string().contains("twice"));
        // What is not there is told when it is opened.
        assert_eq!(names(folder.path(), "none.csv").unwrap(), ["none.csv"]);
    }

    #[test]
    fn folders_have_values_that_no_name_shows() {
        let folder = folder(&["year=2020/sex=f%2Fx/p.csv", "year=2021/sex=__HIVE_DEFAULT_PARTITION__/p.csv"]);
        for pattern in ["", "year=*/*/*.csv", "year=*"] {
            let parts = parts(&[folder.path().join(pattern)]).unwrap();
            let keys: Vec<Vec<(&str, &str)>> = parts
                .iter()
                .map(|part| part.keys.iter().map(|key| (key.name.as_str(), key.value.as_str())).collect())
                .collect();
            assert_eq!(keys, [[("year", "2020"), ("sex", "f/x")], [("year", "2021"), ("sex", "")]], "{pattern}");
            assert!(parts[0].name.ends_with("year=…/sex=…/p.csv"), "{}", parts[0].name);
        }
    }
}
