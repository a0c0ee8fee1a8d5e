//! Sends a message to a server that speaks another dialect than ours.

use core::ops::ControlFlow;
use core::time::Duration;
use std::io;
use std::time::Instant;

use super::{Report, SendError, signal_of};
use crate::dialect::speech::Speech;
use crate::dialect::{Ack, Dialect, Final, Silence};
use crate::ffi;
use crate::process::peer::{Peer, PeerError};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::signal::event::{Event, Origin, Signal};
use crate::signal::inbox::Inbox;
use crate::wire::bits::Bit;

/// How long the second of two last acknowledgements is waited for: the kernel may have merged them.
const ENCORE: Duration = Duration::from_millis(200);

/// How long one is left alone that says that it is busy.
const BUSY: Duration = Duration::from_millis(50);

/// How often the server's pending signals are looked at before this process sleeps between two looks, and for how long.
const LOOKS: u32 = 16;
const SLEEP_LIMIT: Duration = Duration::from_micros(50);

/// Sends `text` to `server` as `dialect` has it, and returns when the server has acknowledged it, or has taken every signal
/// if it acknowledges nothing.
///
/// No signal is sent before the server has taken the last and has returned from its handler, as far as `/proc` shows it: so
/// none is swallowed, and none interrupts a handler that is not made for that. A dialect with a pace of its own waits so long
/// before it looks.
///
/// # Errors
/// See [`SendError`].
pub fn send_as(
    inbox: &mut Inbox,
    server: &Peer,
    text: &[u8],
    dialect: &Dialect,
    timeout: Duration,
) -> Result<Report, SendError> {
    let mut on = |_, _| ControlFlow::Continue(());
    send_as_watched(inbox, server, text, dialect, timeout, &mut on)
}

/// As [`send_as`], and calls `watch` with the number of signals sent so far and, if that is the occasion, the signal of an
/// acknowledgement: what a server acknowledges, and how, shows in nothing else. It is called before each signal of the text
/// too, and may break off there, as if this process had ended.
///
/// # Errors
/// As [`send_as`].
pub fn send_as_watched(
    inbox: &mut Inbox,
    server: &Peer,
    text: &[u8],
    dialect: &Dialect,
    timeout: Duration,
    watch: &mut dyn FnMut(u64, Option<Signal>) -> ControlFlow<()>,
) -> Result<Report, SendError> {
    let speech = Speech::new(dialect, text, ffi::getpid())?;
    let start = Instant::now();
    let before = proc::status(server.pid()).ok();
    let mut speaker = Speaker {
        inbox,
        server,
        dialect,
        timeout,
        blocked: before.as_ref().map_or(0, |status| status.blocked),
        caught: before.as_ref().map_or(0, |status| status.caught),
        heard: Heard::default(),
        signals: 0,
        resent: 0,
        watch,
    };
    speaker.hello()?;
    let mut is_whole = true;
    for index in 0..speech.len() {
        if (speaker.watch)(speaker.signals, None).is_break() {
            is_whole = false;
            break;
        }
        let Some(bit) = speech.signal(index) else {
            break;
        };
        let is_last = index + 1 == speech.len();
        speaker.send(bit)?;
        if is_last && dialect.ack != Ack::None {
            speaker.last_answers(bit, index)?;
        } else if !is_last && speech.is_acknowledged(index) {
            speaker.answer(bit, index)?;
        } else {
            speaker.pause()?;
        }
    }
    Ok(Report {
        bytes: text.len(),
        signals: speaker.signals,
        resent: speaker.resent,
        in_words: false,
        confirmed: is_whole && dialect.ack != Ack::None && !speech.is_empty(),
        elapsed: start.elapsed(),
    })
}

struct Speaker<'a> {
    inbox: &'a mut Inbox,
    server: &'a Peer,
    dialect: &'a Dialect,
    timeout: Duration,
    /// What the server blocked and what it caught before it was sent anything.
    blocked: u64,
    caught: u64,
    heard: Heard,
    signals: u64,
    resent: u64,
    watch: &'a mut dyn FnMut(u64, Option<Signal>) -> ControlFlow<()>,
}

/// The time so much later; what is as good as never is in ten years.
fn after(time: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);
    Instant::now() + time.min(NEVER)
}

/// What came from the server and was not looked at yet.
#[derive(Default)]
struct Heard {
    answers: u32,
    /// Whether the last of them was SIGUSR2, which to a question for the turn says no.
    busy: bool,
    stop: Option<Signal>,
}

impl Speaker<'_> {
    /// Asks for the turn, where that is the custom.
    fn hello(&mut self) -> Result<(), SendError> {
        if !self.dialect.hello {
            return Ok(());
        }
        let until = after(self.timeout);
        let mut was_busy = false;
        loop {
            self.send(Bit::Zero)?;
            match (self.wait_for_answer(until)?, was_busy) {
                (true, _) if !self.heard.busy => return Ok(()),
                (true, _) if Instant::now() < until => {}
                (false, false) => return Err(SendError::Unanswered { signal: 1 }),
                (true, _) | (false, true) => return Err(SendError::Busy),
            }
            was_busy = true;
            self.sleep(BUSY)?;
            self.settle()?;
        }
    }

    fn send(&mut self, bit: Bit) -> Result<(), SendError> {
        self.heard.answers = 0;
        match self.server.send(signal_of(bit), None) {
            Err(PeerError::NoSuchProcess) => return Err(self.ended()),
            other => other?,
        }
        self.signals += 1;
        Ok(())
    }

    /// Waits for the acknowledgement of `bit`, which is number `index`, and repeats it if that is the custom.
    fn answer(&mut self, bit: Bit, index: usize) -> Result<(), SendError> {
        let giving_up = after(self.timeout);
        let wait = match self.dialect.wait {
            0 => self.timeout,
            milliseconds => Duration::from_millis(milliseconds.into()),
        };
        loop {
            let until = after(wait).min(giving_up);
            if self.wait_for_answer(until)? {
                return self.settle();
            }
            let may_repeat = self.dialect.silence == Silence::Retry;
            if !may_repeat || Instant::now() >= giving_up {
                return Err(SendError::Unanswered { signal: index + 1 });
            }
            self.settle()?;
            self.send(bit)?;
            self.resent += 1;
        }
    }

    fn last_answers(&mut self, bit: Bit, index: usize) -> Result<(), SendError> {
        let wants_two = matches!(self.dialect.last, Final::Twice | Final::Both);
        let answered = self.answer(bit, index).and_then(|()| {
            if wants_two && self.heard.answers < 2 {
                self.wait_for(Instant::now() + ENCORE, |heard| heard.answers >= 2)?;
            }
            Ok(())
        });
        match answered {
            // A server that has acknowledged the last signal may end.
            Err(SendError::ServerEnded { .. }) if self.heard.answers > 0 => Ok(()),
            answered => answered,
        }
    }

    /// Between two signals that are not acknowledged.
    fn pause(&mut self) -> Result<(), SendError> {
        if let Some(pace) = self.dialect.pace {
            self.sleep(Duration::from_micros(pace.into()))?;
        }
        self.settle()
    }

    /// Waits until the server has taken every signal that it was sent, and is not in a handler of them.
    fn settle(&mut self) -> Result<(), SendError> {
        let ours = Signal::Usr1.mask() | Signal::Usr2.mask();
        let mut until = None;
        for look in 0u32.. {
            let status = match proc::status(self.server.pid()) {
                Ok(status) if !status.ended => status,
                _ => return Err(self.ended()),
            };
            // Another program by now, which the next signal would kill; or in a handler of SA_RESETHAND.
            let is_lost = self.caught & !status.caught & ours != 0;
            let in_handler = status.blocked & !self.blocked & ours != 0;
            if status.pending & ours == 0 && !in_handler && !is_lost {
                return Ok(());
            }
            if look < LOOKS {
                continue;
            }
            let until = *until.get_or_insert_with(|| after(self.timeout));
            if Instant::now() >= until {
                return Err(match is_lost {
                    true => self.ended(),
                    false => SendError::TimedOut { blank: false },
                });
            }
            self.sleep(SLEEP_LIMIT)?;
        }
        Ok(())
    }

    /// Whether the server answered before the time was up.
    fn wait_for_answer(&mut self, until: Instant) -> Result<bool, SendError> {
        self.wait_for(until, |heard| heard.answers > 0)?;
        Ok(self.heard.answers > 0)
    }

    fn sleep(&mut self, time: Duration) -> Result<(), SendError> {
        self.wait_for(after(time), |_| false)
    }

    /// Takes what comes until something is enough, or the time is up.
    fn wait_for(
        &mut self,
        until: Instant,
        enough: impl Fn(&Heard) -> bool,
    ) -> Result<(), SendError> {
        let mut ended = false;
        loop {
            let (heard, server) = (&mut self.heard, self.server.pid());
            let (watch, signals) = (&mut *self.watch, self.signals);
            self.inbox.drain(|event| {
                if heard.take(event, server) {
                    // Broken off is before the next signal; here is only something to be seen.
                    let _ = watch(signals, Some(event.signal));
                }
            });
            if let Some(signal) = self.heard.stop {
                return Err(SendError::Interrupted(signal));
            }
            if enough(&self.heard) {
                return Ok(());
            }
            if ended {
                return Err(self.ended());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let waited = self.inbox.wait(self.server.fd(), Some(left));
            ended = waited.map_err(io::Error::from)?;
        }
    }

    const fn ended(&self) -> SendError {
        SendError::ServerEnded {
            acknowledged: self.signals / 8,
        }
    }
}

impl Heard {
    /// Whether it is an acknowledgement.
    fn take(&mut self, event: Event, server: Pid) -> bool {
        let from = match event.origin {
            Origin::Attested { pid, .. } | Origin::Claimed { pid, .. } => Some(pid),
            Origin::Unknown { .. } => None,
        };
        match event.signal {
            Signal::Int | Signal::Term => self.stop = Some(event.signal),
            Signal::Usr1 | Signal::Usr2 if from == Some(server) => {
                self.answers += 1;
                self.busy = event.signal == Signal::Usr2;
                return true;
            }
            _ => {}
        }
        false
    }
}
