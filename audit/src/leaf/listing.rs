//! Instructions as text that is the same wherever the linker puts the code.

use super::effects::Effects;
use super::elf::Binary;
use super::instruction::Flow;
use super::place;
use super::value::LeafValue;
use super::walk::{Function, Step};

/// Returns an instruction with names in place of addresses, and offsets from the function's start in place of branch targets.
pub fn text(binary: &Binary, function: &Function, step: &Step, effects: &Effects) -> String {
    step.instruction
        .text(&Names::new(binary, function, step, effects))
}

/// Holds the names of the addresses in one instruction.
#[derive(Clone, Default)]
pub struct Names {
    names: Vec<(u64, String)>,
    /// The address that a constant of the instruction forms.
    pub refers: Option<u64>,
}

impl Names {
    fn new(binary: &Binary, function: &Function, step: &Step, effects: &Effects) -> Self {
        let mut names = Vec::new();
        let leaves = step.leaves.as_ref();
        let outside = leaves.and_then(|(_, target)| target.name(binary));
        match (step.instruction.flow, outside) {
            (Flow::Branch(to) | Flow::Jump(to) | Flow::Call(to), Some(name)) => {
                names.push((to, name));
            }
            (Flow::Branch(to) | Flow::Jump(to), None) if leaves.is_none() => {
                let inside = to.wrapping_sub(function.symbol.address);
                names.push((to, place::offset(inside.cast_signed())));
            }
            (Flow::JumpThrough(Some(slot)) | Flow::CallThrough(Some(slot)), Some(name)) => {
                names.push((slot, format!("{name}@got")));
            }
            _ => {}
        }
        if let Some(address) = effects.refers {
            let at = LeafValue::pointer(address);
            let name = place::origin(binary, at);
            let offset = place::range(binary, at, 1);
            let offset = if offset == "+0x0" { "" } else { &offset };
            names.push((address, format!("{name}{offset}")));
        }
        Self {
            names,
            refers: effects.refers,
        }
    }

    /// Returns the name of an address.
    pub fn of(&self, address: u64) -> Option<&str> {
        let found = self.names.iter().find(|(known, _)| *known == address);
        found.map(|(_, name)| name.as_str())
    }

    /// Returns the name of an address, or the address itself if it has no name.
    pub fn or_address(&self, address: u64) -> String {
        self.of(address)
            .map_or_else(|| format!("{address:#x}"), str::to_owned)
    }
}
