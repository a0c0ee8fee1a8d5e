//! Clients that speak another protocol.

mod answers;
mod ends;
mod noise;
mod turns;

use std::vec::Vec;

use super::super::Dialects;
use super::world::*;
use crate::dialect::Dialect;
use crate::dialect::encoder::TextEncoder;
use crate::process::pid::Pid;
use crate::signal::event::Event;
use crate::signal::set::SignalSet;

pub fn signals(from: Pid, spec: &str, text: &str) -> Vec<Event> {
    let dialect: Dialect = spec.parse().unwrap();
    let encoder = TextEncoder::new(&dialect, text.as_bytes(), from).unwrap();
    let bits = encoder.symbols().map(|symbol| bare(from, symbol.into()));
    bits.collect()
}

/// Sends each signal once the one before is answered, and returns the number of answers.
fn converse(world: &mut World, client: Pid, events: &[Event]) -> usize {
    let mut count = 0;
    for event in events {
        world.feed_each([event]);
        let mut answers = world.answers(client).len();
        for _ in 0..100 {
            if answers > 0 {
                break;
            }
            world.pass(MILLISECOND);
            answers = world.answers(client).len();
        }
        count += answers;
    }
    count
}

/// Says `text` as [`converse`] does.
fn say(world: &mut World, client: Pid, text: &str) -> usize {
    converse(world, client, &classic(client, text))
}

fn classic(client: Pid, text: &str) -> Vec<Event> {
    signals(client, "classic", text)
}

/// Returns a server with a given dialect, and a client.
pub fn server(spec: &str) -> (World, Pid) {
    let dialect = spec.parse().unwrap();
    let mut world = World::new(|config| config.dialects = Dialects::Given(dialect));
    let client = world.spawn(1);
    (world, client)
}

/// Returns a server of any dialect, and a client without handlers.
fn without_handlers() -> (World, Pid) {
    World::with_process(|p| p.handled = SignalSet::NONE)
}
