//! Reaches another process: its PID, the signals it handles, its CPU, and how to signal it and no other process.

#[cfg(feature = "std")]
pub mod affinity;
#[cfg(feature = "std")]
pub mod peer;
pub mod pid;
#[cfg(feature = "std")]
pub mod proc;
