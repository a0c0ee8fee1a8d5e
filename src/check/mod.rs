//! `minitalk check`: runs somebody else's client or server against our half and reports what holds.
//!
//! Whatever is signalled is a child of this process, which knows it by a PID that it has not waited for. What could reach a
//! bystander is not tried: a client is never given 0, a negative number or a PID that a process could have. And the kernel is
//! asked to keep the signals of all that is started among themselves, for a server that misreads its client's PID signals
//! whatever process that is.
//!
//! | module | one idea |
//! | --- | --- |
//! | [`running`] | a child with an end |
//! | [`server`] | a server under way, and one message to it |
//! | [`shape`] | how a server prints a message |
//! | [`candidates`] | the dialects that a server might speak |
//! | [`answers`] | what its acknowledgements say |
//! | [`search`] | which of them it speaks |
//! | [`listen`] | the dialect of a client |
//! | [`rows`] | what is tried, and what is demanded |
//! | [`hints`] | what can be said about the handler |
//! | [`report`] | how it is shown |

mod answers;
mod candidates;
mod hints;
mod listen;
mod report;
mod rows;
mod running;
mod search;
mod server;
mod shape;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use minitalk::Signal;
use minitalk::internals::ffi;

use crate::cli::command::Command;
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::{self, Flag};
use crate::cli::format::write_stdout;
use report::{Section, Show, Verdict};
use rows::Stage;
use server::{Origin, Sender, Server};
use shape::Shape;

#[derive(Default)]
struct Options {
    client: Option<PathBuf>,
    server: Option<PathBuf>,
    audit: Option<PathBuf>,
    json: bool,
}

pub const CHECK: Command = Command {
    name: "check",
    synopsis: "--client|--server PATH [options]",
    summary: "what another client or server does well, and what not",
    about: "\
Runs another minitalk program against our half, and with both also the two against each other. Reports its dialect, and
whether texts of 1 to 10,000 bytes, the empty one and UTF-8 arrive as they were sent, how fast, and what happens when
things go wrong. What is run is \"server\", without arguments, and \"client PID MESSAGE\". It takes from ten seconds to two
minutes; what hangs is killed. Nothing but what it started itself is signalled.

  ok    as it should be                    warn  could be better, and need not be
  FAIL  the exercise demands otherwise     info  neither

Demanded: that the server prints its PID; that 1, 100 and 1,000 bytes, the empty text and UTF-8 arrive exactly, 100
bytes in less than a second, and 10,000 if they take no more than 30 s; that a client refuses a PID that nobody has;
that a server takes no more than 5 % of a CPU while it has nothing to do. Good to have: two clients at once, stray
signals, a server that prints the next message exactly when a client was killed in mid-message, a client that notices
the end of its server, a handler that calls only what it may.
",
    specs: || flags::specs(&[FLAGS]),
    notes: || {
        "exit codes: 0 all that is demanded holds; 9 not all does; 1 a program cannot be run; 2 usage\n".into()
    },
    run,
};

const FLAGS: &[Flag<Options>] = &[
    Flag::value("--client PATH", "the client to check", |options, given| {
        options.client = Some(given.value.into());
        Ok(())
    }),
    Flag::value(
        "--server PATH",
        "the server to check; with --client, the two against each other as well",
        |options, given| {
            options.server = Some(given.value.into());
            Ok(())
        },
    ),
    Flag::value(
        "--audit PATH",
        "the program that audits signal handlers, run as PATH --binary PROGRAM --follow; exit code 0 if they pass, 1 if \
             not, 2 if it cannot decide. Without it, minitalk-audit beside this program or in PATH, which cargo build -p \
             minitalk-audit makes, for programs for x86-64",
        |options, given| {
            options.audit = Some(given.value.into());
            Ok(())
        },
    ),
    Flag::switch(
        "--json",
        "one object: passed, and for client, server and pair program, dialect, passed and rows with verdict, what, \
             detail, seconds and bytes_per_second",
        |options| options.json = true,
    ),
];

fn run(command: &Command, args: Vec<OsString>) -> Result<(), Failure> {
    let mut options = Options::default();
    let Some(positional) = flags::parse(command, &[FLAGS], args, &mut options)? else {
        return Ok(());
    };
    flags::refuse_positional(&positional)?;
    if options.client.is_none() && options.server.is_none() {
        return Err(Failure::usage(
            "check what? --client PATH, --server PATH or both",
        ));
    }
    check(&options)
}

fn check(options: &Options) -> Result<(), Failure> {
    let failed = |error| Failure::io("cannot find this program", error);
    let ours = server::ours().map_err(failed)?;
    let audit = hints::find_audit(options.audit.as_deref(), &ours);
    let (client, server) = (program(&options.client)?, program(&options.server)?);
    // A server acknowledges what it takes for a bit, stray signals of ours too, which must not end us.
    for signal in [Signal::Usr1, Signal::Usr2] {
        ffi::install(signal).map_err(|error| Failure::io("sigaction", io::Error::from(error)))?;
    }
    // Before anything is started.
    let confined = ffi::confine_signals().is_ok();
    let show: Show = if options.json { |_| {} } else { show };
    let mut sections = Vec::new();
    let mut shape = None;
    if let Some(client) = &client {
        let mut section = Section::new("client", &[client], show);
        check_client(client, &ours, &mut section);
        hints::add(client, audit.as_deref(), &mut section);
        sections.push(section);
    }
    if let Some(server) = &server {
        let mut section = Section::new("server", &[server], show);
        shape = check_server(server, &ours, confined, &mut section)?;
        hints::add(server, audit.as_deref(), &mut section);
        sections.push(section);
    }
    if let (Some(client), Some(server)) = (&client, &server) {
        let mut section = Section::new("pair", &[client, server], show);
        check_pair(client, server, shape, &mut section);
        sections.push(section);
    }
    if options.json {
        let text = report::json(&sections);
        write_stdout(text.as_bytes()).map_err(|e| Failure::io("standard output", e))?;
    }
    let failures = sections.iter().flat_map(|section| &section.rows);
    match failures.filter(|row| row.verdict == Verdict::Fail).count() {
        0 => Ok(()),
        count => Err(Failure::new(
            Exit::Failed,
            format!("check found failures: {count}"),
        )),
    }
}

/// A program that can be run, wherever from.
fn program(path: &Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    use std::os::unix::fs::PermissionsExt;
    let Some(path) = path else {
        return Ok(None);
    };
    let cannot = |why: &dyn std::fmt::Display| Failure::io(format!("cannot run {path:?}"), why);
    // Not through links: what it is called may decide what it does.
    let found = std::path::absolute(path).map_err(|error| cannot(&error))?;
    let metadata = fs::metadata(&found).map_err(|error| cannot(&error))?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return Err(cannot(&"it is no file that may be executed (chmod +x)"));
    }
    Ok(Some(found))
}

/// Nobody is left to tell if it cannot be shown; the exit code still says it.
fn show(text: &str) {
    let _ = write_stdout(text.as_bytes());
}

fn check_client(client: &Path, ours: &Path, section: &mut Section) {
    match listen::dialect(client, ours) {
        Ok(found) => {
            let spec = found.dialect.map_or_else(
                || "minitalk's own".to_owned(),
                |dialect| dialect.to_string(),
            );
            let more = if found.is_content {
                ""
            } else {
                ", and does not end well"
            };
            section.add(Verdict::Ok, "dialect", &format!("{spec}{more}"));
            section.dialect = Some(spec);
            let origin = Origin::Ours(ours, found.dialect.as_ref());
            let mut stage = Stage::new(origin, Sender::Theirs(client), Shape::Bare);
            rows::exactness(&mut stage, section);
            rows::together(&mut stage, section);
            rows::server_killed(&mut stage, section);
            rows::strays_to_client(&mut stage, section);
        }
        Err(why) => section.add(Verdict::Fail, "dialect", &why),
    }
    rows::dead_pid(client, section);
}

/// The shape in which the server prints, if that was found out.
fn check_server(
    server: &Path,
    ours: &Path,
    confined: bool,
    section: &mut Section,
) -> Result<Option<Shape>, Failure> {
    match Server::start(&Origin::Theirs(server)) {
        Err(why) => {
            section.add(Verdict::Fail, "start", &why);
            return Ok(None);
        }
        Ok(started) => match started.complaint {
            Some(why) => section.add(Verdict::Fail, "prints its PID", &why),
            None => section.add(Verdict::Ok, "prints its PID", "yes"),
        },
    }
    // One that follows every dialect would let each pass.
    let is_ours = fs::canonicalize(server).ok() == fs::canonicalize(ours).ok();
    let found = if is_ours {
        let sender = Sender::Ours(ours, None);
        rows::shape_between(server, &sender).map(|shape| (None, shape))
    } else {
        search::dialect(server, confined)?.map(|found| (Some(found.dialect), found.shape))
    };
    let (dialect, shape) = match found {
        Ok(found) => found,
        Err(why) => {
            section.add(Verdict::Fail, "dialect", &why);
            return Ok(None);
        }
    };
    let spec = dialect.map_or_else(|| "minitalk's own".to_owned(), |d| d.to_string());
    section.add(Verdict::Ok, "dialect", &spec);
    section.add(Verdict::Info, "prints", &shape.describe());
    section.dialect = Some(spec);
    let sender = Sender::Ours(ours, dialect);
    let mut stage = Stage::new(Origin::Theirs(server), sender, shape.clone());
    rows::exactness(&mut stage, section);
    rows::together(&mut stage, section);
    rows::client_killed(&mut stage, section);
    rows::strays(&mut stage, section);
    rows::idle(&mut stage, section);
    Ok(Some(shape))
}

fn check_pair(client: &Path, server: &Path, shape: Option<Shape>, section: &mut Section) {
    let shape = match shape {
        Some(shape) => Ok(shape),
        None => rows::shape_between(server, &Sender::Theirs(client)),
    };
    match shape {
        Ok(shape) => {
            let origin = Origin::Theirs(server);
            let mut stage = Stage::new(origin, Sender::Theirs(client), shape);
            rows::exactness(&mut stage, section);
            rows::together(&mut stage, section);
        }
        Err(why) => section.add(Verdict::Fail, "first message", &why),
    }
}
