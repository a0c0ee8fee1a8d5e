//! User-space instructions per bit, counted by callgrind: the cost of the protocol's own code, without the kernel.
//!
//! A program of one process has both ends of a transfer, and brings the signals of each to the other through the ring, as the
//! handler does. Callgrind counts only the functions of the end that is measured. Each end runs over two numbers of bits, and the
//! difference excludes start and end.

use std::io;
use std::iter;
use std::num::NonZeroU64;
use std::process::Stdio;

use minitalk::internals::ffi::getpid;
use minitalk::internals::signal::ring::{CAPACITY, Consumer, Entry, REST, RING};
use minitalk::wire::control::{Reply, Request};
use minitalk::wire::frame::{Frame, MessageKind};
use minitalk::wire::packet::{Channel, Packet};
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response};
use minitalk::wire::sender::{FrameSender, Lane};
use minitalk::wire::siphash::Key;
use minitalk::wire::time::{Duration, Instant};
use minitalk::{Event, Origin, Signal};

use crate::{Result, number, role};

/// The `si_code` of a signal with a value.
const SI_QUEUE: u32 = (-1i32).cast_unsigned();

/// Runs callgrind and describes the result.
///
/// # Errors
/// When callgrind fails; a machine without callgrind is not an error.
pub fn measure(quick: bool) -> Result<String> {
    let (few, many) = if quick {
        (8_000, 16_000)
    } else {
        (80_000, 240_000)
    };
    let mut text = "### User-space instructions a bit (callgrind)\n\n\
        | end | what | in the window | one bit at a time |\n| --- | --- | --: | --: |\n"
        .to_string();
    for (end, what) in [
        (
            "server",
            "ring, decoding of the event, receiver, packet of the reply",
        ),
        (
            "client",
            "ring, decoding of the reply, sender, packet of the next bit",
        ),
    ] {
        text += &format!("| {end} | {what} |");
        for window in ["grows", "one"] {
            let (Some(first), Some(second)) = (count(end, window, few)?, count(end, window, many)?)
            else {
                return Ok(
                    "### User-space instructions a bit\n\nskipped: valgrind is not installed\n"
                        .into(),
                );
            };
            let per_bit = second.saturating_sub(first) as f64 / f64::from(many - few);
            text += &format!(" {} |", number::significant(per_bit));
        }
        text += "\n";
    }
    Ok(text)
}

/// Returns the instructions of one end in one run; `None` without valgrind.
fn count(end: &str, window: &str, bits: u32) -> Result<Option<u64>> {
    let ours = role::command(&["instructions", window, &bits.to_string()])?;
    let mut command = std::process::Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(format!("--toggle-collect=*instructions::{end}_*"));
    command.arg(ours.get_program()).args(ours.get_args());
    let output = match command.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let text = String::from_utf8_lossy(&output.stderr);
    match collected(&text) {
        Some(count) if output.status.success() => Ok(Some(count)),
        _ => Err(format!("callgrind: {}", text.trim()).into()),
    }
}

/// Parses the count from the last lines of callgrind's output.
fn collected(text: &str) -> Option<u64> {
    let mut lines = text
        .lines()
        .filter_map(|line| line.split_once("Collected :"));
    lines.next()?.1.trim().parse().ok()
}

/// Runs the program that callgrind counts: a transfer of `bits` bits, of which one at a time is in flight if `window` is "one".
///
/// # Errors
/// When an end behaves differently than expected, so that the count would be meaningless.
pub fn role(window: &str, bits: &str) -> Result<()> {
    let bits: usize = bits.parse()?;
    let is_one = window == "one";
    let mut ring = RING.claim().ok_or("the ring is taken")?;
    let message = vec![0x55; bits / 8];
    let frame = Frame::new(MessageKind::Message, &message)?;
    let mut sender = FrameSender::new(frame, Key([1, 2]), Duration::MAX, Lane::Bit);
    let mut receiver = FrameReceiver::new(message.len(), Key([3, 4]), false);
    // A microsecond a step.
    for micros in 1..20 * bits as u64 {
        let now = Instant::from_nanos(1_000 * micros);
        let sent = iter::from_fn(|| client_transmit(&mut sender, now));
        let sent: Vec<_> = sent.take(if is_one { 1 } else { usize::MAX }).collect();
        for signal in sent {
            let response = server_handle(&mut ring, &mut receiver, &entry(signal)).ok_or("lost")?;
            if let Some(Outcome::Complete { payload, .. }) = response.outcome {
                return (payload == message)
                    .then_some(())
                    .ok_or("the message differs".into());
            }
            if let Some(reply) = server_reply(&mut receiver, response, is_one) {
                client_handle(&mut ring, &mut sender, &entry(reply), now).ok_or("lost")?;
            }
        }
    }
    Err("the transfer does not end".into())
}

/// Returns the next signal of the client.
#[inline(never)]
fn client_transmit(sender: &mut FrameSender, now: Instant) -> Option<(Channel, Packet)> {
    let transmit = sender.poll_transmit(now)?;
    Some((transmit.channel, transmit.packet?))
}

/// Takes a signal of the server; returns `None` if nothing comes out of the ring.
#[inline(never)]
fn client_handle(
    ring: &mut Consumer<'_, CAPACITY, REST>,
    sender: &mut FrameSender,
    entry: &Entry<REST>,
    now: Instant,
) -> Option<()> {
    let (_, packet) = through(ring, entry)?;
    sender.handle_reply(Reply::from_packet(&packet)?, now);
    Some(())
}

/// Takes a signal of the client.
#[inline(never)]
fn server_handle(
    ring: &mut Consumer<'_, CAPACITY, REST>,
    receiver: &mut FrameReceiver,
    entry: &Entry<REST>,
) -> Option<Response> {
    let (channel, packet) = through(ring, entry)?;
    Some(receiver.handle_request(channel, Request::from_packet(&packet)?))
}

/// Returns the signal that answers, if one is due.
#[inline(never)]
fn server_reply(
    receiver: &mut FrameReceiver,
    response: Response,
    is_quiet: bool,
) -> Option<(Channel, Packet)> {
    let reply = response.reply.or_else(|| receiver.poll_reply(is_quiet))?;
    Some((Channel::Usr1, reply.packet()))
}

/// Returns what comes out of the ring for a signal that the handler puts in.
#[inline(always)]
fn through(
    ring: &mut Consumer<'_, CAPACITY, REST>,
    entry: &Entry<REST>,
) -> Option<(Channel, Packet)> {
    RING.push(entry);
    let event = Event::decode(ring.pop()?)?;
    match event.origin {
        Origin::Claimed { packet, .. } => Some((event.signal.channel()?, packet)),
        _ => None,
    }
}

/// Returns the entry that the handler would push for a signal of this process.
fn entry((channel, packet): (Channel, Packet)) -> Entry<REST> {
    let join = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let signal = Signal::of_bit(channel == Channel::Usr2);
    let signo = signal.number().cast_unsigned();
    Entry {
        tag: NonZeroU64::new(join(signo, packet.errno)).unwrap(),
        rest: [
            join(SI_QUEUE, packet.padding),
            getpid().get().cast_unsigned().into(),
            packet.value,
            packet.more[0],
            packet.more[1],
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_the_output_of_callgrind() {
        let text = "==1== Events    : Ir\n==1== Collected : 1234567\n==1==\n";
        assert_eq!(collected(text), Some(1_234_567));
        assert_eq!(collected("==1== nothing"), None);
    }

    /// One test for both, because they share the ring of this process.
    #[test]
    fn the_message_arrives_with_either_window() {
        role("grows", "800").unwrap();
        role("one", "800").unwrap();
    }
}
