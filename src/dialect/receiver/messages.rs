//! Symbols to messages, whose dialect is known or found, and their ends: a silence, the end once more, or the close of the server.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use super::{REPEATS_WITHIN, TextAction, TextReceiver};
use crate::dialect::auto_decoder::DecodeOutcome;
use crate::dialect::candidates::is_scant;
use crate::dialect::decoder::DecodeProgress;
use crate::dialect::detector::{DetectState, EXCERPT};
use crate::dialect::ranking::Certainty;
use crate::dialect::symbol_log::SymbolLog;
use crate::dialect::{Ack, Dialect, FinalAck, Symbol};
use crate::wire::Nanos;
use crate::wire::reason::Reason;

impl TextReceiver {
    /// Handles the end of the client; `success` says that its end may complete a message.
    pub fn handle_exit(&mut self, success: bool, now: Nanos) {
        let success = success && !self.is_stray_byte();
        match self.decoder.handle_exit(success) {
            DecodeOutcome::Detecting(state) if state.has_message() => {
                self.finish_detection(now);
            }
            DecodeOutcome::Complete => self.deliver(None),
            // All that was left is a byte that is no text, such as a newline, behind the last one.
            _ if success && self.delivered.is_some() && self.decoder.is_tail() => {
                self.decoder.reset();
            }
            _ => {}
        }
    }

    /// Decodes a symbol and returns the acknowledgement that is due.
    pub(super) fn decode(&mut self, symbol: Symbol, now: Nanos) -> Option<Symbol> {
        let is_prompt = now.saturating_sub(self.last_seen) < REPEATS_WITHIN;
        self.last = symbol;
        self.last_seen = now;
        let was_silent = mem::replace(&mut self.is_silent, false);
        self.is_acknowledged = false;
        self.late_look = None;
        let overdue = self.timing.handle_symbol(self.decoder.in_message(), now);
        self.actions.extend(overdue.map(TextAction::Acknowledge));
        // A client that waits for two acknowledgements does not go on between them, but a handler that sends the next bit does.
        let may_run_on = self.final_acks.owes_other();
        self.final_acks.handle_symbol(now);
        self.finish_closing();
        if self.decoder.is_closed() {
            // "Busy": a client that asks to be admitted asks again until the server is gone, and does not wait for ever.
            let asks = self.decoder.awaits_hello() && !self.has_moved_on;
            self.has_moved_on |= !asks;
            return self.hello_busy().filter(|_| asks);
        }
        if self.is_held && self.decoder.awaits_hello() {
            if let Some(busy) = self.hello_busy() {
                return Some(busy);
            }
        }
        if let Some(dialect) = self.repeated_end(symbol, is_prompt) {
            return self.answer_repeated_end(&dialect, symbol, now);
        }
        match self.decoder.push(symbol) {
            DecodeOutcome::Detecting(state) => {
                let at_once = self.probe.handle_symbol(symbol, now);
                if self.decoder.is_after_pid() {
                    self.probe.note_pid();
                }
                // A text of one byte would have ended before the silence.
                let is_no_text = state == DetectState::NoMatch
                    || was_silent && self.decoder.received_symbols() > 8;
                match state {
                    // No text in any dialect repeats a bit so often.
                    _ if is_no_text && self.has_asked_again()
                        || state == DetectState::NoMatch && self.repeated_symbol().is_some() =>
                    {
                        self.admit_with_usr2();
                        self.decode(symbol, now)
                    }
                    DetectState::NoMatch => self.give_up(),
                    DetectState::Decided => self.finish_detection(now),
                    DetectState::Undecided | DetectState::Tentative => {
                        (at_once && !self.decoder.is_tie()).then(|| self.probe.symbol())
                    }
                }
            }
            DecodeOutcome::Hello => self.hello_ack(),
            DecodeOutcome::Incomplete if may_run_on && !self.decoder.is_given() => {
                self.end_run_on(symbol, now)
            }
            DecodeOutcome::Incomplete => {
                let Some((first, second)) = self.usual_acks() else {
                    self.watch_expected(now);
                    return None;
                };
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
                self.deliver(None);
                None
            }
            DecodeOutcome::Rejected(reason, bytes) => {
                let tail = self.ack_of_tail(symbol, bytes);
                if tail.is_some() {
                    return tail;
                }
                self.act(TextAction::Rejected { reason, bytes });
                self.ack_of_run_on(symbol, now)
            }
            DecodeOutcome::Ignored => None,
        }
    }

    /// Takes the message and the dialect that were detected; returns the acknowledgement that a symbol after the message needs.
    pub(super) fn finish_detection(&mut self, now: Nanos) -> Option<Symbol> {
        let Some(mut found) = self.decoder.finish(|head| self.probe.observed(head)) else {
            let reason = Reason::NoMemory;
            return self.act(TextAction::Rejected { reason, bytes: 0 });
        };
        self.is_held = false;
        let dialect = found.dialect;
        let is_sure = matches!(found.certainty, Certainty::Sure);
        let rival = match found.certainty {
            Certainty::Tie(other) => {
                if self.closing.take().is_some() {
                    self.decoder.close();
                }
                self.probe.reset();
                found.text.truncate(EXCERPT);
                let one = Box::new((dialect, found.text));
                self.act(TextAction::Ambiguous { one, other });
                return self.decode_rest(found.rest, now);
            }
            Certainty::Unsure(rival) => rival,
            Certainty::Sure => None,
        };
        let is_news = !is_sure || !self.decoder.is_known(&dialect);
        if is_news && (is_sure || !found.text.is_empty()) {
            self.act(TextAction::Detected {
                dialect,
                rival,
                is_scant: is_scant(&dialect, found.text.len()),
            });
        }
        self.deliver(Some(found.text));
        // A program whose handler sends the next bit and does not look for the end of the text needs another signal to end on.
        self.has_run_on = found.has_run_on && (dialect.hello || self.probe.choice.handled.both());
        if self.has_run_on {
            self.finish_closing();
            let bytes = found.rest.map_or(0, |rest| rest.len() / 8);
            return self.act(TextAction::RanOn(bytes));
        }
        self.decode_rest(found.rest, now)
    }

    /// Decodes the symbols after a detected message; returns the acknowledgement that the last one needs.
    fn decode_rest(&mut self, rest: Result<SymbolLog, Reason>, now: Nanos) -> Option<Symbol> {
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
        self.finish_closing();
        due.filter(|_| !was_acknowledged)
    }

    /// Delivers the detected text, or else the text of the decoder. Its dialect is known by now.
    fn deliver(&mut self, detected: Option<Vec<u8>>) {
        self.unwritten += 1;
        let text = detected.unwrap_or_else(|| self.decoder.take());
        self.delivered = self.decoder.dialect().copied();
        if let Some(dialect) = self.delivered.filter(|_| !text.is_empty()) {
            self.expect_end_again(&dialect);
        }
        self.act(TextAction::Complete(text));
    }

    pub(super) fn give_up(&mut self) -> Option<Symbol> {
        let digits = self.decoder.give_up();
        self.act(TextAction::NoMatch(digits))
    }

    /// Queues an action that leaves no acknowledgement due.
    pub(super) fn act(&mut self, action: TextAction) -> Option<Symbol> {
        self.actions.push_back(action);
        None
    }

    /// Returns the dialect of a client that has sent the end of its text once more.
    pub(super) fn repeated_end(&mut self, symbol: Symbol, is_prompt: bool) -> Option<Dialect> {
        let mut decoder = self.end_again.take().filter(|_| is_prompt)?;
        match decoder.push(symbol) {
            _ if decoder.text_len() > 0 => None,
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
    pub(super) fn answer_repeated_end(
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
                self.final_acks.note_sent(FinalAck::Other, now);
                Some(ack.other())
            }
            Ack::Bit | Ack::Byte => Some(ack),
            Ack::None | Ack::Message => None,
        }
    }

    /// Expects that the client sends the end of a text in `dialect` once more.
    pub(super) fn expect_end_again(&mut self, dialect: &Dialect) {
        let may_repeat =
            !self.decoder.is_given() && dialect.end.is_some() && !dialect.head.is_length();
        self.end_again = may_repeat.then(|| Box::new(self.decoder.of_end(dialect)));
    }

    /// Receives nothing more, because of `reason`.
    ///
    /// Acknowledgements of complete texts stay due, and a text that may be complete is kept until a silence shows that it is.
    pub fn close(&mut self, reason: Reason) {
        self.withheld = None;
        self.closing = Some(reason);
        if !self.decoder.handle_silence().has_message() {
            self.finish_closing();
        }
    }

    /// Returns when the last acknowledgement of complete texts becomes due, after [`close`](Self::close).
    pub fn closing_deadline(&self) -> Option<Nanos> {
        let completes_at = self.closing.map(|_| self.complete_at());
        let acks_at = self.final_acks.poll_timeout().max(self.timing.deadline());
        acks_at.max(completes_at)
    }

    /// Drops an incomplete text and decodes no more, if the text that may have been complete is over.
    pub(super) fn finish_closing(&mut self) {
        let Some(reason) = self.closing.take() else {
            return;
        };
        // A single symbol is a stray.
        if self.decoder.in_message() && self.decoder.received_symbols() > 1 {
            let bytes = self.decoder.received_bytes();
            self.act(TextAction::Rejected { reason, bytes });
        }
        self.has_moved_on |= self.decoder.in_message();
        self.decoder.close();
    }
}
