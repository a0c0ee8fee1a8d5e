//! One message from a sender to a receiver, over a channel that loses the signals that the input selects.
//!
//! Input: the length of the pattern, the pattern, the message. Each bit of the pattern decides over one signal, in either
//! direction; after the pattern nothing is lost. In words, a signal to the server is refused instead of lost.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, Tag};
use minitalk::wire::receiver::{FrameReceiver, Outcome};
use minitalk::wire::rtt::{MIN_TIMEOUT, PAUSED_INTERVAL};
use minitalk::wire::sender::{FrameSender, Lane};
use minitalk::wire::time::Duration;

use crate::bits;
use crate::serve::{self, Serve, Step, Take, hear, no_room, step};

const TAG: Tag = 0xBEEF;

/// Sends the message of `data`, in bits and then in words; panics unless it arrives intact and once.
pub fn run(data: &[u8]) {
    check(data, &mut serve::react);
    check_words(data, &mut FrameReceiver::handle_word);
}

/// Returns a function that decides by the next bit of `pattern` whether a signal is lost, and counts the losses.
fn losses_of(pattern: &[u8]) -> impl FnMut(&mut u64) -> bool {
    let mut fates = pattern
        .iter()
        .flat_map(|byte| (0..8).map(move |i| byte >> i & 1 == 1));
    move |losses| {
        let lost = fates.next().unwrap_or(false);
        *losses += u64::from(lost);
        lost
    }
}

/// Runs the body in bits, with `serve` in place of the server.
pub fn check(data: &[u8], serve: Serve<'_>) {
    let Some((len, rest)) = data.split_first() else {
        return;
    };
    let (pattern, message) = rest.split_at(rest.len().min((*len).into()));
    let mut lost = losses_of(pattern);

    let mut sender =
        FrameSender::new(message, TAG, Duration::MAX, Lane::Bit).expect("a short message");
    let mut receiver = FrameReceiver::new(message.len());
    let mut arrived = Vec::new();
    let (mut now, mut sent_at) = (0, 0);
    let mut fresh = 0;
    let (mut repetitions, mut losses) = (0, 0);
    let result = loop {
        let resent = sender.resent();
        let (bit, value, copies) = match step(&mut sender, now) {
            Step::Signal { bit, value, copies } => (bit, value, copies),
            Step::Queue(_) => panic!("a word where bits were asked for"),
            Step::Wait(until) => {
                assert!(until > now, "a wait for nothing");
                assert!(until - now <= PAUSED_INTERVAL.as_nanos(), "too long a wait");
                assert!(
                    until - sent_at >= MIN_TIMEOUT.as_nanos(),
                    "too short a wait"
                );
                now = until;
                continue;
            }
            Step::Finished(result) => break result,
        };
        sent_at = now;
        let again = sender.resent() > resent;
        fresh += u64::from(!again);
        repetitions += u64::from(again);
        if fresh > 2 {
            assert_eq!(
                value.is_some(),
                again,
                "the kernel attests the bare ones only"
            );
        }
        assert!(repetitions <= losses, "asked again without a loss");
        let ask = value.map(|v| Request::from_value(v).expect("a sender's value is a question"));
        for _ in 0..copies {
            if lost(&mut losses) {
                continue;
            }
            let response = serve(&mut receiver, bit, ask);
            let mut answers = [response.reply, None];
            if let Some(outcome) = response.outcome {
                let Outcome::Complete { payload, .. } = outcome else {
                    panic!("{outcome:?} of a sound message");
                };
                arrived.push(payload);
                answers[1] = receiver.handle_written(TAG, Ok(()));
            }
            for answer in answers.into_iter().flatten() {
                assert_eq!(Reply::from_value(answer.value()), Some(answer));
                for _ in 0..receiver.burst_len() {
                    if !lost(&mut losses) {
                        now += 1;
                        hear(&mut sender, now, answer);
                    }
                }
            }
        }
    };
    assert_eq!(result, Ok(()));
    assert_eq!(arrived, [message]);
    let bits = bits::of_frame(message).len() as u64;
    assert_eq!(sender.acknowledged(), bits);
    assert_eq!(sender.signals() - sender.resent(), bits + 2, "two hellos");
}

/// [`run`] in words, with `take` in the place of [`FrameReceiver::handle_word`].
pub fn check_words(data: &[u8], take: Take<'_>) {
    let Some((len, rest)) = data.split_first() else {
        return;
    };
    let (pattern, message) = rest.split_at(rest.len().min((*len).into()));
    let size = if len % 2 == 0 { 8 } else { 24 };
    let mut sender =
        FrameSender::new(message, TAG, Duration::MAX, Lane::Word).expect("a short message");
    let mut receiver = FrameReceiver::with_words(message.len(), size);
    let mut arrived = Vec::new();
    let (mut now, mut losses) = (0, 0);
    let mut lost = losses_of(pattern);
    let result = loop {
        let step = step(&mut sender, now);
        let is_sent = matches!(step, Step::Signal { .. } | Step::Queue(_));
        let is_lost = is_sent && lost(&mut losses);
        let response = match step {
            Step::Signal { .. } if is_lost => continue,
            Step::Queue(_) if is_lost => {
                no_room(&mut sender, now);
                continue;
            }
            Step::Signal { bit, value, .. } => {
                let value = value.expect("only hellos go on the standard signals");
                receiver.handle_request(bit, Request::from_value(value).expect("a question"))
            }
            Step::Queue(word) => match word.request() {
                Some(ask) => receiver.handle_request(Bit::Zero, ask),
                None => take(&mut receiver, &word),
            },
            Step::Wait(until) => {
                assert!(until > now, "a wait for nothing");
                assert!(until - now <= PAUSED_INTERVAL.as_nanos(), "too long a wait");
                now = until;
                continue;
            }
            Step::Finished(result) => break result,
        };
        let mut answers = [response.reply, None];
        if let Some(outcome) = response.outcome {
            let Outcome::Complete { payload, .. } = outcome else {
                panic!("{outcome:?} of a sound message");
            };
            arrived.push(payload);
            answers[1] = receiver.handle_written(TAG, Ok(()));
        }
        for answer in answers.into_iter().flatten() {
            if !lost(&mut losses) {
                now += 1;
                hear(&mut sender, now, answer);
            }
        }
    };
    assert_eq!(result, Ok(()));
    assert_eq!(arrived, [message]);
    assert!(sender.uses_words());
    let frame = bits::of_frame(message).len();
    assert_eq!(sender.acknowledged(), frame as u64);
    // Two hellos and a question.
    let fewest = frame.div_ceil(8 * usize::from(size)) as u64 + 3;
    assert!(sender.signals() >= fewest);
    if losses == 0 {
        assert_eq!((sender.signals(), sender.resent()), (fewest, 0));
    }
}
