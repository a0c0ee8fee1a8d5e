//! Finds the word of the file that chose the element to which an instruction stores.

use std::collections::HashMap;

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use crate::frame::Frame;

/// Returns the word that the index of the store at `at` was loaded from.
///
/// Reads the function in the order of addresses and ignores its branches: exact enough for an open question.
pub fn chosen_by(frame: &Frame, at: u64) -> Option<u64> {
    let (start, end) = frame.bounds;
    let bytes = frame.image.bytes(start);
    let bytes = &bytes[..bytes.len().min(end.saturating_sub(start) as usize)];
    let mut from = Origins {
        registers: HashMap::new(),
        slots: HashMap::new(),
        factory: InstructionInfoFactory::new(),
    };
    for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
        if i.ip() == at {
            return [i.memory_index(), i.memory_base()]
                .into_iter()
                .find_map(|register| from.registers.get(&register.full_register()).copied());
        }
        from.step(frame, &i);
    }
    None
}

/// Holds the words of the file from which registers and words of the frame were computed.
struct Origins {
    registers: HashMap<Register, u64>,
    slots: HashMap<(Register, u64), u64>,
    factory: InstructionInfoFactory,
}

impl Origins {
    fn step(&mut self, frame: &Frame, i: &Instruction) {
        let has_memory = i.mnemonic() != Mnemonic::Lea
            && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory);
        let slot = (i.memory_base(), i.memory_displacement64());
        let is_absolute = i.memory_base() == Register::None || i.is_ip_rel_memory_operand();
        let origin = if has_memory && i.op0_kind() != OpKind::Memory {
            if is_absolute && i.memory_index() == Register::None {
                let word = i.memory_displacement64();
                frame.image.is_writable(word).then_some(word)
            } else {
                self.slots.get(&slot).copied()
            }
        } else {
            let info = self.factory.info(i);
            let read = info
                .used_registers()
                .iter()
                .filter(|used| !matches!(used.access(), OpAccess::Write | OpAccess::CondWrite));
            read.filter(|used| !has_memory || used.register().full_register() != i.memory_base())
                .find_map(|used| {
                    self.registers
                        .get(&used.register().full_register())
                        .copied()
                })
        };
        if has_memory && i.op0_kind() == OpKind::Memory {
            match origin {
                Some(word) => self.slots.insert(slot, word),
                None => self.slots.remove(&slot),
            };
            return;
        }
        for used in self.factory.info(i).used_registers() {
            let register = used.register().full_register();
            if matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
                || !used.register().is_gpr()
            {
                continue;
            }
            match origin {
                Some(word) => self.registers.insert(register, word),
                None => self.registers.remove(&register),
            };
        }
    }
}
