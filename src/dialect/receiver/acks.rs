//! The acknowledgements of a client, and when they are withheld.

use super::TextAction;
use super::TextReceiver;
use crate::dialect::ack_timing::SleepState;
use crate::dialect::decoder::TextDecoder;
use crate::dialect::{Ack, AckTime, Dialect, FinalAck, MILLISECOND, Symbol};
use crate::wire::Nanos;

/// The silence after which a client is looked at that is not acknowledged, because its program is known not to need it.
pub(super) const DOUBT_AFTER: Nanos = 60 * MILLISECOND;

/// The silence after which a client that naps behind a byte is taken to wait there: a pause between two bits is shorter.
pub(super) const DOUBT_NAP_AFTER: Nanos = 200 * MILLISECOND;

/// When a client that handles no signal when its text is written is looked at again for the first time.
const FIRST_LATE_LOOK: Nanos = 10 * MILLISECOND;

/// The silence after which such a client is no longer looked at.
const LAST_LATE_LOOK: Nanos = 1000 * MILLISECOND;

/// The silence after which a client that is not acknowledged is no longer looked at.
const STOP_DOUBTING_AFTER: Nanos = 4000 * MILLISECOND;

impl TextReceiver {
    /// Handles that a message was written, or that it could not be.
    pub fn handle_written(&mut self, is_written: bool, now: Nanos) {
        self.unwritten = self.unwritten.saturating_sub(1);
        // With the next symbol a dialect that was not certain is looked for again.
        let Some(mut dialect) = self.delivered.filter(|_| !self.decoder.is_lost()) else {
            return;
        };
        // Less than a byte after the message is the beginning of another, or bits too many.
        let has_begun = self.decoder.in_message();
        let is_unfinished = has_begun && self.decoder.received_bytes() > 0;
        if !is_written || self.unwritten > 0 || is_unfinished || self.has_moved_on {
            return;
        }
        if !self.probe.choice.handled.any()
            && (dialect.ack != Ack::None || !self.decoder.is_given())
        {
            self.late_look = Some(now.saturating_add(FIRST_LATE_LOOK));
            return;
        }
        // The client has installed its handler since its dialect, or that of its program, was found.
        if dialect.ack == Ack::None && !self.decoder.is_given() && self.probe.choice.handled.any() {
            (dialect.ack, dialect.ack_signal) = (Ack::Message, self.probe.choice.ack_signal());
        }
        let handles_both = self.probe.choice.handled.both();
        if self.is_other_likelier(&dialect) || self.has_run_on && handles_both {
            dialect.final_ack = FinalAck::Other;
        }
        let is_certain = self.decoder.is_given() || dialect.ack_signal.is_compared();
        let may_try = !is_certain && handles_both;
        let first = dialect.final_acks(self.last).0;
        self.acknowledge(first.filter(|_| !self.is_acknowledged && !has_begun), now);
        self.final_acks.plan(&dialect, self.last, may_try, now);
        if has_begun {
            return self.final_acks.handle_symbol(self.last_seen);
        }
        // A client that handles one signal may nap before it waits for the second acknowledgement, and lose that.
        if !is_certain && !may_try {
            self.timing.end();
        } else if !self.final_acks.is_empty() {
            self.timing.trust();
        }
    }

    /// Acknowledges a message if the client handles a signal by now; it may install its handler after its last bit.
    pub(super) fn acknowledge_late(&mut self, now: Nanos) {
        let silence = now.saturating_sub(self.last_seen);
        if self.probe.choice.handled.any() {
            self.final_acks.note_sent(FinalAck::Same, now);
            self.send_ack(self.probe.symbol(), now);
        } else if silence < LAST_LATE_LOOK {
            self.late_look = Some(now.saturating_add(9 * silence.max(FIRST_LATE_LOOK)));
        }
    }

    /// Returns the signal that may end a client whose second message is no text: its handler may go on behind the first text,
    /// until the other signal comes.
    pub(super) fn ack_of_run_on(&mut self, symbol: Symbol, now: Nanos) -> Option<Symbol> {
        let may_run_on = self.probe.choice.handled.both() && !self.has_run_on;
        let dialect = self.decoder.detected()?;
        let is_second = dialect.hello || self.delivered.is_some();
        match may_run_on && is_second && dialect.ack == Ack::Bit {
            true => self.end_run_on(symbol, now),
            false => None,
        }
    }

    /// Returns the other signal, which ends a client whose handler has gone on behind its text.
    pub(super) fn end_run_on(&mut self, symbol: Symbol, now: Nanos) -> Option<Symbol> {
        let ack = self.decoder.dialect()?.ack_for(symbol).other();
        self.has_run_on = true;
        self.final_acks.note_sent(FinalAck::Other, now);
        Some(ack)
    }

    /// Returns the acknowledgement of a single byte behind a text, such as a newline, that is no message; or of a signal that opens
    /// no handshake, and so is the end of that with which the text began.
    pub(super) fn ack_of_tail(&mut self, symbol: Symbol, bytes: usize) -> Option<Symbol> {
        let may_run_on = self.probe.choice.handled.both();
        let is_tail = |d: &mut Dialect| match d.hello {
            true => bytes == 0 && d.ack == Ack::Bit && !may_run_on,
            false => bytes == 1 && d.ack == Ack::Bit && !(may_run_on && d.head.is_length()),
        };
        let dialect = self.delivered.take_if(is_tail)?;
        Some(dialect.ack_for(symbol))
    }

    /// Sets whether to withhold the acknowledgements that let the client go on; the end of the message ends that too.
    pub const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Ends [`hold`](Self::hold) and sends the withheld acknowledgements.
    pub fn release(&mut self, now: Nanos) {
        self.is_held = false;
        let withheld = self.withheld.take();
        self.acknowledge(withheld, now);
    }

    /// Returns whether the client waits for every acknowledgement, so that withholding one makes it wait.
    pub fn can_be_held(&self) -> bool {
        if self.decoder.is_detecting() {
            return self.probe.choice.handled.any() && self.probe.may_wait_for_bits();
        }
        // A client that repeats its bits, or gives up, is not kept waiting.
        let is_patient = |decoder: &TextDecoder| {
            let dialect = decoder.dialect();
            dialect.ack == Ack::Bit && dialect.wait == 0 && decoder.is_acknowledged()
        };
        self.decoder.awaits_hello() || self.decoder.known_decoder().is_some_and(is_patient)
    }

    /// Returns whether the program of the client is known to wait for every acknowledgement.
    pub fn is_known_to_wait(&self) -> bool {
        !self.decoder.is_detecting() && !self.decoder.is_given() && self.can_be_held()
    }

    /// Returns whether the client was let go on, and its next bit is under way or has been swallowed.
    pub fn has_bit_under_way(&self) -> bool {
        self.timing.awaits_bit() && self.owes_bit()
    }

    /// Returns the bit of the client that another process has swallowed.
    pub(super) fn swallowed(&self, now: Nanos, sleep: SleepState) -> Option<Symbol> {
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

    /// Sends an acknowledgement, or withholds it while it is another client's turn.
    pub(super) fn acknowledge(&mut self, due: Option<Symbol>, now: Nanos) {
        let Some(ack) = due else {
            return;
        };
        // The signal that tells a client to ask again for admission is an acknowledgement too, and is not withheld.
        if self.is_kept_waiting() && !self.decoder.awaits_hello() {
            self.withheld = Some(ack);
            return;
        }
        let waits_for_bytes = |d: &Dialect| d.ack == Ack::Byte;
        if self.decoder.dialect().is_some_and(waits_for_bytes) {
            self.timing.delay_past_nap();
        }
        self.is_acknowledged = true;
        if let Some(ack) = self.timing.submit(ack, now) {
            self.send_ack(ack, now);
        }
    }

    /// Sends an acknowledgement. Before it the client may not have been able to go on, so that a silence begins now.
    pub(super) fn send_ack(&mut self, ack: Symbol, now: Nanos) {
        (self.last_seen, self.is_silent) = (now, false);
        self.last_sleep = SleepState::Awake;
        self.actions.push_back(TextAction::Acknowledge(ack));
    }

    /// Looks later whether the client waits after a symbol that its expected dialect does not acknowledge.
    pub(super) fn watch_expected(&mut self, now: Nanos) {
        if self.decoder.is_expecting() {
            self.timing.look(now.saturating_add(DOUBT_AFTER));
        }
    }

    /// Takes the client for one of an unknown dialect if it sleeps where the expected one has no acknowledgement. An interpreter
    /// runs clients that wait for acknowledgements and clients that do not.
    pub(super) fn doubt_expected(&mut self, now: Nanos, sleep: SleepState) {
        let silence = now.saturating_sub(self.last_seen);
        let is_owed = self.is_acknowledged || self.withheld.is_some() || !self.in_message();
        if !self.decoder.is_expecting() || is_owed || silence < DOUBT_AFTER {
            return;
        }
        let is_at_boundary = |decoder: &TextDecoder| decoder.is_at_byte_boundary();
        let naps_after_byte = sleep == SleepState::Napping
            && silence >= DOUBT_NAP_AFTER
            && self.decoder.known_decoder().is_some_and(is_at_boundary);
        if naps_after_byte || self.timing.is_wait(sleep) {
            self.decoder.stop_expecting();
            let count = self.decoder.received_symbols();
            self.probe.catch_up(count, self.last, self.last_seen);
        } else if silence < STOP_DOUBTING_AFTER {
            self.timing.look(now.saturating_add(silence));
        }
    }

    /// Returns the acknowledgements of the last symbol in a known dialect, unless it ends the message.
    pub(super) fn usual_acks(&self) -> Option<(Option<Symbol>, Option<Symbol>)> {
        let decoder = self.decoder.known_decoder()?;
        let dialect = decoder.dialect();
        let acks = match decoder.is_at_byte_boundary() {
            true => dialect.byte_acks(self.last),
            false => (Some(dialect.ack_for(self.last)), None),
        };
        decoder.is_acknowledged().then_some(acks)
    }

    /// Returns whether the last bit of a message is acknowledged before the message is written.
    pub(super) fn acknowledges_early(&self) -> bool {
        let is_early = |d: &Dialect| {
            d.ack_time == AckTime::Before
                && !matches!(d.final_ack, FinalAck::Other | FinalAck::None)
        };
        self.decoder.dialect().is_some_and(is_early)
    }

    /// Returns the signal that admits the client: the one that asked, if the client handles that and no other one admitted its
    /// program.
    pub(super) fn hello_ack(&self) -> Option<Symbol> {
        let dialect = self.decoder.dialect()?;
        let admits = match dialect.busy_signal() {
            None if !self.decoder.is_given() => self.probe.symbol(),
            _ => dialect.hello_signal,
        };
        Some(self.probe.choice.handled.only().unwrap_or(admits))
    }

    /// Returns the signal that tells the client to ask again, unless that signal admits the client, or the client does not handle
    /// it: then the client waits for its admission.
    pub(super) fn hello_busy(&self) -> Option<Symbol> {
        let busy = self.decoder.dialect()?.busy_signal()?;
        let is_fatal = self.probe.choice.handled.only() == Some(busy.other());
        (self.hello_ack() != Some(busy) && !is_fatal).then_some(busy)
    }

    /// Returns whether a client of an unknown dialect may go on. After the last bit of a tie it would take that for success.
    pub(super) fn may_be_acknowledged(&self) -> bool {
        !self.is_kept_waiting() && !self.decoder.is_tie()
    }

    /// Returns whether the probe may acknowledge the client. A short text that may be over is rather written first.
    pub(super) fn is_probed(&self) -> bool {
        let may_be_text = self.probe.is_after_head_and_byte() && self.decoder.may_be_over();
        self.may_be_acknowledged() && !may_be_text
    }

    /// Returns the only signal of the client, if SIGUSR1 may have told it each time to send that again.
    pub(super) fn repeated_symbol(&self) -> Option<Symbol> {
        let symbol = self.decoder.only_symbol();
        symbol.filter(|_| self.probe.may_have_asked_again())
    }

    /// Returns whether the client has sent SIGUSR2 alone, each time because SIGUSR1 may have told it to ask for admission again.
    pub(super) fn has_asked_again(&self) -> bool {
        self.repeated_symbol() == Some(Symbol::Usr2)
    }

    /// Returns whether the client asks for admission with SIGUSR2 again and naps, in its handler of SIGUSR1. Another SIGUSR1 would
    /// be pending there, and taken for the acknowledgement of a bit later.
    pub(super) fn asks_in_handler(&self) -> bool {
        let choice = &self.probe.choice;
        let has_asked =
            self.decoder.only_symbol() == Some(Symbol::Usr2) && self.decoder.received_symbols() > 1;
        self.blocks_usr1 && has_asked && choice.may_switch() && choice.symbol() == Symbol::Usr1
    }

    /// Takes the client's signals so far for requests for admission. Its next SIGUSR2 is answered with SIGUSR2.
    pub(super) fn admit_with_usr2(&mut self) {
        self.probe.choice.admit_with_usr2();
        self.reset();
    }

    /// Returns whether the client waits for no other acknowledgement, as far as is known.
    pub(super) fn may_send_final_ack(&self) -> bool {
        !self.decoder.in_message() || self.is_acknowledged && self.withheld.is_none()
    }

    fn is_kept_waiting(&self) -> bool {
        self.is_held && self.can_be_held()
    }
}
