//! `minitalk serve`.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use minitalk::Inbox;
use minitalk::SignalSet;
use minitalk::internals::ffi::{self, CpuSet};
use minitalk::server::{self, Config};

use super::command::Command;
use super::exit::Failure;
use super::flags::{self, Flag};
use super::format::Format;
use super::lines::Lines;
use super::list;
use super::notify;
use super::pid_file::PidFile;
use super::stop;
use super::trace::{Color, Trace};

/// How long the end of a server waits for a standard error that takes nothing.
const LAST_LINES: Duration = Duration::from_millis(125);

/// The options of a server.
pub struct Options {
    pub config: Config,
    /// The signals that messages come in.
    pub signals: SignalSet,
    pub eco: bool,
    pub format: Format,
    /// The trace to show, made of the three options after it.
    pub trace: Option<Trace>,
    is_traced: bool,
    every_signal: bool,
    color: Color,
    /// What others find the server by.
    pub name: Option<String>,
    pub pid_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: Config::default(),
            signals: SignalSet::LANES,
            eco: false,
            format: Format::Text,
            trace: None,
            is_traced: false,
            every_signal: false,
            color: Color::Auto,
            name: None,
            pid_file: None,
        }
    }
}

pub const SERVE: Command = Command {
    name: "serve",
    synopsis: "[options]",
    summary: "print this process's PID, then the messages that come",
    about: "\
Prints \"PID 4242\" on the first line of standard output, then each message and a newline when it is complete. A message
is written before its client is told that it is delivered. On a terminal, control characters (line ends too), invisible
characters and backslashes are shown escaped, whatever the format.
SIGINT and SIGTERM end it: finished messages are written first, clients in mid-message are told; a second one ends it at
once. SIGHUP does not, but the end of a terminal that is its standard output does. It is ready when it has printed its
PID, written the PID file, and told NOTIFY_SOCKET, if that is set (sd_notify(3)).
",
    specs: || flags::specs(&[FORMAT, TRACE_SWITCH, COMMON]),
    notes: String::new,
    run: |command, args| run(command, &[FORMAT, TRACE_SWITCH, COMMON], args),
};

pub const TRACE: Command = Command {
    name: "trace",
    synopsis: "[options]",
    summary: "as serve, and shows every byte that comes and what is answered",
    about: "\
A server that shows on standard output how it is spoken to: a line for each byte with the time since the line before,
the sender's PID, the signal that completed it and its si_code, the bits in the order in which they came, the byte, and
what was answered. Messages follow in quotes. SIGINT and SIGTERM end it. Where it is read too slowly, lines are left out
and counted; no client waits for them, except for its message to be printed.
",
    specs: || flags::specs(&[COMMON]),
    notes: String::new,
    run: |command, args| run(command, &[COMMON], args),
};

const FORMAT: &[Flag<Options>] = &[Flag::value(
    "--format text|raw|json",
    "text: as above. raw: nothing but the messages' bytes, the PID on standard error. json: one object a line, first \
         {\"PID\": 4242 }, then for each message pid, uid (if the kernel attested it), bytes, text (or base64), \
         retransmissions, duration (in seconds)",
    |options, given| {
        given
            .choose([Format::Text, Format::Raw, Format::Json])
            .map(|value| options.format = value)
    },
)];

const TRACE_SWITCH: &[Flag<Options>] = &[Flag::switch(
    "--trace",
    "show every byte that comes, and what is answered, on standard error; -v: every signal",
    |options| options.is_traced = true,
)];

/// The options that `serve` and `trace` share.
const COMMON: &[Flag<Options>] = &[
    Flag::value("--count N", "end after N messages", |options, given| {
        given
            .number(1)
            .map(|value| options.config.count = Some(value))
    }),
    Flag::value(
        "--max-message BYTES",
        "reject longer messages (default 16777216)",
        |options, given| {
            given
                .number(0)
                .map(|value| options.config.max_message = value.try_into().unwrap_or(usize::MAX))
        },
    ),
    Flag::value(
        "--max-memory BYTES",
        "hold no more than this of all clients together, messages that wait to be written included; who comes beyond it waits, \
         or is rejected (default: twice --max-message, 134217728 at least)",
        |options, given| {
            given.number(1).map(|value| {
                options.config.max_memory = Some(value.try_into().unwrap_or(usize::MAX));
            })
        },
    ),
    Flag::value(
        "--lane auto|bit",
        "bit: take messages in bits only, and do not catch the signal of words (default auto)",
        |options, given| {
            given
                .choose([SignalSet::LANES, SignalSet::BITS])
                .map(|value| options.signals = value)
        },
    ),
    Flag::value(
        "--dialect SPEC",
        "how other programs' clients talk: a preset or key=value,... as listed by minitalk dialects; auto (default): \
             find it out, and say so on standard error",
        |options, given| {
            given
                .dialects()
                .map(|value| options.config.dialects = value)
        },
    ),
    Flag::switch(
        "--eco",
        "burn no CPU to be fast: sleep for every signal, on one CPU, where clients with --eco follow",
        |options| options.eco = true,
    ),
    Flag::value(
        "--idle-timeout SECONDS",
        "drop the half message of a client silent for so long (default 60; 0: never)",
        |options, given| {
            given
                .seconds_or_never()
                .map(|value| options.config.idle_timeout = value)
        },
    ),
    Flag::switch(
        "-v, --verbose",
        "a line of the trace for each signal, not for each byte",
        |options| options.every_signal = true,
    ),
    Flag::value(
        "--color auto|always|never",
        "colours in the trace (auto: on a terminal, unless NO_COLOR is set)",
        |options, given| {
            given
                .choose([Color::Auto, Color::Always, Color::Never])
                .map(|value| options.color = value)
        },
    ),
    Flag::value(
        "--name NAME",
        "be found by this name: minitalk send NAME (at most 15 bytes)",
        |options, given| given.text().map(|value| options.name = Some(value)),
    ),
    Flag::value(
        "--pid-file PATH",
        "write the PID there once ready; removed at the end. It is an error if something is there that is not the PID \
             file of a server that has ended",
        |options, given| {
            options.pid_file = Some(given.value.into());
            Ok(())
        },
    ),
];

fn run(command: &Command, tables: &[&[Flag<Options>]], args: Vec<OsString>) -> Result<(), Failure> {
    let to_stdout = command.name == TRACE.name;
    let mut options = Options {
        is_traced: to_stdout,
        ..Options::default()
    };
    let Some(positional) = flags::parse(command, tables, args, &mut options)? else {
        return Ok(());
    };
    flags::refuse_positional(&positional)?;
    if options.every_signal && !options.is_traced {
        return Err(Failure::usage(VERBOSE_ALONE));
    }
    options.trace = options.is_traced.then_some(Trace {
        to_stdout,
        every_signal: options.every_signal,
        color: options.color,
    });
    serve(options)
}

/// The usage error of `-v` without a trace.
pub const VERBOSE_ALONE: &str = "-v shows every signal of a trace, and there is none; add --trace";

/// Serves until the end.
pub fn serve(mut options: Options) -> Result<(), Failure> {
    let given = options.config.dialects.given();
    options.config.trace = options.trace.is_some();
    if options.trace.is_some_and(|trace| trace.to_stdout) {
        options.format = Format::Quoted;
    }
    let mut tracer = options.trace.map(|trace| trace.tracer(given));
    let to_stdout = options.trace.is_some_and(|trace| trace.to_stdout);
    ffi::tune_allocator();
    // What fails is an error that says so, and not the end.
    ffi::ignore_file_size();
    let stop = stop::watch(options.signals)?;
    let mut inbox = Inbox::open_for(options.signals)?;
    if let Some(name) = &options.name {
        list::take_name(name)?;
    }
    if options.eco {
        inbox.never_spin();
        // So that clients that follow us need to do so once.
        if let Some(cpu) = ffi::this_cpu() {
            CpuSet::only(cpu).apply();
        }
    }
    // One that prints on a terminal ends with it all the same, in order; see `stop`. A trace is for whoever looks at it: through a
    // pipe, too, it is not to be left behind.
    if !to_stdout || io::stdout().is_terminal() {
        ffi::ignore_hangup();
    }
    let lines = Lines::start(to_stdout)?;
    let format = options.format;
    let pid_file = options.pid_file.map(PidFile::write).transpose()?;
    let result = format
        .output(to_stdout.then(|| lines.clone()))
        .and_then(|output| format.announce(ffi::getpid(), &lines).map(|()| output))
        .map_err(|error| Failure::io("cannot print the PID", error))
        .and_then(|output| {
            let ready = notify::ready().map(|()| output);
            ready.map_err(|error| Failure::io("cannot tell NOTIFY_SOCKET", error))
        })
        .and_then(|output| {
            let mut note = |note: &server::Note| match &mut tracer {
                None => lines.note(note),
                Some(tracer) => {
                    if let Some(line) = tracer.line(note) {
                        lines.line(line);
                    }
                }
            };
            stop::begin();
            server::serve_until(&mut inbox, options.config, output, &mut note, Some(&stop))
                .map_err(Failure::from)
        });
    inbox.leak();
    drop(pid_file);
    // A trace is the output, which may take its time.
    lines.finish((!to_stdout).then_some(LAST_LINES));
    result.map_err(Failure::urgent)
}
