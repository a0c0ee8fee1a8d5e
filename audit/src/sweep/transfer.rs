//! Calls and jumps that a sweep meets, and which of them install handlers.

use crate::hash::Map;

use iced_x86::{FlowControl, Instruction, Mnemonic};

use super::Tables;
use super::known::Known;
use crate::image::{Image, Slot};
use crate::libc;

/// Returns whether a function of this name installs handlers, or makes any system call.
pub fn may_install(name: &str) -> bool {
    libc::installs(name) || name == "syscall"
}

/// Returns whether the word holds, or the stub reaches, a function that installs handlers, or `syscall`.
pub(super) fn is_installer(image: &Image, address: u64) -> bool {
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

/// Returns whether the address is that of a C library function that may install handlers, linked into a static file.
pub fn is_linked_installer(image: &Image, address: u64) -> bool {
    let mut names = image.names.get(&address).into_iter().flatten();
    image.is_static && names.any(|name| may_install(name))
}

/// Notes a system call; `number`: the instruction that put the last constant into rax, and the constant.
pub(super) fn note_system_call(
    image: &Image,
    at: u64,
    tables: &mut Tables,
    number: Option<(u64, u64)>,
) {
    const RT_SIGPROCMASK: u64 = 14;
    let number = number.filter(|(from, _)| at - from < 120);
    let may_block = number.is_none_or(|(_, number)| number == RT_SIGPROCMASK);
    tables.blocks_by_number |= may_block && !image.is_static;
    tables.installs.push(at);
}

/// Notes a call or a jump, and a word through which another file's function is reached.
pub(super) fn note_transfer(
    image: &Image,
    i: &Instruction,
    tables: &mut Tables,
    known: &mut Known,
    stubs: &mut Map<u64, Option<u64>>,
) {
    let at = i.ip();
    match i.flow_control() {
        FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
            let target = i.near_branch_target();
            let is_far = i.flow_control() == FlowControl::Call
                || image.function_at(at) != image.function_at(target)
                || image.functions.contains_key(&target);
            if is_far && i.flow_control() != FlowControl::Call {
                tables.entered.insert(target);
            }
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
                // The call may reach a function of the same file through the file's own table.
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
                        .push(known.passed(image, at));
                    known.crosses(image, at, target, tables);
                    if !is_jump && outer.is_none() {
                        known.returned = tables.references.of(image, target, 0).seen_by(known);
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
            // A stub of the linker is not a call of the program.
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
                    passed.push(known.passed(image, at));
                }
            }
        }
    }
}
