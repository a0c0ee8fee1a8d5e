//! The receiving side of a process: the handler installed, the ring claimed, a way to wait without missing a signal.
//!
//! An [`Inbox`] belongs to one thread. Between its calls our signals are open on that thread and the handler may run at
//! any instruction (AS-10); the waits alone close them, look at the ring once more, and sleep with them atomically open
//! (AS-15):
//!
//! ```text
//! wait:  block ──► ring empty? ──yes──► ppoll (unblocked while asleep) ──► unblock
//!                       └──no────────────────────────────────────────────────^
//! ```
//!
//! When the handler has found the ring at its high-water mark it has left our signals blocked; the same `unblock` at the
//! end of the next wait, after the caller has drained, lets them in again. A wait that finds the ring still at its mark
//! returns with them blocked, so that a caller who does not drain loses nothing either.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::time::Duration;

use crate::event::{Event, Signal};
use crate::ffi::{self, Disposition, Errno, Fd, Mask};
use crate::ring::{CAPACITY, Consumer, RING};

/// The one receiver of a process.
///
/// # Children
/// A child made by `fork` has its own copy of the ring and no handler: a hook (`pthread_atfork(3)`) gives our signals their
/// default action there, so that SIGTERM ends it, and opens those that were open before [`open`](Self::open). An inbox that
/// the child inherits receives nothing; once it is dropped, the child may open its own. `exec` resets handlers by itself
/// but keeps the mask, and `vfork` and `posix_spawn`, which `std::process::Command` uses, run no hooks: a program started
/// while our signals are closed starts with SIGTERM blocked. Start programs before `open`, or after a wait and before the
/// ring can reach its mark, and on the inbox's own thread.
///
/// # Threads
/// Every other thread must have our signals blocked (AS-14). The kernel gives a signal to any thread that has it open; one
/// that another thread takes is in the ring, but does not end this thread's wait.
pub struct Inbox {
    ring: Consumer<'static, CAPACITY>,
    installed: [Option<Disposition>; Signal::ALL.len()],
    before: Mask,
    open: Mask,
    /// Masks belong to a thread: an inbox must not leave the one it was opened on.
    _thread: PhantomData<*mut ()>,
}

impl Inbox {
    /// Installs the handler for SIGUSR1, SIGUSR2, SIGINT and SIGTERM, except where SIGINT or SIGTERM is ignored, which is
    /// somebody's wish (AS-26).
    ///
    /// Our signals are blocked on this thread until the first [`wait`](Self::wait), and threads inherit their mask: start
    /// other threads in between, so that signals reach this one only.
    ///
    /// # Errors
    /// [`InboxError::Taken`] while another inbox is open in this process.
    pub fn open() -> Result<Self, InboxError> {
        let mut ring = RING.claim().ok_or(InboxError::Taken)?;
        while ring.pop().is_some() {}
        let before = ffi::block();
        let mut inbox = Self {
            ring,
            installed: [None; Signal::ALL.len()],
            before,
            open: before.without_ours(),
            _thread: PhantomData,
        };
        ffi::spare_children(&before).map_err(InboxError::System)?;
        for (signal, slot) in Signal::ALL.into_iter().zip(&mut inbox.installed) {
            let previous = ffi::install(signal).map_err(InboxError::System)?;
            *slot = Some(previous);
            if previous.is_ignored() && matches!(signal, Signal::Int | Signal::Term) {
                let _ = ffi::restore(signal, &previous);
            }
        }
        Ok(inbox)
    }

    /// Calls `f` for each signal in the ring, oldest first; at most a ring's worth, so that it ends in any storm (AS-17).
    pub fn drain(&mut self, mut f: impl FnMut(Event)) {
        for _ in 0..CAPACITY {
            let Some(entry) = self.ring.pop() else { break };
            if let Some(event) = Event::decode(entry) {
                f(event);
            }
        }
    }

    /// Sleeps until there is something to [`drain`](Self::drain), `fd` is readable, or `timeout` has passed (`None`: no
    /// limit). May return early. Returns whether `fd` is readable.
    ///
    /// What was sent before `fd` became readable is in the ring when this returns, unless the ring is at its mark.
    ///
    /// # Errors
    /// `ppoll(2)`'s.
    pub fn wait(&mut self, fd: Option<&Fd>, timeout: Option<Duration>) -> Result<bool, Errno> {
        ffi::block();
        if !self.ring.is_below_mark() {
            return Ok(false);
        }
        let timeout = if self.ring.is_empty() {
            timeout
        } else {
            Some(Duration::ZERO)
        };
        let readable = ffi::wait(fd, timeout, &self.open);
        ffi::unblock();
        readable
    }

    /// AS-27: blocks our signals for the rest of the process's life and leaves the handler in place: for a program about to exit,
    /// which a late signal must not kill.
    pub fn retire(self) {
        ffi::block();
        let _ = ManuallyDrop::new(self);
    }
}

/// AS-27: puts the dispositions and the mask back as they were. A SIGUSR1 or SIGUSR2 still pending is discarded first: under a
/// default disposition it would kill the process. A SIGINT or SIGTERM that is still pending, or that nobody has drained,
/// takes effect afterwards.
impl Drop for Inbox {
    fn drop(&mut self) {
        ffi::block();
        let mut stop = None;
        let mut missed = |signal| {
            if matches!(signal, Signal::Int | Signal::Term) {
                stop = Some(signal);
            }
        };
        self.drain(|event| missed(event.signal));
        while let Some(signal) = ffi::take_pending() {
            missed(signal);
        }
        for (signal, slot) in Signal::ALL.into_iter().zip(&self.installed) {
            if let Some(previous) = slot {
                let _ = ffi::restore(signal, previous);
            }
        }
        if let Some(signal) = stop {
            let _ = ffi::send(ffi::getpid(), signal, None);
        }
        ffi::set_mask(&self.before);
    }
}

/// Why an [`Inbox`] could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxError {
    /// A process has one handler and one ring: another inbox is open.
    Taken,
    /// `sigaction(2)` failed.
    System(Errno),
}

impl fmt::Display for InboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => {
                f.write_str("this process already receives signals through another inbox")
            }
            Self::System(errno) => write!(
                f,
                "the signal handler could not be installed (error {})",
                errno.raw()
            ),
        }
    }
}

impl core::error::Error for InboxError {}
