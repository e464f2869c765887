//! Any engine of this crate: by name, with its parameters, from a model file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::copula::{self, Copula};
use super::masked::{self, Masked};
use super::tabddpm::{self, TabDdpm};
use super::trees::{self, Trees};
use crate::error::{Error, Result};
use crate::learn::generator::{Engine, Generator};
use crate::learn::part::FilePart;
use crate::learn::train::{FitContext, Training};
use crate::table::Table;

/// Lists the engines: a name, the type of the parameters, and the function that reads its part of a model file.
macro_rules! engines {
    ($($(#[$doc:meta])* $name:ident = $id:literal, read by $read:path;)+) => {
        /// The engines of this crate, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum EngineKind { $($(#[$doc])* $name,)+ }

        impl EngineKind {
            /// All of them, the default first.
            pub const ALL: &[EngineKind] = &[$(EngineKind::$name),+];

            /// The name, as options, records and model files have it.
            pub fn name(self) -> &'static str {
                match self { $(EngineKind::$name => $id),+ }
            }
        }

        /// Any engine of this crate, with its parameters.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "engine", rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum AnyEngine { $($(#[$doc])* $name($name),)+ }

        impl AnyEngine {
            /// Defaults for a table of that size. `n_rows` are the training rows; an empty table gets what suits a
            /// small one.
            pub fn for_size(kind: EngineKind, n_rows: usize, n_columns: usize) -> Self {
                match kind { $(EngineKind::$name => $name::for_size(n_rows, n_columns).into()),+ }
            }

            /// Which engine it is.
            pub fn kind(&self) -> EngineKind {
                match self { $(AnyEngine::$name(_) => EngineKind::$name),+ }
            }

            fn as_engine(&self) -> &dyn Engine {
                match self { $(AnyEngine::$name(engine) => engine),+ }
            }

            fn as_engine_mut(&mut self) -> &mut dyn Engine {
                match self { $(AnyEngine::$name(engine) => engine),+ }
            }
        }

        $(impl From<$name> for AnyEngine {
            fn from(engine: $name) -> Self {
                AnyEngine::$name(engine)
            }
        })+

        /// The generator in a part of a model file.
        pub(in crate::learn) fn read(name: &str, part: &FilePart) -> Result<Box<dyn Generator>> {
            match name {
                $($id => $read(part),)+
                _ => Err(Error::ModelFile("unknown engine".to_owned())),
            }
        }
    };
}

engines! {
    /// Absorbing-state diffusion over tokens, unmasked column by column: the default.
    Masked = "masked", read by masked::read;
    /// Gaussian and multinomial diffusion (arXiv:2209.15421).
    TabDdpm = "tabddpm", read by tabddpm::read;
    /// Forests of trees, one a column, drawn one after the other: for small tables.
    Trees = "trees", read by trees::read;
    /// A Gaussian copula: fast, nothing to train, the fallback.
    Copula = "copula", read by copula::read;
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = Error;

    /// # Errors
    /// [`Error::Setting`] if no engine has that name.
    fn from_str(name: &str) -> Result<Self> {
        let kind = EngineKind::ALL.iter().find(|kind| kind.name() == name);
        kind.copied().ok_or_else(|| Error::Setting {
            name: "engine",
            allowed: "masked, tabddpm, trees or copula",
            got: format!("`{name}`"),
        })
    }
}

impl fmt::Display for AnyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_engine(), f)
    }
}

impl Engine for AnyEngine {
    fn name(&self) -> &str {
        self.kind().name()
    }

    fn check(&self) -> Result<()> {
        self.as_engine().check()
    }

    fn training(&self) -> Option<&Training> {
        self.as_engine().training()
    }

    fn training_mut(&mut self) -> Option<&mut Training> {
        self.as_engine_mut().training_mut()
    }

    fn fit(&self, table: &Table, context: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        self.as_engine().fit(table, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_found_by_its_name_and_kept_as_json() {
        for &kind in EngineKind::ALL {
            assert_eq!(kind.name().parse::<EngineKind>().unwrap(), kind);
            let engine = AnyEngine::for_size(kind, 300, 10);
            assert_eq!((engine.kind(), engine.name()), (kind, kind.name()));
            let text = serde_json::to_string(&engine).unwrap();
            assert!(text.contains(&format!("\"engine\":\"{kind}\"")), "{text}");
            assert_eq!(serde_json::from_str::<AnyEngine>(&text).unwrap(), engine);
            assert!(serde_json::from_str::<AnyEngine>(&text.replacen('{', "{\"own\":1,", 1)).is_err());
        }
        assert!("gan".parse::<EngineKind>().is_err());
    }
}
