//! Pointers in data of a file that lead to data of the same file, whatever the program does. Each store to the word is of such an
//! address, and no other access to the word is seen.

use std::rc::Rc;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use crate::explore::Explorer;
use crate::hash::Set;
use crate::image::{Image, Slot};
use crate::index::Index;
use crate::races::Coming;
use crate::value::{Base, Value};

/// The size of a pointer in bytes.
const WIDTH: u64 = 8;

/// Holds the possible targets of a pointer in a word.
#[derive(Clone)]
pub struct Targets {
    all: Rc<[i64]>,
    /// The size of the block that the word points to in place of `all`. It is allocated once and never freed.
    block: Option<i64>,
    /// Whether the pointer is never null where the handler may run.
    is_set: bool,
}

impl Explorer<'_> {
    /// Returns the place in the data of a file, if it is an offset from a pointer whose possible values are all known. Otherwise
    /// returns `place` unchanged.
    pub fn settled(&mut self, place: Value, size: i64) -> Value {
        let (Base::Static(image, word) | Base::NotNull(image, word)) = place.base else {
            return place;
        };
        if self.watch.is_some() || !place.is_bounded() {
            return place;
        }
        let known = match self.targets.get(&(image, word)) {
            Some(known) => known.clone(),
            None => {
                let file = self.files.image(image);
                let coming = Coming::new(self.handler, self.signals, &self.contexts);
                let known = self.index.targets(image, &file, word, &coming);
                self.targets.insert((image, word), known.clone());
                known
            }
        };
        let is_null =
            |targets: &Targets| place.base == Base::Static(image, word) && !targets.is_set;
        let Some(targets) = known.filter(|targets| !is_null(targets)) else {
            return place;
        };
        if targets.block.is_some() {
            return place;
        }
        let file = self.files.image(image);
        let end = place.hi.saturating_add(size);
        let is_inside = |index: &mut Index, target: i64| {
            let (first, end) = (target.cast_unsigned(), (target + end).cast_unsigned());
            match file.object_at(first) {
                Some(object) => end <= object.address + object.size,
                None => !index.is_named_between(image, &file, first, end),
            }
        };
        let is_near = place.lo >= 0 && end < i64::from(u32::MAX);
        if !is_near
            || !targets
                .all
                .iter()
                .all(|target| is_inside(self.index, *target))
        {
            return place;
        }
        let mut all = targets.all.iter().map(|target| Value {
            base: Base::Image(image),
            ..place.moved(*target)
        });
        let one = all.next();
        let joined = one.map(|one| all.fold(one, |a, b| a.or(&b)));
        joined.unwrap_or(place)
    }

    /// Returns the size of the block whose pointer is the base of the place, if the program allocates the block and never frees it.
    pub fn block_of(&self, place: &Value) -> Option<i64> {
        let (Base::Static(image, word) | Base::NotNull(image, word)) = place.base else {
            return None;
        };
        let targets = self.targets.get(&(image, word))?.as_ref()?;
        targets
            .block
            .filter(|_| targets.is_set || place.base == Base::NotNull(image, word))
    }
}

impl Index {
    /// Returns the targets of the word, if all of them are known.
    fn targets(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        coming: &Coming,
    ) -> Option<Targets> {
        let is_data = |at: u64| image.region(at).is_some() && !image.is_code(at);
        if !image.is_writable(word) || image.is_library || self.is_old(number, word) {
            return None;
        }
        let bytes = (word, word.saturating_add(WIDTH));
        if !self.is_sealed_but_by_name(number, image, bytes) {
            return None;
        }
        let (taken, touched) = self.names(number, image, bytes)?;
        let none = std::collections::HashMap::new();
        let is_read = |at: &u64| *at != 0 && crate::escape::is_only_read(image, *at, &none);
        if !taken.iter().all(is_read) {
            return None;
        }
        let mut all = Vec::new();
        let first = file_word(image, word)?;
        all.extend(Some(first).filter(|target| *target != 0));
        let (mut is_set, mut is_cleared) = (first != 0, false);
        let mut factory = InstructionInfoFactory::new();
        let mut block = None;
        let mut is_stored = false;
        let mut loads = Vec::new();
        for at in touched {
            let i = decode(image, at);
            let reads = |access| matches!(access, OpAccess::Read | OpAccess::CondRead);
            let uses = factory.info(&i);
            if uses
                .used_memory()
                .iter()
                .all(|memory| reads(memory.access()))
            {
                loads.push(at);
                continue;
            }
            is_stored = true;
            let is_whole = i.is_ip_rel_memory_operand()
                && i.ip_rel_memory_address() == word
                && i.memory_size().size() as u64 == WIDTH
                && matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Xchg);
            match stored(image, &i).filter(|_| is_whole)? {
                StoredValue::Address(0) => is_cleared = true,
                StoredValue::Block { .. } if block.is_some() => return None,
                made @ StoredValue::Block { .. } => block = Some((at, made)),
                StoredValue::Address(target) => {
                    all.push(target);
                    is_set |= self.is_seen_before(number, image, at, coming)
                        && self.precedes_each(number, image, at, coming);
                }
            }
        }
        if let Some((store, made)) = block {
            let is_alone = all.is_empty() && !is_cleared;
            return self
                .block(number, image, (word, store, made, loads), coming)
                .filter(|_| is_alone);
        }
        all.sort_unstable();
        all.dedup();
        // Other code trusts the initial value of a word that no instruction stores to.
        let is_known = is_stored && !all.is_empty() && all.iter().all(|at| is_data(*at));
        is_known.then(|| Targets {
            all: all.iter().map(|at| at.cast_signed()).collect(),
            block: None,
            is_set: is_set && !is_cleared,
        })
    }

    /// Returns the known targets of a word to which one instruction stores an allocated block.
    ///
    /// The pointer is copied nowhere else, so no code frees the block. While the handler may run, the program reads the block and
    /// stores to at most one word of it, in one step. The handler can therefore see no incomplete change.
    fn block(
        &mut self,
        number: u16,
        image: &Image,
        (word, store, made, loads): (u64, u64, StoredValue, Vec<u64>),
        coming: &Coming,
    ) -> Option<Targets> {
        const ENDS: [&str; 8] = [
            "_Exit",
            "__assert_fail",
            "_exit",
            "abort",
            "err",
            "errx",
            "exit",
            "quick_exit",
        ];
        let StoredValue::Block {
            call,
            after,
            size,
            fails,
        } = made
        else {
            return None;
        };
        if self.may_look_at_any_time(number, image) {
            return None;
        }
        let mut used = crate::escape::of_result(image, after, store)?;
        for load in loads {
            let i = decode(image, load);
            if matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test) {
                continue;
            }
            let start = image.function_at(load).map(|(start, _)| start);
            let is_void = start == Some(coming.handler.1) && number == coming.handler.0;
            used.extend(crate::escape::of_load(image, load, is_void)?);
        }
        let mut factory = InstructionInfoFactory::new();
        let mut changed = Set::default();
        for at in used {
            let i = decode(image, at);
            let writes = |access| !matches!(access, OpAccess::Read | OpAccess::CondRead);
            let memory = factory.info(&i).used_memory();
            let is_own = self.is_run_by(number, image, at, coming);
            if is_own || !memory.iter().any(|memory| writes(memory.access())) {
                continue;
            }
            if self.is_seen_before(number, image, at, coming) {
                continue;
            }
            let is_plain = i.mnemonic() == Mnemonic::Mov && i.try_immediate(1).is_ok();
            if !is_plain || i.memory_index() != Register::None {
                return None;
            }
            changed.insert((i.memory_displacement64(), i.memory_size().size()));
        }
        if changed.len() > 1 {
            return None;
        }
        // If the call may fail, the code before the installation of the handler must check for the failure.
        let sites = match self.precedes_installation(number, image, coming.handler, store) {
            true => self.installing.get(&(number, coming.handler))?.clone()?,
            false => std::rc::Rc::default(),
        };
        let ends = self.of(number, image).calls_of(image, &ENDS);
        let (start, end) = image.function_at(call)?;
        let is_asked = asks(image, call, word, fails).is_some_and(|(branch, failed)| {
            sites.range(start..end).all(|site| {
                crate::reach::never_leads(image, call, *site, &[branch])
                    && crate::reach::never_leads(image, failed, *site, &ends)
            })
        });
        let is_set = is_asked
            && self.is_seen_before(number, image, store, coming)
            && self.precedes_each(number, image, store, coming);
        // A pointer that is not null may be the failure value of the call.
        (is_set || fails == 0).then(|| Targets {
            all: std::rc::Rc::default(),
            block: Some(size),
            is_set,
        })
    }

    /// Returns whether each path through the function to an installation of the handler passes the instruction.
    fn precedes_each(&self, number: u16, image: &Image, at: u64, coming: &Coming) -> bool {
        let Some((start, end)) = image.function_at(at) else {
            return false;
        };
        let Some(Some(sites)) = self.installing.get(&(number, coming.handler)) else {
            return false;
        };
        let mut own = sites.range(start..end).peekable();
        own.peek().is_some()
            && own.all(|site| crate::reach::never_leads(image, start, *site, &[at]))
    }
}

/// Returns the branch that checks whether the call has failed, and its destination after a failure.
fn asks(image: &Image, call: u64, word: u64, fails: u64) -> Option<(u64, u64)> {
    const NEAR: usize = 12;
    let code = code_of(image, call)?;
    let first = code.iter().position(|i| i.ip() == call)? + 1;
    let mut held: Set<Register> = Set::default();
    held.insert(Register::RAX);
    let near = &code[first..code.len().min(first + NEAR)];
    for (n, i) in near.iter().enumerate() {
        let from_word = i.is_ip_rel_memory_operand() && i.ip_rel_memory_address() == word;
        let is_load = i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Register;
        let is_copy = i.op1_kind() == OpKind::Register && held.contains(&i.op1_register());
        let is_held = i.op0_kind() == OpKind::Register && held.contains(&i.op0_register())
            || i.op0_kind() == OpKind::Memory && from_word;
        let compares = match i.mnemonic() {
            Mnemonic::Test => {
                fails == 0
                    && i.op0_kind() == OpKind::Register
                    && i.op1_kind() == OpKind::Register
                    && i.op0_register() == i.op1_register()
            }
            Mnemonic::Cmp => i.try_immediate(1).ok() == Some(fails),
            _ => false,
        };
        if is_held && compares {
            let branch = near.get(n + 1)?;
            return match branch.condition_code() {
                iced_x86::ConditionCode::e => Some((branch.ip(), branch.near_branch_target())),
                iced_x86::ConditionCode::ne => Some((branch.ip(), branch.next_ip())),
                _ => None,
            };
        }
        match i.flow_control() {
            FlowControl::Next if is_load && (from_word || is_copy) => {
                held.insert(i.op0_register());
            }
            FlowControl::Next if i.op0_kind() == OpKind::Register => {
                held.remove(&i.op0_register().full_register());
            }
            FlowControl::Next => {}
            _ => return None,
        }
    }
    None
}

/// Returns the initial address in the word, or zero.
fn file_word(image: &Image, word: u64) -> Option<u64> {
    match image.pointer(word) {
        Some(Slot::Here(target)) => Some(target),
        Some(_) => None,
        None => image.number(word, WIDTH as usize).filter(|n| *n == 0),
    }
}

fn decode(image: &Image, at: u64) -> Instruction {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}

/// Returns the instructions of a function, if the destination of each branch is known.
fn code_of(image: &Image, at: u64) -> Option<Vec<Instruction>> {
    let (start, end) = image.function_at(at)?;
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let code = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
    let code: Vec<Instruction> = code.into_iter().collect();
    let is_lost =
        |i: &Instruction| i.is_invalid() || i.flow_control() == FlowControl::IndirectBranch;
    (!code.iter().any(is_lost)).then_some(code)
}

/// Returns the index of the instruction that made the register's value before instruction `at`, and the register in which it made
/// the value. Only one path may lead from that instruction to `at`.
fn maker(
    image: &Image,
    code: &[Instruction],
    at: usize,
    mut register: Register,
) -> Option<(usize, Register)> {
    const MOST: usize = 64;
    let entries: Set<u64> = code.iter().map(Instruction::near_branch_target).collect();
    let mut factory = InstructionInfoFactory::new();
    for n in (at.saturating_sub(MOST)..at).rev() {
        // Another path may lead to the next instruction.
        if entries.contains(&code[n + 1].ip()) || image.pad(code[n + 1].ip()).is_some() {
            return None;
        }
        let i = &code[n];
        let writes =
            |access| !matches!(access, OpAccess::Read | OpAccess::CondRead | OpAccess::None);
        let uses = factory.info(i);
        let is_made = uses
            .used_registers()
            .iter()
            .any(|used| used.register().full_register() == register && writes(used.access()));
        let is_copy = i.mnemonic() == Mnemonic::Mov
            && i.op1_kind() == OpKind::Register
            && i.op0_register() == register;
        if is_made && is_copy {
            register = i.op1_register();
            continue;
        }
        if is_made {
            return Some((n, register));
        }
        match i.flow_control() {
            FlowControl::Next | FlowControl::ConditionalBranch => {}
            FlowControl::Call | FlowControl::IndirectCall if register == Register::RAX => {
                return Some((n, register));
            }
            FlowControl::Call | FlowControl::IndirectCall
                if crate::summary::is_preserved(register.number()) => {}
            _ => return None,
        }
    }
    None
}

/// Returns the constant address, the zero or the block that an instruction stores. A stored register must get this value just
/// before, on the only path to the store.
fn stored(image: &Image, store: &Instruction) -> Option<StoredValue> {
    if store.op1_kind() != OpKind::Register {
        let number = store.try_immediate(1).ok()?;
        let is_address = image.is_fixed && image.region(number).is_some();
        return (number == 0 || is_address).then_some(StoredValue::Address(number));
    }
    let code = code_of(image, store.ip())?;
    let at = code.iter().position(|i| i.ip() == store.ip())?;
    let (n, register) = maker(image, &code, at, store.op1_register().full_register())?;
    match code[n].flow_control() {
        FlowControl::Next => constant(image, &code[n], register).map(StoredValue::Address),
        _ => block(image, &code, n),
    }
}

/// Returns the block that the call at index `at` allocates, if its size is a constant.
fn block(image: &Image, code: &[Instruction], at: usize) -> Option<StoredValue> {
    let call = &code[at];
    let slot = match call.flow_control() {
        FlowControl::IndirectCall => (call.is_ip_rel_memory_operand())
            .then(|| call.ip_rel_memory_address())
            .and_then(|slot| image.slots.get(&slot)),
        _ => (image.stub(call.near_branch_target())).and_then(|slot| image.slots.get(&slot)),
    };
    let name = match slot {
        Some(Slot::Extern(name)) => name.name.to_string(),
        _ => {
            let names = image.names.get(&call.near_branch_target());
            let known = names
                .into_iter()
                .flatten()
                .find(|name| image.is_static && is_allocator(name));
            known?.to_string()
        }
    };
    let number = |register: Register| {
        let (n, register) = maker(image, code, at, register)?;
        let i = &code[n];
        let is_number = i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Register;
        match is_number {
            true => i.try_immediate(1).ok().filter(|n| *n < 1 << 31),
            false => constant(image, i, register).filter(|n| *n == 0),
        }
    };
    let (size, fails) = match &*name {
        "malloc" => (number(Register::RDI)?, 0),
        "calloc" => (
            number(Register::RDI)?.checked_mul(number(Register::RSI)?)?,
            0,
        ),
        "mmap" | "mmap64" => {
            const READ_AND_WRITE: u64 = 3;
            const OF_NO_FILE: u64 = 0x20;
            let is_usable = number(Register::RDX)? & READ_AND_WRITE == READ_AND_WRITE
                && number(Register::RCX)? & OF_NO_FILE != 0;
            (number(Register::RSI).filter(|_| is_usable)?, u64::MAX)
        }
        _ => return None,
    };
    let size = i64::try_from(size).ok()?;
    Some(StoredValue::Block {
        call: call.ip(),
        after: call.next_ip(),
        size,
        fails,
    })
}

fn is_allocator(name: &str) -> bool {
    matches!(name, "calloc" | "malloc" | "mmap" | "mmap64")
}

/// Describes the value that is stored to a word.
#[derive(Clone, Copy)]
enum StoredValue {
    /// An address of the file, or zero.
    Address(u64),
    /// The block of `size` bytes that a call allocates, or `fails`, the value that the call returns on failure.
    Block {
        call: u64,
        after: u64,
        size: i64,
        fails: u64,
    },
}

/// Returns the address of data, or the zero, that the instruction puts into the register.
fn constant(image: &Image, i: &Instruction, register: Register) -> Option<u64> {
    let to = (i.op0_kind() == OpKind::Register).then(|| i.op0_register())?;
    let is_whole = to == register || to.is_gpr32();
    match i.mnemonic() {
        Mnemonic::Lea if i.is_ip_rel_memory_operand() && to == register => {
            Some(i.ip_rel_memory_address())
        }
        Mnemonic::Xor if is_whole && i.op1_kind() == OpKind::Register && i.op1_register() == to => {
            Some(0)
        }
        Mnemonic::Mov if is_whole => {
            let number = i.try_immediate(1).ok()?;
            let is_address = image.is_fixed && image.region(number).is_some();
            (number == 0 || is_address).then_some(number)
        }
        _ => None,
    }
}
