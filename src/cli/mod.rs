//! The command line, one file per command.

#[cfg(feature = "tools")]
pub(crate) mod chat;
#[cfg(feature = "tools")]
pub(crate) mod child;
pub(crate) mod classic;
pub(crate) mod command;
#[cfg(feature = "tools")]
pub(crate) mod completions;
#[cfg(feature = "tools")]
pub(crate) mod demo;
#[cfg(feature = "tools")]
pub(crate) mod exec;
pub(crate) mod exit;
pub(crate) mod flags;
pub(crate) mod format;
pub(crate) mod help;
pub(crate) mod lines;
pub(crate) mod list;
#[cfg(feature = "tools")]
pub(crate) mod man;
pub(crate) mod notify;
pub(crate) mod pid_file;
pub(crate) mod progress;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod source;
pub(crate) mod stdio;
pub(crate) mod stop;
pub(crate) mod suggest;
pub(crate) mod target;
pub(crate) mod text;
pub(crate) mod trace;
pub(crate) mod units;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use command::Command;
use exit::{Exit, Failure};
use minitalk::internals::ffi;

/// Lists the commands, in the order of the help text.
const COMMANDS: &[Command] = &[
    serve::SERVE,
    send::SEND,
    serve::TRACE,
    #[cfg(feature = "tools")]
    chat::CHAT,
    #[cfg(feature = "tools")]
    demo::DEMO,
    #[cfg(feature = "tools")]
    crate::check::CHECK,
    list::LIST,
    help::DIALECTS,
    #[cfg(feature = "tools")]
    completions::COMPLETIONS,
    #[cfg(feature = "tools")]
    man::MAN,
    help::HELP,
];

/// Lists the commands that this build does not have.
const LEFT_OUT: &[&str] = if cfg!(feature = "tools") {
    &[]
} else {
    &["chat", "demo", "check", "completions", "man"]
};

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next().unwrap_or_default();
    let args: Vec<OsString> = args.collect();
    ffi::end_of_start();
    let name = Path::new(&program).file_name().and_then(OsStr::to_str);
    let (result, is_classic) = match name {
        Some("server") => (classic::server(args), true),
        Some("client") => (classic::client(args), true),
        _ => (run_command(args), false),
    };
    match result {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => failure.report(is_classic),
    }
}

fn run_command(mut args: Vec<OsString>) -> Result<(), Failure> {
    if args.is_empty() {
        let text = format!("no command; expected one of {}", names(", "));
        return Err(Failure::usage(text));
    }
    let name = args.remove(0);
    match name.to_str() {
        Some("-h" | "--help") => help::print(&help::main()),
        Some("-V" | "--version") => {
            help::print(concat!("minitalk ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        _ => {
            let command = find(&name)?;
            let result = match flags::parse(command, args) {
                Ok(Some(args)) => (command.run)(args),
                Ok(None) => Ok(()),
                Err(failure) => Err(failure),
            };
            match result {
                // The help text of help says nothing that its error does not.
                Err(failure) if command.name != help::HELP.name => {
                    Err(failure.of_command(command.name))
                }
                result => result,
            }
        }
    }
}

/// Returns the names of all commands.
fn names(separator: &str) -> String {
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    names.join(separator)
}

/// Finds a command by its name.
fn find(name: &OsStr) -> Result<&'static Command, Failure> {
    if let Some(command) = COMMANDS.iter().find(|command| name == command.name) {
        return Ok(command);
    }
    let name = name.to_string_lossy();
    if LEFT_OUT.contains(&&*name) {
        return Err(Failure::usage(format!(
            "this build has no {name}; build minitalk with the feature tools, which is a default"
        )));
    }
    let (what, suggestion) = if name.starts_with('-') {
        let otherwise = "; the options of a command follow its name";
        let suggestion =
            suggest::suggest(&name, &mut ["--help", "--version"].into_iter(), otherwise);
        ("invalid option", suggestion)
    } else {
        let mut known = COMMANDS.iter().map(|command| command.name);
        let otherwise = format!("; the commands are {}", names(", "));
        let suggestion = suggest::suggest(&name, &mut known, &otherwise);
        ("there is no command", suggestion)
    };
    let text = format!("{what} {name:?}{suggestion}");
    Err(Failure::usage(text))
}
