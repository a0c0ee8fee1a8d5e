//! What a child made by `fork` must not inherit (`pthread_atfork(3)`).

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::disposition::{default_action, is_ours, replace};
use super::{Errno, Mask, unblock};
use crate::signal::event::{Signal, SignalSet};
use crate::signal::ring::RING;

/// Our signals that this process had open before the handler was installed, for [`in_forked_child`].
static OPEN_BEFORE: AtomicU64 = AtomicU64::new(0);

/// The thread that drains the ring (`pthread_self(3)`), for [`in_forked_child`].
static OWNER: AtomicUsize = AtomicUsize::new(0);

/// AS-24: sees to it that a child made by `fork` does not inherit the handler, whose signals nobody would drain there: a child
/// that swallows SIGTERM. Each signal that is handled at the time of the fork gets its default action in the child, as
/// `exec` would give it, and is open there if it was open in `before`.
///
/// # Errors
/// ENOMEM.
pub fn install_fork_hook(before: &Mask) -> Result<(), Errno> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    let open = SignalSet::ALL.filter(|signal| !before.contains(signal));
    // Ordering: Relaxed; read in a child, which is a copy of the thread that forked.
    OPEN_BEFORE.store(open.mask(), Ordering::Relaxed);
    // Ordering: Relaxed; as above.
    OWNER.store(this_thread(), Ordering::Relaxed);
    // Ordering: Relaxed; only the owner of the ring comes here, one at a time.
    if HOOKED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: the hook, which stays for good, makes async-signal-safe calls only, as it must in the child of a process
    // with several threads.
    match unsafe { libc::pthread_atfork(None, None, Some(in_forked_child)) } {
        0 => Ok(()),
        errno => {
            // Ordering: Relaxed; as above.
            HOOKED.store(false, Ordering::Relaxed);
            Err(Errno::new(errno))
        }
    }
}

/// It asks the kernel which signals are handled, so it has no state of its own that a fork could find half written.
unsafe extern "C" fn in_forked_child() {
    // Ordering: Relaxed; see the store.
    let open = OPEN_BEFORE.load(Ordering::Relaxed);
    // Ordering: Relaxed; see the store.
    if OWNER.load(Ordering::Relaxed) != this_thread() {
        // Whoever drained it did not come along, and nobody else is here.
        RING.reset();
    }
    for signal in Signal::ALL {
        if !is_ours(signal) {
            continue;
        }
        let _ = replace(signal, &default_action());
        if open & signal.mask() != 0 {
            unblock(signal.into());
        }
    }
}

/// A number of this thread that it keeps in the child of a fork.
fn this_thread() -> usize {
    // SAFETY: pthread_self cannot fail and touches no memory.
    unsafe { libc::pthread_self() as usize }
}
