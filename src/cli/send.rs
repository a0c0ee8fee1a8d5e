//! `minitalk send`.

use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use minitalk::client::{self, DialectOptions, Options, Progress, Report, SendError};
use minitalk::dialect::Dialect;
use minitalk::engine;
use minitalk::internals::process::proc;
use minitalk::server::{Config, Dialects, Note};
use minitalk::wire::sender::Lane;
use minitalk::{Inbox, Peer, Pid, Signal, SignalSet};

use super::command::Command;
use super::exit::Failure;
use super::flags::{Args, Flag, flags};
use super::progress::{ProgressLine, ShowProgress};
use super::source::Source;
use super::stdio::{print_stderr, write_stdout};
use super::target;
use super::text::for_terminal;
use super::units::{MILLISECOND, amount, count, decimal, rate};

pub const SEND: Command = Command {
    name: "send",
    synopsis: "PID|NAME [MESSAGE] [options]",
    summary: "send a message (or standard input) to a server",
    about: "\
Sends MESSAGE, or standard input if there is none or it is -, to the server with that PID or name (see minitalk list),
and returns once the server has written it. Prints nothing on success. First it checks that the target handles SIGUSR1
and SIGUSR2, or waits for both: they kill a process that does neither. One that was started less than 5 s ago (or
--timeout, if shorter) is given that time. After -- nothing is an option, and - is a MESSAGE.
With --reply it prints the reply, which serve --exec gives: in a pipe the exact bytes, on a terminal as serve does.
",
    flags: &[FLAGS],
    notes: || "exit codes: see minitalk --help\n".into(),
    run,
};

const FLAGS: &[Flag] = flags! {
    "--file PATH" => "send the contents of a file";
    "--timeout SECONDS" => "give up after so long without progress, unless the server asks to wait (default 5)";
    "--reply" => "wait for the reply, and print it";
    "--reply-timeout SECONDS" =>
        "with --reply: give up so long after the delivery (default 30), which with serve --exec is the end of the program";
    LANE =>
        "bit: by SIGUSR1 and SIGUSR2. word: 32 bytes a signal, by real-time signal 44, or not at all. auto (default): in words \
         if the server takes them";
    "--dialect SPEC" => "use the protocol of another server (see minitalk dialects)";
    "--first N" => "with --dialect: end after N signals, with exit code 0";
    "--eco" => "do not busy-poll: sleep for every answer, on the CPU where the server runs";
    "--progress auto|always|never" =>
        "show progress on standard error (auto: on a terminal, after a second)";
    "--force" => "skip the check that the target handles the signals";
    "-v, --verbose" => "report bytes, signals, retransmissions, time and rate on standard error";
};

/// The age at which a server has installed its handlers.
const START: Duration = Duration::from_secs(5);

/// The time between two looks for handlers.
const LOOK: Duration = Duration::from_millis(5);

/// Limits the looks at a process that blocks both signals and may be between two waits for them.
const MAX_LOOKS: u32 = 100;

/// Describes the option that `demo` has too, with another default.
pub const LANE: &str = "--lane auto|bit|word";

/// Lists the meanings of the words of [`LANE`], in their order.
pub const LANES: [Lane; 3] = [Lane::Auto, Lane::Bit, Lane::Word];

fn run(mut args: Args) -> Result<(), Failure> {
    let mut options = Options::default();
    options.eco = args.switch("--eco");
    options.skip_check = args.switch("--force");
    options.timeout = wait(&mut args, "--timeout")?.unwrap_or(options.timeout);
    let wants_reply = args.switch("--reply");
    if wants_reply {
        let timeout = wait(&mut args, "--reply-timeout")?;
        options.reply_timeout = timeout.unwrap_or(options.reply_timeout);
    }
    let lane = args.choice("--lane", &LANES)?;
    options.lane = lane.unwrap_or(options.lane);
    let dialect = match args.dialects()? {
        Some(Dialects::Auto) => {
            return Err(Failure::usage(
                "--dialect auto: only serve detects a dialect; minitalk check --server finds a server's",
            ));
        }
        dialects => dialects.and_then(|dialects| dialects.given()),
    };
    let first = match dialect {
        Some(_) => args.number("--first", 0..=u64::MAX)?,
        None => None,
    };
    let file = args.value("--file").map(PathBuf::from);
    let progress = args.choice("--progress", &ShowProgress::ALL)?;
    let is_verbose = args.switch("--verbose");
    for (is_given, option, what) in [
        (lane.is_some(), "--lane", "lanes"),
        (wants_reply, "--reply", "replies"),
    ] {
        if is_given && dialect.is_some() {
            return Err(Failure::usage(format_args!(
                "{option} and --dialect exclude each other: only minitalk's own protocol has {what}"
            )));
        }
    }
    let pid = args
        .positional()
        .ok_or_else(|| Failure::usage("no PID or name; minitalk list shows the servers"))?;
    let message = args.positional();
    if let (Some(_), Some(extra)) = (&message, args.positional()) {
        return Err(Failure::usage(format!(
            "unexpected argument {extra:?} after MESSAGE; quote a message of several words"
        )));
    }
    let source = match (message, file) {
        (Some(_), Some(_)) => return Err(Failure::usage("MESSAGE and --file exclude each other")),
        (None, Some(path)) => Source::File(path),
        (Some(message), None) if args.has_separator || message != "-" => {
            Source::Argument(message.into_vec())
        }
        _ => Source::Stdin,
    };
    args.finish()?;
    let pid = target::pid_or_name(&pid)?;
    let report = match dialect {
        None => send(
            pid,
            source,
            options,
            progress.unwrap_or_default(),
            wants_reply,
        )?,
        Some(dialect) => send_in_dialect(pid, source, &dialect, first, options)?,
    };
    if is_verbose {
        let sent = count(report.signals, "signal");
        let text = match first == Some(report.signals) && !report.confirmed {
            true => format!("sent {sent}, then ended (--first)"),
            false => describe(&report),
        };
        print_stderr(format_args!("minitalk: {text}"));
    }
    Ok(())
}

/// Takes the value of an option, a number of seconds above 0.
fn wait(args: &mut Args, long: &str) -> Result<Option<Duration>, Failure> {
    match args.seconds(long)? {
        Some(Duration::ZERO) => Err(Failure::usage(format!(
            "{long}: expected more than 0 seconds"
        ))),
        seconds => Ok(seconds),
    }
}

/// Returns the server, which has to survive `signals`.
fn find(pid: Pid, options: Options, signals: SignalSet) -> Result<Arc<Peer>, Failure> {
    let failed = |error| Failure::find(pid, &error);
    let server = client::find(pid, true).map_err(failed)?;
    check(&server, options, signals).map_err(failed)?;
    Ok(server)
}

/// Checks that `server` survives `signals`, unless the options skip the check.
///
/// Many servers print their PID before they install their handlers, so a young process is given time. A process that blocks both
/// signals is given time too: it may be between two waits for them.
fn check(server: &Peer, options: Options, signals: SignalSet) -> Result<(), SendError> {
    if options.skip_check {
        return Ok(());
    }
    let (pid, both) = (server.pid(), SignalSet::BITS.mask());
    let mut looks = 0;
    loop {
        looks += 1;
        let checked = client::check_for(server, signals);
        let may_become_ready = matches!(checked, Err(SendError::Refused { .. }))
            && (proc::uptime(pid).is_ok_and(|age| age < START.min(options.timeout))
                || looks < MAX_LOOKS
                    && proc::status(pid).is_ok_and(|status| status.blocked & both == both));
        if !may_become_ready {
            return checked.map(drop);
        }
        thread::sleep(LOOK);
    }
}

/// Sends a message to the server `pid`; with `wants_reply` it waits for the reply, and prints it.
pub fn send(
    pid: Pid,
    source: Source,
    options: Options,
    progress: ShowProgress,
    wants_reply: bool,
) -> Result<Report, Failure> {
    // The server is found before the message is read, so that a wrong PID is reported before the user types one.
    let server = find(pid, options, SignalSet::BITS)?;
    let message = source.read()?;
    if !server.is_certain() {
        print_stderr(
            "minitalk: no pidfd here (before Linux 5.3, or denied by a filter): falling back to kill",
        );
    }
    let mut inbox = Inbox::open()?;
    let mut line = ProgressLine::new(progress);
    let mut watch = |progress: &Progress| line.show(progress);
    let result = match wants_reply {
        true => {
            let mut config = Config::default();
            config.dialects = Dialects::None;
            let notes = &mut |_: &Note| {};
            let (inbox, watch) = (&mut inbox, &mut watch);
            engine::request(inbox, &server, &message, options, watch, config, notes)
                .map(|(report, reply)| (report, Some(reply)))
        }
        false => engine::send(&mut inbox, &server, &message, options, &mut watch)
            .map(|report| (report, None)),
    };
    inbox.leak();
    line.clear();
    let (report, reply) = result.map_err(|error| Failure::send_to(&server, &error))?;
    if let Some(mut reply) = reply {
        if io::stdout().is_terminal() {
            reply = format!("{}\n", for_terminal(&reply)).into();
        }
        write_stdout(&reply).map_err(Failure::stdout)?;
    }
    Ok(report)
}

/// Sends a message in `dialect` to the server `pid`, or only the `first` signals of it.
fn send_in_dialect(
    pid: Pid,
    source: Source,
    dialect: &Dialect,
    first: Option<u64>,
    options: Options,
) -> Result<Report, Failure> {
    // A server that is asked for admission may install the handler of the other signal only then.
    let signals = match dialect.hello {
        true => Signal::from(dialect.hello_signal).into(),
        false => SignalSet::BITS,
    };
    let server = find(pid, options, signals)?;
    let failed = |error| Failure::send_to(&server, &error);
    let message = source.read()?;
    // Checked again, because reading may have taken long.
    check(&server, options, signals).map_err(failed)?;
    let mut inbox = Inbox::open_for(SignalSet::BITS.union(SignalSet::STOPS))?;
    let options = DialectOptions {
        dialect: *dialect,
        timeout: options.timeout,
        limit: first,
    };
    let result = client::send_as(&mut inbox, &server, &message, &options, &mut |_, _| {});
    inbox.leak();
    result.map_err(failed)
}

/// Describes the cost of a message in a line.
pub fn describe(report: &Report) -> String {
    format!(
        "{}, in {} ms, {}/s{}",
        describe_signals(report),
        decimal(report.elapsed.as_nanos(), MILLISECOND, 3),
        amount(rate(report.bytes as u64, report.elapsed)),
        if report.confirmed {
            ""
        } else {
            "; it was not acknowledged"
        },
    )
}

/// Describes the signals of a message.
pub fn describe_signals(report: &Report) -> String {
    format!(
        "sent {} in {} ({}), {} of them retransmissions",
        count(report.bytes as u64, "byte"),
        count(report.signals, "signal"),
        if report.in_words { "words" } else { "bits" },
        report.resent,
    )
}
