//! Which thread of a process gets a signal: any that has it open. So the one that waits for it must be the only one
//! (`signal(7)`; AS-14).

use core::fmt;
use core::time::Duration;
use std::fs;
use std::io;
use std::string::String;
use std::thread::{self, ThreadId};
use std::time::Instant;

use crate::ffi::{self, Errno, Mask};
use crate::process::pid::Pid;
use crate::process::proc::{self, Status};
use crate::signal::event::SignalSet;
use crate::signal::inbox::{Inbox, InboxError};

/// Blocks SIGUSR1, SIGUSR2 and the real-time signal of words on this thread, and so on every thread that it starts from then
/// on: to be called first in `main` by a program that receives or sends once it has other threads.
///
/// ```
/// minitalk::block_signals();
/// std::thread::spawn(|| { /* never interrupted by a message */ });
/// let receiver = minitalk::Receiver::bind()?;
/// # Ok::<(), minitalk::Unavailable>(())
/// ```
pub fn block_signals() {
    ffi::block(SignalSet::LANES);
}

/// As [`block_signals`], SIGINT and SIGTERM too: for a receiver that is to
/// [stop on them](crate::receiver::Builder::stop_on_signals).
pub fn block_signals_and_stops() {
    ffi::block(SignalSet::ALL);
}

/// Signals that are blocked on every thread of the process, and on this one for as long as this lives.
pub(crate) struct Blocked {
    pid: Pid,
    thread: ThreadId,
    before: Mask,
    /// Those that were open.
    opened: SignalSet,
}

impl Blocked {
    /// Blocks `signals` on this thread, if they are on all others.
    pub fn everywhere(signals: SignalSet) -> Result<Self, Unavailable> {
        let before = ffi::block(signals);
        let blocked = Self {
            pid: ffi::getpid(),
            thread: thread::current().id(),
            before,
            opened: signals.filter(|signal| !before.contains(signal)),
        };
        // A thread that has them open may be that of another receiver.
        match check_others(signals) {
            Err(_) if Inbox::is_open() => Err(Unavailable::Taken),
            result => result.map(|()| blocked),
        }
    }

    /// The process.
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// This thread's mask before.
    pub const fn before(&self) -> &Mask {
        &self.before
    }

    /// Whether this is a child of that process by `fork`.
    pub fn is_elsewhere(&self) -> bool {
        ffi::getpid() != self.pid
    }
}

/// Another thread's mask is its own affair.
impl Drop for Blocked {
    fn drop(&mut self) {
        if thread::current().id() == self.thread && !self.is_elsewhere() {
            ffi::unblock(self.opened);
        }
    }
}

/// Makes sure that no thread but this one has one of `signals` open; all are blocked here, so that a thread which has one open
/// can only have been started by another that has.
fn check_others(signals: SignalSet) -> Result<(), Unavailable> {
    let until = Instant::now() + MOMENT;
    while !look_at_others(signals, until)? {
        if Instant::now() >= until {
            let text = "threads begin and end too fast to see what they block";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text).into());
        }
        thread::yield_now();
    }
    Ok(())
}

/// How long that may take.
const MOMENT: Duration = Duration::from_millis(500);

/// Whether all of them have been seen: one that has ended meanwhile may have started another, which is not in the list.
fn look_at_others(signals: SignalSet, until: Instant) -> Result<bool, Unavailable> {
    let this = ffi::gettid();
    let ours = proc::thread_status(this)?;
    let mut seen = 1;
    for entry in fs::read_dir("/proc/self/task")? {
        let name = entry?.file_name();
        let tid = name.to_str().and_then(|name| name.parse().ok());
        let Some(tid) = tid.filter(|tid| *tid != this) else {
            continue;
        };
        let Some(status) = settled(tid, until)?.filter(|status| !has_ended(status, &ours)) else {
            return Ok(false);
        };
        let open = signals.filter(|signal| status.blocked & signal.mask() == 0);
        if open.mask() != 0 {
            let name = status.name;
            return Err(Unavailable::OpenOn { tid, name, open });
        }
        seen += 1;
    }
    // The kernel ends the list early where a thread ends under it.
    Ok(proc::status(ffi::getpid())?.threads == seen)
}

/// Whether another thread than ours ends. Where no signal may be queued at all (RLIMIT_SIGPENDING), each looks as if it did.
const fn has_ended(other: &Status, ours: &Status) -> bool {
    other.ended || other.released && !ours.released
}

/// The status of a thread that is not about to change its mask by itself, unless the thread has ended. For a moment, as when
/// a thread begins, the C library blocks all signals; a thread that sleeps and has them blocked for longer will have them
/// blocked for good. One that does not sleep may only have had no CPU.
fn settled(tid: i32, until: Instant) -> io::Result<Option<Status>> {
    loop {
        let status = match proc::thread_status(tid) {
            Ok(status) => status,
            // ENOENT: it had ended before the file was opened; ESRCH: it ended before the file was read.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if !is_blocked_for_a_moment(status.blocked) {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(status.sleeps.then_some(status));
        }
        thread::yield_now();
    }
}

/// Whether the C library may have set this mask, to put back another soon. glibc blocks its own signals too then, which a
/// program cannot. musl does not, so the mask is also that of a program that blocks every signal for good.
const fn is_blocked_for_a_moment(blocked: u64) -> bool {
    const GLIBC: u64 = 1 << (32 - 1) | 1 << (33 - 1);
    const MUSL: u64 = GLIBC | 1 << (34 - 1);
    const NEVER: u64 = 1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1);
    if cfg!(target_env = "musl") {
        blocked | MUSL | NEVER == u64::MAX
    } else {
        blocked & GLIBC != 0
    }
}

/// Why a process cannot get the signals of messages.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unavailable {
    /// It gets them already: there is another [`Receiver`](crate::Receiver), [`Sender`](crate::Sender) or
    /// [`Inbox`].
    Taken,
    /// Another thread has some of them open, and would get them in place of the one that waits. See [`block_signals`].
    OpenOn {
        /// The thread's ID.
        tid: i32,
        /// Its name, not necessarily safe to print.
        name: String,
        /// Which.
        open: SignalSet,
    },
    /// This process is a child by `fork` of the one that opened it, whose threads it does not have.
    Forked,
    /// A system call failed.
    System(io::Error),
}

impl From<InboxError> for Unavailable {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::Taken => Self::Taken,
            InboxError::System(errno) => Self::from(errno),
        }
    }
}

impl From<Errno> for Unavailable {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

impl From<io::Error> for Unavailable {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => InboxError::Taken.fmt(f),
            Self::OpenOn { tid, name, open } => write!(
                f,
                "thread {tid} ({}) would get the signals: call minitalk::{}() before it is started",
                name.escape_default(),
                if open.intersects(SignalSet::STOPS) {
                    "block_signals_and_stops"
                } else {
                    "block_signals"
                }
            ),
            Self::Forked => {
                f.write_str("it was opened by the process that this one was forked from")
            }
            Self::System(_) => f.write_str("the signals of messages cannot be had"),
        }
    }
}

impl core::error::Error for Unavailable {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of signals 1 to 64; the kernel lets nobody block SIGKILL and SIGSTOP.
    #[test]
    fn masks_that_the_c_library_sets_for_a_moment() {
        const ALL: u64 = u64::MAX ^ (1 << 8 | 1 << 18);
        const ALL_OF_A_PROGRAM: u64 = SignalSet::ALL.mask() | 1 << 63;
        assert!(is_blocked_for_a_moment(ALL));
        assert!(!is_blocked_for_a_moment(0));
        assert!(!is_blocked_for_a_moment(ALL_OF_A_PROGRAM));
        let is_musl = cfg!(target_env = "musl");
        assert_eq!(is_blocked_for_a_moment(ALL & !(0b111 << 31)), is_musl);
        assert_eq!(is_blocked_for_a_moment(1 << 31), !is_musl);
    }

    #[test]
    fn a_thread_that_looks_like_every_other_has_not_ended() {
        let lives = proc::thread_status(ffi::gettid()).unwrap();
        let mut looks_ended = lives.clone();
        looks_ended.released = true;
        assert!(!has_ended(&lives, &lives));
        assert!(has_ended(&looks_ended, &lives));
        assert!(!has_ended(&looks_ended, &looks_ended));
    }
}
