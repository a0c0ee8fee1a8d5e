//! Requests, replies, and messages that the output refuses.

use super::clients::{Client, transfer};
use super::world::*;

/// Sends a message of this kind, and returns the replies to the client.
fn send(world: &mut World, n: i32, kind: MessageKind, lane: Lane) -> Result<(), LinkFailure> {
    let pid = world.spawn(n);
    let mut clients = [Client::of_kind(pid, kind, b"hello", lane)];
    transfer(world, &mut clients, || false);
    clients[0].result.unwrap()
}

#[test]
fn a_request_is_rejected_where_nothing_replies() {
    for lane in [Lane::Bit, Lane::Word] {
        let mut world = World::new(|_| {});
        let result = send(&mut world, 1, MessageKind::Request, lane);
        assert_eq!(result, Err(LinkFailure::Rejected(Reason::NoReplies)));
        assert!(world.written.is_empty());
        assert_eq!(send(&mut world, 2, MessageKind::Message, lane), Ok(()));
    }
}

#[test]
fn a_request_is_written_as_one_where_something_replies() {
    let mut world = World::new(|config| config.replies = true);
    let sent = [MessageKind::Request, MessageKind::Message];
    for (n, kind) in (1..).zip(sent) {
        assert_eq!(send(&mut world, n, kind, Lane::Word), Ok(()));
    }
    let kinds: Vec<_> = world.written.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, sent);
}

#[test]
fn a_reply_does_not_wait_for_the_output() {
    let mut world = World::new(|_| {});
    world.writing = Writing::Blocks;
    let kind = MessageKind::Reply(7);
    assert_eq!(send(&mut world, 1, kind, Lane::Bit), Ok(()));
    let came = &world.received[0];
    assert_eq!((came.kind, &came.payload[..]), (kind, &b"hello"[..]));
    assert!(world.queue.is_empty() && world.written.is_empty());
}

#[test]
fn a_reply_that_nobody_waits_for_is_rejected() {
    let mut world = World::new(|config| config.replies = true);
    world.verdict = Err(Reason::Unasked);
    let result = send(&mut world, 1, MessageKind::Reply(7), Lane::Word);
    assert_eq!(result, Err(LinkFailure::Rejected(Reason::Unasked)));
    assert!(world.written.is_empty());
}

#[test]
fn an_output_can_refuse_a_message_and_take_the_next() {
    let mut world = World::new(|_| {});
    world.writing = Writing::Refuses;
    let result = send(&mut world, 1, MessageKind::Message, Lane::Bit);
    assert_eq!(result, Err(LinkFailure::Rejected(Reason::Refused)));
    assert!(world.end.is_none());
    world.writing = Writing::Works;
    assert_eq!(send(&mut world, 2, MessageKind::Message, Lane::Bit), Ok(()));
    assert_eq!(world.take_texts(), ["hello"]);
}
