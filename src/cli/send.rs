//! `minitalk send`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use lexopt::Arg;
use minitalk::client::{self, Options, Progress, Report};
use minitalk::dialect::Dialect;
use minitalk::event::SignalSet;
use minitalk::inbox::Inbox;
use minitalk::pid::Pid;

use super::args;
use super::exit::{Failure, say};
use super::format::refuse_closed;
use super::help;
use super::progress::{Line, When};
use super::units::{MILLISECOND, decimal, rate};

pub fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let mut positional = Vec::new();
    let mut file = None;
    let mut options = Options::default();
    let (mut lane, mut dialect, mut first) = (None, None, None);
    let mut progress = When::Auto;
    let mut verbose = false;
    // After it nothing is an option, and - is a message.
    let is_literal = args.iter().any(|arg| arg == "--");
    let mut parser = args::parser(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return help::print(help::SEND),
            Arg::Short('v') | Arg::Long("verbose") => verbose = true,
            Arg::Long("force") => options.force = true,
            Arg::Long("timeout") => options.timeout = args::seconds(&mut parser, "--timeout")?,
            Arg::Long("eco") => options.eco = true,
            Arg::Long("lane") => lane = Some(args::lane(&mut parser)?),
            Arg::Long("progress") => progress = args::progress(&mut parser)?,
            Arg::Long("dialect") => {
                dialect = args::dialects(&mut parser)?.given();
            }
            Arg::Long("first") => first = Some(args::number(&mut parser, "--first", 0)?),
            Arg::Long("file") => file = Some(PathBuf::from(parser.value()?)),
            Arg::Value(value) => positional.push(value),
            // A negative number is no option, it is a PID that cannot be.
            Arg::Short(digit @ '0'..='9') => {
                let rest = parser.optional_value().unwrap_or_default();
                let mut text = OsString::from(format!("-{digit}"));
                text.push(rest);
                positional.push(text);
            }
            other => return Err(args::unexpected(other, help::SEND)),
        }
    }
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
    let pid = args::pid_or_name(&pid)?;
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
                let read = fs::File::open(&path).and_then(|file| read_whole(file, LONGEST));
                read.map_err(|error| Failure::io(format!("cannot read {path:?}"), error))
            }
            Self::Stdin => {
                let read = refuse_closed(0, "input")
                    .and_then(|()| read_whole(io::stdin().lock(), LONGEST));
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
fn read_whole(mut from: impl Read, limit: usize) -> io::Result<Vec<u8>> {
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
            let text = format!("it has more than {limit} bytes, the longest message");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        bytes.try_reserve(count)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// Sends what `source` holds to the server `pid`.
pub fn send(pid: Pid, source: Source, options: Options, progress: When) -> Result<Report, Failure> {
    let failed = |error| Failure::send_to(pid, &error);
    // Before the message is read, so that a wrong PID is told at once.
    let server = client::find(pid, options.force).map_err(failed)?;
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
    inbox.retire();
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
    let server = client::find(pid, options.force).map_err(failed)?;
    let message = source.read()?;
    if !options.force {
        client::check(&server).map_err(failed)?;
    }
    let mut inbox = Inbox::open_for(SignalSet::BITS.union(SignalSet::STOPS))?;
    let mut watch = |sent, _| match first {
        Some(first) if sent >= first => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let result = client::speak_watched(
        &mut inbox,
        &server,
        &message,
        dialect,
        options.timeout,
        &mut watch,
    );
    inbox.retire();
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
