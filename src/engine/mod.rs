//! Runs the one loop over an inbox: it receives messages and sends any number of others at the same time.
//!
//! ```text
//! inbox ──► reply to a transfer of ours? ─yes─► transfers ([`client`])  ──► signals
//!                   └──no─────────────────────► host ([`server`])      ──► signals, outputs, notes
//! ```
//!
//! [`serve`], [`send`] and [`request`] run it on the caller's thread. An [`Endpoint`](crate::Endpoint) has a thread for it, which other
//! threads reach through an outbox.

mod message;
mod outbox;

use core::cell::Cell;
use core::mem;
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time;
use std::vec::Vec;

pub use message::Message;
pub(crate) use outbox::Outbox;

use crate::background::OnDrop;
use crate::client::{
    Delivery, Options, Outgoing, Progress, Report, SendError, Sent, Transfers, Update,
};
use crate::ffi::{Epoll, ShortSlice};
use crate::process::peer::Peer;
use crate::process::pid::Pid;
use crate::server::{Config, Host, Note, OutputError, ServeError, Sink, Stop, Urgency};
use crate::signal::event::Event;
use crate::signal::inbox::Inbox;
use crate::signal::set::SignalSet;
use crate::wire::frame::MessageKind;
use crate::wire::reason::Reason;
use crate::wire::time::Instant;

/// Takes each message, and returns once the message is written and flushed.
pub type Output = Box<dyn FnMut(&Message) -> Result<(), OutputError> + Send>;

/// Limits the batches of bits that may follow each other before everything else has its turn.
const BATCHES_AT_ONCE: u32 = 64;

/// Limits the signals that a transfer sends between two looks at the clock.
const SENT_AT_ONCE: u32 = 64;

/// Limits the signals that are taken between two bits.
const TAKEN_BETWEEN_BITS: u32 = 4;

/// How late a repetition may be on a link free of loss: longer than the scheduler's tick, see [`Inbox::spin_wait`].
const SLACK: Duration = Duration::from_millis(15);

// The numbers of descriptors in the epoll set. A client has its PID, from 1 to 2^31 - 1, and a server one above 2^32.
const BELL: u64 = 0;
const STOP: u64 = u64::MAX;
const OUTBOX: u64 = u64::MAX - 1;

/// Receives messages until SIGINT or SIGTERM comes, `config.count` is reached, or `stop` is requested.
///
/// `inbox` is fresh from [`Inbox::open`]: its signals are still blocked, which the threads of the outputs inherit. Each output handles
/// one message at a time; with several, so many messages are handled at once.
///
/// `notes` is called between two signals, so it must not block. If it panics, or an output does, the server ends in order with
/// [`ServeError::Panicked`].
///
/// # Errors
/// Returns a [`ServeError`] after the clients have been answered.
pub fn serve(
    inbox: &mut Inbox,
    config: Config,
    outputs: Vec<Output>,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Stop>,
) -> Result<(), ServeError> {
    let outbox = Outbox::new()?;
    let with_replies = |mut output: Output| {
        let outbox = Arc::clone(&outbox);
        let sink = move |received| output(&Message::new(received, &outbox));
        Box::new(sink) as Sink
    };
    let outputs = outputs.into_iter().map(with_replies).collect();
    serve_into(inbox, config, outputs, notes, stop, &outbox)
}

/// Receives messages as [`serve`] does, and sends those of the outbox, which is closed at the end.
pub(crate) fn serve_into(
    inbox: &mut Inbox,
    config: Config,
    outputs: Vec<Sink>,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Stop>,
    outbox: &Arc<Outbox>,
) -> Result<(), ServeError> {
    // The messages that it still holds end with an error.
    let _close = OnDrop(|| outbox.close());
    if config.count == Some(0) {
        return Ok(());
    }
    let mut engine = Engine::new()?;
    engine.receive(inbox, config, outputs, notes)?;
    engine.attach(stop, outbox)?;
    // Many clients of other programs pace themselves by the clock: bits that they send while this thread waits for a CPU are lost.
    // The threads of the outputs, which have started, do not inherit it.
    let _slice = ShortSlice::enter();
    let result = engine.run(inbox);
    engine.host.into_iter().for_each(Host::join);
    result
}

/// Sends `message` to `server` and returns when it is delivered. Calls `watch` some ten times a second with how far the transfer is.
///
/// # Errors
/// Returns a [`SendError`] if the message is not known to be delivered.
pub fn send(
    inbox: &mut Inbox,
    server: &Arc<Peer>,
    message: &[u8],
    options: Options,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Report, SendError> {
    let engine = Engine::new()?;
    let delivery = engine.deliver(inbox, server, MessageKind::Message, message, options, watch)?;
    Ok(delivery.report)
}

/// Sends the request `message` to `server`, and returns the reply.
///
/// Messages of other processes are rejected meanwhile. `config` says how they and the reply are received, and `notes` is told of
/// it: called between two signals, it must not block.
///
/// # Errors
/// Returns a [`SendError`] if the message is not known to be delivered.
pub fn request(
    inbox: &mut Inbox,
    server: &Arc<Peer>,
    message: &[u8],
    options: Options,
    watch: &mut dyn FnMut(&Progress),
    config: Config,
    notes: &mut dyn FnMut(&Note),
) -> Result<(Report, Vec<u8>), SendError> {
    let mut engine = Engine::new()?;
    engine.receive(inbox, config, Vec::from([refusing()]), notes)?;
    let delivery = engine.deliver(inbox, server, MessageKind::Request, message, options, watch)?;
    Ok((delivery.report, delivery.reply.unwrap_or_default()))
}

/// Returns the output of a process that takes replies alone.
pub(crate) fn refusing() -> Sink {
    Box::new(|_| Err(OutputError::Refused))
}

/// Drives incoming and outgoing transfers over one inbox.
struct Engine<'e> {
    start: time::Instant,
    epoll: Rc<Epoll>,
    /// What receives, if anything does.
    host: Option<Host<'e>>,
    transfers: Transfers<'e>,
    stop: Option<&'e Stop>,
    outbox: Option<&'e Outbox>,
    /// The signals that have been taken and not handled.
    events: Vec<Event>,
    /// The numbers of descriptors that are readable.
    ready: Vec<u64>,
    /// Whether the end has begun.
    is_stopped: bool,
}

impl<'e> Engine<'e> {
    fn new() -> io::Result<Self> {
        let epoll = Rc::new(Epoll::new()?);
        Ok(Self {
            start: time::Instant::now(),
            host: None,
            transfers: Transfers::new(Rc::clone(&epoll)),
            epoll,
            stop: None,
            outbox: None,
            events: Vec::new(),
            ready: Vec::new(),
            is_stopped: false,
        })
    }

    /// Receives messages from now on.
    fn receive(
        &mut self,
        inbox: &Inbox,
        config: Config,
        outputs: Vec<Sink>,
        notes: &'e mut dyn FnMut(&Note),
    ) -> io::Result<()> {
        let epoll = Rc::clone(&self.epoll);
        self.host = Some(Host::new(inbox, config, outputs, notes, epoll, BELL)?);
        Ok(())
    }

    /// Takes requests of other threads from now on.
    fn attach(&mut self, stop: Option<&'e Stop>, outbox: &'e Outbox) -> io::Result<()> {
        if let Some(stop) = stop {
            self.epoll.add(stop.fd(), STOP)?;
        }
        self.epoll.add(outbox.fd(), OUTBOX)?;
        (self.stop, self.outbox) = (stop, Some(outbox));
        Ok(())
    }

    /// Sends one message, and returns once it is delivered.
    fn deliver(
        mut self,
        inbox: &mut Inbox,
        server: &Arc<Peer>,
        kind: MessageKind,
        message: &'e [u8],
        options: Options,
        watch: &'e mut dyn FnMut(&Progress),
    ) -> Result<Delivery, SendError> {
        let outgoing = Outgoing::new(server, kind, message, options)?;
        let result = Rc::new(Cell::new(None));
        let slot = Rc::clone(&result);
        let tell = move |update| match update {
            Update::Progress(progress) => watch(&progress),
            Update::Ended(result) => slot.set(Some(result)),
        };
        self.transfers.add(outgoing, Box::new(tell));
        let ended = self.run(inbox);
        result.take().unwrap_or_else(|| {
            ended.map_err(io::Error::other)?;
            Err(SendError::Stopped)
        })
    }

    fn run(&mut self, inbox: &mut Inbox) -> Result<(), ServeError> {
        loop {
            let mut now = self.now();
            let mut is_all_sent = true;
            for _ in 0..BATCHES_AT_ONCE {
                self.take_signals(inbox, now);
                is_all_sent = self.transmit(inbox, now);
                let host = self.host.as_mut();
                if !host.is_some_and(|host| host.take_following(inbox)) {
                    break;
                }
                now = self.now();
            }
            self.handle_others(now);
            is_all_sent &= !self.take_turns();
            if let Some(result) = self.poll_end(now) {
                return result;
            }
            self.wait(inbox, now, is_all_sent)?;
        }
    }

    fn now(&self) -> Instant {
        Instant::default() + self.start.elapsed().into()
    }

    /// Takes all signals, and only then handles them: a client with two of them did not wait for an answer between them.
    fn take_signals(&mut self, inbox: &mut Inbox, now: Instant) {
        if let Some(host) = &mut self.host {
            host.machine.set_now(now.as_nanos());
        }
        let mut events = mem::take(&mut self.events);
        inbox.drain(|event| events.push(event));
        for event in events.drain(..) {
            self.handle_signal(event, now);
        }
        self.events = events;
    }

    fn handle_signal(&mut self, event: Event, now: Instant) {
        if SignalSet::STOPS.contains(event.signal) {
            let signal = event.signal;
            self.transfers.fail_all(|| SendError::Interrupted(signal));
            self.is_stopped = true;
        } else if self.transfers.handle_signal(&event, now) {
            return;
        }
        if let Some(host) = &mut self.host {
            host.handle_signal(event);
        }
    }

    /// Sends the signals that are due, up to a limit, and returns whether none is left.
    fn transmit(&mut self, inbox: &mut Inbox, now: Instant) -> bool {
        let mut is_all_sent = true;
        for number in 0..self.transfers.len() {
            is_all_sent &= self.transmit_to(number, inbox, now);
        }
        is_all_sent
    }

    fn transmit_to(&mut self, number: usize, inbox: &mut Inbox, now: Instant) -> bool {
        for _ in 0..SENT_AT_ONCE {
            match self.transfers.send_next(number, now) {
                Sent::Nothing => return true,
                Sent::Word => {}
                // A reply lets the window of bits move on, and a server that polls takes one bit in the time that the poll takes.
                // Two processes that both send swallow each other's signals if they are not taken as fast.
                Sent::Bit { is_beside } => {
                    self.pass_turn(number);
                    let most = if is_beside { TAKEN_BETWEEN_BITS } else { 0 };
                    for _ in 0..most {
                        if !inbox.poll_more(1) {
                            break;
                        }
                        self.take_signals(inbox, now);
                    }
                }
            }
        }
        false
    }

    /// Withholds further bits of a transfer if those that come from the same process have the turn.
    fn pass_turn(&mut self, number: usize) {
        let outgoing = self.transfers.taking_turns(number);
        if let (Some(host), Some(outgoing)) = (&mut self.host, outgoing) {
            let may_go_on = host.machine.may_send_bits(outgoing.peer.pid());
            outgoing.sender.hold(!may_go_on);
        }
    }

    /// Lets the transfers go on that have the turn again, and returns whether there are any.
    fn take_turns(&mut self) -> bool {
        let (Some(host), transfers) = (&mut self.host, &mut self.transfers) else {
            return false;
        };
        host.machine.keep_turns(|pid| transfers.takes_turns(pid));
        let mut any = false;
        for number in 0..transfers.len() {
            let outgoing = transfers.taking_turns(number);
            if let Some(outgoing) = outgoing.filter(|outgoing| outgoing.sender.is_held()) {
                let must_wait = host.machine.must_wait(outgoing.peer.pid());
                outgoing.sender.hold(must_wait);
                any |= !must_wait;
            }
        }
        any
    }

    /// Handles all that is no signal. The signals that came before it were handled.
    fn handle_others(&mut self, now: Instant) {
        let (mut urgency, mut ended, mut submitted) = (Urgency::None, Vec::new(), Vec::new());
        for number in mem::take(&mut self.ready) {
            match number {
                BELL => self.host.iter().for_each(Host::clear_bell),
                STOP => urgency = self.stop.map_or(urgency, Stop::urgency),
                OUTBOX => submitted = self.outbox.map(Outbox::take).unwrap_or_default(),
                number => match number.try_into() {
                    Ok(client) => ended.extend(Pid::new(client)),
                    Err(_) => self.transfers.handle_ready(number),
                },
            }
        }
        // Added after the exits above: that of a process must not end a transfer to a later one with its PID.
        for (outgoing, tell) in submitted {
            self.transfers.add(outgoing, tell);
        }
        self.is_stopped |= urgency != Urgency::None;
        if self.is_stopped {
            self.transfers.give_up_stopped();
        }
        if let Some(host) = &mut self.host {
            host.handle_others(&ended, urgency);
            while let Some(mut reply) = host.take_reply_message() {
                let MessageKind::Reply(request) = reply.kind else {
                    continue;
                };
                let payload = mem::take(&mut reply.payload);
                let is_taken = self.transfers.take_reply(reply.pid, request, payload);
                let verdict = is_taken.then_some(()).ok_or(Reason::Unasked);
                host.settle_reply(&reply, verdict);
            }
        }
        self.transfers.settle(now);
    }

    /// Returns how the loop ends, once it does.
    fn poll_end(&mut self, now: Instant) -> Option<Result<(), ServeError>> {
        let is_idle = self.transfers.is_empty() && self.outbox.is_none();
        let result = match &mut self.host {
            Some(host) => {
                if is_idle && !mem::replace(&mut self.is_stopped, true) {
                    host.handle_others(&[], Urgency::Requested);
                }
                host.poll_end()?
            }
            None if is_idle || self.is_stopped => Ok(()),
            None => return None,
        };
        self.transfers.fail_all(|| SendError::Stopped);
        self.transfers.settle(now);
        Some(result)
    }

    fn wait(&mut self, inbox: &mut Inbox, now: Instant, is_all_sent: bool) -> io::Result<()> {
        let mut due = self.transfers.poll_timeout();
        let (mut expects_request, mut may_host_spin) = (false, false);
        if let Some(host) = &mut self.host {
            due = due.into_iter().chain(host.machine.poll_timeout()).min();
            expects_request = host.machine.expects_signal();
            may_host_spin = expects_request && host.may_spin();
            // Its client waits for the last answer until it is written.
            inbox.heed_descriptor(host.machine.writing() > 0);
        }
        let timeout = due.map(|at| Duration::from_nanos((at - now).as_nanos()));
        let fd = Some(self.epoll.fd());
        let is_ready = if !is_all_sent {
            inbox.check(fd)?
        } else if expects_request || self.transfers.expects_reply() {
            let may_be_late = !expects_request && self.transfers.is_loss_free();
            let slack = if may_be_late { SLACK } else { Duration::ZERO };
            inbox.let_spin(may_host_spin || self.transfers.may_spin());
            let is_ready = inbox.spin_wait(fd, timeout, slack)?;
            if inbox.has_missed() {
                self.transfers.leave_cpu_of_server();
            }
            is_ready
        } else {
            inbox.wait(fd, timeout)?
        };
        if is_ready {
            self.epoll.ready(|number| self.ready.push(number))?;
        }
        Ok(())
    }
}
