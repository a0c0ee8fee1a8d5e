//! Whether control may come from one instruction of a function to another.

use std::collections::HashSet;

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use crate::image::Image;

/// Whether the function that holds both goes on from the instruction at `from` to that at `to` on some way.
pub fn leads(image: &Image, from: u64, to: u64) -> bool {
    const MOST: usize = 50_000;
    let Some((start, end)) = image.function_at(from) else {
        return true;
    };
    let mut seen = HashSet::new();
    let mut todo = vec![from];
    while let Some(at) = todo.pop() {
        if at == to || seen.len() > MOST {
            return true;
        }
        if !(start..end).contains(&at) || !seen.insert(at) {
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
            // By a table, it may go anywhere.
            FlowControl::IndirectBranch => return true,
            _ => {}
        }
    }
    false
}
