//! `minitalk completions SHELL` and `minitalk man`, made from the tables of commands and options.

use std::ffi::OsString;
use std::fmt::Write;

use super::COMMANDS;
use super::command::Command;
use super::exit::Failure;
use super::flags::{self, Spec};
use super::help;

pub const COMPLETIONS: Command = Command {
    name: "completions",
    synopsis: "bash|zsh|fish",
    summary: "completions of the command line, for a shell",
    about: "Prints what the shell reads to complete the command line: eval \"$(minitalk completions bash)\"\n",
    specs: Vec::new,
    notes: String::new,
    run: completions,
};

pub const MAN: Command = Command {
    name: "man",
    synopsis: "",
    summary: "the manual page: minitalk man | man -l -",
    about: "Prints the manual page in man(7): minitalk man | man -l -\n",
    specs: Vec::new,
    notes: String::new,
    run: |command, args| match flags::parse_none(command, args)? {
        Some(()) => help::print(&page()),
        None => Ok(()),
    },
};

fn completions(command: &Command, args: Vec<OsString>) -> Result<(), Failure> {
    let Some(positional) = flags::parse::<()>(command, &[], args, &mut ())? else {
        return Ok(());
    };
    let mut positional = positional.into_iter();
    let shell = positional
        .next()
        .ok_or_else(|| Failure::usage("completions for which shell? One of bash, zsh and fish"))?;
    flags::refuse_positional(positional.as_slice())?;
    match shell.to_str() {
        Some("bash") => help::print(&bash()),
        Some("zsh") => help::print(&zsh()),
        Some("fish") => help::print(&fish()),
        _ => Err(Failure::usage(format!(
            "there are no completions for {shell:?}; there are for bash, zsh and fish"
        ))),
    }
}

/// The names of all commands, with a space between two.
fn names() -> String {
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    names.join(" ")
}

/// The value that an option takes.
enum Takes {
    Nothing,
    /// A value that this word stands for.
    Value(&'static str),
    /// The path of a file.
    Path,
    /// One of these words.
    Choice(Vec<&'static str>),
}

impl Takes {
    fn of(spec: &Spec) -> Self {
        match spec.placeholder() {
            "" => Self::Nothing,
            "PATH" => Self::Path,
            words if words.contains('|') => Self::Choice(words.split('|').collect()),
            word => Self::Value(word),
        }
    }
}

fn bash() -> String {
    let mut text = String::from(
        "_minitalk() {\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n",
    );
    let _ = writeln!(
        text,
        "    if ((COMP_CWORD == 1)); then\n        COMPREPLY=($(compgen -W '{} --help --version' -- \"$cur\"))\n        return\n    fi",
        names()
    );
    text.push_str("    case ${COMP_WORDS[1]}:$prev in\n");
    for command in COMMANDS {
        for spec in command.all_specs() {
            let words = match Takes::of(spec) {
                Takes::Nothing => continue,
                Takes::Path => "COMPREPLY=($(compgen -f -- \"$cur\"))".into(),
                Takes::Value(_) => "COMPREPLY=()".into(),
                Takes::Choice(words) => format!(
                    "COMPREPLY=($(compgen -W '{}' -- \"$cur\"))",
                    words.join(" ")
                ),
            };
            for flag in spec.names() {
                let _ = writeln!(text, "        {}:{flag}) {words}; return ;;", command.name);
            }
        }
    }
    text.push_str("    esac\n    case ${COMP_WORDS[1]} in\n");
    for command in COMMANDS {
        let all: Vec<_> = command.all_specs().flat_map(Spec::names).collect();
        let _ = writeln!(
            text,
            "        {}) COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;",
            command.name,
            all.join(" ")
        );
    }
    text.push_str("    esac\n}\ncomplete -F _minitalk minitalk\n");
    text
}

fn zsh() -> String {
    let mut text = String::from("#compdef minitalk\n_minitalk() {\n");
    let _ = writeln!(
        text,
        "    if ((CURRENT == 2)); then\n        compadd {} --help --version\n        return\n    fi\n    case $words[2] in",
        names()
    );
    for command in COMMANDS {
        let _ = write!(text, "        {}) _arguments -s", command.name);
        for spec in command.all_specs() {
            // In a specification in single quotes, these would end or divide it.
            let meaning = spec.help.replace(['\'', '[', ']', ':'], " ");
            let value = match Takes::of(spec) {
                Takes::Nothing => String::new(),
                Takes::Path => ":path:_files".into(),
                Takes::Value(name) => format!(":{name}:"),
                Takes::Choice(words) => format!(":value:({})", words.join(" ")),
            };
            for flag in spec.names() {
                let _ = write!(text, " \\\n            '{flag}[{meaning}]{value}'");
            }
        }
        text.push_str(" ;;\n");
    }
    text.push_str("    esac\n}\n_minitalk \"$@\"\n");
    text
}

fn fish() -> String {
    let mut text = String::from("complete -c minitalk -f\n");
    for command in COMMANDS {
        let _ = writeln!(
            text,
            "complete -c minitalk -n __fish_use_subcommand -a {} -d '{}'",
            command.name, command.summary
        );
    }
    for command in COMMANDS {
        for spec in command.all_specs() {
            let _ = write!(
                text,
                "complete -c minitalk -n '__fish_seen_subcommand_from {}'",
                command.name
            );
            if let Some(short) = spec.short() {
                let _ = write!(text, " -s {short}");
            }
            let _ = write!(text, " -l {}", spec.long().trim_start_matches('-'));
            match Takes::of(spec) {
                Takes::Nothing => {}
                Takes::Path => text.push_str(" -rF"),
                Takes::Value(_) => text.push_str(" -x"),
                Takes::Choice(words) => {
                    let _ = write!(text, " -xa '{}'", words.join(" "));
                }
            }
            let meaning = spec.help.replace('\\', "\\\\").replace('\'', "\\'");
            let _ = writeln!(text, " -d '{meaning}'");
        }
    }
    text
}

/// The manual page, in man(7).
fn page() -> String {
    let mut text = format!(
        ".TH MINITALK 1 \"\" \"minitalk {}\" \"User Commands\"\n.SH NAME\nminitalk \\- messages between processes over nothing but signals\n.SH OVERVIEW\n",
        env!("CARGO_PKG_VERSION")
    );
    let main = help::main();
    literal(
        &mut text,
        main.split_once("\n\n").map_or("", |(_, rest)| rest),
    );
    for command in COMMANDS {
        let _ = writeln!(text, ".SH {}", escape(&command.usage()));
        paragraphs(&mut text, command.about);
        for spec in command.all_specs() {
            let names: Vec<_> = spec
                .names()
                .map(|name| format!("\\fB{}\\fR", escape(name)))
                .collect();
            let value = format!(" \\fI{}\\fR", escape(spec.placeholder()));
            let value = if spec.placeholder().is_empty() {
                ""
            } else {
                &value
            };
            let _ = writeln!(
                text,
                ".TP\n{}{value}\n{}",
                names.join(", "),
                escape(spec.help)
            );
        }
        literal(&mut text, &(command.notes)());
    }
    text
}

fn paragraphs(text: &mut String, lines: &str) {
    for paragraph in lines.split("\n\n") {
        // What is set in columns stays so.
        if paragraph.contains("\n  ") || paragraph.starts_with("  ") {
            literal(text, paragraph);
        } else {
            let _ = writeln!(text, ".PP\n{}", escape(&paragraph.replace('\n', " ")));
        }
    }
}

/// Lines that stay as they are.
fn literal(text: &mut String, lines: &str) {
    text.push_str(".nf\n");
    for line in lines.lines() {
        let _ = writeln!(text, "{}", escape(line));
    }
    text.push_str(".fi\n");
}

/// `line` as man(7) prints it: hyphens that can be copied, and no request.
fn escape(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) {
        format!("\\&{line}")
    } else {
        line
    }
}
