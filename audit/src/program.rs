//! `minitalk-audit`: audits the handlers of any ELF file.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

use crate::allow::Allow;
use crate::assume::Assumptions;
use crate::files::Files;
use crate::finding::Weight;
use crate::index::Index;
use crate::install;
use crate::lines::Lines;
use crate::policy::Policy;
use crate::{audit, leaf, load, report};

const HELP: &str = "\
minitalk-audit: are the signal handlers of a program async-signal-safe, instruction by instruction?

    minitalk-audit [OPTIONS] FILE

Reads an ELF program, shared library or object file for x86-64, stripped or not, finds the functions that it installs as
signal handlers, and follows all that they can reach.

    --binary FILE     the file, as an option
    --handler WHAT    audit this function and no other: its symbol, or its address as 0x1234; may be repeated
    --debug FILE      a separate debug file, for names and source lines
    --sysroot DIR     where the libraries are that the file needs (default /)
    --allow FILE      more functions that may be called: a name and who says so, a line
    --note KIND       findings of this kind do not count, such as errno; may be repeated
    --assume WHAT     a fact that machine code cannot show: valid:WORD, the pointer in this word of the file (its name, or its
                      address as 0x1234) points to data of the program whenever a handled signal comes; may be repeated
    --max-stack N     bytes of stack that a handler may use (default 16384, or 4096 if it may run on an alternate stack)
    --quiet           the verdicts alone
    --json            one JSON object
    --version         the version
    --policy leaf     holds a handler to what minitalk's own must be, which calls nothing: see --policy leaf --help

Exit status: 0 each handler passes; 1 one fails; 2 it cannot be decided, none is found, or wrong usage. What is not decided
never passes: each open question names what would decide it.";

struct Options {
    file: PathBuf,
    handlers: Vec<String>,
    debug: Option<PathBuf>,
    sysroot: Option<PathBuf>,
    allow: Option<PathBuf>,
    assume: Vec<String>,
    policy: Policy,
    quiet: bool,
    json: bool,
}

/// Runs the command with the arguments after its name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.collect();
    let policy = arguments.iter().position(|a| a == "--policy");
    if let Some(at) = policy {
        match arguments.get(at + 1).and_then(|name| name.to_str()) {
            Some("leaf") => {
                arguments.drain(at..at + 2);
                return leaf::foreign(arguments.into_iter());
            }
            _ => {
                eprintln!("audit: the only policy with a name is leaf; see minitalk-audit --help");
                return ExitCode::from(2);
            }
        }
    }
    let options = match parse(arguments) {
        Ok(Asked::Audit(options)) => options,
        Ok(Asked::Text(text)) => {
            return match say(&format!("{text}\n")) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error),
            };
        }
        Err(error) => {
            eprintln!("audit: {error}; see minitalk-audit --help");
            return ExitCode::from(2);
        }
    };
    // A fault of the audit is no verdict, also in a build that aborts on a panic.
    std::panic::set_hook(Box::new(|fault| {
        eprintln!("audit: cannot decide: the audit itself failed, please report this: {fault}");
        std::process::exit(2)
    }));
    // The audit follows nested calls by recursion, so it runs on a large stack of its own.
    const STACK: usize = 256 << 20;
    let worker = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || run(&options));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(status))) => ExitCode::from(status),
        Ok(Ok(Err(error))) => fail(&error),
        Ok(Err(_)) => ExitCode::from(2),
        Err(error) => fail(&error.to_string()),
    }
}

/// Describes the action that the command line requests.
enum Asked {
    Audit(Options),
    Text(&'static str),
}

fn parse(arguments: Vec<OsString>) -> Result<Asked, String> {
    parse_inner(arguments).map_err(|error| error.to_string())
}

fn parse_inner(arguments: Vec<OsString>) -> Result<Asked, lexopt::Error> {
    let (mut file, mut handlers, mut debug, mut sysroot, mut allow) =
        (None, Vec::new(), None, None, None);
    let mut policy = Policy::default();
    let mut assume = Vec::new();
    let (mut quiet, mut json) = (false, false);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("binary") => file = Some(PathBuf::from(parser.value()?)),
            Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            Long("handler") => handlers.push(parser.value()?.string()?),
            Long("debug") => debug = Some(PathBuf::from(parser.value()?)),
            Long("sysroot") => sysroot = Some(PathBuf::from(parser.value()?)),
            Long("allow") => allow = Some(PathBuf::from(parser.value()?)),
            Long("note") => policy.note(&parser.value()?.string()?)?,
            Long("assume") => assume.push(parser.value()?.string()?),
            Long("max-stack") => policy.max_stack = Some(parser.value()?.parse()?),
            // The former option `--follow` is accepted, because its effect is now the default.
            Long("follow") => {}
            Long("quiet") => quiet = true,
            Long("json") => json = true,
            Short('h') | Long("help") => return Ok(Asked::Text(HELP)),
            Short('V') | Long("version") => {
                let version = concat!("minitalk-audit ", env!("CARGO_PKG_VERSION"));
                return Ok(Asked::Text(version));
            }
            Long(typed) => {
                let text = format!("invalid option '--{typed}'{}", nearest(typed));
                return Err(text.into());
            }
            _ => return Err(argument.unexpected()),
        }
    }
    let file = file.ok_or("it needs the FILE to audit")?;
    Ok(Asked::Audit(Options {
        file,
        handlers,
        debug,
        sysroot,
        allow,
        assume,
        policy,
        quiet,
        json,
    }))
}

/// Returns `; did you mean ...?` with the option that is nearest to `typed`, if one is near.
fn nearest(typed: &str) -> String {
    let words = HELP.split_ascii_whitespace();
    let options = words.filter_map(|word| word.strip_prefix("--"));
    let distances = options.map(|option| (strsim::osa_distance(typed, option), option));
    match distances.min() {
        // With more than a third of its letters wrong, another word was meant.
        Some((distance, option)) if distance <= option.len().div_ceil(3) => {
            format!("; did you mean --{option}?")
        }
        _ => String::new(),
    }
}

/// Prints why there is no verdict, and returns the exit status for that.
fn fail(error: &str) -> ExitCode {
    eprintln!("audit: {error}");
    ExitCode::from(2)
}

/// Prints to standard output. A closed pipe is not an error of the audit.
///
/// # Errors
/// Returns a text that explains why the output could not be written.
pub fn say(text: &str) -> Result<(), String> {
    use std::io::{ErrorKind, Write as _};
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Audits the file and prints the verdicts. Returns the exit status, or the reason why there is no result.
fn run(options: &Options) -> Result<u8, String> {
    let mut image = load::load(&options.file)?;
    if !image.has_code {
        return Err(format!(
            "cannot decide: {} has no code, as files of debug information alone; audit the program, and give this file with --debug",
            options.file.display()
        ));
    }
    if let Some(debug) = &options.debug {
        load::add_debug(&mut image, debug)?;
    }
    let mut allow = Allow::of_the_repository()?;
    if let Some(path) = &options.allow {
        allow.extend(Allow::read(path)?);
    }
    let mut files = Files::new(image, options.sysroot.as_deref());
    let assumptions = Assumptions::resolve(&mut files, &options.assume)?;
    let mut index = Index::default();
    let mut lines = Lines::default();
    let mut unresolved = Vec::new();
    let mut handlers = Vec::new();
    let mut imported = std::collections::BTreeMap::new();
    let mut found = install::find(&mut files, &mut index, &allow);
    if options.handlers.is_empty() {
        unresolved = found
            .unresolved
            .iter()
            .map(|((image, at), why)| {
                let file = files.image(*image);
                let function = file
                    .function_at(*at)
                    .map_or_else(|| "the file".into(), |(start, _)| file.name(start));
                let of = match image {
                    0 => String::new(),
                    _ => format!(" of {}", file.path.display()),
                };
                (format!("{function} at {at:#x}{of}"), why.clone())
            })
            .collect();
        if let ([(place, why), rest @ ..], true) = (&unresolved[..], files.image(0).hides_libc()) {
            let more = match rest.len() {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            let why = format!(
                "{why}{more}; the file is static and has no symbols, so such a call may be the C library's own"
            );
            unresolved = vec![(place.clone(), why)];
        }
        let missing: Vec<String> = files.missing().iter().cloned().collect();
        if !missing.is_empty() {
            unresolved.push((missing.join(", "), report::MISSING.into()));
        }
        let is_empty = found.handlers.is_empty() && found.imported.is_empty();
        if is_empty && unresolved.is_empty() {
            fail(
                "no signal handler found: nothing that the file calls installs a function of it; name it with --handler SYMBOL or \
                 --handler 0xADDRESS",
            );
        }
        imported = found.imported;
        handlers.extend(found.handlers);
    } else {
        for name in &options.handlers {
            let place = named(&files, name)?;
            // The installation of the handler, if it was found, gives more facts about the handler.
            let of = found.handlers.remove(&place).unwrap_or_default();
            handlers.push((place, of));
        }
    }
    let mut verdicts = Vec::new();
    let show = |verdict: &audit::Verdict| {
        let text = report::handler(verdict);
        if options.quiet && !options.json {
            say(&format!("{}\n", text.lines().last().unwrap_or_default()))
        } else if !options.json {
            say(&format!("{text}\n"))
        } else {
            Ok(())
        }
    };
    for (name, of) in &imported {
        let verdict = audit::imported(&files, &allow, &options.policy, name, of);
        show(&verdict)?;
        verdicts.push(verdict);
    }
    for (at, of) in &handlers {
        let verdict = audit::handler(
            &mut files,
            &mut index,
            &allow,
            (&options.policy, &assumptions),
            &mut lines,
            *at,
            of,
        );
        show(&verdict)?;
        verdicts.push(verdict);
    }
    let relied = verdicts
        .iter()
        .flat_map(|v| v.relied.iter().copied())
        .collect();
    let not_needed = assumptions.not_needed(&relied);
    for statement in &not_needed {
        eprintln!("audit: warning: --assume {statement} was not needed");
    }
    let worst = verdicts.iter().map(audit::Verdict::weight).max();
    let status = match worst {
        Some(Weight::Fault) => 1,
        Some(Weight::Note) if unresolved.is_empty() => 0,
        _ => 2,
    };
    if options.json {
        say(&format!(
            "{}\n",
            report::json(
                &options.file.to_string_lossy(),
                &verdicts,
                &unresolved,
                &not_needed,
                status
            )
        ))?;
    } else if !options.quiet || status != 0 {
        say(&report::summary(&verdicts, &unresolved))?;
    }
    Ok(status)
}

/// Returns the file and the address of the function with this name or at this address.
fn named(files: &Files, name: &str) -> Result<(u16, u64), String> {
    let image = files.image(0);
    if let Some(digits) = name.strip_prefix("0x") {
        let address =
            u64::from_str_radix(digits, 16).map_err(|error| format!("{name}: {error}"))?;
        if !image.is_code(address) {
            return Err(format!(
                "cannot decide: there is no code at {name}; addresses are those of the file, not of a process"
            ));
        }
        return Ok((0, address));
    }
    let mut found: Vec<u64> = image
        .names
        .iter()
        .filter(|(_, names)| {
            names
                .iter()
                .any(|raw| &**raw == name || crate::names::pretty(raw) == name)
        })
        .map(|(at, _)| *at)
        .collect();
    found.sort_unstable();
    match found[..] {
        [one] => Ok((0, one)),
        [] if image.names.is_empty() => Err(format!(
            "cannot decide: no function {name}, and the file has no names; give its address with --handler 0x1234, or the debug file with --debug"
        )),
        [] => Err(format!(
            "cannot decide: no function {name} in the file; see that it is not inlined away, or give its address with --handler 0x1234"
        )),
        _ => {
            let places: Vec<String> = found.iter().map(|at| format!("{at:#x}")).collect();
            Err(format!(
                "cannot decide: {name} is ambiguous; give one of {} with --handler",
                places.join(", ")
            ))
        }
    }
}
