//! With the checked-in corpus, each body must detect a defect in the part that it tests. A body that asserts nothing, or a
//! corpus that reaches nothing, fails here.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz_bodies::serve::{Serve, hear, no_room, react};
use fuzz_bodies::words::{self, Parts};
use fuzz_bodies::{corpus, decoder, dialects, frame, link, ring, roundtrip, sender};
use minitalk::dialect::Symbol;
use minitalk::dialect::receiver::{TextAction, TextReceiver};
use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, Status};
use minitalk::wire::decoder::Decoded;
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response};
use minitalk::wire::sender::FrameSender;
use minitalk::wire::word::Word;

/// Returns how many inputs of the corpus of `target` make `body` panic.
fn caught(target: &str, mut body: impl FnMut(&[u8])) -> usize {
    let inputs = corpus::inputs(&corpus::root().join(target));
    inputs
        .iter()
        .filter(|(_, input)| catch_unwind(AssertUnwindSafe(|| body(input))).is_err())
        .count()
}

type Check = fn(&[u8], Serve<'_>);
type Served = fn(&mut FrameReceiver, Bit, Option<Request>) -> Response;

fn flip(payload: &mut [u8]) {
    if let Some(last) = payload.last_mut() {
        *last ^= 1;
    }
}

fn wrong_byte(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    let mut response = react(receiver, bit, ask);
    if let Some(Outcome::Complete { payload, .. }) = &mut response.outcome {
        flip(payload);
    }
    response
}

/// Counts a bit that is sent again as another one.
fn no_index(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    let ask = ask.filter(|ask| !matches!(ask, Request::Resend { .. }));
    react(receiver, bit, ask)
}

/// Takes a bit that is sent again for one it has, always.
fn deaf_to_resends(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    match ask {
        Some(Request::Resend { tag, index }) => {
            let index = index.saturating_sub(1);
            react(receiver, bit, Some(Request::Resend { tag, index }))
        }
        _ => react(receiver, bit, ask),
    }
}

fn delivered_unwritten(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    let mut response = react(receiver, bit, ask);
    if let Some(answer) = &mut response.reply
        && let Status::Wait(next) = answer.status
    {
        answer.status = Status::Delivered(next);
    }
    response
}

#[test]
fn the_link_bodies_detect_defects() {
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
fn a_duplicate_message_is_detected() {
    let mut last = None;
    let mut again = |receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>| {
        let mut response = react(receiver, bit, ask);
        if response.outcome.is_some() {
            last = response.outcome.clone();
        } else if response.reply.is_none() {
            response.outcome = last.take();
        }
        response
    };
    assert!(caught("link", |input| link::check(input, &mut again)) > 0);
}

#[test]
fn the_frame_body_detects_defects() {
    let panics = caught("frame", |input| {
        frame::check(input, &mut |decoder, bit| {
            let mut decoded = decoder.push(bit);
            if let Some(Ok(payload)) = &mut decoded {
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

#[test]
fn the_sender_body_detects_defects() {
    let panics = caught("sender", |input| {
        sender::check(input, &mut |sender, now, answer| {
            let tag = 0xBEEF;
            hear(sender, now, Reply { tag, ..answer });
        });
    });
    assert!(panics > 0, "an answer to somebody else that is believed");

    let panics = caught("sender", |input| {
        sender::check(input, &mut |sender, now, answer| {
            let status = match answer.status {
                Status::Ok(next) => Status::Delivered(next),
                other => other,
            };
            hear(sender, now, answer);
            hear(sender, now, Reply { status, ..answer });
        });
    });
    assert!(
        panics == 0,
        "it believes nothing that contradicts the protocol"
    );
}

type Taken = fn(&mut FrameReceiver, &Word) -> Response;

/// Believes every word to be the next.
fn any_index(receiver: &mut FrameReceiver, word: &Word) -> Response {
    let before = receiver.clone();
    for index in 0..200 {
        let response = receiver.handle_word(&Word::data(index, word.wants_reply(), word.bytes));
        if receiver.held_bytes() > before.held_bytes() || response.outcome.is_some() {
            return response;
        }
        *receiver = before.clone();
    }
    receiver.handle_word(word)
}

/// Takes a word for the first if it is not the next.
fn first_again(receiver: &mut FrameReceiver, word: &Word) -> Response {
    let before = receiver.clone();
    let response = receiver.handle_word(word);
    if response.outcome.is_none() && receiver.held_bytes() == before.held_bytes() {
        return receiver.handle_word(&Word::data(0, word.wants_reply(), word.bytes));
    }
    response
}

fn never_answered(receiver: &mut FrameReceiver, word: &Word) -> Response {
    let outcome = receiver.handle_word(word).outcome;
    let reply = None;
    Response { reply, outcome }
}

fn always_answered(receiver: &mut FrameReceiver, word: &Word) -> Response {
    let index = word.index().unwrap_or_default();
    receiver.handle_word(&Word::data(index, true, word.bytes))
}

fn wrong_byte_in_words(receiver: &mut FrameReceiver, word: &Word) -> Response {
    let mut response = receiver.handle_word(word);
    if let Some(Outcome::Complete { payload, .. }) = &mut response.outcome {
        flip(payload);
    }
    response
}

fn word_delivered_unwritten(receiver: &mut FrameReceiver, word: &Word) -> Response {
    let mut response = receiver.handle_word(word);
    if let Some(answer) = &mut response.reply
        && let Status::Wait(next) = answer.status
    {
        answer.status = Status::Delivered(next);
    }
    response
}

/// Opens the word lane by a question of any transfer.
fn any_question(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    let ask = ask.map(|ask| match ask {
        Request::Words { size, .. } => {
            let tag = receiver.tag();
            Request::Words { tag, size }
        }
        other => other,
    });
    react(receiver, bit, ask)
}

/// Has forgotten nothing, as far as it says.
fn never_reset(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    let mut response = react(receiver, bit, ask);
    if matches!(ask, Some(Request::Words { .. })) {
        response.reply = response
            .reply
            .filter(|answer| answer.status != Status::Reset);
    }
    response
}

/// Does not give words up for a bit that is sent again.
fn words_are_kept(receiver: &mut FrameReceiver, bit: Bit, ask: Option<Request>) -> Response {
    if receiver.uses_words() && matches!(ask, None | Some(Request::Resend { .. })) {
        return Response::default();
    }
    react(receiver, bit, ask)
}

#[test]
fn the_decoder_body_detects_defects_in_words() {
    let defects: [(&str, Taken); 5] = [
        ("any_index", any_index),
        ("first_again", first_again),
        ("never_answered", never_answered),
        ("always_answered", always_answered),
        ("wrong_byte", wrong_byte_in_words),
    ];
    for (name, mut defect) in defects {
        let panics = caught("decoder", |input| {
            decoder::check_words(input, &mut react, &mut defect);
        });
        assert!(panics > 0, "decoder does not notice {name}");
    }
    let defects: [(&str, Served); 3] = [
        ("any_question", any_question),
        ("never_reset", never_reset),
        ("words_are_kept", words_are_kept),
    ];
    for (name, mut defect) in defects {
        let panics = caught("decoder", |input| decoder::check(input, &mut defect));
        assert!(panics > 0, "decoder does not notice {name}");
    }
}

/// Returns how many inputs of `words` detect a change of one of its parts.
fn caught_in_words(
    serve: Option<Served>,
    take: Option<Taken>,
    status: fn(Status) -> Status,
    hears_no_room: bool,
) -> usize {
    caught("words", |input| {
        words::check(
            input,
            Parts {
                serve: &mut serve.unwrap_or(react),
                take: &mut take.unwrap_or(FrameReceiver::handle_word),
                answer: &mut |sender: &mut FrameSender<'_>, now, answer| {
                    let status = status(answer.status);
                    hear(sender, now, Reply { status, ..answer });
                },
                no_room: &mut |sender, now| {
                    if hears_no_room {
                        no_room(sender, now);
                    }
                },
            },
        );
    })
}

#[test]
fn the_words_body_detects_defects() {
    let same = |status| status;
    assert_eq!(caught_in_words(None, None, same, true), 0, "no defect");
    assert!(caught_in_words(None, None, same, false) > 0, "no_room");

    let defects: [(&str, Taken); 5] = [
        ("any_index", any_index),
        ("first_again", first_again),
        ("never_answered", never_answered),
        ("wrong_byte", wrong_byte_in_words),
        ("delivered_unwritten", word_delivered_unwritten),
    ];
    for (name, defect) in defects {
        let panics = caught_in_words(None, Some(defect), same, true);
        assert!(panics > 0, "words does not notice {name}");
    }

    let defects: [(&str, Served); 3] = [
        ("any_question", any_question),
        ("never_reset", never_reset),
        ("words_are_kept", words_are_kept),
    ];
    for (name, defect) in defects {
        let panics = caught_in_words(Some(defect), None, same, true);
        assert!(panics > 0, "words does not notice {name}");
    }

    let one_more = |status| match status {
        Status::Words(next) if next > 0 => Status::Words(next + 1),
        other => other,
    };
    let leave = |status| match status {
        Status::Wait(next) => Status::Words(next),
        other => other,
    };
    let delivered = |status| match status {
        Status::Wait(next) if next > 0 => Status::Delivered(next),
        other => other,
    };
    for (name, status) in [
        ("one_more", one_more as fn(Status) -> Status),
        ("leave", leave),
        ("delivered", delivered),
    ] {
        let panics = caught_in_words(None, None, status, true);
        assert!(panics > 0, "words does not notice {name}");
    }
}

#[test]
fn the_roundtrip_body_detects_defects_in_words() {
    let caught_by = |take: &mut dyn FnMut(&mut FrameReceiver, &Word) -> Response| {
        caught("roundtrip", |input| {
            roundtrip::check_words(input, take);
        })
    };
    assert_eq!(caught_by(&mut FrameReceiver::handle_word), 0, "no defect");
    assert!(caught_by(&mut wrong_byte_in_words) > 0, "a wrong byte");
    let mut count = 0;
    let mut dropping = |receiver: &mut FrameReceiver, word: &Word| {
        count += 1;
        if count % 5 == 0 {
            return Response::default();
        }
        receiver.handle_word(word)
    };
    assert!(caught_by(&mut dropping) > 0, "a dropped word");
}

#[test]
fn the_sender_body_detects_defects_in_words() {
    let caught_by = |status: fn(Status) -> Status| {
        caught("sender", |input| {
            sender::check(input, &mut |sender, now, answer| {
                let status = status(answer.status);
                hear(sender, now, Reply { status, ..answer });
            });
        })
    };
    let one_more = caught_by(|status| match status {
        Status::Words(next) if next > 0 => Status::Words(next + 1),
        other => other,
    });
    assert!(one_more > 0, "a word that nobody has taken");
    let opened = caught_by(|status| match status {
        Status::Ok(0) => Status::Words(0),
        other => other,
    });
    assert_eq!(opened, 0, "it asks for words all the same");
    let delivered = caught_by(|status| match status {
        Status::Words(next) if next > 0 => Status::Delivered(next),
        other => other,
    });
    assert_eq!(
        delivered, 0,
        "it believes nothing that contradicts the protocol"
    );
}

/// A defect, which changes the actions of a receiver.
type Defect = fn(&mut Vec<TextAction>);

#[test]
fn the_dialects_body_detects_defects() {
    let defects: [(&str, Defect); 4] = [
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
