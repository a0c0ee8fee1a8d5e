//! Receives and sends messages without the standard library: `no-std` prints its PID and then every message, until SIGINT or
//! SIGTERM; `no-std PID MESSAGE` sends one.
//!
//! `cargo run --manifest-path examples/no_std/Cargo.toml` in one terminal, `minitalk send PID MESSAGE` in another.
//!
//! The core has the handler, the inbox and the protocol. The program's part is here: random numbers, a clock, memory, output,
//! and the two loops. It also leaves out what the library does with `/proc` and pidfds:
//!
//! * The sender does not check that the process handles the signals, which kill a process that does not. Be sure of the PID.
//! * The receiver serves one client at a time, and only on signal 44, where the kernel attests who asked for an answer.
#![no_std]
#![no_main]

extern crate alloc;

mod platform;

use core::ffi::{CStr, c_char, c_int};
use core::fmt::Write;

use minitalk::wire::control::{Reply, Request};
use minitalk::wire::frame::{Frame, MessageKind};
use minitalk::wire::packet::{Channel, Packet};
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome};
use minitalk::wire::sender::{FrameSender, Lane};
use minitalk::wire::siphash::Key;
use minitalk::wire::time::Duration;
use minitalk::{Errno, Event, Inbox, Origin, Pid, Signal, SignalSet};
use platform::{Output, exists, now, random};

/// Limits the length of a message, in bytes.
const LIMIT: usize = 1 << 20;

const TIMEOUT: Duration = Duration::from_millis(5_000);

/// Is called by the C library.
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let argument = |index| {
        // SAFETY: the C library passes `count` strings, which live as long as the program.
        unsafe { CStr::from_ptr(*arguments.add(index)) }
    };
    let result = match count {
        1 => receive(),
        3 => send(argument(1), argument(2).to_bytes()),
        _ => Err("usage: no-std [PID MESSAGE]".into()),
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(Output(2), "no-std: {error}");
            1
        }
    }
}

type Result<T> = core::result::Result<T, alloc::boxed::Box<dyn core::error::Error>>;

// ---- receiving ---------------------------------------------------------------------------------------------------

/// Holds the client whose transfer is under way, or was the last.
struct Client {
    pid: Pid,
    receiver: FrameReceiver,
}

fn receive() -> Result<()> {
    let mut inbox = Inbox::open_for(SignalSet::MINITALK)?;
    writeln!(Output(1), "PID {}", Pid::current())?;
    let mut client = None;
    let mut is_over = false;
    while !is_over {
        inbox.wait(None, None)?;
        inbox.drain(|event| {
            is_over |= SignalSet::STOPS.contains(event.signal);
            handle(&mut client, event);
        });
        // All signals that were pending have been handled, so a client of bits gets one answer to them.
        if let Some(Client { pid, receiver }) = &mut client {
            if let Some(reply) = receiver.poll_reply(true) {
                answer(*pid, reply);
            }
        }
    }
    Ok(())
}

fn handle(client: &mut Option<Client>, event: Event) {
    match event.origin {
        // A client introduces itself by a bare signal 44. So no process can be named that did not ask.
        Origin::Attested { pid, .. } if event.signal == Signal::WORD => {
            let is_free = |client: &Client| client.receiver.is_closed() || !exists(client.pid);
            if client.as_ref().is_none_or(is_free) && client.as_ref().map(|c| c.pid) != Some(pid) {
                let key = Key([random(), random()]);
                let receiver = FrameReceiver::new(LIMIT, key, true);
                *client = Some(Client { pid, receiver });
            }
            if let Some(client) = client.as_mut().filter(|client| client.pid == pid) {
                client.receiver.handle_bare();
            }
        }
        Origin::Attested { .. } => {}
        // A word names no sender, and its proof shows whether it is the client's.
        Origin::Claimed { packet, .. } | Origin::Unknown { packet } => {
            let is_of =
                |client: &&mut Client| packet.is_word() || Some(client.pid) == event.origin.pid();
            if let Some(client) = client.as_mut().filter(is_of) {
                if let Some(channel) = event.signal.channel() {
                    handle_packet(client, channel, &packet);
                }
            }
        }
    }
}

fn handle_packet(client: &mut Client, channel: Channel, packet: &Packet) {
    let request = match Request::from_packet(packet) {
        // Anybody can send this one in another's name, and the answer could kill that process.
        Some(Request::Hello { .. }) if channel != Channel::Realtime => return,
        Some(request) => request,
        None => return,
    };
    let Client { pid, receiver } = client;
    let response = receiver.handle_request(channel, request);
    let mut reply = response.reply;
    if let Some(Outcome::Complete { kind, payload, .. }) = response.outcome {
        let verdict = match kind {
            MessageKind::Message => {
                let text = alloc::string::String::from_utf8_lossy(&payload);
                let written = writeln!(Output(1), "{pid}: {}", text.escape_debug());
                written.map_err(|_| Reason::Output)
            }
            MessageKind::Request => Err(Reason::NoReplies),
            MessageKind::Reply(_) => Err(Reason::Unasked),
        };
        // Only now is the message delivered.
        reply = receiver.handle_written(receiver.client_nonce(), verdict);
    }
    if let Some(reply) = reply {
        answer(*pid, reply);
    }
}

/// Answers a client, which asks again if the kernel has no room for the answer.
fn answer(to: Pid, reply: Reply) {
    let _ = Signal::WORD.send(to, Some(reply.packet()));
}

// ---- sending -----------------------------------------------------------------------------------------------------

fn send(pid: &CStr, message: &[u8]) -> Result<()> {
    let to: Pid = pid.to_str()?.parse()?;
    let mut inbox = Inbox::open_for(SignalSet::LANES)?;
    let frame = Frame::new(MessageKind::Message, message)?;
    let key = Key([random(), random()]);
    let mut sender = FrameSender::new(frame, key, TIMEOUT, Lane::Auto);
    loop {
        while let Some(transmit) = sender.poll_transmit(now()) {
            for _ in 0..transmit.copies {
                match Signal::from(transmit.channel).send(to, transmit.packet) {
                    Err(Errno::AGAIN) => sender.handle_eagain(now()),
                    result => result?,
                }
            }
        }
        if let Some(result) = sender.result() {
            inbox.leak();
            return Ok(result?);
        }
        let timeout = sender.poll_timeout().map(|at| (at - now()).as_nanos());
        inbox.wait(None, timeout.map(core::time::Duration::from_nanos))?;
        inbox.drain(|event| {
            if let Origin::Claimed { pid, packet } = event.origin {
                // The nonces in it show that it is the server's, and belongs to this transfer.
                if let Some(reply) = Reply::from_packet(&packet).filter(|_| pid == to) {
                    sender.handle_reply(reply, now());
                }
            }
        });
    }
}
