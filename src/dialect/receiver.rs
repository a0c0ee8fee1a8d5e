//! The receiving end of a stream that is not minitalk's own protocol: decodes, and says when to send which acknowledgement.
//!
//! In a given dialect it acknowledges as the dialect says. Otherwise it watches what the client waits for
//! ([`ack_probe`](super::ack_probe)) until the first message is complete, and goes on in the detected dialect.

mod learning;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::ack_choice::{AckChoice, HandledSignals};
use super::ack_probe::AckProbe;
use super::ack_timing::{AckTiming, SleepState};
use super::auto_decoder::{AutoDecoder, DecodeOutcome};
use super::decoder::{DecodeProgress, TextDecoder};
use super::detector::{DetectState, Detection, EXCERPT, Excerpt};
use super::final_acks::FinalAcks;
use super::profile_cache::Profile;
use super::{Ack, AckSignal, AckTime, Dialect, FinalAck, HeadAck, MILLISECOND, Symbol};
use crate::process::pid::Pid;
use crate::wire::Nanos;
use crate::wire::reason::Reason;

/// The silence after which a message is complete that may be.
const COMPLETE_AFTER: Nanos = 60 * MILLISECOND;

/// The same if a newline ends it: a client that naps for too long goes on after an acknowledgement that is repeated.
const LINE_COMPLETE_AFTER: Nanos = 400 * MILLISECOND;

/// The pause between two symbols within which the end of a text comes once more.
const REPEATS_WITHIN: Nanos = 1000 * MILLISECOND;

/// The silence after which a stream that makes no sense begins again.
const RESET_AFTER: Nanos = 250 * MILLISECOND;

/// Says what the caller has to do.
#[derive(Clone, Debug)]
pub enum TextAction {
    /// Send this signal to the client.
    Acknowledge(Symbol),
    /// Report the dialect of the client.
    Detected {
        /// The dialect.
        dialect: Dialect,
        /// Another dialect that is nearly as likely, and the first bytes of the text in it.
        rival: Option<Excerpt>,
    },
    /// Report a message that has different texts in two dialects that the program uses; it is not delivered.
    Ambiguous {
        /// The likelier dialect, and the first bytes of the text in it.
        one: Excerpt,
        /// The other dialect, and the first bytes of the text in it.
        other: Excerpt,
    },
    /// Deliver a message; [`TextReceiver::handle_written`] has to be called afterwards.
    Complete(Vec<u8>),
    /// Report a message that is over and is not text.
    Rejected {
        /// The reason.
        reason: Reason,
        /// The number of bytes that were received.
        bytes: usize,
    },
    /// Report a stream that makes no sense in any dialect, by its first symbols: 0 for SIGUSR1 and 1 for SIGUSR2.
    NoMatch(String),
}

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
    /// Whether the silence since then has been handled.
    is_silent: bool,
    /// Whether the last symbol of the present message has been acknowledged.
    is_acknowledged: bool,
    /// The last acknowledgement.
    last_ack: Symbol,
    /// Whether it is another client's turn, and the acknowledgement that is withheld.
    is_held: bool,
    withheld: Option<Symbol>,
    /// The number of messages that are complete and not yet written.
    unwritten: u32,
    /// Why nothing more is received once the text is over that may be complete.
    closing: Option<Reason>,
    /// Decodes what follows a text, while it may be the end byte once more.
    end_again: Option<Box<TextDecoder>>,
    /// Whether the client went on after the end, so that it waits for nothing that is still owed.
    has_moved_on: bool,
}

impl TextReceiver {
    /// Returns a receiver for a client whose dialect is given, with texts of at most `limit` bytes.
    #[must_use]
    pub fn given(dialect: Dialect, limit: usize, pid: Pid, handled: HandledSignals) -> Self {
        let probe = AckProbe::new(AckChoice::new(Symbol::Usr1, handled));
        Self::new(AutoDecoder::given(dialect, limit, pid), probe)
    }

    /// Returns a receiver for a client of which only the profile of its program is known.
    #[must_use]
    pub fn unknown(profile: Profile, limit: usize, pid: Pid, handled: HandledSignals) -> Self {
        let probe = AckProbe::new(AckChoice::with_policy(profile.ack_policy(), handled));
        let greeting = probe.choice.greeting();
        let decoder = AutoDecoder::detect(profile.dialects, limit, pid, greeting);
        Self::new(decoder, probe).with_ack_sleep(profile.ack_sleep)
    }

    /// Returns this receiver for a program whose processes have to be seen to sleep like this before they are acknowledged.
    #[must_use]
    pub const fn with_ack_sleep(mut self, sleep: SleepState) -> Self {
        self.timing = AckTiming::new(sleep);
        self
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
            is_silent: false,
            is_acknowledged: false,
            last_ack: Symbol::Usr1,
            is_held: false,
            withheld: None,
            unwritten: 0,
            closing: None,
            end_again: None,
            has_moved_on: false,
        }
    }

    /// Returns what to do next; `None` until the next event.
    pub fn poll_action(&mut self) -> Option<TextAction> {
        let action = self.actions.pop_front();
        if let Some(TextAction::Acknowledge(ack)) = action {
            self.last_ack = ack;
        }
        action
    }

    /// Handles a bare signal.
    pub fn handle_symbol(&mut self, symbol: Symbol, now: Nanos) {
        if self.withheld.is_some() && symbol == self.last {
            // A client that waits for an acknowledgement can only have sent this again.
            self.last_seen = now;
            return;
        }
        let due = self.decode(symbol, now);
        self.acknowledge(due, now);
    }

    /// Handles what is due at `now`; `sleep` says how the client was seen to wait.
    pub fn handle_timeout(&mut self, now: Nanos, sleep: SleepState) {
        if let Some(symbol) = self.swallowed(now, sleep) {
            return self.handle_symbol(symbol, now);
        }
        if let Some(ack) = self.timing.poll_ack(now, sleep) {
            self.send_ack(ack, now);
        }
        if self.may_send_final_ack() {
            let next = self.final_acks.poll_ack(now);
            self.actions.extend(next.map(TextAction::Acknowledge));
        }
        if self.decoder.is_lost() && now >= self.last_seen.saturating_add(RESET_AFTER) {
            self.reset();
        }
        if !self.decoder.has_evidence() {
            return;
        }
        let mut due = match self.may_be_acknowledged() {
            true => self.probe.poll_ack(now, sleep == SleepState::ForSignal),
            false => None,
        };
        if let Some(ack) = due.take() {
            self.is_acknowledged = true;
            self.timing.note_sent(ack, now);
            return self.send_ack(ack, now);
        }
        if now >= self.complete_at() && !self.is_silent {
            self.is_silent = true;
            due = match self.decoder.handle_silence() {
                DetectState::Tentative | DetectState::Decided => self.finish_detection(now),
                DetectState::NoMatch => self.give_up(),
                DetectState::Undecided => None,
            };
        }
        self.acknowledge(due, now);
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
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Nanos> {
        let has_evidence = self.decoder.has_evidence();
        let is_watched = has_evidence && self.may_be_acknowledged();
        let after = |silence| self.last_seen.saturating_add(silence);
        let deadlines = [
            self.final_acks
                .poll_timeout()
                .filter(|_| self.may_send_final_ack()),
            self.timing.deadline(),
            (has_evidence && !self.is_silent).then(|| self.complete_at()),
            self.decoder.is_lost().then(|| after(RESET_AFTER)),
            is_watched.then(|| self.probe.poll_timeout(false)).flatten(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Returns whether [`handle_timeout`](Self::handle_timeout) needs to know whether the client sleeps for a signal.
    #[must_use]
    pub fn needs_sleep_state(&self) -> bool {
        self.decoder.has_evidence() && self.may_be_acknowledged() && self.probe.needs_sleep_state()
    }

    /// Returns when to look whether the client sleeps, because an acknowledgement waits for that or may be lost.
    #[must_use]
    pub const fn look_at(&self) -> Option<Nanos> {
        self.timing.look_at()
    }

    /// Returns whether an acknowledgement waits until the client sleeps.
    #[must_use]
    pub fn has_pending_ack(&self) -> bool {
        self.timing.deadline().is_some()
    }

    /// Handles the end of the client; `success` says that its end may complete a message.
    pub fn handle_exit(&mut self, success: bool, now: Nanos) {
        match self.decoder.handle_exit(success) {
            DecodeOutcome::Detecting(state) if state.has_message() => {
                self.finish_detection(now);
            }
            DecodeOutcome::Complete => self.deliver(),
            _ => {}
        }
    }

    /// Handles that a message was written, or that it could not be.
    pub fn handle_written(&mut self, is_written: bool, now: Nanos) {
        self.unwritten = self.unwritten.saturating_sub(1);
        let Some(mut dialect) = self.decoder.dialect().copied() else {
            return;
        };
        if !is_written || self.unwritten > 0 || self.decoder.in_message() || self.has_moved_on {
            return;
        }
        if self.is_other_likelier(&dialect) {
            dialect.final_ack = FinalAck::Other;
        }
        let acks = dialect.final_acks(self.last);
        self.acknowledge(acks.0.filter(|_| !self.is_acknowledged), now);
        let is_certain = self.decoder.is_given() || dialect.ack_signal == AckSignal::Echo;
        self.final_acks.plan(
            &dialect,
            self.last,
            !is_certain && self.probe.choice.handled.both(),
            now,
        );
        if !self.final_acks.is_empty() {
            self.timing.trust();
        }
    }

    /// Sets whether to withhold the acknowledgements that let the client go on; the end of the message ends that too.
    pub const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Ends [`hold`](Self::hold) and sends what was withheld.
    pub fn release(&mut self, now: Nanos) {
        self.is_held = false;
        let withheld = self.withheld.take();
        self.acknowledge(withheld, now);
    }

    /// Receives nothing more, because of `reason`.
    ///
    /// What is owed for complete texts stays due, and a text that may be complete is kept until a silence shows that it is.
    pub fn close(&mut self, reason: Reason) {
        self.withheld = None;
        match self.decoder.handle_silence().has_message() {
            true => self.closing = Some(reason),
            false => self.close_now(reason),
        }
    }

    /// Returns when the last of what is owed for complete texts becomes due, after [`close`](Self::close).
    #[must_use]
    pub fn closing_deadline(&self) -> Option<Nanos> {
        let completes_at = self.closing.map(|_| self.complete_at());
        let acks_at = self.final_acks.poll_timeout().max(self.timing.deadline());
        acks_at.max(completes_at)
    }

    /// Returns when a message is complete that may be.
    fn complete_at(&self) -> Nanos {
        let silence = match self.decoder.may_be_a_line() {
            true => LINE_COMPLETE_AFTER,
            false => COMPLETE_AFTER,
        };
        self.last_seen.saturating_add(silence)
    }

    fn close_now(&mut self, reason: Reason) {
        let bytes = self.decoder.received_bytes();
        if bytes > 0 {
            self.actions
                .push_back(TextAction::Rejected { reason, bytes });
        }
        self.has_moved_on |= self.decoder.in_message();
        self.decoder.close();
    }

    /// Drops an incomplete message.
    pub fn reset(&mut self) {
        self.decoder.reset();
        self.probe.reset();
        self.timing.reset();
        self.withheld = None;
    }

    /// Sets which signals the client handles.
    pub const fn set_handled(&mut self, handled: HandledSignals) {
        self.probe.choice.handled = handled;
        self.decoder.set_greeting(self.probe.choice.greeting());
    }

    /// Returns whether part of a message has been received.
    #[must_use]
    pub const fn in_message(&self) -> bool {
        self.decoder.in_message()
    }

    /// Returns the bytes of memory held for an incomplete message.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.decoder.held_bytes()
    }

    /// Returns how many whole bytes of the present message were received.
    #[must_use]
    pub const fn received_bytes(&self) -> usize {
        self.decoder.received_bytes()
    }

    /// Returns whether no whole byte of a message is held, none is unwritten and no acknowledgement is owed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let owes = self.unwritten > 0 || !self.final_acks.is_empty() || self.has_pending_ack();
        !owes && self.received_bytes() == 0
    }

    /// Returns whether the message may have ended with the last symbol, so that the next may be another program's.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        self.decoder.may_be_over()
    }

    /// Returns whether the client waits for every acknowledgement, so that withholding one makes it wait.
    #[must_use]
    pub fn can_be_held(&self) -> bool {
        if self.decoder.is_detecting() {
            return self.probe.choice.handled.any() && self.probe.may_wait_for_bits();
        }
        // A client that repeats its bits, or gives up, is not kept waiting.
        let is_patient = |dialect: &Dialect| {
            dialect.ack == Ack::Bit && dialect.wait == 0 && !self.decoder.is_in_silent_head()
        };
        self.decoder.awaits_hello() || self.decoder.dialect().is_some_and(is_patient)
    }

    /// Returns whether the client was let go on, and its next bit is under way or has been swallowed.
    #[must_use]
    pub fn has_bit_under_way(&self) -> bool {
        self.timing.awaits_bit() && self.owes_bit()
    }

    /// Returns the bit of the client that another process has swallowed.
    fn swallowed(&self, now: Nanos, sleep: SleepState) -> Option<Symbol> {
        let swallowed = self.timing.swallowed(now, sleep);
        swallowed.filter(|_| self.owes_bit())
    }

    /// Returns whether the client waits for every acknowledgement, has had the last one and has not ended its message.
    fn owes_bit(&self) -> bool {
        let waits_for_bits = match self.decoder.is_detecting() {
            true => self.probe.waits_for_bits(),
            false => self.can_be_held(),
        };
        let in_message = self.in_message() && !self.may_be_over();
        in_message && waits_for_bits && self.is_acknowledged && self.withheld.is_none()
    }

    /// Returns whether the program of the client is known to wait for every acknowledgement.
    #[must_use]
    pub fn is_known_to_wait(&self) -> bool {
        !self.decoder.is_detecting() && !self.decoder.is_given() && self.can_be_held()
    }

    /// Decodes a symbol and returns the acknowledgement that is due.
    fn decode(&mut self, symbol: Symbol, now: Nanos) -> Option<Symbol> {
        let is_prompt = now.saturating_sub(self.last_seen) < REPEATS_WITHIN;
        self.last = symbol;
        self.last_seen = now;
        self.is_silent = false;
        self.is_acknowledged = false;
        let overdue = self.timing.handle_symbol(self.decoder.in_message(), now);
        self.actions.extend(overdue.map(TextAction::Acknowledge));
        self.final_acks.handle_symbol(now);
        if let Some(reason) = self.closing.take() {
            self.close_now(reason);
        }
        if self.decoder.is_closed() {
            // "Busy": a client that asks to be admitted asks again until the server is gone, and does not wait for ever.
            let asks = self.decoder.awaits_hello() && !self.has_moved_on;
            self.has_moved_on |= !asks;
            return self.hello_busy().filter(|_| asks);
        }
        let busy = self
            .hello_busy()
            .filter(|_| self.is_held && self.decoder.awaits_hello());
        if busy.is_some() {
            return busy;
        }
        if let Some(dialect) = self.repeated_end(symbol, is_prompt) {
            return self.answer_repeated_end(&dialect, symbol, now);
        }
        match self.decoder.push(symbol) {
            DecodeOutcome::Detecting(state) => {
                let at_once = self.probe.handle_symbol(symbol, now);
                match state {
                    DetectState::NoMatch => self.give_up(),
                    DetectState::Decided => self.finish_detection(now),
                    DetectState::Undecided | DetectState::Tentative => {
                        (at_once && !self.decoder.is_tie()).then(|| self.probe.symbol())
                    }
                }
            }
            DecodeOutcome::Hello => self.hello_ack(),
            DecodeOutcome::Incomplete => {
                let (first, second) = self.usual_acks()?;
                if let Some(second) = second {
                    self.final_acks.plan_second(second, now);
                }
                first
            }
            DecodeOutcome::Complete => {
                // The turn ends with the message, and nothing would release the client afterwards.
                self.is_held = false;
                let early = self.usual_acks().filter(|_| self.acknowledges_early());
                self.acknowledge(early.and_then(|(first, _)| first), now);
                self.deliver();
                None
            }
            DecodeOutcome::Rejected(reason, bytes) => {
                self.act(TextAction::Rejected { reason, bytes })
            }
            DecodeOutcome::Ignored => None,
        }
    }

    /// Returns the dialect of a client that has sent the end of its text once more.
    fn repeated_end(&mut self, symbol: Symbol, is_prompt: bool) -> Option<Dialect> {
        let mut decoder = self.end_again.take().filter(|_| is_prompt)?;
        let progress = decoder.push(symbol);
        if decoder.text_len() > 0 {
            return None;
        }
        match progress {
            DecodeProgress::Complete => Some(*decoder.dialect()),
            DecodeProgress::Incomplete => {
                self.end_again = Some(decoder);
                None
            }
            DecodeProgress::Rejected(_) => None,
        }
    }

    /// Returns the acknowledgement of an end that has come once more. If the client handles both signals, its handler sends the
    /// next bit and the ordinary acknowledgement does not end it; otherwise it sends its end twice.
    fn answer_repeated_end(
        &mut self,
        dialect: &Dialect,
        symbol: Symbol,
        now: Nanos,
    ) -> Option<Symbol> {
        let ack = dialect.ack_for(symbol);
        self.decoder.reset();
        self.expect_end_again(dialect);
        match dialect.ack {
            Ack::Bit if self.probe.choice.handled.both() => {
                self.final_acks.note_other(now);
                Some(ack.other())
            }
            Ack::Bit | Ack::Byte => Some(ack),
            Ack::None | Ack::Message => None,
        }
    }

    /// Expects that the client sends the end of a text in `dialect` once more.
    fn expect_end_again(&mut self, dialect: &Dialect) {
        let may_repeat =
            !self.decoder.is_given() && dialect.end.is_some() && !dialect.head.is_length();
        self.end_again = may_repeat.then(|| Box::new(self.decoder.of_end(dialect)));
    }

    /// Returns the signal that admits the client: the one that asked, if the client handles that.
    fn hello_ack(&self) -> Option<Symbol> {
        let asked = self.decoder.dialect()?.hello_signal;
        let handled = self.probe.choice.handled;
        Some(match asked {
            Symbol::Usr1 if !handled.usr1 && handled.usr2 => Symbol::Usr2,
            Symbol::Usr2 if !handled.usr2 && handled.usr1 => Symbol::Usr1,
            _ => asked,
        })
    }

    /// Returns the signal that tells the client to ask again: the other one than that which asked, if it does not admit the client.
    fn hello_busy(&self) -> Option<Symbol> {
        let busy = self.decoder.dialect()?.busy_signal()?;
        (self.hello_ack() != Some(busy)).then_some(busy)
    }

    /// Returns the acknowledgements of the last symbol in a known dialect, unless it ends the message.
    fn usual_acks(&self) -> Option<(Option<Symbol>, Option<Symbol>)> {
        let dialect = self.decoder.dialect()?;
        match dialect.ack {
            _ if self.decoder.is_in_silent_head() => None,
            Ack::Message
                if dialect.ack_head == HeadAck::Last && self.decoder.has_just_passed_head() =>
            {
                Some((Some(dialect.ack_for(self.last)), None))
            }
            Ack::Bit | Ack::Byte if self.decoder.is_at_byte_boundary() => {
                Some(dialect.byte_acks(self.last))
            }
            Ack::Bit => Some((Some(dialect.ack_for(self.last)), None)),
            Ack::Byte | Ack::None | Ack::Message => None,
        }
    }

    /// Returns whether the last bit of a message is acknowledged before the message is written.
    fn acknowledges_early(&self) -> bool {
        let is_early = |d: &Dialect| {
            d.ack_time == AckTime::Before
                && !matches!(d.final_ack, FinalAck::Other | FinalAck::None)
        };
        self.decoder.dialect().is_some_and(is_early)
    }

    /// Takes the message and the dialect that were detected; returns the acknowledgement that a symbol after the message needs.
    fn finish_detection(&mut self, now: Nanos) -> Option<Symbol> {
        let found = self.decoder.finish(self.probe.observed());
        let Some(Detection {
            dialect,
            is_sure,
            rival,
            is_tie,
            mut text,
            rest,
        }) = found
        else {
            let reason = Reason::NoMemory;
            return self.act(TextAction::Rejected { reason, bytes: 0 });
        };
        self.is_held = false;
        let rival = match rival {
            Some(other) if is_tie => {
                if self.closing.take().is_some() {
                    self.decoder.close();
                }
                self.probe.reset();
                text.truncate(EXCERPT);
                let one = Box::new((dialect, text));
                return self.act(TextAction::Ambiguous { one, other });
            }
            rival => rival,
        };
        let is_news = !is_sure || !self.decoder.is_known(&dialect);
        if is_news && (is_sure || !text.is_empty()) {
            self.act(TextAction::Detected { dialect, rival });
        }
        self.unwritten += 1;
        if !text.is_empty() {
            self.expect_end_again(&dialect);
        }
        self.act(TextAction::Complete(text));
        let was_acknowledged = self.is_acknowledged;
        let rest = match rest {
            Ok(rest) => rest,
            Err(reason) => return self.act(TextAction::Rejected { reason, bytes: 0 }),
        };
        let mut due = None;
        for symbol in rest.iter() {
            // The client went on after the symbols before, and so has had their acknowledgements.
            due = self.decode(symbol, now);
        }
        self.is_acknowledged = was_acknowledged;
        if let Some(reason) = self.closing.take() {
            self.close_now(reason);
        }
        due.filter(|_| !was_acknowledged)
    }

    fn deliver(&mut self) {
        self.unwritten += 1;
        let text = self.decoder.take();
        let dialect = self.decoder.dialect().filter(|_| !text.is_empty());
        if let Some(dialect) = dialect.copied() {
            self.expect_end_again(&dialect);
        }
        self.act(TextAction::Complete(text));
    }

    fn give_up(&mut self) -> Option<Symbol> {
        let digits = self.decoder.give_up();
        self.act(TextAction::NoMatch(digits))
    }

    /// Queues an action that leaves no acknowledgement due.
    fn act(&mut self, action: TextAction) -> Option<Symbol> {
        self.actions.push_back(action);
        None
    }

    /// Sends an acknowledgement, or withholds it while it is another client's turn.
    fn acknowledge(&mut self, due: Option<Symbol>, now: Nanos) {
        let Some(ack) = due else {
            return;
        };
        // A client that asks to be admitted is told to ask again, which is an acknowledgement too.
        if self.is_kept_waiting() && !self.decoder.awaits_hello() {
            self.withheld = Some(ack);
            return;
        }
        self.is_acknowledged = true;
        if let Some(ack) = self.timing.submit(ack, now) {
            self.send_ack(ack, now);
        }
    }

    /// Sends an acknowledgement. Before it the client may not have been able to go on, so that a silence begins now.
    fn send_ack(&mut self, ack: Symbol, now: Nanos) {
        (self.last_seen, self.is_silent) = (now, false);
        self.actions.push_back(TextAction::Acknowledge(ack));
    }

    /// Returns whether a client of an unknown dialect may go on. After the last bit of a tie it would take that for success.
    fn may_be_acknowledged(&self) -> bool {
        !self.is_kept_waiting() && !self.decoder.is_tie()
    }

    /// Returns whether the client waits for no other acknowledgement, as far as is known.
    fn may_send_final_ack(&self) -> bool {
        !self.decoder.in_message() || self.is_acknowledged && self.withheld.is_none()
    }

    fn is_kept_waiting(&self) -> bool {
        self.is_held && self.can_be_held()
    }
}
