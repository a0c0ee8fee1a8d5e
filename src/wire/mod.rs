//! Implements the protocol without I/O: no system call, no clock, no thread. `PROTOCOL.md` is the specification.
//!
//! Every state machine takes events and the caller's time by `handle_*`, says by `poll_transmit` what to send, and by
//! `poll_timeout` when to ask again. The receiver has no timers: its `handle_*` return the reply to send, and `poll_reply` what
//! is owed for bits.
//!
//! Both ends of the link, joined without a signal:
//!
//! ```
//! use minitalk::wire::control::Request;
//! use minitalk::wire::frame::{Frame, MessageKind};
//! use minitalk::wire::receiver::{FrameReceiver, Outcome};
//! use minitalk::wire::sender::{FrameSender, Lane};
//! use minitalk::wire::siphash::Key;
//! use minitalk::wire::time::{Duration, Instant};
//!
//! // In a program, the keys are random numbers.
//! let (ours, theirs) = (Key([1, 2]), Key([3, 4]));
//! let timeout = Duration::from_millis(1_000);
//! let mut sender = FrameSender::new(Frame::new(MessageKind::Message, b"Hi")?, ours, timeout, Lane::Bit);
//! let mut receiver = FrameReceiver::new(64, theirs, false);
//! let mut now = Instant::from_nanos(0);
//! while sender.result().is_none() {
//!     while let Some(transmit) = sender.poll_transmit(now) {
//!         let request = transmit.packet.and_then(|packet| Request::from_packet(&packet));
//!         let request = request.expect("only the real-time signal is sent bare");
//!         let response = receiver.handle_request(transmit.channel, request);
//!         let mut reply = response.reply;
//!         if let Some(Outcome::Complete { payload, .. }) = response.outcome {
//!             assert_eq!(payload, b"Hi");
//!             // The message has been written, so it is delivered.
//!             reply = receiver.handle_written(receiver.client_nonce(), Ok(()));
//!         }
//!         if let Some(reply) = reply.or_else(|| receiver.poll_reply(true)) {
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

pub(crate) mod bit_buffer;
mod bit_window;
pub mod bits;
pub mod control;
pub mod decoder;
pub mod frame;
pub mod packet;
pub mod reason;
pub mod receiver;
pub(crate) mod rtt;
pub mod sender;
pub mod siphash;
pub mod time;
mod timer;
mod window;
pub mod word;
pub(crate) mod word_window;

pub use time::Nanos;
