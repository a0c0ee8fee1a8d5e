//! The audit of signal handlers in compiled programs: a library for minitalk's own tasks, and the command `minitalk-audit`.

mod leaf;

pub use leaf::{Product, foreign as program, main as task};
