//! Helpers of the unit tests of the dialects.

use alloc::vec::Vec;

use super::ack_choice::HandledSignals;
use super::encoder::TextEncoder;
use super::{Dialect, Symbol};
use crate::process::pid::Pid;

pub const BOTH: HandledSignals = handled(true, true);
pub const USR1: HandledSignals = handled(true, false);
pub const USR2: HandledSignals = handled(false, true);
pub const NONE: HandledSignals = handled(false, false);

const fn handled(usr1: bool, usr2: bool) -> HandledSignals {
    HandledSignals { usr1, usr2 }
}

/// Returns the PID of the client.
pub fn pid() -> Pid {
    Pid::new(4242).unwrap()
}

pub fn dialects(specs: &[&str]) -> Vec<Dialect> {
    specs.iter().map(|spec| spec.parse().unwrap()).collect()
}

/// Returns the symbols of a text, without a handshake.
pub fn symbols(spec: &str, text: impl AsRef<[u8]>) -> Vec<Symbol> {
    let encoder = TextEncoder::new(&spec.parse().unwrap(), text.as_ref(), pid());
    encoder.unwrap().symbols().collect()
}

/// Returns the symbols of bytes in the classic dialect.
pub fn symbols_of(bytes: &[u8]) -> Vec<Symbol> {
    symbols("head=len32,end=none", bytes).split_off(32)
}
