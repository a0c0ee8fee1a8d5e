//! Interruption at every instruction.
//!
//! A [`sweep`] runs a region of code under the x86 trap flag, so that the processor stops at each of its instruction
//! boundaries. There the process forks. The child sends itself real signals, which the kernel delivers at exactly that boundary
//! (or holds back while the region blocks them), runs the rest at full speed, and checks the result. The parent records the
//! verdict and steps on. One pass over the region therefore tries every boundary, each in its own process, and a child that
//! hangs is ended by its own timer.
//!
//! A system call is one step, because the kernel executes it. The boundary right behind each is visited too, which the trap
//! flag alone would skip (see [`trap`]).
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

pub mod log;
pub mod process;
pub mod shared;
pub mod sweep;
pub mod trap;

/// Runs the named checks in order, or those whose name contains the first argument; panics if one fails.
pub fn run(checks: &[(&str, fn())]) {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let mut wanted = checks
        .iter()
        .filter(|(name, _)| filter.as_ref().is_none_or(|filter| name.contains(filter)))
        .peekable();
    assert!(wanted.peek().is_some(), "no check is named {filter:?}");
    // A shell has SIGINT ignored by the programs that it starts in the background.
    // SAFETY: SIG_DFL is a disposition and no function, so nothing is ever called.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
    for (name, check) in wanted {
        println!("{name}");
        check();
    }
}
