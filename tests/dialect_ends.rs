//! The end of a message in another dialect: its last acknowledgement, and a text that is not complete.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::*;

#[test]
fn the_last_acknowledgement_is_sent_when_the_count_is_reached() {
    let text = b"hello there";
    for _ in 0..3 {
        let server = Server::start_with(&["--dialect", "lsb", "--count", "1"]);
        let pid = server.pid();
        let client = start_client(&mut minitalk(["send", "--dialect", "lsb"]), pid, text);
        assert_success(&client.output());
        let output = server.into_process().output();
        assert_success(&output);
        assert!(output.stdout.ends_with(b"hello there\n"), "{output:?}");
    }
    let pair = pair_client();
    let server = Server::start_with(&["--count", "2"]);
    for _ in 0..2 {
        let client = start_client(&mut Command::new(&pair), server.pid(), text);
        assert_success(&client.output());
    }
    assert_success(&server.into_process().output());
}

/// A FIFO that is read only on demand.
struct Fifo {
    path: PathBuf,
    reader: std::fs::File,
    _folder: Folder,
}

impl Fifo {
    fn new() -> Self {
        use std::os::unix::fs::OpenOptionsExt;
        let folder = Folder::new("blocked");
        let path = folder.0.join("fifo");
        assert_success(&Command::new("mkfifo").arg(&path).output().unwrap());
        let mut options = std::fs::OpenOptions::new();
        options.read(true).custom_flags(libc::O_NONBLOCK);
        let reader = options.open(&path).unwrap();
        Self {
            path,
            reader,
            _folder: folder,
        }
    }

    fn writer(&self) -> std::fs::OpenOptions {
        let mut options = std::fs::OpenOptions::new();
        options.write(true);
        options
    }

    /// Writes until there is no room for another byte.
    fn fill(&self) {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = self.writer();
        let mut writer = options
            .custom_flags(libc::O_NONBLOCK)
            .open(&self.path)
            .unwrap();
        while writer.write(&[b'.'; 4096]).is_ok() || writer.write(b".").is_ok() {}
    }

    /// Reads the bytes that have been written so far.
    fn read(&mut self) -> Vec<u8> {
        use std::io::Read;
        let mut bytes = vec![];
        let _ = self.reader.read_to_end(&mut bytes);
        bytes
    }
}

#[test]
fn the_last_acknowledgement_is_sent_when_a_blocked_output_moves_after_a_stop() {
    let pair = pair_client();
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let mut fifo = Fifo::new();
        let mut serve = minitalk(["serve", "--trace", "--dialect", "classic"]);
        serve.stdout(fifo.writer().open(&fifo.path).unwrap());
        let server = Process::spawn_with_own_stdout(&mut serve);
        let mut written = vec![];
        while !written.contains(&b'\n') {
            written.extend(fifo.read());
        }
        fifo.fill();
        let client = start_client(&mut Command::new(&pair), server.pid(), b"hello there");
        server.wait_stderr(" complete: 11 bytes");
        kill(server.pid(), signal);
        server.wait_stderr("waiting for the output");
        assert!(
            client.is_running(),
            "it was acknowledged before the text was written"
        );
        while client.is_running() {
            written.extend(fifo.read());
        }
        assert_success(&client.output());
        assert_success(&server.output());
        written.extend(fifo.read());
        assert!(written.ends_with(b"hello there\n"), "{written:?}");
    }
}

#[test]
fn a_dropped_partial_text_is_reported() {
    let pair = pair_client();
    let start = |text: &[u8]| {
        let server = Server::start_with(&["--dialect", "classic"]);
        let client = start_client(&mut Command::new(&pair), server.pid(), text);
        (server, client)
    };
    for text in [vec![0xFF; 4000], vec![b'x'; 4000]] {
        let (server, client) = stopped_in_mid_message(|| start(&text));
        kill(client.pid(), libc::SIGKILL);
        server.wait_stderr(&format!("dropped a message of client {}", client.pid()));
        let output = server.stop();
        assert!(stderr(&output).contains("the client ended"), "{output:?}");
    }
    let (server, _client) = stopped_in_mid_message(|| start(&[b'x'; 4000]));
    let output = server.stop();
    assert!(stderr(&output).contains("shutting down"), "{output:?}");
}
