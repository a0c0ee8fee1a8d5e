//! Applies the effects of one instruction, and finds where control may go after it.

mod cases;
mod forms;
mod instruction;
mod other;

use iced_x86::{Code, FlowControl, Instruction, Mnemonic, OpKind};

use self::cases::{bit_cases, known};
use self::forms::has_short_operands;
pub use self::forms::is_system_call;
use crate::address::address;
use crate::comparison::{Compared, opposite};
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::flow::{astray, retpoline};
use crate::frame::Frame;
use crate::libc::{self, RAW};
use crate::state::{ARGUMENTS, Copies, State};
use crate::value::{Base, Value};

/// Holds the addresses where control may go, each with the known facts there.
pub type Next = Vec<(u64, State)>;

impl Explorer<'_> {
    /// Applies the effects of an instruction other than a branch to `state`, or returns the known facts after it as several cases.
    pub fn ahead(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) -> Vec<State> {
        // Only for these instructions the changed registers are known here, so other instructions end the noted copies.
        if !matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Sub) {
            state.half = None;
            state.spilled = None;
        }
        frame.names(i, state);
        let cases = self
            .clamp(frame, i, state)
            .or_else(|| self.element_cases(frame, i, state))
            .or_else(|| self.few_numbers(i, state))
            .or_else(|| bit_cases(i, state));
        if let Some(mut cases) = cases {
            for one in &mut cases {
                one.loaded = None;
                one.copies = Copies::NONE;
                one.loaded_number = None;
            }
            if cases.len() == 1 {
                *state = cases.remove(0);
                cases.clear();
            }
            return cases;
        }
        let (made, united) = (state.made, state.united);
        let from = (i.op1_kind() == OpKind::Memory).then(|| address(frame, i, state));
        let slot = from
            .as_ref()
            .filter(|from| from.base == Base::Stack)
            .and_then(|from| from.exact());
        self.instruction(frame, i, state);
        state.note_made(i, made, slot);
        state.note_united(i, united);
        state.note_copies(i);
        let is_load = i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Register
            && i.op0_register().is_gpr64();
        let register = i.op0_register().full_register().number();
        state.loaded = slot.filter(|_| is_load).map(|slot| (register, slot));
        state.loaded_number = None;
        if i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Register
            && i.op0_register().is_gpr32()
            && let Some(from) = from
            && let Some(Compared::Word(image, word)) =
                self.compared_word(frame, &crate::address::in_image(frame, from), 4)
        {
            state.loaded_number = Some((register, image, word));
        }
        Vec::new()
    }

    /// Applies the effects of a branch to `state`, and returns where control goes.
    pub fn step(&mut self, frame: &mut Frame, instruction: &Instruction, mut state: State) -> Next {
        let at = instruction.ip();
        let after = instruction.next_ip();
        state.half = None;
        state.spilled = None;
        if instruction.flow_control() != FlowControl::ConditionalBranch {
            state.made = None;
            state.loaded = None;
            state.copies = Copies::NONE;
            state.loaded_number = None;
        }
        if has_short_operands(frame.image.bytes(at)) {
            return astray(
                frame,
                at,
                "has an operand-size prefix, by which it goes elsewhere on CPUs of AMD than on those of Intel",
            );
        }
        match instruction.flow_control() {
            FlowControl::UnconditionalBranch => match instruction.op0_kind() {
                OpKind::FarBranch16 | OpKind::FarBranch32 => astray(frame, at, "jumps far"),
                _ => self.jump(frame, at, instruction.near_branch_target(), state),
            },
            FlowControl::ConditionalBranch => {
                let condition = instruction.condition_code();
                let decided = state.decides(condition);
                if let Some(flags) = state.flags.as_ref().filter(|flags| !flags.is_bit) {
                    frame.compares(at, flags);
                }
                let to = instruction.near_branch_target();
                let mut next = Vec::with_capacity(2);
                if decided != Some(false) {
                    for taken in known(frame, state.clone(), condition) {
                        match frame.has(to) {
                            true => next.push((to, taken)),
                            false => next.extend(self.jump(frame, at, to, taken)),
                        }
                    }
                }
                if decided != Some(true) {
                    let not = known(frame, state, opposite(condition));
                    next.extend(not.into_iter().map(|state| (after, state)));
                }
                next
            }
            FlowControl::IndirectBranch => {
                if matches!(
                    instruction.code(),
                    Code::Jmp_m1616 | Code::Jmp_m1632 | Code::Jmp_m1664
                ) {
                    return astray(frame, at, "jumps far");
                }
                let value = self.operand(frame, instruction, 0, &mut state);
                match self.functions_of_files(frame, instruction, &state) {
                    Some(callees) => self.calls(frame, at, None, callees, state),
                    None => self.indirect(frame, at, None, &value, state),
                }
            }
            FlowControl::Call | FlowControl::Interrupt
                if is_system_call(instruction) && instruction.code() != Code::Syscall =>
            {
                frame.find(
                    Kind::SystemCall,
                    Weight::Fault,
                    at,
                    "enters the kernel by the numbers of 32-bit programs, which mean other calls and take half of a pointer",
                );
                self.record_system_call(at, Value::UNKNOWN, &state);
                state.lows.clear();
                state.registers[0] = Value::any_num();
                vec![(after, state)]
            }
            FlowControl::Call if is_system_call(instruction) => {
                self.record_system_call(at, state.registers[0].clone(), &state);
                let name = state.registers[0].number().and_then(libc::result_of);
                let name = name.map(|name| format!("{RAW}{name}")).unwrap_or_default();
                frame.gives(at, &name);
                self.enter(frame, at, &mut state);
                let ends = matches!(state.registers[0].number(), Some(60 | 231));
                state.lows.clear();
                state.registers[0] = Value::any_num();
                state.registers[1] = Value::UNKNOWN;
                state.registers[11] = Value::UNKNOWN;
                if ends {
                    Vec::new()
                } else {
                    vec![(after, state)]
                }
            }
            FlowControl::Call => match instruction.op0_kind() {
                OpKind::FarBranch16 | OpKind::FarBranch32 => astray(frame, at, "calls far"),
                _ => {
                    let target = instruction.near_branch_target();
                    if let Some(number) = retpoline(frame, target) {
                        let value = state.registers[number].clone();
                        return self.indirect(frame, at, Some(after), &value, state);
                    }
                    let callees = self.code(frame.number, target);
                    self.calls(frame, at, Some(after), callees, state)
                }
            },
            FlowControl::IndirectCall => {
                if matches!(
                    instruction.code(),
                    Code::Call_m1616 | Code::Call_m1632 | Code::Call_m1664
                ) {
                    return astray(frame, at, "calls far");
                }
                let value = self.operand(frame, instruction, 0, &mut state);
                match self.functions_of_files(frame, instruction, &state) {
                    Some(callees) => self.calls(frame, at, Some(after), callees, state),
                    None => self.indirect(frame, at, Some(after), &value, state),
                }
            }
            FlowControl::Return => self.returns(frame, instruction, state),
            FlowControl::XbeginXabortXend => {
                frame.doubt(
                    Kind::Instruction,
                    at,
                    "is of restricted transactional memory, which may abort at any time",
                    "a handler without transactions",
                );
                match instruction.mnemonic() {
                    Mnemonic::Xbegin => {
                        let mut failed = state.clone();
                        failed.registers[0] = Value::range(0, u32::MAX.into());
                        vec![(after, state), (instruction.near_branch_target(), failed)]
                    }
                    _ => vec![(after, state)],
                }
            }
            FlowControl::Interrupt if is_system_call(instruction) => {
                self.enter(frame, at, &mut state);
                state.lows.clear();
                state.registers[0] = Value::any_num();
                vec![(after, state)]
            }
            FlowControl::Next | FlowControl::Interrupt | FlowControl::Exception => {
                frame.find(Kind::Trap, Weight::Fault, at, "raises a signal");
                Vec::new()
            }
        }
    }

    fn enter(&mut self, frame: &mut Frame, at: u64, state: &mut State) {
        state.forget_all_numbers();
        let number = state.registers[0].clone();
        let arguments = [7, 6, 2, 10, 8, 9].map(|n: usize| state.registers[n].clone());
        self.system_call(frame, at, &number, &arguments, state);
        // The system calls read, recvfrom and others fill the memory behind their second argument.
        let (to, length) = (state.registers[6].clone(), &state.registers[2]);
        let is_write = number.number() == Some(1);
        for n in ARGUMENTS {
            let argument = &state.registers[n];
            self.note_given(state, argument, length.number().filter(|_| is_write));
            if !is_write {
                self.note_published(argument);
            }
        }
        let writes_nothing = matches!(
            number.number(),
            Some(1 | 3 | 18 | 20 | 39 | 60 | 62 | 200 | 231 | 234)
        );
        let is_known = |number| !crate::libc::of_system_call(number).is_empty();
        let is_judged = number.number().is_some_and(is_known);
        if to.base == Base::Stack && !writes_nothing && !is_judged {
            let length = length.number().filter(|n| *n >= 0).unwrap_or(i64::MAX / 4);
            let end = to.hi.saturating_add(length);
            state.forget(to.lo, end);
            frame.clobber(to.lo, end);
            if frame.is_handler && to.lo >= 0 {
                frame.find(
                    Kind::Write,
                    Weight::Fault,
                    at,
                    "has the kernel write the stack above its own frame",
                );
            } else if frame.is_handler && end > 0 {
                frame.doubt(
                    Kind::Write,
                    at,
                    "has the kernel write to the stack, and is not shown to stay inside its frame",
                    "a length with a bound that can be seen",
                );
            }
        }
    }
}
