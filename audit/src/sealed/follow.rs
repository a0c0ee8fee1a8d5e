//! The effects of one instruction on addresses of data: the stores by them, and the places to which it hands them on.

use std::collections::BTreeSet;

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::Writers;
use super::held::{DataAddress, KnownAddresses, RAX, RBP, RDX, RSP, joined};
use crate::image::{Image, Slot};
use crate::state::ARGUMENTS;

/// Returns whether the address lies in data that the program may write, or is the end of such data.
pub(super) fn is_data(image: &Image, address: u64) -> bool {
    let is = |at| image.is_writable(at) && !image.is_code(at);
    is(address) || address.checked_sub(1).is_some_and(is)
}

/// Returns whether the call or the jump leads to a function of another file. Such a function does not hand on the registers that
/// it may change.
pub(super) fn is_outside(image: &Image, i: &Instruction) -> bool {
    let is_extern = |slot: u64| matches!(image.slots.get(&slot), Some(Slot::Extern(_)));
    match i.flow_control() {
        FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
            image.stub(i.near_branch_target()).is_some_and(is_extern)
        }
        _ => i.is_ip_rel_memory_operand() && is_extern(i.ip_rel_memory_address()),
    }
}

/// Returns whether the instruction makes rbp the frame pointer: a copy of rsp, or an address computed from rsp.
pub(super) fn makes_frame_pointer(i: &Instruction) -> bool {
    i.op_count() == 2
        && i.op0_kind() == OpKind::Register
        && i.op0_register() == Register::RBP
        && (i.mnemonic() == Mnemonic::Mov && i.op1_kind() == OpKind::Register
            || i.mnemonic() == Mnemonic::Lea)
        && (i.op1_kind() == OpKind::Register && i.op1_register() == Register::RSP
            || i.op1_kind() == OpKind::Memory && i.memory_base() == Register::RSP)
}

/// Returns whether the register is only a part of the instruction's address.
pub(super) fn is_of_address(i: &Instruction, register: Register) -> bool {
    let full = register.full_register();
    let is_value = (0..i.op_count())
        .any(|n| i.op_kind(n) == OpKind::Register && i.op_register(n).full_register() == full);
    !is_value && (i.memory_base() == full || i.memory_index() == full)
}

pub(super) struct WriterSearch<'a> {
    pub image: &'a Image,
    pub writers: &'a mut Writers,
    pub factory: InstructionInfoFactory,
    /// The handlers that no instruction calls.
    pub handlers: &'a BTreeSet<u64>,
    /// Whether the function that is followed is a handler that no instruction calls.
    pub is_handler: bool,
    /// Whether the function that is followed has a frame pointer.
    pub has_frame_pointer: bool,
    /// The instructions that compute the target of a jump by a table.
    pub for_jumps: BTreeSet<u64>,
    /// The instructions of the C runtime that compare the ends of its table of clones, which is empty, and that pass it on.
    pub for_clones: BTreeSet<u64>,
}

impl WriterSearch<'_> {
    /// Notes that an address goes to a place where it is not followed.
    pub fn hands(&mut self, held: Option<DataAddress>) {
        match held {
            // A pointer to constants or code does not point to data that the program may write.
            Some(DataAddress::Exact(at)) if is_data(self.image, at) => {
                self.writers.handed.insert(at);
            }
            Some(DataAddress::Exact(_)) | None => {}
            Some(DataAddress::Above(at)) => self.leads_upwards(at),
            Some(DataAddress::Any) => self.writers.anywhere = true,
        }
    }

    fn leads_upwards(&mut self, from: u64) {
        let lowest = self.writers.upwards.get_or_insert(from);
        *lowest = from.min(*lowest);
    }

    /// Returns the address of data that the memory operand leads to.
    fn address(&self, i: &Instruction, state: &KnownAddresses) -> Option<DataAddress> {
        if i.is_ip_rel_memory_operand() {
            return Some(DataAddress::Exact(i.ip_rel_memory_address()));
        }
        let (base, index) = (i.memory_base(), i.memory_index());
        if matches!(i.segment_prefix(), Register::FS | Register::GS) {
            return None;
        }
        let displacement = i.memory_displacement64();
        let by_index = state.get(index).filter(|_| index != Register::None);
        let by_base = state.get(base).filter(|_| base != Register::None);
        if base == Register::None && index == Register::None {
            return Some(DataAddress::Exact(displacement));
        }
        let is_positive = |register| register == Register::None || state.is_positive(register);
        let displacement = displacement.cast_signed();
        match (by_base, by_index) {
            (None, None) => None,
            (Some(base), None) if index == Register::None => Some(base.moved(displacement)),
            (Some(base), None) => Some(base.moved(displacement).indexed(is_positive(index))),
            (None, Some(index)) if i.memory_index_scale() == 1 => {
                Some(index.moved(displacement).indexed(is_positive(base)))
            }
            _ => Some(DataAddress::Any),
        }
    }

    /// Notes the instruction's store: its address and size, or that the address is not known.
    pub fn stores(&mut self, i: &Instruction, state: &KnownAddresses) {
        let uses = self.factory.info(i);
        let writes = |access| {
            use OpAccess as A;
            matches!(
                access,
                A::Write | A::CondWrite | A::ReadWrite | A::ReadCondWrite
            )
        };
        let written: Vec<u64> = uses
            .used_memory()
            .iter()
            .filter(|memory| writes(memory.access()))
            .map(|memory| memory.memory_size().size() as u64)
            .collect();
        let Some(&size) = written.first() else {
            return;
        };
        if i.is_string_instruction() || i.mnemonic() == Mnemonic::Maskmovdqu {
            self.hands(state.get(Register::RDI));
            return;
        }
        let has_operand = (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory);
        if !has_operand {
            return;
        }
        match self.address(i, state) {
            // The data that `xsave` and similar instructions store has no fixed length.
            Some(held) if size == 0 => self.hands(Some(held)),
            Some(DataAddress::Exact(at)) => {
                let end = self.writers.stores.entry(at).or_default();
                *end = (*end).max(at.saturating_add(size));
                self.writers.longest = self.writers.longest.max(size);
            }
            Some(DataAddress::Above(at)) => self.leads_upwards(at),
            Some(DataAddress::Any) => self.writers.anywhere = true,
            None => {}
        }
    }

    /// Applies the instruction; returns the state after it.
    pub fn step(&mut self, i: &Instruction, mut state: KnownAddresses) -> KnownAddresses {
        use Mnemonic as M;
        self.stores(i, &state);
        match i.flow_control() {
            FlowControl::Call | FlowControl::IndirectCall => {
                self.calls(i, &mut state);
                return state;
            }
            // A handler returns no value.
            FlowControl::Return if !self.is_handler => {
                self.hands(state.registers[RAX]);
                self.hands(state.registers[RDX]);
            }
            FlowControl::Interrupt => self.hands_all(&state),
            _ => {}
        }
        if crate::step::is_system_call(i) {
            self.hands_all(&state);
        }
        let from = match i.op_count() {
            2 if i.op1_kind() == OpKind::Register => state.get(i.op1_register()),
            2 if is_memory(i, 1) && i.mnemonic() != M::Lea => state.stored(i),
            _ => None,
        };
        if is_memory(i, 0) && !matches!(i.mnemonic(), M::Cmp | M::Test | M::Call | M::Jmp) {
            self.keeps(i, &mut state);
        }
        let is_positive = self.leaves_positive(i, &state);
        match i.mnemonic() {
            M::Push | M::Pop | M::Leave => {
                self.moves_stack(i, &mut state);
                return state;
            }
            M::Cmp if self.for_clones.contains(&i.ip()) => {
                state.registers = [None; 16];
                return state;
            }
            _ => note_frame(i, &mut state),
        }
        match i.mnemonic() {
            M::Cmp | M::Test | M::Bt | M::Nop | M::Endbr64 => {}
            M::Xchg | M::Xadd => self.exchanges(i, &mut state),
            _ => {
                let value = self.result(i, from, &state);
                self.writes(i, value, is_positive, &mut state);
            }
        }
        state
    }

    /// Hands on all registers.
    fn hands_all(&mut self, state: &KnownAddresses) {
        for held in state.registers {
            self.hands(held);
        }
    }

    /// Applies a call.
    fn calls(&mut self, i: &Instruction, state: &mut KnownAddresses) {
        if is_outside(self.image, i) {
            for register in ARGUMENTS {
                self.hands(state.registers[register]);
            }
            for register in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
                state.registers[register] = None;
            }
        } else {
            // A function of the file may take arguments in any register, and may leave the other registers unchanged.
            self.hands_all(state);
        }
        state.positive = 0;
    }

    /// Applies a store to memory, perhaps to the frame.
    fn keeps(&mut self, i: &Instruction, state: &mut KnownAddresses) {
        use Mnemonic as M;
        let mut held = None;
        for n in (0..i.op_count()).filter(|n| i.op_kind(*n) == OpKind::Register) {
            let register = i.op_register(n);
            held = joined(held, state.get(register));
            // An address in a vector register was handed on when it was put there.
            if register.is_gpr() {
                self.hands(state.get(register));
            }
        }
        let is_move = i.mnemonic() == M::Mov || i.op_register(1).is_vector_register();
        match (state.slot(i), held) {
            (Some(at), Some(held)) if is_move => drop(state.slots.insert(at, held)),
            (Some(at), None) if is_move && i.memory_size().size() == 8 => {
                state.slots.remove(&at);
            }
            (Some(at), Some(_)) => drop(state.slots.insert(at, DataAddress::Any)),
            (Some(at), None) => {
                let known = state.slots.get(&at).copied();
                let by = added(i);
                let held = known.map(|held| by.map_or(DataAddress::Any, |by| held.moved(by)));
                // A push does not store to its operand.
                if let Some(held) = held.filter(|_| i.mnemonic() != M::Push) {
                    state.slots.insert(at, held);
                }
            }
            (None, None) => {}
            // If the frame is not followed, the values that are loaded from it are not known.
            (None, Some(_)) => {
                self.writers.anywhere |= i.memory_base() == Register::RSP
                    || i.memory_base() == Register::RBP && self.has_frame_pointer;
            }
        }
    }

    /// Applies `push`, `pop` or `leave`.
    fn moves_stack(&mut self, i: &Instruction, state: &mut KnownAddresses) {
        match i.mnemonic() {
            Mnemonic::Push => {
                let held = match i.op0_kind() {
                    OpKind::Register => state.get(i.op0_register()),
                    OpKind::Memory => state.stored(i),
                    _ => None,
                };
                self.hands(held);
                state.rsp = state.rsp.map(|at| at - 8);
                match (state.rsp, held) {
                    (Some(at), Some(held)) => drop(state.slots.insert(at, held)),
                    (Some(at), None) => drop(state.slots.remove(&at)),
                    (None, Some(_)) => self.writers.anywhere = true,
                    (None, None) => {}
                }
            }
            Mnemonic::Pop => {
                let held = state.rsp.and_then(|at| state.slots.get(&at)).copied();
                state.rsp = state.rsp.map(|at| at + 8);
                if let Some(number) = written_register(i) {
                    state.registers[number] = held;
                    state.positive &= !(1 << number);
                    if number == RBP {
                        state.rbp = None;
                    }
                }
            }
            _ => {
                state.rsp = state.rbp.map(|at| at + 8);
                state.rbp = None;
                state.registers[RBP] = None;
            }
        }
    }

    /// Applies an exchange of the two operands, or an addition with one.
    fn exchanges(&mut self, i: &Instruction, state: &mut KnownAddresses) {
        let all = joined(state.get(i.op0_register()), state.get(i.op1_register()));
        for n in 0..2 {
            if i.op_kind(n) == OpKind::Register && i.op_register(n).is_gpr() {
                let register = i.op_register(n).full_register().number();
                state.registers[register] = all.map(|_| DataAddress::Any);
            }
        }
        if is_memory(i, 0) || is_memory(i, 1) {
            self.hands(all);
        }
    }

    /// Returns the value that the instruction writes; `from`: that of its second operand.
    fn result(
        &mut self,
        i: &Instruction,
        from: Option<DataAddress>,
        state: &KnownAddresses,
    ) -> Option<DataAddress> {
        use Mnemonic as M;
        let to = i.op0_register();
        let is_register = |n| i.op_count() > n && i.op_kind(n) == OpKind::Register;
        let to_register = written_register(i).is_some();
        let is_wide = to_register && to.size() == 8;
        match i.mnemonic() {
            M::Lea if to_register => self.address(i, state),
            M::Mov | M::Movq | M::Movd if i.op_count() == 2 => from,
            M::Add | M::Sub if is_wide => match (state.get(to), from) {
                _ if self.for_jumps.contains(&i.ip()) => None,
                (Some(DataAddress::Exact(a)), Some(DataAddress::Exact(b)))
                    if a == b && i.mnemonic() == M::Sub =>
                {
                    None
                }
                (held, None) if added(i).is_some() => {
                    held.zip(added(i)).map(|(held, by)| held.moved(by))
                }
                (Some(held), None) if i.mnemonic() == M::Add => {
                    let is_positive = is_register(1) && state.is_positive(i.op1_register());
                    Some(held.indexed(is_positive))
                }
                (None, Some(from)) if i.mnemonic() == M::Add => {
                    Some(from.indexed(state.is_positive(to)))
                }
                (None, None) => None,
                _ => Some(DataAddress::Any),
            },
            M::Inc if is_wide => state.get(to).map(|held| held.moved(1)),
            M::Dec if is_wide => state.get(to).map(|held| held.moved(-1)),
            M::Xor | M::Sub
                if i.op_count() == 2
                    && is_register(0)
                    && is_register(1)
                    && to == i.op1_register() =>
            {
                None
            }
            M::Imul if i.op_count() == 3 => from.map(|_| DataAddress::Any),
            _ if i.condition_code() != iced_x86::ConditionCode::None
                && i.op_count() == 2
                && to_register =>
            {
                joined(state.get(to), from)
            }
            // The parts of vector registers are not distinguished.
            _ if to_register && i.op_count() > 1 && i.op1_register().is_vector_register() => {
                state.vector
            }
            _ if is_register(0) && to.is_vector_register() => {
                let registers = (1..i.op_count()).map(|n| i.op_register(n));
                registers.fold(from, |all, register| joined(all, state.get(register)))
            }
            _ => {
                // Any other value that is computed from an address may be an address.
                let used = self.factory.info(i).used_registers().to_vec();
                let reads = used
                    .iter()
                    .filter(|used| !matches!(used.access(), OpAccess::Write | OpAccess::CondWrite));
                let held = reads
                    .map(iced_x86::UsedRegister::register)
                    .filter(|register| !is_of_address(i, *register))
                    .fold(from, |all, register| joined(all, state.get(register)));
                held.map(|_| DataAddress::Any)
            }
        }
    }

    /// Writes `value` to the registers that the instruction writes.
    fn writes(
        &mut self,
        i: &Instruction,
        value: Option<DataAddress>,
        is_positive: bool,
        state: &mut KnownAddresses,
    ) {
        // A part of an address is not an address by itself, but may become an address again when it is added to another part.
        let written: Vec<Register> = self
            .factory
            .info(i)
            .used_registers()
            .iter()
            .filter(|used| !matches!(used.access(), OpAccess::Read | OpAccess::CondRead))
            .map(iced_x86::UsedRegister::register)
            .collect();
        for register in written {
            if register.is_gpr() {
                let n = register.full_register().number();
                if n == RSP {
                    continue;
                }
                let is_part = register.size() < 4;
                state.registers[n] = match value {
                    None if is_part => state.registers[n],
                    Some(_) if is_part => Some(DataAddress::Any),
                    value => value,
                };
                state.positive &= !(1 << n);
                if is_positive || register.size() == 4 && !is_part {
                    state.positive |= 1 << n;
                }
            } else if register.is_vector_register() && value.is_some() {
                self.hands(value);
                state.vector = joined(state.vector, value);
            }
        }
    }

    /// Returns whether the result of the instruction is a number that is not negative.
    fn leaves_positive(&self, i: &Instruction, state: &KnownAddresses) -> bool {
        use Mnemonic as M;
        if i.op_count() != 2 || i.op0_kind() != OpKind::Register {
            return false;
        }
        let by = i.try_immediate(1).ok().map(u64::cast_signed);
        match i.mnemonic() {
            M::Mov if i.op1_kind() == OpKind::Register => state.is_positive(i.op1_register()),
            M::Mov => by.is_some_and(|by| by >= 0),
            M::Movzx | M::And => i.mnemonic() == M::Movzx || by.is_some_and(|by| by >= 0),
            M::Add => {
                state.is_positive(i.op0_register())
                    && by.is_some_and(|by| (0..1 << 16).contains(&by))
            }
            _ => false,
        }
    }
}

fn is_memory(i: &Instruction, n: u32) -> bool {
    n < i.op_count() && i.op_kind(n) == OpKind::Memory
}

/// Returns the number of the general register that is the instruction's first operand.
fn written_register(i: &Instruction) -> Option<usize> {
    let to = i.op0_register();
    let is_register = i.op_count() > 0 && i.op0_kind() == OpKind::Register && to.is_gpr();
    is_register.then(|| to.full_register().number())
}

/// Returns the constant that an `add` or a `sub` adds.
fn added(i: &Instruction) -> Option<i64> {
    let by = i.try_immediate(1).ok().map(u64::cast_signed);
    match i.mnemonic() {
        Mnemonic::Add => by,
        Mnemonic::Sub => by.map(i64::wrapping_neg),
        _ => None,
    }
}

/// Notes where rsp and rbp point after the instruction.
fn note_frame(i: &Instruction, state: &mut KnownAddresses) {
    use Mnemonic as M;
    let Some(number) = written_register(i).filter(|number| matches!(*number, RSP | RBP)) else {
        return;
    };
    let to = i.op0_register();
    let offset = |register: Register| match register {
        Register::RSP => state.rsp,
        Register::RBP => state.rbp,
        _ => None,
    };
    let at = match i.mnemonic() {
        M::Mov if i.op1_kind() == OpKind::Register => offset(i.op1_register()),
        M::Add | M::Sub => offset(to).zip(added(i)).map(|(at, by)| at + by),
        M::Lea => state.slot(i),
        M::Cmp | M::Test => offset(to),
        _ => None,
    };
    match number {
        RSP => state.rsp = at,
        _ => state.rbp = at,
    }
}
