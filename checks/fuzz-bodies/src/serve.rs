//! The two ends of the link as the bodies drive them, with a clock of nanoseconds.

use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request};
use minitalk::wire::receiver::{FrameReceiver, Response};
use minitalk::wire::sender::{Failure, FrameSender, Transmit};
use minitalk::wire::time::Instant;
use minitalk::wire::word::Word;

/// [`react`], or a defect in its place.
pub type Serve<'s> = &'s mut dyn FnMut(&mut FrameReceiver, Bit, Option<Request>) -> Response;

/// `FrameReceiver::handle_word`, or a defect in its place.
pub type Take<'t> = &'t mut dyn FnMut(&mut FrameReceiver, &Word) -> Response;

/// Does what the server does: a signal without a value is a bit, one with a value is a request.
pub fn react(receiver: &mut FrameReceiver, bit: Bit, request: Option<Request>) -> Response {
    match request {
        None => receiver.handle_bit(bit),
        Some(request) => receiver.handle_request(bit, request),
    }
}

/// What a sender does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It sends a standard signal.
    Signal {
        /// Which of the two.
        bit: Bit,
        /// Its value.
        value: Option<u64>,
        /// How many times in a row.
        copies: u32,
    },
    /// It queues a word.
    Queue(Word),
    /// It waits until this moment.
    Wait(Nanos),
    /// It is done.
    Finished(Result<(), Failure>),
}

/// Returns what `sender` does at `now`.
pub fn step(sender: &mut FrameSender<'_>, now: Nanos) -> Step {
    match sender.poll_transmit(Instant::from_nanos(now)) {
        Some(Transmit::Signal { bit, value, copies }) => Step::Signal { bit, value, copies },
        Some(Transmit::Word(word)) => Step::Queue(word),
        None => match (sender.result(), sender.poll_timeout()) {
            (Some(result), timeout) => {
                assert_eq!(timeout, None, "a timeout after the end");
                Step::Finished(result)
            }
            (None, Some(at)) => Step::Wait(at.as_nanos()),
            (None, None) => panic!("a sender that waits for nothing"),
        },
    }
}

/// Hands `reply` to `sender` at `now`.
pub fn hear(sender: &mut FrameSender<'_>, now: Nanos, reply: Reply) {
    sender.handle_reply(reply, Instant::from_nanos(now));
}

/// Tells `sender` that the kernel has no room for its last word.
pub fn no_room(sender: &mut FrameSender<'_>, now: Nanos) {
    sender.handle_eagain(Instant::from_nanos(now));
}
