//! The protocol, without I/O: no system call, no clock, no thread. `PROTOCOL.md` is the specification.
//!
//! Every state machine takes events and the caller's time by `handle_*`, says by `poll_transmit` what to send, and by
//! `poll_timeout` when to ask again. The receiver has no timers: each of its `handle_*` returns the reply to send.
//!
//! | module | one idea |
//! | --- | --- |
//! | [`time`] | moments and spans of the caller's clock |
//! | [`bits`] | bytes to bits and back, most significant bit first |
//! | [`checksum`] | the frame's checksum |
//! | [`frame`] | the frame around a message, bit by bit |
//! | [`decoder`] | bits to the message of a frame |
//! | [`reason`] | why a message is rejected |
//! | [`control`] | the values that travel in `si_value`: requests and replies |
//! | [`word`] | what a real-time signal carries |
//! | [`window`] | the words in flight |
//! | [`rtt`] | how long to wait for a reply |
//! | [`timer`] | when to repeat, and when to give up |
//! | [`sender`] | the sending end of the reliable link |
//! | [`receiver`] | the receiving end |
//!
//! Both ends of the link, joined without a signal:
//!
//! ```
//! use minitalk::wire::control::Request;
//! use minitalk::wire::receiver::{FrameReceiver, Outcome};
//! use minitalk::wire::sender::{FrameSender, Lane, Transmit};
//! use minitalk::wire::time::{Duration, Instant};
//!
//! let timeout = Duration::from_millis(1_000);
//! let mut sender = FrameSender::new(b"Hi", 1, timeout, Lane::Bit)?;
//! let mut receiver = FrameReceiver::new(64);
//! let mut now = Instant::from_nanos(0);
//! while sender.result().is_none() {
//!     while let Some(transmit) = sender.poll_transmit(now) {
//!         let Transmit::Signal { bit, value, .. } = transmit else {
//!             unreachable!("there are no words on the bit lane");
//!         };
//!         // A bare signal is the next bit; a value says what else it is.
//!         let response = match value.and_then(Request::from_value) {
//!             None => receiver.handle_bit(bit),
//!             Some(request) => receiver.handle_request(bit, request),
//!         };
//!         let mut reply = response.reply;
//!         if let Some(Outcome::Complete { payload, .. }) = response.outcome {
//!             assert_eq!(payload, b"Hi");
//!             // The message has been written, so it is delivered.
//!             reply = receiver.handle_written(receiver.tag(), Ok(()));
//!         }
//!         if let Some(reply) = reply {
//!             sender.handle_reply(reply, now);
//!         }
//!     }
//!     now = sender.poll_timeout().unwrap_or(now);
//! }
//! assert_eq!(sender.result(), Some(Ok(())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//! Nothing here panics, whatever it is fed, and memory stays within the limit given to [`decoder::FrameDecoder::new`].

pub mod bits;
pub mod checksum;
pub mod control;
pub mod decoder;
pub mod frame;
pub mod reason;
pub mod receiver;
pub mod rtt;
pub mod sender;
pub mod time;
pub mod timer;
pub mod window;
pub mod word;

pub use time::Nanos;
