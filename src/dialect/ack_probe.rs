//! Which acknowledgements a client of an unknown dialect waits for, found out by watching when it stops.
//!
//! An extra acknowledgement can end a client early: a client that expects a single acknowledgement takes the first for it. A
//! missing acknowledgement stalls a client. So a client that goes on is not acknowledged, and a client that has stopped is:
//!
//! 1. The first symbols are acknowledged only after the client has visibly stopped: it sleeps for a signal, or was silent for
//!    [`SILENCE_AWAKE`]. A client that goes on without an acknowledgement does not wait for each bit. After [`PROOF_STOPS`] such
//!    stops the client waits for every bit, and is acknowledged at once from then on. If a process has failed before its first bit
//!    was acknowledged, all later processes of its program are acknowledged at once too.
//! 2. A client that goes on is acknowledged when it is silent right after a byte ([`SILENCE_AFTER_BYTE`]); after two such stops,
//!    after every byte. A client that stops after a head of 16, 32 or 64 bits, one bit or a byte later, does not wait in the head:
//!    it is watched from then on.
//! 3. Any other client is acknowledged when the message is complete.
//! 4. A client that waits for every bit and does not go on after a byte may wait for both signals there. It is sent the same once
//!    more and then, after 0.5 s, the other. If it goes on then, both follow every byte.
//! 5. The acknowledgement is SIGUSR1 if the client handles that, and otherwise SIGUSR2. A client that does not go on is sent the
//!    same once more and, if it handles both signals, then the other: that one can end it.

#[cfg(test)]
mod tests;

use core::mem;

use super::ack_choice::{AckChoice, AckPolicy};
use super::final_acks::PAUSE_OF_OTHER;
use super::{Ack, ByteAck, Dialect, Head, HeadAck, MILLISECOND, Symbol};
use crate::wire::Nanos;

/// The silence after which a client has stopped: no program that paces itself sleeps so long for a bit.
pub const SILENCE_AWAKE: Nanos = 8 * MILLISECOND;

/// The silence after which a client that sleeps for a signal has stopped.
pub const SILENCE_ASLEEP: Nanos = MILLISECOND / 4;

/// The silence after which a client that has sent a byte without an acknowledgement has stopped.
pub const SILENCE_AFTER_BYTE: Nanos = 60 * MILLISECOND;

/// Stops that prove that a client waits for every bit; the first could be a handshake.
pub const PROOF_STOPS: u8 = 3;

/// The silence after an acknowledgement before it is repeated, and before the other signal is tried.
const SWITCH_AFTER: Nanos = 100 * MILLISECOND;

/// The silence before the other signal is tried after a byte of a client that waits for every bit: it may only be slow.
const SWITCH_LATE: Nanos = 500 * MILLISECOND;

/// The numbers of bits of the heads that a client may send without waiting.
const HEADS: [u32; 3] = [16, 32, 64];

/// The number of bits of a PID.
const PID_BITS: u32 = 32;

/// The numbers of bits of a character, after which a client without a head may wait first.
const CHARACTERS: [u32; 3] = [7, 8, 9];

/// The acknowledgements of the last bit of a byte after the first one: the same signal, and then the other.
const MOST_AGAIN: u8 = 2;

/// Watches one client.
#[derive(Clone, Debug)]
pub(super) struct AckProbe {
    pub choice: AckChoice,
    state: ProbeState,
    /// Whether the first acknowledgement has been repeated.
    pub has_repeated: bool,
    /// The acknowledgements that followed the first one of the last bit of a byte, and those that a byte needs.
    again: u8,
    byte_ack: ByteAck,
    /// Symbols since the last acknowledgement, and the times of both.
    unanswered: u32,
    /// Symbols of the present byte, if the first symbol was the first of a byte.
    of_byte: u8,
    last_seen: Nanos,
    last_ack: Option<Nanos>,
    /// Stops after a single bit, and after a byte or another character, with the number of bits of the last one.
    bit_stops: u8,
    byte_stops: u8,
    character: u32,
    /// Where the client waits in its head, as far as is known, and how many bits it sent before it did.
    head: HeadAck,
    head_bits: u32,
    /// The number of bits up to the end of the client's PID, if it may have sent that first.
    pid_bits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProbeState {
    Watching,
    WaitsForBits,
    WaitsForBytes,
    GoesOn,
}

use ProbeState::{GoesOn, WaitsForBits, WaitsForBytes, Watching};

impl AckProbe {
    /// Returns a probe that knows nothing but which signals may acknowledge.
    pub const fn new(choice: AckChoice) -> Self {
        Self {
            choice,
            state: Watching,
            has_repeated: false,
            again: 0,
            byte_ack: ByteAck::Same,
            unanswered: 0,
            of_byte: 0,
            last_seen: 0,
            last_ack: None,
            bit_stops: 0,
            byte_stops: 0,
            character: 8,
            head: HeadAck::All,
            head_bits: 0,
            pid_bits: 0,
        }
    }

    /// Assumes that the client waits for every bit.
    pub const fn expect_wait(&mut self) {
        self.bit_stops = PROOF_STOPS;
    }

    /// Assumes that the client has sent `count` symbols, the last one at `last_seen`, and was not acknowledged.
    pub fn catch_up(&mut self, count: u64, last: Symbol, last_seen: Nanos) {
        self.reset();
        for _ in 0..count {
            self.handle_symbol(last, last_seen);
        }
    }

    /// Forgets everything but the signals to acknowledge with.
    pub fn reset(&mut self) {
        self.choice.reset();
        *self = Self {
            byte_ack: self.byte_ack,
            ..Self::new(self.choice.clone())
        };
    }

    /// Handles a symbol; returns whether to acknowledge it at once.
    pub fn handle_symbol(&mut self, symbol: Symbol, now: Nanos) -> bool {
        self.choice.handle_symbol(symbol);
        self.last_seen = now;
        self.unanswered = self.unanswered.saturating_add(1);
        if mem::take(&mut self.again) == MOST_AGAIN {
            self.byte_ack = ByteAck::Both;
        }
        self.of_byte = (self.of_byte + 1) % 8;
        let is_due = match self.state {
            Watching if self.unanswered > 1 => {
                self.state = GoesOn;
                false
            }
            Watching if self.bit_stops >= PROOF_STOPS => {
                self.state = WaitsForBits;
                true
            }
            WaitsForBits => true,
            WaitsForBytes => self.unanswered == self.character,
            Watching | GoesOn => false,
        };
        if is_due {
            self.note_ack(now);
        }
        is_due
    }

    /// Records that the last symbol may have completed the client's PID, behind which a byte begins.
    pub const fn note_pid(&mut self) {
        if matches!(self.state, GoesOn) && self.byte_stops == 0 {
            (self.pid_bits, self.of_byte) = (self.unanswered, 0);
        }
    }

    /// Returns the acknowledgement for a client that has stopped; `sleeps` says that it was seen to wait for a signal.
    pub fn poll_ack(&mut self, now: Nanos, sleeps: bool) -> Option<Symbol> {
        self.poll_timeout(sleeps).filter(|at| now >= *at)?;
        match (self.state, self.unanswered) {
            (WaitsForBits, 0) => {
                self.again += 1;
                self.last_ack = Some(now);
                let is_other = self.again == MOST_AGAIN || self.byte_ack == ByteAck::Both;
                let symbol = self.symbol();
                return Some(if is_other { symbol.other() } else { symbol });
            }
            (_, 0) if !self.has_repeated => self.has_repeated = true,
            (state, 0) => self.choice.switch(state == Watching && self.bit_stops == 1),
            (Watching, _) => self.bit_stops = self.bit_stops.saturating_add(1),
            (_, count)
                if self.of_byte == 1
                    && (self.is_head(count - 1) || count % 8 == 1 && count != 9) =>
            {
                if self.byte_stops == 0 {
                    self.head = HeadAck::None;
                }
                (self.state, self.bit_stops) = (Watching, 1);
            }
            (_, count) => {
                if self.byte_stops == 0 && self.is_head(count) {
                    (self.head, self.head_bits) = (HeadAck::Last, count);
                } else if self.byte_stops == 0 && count > 15 {
                    // The head and the first byte of the text.
                    self.head = HeadAck::None;
                }
                self.character = count;
                self.byte_stops = self.byte_stops.saturating_add(1);
                if self.byte_stops >= 2 {
                    self.state = WaitsForBytes;
                }
            }
        }
        let symbol = self.symbol();
        self.note_ack(now);
        Some(symbol)
    }

    /// Returns when [`poll_ack`](Self::poll_ack) may return an acknowledgement.
    pub fn poll_timeout(&self, sleeps: bool) -> Option<Nanos> {
        let (since, silence) = match (self.state, self.unanswered) {
            _ if !self.choice.handled.any() => return None,
            (Watching | GoesOn, 0) if !self.has_repeated || self.choice.may_switch() => {
                (self.last_ack?, SWITCH_AFTER)
            }
            (WaitsForBits, 0) if self.choice.handled.both() && self.of_byte == 0 => {
                let pause = match (self.byte_ack, self.again) {
                    (ByteAck::Both, 0) => PAUSE_OF_OTHER,
                    (ByteAck::Same, 0) => SWITCH_AFTER,
                    (ByteAck::Same, 1) => SWITCH_LATE,
                    _ => return None,
                };
                (self.last_ack?, pause)
            }
            (Watching, 0) => return None,
            (Watching, _) if sleeps => (self.last_seen, SILENCE_ASLEEP),
            (Watching, _) => (self.last_seen, SILENCE_AWAKE),
            (GoesOn, _) if !self.may_wait_here() => return None,
            (GoesOn, _) if sleeps => (self.last_seen, SILENCE_AWAKE),
            (GoesOn, _) => (self.last_seen, SILENCE_AFTER_BYTE),
            _ => return None,
        };
        Some(since.saturating_add(silence))
    }

    /// Returns whether each SIGUSR1 may have told the client to ask again to be admitted.
    pub const fn may_have_asked_again(&self) -> bool {
        let is_on_usr1 = matches!(self.choice.symbol(), Symbol::Usr1);
        self.bit_stops >= 2 && is_on_usr1 && self.choice.may_switch()
    }

    /// Restarts the silence at `now`, because the client had no CPU until then.
    pub fn restart_silence(&mut self, now: Nanos) {
        self.last_seen = now;
        self.last_ack = self.last_ack.map(|_| now);
    }

    /// Returns whether it matters, soon, whether the client sleeps for a signal.
    pub fn needs_sleep_state(&self) -> bool {
        let matters = match self.state {
            Watching => self.unanswered == 1,
            GoesOn => self.may_wait_here(),
            WaitsForBits | WaitsForBytes => false,
        };
        matters && self.choice.handled.any()
    }

    /// Returns whether a client that goes on may wait after the last symbol: after a byte, or after a head, one bit or a byte
    /// later.
    fn may_wait_here(&self) -> bool {
        // An acknowledgement in mid-byte can have been one too many.
        let is_after_byte = self.of_byte == 0 && matches!(self.unanswered, 1..=15);
        let is_after_head = match self.byte_stops {
            0 => {
                self.is_head(self.unanswered)
                    || self.is_head(self.unanswered.wrapping_sub(1))
                    || self.is_after_head_and_byte()
            }
            _ => self.head == HeadAck::Last && self.unanswered == 1,
        };
        // The symbol before these can have asked for admission.
        let is_after_character = match self.byte_stops {
            0 => CHARACTERS.contains(&self.unanswered),
            _ => self.unanswered == self.character,
        };
        is_after_character || self.unanswered == 8 || is_after_byte || is_after_head
    }

    /// Returns whether so many bits can be a head that the client sent without waiting.
    fn is_head(&self, count: u32) -> bool {
        HEADS.contains(&count) || count > 0 && count == self.pid_bits
    }

    /// Returns a dialect with the acknowledgements that a client with this head waits for, as far as is known.
    pub fn observed(&self, head: Head) -> Dialect {
        // Acknowledgements of the PID do no harm to a client that waits for none before its PID is complete.
        let is_of_pid = head.has_pid_and_length() && self.head_bits == PID_BITS;
        Dialect {
            ack: self.ack(),
            ack_head: if is_of_pid { HeadAck::All } else { self.head },
            ack_signal: self.choice.ack_signal(),
            ack_byte: match self.ack() {
                Ack::Bit => self.byte_ack,
                _ => ByteAck::Same,
            },
            ..Dialect::CLASSIC
        }
    }

    /// Returns the signal to acknowledge with.
    pub const fn symbol(&self) -> Symbol {
        self.choice.symbol()
    }

    /// Returns the kind of acknowledgement that the client seems to wait for.
    pub fn ack(&self) -> Ack {
        match self.state {
            _ if !self.choice.awaited().any() => Ack::None,
            WaitsForBits => Ack::Bit,
            WaitsForBytes => Ack::Byte,
            Watching if self.bit_stops > 0 => Ack::Bit,
            GoesOn if self.byte_stops > 0 && !self.is_ambiguous() => Ack::Byte,
            Watching | GoesOn => Ack::Message,
        }
    }

    /// Returns whether the only stop of the client came after so many bits that it can be that after a head, or the end of a short
    /// text.
    pub fn is_ambiguous(&self) -> bool {
        self.state == GoesOn && self.byte_stops == 1 && self.character > 15
    }

    /// Returns whether as many bits are not acknowledged as a head and a byte of text have.
    pub const fn is_after_head_and_byte(&self) -> bool {
        matches!(self.unanswered, 24 | 40 | 72)
    }

    /// Returns whether the client waits for every bit, as far as is known.
    pub const fn may_wait_for_bits(&self) -> bool {
        matches!(self.state, Watching | WaitsForBits)
    }

    /// Returns whether the client is known to wait for every bit, and which signal it waits for.
    pub const fn waits_for_bits(&self) -> bool {
        let is_proven = matches!(self.state, WaitsForBits) || self.bit_stops >= PROOF_STOPS;
        self.may_wait_for_bits() && (is_proven || !self.choice.handled.both())
    }

    /// Returns how to acknowledge the next process of the program, if this one has not gone on after an acknowledgement, of bits or
    /// of its first byte, and the other signal was not tried.
    pub fn next_policy(&self) -> Option<AckPolicy> {
        let stops = match self.may_wait_for_bits() {
            true => self.bit_stops,
            false => u8::from(self.byte_stops == 1),
        };
        let is_due = self.unanswered == 0 && stops > 0;
        self.choice.policy_after(stops).filter(|_| is_due)
    }

    /// Returns how to acknowledge the next process of the program, if this one has not waited any longer after its first
    /// acknowledgement.
    pub fn policy_after_flood(&self) -> Option<AckPolicy> {
        let has_let_go = self.unanswered > 0 && self.bit_stops == 1 && self.byte_stops == 0;
        self.choice.policy_after_flood().filter(|_| has_let_go)
    }

    /// Returns whether the client waits for every byte.
    pub fn waits_for_bytes(&self) -> bool {
        self.state == WaitsForBytes
    }

    /// Returns whether the client has sent one symbol, and has not been acknowledged.
    pub const fn has_kept_waiting(&self) -> bool {
        self.unanswered == 1 && self.last_ack.is_none()
    }

    fn note_ack(&mut self, now: Nanos) {
        self.unanswered = 0;
        self.last_ack = Some(now);
        self.choice.note_ack();
    }
}
