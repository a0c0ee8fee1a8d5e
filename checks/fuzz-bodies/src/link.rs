//! Clients and a server under merging and loss: see [`world`](crate::world).
//!
//! Input: options, then operations of one byte, some followed by arguments, see [`op`]. After any operations, a channel without
//! faults must complete every transfer in about as many rounds as it has bits.

use arbitrary::{Arbitrary, Unstructured};

use crate::world::{CLIENTS, Op, Parts, ROOMY, World};

/// The option of a server that takes no words.
pub const NO_WORDS: u8 = 1;

/// Executes the operations of `data`; panics unless every message arrives at most once and intact, no client gets a false
/// answer, and all messages arrive when the faults end.
pub fn run(data: &[u8]) {
    check(data, Parts::default());
}

/// [`run`] with `parts` in the place of the real ones.
pub fn check(data: &[u8], parts: Parts) {
    drive(data, parts, |u, _| op(u));
}

/// Runs a world with the operations that `next` reads from `data`.
pub fn drive(
    data: &[u8],
    parts: Parts,
    next: impl Fn(&mut Unstructured<'_>, &World) -> arbitrary::Result<Op>,
) {
    let Some((options, operations)) = data.split_first() else {
        return;
    };
    let mut world = World::new(parts, options & NO_WORDS == 0);
    let mut u = Unstructured::new(operations);
    while !u.is_empty()
        && let Ok(op) = next(&mut u, &world)
    {
        world.apply(&op);
    }
    world.finish();
}

/// Reads an operation: bits 0 to 3 say which, bits 4 and 5 name a process, bits 6 and 7 a signal.
pub fn op(u: &mut Unstructured<'_>) -> arbitrary::Result<Op> {
    let byte = u8::arbitrary(u)?;
    let process = usize::from(byte >> 4 & 3);
    let client = process % CLIENTS;
    let number = usize::from(byte >> 6) % 3;
    let flag = byte & 0x40 == 0;
    Ok(match byte & 0xF {
        0 | 1 => Op::Poll(client, flag),
        2 => Op::Take(process, number),
        3 => Op::Process(process),
        4 => Op::Quiet(client),
        5 => Op::Lose(process, number),
        6 => Op::Stray(process, number),
        7 => Op::Hold(client, flag),
        8 => Op::Write(flag),
        9 => Op::Restart(client, u.arbitrary()?),
        10 => Op::Pass(u.arbitrary()?),
        11 => Op::Run(client, u.arbitrary()?),
        12 => Op::Room(process, [0, 1, 5, ROOMY][usize::from(byte >> 6)]),
        13 => Op::Idle(client),
        14 => Op::Forget(client),
        _ => Op::Run(client, 1),
    })
}
