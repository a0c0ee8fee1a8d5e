//! The effects of any other instruction: the operands that it reads and writes are known, its results are not.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use crate::address::address;
use crate::explore::Explorer;
use crate::finding::Kind;
use crate::frame::Frame;
use crate::operand::size_of;
use crate::state::{RSP, State, any};
use crate::value::Base;

impl Explorer<'_> {
    /// Applies the effects of any other instruction: the operands that it reads and writes are known, its results are not.
    pub(super) fn other(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
        use iced_x86::OpAccess as A;
        let at = i.ip();
        if matches!(
            i.mnemonic(),
            Mnemonic::Cmpxchg | Mnemonic::Cmpxchg8b | Mnemonic::Cmpxchg16b
        ) {
            let is_number = |register| state.get(register).number().is_some();
            let constant = match i.mnemonic() {
                Mnemonic::Cmpxchg if size_of(i, 0) == 8 => is_number(Register::RAX),
                Mnemonic::Cmpxchg => is_number(Register::EAX),
                Mnemonic::Cmpxchg8b => is_number(Register::EAX) && is_number(Register::EDX),
                _ => is_number(Register::RAX) && is_number(Register::RDX),
            };
            let all = frame.expects.entry(at).or_insert(true);
            *all &= constant;
        }
        for n in (0..i.op_count()).filter(|n| i.op_kind(*n) == OpKind::Register) {
            self.note_published(&state.get(i.op_register(n)));
        }
        let info = self.factory.info(i).clone();
        for memory in info.used_memory() {
            let writes = matches!(
                memory.access(),
                A::Write | A::CondWrite | A::ReadWrite | A::ReadCondWrite
            );
            if matches!(memory.access(), A::None | A::NoMemAccess) {
                continue;
            }
            let mut size = memory.memory_size().size() as u32;
            if size == 0 {
                size = crate::odd::area(i).unwrap_or(0);
                if size == 0 {
                    frame.doubt(
                        Kind::Instruction,
                        at,
                        "touches an amount of memory that is not known",
                        "another instruction",
                    );
                }
            }
            let place = address(frame, i, state);
            if crate::odd::has_bit_offset(i) {
                let index = state.get(i.op1_register());
                if !(index.base == Base::Num && index.lo >= 0 && index.hi < i64::from(size) * 8) {
                    frame.doubt(Kind::Write, at, "sets or tests a bit whose number is not known, so that it may be far from the word", "a number of a bit with a bound that can be seen");
                }
            }
            if writes {
                self.store(frame, i, &place, size, any(size), state);
            } else {
                self.load(frame, i, &place, size, state);
            }
        }
        for used in info.used_registers() {
            let writes = !matches!(
                used.access(),
                A::None | A::Read | A::CondRead | A::NoMemAccess
            );
            if !writes {
                continue;
            }
            let register = used.register();
            if register.is_gpr() {
                if register.full_register().number() == RSP && i.is_stack_instruction() {
                    continue;
                }
                state.set(register, any(register.size() as u32));
            } else if register.is_vector_register() {
                state.vectors.remove(&(register.number() as u8));
            }
        }
        if i.is_stack_instruction() {
            state.registers[RSP] = state.registers[RSP].moved(i.stack_pointer_increment().into());
        }
        if matches!(i.mnemonic(), Mnemonic::Cmpxchg) {
            state.lows.remove(&0);
            state.registers[0] = any(size_of(i, 0));
        }
        if i.rflags_modified() != 0 {
            state.flags = None;
        }
        self.watch_stack(frame, at, state);
    }
}
