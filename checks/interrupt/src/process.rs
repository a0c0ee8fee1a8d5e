//! Child processes with a watchdog, reaped by their PID.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

/// After how long a child ends itself.
#[derive(Clone, Copy)]
pub struct Limit {
    /// Time on a processor: catches a loop, and no load on the machine makes it run faster.
    pub cpu: Duration,
    /// Time on the wall: catches a sleep.
    pub wall: Duration,
}

impl Limit {
    /// For children that must not hang: far beyond what they need on any machine.
    pub const GENEROUS: Self = Self {
        cpu: Duration::from_secs(60),
        wall: Duration::from_secs(900),
    };
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exited(i32),
    /// By its watchdog, running.
    Spun,
    /// By its watchdog, asleep.
    Slept,
    /// By another signal.
    Killed(i32),
}

impl End {
    /// From `waitpid`'s status.
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

/// Ends this process when the limit is reached. Timers are not inherited: each child arms its own.
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
    /// Forks, through libc and its fork hooks; the child runs `body` and exits with what it returns, or with 101 after a
    /// panic.
    ///
    /// The caller has one thread.
    pub fn fork(limit: Limit, body: impl FnOnce() -> i32) -> Self {
        let _ = std::io::stdout().flush();
        // SAFETY: this process has one thread, so the child is a complete copy and may do anything.
        match unsafe { libc::fork() } {
            0 => {
                // SAFETY: takes integers only. So that nothing outlives a check that failed.
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

    /// As [`fork`](Self::fork) by the bare system call, without libc's hooks, as `vfork` does it; no watchdog, no exit
    /// handlers: for a body that ends in `exec`.
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

    /// The child's PID, which stays its own until it is reaped.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.0
    }

    /// Waits until it has ended.
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

/// Runs `body` in a child and fails unless it returns.
pub fn in_child(body: impl FnOnce()) {
    let child = Child::fork(Limit::GENEROUS, || {
        body();
        0
    });
    assert_eq!(child.end(), End::Exited(0));
}
