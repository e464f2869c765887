//! A column seen as levels: its distinct labels in order, and which one each row has.

use std::collections::HashMap;
use std::hash::Hash;

use crate::schema::Field;

/// A column seen as levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// The distinct labels: in the field's order, else by number, else alphabetically.
    pub names: Vec<String>,
    /// For each row the position of its label in `names`; `None` where missing.
    pub codes: Vec<Option<u32>>,
}

/// The levels of a column, of which each value is spelled once.
pub(super) fn levels_of<V: Copy + Eq + Hash>(
    values: impl Iterator<Item = Option<V>>,
    label: impl Fn(&V) -> String,
    field: &Field,
) -> Levels {
    let mut code: HashMap<V, u32> = HashMap::new();
    let mut labels = Vec::new();
    let mut codes: Vec<Option<u32>> = Vec::with_capacity(values.size_hint().0);
    codes.extend(values.map(|value| {
        value.map(|value| {
            *code.entry(value).or_insert_with(|| {
                labels.push(label(&value));
                labels.len() as u32 - 1
            })
        })
    }));
    drop(code);
    let mut names = labels.clone();
    names.sort_unstable();
    names.dedup();
    sort_levels(&mut names, field);
    let rank: HashMap<&str, u32> = names.iter().zip(0..).map(|(name, rank)| (name.as_str(), rank)).collect();
    let ranks: Vec<u32> = labels.iter().map(|label| rank[label.as_str()]).collect();
    codes.iter_mut().flatten().for_each(|code| *code = ranks[*code as usize]);
    Levels { codes, names }
}

/// Sorts labels as the column's values are ordered: by the field's declared order first, then by number, then by text.
pub fn sort_levels(names: &mut [String], field: &Field) {
    let rank = |name: &String| field.order.iter().position(|o| o == name).unwrap_or(usize::MAX);
    if field.storage.is_number() {
        let number = |name: &String| name.parse::<f64>().unwrap_or(f64::NAN);
        names.sort_by(|a, b| rank(a).cmp(&rank(b)).then(number(a).total_cmp(&number(b))));
    } else {
        names.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    }
}
