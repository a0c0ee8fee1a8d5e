//! The protocols of other minitalk programs, as state machines without I/O and without a clock.
//!
//! A [`Dialect`] describes one such protocol; `docs/dialects.md` explains its keys. The caller brings signals and the time, as in
//! [`wire`](crate::wire), and carries out the returned actions.

pub mod ack_choice;
pub mod ack_probe;
pub mod ack_timing;
mod auto_decoder;
pub mod candidates;
mod decoder;
mod detector;
pub mod encoder;
mod final_acks;
mod head;
mod nap_trial;
pub mod profile_cache;
mod ranking;
pub mod receiver;
pub mod sender;
pub mod spec;
mod symbol_log;
#[cfg(test)]
mod testing;
mod utf8;
mod wide_text;

use self::head::HeadPart;
use crate::signal::set::Signal;
use crate::wire::Nanos;
use crate::wire::bits::Bit;

const MILLISECOND: Nanos = 1_000_000;

/// Defines an enum whose variants have names in a specification.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Lists every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the name of this choice in a specification.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Returns the choice that has this name in a specification.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

choice! {
    /// Tells which of the two signals was sent.
    Symbol {
        /// SIGUSR1.
        Usr1 = "usr1",
        /// SIGUSR2.
        Usr2 = "usr2",
    }
}

choice! {
    /// Says which bit of a byte is sent first.
    BitOrder {
        /// The most significant bit.
        Msb = "msb",
        /// The least significant bit.
        Lsb = "lsb",
    }
}

choice! {
    /// Names the head, which precedes the text.
    Head {
        /// Nothing.
        None = "none",
        /// A NUL.
        Nul = "nul",
        /// The control character STX, 2.
        Stx = "stx",
        /// The length in 8 bits.
        Len8 = "len8",
        /// The length in 16 bits.
        Len16 = "len16",
        /// The length in 32 bits.
        Len32 = "len32",
        /// The length in 64 bits.
        Len64 = "len64",
        /// The length in decimal digits, and a NUL.
        Digits = "digits",
        /// The length in ten decimal digits.
        Digits10 = "digits10",
        /// The length and the client's PID in ten decimal digits each.
        Digits10Pid = "digits10-pid",
        /// The length and the client's PID in decimal digits, and a NUL after each.
        DigitsPid = "digits-pid",
        /// The length in 32 bits, and the client's PID in as many.
        Len32Pid = "len32-pid",
        /// The client's PID in 32 bits.
        Pid = "pid",
        /// The client's PID in 32 bits, and the length in as many.
        PidLen32 = "pid-len32",
        /// The client's PID in 32 bits, and the length in 64.
        PidLen64 = "pid-len64",
        /// The client's PID in decimal digits, and the end byte, or a NUL if there is none.
        PidDigits = "pid-digits",
    }
}

choice! {
    /// Says which byte of a number is sent first.
    ByteOrder {
        /// The most significant byte.
        Big = "big",
        /// The least significant byte.
        Little = "little",
    }
}

choice! {
    /// Names the content of a character of 16 or 32 bits.
    Chars {
        /// A byte of the text. A receiver also takes code points beyond 127 that are not bytes of UTF-8.
        Bytes = "bytes",
        /// A Unicode code point.
        Unicode = "unicode",
    }
}

choice! {
    /// Says whether a parity bit follows each character.
    Parity {
        /// No bit follows.
        None = "none",
        /// The number of ones is even with it.
        Even = "even",
        /// The number of ones is odd with it.
        Odd = "odd",
        /// The parity bit is a 0.
        Space = "space",
        /// The parity bit is a 1.
        Mark = "mark",
    }
}

choice! {
    /// Names the unit that a server acknowledges with one signal.
    Ack {
        /// Nothing.
        None = "none",
        /// Every bit.
        Bit = "bit",
        /// Every byte.
        Byte = "byte",
        /// The whole message.
        Message = "message",
    }
}

choice! {
    /// Says what of the head is acknowledged by a server that acknowledges bits or bytes.
    HeadAck {
        /// The head like the text.
        All = "yes",
        /// The last bit of the head alone.
        Last = "last",
        /// Nothing.
        None = "no",
    }
}

choice! {
    /// Says which signal is the acknowledgement.
    AckSignal {
        /// SIGUSR1.
        Usr1 = "usr1",
        /// SIGUSR2.
        Usr2 = "usr2",
        /// The signal that is acknowledged.
        Echo = "echo",
        /// The signal that does not carry the acknowledged bit.
        Inverse = "inverse",
    }
}

choice! {
    /// Says how the last bit of each byte is acknowledged by a server that acknowledges bits.
    ByteAck {
        /// Like the other bits.
        Same = "same",
        /// With the other signal.
        Other = "other",
        /// With the usual signal and then the other one.
        Both = "both",
    }
}

choice! {
    /// Says when the bit that completes a message is acknowledged.
    AckTime {
        /// After the message has been written.
        After = "after",
        /// Before the message is written.
        Before = "before",
    }
}

choice! {
    /// Says how the last bit of a message is acknowledged.
    FinalAck {
        /// Like the last bit of the other bytes.
        Same = "same",
        /// With the other signal.
        Other = "other",
        /// With the usual signal, twice.
        Twice = "twice",
        /// With the usual signal and then the other one.
        Both = "both",
        /// Not at all.
        None = "none",
    }
}

choice! {
    /// Names the reaction of a client to an acknowledgement that does not arrive in time.
    OnSilence {
        /// Gives up.
        Fail = "fail",
        /// Sends the bit again.
        Retry = "retry",
    }
}

/// Describes how one program talks to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// The order of the bits in a byte of text.
    pub order: BitOrder,
    /// The symbol that is a 1.
    pub one: Symbol,
    /// Whether the client first asks to be admitted.
    pub hello: bool,
    /// The signal that asks and admits; the other one means busy.
    pub hello_signal: Symbol,
    /// The head, which precedes the text.
    pub head: Head,
    /// The order of the bits in a byte of the head's number.
    pub head_order: BitOrder,
    /// The order of the bytes of the head's number.
    pub head_bytes: ByteOrder,
    /// Whether a NUL follows the length.
    pub head_nul: bool,
    /// Whether the length includes the end byte.
    pub counts_end: bool,
    /// The byte that follows the text, if any.
    pub end: Option<u8>,
    /// The number of bits of a character of text and of the end byte.
    pub char_bits: u8,
    /// The content of a character of 16 or 32 bits.
    pub chars: Chars,
    /// Whether a parity bit follows each character and the end byte.
    pub parity: Parity,
    /// The unit that the server acknowledges.
    pub ack: Ack,
    /// What of the head is acknowledged.
    pub ack_head: HeadAck,
    /// The signal of an acknowledgement.
    pub ack_signal: AckSignal,
    /// How the last bit of each byte is acknowledged.
    pub ack_byte: ByteAck,
    /// When the last bit of a message is acknowledged.
    pub ack_time: AckTime,
    /// How the last bit of a message is acknowledged.
    pub final_ack: FinalAck,
    /// How many milliseconds the client waits for an acknowledgement; 0 means for ever.
    pub wait: u32,
    /// The client's reaction after that time.
    pub silence: OnSilence,
    /// Microseconds between bits that are not acknowledged; `None` means until the server has taken the last one.
    pub pace: Option<u32>,
}

impl AckSignal {
    /// Returns whether the signal of an acknowledgement depends on the acknowledged bit.
    pub(crate) const fn is_compared(self) -> bool {
        matches!(self, Self::Echo | Self::Inverse)
    }

    /// Returns the signal that acknowledges `symbol`.
    const fn acknowledging(self, symbol: Symbol) -> Symbol {
        match self {
            Self::Usr1 => Symbol::Usr1,
            Self::Usr2 => Symbol::Usr2,
            Self::Echo => symbol,
            Self::Inverse => symbol.other(),
        }
    }
}

impl Dialect {
    /// Text, most significant bit first, SIGUSR2 for 1, ended by a NUL, each bit acknowledged with SIGUSR1.
    pub const CLASSIC: Self = Self {
        order: BitOrder::Msb,
        one: Symbol::Usr2,
        hello: false,
        hello_signal: Symbol::Usr1,
        head: Head::None,
        head_order: BitOrder::Msb,
        head_bytes: ByteOrder::Big,
        head_nul: false,
        counts_end: false,
        end: Some(0),
        char_bits: 8,
        chars: Chars::Bytes,
        parity: Parity::None,
        ack: Ack::Bit,
        ack_head: HeadAck::All,
        ack_signal: AckSignal::Usr1,
        ack_byte: ByteAck::Same,
        ack_time: AckTime::After,
        final_ack: FinalAck::Same,
        wait: 0,
        silence: OnSilence::Fail,
        pace: None,
    };

    /// Returns the dialect with classic acknowledgements and times, which a client's signals alone do not show.
    pub const fn visible_form(&self) -> Self {
        Self {
            ack: Self::CLASSIC.ack,
            ack_head: Self::CLASSIC.ack_head,
            ack_signal: Self::CLASSIC.ack_signal,
            ack_byte: Self::CLASSIC.ack_byte,
            ack_time: Self::CLASSIC.ack_time,
            final_ack: Self::CLASSIC.final_ack,
            wait: Self::CLASSIC.wait,
            silence: Self::CLASSIC.silence,
            pace: Self::CLASSIC.pace,
            ..*self
        }
    }

    /// Returns the number of symbols of a character.
    pub const fn symbols_per_char(&self) -> u8 {
        self.char_bits + !matches!(self.parity, Parity::None) as u8
    }

    /// Returns the parity bit of a byte.
    pub const fn parity_bit(&self, byte: u8) -> bool {
        let is_odd = byte.count_ones() % 2 == 1;
        match self.parity {
            Parity::None | Parity::Even => is_odd,
            Parity::Odd => !is_odd,
            Parity::Space => false,
            Parity::Mark => true,
        }
    }

    /// Returns part number `index` of the head; the last one is the NUL that may follow a length.
    const fn head_part(&self, index: usize) -> Option<HeadPart> {
        match (index, self.head.parts()) {
            (0, [first, _]) => first,
            (1, [_, Some(second)]) => Some(second),
            (1, [_, None]) | (2, [_, Some(_)]) if self.head_nul => Some(HeadPart::Byte(0)),
            _ => None,
        }
    }

    /// Returns the symbol for a bit.
    pub fn symbol(&self, is_one: bool) -> Symbol {
        if is_one { self.one } else { self.one.other() }
    }

    /// Returns the symbol that acknowledges `symbol`.
    pub const fn ack_for(&self, symbol: Symbol) -> Symbol {
        self.ack_signal.acknowledging(symbol)
    }

    /// Returns the signal that tells a client to ask again to be admitted; `None` if each signal admits it.
    pub const fn busy_signal(&self) -> Option<Symbol> {
        // Servers that acknowledge everything with SIGUSR2 acknowledge the handshake like a bit.
        match (self.hello_signal, self.ack_signal) {
            (Symbol::Usr1, AckSignal::Usr2) => None,
            (asked, _) => Some(asked.other()),
        }
    }

    /// Returns whether a symbol in this place is acknowledged as part of a message, rather than as its end; `ends_byte` says that
    /// the symbol is the last of a byte.
    const fn acknowledges(&self, place: Place, ends_byte: bool) -> bool {
        match (place, self.ack_head, self.ack) {
            (_, _, Ack::None) => false,
            (Place::Head, HeadAck::Last | HeadAck::None, _) => false,
            (Place::HeadEnd, HeadAck::None, _) => false,
            (Place::HeadEnd, HeadAck::Last, _) | (_, _, Ack::Bit) => true,
            (_, _, Ack::Byte) => ends_byte,
            (_, _, Ack::Message) => false,
        }
    }

    /// Returns the acknowledgements of a message, at most two, whose last symbol is `symbol`, in order.
    pub fn final_acks(&self, symbol: Symbol) -> (Option<Symbol>, Option<Symbol>) {
        let usual = self.ack_for(symbol);
        match (self.ack, self.final_ack) {
            (Ack::None, _) | (_, FinalAck::None) => (None, None),
            (_, FinalAck::Same) => self.byte_acks(symbol),
            (_, FinalAck::Other) => (Some(usual.other()), None),
            (_, FinalAck::Twice) => (Some(usual), Some(usual)),
            (_, FinalAck::Both) => (Some(usual), Some(usual.other())),
        }
    }

    /// Returns the acknowledgements of a byte whose last symbol is `symbol`, in order.
    pub const fn byte_acks(&self, symbol: Symbol) -> (Option<Symbol>, Option<Symbol>) {
        let usual = self.ack_for(symbol);
        match self.ack_byte {
            ByteAck::Same => (Some(usual), None),
            ByteAck::Other => (Some(usual.other()), None),
            ByteAck::Both => (Some(usual), Some(usual.other())),
        }
    }
}

impl Symbol {
    /// Returns the symbol of a signal; `None` if that is neither SIGUSR1 nor SIGUSR2.
    pub const fn of(signal: Signal) -> Option<Self> {
        match signal {
            Signal::USR1 => Some(Self::Usr1),
            Signal::USR2 => Some(Self::Usr2),
            _ => None,
        }
    }

    /// Returns the other of the two symbols.
    pub const fn other(self) -> Self {
        match self {
            Self::Usr1 => Self::Usr2,
            Self::Usr2 => Self::Usr1,
        }
    }
}

/// Converts a bit of minitalk's own protocol to the symbol that carries it.
impl From<Bit> for Symbol {
    fn from(bit: Bit) -> Self {
        match bit {
            Bit::Zero => Self::Usr1,
            Bit::One => Self::Usr2,
        }
    }
}

impl From<Symbol> for Signal {
    fn from(symbol: Symbol) -> Self {
        Self::of_bit(symbol == Symbol::Usr2)
    }
}

/// Says where in a message a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the head, or before it.
    Head,
    /// At the end of the head.
    HeadEnd,
    /// In the text, or behind it.
    Text,
}

impl ByteOrder {
    /// Returns the order in which a loop over the bits of a number sends its bytes.
    pub const fn of_bit_loop(order: BitOrder) -> Self {
        match order {
            BitOrder::Msb => Self::Big,
            BitOrder::Lsb => Self::Little,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_says_which_symbols_acknowledge_the_end_of_a_message() {
        // The acknowledgements after a last symbol SIGUSR1, and after a last symbol SIGUSR2.
        for (spec, of_usr1, of_usr2) in [
            ("ack=none", "", ""),
            ("classic", "usr1", "usr1"),
            ("ack-signal=usr2", "usr2", "usr2"),
            ("ack-signal=echo", "usr1", "usr2"),
            ("ack-signal=inverse", "usr2", "usr1"),
            ("final=other", "usr2", "usr2"),
            ("final=none", "", ""),
            ("ack-byte=other", "usr2", "usr2"),
            ("ack-byte=both", "usr1 usr2", "usr1 usr2"),
            ("ack-byte=both,final=other", "usr2", "usr2"),
            ("ack=byte,final=twice", "usr1 usr1", "usr1 usr1"),
            ("ack-signal=echo,final=both", "usr1 usr2", "usr2 usr1"),
        ] {
            let dialect: Dialect = spec.parse().unwrap();
            let found = [Symbol::Usr1, Symbol::Usr2].map(|last| {
                let (first, second) = dialect.final_acks(last);
                assert!(first.is_some() || second.is_none());
                let words = first.into_iter().chain(second).map(Symbol::word);
                words.collect::<alloc::vec::Vec<_>>().join(" ")
            });
            assert_eq!(found, [of_usr1, of_usr2], "{spec}");
        }
    }

    #[test]
    fn the_visible_form_has_classic_acknowledgements_and_times() {
        let dialect: Dialect =
            "order=lsb,head=len32,ack=byte,ack-head=no,ack-signal=usr2,ack-time=before,final=both,wait=9,silence=retry,pace=1"
                .parse()
                .unwrap();
        assert_eq!(
            std::format!("{}", dialect.visible_form()),
            "order=lsb,head=len32"
        );
    }

    #[test]
    fn symbols_are_signals_and_carry_bits() {
        for (bit, symbol) in [(Bit::Zero, Symbol::Usr1), (Bit::One, Symbol::Usr2)] {
            assert_eq!(Symbol::from(bit), symbol);
            assert_eq!(Symbol::of(symbol.into()), Some(symbol));
        }
        assert_eq!(Symbol::of(Signal::INT), None);
    }
}
