//! One sweep over the code of a file: calls, stores, and addresses that are taken.

mod derived;
mod known;
mod parameter;
mod stored;
mod tested;
mod trail;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use self::known::Known;
use self::parameter::{Change, How, Passed};
pub use self::tested::{Test, signed};
use self::trail::Trail;
use crate::image::{Image, Slot};
use crate::libc;

#[derive(Default)]
pub struct Tables {
    /// The places that call or jump to a function.
    pub callers: HashMap<u64, Vec<u64>>,
    /// The places that call a function of another file, or load its address, by its name.
    pub outside: HashMap<String, Vec<u64>>,
    /// The places that store to a word of the file.
    pub stores: HashMap<u64, Vec<(u64, Option<u64>)>>,
    /// The same, also where an address in a register names the word; those that store to an element are under [`element`].
    pub writes: HashMap<u64, Vec<u64>>,
    /// The instructions that store to a word what was loaded from it before, changed, each with the bytes that it stores. Those for
    /// an element of a table are under [`element`].
    pub updates: BTreeMap<u64, Vec<(u64, u64)>>,
    /// The same for what a word points to, by the word and the offset.
    pub updates_through: HashMap<(u64, i64), Vec<u64>>,
    /// The places of data that instructions touch by name, each with these.
    pub read: BTreeMap<u64, Vec<u64>>,
    /// The calls that have a function of the C library store to an object, by its address, each with the bytes if these are known.
    pub fills: BTreeMap<u64, Vec<(u64, Option<u64>)>>,
    /// The words that hold the ends of pipes from which the program, and so a handler, may read.
    channels: BTreeSet<u64>,
    /// Whether a call makes a descriptor one that does not block.
    unblocks: bool,
    /// What calls of a function of the file store through an argument, by the call: the word, its bytes, and the instruction.
    pub through_calls: BTreeMap<u64, Vec<(u64, u64, u64)>>,
    /// The objects, by an address of each, that calls clear or give a constant.
    pub cleared: BTreeSet<u64>,
    /// The calls that free what a word points to.
    pub freed: HashMap<u64, Vec<u64>>,
    /// The same where a function frees what it is given.
    pub freed_within: HashMap<u64, Vec<u64>>,
    /// The stores to an element of a table after the word that chose it was changed, by the word, each with the table.
    pub late: BTreeMap<u64, Vec<(u64, u64)>>,
    /// The branches that ask for what a word holds.
    pub tests: HashMap<u64, Vec<Test>>,
    /// The instructions that exchange a word for what was found by its value: the head of a list for its next node.
    pub pops: HashMap<u64, Vec<u64>>,
    /// The constants that are stored to a word through a pointer to its object.
    pub fields: BTreeMap<u64, Vec<u64>>,
    /// The constants that are stored to an element that an index chooses, by the address of the table.
    pub elements: BTreeMap<u64, Vec<u64>>,
    /// What direct calls of a function pass.
    passed: HashMap<u64, Vec<Passed>>,
    /// Arguments of functions that these store.
    given: Vec<Given>,
    /// What functions change through pointers that they are given.
    changes: Vec<Change>,
    /// The arguments that functions free, each with the function.
    frees: Vec<(u64, usize)>,
    /// Addresses that are compared with themselves: the empty table of the C runtime's start, which nothing points into.
    limits: HashSet<u64>,
    /// Addresses that are taken, with the instructions that take them, or 0 for a word of data.
    pub taken: HashMap<u64, Vec<u64>>,
    /// Whether an instruction is a system call that may change which signals are blocked; the C library's are not looked at.
    pub blocks_by_number: bool,
    /// The places that name a function of the C library that installs handlers.
    pub installs: Vec<u64>,
    /// The places that load the address of such a function as a constant, and the address.
    pub loads: Vec<(u64, u64)>,
}

/// What the C library has a handler return to: `mov $15, %rax; syscall`.
const RETURN_FROM_HANDLER: &[u8] = &[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5];

/// Says how an instruction names the word that it stores to.
#[derive(Clone, Copy)]
enum Way {
    /// By its address.
    Word,
    /// By a pointer to its object.
    Field,
    /// By an index into a table.
    Element,
}

/// Holds a store of an argument of a function.
struct Given {
    at: u64,
    place: u64,
    way: Way,
    function: u64,
    argument: usize,
}

/// The functions of the C library that change which signals are blocked.
const BLOCKING: [&str; 6] = [
    "pthread_sigmask",
    "sigblock",
    "sighold",
    "sigprocmask",
    "sigrelse",
    "sigsetmask",
];

/// Returns what stands for the elements of a table among the words of a file.
pub const fn element(table: u64) -> u64 {
    !table
}

impl Tables {
    /// Returns the places that call what blocks signals.
    pub fn blocking(&self, image: &Image) -> Vec<u64> {
        self.calls_of(image, &BLOCKING)
    }

    /// Returns the places that call one of these functions of the C library.
    pub fn calls_of(&self, image: &Image, all: &[&str]) -> Vec<u64> {
        let by_name = all.iter().filter_map(|name| self.outside.get(*name));
        let linked = image.names.iter().filter(|(_, names)| {
            image.is_static && names.iter().any(|name| all.contains(&&**name))
        });
        let by_address = linked.filter_map(|(at, _)| self.callers.get(at));
        by_name.chain(by_address).flatten().copied().collect()
    }

    /// Returns whether the function is `main`: by its name, or because the code where the program begins takes its address.
    pub fn is_main(&self, image: &Image, function: u64) -> bool {
        const START: u64 = 64;
        let is_named = image
            .names
            .get(&function)
            .is_some_and(|names| names.iter().any(|name| &**name == "main"));
        let begins = image.entry..image.entry.saturating_add(START);
        let taken = self.taken.get(&function);
        is_named || taken.is_some_and(|by| by.iter().any(|at| begins.contains(at)))
    }

    /// Returns whether the word holds a descriptor of a pipe, or of a pair of sockets, that the program made, and that may block.
    pub fn is_own_channel(&self, word: u64) -> bool {
        !self.unblocks && self.channels.contains(&word)
    }

    fn note_pointed(&mut self, place: u64, way: Way, value: u64) {
        let places = match way {
            Way::Element => &mut self.elements,
            Way::Field | Way::Word => &mut self.fields,
        };
        places.entry(place).or_default().push(value);
    }

    /// Takes what callers pass as constants to a function that stores its argument for what is stored.
    fn resolve_given(&mut self) {
        for given in std::mem::take(&mut self.given) {
            let calls = self.passed.get(&given.function);
            let values: BTreeSet<u64> = calls
                .into_iter()
                .flatten()
                .filter_map(|call| call.addresses[given.argument])
                .filter(|value| !parameter::is_word(*value))
                .collect();
            for value in values {
                if let Way::Word = given.way {
                    let stores = self.stores.entry(given.place).or_default();
                    stores.push((given.at, Some(value)));
                } else {
                    self.note_pointed(given.place, given.way, value);
                }
            }
        }
    }
}

/// Returns whether a function of that name installs handlers, or makes any system call.
pub fn may_install(name: &str) -> bool {
    libc::installs(name) || name == "syscall"
}

/// Returns whether the word holds, or the stub reaches, a function that installs handlers, or `syscall`.
fn is_installer(image: &Image, address: u64) -> bool {
    let word = match image.slots.get(&address) {
        None if !image.is_code(address) => image.pointer(address),
        slot => slot.cloned(),
    };
    let target = match word {
        Some(Slot::Extern(name)) => return may_install(&name.name),
        // In a static file no loader looks the name up: the word has the function's address.
        Some(Slot::Here(target)) if image.is_settled(address) => target,
        _ => address,
    };
    match image.externs.get(&target) {
        Some(name) => may_install(&name.name),
        None => is_linked_installer(image, target),
    }
}

/// Returns whether that is such a function of the C library, linked into a static file.
pub fn is_linked_installer(image: &Image, address: u64) -> bool {
    let mut names = image.names.get(&address).into_iter().flatten();
    image.is_static && names.any(|name| may_install(name))
}

pub fn sweep(image: &Image) -> Tables {
    let mut tables = Tables::default();
    let mut stubs: HashMap<u64, Option<u64>> = HashMap::new();
    for region in image.regions.iter().filter(|r| r.exec) {
        let mut starts: Vec<u64> = image
            .functions
            .range(region.start..region.end)
            .map(|(s, _)| *s)
            .collect();
        starts.insert(0, region.start);
        starts.dedup();
        for (n, &start) in starts.iter().enumerate() {
            let end = starts.get(n + 1).copied().unwrap_or(region.end);
            let bytes = image.bytes(start);
            let bytes = &bytes[..bytes.len().min((end - start) as usize)];
            let mut known = Known::at_entry(start);
            let mut trail = Trail::default();
            let mut number = None;
            for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
                if i.is_invalid() {
                    continue;
                }
                let touched = (named_by(image, &i, &known), known.local(&i));
                trail.follows(image, &i, touched, &mut tables);
                note(image, &i, &mut tables, &mut known, &mut stubs, &mut number);
                known.follows(&i, touched, &mut tables);
            }
        }
    }
    tables.resolve_given();
    tables.resolve_changes(image);
    tables.resolve_frees();
    tables.passed.clear();
    for address in tables.limits.drain() {
        tables.taken.remove(&address);
    }
    for (at, slot) in &image.slots {
        // A word that points to itself only names its file (`__dso_handle`).
        if let Slot::Here(target) = slot
            && target != at
        {
            tables.taken.entry(*target).or_default().push(0);
        }
    }
    if image.is_fixed {
        for region in image.regions.iter().filter(|r| !r.exec) {
            for (n, word) in region.data.as_chunks::<8>().0.iter().enumerate() {
                let target = u64::from_le_bytes(*word);
                let at = region.start.saturating_add(8 * n as u64);
                if image.region(target).is_some() && !image.symbols_at.contains(&at) {
                    tables.taken.entry(target).or_default().push(0);
                }
            }
        }
    }
    tables
}

/// Takes note of a system call; `number`: the last that was put into rax, and where.
fn note_system_call(image: &Image, at: u64, tables: &mut Tables, number: Option<(u64, u64)>) {
    const RT_SIGPROCMASK: u64 = 14;
    let number = number.filter(|(from, _)| at - from < 120);
    let may_block = number.is_none_or(|(_, number)| number == RT_SIGPROCMASK);
    tables.blocks_by_number |= may_block && !image.is_static;
    // In a static file nearly all are the C library's.
    let is_other = image.is_static
        && (number.is_some_and(|(_, number)| number != 13)
            || image.bytes(at - 7).starts_with(RETURN_FROM_HANDLER));
    if !is_other {
        tables.installs.push(at);
    }
}

/// Takes note of a call or a jump, and of a word through which another file's function is reached.
fn note_transfer(
    image: &Image,
    i: &Instruction,
    tables: &mut Tables,
    known: &mut Known,
    stubs: &mut HashMap<u64, Option<u64>>,
) {
    let at = i.ip();
    match i.flow_control() {
        FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
            let target = i.near_branch_target();
            let is_far = i.flow_control() == FlowControl::Call
                || image.function_at(at) != image.function_at(target)
                || image.functions.contains_key(&target);
            if is_far {
                let slot = *stubs.entry(target).or_insert_with(|| image.stub(target));
                if is_installer(image, slot.unwrap_or(target)) {
                    tables.installs.push(at);
                }
                let outer = match slot.and_then(|s| image.slots.get(&s)) {
                    Some(Slot::Extern(name)) => Some(name),
                    _ => image.externs.get(&target),
                };
                if outer.is_none() && image.is_static {
                    for name in image.names.get(&target).into_iter().flatten() {
                        known.calls(image, at, (name, false), tables);
                    }
                }
                if let Some(name) = outer {
                    known.calls(image, at, (&name.name, true), tables);
                    tables
                        .outside
                        .entry(name.name.clone())
                        .or_default()
                        .push(at);
                }
                // A call of a function of the file through its own table.
                let target = match slot.and_then(|s| image.slots.get(&s)) {
                    Some(Slot::Here(to)) => *to,
                    Some(Slot::Extern(name)) => {
                        image.exports.get(&name.name).copied().unwrap_or(target)
                    }
                    _ => target,
                };
                if i.flow_control() == FlowControl::Call || image.functions.contains_key(&target) {
                    let is_jump = i.flow_control() != FlowControl::Call;
                    // A part of a function that lies elsewhere is jumped to from one place only.
                    tables.callers.entry(target).or_default().push(at);
                    tables
                        .passed
                        .entry(target)
                        .or_default()
                        .push(known.passed(at));
                    if is_jump
                        && (i.flow_control() == FlowControl::ConditionalBranch
                            || image.raw_name(target).is_some_and(|n| n.contains(".cold")))
                    {
                        tables.callers.remove(&target);
                    }
                }
            }
        }
        _ => {
            // A stub of the linker's is no call of the program's.
            let is_stub =
                i.flow_control() == FlowControl::IndirectBranch && image.function_at(at).is_none();
            if i.is_ip_rel_memory_operand()
                && !is_stub
                && is_installer(image, i.ip_rel_memory_address())
            {
                tables.installs.push(at);
            }
            if i.is_ip_rel_memory_operand()
                && !is_stub
                && let Some(Slot::Extern(name)) = image.slots.get(&i.ip_rel_memory_address())
            {
                let is_kept = i.mnemonic() == Mnemonic::Mov && name.name == "syscall";
                known.keeps_syscall(i, is_kept, tables);
                if matches!(
                    i.flow_control(),
                    FlowControl::IndirectCall | FlowControl::IndirectBranch
                ) {
                    known.calls(image, at, (&name.name, true), tables);
                }
                tables
                    .outside
                    .entry(name.name.clone())
                    .or_default()
                    .push(at);
            }
            if i.flow_control() == FlowControl::IndirectCall {
                known.keeps_syscall(i, false, tables);
            }
            if i.flow_control() == FlowControl::IndirectCall
                && let Some(Slot::Extern(name)) =
                    known.slot(i).and_then(|slot| image.slots.get(&slot))
            {
                known.calls(image, at, (&name.name, true), tables);
            }
            let word = match i.flow_control() {
                FlowControl::IndirectCall | FlowControl::IndirectBranch => {
                    known.slot(i).or_else(|| {
                        i.is_ip_rel_memory_operand()
                            .then(|| i.ip_rel_memory_address())
                    })
                }
                _ => None,
            };
            if let Some(word) = word {
                let target = match image.slots.get(&word) {
                    Some(Slot::Here(to)) => Some(*to),
                    Some(Slot::Extern(name)) => image.exports.get(&name.name).copied(),
                    _ => None,
                };
                if let Some(target) = target {
                    tables.callers.entry(target).or_default().push(at);
                    let passed = tables.passed.entry(target).or_default();
                    passed.push(known.passed(at));
                }
            }
        }
    }
}

fn is_store(i: &Instruction) -> bool {
    let reads = matches!(
        i.mnemonic(),
        Mnemonic::Cmp
            | Mnemonic::Test
            | Mnemonic::Push
            | Mnemonic::Call
            | Mnemonic::Jmp
            | Mnemonic::Bt
    );
    i.op0_kind() == OpKind::Memory && !reads
}

/// Returns the place of the file that the instruction names.
fn named(image: &Image, i: &Instruction) -> Option<u64> {
    if i.is_ip_rel_memory_operand() {
        return Some(i.ip_rel_memory_address());
    }
    let is_named = image.is_fixed
        && i.memory_base() == Register::None
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory);
    is_named.then(|| i.memory_displacement64())
}

/// Returns the same, also where an address in a register names it.
fn named_by(image: &Image, i: &Instruction, known: &Known) -> Option<u64> {
    named(image, i).or_else(|| known.named(image, i))
}

fn note(
    image: &Image,
    i: &Instruction,
    tables: &mut Tables,
    known: &mut Known,
    stubs: &mut HashMap<u64, Option<u64>>,
    number: &mut Option<(u64, u64)>,
) {
    let at = i.ip();
    if crate::step::is_system_call(i) {
        note_system_call(image, at, tables, number.take());
        return;
    }
    note_transfer(image, i, tables, known, stubs);
    known.counts(i);
    if matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    ) {
        // What a call returns is not what was loaded before it.
        for scratch in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
            known.forget(scratch);
        }
        known.returns();
    }
    if matches!(
        i.flow_control(),
        FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return
    ) {
        known.begins();
    }
    let constant = (0..i.op_count()).find_map(|n| match i.op_kind(n) {
        OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64 => Some(i.immediate(n)),
        _ => None,
    });
    if i.mnemonic() == Mnemonic::Mov
        && i.op0_kind() == OpKind::Register
        && i.op0_register().full_register() == Register::RAX
    {
        *number = constant.map(|constant| (at, constant));
    }
    let to = named(image, i);
    if let Some(to) = to.filter(|_| i.mnemonic() != Mnemonic::Lea) {
        tables.read.entry(to).or_default().push(at);
    }
    let loaded = match i.mnemonic() {
        Mnemonic::Lea => to,
        Mnemonic::Mov | Mnemonic::Push => constant.filter(|_| image.is_fixed),
        _ => None,
    };
    if let Some(loaded) = loaded.filter(|at| image.is_code(*at) || image.externs.contains_key(at)) {
        let slot = *stubs.entry(loaded).or_insert_with(|| image.stub(loaded));
        if is_installer(image, slot.unwrap_or(loaded)) {
            tables.installs.push(at);
            tables.loads.push((at, loaded));
        }
    }
    if i.mnemonic() == Mnemonic::Lea {
        if let Some(to) = to {
            tables.taken.entry(to).or_default().push(at);
            if i.op0_register().is_gpr() {
                known.names(i.op0_register(), to);
            }
            return;
        }
    } else if let Some(to) = to
        && is_store(i)
    {
        let value = match i.op_kind(1) {
            OpKind::Register if i.op1_register().is_gpr() => {
                known.lea[i.op1_register().full_register().number()]
            }
            _ => constant,
        };
        let width = i.memory_size().size().max(1) as u64;
        for word in (to..to.saturating_add(width)).step_by(8) {
            tables.stores.entry(word).or_default().push((at, value));
        }
        known.gives(i, to, Way::Word, tables);
        known.replaces(to);
    }
    let named = named_by(image, i, known);
    if let Some(named) = named.filter(|_| is_store(i)) {
        let width = i.memory_size().size() as u64;
        let how = match known.updates(i, named) {
            true => How::Updates(width),
            false => How::Stores(width),
        };
        tables.note_change(image, known.function, at, named, how);
    }
    if i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory && to.is_none() {
        known.links(i);
        known.updates_through(i, tables);
        let value = match i.op1_kind() {
            OpKind::Register if i.op1_register().is_gpr64() => known.lea[i.op1_register().number()],
            _ => constant.filter(|_| image.is_fixed),
        };
        let named = |register: Register| {
            register
                .is_gpr64()
                .then(|| known.lea[register.number()])
                .flatten()
                .map(|at| at.wrapping_add(i.memory_displacement64()))
        };
        let table = named(i.memory_base())
            .or_else(|| named(i.memory_index()).filter(|_| i.memory_index_scale() == 1))
            .or_else(|| {
                let is_named = image.is_fixed && i.memory_index() != Register::None;
                is_named.then(|| i.memory_displacement64())
            });
        if let Some(table) = table.filter(|table| image.is_writable(*table)) {
            let way = if i.memory_index() == Register::None {
                Way::Field
            } else {
                Way::Element
            };
            if let Some(value) = value {
                tables.note_pointed(table, way, value);
            }
            known.gives(i, table, way, tables);
        }
    }
    if let Some(constant) = constant
        && image.is_fixed
        && image.region(constant).is_some()
    {
        tables.taken.entry(constant).or_default().push(at);
        if i.op0_kind() == OpKind::Register
            && i.op0_register().is_gpr()
            && i.mnemonic() == Mnemonic::Mov
        {
            known.names(i.op0_register(), constant);
            return;
        }
    }
    if image.is_fixed
        && !i.is_ip_rel_memory_operand()
        && (i.memory_base() != Register::None || i.memory_index() != Register::None)
        && i.memory_displ_size() >= 4
        && image.region(i.memory_displacement64()).is_some()
    {
        let places = tables.taken.entry(i.memory_displacement64());
        places.or_default().push(at);
    }
    if matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Sub)
        && i.op0_kind() == OpKind::Register
        && i.op0_register().is_gpr64()
        && let Some(own) = known.lea[i.op0_register().number()]
    {
        let other = match i.op1_kind() {
            OpKind::Register if i.op1_register() == i.op0_register() => None,
            OpKind::Register if i.op1_register().is_gpr64() => known.lea[i.op1_register().number()],
            _ => constant,
        };
        if other == Some(own) {
            tables.limits.insert(own);
        }
    }
    known.moves(i, to);
}
