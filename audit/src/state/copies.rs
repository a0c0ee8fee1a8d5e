//! Notes which registers hold the same value: an index is often checked in a copy, and the check applies to both.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::{RSP, State};
use crate::value::Base;

/// Holds, for each register, the first register that holds the same value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Copies([u8; 16]);

impl Copies {
    pub const NONE: Self = Self([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

    /// Returns the registers that hold the same value as this register, itself included.
    pub fn of(self, register: usize) -> impl Iterator<Item = usize> {
        let first = self.0[register];
        (0..16).filter(move |n| self.0[*n] == first)
    }

    /// Removes a register that is written from the copies.
    pub fn forget(&mut self, register: usize) {
        let mut others = self.of(register).filter(|n| *n != register);
        let next = others.next();
        for n in next.into_iter().chain(others) {
            self.0[n] = next.unwrap_or(n) as u8;
        }
        self.0[register] = register as u8;
    }

    /// Returns the copies that exist in both cases.
    pub fn common(self, other: Self) -> Self {
        let mut both = Self::NONE;
        for n in 0..16 {
            let same = |m: &usize| self.0[*m] == self.0[n] && other.0[*m] == other.0[n];
            both.0[n] = (0..16).find(same).unwrap_or(n) as u8;
        }
        both
    }

    fn add(&mut self, register: usize, of: usize) {
        self.forget(register);
        let all = self.0[of].min(register as u8);
        let first = self.0[of];
        for n in 0..16 {
            if self.0[n] == first || n == register {
                self.0[n] = all;
            }
        }
    }
}

impl State {
    /// Notes a copy. An instruction that may write other registers than its first operand ends all noted copies.
    pub fn note_copies(&mut self, i: &Instruction) {
        use Mnemonic as M;
        let is_simple = matches!(
            i.mnemonic(),
            M::Mov
                | M::Movzx
                | M::Movsx
                | M::Movsxd
                | M::Lea
                | M::Cmp
                | M::Test
                | M::Nop
                | M::Add
                | M::Sub
                | M::And
                | M::Or
                | M::Xor
                | M::Shl
                | M::Shr
                | M::Sar
                | M::Inc
                | M::Dec
                | M::Neg
                | M::Not
                | M::Push
                | M::Pop
        );
        if !is_simple && i.flow_control() == FlowControl::Next {
            self.copies = Copies::NONE;
        }
        let are_registers = i.op1_kind() == OpKind::Register && i.op0_kind() == OpKind::Register;
        if i.mnemonic() != M::Mov || !are_registers {
            return;
        }
        let (to, from) = (i.op0_register(), i.op1_register());
        let numbers = [to, from].map(|r| r.full_register().number());
        let value = &self.registers[numbers[1]];
        // A move of the lower half copies the whole value if the upper half is zero.
        let is_short = value.base == Base::Num && value.lo >= 0 && value.hi < 1 << 32;
        let is_whole = to.is_gpr64() && from.is_gpr64();
        let is_copy = is_whole || is_short && to.is_gpr32() && from.is_gpr32();
        if is_copy && numbers[0] != numbers[1] && !numbers.contains(&RSP) {
            self.copies.add(numbers[0], numbers[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_no_copy_and_leaves_the_others() {
        let mut copies = Copies::NONE;
        copies.add(3, 0);
        copies.add(7, 3);
        assert_eq!(copies.of(7).collect::<Vec<_>>(), [0, 3, 7]);
        copies.forget(0);
        assert_eq!(copies.of(7).collect::<Vec<_>>(), [3, 7]);
        assert_eq!(copies.of(0).collect::<Vec<_>>(), [0]);
        copies.add(1, 7);
        assert_eq!(copies.of(3).collect::<Vec<_>>(), [1, 3, 7]);
    }

    #[test]
    fn where_ways_meet_only_common_copies_are_left() {
        let (mut one, mut other) = (Copies::NONE, Copies::NONE);
        one.add(3, 0);
        one.add(7, 0);
        other.add(7, 3);
        other.add(1, 0);
        let both = one.common(other);
        assert_eq!(both.of(3).collect::<Vec<_>>(), [3, 7]);
        assert_eq!(both.of(0).collect::<Vec<_>>(), [0]);
        assert_eq!(both, other.common(one));
    }
}
