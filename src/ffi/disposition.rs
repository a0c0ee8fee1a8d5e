//! Installs and restores signal dispositions (`sigaction(2)`).

use core::mem::MaybeUninit;
use core::ptr;

use super::errno::check;
use super::mask::set_of;
use super::{Errno, HANDLERS, add_handled, getpid, handler_address, send, unblock};
use crate::signal::set::{Signal, SignalSet};

/// Holds a signal's disposition: ignored, the default action, or a handler (`sigaction(2)`).
#[derive(Clone, Copy)]
pub struct Disposition(pub(super) libc::sigaction);

impl Disposition {
    /// Returns the disposition that ignores the signal.
    pub fn ignore() -> Self {
        let mut action = default_action();
        action.sa_sigaction = libc::SIG_IGN;
        Self(action)
    }

    /// Returns whether the signal is ignored, as SIGINT is in background jobs and SIGHUP under `nohup(1)`.
    pub fn is_ignored(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    /// Returns whether the signal has its default action, which for most signals ends the process.
    pub fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }
}

/// Installs the handler for `signal` and returns the previous disposition.
///
/// Sets SA_SIGINFO to learn the sender, and SA_RESTART for the program's other system calls (AS-23). `sa_mask` contains all
/// signals of the handler, so that it does not nest (AS-14). Does not set SA_ONSTACK (AS-9).
///
/// # Errors
/// Those of `sigaction(2)`: EINVAL for a signal that no process can handle.
pub fn install(signal: Signal) -> Result<Disposition, Errno> {
    let mut action = default_action();
    action.sa_sigaction = handler_address();
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    action.sa_mask = set_of(add_handled(signal.into()));
    replace(signal, &action)
}

/// Sets a disposition that [`install`] or [`Disposition::ignore`] returned, unless another handler has been installed since.
pub fn restore(signal: Signal, disposition: &Disposition) -> Result<(), Errno> {
    if is_ours(signal) {
        replace(signal, &disposition.0)?;
    }
    Ok(())
}

/// Returns whether our handler is installed for `signal`.
pub(super) fn is_ours(signal: Signal) -> bool {
    let current = current(signal).0.sa_sigaction;
    HANDLERS
        .iter()
        .any(|handler| current == *handler as libc::sighandler_t)
}

/// Returns whether `signal` is ignored.
pub fn is_ignored(signal: Signal) -> bool {
    current(signal).is_ignored()
}

fn current(signal: Signal) -> Disposition {
    let mut now = default_action();
    // SAFETY: with no new action, sigaction only fills the old one, for which all signals are valid.
    unsafe { libc::sigaction(signal.number(), ptr::null(), &raw mut now) };
    Disposition(now)
}

pub(super) fn replace(signal: Signal, action: &libc::sigaction) -> Result<Disposition, Errno> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: both pointers are to sigaction structures that live for the whole call, the first initialised. The handler is
    // ours, which is sound for any signal at any instruction, or an earlier one that the kernel returned, or none.
    check(unsafe { libc::sigaction(signal.number(), action, before.as_mut_ptr()) })?;
    // SAFETY: a successful sigaction filled it.
    Ok(Disposition(unsafe { before.assume_init() }))
}

/// Returns the default action: SIG_DFL, no flags, an empty mask.
pub(super) fn default_action() -> libc::sigaction {
    // SAFETY: sigaction is a C struct of integers, a mask and an optional function pointer: all zeroes are valid, and
    // SIG_DFL is 0.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Ignores `signal`, as SIGHUP for a server that outlives its terminal.
#[cfg(feature = "cli")]
pub fn ignore(signal: Signal) {
    let _ = replace(signal, &Disposition::ignore().0);
}

/// Ends the process by `signal`, so that its parent sees which signal ended it (the convention for SIGINT).
pub fn raise_default(signal: Signal) -> ! {
    let _ = replace(signal, &default_action());
    let _ = send(getpid(), signal, None);
    unblock(SignalSet::MINITALK);
    // SAFETY: _exit takes any number and does not return. This line is reached only if the signal could not be sent.
    unsafe { libc::_exit(128 + signal.number()) }
}
