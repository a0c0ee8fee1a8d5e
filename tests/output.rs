//! The output of messages: formats, terminals, progress and traces.

mod common;

use std::process::{Command, Stdio};

use common::*;

/// Returns a command that runs a shell's line on a terminal, by script(1).
fn on_terminal(line: &str) -> Command {
    let mut script = Command::new("script");
    script
        .args(["-qec", line, "/dev/null"])
        .stdin(Stdio::null());
    script
}

#[test]
fn raw_output_is_only_the_message_bytes() {
    let server = Server::start_with(&["--format", "raw", "--count", "2"]);
    server.wait_stderr(&format!("PID {}\n", server.pid()));
    deliver(server.pid(), b"one\0");
    deliver(server.pid(), b"two");
    let output = server.into_process().output();
    assert_success(&output);
    assert_eq!(output.stdout, b"one\0two");
}

#[test]
fn json_output_is_one_object_per_line() {
    let server = Server::start_with(&["--format", "json"]);
    let pid = server.pid();
    let ready = format!("{{\"event\":\"ready\",\"pid\":{pid}}}\n");
    assert_eq!(server.stdout(), ready.as_bytes());
    let output = send(&[&pid.to_string(), "a \"quoted\"\nline\u{1b}"]);
    assert_success(&output);
    deliver(pid, b"\xFF\x00");
    let printed = server.wait_printed(|bytes| bytes.iter().filter(|b| **b == b'\n').count() == 2);
    let text = String::from_utf8(printed).unwrap();
    let lines: Vec<_> = text.lines().collect();
    // SAFETY: getuid takes nothing and cannot fail.
    let uid = unsafe { libc::getuid() };
    let quoted = r#""text":"a \"quoted\"\nline\u001b""#;
    let wanted = format!("\"uid\":{uid},\"bytes\":16,{quoted},\"retransmissions\":");
    assert!(lines[0].contains(&wanted), "{text}");
    assert!(lines[1].contains(r#""bytes":2,"base64":"/wA=","#), "{text}");
    for (line, content) in lines.into_iter().zip(["text", "base64"]) {
        assert!(line.starts_with("{\"event\":\"message\",\"pid\":") && line.ends_with('}'));
        let keys = json_keys(line);
        let wanted = format!("event pid uid bytes {content} retransmissions seconds");
        assert_eq!(keys.join(" "), wanted, "{line}");
    }
    server.stop();
}

#[test]
fn a_terminal_shows_a_message_as_it_is_but_for_what_drives_it() {
    let mut serve = on_terminal(&format!("exec '{MINITALK}' serve --count 1"));
    let terminal = Process::spawn(&mut serve);
    let line = terminal.wait_stdout(|bytes| bytes.contains(&b'\n'));
    let line = String::from_utf8(line).unwrap();
    let pid: i32 = line.trim().strip_prefix("PID ").unwrap().parse().unwrap();
    deliver(
        pid,
        b"C:\\dir\n\ttwo lines\n\x1b[31mred\x07\xc2\x9b\xe2\x80\xae",
    );
    let output = terminal.output();
    let shown = String::from_utf8(output.stdout).unwrap();
    // The terminal ends each line with a carriage return too.
    let wanted = "C:\\dir\r\n\ttwo lines\r\n\\u{1b}[31mred\\u{7}\\u{9b}\\u{202e}\r\n";
    assert!(shown.ends_with(wanted), "{shown:?}");
}

#[test]
fn verbose_reports_the_cost_of_a_message() {
    let server = Server::start();
    let output = send(&["-v", &server.pid().to_string(), "12345"]);
    assert_success(&output);
    let text = stderr(&output);
    for wanted in ["5 bytes", "signals", "retransmissions", " ms, ", "B/s"] {
        assert!(text.contains(wanted), "{text}");
    }
    server.stop();
}

#[test]
fn a_trace_shows_every_byte_and_every_answer_in_both_directions() {
    let output = run(minitalk(["demo", "--trace", "Hi"]));
    assert_success(&output);
    assert_eq!(output.stdout, b"Hi\n");
    let text = stderr(&output);
    let common = [
        "hello, version 2",
        "open, in bits",
        "  length",
        "01001000  0x48  'H'",
        "01101001  0x69  'i'",
        "  checksum",
        "-> ok, next ",
    ];
    let request = ["01000000  0x40  request", "-> delivered 80"];
    let reply = ["10000000  0x80  reply", "  reference", "-> delivered 144"];
    let pid = |end: &str| {
        let (_, rest) = text.split_once(&format!("{end}: PID ")).unwrap();
        rest.split_once(',').unwrap().0
    };
    for (sender, own) in [(pid("client"), &request[..]), (pid("server"), &reply)] {
        let frame = format!("frame of client {sender} complete: 2 bytes");
        assert!(text.contains(&frame), "{frame} is not in\n{text}");
        let column = format!("  {sender}  ");
        let lines = text.lines().filter(|line| line.contains(&column));
        let lines: Vec<&str> = lines.collect();
        for part in common.iter().chain(own) {
            let is_shown = lines.iter().any(|line| line.contains(part));
            assert!(
                is_shown,
                "{part} is not in the lines of {sender} in\n{text}"
            );
        }
    }
    assert!(!text.contains('\x1b'), "colours are printed to a pipe");
}

/// Bits come in any order where some are lost; one may complete several bytes.
#[test]
fn a_trace_shows_every_byte_of_a_client_whose_bits_are_lost() {
    let text = "abcdefghijklmnopqrstuvwxyz";
    let server = Server::spawn(&mut minitalk(["trace"]));
    let pid = server.pid().to_string();
    let storm = Process::spawn(Command::new(program("storm")).arg(&pid));
    let before = cpu_time(server.pid());
    wait_until("the storm reaches the server", || {
        cpu_time(server.pid()) > before + 2
    });
    let send = minitalk(["send", "-v", "--lane", "bit", &pid, text]);
    let client = Process::spawn(&mut { send });
    let client_pid = format!(" {} ", client.pid());
    let output = client.output();
    assert_success(&output);
    // Whether a bit is lost depends on the scheduler; on one CPU it is rare.
    if stderr(&output).contains(" 0 of them retrans") {
        eprintln!("no bit was lost this time");
    }
    drop(storm);
    let trace = String::from_utf8(server.stop().stdout).unwrap();
    let lines = trace.lines().filter(|line| line.contains(&client_pid));
    let bytes: Vec<_> = lines.filter(|line| line.contains("  0x")).collect();
    let bytes = bytes.join("\n");
    // The bytes of the length and of the checksum are not letters.
    let letters = bytes.split('\'').skip(1).step_by(2);
    assert_eq!(letters.collect::<String>(), text, "{bytes}");
    assert_eq!(bytes.matches("  0x").count(), 4 + text.len() + 4);
}

#[test]
fn trace_is_a_server_that_prints_its_trace_on_stdout() {
    let server = Server::spawn(minitalk(["trace", "-v"]).env("CLICOLOR_FORCE", "1"));
    deliver_by("bit", server.pid(), b"a\x1b[2J");
    let output = server.stop();
    assert_success(&output);
    assert_eq!(stderr(&output), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"a\\u{1b}[2J\""), "{text}");
    assert!(text.contains("SI_QUEUE"), "{text}");
    assert!(!text.contains("\x1b[2J"), "an escape sequence is printed");
    assert!(text.contains("\x1b[36m"), "no colours: {text}");
}

#[test]
fn colors_are_for_terminals_that_have_them() {
    for (name, value, has_colors) in [
        ("TERM", "xterm", true),
        ("TERM", "dumb", false),
        ("NO_COLOR", "1", false),
    ] {
        let mut demo = on_terminal(&format!("exec '{MINITALK}' demo --trace x"));
        demo.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let output = run(demo.env("TERM", "xterm").env(name, value));
        assert_success(&output);
        let has_escape = output.stdout.contains(&b'\x1b');
        assert_eq!(has_escape, has_colors, "{name}={value}: {output:?}");
    }
}

#[test]
fn progress_is_shown_on_request() {
    let server = Server::start_with(&["--format", "raw"]);
    let pid = server.pid().to_string();
    let text = "x".repeat(8_000);
    let bits = ["--lane", "bit", &pid, &text];
    let shown = send(&[&["--progress", "always"], &bits[..]].concat());
    assert_success(&shown);
    let line = stderr(&shown);
    assert!(
        line.contains(" of 8.0 KB") && line.contains("resent"),
        "{line:?}"
    );
    assert!(line.ends_with('\r'), "the line is not erased: {line:?}");
    let silent = send(&bits);
    assert_eq!(stderr(&silent), "", "progress is printed to a pipe");
    server.stop();
}

/// A line that wraps would scroll at each update.
#[test]
fn progress_fits_in_the_width_of_the_terminal() {
    let server = Server::start_with(&["--format", "raw"]);
    let send = format!(
        "stty columns 40; exec '{MINITALK}' send --progress always --lane bit {} \"$TEXT\"",
        server.pid()
    );
    let output = run(on_terminal(&send).env("TEXT", "x".repeat(8_000)));
    assert_success(&output);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("\r  "), "{shown:?}");
    assert!(!shown.contains('\n'), "{shown:?}");
    for line in shown.split('\r') {
        assert!(line.chars().count() < 40, "{line:?}");
    }
    server.stop();
}
