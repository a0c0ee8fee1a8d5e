//! What must hold for every signal, outcome and end in the world.

use minitalk::wire::control::{Reply, Request, Status};
use minitalk::wire::frame::{Frame, MessageKind};
use minitalk::wire::packet::Channel;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome};
use minitalk::wire::sender::{Lane, LinkFailure, Transmit};
use minitalk::wire::word::SIZE;

use super::{CLIENTS, Client, LANES, ROOMY, World};
use crate::serve::request_in;

impl World {
    /// Checks what must hold for every signal of a client, and notes the numbers that it carries.
    pub(super) fn watch(&mut self, client: usize, transmit: Transmit) {
        let client = &mut self.clients[client];
        let transfer = &self.transfers[client.transfer];
        let is_queued = transmit.channel == Channel::Realtime;
        assert!(!is_queued || client.sender.uses_realtime(), "the lane");
        let Some(packet) = transmit.packet else {
            assert!(is_queued, "a bare signal that says nothing");
            return;
        };
        let request = request_in(&packet);
        let is_word = matches!(request, Request::Word(_));
        let is_bit = matches!(request, Request::Bit { .. });
        assert!(!is_bit || !is_queued && !client.in_words, "the lane");
        assert!(!is_word || is_queued, "the lane");
        client.in_words |= is_word;
        match request {
            Request::Hello { client: nonce, .. } => {
                self.names.insert(nonce, client.transfer);
                client.in_words = false;
                self.secrets.insert(nonce);
            }
            Request::Open { nonces, .. } => self.secrets.extend([nonces.client, nonces.server]),
            Request::Bit { index, .. } => {
                let frame =
                    Frame::new(MessageKind::Message, transfer.message).expect("a short message");
                assert!(index < frame.bits(), "a bit behind the end");
            }
            Request::Word(_) => {}
        }
    }

    pub(super) fn ended(&self, client: usize, result: Result<(), LinkFailure>) {
        let transfer = &self.transfers[self.clients[client].transfer];
        match result {
            Ok(()) => assert_eq!(transfer.written, Some(true), "told too early"),
            Err(LinkFailure::Rejected(Reason::Output)) => assert_eq!(transfer.written, Some(false)),
            Err(LinkFailure::Rejected(Reason::Idle)) => {
                assert!(transfer.is_idle && !transfer.is_complete);
            }
            Err(LinkFailure::Forgotten) => assert!(transfer.forgotten > 0),
            // It does not begin again for ever.
            Err(LinkFailure::Contradiction) if transfer.forgotten > 3 => {}
            Err(LinkFailure::NoWords) => assert!(!self.takes_words),
            Err(failure) => panic!("{failure:?} without a cause"),
        }
    }

    /// Checks that a signal in a client's name has changed nothing but whether its next hello is answered on the real-time signal.
    pub(super) fn not_fooled(
        &mut self,
        client: usize,
        mut before: FrameReceiver,
        channel: Channel,
        reply: Option<Reply>,
        outcome: Option<Outcome>,
    ) {
        assert_eq!(outcome, None, "a stranger's message");
        let mut after = self.sessions[client].receiver.clone();
        if before == after {
            assert!(reply.is_none() || channel != Channel::Realtime);
        }
        before.handle_bare();
        after.handle_bare();
        assert!(before == after, "a stranger's signal counts");
        if let Some(Reply { nonces, status }) = reply {
            assert!(!self.names.contains_key(&nonces.client), "in its name");
            let (Status::Greeted { .. } | Status::Rejected(Reason::Version)) = status else {
                panic!("{status:?} to a stranger");
            };
        }
    }

    pub(super) fn came_out(&mut self, client: usize, outcome: Option<Outcome>) {
        match outcome {
            Some(Outcome::Complete { payload, .. }) => {
                let nonce = self.sessions[client].receiver.client_nonce();
                let number = self.names.get(&nonce).expect("nobody sent that");
                let transfer = &mut self.transfers[*number];
                assert_eq!(payload, transfer.message, "another message");
                assert!(!transfer.is_complete, "twice");
                transfer.is_complete = true;
                self.unwritten.push_back((client, nonce));
            }
            Some(Outcome::Rejected(reason)) => panic!("a sound message is rejected: {reason:?}"),
            Some(Outcome::Abandoned) | None => {}
        }
    }

    /// Runs to the end without faults, and checks that every transfer ends as it must.
    pub fn finish(&mut self) {
        self.server.room = ROOMY;
        for client in 0..CLIENTS {
            self.clients[client].process.room = ROOMY;
            let reply = self.sessions[client].receiver.release();
            self.reply(client, reply);
        }
        for (client, lane) in LANES.into_iter().enumerate() {
            let message = self.transfers[self.clients[client].transfer].message;
            let frame = Frame::new(MessageKind::Message, message).expect("a short message");
            // A bit or word a round, and the leftovers of the faults: pending signals, a message to begin again.
            let enough = 24
                + match lane {
                    Lane::Word => frame.bytes().div_ceil(SIZE),
                    _ => 8 * frame.bytes(),
                };
            let mut rounds = 0;
            while self.clients[client].sender.result().is_none() {
                self.round(client);
                rounds += 1;
                assert!(rounds <= enough, "no end after {rounds} rounds");
            }
            self.poll(client, true);
            let Client {
                sender, transfer, ..
            } = &self.clients[client];
            let is_delivered = sender.result() == Some(Ok(()));
            let transfer = &self.transfers[*transfer];
            let is_written = transfer.is_complete && transfer.written == Some(true);
            assert!(is_delivered == is_written || transfer.forgotten > 0);
        }
    }
}
