//! Decoding a stream in every dialect at once, until one is left.
//!
//! A decoder is dropped as soon as its message makes no sense: text that is not UTF-8 or has unusual control characters, a length
//! beyond the limit, a PID that is not the client's. A complete message is believed once no other decoder goes on or the client
//! has stopped. If the client goes on, the message is dropped as soon as the following symbols make no sense.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use super::candidates::{self, ENOUGH, is_weak, mask_gain};
use super::decoder::DecodeProgress::{self, Complete, Incomplete};
use super::decoder::{Provenance, TextDecoder};
use super::ranking::{self, Certainty, Reading, rank};
use super::symbol_log::SymbolLog;
use super::{Dialect, Head, Symbol};
use crate::process::pid::Pid;
use crate::wire::reason::Reason;

/// Symbols before decoding begins: few decoders survive them, so that little memory is needed.
const HEAD_START: usize = 16;

/// Limits the symbols that are decoded a second time. Of longer texts the dialect is known before their end.
const MOST_BEFORE_OWN_BYTE: usize = 512;

/// Is the gain in likelihood by a mask from which on a text is refused: first if the end of its client ends it, then if an end byte
/// of its program's own does.
const MASKED: u32 = 18;
const MASKED_WITH_END: u32 = 4;

/// Limits the bytes of an alternative text that a note shows.
pub const EXCERPT: usize = 64;

/// Decodes the stream of one client from the beginning of a message.
#[derive(Clone, Debug)]
pub struct Detector {
    limit: usize,
    pid: Pid,
    may_greet: bool,
    /// Whether an earlier part of the stream made no sense, so that a text may have begun there.
    pub(super) is_fragment: bool,
    /// The visible forms of the dialects that the program is known to use.
    known: Vec<Dialect>,
    log: SymbolLog,
    /// Whether the last decoder was dropped because of a text longer than the limit.
    is_too_long: bool,
    has_begun: bool,
    open: Vec<TextDecoder>,
    complete: Vec<Reading>,
}

/// Lists the states of the detection of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetectState {
    /// No message is complete.
    Undecided,
    /// A message is complete unless the client goes on.
    Tentative,
    /// A message is complete.
    Decided,
    /// The stream makes no sense in any dialect.
    NoMatch,
}

impl DetectState {
    /// Returns whether a message is complete if the client does not go on.
    pub const fn has_message(self) -> bool {
        matches!(self, Self::Tentative | Self::Decided)
    }
}

/// Names a dialect and the first bytes of a text in it.
pub type Excerpt = Box<(Dialect, Vec<u8>)>;

/// Holds a message and how it was read.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The dialect, as far as the stream shows it.
    pub dialect: Dialect,
    /// How certain that is.
    pub certainty: Certainty<Excerpt>,
    /// Whether the client has gone on behind the end of its text, and so waits for another acknowledgement of it.
    pub has_run_on: bool,
    /// The text.
    pub text: Vec<u8>,
    /// The symbols after the message; an error if there was no memory for them.
    pub rest: Result<SymbolLog, Reason>,
}

impl Detector {
    /// Returns a detector for the client `pid`, with texts of at most `limit` bytes.
    ///
    /// `may_greet` says that the client may open with a handshake. `known` are dialects that the program has used: they are
    /// likelier than others.
    pub fn new(limit: usize, pid: Pid, may_greet: bool, known: &[Dialect]) -> Self {
        Self {
            limit,
            pid,
            may_greet,
            is_fragment: false,
            known: known.iter().map(Dialect::visible_form).collect(),
            log: SymbolLog::default(),
            is_too_long: false,
            has_begun: false,
            open: Vec::new(),
            complete: Vec::new(),
        }
    }

    /// Sets whether the client may open with a handshake; has no effect once decoding has begun.
    pub const fn set_may_greet(&mut self, may_greet: bool) {
        self.may_greet = may_greet;
    }

    /// Returns whether no symbol has been received.
    pub const fn is_empty(&self) -> bool {
        self.log.len() == 0
    }

    /// Returns whether a message may have ended with the last symbol.
    pub fn may_be_over(&self) -> bool {
        self.state().has_message() || self.log.len() % 8 == 0 && !self.has_begun
    }

    /// Returns whether the last symbol may have completed the client's PID.
    pub fn is_after_pid(&self) -> bool {
        self.open.iter().any(TextDecoder::is_after_pid)
    }

    /// Returns the symbol of the client if it has sent no other.
    pub fn only_symbol(&self) -> Option<Symbol> {
        let first = self.log.iter().next()?;
        self.log.iter().all(|next| next == first).then_some(first)
    }

    /// Returns the first symbols, at most `limit`, as 0 for SIGUSR1 and 1 for SIGUSR2.
    pub fn digits(&self, limit: usize) -> String {
        let digit = |symbol| if symbol == Symbol::Usr2 { '1' } else { '0' };
        self.log.iter().take(limit).map(digit).collect()
    }

    /// Returns the bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.log.held_bytes()
            + self.open.capacity() * size_of::<TextDecoder>()
            + self.complete.capacity() * size_of::<Reading>()
    }

    /// Takes a symbol.
    ///
    /// # Errors
    /// Returns [`Reason::NoMemory`], or [`Reason::TooLong`] when the length of a text refutes the last dialect.
    pub fn push(&mut self, symbol: Symbol) -> Result<DetectState, Reason> {
        self.log.push(symbol)?;
        if self.has_begun {
            self.decode(symbol, self.log.len())?;
        } else if self.log.len() >= HEAD_START {
            self.begin()?;
        }
        match self.state() {
            DetectState::NoMatch if self.is_too_long => Err(Reason::TooLong),
            state => Ok(state),
        }
    }

    /// Returns whether the complete message could be the head of another: it has no text, or digits alone.
    pub fn may_be_a_head(&self) -> bool {
        let is_empty =
            |reading: &Reading| reading.at() == self.log.len() && reading.text_len() == 0;
        let has_digits = |decoder: &TextDecoder| decoder.dialect().head.is_decimal();
        !self.open.is_empty()
            && (self.complete.iter().any(is_empty) || self.open.iter().any(has_digits))
    }

    /// Returns whether a newline ends each complete message.
    pub fn may_be_a_line(&self) -> bool {
        let is_line = |reading: &Reading| reading.dialect().end == Some(b'\n');
        !self.complete.is_empty() && self.complete.iter().all(is_line)
    }

    /// Handles a silence of the client, after which no head start is needed.
    pub fn handle_silence(&mut self) -> DetectState {
        self.end_head_start();
        // A client that waits for an answer to its text does not end before. An end byte of its own refutes each plain text.
        let is_plain = |decoder: &TextDecoder| {
            let of = decoder.dialect();
            of.head == Head::None && of.char_bits == 8 && !of.hello
        };
        if self.may_greet && self.complete.is_empty() && !self.open.iter().any(is_plain) {
            self.complete = self.with_own_end();
        }
        self.state()
    }

    fn end_head_start(&mut self) {
        if !self.has_begun && self.log.len() >= 8 {
            // Without memory for the decoders nothing fits.
            let _ = self.begin();
        }
    }

    /// Handles the end of the client; `success` says that its end may complete a text without an end byte.
    pub fn handle_exit(&mut self, success: bool) -> DetectState {
        self.end_head_start();
        let state = self.state();
        // A space that was XORed with 42 is a newline.
        let is_masked = || {
            let is_masked = |plain| self.is_masked(Dialect { end: None, ..plain });
            self.may_be_a_line() && candidates::plain().into_iter().any(is_masked)
        };
        if success && is_masked() {
            return DetectState::Undecided;
        }
        if !success || self.is_fragment || state.has_message() {
            return state;
        }
        let at = self.log.len();
        for mut decoder in mem::take(&mut self.open) {
            // Several texts of a byte are one of characters of 16 bits, and no end byte shows which is meant.
            let is_refuted = decoder.dialect().char_bits == 16
                || is_unlikely_in_seven_bits(&decoder, true)
                || is_weak(decoder.dialect()) && decoder.text_len() < ENOUGH;
            if !decoder.handle_exit() || self.is_masked(*decoder.dialect()) {
                continue;
            }
            if self.known.contains(decoder.dialect()) || !is_refuted {
                let reading = Reading::new(decoder, at);
                // Without its end byte a dialect is the same as another.
                let is_same =
                    |other: &Reading| other.at() == at && other.dialect() == reading.dialect();
                if !self.complete.iter().any(is_same) {
                    self.complete.push(reading);
                }
            }
        }
        if self.complete.is_empty() {
            self.complete = self.before_own_byte().unwrap_or_default();
        }
        if self.complete.is_empty() {
            self.complete = self.with_own_end();
        }
        self.state()
    }

    /// Returns the readings of the whole stream as a text and an end byte that only this program uses.
    fn with_own_end(&self) -> Vec<Reading> {
        let count = self.log.len();
        let mut readings = Vec::new();
        if count < 16 || count % 8 != 0 || self.has_pid() {
            return readings;
        }
        for plain in candidates::plain() {
            let end = self.log.last_byte(&plain);
            if !candidates::is_own_end(end) {
                continue;
            }
            let dialect = Dialect {
                end: Some(end),
                ..plain
            };
            let mut decoder = self.guess(dialect);
            let mut symbols = self.log.iter();
            let mut progress = symbols.by_ref().map(|symbol| decoder.push(symbol));
            let outcome = progress.find(|progress| *progress != Incomplete);
            let is_whole = outcome == Some(Complete) && symbols.next().is_none();
            let is_text = is_whole && decoder.text_len() > 0 && !decoder.has_controls();
            if is_text && !self.is_masked(dialect) {
                readings.push(Reading::new(decoder, count));
            }
        }
        readings
    }

    /// Returns the readings of the stream without its last eight symbols, which can be a byte of the client's own after the end.
    fn before_own_byte(&self) -> Option<Vec<Reading>> {
        let mut before = Self::new(self.limit, self.pid, self.may_greet, &self.known);
        let count = self.log.len().checked_sub(8);
        let count = count.filter(|count| *count <= MOST_BEFORE_OWN_BYTE)?;
        for symbol in self.log.iter().take(count) {
            before.push(symbol).ok()?;
        }
        before.end_head_start();
        before.state().has_message().then_some(before.complete)
    }

    /// Returns the likeliest complete message, if there is one and memory for it.
    pub fn finish(mut self) -> Option<Detection> {
        let known = &self.known;
        self.complete.retain(|reading| is_message(reading, known));
        let (best, certainty) = rank(&self.complete, &self.known)?;
        let (dialect, at) = (*best.dialect(), best.at());
        let has_run_on = best.has_run_on() || self.is_environment(dialect, at);
        let excerpt =
            |rival: &Reading| Box::new((*rival.dialect(), self.excerpt(*rival.dialect(), at)));
        let certainty = match certainty {
            Certainty::Sure => Certainty::Sure,
            Certainty::Unsure(rival) => Certainty::Unsure(rival.map(excerpt)),
            Certainty::Tie(rival) => Certainty::Tie(excerpt(rival)),
        };
        let rest = self.log.since(at);
        let text = match dialect.char_bits {
            8 | 9 => {
                let mut decoder = self.guess(dialect);
                self.log
                    .into_text(at, |symbol| decoder.push_for_text(symbol))
            }
            // The bytes are more than the symbols take, or several end with one symbol.
            _ => self.text(dialect, 0..at, usize::MAX)?,
        };
        Some(Detection {
            dialect,
            certainty,
            has_run_on,
            text,
            rest,
        })
    }

    /// Returns whether the last symbol completes different texts in dialects that the program is known to use.
    pub fn is_tie(&self) -> bool {
        ranking::is_tie(&self.complete, &self.known, self.log.len())
    }

    /// Returns whether the text behind the first `at` symbols has the form of a variable of the environment. That stands behind the
    /// last argument of the client, whose handler sends it if it does not look for the end of the text.
    fn is_environment(&self, dialect: Dialect, at: usize) -> bool {
        let text = self
            .text(dialect, at..self.log.len(), usize::MAX)
            .unwrap_or_default();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let name = text.iter().position(|byte| !is_name(byte));
        dialect.end == Some(0) && name.is_some_and(|len| len > 0 && text[len] == b'=')
    }

    /// Returns whether the whole stream is rather a text whose bytes, and the NUL at its end, were XORed with a constant, than one in
    /// `dialect`.
    fn is_masked(&self, dialect: Dialect) -> bool {
        let text = self.text(dialect, 0..self.log.len(), usize::MAX);
        let text = text.unwrap_or_default();
        match (dialect.end, text.split_last()) {
            (Some(end), _) => mask_gain(&text, end) >= MASKED_WITH_END,
            (None, Some((last, text))) => mask_gain(text, *last) >= MASKED,
            (None, None) => false,
        }
    }

    /// Returns whether the stream begins with the PID, from its lowest bit up. Programs may leave out any of its highest bits.
    fn has_pid(&self) -> bool {
        let low = self.pid.get() as u16;
        // A small number can be a length, or a letter and a NUL.
        low > 0xff && self.log.starts_with_low(low)
    }

    /// Returns the first bytes of the text that the first `at` symbols are in `dialect`.
    fn excerpt(&self, dialect: Dialect, at: usize) -> Vec<u8> {
        let mut text = self.text(dialect, 0..at, EXCERPT).unwrap_or_default();
        text.truncate(EXCERPT);
        text
    }

    /// Returns the text that these symbols are in `dialect`, or its beginning of at least `most` bytes.
    fn text(&self, dialect: Dialect, symbols: Range<usize>, most: usize) -> Option<Vec<u8>> {
        let mut decoder = TextDecoder::new(dialect, self.limit, self.pid, Provenance::Detected);
        for symbol in self.log.iter().take(symbols.end).skip(symbols.start) {
            decoder.push(symbol);
            if decoder.text_len() >= most {
                break;
            }
        }
        decoder.into_text()
    }

    fn guess(&self, dialect: Dialect) -> TextDecoder {
        TextDecoder::new(dialect, self.limit, self.pid, Provenance::Guess)
    }

    fn begin(&mut self) -> Result<(), Reason> {
        self.has_begun = true;
        // A stream that opens with the other signal refutes the other handshake.
        let greeting = self.log.iter().next().filter(|_| self.may_greet);
        let mut dialects = candidates::all(greeting);
        let has_pid = self.has_pid();
        dialects.retain(|dialect| {
            let is_head_missed = has_pid && dialect.head.pid_part().is_none();
            !(self.is_fragment && is_weak(dialect) || is_head_missed)
        });
        for known in &self.known {
            if !dialects.contains(known) {
                dialects.push(*known);
            }
        }
        self.open
            .try_reserve_exact(dialects.len())
            .map_err(|_| Reason::NoMemory)?;
        let (limit, pid) = (self.limit, self.pid);
        let guess = |dialect| TextDecoder::new(dialect, limit, pid, Provenance::Guess);
        self.open.extend(dialects.into_iter().map(guess));
        let log = mem::take(&mut self.log);
        let result = log
            .iter()
            .enumerate()
            .try_for_each(|(i, symbol)| self.decode(symbol, i + 1));
        self.log = log;
        self.open.shrink_to_fit();
        result
    }

    /// Gives every decoder a symbol, which is number `count`.
    fn decode(&mut self, symbol: Symbol, count: usize) -> Result<(), Reason> {
        self.complete.retain_mut(|reading| reading.push(symbol));
        let (limit, complete) = (self.limit, &mut self.complete);
        let (known, is_fragment) = (&self.known, self.is_fragment);
        let (mut is_too_long, mut result) = (false, Ok(()));
        self.open.retain_mut(|decoder| {
            let progress = decoder.push(symbol);
            let is_over = progress == Complete;
            let is_refuted = is_unlikely_in_seven_bits(decoder, is_over)
                || is_fragment && decoder.has_controls();
            if is_refuted && !known.contains(decoder.dialect()) {
                return false;
            }
            if is_over {
                match complete.try_reserve(1) {
                    Ok(()) => complete.push(Reading::new(decoder.clone(), count)),
                    Err(_) => result = Err(Reason::NoMemory),
                }
            }
            is_too_long |= progress == DecodeProgress::Rejected(Reason::TooLong)
                && decoder.text_len() >= limit;
            progress == Incomplete
        });
        self.is_too_long = is_too_long;
        // Most decoders of a long head survive the first bytes and not the next.
        if self.open.len() < self.open.capacity() / 4 {
            self.open.shrink_to_fit();
        }
        if self.complete.len() < self.complete.capacity() / 4 {
            self.complete.shrink_to_fit();
        }
        result
    }

    fn state(&self) -> DetectState {
        let is_now = || {
            let mut complete = self.complete.iter();
            complete.any(|reading| reading.is_over(self.log.len()))
        };
        let is_message = |reading: &Reading| is_message(reading, &self.known);
        let is_text = |reading: &Reading| {
            let is_known = self.known.contains(reading.dialect());
            is_message(reading) && (reading.text_len() > 0 || is_known)
        };
        let has_text = self.complete.iter().any(is_text);
        let has_message = self.complete.iter().any(is_message);
        // In seven bits almost anything is text, and few clients send it.
        let goes_on = |decoder: &TextDecoder| !has_message || decoder.dialect().char_bits > 7;
        match (!self.open.iter().any(goes_on), !has_message) {
            _ if !self.has_begun => DetectState::Undecided,
            // The end of the client shows whether the last byte is an end byte that only this program uses.
            (true, true) if !self.is_fragment && !self.with_own_end().is_empty() => {
                DetectState::Undecided
            }
            (true, true) => DetectState::NoMatch,
            // An empty text may be the beginning of a head that is not known: the client shows it by going on.
            (true, false) if !has_text => DetectState::Tentative,
            (true, false) => DetectState::Decided,
            (false, _) if is_now() => DetectState::Tentative,
            (false, _) => DetectState::Undecided,
        }
    }
}

/// Returns whether too few letters are in a text of seven bits a character, which nearly any symbols are.
fn is_unlikely_in_seven_bits(decoder: &TextDecoder, is_over: bool) -> bool {
    let is_judged = is_over || decoder.text_len() >= ENOUGH;
    let limit = decoder.text_len().saturating_mul(3) + 4;
    decoder.dialect().char_bits == 7 && is_judged && decoder.cost() as usize > limit
}

/// Returns whether a reading can be the message, and not the beginning of a head that is not known.
fn is_message(reading: &Reading, known: &[Dialect]) -> bool {
    !reading.is_head_before_more() || known.contains(reading.dialect())
}

#[cfg(test)]
mod tests;
