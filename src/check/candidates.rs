//! The dialects that a server might speak, the likely ones first.

use minitalk::dialect::candidates;
use minitalk::dialect::{Ack, Dialect};

/// The candidates for a server that acknowledges so. `admits`: it could be one that answers a handshake. `confined`: it can
/// signal nobody but who was started by this process.
pub fn of(ack: Ack, admits: bool, confined: bool) -> impl Iterator<Item = Dialect> {
    let fits = move |d: &Dialect| (admits || !d.hello) && (confined || !may_mislead(d));
    let acks = format!("ack={}", ack.word());
    candidates::to_try(&acks, 1)
        .filter(fits)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Whether a server that takes something else for its client's PID could be led to signal a stranger: the text of a probe is no
/// process's PID however it is read, but a number is. One that answers every bit knows its client from the kernel.
fn may_mislead(dialect: &Dialect) -> bool {
    matches!(dialect.ack, Ack::None | Ack::Message) && dialect.head.width().is_some()
}

#[cfg(test)]
mod tests {
    use minitalk::dialect::Head;

    use super::*;

    #[test]
    fn nobody_is_led_to_a_stranger_whom_the_kernel_would_not_stop() {
        for ack in [Ack::Bit, Ack::Byte, Ack::None] {
            for dialect in of(ack, true, false) {
                let knows_its_client = matches!(ack, Ack::Bit | Ack::Byte);
                assert!(
                    knows_its_client || dialect.head.width().is_none(),
                    "{dialect}"
                );
            }
        }
        assert!(of(Ack::None, true, true).any(|d| d.head == Head::Pid));
        assert!(of(Ack::None, true, false).any(|d| d.head == Head::Digits));
        assert!(of(Ack::None, false, true).all(|d| !d.hello));
    }
}
