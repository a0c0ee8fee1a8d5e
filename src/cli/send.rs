//! `minitalk send`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use minitalk::Inbox;
use minitalk::Pid;
use minitalk::SignalSet;
use minitalk::client::{self, Options, Progress, Report};
use minitalk::dialect::Dialect;
use minitalk::internals::ffi;
use minitalk::wire::sender::Lane;

use super::command::Command;
use super::exit::{Failure, say};
use super::flags::{self, Flag};
use super::format::refuse_closed;
use super::progress::{Line, When};
use super::target;
use super::units::{MILLISECOND, decimal, rate};

pub const SEND: Command = Command {
    name: "send",
    synopsis: "PID|NAME [MESSAGE] [options]",
    summary: "send a message (or standard input) to a server",
    about: "\
Sends MESSAGE, or standard input if there is none or it is -, to the server with that PID or name (see minitalk list),
and returns once the server has written it to its output. Silent on success. Before the first signal it makes sure that
the target handles SIGUSR1 and SIGUSR2, which kill a process that does not. Behind -- nothing is an option, and - is a
MESSAGE.
",
    specs: || flags::specs(&[FLAGS]),
    notes: || "exit codes: see minitalk --help\n".into(),
    run,
};

/// What the command line says, before it is judged.
#[derive(Default)]
struct Given {
    options: Options,
    lane: Option<Lane>,
    dialect: Option<Dialect>,
    first: Option<u64>,
    file: Option<PathBuf>,
    progress: When,
    verbose: bool,
}

const FLAGS: &[Flag<Given>] = &[
    Flag::value(
        "--file PATH",
        "send the contents of a file",
        |send, given| {
            send.file = Some(given.value.into());
            Ok(())
        },
    ),
    Flag::value(
        "--timeout SECONDS",
        "give up after so long without progress, unless told to wait (default 5)",
        |send, given| given.seconds().map(|value| send.options.timeout = value),
    ),
    Flag::value(
        LANE,
        "how the message travels. bit: by SIGUSR1 and SIGUSR2. word: 24 bytes a signal, by real-time signal 44, or not \
             at all. auto (default): in words where the server takes them",
        |send, given| given.choose(LANES).map(|value| send.lane = Some(value)),
    ),
    Flag::value(
        "--dialect SPEC",
        "talk to a server of another kind: a preset or key=value,... as listed by minitalk dialects",
        |send, given| given.dialects().map(|value| send.dialect = value.given()),
    ),
    Flag::value(
        "--first N",
        "with --dialect: send no more than N signals and end, as a client does that is killed",
        |send, given| given.number(0).map(|value| send.first = Some(value)),
    ),
    Flag::switch(
        "--eco",
        "burn no CPU to be fast: sleep for every answer, on the CPU where the server runs",
        |send| send.options.eco = true,
    ),
    Flag::value(
        "--progress auto|always|never",
        "show how far it is, on standard error (auto: on a terminal, if it takes over a second)",
        |send, given| {
            given
                .choose([When::Auto, When::Always, When::Never])
                .map(|value| send.progress = value)
        },
    ),
    Flag::switch(
        "--force",
        "skip the check that the target handles the signals",
        |send| send.options.skip_check = true,
    ),
    Flag::switch(
        "-v, --verbose",
        "say on standard error what it took: bytes, signals, retransmissions, time, rate",
        |send| send.verbose = true,
    ),
];

/// How a message travels; `demo` has the option too, with another default.
pub const LANE: &str = "--lane auto|bit|word";

/// What the words of [`LANE`] mean, in their order.
pub const LANES: [Lane; 3] = [Lane::Auto, Lane::Bit, Lane::Word];

fn run(command: &Command, args: Vec<OsString>) -> Result<(), Failure> {
    let is_literal = args.iter().any(|arg| arg == "--");
    let mut given = Given::default();
    let Some(positional) = flags::parse(command, &[FLAGS], args, &mut given)? else {
        return Ok(());
    };
    let Given {
        mut options,
        lane,
        dialect,
        first,
        file,
        progress,
        verbose,
    } = given;
    if lane.is_some() && dialect.is_some() {
        return Err(Failure::usage(
            "--lane and --dialect exclude each other: the lanes are those of our own protocol",
        ));
    }
    if first.is_some() && dialect.is_none() {
        return Err(Failure::usage(
            "--first counts the signals of a dialect; add --dialect",
        ));
    }
    options.lane = lane.unwrap_or(options.lane);
    let mut positional = positional.into_iter();
    let pid = positional
        .next()
        .ok_or_else(|| Failure::usage("to which PID or name? A server prints its PID when it starts, and minitalk list shows it"))?;
    let pid = target::pid_or_name(&pid)?;
    let source = match (positional.next(), file) {
        (Some(_), Some(_)) => return Err(Failure::usage("MESSAGE and --file exclude each other")),
        (None, Some(path)) => Source::File(path),
        (Some(message), None) if is_literal || message != "-" => {
            Source::Argument(message.into_vec())
        }
        _ => Source::Stdin,
    };
    if let Some(extra) = positional.next() {
        return Err(Failure::usage(format!(
            "one MESSAGE at most; what is {extra:?}? Quote a message of several words"
        )));
    }
    let report = match dialect {
        None => send(pid, source, options, progress)?,
        Some(dialect) => speak(pid, source, &dialect, first, options)?,
    };
    if verbose {
        say(format_args!("minitalk: {}", describe(&report)));
    }
    Ok(())
}

/// Where a message comes from.
pub enum Source {
    Argument(Vec<u8>),
    File(PathBuf),
    Stdin,
}

impl Source {
    pub fn read(self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Argument(bytes) => Ok(bytes),
            Self::File(path) => {
                let read = fs::File::open(&path).and_then(|mut file| {
                    if file.metadata()?.len() > LONGEST as u64 {
                        return Err(too_long(LONGEST));
                    }
                    read_whole(&mut file, LONGEST)
                });
                read.map_err(|error| Failure::io(format!("cannot read {path:?}"), error))
            }
            Self::Stdin => {
                let read = refuse_closed(0, "input")
                    .and_then(|()| read_whole(&mut Blocking(io::stdin().lock()), LONGEST));
                read.map_err(|error| Failure::io("cannot read standard input", error))
            }
        }
    }
}

/// The longest message that a frame can hold.
const LONGEST: usize = u32::MAX as usize;

/// Reads to the end, but no further than a message may go.
///
/// # Errors
/// Those of the reader; FileTooLarge beyond `limit` bytes, OutOfMemory when there is no memory for what there is.
fn read_whole(from: &mut dyn Read, limit: usize) -> io::Result<Vec<u8>> {
    const CHUNK: usize = 1 << 16;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match from.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if count > limit - bytes.len() {
            return Err(too_long(limit));
        }
        bytes.try_reserve(count)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}

fn too_long(limit: usize) -> io::Error {
    let text = format!("it has more than {limit} bytes, the longest message");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

/// An input that is waited for, also where another program has made it non-blocking.
struct Blocking<R>(R);

impl<R: Read + AsFd> Read for Blocking<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ffi::wait_readable(self.0.as_fd())?;
                }
                result => return result,
            }
        }
    }
}

/// Sends what `source` holds to the server `pid`.
pub fn send(pid: Pid, source: Source, options: Options, progress: When) -> Result<Report, Failure> {
    let failed = |error| Failure::send_to(pid, &error);
    // Before the message is read, so that a wrong PID is told at once.
    let server = client::find(pid, options.skip_check).map_err(failed)?;
    let message = source.read()?;
    if !server.is_certain() {
        say(
            "minitalk: no pidfd here (before Linux 5.3, or denied by a filter): falling back to kill",
        );
    }
    let mut inbox = Inbox::open()?;
    let mut line = Line::new(progress);
    let mut watch = |progress: &Progress| line.show(progress);
    let result = client::send_watched(&mut inbox, &server, &message, options, &mut watch);
    inbox.leak();
    line.clear();
    result.map_err(failed)
}

/// Sends what `source` holds to the server `pid`, which speaks another dialect than ours; or no more than the `first` signals
/// of it.
fn speak(
    pid: Pid,
    source: Source,
    dialect: &Dialect,
    first: Option<u64>,
    options: Options,
) -> Result<Report, Failure> {
    let failed = |error| Failure::send_to(pid, &error);
    let server = client::find(pid, options.skip_check).map_err(failed)?;
    let message = source.read()?;
    if !options.skip_check {
        client::check(&server).map_err(failed)?;
    }
    let mut inbox = Inbox::open_for(SignalSet::BITS.union(SignalSet::STOPS))?;
    let mut watch = |sent, _| match first {
        Some(first) if sent >= first => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let result = client::send_as_watched(
        &mut inbox,
        &server,
        &message,
        dialect,
        options.timeout,
        &mut watch,
    );
    inbox.leak();
    result.map_err(failed)
}

/// What a transfer took, in a line.
pub fn describe(report: &Report) -> String {
    format!(
        "sent {} bytes in {} signals ({}), {} of them retransmissions, in {} ms, {} bytes/s{}",
        report.bytes,
        report.signals,
        if report.in_words { "words" } else { "bits" },
        report.resent,
        decimal(report.elapsed.as_nanos(), MILLISECOND, 3),
        rate(report.bytes as u64, report.elapsed),
        if report.confirmed {
            ""
        } else {
            "; nobody acknowledged it"
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_a_message_may_have() {
        let mut input = io::repeat(7).take(200_000);
        assert_eq!(read_whole(&mut input, 200_000).unwrap(), [7; 200_000]);
        let mut endless = io::repeat(7).take(1 << 20);
        let error = read_whole(&mut endless, 200_000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(endless.limit() > (1 << 20) - 400_000, "it read on");
    }
}
