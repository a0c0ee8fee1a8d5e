//! Receives signals: the ring between handler and main loop, the decoded event, and the ways to wait.

pub mod event;
pub mod inbox;
pub mod ring;
pub mod set;
pub mod spin;
#[cfg(feature = "std")]
pub mod threads;
