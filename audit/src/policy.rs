//! How much each kind of finding weighs: here and nowhere else.

use std::collections::BTreeMap;

use crate::finding::{Kind, Weight};

/// The weights, where they are others than the findings' own.
#[derive(Default)]
pub struct Policy {
    weights: BTreeMap<&'static str, Weight>,
    /// Bytes of stack that a handler may use; `None`: what the stack that it runs on is sure to have.
    pub max_stack: Option<u64>,
}

/// All kinds, for those who name one.
const KINDS: [Kind; 23] = [
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
    Kind::Escape,
    Kind::Errno,
    Kind::Siginfo,
    Kind::Context,
    Kind::Return,
    Kind::Instruction,
    Kind::Undecodable,
    Kind::RunsOff,
    Kind::Recursion,
    Kind::Limit,
    Kind::Runtime,
    Kind::Flags,
    Kind::LazyBinding,
];

impl Policy {
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
