//! User-space instructions per bit, counted by callgrind: the cost of the protocol's own code, without the kernel.
//!
//! A program of one process feeds each end with the signals of the other end, through the ring as the handler does. Each end
//! runs over two numbers of bits, and the difference excludes start and end.

use std::io;
use std::iter;
use std::num::NonZeroU64;
use std::process::Stdio;

use minitalk::Pid;
use minitalk::internals::ffi::getpid;
use minitalk::internals::signal::ring::{Entry, REST, RING};
use minitalk::wire::bits::{Bit, bit_of};
use minitalk::wire::control::{Arrived, Nonces, Reply, Request, Status};
use minitalk::wire::frame::{Frame, HEADER_LEN, MessageKind};
use minitalk::wire::packet::{Channel, Packet};
use minitalk::wire::receiver::{FrameReceiver, VERSION};
use minitalk::wire::sender::{FrameSender, Lane};
use minitalk::wire::siphash::Key;
use minitalk::wire::time::{Duration, Instant};
use minitalk::{Event, Origin, Signal};

use crate::{Result, number, role};

const HEADER_BITS: u64 = 8 * HEADER_LEN as u64;

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
    let mut lines = vec!["### User-space instructions a bit (callgrind)\n".to_string()];
    for (side, what) in [
        (
            "server",
            "server: ring, decoding of the event, receiver, packet of the reply",
        ),
        (
            "client",
            "client: ring, decoding of the reply, sender, packet of the next bit",
        ),
    ] {
        let (Some(first), Some(second)) = (count(side, few)?, count(side, many)?) else {
            return Ok(
                "### User-space instructions a bit\n\nskipped: valgrind is not installed\n".into(),
            );
        };
        let per_bit = second.saturating_sub(first) as f64 / f64::from(many - few);
        lines.push(format!("* {what}: {}", number::significant(per_bit)));
    }
    Ok(lines.join("\n") + "\n")
}

/// Returns the instructions of one run; `None` without valgrind.
fn count(side: &str, bits: u32) -> Result<Option<u64>> {
    let ours = role::command(&["instructions", side, &bits.to_string()])?;
    let mut command = std::process::Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
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

/// Runs the program that callgrind counts.
///
/// # Errors
/// When an end behaves differently than expected, so that the count would be meaningless.
pub fn role(side: &str, bits: &str) -> Result<()> {
    let bits = bits.parse()?;
    if side == "server" {
        server(bits)
    } else {
        client(bits)
    }
}

/// Feeds `bits` bits of a payload, all 0, to a receiver that is asked for a reply to each.
fn server(bits: u32) -> Result<()> {
    let pid = getpid();
    let mut ring = RING.claim().ok_or("the ring is taken")?;
    let (mut receiver, nonces) = opened(bits)?;
    let header = bits.to_be_bytes().into_iter();
    let header = header.flat_map(|byte| (0..8).map(move |i| bit_of(byte, i)));
    let payload = iter::repeat_n(Bit::Zero, bits as usize);
    let mut last = None;
    for (index, bit) in (0..).zip(header.chain(payload)) {
        let request = Request::Bit {
            nonces,
            index,
            serial: index as u8,
            wants_reply: true,
        };
        RING.push(&entry(
            pid,
            Signal::of_bit(bit == Bit::One),
            request.packet(),
        ));
        let event = ring
            .pop()
            .and_then(Event::decode)
            .ok_or("nothing in the ring")?;
        let Origin::Claimed { packet, .. } = event.origin else {
            return Err("no packet".into());
        };
        let channel = event.signal.channel().ok_or("no channel")?;
        let request = Request::from_packet(&packet).ok_or("no request")?;
        receiver.handle_request(channel, request);
        last = Some(receiver.poll_reply(false).ok_or("no reply")?.packet());
    }
    let status = last.as_ref().and_then(Reply::from_packet).map(|r| r.status);
    match status {
        Some(Status::Ok(progress)) if progress.next == u64::from(bits) + HEADER_BITS => Ok(()),
        other => Err(format!("the last reply is {other:?}").into()),
    }
}

/// Feeds a sender of `bits` bits the reply to each transmission.
fn client(bits: u32) -> Result<()> {
    let pid = getpid();
    let mut ring = RING.claim().ok_or("the ring is taken")?;
    let message = vec![0; bits as usize / 8];
    let frame = Frame::new(MessageKind::Message, &message)?;
    let mut sender = FrameSender::new(frame, Key([1, 2]), Duration::MAX, Lane::Bit);
    // A microsecond a step.
    let mut nanos = 0;
    let mut nonces = Nonces::default();
    let mut next = 0;
    while sender.acknowledged() < u64::from(bits) {
        let now = Instant::from_nanos(nanos);
        let transmit = sender.poll_transmit(now).ok_or("nothing to send")?;
        let request = transmit
            .packet
            .and_then(|packet| Request::from_packet(&packet))
            .ok_or("no request")?;
        let status = match request {
            Request::Hello { client, .. } => {
                nonces = Nonces { client, server: 7 };
                Status::Greeted { words: false }
            }
            Request::Bit { index, serial, .. } => {
                next = index + 1;
                Status::Ok(Arrived {
                    next,
                    beyond: 0,
                    serial,
                })
            }
            _ => Status::Ok(Arrived::at(next)),
        };
        let reply = Reply { nonces, status };
        nanos += 1_000;
        RING.push(&entry(pid, Signal::USR1, reply.packet()));
        let event = ring
            .pop()
            .and_then(Event::decode)
            .ok_or("nothing in the ring")?;
        let Origin::Claimed { packet, .. } = event.origin else {
            return Err("no packet".into());
        };
        sender.handle_reply(
            Reply::from_packet(&packet).ok_or("no reply")?,
            Instant::from_nanos(nanos),
        );
    }
    Ok(())
}

/// Returns a receiver with an open transfer, and its nonces.
fn opened(bits: u32) -> Result<(FrameReceiver, Nonces)> {
    let mut receiver = FrameReceiver::new(bits as usize, Key([3, 4]), false);
    let hello = Request::Hello {
        client: 5,
        version: VERSION,
    };
    let greeting = receiver.handle_request(Channel::Usr1, hello).reply;
    let nonces = greeting.ok_or("a hello without a reply")?.nonces;
    let open = Request::Open {
        nonces,
        in_words: false,
        sleeps: false,
    };
    receiver.handle_request(Channel::Usr1, open);
    Ok((receiver, nonces))
}

/// Returns the entry that the handler would push for a signal of this process.
fn entry(pid: Pid, signal: Signal, packet: Packet) -> Entry<REST> {
    let join = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let signo = signal.number().cast_unsigned();
    Entry {
        tag: NonZeroU64::new(join(signo, packet.errno)).unwrap(),
        rest: [
            join(SI_QUEUE, packet.padding),
            pid.get().cast_unsigned().into(),
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
    fn both_programs_process_every_bit() {
        server(800).unwrap();
        client(800).unwrap();
    }
}
