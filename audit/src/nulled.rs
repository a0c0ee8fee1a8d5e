//! Pointers that the handler clears, and that the program follows without a test.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::conflict::{Conflict, Search};
use crate::finding::Weight;
use crate::image::Image;
use crate::install::Place;
use crate::races::{Who, decoded};

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
    const MOST: usize = 16;
    let load = decoded(image, at);
    if matches!(
        load.flow_control(),
        FlowControl::IndirectCall | FlowControl::IndirectBranch
    ) {
        return true;
    }
    if load.mnemonic() != Mnemonic::Mov || !load.op0_register().is_gpr64() {
        return false;
    }
    let mut holders = vec![load.op0_register()];
    let mut next = load.next_ip();
    for _ in 0..MOST {
        let i = decoded(image, next);
        next = i.next_ip();
        if follows(&i, &holders) {
            return true;
        }
        let goes_on = matches!(
            i.flow_control(),
            FlowControl::Next | FlowControl::ConditionalBranch
        );
        let is_tested = matches!(i.mnemonic(), Mnemonic::Test | Mnemonic::Cmp)
            && (0..i.op_count()).any(|n| holders.contains(&i.op_register(n)));
        if !goes_on || is_tested {
            return false;
        }
        copies(&i, &mut holders);
    }
    false
}

/// Returns whether the instruction accesses memory, or calls a function, through a pointer in one of the registers.
fn follows(i: &Instruction, holders: &[Register]) -> bool {
    let is_access = i.mnemonic() != Mnemonic::Lea && holders.contains(&i.memory_base());
    let is_call = i.flow_control() == FlowControl::IndirectCall;
    is_access || is_call && holders.contains(&i.op0_register())
}

/// Follows a pointer that the instruction copies from one register to another, or overwrites.
fn copies(i: &Instruction, holders: &mut Vec<Register>) {
    if i.op_count() == 0 || i.op0_kind() != OpKind::Register || i.mnemonic() == Mnemonic::Push {
        return;
    }
    let is_copy = i.mnemonic() == Mnemonic::Mov && holders.contains(&i.op1_register());
    let to = i.op0_register().full_register();
    holders.retain(|held| *held != to);
    if is_copy {
        holders.push(to);
    }
}
