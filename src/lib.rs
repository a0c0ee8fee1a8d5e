//! Messages between processes over nothing but POSIX signals: no socket, no pipe, no file, no shared memory.
//!
//! A process that knows the PID of another sends it a message, bit by bit as SIGUSR1 and SIGUSR2, or in words of 24 bytes as a
//! real-time signal. Nothing is lost, nothing is corrupted, and nobody who does not handle the signals is sent one.
//!
//! ```
//! use minitalk::Receiver;
//!
//! # #[cfg(feature = "std")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Two processes: the first starts this program again as its client.
//!     if let Ok(pid) = std::env::var("RECEIVER") {
//!         minitalk::send(pid.parse()?, b"Hello, signals")?;
//!         return Ok(());
//!     }
//!     let mut receiver = Receiver::bind()?;
//!     let mut client = std::process::Command::new(std::env::current_exe()?)
//!         .env("RECEIVER", std::process::id().to_string())
//!         .spawn()?;
//!     let message = receiver.recv()?;
//!     assert_eq!(message.payload, b"Hello, signals");
//!     assert_eq!(message.pid.get(), client.id().try_into()?);
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
//! | receive in a program that does other things too | [`Receiver`] | `std` |
//! | send | [`send`], or [`Sender`] for more than one message and for options | `std` |
//! | make serving the program, and acknowledge only what has been dealt with | [`server::serve`] | `std` |
//! | have the bare signals: sender, bit, code, value | [`Inbox`] | |
//! | decode or encode what came another way, without I/O and without a clock | [`wire`], [`dialect`] | |
//! | take values out of a signal handler of your own | [`ring::Ring`] | |
//!
//! The examples of the repository show each of them. Without features the crate is `no_std` and depends on `libc` alone; the
//! command `minitalk` is of the features `cli` and `tools`.
//!
//! # What it does to a process
//!
//! A process has one disposition for each signal and any of its threads may be given it, so there are rules. Whoever breaks one of
//! the first two is told by an error ([`Unavailable`]).
//!
//! * **One** receiver, sender or inbox at a time.
//! * **Threads** that were started before it must have the three signals blocked: [`block_signals`] first in `main`.
//! * **Other users** of the signals get them back when it is dropped; a signal that would have killed the process is ignored from
//!   then on. SIGINT and SIGTERM are left alone, unless it is asked to stop on them.
//! * **Children** by `fork` do not receive, unless they bind a receiver of their own. Programs that are started inherit that the signals are blocked.
//! * **Async runtimes** wait for the receiver's descriptor. It is bound before the runtime starts its threads.
//!
//! The signal handler itself copies six words into a ring and does nothing else: `SAFETY.md` in the repository lists every
//! hazard that a handler can have, and how it is shown that this one has none.
#![no_std]
#![deny(unsafe_code)]
// Set by checks/sanitizers.sh alone, with a compiler that allows it.
#![cfg_attr(minitalk_rtsan, feature(sanitize))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "std")]
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "a build without the command calls less of it")
)]
mod background;
#[cfg(feature = "std")]
pub mod client;
pub mod dialect;
#[allow(unsafe_code)]
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "a build without the command calls less of it")
)]
mod ffi;
#[cfg_attr(
    not(feature = "internals"),
    allow(dead_code, reason = "a build without the command calls less of it")
)]
mod process;
#[cfg(feature = "std")]
mod receiver;
#[cfg(feature = "std")]
mod sender;
#[cfg(feature = "std")]
pub mod server;
mod signal;
pub mod wire;

pub use process::pid::{InvalidPid, Pid};
pub use signal::event::{Event, Origin, Signal, SignalSet};
pub use signal::inbox::{Inbox, InboxError};

#[cfg(feature = "std")]
pub use {
    process::peer::PeerError,
    receiver::{Builder, ReceiveError, Receiver, Stopper},
    sender::{Sender, send},
    server::Message,
    signal::threads::{Unavailable, block_signals, block_signals_and_stops},
};

/// A wait-free queue that a signal handler may push to.
pub mod ring {
    pub use crate::signal::ring::{Consumer, Entry, Ring};
}

/// What the command and the checks of this repository use besides. Not part of the interface: it changes without notice.
#[cfg(feature = "internals")]
#[doc(hidden)]
#[allow(missing_docs)]
pub mod internals {
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
}
