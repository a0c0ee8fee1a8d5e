//! `minitalk demo`: a server and a client, and a message between them.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileTypeExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;

use minitalk::Inbox;
use minitalk::Pid;
use minitalk::client::{self, Options};
use minitalk::internals::ffi;
use minitalk::internals::process::peer::Peer;
use minitalk::wire::sender::Lane;
use minitalk::{Signal, SignalSet};

use super::command;
use super::exit::{Exit, Failure, say};
use super::flags::{self, Flag};
use super::format::{for_terminal, write_stdout};
use super::send::{self, Source};
use super::serve::VERBOSE_ALONE;
use super::trace::Color;

const TEXT: &str = "Hello from one process to another, through SIGUSR1 and SIGUSR2 alone.";

pub const DEMO: command::Command = command::Command {
    name: "demo",
    synopsis: "[MESSAGE] [options]",
    summary: "do both, and show it",
    about: "\
Starts a server as a second process, sends it MESSAGE (or standard input, if that is a pipe or a file, or a short text
of its own), shows what the server printed, and stops the server. The server's output goes to standard output, what it
took to standard error. Exit code 0 only if the bytes were identical.
",
    specs: || flags::specs(&[FLAGS]),
    notes: String::new,
    run,
};

/// What the command line says.
struct Given {
    options: Options,
    trace: bool,
    every_signal: bool,
}

const FLAGS: &[Flag<Given>] = &[
    Flag::value(
        send::LANE,
        "how the message travels (default bit); see minitalk help send",
        |demo, given| {
            given
                .choose(send::LANES)
                .map(|value| demo.options.lane = value)
        },
    ),
    Flag::switch("--eco", "both ends burn no CPU to be fast", |demo| {
        demo.options.eco = true
    }),
    Flag::switch(
        "--trace",
        "show every byte on its way; -v: every signal",
        |demo| demo.trace = true,
    ),
    Flag::switch(
        "-v, --verbose",
        "a line of the trace for each signal",
        |demo| demo.every_signal = true,
    ),
];

fn run(command: &command::Command, args: Vec<OsString>) -> Result<(), Failure> {
    let mut given = Given {
        options: Options::default(),
        trace: false,
        every_signal: false,
    };
    // To be seen at work, not to be fast.
    given.options.lane = Lane::Bit;
    let Some(positional) = flags::parse(command, &[FLAGS], args, &mut given)? else {
        return Ok(());
    };
    let Given {
        options,
        trace,
        every_signal,
    } = given;
    let mut positional = positional.into_iter();
    let message = positional.next().map(OsStringExt::into_vec);
    flags::refuse_positional(positional.as_slice())?;
    let message = match message {
        Some(message) => message,
        None if is_piped() => Source::Stdin.read()?,
        None => TEXT.into(),
    };
    if every_signal && !trace {
        return Err(Failure::usage(VERBOSE_ALONE));
    }
    let mut more = Vec::new();
    if options.eco {
        more.push("--eco");
    }
    if trace {
        more.push("--trace");
    }
    if every_signal {
        more.push("-v");
    }
    if Color::Auto.on(&io::stderr()) {
        more.extend(["--color", "always"]);
    }
    demo(&message, options, &more)
}

/// Whether somebody gave us something on the standard input. A terminal, `/dev/null` or an inherited socket is nothing.
fn is_piped() -> bool {
    std::fs::metadata("/dev/stdin").is_ok_and(|m| m.is_file() || m.file_type().is_fifo())
}

fn demo(message: &[u8], options: Options, server_options: &[&str]) -> Result<(), Failure> {
    let mut server = Server::start(server_options)?;
    let pid = server.pid;
    say(format!("server: PID {pid}, waiting for signals"));
    say(format!(
        "client: sending {} bytes to PID {pid}",
        message.len()
    ));

    // Opened before the threads start, so that signals come to this thread only.
    let mut inbox = Inbox::open()?;
    let printed = server.collect_output();
    let traced = server.pass_on_trace();
    let sent = client::send(&mut inbox, &server.peer, message, options);
    inbox.leak();
    let stopped = server.stop();
    let printed = printed.join().unwrap_or_default();
    let _ = traced.join();

    let report = sent.map_err(|error| Failure::send_to(pid, &error))?;
    say(format!("client: {}", send::describe(&report)));
    say("server: printed");
    if io::stdout().is_terminal() {
        write_stdout(format!("{}\n", for_terminal(&printed)).as_bytes())
    } else {
        write_stdout(&[&printed[..], b"\n"].concat())
    }
    .map_err(|error| Failure::io("standard output", error))?;
    stopped?;
    if printed == message {
        say("the bytes are identical");
        Ok(())
    } else {
        Err(Failure::new(
            Exit::Rejected,
            "what the server printed is not what was sent",
        ))
    }
}

/// A server that is our child, ended at the latest when this is dropped.
struct Server {
    child: Child,
    pid: Pid,
    peer: Peer,
    stderr: Option<BufReader<ChildStderr>>,
}

impl Server {
    fn start(options: &[&str]) -> Result<Self, Failure> {
        let failed = |error| Failure::io("cannot start a server", error);
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command
            .args(["serve", "--format", "raw", "--max-message", "4294967295"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Started while our signals are ignored, which it inherits: a stray signal cannot end it before it has its handler.
        ffi::kill_with_thread(&mut command, SignalSet::NONE);
        let mut child = command.spawn().map_err(failed)?;
        // It is ready once it has said its PID.
        let mut ready = String::new();
        let mut stderr = child.stderr.take().map(BufReader::new);
        if let Some(stderr) = &mut stderr {
            let _ = stderr.read_line(&mut ready);
        }
        let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
        let found = pid.map(|pid| (pid, client::find(pid, false)));
        if let Some((pid, Ok(peer))) = found {
            return Ok(Self {
                child,
                pid,
                peer,
                stderr,
            });
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(Failure::new(
            Exit::Io,
            format!("the server did not start: {}", ready.trim_ascii_end()),
        ))
    }

    /// Reads what it prints in a thread: it would otherwise wait for us once the pipe is full.
    fn collect_output(&mut self) -> thread::JoinHandle<Vec<u8>> {
        let stdout = self.child.stdout.take();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stdout) = stdout {
                let _ = stdout.read_to_end(&mut bytes);
            }
            bytes
        })
    }

    /// Shows what it says on its standard error: its trace, or a complaint.
    fn pass_on_trace(&mut self) -> thread::JoinHandle<()> {
        let stderr = self.stderr.take();
        thread::spawn(move || {
            if let Some(mut stderr) = stderr {
                let _ = io::copy(&mut stderr, &mut io::stderr());
            }
        })
    }

    fn stop(mut self) -> Result<(), Failure> {
        let _ = self.peer.send(Signal::Term, None);
        let status = self.child.wait();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(
                Exit::Io,
                format!("the server ended with {status}"),
            )),
            Err(error) => Err(Failure::io("cannot wait for the server", error)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
