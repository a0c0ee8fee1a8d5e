//! Conversion of messages to bits and back.

use minitalk::wire::bits::{Bit, bit_of};
use minitalk::wire::frame::Frame;

/// Returns the bits of `bytes`, most significant first.
pub fn of_bytes(bytes: &[u8]) -> Vec<Bit> {
    let each = bytes.iter().flat_map(|b| (0..8).map(|i| bit_of(*b, i)));
    each.collect()
}

/// Returns the whole bytes in `bits`.
pub fn to_bytes(bits: &[Bit]) -> Vec<u8> {
    let byte = |bits: &[Bit]| {
        bits.iter()
            .fold(0, |byte, bit| byte << 1 | u8::from(*bit == Bit::One))
    };
    bits.chunks_exact(8).map(byte).collect()
}

/// Returns the bits of `payload` in its frame.
pub fn of_frame(payload: &[u8]) -> Vec<Bit> {
    let frame = Frame::new(payload).expect("fuzz inputs are short");
    (0..frame.bits()).filter_map(|i| frame.bit(i)).collect()
}
