//! Blocks and unblocks signals on a thread (`pthread_sigmask(3)`).

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

use crate::signal::set::SignalSet;

/// Blocks `signals` on this thread and returns those that were blocked before.
pub fn block(signals: SignalSet) -> SignalSet {
    change_mask(libc::SIG_BLOCK, &set_of(signals))
}

/// Unblocks `signals` on this thread. The handler runs for pending ones before this returns.
pub fn unblock(signals: SignalSet) {
    change_mask(libc::SIG_UNBLOCK, &set_of(signals));
}

/// Blocks every signal on this thread except those that report a fault of the thread itself, such as SIGSEGV.
pub fn block_everything() {
    let mut all = set_of(SignalSet::NONE);
    // SAFETY: the set is initialised and ours alone.
    unsafe { libc::sigfillset(&raw mut all) };
    block(signals_in(&all).filter(|signal| !SignalSet::FAULTS.contains(signal)));
}

/// Makes this thread block `signals` and no others.
pub fn set_mask(signals: SignalSet) {
    change_mask(libc::SIG_SETMASK, &set_of(signals));
}

fn change_mask(how: c_int, set: &libc::sigset_t) -> SignalSet {
    let mut before = set_of(SignalSet::NONE);
    // SAFETY: both pointers are to initialised signal sets. It cannot fail with one of the three constants as `how`
    // (pthread_sigmask(3)); if a sandbox makes it fail, `before` is empty.
    unsafe { libc::pthread_sigmask(how, set, &raw mut before) };
    signals_in(&before)
}

const _: () = assert!(align_of::<libc::sigset_t>() >= align_of::<u64>());

/// Returns `signals` as the C library takes them: its sets begin with the kernel's 64-bit mask.
pub(super) fn set_of(signals: SignalSet) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: a sigset_t is an array of integers, for which all zeroes are valid, as large and aligned as a u64 at least.
    unsafe {
        set.as_mut_ptr().cast::<u64>().write(signals.mask());
        set.assume_init()
    }
}

fn signals_in(set: &libc::sigset_t) -> SignalSet {
    // SAFETY: a sigset_t is an array of integers, as large and aligned as a u64 at least.
    SignalSet::of_mask(unsafe { *ptr::from_ref(set).cast::<u64>() })
}
