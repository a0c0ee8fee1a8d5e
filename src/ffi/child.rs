//! Child processes that end with the thread that started them (`PR_SET_PDEATHSIG(2const)`).

use super::disposition::{default_action, replace};
use super::{getpid, set_mask};
use crate::process::pid::Pid;
use crate::signal::set::SignalSet;

/// Makes the kernel kill the child of `command` when the calling thread ends for any reason, so that no process is left behind.
///
/// The child starts with no signal blocked and with the default action for `signals`.
pub fn kill_with_thread(command: &mut std::process::Command, signals: SignalSet) {
    use std::os::unix::process::CommandExt;
    let parent = getpid();
    let prepare = move || {
        for signal in signals.iter() {
            let _ = replace(signal, &default_action());
        }
        // SAFETY: the request takes an integer.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        set_mask(SignalSet::NONE);
        // SAFETY: getppid takes nothing.
        if unsafe { libc::getppid() } != parent.get() {
            // SAFETY: _exit takes any number. The parent ended before the prctl.
            unsafe { libc::_exit(1) }
        }
        Ok(())
    };
    // SAFETY: in the child of a fork the closure makes async-signal-safe system calls only (signal-safety(7); prctl is a bare
    // system call), allocates nothing and takes no lock.
    unsafe { command.pre_exec(prepare) };
}

/// Kills the process group that the child `pid` leads (`kill(2)`), if it leads one. The child must not have been reaped: until
/// then no other process or group can have its number.
pub fn kill_group_of(pid: Pid) {
    // To kill, -1 means every process.
    if pid.get() > 1 {
        // SAFETY: kill takes integers, and this one names a single group.
        unsafe { libc::kill(-pid.get(), libc::SIGKILL) };
    }
}
