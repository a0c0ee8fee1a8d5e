//! Unit tests of the module around them.

mod again;
mod clock;
mod replies;
mod whole;
mod words;

use super::super::control::{Reply, Request, Status};
use super::super::frame::MessageKind;
use super::super::reason::Reason;
use super::super::receiver::VERSION;
use super::super::rtt::MIN_TIMEOUT;
use super::super::word::SIZE;
use super::*;
use std::vec::Vec;

const KEY: Key = Key([3, 4]);
const START: Instant = Instant::from_nanos(0);
/// The server's nonce.
const SERVER: u64 = 99;
const NO_WORDS: Status = Status::Greeted { words: false };
const WORDS: Status = Status::Greeted { words: true };
const OPENED: Status = Status::Ok(Arrived::at(0));

fn sender(message: &[u8], lane: Lane) -> FrameSender<'_> {
    sender_until(message, lane, Duration::MAX)
}

fn sender_until(message: &[u8], lane: Lane, timeout: Duration) -> FrameSender<'_> {
    let frame = Frame::new(MessageKind::Message, message).unwrap();
    FrameSender::new(frame, KEY, timeout, lane)
}

fn at(millis: u64) -> Instant {
    START + Duration::from_millis(millis)
}

fn tell_as(sender: &mut FrameSender<'_>, server: u64, status: Status, now: Instant) {
    let nonces = Nonces::new(sender.nonces.client, server);
    sender.handle_reply(Reply { nonces, status }, now);
}

fn tell(sender: &mut FrameSender<'_>, status: Status, now: Instant) {
    tell_as(sender, SERVER, status, now);
}

/// Returns a reply that acknowledges every bit sent so far.
fn taken(sender: &FrameSender<'_>, next: u64) -> Arrived {
    let serial = match &sender.window {
        Window::Bits(window) => window.clone().rewind().serial.wrapping_sub(1),
        Window::Words(..) => 0,
    };
    Arrived {
        serial,
        ..Arrived::at(next)
    }
}

fn ok(sender: &mut FrameSender<'_>, next: u64, now: Instant) {
    tell(sender, Status::Ok(taken(sender, next)), now);
}

/// Sends all that may be sent at `now`.
fn send_all(sender: &mut FrameSender<'_>, now: Instant) -> Vec<Transmit> {
    core::iter::from_fn(|| sender.poll_transmit(now)).collect()
}

/// Returns a sender whose signals were answered at once with `replies`.
fn sender_after<'m>(message: &'m [u8], lane: Lane, replies: &[Status]) -> FrameSender<'m> {
    let mut sender = sender(message, lane);
    for status in replies {
        assert_ne!(send_all(&mut sender, START), [], "before {status:?}");
        tell(&mut sender, *status, START);
    }
    sender
}

/// Returns the next transmission and its time, if no reply comes.
fn next(sender: &mut FrameSender<'_>, mut now: Instant) -> (Transmit, Instant) {
    loop {
        if let Some(transmit) = sender.poll_transmit(now) {
            return (transmit, now);
        }
        now = sender.poll_timeout().expect("the transfer is over");
    }
}

fn request(sent: &Transmit) -> Option<Request> {
    sent.packet
        .map(|packet| Request::from_packet(&packet).unwrap())
}

/// Returns the indexes of the words among `sent`.
fn words(sent: &[Transmit]) -> Vec<u32> {
    let index = |sent| match request(sent) {
        Some(Request::Word(word)) => Some(word.index),
        _ => None,
    };
    sent.iter().filter_map(index).collect()
}

/// Returns the index of a bit, and its number among the client's transmissions.
fn bit(sent: &Transmit) -> (u64, u8) {
    match request(sent) {
        Some(Request::Bit { index, serial, .. }) => (index, serial),
        other => panic!("{other:?}"),
    }
}

fn hello(sender: &FrameSender<'_>) -> Option<Request> {
    Some(Request::Hello {
        client: sender.nonces.client,
        version: VERSION,
    })
}

fn open(sender: &FrameSender<'_>, in_words: bool) -> Option<Request> {
    let nonces = Nonces::new(sender.nonces.client, SERVER);
    Some(Request::Open {
        nonces,
        in_words,
        sleeps: false,
    })
}
