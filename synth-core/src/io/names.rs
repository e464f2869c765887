//! The names of the columns of a text file.

use std::collections::HashMap;

use arrow::array::StringArray;

use super::header::{FirstRow, first_row};
use super::options::Header;
use crate::error::{BadInput, InputRule, Result};

/// Whether the first row holds the names, and what a person should be told of that. `head` has the first rows; `known` are the
/// names that the file should have.
pub(super) fn has_header(
    head: &[StringArray],
    decimal: char,
    said: Header,
    known: Option<&[String]>,
) -> (bool, Option<String>) {
    match said {
        Header::Yes => return (true, None),
        Header::No => return (false, None),
        Header::Detect => {}
    }
    if let Some(known) = known {
        let first: Vec<&str> = head.iter().map(|column| column.value(0).trim()).collect();
        let n_known = known.iter().filter(|name| first.contains(&name.as_str())).count();
        if n_known * 2 > known.len() {
            return (true, None);
        }
    }
    match first_row(head, decimal) {
        FirstRow::Names => (true, None),
        FirstRow::NamesPerhaps => (true, Some("the first line was read as the header, but might be data".to_owned())),
        FirstRow::Data if known.is_some() => {
            (false, Some("no header found: columns were matched by position".to_owned()))
        }
        FirstRow::Data => (false, Some(format!("no header found: columns are named c1 to c{}", head.len()))),
    }
}

/// The columns' names, and how the header spells them where it does so otherwise.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) names: Vec<String>,
    pub(super) spelled: Vec<Option<String>>,
}

impl Names {
    /// From the cells of the first row.
    pub(super) fn of(first: &[String], has_header: bool) -> Result<Self> {
        let mut names: Vec<String> = Vec::with_capacity(first.len());
        let mut spelled = Vec::with_capacity(first.len());
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (i, cell) in first.iter().enumerate() {
            let raw = if has_header { cell.as_str() } else { "" };
            let name = raw.trim();
            if name.is_empty() {
                names.push(String::new());
            } else if let Some(other) = seen.insert(name, i) {
                // By position, not by name: were the header missing, the name would be a cell.
                let problem = format!("columns {} and {} have the same name", other + 1, i + 1);
                return Err(BadInput::new(InputRule::DuplicateColumn, problem)
                    .at_line(1)
                    .hint("rename one of them, or declare that there is no header")
                    .into());
            } else {
                names.push(name.to_owned());
            }
            spelled.push((has_header && (raw != name || name.is_empty())).then(|| raw.to_owned()));
        }
        for (i, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = format!("c{}", i + 1);
            while seen.contains_key(name.as_str()) {
                name.push('_');
            }
        }
        Ok(Self { names, spelled })
    }

    /// What a person should be told of the names.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.note_of_none().into_iter().chain(self.note_of_case())
    }

    fn note_of_none(&self) -> Option<String> {
        let unnamed = self.spelled.iter().zip(&self.names);
        let unnamed = unnamed.filter(|(spelled, _)| spelled.as_ref().is_some_and(|s| s.trim().is_empty()));
        let unnamed: Vec<&str> = unnamed.map(|(_, name)| name.as_str()).collect();
        (!unnamed.is_empty()).then(|| format!("columns without a name are called {}", unnamed.join(", ")))
    }

    /// By position, not by name: were the header missing, a name would be a cell.
    fn note_of_case(&self) -> Option<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut alike =
            self.names.iter().enumerate().filter_map(|(i, name)| Some((seen.insert(name.to_lowercase(), i)?, i)));
        let (one, other) = alike.next()?;
        Some(format!("the names of columns {} and {} differ only in case", one + 1, other + 1))
    }
}
