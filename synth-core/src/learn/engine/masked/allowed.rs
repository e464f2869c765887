//! What conditions leave of each column: the tokens that are allowed, and the parts of a scale.

use std::ops::Range;

use crate::error::{BadInput, InputRule, Result};
use crate::learn::condition::{Condition, Demand, number_of};
use crate::learn::encode::{Tokenizer, Variable, normal_quantile};
use crate::schema::Field;

/// Conditions that a model can meet. Made by [`Conditions::of`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conditions {
    /// For each variable what is allowed; `None` if everything is.
    pub(super) allowed: Vec<Option<Allowed>>,
    /// The variable whose levels are to be equally frequent, and its tokens to choose from.
    pub(super) balance: Option<(usize, Vec<u32>)>,
}

/// The cells of one variable that are allowed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Allowed {
    pub(super) tokens: Vec<bool>,
    /// For cells in bins, the coordinates within which they must lie: one or more intervals, ascending.
    pub(super) intervals: Vec<Range<f64>>,
}

impl Allowed {
    /// Everything that is not missing.
    pub(super) fn present(variable: &Variable) -> Self {
        let mut tokens = vec![true; variable.n_tokens()];
        if let Some(missing) = variable.missing_token() {
            tokens[missing as usize] = false;
        }
        Self { tokens, intervals: vec![f64::NEG_INFINITY..f64::INFINITY] }
    }

    /// Whether a single token is left, so that drawing is no choice.
    pub(super) fn is_single(&self, variable: &Variable) -> bool {
        let mut left = (0..self.tokens.len()).filter(|&t| self.tokens[t]);
        matches!((left.next(), left.next()), (Some(t), None) if !variable.bins().contains(&t))
    }

    /// Whether a number may be given as the value of `variable`.
    fn allows(&self, variable: &Variable, x: f64) -> bool {
        let token = variable.token_of_number(x) as usize;
        match variable {
            Variable::Scale { rest: Some(map), .. } if variable.bins().contains(&token) => {
                let own = coordinates(map.interval(x));
                self.intervals.iter().any(|allowed| allowed.start.max(own.start) < allowed.end.min(own.end))
            }
            _ => self.tokens[token],
        }
    }

    fn and(&mut self, other: &Allowed) {
        self.tokens.iter_mut().zip(&other.tokens).for_each(|(own, other)| *own &= other);
        let cut = |a: &Range<f64>, b: &Range<f64>| a.start.max(b.start)..a.end.min(b.end);
        let both = self.intervals.iter().flat_map(|a| other.intervals.iter().map(move |b| cut(a, b)));
        self.intervals = both.filter(|i| i.start < i.end).collect();
    }

    /// Forbids bins of which nothing is left.
    fn drop_empty_bins(&mut self, variable: &Variable) {
        let edges = variable.edges();
        let edge = |b: usize, beyond: f64| edges.get(b).copied().unwrap_or(beyond);
        for (b, token) in variable.bins().enumerate() {
            let low = if b == 0 { f64::NEG_INFINITY } else { edges[b - 1] };
            let high = edge(b, f64::INFINITY);
            self.tokens[token] &= self.intervals.iter().any(|i| i.start.max(low) < i.end.min(high));
        }
    }
}

impl Conditions {
    /// Whether variable `j` may have the value `x`.
    pub(super) fn allows(&self, j: usize, variable: &Variable, x: f64) -> bool {
        self.allowed[j].as_ref().is_none_or(|allowed| allowed.allows(variable, x))
    }
}

impl Conditions {
    /// Makes sure that rows can be sampled that meet all of `conditions`, with the levels of column `balance` equally
    /// frequent.
    ///
    /// Several conditions on one column hold together.
    ///
    /// # Errors
    /// [`InputRule::UnknownColumn`] if there is no such column, or it is not learnt; [`InputRule::UnknownLevel`] if a value cannot
    /// be read as one of the column's, or nothing that was learnt is left.
    pub(super) fn of(tokenizer: &Tokenizer, conditions: &[Condition], balance: Option<&str>) -> Result<Self> {
        let variables: Vec<(usize, &Variable)> = tokenizer.variables().collect();
        let mut allowed: Vec<Option<Allowed>> = vec![None; variables.len()];
        for condition in conditions {
            let j = variable_named(tokenizer, &condition.column)?;
            let (field_idx, variable) = variables[j];
            let field = &tokenizer.schema().fields[field_idx];
            let own = demanded(field, variable, &condition.demand)?;
            let place = allowed[j].get_or_insert_with(|| Allowed {
                tokens: vec![true; variable.n_tokens()],
                intervals: vec![f64::NEG_INFINITY..f64::INFINITY],
            });
            place.and(&own);
            place.drop_empty_bins(variable);
            if !place.tokens.contains(&true) {
                let problem = "no learnt value meets the conditions";
                return Err(BadInput::new(InputRule::UnknownLevel, problem).in_column(&field.name).into());
            }
        }
        let balance = balance.map(|name| -> Result<_> {
            let j = variable_named(tokenizer, name)?;
            let variable = variables[j].1;
            let present = Allowed::present(variable);
            let own = allowed[j].clone().unwrap_or_else(|| present.clone());
            let is_level = |t: &usize| own.tokens[*t] && present.tokens[*t] && !variable.bins().contains(t);
            let levels = match variable {
                Variable::Levels { names, .. } => (0..names.len()).filter(is_level).map(|t| t as u32).collect(),
                Variable::Scale { .. } => Vec::new(),
            };
            if levels.is_empty() {
                let problem = "only a categorical column can be balanced";
                return Err(BadInput::new(InputRule::UnknownColumn, problem).in_column(name).into());
            }
            Ok((j, levels))
        });
        Ok(Conditions { allowed, balance: balance.transpose()? })
    }
}

fn variable_named(tokenizer: &Tokenizer, name: &str) -> Result<usize> {
    let bad = |problem: &str| BadInput::new(InputRule::UnknownColumn, problem).in_column(name);
    let field_idx = tokenizer.schema().index_of(name).ok_or_else(|| bad("the model has no such column"))?;
    let variable = tokenizer.variable_of(field_idx);
    Ok(variable.ok_or_else(|| bad("the column was not learnt: no condition on it is possible"))?)
}

/// The cells that meet one demand.
fn demanded(field: &Field, variable: &Variable, demand: &Demand) -> Result<Allowed> {
    let unknown = || {
        let problem = "a value of the condition was not learnt";
        BadInput::new(InputRule::UnknownLevel, problem).in_column(&field.name)
    };
    let number = |text: &str| number_of(field, text).ok_or_else(unknown);
    let mut allowed = Allowed { tokens: vec![false; variable.n_tokens()], intervals: Vec::new() };
    match demand {
        Demand::Among(values) => {
            for value in values {
                match variable {
                    Variable::Levels { names, .. } => {
                        // As it is spelled, or as the number that it is.
                        let same = |name: &String| {
                            name == value
                                || matches!((name.parse::<f64>(), value.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
                        };
                        let token = names.iter().position(same).ok_or_else(unknown)?;
                        allowed.tokens[token] = true;
                    }
                    Variable::Scale { atoms, rest, .. } => {
                        let x = number(value)?;
                        match (atoms.iter().position(|&atom| atom == x), rest) {
                            (Some(atom), _) => allowed.tokens[atom] = true,
                            (None, Some(map)) => {
                                allowed.tokens[variable.bins()].fill(true);
                                allowed.intervals.push(coordinates(map.interval(x)));
                            }
                            (None, None) => return Err(unknown().into()),
                        }
                    }
                }
            }
            allowed.intervals.sort_by(|a, b| a.start.total_cmp(&b.start));
        }
        Demand::NotAmong(values) => {
            let others = demanded(field, variable, &Demand::Among(values.clone()))?;
            let present = Allowed::present(variable);
            let bins = variable.bins();
            for (t, token) in allowed.tokens.iter_mut().enumerate() {
                *token = present.tokens[t] && (bins.contains(&t) || !others.tokens[t]);
            }
            let mut from = f64::NEG_INFINITY;
            for other in &others.intervals {
                allowed.intervals.push(from..other.start);
                from = other.end;
            }
            allowed.intervals.push(from..f64::INFINITY);
            allowed.intervals.retain(|i| i.start < i.end);
        }
        Demand::AtLeast(bound) | Demand::MoreThan(bound) | Demand::AtMost(bound) | Demand::LessThan(bound) => {
            let bound = number(bound)?;
            let meets = |x: f64| match demand {
                Demand::AtLeast(_) => x >= bound,
                Demand::MoreThan(_) => x > bound,
                Demand::AtMost(_) => x <= bound,
                _ => x < bound,
            };
            let values = match variable {
                Variable::Levels { values, .. } if field.storage.is_number() => values,
                Variable::Levels { .. } => {
                    let problem = "only numbers and dates have ranges";
                    return Err(BadInput::new(InputRule::UnknownColumn, problem).in_column(&field.name).into());
                }
                Variable::Scale { atoms, .. } => atoms,
            };
            for (token, &x) in values.iter().enumerate() {
                allowed.tokens[token] = meets(x);
            }
            if let Variable::Scale { rest: Some(map), .. } = variable {
                allowed.tokens[variable.bins()].fill(true);
                let own = coordinates(map.interval(bound));
                allowed.intervals = vec![match demand {
                    Demand::AtLeast(_) => own.start..f64::INFINITY,
                    Demand::MoreThan(_) => own.end..f64::INFINITY,
                    Demand::AtMost(_) => f64::NEG_INFINITY..own.end,
                    _ => f64::NEG_INFINITY..own.start,
                }];
            }
        }
    }
    allowed.drop_empty_bins(variable);
    Ok(allowed)
}

/// Ranks as coordinates.
fn coordinates([low, high]: [f64; 2]) -> Range<f64> {
    let at = |rank: f64| match rank {
        r if r <= 0.0 => f64::NEG_INFINITY,
        r if r >= 1.0 => f64::INFINITY,
        r => normal_quantile(r),
    };
    at(low)..at(high)
}
