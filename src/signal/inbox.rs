//! Receives the signals of a process: installs the handler, claims the ring, and waits without missing a signal.
//!
//! An [`Inbox`] belongs to one thread. It has two ways to wait.
//!
//! [`Inbox::wait`] is the reference. Our signals are unblocked on that thread, so the handler may run at any instruction
//! (AS-10). The wait alone blocks them, checks the ring once more, and sleeps with them atomically unblocked (AS-15):
//!
//! ```text
//! wait:       block ──► ring empty? ──yes──► ppoll (unblocked while asleep) ──► unblock
//!                            └──no────────────────────────────────────────────────^
//! ```
//!
//! [`Inbox::spin_wait`] is for a signal that is expected at once. It keeps our signals blocked from call to call and takes them
//! from the kernel itself, so that they cost neither an interrupt nor a signal frame. It takes a signal only while the ring is
//! empty, and pushes it into the ring (AS-29). So all signals have one order, in which [`Inbox::drain`] finds them. When no
//! signal comes, it is a [`wait`](Inbox::wait).
//!
//! ```text
//! spin_wait:  block ──► ring empty? ──yes──► rt_sigtimedwait ──► into the ring, still blocked
//!                            └──no──► (drain first)     └──nothing──► wait
//! ```
//!
//! A handler that finds the ring at its high-water mark leaves our signals blocked. After the caller has drained the ring, the
//! `unblock` at the end of the next wait lets them in again. A wait that finds the ring still at its mark returns with them
//! blocked, so a caller who does not drain loses nothing either.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::time::Duration;

use crate::ffi::{self, Disposition, Errno, Fd};
use crate::signal::event::Event;
use crate::signal::ring::{CAPACITY, Consumer, Entry, REST, RING};
use crate::signal::set::{Signal, SignalSet};
use crate::signal::spin::Spin;

/// The number of calls of [`Inbox::spin_wait`] in a row that find a signal before one checks the descriptor.
const DESCRIPTOR_INTERVAL: u32 = 64;

/// Limits the time for which [`Inbox::spin_wait`] sleeps for signals alone: a wake-up without a handler costs half as much.
const SLEEP_LIMIT: Duration = Duration::from_millis(20);

/// The number of polls, some 5 us, after which a sender that goes on at once would have sent its next word.
const POLLS_BETWEEN_WORDS: u32 = 16;

/// The most signals that one call takes, so that their acknowledgement does not wait for ever.
const BATCH: u32 = 32;

/// Receives the signals of a process; at most one is open at a time.
///
/// # Children
/// In a child made by `fork` our signals have their default action, so that SIGTERM ends it, and those that were unblocked
/// before [`open`](Self::open) are unblocked. An inbox that the child inherits receives nothing; once it is dropped, the child
/// may open its own.
///
/// A program that is started by `exec` keeps the mask, also one that `std::process::Command` starts. So one that is started
/// while our signals are blocked starts with SIGTERM blocked. Start programs on the inbox's own thread, and either before
/// `open`, or after a [`wait`](Self::wait) and before 512 signals have come since.
///
/// # Threads
/// Every other thread must block our signals, because the kernel delivers a signal to any thread that does not. If that is
/// another thread, the signal is received, but does not end this thread's wait. With the feature `std`,
/// [`open_for`](Self::open_for) checks the other threads: see [`SignalSet::block`]. An inbox cannot leave its thread:
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<minitalk::Inbox>();
/// ```
///
/// # Bare signals
/// ```
/// use minitalk::{Inbox, Origin, Signal, SignalSet};
///
/// let mut inbox = Inbox::open_for(SignalSet::BITS)?;
/// std::process::Command::new("kill")
///     .args(["-USR2", &std::process::id().to_string()])
///     .status()?;
/// let mut events = Vec::new();
/// while events.is_empty() {
///     inbox.wait(None, None)?;
///     inbox.drain(|event| events.push(event));
/// }
/// assert_eq!(events[0].signal, Signal::USR2);
/// // The kernel attests the sender: si_code is SI_USER.
/// assert!(matches!(events[0].origin, Origin::Attested { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Inbox {
    ring: Consumer<'static, CAPACITY, REST>,
    /// The signals that the handler has been installed for, with their dispositions before.
    installed: Vec<(Signal, Disposition)>,
    signals: SignalSet,
    /// The signals that were blocked before.
    before: SignalSet,
    /// The signals that are blocked while a wait sleeps.
    wait_mask: SignalSet,
    /// The signals to unblock after a wait: ours, and those of former inboxes, which the handler blocks with them.
    unblocked: SignalSet,
    /// Whether [`spin_wait`](Self::spin_wait) has left our signals blocked.
    keeps_blocked: bool,
    spin: Spin,
    /// Whether polling is ruled out for good.
    never_spins: bool,
    /// Whether `spin_wait` sleeps only where the descriptor wakes it too.
    heeds_descriptor: bool,
    /// Whether the last call of `spin_wait` has polled in vain.
    has_missed: bool,
    /// The number of calls of `spin_wait` since the descriptor was checked.
    rounds: u32,
    /// Keeps the inbox on its thread: a mask belongs to a thread.
    _thread: PhantomData<*mut ()>,
}

impl Inbox {
    /// Opens an inbox for [`SignalSet::MINITALK`], as [`open_for`](Self::open_for) does.
    ///
    /// # Errors
    /// Returns the errors of [`open_for`](Self::open_for).
    pub fn open() -> Result<Self, InboxError> {
        Self::open_for(SignalSet::MINITALK)
    }

    /// Installs the handler for `signals`, which "our signals" means from then on. The others keep their dispositions.
    ///
    /// Our signals are blocked on this thread until the first [`wait`](Self::wait). Start other threads before it: they inherit
    /// the mask, so that signals reach this thread only. SIGHUP, SIGINT, SIGQUIT and SIGTERM stay ignored if they are.
    ///
    /// A real-time signal is queued by the kernel, and each one sent is one event. Of a standard signal, those that are sent
    /// while one is pending are one event.
    ///
    /// # Errors
    /// Returns [`InboxError::Taken`] while another inbox is open in this process, and [`InboxError::Unsupported`] for SIGKILL,
    /// SIGSTOP, a signal of the C library, or one of [`SignalSet::FAULTS`]. Returns [`InboxError::OpenOn`] if `/proc` shows
    /// another thread that does not block our signals; without the feature `std` nothing looks.
    pub fn open_for(signals: SignalSet) -> Result<Self, InboxError> {
        #[cfg(feature = "std")]
        let check = super::threads::check_for_inbox;
        #[cfg(not(feature = "std"))]
        let check = |_| Ok(());
        Self::open_in(signals, None, check)
    }

    /// Installs the handler as [`open_for`](Self::open_for) does, if `check` finds nothing wrong with the other threads.
    /// `program` is the mask that a forked child gets; `None`: this thread's.
    pub(crate) fn open_in(
        signals: SignalSet,
        program: Option<SignalSet>,
        check: impl FnOnce(SignalSet) -> Result<(), InboxError>,
    ) -> Result<Self, InboxError> {
        if let Some(signal) = signals.iter().find(|signal| why_not(*signal).is_some()) {
            return Err(InboxError::Unsupported(signal));
        }
        let mut ring = RING.claim().ok_or(InboxError::Taken)?;
        while ring.pop().is_some() {}
        // The kernel keeps an ignored signal while it is blocked, and `spin_wait` would take it.
        let stays_ignored = |signal| INHERITED.contains(signal) && ffi::is_ignored(signal);
        let signals = signals.filter(|signal| !stays_ignored(signal));
        let before = ffi::block(signals);
        if let Err(error) = check(signals) {
            ffi::set_mask(before);
            return Err(error);
        }
        let handled = ffi::add_handled(signals);
        let is_unblocked = |signal| signals.contains(signal) || !before.contains(signal);
        let mut inbox = Self {
            ring,
            installed: Vec::with_capacity(signals.len()),
            signals,
            before,
            wait_mask: before.filter(|signal| !signals.contains(signal)),
            unblocked: handled.filter(is_unblocked),
            keeps_blocked: false,
            spin: Spin::new(ffi::CpuSet::allowed().count() > 1),
            never_spins: false,
            heeds_descriptor: false,
            has_missed: false,
            rounds: 0,
            _thread: PhantomData,
        };
        ffi::install_fork_hook(program.unwrap_or(before)).map_err(InboxError::System)?;
        for signal in signals.iter() {
            let previous = ffi::install(signal).map_err(InboxError::System)?;
            inbox.installed.push((signal, previous));
        }
        Ok(inbox)
    }

    /// Returns whether an inbox is open in this process at the moment.
    pub fn is_open() -> bool {
        RING.is_claimed()
    }

    /// Calls `f` for each of our signals that have come, oldest first: at most 1,024, so that it ends in any storm.
    pub fn drain(&mut self, mut f: impl FnMut(Event)) {
        for _ in 0..CAPACITY {
            let Some(entry) = self.ring.pop() else { break };
            // A late signal of a former inbox is not for this one.
            if let Some(event) = Event::decode(entry).filter(|e| self.signals.contains(e.signal)) {
                f(event);
            }
        }
    }

    /// Sleeps until there is something to [`drain`](Self::drain), `fd` is readable, or `timeout` has passed (`None`: no
    /// limit). May return early. Returns whether `fd` is readable.
    ///
    /// `drain` then shows a signal that was sent before `fd` became readable, unless 512 others were left before the wait.
    ///
    /// # Errors
    /// Returns the errors of `ppoll(2)`, except EINTR.
    pub fn wait(&mut self, fd: Option<&Fd>, timeout: Option<Duration>) -> Result<bool, Errno> {
        ffi::block(self.signals);
        self.rounds = 0;
        if !self.ring.is_below_mark() {
            return Ok(false);
        }
        self.keeps_blocked = false;
        let timeout = if self.ring.is_empty() {
            timeout
        } else {
            Some(Duration::ZERO)
        };
        let readable = ffi::wait(fd, timeout, self.wait_mask);
        ffi::unblock(self.unblocked);
        readable
    }

    /// Waits as [`wait`](Self::wait) does, for a signal that is expected within microseconds. Leaves our signals blocked if one
    /// came.
    ///
    /// Polls for a signal while that pays and the sender may run on another CPU; otherwise sleeps, for the first 20 ms without
    /// regard to `fd`. With a timeout of zero it is a `wait`.
    ///
    /// May return late by `slack`. For a timer that is due before the scheduler's next tick the kernel programs the hardware.
    /// On a virtual machine that costs as much as the rest of the wait.
    ///
    /// # Errors
    /// Returns the errors of `ppoll(2)`, except EINTR.
    pub fn spin_wait(
        &mut self,
        fd: Option<&Fd>,
        timeout: Option<Duration>,
        slack: Duration,
    ) -> Result<bool, Errno> {
        if timeout == Some(Duration::ZERO) {
            return self.wait(fd, timeout);
        }
        self.rounds += 1;
        if self.rounds >= DESCRIPTOR_INTERVAL {
            // A peer that keeps this process busy must not hide the descriptor.
            self.rounds = 0;
            if self.check(fd)? {
                return Ok(true);
            }
        }
        self.keep_blocked();
        if self.must_drain() {
            return Ok(false);
        }
        let budget = self.spin.spin_budget();
        let start = self.spin.is_timing().then(ffi::now);
        let polled = self.poll(budget);
        self.has_missed = budget > 0 && polled.is_none();
        let sleep = match budget {
            0 => self.sleep_for_signals(timeout.map(|timeout| timeout.saturating_add(slack))),
            _ => Duration::ZERO,
        };
        let found = match polled {
            Some((_, entry)) => Some(entry),
            None if sleep.is_zero() => None,
            None => ffi::take(self.signals, sleep),
        };
        let readable = match found {
            Some(entry) => {
                RING.push(&entry);
                self.take_more_after(entry, budget);
                Ok(false)
            }
            None => self.wait(fd, timeout.map(|timeout| timeout.saturating_sub(sleep))),
        };
        let nanos = start.map_or(0, |start| ffi::now().saturating_sub(start));
        self.spin.record(polled.map(|(count, _)| count), nanos);
        readable
    }

    /// Returns how long a wait of at most `timeout` sleeps for signals alone.
    fn sleep_for_signals(&self, timeout: Option<Duration>) -> Duration {
        match self.heeds_descriptor {
            true => Duration::ZERO,
            false => timeout.map_or(SLEEP_LIMIT, |timeout| timeout.min(SLEEP_LIMIT)),
        }
    }

    /// Polls up to `polls` times for a signal that follows the last at once: once if polling does not pay. Returns whether
    /// there is something to [`drain`](Self::drain).
    pub fn poll_more(&mut self, polls: u32) -> bool {
        self.keep_blocked();
        if self.must_drain() {
            return true;
        }
        let found = self.poll(self.spin.spin_budget().clamp(1, polls.max(1)));
        if let Some((_, entry)) = &found {
            RING.push(entry);
        }
        found.is_some()
    }

    /// Returns whether `fd` is readable, as [`wait`](Self::wait) does, but leaves the signals blocked if it is not.
    ///
    /// # Errors
    /// Returns the errors of `ppoll(2)`, except EINTR.
    pub fn check(&mut self, fd: Option<&Fd>) -> Result<bool, Errno> {
        if fd.is_some_and(ffi::is_readable) {
            return self.wait(fd, Some(Duration::ZERO));
        }
        Ok(false)
    }

    /// Returns whether the ring has signals, which must be drained before any is taken from the kernel.
    ///
    /// AS-29: the mask keeps the handler out, so the signals in the ring came before those that the kernel still holds.
    fn must_drain(&self) -> bool {
        !self.ring.is_empty() || !self.ring.is_below_mark()
    }

    fn keep_blocked(&mut self) {
        if !self.keeps_blocked {
            ffi::block(self.signals);
            self.keeps_blocked = true;
        }
    }

    /// Returns the first signal that at most `budget` polls find, and the number of the poll, from 1.
    fn poll(&self, budget: u32) -> Option<(u32, Entry<REST>)> {
        (1..=budget).find_map(|count| Some((count, ffi::take(self.signals, Duration::ZERO)?)))
    }

    /// Takes the signals that follow `last`: words that come soon, and others that are pending already. The kernel delivers the
    /// lower number first, so a flood of one signal would otherwise hide another for ever.
    ///
    /// Polls between words if `budget` allows it: a queue that stays short keeps the kernel's lock free for both ends.
    fn take_more_after(&self, mut last: Entry<REST>, budget: u32) {
        for _ in 1..BATCH {
            let polls = match Signal::WORD.is_of(&last) {
                true => budget.min(POLLS_BETWEEN_WORDS),
                false => 0,
            };
            let take = |_| ffi::take(self.signals, Duration::ZERO);
            let Some(entry) = (0..=polls).find_map(take) else {
                return;
            };
            RING.push(&entry);
            last = entry;
        }
    }

    /// Blocks our signals on this thread until the next wait, as [`open`](Self::open) does: to start threads, or to work
    /// without interruption.
    pub fn block(&mut self) {
        ffi::block(self.signals);
    }

    /// Returns whether words reach this process: the inbox is open for them, and the kernel carries them. Call it right after
    /// [`open`](Self::open), while our signals are blocked.
    #[cfg(feature = "std")]
    pub(crate) fn takes_words(&self) -> bool {
        self.signals.contains(Signal::WORD) && ffi::carries_packets()
    }

    /// Returns whether the last [`spin_wait`](Self::spin_wait) has polled in vain: the sender may need the CPU on which this
    /// thread polls.
    #[cfg(feature = "std")]
    pub(crate) const fn has_missed(&self) -> bool {
        self.has_missed
    }

    /// Makes [`spin_wait`](Self::spin_wait) sleep without polling from now on, to spare the CPU.
    pub const fn never_spin(&mut self) {
        self.never_spins = true;
        self.spin.is_enabled = false;
    }

    /// Says whether a sender can run while [`spin_wait`](Self::spin_wait) polls, and it may. At first, whether this thread may
    /// run on more than one CPU.
    #[cfg(feature = "std")]
    pub(crate) const fn let_spin(&mut self, may_spin: bool) {
        self.spin.is_enabled = may_spin && !self.never_spins;
    }

    /// Says whether the descriptor is about to become readable, so that [`spin_wait`](Self::spin_wait) does not sleep without regard
    /// to it.
    #[cfg(feature = "std")]
    pub(crate) const fn heed_descriptor(&mut self, is_due: bool) {
        self.heeds_descriptor = is_due;
    }

    /// Blocks our signals for the rest of the process's life and leaves the handler installed, for a program about to exit: a
    /// late signal does not kill it.
    pub fn leak(mut self) {
        ffi::block(self.signals);
        // No memory is leaked: only the restoring that a drop does is left out.
        drop(core::mem::take(&mut self.installed));
        let _ = ManuallyDrop::new(self);
    }

    /// Closes the inbox as a drop does, but ignores from then on those of SIGUSR1, SIGUSR2 and the real-time signals that would
    /// otherwise kill the process.
    ///
    /// For a program that lives on while other processes may still signal it. Programs that it executes inherit the ignored
    /// signals.
    pub fn close_ignoring(mut self) {
        for (signal, previous) in &mut self.installed {
            if is_message(*signal) && previous.is_default() {
                *previous = Disposition::ignore();
            }
        }
    }

    /// Discards all signals in the ring and in the kernel, and returns those of them that are no messages.
    fn discard(&mut self) -> SignalSet {
        let mut others = SignalSet::NONE;
        let mut note = |event: Event| {
            if !is_message(event.signal) {
                others = others.union(event.signal.into());
            }
        };
        self.drain(&mut note);
        while let Some(entry) = ffi::take(self.signals, Duration::ZERO) {
            Event::decode(entry).into_iter().for_each(&mut note);
        }
        others
    }
}

/// Contains the signals that stay ignored if a parent ignored them: a shell in a background job, or `nohup(1)`.
const INHERITED: SignalSet = SignalSet::STOPS.union(SignalSet::of(&[Signal::HUP, Signal::QUIT]));

/// Returns whether a signal has the meaning that programs agree on, and none to the system.
fn is_message(signal: Signal) -> bool {
    SignalSet::BITS.contains(signal) || signal.is_realtime()
}

/// Returns why no inbox can be opened for `signal`; `None` if one can.
///
/// SIGABRT is permitted: `abort(3)` ends the process even if a handler returns, and supervisors send it to hanging programs.
fn why_not(signal: Signal) -> Option<&'static str> {
    match signal {
        Signal::KILL | Signal::STOP => Some("no process can handle it"),
        _ if SignalSet::FAULTS.contains(signal) => {
            Some("it reports a fault of running code, and ends a process that blocks it")
        }
        _ if signal.is_realtime() && signal.number() < libc::SIGRTMIN() => {
            Some("the C library keeps it for itself")
        }
        _ => None,
    }
}

/// Restores the dispositions and the mask.
///
/// Discards pending messages first, since under its default disposition a SIGUSR1, SIGUSR2 or real-time signal would kill the
/// process. Sends any other signal again, such as SIGTERM, that was pending or not drained.
impl Drop for Inbox {
    fn drop(&mut self) {
        ffi::block(self.signals);
        let others = self.discard();
        for (signal, previous) in &self.installed {
            let _ = ffi::restore(*signal, previous);
        }
        for signal in others.iter() {
            let _ = ffi::send(ffi::getpid(), signal, None);
        }
        ffi::set_mask(self.before);
    }
}

impl SignalSet {
    /// Blocks the signals on this thread, and so on every thread that it starts from then on.
    ///
    /// Call it first in `main` if the program opens an [`Inbox`] for them after it has started other threads.
    ///
    /// ```
    /// use minitalk::{Inbox, Signal, SignalSet};
    ///
    /// let signals = SignalSet::of(&[Signal::HUP, Signal::CHLD]);
    /// signals.block();
    /// std::thread::spawn(|| { /* never interrupted by one of them */ });
    /// let inbox = Inbox::open_for(signals)?;
    /// # Ok::<(), minitalk::InboxError>(())
    /// ```
    pub fn block(self) {
        ffi::block(self);
    }
}

/// Says why an [`Inbox`] could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxError {
    /// Another inbox is open in this process, which can have only one.
    Taken,
    /// Another thread does not block the signals, and would receive them instead of the inbox's: see [`SignalSet::block`].
    OpenOn {
        /// Holds the thread's ID.
        tid: i32,
        /// Holds the thread's name, which may contain control characters.
        name: String,
        /// Contains the signals that the thread does not block.
        open: SignalSet,
    },
    /// No inbox can be opened for this signal.
    Unsupported(Signal),
    /// A system call failed: `sigaction(2)`, or `pthread_atfork(3)`.
    System(Errno),
}

impl fmt::Display for InboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str(
                "this process already has an inbox, receiver or sender, and can have only one",
            ),
            Self::OpenOn { tid, name, open } => write!(
                f,
                "thread {tid} ({}) would get the signals {open:?}: block them (SignalSet::block) before it is started",
                name.escape_default()
            ),
            Self::Unsupported(signal) => write!(
                f,
                "{signal} cannot be received: {}",
                why_not(*signal).unwrap_or_default()
            ),
            Self::System(errno) => {
                write!(f, "the signal handler could not be installed ({errno})")
            }
        }
    }
}

impl core::error::Error for InboxError {}

#[cfg(all(test, feature = "std"))]
mod tests;
