//! Clients whose protocol is not found: nothing is printed, and a note says so.
//!
//! No SPEC describes those of `tests/dialects/unknown`.

mod common;

use std::path::Path;
use std::process::Command;

use common::*;

/// How often a client is tried whose bits are lost, since it waits for a clock alone: what is left of them can be any text.
const ATTEMPTS: u32 = 50;

#[test]
fn what_no_dialect_describes_is_reported_and_not_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    let entries = std::fs::read_dir(folder.join("unknown")).unwrap();
    let sources: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    std::thread::scope(|scope| {
        for source in sources {
            scope.spawn(move || {
                let name = source.file_stem().unwrap().to_str().unwrap();
                let client = compile(&source, &format!("dialect-unknown-{name}"));
                let is_reported = (0..ATTEMPTS).any(|_| is_reported(name, &client));
                assert!(is_reported, "{name}: bits were lost in each attempt");
            });
        }
    });
}

/// Checks that nothing of a text is printed and a note says so; returns false if bits of it were lost.
fn is_reported(name: &str, client: &Path) -> bool {
    const NOTES: [&str; 4] = [
        "fits no known dialect",
        "dropped a message",
        "and nothing for 5 s",
        "ignoring signals with a value",
    ];
    const LOST: &str = "came together with the one before";
    let server = Server::start_with(&["--format", "raw"]);
    let client = start_client(&mut Command::new(client), server.pid(), b"Hello World!");
    wait_until(name, || {
        let notes = server.stderr();
        NOTES.iter().chain([&LOST]).any(|note| notes.contains(note))
    });
    drop(client);
    let output = server.stop();
    let is_lost = stderr(&output).contains(LOST);
    assert!(output.stdout.is_empty() || is_lost, "{name}: {output:?}");
    !is_lost
}
