//! Messages between processes over nothing but POSIX signals.
#![no_std]
#![deny(unsafe_code)]
// Set by checks/sanitizers.sh alone, with a compiler that allows it.
#![cfg_attr(minitalk_rtsan, feature(sanitize))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "std")]
pub mod client;
pub mod dialect;
pub mod event;
#[allow(unsafe_code)]
pub mod ffi;
#[cfg(feature = "std")]
pub mod follow;
pub mod inbox;
#[cfg(feature = "std")]
pub mod peer;
pub mod pid;
#[cfg(feature = "std")]
pub mod proc;
#[cfg(feature = "std")]
pub mod receiver;
pub mod ring;
#[cfg(feature = "std")]
pub mod sender;
#[cfg(feature = "std")]
pub mod server;
pub mod spin;
#[cfg(feature = "std")]
pub mod threads;
pub mod wire;

#[cfg(feature = "std")]
pub use crate::{
    pid::Pid,
    receiver::{ReceiveError, Receiver},
    sender::{Sender, send},
    server::Message,
    threads::{Unavailable, block_signals},
};
