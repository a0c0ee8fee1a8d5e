//! What a sweep knows of the registers.

use std::collections::HashMap;

use iced_x86::{ConditionCode, Instruction, Mnemonic, OpKind, Register};

use super::{Given, Tables, Way, element};
use crate::image::Image;
use crate::state::ARGUMENTS;

/// Is an address, an argument, and a word of the file, of which a place may hold one.
type Held = (Option<u64>, Option<usize>, Option<u64>);

/// Says what a sweep knows of the registers, without regard to branches.
pub struct Known {
    pub function: u64,
    /// The addresses of the file that were loaded as constants.
    pub lea: [Option<u64>; 16],
    /// The addresses of the file to which something was added, or that an index may have been added to.
    within: [Option<u64>; 16],
    /// The arguments of the function, by their numbers.
    arguments: [Option<usize>; 16],
    /// The words of the file that were loaded, and may have been changed since.
    pub loaded: [Option<u64>; 16],
    /// The words of the file whose pointers the registers hold, as they were loaded.
    pointers: [Option<u64>; 16],
    /// The same for what was stored below the frame pointer, by the offset.
    spilled_pointers: HashMap<u64, u64>,
    /// What was stored below the frame pointer, by the offset.
    spilled: HashMap<u64, Held>,
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
            arguments,
            loaded: [None; 16],
            pointers: [None; 16],
            spilled_pointers: HashMap::new(),
            spilled: HashMap::new(),
        }
    }

    pub fn forget(&mut self, register: usize) {
        self.lea[register] = None;
        self.within[register] = None;
        self.arguments[register] = None;
        self.loaded[register] = None;
        self.pointers[register] = None;
        if register == Register::RBP.number() {
            self.spilled.clear();
            self.spilled_pointers.clear();
        }
    }

    /// Notes that a register holds an address of the file.
    pub fn names(&mut self, register: Register, address: u64) {
        let register = register.full_register().number();
        self.forget(register);
        self.lea[register] = Some(address);
        self.within[register] = Some(address);
    }

    /// Returns the word that the instruction touches by an address in a register, or what stands for an element of a table.
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
        let is_fixed = image.is_fixed && index != Register::None && image.is_writable(displacement);
        let table = of(base, &self.within)
            .or_else(|| of(index, &self.within).filter(|_| i.memory_index_scale() == 1))
            .or_else(|| is_fixed.then_some(displacement));
        table.filter(|table| image.is_writable(*table)).map(element)
    }

    /// Returns whether the instruction touches the frame by the frame pointer, which may also be a register as any other.
    fn is_local(&self, i: &Instruction) -> bool {
        let frame = Register::RBP;
        i.memory_base() == frame
            && i.memory_index() == Register::None
            && self.within[frame.number()].is_none()
    }

    /// Notes a store to a word of what was loaded from it before.
    pub fn updates(&self, i: &Instruction, word: u64, tables: &mut Tables) {
        let stores = matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Xchg)
            && i.op0_kind() == OpKind::Memory
            && i.op1_kind() == OpKind::Register
            && i.op1_register().is_gpr();
        if stores && self.loaded[i.op1_register().full_register().number()] == Some(word) {
            let width = i.memory_size().size() as u64;
            tables
                .updates
                .entry(word)
                .or_default()
                .push((i.ip(), width));
        }
    }

    /// Notes a store to what a word points to of what was computed from a load through that word.
    pub fn updates_through(&self, i: &Instruction, tables: &mut Tables) {
        let (base, value) = (i.memory_base(), i.op1_register());
        if !base.is_gpr64() || i.memory_index() != Register::None || !value.is_gpr() {
            return;
        }
        let value = value.full_register().number();
        if let Some(word) = self.pointers[base.number()]
            && self.loaded[value] == Some(word)
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

    /// Forgets which pointers the registers hold: what follows is reached from elsewhere.
    pub fn begins(&mut self) {
        self.pointers = [None; 16];
    }

    /// Notes a store to a word: what was loaded from it before is no longer what it points to.
    pub fn replaces(&mut self, word: u64) {
        for held in &mut self.pointers {
            *held = held.filter(|held| *held != word);
        }
        self.spilled_pointers.retain(|_, held| *held != word);
    }

    /// Notes a call that frees what a word points to.
    pub fn frees(&self, at: u64, name: &str, tables: &mut Tables) {
        const FREE: [&str; 9] = [
            "_ZdaPv",
            "_ZdaPvm",
            "_ZdlPv",
            "_ZdlPvm",
            "fclose",
            "free",
            "munmap",
            "realloc",
            "reallocarray",
        ];
        if let Some(word) = self.pointers[Register::RDI.number()]
            && FREE.contains(&crate::libc::plain(name))
        {
            tables.freed.entry(word).or_default().push(at);
        }
    }

    /// Returns the word of a table of the loader's through which the instruction calls by way of a register.
    pub fn slot(&self, i: &Instruction) -> Option<u64> {
        let is_register = i.op_count() == 1 && i.op0_kind() == OpKind::Register;
        is_register
            .then(|| self.pointers[i.op0_register().full_register().number()])
            .flatten()
    }

    /// Returns the word of the file whose pointer the first register holds afterwards.
    fn pointer(&self, i: &Instruction, from: Option<u64>) -> Option<u64> {
        if i.mnemonic() != Mnemonic::Mov || !i.op0_register().is_gpr64() {
            return None;
        }
        match i.op1_kind() {
            OpKind::Memory => from.or_else(|| {
                let held = self.spilled_pointers.get(&i.memory_displacement64());
                held.copied().filter(|_| self.is_local(i))
            }),
            OpKind::Register if i.op1_register().is_gpr64() => {
                self.pointers[i.op1_register().number()]
            }
            _ => None,
        }
    }

    /// Notes a store of an argument.
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

    /// Returns the word of the file that the first register holds afterwards, changed or not; `from`: the word that is named.
    fn word(&self, i: &Instruction, from: Option<u64>) -> Option<u64> {
        use Mnemonic as M;
        let of = |register: Register| {
            let is_known = register.is_gpr();
            is_known.then(|| self.loaded[register.full_register().number()])?
        };
        let local = || {
            self.spilled
                .get(&i.memory_displacement64())
                .filter(|_| self.is_local(i))?
                .2
        };
        match (i.mnemonic(), i.op1_kind()) {
            // What a pointer in the word points to: the head of a list becomes its next element.
            (M::Mov | M::Movzx | M::Movsx | M::Movsxd, OpKind::Memory) => {
                from.or_else(local).or_else(|| of(i.memory_base()))
            }
            (M::Movzx | M::Movsx | M::Movsxd | M::Mov, OpKind::Register) => of(i.op1_register()),
            (M::Imul, OpKind::Register) if i.op_count() == 3 => of(i.op1_register()),
            (M::Imul, OpKind::Memory) if i.op_count() == 3 => from.or_else(local),
            (M::Imul | M::Adc | M::Sbb, OpKind::Register) => {
                of(i.op0_register()).or_else(|| of(i.op1_register()))
            }
            (_, OpKind::Register) if i.condition_code() != ConditionCode::None => {
                of(i.op0_register()).or_else(|| of(i.op1_register()))
            }
            (M::Add | M::Sub | M::And | M::Or | M::Xor | M::Imul, OpKind::Memory) => {
                of(i.op0_register()).or(from).or_else(local)
            }
            (M::Lea, _) => of(i.memory_base()).or_else(|| of(i.memory_index())),
            (M::Xor | M::Sub, _) if i.op0_register() == i.op1_register() => None,
            (M::Add | M::Sub | M::And | M::Or | M::Xor, OpKind::Register) => {
                of(i.op0_register()).or_else(|| of(i.op1_register()))
            }
            (
                M::Add
                | M::Sub
                | M::And
                | M::Or
                | M::Xor
                | M::Inc
                | M::Dec
                | M::Not
                | M::Neg
                | M::Btr
                | M::Bts
                | M::Btc
                | M::Shl
                | M::Sal
                | M::Shr
                | M::Sar
                | M::Rol
                | M::Ror,
                _,
            ) => of(i.op0_register()),
            _ => None,
        }
    }

    /// Returns the address of the file to which the first register adds something afterwards.
    fn moved_within(&self, i: &Instruction) -> Option<u64> {
        use Mnemonic as M;
        let of = |register: Register| {
            register
                .is_gpr64()
                .then(|| self.within[register.number()])?
        };
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

    /// Follows what the instruction moves from register to register, or to the frame and back; `by_name`: the word that it names,
    /// `from`: the same, or what it touches by an address in a register.
    pub fn moves(&mut self, i: &Instruction, (by_name, from): (Option<u64>, Option<u64>)) {
        let is_move = i.mnemonic() == Mnemonic::Mov;
        let is_wide = matches!(i.mnemonic(), Mnemonic::Mul | Mnemonic::Div | Mnemonic::Idiv)
            || i.mnemonic() == Mnemonic::Imul && i.op_count() == 1;
        if is_wide {
            let (low, high) = (Register::RAX.number(), Register::RDX.number());
            let other = (i.op0_kind() == OpKind::Register)
                .then(|| self.loaded[i.op0_register().full_register().number()])
                .flatten();
            let word = self.loaded[low].or(other).or(self.loaded[high]).or(from);
            for register in [low, high] {
                self.forget(register);
                self.loaded[register] = word;
            }
            return;
        }
        let is_local = self.is_local(i);
        let of = |known: &Self, register: Register| {
            let n = register.full_register().number();
            match register.size() {
                8 => (known.lea[n], known.arguments[n], known.loaded[n]),
                4 => (None, None, known.loaded[n]),
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
                OpKind::Memory if is_move && is_local => {
                    let held = self.spilled.get(&i.memory_displacement64()).copied();
                    match (held, i.op0_register().size()) {
                        (Some(held), 8) => held,
                        (Some((_, _, word)), 4) => (None, None, word),
                        _ => Held::default(),
                    }
                }
                _ => (None, None, self.word(i, from)),
            };
            let pointer = self.pointer(i, by_name);
            let within = self.moved_within(i);
            self.forget(to);
            (self.lea[to], self.arguments[to], self.loaded[to]) = moved;
            self.pointers[to] = pointer;
            self.within[to] = within.or(self.lea[to]);
        } else if i.op0_kind() == OpKind::Memory && is_local {
            let kept = (is_move && i.op1_kind() == OpKind::Register && i.op1_register().is_gpr())
                .then(|| of(self, i.op1_register()));
            let at = i.memory_displacement64();
            self.spilled_pointers.remove(&at);
            if is_move
                && i.op1_kind() == OpKind::Register
                && i.op1_register().is_gpr64()
                && let Some(word) = self.pointers[i.op1_register().number()]
            {
                self.spilled_pointers.insert(at, word);
            }
            if is_move {
                self.spilled.insert(at, kept.unwrap_or_default());
            } else if let Some((lea, argument, _)) = self.spilled.get_mut(&at) {
                // A word that is changed in the frame is still that word.
                (*lea, *argument) = (None, None);
            }
        }
    }
}
