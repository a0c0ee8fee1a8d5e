//! `minitalk completions SHELL` and `minitalk man`, made from the help texts.

use std::ffi::OsString;
use std::fmt::Write;

use super::exit::Failure;
use super::help;
use super::options::{COMMANDS, Opt, options};

/// Prints the completions for a shell.
pub fn run(args: &[OsString]) -> Result<(), Failure> {
    let [shell] = args else {
        return Err(Failure::usage(
            "completions for which shell? One of bash, zsh and fish",
        ));
    };
    match shell.to_str() {
        Some("bash") => help::print(&bash()),
        Some("zsh") => help::print(&zsh()),
        Some("fish") => help::print(&fish()),
        _ => Err(Failure::usage(format!(
            "there are no completions for {shell:?}; there are for bash, zsh and fish"
        ))),
    }
}

/// Prints the manual page.
pub fn man(args: &[OsString]) -> Result<(), Failure> {
    match args {
        [] => help::print(&page()),
        [extra, ..] => Err(Failure::usage(format!(
            "man takes no arguments; what is {extra:?}?"
        ))),
    }
}

fn flags(opt: &Opt) -> impl Iterator<Item = String> {
    let long = opt.long.map(|long| format!("--{long}"));
    opt.short
        .map(|short| format!("-{short}"))
        .into_iter()
        .chain(long)
}

fn bash() -> String {
    let mut text = String::from(
        "_minitalk() {\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n",
    );
    let _ = writeln!(
        text,
        "    if ((COMP_CWORD == 1)); then\n        COMPREPLY=($(compgen -W '{} --help --version' -- \"$cur\"))\n        return\n    fi",
        super::COMMANDS.join(" ")
    );
    text.push_str("    case ${COMP_WORDS[1]}:$prev in\n");
    for command in COMMANDS {
        for opt in options(command.text) {
            let choices = opt.choices();
            let words = match opt.value {
                None => continue,
                Some("PATH") => "COMPREPLY=($(compgen -f -- \"$cur\"))".into(),
                Some(_) => format!(
                    "COMPREPLY=($(compgen -W '{}' -- \"$cur\"))",
                    choices.join(" ")
                ),
            };
            for flag in flags(&opt) {
                let _ = writeln!(text, "        {}:{flag}) {words}; return ;;", command.name);
            }
        }
    }
    text.push_str("    esac\n    case ${COMP_WORDS[1]} in\n");
    for command in COMMANDS {
        let all: Vec<String> = options(command.text).iter().flat_map(flags).collect();
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
        super::COMMANDS.join(" ")
    );
    for command in COMMANDS {
        let _ = write!(text, "        {}) _arguments -s", command.name);
        for opt in options(command.text) {
            // In a specification in single quotes, these would end or divide it.
            let meaning = opt.meaning.replace(['\'', '[', ']', ':'], " ");
            let value = match (opt.value, opt.choices()) {
                (None, _) => String::new(),
                (Some("PATH"), _) => ":path:_files".into(),
                (Some(value), choices) if choices.is_empty() => format!(":{value}:"),
                (Some(_), choices) => format!(":value:({})", choices.join(" ")),
            };
            for flag in flags(&opt) {
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
    for name in super::COMMANDS {
        let _ = writeln!(
            text,
            "complete -c minitalk -n __fish_use_subcommand -a {name}"
        );
    }
    for command in COMMANDS {
        for opt in options(command.text) {
            let _ = write!(
                text,
                "complete -c minitalk -n '__fish_seen_subcommand_from {}'",
                command.name
            );
            if let Some(short) = opt.short {
                let _ = write!(text, " -s {short}");
            }
            if let Some(long) = opt.long {
                let _ = write!(text, " -l {long}");
            }
            match (opt.value, opt.choices()) {
                (None, _) => {}
                (Some("PATH"), _) => text.push_str(" -rF"),
                (Some(_), choices) if choices.is_empty() => text.push_str(" -x"),
                (Some(_), choices) => {
                    let _ = write!(text, " -xa '{}'", choices.join(" "));
                }
            }
            let meaning = opt.meaning.replace('\\', "\\\\").replace('\'', "\\'");
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
    literal(
        &mut text,
        help::MAIN.split_once("\n\n").map_or("", |(_, rest)| rest),
    );
    for command in COMMANDS {
        let _ = writeln!(text, ".SH minitalk {}", command.name);
        let (about, rest) = command
            .text
            .split_once("\noptions:\n")
            .unwrap_or((command.text, ""));
        for paragraph in about.split("\n\n") {
            let _ = writeln!(text, ".PP\n{}", escape(&paragraph.replace('\n', " ")));
        }
        for opt in options(command.text) {
            let names: Vec<String> = flags(&opt)
                .map(|flag| format!("\\fB{}\\fR", escape(&flag)))
                .collect();
            let value = opt
                .value
                .map_or_else(String::new, |value| format!(" \\fI{}\\fR", escape(value)));
            let _ = writeln!(
                text,
                ".TP\n{}{value}\n{}",
                names.join(", "),
                escape(&opt.meaning)
            );
        }
        // What the block of options does not hold.
        for paragraph in rest.split("\n\n").skip(1) {
            let _ = writeln!(text, ".PP\n{}", escape(&paragraph.replace('\n', " ")));
        }
    }
    text.push_str(".SH minitalk dialects\n");
    literal(&mut text, &help::dialects());
    text
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
