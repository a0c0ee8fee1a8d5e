//! The sending end of a dialect: what to send when, and which acknowledgements to wait for.
//!
//! No signal is sent before the server has taken the last one and has returned from its handler. So the kernel merges no two
//! signals, and no signal interrupts a handler that is not made for that. A dialect with a pace waits that long before.

use super::encoder::{TextEncoder, Unencodable};
use super::{Ack, Dialect, FinalAck, MILLISECOND, OnSilence, Symbol};
use crate::process::pid::Pid;
use crate::wire::Nanos;

/// How long the second of two final acknowledgements is waited for: the kernel may have merged them.
const SECOND_ACK_TIMEOUT: Nanos = 200 * MILLISECOND;

/// The pause before a server that said that it is busy is asked again.
const BUSY_PAUSE: Nanos = 50 * MILLISECOND;

/// Inspections of the server without a pause, and the pause between further ones.
const QUICK_INSPECTIONS: u32 = 16;
const INSPECTION_PAUSE: Nanos = MILLISECOND / 20;

/// Holds what `/proc` shows of the server: sets of signals, of which only SIGUSR1 and SIGUSR2 are to be included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerStatus {
    /// The signals that the server has not yet taken.
    pub pending: u64,
    /// The signals that are blocked, as each is while its handler runs.
    pub blocked: u64,
    /// The signals that have a handler.
    pub caught: u64,
}

/// Says what the caller has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAction {
    /// Send this signal to the server, or call [`TextSender::handle_send_failure`].
    Transmit(Symbol),
    /// Call [`TextSender::handle_status`] with the present status of the server.
    Inspect,
    /// Stop: the transfer is over.
    Finish(Result<(), TextSendError>),
}

/// Says why a text could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSendError {
    /// The server did not acknowledge this symbol, counted from 1.
    Unanswered(usize),
    /// The server said that it is busy until the timeout.
    Busy,
    /// The server did not take a signal, or did not return from its handler, until the timeout.
    Stuck,
    /// The server ended, or no longer handles the signals.
    ServerEnded,
}

/// Sends one text to one server.
#[derive(Clone, Debug)]
pub struct TextSender {
    dialect: Dialect,
    encoder: TextEncoder,
    timeout: Nanos,
    /// The number of signals after which to stop.
    limit: u64,
    /// The status of the server before the first signal.
    initial: ServerStatus,
    state: SendState,
    /// The index of the present symbol.
    index: usize,
    /// The number of acknowledgements since the last signal, and the last of them.
    acks: u32,
    last_ack: Symbol,
    signals: u64,
    resent: u64,
    is_cut: bool,
}

/// Says what the transfer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SendState {
    /// A step is due.
    Due(SendStep),
    /// The answer to the request to be admitted.
    Admission { until: Nanos, was_busy: bool },
    /// The acknowledgement of a symbol, for so long before it is repeated, and until the transfer is given up.
    Ack { until: Nanos, give_up: Nanos },
    /// The second final acknowledgement.
    SecondAck { until: Nanos },
    /// A moment, before the server is inspected.
    Pause { until: Nanos, then: StatusProbe },
    /// The status of the server.
    Status(StatusProbe),
}

/// Counts the inspections before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StatusProbe {
    count: u32,
    give_up: Option<Nanos>,
    then: SendStep,
}

/// Says what happens once the server has taken the last signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SendStep {
    /// Ask to be admitted.
    Hello { until: Nanos, was_busy: bool },
    /// Send the present symbol.
    Send,
    /// Send the present symbol again.
    Resend { give_up: Nanos },
    /// Go on to the symbol after the present one.
    Advance,
    /// Finish.
    Finish(Result<(), TextSendError>),
}

impl TextSender {
    /// Returns a sender of `text` for the client `pid`, which lets the server be silent for `timeout`; `initial` is the status
    /// of the server at present.
    ///
    /// # Errors
    /// Returns [`Unencodable`] when the dialect cannot represent the text.
    pub fn new(
        dialect: &Dialect,
        text: &[u8],
        pid: Pid,
        timeout: Nanos,
        initial: ServerStatus,
        now: Nanos,
    ) -> Result<Self, Unencodable> {
        let until = now.saturating_add(timeout);
        let first = match dialect.hello {
            true => SendStep::Hello {
                until,
                was_busy: false,
            },
            false => SendStep::Send,
        };
        Ok(Self {
            dialect: *dialect,
            encoder: TextEncoder::new(dialect, text, pid)?,
            timeout,
            limit: u64::MAX,
            initial,
            state: SendState::Due(first),
            index: 0,
            acks: 0,
            last_ack: Symbol::Usr1,
            signals: 0,
            resent: 0,
            is_cut: false,
        })
    }

    /// Stops the transfer before the symbol that would follow `limit` signals, as if the client had ended.
    #[must_use]
    pub const fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the number of signals so far, repetitions included.
    #[must_use]
    pub const fn signals(&self) -> u64 {
        self.signals
    }

    /// Returns the number of repetitions.
    #[must_use]
    pub const fn resent(&self) -> u64 {
        self.resent
    }

    /// Returns whether success means that the server has acknowledged the whole text.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        !self.is_cut && self.dialect.ack != Ack::None && !self.encoder.is_empty()
    }

    /// Returns what to do next; `None` until the next event or the [timeout](Self::poll_timeout).
    pub fn poll_action(&mut self, now: Nanos) -> Option<SendAction> {
        self.handle_acks(now);
        match self.state {
            SendState::Due(SendStep::Hello { until, was_busy }) => {
                self.state = SendState::Admission { until, was_busy };
                Some(self.transmit(Symbol::Usr1))
            }
            SendState::Due(SendStep::Send) => Some(self.send(now)),
            SendState::Due(SendStep::Resend { give_up }) => {
                self.resent += 1;
                self.state = self.await_ack(give_up, now);
                self.encoder
                    .symbol(self.index)
                    .map(|symbol| self.transmit(symbol))
            }
            SendState::Due(SendStep::Advance) if !self.is_last() => {
                self.index += 1;
                Some(self.send(now))
            }
            SendState::Due(SendStep::Advance) if self.lacks_second_ack() => {
                let until = now.saturating_add(SECOND_ACK_TIMEOUT);
                self.state = SendState::SecondAck { until };
                None
            }
            SendState::Due(SendStep::Advance) => {
                self.state = finish(Ok(()));
                Some(SendAction::Finish(Ok(())))
            }
            SendState::Due(SendStep::Finish(result)) => Some(SendAction::Finish(result)),
            SendState::Status(_) => Some(SendAction::Inspect),
            _ => None,
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Nanos> {
        match self.state {
            SendState::Due(_) | SendState::Status(_) => None,
            SendState::Admission { until, .. }
            | SendState::Ack { until, .. }
            | SendState::SecondAck { until }
            | SendState::Pause { until, .. } => Some(until),
        }
    }

    /// Handles an acknowledgement; any of the two signals counts.
    pub const fn handle_ack(&mut self, symbol: Symbol) {
        self.acks = self.acks.saturating_add(1);
        self.last_ack = symbol;
    }

    /// Handles the passing of time; to be called after every acknowledgement that has come was handled.
    pub fn handle_timeout(&mut self, now: Nanos) {
        self.handle_acks(now);
        if self.poll_timeout().is_none_or(|until| now < until) {
            return;
        }
        self.state = match self.state {
            SendState::Admission { was_busy: true, .. } => finish(Err(TextSendError::Busy)),
            SendState::Admission { .. } => finish(Err(TextSendError::Unanswered(1))),
            SendState::Ack { give_up, .. }
                if self.dialect.silence == OnSilence::Retry && now < give_up =>
            {
                inspect(SendStep::Resend { give_up })
            }
            SendState::Ack { .. } => finish(Err(TextSendError::Unanswered(self.index + 1))),
            SendState::SecondAck { .. } => finish(Ok(())),
            SendState::Pause { then, .. } => SendState::Status(then),
            SendState::Due(_) | SendState::Status(_) => return,
        };
    }

    /// Handles the status that was asked for with [`SendAction::Inspect`].
    pub fn handle_status(&mut self, status: ServerStatus, now: Nanos) {
        let SendState::Status(inspection) = self.state else {
            return;
        };
        // The server executes another program, which the next signal would kill, or is in a handler of SA_RESETHAND.
        let is_lost = self.initial.caught & !status.caught != 0;
        let in_handler = status.blocked & !self.initial.blocked != 0;
        if status.pending == 0 && !in_handler && !is_lost {
            self.state = SendState::Due(inspection.then);
            return;
        }
        let count = inspection.count + 1;
        if count <= QUICK_INSPECTIONS {
            self.state = SendState::Status(StatusProbe {
                count,
                ..inspection
            });
            return;
        }
        let give_up = inspection
            .give_up
            .unwrap_or(now.saturating_add(self.timeout));
        if now < give_up {
            let until = now.saturating_add(INSPECTION_PAUSE);
            let then = StatusProbe {
                count: QUICK_INSPECTIONS,
                give_up: Some(give_up),
                ..inspection
            };
            self.state = SendState::Pause { until, then };
        } else if is_lost {
            self.handle_exit();
        } else {
            self.state = finish(Err(TextSendError::Stuck));
        }
    }

    /// Handles that the signal of the last [`SendAction::Transmit`] could not be sent because the server has ended.
    pub fn handle_send_failure(&mut self) {
        self.signals -= 1;
        self.handle_exit();
    }

    /// Handles the end of the server, which may end once it has acknowledged the last symbol.
    pub fn handle_exit(&mut self) {
        let is_acknowledged = self.is_last() && self.dialect.ack != Ack::None && self.acks > 0;
        self.state = finish(match is_acknowledged {
            true => Ok(()),
            false => Err(TextSendError::ServerEnded),
        });
    }

    fn handle_acks(&mut self, now: Nanos) {
        self.state = match self.state {
            SendState::Admission { until, .. } if self.acks > 0 => match self.last_ack {
                Symbol::Usr1 => SendState::Due(SendStep::Send),
                Symbol::Usr2 if now < until => SendState::Pause {
                    until: now.saturating_add(BUSY_PAUSE),
                    then: StatusProbe::before(SendStep::Hello {
                        until,
                        was_busy: true,
                    }),
                },
                Symbol::Usr2 => finish(Err(TextSendError::Busy)),
            },
            SendState::Ack { .. } if self.acks > 0 => inspect(SendStep::Advance),
            SendState::SecondAck { .. } if self.acks > 1 => finish(Ok(())),
            state => state,
        };
    }

    /// Sends the present symbol, if there is one.
    fn send(&mut self, now: Nanos) -> SendAction {
        let symbol = self
            .encoder
            .symbol(self.index)
            .filter(|_| self.signals < self.limit);
        let Some(symbol) = symbol else {
            self.is_cut = !self.encoder.is_empty();
            self.state = finish(Ok(()));
            return SendAction::Finish(Ok(()));
        };
        let is_acknowledged = match self.is_last() {
            true => self.dialect.ack != Ack::None,
            false => self.encoder.is_acknowledged(self.index),
        };
        self.state = match self.dialect.pace {
            _ if is_acknowledged => self.await_ack(now.saturating_add(self.timeout), now),
            Some(microseconds) => SendState::Pause {
                until: now.saturating_add(Nanos::from(microseconds) * 1000),
                then: StatusProbe::before(SendStep::Advance),
            },
            None => inspect(SendStep::Advance),
        };
        self.transmit(symbol)
    }

    const fn transmit(&mut self, symbol: Symbol) -> SendAction {
        self.acks = 0;
        self.signals += 1;
        SendAction::Transmit(symbol)
    }

    fn await_ack(&self, give_up: Nanos, now: Nanos) -> SendState {
        let wait = match self.dialect.wait {
            0 => self.timeout,
            milliseconds => Nanos::from(milliseconds) * MILLISECOND,
        };
        let until = now.saturating_add(wait).min(give_up);
        SendState::Ack { until, give_up }
    }

    fn is_last(&self) -> bool {
        self.index + 1 == self.encoder.len()
    }

    const fn lacks_second_ack(&self) -> bool {
        let has_two = matches!(self.dialect.final_ack, FinalAck::Twice | FinalAck::Both);
        has_two && self.acks < 2
    }
}

impl StatusProbe {
    const fn before(then: SendStep) -> Self {
        Self {
            count: 0,
            give_up: None,
            then,
        }
    }
}

const fn inspect(then: SendStep) -> SendState {
    SendState::Status(StatusProbe::before(then))
}

const fn finish(result: Result<(), TextSendError>) -> SendState {
    SendState::Due(SendStep::Finish(result))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use Symbol::{Usr1, Usr2};
    use TextSendError::{Busy, ServerEnded, Stuck, Unanswered};

    use super::*;

    const SECOND: Nanos = 1000 * MILLISECOND;
    const TIMEOUT: Nanos = 5 * SECOND;
    const INITIAL: ServerStatus = ServerStatus {
        pending: 0,
        blocked: 0,
        caught: 3,
    };

    /// A server in virtual time, by what it answers to each signal, with the number of the signal counted from 1.
    struct Server<F> {
        answer: F,
        /// The number of signals after which the server ends.
        lifetime: u64,
        /// What each inspection shows, the last one for ever.
        status: Vec<ServerStatus>,
        now: Nanos,
        received: Vec<(Nanos, Symbol)>,
        inspections: usize,
    }

    fn server<F: FnMut(u64, Symbol) -> Vec<Symbol>>(answer: F) -> Server<F> {
        Server {
            answer,
            lifetime: u64::MAX,
            status: std::vec![INITIAL],
            now: 0,
            received: Vec::new(),
            inspections: 0,
        }
    }

    /// Returns a server that acknowledges each signal with SIGUSR1.
    fn acknowledging() -> Server<impl FnMut(u64, Symbol) -> Vec<Symbol>> {
        server(|_, _| std::vec![Usr1])
    }

    fn sender(spec: &str, text: &[u8]) -> TextSender {
        let pid = Pid::new(4242).unwrap();
        TextSender::new(&spec.parse().unwrap(), text, pid, TIMEOUT, INITIAL, 0).unwrap()
    }

    impl<F: FnMut(u64, Symbol) -> Vec<Symbol>> Server<F> {
        /// Runs a sender to its end.
        fn take(&mut self, sender: &mut TextSender) -> Result<(), TextSendError> {
            loop {
                match sender.poll_action(self.now) {
                    Some(SendAction::Transmit(_))
                        if self.received.len() as u64 >= self.lifetime =>
                    {
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

    fn encoded(spec: &str, text: &[u8]) -> Vec<Symbol> {
        let pid = Pid::new(4242).unwrap();
        TextEncoder::new(&spec.parse().unwrap(), text, pid)
            .unwrap()
            .symbols()
            .collect()
    }

    #[test]
    fn a_text_is_sent_as_encoded_and_confirmed_by_acknowledgements() {
        for (spec, is_confirmed) in [
            ("classic", true),
            ("ack=byte", true),
            ("ack=message", true),
            ("ack=none", false),
        ] {
            let (mut server, mut sender) = (acknowledging(), sender(spec, b"hi"));
            assert_eq!(server.take(&mut sender), Ok(()), "{spec}");
            assert_eq!(server.symbols(), encoded(spec, b"hi"));
            assert_eq!(
                (sender.is_confirmed(), sender.resent(), server.now),
                (is_confirmed, 0, 0)
            );
            assert_eq!(
                server.inspections, 24,
                "one before each signal and one at the end"
            );
        }
    }

    #[test]
    fn an_empty_text_without_an_end_is_not_confirmed() {
        let (mut server, mut sender) = (acknowledging(), sender("end=none", b""));
        assert_eq!(server.take(&mut sender), Ok(()));
        assert_eq!(
            (server.symbols(), sender.is_confirmed()),
            (std::vec![], false)
        );
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
        let mut busy_twice = server(
            |count, _| std::vec![if count < 3 { Usr2 } else { Usr1 }; usize::from(count < 4)],
        );
        assert_eq!(busy_twice.take(&mut sender(spec, b"")), Ok(()));
        assert_eq!(busy_twice.now, 2 * BUSY_PAUSE);
        assert_eq!(
            busy_twice.symbols(),
            [std::vec![Usr1; 3], encoded(spec, b"")].concat()
        );
        let mut busy = server(|_, _| std::vec![Usr2]);
        assert_eq!(busy.take(&mut sender(spec, b"")), Err(Busy));
        assert_eq!((busy.received.len(), busy.now), (101, TIMEOUT));
        let mut busy_once = server(|count, _| std::vec![Usr2; usize::from(count == 1)]);
        assert_eq!(busy_once.take(&mut sender(spec, b"")), Err(Busy));
        let mut silent = server(|_, _| std::vec![]);
        assert_eq!(silent.take(&mut sender(spec, b"")), Err(Unanswered(1)));
        let mut changes_its_mind = server(|count, _| {
            if count == 1 {
                std::vec![Usr2, Usr1]
            } else {
                std::vec![]
            }
        });
        assert_eq!(changes_its_mind.take(&mut sender(spec, b"")), Ok(()));
        assert_eq!(changes_its_mind.received.len(), 9);
    }

    #[test]
    fn a_server_may_end_once_it_has_acknowledged_the_last_symbol() {
        let gone = ServerStatus {
            caught: 0,
            ..INITIAL
        };
        for (spec, after, expected) in [
            ("classic", 8, Ok(())),
            ("final=both", 8, Ok(())),
            ("classic", 7, Err(ServerEnded)),
            ("ack=none", 8, Err(ServerEnded)),
        ] {
            let mut server = acknowledging();
            server.status = std::vec![INITIAL; after - 1];
            server.status.push(gone);
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
        for busy in [
            ServerStatus {
                pending: 1,
                ..INITIAL
            },
            ServerStatus {
                blocked: 2,
                ..INITIAL
            },
            ServerStatus {
                caught: 1,
                ..INITIAL
            },
        ] {
            for (count, expected) in [(16, 0), (17, INSPECTION_PAUSE), (19, 3 * INSPECTION_PAUSE)] {
                let mut server = acknowledging();
                server.status = [std::vec![busy; count], std::vec![INITIAL]].concat();
                assert_eq!(server.take(&mut sender("ack=none", b"")), Ok(()));
                assert_eq!(server.received[1].0, expected, "{busy:?} {count}");
            }
            let mut server = acknowledging();
            server.status = std::vec![busy];
            let error = if busy.caught == 3 { Stuck } else { ServerEnded };
            assert_eq!(server.take(&mut sender("ack=none", b"")), Err(error));
            assert_eq!((server.received.len(), server.now), (1, TIMEOUT));
        }
    }

    #[test]
    fn what_was_blocked_or_not_caught_at_the_beginning_is_not_a_handler() {
        let odd = ServerStatus {
            pending: 0,
            blocked: 2,
            caught: 1,
        };
        let pid = Pid::new(4242).unwrap();
        let mut sender = TextSender::new(&Dialect::CLASSIC, b"", pid, TIMEOUT, odd, 0).unwrap();
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
        assert!(matches!(
            sender.poll_action(now),
            Some(SendAction::Transmit(_))
        ));
        sender.handle_timeout(Nanos::MAX);
        assert_eq!(sender.poll_action(now), Some(SendAction::Inspect));
        sender.handle_status(
            ServerStatus {
                pending: 1,
                ..INITIAL
            },
            now,
        );
    }
}
