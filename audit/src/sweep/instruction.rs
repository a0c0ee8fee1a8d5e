//! The notes of a sweep about one instruction: its stores, and the addresses that it takes.

use crate::hash::Map;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::known::Known;
use super::parameter::ChangeKind;
use super::registers::{Registers, SCRATCH};
use super::transfer::{is_installer, note_system_call, note_transfer};
use super::{Tables, Way};
use crate::image::{Image, THREAD};

pub(super) fn is_store(i: &Instruction) -> bool {
    let reads = matches!(
        i.mnemonic(),
        Mnemonic::Cmp
            | Mnemonic::Test
            | Mnemonic::Push
            | Mnemonic::Call
            | Mnemonic::Jmp
            | Mnemonic::Bt
    );
    i.op0_kind() == OpKind::Memory && !reads
}

/// Returns the address in the file that the instruction names as its memory operand.
pub(super) fn named(image: &Image, i: &Instruction) -> Option<u64> {
    if i.is_ip_rel_memory_operand() {
        return Some(i.ip_rel_memory_address());
    }
    if i.memory_segment() == Register::FS
        && i.memory_base() == Register::None
        && i.memory_index() == Register::None
        && i.mnemonic() != Mnemonic::Lea
    {
        let place = THREAD.wrapping_add(i.memory_displacement64());
        return image.is_thread_local(place).then_some(place);
    }
    let is_named = image.is_fixed
        && i.memory_base() == Register::None
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory);
    is_named.then(|| i.memory_displacement64())
}

/// Returns the address in the file that the instruction names, directly or by an address in a register.
pub(super) fn named_by(image: &Image, i: &Instruction, known: &Known) -> Option<u64> {
    named(image, i).or_else(|| known.named(image, i))
}

pub(super) fn note(
    image: &Image,
    i: &Instruction,
    tables: &mut Tables,
    known: &mut Known,
    stubs: &mut Map<u64, Option<u64>>,
    number: &mut Option<(u64, u64)>,
) {
    let at = i.ip();
    if crate::step::is_system_call(i) {
        note_system_call(image, at, tables, number.take());
        return;
    }
    note_transfer(image, i, tables, known, stubs);
    known.counts(i);
    if matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    ) {
        // A call overwrites the other scratch registers: they no longer hold values from before the call.
        let kept = match i.flow_control() == FlowControl::Call && known.names_by_scratch() {
            true => tables.preserved.by(image, i.near_branch_target()),
            false => Registers::default(),
        };
        for scratch in SCRATCH.into_iter().filter(|n| !kept.has_integer(*n)) {
            known.forget(scratch);
        }
        known.returns();
    }
    if matches!(
        i.flow_control(),
        FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return
    ) {
        known.begins();
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
    if i.mnemonic() == Mnemonic::Mov
        && i.memory_segment() == Register::FS
        && i.memory_base() == Register::None
        && i.memory_displacement64() == 0
        && i.op0_register().is_gpr64()
    {
        known.names(i.op0_register(), THREAD);
        return;
    }
    if i.has_rep_prefix() && matches!(i.op0_kind(), OpKind::MemoryESRDI) {
        let [to, from] = [Register::RDI, Register::RSI].map(|of| known.passes(of.number()));
        let is_copy = i.op1_kind() == OpKind::MemorySegRSI;
        known.copies(image, at, (to, from.filter(|_| is_copy)), None, tables);
        known.forget(Register::RDI.number());
        if is_copy {
            known.forget(Register::RSI.number());
        }
    }
    let to = named(image, i);
    if let Some(to) = to.filter(|_| i.mnemonic() != Mnemonic::Lea) {
        tables.read.entry(to).or_default().push(at);
    }
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
                known.names(i.op0_register(), to);
            }
            return;
        }
    } else if let Some(to) = to
        && is_store(i)
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
        known.replaces(i.ip(), to);
        known.holds_value(i, to);
    }
    let named = named_by(image, i, known);
    if let Some(named) = named.filter(|named| super::parameter::is_word(*named))
        && known.replaces_argument(image, i, named)
    {
        tables.note_change(image, known.function, at, named, ChangeKind::Replaces);
    }
    if let Some(named) = named.filter(|_| to.is_none())
        && i.mnemonic() != Mnemonic::Lea
        && !is_store(i)
    {
        let table = super::element(named);
        let (all, at_place) = match image.is_writable(named) {
            true => (&mut tables.read_by_register, named),
            false => (&mut tables.read_elements, table),
        };
        if image.is_writable(at_place) {
            all.entry(at_place).or_default().push(at);
        }
    }
    if let Some(named) = named.filter(|_| is_store(i)) {
        let width = i.memory_size().size() as u64;
        let how = match known.updates(i, named) {
            true => ChangeKind::Updates(width),
            false => ChangeKind::Stores(width),
        };
        tables.note_change(image, known.function, at, named, how);
        if i.has_lock_prefix() || super::changes_in_place(i) {
            tables.changed.insert(named);
        }
        if known.changes_used(i, named) {
            tables
                .changed_late
                .entry(named)
                .or_default()
                .push((at, width));
        }
        known.keeps(image, i, named, tables);
    }
    if i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory && to.is_none() {
        known.links(i);
        known.updates_through(i, tables);
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
                let has_index = i.memory_index() != Register::None || i.memory_base().is_gpr64();
                let is_named = image.is_fixed && has_index;
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
            known.names(i.op0_register(), constant);
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
    known.moves(i, to);
    // In a file with a fixed load address, the address of a table may be added to an index as a number.
    let table = i.memory_displacement64();
    if i.mnemonic() == Mnemonic::Lea && image.is_fixed && image.is_writable(table) {
        known.leads_into(i.op0_register(), table);
    }
}
