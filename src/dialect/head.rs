//! The heads, which precede a text, and their parts.

use super::Head;

/// Describes one part of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadPart {
    /// This byte.
    Byte(u8),
    /// A number in this form.
    Number(Meaning, Form),
}

/// Names the meaning of a number in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The length of the text.
    Length,
    /// The PID of the client.
    Pid,
}

/// Says how a number is written in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In so many bytes, in the orders of the head.
    Binary(u8),
    /// In decimal digits, and a byte that ends them.
    Digits,
    /// In ten decimal digits.
    TenDigits,
}

impl Head {
    /// Returns the parts of the head in order.
    pub(super) const fn parts(self) -> [Option<HeadPart>; 2] {
        use Form::{Binary, Digits, TenDigits};
        use HeadPart::{Byte, Number};
        use Meaning::{Length, Pid};
        match self {
            Self::None => [None, None],
            Self::Nul => [Some(Byte(0)), None],
            Self::Stx => [Some(Byte(2)), None],
            Self::Len8 => [Some(Number(Length, Binary(1))), None],
            Self::Len16 => [Some(Number(Length, Binary(2))), None],
            Self::Len32 => [Some(Number(Length, Binary(4))), None],
            Self::Len64 => [Some(Number(Length, Binary(8))), None],
            Self::Digits => [Some(Number(Length, Digits)), None],
            Self::Digits10 => [Some(Number(Length, TenDigits)), None],
            Self::Digits10Pid => [
                Some(Number(Length, TenDigits)),
                Some(Number(Pid, TenDigits)),
            ],
            Self::DigitsPid => [Some(Number(Length, Digits)), Some(Number(Pid, Digits))],
            Self::Len32Pid => [
                Some(Number(Length, Binary(4))),
                Some(Number(Pid, Binary(4))),
            ],
            Self::Pid => [Some(Number(Pid, Binary(4))), None],
            Self::PidLen32 => [
                Some(Number(Pid, Binary(4))),
                Some(Number(Length, Binary(4))),
            ],
            Self::PidLen64 => [
                Some(Number(Pid, Binary(4))),
                Some(Number(Length, Binary(8))),
            ],
            Self::PidDigits => [Some(Number(Pid, Digits)), None],
        }
    }

    /// Returns the size of the last number in bytes; `None` for a head without a binary number.
    pub const fn width(self) -> Option<u8> {
        match self {
            Self::Len8 => Some(1),
            Self::Len16 => Some(2),
            Self::Len32 | Self::Len32Pid | Self::Pid | Self::PidLen32 => Some(4),
            Self::Len64 | Self::PidLen64 => Some(8),
            _ => None,
        }
    }

    /// Returns which part of the head is the client's PID in bits.
    pub(super) const fn pid_part(self) -> Option<usize> {
        match self {
            Self::Pid | Self::PidLen32 | Self::PidLen64 => Some(0),
            Self::Len32Pid => Some(1),
            _ => None,
        }
    }

    /// Returns whether the head is the client's PID and the length in bits.
    pub const fn has_pid_and_length(self) -> bool {
        matches!(self, Self::Len32Pid | Self::PidLen32 | Self::PidLen64)
    }

    /// Returns whether the head is text: decimal digits.
    pub const fn is_decimal(self) -> bool {
        matches!(
            self,
            Self::Digits | Self::Digits10 | Self::Digits10Pid | Self::DigitsPid | Self::PidDigits
        )
    }

    /// Returns whether the head contains the length of the text.
    pub const fn is_length(self) -> bool {
        !matches!(
            self,
            Self::None | Self::Nul | Self::Stx | Self::Pid | Self::PidDigits
        )
    }
}
