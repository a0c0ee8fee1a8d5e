//! Words of which a function makes one value: what it has loaded of the one belongs to what it has loaded of the other.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Register};

use super::derived::Derived;
use super::instruction::named;
use super::known::{Local, is_frame};
use crate::image::Image;

/// Returns the instructions that load the two words whose values one instruction of the function puts together, in straight lines.
pub fn loads_of_both(image: &Image, (start, end): (u64, u64), words: [u64; 2]) -> Option<[u64; 2]> {
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let mut derived = Derived::new();
    let mut loads = [None; 2];
    for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
        // What branches bring would be one word or the other.
        let goes_on = matches!(
            i.flow_control(),
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall
        );
        if !goes_on {
            continue;
        }
        let word = named(image, &i).and_then(|word| words.iter().position(|one| *one == word));
        let is_local = is_frame(i.memory_base()) && i.memory_index() == Register::None;
        let local: Option<Local> = is_local.then(|| (i.memory_base(), i.memory_displacement64()));
        derived.follows(&i, (word.map(|n| words[n]), local));
        if let Some(n) = word.filter(|_| !super::is_store(&i)) {
            loads[n] = Some(i.ip());
        }
        if let [Some(one), Some(other)] = loads
            && derived.has_made_one_of(words)
        {
            return Some([one, other]);
        }
    }
    None
}
