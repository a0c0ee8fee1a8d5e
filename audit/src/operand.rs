//! The operands of an instruction: their values before it, and the values that it stores to them.

use iced_x86::{Instruction, OpKind, Register};

use crate::address::address;
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::state::{RSP, State, stack_top};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Returns the value of an operand.
    pub fn operand(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        operand: u32,
        state: &mut State,
    ) -> Value {
        match i.op_kind(operand) {
            OpKind::Register => state.get(i.op_register(operand)),
            OpKind::Memory => {
                let place = address(frame, i, state);
                self.load(frame, i, &place, i.memory_size().size() as u32, state)
            }
            _ => match i.try_immediate(operand) {
                Ok(number) => {
                    let value = Value::num(number.cast_signed());
                    let bits = size_of(i, 0) * 8;
                    if bits == 32 && operand > 0 {
                        value.low_bits(32)
                    } else {
                        value
                    }
                }
                Err(_) => Value::UNKNOWN,
            },
        }
    }

    pub fn put(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        operand: u32,
        value: Value,
        state: &mut State,
    ) {
        match i.op_kind(operand) {
            OpKind::Register => {
                state.set(i.op_register(operand), value);
                if i.op_register(operand).full_register() == Register::RSP {
                    self.watch_stack(frame, i.ip(), state);
                }
                if matches!(
                    i.op_register(operand),
                    Register::FS | Register::GS | Register::SS | Register::DS | Register::ES
                ) {
                    frame.find(
                        Kind::Trap,
                        Weight::Fault,
                        i.ip(),
                        "changes a segment register",
                    );
                }
            }
            OpKind::Memory => {
                let place = address(frame, i, state);
                self.store(
                    frame,
                    i,
                    &place,
                    i.memory_size().size() as u32,
                    value,
                    state,
                );
            }
            _ => {}
        }
    }

    pub fn watch_stack(&mut self, frame: &mut Frame, at: u64, state: &State) {
        frame.is_growing |= state.registers[RSP].exact().is_none();
        match stack_top(state) {
            Some(top) if top <= 0 || !frame.is_handler => {
                frame.uses_stack(top);
                frame.floor = Some(frame.floor.map_or(top, |floor| floor.min(top)));
            }
            _ if state.registers[RSP].base == Base::Stack && state.registers[RSP].is_bounded() => {}
            // The frame holds an array whose length is a number that may have any value.
            _ if state.registers[RSP].base == Base::Stack => frame.doubt(
                Kind::Stack,
                at,
                "lets down its frame by a number whose bound is not known",
                "an array of a constant length",
            ),
            _ => frame.strays(at, "switches to another stack"),
        }
    }
}

/// Returns the size of an operand in bytes.
pub fn size_of(i: &Instruction, operand: u32) -> u32 {
    match i.op_kind(operand) {
        OpKind::Register => i.op_register(operand).size() as u32,
        OpKind::Memory => i.memory_size().size() as u32,
        _ => 8,
    }
}
