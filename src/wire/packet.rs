//! Defines what one signal carries, and which signals there are: all that the protocol knows of signals.

/// Holds what a signal with a value carries besides its claims of PID and user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Holds `si_errno`.
    pub errno: u32,
    /// Holds the four bytes between `si_code` and `si_pid`.
    pub padding: u32,
    /// Holds `si_value`.
    pub value: u64,
    /// Holds the 16 bytes behind `si_value`.
    pub more: [u64; 2],
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
