//! The command line, one file per command.

mod args;
#[cfg(feature = "tools")]
mod check;
mod classic;
mod clock;
#[cfg(feature = "tools")]
mod completions;
#[cfg(feature = "tools")]
mod demo;
mod exit;
mod format;
mod help;
mod json;
mod list;
mod notify;
#[cfg(feature = "tools")]
mod options;
mod pid_file;
mod progress;
mod send;
mod serve;
mod suggest;
mod trace;
mod units;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use exit::{Exit, Failure};
use minitalk::ffi;

const COMMANDS: [&str; 10] = [
    "serve",
    "send",
    "trace",
    "demo",
    "check",
    "list",
    "dialects",
    "completions",
    "man",
    "help",
];

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next().unwrap_or_default();
    let args: Vec<OsString> = args.collect();
    let name = args.first().and_then(|arg| arg.to_str());
    let receives = matches!(name, Some("serve" | "send" | "trace" | "demo"));
    let (result, is_classic) = match Path::new(&program).file_name().and_then(OsStr::to_str) {
        Some(classic @ ("server" | "client")) => {
            ffi::end_of_start(true);
            let run = match classic {
                "server" => classic::server,
                _ => classic::client,
            };
            (run(args), true)
        }
        _ => {
            ffi::end_of_start(receives);
            (modern(args), false)
        }
    };
    match result {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => failure.report(is_classic),
    }
}

fn modern(mut args: Vec<OsString>) -> Result<(), Failure> {
    if args.is_empty() {
        return Err(Failure::usage(
            "which command? One of serve, send, trace, demo, check, list and dialects",
        ));
    }
    let command = args.remove(0);
    match command.to_str() {
        Some("serve") => serve::run(args),
        Some("send") => send::run(args),
        Some("trace") => serve::trace(args),
        Some("list") => list::run(&args),
        #[cfg(feature = "tools")]
        Some("demo") => demo::run(args),
        #[cfg(feature = "tools")]
        Some("completions") => completions::run(&args),
        #[cfg(feature = "tools")]
        Some("man") => completions::man(&args),
        #[cfg(feature = "tools")]
        Some("check") => check::run(args),
        #[cfg(not(feature = "tools"))]
        Some(name @ ("demo" | "completions" | "man" | "check")) => Err(Failure::usage(format!(
            "this minitalk was built without {name}, which takes the feature tools, a default one"
        ))),
        Some("dialects") => match args.first() {
            None => help::print(&help::dialects()),
            Some(extra) => Err(Failure::usage(format!(
                "dialects takes no arguments; what is {extra:?}?"
            ))),
        },
        Some("help") => match args.first().and_then(|a| a.to_str()) {
            None => help::print(help::MAIN),
            Some("serve") => help::print(help::SERVE),
            Some("send") => help::print(help::SEND),
            Some("trace") => help::print(help::TRACE),
            Some("demo") => help::print(help::DEMO),
            Some("check") => help::print(help::CHECK),
            Some("dialects") => help::print(&help::dialects()),
            Some("list") => help::print(help::LIST),
            Some(other) => Err(no_command(other)),
        },
        Some("-h" | "--help") => help::print(help::MAIN),
        Some("-V" | "--version") => {
            help::print(concat!("minitalk ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        _ => Err(no_command(&command.to_string_lossy())),
    }
}

fn no_command(typed: &str) -> Failure {
    let suggestion = match suggest::suggest(typed, COMMANDS) {
        none if none.is_empty() => format!("; the commands are {}", COMMANDS.join(", ")),
        suggestion => suggestion,
    };
    Failure::usage(format!("there is no command {typed:?}{suggestion}"))
}
