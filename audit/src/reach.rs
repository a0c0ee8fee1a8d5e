//! Whether control may come from one instruction of a function to another.

use std::collections::HashSet;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};

use crate::image::{Image, Slot};

/// Returns whether the function that holds both goes on from the instruction at `from` to that at `to` on some way.
pub fn leads(image: &Image, from: u64, to: u64) -> bool {
    may_lead(image, from, Some(to), &[]).unwrap_or(true)
}

/// Returns whether the function that holds both is seen to go on from the instruction at `from` to that at `to` on some way
/// that passes none of `stops`.
pub fn surely_leads(image: &Image, from: u64, to: u64, stops: &[u64]) -> bool {
    may_lead(image, from, Some(to), stops) == Some(true)
}

/// Returns whether the function that holds both is seen to go on from the instruction at `from` to that at `to` on no way that
/// passes none of `stops`.
pub fn never_leads(image: &Image, from: u64, to: u64, stops: &[u64]) -> bool {
    may_lead(image, from, Some(to), stops) == Some(false)
}

/// Returns whether the function returns after the instruction at `from` on some way that passes none of `stops`.
pub fn returns(image: &Image, from: u64, stops: &[u64]) -> bool {
    may_lead(image, from, None, stops).unwrap_or(true)
}

/// Returns whether the function goes on from the one instruction to the other, or to its end, or `None` if that is not known.
fn may_lead(image: &Image, from: u64, to: Option<u64>, stops: &[u64]) -> Option<bool> {
    const MOST: usize = 50_000;
    let (start, end) = image.function_at(from)?;
    let mut seen = HashSet::new();
    let mut todo = vec![from];
    let mut is_known = true;
    while let Some(at) = todo.pop() {
        if to == Some(at) {
            return Some(true);
        }
        if seen.len() > MOST {
            return None;
        }
        if stops.contains(&at) || !seen.insert(at) {
            continue;
        }
        if !(start..end).contains(&at) {
            // What it jumps to returns in its place.
            if to.is_none() {
                return Some(true);
            }
            continue;
        }
        let bytes = image.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        let i = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        match i.flow_control() {
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                todo.push(i.next_ip());
            }
            FlowControl::ConditionalBranch => {
                todo.extend([i.near_branch_target(), i.next_ip()]);
            }
            FlowControl::UnconditionalBranch => todo.push(i.near_branch_target()),
            FlowControl::IndirectBranch if is_outside(image, &i) => todo.push(end),
            // By a table, it may go anywhere.
            FlowControl::IndirectBranch => is_known = false,
            FlowControl::Return if to.is_none() => return Some(true),
            _ => {}
        }
    }
    is_known.then_some(false)
}

/// Returns whether the instruction calls or jumps to a function of another file, through a word that the loader fills.
pub fn is_outside(image: &Image, i: &Instruction) -> bool {
    let word = i
        .is_ip_rel_memory_operand()
        .then(|| i.ip_rel_memory_address());
    word.is_some_and(|word| matches!(image.slots.get(&word), Some(Slot::Extern(_))))
}
