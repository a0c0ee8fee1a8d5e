//! Blocks and unblocks signals on a thread (`pthread_sigmask(3)`).

use core::ffi::c_int;
use core::mem::MaybeUninit;

use crate::signal::event::{Signal, SignalSet};

/// Holds a thread's signal mask.
#[derive(Clone, Copy)]
pub struct Mask(pub(super) libc::sigset_t);

impl Mask {
    /// Returns the mask without `signals`.
    #[must_use]
    pub fn without(mut self, signals: SignalSet) -> Self {
        for signal in signals.iter() {
            // SAFETY: the set is initialised and ours alone; the number is that of a signal.
            unsafe { libc::sigdelset(&raw mut self.0, signal.number()) };
        }
        self
    }

    /// Returns whether the mask blocks `signal`.
    #[must_use]
    pub fn contains(&self, signal: Signal) -> bool {
        // SAFETY: the set is initialised; the number is that of a signal.
        unsafe { libc::sigismember(&raw const self.0, signal.number()) == 1 }
    }
}

/// Blocks `signals` on this thread and returns its previous mask.
pub fn block(signals: SignalSet) -> Mask {
    change_mask(libc::SIG_BLOCK, &set_of(signals))
}

/// Unblocks `signals` on this thread. The handler runs for pending ones before this returns.
pub fn unblock(signals: SignalSet) {
    change_mask(libc::SIG_UNBLOCK, &set_of(signals));
}

/// Blocks every signal on this thread except those that report a fault of the thread itself, such as SIGSEGV.
pub fn block_everything() {
    let mut set = empty_set();
    // SAFETY: the set is initialised and ours alone.
    unsafe { libc::sigfillset(&raw mut set) };
    change_mask(libc::SIG_BLOCK, &Mask(set).without(SignalSet::FAULTS).0);
}

/// Sets this thread's mask to one that [`block`] returned.
pub fn set_mask(mask: &Mask) {
    change_mask(libc::SIG_SETMASK, &mask.0);
}

fn change_mask(how: c_int, set: &libc::sigset_t) -> Mask {
    let mut before = empty_set();
    // SAFETY: both pointers are to initialised signal sets. It cannot fail with one of the three constants as `how`
    // (pthread_sigmask(3)); if a sandbox makes it fail, `before` is empty.
    unsafe { libc::pthread_sigmask(how, set, &raw mut before) };
    Mask(before)
}

pub(super) fn set_of(signals: SignalSet) -> libc::sigset_t {
    let mut set = empty_set();
    for signal in signals.iter() {
        // SAFETY: the set is initialised and ours alone; the number is that of a signal.
        unsafe { libc::sigaddset(&raw mut set, signal.number()) };
    }
    set
}

pub(super) fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set it is given.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}
