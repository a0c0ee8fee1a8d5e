//! The dialects that a server may use, the likely ones first.

use minitalk::dialect::candidates::to_try;
use minitalk::dialect::{Ack, Dialect, Head};

/// Returns the candidates for a server with these acknowledgements.
///
/// `may_handshake`: the server could answer a handshake. `confined`: it can signal only what this process has started.
pub fn of(ack: Ack, may_handshake: bool, confined: bool) -> impl Iterator<Item = Dialect> {
    let fits = move |d: &Dialect| (may_handshake || !d.hello) && (confined || !may_mislead(d));
    let acks = format!("ack={}", ack.word());
    let fitting: Vec<_> = to_try(&acks, 1).filter(fits).collect();
    fitting.into_iter()
}

/// Returns whether a server could take a number in the message for its client's PID and signal a bystander.
///
/// The text of a probe cannot be a PID. A server that acknowledges every bit knows its client from the kernel.
pub fn may_mislead(dialect: &Dialect) -> bool {
    matches!(dialect.ack, Ack::None | Ack::Message) && dialect.head != Head::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_sent_to_an_unconfined_server_that_may_take_it_for_a_pid() {
        for ack in [Ack::Bit, Ack::Byte, Ack::None] {
            for dialect in of(ack, true, false) {
                let knows_its_client = matches!(ack, Ack::Bit | Ack::Byte);
                assert!(knows_its_client || dialect.head == Head::None, "{dialect}");
            }
        }
        assert!(of(Ack::None, true, true).any(|d| d.head == Head::Pid));
        assert!(of(Ack::Bit, true, false).any(|d| d.head == Head::PidDigits));
        assert!(of(Ack::None, false, true).all(|d| !d.hello));
    }
}
