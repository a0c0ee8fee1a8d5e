//! `minitalk demo`: a server, a client, a message from one to the other, and the reply.

use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileTypeExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use minitalk::client::{self, Options, Progress, Report, SendError};
use minitalk::engine;
use minitalk::internals::ffi;
use minitalk::server::{Config, Note};
use minitalk::wire::sender::Lane;
use minitalk::{Inbox, Peer, Signal, SignalSet};

use super::child::Child;
use super::command;
use super::exit::{Exit, Failure};
use super::flags::{Args, Flag, flags};
use super::lines::Lines;
use super::send;
use super::serve::VERBOSE_ALONE;
use super::source::Source;
use super::stdio::{print_stderr, write_stdout};
use super::text::for_terminal;
use super::trace::{Trace, Tracer};
use super::units::{MILLISECOND, count, decimal};

const TEXT: &str = "Hello from one process to another, through SIGUSR1 and SIGUSR2 alone.";

/// Limits the time that the server takes to print its PID.
const START: Duration = Duration::from_secs(60);

/// Limits the time that the server takes to end after an error. Then it is killed.
const END: Duration = Duration::from_secs(1);

pub const DEMO: command::Command = command::Command {
    name: "demo",
    synopsis: "[MESSAGE] [options]",
    summary: "run a server and a client, and show a message and its reply",
    about: "\
Starts minitalk serve --exec cat as a second process, and sends it MESSAGE (or standard input, if that is a pipe or a
file, or else a short default text) as minitalk send --reply does. cat prints the message, which makes it the reply.
Shows the reply, and stops the server. The reply goes to standard output, and what both directions took to standard
error. Exit code 0 only if the bytes that came back are identical.
",
    flags: &[FLAGS],
    notes: String::new,
    run,
};

const FLAGS: &[Flag] = flags! {
    send::LANE => "how message and reply travel (default bit); see minitalk help send";
    "--eco" => "neither end busy-polls";
    "--trace" => "show every byte and every answer, in both directions, on standard error; -v: every signal";
    "-v, --verbose" => "a line of the trace for each signal";
};

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
    let trace = trace.then_some(Trace {
        to_stdout: false,
        every_signal,
    });
    demo(&message, options, trace)
}

/// Returns whether standard input has a message: it is a pipe or a file, and not a terminal, `/dev/null` or a socket.
fn is_piped() -> bool {
    std::fs::metadata("/dev/stdin").is_ok_and(|m| m.is_file() || m.file_type().is_fifo())
}

fn demo(message: &[u8], options: Options, trace: Option<Trace>) -> Result<(), Failure> {
    let failed = |error| Failure::io("cannot start a server", error);
    let server_options = [
        (options.eco, "--eco"),
        (trace.is_some(), "--trace"),
        (trace.is_some_and(|trace| trace.every_signal), "-v"),
    ];
    let server_options = server_options.iter().filter(|(is_given, _)| *is_given);
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command
        .args(["serve", "--exec", "cat", "--max-message", "1G"])
        .args(server_options.map(|(_, name)| *name))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // The server inherits that the signals are ignored, so a stray one cannot end it before it has its handler. SIGTERM, which
    // ends it, may be ignored here.
    ffi::kill_with_thread(&mut command, Signal::TERM.into());
    let mut server = Child::spawn(&mut command, usize::MAX).map_err(failed)?;
    let pid = server.pid();
    let has_started = server.stdout.wait(0, START, &|text| text.contains(&b'\n'));
    if !has_started {
        return Err(Failure::new(Exit::Io, "the server did not start"));
    }
    let peer =
        client::find(pid, false).map_err(|error| Failure::find(pid, &error).without_hint())?;
    // Opened after the server has started: a child inherits that signals are ignored, but not that they are caught.
    let mut inbox = Inbox::open_for(match options.lane {
        // Without the signal for words, the reply comes in bits too.
        Lane::Bit => SignalSet::BITS.union(SignalSet::STOPS),
        Lane::Auto | Lane::Word => SignalSet::MINITALK,
    })?;
    print_stderr(format!("server: PID {pid}, runs cat for each message"));
    print_stderr(format!(
        "client: PID {}, sending {} to PID {pid}",
        ffi::getpid(),
        count(message.len() as u64, "byte")
    ));

    let sent = request(&mut inbox, &peer, message, options, trace);
    inbox.leak();
    let _ = peer.send(Signal::TERM, None);
    // After an error no process takes the reply, and the server could wait for that.
    let limit = match &sent {
        Ok(Ok(_)) => Duration::MAX,
        _ => END,
    };
    let status = server.wait(limit);
    let (report, reply) = sent?.map_err(|error| Failure::send_to(&peer, &error))?;
    print_stderr(format!("client: {}", send::describe_signals(&report)));
    print_stderr(format!(
        "server: replied with {}; there and back in {} ms",
        count(reply.len() as u64, "byte"),
        decimal(report.elapsed.as_nanos(), MILLISECOND, 3)
    ));
    print_stderr("client: received");
    if io::stdout().is_terminal() {
        write_stdout(format!("{}\n", for_terminal(&reply)).as_bytes())
    } else {
        write_stdout(&[&reply[..], b"\n"].concat())
    }
    .map_err(Failure::stdout)?;
    if let Some(status) = status.filter(|status| !status.success()) {
        return Err(Failure::new(
            Exit::Io,
            format!("the server ended with {status}"),
        ));
    }
    if reply != message {
        let why = "the reply is not the message";
        return Err(Failure::new(Exit::Rejected, why));
    }
    print_stderr("the bytes are identical");
    Ok(())
}

/// Sends the request, and shows the bytes of the reply as they come if there is a `trace`.
fn request(
    inbox: &mut Inbox,
    server: &Arc<Peer>,
    message: &[u8],
    options: Options,
    trace: Option<Trace>,
) -> Result<Result<(Report, Vec<u8>), SendError>, Failure> {
    let lines = Lines::start(false)?;
    let mut tracer = trace.map(|trace| Tracer::new(trace, None));
    let mut note = |note: &Note| {
        let line = tracer.as_mut().and_then(|tracer| tracer.line(note));
        line.into_iter().for_each(|line| lines.line(line));
    };
    let mut config = Config::default();
    config.max_message = message.len();
    config.trace = trace.is_some();
    let watch = &mut |_: &Progress| {};
    let result = engine::request(inbox, server, message, options, watch, config, &mut note);
    lines.finish(None);
    Ok(result)
}
