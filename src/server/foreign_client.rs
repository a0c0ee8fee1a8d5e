//! One client of another protocol than minitalk's own: the receiving end for its texts, and when to look at how it waits.

use super::pace::Pace;
use super::silence::Silence;
use crate::dialect::ack_probe::SILENCE_ASLEEP;
use crate::dialect::ack_timing::SleepState;
use crate::dialect::receiver::TextReceiver;
use crate::process::proc::Program;
use crate::wire::Nanos;

/// The silence of a client in mid-message that is worth a note.
pub const STALL: Nanos = 5_000_000_000;

/// Holds the server's state of a client that sends bare bits.
#[derive(Debug, Default)]
pub struct ForeignClient {
    /// The receiving end, from the first bare bit on, until the client opens a transfer.
    pub receiver: Option<TextReceiver>,
    /// The program that the receiver was begun for.
    pub program: Option<Program>,
    /// When to find out whether the client sleeps for a signal; for the receiver.
    pub probe_at: Nanos,
    /// How the client was seen to wait, until the signals that it sent before that have been taken.
    pub observed: Option<SleepState>,
    /// When to note that the client has stopped in mid-message, unless it goes on; `Nanos::MAX` once that has been done.
    pub stall_at: Nanos,
    /// Whether the client is in the list of those whose receivers have something to do.
    pub is_listed: bool,
    /// The activity of the client since its last signal.
    pub silence: Silence,
    /// How the bare bits come.
    pub pace: Pace,
}

impl ForeignClient {
    /// Returns whether there is a receiver of which `is` holds.
    pub fn is(&self, is: impl FnOnce(&TextReceiver) -> bool) -> bool {
        self.receiver.as_ref().is_some_and(is)
    }

    /// Returns whether part of a message has been taken.
    pub fn in_message(&self) -> bool {
        self.is(TextReceiver::in_message)
    }

    /// Returns whether the client is known to wait for the acknowledgement of each of its bits.
    ///
    /// Programs that are known to wait are believed at once: while a bit is pending, it swallows the first one of a new client.
    pub fn is_paced(&self) -> bool {
        const SOME: u64 = 8;
        let waits = self.is(TextReceiver::is_known_to_wait);
        self.pace.paced().is_some_and(|bits| waits || bits >= SOME)
    }

    /// Sets when to look at how the client waits, after a bit at `now`. If it `may_stall`, a note is made of its silence.
    pub fn schedule(&mut self, may_stall: bool, now: Nanos) {
        self.observed = None;
        self.stall_at = match may_stall && self.stall_at < Nanos::MAX {
            true => now.saturating_add(STALL),
            false => Nanos::MAX,
        };
        self.probe_at = now.saturating_add(SILENCE_ASLEEP);
    }

    /// Returns when the receiver has something to do next.
    pub fn due_at(&self) -> Option<Nanos> {
        let receiver = self.receiver.as_ref()?;
        if self.observed.is_some() {
            return Some(0);
        }
        let probe = receiver.needs_sleep_state().then_some(self.probe_at);
        let stall = Some(self.stall_at).filter(|at| *at < Nanos::MAX && receiver.in_message());
        let all = [probe, receiver.look_at(), receiver.poll_timeout(), stall];
        all.into_iter().flatten().min()
    }

    /// Returns whether to find out how the client sleeps, which has been silent since `since`. After a probe the next is put off.
    pub fn take_look(&mut self, since: Nanos, now: Nanos) -> bool {
        let is_probed = self.is(TextReceiver::needs_sleep_state) && self.probe_at <= now;
        let is_looked_at = self.is(|r| r.look_at().is_some_and(|at| at <= now));
        if is_probed {
            let silence = now.saturating_sub(since).max(SILENCE_ASLEEP);
            self.probe_at = now.saturating_add(silence);
        }
        is_probed || is_looked_at
    }
}
