//! Unit tests of the module around them.

use std::vec::Vec;

use Symbol::{Usr1, Usr2};
use TextSendError::{Busy, ServerEnded, Stuck, Unanswered};

use super::super::testing::{pid, symbols};
use super::*;
use crate::signal::set::Signal;

const SECOND: Nanos = 1000 * MILLISECOND;
const TIMEOUT: Nanos = 5 * SECOND;
const INITIAL: ServerStatus = ServerStatus {
    pending: 0,
    blocked: 0,
    caught: SignalSet::BITS.mask(),
    sleeps: true,
};

/// Returns the status of a server that catches the signals of this mask alone.
const fn catching(caught: u64) -> ServerStatus {
    ServerStatus { caught, ..INITIAL }
}

/// Returns the status of a server that has not taken the signals of this mask.
const fn pending(pending: u64) -> ServerStatus {
    ServerStatus { pending, ..INITIAL }
}

/// Returns the status of a server that blocks the signals of this mask.
const fn blocking(blocked: u64) -> ServerStatus {
    ServerStatus { blocked, ..INITIAL }
}

/// Holds a server in virtual time, by what it answers to each signal, with the number of the signal counted from 1.
struct VirtualServer<F> {
    answer: F,
    /// The number of signals after which the server ends.
    lifetime: u64,
    /// What each inspection shows, the last one for ever.
    status: Vec<ServerStatus>,
    now: Nanos,
    received: Vec<(Nanos, Symbol)>,
    inspections: usize,
}

fn server<F: FnMut(u64, Symbol) -> Vec<Symbol>>(answer: F) -> VirtualServer<F> {
    VirtualServer {
        answer,
        lifetime: u64::MAX,
        status: std::vec![INITIAL],
        now: 0,
        received: Vec::new(),
        inspections: 0,
    }
}

/// Returns a server that acknowledges each signal with SIGUSR1.
fn acknowledging() -> VirtualServer<impl FnMut(u64, Symbol) -> Vec<Symbol>> {
    server(|_, _| std::vec![Usr1])
}

fn sender(spec: &str, text: &[u8]) -> TextSender {
    sender_to(INITIAL, spec, text)
}

/// Returns a sender to a server that has this status before the first signal.
fn sender_to(initial: ServerStatus, spec: &str, text: &[u8]) -> TextSender {
    TextSender::new(&spec.parse().unwrap(), text, pid(), TIMEOUT, initial, 0).unwrap()
}

impl<F: FnMut(u64, Symbol) -> Vec<Symbol>> VirtualServer<F> {
    /// Runs a sender to its end.
    fn take(&mut self, sender: &mut TextSender) -> Result<(), TextSendError> {
        loop {
            match sender.poll_action(self.now) {
                Some(SendAction::Transmit(_)) if self.received.len() as u64 >= self.lifetime => {
                    sender.handle_send_failure();
                }
                Some(SendAction::Transmit(symbol)) => {
                    self.received.push((self.now, symbol));
                    for ack in (self.answer)(self.received.len() as u64, symbol) {
                        sender.handle_ack(ack);
                    }
                }
                Some(SendAction::Inspect) => {
                    let at = self.inspections.min(self.status.len() - 1);
                    self.inspections += 1;
                    sender.handle_status(self.status[at], self.now);
                }
                Some(SendAction::Finish(result)) => {
                    assert_eq!(sender.signals(), self.received.len() as u64);
                    assert_eq!(
                        sender.poll_action(self.now),
                        Some(SendAction::Finish(result))
                    );
                    return result;
                }
                None => {
                    let at = sender.poll_timeout().unwrap();
                    assert!(at > self.now);
                    sender.handle_timeout(at - 1);
                    assert_eq!(sender.poll_timeout(), Some(at));
                    self.now = at;
                    sender.handle_timeout(at);
                }
            }
        }
    }

    fn symbols(&self) -> Vec<Symbol> {
        self.received.iter().map(|(_, symbol)| *symbol).collect()
    }
}

#[test]
fn a_server_that_is_awake_is_inspected_more_than_once_unless_it_never_slept_and_has_acknowledged() {
    let awake = ServerStatus {
        sleeps: false,
        ..INITIAL
    };
    for (spec, initial, status, inspections) in [
        ("ack=none", INITIAL, INITIAL, 1),
        ("ack=none", awake, awake, 1 + AWAKE_INSPECTIONS),
        ("ack=none", INITIAL, awake, 1 + MOST_AWAKE_INSPECTIONS),
        ("classic", INITIAL, awake, 1 + MOST_AWAKE_INSPECTIONS),
        ("classic", awake, awake, 1),
    ] {
        let mut server = server(|_, _| match spec {
            "classic" => std::vec![Usr1],
            _ => std::vec![],
        });
        server.status = std::vec![status];
        let mut sender = sender_to(initial, spec, b"");
        assert_eq!(server.take(&mut sender), Ok(()), "{spec}");
        assert_eq!(server.inspections, 8 * inspections as usize, "{spec}");
    }
}

#[test]
fn a_text_is_sent_as_encoded_and_confirmed_by_acknowledgements() {
    for (spec, text, is_confirmed) in [
        ("classic", &b"hi"[..], true),
        ("ack=byte", b"hi", true),
        ("ack=message", b"hi", true),
        ("ack=none", b"hi", false),
        ("end=none", b"", false),
    ] {
        let (mut server, mut sender) = (acknowledging(), sender(spec, text));
        assert_eq!(server.take(&mut sender), Ok(()), "{spec}");
        assert_eq!(server.symbols(), symbols(spec, text));
        assert_eq!(sender.is_confirmed(), is_confirmed, "{spec}");
        assert_eq!((sender.resent(), server.now), (0, 0));
        // One before each signal but the first, and one at the end.
        assert_eq!(server.inspections, server.received.len());
    }
}

#[test]
fn each_acknowledgement_that_the_dialect_has_is_waited_for() {
    for (spec, unanswered) in [("classic", 1), ("ack=byte", 8), ("ack=message", 24)] {
        let mut server = server(|_, _| std::vec![]);
        assert_eq!(
            server.take(&mut sender(spec, b"hi")),
            Err(Unanswered(unanswered)),
            "{spec}"
        );
        assert_eq!((server.received.len(), server.now), (unanswered, TIMEOUT));
    }
    let mut server = server(|count, _| std::vec![Usr2; usize::from(count < 10)]);
    assert_eq!(
        server.take(&mut sender("wait=20", b"hi")),
        Err(Unanswered(10))
    );
    assert_eq!(server.now, 20 * MILLISECOND);
}

#[test]
fn a_signal_is_repeated_until_the_timeout_if_the_dialect_says_so() {
    let spec = "wait=20,silence=retry";
    let mut forgetful = server(|count, _| std::vec![Usr1; usize::from(count % 2 == 0)]);
    let mut sender_of_one = sender(spec, b"");
    assert_eq!(forgetful.take(&mut sender_of_one), Ok(()));
    assert_eq!((sender_of_one.signals(), sender_of_one.resent()), (16, 8));
    let symbols = forgetful.symbols();
    assert!(symbols.chunks(2).all(|pair| pair[0] == pair[1]));
    let mut silent = server(|_, _| std::vec![]);
    assert_eq!(silent.take(&mut sender(spec, b"")), Err(Unanswered(1)));
    assert_eq!((silent.received.len(), silent.now), (250, TIMEOUT));
}

#[test]
fn an_acknowledgement_counts_that_comes_with_the_timeout() {
    let mut sender = sender("classic", b"");
    assert_eq!(sender.poll_action(0), Some(SendAction::Transmit(Usr1)));
    sender.handle_ack(Usr1);
    sender.handle_timeout(TIMEOUT);
    assert_eq!(sender.poll_action(TIMEOUT), Some(SendAction::Inspect));
}

#[test]
fn a_pace_comes_before_the_next_signal() {
    let mut server = acknowledging();
    assert_eq!(server.take(&mut sender("ack=none,pace=500", b"")), Ok(()));
    let times: Vec<_> = server.received.iter().map(|(at, _)| *at).collect();
    assert_eq!(
        times,
        (0..8).map(|i| i * MILLISECOND / 2).collect::<Vec<_>>()
    );
    assert_eq!(server.now, 4 * MILLISECOND);
}

#[test]
fn the_second_final_acknowledgement_is_waited_for_and_may_be_missing() {
    for (spec, acks, expected) in [
        ("final=both", 1, SECOND_ACK_TIMEOUT),
        ("final=twice", 1, SECOND_ACK_TIMEOUT),
        ("final=both", 2, 0),
        ("final=other", 1, 0),
    ] {
        let mut server = server(|count, _| std::vec![Usr1; if count == 8 { acks } else { 1 }]);
        assert_eq!(server.take(&mut sender(spec, b"")), Ok(()));
        assert_eq!(server.now, expected, "{spec} {acks}");
    }
    let mut sender = sender("final=both", b"");
    while !matches!(sender.state, SendState::SecondAck { .. }) {
        match sender.poll_action(0) {
            Some(SendAction::Transmit(_)) => sender.handle_ack(Usr1),
            Some(SendAction::Inspect) => sender.handle_status(INITIAL, 0),
            action => assert_eq!(action, None),
        }
    }
    sender.handle_ack(Usr2);
    assert_eq!(sender.poll_action(1), Some(SendAction::Finish(Ok(()))));
}

#[test]
fn a_busy_server_is_asked_again_until_the_timeout() {
    let spec = "hello=yes,ack=none";
    let mut busy_twice =
        server(|count, _| std::vec![if count < 3 { Usr2 } else { Usr1 }; usize::from(count < 4)]);
    assert_eq!(busy_twice.take(&mut sender(spec, b"")), Ok(()));
    assert_eq!(busy_twice.now, 2 * BUSY_PAUSE);
    assert_eq!(
        busy_twice.symbols(),
        [std::vec![Usr1; 3], symbols(spec, b"")].concat()
    );
    let mut busy = server(|_, _| std::vec![Usr2]);
    assert_eq!(busy.take(&mut sender(spec, b"")), Err(Busy));
    assert_eq!((busy.received.len(), busy.now), (101, TIMEOUT));
    let mut busy_once = server(|count, _| std::vec![Usr2; usize::from(count == 1)]);
    assert_eq!(busy_once.take(&mut sender(spec, b"")), Err(Busy));
    let mut silent = server(|_, _| std::vec![]);
    assert_eq!(silent.take(&mut sender(spec, b"")), Err(Unanswered(1)));
    let mut changes_its_mind = server(|count, _| match count {
        1 => std::vec![Usr2, Usr1],
        _ => std::vec![],
    });
    assert_eq!(changes_its_mind.take(&mut sender(spec, b"")), Ok(()));
    assert_eq!(changes_its_mind.received.len(), 9);
}

#[test]
fn a_server_that_acknowledges_with_sigusr2_may_admit_with_it_too() {
    for (spec, answer, is_admitted) in [
        ("hello=yes,ack-signal=usr2", Usr2, true),
        ("hello=yes,ack-signal=usr2", Usr1, true),
        ("hello=yes,hello-signal=usr2,ack-signal=usr2", Usr1, false),
        ("hello=yes", Usr2, false),
    ] {
        let mut server = server(|_, _| std::vec![answer]);
        let expected = if is_admitted { Ok(()) } else { Err(Busy) };
        assert_eq!(server.take(&mut sender(spec, b"")), expected, "{spec}");
    }
}

#[test]
fn a_server_may_end_once_it_has_acknowledged_the_last_symbol() {
    for (spec, after, expected) in [
        ("classic", 8, Ok(())),
        ("final=both", 8, Ok(())),
        ("classic", 7, Err(ServerEnded)),
        ("ack=none", 8, Err(ServerEnded)),
    ] {
        let mut server = acknowledging();
        server.status = std::vec![INITIAL; after - 1];
        server.status.push(catching(0));
        assert_eq!(
            server.take(&mut sender(spec, b"")),
            expected,
            "{spec} {after}"
        );
        assert!(server.received.len() == after && server.now >= TIMEOUT);
    }
    let mut server = acknowledging();
    server.lifetime = 5;
    assert_eq!(server.take(&mut sender("classic", b"")), Err(ServerEnded));
}

#[test]
fn no_signal_is_sent_before_the_server_has_taken_the_last_and_left_its_handler() {
    for busy in [pending(1), blocking(2), catching(Signal::USR1.mask())] {
        for (count, expected) in [(16, 0), (17, INSPECTION_PAUSE), (19, 3 * INSPECTION_PAUSE)] {
            let mut server = acknowledging();
            server.status = [std::vec![busy; count], std::vec![INITIAL]].concat();
            assert_eq!(server.take(&mut sender("ack=none", b"")), Ok(()));
            assert_eq!(server.received[1].0, expected, "{busy:?} {count}");
        }
        let mut server = acknowledging();
        server.status = std::vec![busy];
        let is_lost = busy.caught != INITIAL.caught;
        let error = if is_lost { ServerEnded } else { Stuck };
        assert_eq!(server.take(&mut sender("ack=none", b"")), Err(error));
        assert_eq!((server.received.len(), server.now), (1, TIMEOUT));
    }
}

#[test]
fn what_was_blocked_or_not_caught_at_the_beginning_is_not_a_handler() {
    let odd = ServerStatus {
        blocked: 2,
        ..catching(Signal::USR1.mask())
    };
    let mut sender = sender_to(odd, "classic", b"");
    let mut server = acknowledging();
    server.status = std::vec![odd];
    assert_eq!((server.take(&mut sender), server.now), (Ok(()), 0));
}

#[test]
fn a_limited_transfer_stops_before_the_next_symbol() {
    for (spec, limit, expected) in [("classic", 3, 3), ("hello=yes", 0, 1), ("classic", 8, 8)] {
        let (mut server, sender) = (acknowledging(), sender(spec, b""));
        let mut sender = sender.with_limit(limit);
        assert_eq!(server.take(&mut sender), Ok(()));
        assert_eq!(
            (server.received.len(), sender.is_confirmed()),
            (expected, limit == 8),
            "{spec}"
        );
    }
}

#[test]
fn times_near_the_end_of_the_clock_do_not_overflow() {
    let mut sender = sender("hello=yes,pace=1,ack=byte", b"");
    let now = Nanos::MAX - 1;
    assert!(matches!(
        sender.poll_action(now),
        Some(SendAction::Transmit(Usr1))
    ));
    sender.handle_ack(Usr1);
    assert_eq!(sender.poll_action(now), Some(SendAction::Inspect));
    sender.handle_status(INITIAL, now);
    assert!(matches!(
        sender.poll_action(now),
        Some(SendAction::Transmit(_))
    ));
    sender.handle_timeout(Nanos::MAX);
    assert_eq!(sender.poll_action(now), Some(SendAction::Inspect));
    sender.handle_status(pending(1), now);
}

#[test]
fn a_last_signal_without_an_acknowledgement_is_no_failure_if_the_dialect_says_so() {
    for (spec, expected) in [
        ("classic", Err(TextSendError::LastUnanswered)),
        ("final=none", Ok(())),
    ] {
        let mut server = server(|count, _| std::vec![Usr1; usize::from(count < 24)]);
        let mut sender = sender(spec, b"hi");
        assert_eq!(server.take(&mut sender), expected);
        assert_eq!(server.received.len(), 24);
        assert_eq!(sender.is_confirmed(), spec == "classic", "expected to be");
    }
}

#[test]
fn a_server_that_installs_its_other_handler_when_it_is_asked_gets_no_bit_before() {
    let of_hello = catching(Signal::USR1.mask());
    for (status, expected) in [
        (std::vec![of_hello, of_hello, INITIAL], (Ok(()), 9)),
        (std::vec![of_hello], (Err(Stuck), 1)),
    ] {
        let mut sender = sender_to(of_hello, "hello=yes", b"");
        let mut server = VirtualServer {
            status,
            ..acknowledging()
        };
        let result = server.take(&mut sender);
        assert_eq!((result, server.received.len()), expected);
    }
}
