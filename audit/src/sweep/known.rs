//! The contents of registers that a sweep knows.

mod crossing;
mod moves;

use crate::hash::{Map, Set};

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::derived::{Crossing, Derived};
use super::holders::Holders;
use super::instruction::is_store;
use super::parameter::{self, Passed};
use super::referred::Reference;
use super::registers::SCRATCH;
use super::tested::Tested;
use super::{Given, Tables, Way, element};
use crate::emptied::is_kept;
use crate::image::Image;
use crate::state::ARGUMENTS;

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
