//! Tracks the bits or words that a sender has in flight.

use super::bit_window::BitWindow;
use super::control::Arrived;
use super::word::SIZE;
use super::word_window::WordWindow;

/// Tracks the bits or words in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    Bits(BitWindow),
    /// The message travels in words; `true` once the server is known to have opened their transfer.
    Words(WordWindow, bool),
}

impl Window {
    pub const fn end(&self) -> u64 {
        match self {
            Self::Bits(window) => window.end,
            Self::Words(window, _) => window.end as u64,
        }
    }

    /// Returns whether every bit or word has been sent at least once.
    pub const fn is_all_sent(&self) -> bool {
        match self {
            Self::Bits(window) => window.is_all_sent(),
            Self::Words(window, _) => window.is_all_sent(),
        }
    }

    /// Returns whether a bit or word was sent and is not acknowledged.
    pub const fn has_in_flight(&self) -> bool {
        match self {
            Self::Bits(window) => window.has_in_flight(),
            Self::Words(window, _) => window.in_flight() > 0,
        }
    }

    /// Returns the number of acknowledged bits, including the padding of the last word.
    pub fn acknowledged_bits(&self) -> u64 {
        match self {
            Self::Bits(window) => window.acknowledged,
            Self::Words(window, _) => u64::from(window.acknowledged) * 8 * SIZE as u64,
        }
    }

    /// Takes in the progress of a reply; returns whether it is news, and `None` if it cannot be true.
    pub fn acknowledge(&mut self, progress: Arrived) -> Option<bool> {
        match self {
            Self::Bits(window) => window.acknowledge(progress),
            Self::Words(window, is_open) => {
                *is_open = true;
                window.acknowledge(u32::try_from(progress.next).ok()?)
            }
        }
    }
}
