//! Clients that sleep for each reply, and want the server on their CPU.

use super::own::frame;
use super::world::{World, ask, nonces, opening};
use crate::process::pid::Pid;
use crate::signal::event::{Event, Signal};
use crate::wire::control::Request;

fn open(client: Pid, sleeps: bool) -> Event {
    let request = Request::Open {
        nonces: nonces(client, 7),
        in_words: false,
        sleeps,
    };
    ask(client, Signal::USR1, request)
}

#[test]
fn the_server_stays_with_a_sleeping_client_for_its_transfer() {
    let (mut world, client) = World::with_client();
    world.feed_each([opening(client, 7)[0], open(client, true)]);
    assert_eq!(world.machine.sleeper(), None, "it has sent nothing yet");
    let bits = frame(client, 7, b"x");
    let (last, others) = bits.split_last().unwrap();
    for bit in others {
        world.feed(&[*bit]);
        assert_eq!(world.machine.sleeper(), Some(client));
    }
    world.feed(&[*last]);
    assert_eq!(world.machine.sleeper(), None);
    assert_eq!(world.take_texts(), ["x"]);
}

#[test]
fn the_server_stays_with_no_client_that_polls() {
    let mut world = World::new(|_| {});
    let [sleeping, polling] = [1, 2].map(|n| world.spawn(n));
    for (client, sleeps) in [(sleeping, true), (polling, false)] {
        world.feed_each([opening(client, 7)[0], open(client, sleeps)]);
    }
    world.feed(&frame(polling, 7, b"b")[..1]);
    assert_eq!(world.machine.sleeper(), None);
    world.exit(polling);
    world.feed(&frame(sleeping, 7, b"a")[..1]);
    assert_eq!(world.machine.sleeper(), Some(sleeping));
}
