//! What an instruction that copies, computes or loads leaves in its register.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::{Held, Known};
use crate::image::THREAD;
use crate::summary::is_preserved;
use crate::sweep::instruction::is_store;

impl Known {
    /// Returns the address that the instruction computes from an address in another register, which keeps its
    /// value, or from the thread pointer.
    fn part(&self, i: &Instruction) -> Option<u64> {
        let base = i.memory_base();
        if i.op0_register().is_gpr64()
            && self.lea[i.op0_register().number()] == Some(THREAD)
            && i.mnemonic() == Mnemonic::Add
        {
            return Some(THREAD.wrapping_add(i.try_immediate(1).ok()?));
        }
        let is_part = i.mnemonic() == Mnemonic::Lea
            && i.memory_index() == Register::None
            && base.is_gpr64()
            && (i.op0_register() != base || self.lea[base.number()] == Some(THREAD));
        let whole = is_part.then(|| self.lea[base.number()])??;
        Some(whole.wrapping_add(i.memory_displacement64()))
    }

    /// Returns the address of the file, or the argument, from which the new value of the first operand is copied or computed by an
    /// addition; `all`: the addresses or arguments of the registers.
    fn moved_within<T: Copy>(i: &Instruction, all: &[Option<T>; 16]) -> Option<T> {
        use Mnemonic as M;
        let of = |register: Register| register.is_gpr64().then(|| all[register.number()])?;
        match i.mnemonic() {
            M::Mov if i.op1_kind() == OpKind::Register => of(i.op1_register()),
            M::Lea => of(i.memory_base()).or_else(|| of(i.memory_index())),
            M::Add if i.op1_kind() == OpKind::Register => {
                of(i.op0_register()).or_else(|| of(i.op1_register()))
            }
            M::Add | M::Sub | M::Inc | M::Dec => of(i.op0_register()),
            _ => None,
        }
    }

    /// Follows the addresses that the instruction moves between registers, or to the frame and back; `by_name`: the word that it
    /// names.
    pub fn moves(&mut self, i: &Instruction, by_name: Option<u64>) {
        // A call by a register does not change the register.
        if i.flow_control() != FlowControl::Next {
            return;
        }
        let is_move = i.mnemonic() == Mnemonic::Mov;
        let is_wide = matches!(i.mnemonic(), Mnemonic::Mul | Mnemonic::Div | Mnemonic::Idiv)
            || i.mnemonic() == Mnemonic::Imul && i.op_count() == 1;
        if is_wide {
            self.forget(Register::RAX.number());
            self.forget(Register::RDX.number());
            return;
        }
        if matches!(i.mnemonic(), Mnemonic::Push | Mnemonic::Pop) {
            self.forget(Register::RSP.number());
        }
        let local = self.local(i);
        let of = |known: &Self, register: Register| {
            let n = register.full_register().number();
            match register.size() {
                8 => (known.lea[n], known.arguments[n]),
                _ => Held::default(),
            }
        };
        if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr() {
            if matches!(
                i.mnemonic(),
                Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
            ) {
                return;
            }
            let to = i.op0_register().full_register().number();
            let moved = match i.op1_kind() {
                OpKind::Register if is_move && i.op1_register().is_gpr() => {
                    of(self, i.op1_register())
                }
                OpKind::Memory if is_move && local.is_some() => {
                    let held = local.and_then(|local| self.spilled.get(&local).copied());
                    match (held, i.op0_register().size()) {
                        (Some(held), 8) => held,
                        _ => Held::default(),
                    }
                }
                _ => (self.part(i), None),
            };
            let pointer = self.pointer(i, by_name);
            let within = Self::moved_within(i, &self.within);
            let behind = Self::moved_within(i, &self.behind);
            let value = match i.op1_kind() {
                OpKind::Register if is_move && i.op1_register().is_gpr64() => {
                    Some(self.values[i.op1_register().number()])
                }
                OpKind::Memory if is_move => {
                    local.and_then(|local| self.spilled_values.get(&local).copied())
                }
                // Before a return. The code behind that is reached from elsewhere, where the register has not been restored.
                _ if i.mnemonic() == Mnemonic::Pop && is_preserved(to) => Some(self.values[to]),
                _ => None,
            };
            self.forget(to);
            self.values[to] = value.unwrap_or(self.last_value);
            (self.lea[to], self.arguments[to]) = moved;
            self.pointers[to] = pointer;
            self.within[to] = within.or(self.lea[to]);
            self.behind[to] = behind.or(self.arguments[to]);
        } else if i.op0_kind() == OpKind::Memory
            && is_store(i)
            && let Some(at) = local
        {
            let kept = (is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr())
                .then(|| of(self, i.op1_register()));
            self.spilled_pointers.remove(&at);
            self.spilled_values.remove(&at);
            if is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr64() {
                let value = self.values[i.op1_register().number()];
                self.spilled_values.insert(at, value);
            }
            if is_move
                && i.op1_kind() == OpKind::Register
                && i.op1_register().is_gpr64()
                && let Some(word) = self.pointers[i.op1_register().number()]
            {
                self.spilled_pointers.insert(at, word);
            }
            self.spilled.insert(at, kept.unwrap_or_default());
        }
    }
}
