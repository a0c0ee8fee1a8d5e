//! Makes sure that only the waiting thread receives our signals: the kernel delivers a signal to any thread that does not block
//! it (`signal(7)`; AS-14).

use core::fmt;
use core::time::Duration;
use std::fs;
use std::io;
use std::string::String;
use std::thread::{self, ThreadId};
use std::time::Instant;

use crate::ffi::{self, Errno};
use crate::process::pid::Pid;
use crate::process::proc::{self, StatusLines};
use crate::signal::inbox::{Inbox, InboxError};
use crate::signal::set::SignalSet;

/// Blocks SIGUSR1, SIGUSR2 and signal 44 on this thread, and so on every thread that it starts from then on.
///
/// Call it first in `main` if the program binds an endpoint after it has started other threads, as those of an async runtime.
///
/// ```
/// minitalk::block_signals();
/// std::thread::spawn(|| { /* never interrupted by a message */ });
/// let endpoint = minitalk::Endpoint::bind()?;
/// # Ok::<(), minitalk::Unavailable>(())
/// ```
pub fn block_signals() {
    SignalSet::LANES.block();
}

/// Blocks what [`block_signals`] blocks, and SIGINT and SIGTERM, for an endpoint that
/// [stops on them](crate::Builder::stop_on_signals).
pub fn block_signals_and_stops() {
    SignalSet::MINITALK.block();
}

/// Keeps signals blocked on this thread until it is dropped, after all other threads were found to block them.
pub(crate) struct Blocked {
    pid: Pid,
    thread: ThreadId,
    /// The signals that were blocked before.
    before: SignalSet,
    /// Those of `signals` that were not.
    opened: SignalSet,
}

impl Blocked {
    /// Blocks `signals` on this thread if all other threads block them.
    ///
    /// # Errors
    /// [`Unavailable::OpenOn`] names a thread that does not block them, unless it belongs to another receiver.
    pub fn everywhere(signals: SignalSet) -> Result<Self, Unavailable> {
        let before = ffi::block(signals);
        let blocked = Self {
            pid: ffi::getpid(),
            thread: thread::current().id(),
            before,
            opened: signals.filter(|signal| !before.contains(signal)),
        };
        // A thread that does not block them may be that of another receiver.
        match check_other_threads(signals) {
            Err(_) if Inbox::is_open() => Err(Unavailable::Taken),
            result => result.map(|()| blocked),
        }
    }

    /// Returns the process that opened this.
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the signals that this thread blocked before.
    pub const fn before(&self) -> SignalSet {
        self.before
    }

    /// Returns whether the caller is a forked child of the process that opened this.
    pub fn is_elsewhere(&self) -> bool {
        ffi::getpid() != self.pid
    }
}

/// Unblocks the signals again, unless it is dropped on another thread or in a forked child.
impl Drop for Blocked {
    fn drop(&mut self) {
        if thread::current().id() == self.thread && !self.is_elsewhere() {
            ffi::unblock(self.opened);
        }
    }
}

/// Checks for an inbox that every other thread blocks `signals`, if `/proc` shows them: an inbox works without it too.
///
/// # Errors
/// [`InboxError::OpenOn`] names a thread that does not block them.
pub(crate) fn check_for_inbox(signals: SignalSet) -> Result<(), InboxError> {
    match check_other_threads(signals) {
        Err(Unavailable::OpenOn { tid, name, open }) => Err(InboxError::OpenOn { tid, name, open }),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Checks that every other thread blocks `signals`.
///
/// This thread blocks them all, so only a thread that does not can start another such thread.
fn check_other_threads(signals: SignalSet) -> Result<(), Unavailable> {
    proc::check_mount()?;
    let until = Instant::now() + SCAN_LIMIT;
    while !scan_other_threads(signals, until)? {
        if Instant::now() >= until {
            let text = "threads start and end too fast to read what they block";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text).into());
        }
        thread::yield_now();
    }
    Ok(())
}

/// Limits the time of all scans.
const SCAN_LIMIT: Duration = Duration::from_millis(500);

/// Checks the masks of all other threads in one pass, and returns whether the pass saw every thread.
///
/// A thread that ends during the pass may have started another, which is not in the list.
fn scan_other_threads(signals: SignalSet, until: Instant) -> Result<bool, Unavailable> {
    let this = ffi::gettid();
    let ours = proc::thread_status(this)?;
    let mut seen = 1;
    for entry in fs::read_dir("/proc/self/task")? {
        let name = entry?.file_name();
        let tid = name.to_str().and_then(|name| name.parse().ok());
        let Some(tid) = tid.filter(|tid| *tid != this) else {
            continue;
        };
        let Some(status) = settled_status(tid, until)?.filter(|status| !has_ended(status, &ours))
        else {
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

/// Returns whether a thread is ending. If no signal may be queued at all (RLIMIT_SIGPENDING), every thread reads as if it were.
const fn has_ended(other: &StatusLines, ours: &StatusLines) -> bool {
    other.ended || other.released && !ours.released
}

/// Returns a thread's status once the C library does not block all signals there for a moment; `None` if the thread has ended.
///
/// The C library does so, for example, when a thread starts. A thread that still blocks them when the time is up, and sleeps,
/// blocks them for good; one that does not sleep may have had no CPU.
fn settled_status(tid: i32, until: Instant) -> io::Result<Option<StatusLines>> {
    loop {
        let status = match proc::thread_status(tid) {
            Ok(status) => status,
            // ENOENT: the thread ended before the file was opened. ESRCH: it ended before the file was read.
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

/// Returns whether the C library may have set this mask for a moment.
///
/// glibc then blocks its own signals too, which a program cannot do. musl does not, so there a program may have set that mask.
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

/// Says why a process cannot receive the signals of messages.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unavailable {
    /// The process has another [`Endpoint`](crate::Endpoint) or [`Inbox`].
    Taken,
    /// Another thread does not block the signals, and would receive them instead of the waiting thread: see [`block_signals`].
    OpenOn {
        /// Holds the thread's ID.
        tid: i32,
        /// Holds the thread's name, which may contain control characters.
        name: String,
        /// Contains the signals that the thread does not block.
        open: SignalSet,
    },
    /// The receiver or sender was opened before a fork, and this is the child, which lacks its threads.
    Forked,
    /// A system call failed.
    System(io::Error),
}

impl From<InboxError> for Unavailable {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::Taken => Self::Taken,
            InboxError::OpenOn { tid, name, open } => Self::OpenOn { tid, name, open },
            InboxError::Unsupported(_) => {
                Self::System(io::Error::new(io::ErrorKind::Unsupported, error))
            }
            InboxError::System(errno) => Self::from(errno),
        }
    }
}

impl From<Errno> for Unavailable {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

convert_errors!(Unavailable: System(io::Error));

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
            Self::System(error) => write!(f, "the signals of messages cannot be received: {error}"),
        }
    }
}

/// Names as a source only what the text does not contain.
impl core::error::Error for Unavailable {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::System(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_library_blocks_its_own_signals_for_a_moment() {
        // Signals 1 to 64 but SIGKILL and SIGSTOP, which the kernel never blocks.
        const ALL: u64 = u64::MAX ^ (1 << 8 | 1 << 18);
        const ALL_OF_A_PROGRAM: u64 = SignalSet::MINITALK.mask() | 1 << 63;
        assert!(is_blocked_for_a_moment(ALL));
        assert!(!is_blocked_for_a_moment(0));
        assert!(!is_blocked_for_a_moment(ALL_OF_A_PROGRAM));
        let is_musl = cfg!(target_env = "musl");
        assert_eq!(is_blocked_for_a_moment(ALL & !(0b111 << 31)), is_musl);
        assert_eq!(is_blocked_for_a_moment(1 << 31), !is_musl);
    }

    #[test]
    fn a_thread_has_not_ended_if_all_read_alike() {
        let lives = proc::thread_status(ffi::gettid()).unwrap();
        let mut ending = lives.clone();
        ending.released = true;
        assert!(!has_ended(&lives, &lives));
        assert!(has_ended(&ending, &lives));
        assert!(!has_ended(&ending, &ending));
    }
}
