//! How much each kind of finding weighs: here and nowhere else.

use std::collections::BTreeMap;

use crate::finding::{Kind, Weight};
use crate::install::Handler;
use crate::install::flags::SA_ONSTACK;

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

/// Returns the bytes of stack that the handler may use.
pub fn stack_of(of: &Handler) -> u64 {
    // Half the usual size of an alternate stack (SIGSTKSZ), for the kernel's frame takes its part.
    const ALTERNATE: u64 = 4096;
    // The smallest stack of a thread (PTHREAD_STACK_MIN).
    const ORDINARY: u64 = 16384;
    let is_ordinary = of.flags.iter().all(|flags| !flags.may_have(SA_ONSTACK));
    if is_ordinary && !of.flags.is_empty() {
        ORDINARY
    } else {
        ALTERNATE
    }
}
