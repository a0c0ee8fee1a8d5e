//! Process identifiers that are safe to hand to `kill`: never 0, never negative, so never a process group.

use core::fmt;
use core::num::NonZeroI32;
use core::str::FromStr;

/// The identifier of one process: at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroI32);

impl Pid {
    /// `raw` as a PID, if it can name a single process.
    #[must_use]
    pub const fn new(raw: i32) -> Option<Self> {
        match NonZeroI32::new(raw) {
            Some(pid) if pid.get() > 0 => Some(Self(pid)),
            _ => None,
        }
    }

    /// Reads a PID as a person types it: decimal digits and nothing else.
    ///
    /// # Errors
    /// Anything that is not the decimal form of a number from 1 to 2147483647; see [`InvalidPid`].
    pub fn parse(text: &str) -> Result<Self, InvalidPid> {
        if text.is_empty() {
            return Err(InvalidPid::Empty);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidPid::NotANumber);
        }
        text.parse()
            .ok()
            .and_then(Self::new)
            .ok_or(InvalidPid::OutOfRange)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0.get()
    }
}

/// As [`parse`](Pid::parse).
impl FromStr for Pid {
    type Err = InvalidPid;

    fn from_str(text: &str) -> Result<Self, InvalidPid> {
        Self::parse(text)
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is known of processes, by their PIDs.
#[cfg(feature = "std")]
pub type PidMap<T> = std::collections::HashMap<Pid, T, core::hash::BuildHasherDefault<PidHasher>>;

/// Spreads a PID over 64 bits. The kernel hands PIDs out, so nobody can choose many that collide.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct PidHasher(u64);

#[cfg(feature = "std")]
impl core::hash::Hasher for PidHasher {
    fn write_i32(&mut self, raw: i32) {
        self.write_u64((raw as u32).into());
    }

    fn write_u64(&mut self, word: u64) {
        // The golden ratio's fraction (Knuth, The Art of Computer Programming, 6.4).
        self.0 = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Why a text is not a PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPid {
    /// There is no text.
    Empty,
    /// Something other than decimal digits.
    NotANumber,
    /// A number, but none that a single process can have.
    OutOfRange,
}

impl fmt::Display for InvalidPid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::NotANumber => "it is not a number",
            Self::OutOfRange => "a PID is a number from 1 to 2147483647",
        })
    }
}

impl core::error::Error for InvalidPid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_processes_can_be_named() {
        assert_eq!(Pid::parse("4242").unwrap().get(), 4242);
        assert_eq!(Pid::parse("2147483647").unwrap().get(), i32::MAX);
        for (text, why) in [
            ("", InvalidPid::Empty),
            ("-", InvalidPid::NotANumber),
            ("abc", InvalidPid::NotANumber),
            ("99A9E9", InvalidPid::NotANumber),
            ("+5", InvalidPid::NotANumber),
            (" 5", InvalidPid::NotANumber),
            ("5 ", InvalidPid::NotANumber),
            ("٣", InvalidPid::NotANumber),
            ("0", InvalidPid::OutOfRange),
            ("000", InvalidPid::OutOfRange),
            ("-1", InvalidPid::OutOfRange),
            ("2147483648", InvalidPid::OutOfRange),
            ("-2147483649", InvalidPid::OutOfRange),
            ("99999999999999999999999", InvalidPid::OutOfRange),
        ] {
            assert_eq!(Pid::parse(text), Err(why), "{text:?}");
        }
    }
}
