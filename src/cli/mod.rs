//! The command line, one file per command.

pub(crate) mod classic;
pub(crate) mod command;
#[cfg(feature = "tools")]
pub(crate) mod completions;
#[cfg(feature = "tools")]
pub(crate) mod demo;
pub(crate) mod exit;
pub(crate) mod flags;
pub(crate) mod format;
pub(crate) mod help;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod list;
pub(crate) mod notify;
pub(crate) mod pid_file;
pub(crate) mod progress;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod stop;
pub(crate) mod suggest;
pub(crate) mod target;
pub(crate) mod trace;
pub(crate) mod units;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use command::Command;
use exit::{Exit, Failure};
use minitalk::internals::ffi;

/// The commands, in the order of the help text.
const COMMANDS: &[Command] = &[
    serve::SERVE,
    send::SEND,
    serve::TRACE,
    #[cfg(feature = "tools")]
    demo::DEMO,
    #[cfg(feature = "tools")]
    crate::check::CHECK,
    list::LIST,
    help::DIALECTS,
    #[cfg(feature = "tools")]
    completions::COMPLETIONS,
    #[cfg(feature = "tools")]
    completions::MAN,
    help::HELP,
];

/// Commands that this build leaves out.
#[cfg(not(feature = "tools"))]
const LEFT_OUT: &[&str] = &["demo", "check", "completions", "man"];
#[cfg(feature = "tools")]
const LEFT_OUT: &[&str] = &[];

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next().unwrap_or_default();
    let args: Vec<OsString> = args.collect();
    ffi::end_of_start();
    let (result, is_classic) = match Path::new(&program).file_name().and_then(OsStr::to_str) {
        Some(classic @ ("server" | "client")) => {
            let run = match classic {
                "server" => classic::server,
                _ => classic::client,
            };
            (run(args), true)
        }
        _ => (modern(args), false),
    };
    match result {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => failure.report(is_classic),
    }
}

fn modern(mut args: Vec<OsString>) -> Result<(), Failure> {
    if args.is_empty() {
        let names = COMMANDS.iter().map(|command| command.name);
        return Err(Failure::usage(format!(
            "which command? One of {}",
            names.collect::<Vec<_>>().join(", ")
        )));
    }
    let name = args.remove(0);
    match name.to_str() {
        Some("-h" | "--help") => help::print(&help::main()),
        Some("-V" | "--version") => {
            help::print(concat!("minitalk ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        _ => {
            let command = find(&name)?;
            (command.run)(command, args).map_err(|failure| failure.of_command(command.name))
        }
    }
}

/// The command of this name.
fn find(name: &OsStr) -> Result<&'static Command, Failure> {
    if let Some(command) = COMMANDS.iter().find(|command| name == command.name) {
        return Ok(command);
    }
    if LEFT_OUT.iter().any(|left_out| name == *left_out) {
        return Err(Failure::usage(format!(
            "this minitalk was built without {}, which takes the feature tools, a default one",
            name.to_string_lossy()
        )));
    }
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    let suggestion = match suggest::suggest(&name.to_string_lossy(), names.iter().copied()) {
        none if none.is_empty() => format!("; the commands are {}", names.join(", ")),
        suggestion => suggestion,
    };
    Err(Failure::usage(format!(
        "there is no command {name:?}{suggestion}"
    )))
}
