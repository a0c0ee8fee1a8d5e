//! Constants that the handler stores to words of the program, and that the program cannot use: a null pointer that it follows, a
//! zero by which it divides, a negative index.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::conflict::{Conflict, Search};
use crate::finding::Weight;
use crate::image::{Image, Slot};
use crate::install::Place;
use crate::races::{Who, decoded};
use crate::state::ARGUMENTS;

/// Is a register, or a place of the frame: the register that points into it, and the offset.
type Holder = (Register, Option<u64>);

/// Says which uses of a constant are faults.
#[derive(Clone, Copy)]
struct Faults {
    pointer: bool,
    divisor: bool,
    index: bool,
}

impl Faults {
    /// Returns the uses that are faults for a constant of so many bytes.
    fn of(constant: i64, width: u32) -> Self {
        Self {
            pointer: constant == 0 && width == 8,
            divisor: constant == 0,
            index: constant < 0,
        }
    }

    /// Returns whether the instruction divides by its first operand, or calls its target, and the constant there is a fault.
    fn has(self, i: &Instruction) -> bool {
        let is_call = matches!(
            i.flow_control(),
            FlowControl::IndirectCall | FlowControl::IndirectBranch
        );
        let divides = matches!(i.mnemonic(), Mnemonic::Div | Mnemonic::Idiv);
        self.pointer && is_call || self.divisor && divides
    }

    /// Returns whether the instruction accesses memory at an address made of the registers, and the constant is a fault there.
    fn has_address(self, i: &Instruction, holds: impl Fn(Register) -> bool) -> bool {
        let is_base = (self.pointer || self.index) && holds(i.memory_base());
        let is_index = self.index && holds(i.memory_index());
        i.mnemonic() != Mnemonic::Lea && (is_base || is_index)
    }
}

impl Search<'_> {
    /// Returns the conflict of a store of a constant to a word with code of the program that loads the word and uses the constant
    /// as a pointer, a divisor or an index, without a test.
    pub fn used_untested(
        &mut self,
        (number, word): Place,
        (constant, width): (i64, u32),
        by: Place,
    ) -> Option<Conflict> {
        let faults = Faults::of(constant, width);
        let file = self.files.image(number);
        let tables = self.index.of(number, &file);
        let mut stores = tables.writes.get(&word).cloned().unwrap_or_default();
        stores.retain(|at| (number, *at) != by);
        // A constant that the handler replaces before it returns is not seen.
        let code = self.files.image(by.0);
        if !crate::reach::returns(&code, decoded(&code, by.1).next_ip(), &stores) {
            return None;
        }
        let loads = tables.touching(word, word).map(|(_, at)| at);
        let loads: Vec<u64> = loads.filter(|at| is_used(&file, *at, faults)).collect();
        let handler = self.coming.handler;
        let installers = self.index.handlers.get(&handler).map(|of| of.by.clone());
        let installers = installers.unwrap_or_default();
        let mut open = loads.into_iter().filter(|at| {
            let index = &mut self.index;
            !index.is_removed_at(number, &file, *at, &installers, handler)
                && index.who(number, &file, *at, &self.coming) == Some(Who::Program)
        });
        let other = open.next()?;
        let signals = self.coming.signals;
        let weight = match self.index.loses(number, &file, other, signals, false) {
            true => Weight::Fault,
            false => Weight::Doubt,
        };
        let why = format!(
            "stores {constant} to {}, which {} loads at {other:#x} and uses without a test, as a pointer, a divisor or an index",
            file.place(word),
            file.name_around(other)
        );
        let remedy = "a test of the loaded value, or signals that are blocked meanwhile";
        Some(Conflict {
            weight,
            ..Conflict::certain(by, why, remedy)
        })
    }
}

/// Returns whether the instruction uses the word that it names, or loads it for code that uses it before any test of it.
fn is_used(image: &Image, at: u64, faults: Faults) -> bool {
    let load = decoded(image, at);
    if faults.has(&load) {
        return true;
    }
    let is_load =
        matches!(load.mnemonic(), Mnemonic::Mov | Mnemonic::Movsxd) && load.op0_register().is_gpr();
    let to = (load.op0_register().full_register(), None);
    is_load && uses(image, load.next_ip(), vec![to], faults, 0)
}

/// Returns whether the code at `next` uses a value that the holders have, before it tests the value; `depth`: the number of calls
/// that lead there.
fn uses(
    image: &Image,
    mut next: u64,
    mut holders: Vec<Holder>,
    faults: Faults,
    depth: usize,
) -> bool {
    const MOST: usize = 24;
    const DEEPEST: usize = 2;
    for _ in 0..MOST {
        let i = decoded(image, next);
        next = i.next_ip();
        let holds = |register: Register| holders.contains(&(register, None));
        let is_held = |n: u32| operand(&i, n).is_some_and(|of| holders.contains(&of));
        if faults.has_address(&i, holds) || faults.has(&i) && is_held(0) {
            return true;
        }
        let is_test = matches!(i.mnemonic(), Mnemonic::Test | Mnemonic::Cmp);
        match i.flow_control() {
            FlowControl::Call | FlowControl::IndirectCall if faults.pointer => {
                let is_passed = |(register, slot): &Holder| {
                    slot.is_none() && ARGUMENTS.contains(&register.number())
                };
                holders.retain(is_passed);
                let target = i.near_branch_target();
                return !holders.is_empty()
                    && match library_function(image, &i) {
                        Some(name) => reads_text(name) && holders.contains(&(Register::RDI, None)),
                        None => depth < DEEPEST && uses(image, target, holders, faults, depth + 1),
                    };
            }
            FlowControl::Next | FlowControl::ConditionalBranch
                if !is_test || !(0..i.op_count()).any(is_held) => {}
            _ => return false,
        }
        copies(&i, &mut holders, faults);
    }
    false
}

/// Returns the name of the function of another file that a call reaches.
fn library_function<'a>(image: &'a Image, call: &Instruction) -> Option<&'a str> {
    let target = call.near_branch_target();
    let slot = match call.is_ip_rel_memory_operand() {
        true => Some(call.ip_rel_memory_address()),
        false => image.stub(target),
    };
    let name = match slot.and_then(|slot| image.slots.get(&slot)) {
        Some(Slot::Extern(name)) => Some(name),
        _ => image.externs.get(&target),
    };
    name.map(|name| crate::libc::plain(&name.name))
}

/// Returns whether the function of the C library reads a text at its first argument.
fn reads_text(name: &str) -> bool {
    name.starts_with("str") || matches!(name, "atoi" | "atol" | "fputs" | "puts")
}

/// Returns the register, or the place of the frame, that is an operand of the instruction.
fn operand(i: &Instruction, n: u32) -> Option<Holder> {
    match i.try_op_kind(n).ok()? {
        OpKind::Register => Some((i.op_register(n).full_register(), None)),
        OpKind::Memory if i.memory_index() == Register::None => {
            Some((i.memory_base(), Some(i.memory_displacement64())))
        }
        _ => None,
    }
}

/// Follows a value that the instruction copies, makes a part of an address, or overwrites.
fn copies(i: &Instruction, holders: &mut Vec<Holder>, faults: Faults) {
    if i.op_count() == 0
        || matches!(
            i.mnemonic(),
            Mnemonic::Push | Mnemonic::Cmp | Mnemonic::Test
        )
    {
        return;
    }
    let Some(to) = operand(i, 0) else {
        return;
    };
    let is_move = matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Movsxd);
    let from = operand(i, 1).filter(|_| is_move);
    let address = [i.memory_base(), i.memory_index()].map(|register| (register, None));
    let is_address = faults.index && i.mnemonic() == Mnemonic::Lea;
    let is_copy = from.is_some_and(|of| holders.contains(&of))
        || is_address && address.iter().any(|of| holders.contains(of));
    holders.retain(|held| *held != to);
    if is_copy {
        holders.push(to);
    }
}
