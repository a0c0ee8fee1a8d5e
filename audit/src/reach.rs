//! Whether control may come from one instruction of a function to another.

use std::collections::HashSet;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};

use crate::image::Image;

/// Whether the function that holds both goes on from the instruction at `from` to that at `to` on some way.
pub fn leads(image: &Image, from: u64, to: u64) -> bool {
    may_lead(image, vec![from], to).unwrap_or(true)
}

/// Whether the function goes on from the instruction to itself on some way for certain: it is in a loop.
pub fn leads_back(image: &Image, at: u64) -> bool {
    let next = decoded(image, at).next_ip();
    may_lead(image, vec![next], at).unwrap_or(false)
}

/// Whether the function goes on from one of the instructions to that at `to`; `None`: not known.
fn may_lead(image: &Image, mut todo: Vec<u64>, to: u64) -> Option<bool> {
    const MOST: usize = 50_000;
    let (start, end) = image.function_at(*todo.first()?)?;
    let mut seen = HashSet::new();
    let mut is_known = true;
    while let Some(at) = todo.pop() {
        if at == to {
            return Some(true);
        }
        if seen.len() > MOST {
            return None;
        }
        if !(start..end).contains(&at) || !seen.insert(at) {
            continue;
        }
        let i = decoded(image, at);
        match i.flow_control() {
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                todo.push(i.next_ip());
            }
            FlowControl::ConditionalBranch => {
                todo.extend([i.near_branch_target(), i.next_ip()]);
            }
            FlowControl::UnconditionalBranch => todo.push(i.near_branch_target()),
            // By a table, it may go anywhere.
            FlowControl::IndirectBranch => is_known = false,
            _ => {}
        }
    }
    is_known.then_some(false)
}

fn decoded(image: &Image, at: u64) -> Instruction {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}
