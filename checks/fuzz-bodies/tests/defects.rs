//! Each body notices a broken part in the place of the one it tests, on the corpus that is checked in: a body that asserts
//! nothing, or a corpus that reaches nothing, fails here.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz_bodies::serve::{Serve, react};
use fuzz_bodies::{corpus, decoder, frame, link, ring, roundtrip, sender};
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Answer, Ask, Status};
use minitalk::wire::decoder::Decoded;
use minitalk::wire::receiver::{Outcome, Reaction, Receiver};

/// How many inputs of the corpus of `target` make `body` panic.
fn caught(target: &str, mut body: impl FnMut(&[u8])) -> usize {
    let inputs = corpus::inputs(&corpus::root().join(target));
    inputs
        .iter()
        .filter(|(_, input)| catch_unwind(AssertUnwindSafe(|| body(input))).is_err())
        .count()
}

type Check = fn(&[u8], Serve<'_>);
type Served = fn(&mut Receiver, Bit, Option<Ask>) -> Reaction;

fn flip(payload: &mut [u8]) {
    if let Some(last) = payload.last_mut() {
        *last ^= 1;
    }
}

fn wrong_byte(receiver: &mut Receiver, bit: Bit, ask: Option<Ask>) -> Reaction {
    let mut reaction = react(receiver, bit, ask);
    if let Some(Outcome::Complete { payload, .. }) = &mut reaction.outcome {
        flip(payload);
    }
    reaction
}

/// Counts a bit that is sent again as another one.
fn no_index(receiver: &mut Receiver, bit: Bit, ask: Option<Ask>) -> Reaction {
    let ask = ask.filter(|ask| !matches!(ask, Ask::Resend { .. }));
    react(receiver, bit, ask)
}

/// Takes a bit that is sent again for one it has, always.
fn deaf_to_resends(receiver: &mut Receiver, bit: Bit, ask: Option<Ask>) -> Reaction {
    match ask {
        Some(Ask::Resend { tag, index }) => {
            let index = index.saturating_sub(1);
            react(receiver, bit, Some(Ask::Resend { tag, index }))
        }
        _ => react(receiver, bit, ask),
    }
}

fn delivered_unwritten(receiver: &mut Receiver, bit: Bit, ask: Option<Ask>) -> Reaction {
    let mut reaction = react(receiver, bit, ask);
    if let Some(answer) = &mut reaction.answer
        && let Status::Wait(next) = answer.status
    {
        answer.status = Status::Delivered(next);
    }
    reaction
}

#[test]
fn the_bodies_of_the_link_notice() {
    let bodies: [(&str, Check); 3] = [
        ("decoder", decoder::check),
        ("link", link::check),
        ("roundtrip", roundtrip::check),
    ];
    let defects: [(&str, Served); 3] = [
        ("wrong_byte", wrong_byte),
        ("no_index", no_index),
        ("deaf_to_resends", deaf_to_resends),
    ];
    for (target, check) in bodies {
        for (name, mut defect) in defects {
            let panics = caught(target, |input| check(input, &mut defect));
            assert!(panics > 0, "{target} does not notice {name}");
        }
        let panics = caught(target, |input| check(input, &mut react));
        assert_eq!(panics, 0, "{target} without a defect");
    }
    let panics = caught("link", |input| link::check(input, &mut delivered_unwritten));
    assert!(panics > 0, "link does not notice delivered_unwritten");
}

#[test]
fn a_message_twice_is_noticed() {
    let mut last = None;
    let mut again = |receiver: &mut Receiver, bit: Bit, ask: Option<Ask>| {
        let mut reaction = react(receiver, bit, ask);
        if reaction.outcome.is_some() {
            last = reaction.outcome.clone();
        } else if reaction.answer.is_none() {
            reaction.outcome = last.take();
        }
        reaction
    };
    assert!(caught("link", |input| link::check(input, &mut again)) > 0);
}

#[test]
fn the_body_of_the_frame_notices() {
    let panics = caught("frame", |input| {
        frame::check(input, &mut |decoder, bit| {
            let mut decoded = decoder.push(bit);
            if let Some(Decoded::Message { payload, .. }) = &mut decoded {
                flip(payload);
            }
            decoded
        });
    });
    assert!(panics > 0, "a flipped bit");

    let panics = caught("frame", |input| {
        frame::check(input, &mut |decoder, bit| {
            decoder
                .push(bit)
                .filter(|decoded| matches!(decoded, Decoded::Message { .. }))
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
}

#[test]
fn the_body_of_the_ring_notices() {
    let panics = caught("ring", |input| {
        ring::check(input, &mut |ring, entry| {
            entry.tag % 5 != 0 && ring.push(entry)
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

#[test]
fn the_body_of_the_sender_notices() {
    let panics = caught("sender", |input| {
        sender::check(input, &mut |sender, now, answer| {
            let tag = 0xBEEF;
            sender.answer(now, Answer { tag, ..answer });
        });
    });
    assert!(panics > 0, "an answer to somebody else that is believed");

    let panics = caught("sender", |input| {
        sender::check(input, &mut |sender, now, answer| {
            let status = match answer.status {
                Status::Ok(next) => Status::Delivered(next),
                other => other,
            };
            sender.answer(now, answer);
            sender.answer(now, Answer { status, ..answer });
        });
    });
    assert!(
        panics == 0,
        "it believes nothing that contradicts the protocol"
    );
}
