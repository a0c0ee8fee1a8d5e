//! Finds the functions of a file that neither symbols nor unwind tables describe, by the instructions that name them.

use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Mnemonic, OpKind};

use crate::image::{Image, Slot};

/// Adds the functions of a file most of whose code is described by nothing, as with `-fno-asynchronous-unwind-tables`.
///
/// A function begins where a call, a loaded address or a pointer in data leads, or where a jump leaves another function. It ends
/// where the next function or one of the `sections` begins.
pub fn add(image: &mut Image, sections: impl Iterator<Item = u64>) {
    let code = image.regions.iter().filter(|region| region.exec);
    let size: u64 = code.map(|region| region.data.len() as u64).sum();
    let known = image.functions.iter();
    let described: u64 = known.map(|(start, end)| end.saturating_sub(*start)).sum();
    if described > size / 2 {
        return;
    }
    let mut starts: BTreeSet<u64> = image.constructors.iter().copied().collect();
    starts.insert(image.entry);
    starts.extend(image.slots.values().filter_map(|slot| match slot {
        Slot::Here(to) | Slot::Chosen(to) => Some(*to),
        _ => None,
    }));
    let mut jumps = Vec::new();
    for region in &image.regions {
        if region.exec {
            named(image, region.data, region.start, &mut starts, &mut jumps);
        } else if image.is_fixed {
            let words = region.data.chunks_exact(8);
            starts
                .extend(words.map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default())));
        }
    }
    starts.retain(|at| image.is_code(*at) && image.function_at(*at).is_none());
    let mut ends: BTreeSet<u64> = starts
        .iter()
        .chain(image.functions.keys())
        .copied()
        .collect();
    ends.extend(sections);
    starts.retain(|at| !image.is_linkage(*at));
    jumps.retain(|(from, to)| {
        let (low, high) = (*from.min(to), *from.max(to));
        // A jump to itself leaves no function.
        let mut passed = ends.range(low..=high).filter(|at| **at > low);
        passed.next().is_some() && !image.is_linkage(*to)
    });
    for (_, to) in jumps {
        starts.insert(to);
        ends.insert(to);
    }
    for start in starts {
        let end = ends.range(start + 1..).next().copied();
        let all = start + image.bytes(start).len() as u64;
        image
            .functions
            .entry(start)
            .or_insert(end.unwrap_or(all).min(all));
    }
}

/// Notes the addresses that the instructions call or load, and the jumps to places that no instruction before them continues to.
fn named(
    image: &Image,
    data: &[u8],
    start: u64,
    starts: &mut BTreeSet<u64>,
    jumps: &mut Vec<(u64, u64)>,
) {
    let mut fresh = BTreeSet::from([start]);
    let mut all = Vec::new();
    for i in &mut Decoder::with_ip(64, data, start, DecoderOptions::NONE) {
        let is_pad = matches!(i.mnemonic(), Mnemonic::Nop | Mnemonic::Int3);
        match i.flow_control() {
            FlowControl::Call => _ = starts.insert(i.near_branch_target()),
            FlowControl::UnconditionalBranch => all.push((i.ip(), i.near_branch_target())),
            FlowControl::Return | FlowControl::IndirectBranch | FlowControl::Exception => {}
            _ if is_pad && fresh.contains(&i.ip()) => {}
            _ => {
                if i.mnemonic() == Mnemonic::Lea && i.is_ip_rel_memory_operand() {
                    starts.insert(i.memory_displacement64());
                } else if image.is_fixed && i.op1_kind() == OpKind::Immediate32 {
                    starts.insert(i.immediate(1));
                }
                continue;
            }
        }
        if i.flow_control() != FlowControl::Call {
            fresh.insert(i.next_ip());
        }
    }
    jumps.extend(all.into_iter().filter(|(_, to)| fresh.contains(to)));
}
