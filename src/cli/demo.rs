//! `minitalk demo`: a server, a client and a message between them.

use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileTypeExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use minitalk::client::{self, Options};
use minitalk::engine;
use minitalk::internals::ffi;
use minitalk::wire::sender::Lane;
use minitalk::{Inbox, Signal, SignalSet};

use super::child::Child;
use super::command;
use super::exit::{Exit, Failure};
use super::flags::{Args, Flag, flag};
use super::send;
use super::serve::VERBOSE_ALONE;
use super::source::Source;
use super::stdio::{print_stderr, write_stdout};
use super::text::for_terminal;

const TEXT: &str = "Hello from one process to another, through SIGUSR1 and SIGUSR2 alone.";

/// How long the server may take to print its PID.
const START: Duration = Duration::from_secs(60);

pub const DEMO: command::Command = command::Command {
    name: "demo",
    synopsis: "[MESSAGE] [options]",
    summary: "run a server and a client, and show both",
    about: "\
Starts a server as a second process, sends it MESSAGE (or standard input, if that is a pipe or a file, or else a short
default text), shows what the server printed, and stops the server. The server's output goes to standard output, the
cost of the message to standard error. Exit code 0 only if the bytes were identical.
",
    flags: &[FLAGS],
    notes: String::new,
    run,
};

const FLAGS: &[Flag] = &[
    flag(
        send::LANE,
        "how the message travels (default bit); see minitalk help send",
    ),
    flag("--eco", "neither end busy-polls"),
    flag(
        "--trace",
        "show every byte and every answer on standard error; -v: every signal",
    ),
    flag("-v, --verbose", "a line of the trace for each signal"),
];

fn run(mut args: Args) -> Result<(), Failure> {
    let mut options = Options::default();
    // The slow lane is the one to watch.
    options.lane = args.choice("--lane", &send::LANES)?.unwrap_or(Lane::Bit);
    options.eco = args.switch("--eco");
    let [trace, every_signal] = ["--trace", "--verbose"].map(|name| args.switch(name));
    let message = args.positional().map(OsStringExt::into_vec);
    args.finish()?;
    if every_signal && !trace {
        return Err(Failure::usage(VERBOSE_ALONE));
    }
    let message = match message {
        Some(message) => message,
        None if is_piped() => Source::Stdin.read()?,
        None => TEXT.into(),
    };
    let server_options = [
        (options.eco, "--eco"),
        (trace, "--trace"),
        (every_signal, "-v"),
    ];
    let server_options = server_options.iter().filter(|(is_given, _)| *is_given);
    demo(&message, options, server_options.map(|(_, name)| *name))
}

/// Returns whether standard input has a message: it is a pipe or a file, and not a terminal, `/dev/null` or a socket.
fn is_piped() -> bool {
    std::fs::metadata("/dev/stdin").is_ok_and(|m| m.is_file() || m.file_type().is_fifo())
}

fn demo<'a>(
    message: &[u8],
    options: Options,
    server_options: impl Iterator<Item = &'a str>,
) -> Result<(), Failure> {
    let failed = |error| Failure::io("cannot start a server", error);
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command
        .args(["serve", "--max-message", "4294967295"])
        .args(server_options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // The server inherits that the signals are ignored, so a stray one cannot end it before it has its handler.
    ffi::kill_with_thread(&mut command, SignalSet::NONE);
    let mut server = Child::spawn(&mut command, usize::MAX).map_err(failed)?;
    let pid = server.pid();
    server.stdout.wait(0, START, |text| text.contains(&b'\n'));
    let announced = server.stdout.len();
    let peer = client::find(pid, false);
    let peer = peer.map_err(|_| Failure::new(Exit::Io, "the server did not start"))?;
    // After the start of the server, which would not inherit caught signals as ignored ones.
    let mut inbox = Inbox::open()?;
    print_stderr(format!("server: PID {pid}, waiting for signals"));
    let count = message.len();
    print_stderr(format!("client: sending {count} bytes to PID {pid}"));

    let sent = engine::send(&mut inbox, &peer, message, options, &mut |_| {});
    inbox.leak();
    let _ = peer.send(Signal::TERM, None);
    let status = server.wait(Duration::MAX);
    server.stdout.wait(0, Duration::MAX, |_| false);
    let report = sent.map_err(|error| Failure::send_to(pid, &error))?;
    print_stderr(format!("client: {}", send::describe(&report)));
    print_stderr("server: printed");
    let printed = server.stdout.since(announced);
    let text = printed.strip_suffix(b"\n").unwrap_or(&printed);
    if io::stdout().is_terminal() {
        write_stdout(format!("{}\n", for_terminal(text)).as_bytes())
    } else {
        write_stdout(&printed)
    }
    .map_err(Failure::stdout)?;
    if let Some(status) = status.filter(|status| !status.success()) {
        return Err(Failure::new(
            Exit::Io,
            format!("the server ended with {status}"),
        ));
    }
    if text != message {
        let why = "the server printed something else than the message";
        return Err(Failure::new(Exit::Rejected, why));
    }
    print_stderr("the bytes are identical");
    Ok(())
}
