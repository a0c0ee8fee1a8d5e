//! User-space instructions per bit, counted by callgrind: the cost of the protocol's own code, without the kernel.
//!
//! A program of one process feeds each end with the signals of the other end, through the ring as the handler does. Each end
//! runs over two numbers of bits, and the difference excludes start and end.

use std::io;
use std::num::NonZeroU64;
use std::process::Stdio;

use minitalk::Pid;
use minitalk::internals::ffi::getpid;
use minitalk::internals::signal::ring::{Entry, REST, RING};
use minitalk::wire::bits::{Bit, bit_of};
use minitalk::wire::control::{Reply, Request, Status, Tag};
use minitalk::wire::frame::{HEADER_LEN, VERSION, header};
use minitalk::wire::receiver::FrameReceiver;
use minitalk::wire::sender::{FrameSender, Lane, Transmit};
use minitalk::wire::time::{Duration, Instant};
use minitalk::{Event, Origin, Signal};

use crate::{Result, number, role};

const TAG: Tag = 7;

/// The `si_code` of a bare signal, and of one with a value.
const SI_USER: u32 = 0;
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
            "server: ring, decoding of the event, receiver, value of the answer",
        ),
        (
            "client",
            "client: ring, decoding of the answer, sender, value of the next step",
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

/// Feeds `bits` bits of a payload, all 0, to a receiver.
fn server(bits: u32) -> Result<()> {
    let pid = getpid();
    let mut ring = RING.claim().ok_or("the ring is taken")?;
    let (mut receiver, _) = opened(bits)?;
    for byte in header(bits) {
        (0..8).for_each(|i| drop(receiver.handle_bit(bit_of(byte, i))));
    }
    let mut last = 0;
    for _ in 0..bits {
        RING.push(&entry(pid, Signal::Usr1, SI_USER, 0));
        let event = ring
            .pop()
            .and_then(Event::decode)
            .ok_or("nothing in the ring")?;
        let Origin::Attested { .. } = event.origin else {
            return Err("not attested".into());
        };
        let response = receiver.handle_bit(Bit::from(event.signal == Signal::Usr2));
        last = response.reply.ok_or("no answer")?.value();
    }
    let expected = Status::Ok(u64::from(bits) + 8 * HEADER_LEN as u64);
    if Reply::from_value(last)
        == Some(Reply {
            tag: TAG,
            status: expected,
        })
    {
        Ok(())
    } else {
        Err(format!("the last answer is {last:#x}").into())
    }
}

/// Feeds `bits` answers to a sender.
fn client(bits: u32) -> Result<()> {
    let pid = getpid();
    let mut ring = RING.claim().ok_or("the ring is taken")?;
    let message = vec![0; bits as usize / 8];
    let mut sender = FrameSender::new(&message, TAG, Duration::MAX, Lane::Bit)?;
    let (_, hellos) = opened(bits)?;
    // A microsecond a step.
    let mut nanos = 0;
    let mut answers = hellos.into_iter().chain((1..=u64::from(bits)).map(|next| {
        let status = Status::Ok(next);
        Reply { tag: TAG, status }
    }));
    while let Some(Transmit::Signal { .. }) = sender.poll_transmit(Instant::from_nanos(nanos)) {
        let Some(answer) = answers.next() else { break };
        nanos += 1_000;
        RING.push(&entry(pid, Signal::Usr1, SI_QUEUE, answer.value()));
        let event = ring
            .pop()
            .and_then(Event::decode)
            .ok_or("nothing in the ring")?;
        let Origin::Claimed { value, .. } = event.origin else {
            return Err("no value".into());
        };
        sender.handle_reply(
            Reply::from_value(value).ok_or("no answer")?,
            Instant::from_nanos(nanos),
        );
    }
    if sender.acknowledged() == u64::from(bits) {
        Ok(())
    } else {
        Err(format!("the sender is at {} of {bits}", sender.acknowledged()).into())
    }
}

/// A receiver that has heard the hellos, and its answers to them.
fn opened(bits: u32) -> Result<(FrameReceiver, Vec<Reply>)> {
    let mut receiver = FrameReceiver::new(bits as usize);
    let hello = Request::Hello {
        tag: TAG,
        version: VERSION,
    };
    let answers = [Bit::Zero, Bit::One].map(|bit| receiver.handle_request(bit, hello).reply);
    let answers: Option<Vec<Reply>> = answers.into_iter().collect();
    Ok((receiver, answers.ok_or("a hello without an answer")?))
}

/// Returns the entry that the handler would push for a signal of this process.
fn entry(pid: Pid, signal: Signal, code: u32, value: u64) -> Entry<REST> {
    Entry {
        tag: NonZeroU64::new(signal.number() as u64).unwrap(),
        rest: [code.into(), pid.get().cast_unsigned().into(), value, 0, 0],
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
