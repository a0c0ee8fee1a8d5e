//! What one signal carries, and which signals there are: all that the protocol knows of signals.

/// Holds what a signal with a value carries besides its claims of PID and user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Packet {
    /// `si_errno`.
    pub errno: u32,
    /// The four bytes between `si_code` and `si_pid`.
    pub padding: u32,
    /// `si_value`.
    pub value: u64,
    /// The 16 bytes behind `si_value`.
    pub more: [u64; 2],
}

/// Names one of the signals of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// SIGUSR1, which is a 0 when it carries a bit.
    Usr1,
    /// SIGUSR2, which is a 1 when it carries a bit.
    Usr2,
    /// The real-time signal 44, which queues.
    Realtime,
}
