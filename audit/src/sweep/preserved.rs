//! The scratch registers that a function leaves alone. A compiler that knows the function may keep values in them over a call
//! (gcc's `-fipa-ra`, which is on at -O2).

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, OpAccess,
};

use super::derived::Derived;
use super::registers::Registers;
use crate::hash::Map;
use crate::image::Image;

/// Holds the registers that functions preserve, by the function.
#[derive(Default)]
pub struct Preserved(Map<u64, Registers>);

impl Preserved {
    /// Returns the registers that the function which `i` calls preserves; none if `i` is no such call, or the scratch registers hold
    /// nothing of interest.
    pub fn over(&mut self, image: &Image, i: &Instruction, held: &Derived) -> Registers {
        if i.flow_control() != FlowControl::Call || !held.uses_scratch() {
            return Registers::default();
        }
        self.by(image, i.near_branch_target())
    }

    /// Returns the registers that the function preserves.
    pub fn by(&mut self, image: &Image, function: u64) -> Registers {
        let known = self.0.entry(function);
        *known.or_insert_with(|| by(image, function).unwrap_or_default())
    }
}

/// Returns the registers that the function does not write; `None` if it calls or jumps to another, or if its code is not known.
fn by(image: &Image, function: u64) -> Option<Registers> {
    let (start, end) = image.function_at(function)?;
    let bytes = image.bytes(start).get(..(end - start) as usize)?;
    let mut factory = InstructionInfoFactory::new();
    let mut kept = Registers::ALL;
    for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
        match i.flow_control() {
            FlowControl::Next | FlowControl::Return => {}
            FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => {
                (start..end)
                    .contains(&i.near_branch_target())
                    .then_some(())?;
            }
            _ => return None,
        }
        for used in factory.info(&i).used_registers() {
            if !matches!(used.access(), OpAccess::Read | OpAccess::CondRead) {
                kept.remove(used.register());
            }
        }
    }
    Some(kept)
}
