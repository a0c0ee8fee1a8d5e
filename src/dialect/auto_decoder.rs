//! Decodes symbols to messages: in the given dialect, in that of other processes of the program, or in one to be detected.
//!
//! Nothing is acknowledged here, so the symbols after a message whose end was detected late are simply decoded.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::candidates::is_no_proof;
use super::decoder::{DecodeProgress, Provenance, TextDecoder};
use super::detector::{DetectState, Detection, Detector};
use super::ranking::Certainty;
use super::{Ack, Dialect, Head, HeadAck, Symbol};
use crate::process::pid::Pid;
use crate::wire::reason::Reason;

/// Symbols that are shown of a stream that makes no sense.
const SHOWN: usize = 256;

/// Decodes what one client sends.
#[derive(Clone, Debug)]
pub struct AutoDecoder {
    limit: usize,
    pid: Pid,
    /// Whether the client may open with a handshake.
    may_greet: bool,
    mode: Mode,
    /// Whether the user gave the dialect, so that nothing is detected.
    is_given: bool,
    /// The dialects that other processes of the program have used.
    known: Vec<Dialect>,
    /// The same stream in every dialect, while the only known dialect is expected.
    fallback: Option<Box<Detector>>,
    /// The expected dialect, whose acknowledgements the whole present message got.
    expected: Option<Dialect>,
    /// Whether another dialect is nearly as likely, so that the next message is detected again.
    is_unsure: bool,
    /// The number of symbols of the present message.
    taken: u64,
    /// Whether the stream made no sense before, so that nothing is learned from the following symbols.
    was_lost: bool,
    /// Whether no more symbols are decoded.
    is_closed: bool,
}

#[derive(Clone, Debug)]
enum Mode {
    Unknown(Box<Detector>),
    Known(Box<TextDecoder>),
    /// The stream makes no sense.
    Lost,
}

/// Is the result of a symbol, or of the end of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeOutcome {
    /// The dialect is being detected. [`Decided`](DetectState::Decided) calls for [`finish`](AutoDecoder::finish) and
    /// [`NoMatch`](DetectState::NoMatch) for [`give_up`](AutoDecoder::give_up).
    Detecting(DetectState),
    /// The client asks to be admitted.
    Hello,
    /// The message is not complete.
    Incomplete,
    /// The message is complete; see [`take`](AutoDecoder::take).
    Complete,
    /// The message is over and is not text; it had so many bytes.
    Rejected(Reason, usize),
    /// The symbol is not decoded.
    Ignored,
}

impl AutoDecoder {
    /// Returns a decoder for the client `pid` in a given dialect, with at most `limit` bytes of text.
    pub fn given(dialect: Dialect, limit: usize, pid: Pid) -> Self {
        let decoder = TextDecoder::new(dialect, limit, pid, Provenance::Given);
        Self {
            mode: Mode::Known(Box::new(decoder)),
            is_given: true,
            ..Self::detect(Vec::new(), limit, pid, false)
        }
    }

    /// Returns a decoder that detects the dialect; a single `known` dialect of the program is expected.
    pub fn detect(known: Vec<Dialect>, limit: usize, pid: Pid, may_greet: bool) -> Self {
        let mut decoder = Self {
            limit,
            pid,
            may_greet,
            mode: Mode::Lost,
            is_given: false,
            known,
            fallback: None,
            expected: None,
            is_unsure: false,
            taken: 0,
            was_lost: false,
            is_closed: false,
        };
        decoder.expect_known();
        decoder
    }

    /// Sets whether the client may open with a handshake.
    pub fn set_may_greet(&mut self, may_greet: bool) {
        self.may_greet = may_greet;
        if let Mode::Unknown(detector) = &mut self.mode {
            detector.set_may_greet(may_greet);
        }
    }

    /// Takes a symbol.
    pub fn push(&mut self, symbol: Symbol) -> DecodeOutcome {
        if self.is_closed {
            return DecodeOutcome::Ignored;
        }
        if self.taken == 0 && mem::take(&mut self.is_unsure) {
            self.expect_known();
        }
        self.taken += 1;
        let decoder = match &mut self.mode {
            Mode::Unknown(detector) => {
                return match detector.push(symbol) {
                    Ok(state) => DecodeOutcome::Detecting(state),
                    Err(reason) => self.lose(reason),
                };
            }
            Mode::Known(decoder) => decoder,
            Mode::Lost => return DecodeOutcome::Ignored,
        };
        let detected = self.fallback.as_mut().map(|detector| detector.push(symbol));
        if let Some(Err(Reason::NoMemory)) = detected {
            return self.lose(Reason::NoMemory);
        }
        let is_hello = decoder.awaits_hello();
        match decoder.push(symbol) {
            DecodeProgress::Incomplete if is_hello => DecodeOutcome::Hello,
            DecodeProgress::Incomplete => DecodeOutcome::Incomplete,
            DecodeProgress::Complete => self.complete(),
            DecodeProgress::Rejected(reason) => self.reject(reason),
        }
    }

    /// Handles a silence of the client.
    pub fn handle_silence(&mut self) -> DetectState {
        match &mut self.mode {
            Mode::Unknown(detector) => detector.handle_silence(),
            _ => DetectState::Undecided,
        }
    }

    /// Handles the end of the client; `success` says that its end may complete a message.
    pub fn handle_exit(&mut self, success: bool) -> DecodeOutcome {
        match &mut self.mode {
            Mode::Unknown(detector) => DecodeOutcome::Detecting(detector.handle_exit(success)),
            Mode::Known(decoder) if success => match self.fallback.take() {
                Some(mut detector) => {
                    let state = detector.handle_exit(true);
                    self.expected = Some(*decoder.dialect());
                    self.mode = Mode::Unknown(detector);
                    DecodeOutcome::Detecting(state)
                }
                None if decoder.handle_exit() => DecodeOutcome::Complete,
                None => DecodeOutcome::Ignored,
            },
            Mode::Known(_) | Mode::Lost => DecodeOutcome::Ignored,
        }
    }

    /// Takes the text of a message that is complete in a known dialect; the next symbol begins another.
    pub fn take(&mut self) -> Vec<u8> {
        let Mode::Known(decoder) = &mut self.mode else {
            return Vec::new();
        };
        let text = decoder.take();
        self.begin();
        text
    }

    /// Takes the likeliest message that may be complete and adopts its dialect, whose acknowledgements are those that `observed`
    /// returns for its head.
    ///
    /// After a [tie](Certainty::Tie) no dialect is adopted.
    pub fn finish(&mut self, observed: impl FnOnce(Head) -> Dialect) -> Option<Detection> {
        let next = self.detector();
        let Mode::Unknown(detector) = &mut self.mode else {
            return None;
        };
        let Some(mut found) = mem::replace(detector, next).finish() else {
            self.begin();
            return None;
        };
        let form = found.dialect.visible_form();
        let expected = self.expected.take();
        if let Some(known) = self.known.iter().find(|known| known.visible_form() == form) {
            found.dialect = *known;
        } else {
            let acks = expected.unwrap_or_else(|| observed(found.dialect.head));
            found.dialect.ack = acks.ack;
            found.dialect.ack_signal = acks.ack_signal;
            found.dialect.ack_byte = acks.ack_byte;
            // A message that is acknowledged as a whole says nothing of its head, unless that was acknowledged too.
            let is_silent = acks.ack == Ack::Message && acks.ack_head == HeadAck::None;
            if found.dialect.head != Head::None && acks.ack != Ack::None && !is_silent {
                found.dialect.ack_head = acks.ack_head;
            }
        }
        if !matches!(found.certainty, Certainty::Tie(_)) {
            let decoder =
                TextDecoder::new(found.dialect, self.limit, self.pid, Provenance::Detected);
            self.mode = Mode::Known(Box::new(decoder));
            let is_sure = matches!(found.certainty, Certainty::Sure);
            let is_known = self.known.contains(&found.dialect);
            self.is_unsure = !is_sure || !is_known && is_no_proof(&found.dialect, found.text.len());
        }
        self.begin();
        Some(found)
    }

    /// Gives up a stream that makes no sense; returns its first symbols as 0 for SIGUSR1 and 1 for SIGUSR2.
    pub fn give_up(&mut self) -> String {
        match mem::replace(&mut self.mode, Mode::Lost) {
            Mode::Unknown(detector) => detector.digits(SHOWN),
            _ => String::new(),
        }
    }

    /// Detects the dialect of the present message, because the client is seen not to use the expected one.
    pub fn stop_expecting(&mut self) {
        if let Some(detector) = self.fallback.take() {
            self.known.clear();
            self.mode = Mode::Unknown(detector);
        }
    }

    /// Drops an incomplete message and ignores all further symbols.
    pub fn close(&mut self) {
        self.reset();
        self.is_closed = true;
    }

    /// Drops an incomplete message.
    pub fn reset(&mut self) {
        self.expected = None;
        self.was_lost |= self.is_lost();
        if !matches!(self.mode, Mode::Known(_)) {
            self.mode = Mode::Unknown(self.detector());
        }
        if self.fallback.is_some() {
            self.fallback = Some(self.detector());
        }
        self.begin();
    }

    /// Returns whether further symbols are ignored.
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns whether other processes of the program have used this dialect.
    pub fn is_known(&self, dialect: &Dialect) -> bool {
        self.known.contains(dialect)
    }

    /// Returns whether the user gave the dialect.
    pub const fn is_given(&self) -> bool {
        self.is_given
    }

    /// Returns the dialect if it is given, expected or detected.
    pub fn dialect(&self) -> Option<&Dialect> {
        self.known_decoder().map(TextDecoder::dialect)
    }

    /// Returns the dialect if it was detected or confirmed, so that it can be expected of the program.
    pub fn detected(&self) -> Option<&Dialect> {
        let is_detected = !self.is_given && !self.is_unsure && !self.was_lost;
        self.dialect().filter(|_| is_detected)
    }

    /// Returns whether the dialect is only expected, because other processes of the program have used it.
    pub const fn is_expecting(&self) -> bool {
        self.fallback.is_some()
    }

    /// Returns whether the dialect is being detected.
    pub const fn is_detecting(&self) -> bool {
        matches!(self.mode, Mode::Unknown(_))
    }

    /// Returns whether the dialect is being detected and a symbol has been received.
    pub fn has_evidence(&self) -> bool {
        matches!(&self.mode, Mode::Unknown(detector) if !detector.is_empty())
    }

    /// Returns whether the dialect is being detected and the last symbol may have completed the client's PID.
    pub fn is_after_pid(&self) -> bool {
        matches!(&self.mode, Mode::Unknown(detector) if detector.is_after_pid())
    }

    /// Returns the symbol of the client if it has sent no other and its dialect is being detected.
    pub fn only_symbol(&self) -> Option<Symbol> {
        match &self.mode {
            Mode::Unknown(detector) => detector.only_symbol(),
            _ => None,
        }
    }

    /// Returns whether the present message, if complete, has different texts in dialects that the program uses.
    pub fn is_tie(&self) -> bool {
        matches!(&self.mode, Mode::Unknown(detector) if detector.is_tie())
    }

    /// Returns a decoder of the end of a text in `dialect`.
    pub fn of_end(&self, dialect: &Dialect) -> TextDecoder {
        let end = Dialect {
            hello: false,
            head: Head::None,
            ..*dialect
        };
        TextDecoder::new(end, 1, self.pid, Provenance::Guess)
    }

    /// Returns whether nothing but a newline shows that the present message may be complete.
    pub fn may_be_a_line(&self) -> bool {
        matches!(&self.mode, Mode::Unknown(detector) if detector.may_be_a_line())
    }

    /// Returns whether the stream makes no sense.
    pub const fn is_lost(&self) -> bool {
        matches!(self.mode, Mode::Lost)
    }

    /// Returns whether the next symbol asks for admission.
    pub fn awaits_hello(&self) -> bool {
        self.known_decoder().is_some_and(TextDecoder::awaits_hello) && !self.is_unsure
    }

    /// Returns whether part of a message has been received.
    pub const fn in_message(&self) -> bool {
        self.taken > 0 && !self.is_lost()
    }

    /// Returns whether a control character is all that was received of the present message, in a known dialect.
    pub fn is_tail(&self) -> bool {
        self.taken == 8 && self.known_decoder().is_some_and(TextDecoder::is_at_control)
    }

    /// Returns how many symbols of the present message were received.
    pub const fn received_symbols(&self) -> u64 {
        self.taken
    }

    /// Returns how many whole bytes of the present message were received, its head included.
    pub const fn received_bytes(&self) -> usize {
        if self.in_message() {
            (self.taken / 8) as usize
        } else {
            0
        }
    }

    /// Returns the bytes of memory held for an incomplete message.
    pub fn held_bytes(&self) -> usize {
        let fallback = self
            .fallback
            .as_ref()
            .map_or(0, |detector| detector.held_bytes());
        let message = match &self.mode {
            Mode::Unknown(detector) => detector.held_bytes(),
            Mode::Known(decoder) => decoder.held_bytes(),
            Mode::Lost => 0,
        };
        fallback + message
    }

    /// Returns whether a message may have ended with the last symbol.
    pub fn may_be_over(&self) -> bool {
        match &self.mode {
            Mode::Unknown(detector) => detector.may_be_over(),
            _ => self.taken == 0,
        }
    }

    /// Returns the decoder of a given, expected or detected dialect.
    pub fn known_decoder(&self) -> Option<&TextDecoder> {
        match &self.mode {
            Mode::Known(decoder) => Some(decoder),
            _ => None,
        }
    }

    /// Handles a message that makes no sense in the known dialect: the client uses another one, or it is no message.
    fn reject(&mut self, reason: Reason) -> DecodeOutcome {
        let Some(mut detector) = self.fallback.take() else {
            let bytes = self.received_bytes();
            self.begin();
            return DecodeOutcome::Rejected(reason, bytes);
        };
        let state = detector.handle_silence();
        self.mode = Mode::Unknown(detector);
        match (state, reason) {
            (DetectState::NoMatch, Reason::TooLong) => self.lose(reason),
            _ => DecodeOutcome::Detecting(state),
        }
    }

    /// Handles a message that is complete in the known dialect; where that was only expected, the detector decides.
    fn complete(&mut self) -> DecodeOutcome {
        let Some(mut detector) = self.fallback.take() else {
            return DecodeOutcome::Complete;
        };
        let state = match detector.handle_silence() {
            DetectState::Tentative if !detector.may_be_a_head() => DetectState::Decided,
            state => state,
        };
        self.expected = self.dialect().copied();
        self.mode = Mode::Unknown(detector);
        DecodeOutcome::Detecting(state)
    }

    /// Drops the message and everything up to the next silence.
    fn lose(&mut self, reason: Reason) -> DecodeOutcome {
        let bytes = self.received_bytes();
        self.fallback = None;
        self.mode = Mode::Lost;
        DecodeOutcome::Rejected(reason, bytes)
    }

    /// Begins a message in the only known dialect, if there is exactly one.
    fn expect_known(&mut self) {
        self.mode = Mode::Unknown(self.detector());
        if let [dialect] = self.known[..] {
            let decoder = TextDecoder::new(dialect, self.limit, self.pid, Provenance::Guess);
            self.mode = Mode::Known(Box::new(decoder));
            self.fallback = Some(self.detector());
        }
    }

    /// Makes the next symbol the first of a message.
    fn begin(&mut self) {
        self.taken = 0;
        if let Mode::Known(decoder) = &mut self.mode {
            decoder.take();
        }
    }

    fn detector(&self) -> Box<Detector> {
        let mut detector = Detector::new(self.limit, self.pid, self.may_greet, &self.known);
        detector.is_fragment = self.was_lost;
        Box::new(detector)
    }
}

#[cfg(test)]
mod tests;
