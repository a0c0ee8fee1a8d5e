//! `minitalk serve`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, ValueExt};
use minitalk::event::SignalSet;
use minitalk::ffi::{self, CpuSet};
use minitalk::inbox::Inbox;
use minitalk::server::{self, Config};
use minitalk::wire::sender::Lane;

use super::args;
use super::clock;
use super::exit::{Failure, say};
use super::format::{Format, write_stdout};
use super::help;
use super::list;
use super::notify;
use super::pid_file::PidFile;
use super::trace::{Color, Trace};

/// The options of a server.
pub struct Options {
    pub config: Config,
    /// What is caught.
    pub signals: SignalSet,
    pub eco: bool,
    pub format: Format,
    /// Not to serve, but to print this.
    pub help: Option<&'static str>,
    pub trace: Option<Trace>,
    /// Whether what it says on standard error begins with the time.
    pub timestamps: bool,
    /// What others find the server by.
    pub name: Option<String>,
    pub pid_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: Config::default(),
            signals: SignalSet::ALL,
            eco: false,
            format: Format::Text,
            help: None,
            trace: None,
            timestamps: false,
            name: None,
            pid_file: None,
        }
    }
}

pub fn run(args: Vec<OsString>) -> Result<(), Failure> {
    serve(parse(args, false)?)
}

/// `minitalk trace`: a server whose trace is its output.
pub fn trace(args: Vec<OsString>) -> Result<(), Failure> {
    serve(parse(args, true)?)
}

fn parse(args: Vec<OsString>, to_stdout: bool) -> Result<Options, Failure> {
    let text = if to_stdout { help::TRACE } else { help::SERVE };
    let mut options = Options::default();
    let mut is_traced = to_stdout;
    let mut every_signal = false;
    let mut color = Color::Auto;
    let mut parser = args::parser(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => {
                options.help = Some(text);
                return Ok(options);
            }
            Arg::Long("trace") => is_traced = true,
            Arg::Short('v') | Arg::Long("verbose") => every_signal = true,
            Arg::Long("color") => color = args::color(&mut parser)?,
            Arg::Long("format") if !to_stdout => {
                let name = parser.value()?.string()?;
                options.format = Format::from_name(&name).ok_or_else(|| {
                    Failure::usage(format!("--format {name:?}: one of text, raw and json"))
                })?;
            }
            Arg::Long("count") => {
                options.config.count = Some(args::number(&mut parser, "--count", 1)?)
            }
            Arg::Long("max-message") => {
                let limit = args::number(&mut parser, "--max-message", 0)?;
                options.config.max_message = limit.try_into().unwrap_or(usize::MAX);
            }
            Arg::Long("idle-timeout") => {
                options.config.idle_timeout =
                    args::seconds_or_never(&mut parser, "--idle-timeout")?;
            }
            Arg::Long("lane") => {
                options.signals = match args::lane(&mut parser)? {
                    Lane::Auto => SignalSet::ALL,
                    Lane::Bit => SignalSet::BITS.union(SignalSet::STOPS),
                    Lane::Word => {
                        return Err(Failure::usage(
                            "--lane word: hellos come in bits; a server takes auto or bit",
                        ));
                    }
                }
            }
            Arg::Long("dialect") => options.config.dialects = args::dialects(&mut parser)?,
            Arg::Long("eco") => options.eco = true,
            Arg::Long("timestamps") => options.timestamps = true,
            Arg::Long("name") => options.name = Some(parser.value()?.string()?),
            Arg::Long("pid-file") => options.pid_file = Some(parser.value()?.into()),
            other => return Err(args::unexpected(other, &[text, help::SERVE].concat())),
        }
    }
    if every_signal && !is_traced {
        return Err(Failure::usage(args::VERBOSE_ALONE));
    }
    options.trace = is_traced.then_some(Trace {
        to_stdout,
        every_signal,
        color,
    });
    Ok(options)
}

/// Serves until the end.
pub fn serve(mut options: Options) -> Result<(), Failure> {
    if let Some(text) = options.help {
        return help::print(text);
    }
    let given = options.config.dialects.given();
    options.config.trace = options.trace.is_some();
    if options.trace.is_some_and(|trace| trace.to_stdout) {
        options.format = Format::Quoted;
    }
    let mut tracer = options.trace.map(|trace| trace.tracer(given));
    let to_stdout = options.trace.is_some_and(|trace| trace.to_stdout);
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
    // A trace is for whoever looks at it, and ends with its terminal.
    if !to_stdout {
        ffi::ignore_hangup();
    }
    let timestamps = options.timestamps;
    let format = options.format;
    let pid_file = options.pid_file.map(PidFile::write).transpose()?;
    let result = format
        .output()
        .and_then(|output| format.announce(ffi::getpid()).map(|()| output))
        .map_err(|error| Failure::io("cannot print the PID", error))
        .and_then(|output| {
            let ready = notify::ready().map(|()| output);
            ready.map_err(|error| Failure::io("cannot tell NOTIFY_SOCKET", error))
        })
        .and_then(|output| {
            let mut note = |note: &server::Note| match &mut tracer {
                None if timestamps => say(format_args!("{} minitalk: {note}", clock::stamp())),
                None => say(format_args!("minitalk: {note}")),
                Some(tracer) => {
                    let line = tracer.line(note);
                    match line {
                        // Whoever reads it may have gone; messages are still to be taken.
                        Some(line) if to_stdout => {
                            drop(write_stdout(format!("{line}\n").as_bytes()))
                        }
                        Some(line) => say(line),
                        None => {}
                    }
                }
            };
            server::serve(&mut inbox, options.config, output, &mut note).map_err(Failure::from)
        });
    inbox.retire();
    drop(pid_file);
    result
}
