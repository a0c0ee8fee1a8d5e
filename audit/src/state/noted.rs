//! Notes facts for later instructions: words seen not to be null, and how registers were computed from other registers.

use std::rc::Rc;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::{Made, RSP, State, United};
use crate::comparison::Compared;
use crate::value::{Base, Value};

impl State {
    /// Notes that the word was seen not to be null.
    pub fn look(&mut self, image: u16, word: u64) {
        if !self.looked.contains(&(image, word)) {
            Rc::make_mut(&mut self.looked).insert((image, word));
        }
    }

    /// Forgets that words of the file from `lo` to below `hi` were seen not to be null.
    pub fn unlook(&mut self, image: u16, lo: u64, hi: u64) {
        let is_hit = |of: u16, word: u64| of == image && word < hi && word.saturating_add(8) > lo;
        if self.looked.iter().any(|(of, word)| is_hit(*of, *word)) {
            Rc::make_mut(&mut self.looked).retain(|(of, word)| !is_hit(*of, *word));
        }
    }

    /// Notes that a text ends between those places of the stack.
    pub fn note_zero(&mut self, lo: i64, hi: i64) {
        self.zero = (lo <= hi).then_some((lo, hi));
    }

    /// Notes the place from which a register is computed: an index is often checked in a copy, and the check applies to both. An
    /// instruction that may write other registers than its first operand ends the note.
    pub fn note_made(&mut self, i: &Instruction, made: Option<Made>, slot: Option<i64>) {
        use Mnemonic as M;
        let is_half = i.op0_kind() == OpKind::Register && i.op0_register().is_gpr32();
        let number = is_half.then(|| i.op0_register().full_register().number());
        let added = match i.mnemonic() {
            M::Add => i.try_immediate(1).ok().map(u64::cast_signed),
            M::Sub => i
                .try_immediate(1)
                .ok()
                .and_then(|n| n.cast_signed().checked_neg()),
            M::Inc => Some(1),
            M::Dec => Some(-1),
            _ => None,
        };
        let from = match (i.mnemonic(), i.op1_kind()) {
            (M::Mov, OpKind::Register) if i.op1_register().is_gpr32() => {
                Some((i.op1_register(), 0))
            }
            (M::Lea, _) if i.memory_index() == Register::None && i.memory_base().is_gpr() => {
                Some((i.memory_base(), i.memory_displacement64().cast_signed()))
            }
            _ => None,
        };
        if let (Some(register), Some(known), Some(added)) = (number, made, added) {
            self.made = (known.register == register)
                .then(|| known.added.checked_add(added))
                .flatten()
                .map(|added| Made { added, ..known });
        } else if let (Some(register), Some((from, added))) = (number, from) {
            let from = from.full_register().number();
            self.made = (from != register && from != RSP).then_some(Made {
                register,
                from: Compared::Register(from),
                added,
            });
        } else if let (Some(register), M::Mov, Some(at)) = (number, i.mnemonic(), slot) {
            self.made = Some(Made {
                register,
                from: Compared::Slot(at, 4),
                added: 0,
            });
        } else if !matches!(
            i.mnemonic(),
            M::Mov | M::Movzx | M::Movsx | M::Movsxd | M::Cdqe | M::Lea | M::Cmp | M::Test | M::Nop
        ) && i.flow_control() != FlowControl::ConditionalBranch
        {
            self.made = None;
        }
    }

    /// Notes a register that is computed from two other registers and then shifted. Compilers test so before a division whether the
    /// lower half of each is enough.
    pub fn note_united(&mut self, i: &Instruction, united: Option<United>) {
        use Mnemonic as M;
        let number = |r: Register| r.is_gpr64().then(|| r.full_register().number());
        let to = (i.op0_kind() == OpKind::Register).then(|| i.op0_register());
        let from = (i.op1_kind() == OpKind::Register).then(|| i.op1_register());
        let [to, from] = [to, from].map(|r| r.and_then(number));
        let known = united.filter(|united| Some(united.register) == to);
        self.united = match (i.mnemonic(), to, from, known) {
            (M::Mov, Some(register), Some(of), _) => Some(United {
                register,
                of: [of; 2],
                is_upper: false,
            }),
            (M::Or, _, Some(other), Some(united)) if !united.is_upper => Some(United {
                of: [united.of[0], other],
                ..united
            }),
            (M::Shr, _, None, Some(united)) if i.immediate8() == 32 && !united.is_upper => {
                Some(United {
                    is_upper: true,
                    ..united
                })
            }
            _ => None,
        };
    }

    /// Applies the fact that the place holds zero: it may hold the upper halves of two registers.
    pub fn note_short(&mut self, place: Compared) {
        let united = self.united.filter(|united| united.is_upper);
        let Some(united) = united.filter(|united| place == Compared::Register(united.register))
        else {
            return;
        };
        for number in united.of {
            let value = &self.registers[number];
            let is_positive = match value.base {
                Base::NotNull(..) => value.exact() == Some(0),
                Base::Num => value.lo > 0,
                _ => false,
            };
            let (lo, hi) = match value.base {
                Base::Num => (value.lo, value.hi),
                _ => (0, i64::MAX),
            };
            let (lo, hi) = (lo.max(is_positive.into()), hi.min(u32::MAX.into()));
            if number != united.register && lo <= hi {
                self.registers[number] = Value::range(lo, hi);
            }
        }
    }

    /// Notes a copy of half a register to another register, or of that register to the stack. Code at -O0 keeps an index into a
    /// jump table in this way.
    pub fn note_copy(&mut self, i: &Instruction, to: Option<i64>) {
        if i.op1_kind() != OpKind::Register {
            return;
        }
        let from = i.op1_register();
        if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr32() && from.is_gpr32() {
            let (to, from) = (i.op0_register(), from.full_register());
            let pair = (to.full_register().number(), from.number());
            self.half = (pair.0 != pair.1).then_some(pair);
        } else if let (Some(at), Some((half, whole))) = (to, self.half)
            && from.is_gpr64()
            && from.number() == half
        {
            self.spilled = Some((at, whole));
        }
    }
}
