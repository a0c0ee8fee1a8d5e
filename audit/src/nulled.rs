//! Pointers that the handler clears, and that the program follows without a test.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::conflict::{Conflict, Search};
use crate::finding::Weight;
use crate::image::{Image, Slot};
use crate::install::Place;
use crate::races::{Who, decoded};
use crate::state::ARGUMENTS;

/// Is a register, or a place of the frame: the register that points into it, and the offset.
type Holder = (Register, Option<u64>);

impl Search<'_> {
    /// Returns the conflict of a store of null to a word with code of the program that loads the word and follows the pointer.
    pub fn followed(&mut self, (number, word): Place, by: Place) -> Option<Conflict> {
        let file = self.files.image(number);
        let tables = self.index.of(number, &file);
        let loads = tables.touching(word, word).map(|(_, at)| at);
        let loads: Vec<u64> = loads.filter(|at| is_followed(&file, *at)).collect();
        let mut open = loads
            .into_iter()
            .filter(|at| self.index.who(number, &file, *at, &self.coming) == Some(Who::Program));
        let other = open.next()?;
        let signals = self.coming.signals;
        let weight = match self.index.loses(number, &file, other, signals, false) {
            true => Weight::Fault,
            false => Weight::Doubt,
        };
        let why = format!(
            "stores null to {}, which {} loads at {other:#x} and follows without a test",
            file.place(word),
            file.name_around(other)
        );
        let remedy = "a test of the loaded pointer, or signals that are blocked meanwhile";
        Some(Conflict {
            weight,
            ..Conflict::certain(by, why, remedy)
        })
    }
}

/// Returns whether the instruction calls the function that a word points to, or loads a pointer that the code behind it follows
/// before it tests the pointer.
fn is_followed(image: &Image, at: u64) -> bool {
    let load = decoded(image, at);
    if matches!(
        load.flow_control(),
        FlowControl::IndirectCall | FlowControl::IndirectBranch
    ) {
        return true;
    }
    let is_load = load.mnemonic() == Mnemonic::Mov && load.op0_register().is_gpr64();
    is_load && follows(image, load.next_ip(), vec![(load.op0_register(), None)], 0)
}

/// Returns whether the code at `next` follows a pointer that the holders have, before it tests the pointer; `depth`: the number of
/// calls that lead there.
fn follows(image: &Image, mut next: u64, mut holders: Vec<Holder>, depth: usize) -> bool {
    const MOST: usize = 24;
    const DEEPEST: usize = 2;
    for _ in 0..MOST {
        let i = decoded(image, next);
        next = i.next_ip();
        let holds = |register: Register| holders.contains(&(register, None));
        let is_access = i.mnemonic() != Mnemonic::Lea && holds(i.memory_base());
        let mut operands = (0..i.op_count()).filter_map(|n| operand(&i, n));
        let is_tested = matches!(i.mnemonic(), Mnemonic::Test | Mnemonic::Cmp)
            && operands.any(|of| holders.contains(&of));
        match i.flow_control() {
            FlowControl::IndirectCall if holds(i.op0_register()) => return true,
            _ if is_access => return true,
            FlowControl::Call | FlowControl::IndirectCall => {
                let is_passed = |(register, slot): &Holder| {
                    slot.is_none() && ARGUMENTS.contains(&register.number())
                };
                holders.retain(is_passed);
                let target = i.near_branch_target();
                return !holders.is_empty()
                    && match library_function(image, &i) {
                        Some(name) => reads_text(name) && holders.contains(&(Register::RDI, None)),
                        None => depth < DEEPEST && follows(image, target, holders, depth + 1),
                    };
            }
            FlowControl::Next | FlowControl::ConditionalBranch if !is_tested => {}
            _ => return false,
        }
        copies(&i, &mut holders);
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

/// Follows a pointer that the instruction copies, or overwrites.
fn copies(i: &Instruction, holders: &mut Vec<Holder>) {
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
    let from = operand(i, 1).filter(|_| i.mnemonic() == Mnemonic::Mov);
    let is_copy = from.is_some_and(|of| holders.contains(&of));
    holders.retain(|held| *held != to);
    if is_copy {
        holders.push(to);
    }
}
