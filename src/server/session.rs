//! One client as the server knows it: its link, the signals that it handles, and its pace.

use super::action::{Inspection, Opened};
use super::foreign_client::ForeignClient;
use super::notes::{Allowance, OF_CLIENT};
use crate::dialect::ack_choice::HandledSignals;
use crate::dialect::receiver::TextReceiver;
use crate::process::peer::INSPECT_INTERVAL;
use crate::process::pid::Pid;
use crate::process::proc::Program;
use crate::signal::set::{Signal, SignalSet};
use crate::wire::Nanos;
use crate::wire::receiver::FrameReceiver;
use crate::wire::siphash::Key;

/// Holds the server's state of one client.
#[derive(Debug)]
pub struct Session {
    pub pid: Pid,
    /// Whether a pidfd says when the process ends.
    pub is_certain: bool,
    pub start: u64,
    /// The link, in minitalk's own protocol.
    pub receiver: FrameReceiver,
    /// What its bare bits show, which belong to any other protocol.
    pub foreign: ForeignClient,
    /// The client's real user when its transfer was opened, as the inspection showed it.
    pub proven_uid: Option<u32>,
    /// The client's real user, as the kernel attests it of the last bare bit.
    pub attested_uid: Option<u32>,
    /// The signal of an answer that the client has not just asked for: that of the last bit, or the real-time signal if it
    /// opened its transfer on that.
    pub signal: Signal,
    /// Whether the client sleeps for each reply of its transfer.
    pub sleeps: bool,
    /// Whether the session is in the list of sessions that are owed a reply for bits.
    pub is_owed: bool,
    /// The batch of signals in which the last bit of the transfer came.
    pub bit_batch: u64,
    /// When the client last sent anything.
    pub last_seen: Nanos,
    /// When the present message began.
    pub started_at: Nanos,
    /// When the client was last answered, and on which signal.
    pub answered_at: Option<Nanos>,
    pub answered_on: Signal,
    /// Whether a note was made, since the last accepted message, of a text that was dropped or fits no dialect.
    pub warned: bool,
    /// Whether the last message was too long, in words.
    pub was_too_long: bool,
    /// How many notes the client may still cause.
    pub allowance: Allowance,
    /// Bytes of the client's messages that are in the server's account.
    pub counted: usize,
    /// Whether the client may send words, if it can be answered.
    takes_words: bool,
    /// The signals that the client handled at the last inspection.
    handled: SignalSet,
    inspected_uid: Option<u32>,
    /// The program that the client ran when its last bare bit came, as far as is known.
    pub program: Option<Program>,
    inspected_at: Option<Nanos>,
    /// Whether a bit has come since then that may be another program's.
    pub may_have_changed: bool,
    /// Whether the client cannot be answered at all.
    pub is_unreachable: bool,
}

impl Session {
    /// Returns the session of a client that is new at `now`. `takes_words` says whether the server does.
    pub fn new(
        pid: Pid,
        key: Key,
        limit: usize,
        takes_words: bool,
        opened: &Opened,
        now: Nanos,
    ) -> Self {
        Self {
            pid,
            is_certain: opened.is_certain,
            start: opened.start,
            receiver: FrameReceiver::new(limit, key, takes_words),
            foreign: ForeignClient::default(),
            proven_uid: None,
            attested_uid: None,
            signal: Signal::USR1,
            sleeps: false,
            is_owed: false,
            bit_batch: 0,
            last_seen: now,
            started_at: now,
            answered_at: None,
            answered_on: Signal::USR2,
            warned: false,
            was_too_long: false,
            allowance: Allowance::new(OF_CLIENT),
            counted: 0,
            takes_words,
            handled: SignalSet::NONE,
            inspected_uid: None,
            program: None,
            inspected_at: None,
            may_have_changed: false,
            is_unreachable: false,
        }
    }

    /// Records an inspection. After a failed one the client can be sent no signal; after a failed first one, never.
    pub fn set_inspection(&mut self, inspection: Inspection, now: Nanos) {
        self.is_unreachable |= !self.is_inspected() && inspection.handled.is_err();
        self.handled = inspection.handled.unwrap_or(SignalSet::NONE);
        if self.inspected_uid != inspection.uid {
            // A nonce that the process got as one user proves nothing once another user owns it: it keeps its PID when it executes
            // a program.
            let uid = inspection.uid.map_or(u64::MAX, u64::from);
            self.receiver.derive_key(uid);
            self.inspected_uid = inspection.uid;
        }
        self.program = inspection.program.or(self.program);
        (self.inspected_at, self.may_have_changed) = (Some(now), false);
        // A client that cannot be answered on the signal of words does not learn of them.
        let takes_words = self.takes_words && self.can_answer(Signal::WORD);
        self.receiver.set_takes_words(takes_words);
        let handles = self.handles();
        if let Some(receiver) = &mut self.foreign.receiver {
            receiver.set_handled(handles);
        }
    }

    /// Returns whether the client was ever inspected.
    pub const fn is_inspected(&self) -> bool {
        self.inspected_at.is_some()
    }

    /// Returns whether to inspect the client before the next signal that may begin a message: it may be another program by then.
    pub fn needs_inspection(&self, now: Nanos) -> bool {
        self.inspected_at != Some(now)
    }

    /// Returns whether the last inspection is too old for an answer.
    pub fn is_inspection_old(&self, now: Nanos) -> bool {
        self.was_inspected_before(now, INSPECT_INTERVAL)
    }

    /// Returns whether the last inspection is too old for a bit that may begin a message.
    ///
    /// A process that sends noise and handles no answer is inspected less often: in a storm, a slow machine would do little else.
    pub fn is_inspection_due(&self, now: Nanos) -> bool {
        let sends_noise = self.foreign.pace.is_noise() && !self.handles().any();
        let rarer = if sends_noise { 10 } else { 1 };
        self.was_inspected_before(now, rarer * INSPECT_INTERVAL)
    }

    fn was_inspected_before(&self, now: Nanos, interval: Nanos) -> bool {
        let is_old = |at| now.saturating_sub(at) >= interval;
        self.inspected_at.is_none_or(is_old)
    }

    /// Returns whether the next bare bit may begin a message.
    pub fn may_begin(&self) -> bool {
        // After the end of a message, the next signal may come from another program, which an answer could kill.
        !self.in_message() || self.foreign.is(TextReceiver::may_be_over)
    }

    /// Returns on which of the two signals the client can be answered.
    pub const fn handles(&self) -> HandledSignals {
        HandledSignals {
            usr1: self.can_answer(Signal::USR1),
            usr2: self.can_answer(Signal::USR2),
        }
    }

    /// Returns whether part of a message has been taken.
    pub fn in_message(&self) -> bool {
        self.foreign.in_message() || self.receiver.in_message()
    }

    /// Returns whether a message comes in bits whose answers share the signals of bits.
    pub fn sends_bits(&self) -> bool {
        self.receiver.in_message() && self.signal != Signal::WORD
    }

    /// Returns the bytes in memory of a message that is not complete.
    pub fn held_bytes(&self) -> usize {
        match &self.foreign.receiver {
            Some(receiver) => receiver.held_bytes(),
            None => self.receiver.held_bytes(),
        }
    }

    /// Returns how many bytes have come of a message that is not complete, kept or not.
    pub fn received_bytes(&self) -> usize {
        match &self.foreign.receiver {
            Some(receiver) => receiver.received_bytes(),
            None => self.receiver.held_bytes(),
        }
    }

    /// Returns since when the client is silent, if its session may be ended for another: the longest silence is ended first.
    ///
    /// A client keeps its session until its message is over and it has been quiet. A stray signal keeps none: no byte of a message
    /// has come, and no transfer was ever opened.
    pub fn evictable(&self, now: Nanos) -> Option<Nanos> {
        const QUIET: Nanos = 5_000_000_000;
        let is_idle = !self.foreign.is(|receiver| !receiver.is_idle()) && self.receiver.is_closed();
        let is_quiet = now.saturating_sub(self.last_seen) >= QUIET;
        let may_end = !self.has_opened() || !self.in_message() && is_quiet;
        (is_idle && may_end).then_some(self.last_seen)
    }

    /// Begins the transfer that the client has opened on `signal` at `now`, with the user of its last inspection.
    ///
    /// Ends the text receiver, and returns the number of bytes of the text that is given up, if there are any.
    pub fn open_transfer(&mut self, signal: Signal, now: Nanos) -> Option<usize> {
        self.proven_uid = self.inspected_uid;
        self.started_at = now;
        self.signal = match self.receiver.uses_words() {
            true => Signal::WORD,
            false => signal,
        };
        let bytes = self.foreign.receiver.take()?.received_bytes();
        (bytes > 0).then_some(bytes)
    }

    /// Counts a bare bit that came at `now`, in this batch of signals.
    pub fn count_bit(&mut self, batch: u64, now: Nanos) {
        if !self.in_message() {
            self.foreign.pace.begin_text();
        }
        self.foreign.pace.count(batch, now, self.handles().any());
    }

    /// Returns whether the client speaks another protocol and has waited for the answer to each of its bits.
    pub fn is_paced(&self) -> bool {
        !self.is_announced() && self.handles().any() && self.foreign.is_paced()
    }

    /// Returns whether the client has last opened a transfer, and not sent bits in another protocol since.
    pub const fn is_announced(&self) -> bool {
        self.foreign.receiver.is_none() && self.has_opened()
    }

    /// Returns whether the client has ever opened a transfer.
    pub const fn has_opened(&self) -> bool {
        self.receiver.client_nonce() != 0
    }

    /// Returns whether `signal` does not kill the client, as far as the last inspection says (AS-21).
    pub const fn can_answer(&self, signal: Signal) -> bool {
        !self.is_unreachable && self.handled.contains(signal)
    }
}
