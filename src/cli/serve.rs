//! `minitalk serve` and `minitalk trace`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use minitalk::engine::{self, Output};
use minitalk::internals::ffi::{self, CpuSet};
use minitalk::server::{Config, Note};
use minitalk::wire::frame::MAX_LEN;
use minitalk::{Inbox, Signal, SignalSet};

use super::command::Command;
#[cfg(feature = "tools")]
use super::exec;
use super::exit::Failure;
use super::flags::{Args, Flag, flags};
use super::format::Format;
use super::lines::{LAST_LINES, Lines};
use super::list;
use super::notify;
use super::pid_file::PidFile;
use super::stop;
use super::trace::{Trace, Tracer};

/// Returns the functions that handle messages instead of printing them, from the longest message and the lines for notes.
pub type MakeOutputs = Box<dyn FnOnce(usize, &Lines) -> Vec<Output>>;

/// Holds the options of a server.
#[derive(Default)]
pub struct ServeOptions {
    config: Config,
    /// Says whether messages come in bits only.
    pub bits_only: bool,
    eco: bool,
    format: Format,
    handler: Option<MakeOutputs>,
    trace: Option<Trace>,
    name: Option<String>,
    pid_file: Option<PathBuf>,
}

pub const SERVE: Command = Command {
    name: "serve",
    synopsis: if cfg!(feature = "tools") {
        "[--exec PROGRAM [ARG...]] [options]"
    } else {
        "[options]"
    },
    summary: "print this process's PID, then the messages that arrive",
    about: "\
Prints \"PID 4242\" on the first line of standard output, then each message and a newline before its client is told that
it is delivered. In a pipe or a file the bytes are exact. On a terminal, what could drive it or disguise a text is
escaped: control characters but tabs and line ends (\\u{1b}), invisible ones, and bytes that are not UTF-8 (\\xff).
SIGINT and SIGTERM end the server: it writes finished messages and rejects others. A second one ends it at once. It is
ready when it has printed its PID, written the PID file and notified NOTIFY_SOCKET (sd_notify(3)).
",
    flags: &[
        FORMAT,
        #[cfg(feature = "tools")]
        exec::FLAGS,
        COMMON,
    ],
    notes: String::new,
    run: |args| run(args, false),
};

pub const TRACE: Command = Command {
    name: "trace",
    synopsis: "[options]",
    summary: "as serve, and show every byte that arrives and every answer",
    about: "\
A server that shows its traffic on standard output: a line for each byte with the time since the last, the sender's
PID, the signal that completed the byte, its si_code, the bits in order of arrival, the byte and the answer. Messages
follow in quotes. Lines are left out and counted if the reader is too slow.

  2 lost before          two signals of this client were swallowed by pending ones of their number
  1 word missing before  this one is not taken; the client sends the other again
  again                  a bit or word that had come before
  (unasked)              an answer to no signal in particular, as that the message is written

NO_COLOR=1 turns colours off, and CLICOLOR_FORCE=1 turns them on in a pipe.
",
    flags: &[COMMON],
    notes: String::new,
    run: |args| run(args, true),
};

const FORMAT: &[Flag] = flags! {
    "--format text|raw|json" =>
        "text: as above. raw: only the messages' bytes, the PID on standard error. json: an object a line, first \
         {\"event\":\"ready\",\"pid\":4242}, then event, pid, uid (or null), bytes, text (or base64), retransmissions, seconds";
    "--trace" => "show every byte that arrives and every answer on standard error";
};

/// Lists the options that `serve` and `trace` share.
const COMMON: &[Flag] = flags! {
    "--count N" => "end after N messages";
    "--max-message SIZE" => "reject longer messages (default 16M, at most 1G; K, M and G are powers of 2^10)";
    "--max-memory SIZE" =>
        "limit the memory of all clients together; one beyond it waits or is rejected (default: twice --max-message, 128M at \
         least)";
    "--lane auto|bit" => "bit: in bits only; the signal of words is not caught (default auto)";
    "--dialect SPEC" =>
        "the protocol of other programs' clients (see minitalk dialects); auto (default): detect and report it";
    "--sender same|any" =>
        "any: the bits of all processes are one text, which is not answered, as from kill(1) in a loop (default same)";
    "--eco" => "do not busy-poll: sleep for every signal, on one CPU, to which clients with --eco move";
    "--idle-timeout SECONDS" => "drop the message of a client that is silent for so long (default 60; 0: never)";
    "-v, --verbose" => "a line of the trace for each signal, not for each byte";
    "--name NAME" => list::NAME;
    "--pid-file PATH" =>
        "write the PID there once ready, and remove it at the end; replaces only that of a server that has ended";
};

/// Explains the usage error of `-v` without a trace.
pub const VERBOSE_ALONE: &str = "-v shows every signal of a trace; add --trace";

fn run(mut args: Args, is_trace: bool) -> Result<(), Failure> {
    let bytes = |number: u64| number.try_into().unwrap_or(usize::MAX);
    let formats = [Format::Text, Format::Raw, Format::Json];
    let mut options = ServeOptions::default();
    let config = &mut options.config;
    config.count = args.number("--count", 1..=u64::MAX)?;
    if let Some(number) = args.size("--max-message", 0..=u64::from(MAX_LEN) + 1)? {
        config.max_message = bytes(number);
    }
    config.max_memory = args.size("--max-memory", 1..=u64::MAX)?.map(bytes);
    if let Some(dialects) = args.dialects()? {
        config.dialects = dialects;
    }
    if let Some(timeout) = args.seconds("--idle-timeout")? {
        config.idle_timeout = (!timeout.is_zero()).then_some(timeout);
    }
    options.bits_only = args.choice("--lane", &[false, true])?.unwrap_or_default();
    let streams = [None, Some(ffi::getpid())];
    options.config.one_stream = args.choice("--sender", &streams)?.flatten();
    options.eco = args.switch("--eco");
    #[cfg(feature = "tools")]
    {
        options.handler = exec::parse(&mut args)?;
    }
    if options.handler.is_none() {
        options.format = args.choice("--format", &formats)?.unwrap_or_default();
    }
    options.name = args.value("--name").map(list::valid_name).transpose()?;
    options.pid_file = args.value("--pid-file").map(PathBuf::from);
    let every_signal = args.switch("--verbose");
    if is_trace || args.switch("--trace") {
        options.trace = Some(Trace {
            to_stdout: is_trace,
            every_signal,
        });
    } else if every_signal {
        return Err(Failure::usage(VERBOSE_ALONE));
    }
    args.finish()?;
    serve(options)
}

/// Serves until the end.
pub fn serve(mut options: ServeOptions) -> Result<(), Failure> {
    let dialect = options.config.dialects.given();
    options.config.trace = options.trace.is_some();
    let mut tracer = options.trace.map(|trace| Tracer::new(trace, dialect));
    let to_stdout = options.trace.is_some_and(|trace| trace.to_stdout);
    let format = if to_stdout {
        Format::Quoted
    } else {
        options.format
    };
    ffi::tune_allocator();
    // At the limit on file sizes a write then fails with an error, instead of ending the server.
    ffi::ignore(Signal::XFSZ);
    let signals = match options.bits_only {
        true => SignalSet::BITS,
        false => SignalSet::LANES,
    };
    let stop = stop::watch(signals)?;
    let mut inbox = Inbox::open_for(signals)?;
    if let Some(name) = &options.name {
        list::take_name(name)?;
    }
    if options.eco {
        inbox.never_spin();
        // Clients that move to this CPU then do so once.
        if let Some(cpu) = ffi::this_cpu() {
            CpuSet::only(cpu).apply();
        }
    }
    // A server on a terminal shuts down when the terminal closes; see `stop`. SIGHUP ends a trace in a pipe.
    if !to_stdout || io::stdout().is_terminal() {
        ffi::ignore(Signal::HUP);
    }
    let lines = Lines::start(to_stdout)?;
    let limit = options.config.max_message;
    options.config.replies = options.handler.is_some();
    let pid_file = options.pid_file.map(PidFile::write).transpose()?;
    let ready = || {
        let outputs = match options.handler {
            Some(handler) => handler(limit, &lines),
            None => {
                let output = format.output(to_stdout.then(|| lines.clone()));
                vec![output.map_err(Failure::stdout)?]
            }
        };
        let announced = format.announce(ffi::getpid(), &lines);
        announced.map_err(|error| match format {
            Format::Raw => Failure::io("cannot write to standard error", error),
            _ => Failure::stdout(error),
        })?;
        notify::ready().map_err(|error| Failure::io("cannot notify NOTIFY_SOCKET", error))?;
        Ok(outputs)
    };
    let result = ready().and_then(|outputs| {
        let mut note = |note: &Note| match &mut tracer {
            None => lines.note(note),
            Some(tracer) => {
                if let Some(line) = tracer.line(note) {
                    lines.line(line);
                }
            }
        };
        stop::begin();
        engine::serve(&mut inbox, options.config, outputs, &mut note, Some(&stop))
            .map_err(Failure::from)
    });
    inbox.leak();
    drop(pid_file);
    // A trace is the output of the command, so its reader may take its time.
    lines.finish((!to_stdout).then_some(LAST_LINES));
    result.map_err(Failure::urgent)
}
