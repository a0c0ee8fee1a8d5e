//! Clients whose protocol is not found: nothing is printed, and a note says so.
//!
//! No SPEC describes those of `tests/dialects/unknown`.

mod common;

use std::path::Path;
use std::process::Command;

use common::*;

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
                let server = Server::start_with(&["--format", "raw"]);
                let client = start_client(&mut Command::new(client), server.pid(), b"Hello World!");
                wait_until(name, || {
                    let notes = server.stderr();
                    let words = [
                        "fits no known dialect",
                        "dropped a message",
                        "and nothing for 5 s",
                        "ignoring signals with a value",
                    ];
                    words.iter().any(|word| notes.contains(word))
                });
                drop(client);
                let output = server.stop();
                assert_eq!(output.stdout, b"", "{name}: {}", stderr(&output));
            });
        }
    });
}
