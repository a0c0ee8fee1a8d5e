//! The protocol, without I/O: no system call, no clock, no thread. Every function here is deterministic; whoever calls
//! brings the events and the time, and carries out what is returned. `PROTOCOL.md` is the specification.
//!
//! | module | one idea |
//! | --- | --- |
//! | [`bits`] | bytes to bits and back, most significant bit first |
//! | [`checksum`] | the frame's checksum |
//! | [`frame`] | the frame around a message, bit by bit |
//! | [`decoder`] | bits to messages: our frames, and NUL-terminated text |
//! | [`control`] | the words that travel in `si_value`: hello, re-send, answer |
//! | [`word`] | what a real-time signal carries |
//! | [`window`] | the words on their way: a window |
//! | [`rtt`] | how long to wait for an answer |
//! | [`sender`] | the sending end of the reliable link |
//! | [`receiver`] | the receiving end |
//!
//! Both ends of the link, joined without a signal:
//!
//! ```
//! use minitalk::wire::control::Ask;
//! use minitalk::wire::receiver::{Outcome, Receiver};
//! use minitalk::wire::sender::{Lane, Sender, Step};
//!
//! let mut sender = Sender::new(b"Hi", 1, 1_000_000_000, Lane::Bit)?;
//! let mut receiver = Receiver::new(64);
//! let mut now = 0;
//! loop {
//!     match sender.poll(now) {
//!         Step::Transmit { bit, value, .. } => {
//!             // Bare it is the next bit; with a value it says what it is.
//!             let reaction = match value.and_then(Ask::from_value) {
//!                 None => receiver.bit(bit),
//!                 Some(ask) => receiver.ask(bit, ask),
//!             };
//!             let mut answer = reaction.answer;
//!             if let Some(Outcome::Complete { payload, .. }) = reaction.outcome {
//!                 assert_eq!(payload, b"Hi");
//!                 // It is where it is to be, so it is delivered.
//!                 answer = receiver.settle(receiver.tag(), Ok(()));
//!             }
//!             if let Some(answer) = answer {
//!                 sender.answer(now, answer);
//!             }
//!         }
//!         Step::Wait(until) => now = until,
//!         Step::Finished(result) => break result?,
//!         Step::Queue(_) => unreachable!("in bits there are no words"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//! Nothing here panics, whatever it is fed, and memory stays within the limit given to [`decoder::Decoder::new`].

pub mod bits;
pub mod checksum;
pub mod control;
pub mod decoder;
pub mod frame;
pub mod receiver;
pub mod rtt;
pub mod sender;
pub mod window;
pub mod word;

/// A moment, in nanoseconds of a clock of the caller's choice that does not run backwards.
pub type Nanos = u64;
