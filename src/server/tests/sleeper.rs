//! Clients that sleep for each reply, and want the server on their CPU.

use super::own::frame;
use super::world::*;

#[test]
fn the_server_stays_with_the_client_whose_turn_it_is_if_that_sleeps() {
    let mut world = World::new(|_| {});
    let [sleeping, polling] = [1, 2].map(|n| world.spawn(n));
    for (client, sleeps) in [(sleeping, true), (polling, false)] {
        let open = Request::Open {
            nonces: nonces(client, 7),
            in_words: false,
            sleeps,
        };
        let hello = opening(client, 7)[0];
        world.feed_each([hello, ask(client, Signal::USR1, open)]);
        assert_eq!(world.machine.sleeper(), None, "it has sent nothing yet");
    }
    world.feed(&frame(polling, 7, b"b")[..1]);
    assert_eq!(world.machine.sleeper(), None);
    world.exit(polling);
    let bits = frame(sleeping, 7, b"a");
    let (last, others) = bits.split_last().unwrap();
    for bit in others {
        world.feed(&[*bit]);
        assert_eq!(world.machine.sleeper(), Some(sleeping));
    }
    world.feed(&[*last]);
    assert_eq!(world.machine.sleeper(), None);
    assert_eq!(world.take_texts(), ["a"]);
}
