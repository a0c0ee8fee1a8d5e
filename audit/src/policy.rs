//! How much each kind of finding weighs: here and nowhere else.

use std::collections::BTreeMap;

use crate::finding::{Kind, Weight};

/// Holds the weights, where they are others than the findings' own.
#[derive(Default)]
pub struct Policy {
    weights: BTreeMap<Kind, Weight>,
    /// Bytes of stack that a handler may use; `None`: what the stack that it runs on is sure to have.
    pub max_stack: Option<u64>,
}

impl Policy {
    /// Takes findings of a kind as notes, as `--note KIND` says.
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
