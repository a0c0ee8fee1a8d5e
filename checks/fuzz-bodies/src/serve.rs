//! The server's handing of a signal to a receiver, which is the part under test of three bodies.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::Ask;
use minitalk::wire::receiver::{Reaction, Receiver};
use minitalk::wire::word::Word;

/// The type of [`react`], or of a defect in its place.
pub type Serve<'s> = &'s mut dyn FnMut(&mut Receiver, Bit, Option<Ask>) -> Reaction;

/// The type of `Receiver::word`, or of a defect in its place.
pub type Take<'t> = &'t mut dyn FnMut(&mut Receiver, &Word) -> Reaction;

/// Handles a signal as the server does: without a value it is a bit, with a value a question.
pub fn react(receiver: &mut Receiver, bit: Bit, ask: Option<Ask>) -> Reaction {
    match ask {
        None => receiver.bit(bit),
        Some(ask) => receiver.ask(bit, ask),
    }
}
