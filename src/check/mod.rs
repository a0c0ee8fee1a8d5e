//! `minitalk check`: runs another client or server against minitalk and reports what works.
//!
//! Every process that it signals is its own child, whose PID cannot be recycled before it is reaped. It never gives a client 0,
//! a negative number or a PID that a process could have. A server that misreads its client's PID could signal any process.
//! Therefore the kernel is asked to confine the signals of the programs under test to each other.

mod acks;
mod client_dialect;
mod delivery;
mod fault_tests;
mod fixture;
mod handler_audit;
mod isolation;
mod not_passed;
mod output_format;
mod report;
mod server;
mod server_dialect;
mod tests;
mod traffic;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use minitalk::SignalSet;
use minitalk::dialect::Dialect;
use minitalk::internals::ffi;

use crate::cli::command::Command;
use crate::cli::exec::executable;
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::{Args, Flag, flags};
use crate::cli::stdio::write_stdout;
use fixture::Fixture;
use isolation::Subject;
use not_passed::NotPassed;
use output_format::OutputFormat;
use report::{Section, Verdict};
use server::Server;
use server_dialect::SearchEnd;

pub const CHECK: Command = Command {
    name: "check",
    synopsis: "--client|--server PATH [options]",
    summary: "test another client or server",
    about: "\
Runs another minitalk program against minitalk, and with both also the two against each other. Reports its dialect, and
whether texts of 1 to 10,000 bytes, the empty one and UTF-8 arrive as they were sent, how fast, and what happens when
things go wrong. The programs are run as \"server\", without arguments, and \"client PID MESSAGE\". A check takes at
most a minute; programs that hang are killed, and what there was no time for is reported as not tried. On a slow machine
give it more time. Only programs that the check has started are signalled.

  ok    passes                             warn  could be better, but is not demanded
  FAIL  the exercise demands more          info  neither good nor bad

Demanded: that the server prints its PID; that the two send each other SIGUSR1 and SIGUSR2 alone; that 1, 100 and 1,000
bytes, the empty text and UTF-8 arrive exactly, 100 bytes in less than a second, and 10,000 if they take no more than
8 s; that a client refuses a PID that no process has; that a server takes no more than 5 % of a CPU while it has nothing
to do. Good to have: two clients at once, stray signals, a server that prints the next message exactly when a client was
killed in mid-message, a client that notices the end of its server and works with servers that are less tolerant than
minitalk's, handlers that pass minitalk-audit.
",
    flags: &[FLAGS],
    notes: || {
        "exit codes: 0 no demand failed; 9 one did; 1 a program cannot be run; 2 usage\n".into()
    },
    run,
};

const FLAGS: &[Flag] = flags! {
    "--client PATH" => "the client to check";
    "--server PATH" => "the server to check; with --client, the two against each other as well";
    "--audit PATH" =>
        "the program that audits signal handlers, run as PATH PROGRAM; exit code 0: they pass, 1: one fails, 2: it cannot \
         decide (default: minitalk-audit beside this program or in PATH; cargo install --path audit)";
    "--time-limit SECONDS" => "begin nothing new after so long (default 45)";
    "--json" =>
        "one object: passed, and for client, server and pair program, dialect, passed and rows with verdict, what, detail, \
         seconds and bytes_per_second";
};

fn run(mut args: Args) -> Result<(), Failure> {
    let [client, server, audit] =
        ["--client", "--server", "--audit"].map(|name| args.value(name).map(PathBuf::from));
    let time_limit = args.seconds("--time-limit")?.unwrap_or(TIME_LIMIT);
    let is_json = args.switch("--json");
    args.finish()?;
    if client.is_none() && server.is_none() {
        return Err(Failure::usage(
            "expected --client PATH, --server PATH or both",
        ));
    }
    let own_program = std::env::current_exe();
    let own_program =
        own_program.map_err(|error| Failure::io("cannot find this program", error))?;
    let programs = Programs {
        client: client.as_deref().map(executable).transpose()?,
        server: server.as_deref().map(executable).transpose()?,
        audit: handler_audit::find(audit, &own_program),
        own: own_program,
        time_limit,
    };
    // A server acknowledges stray signals too, which must not end this process.
    ffi::add_handled(SignalSet::BITS);
    for signal in SignalSet::BITS.iter() {
        ffi::install(signal).map_err(|error| Failure::io("sigaction", io::Error::from(error)))?;
    }
    // Must precede the start of every program.
    let confined = ffi::confine_signals().is_ok();
    let mut sections = programs.check(confined, !is_json)?;
    if is_json {
        write_stdout(report::json(&sections).as_bytes()).map_err(Failure::stdout)?;
    }
    let rows = sections.iter().flat_map(|section| &section.rows);
    let failures = rows.filter(|row| row.verdict == Verdict::Fail).count();
    let unshown = sections.iter_mut().find_map(|s| s.unshown.take());
    match (failures, unshown) {
        (0, None) => Ok(()),
        (0, Some(unshown)) => Err(unshown),
        (count, unshown) => {
            let lost = unshown.map(|failure| format!("; {}", failure.text()));
            let lost = lost.unwrap_or_default();
            let text = format!("check found failures: {count}{lost}");
            Err(Failure::new(Exit::Failed, text))
        }
    }
}

/// How long all sections together may take. A test that has begun by then is finished.
const TIME_LIMIT: Duration = Duration::from_secs(45);

/// Holds the programs of a check.
struct Programs {
    client: Option<PathBuf>,
    server: Option<PathBuf>,
    audit: Option<PathBuf>,
    own: PathBuf,
    time_limit: Duration,
}

impl Programs {
    fn check(&self, confined: bool, is_shown: bool) -> Result<Vec<Section>, Failure> {
        let mut sections = Vec::new();
        let mut of_client = None;
        let mut passes_with_partner = false;
        // An Instant that is much later may not be representable.
        let until = Instant::now() + self.time_limit.min(Duration::from_secs(u32::MAX.into()));
        let mut count = match (&self.client, &self.server) {
            (Some(_), Some(_)) => 3,
            _ => 1,
        };
        // The time that one section leaves over goes to the next ones.
        let mut share = || {
            let now = Instant::now();
            let share = until.saturating_duration_since(now) / count;
            count -= 1;
            now + share
        };
        // The pair comes first: programs that work with each other and not with minitalk may have a dialect that minitalk does
        // not know.
        if let (Some(client), Some(server)) = (&self.client, &self.server) {
            let mut section = Section::new("pair", &[client, server], is_shown);
            check_pair(client, server, &mut section, share());
            passes_with_partner = section.passes();
            sections.push(section);
        }
        if let Some(client) = &self.client {
            let mut section = Section::new("client", &[client], is_shown);
            section.passes_with_partner = passes_with_partner;
            of_client = self.check_client(client, &mut section, share());
            handler_audit::add(client, self.audit.as_deref(), &mut section);
            sections.push(section);
        }
        if let Some(server) = &self.server {
            let mut section = Section::new("server", &[server], is_shown);
            section.passes_with_partner = passes_with_partner;
            let of_server =
                self.check_server(server, confined, of_client, &mut section, share())?;
            handler_audit::add(server, self.audit.as_deref(), &mut section);
            if let (Some(of_client), Some(of_server)) = (of_client, of_server) {
                note_difference(of_client, of_server, &mut section);
            }
            sections.push(section);
        }
        Ok(sections)
    }

    /// Returns the dialect of the client, if it was found and is not minitalk's own.
    fn check_client(
        &self,
        client: &Path,
        section: &mut Section,
        until: Instant,
    ) -> Option<Dialect> {
        let mut dialect = None;
        match client_dialect::find(client, &self.own, search_until(until)) {
            Ok(found) => {
                dialect = found.dialect;
                let spec = describe(found.dialect);
                let more = if found.ends_well {
                    ""
                } else {
                    ", but it hangs or fails at the end"
                };
                section.add(Verdict::Ok, "dialect", &format!("{spec}{more}"));
                section.dialect = Some(spec);
                let given = found.dialect.filter(|_| !found.is_detected);
                let server = Subject::Own(&self.own, given);
                let program = Subject::Foreign(client);
                if found.format != OutputFormat::Plain {
                    section.add(Verdict::Info, "sends", &found.format.describe());
                }
                let mut fixture = Fixture::new(server, program, found.format, until);
                traffic::add(&fixture, given, section);
                tests::exactness(&mut fixture, section);
                tests::together(&mut fixture, section);
                fault_tests::server_killed(&mut fixture, section);
                fault_tests::strays_to_client(&mut fixture, section);
            }
            Err(why) => section.demand_of_texts("dialect", Err(why)),
        }
        tests::unused_pid(client, section);
        dialect
    }

    /// Returns the dialect of the server, if it was found and is not minitalk's own.
    fn check_server(
        &self,
        server: &Path,
        confined: bool,
        of_client: Option<Dialect>,
        section: &mut Section,
        until: Instant,
    ) -> Result<Option<Dialect>, Failure> {
        match Server::start(Subject::Foreign(server), &[]) {
            Err(why) => {
                section.add(Verdict::Fail, "start", &why);
                return Ok(None);
            }
            Ok(started) => {
                let result = started
                    .pid_error
                    .map_or(Ok("yes".into()), |why| Err(why.into()));
                section.demand("prints its PID", result);
            }
        }
        // Minitalk's own server detects dialects, so that every candidate would pass.
        let is_own = fs::canonicalize(server).ok() == fs::canonicalize(&self.own).ok();
        let found = if is_own {
            let client = Subject::Own(&self.own, None);
            tests::output_format(server, client).map(|format| (None, format, None))
        } else {
            match server_dialect::find(server, confined, of_client, search_until(until)) {
                Ok(found) => Ok((Some(found.dialect), found.format, Some(found.signals))),
                Err(SearchEnd::Report(why)) => Err(why),
                Err(SearchEnd::Command(failure)) => return Err(failure),
            }
        };
        let (dialect, format, signals) = match found {
            Ok(found) => found,
            Err(why) => {
                section.demand_of_texts("dialect", Err(why));
                return Ok(None);
            }
        };
        let spec = describe(dialect);
        section.add(Verdict::Ok, "dialect", &spec);
        // A server that sends any other signal would have ended this process.
        if let Some(signals) = signals {
            let alone = match &*signals {
                "" => "sends none".into(),
                signals => format!("sends {signals} alone"),
            };
            section.add(Verdict::Ok, "signals", &alone);
        }
        section.add(Verdict::Info, "prints", &format.describe());
        section.dialect = Some(spec);
        let client = Subject::Own(&self.own, dialect);
        let server = Subject::Foreign(server);
        let mut fixture = Fixture::new(server, client, format, until);
        tests::exactness(&mut fixture, section);
        tests::together(&mut fixture, section);
        fault_tests::client_killed(&mut fixture, section);
        fault_tests::strays_to_server(&mut fixture, section);
        tests::idle(&mut fixture, section);
        Ok(dialect)
    }
}

/// Returns until when to search for a dialect, of a section that has time until `until`.
fn search_until(until: Instant) -> Instant {
    let now = Instant::now();
    now + until.saturating_duration_since(now) * 2 / 3
}

/// Notes that the halves of a pair were found to have different dialects, of which one is then not certain.
fn note_difference(of_client: Dialect, of_server: Dialect, section: &mut Section) {
    let [of_client, of_server] = [of_client, of_server].map(|dialect| dialect.visible_form());
    if of_client != of_server {
        let why = NotPassed::NotSure(format!(
            "the client seems to have {of_client}, the server {of_server}; if the rows of the pair are ok, both are \
             the same"
        ));
        section.add(Verdict::Info, "dialects", &why.to_string());
    }
}

fn check_pair(client: &Path, server: &Path, section: &mut Section, until: Instant) {
    let client = Subject::Foreign(client);
    match tests::output_format(server, client) {
        Ok(format) => {
            let server = Subject::Foreign(server);
            let mut fixture = Fixture::new(server, client, format, until);
            tests::exactness(&mut fixture, section);
            tests::together(&mut fixture, section);
        }
        Err(why) => section.demand("first message", Err(why)),
    }
}

fn describe(dialect: Option<Dialect>) -> String {
    dialect.map_or_else(
        || "minitalk's own".to_owned(),
        |dialect| dialect.to_string(),
    )
}
