//! Lists why a message can be rejected.

use core::fmt;

/// Names why a message is not delivered; the numbers travel in a rejection (`PROTOCOL.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Reason {
    /// The checksum does not match.
    Checksum = 1,
    /// The message is longer than the server's limit.
    TooLong = 2,
    /// The hello has a version that the server does not speak.
    Version = 3,
    /// The text, in another dialect, is not UTF-8.
    NotText = 4,
    /// The server has no memory for the message.
    NoMemory = 5,
    /// The client was silent for too long in the middle of its message.
    Idle = 6,
    /// The server is shutting down.
    ShuttingDown = 7,
    /// The server could not write the message to its output.
    Output = 8,
    /// The message is a request, and the server does not reply to any.
    NoReplies = 9,
    /// The message is a reply that nobody waits for.
    Unasked = 10,
    /// The program that handles the message has refused it, or failed.
    Refused = 11,
}

impl Reason {
    const ALL: [Self; 11] = [
        Self::Checksum,
        Self::TooLong,
        Self::Version,
        Self::NotText,
        Self::NoMemory,
        Self::Idle,
        Self::ShuttingDown,
        Self::Output,
        Self::NoReplies,
        Self::Unasked,
        Self::Refused,
    ];

    /// Returns the reason with this number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|reason| u64::from(*reason as u8) == number)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checksum => "its checksum does not match",
            Self::TooLong => "it is longer than the server's limit",
            Self::Version => "its protocol version is not spoken here",
            Self::NotText => "it is neither a frame nor UTF-8 text",
            Self::NoMemory => "the server has no memory for it",
            Self::Idle => "the client was silent for too long",
            Self::ShuttingDown => "the server is shutting down",
            Self::Output => "the server could not write its output",
            Self::NoReplies => "the server does not reply to requests",
            Self::Unasked => "nobody waits for this reply",
            Self::Refused => "the program behind the server refused it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_from_1_to_11_is_a_reason() {
        let numbers = Reason::ALL.map(|reason| reason as u8);
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        for reason in Reason::ALL {
            assert_eq!(Reason::from_number(reason as u64), Some(reason));
        }
        assert_eq!(Reason::from_number(0), None);
        assert_eq!(Reason::from_number(12), None);
        assert_eq!(Reason::from_number(257), None);
    }
}
