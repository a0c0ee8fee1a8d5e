//! The decoder on a stream of raw bytes, compared with a parser that sees the whole stream.
//!
//! Input: one byte of options, the limit, the stream.

use minitalk::wire::bits::Bit;
use minitalk::wire::decoder::{Decoded, Decoder, Reason};
use minitalk::wire::frame::TRAILER_LEN;

use crate::bits;
use crate::reference::{first, parse, rejected};

/// Whether unframed text is allowed.
const TEXT: u8 = 1;
/// Whether frames get their correct checksum, which an input rarely has by chance.
const REPAIR: u8 = 2;
/// The position of the number of bits that are missing at the end.
const CUT_SHIFT: u8 = 5;

/// Decodes `data`; panics unless every result is that of the reference, and every message is the only reading of its bits.
pub fn run(data: &[u8]) {
    check(data, &mut Decoder::push);
}

/// Runs the body with `push` in place of [`Decoder::push`].
pub fn check(data: &[u8], push: &mut dyn FnMut(&mut Decoder, Bit) -> Option<Decoded>) {
    let &[options, limit, ref stream @ ..] = data else {
        return;
    };
    let (text, limit) = (options & TEXT != 0, usize::from(limit));
    let mut stream = stream.to_vec();
    if options & REPAIR != 0 {
        repair(&mut stream, limit, text);
    }
    let mut all = bits::of_bytes(&stream);
    all.truncate(all.len().saturating_sub((options >> CUT_SHIFT).into()));
    let whole = &stream[..all.len() / 8];

    let mut decoder = Decoder::new(limit, text);
    let mut results = Vec::new();
    let mut begin = 0;
    for (at, bit) in all.iter().enumerate() {
        let decoded = push(&mut decoder, *bit);
        assert!(decoder.held() <= limit, "more held than the limit");
        let Some(decoded) = decoded else { continue };
        if let Decoded::Message { payload, framed } = &decoded {
            let canonical = bits::of_message(payload, *framed);
            assert_eq!(canonical, all[begin..=at], "another reading of the bits");
        }
        begin = at + 1;
        results.push((begin / 8, decoded));
    }
    let (expected, lost) = parse(whole, limit, text);
    assert_eq!(results, expected, "not what the reference reads");
    assert_eq!(decoder.in_message(), !lost && begin < all.len());
}

fn repair(stream: &mut [u8], limit: usize, text: bool) {
    let mut begin = 0;
    while let Some((len, decoded)) = first(&stream[begin..], limit, text) {
        if decoded == rejected(Reason::Checksum, false) {
            let (covered, trailer) = stream[begin..begin + len].split_at_mut(len - TRAILER_LEN);
            trailer.copy_from_slice(&crc32fast::hash(covered).to_be_bytes());
        }
        begin += len;
    }
}
