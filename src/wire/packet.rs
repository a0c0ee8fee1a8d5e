//! Defines the signals of the protocol and the content that one signal carries.

/// Holds the content of a signal with a value: every field of its siginfo that the kernel keeps, except number and code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Holds `si_errno`.
    pub errno: u32,
    /// Holds the four bytes between `si_code` and `si_pid`.
    pub padding: u32,
    /// Holds `si_pid` and `si_uid`. In a word they are part of the message; elsewhere they name the sender, as it claims.
    pub ids: [u32; 2],
    /// Holds `si_value`.
    pub value: u64,
    /// Holds the 16 bytes behind `si_value`.
    pub more: [u64; 2],
}

/// Marks a word in [`Packet::errno`].
pub(super) const IS_WORD: u32 = 1 << 31;

impl Packet {
    /// Returns whether the packet is a word, which travels with the code SI_SIGIO: with SI_QUEUE the kernel replaces `si_uid`
    /// between two user namespaces (`send_signal_locked`), with SI_SIGIO neither that nor `si_pid`.
    pub const fn is_word(&self) -> bool {
        self.errno & IS_WORD != 0
    }
}

/// Names one of the signals of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Is SIGUSR1, which is a 0 when it carries a bit.
    Usr1,
    /// Is SIGUSR2, which is a 1 when it carries a bit.
    Usr2,
    /// Is the real-time signal 44, which queues.
    Realtime,
}
