//! What a model file tells of its model beside what draws rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::learn::engine::AnyEngine;
use crate::seed::Seed;

/// The version of this crate, which a fitted model is of.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// Characters of a text in it, and entries, at most.
const MAX_LENGTH: usize = 1000;

/// The origin of a model and the measures of its rows. Sampling does not depend on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The version of this crate that fitted it.
    pub fitted_by: String,
    /// An HMAC-SHA256 of the table's file under somebody's key, in hexadecimal: whoever has both can tell that the model was
    /// fitted on it, and nobody else can so much as guess. `None`: no key was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_mac: Option<String>,
    /// What was measured of rows that it drew, by the measures' ids: finite numbers, or the file cannot be read again. Empty:
    /// nothing was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, f64>,
    /// The seed of the run or the fit, with its value: a model is its owner's alone. `None`: it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::seed::kept")]
    pub seed: Option<Seed>,
    /// The engine with the parameters that it was fitted with, so that it can be fitted again. `None`: they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<AnyEngine>,
}

impl Default for About {
    /// Fitted by this version, without a key, nothing measured, from an unknown seed.
    fn default() -> Self {
        Self { fitted_by: PROGRAM.to_owned(), source_mac: None, measures: BTreeMap::new(), seed: None, engine: None }
    }
}

impl About {
    /// Whether one that was read from a file says what it should: a MAC of 64 hexadecimal digits, short names, finite numbers.
    pub(super) fn is_sound(&self) -> bool {
        let is_mac = |mac: &String| mac.len() == 64 && mac.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_measure = |(id, value): (&String, &f64)| id.len() <= MAX_LENGTH && value.is_finite();
        self.fitted_by.len() <= MAX_LENGTH
            && self.source_mac.as_ref().is_none_or(is_mac)
            && self.measures.len() <= MAX_LENGTH
            && self.measures.iter().all(is_measure)
    }
}
