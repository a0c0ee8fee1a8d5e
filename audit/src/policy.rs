//! How much each kind of finding weighs: here and nowhere else.

use std::collections::BTreeMap;

use crate::finding::{Kind, Weight};

/// The weights, where they are others than the findings' own.
pub struct Policy {
    weights: BTreeMap<&'static str, Weight>,
    pub max_stack: u64,
}

/// All kinds, for those who name one.
const KINDS: [Kind; 19] = [
    Kind::Call,
    Kind::Indirect,
    Kind::Loop,
    Kind::ThreadLocal,
    Kind::Trap,
    Kind::Stack,
    Kind::SystemCall,
    Kind::Write,
    Kind::Read,
    Kind::Torn,
    Kind::Errno,
    Kind::Context,
    Kind::Return,
    Kind::Instruction,
    Kind::Undecodable,
    Kind::RunsOff,
    Kind::Recursion,
    Kind::Limit,
    Kind::Runtime,
];

impl Policy {
    pub fn new(max_stack: u64) -> Self {
        Self {
            weights: BTreeMap::new(),
            max_stack,
        }
    }

    /// Takes findings of a kind as notes, as `--note KIND` says.
    pub fn note(&mut self, kind: &str) -> Result<(), String> {
        let known = KINDS.iter().find(|known| known.name() == kind);
        let Some(known) = known else {
            let all: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
            return Err(format!(
                "there is no kind of finding {kind:?}; there are {}",
                all.join(", ")
            ));
        };
        self.weights.insert(known.name(), Weight::Note);
        Ok(())
    }

    pub fn weight(&self, kind: Kind, own: Weight) -> Weight {
        self.weights.get(kind.name()).copied().unwrap_or(own)
    }
}
