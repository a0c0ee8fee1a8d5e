//! Getting signals in: the ring between the handler and the main loop, what a signal says, and how to wait for one.

pub mod event;
pub mod inbox;
pub mod ring;
pub mod spin;
#[cfg(feature = "std")]
pub mod threads;
