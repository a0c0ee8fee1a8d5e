//! The other process: its PID, what it handles, how to signal it and nobody else, and where it runs.

#[cfg(feature = "std")]
pub mod affinity;
#[cfg(feature = "std")]
pub mod peer;
pub mod pid;
#[cfg(feature = "std")]
pub mod proc;
