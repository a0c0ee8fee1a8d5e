//! The unit in `contrib/`: systemd understands every line, and the server that it starts reports readiness.

mod common;

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use common::*;

const UNIT: &str = include_str!("../contrib/minitalk.service");

/// The path at which the unit expects the program.
const INSTALLED: &str = "%h/.cargo/bin/minitalk";

/// Returns the complaints of systemd about this unit.
///
/// Its exit code is not enough: systemd only warns of a line that it does not understand.
fn complaints(unit: &str) -> String {
    let scratch = Folder::new("unit");
    let path = scratch.0.join("minitalk.service");
    std::fs::write(&path, unit.replace(INSTALLED, MINITALK)).unwrap();
    let mut command = Command::new("systemd-analyze");
    command
        .args(["verify", "--user"])
        .arg(path)
        .env("XDG_RUNTIME_DIR", &scratch.0);
    let output = run(command);
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success() || !said.is_empty(), "{output:?}");
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("skipped: there is no systemd-analyze, which reads units");
        return;
    }
    assert_eq!(complaints(UNIT), "");
    for (line, planted) in [
        ("Type=notify\n", "Type=notified\n"),
        ("NoNewPrivileges=", "NoMorePrivileges="),
        (INSTALLED, "%h/.cargo/bin/minitolk"),
    ] {
        assert!(UNIT.contains(line), "{line}");
        assert_ne!(complaints(&UNIT.replace(line, planted)), "", "{planted}");
    }
}

#[test]
fn the_started_unit_notifies_systemd_and_is_found_by_its_name() {
    assert!(UNIT.contains("Type=notify\n"));
    let line = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let mut words = line.unwrap().split(' ');
    assert_eq!(words.next(), Some(INSTALLED));
    // A server of this name may already run on this machine.
    let name = format!("mailbox{}", std::process::id());
    let words: Vec<_> = words.map(|word| word.replace("mailbox", &name)).collect();
    let scratch = Folder::new("ready");
    let socket = UnixDatagram::bind(scratch.0.join("notify")).unwrap();
    socket.set_read_timeout(Some(WATCHDOG)).unwrap();
    let mut command = minitalk(words);
    let server = Server::spawn(command.env("NOTIFY_SOCKET", scratch.0.join("notify")));
    let mut buffer = [0; 64];
    let count = socket.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"READY=1\n");
    assert_success(&run(minitalk(["send", &name, "two\nlines"])));
    let printed = server.wait_printed(|bytes| bytes.ends_with(b"\n"));
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("two\\nlines"), "{printed}");
    server.stop();
}
