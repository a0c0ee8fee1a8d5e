//! Forked child processes with a watchdog, reaped by PID.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

/// The limits after which a child ends itself.
#[derive(Clone, Copy)]
pub struct Limit {
    /// CPU time: catches a loop, independent of the load of the machine.
    pub cpu: Duration,
    /// Elapsed time: catches a sleep.
    pub wall: Duration,
}

impl Limit {
    /// Limits for children that must not hang, far above what they need on any machine.
    pub const GENEROUS: Self = Self {
        cpu: Duration::from_secs(60),
        wall: Duration::from_secs(900),
    };
}

/// The way in which a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exited(i32),
    /// Its watchdog ended it while it was running.
    Spun,
    /// Its watchdog ended it while it was asleep.
    Slept,
    /// Another signal killed it.
    Killed(i32),
}

impl End {
    /// Interprets the status of `waitpid`.
    #[must_use]
    pub fn from_status(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            return Self::Exited(libc::WEXITSTATUS(status));
        }
        match libc::WTERMSIG(status) {
            libc::SIGPROF => Self::Spun,
            libc::SIGALRM => Self::Slept,
            signal => Self::Killed(signal),
        }
    }
}

/// Ends this process when the limit is reached. A forked child does not inherit the timers and arms its own.
pub fn watchdog(limit: Limit) {
    for (timer, after) in [
        (libc::ITIMER_PROF, limit.cpu),
        (libc::ITIMER_REAL, limit.wall),
    ] {
        let value = libc::itimerval {
            it_interval: libc::timeval {
                tv_sec: 0,
                tv_usec: 0,
            },
            it_value: libc::timeval {
                tv_sec: after.as_secs().cast_signed(),
                tv_usec: after.subsec_micros().into(),
            },
        };
        // SAFETY: setitimer reads the value during the call; the old value is not asked for.
        unsafe { libc::setitimer(timer, &raw const value, ptr::null_mut()) };
    }
}

/// A child process, not yet reaped.
#[must_use]
pub struct Child(libc::pid_t);

impl Child {
    /// Forks through libc, with its fork hooks. The child runs `body` and exits with its result, or with 101 after a panic.
    ///
    /// The caller must have one thread only.
    pub fn fork(limit: Limit, body: impl FnOnce() -> i32) -> Self {
        let _ = std::io::stdout().flush();
        // SAFETY: this process has one thread, so the child is a complete copy and may do anything.
        match unsafe { libc::fork() } {
            0 => {
                // SAFETY: takes integers only. The kernel ends the child if the check fails.
                unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
                watchdog(limit);
                let status = catch_unwind(AssertUnwindSafe(body)).unwrap_or(101);
                let _ = std::io::stdout().flush();
                // SAFETY: _exit takes any number and does not return.
                unsafe { libc::_exit(status) }
            }
            pid => {
                assert!(pid > 0, "fork: {}", std::io::Error::last_os_error());
                Self(pid)
            }
        }
    }

    /// Forks by the bare system call, without libc's hooks, as `vfork` does.
    ///
    /// The child has no watchdog and runs no exit handlers: `body` must end in `exec`.
    pub fn fork_without_hooks(body: impl FnOnce() -> i32) -> Self {
        // SAFETY: this process has one thread, so the child is a complete copy, and goes on to exec or _exit.
        match unsafe { libc::syscall(libc::SYS_fork) } {
            0 => {
                let status = body();
                // SAFETY: _exit takes any number and does not return.
                unsafe { libc::_exit(status) }
            }
            pid => {
                assert!(pid > 0, "fork: {}", std::io::Error::last_os_error());
                Self(pid as libc::pid_t)
            }
        }
    }

    /// Returns the child's PID, which is not reused before the child is reaped.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.0
    }

    /// Waits until the child has ended.
    #[must_use]
    pub fn end(self) -> End {
        let mut status = 0;
        loop {
            // SAFETY: the status lives for the whole call, and the PID is that of our child, reaped here only.
            if unsafe { libc::waitpid(self.0, &raw mut status, 0) } == self.0 {
                return End::from_status(status);
            }
            let error = std::io::Error::last_os_error();
            assert_eq!(error.kind(), std::io::ErrorKind::Interrupted, "{error}");
        }
    }
}

/// Runs `body` in a child, and fails unless it returns.
pub fn in_child(body: impl FnOnce()) {
    let child = Child::fork(Limit::GENEROUS, || {
        body();
        0
    });
    assert_eq!(child.end(), End::Exited(0));
}
