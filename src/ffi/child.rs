//! Child processes that end with the thread that started them (`PR_SET_PDEATHSIG(2const)`).

use core::mem::MaybeUninit;
use core::ptr;

use super::disposition::{default_action, replace};
use super::getpid;
use crate::signal::event::SignalSet;

/// Has the kernel kill what `command` starts when the calling thread ends, for whatever reason, so that no process is left
/// behind; and starts it with no signal blocked, regardless of what this thread blocks, and with the default action of
/// `signals`.
pub fn kill_with_thread(command: &mut std::process::Command, signals: SignalSet) {
    use std::os::unix::process::CommandExt;
    let parent = getpid();
    let tie = move || {
        for signal in signals.iter() {
            let _ = replace(signal, &default_action());
        }
        // SAFETY: both take integers, and a pointer to an initialised set of this frame.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let mut none = MaybeUninit::uninit();
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
        }
        // SAFETY: getppid takes nothing.
        if unsafe { libc::getppid() } != parent.get() {
            // SAFETY: _exit takes any number. The parent ended before the tie was made.
            unsafe { libc::_exit(1) }
        }
        Ok(())
    };
    // SAFETY: in the child of a fork the closure makes async-signal-safe system calls only (signal-safety(7); prctl is a bare
    // system call), allocates nothing and takes no lock.
    unsafe { command.pre_exec(tie) };
}
