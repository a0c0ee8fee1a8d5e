//! Whole transfers, and how they end.

use super::super::super::receiver::{FrameReceiver, Outcome};
use super::*;

/// Runs a transfer to its end, and returns the message that came. `loss` in 100 signals of either side are swallowed.
fn transfer(sender: &mut FrameSender<'_>, receiver: &mut FrameReceiver, loss: u32) -> Vec<u8> {
    let (mut now, mut message, mut random) = (START, Vec::new(), 1u32);
    let mut is_lost = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % 100 < loss
    };
    while sender.result().is_none() {
        let mut replies = Vec::new();
        for sent in send_all(sender, now) {
            if is_lost() {
                continue;
            }
            let Some(request) = request(&sent) else {
                receiver.handle_bare();
                continue;
            };
            let response = receiver.handle_request(sent.channel, request);
            replies.extend(response.reply);
            if let Some(Outcome::Complete { payload, .. }) = response.outcome {
                message = payload;
                replies.extend(receiver.handle_written(receiver.client_nonce(), Ok(())));
            }
        }
        replies.extend(receiver.poll_reply(true));
        replies.retain(|_| !is_lost());
        now = match replies.is_empty() {
            true => sender.poll_timeout().unwrap_or(now),
            false => now + Duration::from_nanos(10),
        };
        for reply in replies {
            sender.handle_reply(reply, now);
        }
        assert!(loss > 0 || sender.expects_reply() && sender.is_loss_free());
    }
    assert_eq!(sender.result(), Some(Ok(())));
    assert_eq!(sender.poll_transmit(now), None);
    assert_eq!(sender.poll_timeout(), None);
    message
}

#[test]
fn nothing_is_repeated_where_nothing_is_lost() {
    for (lane, signals) in [
        (Lane::Bit, 2 + 864),
        (Lane::Word, 3 + 4),
        (Lane::Auto, 3 + 4),
    ] {
        let mut sender = sender(&[7; 100], lane);
        let mut receiver = FrameReceiver::new(100, KEY, true);
        assert_eq!(transfer(&mut sender, &mut receiver, 0), [7; 100]);
        assert_eq!((sender.signals(), sender.resent()), (signals, 0));
        assert_eq!(sender.uses_words(), lane != Lane::Bit);
        assert_eq!(sender.acknowledged(), 864);
    }
}

#[test]
fn a_long_message_arrives_whatever_is_lost() {
    for (lane, len) in [(Lane::Word, 300_000), (Lane::Bit, 20_000)] {
        let message: Vec<_> = (0..len).map(|i| (i / 256 + 31 * i) as u8).collect();
        let mut receiver = FrameReceiver::new(len, KEY, true);
        let came = transfer(&mut sender(&message, lane), &mut receiver, 5);
        assert!(came == message, "{lane:?}");
    }
}

/// Whatever a server replies: without progress, and without being told to wait, a transfer ends at its timeout.
#[test]
fn replies_that_lead_nowhere_do_not_stop_the_clock() {
    const TIMEOUT: Duration = Duration::from_millis(2_000);
    // The replies to a hello, to the request that opens the transfer, and to what follows; and whether each nonce is another.
    let servers = [
        ([WORDS, WORDS, WORDS], true),
        ([WORDS, WORDS, WORDS], false),
        ([NO_WORDS, OPENED, NO_WORDS], true),
        ([NO_WORDS, OPENED, OPENED], false),
        ([WORDS, OPENED, OPENED], true),
        ([WORDS, OPENED, WORDS], true),
        ([OPENED, OPENED, OPENED], false),
        ([WORDS, Status::Rejected(Reason::Checksum), OPENED], false),
    ];
    for (server, is_drawn) in servers {
        for lane in [Lane::Auto, Lane::Bit] {
            let mut sender = sender_until(&[7; 1000], lane, TIMEOUT);
            let mut now = START;
            let mut nonce = 0;
            while sender.result().is_none() {
                let Some(sent) = sender.poll_transmit(now) else {
                    if sender.result().is_none() {
                        now = sender.poll_timeout().unwrap();
                    }
                    continue;
                };
                let status = match request(&sent) {
                    None => continue,
                    Some(Request::Hello { .. }) => server[0],
                    Some(Request::Open { .. }) => server[1],
                    Some(_) => server[2],
                };
                now = now + Duration::from_nanos(10_000);
                nonce += u64::from(is_drawn);
                tell_as(&mut sender, nonce, status, now);
                assert!(now < at(10_000), "{server:?}: still at it");
            }
            assert!(sender.result() != Some(Ok(())));
        }
    }
}
