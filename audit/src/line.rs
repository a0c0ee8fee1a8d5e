//! The instructions of a function, each with the registers that it writes and the word of the frame that it touches.

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use crate::frame::Frame;
use crate::hash::Map;

/// Describes a register or a word of memory with which instructions compute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Variable {
    Register(Register),
    Slot(Register, i64),
}

/// Holds an instruction with the general registers that it writes, by their numbers, and the word of the frame that it touches.
pub struct Line {
    instruction: Instruction,
    written: u16,
    pub slot: Option<Variable>,
}

impl Line {
    fn new(
        instruction: Instruction,
        has_frame_pointer: bool,
        factory: &mut InstructionInfoFactory,
    ) -> Self {
        const SCRATCH: u16 = 0b1111_1100_0111;
        let mut written = SCRATCH;
        if !is_call(&instruction) {
            written = 0;
            for used in factory.info(&instruction).used_registers() {
                let writes = matches!(
                    used.access(),
                    OpAccess::Write
                        | OpAccess::ReadWrite
                        | OpAccess::CondWrite
                        | OpAccess::ReadCondWrite
                );
                if writes && used.register().is_gpr() {
                    written |= 1 << used.register().full_register().number();
                }
            }
        }
        Self {
            instruction,
            written,
            slot: slot(&instruction).filter(|slot| match slot {
                Variable::Slot(Register::RBP, _) => has_frame_pointer,
                _ => true,
            }),
        }
    }
}

/// Returns whether `rbp` is only a frame pointer in these instructions: elsewhere the words that it points to may have other names
/// too.
fn has_frame_pointer(code: &[Instruction]) -> bool {
    let mut is_set = false;
    for i in code {
        match i.mnemonic() {
            Mnemonic::Pop | Mnemonic::Leave | Mnemonic::Enter => continue,
            Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push => continue,
            _ if i.op0_kind() != OpKind::Register
                || i.op0_register().full_register() != Register::RBP =>
            {
                continue;
            }
            Mnemonic::Mov
                if i.op_kind(1) == OpKind::Register && i.op1_register() == Register::RSP => {}
            Mnemonic::Lea
                if i.memory_base() == Register::RSP && i.memory_index() == Register::None => {}
            _ => return false,
        }
        is_set = true;
    }
    is_set
}

impl std::ops::Deref for Line {
    type Target = Instruction;

    fn deref(&self) -> &Instruction {
        &self.instruction
    }
}

/// Returns the instructions of a function, by their addresses.
pub fn lines(frame: &Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) -> Map<u64, Line> {
    let all: Vec<Instruction> = frame.edges.keys().filter_map(|&at| decoded(at)).collect();
    let has_frame_pointer = has_frame_pointer(&all);
    let mut factory = InstructionInfoFactory::new();
    all.into_iter()
        .map(|i| (i.ip(), Line::new(i, has_frame_pointer, &mut factory)))
        .collect()
}

pub fn is_call(i: &Instruction) -> bool {
    matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    )
}

/// Returns the operand, if it is a whole register or a word of the frame.
pub fn operand(i: &Line, number: u32) -> Option<Variable> {
    if number >= i.op_count() {
        return None;
    }
    match i.op_kind(number) {
        OpKind::Register if i.op_register(number).is_gpr() && i.op_register(number).size() >= 4 => {
            Some(Variable::Register(i.op_register(number).full_register()))
        }
        OpKind::Memory if matches!(i.memory_size().size(), 4 | 8) => i.slot,
        _ => None,
    }
}

/// Returns the register or the word of the frame that the operand names, also if the operand is only a part of it.
pub fn whole(i: &Line, number: u32) -> Option<Variable> {
    let is_register = number < i.op_count()
        && i.op_kind(number) == OpKind::Register
        && i.op_register(number).is_gpr();
    if is_register {
        return Some(Variable::Register(i.op_register(number).full_register()));
    }
    let is_memory = number < i.op_count() && i.op_kind(number) == OpKind::Memory;
    is_memory.then_some(i.slot).flatten()
}

fn slot(i: &Instruction) -> Option<Variable> {
    let base = i.memory_base();
    (matches!(base, Register::RBP | Register::RSP)
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory))
    .then(|| Variable::Slot(base, i.memory_displacement64().cast_signed()))
}

pub fn writes(i: &Line, place: Variable) -> bool {
    match place {
        Variable::Register(register) => {
            register.is_gpr() && i.written & 1 << register.number() != 0
        }
        Variable::Slot(..) => {
            // A part of the word counts as well; words are taken to have four bytes.
            let overlaps = match (i.slot, place) {
                (Some(Variable::Slot(a, x)), Variable::Slot(b, y)) => {
                    let size = i.memory_size().size().max(1) as i64;
                    a == b && x < y + 4 && y < x + size
                }
                _ => false,
            };
            i.op0_kind() == OpKind::Memory
                && overlaps
                && !matches!(
                    i.mnemonic(),
                    Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
                )
        }
    }
}
