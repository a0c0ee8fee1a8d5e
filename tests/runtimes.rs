//! Clients in other languages, whose runtimes use signals in ways that are rare in C.

mod common;

use std::process::Command;

use common::*;

/// Sends a text with `tests/programs/runtime.c`.
fn send_as(runtime: &str, server: &Server, text: &str) {
    let mut client = Command::new(program("runtime"));
    assert_success(&run(client.args([
        runtime,
        &server.pid().to_string(),
        text,
    ])));
}

#[test]
fn a_client_that_restores_the_default_actions_at_its_end_does_not_spoil_the_next() {
    let server = Server::start();
    for text in ["A", "B", "Hello there", "A"] {
        send_as("python", &server, text);
    }
    server.assert_printed(&[b"A", b"B", b"Hello there", b"A"]);
    let output = server.stop();
    assert!(stderr(&output).contains(" speaks classic\n"), "{output:?}");
}

/// It must not be killed by an acknowledgement either: that of `catchall`, which has no such runtime, is withheld.
#[test]
fn a_runtime_that_catches_every_signal_is_acknowledged_if_it_is_known_to_survive_that() {
    let server = Server::start();
    for text in ["A", "Hello there"] {
        send_as("go", &server, text);
    }
    server.assert_printed(&[b"A", b"Hello there"]);
    server.stop();
}

#[test]
fn a_client_that_waits_for_acknowledgements_gets_them_if_others_of_its_interpreter_need_none() {
    let server = Server::start();
    for (runtime, text) in [
        ("paced", "Hello"),
        ("paced", "there"),
        ("python", "See you"),
        ("python", "later"),
    ] {
        send_as(runtime, &server, text);
    }
    server.assert_printed(&[b"Hello", b"there", b"See you", b"later"]);
    server.stop();
}
