//! With the checked-in corpus, each body must detect a defect in the part that it tests. A body that asserts nothing, or a
//! corpus that reaches nothing, fails here.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz_bodies::serve::react;
use fuzz_bodies::world::{Parts, client_key};
use fuzz_bodies::{adversary, corpus, dialects, frame, link, receiver, ring, sender};
use minitalk::dialect::Symbol;
use minitalk::dialect::receiver::{TextAction, TextReceiver};
use minitalk::wire::Nanos;
use minitalk::wire::control::{Arrived, Nonces, Reply, Request, Status};
use minitalk::wire::decoder::Decoded;
use minitalk::wire::frame::MessageKind;
use minitalk::wire::packet::Channel;
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response, VERSION};
use minitalk::wire::sender::FrameSender;
use minitalk::wire::siphash::Key;
use minitalk::wire::time::Instant;
use minitalk::wire::word::{Word, proof};

/// Returns how many inputs of the corpus of `target` make `body` panic.
fn caught(target: &str, mut body: impl FnMut(&[u8])) -> usize {
    let inputs = corpus::inputs(&corpus::root().join(target));
    inputs
        .iter()
        .filter(|(_, input)| catch_unwind(AssertUnwindSafe(|| body(input))).is_err())
        .count()
}

fn flip(payload: &mut [u8]) {
    if let Some(last) = payload.last_mut() {
        *last ^= 1;
    }
}

type Serve = fn(&mut FrameReceiver, Channel, Option<Request>) -> Response;

/// Returns the receiver's reply to its client.
fn status(receiver: &FrameReceiver) -> Reply {
    let client = receiver.client_nonce();
    greet(receiver, client)
}

/// Returns the receiver's reply to a client with this nonce.
fn greet(receiver: &FrameReceiver, client: u64) -> Reply {
    let version = VERSION;
    let hello = Request::Hello { client, version };
    let response = receiver.clone().handle_request(Channel::Usr1, hello);
    response.reply.expect("a hello is answered")
}

/// Returns the index of the bit or word that the receiver lacks.
fn next(receiver: &FrameReceiver) -> u64 {
    match status(receiver).status {
        Status::Ok(progress) | Status::Wait(progress) => progress.next,
        _ => 0,
    }
}

/// Takes the request that `change` makes of one.
fn changed(
    receiver: &mut FrameReceiver,
    channel: Channel,
    request: Option<Request>,
    change: impl Fn(&FrameReceiver, Request) -> Request,
) -> Response {
    let request = request.map(|request| change(receiver, request));
    react(receiver, channel, request)
}

fn any_index(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    changed(receiver, on, request, |receiver, request| match request {
        Request::Bit {
            nonces,
            serial,
            wants_reply,
            ..
        } => Request::Bit {
            nonces,
            index: next(receiver),
            serial,
            wants_reply,
        },
        other => other,
    })
}

fn any_word(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    changed(receiver, on, request, |receiver, request| match request {
        Request::Word(word) => Request::Word(Word {
            index: next(receiver) as u32,
            ..word
        }),
        other => other,
    })
}

/// Compares neither a bit's nonces nor a word's.
fn any_nonces(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    changed(receiver, on, request, |receiver, request| match request {
        Request::Bit {
            index,
            serial,
            wants_reply,
            ..
        } => Request::Bit {
            nonces: status(receiver).nonces,
            index,
            serial,
            wants_reply,
        },
        other => other,
    })
}

fn any_proof(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    changed(receiver, on, request, |receiver, request| match request {
        Request::Word(word) => Request::Word(Word {
            proof: proof(status(receiver).nonces.server),
            ..word
        }),
        other => other,
    })
}

/// Opens a transfer for a client that does not know the server's nonce.
fn unproven(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    changed(receiver, on, request, |receiver, request| match request {
        Request::Open {
            nonces,
            in_words,
            sleeps,
        } => Request::Open {
            nonces: greet(receiver, nonces.client).nonces,
            in_words,
            sleeps,
        },
        other => other,
    })
}

/// Ends a transfer when another hello comes.
fn hello_resets(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    if let Some(Request::Hello { client, .. }) = request
        && client != receiver.client_nonce()
    {
        let nonces = greet(receiver, client).nonces;
        let in_words = false;
        receiver.handle_request(
            on,
            Request::Open {
                nonces,
                in_words,
                sleeps: false,
            },
        );
    }
    react(receiver, on, request)
}

/// Answers each hello on the real-time signal.
fn greets_anyone(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    if matches!(request, Some(Request::Hello { .. })) {
        receiver.handle_bare();
    }
    react(receiver, on, request)
}

fn wrong_byte(receiver: &mut FrameReceiver, on: Channel, request: Option<Request>) -> Response {
    let mut response = react(receiver, on, request);
    if let Some(Outcome::Complete { payload, .. }) = &mut response.outcome {
        flip(payload);
    }
    response
}

fn no_word_answered(
    receiver: &mut FrameReceiver,
    on: Channel,
    request: Option<Request>,
) -> Response {
    let mut response = react(receiver, on, request);
    if matches!(request, Some(Request::Word(_))) {
        response.reply = None;
    }
    response
}

fn each_word_answered(
    receiver: &mut FrameReceiver,
    on: Channel,
    request: Option<Request>,
) -> Response {
    changed(receiver, on, request, |_, request| match request {
        Request::Word(word) => Request::Word(Word {
            wants_reply: true,
            ..word
        }),
        other => other,
    })
}

fn no_open_answered(
    receiver: &mut FrameReceiver,
    on: Channel,
    request: Option<Request>,
) -> Response {
    let mut response = react(receiver, on, request);
    if matches!(request, Some(Request::Open { .. })) {
        response.reply = None;
    }
    response
}

type Hear = fn(&mut FrameSender<'_>, Reply, Instant);

fn progress(reply: Reply, change: fn(Arrived) -> Arrived) -> Reply {
    let status = match reply.status {
        Status::Ok(progress) => Status::Ok(change(progress)),
        Status::Wait(progress) => Status::Wait(change(progress)),
        other => other,
    };
    Reply { status, ..reply }
}

/// Believes that one more has come.
fn one_more(sender: &mut FrameSender<'_>, reply: Reply, now: Instant) {
    let reply = progress(reply, |progress| Arrived {
        next: progress.next + u64::from(progress.next > 0),
        ..progress
    });
    sender.handle_reply(reply, now);
}

/// Believes that a bit has come that is missing.
fn no_gap(sender: &mut FrameSender<'_>, reply: Reply, now: Instant) {
    let reply = progress(reply, |progress| {
        let beyond = progress.beyond | progress.beyond >> 1;
        Arrived { beyond, ..progress }
    });
    sender.handle_reply(reply, now);
}

/// Goes on although the server says to wait.
fn no_pause(sender: &mut FrameSender<'_>, reply: Reply, now: Instant) {
    let status = match reply.status {
        Status::Wait(progress) => Status::Ok(progress),
        other => other,
    };
    sender.handle_reply(Reply { status, ..reply }, now);
}

/// Takes a message for written that has come.
fn unwritten(sender: &mut FrameSender<'_>, reply: Reply, now: Instant) {
    let status = match reply.status {
        Status::Wait(progress) => Status::Delivered(progress.next),
        other => other,
    };
    sender.handle_reply(Reply { status, ..reply }, now);
}

/// Believes replies with any nonce.
fn anyone(sender: &mut FrameSender<'_>, reply: Reply, now: Instant) {
    let keys = (0..100).map(client_key).chain([sender::KEY]);
    for key in keys {
        for drawn in 0..4 {
            let client = key.hash(&[drawn]);
            let nonces = Nonces {
                client,
                ..reply.nonces
            };
            sender.handle_reply(Reply { nonces, ..reply }, now);
        }
    }
}

/// Returns how many inputs of the target notice that the receiver has this defect.
fn caught_in_receiver(target: &str, serve: Serve) -> usize {
    let parts = || Parts {
        serve: Box::new(serve),
        ..Parts::default()
    };
    match target {
        "receiver" => caught(target, |input| receiver::check(input, &mut { serve })),
        "link" => caught(target, |input| link::check(input, parts())),
        _ => caught(target, |input| adversary::on_server(input, parts())),
    }
}

/// Returns how many inputs of the target notice that the sender has this defect.
fn caught_in_sender(target: &str, hear: Hear) -> usize {
    let parts = || Parts {
        hear: Box::new(hear),
        ..Parts::default()
    };
    match target {
        "sender" => caught(target, |input| sender::check(input, &mut { hear })),
        "link" => caught(target, |input| link::check(input, parts())),
        _ => caught(target, |input| adversary::on_client(input, parts())),
    }
}

#[test]
fn the_bodies_detect_defects_of_the_receiver() {
    let defects: [(&str, Serve, &[&str]); 11] = [
        ("any_index", any_index, &["receiver", "link"]),
        ("any_word", any_word, &["receiver", "link"]),
        ("any_nonces", any_nonces, &["receiver", "server-adversary"]),
        ("any_proof", any_proof, &["receiver", "server-adversary"]),
        ("unproven", unproven, &["receiver", "server-adversary"]),
        ("hello_resets", hello_resets, &["server-adversary"]),
        (
            "greets_anyone",
            greets_anyone,
            &["receiver", "server-adversary"],
        ),
        ("wrong_byte", wrong_byte, &["receiver", "link"]),
        ("no_word_answered", no_word_answered, &["receiver"]),
        ("each_word_answered", each_word_answered, &["receiver"]),
        ("no_open_answered", no_open_answered, &["receiver"]),
    ];
    for (name, defect, targets) in defects {
        for target in targets {
            let panics = caught_in_receiver(target, defect);
            assert!(panics > 0, "{target} does not notice {name}");
        }
    }
    for target in ["receiver", "link", "server-adversary"] {
        assert_eq!(caught_in_receiver(target, react), 0, "{target}");
    }
}

#[test]
fn the_bodies_detect_defects_of_the_sender() {
    let defects: [(&str, Hear, &[&str]); 5] = [
        ("one_more", one_more, &["sender", "link"]),
        ("no_gap", no_gap, &["link"]),
        ("no_pause", no_pause, &["sender"]),
        ("unwritten", unwritten, &["link"]),
        ("anyone", anyone, &["sender", "client-adversary"]),
    ];
    for (name, defect, targets) in defects {
        for target in targets {
            let panics = caught_in_sender(target, defect);
            assert!(panics > 0, "{target} does not notice {name}");
        }
    }
    for target in ["sender", "link", "client-adversary"] {
        assert_eq!(
            caught_in_sender(target, |sender, reply, now| sender.handle_reply(reply, now)),
            0,
            "{target}"
        );
    }
}

#[test]
fn a_key_that_other_processes_had_is_detected() {
    let shared: fn(usize, u64) -> Key = |_, _| Key([1, 2]);
    let of_pid: fn(usize, u64) -> Key = |process, _| Key([process as u64, 2]);
    for session_key in [shared, of_pid] {
        let parts = || Parts {
            session_key,
            ..Parts::default()
        };
        let panics = caught("server-adversary", |input| {
            adversary::on_server(input, parts());
        });
        assert!(panics > 0);
    }
}

#[test]
fn a_sender_that_does_not_know_of_the_lack_of_room_is_detected() {
    let panics = caught("link", |input| {
        link::check(
            input,
            Parts {
                no_room: |_, _| (),
                ..Parts::default()
            },
        );
    });
    assert!(panics > 0);
}

#[test]
fn a_duplicate_message_is_detected() {
    let panics = caught("link", |input| {
        let mut last = None;
        let again = move |receiver: &mut FrameReceiver, on, request: Option<Request>| {
            let mut response = react(receiver, on, request);
            if response.outcome.is_some() {
                last = response.outcome.clone();
            } else if response.reply.is_none() {
                response.outcome = last.take();
            }
            response
        };
        link::check(
            input,
            Parts {
                serve: Box::new(again),
                ..Parts::default()
            },
        );
    });
    assert!(panics > 0);
}

/// What the replies in the corpus of the target frame reply to.
const REQUEST: u64 = 0x0123_4567_89AB_CDEF;

#[test]
fn the_frame_body_detects_defects() {
    use MessageKind::{Message, Reply, Request};

    let panics = caught("frame", |input| {
        frame::check(input, &mut |decoder, bit| {
            let mut decoded = decoder.push(bit);
            if let Some(Ok((_, payload))) = &mut decoded {
                flip(payload);
            }
            decoded
        });
    });
    assert!(panics > 0, "a flipped bit");

    let panics = caught("frame", |input| {
        frame::check(input, &mut |decoder, bit| {
            decoder.push(bit).filter(Decoded::is_ok)
        });
    });
    assert!(panics > 0, "a rejection that is not reported");

    let panics = caught("frame", |input| {
        let mut count = 0;
        frame::check(input, &mut |decoder, bit| {
            count += 1;
            if count % 64 == 0 {
                return None;
            }
            decoder.push(bit)
        });
    });
    assert!(panics > 0, "a lost bit");

    let defects = [
        ("a message taken for a request", Message, Request),
        ("a request taken for a message", Request, Message),
        (
            "a reply to another request",
            Reply(REQUEST),
            Reply(!REQUEST),
        ),
    ];
    for (defect, kind, wrong) in defects {
        let panics = caught("frame", |input| {
            frame::check(input, &mut |decoder, bit| {
                let mut decoded = decoder.push(bit);
                if let Some(Ok((found, _))) = &mut decoded
                    && *found == kind
                {
                    *found = wrong;
                }
                decoded
            });
        });
        assert!(panics > 0, "{defect}");
    }
}

#[test]
fn the_ring_body_detects_defects() {
    let panics = caught("ring", |input| {
        ring::check(input, &mut |ring, entry| {
            entry.tag.get() % 5 != 0 && ring.push(entry)
        });
    });
    assert!(panics > 0, "a dropped entry");

    let panics = caught("ring", |input| {
        ring::check(input, &mut |ring, entry| {
            ring.push(entry);
            false
        });
    });
    assert!(panics > 0, "a mark that is never reported");

    let panics = caught("ring", |input| {
        let held = RefCell::new(None);
        ring::check(input, &mut |ring, entry| match held.take() {
            None => {
                held.replace(Some(*entry));
                false
            }
            Some(earlier) => {
                ring.push(entry);
                ring.push(&earlier)
            }
        });
    });
    assert!(panics > 0, "entries out of order");
}

/// A defect, which changes the actions of a receiver.
type Spoil = fn(&mut Vec<TextAction>);

#[test]
fn the_dialects_body_detects_defects() {
    let defects: [(&str, Spoil); 4] = [
        ("wrong_byte", |actions| {
            for action in actions {
                if let TextAction::Complete(text) = action {
                    text.push(0xFF);
                }
            }
        }),
        ("no_answer", |actions| {
            actions.retain(|action| !matches!(action, TextAction::Acknowledge(_)));
        }),
        ("hasty_answer", |actions| {
            if actions.is_empty() {
                actions.push(TextAction::Acknowledge(Symbol::Usr1));
            }
        }),
        ("wrong_answer", |actions| {
            for action in actions {
                if let TextAction::Acknowledge(symbol) = action {
                    *symbol = symbol.other();
                }
            }
        }),
    ];
    for (name, spoil) in defects {
        let mut hear = |receiver: &mut TextReceiver, symbol: Symbol, now: Nanos| {
            let mut actions = dialects::hear(receiver, symbol, now);
            spoil(&mut actions);
            actions
        };
        let count = caught("dialects", |data| dialects::check(data, &mut hear));
        assert!(count > 0, "{name} was not noticed");
    }
}
