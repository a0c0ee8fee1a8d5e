//! The changes that a program makes through pointers with unknown targets, and the addresses that such pointers may hold.

use std::collections::BTreeSet;

use iced_x86::{ConditionCode, FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::instruction::is_store;
use super::known::{Known, Local};
use super::{Tables, parameter};
use crate::hash::Map;
use crate::image::{Image, Slot};
use crate::state::ARGUMENTS;

/// Functions of the C library that call a function of the program with an argument that they were given, as `pthread_create` does.
const GIVES_ON: [&str; 7] = [
    "bsearch",
    "clone",
    "pthread_create",
    "pthread_setspecific",
    "qsort_r",
    "thrd_create",
    "twalk_r",
];

impl Known {
    /// Returns the offset from a pointer in a register at which the instruction touches memory, if the pointer's target is unknown.
    fn pointed(&self, i: &Instruction) -> Option<u64> {
        let base = i.memory_base();
        let is_open = base.is_gpr64()
            && !self.is_in_frame(i)
            && i.memory_index() == Register::None
            && i.mnemonic() != Mnemonic::Lea
            && self.lea[base.number()].is_none();
        is_open.then(|| i.memory_displacement64())
    }

    /// Returns whether the instruction touches the frame by the stack pointer or the frame pointer.
    fn is_in_frame(&self, i: &Instruction) -> bool {
        let base = i.memory_base();
        base == Register::RSP || base == Register::RBP && self.has_frame_pointer
    }

    /// Returns whether the function is known to belong to the C library.
    fn is_of_libc(&self, image: &Image, at: u64) -> bool {
        let is_cold = || {
            let name = image.raw_name(self.function);
            name.is_some_and(|name| name.contains(".cold"))
        };
        image.is_behind_libc(at) || image.is_static && is_cold()
    }

    /// Follows values loaded through pointers with unknown targets; notes where they are stored back, and other stores through
    /// such pointers.
    pub fn follows_pointers(
        &mut self,
        image: &Image,
        i: &Instruction,
        local: Option<Local>,
        tables: &mut Tables,
    ) {
        let is_first = i.mnemonic() == Mnemonic::Mov
            && i.op0_register() == Register::RBP
            && i.op1_register() == Register::RSP;
        self.has_frame_pointer |= is_first;
        let pointed = self.pointed(i);
        if let Some(offset) = pointed
            && is_store(i)
            && self.through.stores(i, offset)
            && !self.is_of_libc(image, i.ip())
        {
            let all = tables.updates_by_pointer.entry(offset).or_default();
            all.push((i.ip(), i.memory_size().size() as u64));
        }
        if let Some(offset) = pointed
            && is_store(i)
            && !self.is_of_libc(image, i.ip())
        {
            let all = tables.stores_by_pointer.entry(offset).or_default();
            all.push((i.ip(), i.memory_size().size() as u64));
        }
        let local = local.filter(|_| pointed.is_none());
        let kept = tables.preserved.over(image, i, &self.through);
        self.through.follows(i, (pointed, local), kept, None);
    }

    /// Notes the addresses of data and the function's arguments that escape by the instruction, such as by a store or an indirect
    /// call.
    pub fn leaks(&self, image: &Image, i: &Instruction, tables: &mut Tables) {
        let is_outside = || {
            let slot = self.slot(i);
            let is_extern = |slot: u64| matches!(image.slots.get(&slot), Some(Slot::Extern(_)));
            crate::reach::is_outside(image, i) || slot.is_some_and(is_extern)
        };
        match i.flow_control() {
            FlowControl::Return => {
                if let Some(address) = self.lea[Register::RAX.number()] {
                    let functions = tables.returned.entry(address).or_default();
                    functions.insert(self.function);
                }
            }
            FlowControl::IndirectCall if !is_outside() => self.gives_on(tables),
            FlowControl::Next
                if i.mnemonic() == Mnemonic::Mov
                    && i.op0_kind() == OpKind::Memory
                    && i.op1_kind() == OpKind::Register
                    && i.op1_register().is_gpr64()
                    && !self.is_in_frame(i) =>
            {
                self.leak(i.op1_register().number(), tables);
            }
            // A conditional move chooses one of two objects; the choice is not followed.
            FlowControl::Next
                if i.condition_code() != ConditionCode::None
                    && i.op_count() == 2
                    && i.op1_kind() == OpKind::Register =>
            {
                let both = [i.op0_register(), i.op1_register()];
                for register in both.into_iter().filter(|register| register.is_gpr64()) {
                    self.leak(register.number(), tables);
                }
            }
            _ => {}
        }
    }

    /// Notes the arguments of a C library function, if it passes them on to a function of the program.
    pub fn gives_to(&self, plain: &str, tables: &mut Tables) {
        if GIVES_ON.contains(&plain) {
            self.gives_on(tables);
        }
    }

    fn gives_on(&self, tables: &mut Tables) {
        for register in ARGUMENTS {
            self.leak(register, tables);
        }
    }

    fn leak(&self, register: usize, tables: &mut Tables) {
        let (address, argument) = self.held(register);
        tables.escaped.extend(address);
        tables.leaks.extend(argument.map(|n| (self.function, n)));
    }
}

impl Tables {
    /// Notes the escape of addresses that calls pass to a function whose argument escapes.
    pub(super) fn resolve_leaks(&mut self) {
        let mut todo: Vec<(u64, usize)> = self.leaks.iter().copied().collect();
        while let Some((function, argument)) = todo.pop() {
            for call in self.passed.get(&function).into_iter().flatten() {
                let Some(address) = call.addresses.of(argument) else {
                    continue;
                };
                match parameter::parts(address) {
                    Some((own, _)) => {
                        if self.leaks.insert((call.function, own)) {
                            todo.push((call.function, own));
                        }
                    }
                    None => {
                        self.escaped.insert(address);
                    }
                }
            }
        }
    }

    /// Returns the instructions that change memory behind a pointer in several steps, if that memory may be the word. An address of
    /// the word's object must have escaped. The word must lie at the instruction's offset from that address, with the same width.
    ///
    /// The result of one of the `handlers` is not used, unless the program calls it.
    pub fn updates_by_pointer(
        &self,
        image: &Image,
        word: u64,
        width: u64,
        handlers: &BTreeSet<u64>,
    ) -> Vec<u64> {
        self.by_pointer(image, (word, width), &self.updates_by_pointer, handlers)
    }

    /// Returns the instructions that store to memory behind a pointer, if that memory may be the word, as for
    /// `updates_by_pointer`.
    pub fn stores_by_pointer(
        &self,
        image: &Image,
        word: u64,
        width: u64,
        handlers: &BTreeSet<u64>,
    ) -> Vec<u64> {
        self.by_pointer(image, (word, width), &self.stores_by_pointer, handlers)
    }

    fn by_pointer(
        &self,
        image: &Image,
        (word, width): (u64, u64),
        of: &Map<u64, Vec<(u64, u64)>>,
        handlers: &BTreeSet<u64>,
    ) -> Vec<u64> {
        // Without symbols an object is assumed to have at most this length, and to end at the next address that instructions name.
        const LONGEST: u64 = 1024;
        let object = image.object_at(word).map(|object| object.address);
        let from = object.unwrap_or_else(|| word.saturating_sub(LONGEST));
        let is_whole = |address: &&u64| {
            let inside = (**address + 1)..word.max(**address + 1);
            object.is_some()
                || self.stores.range(inside.clone()).next().is_none()
                    && self.taken.range(inside).next().is_none()
        };
        // An object whose end is known may end before the word.
        let reaches = |address: &&u64| {
            let own = image.object_at(**address);
            own.is_none_or(|own| word < own.address + own.size)
        };
        let is_unused =
            |function| handlers.contains(function) && !self.callers.contains_key(function);
        let returned = self.returned.range(from..=word);
        let returned = returned.filter(|(_, by)| !by.iter().all(is_unused));
        let all = self.escaped.range(from..=word);
        let all = all.chain(returned.map(|(address, _)| address));
        let all = all.filter(|address| reaches(address) && is_whole(address));
        let all = all.filter_map(|address| of.get(&(word - address)));
        let all = all.flatten().filter(|(_, bytes)| *bytes == width);
        all.map(|(at, _)| *at).collect()
    }
}
