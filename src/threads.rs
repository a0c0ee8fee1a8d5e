//! Which thread of a process gets a signal: any that has it open. So the one that waits for it must be the only one
//! (`signal(7)`; AS-14).

use core::fmt;
use core::time::Duration;
use std::fs;
use std::io;
use std::string::String;
use std::thread;
use std::time::Instant;

use crate::event::SignalSet;
use crate::ffi::{self, Errno};
use crate::inbox::InboxError;
use crate::proc::{self, Status};

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

/// Makes sure that no thread but this one has one of `signals` open.
///
/// # Errors
/// [`Unavailable::OpenOn`], or [`Unavailable::System`] where `/proc` does not tell.
pub fn check_others(signals: SignalSet) -> Result<(), Unavailable> {
    let this = ffi::gettid();
    for entry in fs::read_dir("/proc/self/task")? {
        let name = entry?.file_name();
        let Some(tid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if tid == this {
            continue;
        }
        if let Some(status) = settled(tid)?
            && status.blocked & signals.mask() != signals.mask()
        {
            let name = status.name;
            return Err(Unavailable::OpenOn { tid, name });
        }
    }
    Ok(())
}

/// The status of a thread that is not about to change its mask by itself, unless the thread has ended. For a moment, as when
/// a thread begins, the C library blocks all signals, also those of its own that a program cannot block.
fn settled(tid: i32) -> io::Result<Option<Status>> {
    const INTERNAL: u64 = 1 << (32 - 1) | 1 << (33 - 1);
    let begin = Instant::now();
    loop {
        let status = match proc::thread_status(tid) {
            Ok(status) => status,
            // ENOENT: it had ended before the file was opened; ESRCH: it ended before the file was read.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if status.ended || status.released {
            return Ok(None);
        }
        if status.blocked & INTERNAL == 0 || begin.elapsed() >= MOMENT {
            return Ok(Some(status));
        }
        thread::yield_now();
    }
}

/// How long such a moment may be; whoever has them blocked for longer will have them blocked for good.
const MOMENT: Duration = Duration::from_millis(500);

/// Why a process cannot get the signals of messages.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unavailable {
    /// It gets them already: there is another [`Receiver`](crate::Receiver), [`Sender`](crate::Sender) or
    /// [`Inbox`](crate::inbox::Inbox).
    Taken,
    /// Another thread has them open, and would get them in place of the one that waits. See [`block_signals`].
    OpenOn {
        /// The thread's ID.
        tid: i32,
        /// Its name, not necessarily safe to print.
        name: String,
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
            Self::OpenOn { tid, name } => write!(
                f,
                "thread {tid} ({}) would get the signals: call minitalk::block_signals() before it is started",
                name.escape_default()
            ),
            Self::Forked => {
                f.write_str("it was opened by the process that this one was forked from")
            }
            Self::System(error) => error.fmt(f),
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
