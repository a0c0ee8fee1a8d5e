//! `minitalk help` and `minitalk dialects`, and the help text of the whole program.

use std::fmt::Write;
use std::io;

use minitalk::dialect::spec::{self, Preset};

use super::COMMANDS;
use super::command::Command;
use super::exit::{self, Failure};
use super::stdio::write_stdout;

pub const HELP: Command = Command {
    name: "help",
    synopsis: "[COMMAND]",
    summary: "explain a command and its options",
    about: "Explains COMMAND, or the whole program.\n",
    flags: &[],
    notes: String::new,
    run: |mut args| {
        let text = match args.positional() {
            None => main(),
            Some(name) => super::find(&name)?.help(),
        };
        args.finish()?;
        print(&text)
    },
};

pub const DIALECTS: Command = Command {
    name: "dialects",
    synopsis: "",
    summary: "list the protocols of other programs that serve and send understand",
    about: "Lists the presets and the keys of dialects.\n",
    flags: &[],
    notes: dialects,
    run: |args| {
        args.finish()?;
        print(&dialects())
    },
};

/// Prints `text` on standard output. A reader that closes the pipe early is not an error.
pub fn print(text: &str) -> Result<(), Failure> {
    match write_stdout(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::stdout(error)),
        _ => Ok(()),
    }
}

/// Returns the help text of the whole program.
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
    text.push_str(exit::MEANINGS);
    text.push_str(INTERRUPTED);
    text
}

const MAIN: &str = "
Under the name server or client, through a link, it is the classic pair:
  server                                   as minitalk serve
  client PID MESSAGE                       as minitalk send

exit codes:
";

/// Explains the exit codes that the table leaves out.
pub const INTERRUPTED: &str = "\
A client that SIGINT or SIGTERM ends during a message dies of that signal; the message may have been delivered.
";

/// Returns the list of presets and keys.
fn dialects() -> String {
    let mut text = String::from(
        "\
A dialect is the protocol of a minitalk program. --dialect takes a preset, or key=value,..., or a preset and changes:
  minitalk send --dialect lsb,ack=none,pace=500 4242 \"Hello\"
Other keys have the values of classic.

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
    for key in spec::KEYS {
        let choices = format!("{}={}", key.name, key.values);
        let _ = writeln!(text, "  {choices:<42} {}", key.meaning);
    }
    text.push_str(
        "\nserve --dialect auto (the default) detects what a client uses; see docs/dialects.md.\n",
    );
    text
}
