//! What a client of an unknown dialect waits for, found out by watching when it stops.
//!
//! An acknowledgement too many can end a client: to one that expects it for the whole message, the first says that all is
//! well. One too few stops it. So nobody is answered who goes on without, and everybody is who has stopped:
//!
//! 1. The first signals are not answered until the client has visibly stopped: it sleeps for a signal, or was silent for
//!    [`SILENCE_AWAKE`]. If it goes on unanswered it waits for none, for bits at least. After [`PROOF_STOPS`] such stops it is one that waits
//!    for every bit, and is answered at once from then on.
//! 2. One that goes on is answered when it is silent right after a byte ([`SILENCE_AFTER_BYTE`]); after two such stops, after every byte.
//! 3. Anybody else is answered when the message is complete.
//! 4. The answer is SIGUSR1, if the client handles that, and otherwise SIGUSR2. One that handles both and does not move
//!    on SIGUSR1 is sent SIGUSR2.

use super::{Ack, MILLISECOND, other};
use crate::wire::Nanos;
use crate::wire::bits::Bit;

/// The silence after which a client has stopped: no program that only paces itself sleeps so long for a bit.
pub const SILENCE_AWAKE: Nanos = 8 * MILLISECOND;

/// The same for one that is seen to sleep for a signal: it may be on its way.
pub const SILENCE_ASLEEP: Nanos = MILLISECOND / 4;

/// The same for one that has sent a byte without an answer.
pub const SILENCE_AFTER_BYTE: Nanos = 60 * MILLISECOND;

/// Stops that prove that a client waits for every bit. One is not enough: it could be a handshake.
pub const PROOF_STOPS: u8 = 3;

/// How long one is waited for that has been answered on one signal, before the other is tried.
const OTHER: Nanos = 100 * MILLISECOND;

/// The watcher of one client.
#[derive(Clone, Debug)]
pub struct AckProbe {
    stage: Stage,
    /// The signal to answer on.
    signal: Bit,
    /// Whether the other one has been tried.
    switched: bool,
    /// Signals since the last answer, and when the last came.
    unanswered: u32,
    heard: Nanos,
    answered: Option<Nanos>,
    /// Stops after a single bit, and after a byte.
    bit_stops: u8,
    byte_stops: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Watching,
    Bits,
    ByteOrder,
    Free,
}

/// The signals that a client handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandledSignals {
    /// SIGUSR1.
    pub usr1: bool,
    /// SIGUSR2.
    pub usr2: bool,
}

impl HandledSignals {
    /// Whether it handles both.
    #[must_use]
    pub const fn both(self) -> bool {
        self.usr1 && self.usr2
    }

    /// Whether it handles either.
    #[must_use]
    pub const fn any(self) -> bool {
        self.usr1 || self.usr2
    }
}

impl AckProbe {
    /// Nothing is known, but on which signal to try first.
    #[must_use]
    pub const fn new(signal: Bit) -> Self {
        Self {
            stage: Stage::Watching,
            signal,
            switched: false,
            unanswered: 0,
            heard: 0,
            answered: None,
            bit_stops: 0,
            byte_stops: 0,
        }
    }

    /// Notes a signal; whether to answer it at once.
    pub fn heard(&mut self, now: Nanos) -> bool {
        self.heard = now;
        self.unanswered = self.unanswered.saturating_add(1);
        match self.stage {
            Stage::Watching if self.unanswered > 1 => {
                self.stage = Stage::Free;
                false
            }
            Stage::Watching if self.bit_stops >= PROOF_STOPS => {
                self.stage = Stage::Bits;
                self.answer(now)
            }
            Stage::Bits => self.answer(now),
            Stage::ByteOrder if self.unanswered == 8 => self.answer(now),
            _ => false,
        }
    }

    /// The answer that is due to one who has stopped. `sleeps`: it is seen to wait for a signal.
    pub fn poll(&mut self, now: Nanos, sleeps: bool, handles: HandledSignals) -> Option<Bit> {
        if !handles.any() || self.deadline(sleeps, handles).is_none_or(|at| now < at) {
            return None;
        }
        match (self.stage, self.unanswered) {
            (Stage::Watching, 0) => {
                self.switched = true;
                self.signal = other(self.signal);
            }
            (Stage::Watching, _) => self.bit_stops = self.bit_stops.saturating_add(1),
            _ => {
                self.byte_stops = self.byte_stops.saturating_add(1);
                if self.byte_stops >= 2 {
                    self.stage = Stage::ByteOrder;
                }
            }
        }
        self.answer(now);
        Some(self.signal(handles))
    }

    /// Counts the silence from `now` on: until then the client had no CPU to break it.
    pub fn excuse(&mut self, now: Nanos) {
        self.heard = now;
        self.answered = self.answered.map(|_| now);
    }

    /// When [`poll`](Self::poll) may have an answer to give.
    #[must_use]
    pub fn deadline(&self, sleeps: bool, handles: HandledSignals) -> Option<Nanos> {
        let hold = match (self.stage, self.unanswered) {
            _ if !handles.any() => return None,
            (Stage::Watching, 0) => {
                let may_switch = handles.both() && !self.switched;
                return self
                    .answered
                    .filter(|_| may_switch)
                    .map(|at| at.saturating_add(OTHER));
            }
            (Stage::Watching, _) if sleeps => SILENCE_ASLEEP,
            (Stage::Watching, _) => SILENCE_AWAKE,
            (Stage::Free, 8) if sleeps => SILENCE_AWAKE,
            (Stage::Free, 8) => SILENCE_AFTER_BYTE,
            _ => return None,
        };
        Some(self.heard.saturating_add(hold))
    }

    /// Whether it matters, soon, whether the client sleeps for a signal.
    #[must_use]
    pub const fn is_watching(&self) -> bool {
        matches!(
            (self.stage, self.unanswered),
            (Stage::Watching, 1) | (Stage::Free, 8)
        )
    }

    /// The signal to answer on.
    #[must_use]
    pub const fn signal(&self, handles: HandledSignals) -> Bit {
        match (handles.usr1, handles.usr2) {
            (true, false) => Bit::Zero,
            (false, true) => Bit::One,
            _ => self.signal,
        }
    }

    /// What the client seems to wait for.
    #[must_use]
    pub const fn ack(&self, handles: HandledSignals) -> Ack {
        match self.stage {
            _ if !handles.any() => Ack::None,
            Stage::Bits => Ack::Bit,
            Stage::ByteOrder => Ack::Byte,
            Stage::Watching if self.bit_stops > 0 => Ack::Bit,
            Stage::Free if self.byte_stops > 0 => Ack::Byte,
            _ => Ack::Message,
        }
    }

    /// Whether the client waits for every bit, as far as is known.
    #[must_use]
    pub const fn may_wait_for_bits(&self) -> bool {
        matches!(self.stage, Stage::Watching | Stage::Bits)
    }

    /// Whether the client has not moved since the first answers, on one signal of two that it handles.
    #[must_use]
    pub const fn is_shy(&self, handles: HandledSignals) -> bool {
        let is_early = matches!(self.stage, Stage::Watching) && self.bit_stops == 1;
        is_early && self.unanswered == 0 && handles.both() && !self.switched
    }

    fn answer(&mut self, now: Nanos) -> bool {
        self.unanswered = 0;
        self.answered = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: HandledSignals = HandledSignals {
        usr1: true,
        usr2: true,
    };

    #[test]
    fn one_that_waits_for_every_bit_is_answered_at_once_in_the_end() {
        let mut ack_probe = AckProbe::new(Bit::Zero);
        let mut now = 0;
        for _ in 0..PROOF_STOPS {
            assert!(!ack_probe.heard(now));
            assert_eq!(ack_probe.poll(now + SILENCE_AWAKE - 1, false, BOTH), None);
            assert_eq!(
                ack_probe.poll(now + SILENCE_ASLEEP, true, BOTH),
                Some(Bit::Zero)
            );
            now += SILENCE_AWAKE;
        }
        assert!(ack_probe.heard(now));
        assert_eq!(ack_probe.ack(BOTH), Ack::Bit);
    }

    #[test]
    fn one_that_goes_on_is_left_alone() {
        let mut ack_probe = AckProbe::new(Bit::Zero);
        for i in 0..80 {
            assert!(!ack_probe.heard(i * SILENCE_AWAKE / 2));
            assert_eq!(
                ack_probe.poll(i * SILENCE_AWAKE / 2 + SILENCE_ASLEEP, false, BOTH),
                None
            );
        }
        assert_eq!(ack_probe.ack(BOTH), Ack::Message);
        let nothing = HandledSignals {
            usr1: false,
            usr2: false,
        };
        assert_eq!(ack_probe.ack(nothing), Ack::None);
    }

    #[test]
    fn one_that_waits_for_every_byte() {
        let mut ack_probe = AckProbe::new(Bit::Zero);
        let mut now = 0;
        for stop in 0..4 {
            for bit in 0..8 {
                now += 1000;
                assert_eq!(ack_probe.heard(now), stop >= 2 && bit == 7);
            }
            if stop < 2 {
                assert_eq!(
                    ack_probe.poll(now + SILENCE_AFTER_BYTE, false, BOTH),
                    Some(Bit::Zero)
                );
            }
        }
        assert_eq!(ack_probe.ack(BOTH), Ack::Byte);
    }

    #[test]
    fn one_that_does_not_move_is_sent_the_other_signal() {
        let mut ack_probe = AckProbe::new(Bit::Zero);
        ack_probe.heard(0);
        assert_eq!(ack_probe.poll(SILENCE_AWAKE, false, BOTH), Some(Bit::Zero));
        assert!(ack_probe.is_shy(BOTH));
        assert_eq!(
            ack_probe.poll(SILENCE_AWAKE + OTHER, false, BOTH),
            Some(Bit::One)
        );
        assert_eq!(ack_probe.poll(SILENCE_AWAKE + 9 * OTHER, false, BOTH), None);
        ack_probe.heard(20 * OTHER);
        assert_eq!(ack_probe.poll(21 * OTHER, false, BOTH), Some(Bit::One));
    }
}
