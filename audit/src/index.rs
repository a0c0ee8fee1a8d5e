//! Who calls what, who stores where, and whose address is taken: one sweep over the code of a file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::image::{Image, Slot};
use crate::libc;
use crate::state::ARGUMENTS;

#[derive(Default)]
pub struct Tables {
    /// The places that call or jump to a function.
    pub callers: HashMap<u64, Vec<u64>>,
    /// The places that call a function of another file, or load its address, by its name.
    pub outside: HashMap<String, Vec<u64>>,
    /// The places that store to a word of the file.
    pub stores: HashMap<u64, Vec<(u64, Option<u64>)>>,
    /// The constants that are stored to a word through a pointer to its object.
    pub fields: BTreeMap<u64, Vec<u64>>,
    /// The constants that are stored to an element that an index chooses, by the address of the table.
    pub elements: BTreeMap<u64, Vec<u64>>,
    /// What direct calls of a function pass as constants.
    passed: HashMap<u64, Vec<[Option<u64>; 6]>>,
    /// Arguments of functions that these store.
    given: Vec<Given>,
    /// Addresses that are compared with themselves: the empty table of the C runtime's start, which nothing points into.
    limits: HashSet<u64>,
    /// Addresses that are taken, with the instructions that take them, or 0 for a word of data.
    pub taken: HashMap<u64, Vec<u64>>,
    /// The places that name a function of the C library that installs handlers.
    pub installs: Vec<u64>,
    /// The places that load the address of such a function as a constant, and the address.
    pub loads: Vec<(u64, u64)>,
}

/// What the C library has a handler return to: `mov $15, %rax; syscall`.
const RETURN_FROM_HANDLER: &[u8] = &[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5];

/// How an instruction names the word that it stores to.
#[derive(Clone, Copy)]
enum Way {
    /// By its address.
    Word,
    /// By a pointer to its object.
    Field,
    /// By an index into a table.
    Element,
}

/// A store of an argument of a function.
struct Given {
    at: u64,
    place: u64,
    way: Way,
    function: u64,
    argument: usize,
}

impl Tables {
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
                .filter_map(|constants| constants[given.argument])
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
        self.passed.clear();
    }
}

/// What a sweep knows of the registers, without regard to branches.
struct Known {
    function: u64,
    /// The addresses of the file that were loaded as constants.
    lea: [Option<u64>; 16],
    /// The arguments of the function, by their numbers.
    arguments: [Option<usize>; 16],
    /// What was stored below the frame pointer, by the offset.
    spilled: HashMap<u64, (Option<u64>, Option<usize>)>,
}

impl Known {
    fn at_entry(function: u64) -> Self {
        let mut arguments = [None; 16];
        for (n, register) in ARGUMENTS.into_iter().enumerate() {
            arguments[register] = Some(n);
        }
        Self {
            function,
            lea: [None; 16],
            arguments,
            spilled: HashMap::new(),
        }
    }

    fn forget(&mut self, register: usize) {
        self.lea[register] = None;
        self.arguments[register] = None;
        if register == Register::RBP.number() {
            self.spilled.clear();
        }
    }

    /// Notes a store of an argument.
    fn gives(&self, i: &Instruction, place: u64, way: Way, tables: &mut Tables) {
        if i.mnemonic() == Mnemonic::Mov
            && i.op1_kind() == OpKind::Register
            && i.op1_register().is_gpr64()
            && let Some(argument) = self.arguments[i.op1_register().number()]
        {
            tables.given.push(Given {
                at: i.ip(),
                place,
                way,
                function: self.function,
                argument,
            });
        }
    }

    /// Follows what the instruction moves from register to register, or to the frame and back.
    fn moves(&mut self, i: &Instruction) {
        let is_move = i.mnemonic() == Mnemonic::Mov;
        let is_local = i.memory_base() == Register::RBP && i.memory_index() == Register::None;
        let of = |known: &Self, n: usize| (known.lea[n], known.arguments[n]);
        if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr() {
            if matches!(
                i.mnemonic(),
                Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
            ) {
                return;
            }
            let to = i.op0_register().full_register().number();
            let moved = match i.op1_kind() {
                OpKind::Register if is_move && i.op1_register().is_gpr64() => {
                    Some(of(self, i.op1_register().number()))
                }
                OpKind::Memory if is_move && is_local && i.op0_register().is_gpr64() => {
                    self.spilled.get(&i.memory_displacement64()).copied()
                }
                _ => None,
            };
            self.forget(to);
            if let Some((lea, argument)) = moved {
                self.lea[to] = lea;
                self.arguments[to] = argument;
            }
        } else if i.op0_kind() == OpKind::Memory && is_local {
            let kept = (is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr64())
                .then(|| of(self, i.op1_register().number()));
            self.spilled
                .insert(i.memory_displacement64(), kept.unwrap_or_default());
        }
    }
}

#[derive(Default)]
pub struct Index {
    tables: HashMap<u16, Tables>,
    /// Where handlers that were there before are kept.
    old: HashSet<(u16, u64)>,
}

impl Index {
    pub fn of(&mut self, number: u16, image: &Image) -> &Tables {
        self.tables.entry(number).or_insert_with(|| sweep(image))
    }

    /// Whether a function begins there, rather than a part of one that lies elsewhere.
    pub fn is_function(&self, number: u16, address: u64) -> bool {
        let Some(tables) = self.tables.get(&number) else {
            return true;
        };
        tables.callers.contains_key(&address) || tables.taken.contains_key(&address)
    }

    /// Whether anything in the file may store to the word.
    pub fn is_stored(&mut self, number: u16, image: &Image, word: u64) -> bool {
        if self.is_old(number, word) {
            return true;
        }
        let object = image
            .object_at(word)
            .map_or((word, word + 1), |o| (o.address, o.address + o.size));
        let exported = image
            .objects
            .get(&word)
            .is_some_and(|o| image.is_library && image.exports.contains_key(&*o.name));
        let tables = self.of(number, image);
        exported
            || tables.stores.contains_key(&word)
            || tables
                .taken
                .keys()
                .any(|at| (object.0..object.1).contains(at))
    }

    /// Returns the instructions that store to the word, if there is no other way to change it.
    pub fn only_stores(&mut self, number: u16, image: &Image, word: u64) -> Option<Vec<u64>> {
        if self.is_old(number, word) {
            return None;
        }
        let object = image
            .object_at(word)
            .map_or((word, word + 1), |o| (o.address, o.address + o.size));
        let tables = self.of(number, image);
        let is_taken = tables
            .taken
            .keys()
            .any(|at| (object.0..object.1).contains(at));
        let sites = tables.stores.get(&word).filter(|_| !is_taken)?;
        Some(sites.iter().map(|(at, _)| *at).collect())
    }

    /// Whether each instruction that takes an address of the object only reads through it, or gives it to one of the calls that install it.
    pub fn is_only_read(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
        calls: &HashMap<u64, crate::escape::Set>,
    ) -> bool {
        let tables = self.of(number, image);
        let mut taken = tables
            .taken
            .iter()
            .filter(|(at, _)| (from..to).contains(at) && image.is_writable(**at));
        taken.all(|(_, by)| {
            by.iter()
                .all(|by| crate::escape::is_only_read(image, *by, calls))
        })
    }

    /// Whether an instruction names a place of the object as where it stores, or another file can.
    pub fn is_stored_by_name(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
    ) -> bool {
        let inside = |at: &u64| (from..to).contains(at);
        image.exports.values().any(inside) || self.of(number, image).stores.keys().any(inside)
    }

    /// Whether an instruction stores zero to the word as a constant.
    pub fn stores_null(&mut self, number: u16, image: &Image, word: u64) -> bool {
        let all = self.of(number, image).stores.get(&word);
        all.is_some_and(|all| all.iter().any(|(_, value)| *value == Some(0)))
    }

    /// Whether instructions name a place strictly between: then data ends and other data begins there.
    pub fn is_divided(&mut self, number: u16, image: &Image, from: u64, to: u64) -> bool {
        let tables = self.of(number, image);
        let inside = |at: &u64| from < *at && *at < to;
        tables.stores.keys().any(inside) || tables.taken.keys().any(inside)
    }

    /// The functions that instructions store to the word as constants.
    pub fn stored_functions(&mut self, number: u16, image: &Image, word: u64) -> Vec<u64> {
        let tables = self.of(number, image);
        let all = tables
            .stores
            .get(&word)
            .map(Vec::as_slice)
            .unwrap_or_default();
        all.iter()
            .filter_map(|(_, value)| *value)
            .filter(|at| image.is_code(*at))
            .collect()
    }

    /// The addresses of the file that instructions store to the word, or to an element of its object, as constants.
    /// Without symbols, a table is taken to be as long as that at most, and to end where instructions name something.
    pub fn stored_pointers(&mut self, number: u16, image: &Image, word: u64) -> Vec<u64> {
        const NEAR: u64 = 64;
        let (from, to) = match image.object_at(word) {
            Some(object) => (object.address, object.address + object.size),
            None => (word.saturating_sub(NEAR), word + 1),
        };
        let tables: Vec<u64> = self
            .of(number, image)
            .elements
            .range(from..to)
            .map(|(at, _)| *at)
            .collect();
        let tables: Vec<u64> = tables
            .into_iter()
            .filter(|at| {
                image.object_at(word).is_some() || !self.is_divided(number, image, *at, word)
            })
            .collect();
        let of = self.of(number, image);
        let by_index = tables.iter().flat_map(|at| &of.elements[at]);
        let exact = of.stores.get(&word).into_iter().flatten();
        exact
            .filter_map(|(_, value)| *value)
            .chain(by_index.copied())
            .chain(of.fields.get(&word).into_iter().flatten().copied())
            .filter(|at| image.region(*at).is_some())
            .collect()
    }

    pub fn note_old_action(&mut self, image: u16, at: u64) {
        self.old.insert((image, at));
    }

    pub fn is_old(&self, image: u16, at: u64) -> bool {
        self.old.contains(&(image, at))
    }
}

/// Whether the word holds, or the stub reaches, a function that installs handlers, or `syscall`.
fn is_installer(image: &Image, address: u64) -> bool {
    let by_name = |name: &str| libc::installs(name) || name == "syscall";
    if let Some(Slot::Extern(name)) = image.slots.get(&address) {
        return by_name(&name.name);
    }
    if let Some(name) = image.externs.get(&address) {
        return by_name(&name.name);
    }
    if image.is_static
        && image
            .names
            .get(&address)
            .is_some_and(|names| names.iter().any(|n| libc::installs(n)))
    {
        return true;
    }
    false
}

fn sweep(image: &Image) -> Tables {
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
            let mut number = None;
            for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
                if i.is_invalid() {
                    continue;
                }
                note(image, &i, &mut tables, &mut known, &mut stubs, &mut number);
            }
        }
    }
    tables.resolve_given();
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

fn note(
    image: &Image,
    i: &Instruction,
    tables: &mut Tables,
    known: &mut Known,
    stubs: &mut HashMap<u64, Option<u64>>,
    number: &mut Option<(u64, u64)>,
) {
    let at = i.ip();
    match i.flow_control() {
        FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
            if crate::step::is_system_call(i) {
                let number = number.take().filter(|(from, _)| at - from < 120);
                // In a static file nearly all are the C library's.
                let is_other = image.is_static
                    && (number.is_some_and(|(_, number)| number != 13)
                        || image.bytes(at - 7).starts_with(RETURN_FROM_HANDLER));
                if !is_other {
                    tables.installs.push(at);
                }
                return;
            }
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
                if let Some(name) = outer {
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
                    tables.callers.entry(target).or_default();
                    tables
                        .passed
                        .entry(target)
                        .or_default()
                        .push(ARGUMENTS.map(|n| known.lea[n]));
                    if let Some(places) = tables.callers.get_mut(&target) {
                        places.push(at);
                    }
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
                tables
                    .outside
                    .entry(name.name.clone())
                    .or_default()
                    .push(at);
            }
            if matches!(
                i.flow_control(),
                FlowControl::IndirectCall | FlowControl::IndirectBranch
            ) && i.is_ip_rel_memory_operand()
            {
                let word = i.ip_rel_memory_address();
                let target = match image.slots.get(&word) {
                    Some(Slot::Here(to)) => Some(*to),
                    Some(Slot::Extern(name)) => image.exports.get(&name.name).copied(),
                    _ => None,
                };
                if let Some(target) = target {
                    tables.callers.entry(target).or_default().push(at);
                }
            }
        }
    }
    if matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    ) {
        // What a call returns is not what was loaded before it.
        for scratch in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
            known.forget(scratch);
        }
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
    let to = if i.is_ip_rel_memory_operand() {
        Some(i.ip_rel_memory_address())
    } else if image.is_fixed
        && i.memory_base() == Register::None
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
    {
        Some(i.memory_displacement64())
    } else {
        None
    };
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
                known.forget(i.op0_register().full_register().number());
                known.lea[i.op0_register().full_register().number()] = Some(to);
            }
            return;
        }
    } else if let Some(to) = to
        && i.op0_kind() == OpKind::Memory
        && !matches!(
            i.mnemonic(),
            Mnemonic::Cmp
                | Mnemonic::Test
                | Mnemonic::Push
                | Mnemonic::Call
                | Mnemonic::Jmp
                | Mnemonic::Bt
        )
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
    }
    if i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory && to.is_none() {
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
            known.forget(i.op0_register().full_register().number());
            known.lea[i.op0_register().full_register().number()] = Some(constant);
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
    known.moves(i);
}
