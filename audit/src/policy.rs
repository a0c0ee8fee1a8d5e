//! The weight of each kind of finding, which only this module decides.

use std::collections::BTreeMap;

use crate::finding::{Kind, Weight};

/// Holds the weights that differ from the findings' own weights.
#[derive(Default)]
pub struct Policy {
    weights: BTreeMap<Kind, Weight>,
    /// The bytes of stack that a handler may use; `None`: the guaranteed size of the stack that it runs on.
    pub max_stack: Option<u64>,
}

impl Policy {
    /// Treats findings of a kind as notes, for `--note KIND`.
    pub fn note(&mut self, kind: &str) -> Result<(), String> {
        let Some((known, _)) = Kind::ALL.iter().find(|(_, name)| *name == kind) else {
            let all: Vec<_> = Kind::ALL.iter().map(|(_, name)| *name).collect();
            return Err(format!(
                "there is no kind of finding {kind:?}; there are {}",
                all.join(", ")
            ));
        };
        self.weights.insert(*known, Weight::Note);
        Ok(())
    }

    pub fn weight(&self, kind: Kind, own: Weight) -> Weight {
        self.weights.get(&kind).copied().unwrap_or(own)
    }
}
