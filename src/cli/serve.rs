//! `minitalk serve`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lexopt::{Arg, ValueExt};
use minitalk::client;
use minitalk::event::SignalSet;
use minitalk::ffi::{self, CpuSet};
use minitalk::inbox::Inbox;
use minitalk::peer::Peer;
use minitalk::pid::Pid;
use minitalk::server::{self, Config};
use minitalk::wire::sender::Lane;

use super::args;
use super::exit::Failure;
use super::format::Format;
use super::help;
use super::lines::Lines;
use super::list;
use super::notify;
use super::stop;
use super::trace::{Color, Trace};

/// How long the end of a server waits for its notes to be read.
const LAST_LINES: Duration = Duration::from_millis(250);

/// The options of a server.
pub struct Options {
    pub config: Config,
    /// The signals that messages come in.
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
            signals: SignalSet::LANES,
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
            Arg::Long("max-memory") => {
                let limit = args::number(&mut parser, "--max-memory", 1)?;
                options.config.max_memory = Some(limit.try_into().unwrap_or(usize::MAX));
            }
            Arg::Long("idle-timeout") => {
                options.config.idle_timeout =
                    args::seconds_or_never(&mut parser, "--idle-timeout")?;
            }
            Arg::Long("lane") => {
                options.signals = match args::lane(&mut parser)? {
                    Lane::Auto => SignalSet::LANES,
                    Lane::Bit => SignalSet::BITS,
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
    let lines = Lines::start(to_stdout, options.timestamps)?;
    let format = options.format;
    let pid_file = options.pid_file.map(PidFile::write).transpose()?;
    let result = format
        .output(to_stdout.then(|| lines.clone()))
        .and_then(|output| format.announce(ffi::getpid()).map(|()| output))
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
            server::serve_until(&mut inbox, options.config, output, &mut note, Some(&stop))
                .map_err(Failure::from)
        });
    inbox.retire();
    drop(pid_file);
    // A trace is the output, which may take its time.
    lines.finish((!to_stdout).then_some(LAST_LINES));
    result.map_err(Failure::urgent)
}

/// A file that holds our PID for as long as this lives.
struct PidFile(PathBuf);

impl PidFile {
    /// Writes it whole or not at all: somebody may be waiting for it to appear. What is there and is no PID file of a server
    /// that has ended is left alone.
    fn write(path: PathBuf) -> Result<Self, Failure> {
        let refuse = |why: String| {
            Err(Failure::io(
                format!("cannot write the PID file {path:?}"),
                why,
            ))
        };
        if let Ok(there) = fs::symlink_metadata(&path) {
            if !there.is_file() {
                return refuse("it is not a regular file".into());
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let Ok(pid) = Pid::parse(text.trim()) else {
                return refuse("there is a file that holds no PID".into());
            };
            if Peer::open(pid).is_ok_and(|peer| client::check(&peer).is_ok()) {
                return refuse(format!(
                    "the server with PID {pid} that wrote it is still running"
                ));
            }
        }
        let mut part = path.clone().into_os_string();
        part.push(format!(".{}", ffi::getpid()));
        let part = Path::new(&part);
        fs::write(part, format!("{}\n", ffi::getpid()))
            .and_then(|()| fs::rename(part, &path))
            .map_err(|error| {
                let _ = fs::remove_file(part);
                Failure::io(format!("cannot write the PID file {path:?}"), error)
            })?;
        Ok(Self(path))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let ours =
            fs::read_to_string(&self.0).is_ok_and(|text| text.trim() == ffi::getpid().to_string());
        if ours {
            let _ = fs::remove_file(&self.0);
        }
    }
}
