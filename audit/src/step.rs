//! What one instruction does, and where control may go after it.

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind,
    Register,
};

use crate::address::address;
use crate::comparison::{Flags, Place, opposite};
use crate::compute::compare;
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::flow::{astray, retpoline};
use crate::frame::Frame;
use crate::libc::{self, RAW};
use crate::operand::size_of;
use crate::state::{ARGUMENTS, RSP, State, any};
use crate::value::{Base, Value};

/// Says where control may go, and what is known there.
pub type Next = Vec<(u64, State)>;

impl Explorer<'_> {
    /// Applies the effects of the instruction to `state`, and returns where control goes.
    pub fn step(&mut self, frame: &mut Frame, instruction: &Instruction, mut state: State) -> Next {
        let at = instruction.ip();
        let after = instruction.next_ip();
        // Few instructions tell which registers they change, so that a copy is known only from one of these to the next.
        if !matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Sub) {
            state.half = None;
            state.spilled = None;
        }
        if !matches!(
            instruction.flow_control(),
            FlowControl::Next | FlowControl::ConditionalBranch
        ) {
            state.made = None;
            state.loaded = None;
        }
        if instruction.flow_control() != FlowControl::Next
            && has_short_operands(frame.image.bytes(at))
        {
            return astray(
                frame,
                at,
                "has an operand-size prefix, by which it goes elsewhere on CPUs of AMD than on those of Intel",
            );
        }
        match instruction.flow_control() {
            FlowControl::Next => {
                frame.names(instruction, &state);
                let cases = self
                    .clamp(frame, instruction, &state)
                    .or_else(|| self.element_cases(frame, instruction, &state))
                    .or_else(|| bit_cases(instruction, &state));
                if let Some(next) = cases {
                    let alone = |state| State {
                        loaded: None,
                        ..state
                    };
                    let next = next.into_iter().map(|state| (after, alone(state)));
                    return next.collect();
                }
                let (made, united) = (state.made, state.united);
                let from = (instruction.op1_kind() == OpKind::Memory)
                    .then(|| address(frame, instruction, &state));
                let slot = from
                    .filter(|from| from.base == Base::Stack)
                    .and_then(|from| from.exact());
                if self.instruction(frame, instruction, &mut state) {
                    state.note_made(instruction, made, slot);
                    state.note_united(instruction, united);
                    let is_load = instruction.mnemonic() == Mnemonic::Mov
                        && instruction.op0_kind() == OpKind::Register
                        && instruction.op0_register().is_gpr64();
                    let register = instruction.op0_register().full_register().number();
                    state.loaded = slot.filter(|_| is_load).map(|slot| (register, slot));
                    vec![(after, state)]
                } else {
                    Vec::new()
                }
            }
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
                let mut next = Vec::new();
                if decided != Some(false) {
                    for taken in known(frame, state.clone(), condition) {
                        next.extend(self.jump(frame, at, instruction.near_branch_target(), taken));
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
                self.indirect(frame, at, None, &value, state)
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
                state.bytes.clear();
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
                state.bytes.clear();
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
                self.indirect(frame, at, Some(after), &value, state)
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
                state.bytes.clear();
                state.registers[0] = Value::any_num();
                vec![(after, state)]
            }
            FlowControl::Interrupt | FlowControl::Exception => {
                frame.find(Kind::Trap, Weight::Fault, at, "raises a signal");
                Vec::new()
            }
        }
    }

    /// Returns what is known after a conditional move of one of what was compared, if that is negative and if it is not: the smaller
    /// or the greater of two.
    fn clamp(&mut self, frame: &mut Frame, i: &Instruction, state: &State) -> Option<Vec<State>> {
        let is_move = i.op_count() == 2
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register;
        let condition = i.condition_code();
        let place = state.flags.as_ref().and_then(|flags| flags.place)?;
        let is_compared = [i.op0_register(), i.op1_register()]
            .iter()
            .any(|r| r.is_gpr() && place == Place::Register(r.full_register().number()));
        if condition == ConditionCode::None || !is_move || !is_compared {
            return None;
        }
        let cases = state
            .by_sign()
            .filter(|_| state.decides(condition).is_none())?;
        let mut moved = Vec::new();
        for mut one in cases {
            if self.instruction(frame, i, &mut one) {
                one.note_made(i, None, None);
                one.note_united(i, None);
                moved.push(one);
            }
        }
        Some(moved)
    }

    /// Returns what is known after a load from one of a few constant structures or texts, for each of them: what lies beside the word,
    /// such as the data of a function, is loaded from the same one, and so is the end of a text.
    fn element_cases(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        state: &State,
    ) -> Option<Vec<State>> {
        const STRUCTURES: (usize, i64) = (16, 16);
        const TEXTS: (usize, i64) = (8, 2);
        let is_memory = |operand| i.op_kind(operand) == OpKind::Memory;
        let (most, step) = match (i.mnemonic(), i.memory_size().size()) {
            (Mnemonic::Mov, 8) if is_memory(1) && has_sibling(frame, i) => STRUCTURES,
            (Mnemonic::Movzx | Mnemonic::Movsx, 1) if is_memory(1) => TEXTS,
            (Mnemonic::Cmp, 1) if is_memory(0) => TEXTS,
            _ => return None,
        };
        let parts = [i.memory_base(), i.memory_index()];
        let is_chosen = |r: &Register| r.is_gpr64() && state.get(*r).exact().is_none();
        let mut chosen = parts.into_iter().filter(is_chosen);
        let (Some(register), None) = (chosen.next(), chosen.next()) else {
            return None;
        };
        if self.watch.is_some() {
            return None;
        }
        let place = address(frame, i, state);
        let Base::Image(image) = place.base else {
            return None;
        };
        let file = self.files.image(image);
        let number = register.full_register().number();
        let value = state.get(register);
        let choices = value.all()?;
        let words = place.all()?;
        let is_table = (2..=most).contains(&words.len())
            && words.len() == choices.len()
            && words.windows(2).all(|two| two[1] - two[0] >= step)
            && words.iter().all(|at| file.is_settled(at.cast_unsigned()));
        if !is_table {
            return None;
        }
        // A variable of the stack would still be any of them.
        let is_like = |(_, v): &(u8, Value)| {
            let count = |v: &Value| v.set.as_ref().map(|set| set.len());
            v.base == place.base && count(v) == Some(words.len())
        };
        let from = state.loaded.filter(|(register, _)| *register == number);
        if from.is_none() && state.slots.values().any(is_like) {
            return None;
        }
        let is_text = most == TEXTS.0;
        if is_text && !self.follows_texts {
            return None;
        }
        frame.reads_texts |= is_text;
        let mut loaded = Vec::new();
        for choice in choices {
            let mut one = state.clone();
            let chosen = Value::at(value.base, choice);
            if let Some((_, slot)) = from {
                one.put_slot(slot, 8, chosen.clone());
            }
            one.registers[number] = chosen;
            if self.instruction(frame, i, &mut one) {
                one.note_made(i, None, None);
                one.note_united(i, None);
                loaded.push(one);
            }
        }
        Some(loaded)
    }

    fn enter(&mut self, frame: &mut Frame, at: u64, state: &mut State) {
        let number = state.registers[0].clone();
        let arguments = [7, 6, 2].map(|n: usize| state.registers[n].clone());
        self.system_call(frame, at, &number, &arguments, state);
        // read, recvfrom and others fill what their second argument points to.
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
        if to.base == Base::Stack && !writes_nothing {
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

    /// Applies the effects of an instruction that is no branch; returns false if control cannot go on after it.
    fn instruction(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) -> bool {
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
                // On an older CPU the counting ones are the others, which say nothing of zero.
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
        true
    }

    /// Applies the effects of any other instruction: what it reads and writes is known, what it computes is not.
    fn other(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
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
            state.bytes.remove(&0);
            state.registers[0] = any(size_of(i, 0));
        }
        if i.rflags_modified() != 0 {
            state.flags = None;
        }
        self.watch_stack(frame, at, state);
    }
}

/// Returns what is known where the condition holds. What a function divides by is often seen to be any number but zero.
fn known(frame: &mut Frame, mut state: State, condition: ConditionCode) -> Vec<State> {
    let cases = match condition {
        ConditionCode::ne => state.by_zero().filter(|_| frame.divides()),
        _ => None,
    };
    if let Some(cases) = cases {
        return cases.into();
    }
    state.assume(condition);
    vec![state]
}

/// Returns what is known after a test of a bit of a constant: which numbers of bits are left if it is set, and if it is not.
fn bit_cases(i: &Instruction, state: &State) -> Option<Vec<State>> {
    let is_test = i.mnemonic() == Mnemonic::Bt
        && i.op0_kind() == OpKind::Register
        && i.op1_kind() == OpKind::Register;
    if !is_test {
        return None;
    }
    let number = i.op1_register().full_register().number();
    let index = &state.registers[number];
    let mask = state.get(i.op0_register()).number()?;
    if index.base != Base::Num || state.get(i.op1_register()) != *index {
        return None;
    }
    let last = i64::from(size_of(i, 0)) * 8 - 1;
    let (set, clear): (Vec<i64>, Vec<i64>) = index
        .all()?
        .into_iter()
        .partition(|n| mask >> (n & last) & 1 == 1);
    let cases = [(set, 0), (clear, 1)];
    let cases = cases.into_iter().filter(|(all, _)| !all.is_empty());
    let with = |(all, left)| {
        let mut one = state.clone();
        one.registers[number] = Value::one_of(Base::Num, all);
        one.flags = Some(Flags {
            place: None,
            left: Value::num(left),
            right: Value::num(1),
            bits: 64,
            moved: 0,
            is_result: false,
            is_bit: true,
            twin: None,
            origin: None,
        });
        one.made = None;
        one
    };
    Some(cases.map(with).collect())
}

/// Returns whether one of the next instructions loads from beside what this one loads from.
fn has_sibling(frame: &Frame, i: &Instruction) -> bool {
    const NEXT: usize = 6;
    let from = |i: &Instruction| (i.memory_base(), i.memory_index(), i.memory_index_scale());
    Decoder::with_ip(
        64,
        frame.image.bytes(i.next_ip()),
        i.next_ip(),
        DecoderOptions::NONE,
    )
    .iter()
    .take(NEXT)
    .any(|next| {
        has_memory(&next)
            && from(&next) == from(i)
            && next.memory_displacement64() != i.memory_displacement64()
    })
}

/// Returns whether the first instruction has an operand-size prefix that counts: a REX prefix right before the operation, as in
/// the padded call of `__tls_get_addr`, overrides it.
fn has_short_operands(bytes: &[u8]) -> bool {
    let prefixes = bytes.iter().take_while(|b| {
        matches!(
            b,
            0x66 | 0x67 | 0xf2 | 0xf3 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65
        )
    });
    let (count, is_short) = prefixes.fold((0, false), |(n, is), b| (n + 1, is || *b == 0x66));
    is_short && !matches!(bytes.get(count), Some(0x48..=0x4f))
}

/// Returns whether an operand is memory, other than for a hint.
fn has_memory(i: &Instruction) -> bool {
    i.mnemonic() != Mnemonic::Nop && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
}

/// Returns whether the instruction enters the kernel.
pub fn is_system_call(instruction: &Instruction) -> bool {
    matches!(instruction.code(), Code::Syscall | Code::Sysenter)
        || (instruction.code() == Code::Int_imm8 && instruction.immediate8() == 0x80)
}
