//! `minitalk demo`: a server and a client, and a message between them.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileTypeExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;

use lexopt::Arg;
use minitalk::client::{self, Options};
use minitalk::event::Signal;
use minitalk::ffi;
use minitalk::inbox::Inbox;
use minitalk::peer::Peer;
use minitalk::pid::Pid;
use minitalk::wire::sender::Lane;

use super::args;
use super::exit::{Exit, Failure, say};
use super::format::{for_terminal, write_stdout};
use super::help;
use super::send::{self, Source};
use super::trace::Color;

const TEXT: &str = "Hello from one process to another, through SIGUSR1 and SIGUSR2 alone.";

pub fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let mut message = None;
    let (mut trace, mut every_signal) = (false, false);
    let mut options = Options::default();
    // To be seen at work, not to be fast.
    options.lane = Lane::Bit;
    let mut parser = args::parser(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return help::print(help::DEMO),
            Arg::Long("lane") => options.lane = args::lane(&mut parser)?,
            Arg::Long("eco") => options.eco = true,
            Arg::Long("trace") => trace = true,
            Arg::Short('v') | Arg::Long("verbose") => every_signal = true,
            Arg::Value(value) if message.is_none() => message = Some(value.into_vec()),
            other => return Err(args::unexpected(other, help::DEMO)),
        }
    }
    let message = match message {
        Some(message) => message,
        None if is_piped() => Source::Stdin.read()?,
        None => TEXT.into(),
    };
    if every_signal && !trace {
        return Err(Failure::usage(args::VERBOSE_ALONE));
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
    inbox.retire();
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
        ffi::tie_to_this_thread(&mut command);
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
            format!("the server did not start: {}", ready.trim_end()),
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
