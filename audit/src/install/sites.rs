//! The places where functions that install handlers are called, named or passed on.

use std::collections::{BTreeSet, HashSet};

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::{Finder, Place};
use crate::image::{Image, Slot};
use crate::libc;
use crate::reach::KEPT;
use crate::state::ARGUMENTS;
use crate::sweep::is_linked_installer;

/// Functions that look up another function by its name.
const LOOKUPS: [&str; 2] = ["dlsym", "dlvsym"];

/// Returns the function to which a split-off `.cold` part belongs, or `start` for any other function.
fn main_part(file: &Image, start: u64) -> u64 {
    let whole = file
        .raw_name(start)
        .and_then(|name| name.split_once(".cold"));
    let Some((whole, _)) = whole else {
        return start;
    };
    let of = file
        .names
        .iter()
        .find(|(_, names)| names.iter().any(|n| &**n == whole));
    of.map_or(start, |(at, _)| *at)
}

/// Returns whether the address that the instruction loads is used for more than calls and tests, itself or in a copy.
fn is_passed_on(file: &Image, at: u64) -> bool {
    const MOST: usize = 10_000;
    let (start, end) = file.function_at(at).unwrap_or((at, at + 4096));
    let decoded = |at: u64| {
        let bytes = file.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        iced_x86::Decoder::with_ip(64, bytes, at, iced_x86::DecoderOptions::NONE).decode()
    };
    let first = decoded(at);
    if !matches!(first.mnemonic(), Mnemonic::Mov | Mnemonic::Lea) || !first.op0_register().is_gpr()
    {
        return true;
    }
    let mut factory = InstructionInfoFactory::new();
    let mut todo = vec![(
        first.next_ip(),
        BTreeSet::from([first.op0_register().full_register()]),
    )];
    let mut seen = HashSet::new();
    while let Some((at, mut held)) = todo.pop() {
        if held.is_empty() || !seen.insert((at, held.clone())) {
            continue;
        }
        if !(start..end).contains(&at) {
            // Another function, to which this one jumps.
            if held.iter().any(is_argument) {
                return true;
            }
            continue;
        }
        let i = decoded(at);
        if i.is_invalid() || seen.len() > MOST {
            return true;
        }
        if passes_on(&i, &mut held, &mut factory) {
            return true;
        }
        match i.flow_control() {
            FlowControl::Return | FlowControl::Exception => {}
            FlowControl::UnconditionalBranch => todo.push((i.near_branch_target(), held)),
            FlowControl::ConditionalBranch => {
                todo.push((i.near_branch_target(), held.clone()));
                todo.push((i.next_ip(), held));
            }
            // Behind a jump by a table stands the code of one of its cases.
            _ => todo.push((i.next_ip(), held)),
        }
    }
    false
}

fn is_argument(register: &Register) -> bool {
    ARGUMENTS.contains(&register.number())
}

/// Updates the registers that hold the address. Returns whether the instruction passes the address on, and not only calls, tests or
/// copies it.
fn passes_on(
    i: &Instruction,
    held: &mut BTreeSet<Register>,
    factory: &mut InstructionInfoFactory,
) -> bool {
    let is_register = |n: u32| n < i.op_count() && i.op_kind(n) == OpKind::Register;
    let [to, from] = [i.op0_register(), i.op1_register()].map(Register::full_register);
    let is_whole = i.op1_register() == from;
    let is_move = i.mnemonic() == Mnemonic::Mov && is_register(0) && is_register(1);
    if is_move && is_whole && held.contains(&from) {
        held.insert(to);
        return false;
    }
    let is_call = matches!(
        i.flow_control(),
        FlowControl::IndirectCall | FlowControl::IndirectBranch
    ) && is_register(0);
    let is_test = matches!(i.mnemonic(), Mnemonic::Test | Mnemonic::Cmp);
    let used = factory.info(i).used_registers().iter();
    let (written, read): (Vec<_>, Vec<_>) = used
        .map(|used| (used.register().full_register(), used.access()))
        .filter(|(register, _)| held.contains(register))
        .partition(|(_, access)| *access == OpAccess::Write);
    if !(read.is_empty() || is_call || is_test) {
        return true;
    }
    for (register, _) in written {
        held.remove(&register);
    }
    let calls = matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    );
    if calls {
        let is_target = |r: &Register| is_call && *r == to;
        if held.iter().any(|r| is_argument(r) && !is_target(r)) {
            return true;
        }
        // The call does not preserve the other registers.
        held.retain(|r| KEPT.contains(r));
    }
    false
}

/// Returns whether the instruction itself is a call, and does not only load the address to call.
pub(super) fn is_direct(file: &Image, at: u64) -> bool {
    let bytes = file.bytes(at);
    let i = iced_x86::Decoder::with_ip(
        64,
        &bytes[..bytes.len().min(16)],
        at,
        iced_x86::DecoderOptions::NONE,
    )
    .decode();
    i.flow_control() != FlowControl::Next
}

impl Finder<'_> {
    pub(super) fn start_of(&self, (image, at): Place) -> Place {
        let file = self.files.image(image);
        let start = file
            .function_at(at)
            .map_or(at, |(start, _)| main_part(&file, start));
        (image, start)
    }

    /// Returns the calls in libraries that install a handler, in functions that the program calls or that run when it starts.
    pub(super) fn sites_of_libraries(&mut self) -> Vec<Place> {
        let mut sites = Vec::new();
        let mut entries: HashSet<String> = self.files.image(0).imports().collect();
        for number in self.files.libraries() {
            entries.extend(self.files.image(number).imports());
        }
        for number in self.files.libraries() {
            let file = self.files.image(number);
            if !file.imports().any(|name| libc::installs(&name)) {
                continue;
            }
            let tables = self.index.of(number, &file);
            let installs = tables.installs.clone();
            let callers = tables.callers.clone();
            self.swept.push(number);
            let entered: HashSet<u64> = file
                .exports
                .iter()
                .filter(|(name, _)| entries.contains(*name))
                .map(|(_, at)| *at)
                .chain(file.constructors.iter().copied())
                .collect();
            for at in installs {
                let mut todo = vec![self.start_of((number, at)).1];
                let mut seen: HashSet<u64> = todo.iter().copied().collect();
                let mut is_reached = false;
                while let Some(function) = todo.pop() {
                    is_reached |= entered.contains(&function);
                    for at in callers.get(&function).into_iter().flatten() {
                        let caller = self.start_of((number, *at)).1;
                        if seen.insert(caller) {
                            todo.push(caller);
                        }
                    }
                }
                if is_reached {
                    sites.push((number, at));
                }
            }
        }
        sites
    }

    /// Reports where the address of a function that installs handlers is kept or passed on: its callers are not known.
    pub(super) fn addresses_taken(&mut self) {
        let file = self.files.image(0);
        let tables = self.index.of(0, &file);
        let mut places: Vec<(u64, String)> = Vec::new();
        for (at, slot) in &file.slots {
            if let Slot::Extern(name) = slot
                && libc::installs(&name.name)
                && !file.settled.contains(at)
            {
                places.push((*at, name.name.clone()));
            }
        }
        if file.is_static {
            for region in file.regions.iter().filter(|region| !region.exec) {
                let end = region.start + region.data.len() as u64;
                for at in (region.start.next_multiple_of(8)..end).step_by(8) {
                    if let Some(Slot::Here(target)) = file.pointer(at)
                        && !file.settled.contains(&at)
                        && is_linked_installer(&file, target)
                    {
                        places.push((at, file.name(target)));
                    }
                }
            }
        }
        for (at, by) in &tables.taken {
            let name = match file.stub(*at).and_then(|slot| file.slots.get(&slot)) {
                Some(Slot::Extern(name)) => Some(name),
                _ => file.externs.get(at),
            };
            // Instructions that load the address are examined one by one.
            let loads = tables.loads.iter().filter(|(_, to)| to == at).count();
            if let Some(name) = name.filter(|name| libc::installs(&name.name))
                && by.len() > loads
            {
                places.push((*at, name.name.clone()));
            }
        }
        let loads: HashSet<u64> = tables.loads.iter().map(|(at, _)| *at).collect();
        for &at in &tables.installs {
            if (loads.contains(&at) || !is_direct(&file, at)) && is_passed_on(&file, at) {
                places.push((at, "a function that installs handlers".into()));
            }
        }
        let looks_up = |name: &str| LOOKUPS.contains(&name);
        // The C library of a static program contains the lookup functions, and calls them for itself.
        let calls = tables.calls_of(&file, &LOOKUPS);
        let mut named = file.names.iter();
        let has_own = file.is_static
            && (calls.iter().any(|at| !file.is_behind_libc(*at))
                || named.any(|(at, names)| {
                    tables.taken.contains_key(at) && names.iter().any(|name| looks_up(name))
                }));
        let has_lookup = has_own || file.imports().any(|name| looks_up(&name));
        let is_named = |at: u64| tables.taken.contains_key(&at);
        let text = has_lookup.then(|| file.text_of(libc::INSTALLS, is_named));
        for (at, name) in places {
            self.unresolved(
                (0, at),
                format!("has the address of {name}: what calls it may install a handler"),
            );
        }
        if let Some((at, name)) = text.flatten() {
            self.unresolved(
                (0, at),
                format!("is the text {name:?}, by which dlsym may find a function that installs a handler"),
            );
        }
    }
}
