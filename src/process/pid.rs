//! Defines process identifiers that are safe to pass to `kill(2)`: always positive, so never a process group.

use core::fmt;
use core::num::NonZeroI32;
use core::str::FromStr;

/// Identifies one process: a number from 1 to 2147483647.
///
/// ```
/// use minitalk::{InvalidPid, Pid};
///
/// let pid: Pid = std::process::id().try_into()?;
/// assert_eq!(pid.to_string().parse(), Ok(pid));
/// // To kill(2), -1 means every process.
/// assert_eq!("-1".parse::<Pid>(), Err(InvalidPid::OutOfRange));
/// # Ok::<(), InvalidPid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroI32);

impl Pid {
    /// Returns `raw` as a PID if it is positive, and so cannot mean a process group.
    pub const fn new(raw: i32) -> Option<Self> {
        match NonZeroI32::new(raw) {
            Some(pid) if pid.get() > 0 => Some(Self(pid)),
            _ => None,
        }
    }

    /// Parses a PID in decimal digits.
    ///
    /// # Errors
    /// Returns an [`InvalidPid`] if `text` is not a number from 1 to 2147483647 in decimal digits alone.
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

    /// Returns the number.
    pub const fn get(self) -> i32 {
        self.0.get()
    }
}

/// Converts what `std::process::id` and `Child::id` return.
impl TryFrom<u32> for Pid {
    type Error = InvalidPid;

    fn try_from(raw: u32) -> Result<Self, InvalidPid> {
        let pid = i32::try_from(raw).ok().and_then(Self::new);
        pid.ok_or(InvalidPid::OutOfRange)
    }
}

/// Parses as [`Pid::parse`] does.
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

/// Maps PIDs to values.
#[cfg(feature = "std")]
pub type PidMap<T> = std::collections::HashMap<Pid, T, core::hash::BuildHasherDefault<PidHasher>>;

/// Hashes a PID to 64 bits. The kernel chooses PIDs, so no process can choose many that collide.
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

/// Says why a text is not a PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPid {
    /// The text is empty.
    Empty,
    /// The text has characters other than decimal digits.
    NotANumber,
    /// The number is not from 1 to 2147483647.
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
    fn numbers_of_the_standard_library_become_pids() {
        assert_eq!(Pid::try_from(std::process::id()), Ok(Pid::current()));
        assert_eq!(Pid::try_from(1).map(Pid::get), Ok(1));
        for raw in [0, 1 << 31, u32::MAX] {
            assert_eq!(Pid::try_from(raw), Err(InvalidPid::OutOfRange));
        }
    }

    #[test]
    fn only_pids_of_single_processes_are_parsed() {
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
