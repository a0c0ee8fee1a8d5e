//! The sending end of a dialect: what to send when, and which acknowledgements to wait for.
//!
//! No signal is sent before the server has taken the last one and has returned from its handler. So the kernel merges no two
//! signals, and no signal interrupts a handler that is not made for that. A dialect with a pace waits that long before.

use core::fmt;

use super::encoder::{TextEncoder, Unencodable};
use super::{Ack, Dialect, FinalAck, MILLISECOND, OnSilence, Symbol};
use crate::process::pid::Pid;
use crate::signal::set::SignalSet;
use crate::wire::Nanos;

/// Limits the wait for the second final acknowledgement: the kernel may have merged the two.
const SECOND_ACK_TIMEOUT: Nanos = 200 * MILLISECOND;

/// The pause before a server that said that it is busy is asked again.
const BUSY_PAUSE: Nanos = 50 * MILLISECOND;

/// Inspections of the server without a pause, and the pause between further ones.
const QUICK_INSPECTIONS: u32 = 16;
const INSPECTION_PAUSE: Nanos = MILLISECOND / 20;

/// Limits the inspections that find a server awake with nothing pending. Between taking a signal and running its handler, a server
/// looks like that, and a second signal that comes then is handled first. A server that slept before the first signal will sleep
/// again and has the second limit; beyond the first, a pause precedes each inspection.
const AWAKE_INSPECTIONS: u32 = 8;
const MOST_AWAKE_INSPECTIONS: u32 = 400;

/// Holds what `/proc` shows of the server: sets of signals, of which only SIGUSR1 and SIGUSR2 are to be included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerStatus {
    /// The signals that the server has not yet taken.
    pub pending: u64,
    /// The signals that are blocked, as each is while its handler runs.
    pub blocked: u64,
    /// The signals that have a handler.
    pub caught: u64,
    /// Whether the server sleeps: then it has done with the signals that it has taken.
    pub sleeps: bool,
}

/// Lists the actions that the caller is to carry out.
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
    /// The server acknowledged every symbol that it acknowledges but the last.
    LastUnanswered,
    /// The server said that it is busy until the timeout.
    Busy,
    /// The server did not take a signal, or did not return from its handler, until the timeout.
    Stuck,
    /// The server ended, or no longer handles the signals.
    ServerEnded,
}

impl fmt::Display for TextSendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(number) => write!(f, "signal number {number} was not acknowledged"),
            Self::LastUnanswered => f.write_str("the last signal was not acknowledged"),
            Self::Busy => f.write_str("the server was busy until the timeout"),
            Self::Stuck => f.write_str("the server did not take a signal before the timeout"),
            Self::ServerEnded => f.write_str("the server ended in mid-message"),
        }
    }
}

impl core::error::Error for TextSendError {}

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
    /// The number of symbols sent, repetitions not included.
    sent: usize,
    /// The number of acknowledgements since the last signal, and the last of them.
    acks: u32,
    last_ack: Symbol,
    signals: u64,
    resent: u64,
    is_cut: bool,
}

/// Lists the phases of a transfer by the event that it waits for.
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
    /// Counts the looks that found the server busy with the last signal, and says when to give up for that.
    busy: u32,
    give_up: Option<Nanos>,
    /// Counts the looks that found the server awake with nothing pending.
    awake: u32,
    then: SendStep,
}

/// Says what happens once the server has taken the last signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SendStep {
    /// Ask to be admitted.
    Hello { until: Nanos, was_busy: bool },
    /// Send the next symbol, or finish after the last one.
    Send,
    /// Send the last symbol again.
    Resend { give_up: Nanos },
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
            sent: 0,
            acks: 0,
            last_ack: Symbol::Usr1,
            signals: 0,
            resent: 0,
            is_cut: false,
        })
    }

    /// Stops the transfer before the symbol that would follow `limit` signals, as if the client had ended.
    pub const fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the number of signals so far, repetitions included.
    pub const fn signals(&self) -> u64 {
        self.signals
    }

    /// Returns the number of repetitions.
    pub const fn resent(&self) -> u64 {
        self.resent
    }

    /// Returns whether success means that the server has acknowledged the whole text.
    pub fn is_confirmed(&self) -> bool {
        !self.is_cut && self.acknowledges_last() && !self.encoder.is_empty()
    }

    /// Returns what to do next; `None` until the next event or the [timeout](Self::poll_timeout).
    pub fn poll_action(&mut self, now: Nanos) -> Option<SendAction> {
        self.handle_acks(now);
        match self.state {
            SendState::Due(SendStep::Hello { until, was_busy }) => {
                self.state = SendState::Admission { until, was_busy };
                Some(self.transmit(self.dialect.hello_signal))
            }
            SendState::Due(SendStep::Send) => self.send(now),
            SendState::Due(SendStep::Resend { give_up }) => {
                self.resent += 1;
                self.state = self.await_ack(give_up, now);
                let symbol = self.encoder.symbol(self.sent - 1)?;
                Some(self.transmit(symbol))
            }
            SendState::Due(SendStep::Finish(result)) => Some(SendAction::Finish(result)),
            SendState::Status(_) => Some(SendAction::Inspect),
            _ => None,
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout).
    pub const fn poll_timeout(&self) -> Option<Nanos> {
        match self.state {
            SendState::Due(_) | SendState::Status(_) => None,
            SendState::Admission { until, .. }
            | SendState::Ack { until, .. }
            | SendState::SecondAck { until }
            | SendState::Pause { until, .. } => Some(until),
        }
    }

    /// Returns whether the server has to acknowledge something before this sends more.
    pub const fn awaits_ack(&self) -> bool {
        !matches!(self.state, SendState::Pause { .. })
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
            SendState::Ack { .. } if self.is_last() && self.dialect.ack == Ack::Bit => {
                finish(Err(TextSendError::LastUnanswered))
            }
            SendState::Ack { .. } => finish(Err(TextSendError::Unanswered(self.sent))),
            SendState::SecondAck { .. } => finish(Ok(())),
            SendState::Pause { then, .. } => SendState::Status(then),
            SendState::Due(_) | SendState::Status(_) => return,
        };
    }

    /// Handles the status that was asked for with [`SendAction::Inspect`].
    pub fn handle_status(&mut self, status: ServerStatus, now: Nanos) {
        let SendState::Status(mut probe) = self.state else {
            return;
        };
        // The server executes another program, which the next signal would kill, or is in a handler of SA_RESETHAND.
        let is_lost = self.initial.caught & !status.caught != 0;
        let in_handler = status.blocked & !self.initial.blocked != 0;
        // A server that was asked for admission may install its other handler only now.
        let is_unready = self.sent == 0
            && probe.then == SendStep::Send
            && self.initial.caught != 0
            && SignalSet::BITS.mask() & !status.caught != 0;
        let has_taken = status.pending == 0 && !in_handler && !is_lost && !is_unready;
        let is_quick = if has_taken {
            probe.awake += 1;
            // A server that acknowledges outside its handler and then waits loses what comes between the two.
            let is_known = self.acks > 0 && !self.initial.sleeps || self.signals == 0;
            let most = match self.initial.sleeps {
                true => MOST_AWAKE_INSPECTIONS,
                false => AWAKE_INSPECTIONS,
            };
            if status.sleeps || is_known || probe.awake > most {
                self.state = SendState::Due(probe.then);
                return;
            }
            probe.awake <= AWAKE_INSPECTIONS
        } else {
            probe.busy = probe.busy.saturating_add(1);
            probe.busy <= QUICK_INSPECTIONS
        };
        if is_quick {
            self.state = SendState::Status(probe);
            return;
        }
        let give_up = now.saturating_add(self.timeout);
        if !has_taken && now >= *probe.give_up.get_or_insert(give_up) {
            match is_lost {
                true => self.handle_exit(),
                false => self.state = finish(Err(TextSendError::Stuck)),
            }
            return;
        }
        let until = now.saturating_add(INSPECTION_PAUSE);
        self.state = SendState::Pause { until, then: probe };
    }

    /// Handles that the signal of the last [`SendAction::Transmit`] could not be sent because the server has ended.
    pub fn handle_send_failure(&mut self) {
        self.signals -= 1;
        self.handle_exit();
    }

    /// Handles the end of the server, which may end once it has acknowledged the last symbol.
    pub fn handle_exit(&mut self) {
        let is_acknowledged = self.is_last() && self.acknowledges_last() && self.acks > 0;
        self.state = finish(match is_acknowledged {
            true => Ok(()),
            false => Err(TextSendError::ServerEnded),
        });
    }

    fn handle_acks(&mut self, now: Nanos) {
        self.state = match self.state {
            SendState::Admission { until, .. } if self.acks > 0 => {
                if self.dialect.busy_signal() != Some(self.last_ack) {
                    inspect(SendStep::Send)
                } else if now < until {
                    SendState::Pause {
                        until: now.saturating_add(BUSY_PAUSE),
                        then: StatusProbe::before(SendStep::Hello {
                            until,
                            was_busy: true,
                        }),
                    }
                } else {
                    finish(Err(TextSendError::Busy))
                }
            }
            SendState::Ack { .. } if self.acks > 0 => inspect(SendStep::Send),
            SendState::SecondAck { .. } if self.acks > 1 => finish(Ok(())),
            state => state,
        };
    }

    /// Sends the next symbol, if there is one.
    fn send(&mut self, now: Nanos) -> Option<SendAction> {
        if self.is_last() && self.lacks_second_ack() {
            let until = now.saturating_add(SECOND_ACK_TIMEOUT);
            self.state = SendState::SecondAck { until };
            return None;
        }
        self.is_cut = self.sent < self.encoder.len() && self.signals >= self.limit;
        let Some(symbol) = self.encoder.symbol(self.sent).filter(|_| !self.is_cut) else {
            self.state = finish(Ok(()));
            return Some(SendAction::Finish(Ok(())));
        };
        self.sent += 1;
        let is_acknowledged = match self.is_last() {
            true => self.acknowledges_last(),
            false => self.encoder.is_acknowledged(self.sent - 1),
        };
        self.state = match self.dialect.pace {
            _ if is_acknowledged => self.await_ack(now.saturating_add(self.timeout), now),
            Some(microseconds) => SendState::Pause {
                until: now.saturating_add(Nanos::from(microseconds) * 1000),
                then: StatusProbe::before(SendStep::Send),
            },
            None => inspect(SendStep::Send),
        };
        Some(self.transmit(symbol))
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

    fn acknowledges_last(&self) -> bool {
        let has_ack = self.dialect.ack != Ack::None && self.dialect.final_ack != FinalAck::None;
        has_ack && !self.encoder.ends_in_silent_head()
    }

    fn is_last(&self) -> bool {
        self.sent > 0 && self.sent == self.encoder.len()
    }

    fn lacks_second_ack(&self) -> bool {
        let (_, second) = self.dialect.final_acks(Symbol::Usr1);
        second.is_some() && self.acks < 2
    }
}

impl StatusProbe {
    const fn before(then: SendStep) -> Self {
        Self {
            busy: 0,
            give_up: None,
            awake: 0,
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
mod tests;
