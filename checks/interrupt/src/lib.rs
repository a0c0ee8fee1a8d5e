//! Interruption at every instruction.
//!
//! A [`sweep`] runs a region of code under the x86 trap flag, so that the processor stops at every instruction boundary
//! of it. At each boundary the process forks itself; the child sends itself real signals, which the kernel delivers at
//! exactly that boundary (or holds back, where the region has them blocked), runs the rest at full speed, and checks
//! what came of it. The parent notes the verdict and steps on. So one pass over the region tries every boundary, each in
//! a process of its own, and a child that hangs is ended by its own timer.
//!
//! System calls are one step: what happens inside them is the kernel's. The boundary behind each is visited too, which
//! the trap flag alone would skip (see [`trap`]).
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

pub mod log;
pub mod process;
pub mod shared;
pub mod sweep;
pub mod trap;

/// Runs the named checks in order, or those whose name contains the first argument, and fails by panicking.
pub fn run(checks: &[(&str, fn())]) {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let mut wanted = checks
        .iter()
        .filter(|(name, _)| filter.as_ref().is_none_or(|filter| name.contains(filter)))
        .peekable();
    assert!(wanted.peek().is_some(), "no check is named {filter:?}");
    for (name, check) in wanted {
        println!("{name}");
        check();
    }
}
