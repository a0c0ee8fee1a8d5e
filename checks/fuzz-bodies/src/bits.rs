//! Conversion of messages to bits and back.

use minitalk::wire::bits::{Bit, bit_of};
use minitalk::wire::control::Nonces;
use minitalk::wire::frame::{Frame, MessageKind};

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

/// Returns `payload` in the frame of a message.
pub fn frame(payload: &[u8], nonces: Nonces) -> Vec<u8> {
    frame_of(MessageKind::Message, payload, nonces)
}

/// Returns `payload` in its frame.
pub fn frame_of(kind: MessageKind, payload: &[u8], nonces: Nonces) -> Vec<u8> {
    let mut frame = Frame::new(kind, payload).expect("fuzz inputs are short");
    frame.seal(nonces);
    let mut bytes = vec![0; frame.bytes()];
    frame.copy(0, &mut bytes);
    bytes
}
