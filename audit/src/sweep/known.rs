//! What a sweep knows of the registers.

use std::collections::HashMap;

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::{Given, Tables, Way};
use crate::state::ARGUMENTS;

/// What a sweep knows of the registers, without regard to branches.
pub struct Known {
    pub function: u64,
    /// The addresses of the file that were loaded as constants.
    pub lea: [Option<u64>; 16],
    /// The arguments of the function, by their numbers.
    arguments: [Option<usize>; 16],
    /// What was stored below the frame pointer, by the offset.
    spilled: HashMap<u64, (Option<u64>, Option<usize>)>,
}

impl Known {
    pub fn at_entry(function: u64) -> Self {
        let mut arguments = [None; 16];
        for (n, register) in ARGUMENTS.into_iter().enumerate() {
            arguments[register] = Some(n);
        }
        Self {
            function,
            lea: [None; 16],
            arguments,
            spilled: HashMap::new(),
        }
    }

    pub fn forget(&mut self, register: usize) {
        self.lea[register] = None;
        self.arguments[register] = None;
        if register == Register::RBP.number() {
            self.spilled.clear();
        }
    }

    /// Notes a store of an argument.
    pub fn gives(&self, i: &Instruction, place: u64, way: Way, tables: &mut Tables) {
        if i.mnemonic() == Mnemonic::Mov
            && i.op1_kind() == OpKind::Register
            && i.op1_register().is_gpr64()
            && let Some(argument) = self.arguments[i.op1_register().number()]
        {
            tables.given.push(Given {
                at: i.ip(),
                place,
                way,
                function: self.function,
                argument,
            });
        }
    }

    /// Follows what the instruction moves from register to register, or to the frame and back.
    pub fn moves(&mut self, i: &Instruction) {
        let is_move = i.mnemonic() == Mnemonic::Mov;
        let is_local = i.memory_base() == Register::RBP && i.memory_index() == Register::None;
        let of = |known: &Self, n: usize| (known.lea[n], known.arguments[n]);
        if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr() {
            if matches!(
                i.mnemonic(),
                Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
            ) {
                return;
            }
            let to = i.op0_register().full_register().number();
            let moved = match i.op1_kind() {
                OpKind::Register if is_move && i.op1_register().is_gpr64() => {
                    Some(of(self, i.op1_register().number()))
                }
                OpKind::Memory if is_move && is_local && i.op0_register().is_gpr64() => {
                    self.spilled.get(&i.memory_displacement64()).copied()
                }
                _ => None,
            };
            self.forget(to);
            if let Some((lea, argument)) = moved {
                self.lea[to] = lea;
                self.arguments[to] = argument;
            }
        } else if i.op0_kind() == OpKind::Memory && is_local {
            let kept = (is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr64())
                .then(|| of(self, i.op1_register().number()));
            self.spilled
                .insert(i.memory_displacement64(), kept.unwrap_or_default());
        }
    }
}
