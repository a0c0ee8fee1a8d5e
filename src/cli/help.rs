//! `minitalk help` and `minitalk dialects`, and the text about the whole program.

use std::fmt::Write;
use std::io;

use minitalk::dialect::spec::{self, Key, Preset};

use super::COMMANDS;
use super::command::Command;
use super::exit::Failure;
use super::flags;
use super::format::write_stdout;

pub const HELP: Command = Command {
    name: "help",
    synopsis: "[COMMAND]",
    summary: "what a command does, and its options",
    about: "Explains COMMAND, or the whole program.\n",
    specs: Vec::new,
    notes: String::new,
    run: |command, args| {
        let Some(positional) = flags::parse::<()>(command, &[], args, &mut ())? else {
            return Ok(());
        };
        let mut positional = positional.into_iter();
        let text = match positional.next() {
            None => main(),
            Some(name) => super::find(&name)?.help(),
        };
        flags::refuse_positional(positional.as_slice())?;
        print(&text)
    },
};

pub const DIALECTS: Command = Command {
    name: "dialects",
    synopsis: "",
    summary: "the wire habits of other programs that serve and send understand",
    about: "Lists the presets and the keys of dialects.\n",
    specs: Vec::new,
    notes: dialects,
    run: |command, args| match flags::parse_none(command, args)? {
        Some(()) => print(&dialects()),
        None => Ok(()),
    },
};

/// Prints `text` on standard output; a reader that has seen enough is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    match write_stdout(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("standard output", error))
        }
        _ => Ok(()),
    }
}

/// The help text of the whole program.
pub fn main() -> String {
    let mut text = String::from(
        "\
minitalk: messages between processes over nothing but SIGUSR1 and SIGUSR2, or a real-time signal

usage:
",
    );
    for command in COMMANDS {
        let usage = command.usage();
        let usage = usage.strip_suffix(" [options]").unwrap_or(&usage);
        let _ = writeln!(text, "  {usage:<40} {}", command.summary);
    }
    text.push_str("  minitalk --version\n");
    text.push_str(MAIN);
    text
}

const MAIN: &str = "
Called by the name of server or client, through a link, it is the classic pair:
  server                                   as minitalk serve
  client PID MESSAGE                       as minitalk send

exit codes:
  0  delivered, or served to the end       5  refused: the target does not handle the signals,
  1  input or output error                    which would kill it
  2  usage                                 6  no progress before the timeout
  3  no such process                       7  the server rejected the message
  4  not permitted                         8  the server ended on the way
                                           9  check found failures
A command that SIGINT or SIGTERM ends in mid-message dies of that signal.
";

/// The presets and the keys of dialects.
fn dialects() -> String {
    let mut text = String::from(
        "\
A dialect is how a minitalk program talks: which signal is a 1, in which order the bits come, what frames the text, what
is acknowledged. --dialect of serve and send takes a preset, or key=value,..., or a preset and changes to it:
  minitalk serve --dialect lsb
  minitalk send --dialect lsb,ack=none,pace=500 4242 \"Hello\"
What is not said is as in classic.

presets:
",
    );
    for Preset {
        name,
        spec,
        meaning,
    } in spec::PRESETS
    {
        let _ = writeln!(text, "  {name:<14} {meaning}");
        if !spec.is_empty() {
            let _ = writeln!(text, "  {:<14}   {spec}", "");
        }
    }
    text.push_str("\nkeys (the first value is that of classic):\n");
    for Key {
        name,
        values,
        meaning,
        ..
    } in spec::KEYS
    {
        let _ = writeln!(text, "  {:<42} {meaning}", format!("{name}={values}"));
    }
    text.push_str("\nserve --dialect auto (the default) finds out what a client speaks; see docs/dialects.md.\n");
    text
}
