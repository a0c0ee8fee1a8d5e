//! The wire dialect_cost of other minitalk programs, without I/O: what they send, how it is read, what they wait for.
//!
//! A [`Dialect`] says how one program talks to another; `docs/dialects.md` explains its dimensions. Whoever calls brings
//! signals and the time, as in [`wire`](crate::wire), and carries out what is returned.
//!
//! | module | one idea |
//! | --- | --- |
//! | [`spec`] | a dialect in text, as `--dialect` takes it: the one table of keys and presets |
//! | [`encoder`] | a message to bits |
//! | [`utf8`] | what is text |
//! | [`decoder`] | bits to a message, in one dialect |
//! | [`candidates`] | the dialects that a stream could be in, and how likely they are |
//! | [`detector`] | all readings of a stream at once, until one is left |
//! | [`ack_probe`] | what a client of an unknown dialect waits for |
//! | [`profile_cache`] | what was learned of programs |
//! | [`auto_decoder`] | bits to messages, in whatever dialect |
//! | [`final_acks`] | what is answered at the end of a message |
//! | [`receiver`] | the receiving end: reads, and says what to answer when |

pub mod ack_probe;
pub mod auto_decoder;
pub mod candidates;
pub mod decoder;
pub mod detector;
pub mod encoder;
pub mod final_acks;
pub mod profile_cache;
pub mod receiver;
pub mod spec;
pub mod utf8;

use crate::wire::Nanos;
use crate::wire::bits::Bit;

const MILLISECOND: Nanos = 1_000_000;

/// A closed choice, each with the word that names it in a specification.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in a specification.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The choice of this name.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

choice! {
    /// Which bit of a byte comes first.
    Order {
        /// The most significant.
        Msb = "msb",
        /// The least significant.
        Lsb = "lsb",
    }
}

choice! {
    /// Which signal is a 1.
    One {
        /// SIGUSR2.
        Usr2 = "usr2",
        /// SIGUSR1.
        Usr1 = "usr1",
    }
}

choice! {
    /// What comes before the text.
    Head {
        /// Nothing.
        None = "none",
        /// Its length in 16 bits.
        Len16 = "len16",
        /// Its length in 32 bits.
        Len32 = "len32",
        /// Its length in 64 bits.
        Len64 = "len64",
        /// Its length in decimal digits, and a NUL.
        Digits = "digits",
        /// The client's PID in 32 bits.
        Pid = "pid",
    }
}

choice! {
    /// Which byte of a number comes first.
    ByteOrder {
        /// The most significant.
        Big = "big",
        /// The least significant.
        Little = "little",
    }
}

choice! {
    /// What a server acknowledges, with one signal each.
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
    /// The signal of an acknowledgement.
    AckSignal {
        /// SIGUSR1.
        Usr1 = "usr1",
        /// SIGUSR2.
        Usr2 = "usr2",
        /// The one that is acknowledged.
        Echo = "echo",
    }
}

choice! {
    /// When the bit that completes something is acknowledged.
    AckTime {
        /// After it has been handled.
        After = "after",
        /// Before.
        Before = "before",
    }
}

choice! {
    /// The last acknowledgement of a message.
    FinalAck {
        /// Is like the others.
        Same = "same",
        /// Is the other signal.
        Other = "other",
        /// Comes twice.
        Twice = "twice",
        /// Comes, and then the other signal.
        Both = "both",
    }
}

choice! {
    /// What a client does that has waited too long for an acknowledgement.
    OnSilence {
        /// Gives up.
        Fail = "fail",
        /// Sends the bit again.
        Retry = "retry",
    }
}

/// How one program talks to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// Which bit of a byte of text comes first.
    pub order: Order,
    /// Which signal is a 1.
    pub one: One,
    /// Whether the client sends SIGUSR1 first and waits for SIGUSR1, or for SIGUSR2, which says that the server is busy.
    pub hello: bool,
    /// What comes before the text.
    pub head: Head,
    /// Which bit of a byte of the head comes first.
    pub head_order: Order,
    /// Which byte of the head's number comes first.
    pub head_bytes: ByteOrder,
    /// Whether a NUL follows the length.
    pub head_nul: bool,
    /// Whether the length counts the end byte.
    pub counts_end: bool,
    /// The byte that follows the text, if one does.
    pub end: Option<u8>,
    /// What the server acknowledges.
    pub ack: Ack,
    /// With which signal.
    pub ack_signal: AckSignal,
    /// When.
    pub ack_time: AckTime,
    /// How the last one is.
    pub last: FinalAck,
    /// Milliseconds that the client waits for an acknowledgement; 0: for ever.
    pub wait: u32,
    /// What it does then.
    pub silence: OnSilence,
    /// Microseconds between bits that are not acknowledged; `None`: until the server has taken the last.
    pub pace: Option<u32>,
}

impl Dialect {
    /// Text, most significant bit first, SIGUSR2 for 1, ended by a NUL, each bit acknowledged with SIGUSR1.
    pub const CLASSIC: Self = Self {
        order: Order::Msb,
        one: One::Usr2,
        hello: false,
        head: Head::None,
        head_order: Order::Msb,
        head_bytes: ByteOrder::Big,
        head_nul: false,
        counts_end: false,
        end: Some(0),
        ack: Ack::Bit,
        ack_signal: AckSignal::Usr1,
        ack_time: AckTime::After,
        last: FinalAck::Same,
        wait: 0,
        silence: OnSilence::Fail,
        pace: None,
    };

    /// Returns what a client's signals alone can show of it: acknowledgements and times are those of the classic dialect.
    #[must_use]
    pub const fn visible_form(&self) -> Self {
        Self {
            ack: Self::CLASSIC.ack,
            ack_signal: Self::CLASSIC.ack_signal,
            ack_time: Self::CLASSIC.ack_time,
            last: Self::CLASSIC.last,
            wait: Self::CLASSIC.wait,
            silence: Self::CLASSIC.silence,
            pace: Self::CLASSIC.pace,
            ..*self
        }
    }

    /// Whether a signal is a 1.
    #[must_use]
    pub fn is_one(&self, signal: Bit) -> bool {
        (signal == Bit::One) == (self.one == One::Usr2)
    }

    /// The signal for a bit.
    #[must_use]
    pub fn signal(&self, is_one: bool) -> Bit {
        Bit::from(is_one == (self.one == One::Usr2))
    }

    /// The signal that acknowledges `signal`.
    #[must_use]
    pub const fn ack_for(&self, signal: Bit) -> Bit {
        match self.ack_signal {
            AckSignal::Usr1 => Bit::Zero,
            AckSignal::Usr2 => Bit::One,
            AckSignal::Echo => signal,
        }
    }

    /// The acknowledgements of a message's last `signal`, in their order.
    #[must_use]
    pub fn final_acks(&self, signal: Bit) -> (Option<Bit>, Option<Bit>) {
        let first = self.ack_for(signal);
        match (self.ack, self.last) {
            (Ack::None, _) => (None, None),
            (_, FinalAck::Same) => (Some(first), None),
            (_, FinalAck::Other) => (Some(other(first)), None),
            (_, FinalAck::Twice) => (Some(first), Some(first)),
            (_, FinalAck::Both) => (Some(first), Some(other(first))),
        }
    }
}

impl Head {
    /// ByteOrder of the number; `None` for what is not a number of fixed size.
    #[must_use]
    pub const fn width(self) -> Option<u8> {
        match self {
            Self::Len16 => Some(2),
            Self::Len32 | Self::Pid => Some(4),
            Self::Len64 => Some(8),
            Self::None | Self::Digits => None,
        }
    }

    /// Whether it says how long the text is.
    #[must_use]
    pub const fn is_length(self) -> bool {
        !matches!(self, Self::None | Self::Pid)
    }
}

impl ByteOrder {
    /// The order in which a loop over the bits of a number sends its bytes.
    #[must_use]
    pub const fn matching(order: Order) -> Self {
        match order {
            Order::Msb => Self::Big,
            Order::Lsb => Self::Little,
        }
    }
}

/// The other of the two signals.
#[must_use]
pub const fn other(signal: Bit) -> Bit {
    match signal {
        Bit::Zero => Bit::One,
        Bit::One => Bit::Zero,
    }
}
