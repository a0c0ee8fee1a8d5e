//! Removes the handler in a forked child (`pthread_atfork(3)`).

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::disposition::{default_action, is_ours, replace};
use super::{Errno, handled, unblock};
use crate::signal::ring::RING;
use crate::signal::set::SignalSet;

/// Holds the mask of the handled signals that were not blocked before the handler was installed, for [`in_forked_child`].
static UNBLOCKED_BEFORE: AtomicU64 = AtomicU64::new(0);

/// Identifies the thread that drains the ring (`pthread_self(3)`), for [`in_forked_child`].
static OWNER: AtomicUsize = AtomicUsize::new(0);

/// Installs a hook that removes the handler in a forked child (AS-24), which would otherwise swallow SIGTERM.
///
/// Each signal that is handled at the time of the fork gets its default action in the child, as after `exec`. It is unblocked
/// there unless it is in `blocked`. Call it after [`add_handled`](super::add_handled).
///
/// # Errors
/// ENOMEM.
pub fn install_fork_hook(blocked: SignalSet) -> Result<(), Errno> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    let unblocked = handled().filter(|signal| !blocked.contains(signal));
    // Ordering: Relaxed; read in a child, which is a copy of the thread that forked.
    UNBLOCKED_BEFORE.store(unblocked.mask(), Ordering::Relaxed);
    // Ordering: Relaxed; as above.
    OWNER.store(this_thread(), Ordering::Relaxed);
    // Ordering: Relaxed; only the owner of the ring comes here, one at a time.
    if HOOKED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: the hook, which is never removed, makes async-signal-safe calls only, as it must in the child of a process with
    // several threads.
    match unsafe { libc::pthread_atfork(None, None, Some(in_forked_child)) } {
        0 => Ok(()),
        errno => {
            // Ordering: Relaxed; as above.
            HOOKED.store(false, Ordering::Relaxed);
            Err(Errno::new(errno))
        }
    }
}

/// Restores the default actions of the handled signals, and resets the ring if its consumer is not in the child.
///
/// Asks the kernel which signals are handled, because a fork could find a copy of that state half written.
unsafe extern "C" fn in_forked_child() {
    // Ordering: Relaxed; see the store.
    let unblocked = UNBLOCKED_BEFORE.load(Ordering::Relaxed);
    // Ordering: Relaxed; see the store.
    if OWNER.load(Ordering::Relaxed) != this_thread() {
        // The thread that drained the ring is not in the child, which has no thread but this one.
        RING.reset();
    }
    for signal in handled().iter() {
        if !is_ours(signal) {
            continue;
        }
        let _ = replace(signal, &default_action());
        if unblocked & signal.mask() != 0 {
            unblock(signal.into());
        }
    }
}

/// Returns an identifier of this thread that stays the same in a forked child.
fn this_thread() -> usize {
    // SAFETY: pthread_self cannot fail and touches no memory.
    unsafe { libc::pthread_self() as usize }
}
