//! The decoder on a stream of raw bytes, compared with a parser that sees the whole stream.
//!
//! Input: one byte of options, the limit, the stream.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::Nonces;
use minitalk::wire::decoder::{Decoded, FrameDecoder};
use minitalk::wire::frame::TRAILER_LEN;
use minitalk::wire::reason::Reason;

use crate::bits;
use crate::reference::{checksum, parse};

/// Whether each frame is given its checksum, which is rarely guessed.
const REPAIR: u8 = 2;
/// The position of the number of bits that are missing at the end.
const CUT_SHIFT: u8 = 5;

/// The transfer of PROTOCOL.md's example.
const NONCES: Nonces = Nonces {
    client: 0x0123_4567_89AB_CDEF,
    server: 0xFEDC_BA98_7654_3210,
};

/// Decodes the frames of `data`, one decoder after the other, and panics unless every result is the reference's.
pub fn run(data: &[u8]) {
    check(data, &mut FrameDecoder::push);
}

/// [`run`] with `push` in the place of [`FrameDecoder::push`].
pub fn check(data: &[u8], push: &mut dyn FnMut(&mut FrameDecoder, Bit) -> Option<Decoded>) {
    let &[options, limit, ref stream @ ..] = data else {
        return;
    };
    let limit = usize::from(limit);
    let mut stream = stream.to_vec();
    if options & REPAIR != 0 {
        repair(&mut stream, limit);
    }
    let mut all = bits::of_bytes(&stream);
    all.truncate(all.len().saturating_sub((options >> CUT_SHIFT).into()));
    let whole = &stream[..all.len() / 8];

    let mut begin = 0;
    while let Some((len, expected)) = parse(&whole[begin..], limit, NONCES) {
        let by_bytes = FrameDecoder::new(limit, NONCES).push_bytes(&whole[begin..]);
        assert_eq!(by_bytes.as_ref(), Some(&expected));
        assert_eq!(
            decode(&all[8 * begin..], limit, push),
            Some((8 * len, expected.clone()))
        );
        if let Ok((kind, payload)) = &expected {
            let frame = bits::frame_of(*kind, payload, NONCES);
            assert_eq!(frame, whole[begin..begin + len], "another reading");
        }
        begin += len;
    }
    assert_eq!(
        decode(&all[8 * begin..], limit, push),
        None,
        "no whole frame"
    );
}

/// Returns the first result in `bits` and the number of bits it takes; nothing may follow it.
fn decode(
    bits: &[Bit],
    limit: usize,
    push: &mut dyn FnMut(&mut FrameDecoder, Bit) -> Option<Decoded>,
) -> Option<(usize, Decoded)> {
    let mut decoder = FrameDecoder::new(limit, NONCES);
    let mut result = None;
    for (at, bit) in bits.iter().enumerate() {
        let decoded = push(&mut decoder, *bit);
        assert!(
            decoder.held_bytes() + decoder.missing() <= limit,
            "more held than the limit"
        );
        if let Some(decoded) = decoded {
            assert_eq!(result, None, "a second result");
            assert_eq!(decoder.held_bytes(), 0, "a payload that is given and kept");
            result = Some((at + 1, decoded));
        }
    }
    result
}

fn repair(stream: &mut [u8], limit: usize) {
    let mut begin = 0;
    while let Some((len, decoded)) = parse(&stream[begin..], limit, NONCES) {
        if decoded == Err(Reason::Checksum) {
            let (covered, trailer) = stream[begin..begin + len].split_at_mut(len - TRAILER_LEN);
            trailer.copy_from_slice(&checksum(NONCES, covered));
        }
        begin += len;
    }
}
