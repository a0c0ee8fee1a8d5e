//! Clients whose protocol is not found: nothing is printed, and a note says so.
//!
//! No SPEC describes those of `tests/dialects/unknown`. One with the line `// lossy: yes` waits for a clock alone, so that it loses
//! bits if the server gets no CPU in time.

mod common;

use std::path::Path;
use std::process::Command;

use common::*;

/// How often a lossy client is tried: the rest of its bits can be any text.
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
                let text = std::fs::read_to_string(&source).unwrap();
                let is_lossy = text.lines().any(|line| line == "// lossy: yes");
                let is_reported = (0..ATTEMPTS).any(|_| is_reported(name, &client, is_lossy));
                assert!(is_reported, "{name}: bits were lost in each attempt");
            });
        }
    });
}

/// Checks that nothing of a text is printed and a note says so; returns false if a lossy client has lost bits of it.
fn is_reported(name: &str, client: &Path, is_lossy: bool) -> bool {
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
        is_lossy && notes.contains(LOST) || NOTES.iter().any(|note| notes.contains(note))
    });
    drop(client);
    let output = server.stop();
    let is_lost = is_lossy && stderr(&output).contains(LOST);
    assert!(output.stdout.is_empty() || is_lost, "{name}: {output:?}");
    !is_lost
}
