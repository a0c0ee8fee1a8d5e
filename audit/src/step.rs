//! What one instruction does, and where control may go after it.

use iced_x86::{Code, ConditionCode, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::explore::{Callee, Explorer, Frame, Hit, Summary, stack_top, unknown_call};
use crate::finding::{Finding, Kind, Weight};
use crate::libc;
use crate::state::{RSP, State, any};
use crate::value::{Base, Value};

/// Where control may go, and what is known there.
pub type Next = Vec<(u64, State)>;

impl Explorer<'_> {
    /// The effects of the instruction on `state`, and where control goes.
    pub fn step(&mut self, frame: &mut Frame, instruction: &Instruction, mut state: State) -> Next {
        let at = instruction.ip();
        let after = instruction.next_ip();
        if instruction.flow_control() != FlowControl::Next
            && frame
                .image
                .bytes(at)
                .iter()
                .take_while(|b| {
                    matches!(
                        b,
                        0x66 | 0x67 | 0xf2 | 0xf3 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65
                    )
                })
                .any(|b| *b == 0x66)
        {
            return astray(
                frame,
                at,
                "has an operand-size prefix, by which it goes elsewhere on CPUs of AMD than on those of Intel",
            );
        }
        match instruction.flow_control() {
            FlowControl::Next => {
                if self.instruction(frame, instruction, &mut state) {
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
                if let Some(flags) = &state.flags {
                    frame.compares(at, flags);
                }
                let mut next = Vec::new();
                if decided != Some(false) {
                    let mut taken = state.clone();
                    taken.assume(condition);
                    next.extend(self.jump(frame, at, instruction.near_branch_target(), taken));
                }
                if decided != Some(true) {
                    state.assume(opposite(condition));
                    next.push((after, state));
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
                state.bytes.clear();
                state.registers[0] = Value::any_num();
                vec![(after, state)]
            }
            FlowControl::Call if is_system_call(instruction) => {
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

    fn enter(&mut self, frame: &mut Frame, at: u64, state: &mut State) {
        let number = state.registers[0].clone();
        let second = state.registers[6].clone();
        self.system_call(frame, at, &number, &second);
        // read, recvfrom and others fill what their second argument points to.
        let (to, length) = (state.registers[6].clone(), &state.registers[2]);
        let writes_nothing = matches!(
            number.number(),
            Some(1 | 3 | 20 | 39 | 60 | 62 | 200 | 231 | 234)
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

    /// A jump: within the function, into a part of it that lies elsewhere, or to another function as its last act.
    fn jump(&mut self, frame: &mut Frame, at: u64, target: u64, state: State) -> Next {
        let inside = (frame.bounds.0..frame.bounds.1).contains(&target);
        if inside && target != frame.bounds.0 {
            return vec![(target, state)];
        }
        if target == frame.start || inside && state.registers[RSP].exact() != Some(0) {
            return vec![(target, state)];
        }
        if let Some(number) = retpoline(frame, target) {
            let value = state.registers[number].clone();
            return self.indirect(frame, at, None, &value, state);
        }
        if is_return_thunk(frame, target) {
            return self.leave(frame, at, state);
        }
        let callees = self.code(frame.number, target);
        if let [Callee::Code(image, to)] = callees[..]
            && image == frame.number
            && (state.registers[RSP].exact() != Some(0) || !self.index.is_function(image, to))
        {
            return vec![(to, state)];
        }
        self.calls(frame, at, None, callees, state)
    }

    fn indirect(
        &mut self,
        frame: &mut Frame,
        at: u64,
        after: Option<u64>,
        value: &Value,
        state: State,
    ) -> Next {
        // A table of addresses that are final holds numbers.
        let value = &match value.all() {
            Some(all)
                if value.base == Base::Num
                    && frame.image.is_fixed
                    && all.iter().all(|to| frame.image.is_code(to.cast_unsigned())) =>
            {
                Value {
                    base: Base::Image(frame.number),
                    ..value.clone()
                }
            }
            _ => value.clone(),
        };
        // A switch: the places are in this function.
        if after.is_none()
            && let Base::Image(image) = value.base
            && image == frame.number
            && let Some(all) = value.all()
            && all.iter().all(|to| {
                let to = to.cast_unsigned();
                (frame.bounds.0..frame.bounds.1).contains(&to) || !self.index.is_function(image, to)
            })
        {
            return all
                .into_iter()
                .map(|to| (to.cast_unsigned(), state.clone()))
                .collect();
        }
        let mut value = value.clone();
        if after.is_none()
            && let (Base::Image(_), Some(all)) = (value.base, value.all())
        {
            // Reading a table past its end gives addresses that are not code.
            let known: Vec<i64> = all
                .iter()
                .copied()
                .filter(|to| (frame.bounds.0..frame.bounds.1).contains(&to.cast_unsigned()))
                .collect();
            if !known.is_empty() && known.len() < all.len() {
                frame.doubt(
                    Kind::Indirect,
                    at,
                    "jumps by a table whose end is not known",
                    "an index with a bound that can be seen",
                );
                return known
                    .into_iter()
                    .map(|to| (to.cast_unsigned(), state.clone()))
                    .collect();
            }
            value = Value::one_of(value.base, all);
        }
        let callees = self.callees(frame, &value);
        self.calls(frame, at, after, callees, state)
    }

    /// Calls each of them; `after`: where control comes back to, `None` for a jump.
    fn calls(
        &mut self,
        frame: &mut Frame,
        at: u64,
        after: Option<u64>,
        callees: Vec<Callee>,
        state: State,
    ) -> Next {
        let mut next = Vec::new();
        let mut todo = callees;
        while let Some(callee) = todo.pop() {
            self.record(at, &callee, &state);
            frame.called.entry(at).or_default().insert(match &callee {
                Callee::Libc(name) => libc::plain(name).to_owned(),
                _ => String::new(),
            });
            let mut state = state.clone();
            // The search for handlers does not read what is called, so it would forget all of the stack above a pointer.
            let saved = match self.watch {
                Some(_) => state.saved_handlers(),
                None => Vec::new(),
            };
            let comes_back = match callee {
                Callee::Code(image, target) => {
                    let summary = self.call(frame, at, image, target, &state, after.is_none());
                    self.also_stored(frame, at, &summary.stores, &mut state);
                    apply(&summary, &mut state);
                    summary.returns
                }
                Callee::Libc(name) => {
                    self.pointers_to_structs(frame, &name, &state);
                    self.libc(frame, at, &name, &mut state)
                }
                Callee::Missing(name, why) => {
                    frame.add(Finding {
                        kind: Kind::Call,
                        weight: if libc::is_known_unsafe(&name) {
                            Weight::Fault
                        } else {
                            Weight::Doubt
                        },
                        at,
                        why: format!("calls {}: {why}", crate::names::pretty(&name)),
                        reaches: Some(crate::names::pretty(&name)),
                        remedy: Some("--sysroot DIR, under which its library lies".into()),
                    });
                    apply(&unknown_call(), &mut state);
                    true
                }
                Callee::Changing(image, word) => {
                    let file = self.files.image(image);
                    frame.doubt(
                        Kind::Indirect,
                        at,
                        format!(
                            "calls through {}, which may change while the program runs",
                            file.place(word)
                        ),
                        "a pointer in read-only data, or a direct call",
                    );
                    if let Some(crate::image::Slot::Here(target)) = file.pointer(word)
                        && file.is_code(target)
                    {
                        todo.extend(self.code(image, target));
                    }
                    for target in self.index.stored_functions(image, &file, word) {
                        todo.extend(self.code(image, target));
                    }
                    apply(&unknown_call(), &mut state);
                    true
                }
                Callee::Nowhere => {
                    frame.find(
                        Kind::Call,
                        Weight::Fault,
                        at,
                        "calls a fixed address where no file has anything",
                    );
                    apply(&unknown_call(), &mut state);
                    true
                }
                Callee::Unknown(why) => {
                    frame.doubt(
                        Kind::Indirect,
                        at,
                        format!("calls {why}: the file does not say where that is"),
                        "a direct call",
                    );
                    apply(&unknown_call(), &mut state);
                    // A switch whose places are not known: where it goes is not known either.
                    after.is_some() || state.registers[RSP].exact() == Some(0)
                }
            };
            if !comes_back {
                continue;
            }
            for (at, value) in saved {
                state.put_slot(at, 8, value);
            }
            match after {
                Some(after) => next.push((after, state)),
                None => next.extend(self.leave(frame, at, state)),
            }
        }
        next
    }

    /// What the C library stores through a pointer, so that it is not taken for what was there before.
    fn pointers_to_structs(&mut self, frame: &Frame, name: &str, state: &State) {
        let to = in_image(frame, state.registers[2].clone());
        if libc::takes_struct(name)
            && let Base::Image(image) = to.base
            && let Some(at) = to.exact()
        {
            self.index.note_old_action(image, at.cast_unsigned());
        }
    }

    fn record(&mut self, at: u64, callee: &Callee, state: &State) {
        if !self.is_outermost() {
            return;
        }
        let Some(watch) = &mut self.watch else { return };
        let wanted = match callee {
            Callee::Code(image, target) => watch.functions.contains(&(*image, *target)),
            Callee::Libc(name) | Callee::Missing(name, _) => {
                libc::installs(name) || libc::plain(name) == "syscall"
            }
            Callee::Changing(..) | Callee::Nowhere | Callee::Unknown(_) => false,
        };
        if wanted && watch.hits.len() < 20_000 {
            watch.hits.push(Hit {
                at,
                callee: callee.clone(),
                state: state.clone(),
            });
        }
    }

    fn returns(&mut self, frame: &mut Frame, instruction: &Instruction, state: State) -> Next {
        let at = instruction.ip();
        match instruction.code() {
            Code::Retnq => self.leave(frame, at, state),
            Code::Retnq_imm16 if instruction.immediate16() == 0 => self.leave(frame, at, state),
            _ => astray(
                frame,
                at,
                "returns in a way that leaves the stack elsewhere than the caller expects",
            ),
        }
    }

    fn leave(&mut self, frame: &mut Frame, at: u64, state: State) -> Next {
        if state.registers[RSP] != Value::at(Base::Stack, 0) {
            return astray(
                frame,
                at,
                "returns with the stack pointer not shown to be where the call left it",
            );
        }
        if state
            .slots
            .range(-7..8)
            .any(|(offset, (width, _))| offset + i64::from(*width) > 0)
        {
            return astray(
                frame,
                at,
                "returns to an address that it has written itself",
            );
        }
        frame.exits = Some(match &frame.exits {
            None => state,
            Some(before) => before.joined(&state, false),
        });
        Vec::new()
    }

    /// An instruction after which control goes on; false if it cannot.
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
                let negative = state.get(Register::EAX);
                let value = if negative.base == Base::Num
                    && negative.hi <= i32::MAX.into()
                    && i.mnemonic() == Mnemonic::Cdq
                {
                    Value::num(0)
                } else {
                    Value::any_num()
                };
                state.set(
                    if i.mnemonic() == Mnemonic::Cdq {
                        Register::EDX
                    } else {
                        Register::RDX
                    },
                    value,
                );
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
                self.other(frame, i, state);
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
                state.registers[5] = value;
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

    fn arithmetic(&mut self, frame: &mut Frame, i: &Instruction, bits: u32, state: &mut State) {
        let left = self.operand(frame, i, 0, state);
        let right = if i.op_count() > 1 {
            self.operand(frame, i, 1, state)
        } else {
            Value::num(1)
        };
        let same = i.op_count() > 1
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register
            && i.op0_register() == i.op1_register();
        let by = right.number();
        let full = |f: fn(i64, i64) -> i64| {
            by.and_then(|by| {
                (left.base == Base::Num)
                    .then(|| left.map(|x| f(x, by)))
                    .flatten()
            })
        };
        let value = match i.mnemonic() {
            Mnemonic::Xor | Mnemonic::Sub if same => Value::num(0),
            Mnemonic::Sbb => Value::any_num(),
            Mnemonic::Add | Mnemonic::Inc => left.plus(&right),
            Mnemonic::Sub | Mnemonic::Dec => left.minus(&right),
            Mnemonic::Neg => Value::num(0).minus(&left),
            Mnemonic::Not => left
                .map(|x| !x)
                .filter(|_| left.base == Base::Num)
                .unwrap_or(Value::any_num()),
            Mnemonic::And if same => left.clone(),
            Mnemonic::Or if same => left.clone(),
            Mnemonic::And => match by {
                Some(mask) if let Some(low) = known_bits(i, &left, mask, state) => Value::num(low),
                Some(mask) if left.base == Base::Stack && mask < 0 => Value {
                    lo: left.lo.saturating_add(mask + 1),
                    set: None,
                    ..left.clone()
                },
                Some(mask) if mask >= 0 => full(|a, b| a & b).unwrap_or_else(|| {
                    let most = if left.base == Base::Num && left.lo >= 0 {
                        left.hi.min(mask)
                    } else {
                        mask
                    };
                    Value::range(0, most)
                }),
                Some(mask) => full(|a, b| a & b).unwrap_or_else(|| {
                    if left.base == Base::Num && left.lo >= 0 {
                        Value::range(left.lo.saturating_add(mask).max(0), left.hi)
                    } else {
                        Value::any_num()
                    }
                }),
                _ if right.base == Base::Num && right.lo >= 0 => Value::range(0, right.hi),
                _ if left.base == Base::Num && left.lo >= 0 => Value::range(0, left.hi),
                _ => Value::any_num(),
            },
            Mnemonic::Or => full(|a, b| a | b).unwrap_or(
                if left.base == Base::Num
                    && right.base == Base::Num
                    && left.lo >= 0
                    && right.lo >= 0
                    && left.hi < 1 << 62
                    && right.hi < 1 << 62
                {
                    Value::range(
                        left.lo.max(right.lo),
                        (left.hi | right.hi)
                            .checked_add(1)
                            .and_then(|x| x.cast_unsigned().checked_next_power_of_two())
                            .map_or(i64::MAX, |x| x.cast_signed()),
                    )
                } else {
                    Value::any_num()
                },
            ),
            Mnemonic::Xor => full(|a, b| a ^ b).unwrap_or(Value::any_num()),
            Mnemonic::Shl | Mnemonic::Sal => match by {
                Some(by @ 0..=62) => left.times(1 << by),
                _ => Value::any_num(),
            },
            Mnemonic::Shr => match by {
                Some(by @ 0..=63) => {
                    let low = left.low_bits(bits);
                    if low.base == Base::Num && low.lo >= 0 {
                        Value::range(low.lo >> by, low.hi >> by)
                    } else {
                        Value::range(
                            0,
                            if by == 0 {
                                i64::MAX
                            } else {
                                (u64::MAX >> (64 - bits) >> by).cast_signed()
                            },
                        )
                    }
                }
                _ => Value::any_num(),
            },
            Mnemonic::Sar => match by {
                Some(by @ 0..=63) => {
                    let signed = left.signed(bits);
                    if signed.base == Base::Num {
                        Value::range(signed.lo >> by, signed.hi >> by)
                    } else {
                        Value::any_num()
                    }
                }
                _ => Value::any_num(),
            },
            _ => Value::any_num(),
        };
        // A fence: `lock or [rsp], 0` changes nothing.
        let is_idle = by == Some(0)
            && i.op0_kind() == OpKind::Memory
            && matches!(
                i.mnemonic(),
                Mnemonic::Or | Mnemonic::Add | Mnemonic::Sub | Mnemonic::Xor
            );
        if !is_idle {
            self.put(frame, i, 0, value.clone(), state);
        }
        // What the flags say of the result.
        let is_comparison = matches!(i.mnemonic(), Mnemonic::Sub);
        let keeps = matches!(i.mnemonic(), Mnemonic::Not | Mnemonic::Rol | Mnemonic::Ror);
        if !keeps {
            let place = place_of(frame, i, state);
            state.flags = if matches!(i.mnemonic(), Mnemonic::Adc | Mnemonic::Sbb) {
                None
            } else if is_comparison {
                let moved = by.and_then(i64::checked_neg);
                Some(crate::state::Flags {
                    place: place.filter(|_| moved.is_some()),
                    left,
                    right,
                    bits,
                    moved: moved.unwrap_or(0),
                    is_result: false,
                })
            } else {
                let left = if value.base == Base::Num {
                    value.low_bits(bits)
                } else {
                    value
                };
                Some(crate::state::Flags {
                    place,
                    left,
                    right: Value::num(0),
                    bits,
                    moved: 0,
                    is_result: i.mnemonic() != Mnemonic::And,
                })
            };
        }
        self.watch_stack(frame, i.ip(), state);
    }

    fn divide(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
        let divisor = self.operand(frame, i, 0, state);
        let at = i.ip();
        let is_zero_out = divisor.base == Base::Num
            && (divisor.lo > 0 || divisor.set.as_ref().is_some_and(|s| !s.contains(&0)));
        if !is_zero_out {
            frame.find(
                Kind::Trap,
                Weight::Fault,
                at,
                "divides by what may be zero, which raises SIGFPE",
            );
        } else if divisor.lo < 2 && i.mnemonic() == Mnemonic::Idiv && divisor.hi != divisor.lo {
            frame.doubt(
                Kind::Trap,
                at,
                "divides, and may overflow",
                "a divisor with a bound that can be seen",
            );
        }
        let dividend = state.get(Register::EAX);
        let (quotient, rest) = match (
            divisor.number(),
            dividend.base == Base::Num && dividend.lo >= 0 && dividend.hi <= i32::MAX.into(),
        ) {
            (Some(by), true) if by > 0 && size_of(i, 0) == 4 => (
                Value::range(dividend.lo / by, dividend.hi / by),
                Value::range(0, (by - 1).min(dividend.hi)),
            ),
            _ if i.mnemonic() == Mnemonic::Div && divisor.base == Base::Num && divisor.lo > 0 => {
                (Value::any_num(), Value::range(0, divisor.hi - 1))
            }
            _ => (Value::any_num(), Value::any_num()),
        };
        state.set(
            if size_of(i, 0) == 4 {
                Register::EAX
            } else {
                Register::RAX
            },
            quotient,
        );
        state.set(
            if size_of(i, 0) == 4 {
                Register::EDX
            } else {
                Register::RDX
            },
            rest,
        );
        state.flags = None;
    }

    fn string(&mut self, frame: &mut Frame, i: &Instruction, state: &mut State) {
        let at = i.ip();
        let width = i.memory_size().size() as i64;
        let repeats = i.has_rep_prefix() || i.has_repne_prefix();
        let count = if repeats {
            state.registers[1].clone()
        } else {
            Value::num(1)
        };
        let most = if count.base == Base::Num && count.lo >= 0 && count.hi < 1 << 32 {
            Some(count.hi)
        } else {
            None
        };
        if repeats && most.is_none() && !matches!(i.mnemonic(), Mnemonic::Scasb | Mnemonic::Cmpsb) {
            frame.doubt(
                Kind::Loop,
                at,
                "repeats itself as often as a register says, whose bound is not known",
                "a length with a bound that can be seen",
            );
        }
        let length = most.map_or(i64::MAX / 4, |n| n.saturating_mul(width));
        let stores = matches!(
            i.mnemonic(),
            Mnemonic::Stosb
                | Mnemonic::Stosw
                | Mnemonic::Stosd
                | Mnemonic::Stosq
                | Mnemonic::Movsb
                | Mnemonic::Movsw
                | Mnemonic::Movsd
                | Mnemonic::Movsq
        );
        let loads = !matches!(
            i.mnemonic(),
            Mnemonic::Stosb | Mnemonic::Stosw | Mnemonic::Stosd | Mnemonic::Stosq
        );
        let to = state.registers[7].clone();
        if most != Some(0) && most.is_some() {
            if stores {
                self.check(frame, at, &to, length, true);
                let is_constant = if loads {
                    self.is_constant_block(frame, &state.registers[6])
                } else {
                    state.registers[0].number().is_some()
                };
                self.stores_block(frame, at, &to, &count.times(width), is_constant);
            }
            if loads {
                let from = state.registers[6].clone();
                self.check(frame, at, &from, length, false);
            }
        }
        if stores && to.base == Base::Stack {
            state.forget(to.lo, to.hi.saturating_add(length));
            frame.uses_stack(to.lo);
            frame.clobber(to.lo, to.hi.saturating_add(length));
            let zero = state.registers[0].number() == Some(0);
            if let (Some(offset), Some(count)) = (to.exact(), count.number())
                && zero
                && i.mnemonic() == Mnemonic::Stosq
                && count <= 4096
            {
                for n in 0..count {
                    state.put_slot(offset + n * 8, 8, Value::num(0));
                }
            }
        }
        state.bytes.clear();
        if repeats {
            state.registers[1] = Value::num(0);
        }
        let moved = count.times(width);
        state.registers[7] = state.registers[7].plus(&moved);
        if loads {
            state.registers[6] = state.registers[6].plus(&moved);
        }
        if !stores {
            state.registers[7] = Value::UNKNOWN;
            state.registers[6] = Value::UNKNOWN;
            state.registers[0] = Value::UNKNOWN;
            state.registers[1] = Value::UNKNOWN;
            state.flags = None;
        }
    }

    /// Any other instruction: what it reads and writes is known, what it computes is not.
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

    fn watch_stack(&mut self, frame: &mut Frame, at: u64, state: &State) {
        match stack_top(state) {
            Some(top) if top <= 0 || !frame.is_handler => frame.uses_stack(top),
            _ if state.registers[RSP].base == Base::Stack && state.registers[RSP].is_bounded() => {}
            _ => frame.find(Kind::Return, Weight::Fault, at, "switches to another stack"),
        }
    }

    /// The value of an operand.
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

    fn put(
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
}

fn apply(summary: &Summary, state: &mut State) {
    for scratch in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
        state.registers[scratch] = Value::UNKNOWN;
    }
    state.vectors.clear();
    state.bytes.clear();
    for n in [3, 5, 12, 13, 14, 15] {
        if !summary.keeps[n] {
            state.registers[n] = Value::UNKNOWN;
        }
    }
    // What lies below the stack pointer is the callee's.
    if let Some(top) = stack_top(state) {
        state.forget(i64::MIN + 16, top);
    }
    state.registers[0] = summary.value.clone();
    if let Some((lo, hi)) = summary.clobbers {
        state.forget(lo, hi);
        for (at, (width, value)) in &summary.stored {
            state.put_slot(*at, *width, value.clone());
        }
    }
    state.errno = summary.errno;
    state.flags = None;
}

fn astray(frame: &mut Frame, at: u64, why: &str) -> Next {
    frame.find(Kind::Return, Weight::Fault, at, why);
    Vec::new()
}

fn compare(
    frame: &Frame,
    i: &Instruction,
    left: Value,
    right: Value,
    bits: u32,
    state: &mut State,
) {
    let place = place_of(frame, i, state);
    if i.mnemonic() == Mnemonic::Cmp {
        let (left, right) = if bits < 64 {
            (
                crate::state::narrowed(&left, bits),
                crate::state::narrowed(&right, bits),
            )
        } else {
            (left, right)
        };
        state.flags = Some(crate::state::Flags {
            place,
            left,
            right,
            bits,
            moved: 0,
            is_result: false,
        });
        return;
    }
    let same = i.op0_kind() == OpKind::Register
        && i.op1_kind() == OpKind::Register
        && i.op0_register() == i.op1_register();
    let (place, left) = if same {
        (
            place,
            if bits < 64 {
                crate::state::narrowed(&left, bits)
            } else {
                left
            },
        )
    } else {
        let both = match (left.number(), right.number()) {
            (Some(a), Some(b)) => Value::num(a & b),
            (_, Some(mask)) if let Some(low) = known_bits(i, &left, mask, state) => Value::num(low),
            (_, Some(mask)) if left.base == Base::Num && mask >= 0 => {
                left.map(|x| x & mask).unwrap_or(Value::range(0, mask))
            }
            _ => Value::any_num(),
        };
        (None, both)
    };
    state.flags = Some(crate::state::Flags {
        place,
        left,
        right: Value::num(0),
        bits,
        moved: 0,
        is_result: false,
    });
}

/// Returns the bits of `mask` of the first operand, of which `left` is what is seen, if it is an aligned pointer.
fn known_bits(i: &Instruction, left: &Value, mask: i64, state: &State) -> Option<i64> {
    let is_register = i.op0_kind() == OpKind::Register && i.op0_register().is_gpr();
    if !is_register || i.op0_register() == i.op0_register().full_register() {
        return left.aligned_bits(mask);
    }
    let is_low = !matches!(
        i.op0_register(),
        Register::AH | Register::BH | Register::CH | Register::DH
    );
    let whole = state.get(i.op0_register().full_register());
    whole.aligned_bits(mask).filter(|_| is_low)
}

/// Where the first operand is, if a comparison with it can tell something.
fn place_of(frame: &Frame, i: &Instruction, state: &State) -> Option<crate::state::Place> {
    match i.op0_kind() {
        OpKind::Register if i.op0_register().is_gpr() => Some(crate::state::Place::Register(
            i.op0_register().full_register().number(),
        )),
        OpKind::Memory => {
            let place = address(frame, i, state);
            let offset = place.exact().filter(|_| place.base == Base::Stack)?;
            let width = i.memory_size().size() as u8;
            Some(crate::state::Place::Slot(offset, width))
        }
        _ => None,
    }
}

/// The address that the memory operand names.
pub fn address(frame: &Frame, i: &Instruction, state: &State) -> Value {
    let displacement = i.memory_displacement64().cast_signed();
    if i.is_ip_rel_memory_operand() {
        return Value::image(frame.number, i.ip_rel_memory_address());
    }
    if i.memory_index().is_vector_register() {
        return Value::UNKNOWN;
    }
    let base = state.get(i.memory_base());
    let index = state
        .get(i.memory_index())
        .times(i64::from(i.memory_index_scale()));
    let index = if i.memory_index() == Register::None {
        Value::num(0)
    } else {
        index
    };
    let mut sum = base.plus(&index).moved(displacement);
    let is_32 = i.memory_base().is_gpr32() || i.memory_index().is_gpr32();
    if is_32 {
        sum = crate::state::narrowed(&sum, 32);
    }
    if i.mnemonic() != Mnemonic::Lea && i.memory_segment() == Register::GS {
        return Value::UNKNOWN;
    }
    if i.mnemonic() != Mnemonic::Lea && i.memory_segment() == Register::FS {
        return match sum.base {
            Base::Num => Value {
                base: Base::Thread,
                ..sum
            },
            _ => Value {
                base: Base::Thread,
                ..Value::any_num()
            },
        };
    }
    if i.mnemonic() == Mnemonic::Lea {
        sum
    } else {
        in_image(frame, sum)
    }
}

/// An address that was a number, in a file whose addresses are final.
pub fn in_image(frame: &Frame, value: Value) -> Value {
    if value.base == Base::Num
        && frame.image.is_fixed
        && frame.image.region(value.lo.cast_unsigned()).is_some()
    {
        return Value {
            base: Base::Image(frame.number),
            ..value
        };
    }
    value
}

/// Whether an operand is memory, other than for a hint.
fn has_memory(i: &Instruction) -> bool {
    i.mnemonic() != Mnemonic::Nop && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
}

/// The bytes of an operand.
pub fn size_of(i: &Instruction, operand: u32) -> u32 {
    match i.op_kind(operand) {
        OpKind::Register => i.op_register(operand).size() as u32,
        OpKind::Memory => i.memory_size().size() as u32,
        _ => 8,
    }
}

pub fn opposite(condition: ConditionCode) -> ConditionCode {
    use ConditionCode as C;
    match condition {
        C::o => C::no,
        C::no => C::o,
        C::b => C::ae,
        C::ae => C::b,
        C::e => C::ne,
        C::ne => C::e,
        C::be => C::a,
        C::a => C::be,
        C::s => C::ns,
        C::ns => C::s,
        C::p => C::np,
        C::np => C::p,
        C::l => C::ge,
        C::ge => C::l,
        C::le => C::g,
        C::g => C::le,
        C::None => C::None,
    }
}

/// Whether the instruction enters the kernel.
pub fn is_system_call(instruction: &Instruction) -> bool {
    matches!(instruction.code(), Code::Syscall | Code::Sysenter)
        || (instruction.code() == Code::Int_imm8 && instruction.immediate8() == 0x80)
}

/// The register that a thunk against branch prediction jumps to.
fn retpoline(frame: &Frame, target: u64) -> Option<usize> {
    let bytes = frame.image.bytes(target);
    let rest = bytes.strip_prefix(&[
        0xe8, 0x07, 0, 0, 0, 0xf3, 0x90, 0x0f, 0xae, 0xe8, 0xeb, 0xf9,
    ])?;
    let number = match rest.get(..5)? {
        [0x48, 0x89, modrm, 0x24, 0xc3] if modrm & 0xc7 == 4 => (modrm >> 3) & 7,
        [0x4c, 0x89, modrm, 0x24, 0xc3] if modrm & 0xc7 == 4 => 8 + ((modrm >> 3) & 7),
        _ => return None,
    };
    Some(usize::from(number))
}

/// Whether the code there only returns, by a detour against branch prediction.
fn is_return_thunk(frame: &Frame, target: u64) -> bool {
    let bytes = frame.image.bytes(target);
    bytes
        .strip_prefix(&[
            0xe8, 0x07, 0, 0, 0, 0xf3, 0x90, 0x0f, 0xae, 0xe8, 0xeb, 0xf9,
        ])
        .is_some_and(|rest| {
            rest.starts_with(&[0x48, 0x8d, 0x64, 0x24, 0x08, 0xc3])
                || rest.starts_with(&[0x48, 0x83, 0xc4, 0x08, 0xc3])
        })
}
