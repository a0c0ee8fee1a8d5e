//! The contents of registers that a sweep knows.

use crate::hash::{Map, Set};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::derived::{Crossing, Derived};
use super::holders::Holders;
use super::instruction::is_store;
use super::parameter::{self, ChangeKind, Passed};
use super::referred::Reference;
use super::registers::SCRATCH;
use super::tested::Tested;
use super::{Given, Tables, Way, element};
use crate::emptied::is_kept;
use crate::image::{Image, THREAD};
use crate::state::ARGUMENTS;
use crate::summary::is_preserved;

/// Is the address or the argument that a register or a place of the frame holds.
pub type Held = (Option<u64>, Option<usize>);

/// Is a place of the frame: the register that points into it, and the offset.
pub type Local = (Register, u64);

/// Returns whether places of the frame are measured from the register.
pub const fn is_frame(register: Register) -> bool {
    matches!(register, Register::RBP | Register::RSP)
}

/// Holds the known contents of the registers and the frame, without regard to branches.
pub struct Known {
    pub function: u64,
    /// The addresses of the file that were loaded into registers as constants.
    pub lea: [Option<u64>; 16],
    /// The addresses of the file, in registers, to which an offset or an index may have been added.
    pub(super) within: [Option<u64>; 16],
    /// The numbers of the function's arguments, in registers, to which an offset or an index may have been added.
    behind: [Option<usize>; 16],
    /// The numbers of the function's arguments that registers hold.
    pub(super) arguments: [Option<usize>; 16],
    /// The values that were computed from words of the file.
    pub(super) derived: Derived,
    /// The values that were computed from loads through pointers with unknown targets, by the offset.
    pub through: Derived,
    /// Whether an instruction that copies rsp to rbp was seen.
    pub has_frame_pointer: bool,
    /// The words from which addresses or arguments of calls were computed.
    used: Set<u64>,
    /// The words from which the targets of jumps and calls were computed.
    chosen: Set<u64>,
    tested: Tested,
    /// The words of the file whose pointers the registers hold, as they were loaded.
    pub(super) pointers: [Option<u64>; 16],
    /// The word of the file whose pointer was last stored through a register, and the base register or the table of that store.
    linked: Option<(u64, Option<usize>, Option<u64>)>,
    /// The constants in the registers of a call's first three arguments.
    pub(super) first: Option<u64>,
    pub(super) second: Option<u64>,
    pub(super) third: Option<u64>,
    /// A bit for each register into which this function loads the address of `syscall`.
    pub(super) syscall: u16,
    /// The address that the last call returned.
    pub(super) returned: Reference,
    /// The words of the file whose pointers were stored to the frame, by the place.
    spilled_pointers: Map<Local, u64>,
    /// A number for each register's value; copies of one value have one number.
    values: [u64; 16],
    /// The numbers of values that were stored to the frame, by the place.
    spilled_values: Map<Local, u64>,
    /// The words of the file to which values were stored.
    holders: Holders,
    last_value: u64,
    /// The addresses and arguments that were stored to the frame, by the place.
    spilled: Map<Local, Held>,
    /// The objects that calls have copied from.
    pub(super) copied: Set<u64>,
    /// The loads of memory behind arguments of the function, each with the number that stands for the memory.
    loads: Vec<(u64, u64)>,
    /// The effects on words of calls of functions that were read before, by the call.
    pub crossings: Map<u64, Crossing>,
}

impl Known {
    pub fn at_entry(function: u64) -> Self {
        let mut arguments = [None; 16];
        for (n, register) in ARGUMENTS.into_iter().enumerate() {
            arguments[register] = Some(n);
        }
        Self {
            function,
            lea: [None; 16],
            within: [None; 16],
            behind: arguments,
            arguments,
            derived: Derived::of_arguments(),
            through: Derived::new(),
            has_frame_pointer: false,
            used: Set::default(),
            chosen: Set::default(),
            tested: Tested::default(),
            pointers: [None; 16],
            linked: None,
            first: None,
            second: None,
            third: None,
            syscall: 0,
            returned: Reference::default(),
            spilled_pointers: Map::default(),
            values: std::array::from_fn(|n| n as u64),
            spilled_values: Map::default(),
            holders: Holders::default(),
            last_value: 16,
            spilled: Map::default(),
            copied: Set::default(),
            loads: Vec::new(),
            crossings: Map::default(),
        }
    }

    /// Follows the values that the instruction computes or tests; `touched`: the word or the place of the frame that it touches.
    pub fn follows(
        &mut self,
        image: &Image,
        i: &Instruction,
        touched: (Option<u64>, Option<Local>),
        tables: &mut Tables,
    ) {
        let is_end = i.flow_control() == FlowControl::Return;
        if is_end {
            let result = self.derived.result();
            tables
                .results
                .entry(self.function)
                .or_default()
                .extend(result);
            let arguments: Vec<usize> = self.derived.result_arguments().collect();
            if !arguments.is_empty() {
                let known = tables.results_of_arguments.entry(self.function);
                known.or_default().extend(arguments);
            }
        }
        self.used.extend(self.derived.used(i));
        if matches!(
            i.flow_control(),
            FlowControl::IndirectBranch | FlowControl::IndirectCall
        ) {
            // In a long function, values of many words seem to reach a jump, since its paths are not told apart.
            let words: Set<u64> = self.derived.targets(i).collect();
            if words.len() == 1 {
                self.chosen.extend(words);
            }
        }
        if i.flow_control() == FlowControl::ConditionalBranch {
            self.tested.asks(i, self.derived.asked(), tables);
        }
        let kept = tables.preserved.over(image, i, &self.derived);
        let crossing = self.crossings.get(&i.ip());
        self.derived.follows(i, touched, kept, crossing);
        self.tested.follows(i, touched);
    }

    /// Notes the effects on words of the file of a call of a function that was read before.
    pub fn crosses(&mut self, image: &Image, at: u64, target: u64, tables: &mut Tables) {
        const FEW: usize = 4;
        let passed = self.passed(image, at);
        let own = |word: u64| passed.names(word);
        if target > self.function {
            let words: Vec<u64> = self.derived.passed().collect();
            if !words.is_empty() {
                tables.passed_words.push((target, self.function, words));
            }
        }
        let results = tables.results.get(&target).into_iter().flatten();
        let arguments = tables.results_of_arguments.get(&target);
        let kept = tables.kept.get(&target).into_iter().flatten();
        let crossing = Crossing {
            result: results.filter_map(|word| own(*word)).collect(),
            arguments: arguments.into_iter().flatten().copied().collect(),
            stores: kept
                .filter_map(|(n, word, width)| Some((*n, own(*word)?, *width)))
                .collect(),
        };
        if crossing.result.is_empty() && crossing.arguments.is_empty() && crossing.stores.is_empty()
        {
            return;
        }
        // A function with few stores may be one of several that pass a value on, as in unoptimized Rust.
        let is_wrapped = crossing.stores.len() <= FEW;
        for (from, word, width) in self.derived.stored_by(&crossing) {
            match from == word {
                true => {
                    tables.note_change(image, self.function, at, word, ChangeKind::Updates(width))
                }
                false if is_wrapped => self.note_stored(image, from, word, (at, width), tables),
                false => {}
            }
        }
        self.crossings.insert(at, crossing);
    }

    /// Notes a store to a word, and the arguments of the function from which the stored value was computed.
    pub fn keeps(&mut self, image: &Image, i: &Instruction, word: u64, tables: &mut Tables) {
        let width = i.memory_size().size() as u64;
        tables.writers.insert((self.function, word));
        let stored = self.derived.stored(i);
        for from in stored.iter().filter(|from| **from != word) {
            self.note_stored(image, *from, word, (i.ip(), width), tables);
        }
    }

    /// Notes a store of a value computed from another word, or from an argument; `by`: the instruction and the number of stored
    /// bytes.
    fn note_stored(
        &self,
        image: &Image,
        from: u64,
        word: u64,
        (at, width): (u64, u64),
        tables: &mut Tables,
    ) {
        if let Some(n) = super::derived::argument(from) {
            let kept = tables.kept.entry(self.function).or_default();
            kept.insert((n, word, width));
        } else if image.is_writable(from) && image.is_writable(word) {
            let copies = tables.copies.entry(word).or_default();
            copies.push((from, at));
        }
    }

    /// Returns the state for a second look at the function, and its calls' effects, if a loop may carry a word to its next round.
    pub fn derived_again(self) -> Option<(Derived, Map<u64, Crossing>)> {
        Some((self.derived.again(self.function)?, self.crossings))
    }

    pub fn forget(&mut self, register: usize) {
        if let Some((_, by, _)) = &mut self.linked {
            *by = by.filter(|by| *by != register);
        }
        self.lea[register] = None;
        self.within[register] = None;
        self.behind[register] = None;
        self.arguments[register] = None;
        self.pointers[register] = None;
        self.last_value += 1;
        self.values[register] = self.last_value;
        for frame in [Register::RBP, Register::RSP] {
            if register == frame.number() {
                self.spilled.retain(|(base, _), _| *base != frame);
                self.spilled_pointers.retain(|(base, _), _| *base != frame);
                self.spilled_values.retain(|(base, _), _| *base != frame);
            }
        }
    }

    /// Returns whether a scratch register holds an address of the file.
    pub fn names_by_scratch(&self) -> bool {
        SCRATCH.iter().any(|n| self.within[*n].is_some())
    }

    /// Returns the address of the file, and the argument of the function, that a register holds.
    pub fn held(&self, register: usize) -> Held {
        (self.lea[register], self.arguments[register])
    }

    /// Notes that a register holds an address of the file.
    pub fn names(&mut self, register: Register, address: u64) {
        let register = register.full_register().number();
        self.forget(register);
        self.lea[register] = Some(address);
        self.within[register] = Some(address);
    }

    /// Notes that a register holds an address of the file to which an index was added.
    pub fn leads_into(&mut self, register: Register, table: u64) {
        self.within[register.full_register().number()].get_or_insert(table);
    }

    /// Returns the word that the instruction touches by an address in a register. For a table element or for memory behind an
    /// argument, returns the number that stands for it.
    pub fn named(&self, image: &Image, i: &Instruction) -> Option<u64> {
        let (base, index) = (i.memory_base(), i.memory_index());
        let of = |register: Register, all: &[Option<u64>; 16]| {
            register.is_gpr64().then(|| all[register.number()])?
        };
        let displacement = i.memory_displacement64();
        if index == Register::None
            && let Some(address) = of(base, &self.lea)
        {
            return Some(address.wrapping_add(displacement));
        }
        // A table of bytes may have its index as the base.
        let has_index = index != Register::None || base.is_gpr64();
        let is_fixed = image.is_fixed && has_index && image.is_writable(displacement);
        if index == Register::None
            && !is_fixed
            && base.is_gpr64()
            && let Some(argument) = self.arguments[base.number()]
        {
            return parameter::word(argument, displacement);
        }
        let table = of(base, &self.within)
            .or_else(|| of(index, &self.within).filter(|_| i.memory_index_scale() == 1))
            .or_else(|| is_fixed.then_some(displacement));
        let table = table.filter(|table| image.is_writable(*table)).map(element);
        let behind = || {
            let pointer = base.is_gpr64().then(|| self.behind[base.number()])?;
            Some(parameter::element(pointer?))
        };
        table.or_else(behind)
    }

    /// Returns the place of the frame that the instruction touches, if it touches the frame. An rbp with an address of the file is
    /// an ordinary register.
    pub fn local(&self, i: &Instruction) -> Option<Local> {
        let base = i.memory_base();
        let is_local = is_frame(base)
            && i.memory_index() == Register::None
            && self.within[base.number()].is_none();
        is_local.then(|| (base, i.memory_displacement64()))
    }

    /// Returns whether the instruction stores to a word a value computed from an earlier load of that word.
    pub fn updates(&mut self, i: &Instruction, word: u64) -> bool {
        let is_link = matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Xchg)
            && i.op0_kind() == OpKind::Memory
            && i.op1_kind() == OpKind::Register
            && i.op1_register().is_gpr()
            && self.is_linked(i.op1_register().full_register(), word);
        is_link || self.derived.stores(i, word)
    }

    /// Returns whether the instruction stores to memory behind an argument after the function has loaded the old value and kept it.
    pub fn replaces_argument(&mut self, image: &Image, i: &Instruction, word: u64) -> bool {
        if i.mnemonic() == Mnemonic::Lea {
            return false;
        }
        if !is_store(i) {
            self.loads.push((word, i.ip()));
            return false;
        }
        let mut loads = self.loads.iter().filter(|(of, _)| *of == word);
        !changes_in_place(i)
            && !i.has_lock_prefix()
            && i.mnemonic() != Mnemonic::Xchg
            && loads.any(|(_, load)| is_kept(image, *load))
    }

    /// Returns whether the instruction changes the word in place after the function has used the word's old value, or stores to it
    /// after that value has chosen the target of a jump or a call.
    pub fn changes_used(&self, i: &Instruction, word: u64) -> bool {
        let is_store = i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory;
        self.used.contains(&word) && changes_in_place(i) || self.chosen.contains(&word) && is_store
    }

    /// Returns whether the register points to the object to which the word's pointer was stored: a new list head before the old
    /// head.
    fn is_linked(&self, value: Register, word: u64) -> bool {
        self.linked.is_some_and(|(held, by, table)| {
            let is_in = table.is_some() && self.within[value.number()] == table;
            held == word && (by == Some(value.number()) || is_in)
        })
    }

    /// Notes a store of a word's pointer through a register.
    pub fn links(&mut self, i: &Instruction) {
        let (base, index) = (i.memory_base(), i.memory_index());
        let is_plain = i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory;
        if is_plain
            && i.op1_kind() == OpKind::Register
            && i.op1_register().is_gpr64()
            && base.is_gpr64()
            && let Some(word) = self.pointers[i.op1_register().number()]
        {
            let of = |register: Register| match register.is_gpr64() {
                true => self.within[register.number()],
                false => None,
            };
            let by = (index == Register::None).then(|| base.number());
            self.linked = Some((word, by, of(base).or_else(|| of(index))));
        }
    }

    /// Notes a store through the pointer in a word, if the value was computed from a load through the same pointer.
    pub fn updates_through(&self, i: &Instruction, tables: &mut Tables) {
        let (base, value) = (i.memory_base(), i.op1_register());
        if !base.is_gpr64() || i.memory_index() != Register::None || !value.is_gpr() {
            return;
        }
        let value = value.full_register().number();
        if let Some(word) = self.pointers[base.number()]
            && self.derived.holds(i.op1_register(), word)
            && self.pointers[value].is_none()
        {
            let place = (word, i.memory_displacement64().cast_signed());
            tables
                .updates_through
                .entry(place)
                .or_default()
                .push(i.ip());
        }
    }

    /// Forgets which pointers the registers hold: the instructions behind a jump or a return are reached from elsewhere.
    pub fn begins(&mut self) {
        self.pointers = [None; 16];
        self.linked = None;
        self.holders.jump();
    }

    /// Notes a store to a word: pointers that were loaded from the word before are no longer its value.
    pub fn replaces(&mut self, at: u64, word: u64) {
        for held in &mut self.pointers {
            *held = held.filter(|held| *held != word);
        }
        self.spilled_pointers.retain(|_, held| *held != word);
        self.holders.replace(at, word);
    }

    /// Notes a store of a register's value to a word.
    pub fn holds_value(&mut self, i: &Instruction, word: u64) {
        let is_plain = i.mnemonic() == Mnemonic::Mov && i.op1_kind() == OpKind::Register;
        if is_plain && i.op1_register().is_gpr64() {
            let value = self.values[i.op1_register().number()];
            self.holders.store(i.ip(), word, value);
        }
    }

    /// Returns the word of the file whose pointer the register holds at an instruction: the pointer was loaded from the word, or
    /// stored there.
    pub fn holder(&self, image: &Image, at: u64, register: usize) -> Option<u64> {
        let stored = || {
            let value = self.values[register];
            self.holders.word_of(image, self.function, at, value)
        };
        self.pointers[register].or_else(stored)
    }

    /// Returns the address that the register passes to a function, or the number that stands for an argument of this function.
    pub(super) fn passes(&self, register: usize) -> Option<u64> {
        let own = || self.arguments[register].and_then(|own| parameter::word(own, 0));
        self.lea[register].or_else(own)
    }

    /// Returns the addresses and pointers that a call passes to a function.
    pub fn passed(&self, image: &Image, at: u64) -> Passed {
        let pointer = |register: usize| {
            let own = || self.arguments[register].and_then(|own| parameter::word(own, 0));
            self.holder(image, at, register).or_else(own)
        };
        Passed {
            at,
            function: self.function,
            addresses: parameter::Arguments::new(ARGUMENTS.map(|register| self.passes(register))),
            pointers: parameter::Arguments::new(ARGUMENTS.map(pointer)),
        }
    }

    /// Returns the word, such as one in the loader's table, from which the register of an indirect call was loaded.
    pub fn slot(&self, i: &Instruction) -> Option<u64> {
        let is_register = i.op_count() == 1 && i.op0_kind() == OpKind::Register;
        is_register
            .then(|| self.pointers[i.op0_register().full_register().number()])
            .flatten()
    }

    /// Returns the word of the file whose pointer the first operand holds after the instruction.
    fn pointer(&self, i: &Instruction, from: Option<u64>) -> Option<u64> {
        if i.mnemonic() != Mnemonic::Mov || !i.op0_register().is_gpr64() {
            return None;
        }
        match i.op1_kind() {
            OpKind::Memory => from.or_else(|| self.spilled_pointers.get(&self.local(i)?).copied()),
            OpKind::Register if i.op1_register().is_gpr64() => {
                self.pointers[i.op1_register().number()]
            }
            _ => None,
        }
    }

    /// Notes a store of an argument of the function to a word, a field or an element.
    pub fn gives(&self, i: &Instruction, place: u64, way: Way, tables: &mut Tables) {
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

    /// Returns the address that the instruction computes from an address in another register, which keeps its
    /// value, or from the thread pointer.
    fn part(&self, i: &Instruction) -> Option<u64> {
        let base = i.memory_base();
        if i.op0_register().is_gpr64()
            && self.lea[i.op0_register().number()] == Some(THREAD)
            && i.mnemonic() == Mnemonic::Add
        {
            return Some(THREAD.wrapping_add(i.try_immediate(1).ok()?));
        }
        let is_part = i.mnemonic() == Mnemonic::Lea
            && i.memory_index() == Register::None
            && base.is_gpr64()
            && (i.op0_register() != base || self.lea[base.number()] == Some(THREAD));
        let whole = is_part.then(|| self.lea[base.number()])??;
        Some(whole.wrapping_add(i.memory_displacement64()))
    }

    /// Returns the address of the file, or the argument, from which the new value of the first operand is copied or computed by an
    /// addition; `all`: the addresses or arguments of the registers.
    fn moved_within<T: Copy>(i: &Instruction, all: &[Option<T>; 16]) -> Option<T> {
        use Mnemonic as M;
        let of = |register: Register| register.is_gpr64().then(|| all[register.number()])?;
        match i.mnemonic() {
            M::Mov if i.op1_kind() == OpKind::Register => of(i.op1_register()),
            M::Lea => of(i.memory_base()).or_else(|| of(i.memory_index())),
            M::Add if i.op1_kind() == OpKind::Register => {
                of(i.op0_register()).or_else(|| of(i.op1_register()))
            }
            M::Add | M::Sub | M::Inc | M::Dec => of(i.op0_register()),
            _ => None,
        }
    }

    /// Follows the addresses that the instruction moves between registers, or to the frame and back; `by_name`: the word that it
    /// names.
    pub fn moves(&mut self, i: &Instruction, by_name: Option<u64>) {
        // A call by a register does not change the register.
        if i.flow_control() != FlowControl::Next {
            return;
        }
        let is_move = i.mnemonic() == Mnemonic::Mov;
        let is_wide = matches!(i.mnemonic(), Mnemonic::Mul | Mnemonic::Div | Mnemonic::Idiv)
            || i.mnemonic() == Mnemonic::Imul && i.op_count() == 1;
        if is_wide {
            self.forget(Register::RAX.number());
            self.forget(Register::RDX.number());
            return;
        }
        if matches!(i.mnemonic(), Mnemonic::Push | Mnemonic::Pop) {
            self.forget(Register::RSP.number());
        }
        let local = self.local(i);
        let of = |known: &Self, register: Register| {
            let n = register.full_register().number();
            match register.size() {
                8 => (known.lea[n], known.arguments[n]),
                _ => Held::default(),
            }
        };
        if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr() {
            if matches!(
                i.mnemonic(),
                Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
            ) {
                return;
            }
            let to = i.op0_register().full_register().number();
            let moved = match i.op1_kind() {
                OpKind::Register if is_move && i.op1_register().is_gpr() => {
                    of(self, i.op1_register())
                }
                OpKind::Memory if is_move && local.is_some() => {
                    let held = local.and_then(|local| self.spilled.get(&local).copied());
                    match (held, i.op0_register().size()) {
                        (Some(held), 8) => held,
                        _ => Held::default(),
                    }
                }
                _ => (self.part(i), None),
            };
            let pointer = self.pointer(i, by_name);
            let within = Self::moved_within(i, &self.within);
            let behind = Self::moved_within(i, &self.behind);
            let value = match i.op1_kind() {
                OpKind::Register if is_move && i.op1_register().is_gpr64() => {
                    Some(self.values[i.op1_register().number()])
                }
                OpKind::Memory if is_move => {
                    local.and_then(|local| self.spilled_values.get(&local).copied())
                }
                // Before a return. The code behind that is reached from elsewhere, where the register has not been restored.
                _ if i.mnemonic() == Mnemonic::Pop && is_preserved(to) => Some(self.values[to]),
                _ => None,
            };
            self.forget(to);
            self.values[to] = value.unwrap_or(self.last_value);
            (self.lea[to], self.arguments[to]) = moved;
            self.pointers[to] = pointer;
            self.within[to] = within.or(self.lea[to]);
            self.behind[to] = behind.or(self.arguments[to]);
        } else if i.op0_kind() == OpKind::Memory
            && is_store(i)
            && let Some(at) = local
        {
            let kept = (is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr())
                .then(|| of(self, i.op1_register()));
            self.spilled_pointers.remove(&at);
            self.spilled_values.remove(&at);
            if is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr64() {
                let value = self.values[i.op1_register().number()];
                self.spilled_values.insert(at, value);
            }
            if is_move
                && i.op1_kind() == OpKind::Register
                && i.op1_register().is_gpr64()
                && let Some(word) = self.pointers[i.op1_register().number()]
            {
                self.spilled_pointers.insert(at, word);
            }
            self.spilled.insert(at, kept.unwrap_or_default());
        }
    }
}

/// Returns whether the instruction loads its operand in memory, computes with it, and stores the result there.
pub fn changes_in_place(i: &Instruction) -> bool {
    use Mnemonic as M;
    let computes = matches!(
        i.mnemonic(),
        M::Add | M::Sub | M::Inc | M::Dec | M::And | M::Or | M::Xor | M::Neg | M::Not
    );
    computes && i.op0_kind() == OpKind::Memory
}
