//! How a server hands a signal to a receiver: the part under test of three bodies.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::Ask;
use minitalk::wire::receiver::{Reaction, Receiver};
use minitalk::wire::word::Word;

/// [`react`], or a defect in its place.
pub type Serve<'s> = &'s mut dyn FnMut(&mut Receiver, Bit, Option<Ask>) -> Reaction;

/// `Receiver::word`, or a defect in its place.
pub type Take<'t> = &'t mut dyn FnMut(&mut Receiver, &Word) -> Reaction;

/// What the server does: a signal without a value is a bit, one with a value is a question.
pub fn react(receiver: &mut Receiver, bit: Bit, ask: Option<Ask>) -> Reaction {
    match ask {
        None => receiver.bit(bit),
        Some(ask) => receiver.ask(bit, ask),
    }
}
