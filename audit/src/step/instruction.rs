//! The results of instructions, where more is known than which operands they read and write.

use iced_x86::{ConditionCode, Instruction, Mnemonic, OpKind, Register};

use super::forms::has_memory;
use crate::address::address;
use crate::comparison::opposite;
use crate::compute::compare;
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::operand::size_of;
use crate::state::{RSP, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Applies the effects of an instruction that is not a branch.
    pub(super) fn instruction(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
        let at = i.ip();
        if let Some(fault) = crate::odd::fault(i) {
            frame.find(Kind::Trap, Weight::Fault, at, fault);
        } else if let Some(doubt) = crate::odd::doubt(i) {
            frame.doubt(
                Kind::Instruction,
                at,
                doubt,
                "a handler that does without it",
            );
        }
        if i.memory_segment() == Register::GS && i.mnemonic() != Mnemonic::Lea && has_memory(i) {
            frame.find(
                Kind::Trap,
                Weight::Fault,
                at,
                "goes through gs, which has no base in programs for Linux",
            );
        }
        let bits = size_of(i, 0) * 8;
        match i.mnemonic() {
            Mnemonic::Nop
            | Mnemonic::Endbr64
            | Mnemonic::Pause
            | Mnemonic::Mfence
            | Mnemonic::Lfence
            | Mnemonic::Sfence => {}
            Mnemonic::Mov => {
                let value = self.operand(frame, i, 1, state);
                self.put(frame, i, 0, value, state);
                let to = (i.op0_kind() == OpKind::Memory).then(|| address(frame, i, state));
                let to = to.filter(|to| to.base == Base::Stack);
                state.note_copy(i, to.and_then(|to| to.exact()));
            }
            Mnemonic::Movzx => {
                let value = self.operand(frame, i, 1, state);
                self.put(frame, i, 0, value, state);
            }
            Mnemonic::Movsx | Mnemonic::Movsxd => {
                let from = size_of(i, 1) * 8;
                let value = self.operand(frame, i, 1, state);
                let value = if value.base == Base::Num {
                    value.signed(from)
                } else {
                    value
                };
                self.put(frame, i, 0, value, state);
            }
            Mnemonic::Cdqe => {
                let value = state.get(Register::EAX);
                let value = if value.base == Base::Num {
                    value.signed(32)
                } else {
                    value
                };
                state.set(Register::RAX, value);
            }
            Mnemonic::Cwde => {
                let value = state.get(Register::AX).signed(16);
                state.set(Register::EAX, value);
            }
            Mnemonic::Cdq | Mnemonic::Cqo => {
                let (low, high, ones, most) = match i.mnemonic() {
                    Mnemonic::Cdq => (Register::EAX, Register::EDX, 0xffff_ffff, i32::MAX.into()),
                    _ => (Register::RAX, Register::RDX, -1, i64::MAX),
                };
                let number = state.get(low);
                let is_positive = number.base == Base::Num && number.lo >= 0 && number.hi <= most;
                let value = if is_positive {
                    Value::num(0)
                } else {
                    Value::one_of(Base::Num, vec![0, ones])
                };
                state.set(high, value);
            }
            Mnemonic::Lea => {
                let value = address(frame, i, state);
                self.put(frame, i, 0, value, state);
            }
            Mnemonic::Add
            | Mnemonic::Sub
            | Mnemonic::And
            | Mnemonic::Or
            | Mnemonic::Xor
            | Mnemonic::Inc
            | Mnemonic::Dec
            | Mnemonic::Neg
            | Mnemonic::Not
            | Mnemonic::Shl
            | Mnemonic::Sal
            | Mnemonic::Shr
            | Mnemonic::Sar
            | Mnemonic::Adc
            | Mnemonic::Sbb
            | Mnemonic::Rol
            | Mnemonic::Ror => self.arithmetic(frame, i, bits, state),
            Mnemonic::Imul if i.op_count() >= 2 => {
                let left = self.operand(frame, i, i.op_count() - 2, state);
                let right = self.operand(frame, i, i.op_count() - 1, state);
                let value = match (right.number(), left.number()) {
                    (Some(factor), _) => left.times(factor),
                    (_, Some(factor)) => right.times(factor),
                    _ => Value::any_num(),
                };
                frame.multiplies(at, right.number().or(left.number()));
                self.put(frame, i, 0, value, state);
                state.flags = None;
            }
            Mnemonic::Mul => {
                let other = self.operand(frame, i, 0, state).number();
                let own = state.get(Register::RAX).number();
                if own.is_some() {
                    frame.factors_in_rax.insert(at);
                }
                frame.multiplies(at, own.or(other));
                let upper = (bits == 64 && self.follows_texts)
                    .then(|| self.upper_half(frame, i, state))
                    .flatten();
                self.other(frame, i, state);
                if let Some(upper) = upper {
                    state.set(Register::RDX, upper);
                }
            }
            Mnemonic::Tzcnt | Mnemonic::Bsf | Mnemonic::Lzcnt | Mnemonic::Bsr => {
                // An older CPU runs `tzcnt` and `lzcnt` as `bsf` and `bsr`, whose result for zero is undefined.
                let of = self.operand(frame, i, 1, state);
                let value = if of.base == Base::Num && of.lo > 0 {
                    Value::range(0, i64::from(bits) - 1)
                } else {
                    Value::any_num()
                };
                self.put(frame, i, 0, value, state);
                state.flags = None;
            }
            Mnemonic::Bts if i.op0_kind() == OpKind::Register && bits == 32 => {
                self.put(frame, i, 0, Value::range(1, u32::MAX.into()), state);
                state.flags = None;
            }
            Mnemonic::Cmp | Mnemonic::Test => {
                let left = self.operand(frame, i, 0, state);
                let right = self.operand(frame, i, 1, state);
                compare(frame, i, left, right, bits, state);
                self.note_compared(frame, i, state);
            }
            Mnemonic::Push => {
                let value = self.operand(frame, i, 0, state);
                let to = state.registers[RSP].moved(-8);
                state.registers[RSP] = to.clone();
                self.store(frame, i, &to, 8, value, state);
            }
            Mnemonic::Pop => {
                let from = state.registers[RSP].clone();
                let value = self.load(frame, i, &from, 8, state);
                state.registers[RSP] = from.moved(8);
                if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr() {
                    let register = i.op0_register().full_register().number();
                    let value = frame.restored(register, value);
                    state.set(i.op0_register(), value);
                    self.watch_stack(frame, at, state);
                } else if i.op0_kind() == OpKind::Memory {
                    let to = address(frame, i, state);
                    self.store(frame, i, &to, 8, value, state);
                }
            }
            Mnemonic::Leave => {
                let from = state.registers[5].clone();
                let value = self.load(frame, i, &from, 8, state);
                state.registers[RSP] = from.moved(8);
                state.registers[5] = frame.restored(5, value);
                self.watch_stack(frame, at, state);
            }
            Mnemonic::Xchg => {
                let left = self.operand(frame, i, 0, state);
                let right = self.operand(frame, i, 1, state);
                self.put(frame, i, 0, right, state);
                self.put(frame, i, 1, left, state);
            }
            Mnemonic::Div | Mnemonic::Idiv => self.divide(frame, i, state),
            Mnemonic::Rdfsbase => state.set(i.op0_register(), Value::at(Base::Thread, 0)),
            Mnemonic::Movq
            | Mnemonic::Movd
            | Mnemonic::Pinsrq
            | Mnemonic::Punpcklqdq
            | Mnemonic::Movups
            | Mnemonic::Movaps
            | Mnemonic::Movdqa
            | Mnemonic::Movdqu
            | Mnemonic::Movapd
            | Mnemonic::Movupd
            | Mnemonic::Movhps
            | Mnemonic::Movlps
            | Mnemonic::Pxor
            | Mnemonic::Xorps => {
                crate::vector::step(self, frame, i, state);
            }
            _ if i.is_string_instruction() => self.string(frame, i, state),
            _ if i.condition_code() != ConditionCode::None
                && i.op0_kind() == OpKind::Register
                && i.op_count() == 2 =>
            {
                // A conditional move.
                let new = self.operand(frame, i, 1, state);
                let old = self.operand(frame, i, 0, state);
                let value = match state.decides(i.condition_code()) {
                    Some(true) => new,
                    Some(false) => old,
                    None => {
                        let mut taken = state.clone();
                        taken.assume(i.condition_code());
                        let new = if i.op1_kind() == OpKind::Register {
                            taken.get(i.op1_register())
                        } else {
                            new
                        };
                        let mut not = state.clone();
                        not.assume(opposite(i.condition_code()));
                        new.or(&not.get(i.op0_register()))
                    }
                };
                self.put(frame, i, 0, value, state);
            }
            _ if i.condition_code() != ConditionCode::None && i.op_count() == 1 => {
                let value = match state.decides(i.condition_code()) {
                    Some(one) => Value::num(one.into()),
                    None => Value::range(0, 1),
                };
                self.put(frame, i, 0, value, state);
            }
            _ => self.other(frame, i, state),
        }
    }
}
