//! Sends messages between processes over POSIX signals alone: no socket, no pipe, no file, no shared memory.
//!
//! A sender needs only the receiver's PID. It sends a message bit by bit as SIGUSR1 and SIGUSR2, or in words of 32 bytes as a
//! real-time signal. Messages arrive complete and unchanged. A process that does not handle the signals is never sent one.
//!
//! ```
//! use minitalk::Endpoint;
//!
//! # #[cfg(feature = "std")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let endpoint = Endpoint::bind()?;
//!     // Two processes: the first starts this program again as its client.
//!     if let Ok(pid) = std::env::var("SERVICE") {
//!         assert_eq!(endpoint.request(pid.parse()?, b"Hello")?, b"Hello, signals");
//!         return Ok(());
//!     }
//!     let mut client = std::process::Command::new(std::env::current_exe()?)
//!         .env("SERVICE", std::process::id().to_string())
//!         .spawn()?;
//!     let message = endpoint.recv()?;
//!     assert_eq!(message.pid, client.id().try_into()?);
//!     message.reply(&[&message.payload, &b", signals"[..]].concat())?;
//!     assert!(client.wait()?.success());
//!     Ok(())
//! }
//! ```
//!
#![doc = include_str!("../docs/demo.html")]
//!
//! # What to use
//!
//! | to | there is | of feature |
//! | --- | --- | --- |
//! | send, receive, ask and reply, in a program that also does other work | [`Endpoint`], or [`send`] for one message | `std` |
//! | receive in a loop that owns the thread, and acknowledge only messages that have been handled | [`engine::serve`] | `std` |
//! | send to a program that speaks another protocol | [`client`], with an [`Inbox`] | `std` |
//! | receive any signals: number, code, sender, value | [`Inbox`] | |
//! | decode or encode, without I/O and without a clock | [`wire`], [`dialect`] | |
//! | pass values out of your own signal handler | [`ring::Ring`] | |
//!
//! The examples of the repository show the first, the fourth and the last. Without features the crate is `no_std` with `alloc`,
//! and depends on `libc` alone; it receives and sends by [`Inbox`], [`wire`] and [`Signal::send`], as `examples/no_std` does.
//! The command `minitalk` needs the feature `cli`, and some of its commands `tools`.
//!
//! # Any signal
//!
//! An [`Inbox`] receives any signal that a process may handle, loses none that the kernel delivers, and shows everything that the
//! kernel knows of it ([`Event`]). `tests/signals.rs` in the repository has a program for each cell:
//!
//! | | [`Inbox`] | signal-hook 0.4 | tokio 1 | signalfd |
//! | --- | --- | --- | --- | --- |
//! | of fifty queued SIGRTMIN+8, read together | 50, in order | 1 | 1 | 50, in order |
//! | of these with siginfo: value, sender's PID | 50 | 5, by `WithRawSiginfo` | none | 50 |
//! | left after an edge of epoll and one read | | | | 49, without another edge |
//! | whether the kernel attests the PID | [`Origin`] | from `si_code` | no | from `ssi_code` |
//!
//! An inbox works beside each of the others in one process, if they have other signals. As with signalfd, the other threads
//! must block the signals of an inbox, which fails to open otherwise: see [`SignalSet::block`].
//!
//! # Effects on the process
//!
//! A process has one disposition for each signal, and the kernel delivers a signal to any thread that does not block it. Hence
//! these rules. An endpoint or inbox that would break one of the first two is not opened ([`Unavailable`], [`InboxError`]).
//!
//! * **One** endpoint or inbox is open at a time.
//! * **Threads** that were started before must block SIGUSR1, SIGUSR2 and signal 44: call [`block_signals`] first in `main`.
//! * **Dispositions** are restored when an endpoint is dropped, but a signal that would then kill the process is
//!   ignored from then on. SIGINT and SIGTERM are not touched, unless the endpoint is to stop on them.
//! * **Children** by `fork` do not receive, unless they bind their own endpoint. Programs that the process starts inherit the
//!   blocked signals.
//! * **Async runtimes** wait for the endpoint's descriptor. Call [`block_signals`] before the runtime starts its threads.
//!
//! The signal handler copies six words into a ring and does nothing else. `SAFETY.md` in the repository lists the hazards of
//! signal handlers, and the evidence that this one has none of them.
#![no_std]
#![deny(unsafe_code)]
// A user must be able to name every type that a public signature mentions.
#![deny(unnameable_types)]
// Set by checks/sanitizers.sh alone, with a compiler that allows it.
#![cfg_attr(minitalk_rtsan, feature(sanitize))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

/// Implements `From` for each error that a variant holds.
#[cfg(feature = "std")]
macro_rules! convert_errors {
    ($to:ident: $($variant:ident($from:ty)),+) => {
        $(impl From<$from> for $to {
            fn from(error: $from) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

#[cfg(feature = "std")]
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "only the command and the checks use all of it")
)]
mod background;
#[cfg(feature = "std")]
pub mod client;
pub mod dialect;
#[cfg(feature = "std")]
mod endpoint;
#[cfg(feature = "std")]
pub mod engine;
#[allow(unsafe_code)]
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "only the command and the checks use all of it")
)]
mod ffi;
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "only the command and the checks use all of it")
)]
mod process;
#[cfg(feature = "std")]
pub mod server;
mod signal;
pub mod wire;

pub use ffi::{Errno, Fd};
pub use process::pid::{InvalidPid, Pid};
pub use signal::event::{Event, Origin};
pub use signal::inbox::{Inbox, InboxError};
pub use signal::set::{Signal, SignalSet};

#[cfg(feature = "std")]
pub use {
    endpoint::{Builder, Endpoint, Messages, ReceiveError, Stopper, send},
    engine::Message,
    process::peer::{Peer, PeerError, ProcessStatus},
    server::Received,
    signal::threads::{Unavailable, block_signals, block_signals_and_stops},
};

/// Provides a wait-free queue that a signal handler may push to.
pub mod ring {
    pub use crate::signal::ring::{Consumer, Entry, Ring};
}

/// Exposes internals to the command and the checks of this repository. Not part of the interface: changes without notice.
#[cfg(feature = "internals")]
#[doc(hidden)]
#[allow(missing_docs)]
pub mod internals {
    #[cfg(feature = "std")]
    pub use crate::endpoint::SERVICE_THREAD;
    #[cfg(feature = "std")]
    pub mod background {
        pub use crate::background::*;
    }
    pub mod ffi {
        pub use crate::ffi::*;
    }
    pub mod process {
        pub use crate::process::*;
    }
    pub mod signal {
        pub use crate::signal::*;
    }
    pub mod wire {
        pub use crate::wire::bit_buffer::BitBuffer;
        pub use crate::wire::rtt::PAUSED_INTERVAL;
        pub use crate::wire::word_window::MAX_WINDOW;
    }
}
