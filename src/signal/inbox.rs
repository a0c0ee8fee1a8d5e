//! The receiving side of a process: the handler installed, the ring claimed, a way to wait without missing a signal.
//!
//! An [`Inbox`] belongs to one thread, and there are two ways to wait.
//!
//! [`Inbox::wait`] is the reference: our signals are open on that thread and the handler may run at any instruction
//! (AS-10); the wait alone closes them, looks at the ring once more, and sleeps with them atomically open (AS-15):
//!
//! ```text
//! wait:       block ──► ring empty? ──yes──► ppoll (unblocked while asleep) ──► unblock
//!                            └──no────────────────────────────────────────────────^
//! ```
//!
//! [`Inbox::spin_wait`] is for what is expected at once. It keeps our signals blocked from call to call, so that they
//! cost neither an interrupt nor a signal frame, and takes them from the kernel itself. What it takes goes into the ring
//! like everything else, and it takes only when the ring is empty (AS-29): so there is one order, in which
//! [`Inbox::drain`] finds all of it. When nothing comes, it is a [`wait`](Inbox::wait).
//!
//! ```text
//! spin_wait:  block ──► ring empty? ──yes──► rt_sigtimedwait ──► into the ring, still blocked
//!                            └──no──► (drain first)     └──nothing──► wait
//! ```
//!
//! When the handler has found the ring at its high-water mark it has left our signals blocked; the `unblock` at the end of
//! the next wait, after the caller has drained, lets them in again. A wait that finds the ring still at its mark returns
//! with them blocked, so that a caller who does not drain loses nothing either.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::time::Duration;

use crate::ffi::{self, Disposition, Errno, Fd, Mask};
use crate::signal::event::{Event, Signal, SignalSet};
use crate::signal::ring::{CAPACITY, Consumer, Entry, REST, RING};
use crate::signal::spin::Spin;

/// After how many rounds of [`Inbox::spin_wait`] without a rest the descriptor is looked at.
const ROUNDS: u32 = 64;

/// How long [`Inbox::spin_wait`] sleeps for a signal alone at most: a wake-up there costs half of one with a handler.
const SLEEP_LIMIT: Duration = Duration::from_millis(20);

/// Looks for the next word before those that have come are turned to.
const BETWEEN_WORDS: u32 = 16;

/// Words that are taken in one round at most: what they acknowledge must not wait for ever.
const BATCH: u32 = 32;

/// The one receiver of a process.
///
/// # Children
/// A child made by `fork` has its own copy of the ring and no handler: a hook (`pthread_atfork(3)`) gives our signals their
/// default action there, so that SIGTERM ends it, and opens those that were open before [`open`](Self::open). An inbox that
/// the child inherits receives nothing; once it is dropped, the child may open its own. `exec` resets handlers by itself
/// but keeps the mask, and `vfork` and `posix_spawn`, which `std::process::Command` uses, run no hooks: a program started
/// while our signals are closed starts with SIGTERM blocked. Start programs before `open`, or after a [`wait`](Self::wait)
/// and before the ring can reach its mark, and on the inbox's own thread.
///
/// # Threads
/// Every other thread must have our signals blocked (AS-14). The kernel gives a signal to any thread that has it open; one
/// that another thread takes is in the ring, but does not end this thread's wait. Nor can an inbox leave its thread:
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<minitalk::signal::inbox::Inbox>();
/// ```
///
/// # The bare signals
/// ```
/// use minitalk::signal::event::{Origin, Signal, SignalSet};
/// use minitalk::signal::inbox::Inbox;
///
/// let mut inbox = Inbox::open_for(SignalSet::BITS)?;
/// std::process::Command::new("kill")
///     .args(["-USR2", &std::process::id().to_string()])
///     .status()?;
/// let mut events = Vec::new();
/// while events.is_empty() {
///     inbox.wait(None, None).map_err(std::io::Error::from)?;
///     inbox.drain(|event| events.push(event));
/// }
/// assert_eq!(events[0].signal, Signal::Usr2);
/// // The kernel vouches for it: si_code is SI_USER.
/// assert!(matches!(events[0].origin, Origin::Attested { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Inbox {
    ring: Consumer<'static, CAPACITY, REST>,
    installed: [Option<Disposition>; Signal::ALL.len()],
    signals: SignalSet,
    before: Mask,
    open: Mask,
    /// What to open after a wait: our signals, and those others of the handler's which it may have blocked with them.
    opened: SignalSet,
    /// Whether [`spin_wait`](Self::spin_wait) has left our signals blocked.
    closed: bool,
    spin: Spin,
    /// Rounds of `spin_wait` since the descriptor was looked at.
    rounds: u32,
    /// Masks belong to a thread: an inbox must not leave the one it was opened on.
    _thread: PhantomData<*mut ()>,
}

impl Inbox {
    /// Installs the handler for all of [`SignalSet::ALL`], except where SIGINT or SIGTERM is ignored, which is somebody's wish
    /// (AS-26).
    ///
    /// Our signals are blocked on this thread until the first [`wait`](Self::wait), and threads inherit their mask: start
    /// other threads in between, so that signals reach this one only.
    ///
    /// # Errors
    /// [`InboxError::Taken`] while another inbox is open in this process.
    pub fn open() -> Result<Self, InboxError> {
        Self::open_for(SignalSet::ALL)
    }

    /// As [`open`](Self::open), for these signals, which "our signals" then means: the others keep the disposition that they
    /// have, and are none of an inbox's business.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for(signals: SignalSet) -> Result<Self, InboxError> {
        Self::open_in(signals, None)
    }

    /// As [`open_for`](Self::open_for), on a thread of its own in a program that had the mask `program` before.
    pub(crate) fn open_in(signals: SignalSet, program: Option<&Mask>) -> Result<Self, InboxError> {
        let mut ring = RING.claim().ok_or(InboxError::Taken)?;
        while ring.pop().is_some() {}
        let before = ffi::block(signals);
        let is_opened = |signal| signals.contains(signal) || !before.contains(signal);
        let mut inbox = Self {
            ring,
            installed: [None; Signal::ALL.len()],
            signals,
            before,
            open: before.without(signals),
            opened: SignalSet::ALL.filter(is_opened),
            closed: false,
            spin: Spin::new(ffi::CpuSet::allowed().count() > 1),
            rounds: 0,
            _thread: PhantomData,
        };
        ffi::install_fork_hook(program.unwrap_or(&before)).map_err(InboxError::System)?;
        for (signal, slot) in Signal::ALL.into_iter().zip(&mut inbox.installed) {
            if !signals.contains(signal) {
                continue;
            }
            let previous = ffi::install(signal).map_err(InboxError::System)?;
            *slot = Some(previous);
            if previous.is_ignored() && matches!(signal, Signal::Int | Signal::Term) {
                let _ = ffi::restore(signal, &previous);
                // The kernel keeps an ignored signal while it is blocked, and `spin_wait` would take it.
                inbox.signals = inbox.signals.filter(|other| other != signal);
            }
        }
        Ok(inbox)
    }

    /// Whether this process has one open at the moment.
    #[must_use]
    pub fn is_open() -> bool {
        RING.is_claimed()
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
        ffi::block(self.signals);
        if !self.ring.is_below_mark() {
            return Ok(false);
        }
        self.closed = false;
        let timeout = if self.ring.is_empty() {
            timeout
        } else {
            Some(Duration::ZERO)
        };
        let readable = ffi::wait(fd, timeout, &self.open);
        ffi::unblock(self.opened);
        readable
    }

    /// As [`wait`](Self::wait), for something that is expected within microseconds: looks for it again and again, for as
    /// long as that pays and there is a CPU to spare; otherwise sleeps for it alone, for 20 ms at most and without regard
    /// to `fd`. It leaves our signals blocked if it came. With a timeout of zero it is a `wait`.
    ///
    /// It may return late by `slack`. A timer that is due before the scheduler's next tick is one that the kernel programs
    /// into the hardware and out again, which on a virtual machine costs as much as the rest of the wait.
    ///
    /// # Errors
    /// `ppoll(2)`'s.
    pub fn spin_wait(
        &mut self,
        fd: Option<&Fd>,
        timeout: Option<Duration>,
        slack: Duration,
    ) -> Result<bool, Errno> {
        self.rounds += 1;
        if timeout == Some(Duration::ZERO) || self.rounds >= ROUNDS {
            // Whoever keeps us busy must not keep us from the descriptor.
            self.rounds = 0;
            return self.wait(fd, Some(Duration::ZERO));
        }
        if !self.closed {
            ffi::block(self.signals);
            self.closed = true;
        }
        // AS-29: the handler is kept out by the mask, so what is in the ring now came before what the kernel still holds.
        if !self.ring.is_empty() || !self.ring.is_below_mark() {
            return Ok(false);
        }
        let looks = self.spin.looks();
        let start = self.spin.is_timing().then(ffi::now);
        let look = self.look(looks);
        let nap = match looks {
            0 => timeout.map_or(SLEEP_LIMIT, |timeout| {
                timeout.saturating_add(slack).min(SLEEP_LIMIT)
            }),
            _ => Duration::ZERO,
        };
        let found = match look {
            Some((_, entry)) => Some(entry),
            None if nap.is_zero() => None,
            None => ffi::take(self.signals, nap),
        };
        let readable = match found {
            Some(entry) => {
                RING.push(&entry);
                self.take_the_words_behind(entry, looks);
                Ok(false)
            }
            None => {
                self.rounds = 0;
                self.wait(fd, timeout.map(|timeout| timeout.saturating_sub(nap)))
            }
        };
        let nanos = start.map_or(0, |start| ffi::now().saturating_sub(start));
        self.spin.waited(look.map(|(count, _)| count), nanos);
        readable
    }

    /// The first signal that a round of looks finds, and which look that was.
    fn look(&self, looks: u32) -> Option<(u32, Entry<REST>)> {
        (1..=looks).find_map(|count| Some((count, ffi::take(self.signals, Duration::ZERO)?)))
    }

    /// Words come in runs; anything else comes alone, and one more look would only delay its answer. Who may look does so
    /// between words too, instead of turning to those that it has: as long as it is ahead of their sender the queue is short,
    /// and both find the kernel's lock free.
    fn take_the_words_behind(&self, mut last: Entry<REST>, looks: u32) {
        let looks = looks.min(BETWEEN_WORDS);
        for _ in 1..BATCH {
            if !Signal::Word.is_of(&last) {
                return;
            }
            let take = |_| ffi::take(self.signals, Duration::ZERO);
            let Some(entry) = (0..=looks).find_map(take) else {
                return;
            };
            RING.push(&entry);
            last = entry;
        }
    }

    /// Blocks our signals on this thread until the next wait, as they are after [`open`](Self::open): for what is to be done
    /// undisturbed, and to start threads.
    pub fn block(&mut self) {
        ffi::block(self.signals);
    }

    /// Bytes that a word can carry to this process; 0 if it does not take words. To be asked right after
    /// [`open`](Self::open), while our signals are blocked.
    #[must_use]
    pub fn probe_word(&self) -> u8 {
        if self.signals.contains(Signal::Word) {
            ffi::probe_word()
        } else {
            0
        }
    }

    /// Makes [`spin_wait`](Self::spin_wait) sleep without looking, for good: for whom no CPU is to be burnt.
    pub const fn never_spin(&mut self) {
        self.spin = Spin::new(false);
    }

    /// AS-27: blocks our signals for the rest of the process's life and leaves the handler in place: for a program about to exit,
    /// which a late signal must not kill.
    pub fn leak(self) {
        ffi::block(self.signals);
        let _ = ManuallyDrop::new(self);
    }

    /// AS-27: as a drop, but has SIGUSR1, SIGUSR2 and [`Signal::Word`] ignored from then on where their disposition was the
    /// default, which kills: for a program that lives on while somebody may still signal it. Programs that it executes
    /// inherit that, until they set another disposition.
    pub fn close_ignoring(mut self) {
        for (signal, slot) in Signal::ALL.into_iter().zip(&mut self.installed) {
            let is_lane = SignalSet::LANES.contains(signal);
            if let Some(previous) = slot.as_mut().filter(|slot| is_lane && slot.is_default()) {
                *previous = Disposition::ignore();
            }
        }
    }
}

/// AS-27: puts the dispositions and the mask back as they were. A SIGUSR1 or SIGUSR2 still pending is discarded first: under a
/// default disposition it would kill the process. A SIGINT or SIGTERM that is still pending, or that nobody has drained,
/// takes effect afterwards.
impl Drop for Inbox {
    fn drop(&mut self) {
        ffi::block(self.signals);
        let mut stop = None;
        let mut missed = |signal| {
            if matches!(signal, Signal::Int | Signal::Term) {
                stop = Some(signal);
            }
        };
        self.drain(|event| missed(event.signal));
        while let Some(entry) = ffi::take(self.signals, Duration::ZERO) {
            if let Some(event) = Event::decode(entry) {
                missed(event.signal);
            }
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
