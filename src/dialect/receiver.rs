//! The receiving end of a stream that is not minitalk's own protocol: decodes, and says when to send which acknowledgement.
//!
//! In a given dialect it acknowledges as the dialect says. Otherwise it watches what the client waits for
//! ([`ack_probe`](super::ack_probe)) until the first message is complete, and goes on in the detected dialect.

mod acks;
mod action;
mod learning;
mod messages;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::ack_choice::{AckChoice, HandledSignals};
use super::ack_probe::AckProbe;
use super::ack_timing::{AckTiming, SleepState};
use super::auto_decoder::AutoDecoder;
use super::decoder::TextDecoder;
use super::detector::DetectState;
use super::final_acks::FinalAcks;
use super::profile_cache::Profile;
use super::{Dialect, FinalAck, MILLISECOND, Symbol};
use crate::process::pid::Pid;
use crate::wire::Nanos;
use crate::wire::reason::Reason;
pub use action::TextAction;

/// The silence after which a message is complete that may be.
const COMPLETE_AFTER: Nanos = 60 * MILLISECOND;

/// The silence after which a line is complete: a client that naps for too long goes on after a repeated acknowledgement.
const LINE_COMPLETE_AFTER: Nanos = 400 * MILLISECOND;

/// The pause between two symbols within which the end of a text comes once more.
const REPEATS_WITHIN: Nanos = 1000 * MILLISECOND;

/// The silence after which a stream that makes no sense begins again.
const RESET_AFTER: Nanos = 250 * MILLISECOND;

/// Receives from one client that did not announce minitalk's own protocol.
#[derive(Clone, Debug)]
pub struct TextReceiver {
    decoder: AutoDecoder,
    probe: AckProbe,
    timing: AckTiming,
    final_acks: FinalAcks,
    actions: VecDeque<TextAction>,
    /// The last symbol, and when it came.
    last: Symbol,
    last_seen: Nanos,
    /// How the client was last seen to sleep since then, and since its last acknowledgement.
    last_sleep: SleepState,
    /// Whether the silence since then has been handled.
    is_silent: bool,
    /// Whether the last symbol of the present message has been acknowledged.
    is_acknowledged: bool,
    /// The last acknowledgement.
    last_ack: Option<Symbol>,
    /// Whether it is another client's turn, and the acknowledgement that is withheld.
    is_held: bool,
    withheld: Option<Symbol>,
    /// The number of messages that are complete and not yet written, and the dialect of the last one.
    unwritten: u32,
    delivered: Option<Dialect>,
    /// Why nothing more is received once the text is over that may be complete.
    closing: Option<Reason>,
    /// Decodes the symbols after a text, while they may be the end byte once more.
    end_again: Option<Box<TextDecoder>>,
    /// Whether the client went on after the end, so that it waits for nothing that is still owed.
    has_moved_on: bool,
    /// Whether the client has sent what stands behind its text, and so waits for another acknowledgement of the text.
    has_run_on: bool,
    /// Whether the exit status of the program says nothing of its last acknowledgement.
    ignores_status: bool,
    /// Whether a process of the program that was acknowledged with SIGUSR1 has ended well on that.
    ends_on_usr1: bool,
    /// When to look whether the client has installed its handler since its text was written.
    late_look: Option<Nanos>,
    /// Whether the client was seen to nap and to block SIGUSR1, since its last signal.
    blocks_usr1: bool,
}

impl TextReceiver {
    /// Returns a receiver for a client whose dialect is given, with texts of at most `limit` bytes.
    pub fn given(dialect: Dialect, limit: usize, pid: Pid, handled: HandledSignals) -> Self {
        let probe = AckProbe::new(AckChoice::new(Symbol::Usr1, handled));
        Self::new(AutoDecoder::given(dialect, limit, pid), probe)
    }

    /// Returns a receiver for a client of which only the profile of its program is known.
    pub fn unknown(profile: Profile, limit: usize, pid: Pid, handled: HandledSignals) -> Self {
        let mut probe = AckProbe::new(AckChoice::with_policy(profile.ack_policy(), handled));
        if profile.is_impatient {
            probe.expect_wait();
        }
        let decoder = AutoDecoder::detect(profile.dialects, limit, pid, handled.any());
        let mut receiver = Self::new(decoder, probe);
        receiver.ignores_status = profile.ignores_status;
        receiver.ends_on_usr1 = profile.ends_on_usr1;
        receiver
    }

    /// Acknowledges the client only when it is seen to sleep like this, and for the first time only once it sleeps at all.
    pub const fn delay_acks(&mut self, sleep: SleepState) {
        self.timing = AckTiming::new(sleep);
        self.timing.delay_first();
    }

    fn new(decoder: AutoDecoder, probe: AckProbe) -> Self {
        Self {
            decoder,
            probe,
            timing: AckTiming::new(SleepState::Awake),
            final_acks: FinalAcks::default(),
            actions: VecDeque::new(),
            last: Symbol::Usr1,
            last_seen: 0,
            last_sleep: SleepState::Awake,
            is_silent: false,
            is_acknowledged: false,
            last_ack: None,
            is_held: false,
            withheld: None,
            unwritten: 0,
            delivered: None,
            closing: None,
            end_again: None,
            has_moved_on: false,
            has_run_on: false,
            ignores_status: false,
            ends_on_usr1: false,
            late_look: None,
            blocks_usr1: false,
        }
    }

    /// Returns what to do next; `None` until the next event.
    pub fn poll_action(&mut self) -> Option<TextAction> {
        let action = self.actions.pop_front();
        if let Some(TextAction::Acknowledge(ack)) = action {
            self.last_ack = Some(ack);
        }
        action
    }

    /// Handles a bare signal.
    pub fn handle_symbol(&mut self, symbol: Symbol, now: Nanos) {
        (self.last_sleep, self.blocks_usr1) = (SleepState::Awake, false);
        if self.withheld.is_some() && symbol == self.last {
            // A client that waits for an acknowledgement can only have sent this again.
            self.last_seen = now;
            return;
        }
        let due = self.decode(symbol, now);
        self.acknowledge(due, now);
    }

    /// Handles expired timers at `now`; `sleep` says how the client was seen to wait.
    pub fn handle_timeout(&mut self, now: Nanos, sleep: SleepState) {
        self.last_sleep = sleep;
        if let Some(symbol) = self.swallowed(now, sleep) {
            return self.handle_symbol(symbol, now);
        }
        let may_await_more = self.timing.may_await_more();
        if let Some(ack) = self.timing.poll_ack(now, sleep, self.decoder.in_message()) {
            if may_await_more && !self.timing.may_await_more() {
                self.final_acks.note_sent(FinalAck::Twice, now);
            }
            self.send_ack(ack, now);
        }
        if self.may_send_final_ack() {
            let next = self.final_acks.poll_ack(now);
            self.actions.extend(next.map(TextAction::Acknowledge));
        }
        if self.late_look.take_if(|at| now >= *at).is_some() {
            self.acknowledge_late(now);
        }
        if self.decoder.is_lost() && now >= self.last_seen.saturating_add(RESET_AFTER) {
            self.reset();
        }
        self.doubt_expected(now, sleep);
        if !self.decoder.has_evidence() {
            return;
        }
        let due = match self.is_probed() && !self.asks_in_handler() {
            true => self.probe.poll_ack(now, self.timing.is_wait(sleep)),
            false => None,
        };
        if let Some(ack) = due {
            self.is_acknowledged = true;
            self.timing.note_sent(ack, now);
            // The client may nap before its wait, and would send the byte again on an acknowledgement in that nap.
            if sleep == SleepState::ForSignal && self.probe.waits_for_bytes() {
                self.timing.need(sleep);
            }
            return self.send_ack(ack, now);
        }
        if now >= self.complete_at() && !self.is_silent {
            self.is_silent = true;
            let may_ask = self.has_asked_again();
            if self.probe.has_repeated && may_ask || self.asks_in_handler() {
                return self.admit_with_usr2();
            }
            let due = match self.decoder.handle_silence() {
                // The end of the client would show a text, and another SIGUSR2 a question.
                state if state.has_message() && may_ask => None,
                DetectState::Tentative | DetectState::Decided => self.finish_detection(now),
                DetectState::NoMatch => self.give_up(),
                DetectState::Undecided => None,
            };
            self.acknowledge(due, now);
        }
    }

    /// Sets when other processes last sent each symbol, which can have swallowed a bit of this client.
    pub const fn set_others(&mut self, others: [Nanos; 2]) {
        self.timing.set_others(others);
    }

    /// Looks at the client at `now`, because another process has sent a bit that can have swallowed its own.
    pub const fn look(&mut self, now: Nanos) {
        self.timing.look(now);
    }

    /// Records that the client has not run for some time until `now`, so that it has sent nothing in that time.
    pub const fn note_not_run(&mut self, now: Nanos) {
        self.timing.note_not_run(now);
    }

    /// Records that the last acknowledgement was not sent, because it might have killed the client.
    pub const fn note_withheld(&mut self) {
        self.timing.note_withheld();
    }

    /// Restarts the silence of the client at `now`, because it had no CPU until then.
    pub fn restart_silence(&mut self, now: Nanos) {
        self.last_seen = now;
        self.probe.restart_silence(now);
        self.timing.restart_silence(now);
        self.final_acks.restart_silence(now);
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); `None` while nothing can become due without another event.
    pub fn poll_timeout(&self) -> Option<Nanos> {
        let has_evidence = self.decoder.has_evidence();
        let is_watched = has_evidence && self.is_probed() && !self.asks_in_handler();
        let after = |silence| self.last_seen.saturating_add(silence);
        let deadlines = [
            self.final_acks
                .poll_timeout()
                .filter(|_| self.may_send_final_ack()),
            self.timing.deadline(),
            self.late_look,
            (has_evidence && !self.is_silent).then(|| self.complete_at()),
            self.decoder.is_lost().then(|| after(RESET_AFTER)),
            is_watched.then(|| self.probe.poll_timeout(false)).flatten(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Returns whether [`handle_timeout`](Self::handle_timeout) needs to know whether the client sleeps for a signal.
    pub fn needs_sleep_state(&self) -> bool {
        self.decoder.has_evidence() && self.is_probed() && self.probe.needs_sleep_state()
    }

    /// Returns whether an acknowledgement waits until the client is seen to sleep.
    pub const fn has_pending_ack(&self) -> bool {
        self.timing.has_pending()
    }

    /// Returns when to look whether the client sleeps, because an acknowledgement waits for that or may be lost.
    pub const fn look_at(&self) -> Option<Nanos> {
        self.timing.look_at()
    }

    /// Records whether the client was seen to nap and to block SIGUSR1, which holds until its next signal.
    pub const fn note_blocks_usr1(&mut self, blocks: bool) {
        self.blocks_usr1 |= blocks;
    }

    /// Returns when a message is complete that may be.
    fn complete_at(&self) -> Nanos {
        let silence = match self.decoder.may_be_a_line() {
            true => LINE_COMPLETE_AFTER,
            false => COMPLETE_AFTER,
        };
        self.last_seen.saturating_add(silence)
    }

    /// Drops an incomplete message.
    pub fn reset(&mut self) {
        self.decoder.reset();
        self.probe.reset();
        self.timing.reset();
        self.withheld = None;
    }

    /// Sets which signals the client handles.
    pub fn set_handled(&mut self, handled: HandledSignals) {
        self.probe.choice.handled = handled;
        self.decoder.set_may_greet(handled.any());
    }

    /// Returns whether part of a message has been received.
    pub const fn in_message(&self) -> bool {
        self.decoder.in_message()
    }

    /// Returns the bytes of memory held for an incomplete message.
    pub fn held_bytes(&self) -> usize {
        self.decoder.held_bytes()
    }

    /// Returns how many whole bytes of the present message were received.
    pub const fn received_bytes(&self) -> usize {
        self.decoder.received_bytes()
    }

    /// Returns whether no whole byte of a message is held, none is unwritten and no acknowledgement is owed.
    pub fn is_idle(&self) -> bool {
        let is_written = self.unwritten == 0 && self.final_acks.is_empty();
        is_written && self.timing.deadline().is_none() && self.received_bytes() == 0
    }

    /// Returns whether the message may have ended with the last symbol, so that the next may be another program's.
    pub fn may_be_over(&self) -> bool {
        self.decoder.may_be_over()
    }
}
