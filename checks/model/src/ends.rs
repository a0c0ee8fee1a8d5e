// The two ends of the link in the wire code beside this file, and the scheduler of turns, as driven by the model and the
// simulation.

use super::scheduler::{self, QUANTUM, TurnScheduler};
use super::wire::control::{Nonces, Reply, Request};
use super::wire::frame::{Frame, MessageKind};
use super::wire::packet::{Channel, Packet};
use super::wire::reason::Reason;
use super::wire::receiver::{FrameReceiver, Outcome, Owed, Response};
use super::wire::sender::{LinkFailure, FrameSender, Lane};
use super::wire::siphash::Key;
use super::wire::time::{Duration, Instant};
use crate::link::{self, Ended, Move, Party, Reaction, Signal};
use crate::world::PIDS;

/// The link of this copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link;

/// The key that the server has drawn at its start.
const SERVER_KEY: Key = Key([0x5EED_0001, 0x5EED_0002]);

impl link::Link for Link {
    type Client = FrameSender<'static>;
    type Server = FrameReceiver;
    type Turns = TurnScheduler;

    fn session_key(pid: u64) -> link::Key {
        SERVER_KEY.derive(pid).0
    }

    // As `Transfers::handle_signal` of src/client/ tells them.
    fn is_reply(signal: &Signal) -> bool {
        let reply = signal.packet.and_then(|packet| Reply::from_packet(&wire_packet(packet)));
        reply.is_some()
    }

    fn is_request(signal: &Signal) -> bool {
        !Self::is_reply(signal)
    }

    fn frame(message: &'static [u8], [client, server]: [u64; 2]) -> Vec<u8> {
        let mut frame = Frame::new(MessageKind::Message, message).unwrap();
        frame.seal(Nonces { client, server });
        let mut bytes = vec![0; frame.bytes()];
        frame.copy(0, &mut bytes);
        bytes
    }
}

impl link::Client for FrameSender<'static> {
    fn new(message: &'static [u8], key: link::Key, timeout: u64, lane: link::Lane) -> Self {
        let lane = match lane {
            link::Lane::Bits => Lane::Bit,
            link::Lane::Words => Lane::Word,
            link::Lane::Queued | link::Lane::Either => Lane::Auto,
        };
        let frame = Frame::new(MessageKind::Message, message).unwrap();
        Self::new(frame, Key(key), Duration::from_nanos(timeout), lane)
    }

    fn poll(&mut self, now: u64) -> Move {
        match (self.poll_transmit(Instant::from_nanos(now)), self.result()) {
            (Some(transmit), _) => Move::Send(Signal {
                number: match transmit.channel {
                    Channel::Usr1 => 0,
                    Channel::Usr2 => 1,
                    Channel::Realtime => link::REAL_TIME,
                },
                packet: transmit.packet.map(link_packet),
            }),
            (None, None) => Move::Wait(self.poll_timeout().map_or(u64::MAX, Instant::as_nanos)),
            (None, Some(Ok(()))) => Move::End(Ended::Delivered),
            (None, Some(Err(LinkFailure::Forgotten))) => Move::End(Ended::Forgotten),
            (None, Some(Err(LinkFailure::Rejected(Reason::Checksum)))) => Move::End(Ended::Mismatch),
            (None, Some(Err(_))) => Move::End(Ended::Broken),
        }
    }

    fn receive(&mut self, now: u64, signal: Signal) {
        if let Some(reply) = signal.packet.and_then(|packet| Reply::from_packet(&wire_packet(packet))) {
            self.handle_reply(reply, Instant::from_nanos(now));
        }
    }

    fn no_room(&mut self, now: u64) {
        self.handle_eagain(Instant::from_nanos(now));
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged()
    }

    fn phase(&self) -> u64 {
        self.phase_number()
    }

    fn uses_words(&self) -> bool {
        self.uses_words()
    }

    fn is_paused(&self) -> bool {
        self.is_paused()
    }

    fn hold(&mut self, is_held: bool) {
        self.hold(is_held);
    }

    fn is_held(&self) -> bool {
        self.is_held()
    }

    fn nonce(&self) -> u64 {
        self.client_nonce()
    }

    fn normalise(&mut self) {
        self.normalise();
    }

    fn serials(&self) -> Vec<u8> {
        self.serials()
    }

    fn relabel(&mut self, label: &dyn Fn(u8) -> u8) {
        self.relabel(label);
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint()
    }
}

impl link::Server for FrameReceiver {
    fn new(key: link::Key, lane: link::Lane) -> Self {
        let takes_words = matches!(lane, link::Lane::Words | link::Lane::Either);
        Self::new(1000, Key(key), takes_words)
    }

    fn receive(&mut self, signal: Signal) -> Reaction {
        let channel = [Channel::Usr1, Channel::Usr2, Channel::Realtime][signal.number];
        let request = request(&signal);
        let Response { reply, outcome } = match request {
            Some(request) => self.handle_request(channel, request),
            None => {
                if signal.packet.is_none() && channel == Channel::Realtime {
                    self.handle_bare();
                }
                Response::default()
            }
        };
        Reaction {
            reply: reply.map(|reply| link_packet(reply.packet())),
            rejected: matches!(outcome, Some(Outcome::Rejected(_))),
            complete: match outcome {
                Some(Outcome::Complete { payload, .. }) => Some(payload),
                _ => None,
            },
        }
    }

    fn is_proven(&self, signal: &Signal) -> bool {
        request(signal).is_some_and(|request| self.is_proven(&request))
    }

    fn in_message(&self) -> bool {
        self.in_message()
    }

    fn poll(&mut self) -> Option<link::Packet> {
        self.poll_reply(true).map(|reply| link_packet(reply.packet()))
    }

    fn owes(&self) -> bool {
        self.owed() != Owed::Nothing
    }

    fn hold(&mut self, is_held: bool) {
        self.hold(is_held);
    }

    fn release(&mut self) -> Option<link::Packet> {
        self.release().map(|reply| link_packet(reply.packet()))
    }

    fn written(&mut self, client: u64) -> Option<link::Packet> {
        self.handle_written(client, Ok(())).map(|reply| link_packet(reply.packet()))
    }

    fn client_nonce(&self) -> u64 {
        self.client_nonce()
    }

    fn uses_words(&self) -> bool {
        self.uses_words()
    }

    fn due(&self) -> u64 {
        self.due()
    }

    fn relabel(&mut self, label: &dyn Fn(u8) -> u8) {
        self.relabel(label);
    }
}

impl link::Turns for TurnScheduler {
    fn may_go_on(&mut self, party: Party, is_late: bool) -> bool {
        let now = if is_late { QUANTUM } else { 0 };
        let may_go_on = self.may_go_on(known(party), now);
        self.restart_clock();
        may_go_on
    }

    fn has_turn(&self, party: Party) -> bool {
        self.has_turn(known(party))
    }

    fn is_waiting(&self, party: Party) -> bool {
        self.is_waiting(known(party))
    }

    fn leave(&mut self) {
        self.leave(known(Party::Other));
    }

    fn keep_own(&mut self, is_sending: bool) {
        self.keep_own(|_| is_sending);
    }

    fn next(&mut self, is_silent: bool) -> Option<Party> {
        let now = if is_silent { u64::MAX } else { 0 };
        let next = self.next(now);
        self.restart_clock();
        let is_next = |party: &Party| next == Some(known(*party));
        [Party::Own, Party::Other].into_iter().find(is_next)
    }
}

/// Returns the party as the scheduler of the process with the lower PID names it.
const fn known(party: Party) -> scheduler::Party {
    let other = PIDS[1];
    match party {
        Party::Own => scheduler::Party::Own(other),
        Party::Other => scheduler::Party::Client(other),
    }
}

fn request(signal: &Signal) -> Option<Request> {
    signal.packet.and_then(|packet| Request::from_packet(&wire_packet(packet)))
}

fn link_packet(packet: Packet) -> link::Packet {
    let Packet { errno, padding, ids, value, more } = packet;
    link::Packet { errno, padding, ids, value, more }
}

fn wire_packet(packet: link::Packet) -> Packet {
    let link::Packet { errno, padding, ids, value, more } = packet;
    Packet { errno, padding, ids, value, more }
}
