//! Sends a message to a server that uses another dialect: the loop that carries out the actions of a [`TextSender`].

use core::time::Duration;
use std::io;
use std::time::Instant;

use super::outgoing::move_beside;
use super::{Report, SendError};
use crate::dialect::sender::{SendAction, ServerStatus, TextSendError, TextSender};
use crate::dialect::{Dialect, Symbol};
use crate::ffi;
use crate::process::peer::{Peer, PeerError};
use crate::process::proc;
use crate::signal::inbox::Inbox;
use crate::signal::set::Signal;
use crate::wire::time;

/// Configures a transfer in another dialect.
#[derive(Clone, Copy, Debug)]
pub struct DialectOptions {
    /// The dialect of the server.
    pub dialect: Dialect,
    /// Limits how long the server may be silent.
    pub timeout: Duration,
    /// Stops after this number of signals, as if this process had ended; `None` sends the whole text.
    pub limit: Option<u64>,
}

/// Sends `text` to `server` and returns when the server has acknowledged it or, in a dialect without acknowledgements, has
/// taken every signal.
///
/// `on_ack` is called for each acknowledgement with the number of signals sent before it: how a server acknowledges shows in
/// nothing else.
///
/// # Errors
/// Returns the reason as a [`SendError`].
pub fn send_as(
    inbox: &mut Inbox,
    server: &Peer,
    text: &[u8],
    options: &DialectOptions,
    on_ack: &mut dyn FnMut(u64, Signal),
) -> Result<Report, SendError> {
    let start = Instant::now();
    let nanos = |span: Duration| time::Duration::from(span).as_nanos();
    let clock = || nanos(start.elapsed());
    let (timeout, pid) = (nanos(options.timeout), ffi::getpid());
    let initial = status(server).unwrap_or_default();
    let sender = TextSender::new(&options.dialect, text, pid, timeout, initial, clock())?;
    let mut sender = sender.with_limit(options.limit.unwrap_or(u64::MAX));
    let sought = Some(server.pid());
    let mut has_ended = false;
    inbox.let_spin(move_beside(server.pid()));
    loop {
        let mut stop = None;
        let mut acks = 0;
        inbox.drain(|event| match event.signal {
            Signal::INT | Signal::TERM => stop = Some(event.signal),
            signal if event.origin.pid() == sought => {
                if let Some(symbol) = Symbol::of(signal) {
                    acks += 1;
                    sender.handle_ack(symbol);
                    on_ack(sender.signals(), signal);
                }
            }
            _ => {}
        });
        if let Some(signal) = stop {
            return Err(SendError::Interrupted(signal));
        }
        match sender.poll_action(clock()) {
            Some(SendAction::Transmit(symbol)) => match server.send(symbol.into(), None) {
                Err(PeerError::NoSuchProcess) => sender.handle_send_failure(),
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            },
            Some(SendAction::Inspect) => match status(server) {
                Some(status) => sender.handle_status(status, clock()),
                None => sender.handle_exit(),
            },
            Some(SendAction::Finish(Ok(()))) => {
                return Ok(Report {
                    bytes: text.len(),
                    signals: sender.signals(),
                    resent: sender.resent(),
                    in_words: false,
                    confirmed: sender.is_confirmed(),
                    elapsed: start.elapsed(),
                });
            }
            Some(SendAction::Finish(Err(error))) => return Err(explain(error, sender.signals())),
            None => {
                let now = clock();
                let left = sender.poll_timeout().unwrap_or(now).saturating_sub(now);
                if acks == 0 && !has_ended && left > 0 {
                    let left = Some(Duration::from_nanos(left));
                    let waited = match sender.awaits_ack() {
                        true => inbox.spin_wait(server.fd(), left, Duration::ZERO),
                        // Leaves the signals unblocked, so that acknowledgements do not merge.
                        false => inbox.wait(server.fd(), left),
                    };
                    has_ended = waited.map_err(io::Error::from)?;
                    continue;
                }
                // The signals that the server sent before its end have been drained by now.
                match has_ended {
                    true => sender.handle_exit(),
                    false => sender.handle_timeout(now),
                }
            }
        }
    }
}

/// Returns the status of the server; `None` if it has ended.
fn status(server: &Peer) -> Option<ServerStatus> {
    let ours = Signal::USR1.mask() | Signal::USR2.mask();
    let status = proc::status(server.pid())
        .ok()
        .filter(|status| !status.ended)?;
    Some(ServerStatus {
        pending: status.pending & ours,
        blocked: status.blocked & ours,
        caught: status.caught & ours,
        sleeps: status.sleeps,
    })
}

fn explain(error: TextSendError, signals: u64) -> SendError {
    match error {
        TextSendError::Unanswered(signal) => SendError::Unanswered { signal },
        TextSendError::LastUnanswered => SendError::LastUnanswered,
        TextSendError::Busy => SendError::Busy,
        // The signal that was not taken, or was sent last, may be the text's last.
        TextSendError::Stuck => SendError::TimedOut {
            blank: false,
            all_sent: true,
        },
        TextSendError::ServerEnded => SendError::ServerEnded {
            acknowledged: signals / 8,
            all_sent: true,
        },
    }
}
