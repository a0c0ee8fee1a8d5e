//! The signals of clients, as the kernel hands them to the server.

use crate::process::pid::Pid;
use crate::signal::event::{Event, Origin};
use crate::signal::set::Signal;
use crate::wire::bits::Bit;
use crate::wire::control::{Nonce, Nonces, Request};
use crate::wire::packet::Packet;
use crate::wire::receiver::VERSION;
use crate::wire::siphash::Key;

/// The user of each process, unless it is changed.
pub const USER: u32 = 1000;

/// The key of the server.
pub const KEY: Key = Key([11, 22]);

/// When each process was started, unless it is changed.
pub const START: u64 = 5000;

pub fn pid(n: i32) -> Pid {
    Pid::new(n).unwrap()
}

/// Returns the bare signal of a bit.
pub fn bit(from: Pid, bit: Bit) -> Event {
    bare(from, Signal::of_bit(bit == Bit::One))
}

pub fn bare(pid: Pid, signal: Signal) -> Event {
    Event {
        signal,
        code: libc::SI_USER,
        origin: Origin::Attested { pid, uid: USER },
    }
}

/// Returns what names no sender.
pub fn unknown() -> Origin {
    let packet = Packet::default();
    Origin::Unknown { packet }
}

/// Returns a queued signal, whose sender claims to be root, or a word, which does not say who sends it.
pub fn queued(pid: Pid, signal: Signal, packet: Packet) -> Event {
    let (code, origin) = match packet.is_word() {
        true => (libc::SI_SIGIO, Origin::Unknown { packet }),
        false => (libc::SI_QUEUE, Origin::Claimed { pid, packet }),
    };
    Event {
        signal,
        code,
        origin,
    }
}

pub fn ask(pid: Pid, signal: Signal, request: Request) -> Event {
    queued(pid, signal, request.packet())
}

/// Is what a client's nonce has more for each message of the client that was taken before.
pub const LATER: Nonce = 1 << 32;

/// Returns the nonces of a transfer of a process of [`USER`] that was started at [`START`].
pub fn nonces(pid: Pid, client: Nonce) -> Nonces {
    nonces_of(USER, pid, client)
}

/// Returns the nonces of a transfer of a process of the user `uid` that was started at [`START`].
pub fn nonces_of(uid: u32, pid: Pid, client: Nonce) -> Nonces {
    let key = KEY.derive(START).derive(pid.get() as u64);
    let key = key.derive(uid.into());
    let key = (0..client / LATER).fold(key, |key, _| key.derive(0));
    let server = key.hash(&[client]);
    Nonces { client, server }
}

pub fn hello(pid: Pid, client: Nonce, signal: Signal) -> Event {
    let version = VERSION;
    ask(pid, signal, Request::Hello { client, version })
}

pub fn open(pid: Pid, client: Nonce, signal: Signal) -> Event {
    open_with(pid, nonces(pid, client), signal, signal == Signal::WORD)
}

/// Returns the opening of a transfer with these nonces.
pub fn open_with(pid: Pid, nonces: Nonces, signal: Signal, in_words: bool) -> Event {
    let sleeps = false;
    let request = Request::Open {
        nonces,
        in_words,
        sleeps,
    };
    ask(pid, signal, request)
}

/// Returns the signals that open a transfer in bits.
pub fn opening(pid: Pid, client: Nonce) -> [Event; 2] {
    [
        hello(pid, client, Signal::USR1),
        open(pid, client, Signal::USR2),
    ]
}

/// Returns the signals that open a transfer in words.
pub fn opening_in_words(pid: Pid, client: Nonce) -> [Event; 3] {
    [
        bare(pid, Signal::WORD),
        hello(pid, client, Signal::WORD),
        open(pid, client, Signal::WORD),
    ]
}
