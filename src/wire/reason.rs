//! Lists why a message can be rejected.

use core::fmt;

/// Defines the reasons, each with its number and its text.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal: $text:literal,)*) => {
        /// Names why a message is not delivered; the numbers travel in a rejection (`PROTOCOL.md`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name = $number,)*
        }

        impl Reason {
            /// Returns the reason with this number.
            pub fn from_number(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}

reasons! {
    /// The checksum does not match.
    Checksum = 1: "its checksum does not match",
    /// The message is longer than the server's limit.
    TooLong = 2: "it is longer than the server's limit",
    /// The hello has a version that the server does not speak.
    Version = 3: "its protocol version is not spoken here",
    /// The text, in another dialect, is not UTF-8.
    NotText = 4: "it is neither a frame nor UTF-8 text",
    /// The server has no memory for the message.
    NoMemory = 5: "the server has no memory for it",
    /// The client was silent for too long in the middle of its message.
    Idle = 6: "the client was silent for too long",
    /// The server is shutting down.
    ShuttingDown = 7: "the server is shutting down",
    /// The server could not write the message to its output.
    Output = 8: "the server could not write its output",
    /// The message is a request, and the server does not reply to any.
    NoReplies = 9: "the server does not reply to requests",
    /// The message is a reply to no open request.
    Unasked = 10: "no request waits for this reply",
    /// The program that handles the message has refused it, or failed.
    Refused = 11: "the program behind the server refused it",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_from_1_to_11_is_a_reason() {
        for number in 1..=11 {
            let reason = Reason::from_number(number).unwrap();
            assert_eq!(reason as u64, number);
        }
        assert_eq!([0, 12, 257].map(Reason::from_number), [None; 3]);
    }
}
