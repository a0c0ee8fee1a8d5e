//! The protocol, without I/O: no system call, no clock, no thread. Every function here is deterministic; whoever calls
//! brings the events and the time, and carries out what is returned. `PROTOCOL.md` is the specification.
//!
//! | module | one idea |
//! | --- | --- |
//! | [`bits`] | bytes to bits and back, most significant bit first |
//! | [`crc`] | the frame's checksum |
//! | [`frame`] | the frame around a message, bit by bit |
//! | [`decoder`] | bits to messages: our frames, and NUL-terminated text |
//! | [`control`] | the words that travel in `si_value`: hello, re-send, answer |
//! | [`word`] | what a real-time signal carries |
//! | [`flight`] | the words on their way: a window |
//! | [`pace`] | how long to wait for an answer |
//! | [`sender`] | the sending end of the reliable link |
//! | [`receiver`] | the receiving end |
//!
//! # Guarantees
//! Nothing here panics, whatever it is fed, and memory stays within the limit given to [`decoder::Decoder::new`].

pub mod bits;
pub mod control;
pub mod crc;
pub mod decoder;
pub mod flight;
pub mod frame;
pub mod pace;
pub mod receiver;
pub mod sender;
pub mod word;

/// A moment, in nanoseconds of a clock of the caller's choice that does not run backwards.
pub type Nanos = u64;
