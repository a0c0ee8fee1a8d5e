//! Pairs of words from which a function computes one value, or which it passes to one call, so that its loads of both belong
//! together.

use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Register};

use super::derived::Derived;
use super::known::{Local, is_frame};
use super::preserved::Preserved;
use crate::image::Image;

/// Returns the instructions that load the two words, if one instruction of the function combines both values, or one call takes
/// both; `sites`: the instructions that touch each word. Branches are not followed.
pub fn loads_of_both(
    image: &Image,
    (start, end): (u64, u64),
    words: [u64; 2],
    sites: &[BTreeSet<u64>; 2],
) -> Option<[u64; 2]> {
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let mut derived = Derived::new();
    let mut preserved = Preserved::default();
    let mut loads = [None; 2];
    for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
        // A value that branches bring would come from one word or the other, not from both.
        let goes_on = matches!(
            i.flow_control(),
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall
        );
        if !goes_on {
            continue;
        }
        let is_call = i.flow_control() != FlowControl::Next;
        let are_together = match is_call {
            true => derived.passes_both(words),
            false => derived.brings_together(&i, words),
        };
        let word = sites.iter().position(|sites| sites.contains(&i.ip()));
        let is_local = is_frame(i.memory_base()) && i.memory_index() == Register::None;
        let local: Option<Local> = is_local.then(|| (i.memory_base(), i.memory_displacement64()));
        let kept = preserved.over(image, &i, &derived);
        derived.follows(&i, (word.map(|n| words[n]), local), kept, None);
        if let Some(n) = word.filter(|_| !super::is_store(&i)) {
            loads[n] = Some(i.ip());
        }
        if let [Some(one), Some(other)] = loads
            && (are_together || derived.has_made_one_of(words))
        {
            return Some([one, other]);
        }
    }
    None
}
