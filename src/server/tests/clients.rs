//! Clients that run the real sending end, to the end of their transfers.

use super::world::*;
use crate::wire::sender::FrameSender;
use crate::wire::siphash::Key;
use crate::wire::time::{self, Instant};

/// Sends a message by the real sending end.
pub struct Client<'m> {
    pub pid: Pid,
    sender: FrameSender<'m>,
    pub result: Option<Result<(), LinkFailure>>,
    deadline: Nanos,
}

impl<'m> Client<'m> {
    pub fn new(pid: Pid, message: &'m [u8], lane: Lane) -> Self {
        Self::of_kind(pid, MessageKind::Message, message, lane)
    }

    pub fn of_kind(pid: Pid, kind: MessageKind, message: &'m [u8], lane: Lane) -> Self {
        let key = Key([pid.get() as u64, 33]);
        let timeout = time::Duration::from_nanos(60 * SECOND);
        let frame = Frame::new(kind, message).unwrap();
        let sender = FrameSender::new(frame, key, timeout, lane);
        let (result, deadline) = (None, 0);
        Self {
            pid,
            sender,
            result,
            deadline,
        }
    }

    /// Returns the signals that the client sends now.
    fn poll(&mut self, now: Nanos) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(transmit) = self.sender.poll_transmit(Instant::from_nanos(now)) {
            let signal = Signal::from(transmit.channel);
            events.push(match transmit.packet {
                None => bare(self.pid, signal),
                Some(packet) => queued(self.pid, signal, packet),
            });
        }
        self.result = self.sender.result();
        let deadline = self.sender.poll_timeout();
        self.deadline = deadline.map_or(Nanos::MAX, Instant::as_nanos);
        events
    }
}

/// Runs the clients to their ends. `is_lost` decides for each signal of either side whether it is swallowed.
pub fn transfer(world: &mut World, clients: &mut [Client<'_>], mut is_lost: impl FnMut() -> bool) {
    for _ in 0..200_000 {
        let polled = clients.iter_mut().flat_map(|client| client.poll(world.now));
        let mut events: Vec<_> = polled.collect();
        events.retain(|_| !is_lost());
        if clients.iter().all(|client| client.result.is_some()) {
            return;
        }
        world.feed(&events);
        let mut is_quiet = events.is_empty();
        for client in &mut *clients {
            for (_, reply) in world.answers(client.pid) {
                is_quiet = false;
                if !is_lost() {
                    let now = Instant::from_nanos(world.now);
                    client.sender.handle_reply(reply.unwrap(), now);
                }
            }
        }
        let deadlines = clients.iter().map(|client| client.deadline);
        let next = deadlines.chain(world.next_at()).min().unwrap();
        world.now = if is_quiet {
            next.max(world.now)
        } else {
            world.now + 3_000
        };
    }
    panic!("the transfer never ends");
}
