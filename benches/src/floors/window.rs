//! Bits in a window: each carries its index, and the answers name the first missing bit. The sender goes back to it.
//!
//! The same shape as the lane of bits, with a fixed window and without nonces, checksum or output.

use std::time::{Duration, Instant};

use minitalk::internals::ffi::{self, Fd, Identity};
use minitalk::wire::packet::Packet;
use minitalk::{Event, Signal, SignalSet};

use super::end;
use crate::Result;

/// How many bits may be in flight.
pub const WINDOW: u32 = 8;

/// The bits after which an answer is asked for.
const ASK_EVERY: u32 = WINDOW / 2;

/// The polls without an answer after which the sender goes back.
const PATIENCE: u32 = 400;

/// How long the other end may be silent.
const LIMIT: Duration = Duration::from_secs(20);

/// A bit asks for an answer, or an answer tells of a gap.
const FLAG: u32 = 1 << 31;

/// Sends `count` bits, and returns the nanoseconds.
pub fn ask(peer: &Fd, count: u32) -> Result<String> {
    let start = Instant::now();
    let (mut next, mut acknowledged, mut idle) = (0, 0, 0);
    let mut heard = start;
    while acknowledged < count {
        if next < count && next < acknowledged + WINDOW {
            let is_last = next + 1 == count || next + 1 == acknowledged + WINDOW;
            let asks = is_last || (next + 1) % ASK_EVERY == 0;
            let flag = if asks { FLAG } else { 0 };
            send(peer, bit(next), next | flag)?;
            next += 1;
            if !asks {
                continue;
            }
        }
        match take() {
            Some((_, value)) => {
                acknowledged = acknowledged.max(value & !FLAG);
                let is_gap = value & FLAG != 0;
                next = if is_gap {
                    acknowledged
                } else {
                    next.max(acknowledged)
                };
                (idle, heard) = (0, Instant::now());
            }
            None if idle < PATIENCE => idle += 1,
            None if heard.elapsed() < LIMIT => (idle, next) = (0, acknowledged),
            None => return Err("the other end is silent".into()),
        }
    }
    Ok(start.elapsed().as_nanos().to_string())
}

/// Takes `count` bits, and fails if one is another.
pub fn answer(peer: &Fd, count: u32) -> Result<()> {
    let (mut next, mut come) = (0, 0u32);
    let mut heard = Instant::now();
    while next < count {
        let Some((signal, value)) = take() else {
            if heard.elapsed() > LIMIT {
                return Err("the other end is silent".into());
            }
            continue;
        };
        heard = Instant::now();
        let index = value & !FLAG;
        if signal != bit(index) {
            return Err(format!("bit {index} is another").into());
        }
        if let Some(ahead) = index.checked_sub(next) {
            come |= 1 << ahead;
        }
        let advance = come.trailing_ones();
        next += advance;
        come >>= advance;
        if value & FLAG != 0 || next == count {
            let gap = if come != 0 || index >= next { FLAG } else { 0 };
            send(peer, Signal::USR1, next | gap)?;
        }
    }
    Ok(())
}

/// Answers whatever still comes when all `count` bits have been taken, until this process is ended. The last answer is a standard
/// signal: while the one before is pending, the kernel drops it, and the sender goes back.
pub fn answer_late(peer: &Fd, count: u32) -> Result<()> {
    loop {
        if take().is_some() {
            send(peer, Signal::USR1, count)?;
        }
    }
}

/// Returns the signal of a bit of a text that does not repeat itself.
const fn bit(index: u32) -> Signal {
    match index.wrapping_mul(0x9E37_79B9) >> 31 {
        0 => Signal::USR1,
        _ => Signal::USR2,
    }
}

fn send(peer: &Fd, signal: Signal, value: u32) -> Result<()> {
    let packet = Identity::ours().sign(Packet {
        value: value.into(),
        ..Packet::default()
    });
    Ok(ffi::send_through(peer, signal, Some(&packet)).map_err(std::io::Error::from)?)
}

fn take() -> Option<(Signal, u32)> {
    let event = Event::decode(ffi::take(SignalSet::BITS, Duration::ZERO)?)?;
    Some((event.signal, end::value(event)?))
}
