//! The world of `link` with an adversary, who sends to the server or to the clients.
//!
//! Input: as that of `link`, but for the last three operations, which are the adversary's: see [`forge`]. What it sends must
//! change nothing at either end but what a stray signal changes, and every message must still arrive.

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::control::{Arrived, Nonces, Reply, Request, Status};
use minitalk::wire::packet::Packet;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::VERSION;
use minitalk::wire::word::{SIZE, Word};

use crate::link;
use crate::world::{ADVERSARY, CHANNELS, CLIENTS, Op, Parts, World};

/// Executes the operations of `data` with an adversary who sends to the server.
pub fn run_on_server(data: &[u8]) {
    on_server(data, Parts::default());
}

/// Executes the operations of `data` with an adversary who sends to the clients.
pub fn run_on_client(data: &[u8]) {
    on_client(data, Parts::default());
}

/// [`run_on_server`] with `parts` in the place of the real ones.
pub fn on_server(data: &[u8], parts: Parts) {
    link::drive(data, parts, |u, world| forge(u, world, false));
}

/// [`run_on_client`] with `parts` in the place of the real ones.
pub fn on_client(data: &[u8], parts: Parts) {
    link::drive(data, parts, |u, world| forge(u, world, true));
}

/// Reads an operation: of the adversary if bits 0 to 3 are 13 or more.
fn forge(u: &mut Unstructured<'_>, world: &World, to_client: bool) -> arbitrary::Result<Op> {
    let byte = u.peek_bytes(1).map_or(0, |byte| byte[0]);
    if byte & 0xF < 13 {
        return link::op(u);
    }
    u8::arbitrary(u)?;
    let process = usize::from(byte >> 4 & 3);
    let channel = CHANNELS[usize::from(byte >> 6) % 3];
    if to_client {
        let packet = reply(u, world)?;
        return Ok(Op::ToClient(process % CLIENTS, channel, packet));
    }
    let packet = request(u, world)?;
    // The kernel attests who sends a bare signal.
    let claims = packet.map_or(ADVERSARY, |_| process);
    Ok(Op::ToServer(claims, channel, packet))
}

/// Reads a signal of the adversary to the server; `None` is a bare signal.
fn request(u: &mut Unstructured<'_>, world: &World) -> arbitrary::Result<Option<Packet>> {
    let byte = u8::arbitrary(u)?;
    let flag = byte & 0x80 != 0;
    Ok(Some(match byte & 7 {
        0 => return Ok(None),
        1 => Request::Hello {
            client: nonces(u, world)?.client,
            version: if flag { 1 } else { VERSION },
        }
        .packet(),
        2 | 3 => Request::Open {
            nonces: nonces(u, world)?,
            in_words: flag,
            sleeps: !flag,
        }
        .packet(),
        4 | 5 => Request::Bit {
            nonces: nonces(u, world)?,
            index: u8::arbitrary(u)?.into(),
            serial: byte,
            wants_reply: flag,
        }
        .packet(),
        6 => Request::Word(Word {
            index: u8::arbitrary(u)?.into(),
            wants_reply: flag,
            proof: nonces(u, world)?.server as u32,
            bytes: [byte; SIZE],
        })
        .packet(),
        _ => packet(u)?,
    }))
}

/// Reads a signal of the adversary to a client.
fn reply(u: &mut Unstructured<'_>, world: &World) -> arbitrary::Result<Packet> {
    let byte = u8::arbitrary(u)?;
    let flag = byte & 0x80 != 0;
    if byte & 7 == 7 {
        return packet(u);
    }
    let nonces = nonces(u, world)?;
    let next = u8::arbitrary(u)?.into();
    let progress = Arrived {
        next,
        beyond: (byte >> 3).into(),
        serial: byte,
    };
    let status = match byte & 7 {
        0 => Status::Greeted { words: flag },
        1 | 2 => Status::Ok(progress),
        3 => Status::Wait(progress),
        4 => Status::Delivered(next),
        5 => Status::Rejected(Reason::Checksum),
        _ => Status::Rejected(Reason::Output),
    };
    Ok(Reply { nonces, status }.packet())
}

fn packet(u: &mut Unstructured<'_>) -> arbitrary::Result<Packet> {
    Ok(Packet {
        errno: u.arbitrary()?,
        padding: u.arbitrary()?,
        ids: [0; 2],
        value: u.arbitrary()?,
        more: u.arbitrary()?,
    })
}

/// Reads nonces that the adversary knows, or makes up.
fn nonces(u: &mut Unstructured<'_>, world: &World) -> arbitrary::Result<Nonces> {
    let byte = u8::arbitrary(u)?;
    let known = world.known();
    let choose = |n: u8| match known.len() {
        count if n & 8 != 0 && count > 0 => known[count - 1 - usize::from(n & 7) % count],
        _ => n.into(),
    };
    Ok(Nonces {
        client: choose(byte & 0xF),
        server: choose(byte >> 4),
    })
}
