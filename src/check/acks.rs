//! The keys of a dialect that follow from the acknowledgements of a message.

use minitalk::Pid;
use minitalk::Signal;
use minitalk::dialect::encoder::TextEncoder;
use minitalk::dialect::{Ack, AckSignal, Dialect, FinalAck, Symbol};

/// Is an acknowledgement, and the number of signals sent before it, including the signal that opens a handshake.
pub type ReceivedAck = (u64, Signal);

/// Returns `dialect`, in which `client` sent `text`, with the keys that follow from the acknowledgements.
pub fn refine(mut dialect: Dialect, text: &str, client: Pid, acks: &[ReceivedAck]) -> Dialect {
    let Some(&(last, _)) = acks.last() else {
        return dialect;
    };
    if dialect.ack == Ack::None {
        dialect.ack = Ack::Message;
    }
    let Ok(encoder) = TextEncoder::new(&dialect, text.as_bytes(), client) else {
        return dialect;
    };
    let hello = u64::from(dialect.hello);
    let sent = |count: u64| {
        let index = usize::try_from(count.checked_sub(1 + hello)?).ok()?;
        encoder.symbol(index)
    };
    let (at_last, mut usual): (Vec<ReceivedAck>, Vec<ReceivedAck>) =
        acks.iter().partition(|(count, _)| *count == last);
    // A handshake is answered independent of the bits.
    usual.retain(|(count, _)| *count > hello);
    let has_earlier = !usual.is_empty();
    if usual.is_empty() {
        usual.extend(at_last.first());
    }
    let all = |wanted: Signal| usual.iter().all(|(_, signal)| *signal == wanted);
    let echoes = |(count, signal): &ReceivedAck| sent(*count) == Symbol::of(*signal);
    let inverts = |ack: &ReceivedAck| sent(ack.0).is_some() && !echoes(ack);
    if all(Signal::USR1) {
        dialect.ack_signal = AckSignal::Usr1;
    } else if all(Signal::USR2) {
        dialect.ack_signal = AckSignal::Usr2;
    } else if usual.iter().all(echoes) {
        dialect.ack_signal = AckSignal::Echo;
    } else if usual.iter().all(inverts) {
        dialect.ack_signal = AckSignal::Inverse;
    }
    let expected = sent(last).map(|signal| dialect.ack_for(signal));
    dialect.final_ack = match at_last[..] {
        [(_, only)] if Symbol::of(only) != expected => FinalAck::Other,
        [(_, first), (_, second), ..] if first == second => FinalAck::Twice,
        [_, _, ..] => FinalAck::Both,
        _ => FinalAck::Same,
    };
    // The client did not wait for the acknowledgements of its bytes, and the last two came after its last bit.
    if dialect.ack == Ack::Message && has_earlier && dialect.final_ack == FinalAck::Twice {
        (dialect.ack, dialect.final_ack) = (Ack::Byte, FinalAck::Same);
    }
    dialect
}

#[cfg(test)]
mod tests {
    use super::*;

    const USR1: Signal = Signal::USR1;
    const USR2: Signal = Signal::USR2;

    const TEXT: &str = "Hello";
    /// The number of bits, with the NUL at the end.
    const LAST: u64 = 48;

    /// Returns the dialect of a server that gets a text in `spec` and acknowledges it with `answers`.
    fn refined(spec: &str, answers: impl Fn(u64) -> Vec<Signal>) -> String {
        let dialect: Dialect = spec.parse().unwrap();
        let all = 1..=LAST + u64::from(dialect.hello);
        let answers: Vec<_> = all
            .flat_map(|count| answers(count).into_iter().map(move |s| (count, s)))
            .collect();
        refine(dialect, TEXT, minitalk::internals::ffi::getpid(), &answers).to_string()
    }

    #[test]
    fn the_signal_of_the_acknowledgements_is_recognized() {
        assert_eq!(refined("classic", |_| vec![USR1]), "classic");
        assert_eq!(refined("classic", |_| vec![USR2]), "ack-signal=usr2");
        let client = minitalk::internals::ffi::getpid();
        let encoder = TextEncoder::new(&Dialect::CLASSIC, TEXT.as_bytes(), client).unwrap();
        let echo = |count: u64| match encoder.symbol(count as usize - 1) {
            Some(Symbol::Usr2) => vec![USR2],
            _ => vec![USR1],
        };
        assert_eq!(refined("classic", echo), "ack-signal=echo");
        let inverse = |count| match &echo(count)[..] {
            [USR2] => vec![USR1],
            _ => vec![USR2],
        };
        assert_eq!(refined("classic", inverse), "ack-signal=inverse");
        let handshake = |count| if count == 1 { vec![USR1] } else { vec![USR2] };
        assert_eq!(refined("hello=yes", handshake), "hello=yes,ack-signal=usr2");
        // No key describes this.
        let neither = |count| vec![if count % 3 == 0 { USR1 } else { USR2 }];
        assert_eq!(refined("classic", neither), "classic");
    }

    #[test]
    fn the_final_acknowledgement_is_recognized() {
        let last = |signals: &'static [Signal]| {
            refined("classic", move |count| match count {
                LAST => signals.to_vec(),
                _ => vec![USR1],
            })
        };
        assert_eq!(last(&[USR2]), "final=other");
        assert_eq!(last(&[USR1, USR1]), "final=twice");
        assert_eq!(last(&[USR1, USR2]), "final=both");
    }

    #[test]
    fn acknowledgements_without_a_wait_for_them_are_recognized() {
        assert_eq!(refined("ack=none", |_| vec![]), "ack=none");
        let late = |count| match count {
            LAST => vec![USR1; 2],
            _ => vec![USR1; usize::from(count % 8 == 0 && count + 8 < LAST)],
        };
        assert_eq!(refined("ack=none", late), "ack=byte");
        let only_last = |count| if count == LAST { vec![USR1] } else { vec![] };
        assert_eq!(refined("ack=none", only_last), "ack=message");
    }
}
