//! When to send an acknowledgement to a client that loses those that come too soon.
//!
//! A client that sends a bit and then calls `pause` loses an acknowledgement that arrives between the two. So a client that is
//! seen asleep although it was acknowledged is acknowledged again. If it then goes on, each further acknowledgement is sent once
//! the client sleeps. The same holds for a client that then goes on sooner, see `nap_trial`. All others are acknowledged at once.

use super::nap_trial::NapTrial;
use super::{MILLISECOND, Symbol};
use crate::wire::Nanos;

/// Says how a client was seen to wait, the least certain first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SleepState {
    /// It is awake, or nothing is known.
    #[default]
    Awake,
    /// It sleeps for some time.
    Napping,
    /// It sleeps for some time again and again, and sends nothing meanwhile.
    Polling,
    /// It sleeps until a signal comes.
    ForSignal,
}

/// The first pause between two looks at a client that is not yet asleep.
const FIRST_LOOK: Nanos = MILLISECOND / 50;

/// The time from an acknowledgement to the first look at the client.
const CHECK_AFTER: Nanos = MILLISECOND;

/// The longest nap of a client that paces itself, and the longest pause between two looks at a client that does not go on.
const NAP: Nanos = 100 * MILLISECOND;

/// The time after which a client that does not go on is no longer looked at.
const GIVE_UP_AFTER: Nanos = 4000 * MILLISECOND;

/// The time for which an acknowledgement waits until the client sleeps: at first, at first if the program is known to lose
/// acknowledgements, and at most.
const BOUND: Nanos = MILLISECOND / 2;
const KNOWN_BOUND: Nanos = 8 * BOUND;
const MAX_BOUND: Nanos = 20 * MILLISECOND;

/// The number of acknowledgements in a row that wait for a sleep in vain until none waits.
const MOST_IN_VAIN: u8 = 4;

/// Decides when one client is acknowledged.
#[derive(Clone, Debug)]
pub(super) struct AckTiming {
    /// How the client has to be seen to sleep before it is acknowledged.
    needed: SleepState,
    /// Whether the client goes on sooner if it naps first, while that is not known.
    trial: NapTrial,
    /// How the client has to be seen to sleep before it is acknowledged for the first time.
    needed_first: SleepState,
    /// The time to wait for that sleep.
    bound: Nanos,
    /// How many acknowledgements in a row waited for that sleep in vain, and had their effect.
    in_vain: u8,
    /// The acknowledgement that waits, and since when.
    pending: Option<(Symbol, Nanos)>,
    /// The last acknowledgement, while the client has not gone on.
    sent: Option<SentAck>,
    /// Whether the message is over, and the client may wait for another acknowledgement.
    may_await_more: bool,
    /// When to look at the client, and the pause after that.
    look_at: Option<Nanos>,
    pause: Nanos,
    /// When other processes last sent each symbol.
    others: [Nanos; 2],
}

#[derive(Clone, Copy, Debug)]
struct SentAck {
    ack: Symbol,
    at: Nanos,
    /// The end of the time in which the client has not run, as far as is known.
    not_run_until: Nanos,
    /// How the client was seen to sleep when this was sent, and since.
    slept: SleepState,
    seen: SleepState,
    /// When other processes had last sent each symbol, at the first look that found the client asleep: it sends nothing in its
    /// sleep.
    others: [Nanos; 2],
    /// Whether the acknowledgement before it was lost.
    is_repeated: bool,
    /// Whether it was not sent after all.
    is_withheld: bool,
}

impl AckTiming {
    /// Returns the timing for a client whose program needs to be seen to sleep like this.
    pub const fn new(needed: SleepState) -> Self {
        Self {
            needed,
            trial: NapTrial::new(),
            needed_first: SleepState::Awake,
            bound: match needed {
                SleepState::Awake => BOUND,
                _ => KNOWN_BOUND,
            },
            in_vain: 0,
            pending: None,
            sent: None,
            may_await_more: false,
            look_at: None,
            pause: FIRST_LOOK,
            others: [0; 2],
        }
    }

    /// Acknowledges the client for the first time only when it sleeps: one whose handler sends the next bit may not have counted
    /// its first one yet.
    pub const fn delay_first(&mut self) {
        self.needed_first = SleepState::Napping;
    }

    /// Delays the first acknowledgement, if it is delayed at all, until the client sleeps for a signal or naps again and again: one
    /// that naps after each bit has not counted its byte in the nap after the last, and its handler would send that byte again.
    pub fn delay_past_nap(&mut self) {
        if self.needed_first == SleepState::Napping {
            self.needed_first = SleepState::Polling;
        }
    }

    /// Returns how the client has to be seen to sleep before it is acknowledged.
    pub const fn needed(&self) -> SleepState {
        self.needed
    }

    /// Returns whether a client that sleeps like this waits for its acknowledgement.
    pub fn is_wait(&self, sleep: SleepState) -> bool {
        sleep >= SleepState::Polling || sleep == self.needed && sleep == SleepState::Napping
    }

    /// Acknowledges the client from now on only when it is seen to sleep like this. For a client that polls, its first nap is
    /// enough.
    pub fn need(&mut self, sleep: SleepState) {
        let needed = match sleep {
            SleepState::Polling => SleepState::Napping,
            other => other,
        };
        self.needed = self.needed.max(needed);
    }

    /// Takes an acknowledgement that is due, and returns it if it is to be sent at once.
    pub fn submit(&mut self, ack: Symbol, now: Nanos) -> Option<Symbol> {
        if self.needed_now() == SleepState::Awake {
            return Some(self.send(ack, now, SleepState::Awake, false));
        }
        self.pending = Some((ack, now));
        (self.look_at, self.pause) = (Some(now), FIRST_LOOK);
        None
    }

    /// Takes an acknowledgement that was sent to a client which had stopped, so that it did not come too soon.
    pub fn note_sent(&mut self, ack: Symbol, now: Nanos) {
        self.send(ack, now, SleepState::ForSignal, false);
    }

    /// Handles that the client goes on at `now`, in mid-message or with another one; returns an acknowledgement that is overdue.
    pub fn handle_symbol(&mut self, in_message: bool, now: Nanos) -> Option<Symbol> {
        (self.look_at, self.may_await_more) = (None, false);
        if let Some(sent) = self.sent.take().filter(|_| in_message) {
            self.learn(&sent, now);
        }
        self.pending.take().map(|(ack, _)| ack)
    }

    /// Does not repeat the last acknowledgement, because others follow it.
    pub fn trust(&mut self) {
        self.sent = None;
        self.look_at = self.look_at.filter(|_| self.pending.is_some());
    }

    /// Repeats the acknowledgement of the end of a message, once, to a client that goes on sleeping for a signal.
    pub const fn end(&mut self) {
        self.may_await_more = true;
    }

    /// Returns whether the acknowledgement of the end of a message may still be repeated.
    pub const fn may_await_more(&self) -> bool {
        self.may_await_more
    }

    /// Drops everything that concerns the present message.
    pub const fn reset(&mut self) {
        self.pending = None;
        self.sent = None;
        (self.look_at, self.may_await_more) = (None, false);
    }

    /// Restarts the silence at `now`, because the client had no CPU until then.
    pub fn restart_silence(&mut self, now: Nanos) {
        if let Some((_, since)) = &mut self.pending {
            *since = now;
        }
        self.look_at = self.look_at.and(Some(self.next_look(now)));
    }

    /// Returns whether an acknowledgement waits until the client is seen to sleep.
    pub const fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns when to look whether the client sleeps, and to call [`poll_ack`](Self::poll_ack).
    pub const fn look_at(&self) -> Option<Nanos> {
        self.look_at
    }

    /// Returns when the acknowledgement that waits is sent at the latest: at the first look after its bound.
    pub fn deadline(&self) -> Option<Nanos> {
        // A nap after the last bit of a byte is longer than the way of a client to its wait.
        let bound = match self.needed_first {
            SleepState::Awake | SleepState::Napping => self.bound,
            _ => self.bound.max(KNOWN_BOUND),
        };
        let (_, since) = self.pending?;
        Some(since.saturating_add(bound).max(self.look_at.unwrap_or(0)))
    }

    /// Returns the acknowledgement to send to a client that was seen to sleep like this at `now`.
    ///
    /// Once its message has ended (`in_message` is false), a client that naps is not taken to wait for another than one that was
    /// withheld.
    pub fn poll_ack(&mut self, now: Nanos, sleep: SleepState, in_message: bool) -> Option<Symbol> {
        self.look_at.filter(|at| now >= *at)?;
        if let Some((ack, _)) = self.pending {
            if sleep >= self.needed_now() || self.deadline().is_some_and(|at| now >= at) {
                self.pending = None;
                return Some(self.send(ack, now, sleep, false));
            }
            self.look_at = Some(self.next_look(now));
            return None;
        }
        let is_withheld = self.sent.as_ref().is_some_and(|sent| sent.is_withheld);
        let may_wait = in_message || is_withheld || sleep > SleepState::Napping;
        let is_asleep = may_wait && self.is_asleep(now, sleep);
        let Some(sent) = &mut self.sent else {
            self.look_at = None;
            return None;
        };
        let silence = now.saturating_sub(sent.at);
        // A client that slept before did not lose the acknowledgement, but may wait for another.
        let waits = self.may_await_more && sleep == SleepState::ForSignal && silence >= NAP;
        if is_asleep && (sleep > sent.slept || waits) {
            let (ack, is_repeated) = (sent.ack, !sent.is_withheld);
            self.may_await_more = false;
            return Some(self.send(ack, now, sleep, is_repeated));
        }
        if sent.seen == SleepState::Awake {
            sent.others = self.others;
        }
        // The first look that finds the client asleep is followed by another.
        let goes_on = silence < GIVE_UP_AFTER || sleep > sent.seen;
        sent.seen = sent.seen.max(sleep);
        self.look_at = goes_on.then(|| self.next_look(now));
        None
    }

    /// Sets when other processes last sent each symbol.
    pub const fn set_others(&mut self, others: [Nanos; 2]) {
        self.others = others;
    }

    /// Looks at the client at `at`, whether or not an acknowledgement was sent.
    pub const fn look(&mut self, at: Nanos) {
        (self.look_at, self.pause) = (Some(at), FIRST_LOOK);
    }

    /// Records that the client has not run for some time until `now`, so that no bit of its own was swallowed in that time.
    pub const fn note_not_run(&mut self, now: Nanos) {
        if let Some(sent) = &mut self.sent {
            sent.not_run_until = now;
            self.pause = NAP;
        }
    }

    /// Records that the last acknowledgement was not sent, because it might have killed the client.
    pub const fn note_withheld(&mut self) {
        if let Some(sent) = &mut self.sent {
            sent.is_withheld = true;
        }
    }

    /// Returns whether the client has been acknowledged and has neither gone on nor been seen to sleep since.
    pub fn awaits_bit(&self) -> bool {
        self.sent.is_some_and(|sent| sent.seen == SleepState::Awake)
    }

    /// Returns the bit of a client, seen to sleep like this at `now`, that a pending signal of another process has swallowed.
    pub fn swallowed(&self, now: Nanos, sleep: SleepState) -> Option<Symbol> {
        let is_due = self.pending.is_none() && self.look_at.is_some_and(|at| now >= at);
        let sent = self.sent.filter(|_| is_due && self.is_asleep(now, sleep))?;
        // A client that was stopped at a look may have sent its bit before it was stopped.
        let spans = [sent.not_run_until, sent.at];
        let came = spans.map(|since| sent.others.map(|at| at > since));
        match came.into_iter().find(|came| came.contains(&true))? {
            [true, false] => Some(Symbol::Usr1),
            [false, true] => Some(Symbol::Usr2),
            _ => None,
        }
    }

    /// Learns from a client that has gone on at `now` after an acknowledgement in mid-message.
    fn learn(&mut self, sent: &SentAck, now: Nanos) {
        self.in_vain = match !sent.is_repeated && sent.slept < self.needed {
            true => self.in_vain + 1,
            false => 0,
        };
        if self.in_vain == MOST_IN_VAIN {
            (self.needed, self.in_vain) = (SleepState::Awake, 0);
        }
        if sent.is_repeated {
            // The bound was too short for a client whose sleep had to be seen already.
            if sent.slept <= self.needed {
                self.bound = (2 * self.bound).min(MAX_BOUND);
            }
            self.need(sent.slept);
        } else if self.trial.record(now.saturating_sub(sent.at)) {
            self.need(SleepState::Napping);
        }
    }

    /// Returns how the client has to be seen to sleep before the next acknowledgement.
    fn needed_now(&self) -> SleepState {
        let tried = match self.trial.is_on() {
            true => SleepState::Napping,
            false => SleepState::Awake,
        };
        self.needed.max(self.needed_first).max(tried)
    }

    /// Returns whether the client, acknowledged and now seen to sleep like this, does not go on.
    fn is_asleep(&self, now: Nanos, sleep: SleepState) -> bool {
        self.sent.is_some_and(|sent| {
            let is_long = now.saturating_sub(sent.at) >= NAP;
            // Twice, since a signal that the client sent before the first look may not have been read yet.
            let is_asleep = sleep > SleepState::Awake && sent.seen >= sleep;
            is_asleep && (is_long || sleep >= SleepState::Polling)
        })
    }

    fn send(&mut self, ack: Symbol, at: Nanos, slept: SleepState, is_repeated: bool) -> Symbol {
        self.needed_first = SleepState::Awake;
        self.sent = Some(SentAck {
            ack,
            at,
            not_run_until: at,
            slept,
            seen: SleepState::Awake,
            others: self.others,
            is_repeated,
            is_withheld: false,
        });
        self.look_at = Some(at.saturating_add(CHECK_AFTER));
        self.pause = CHECK_AFTER;
        ack
    }

    fn next_look(&mut self, now: Nanos) -> Nanos {
        let longest = match self.pending {
            Some(_) => MILLISECOND,
            None => NAP,
        };
        let at = now.saturating_add(self.pause);
        self.pause = (2 * self.pause).min(longest);
        at
    }
}

#[cfg(test)]
mod tests;
