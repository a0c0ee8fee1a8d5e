//! What the help texts say, taken apart: the one source of completions, of the manual page and of suggestions.

use super::help;

/// A command and its help text.
#[derive(Clone, Copy)]
pub struct Command {
    pub name: &'static str,
    pub text: &'static str,
}

/// The commands that have options.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "serve",
        text: help::SERVE,
    },
    Command {
        name: "send",
        text: help::SEND,
    },
    Command {
        name: "trace",
        text: help::TRACE,
    },
    Command {
        name: "demo",
        text: help::DEMO,
    },
    Command {
        name: "check",
        text: help::CHECK,
    },
    Command {
        name: "list",
        text: help::LIST,
    },
];

/// An option as its help text has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Opt {
    pub short: Option<char>,
    pub long: Option<&'static str>,
    /// What stands for its value.
    pub value: Option<&'static str>,
    /// What it does, in one line.
    pub meaning: String,
}

impl Opt {
    /// The values that it takes, if they are a closed choice.
    pub fn choices(&self) -> Vec<&'static str> {
        let value = self.value.filter(|value| value.contains('|'));
        value.map_or_else(Vec::new, |value| value.split('|').collect())
    }
}

/// The options of a help text, in its order.
pub fn options(text: &'static str) -> Vec<Opt> {
    let mut all: Vec<Opt> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("  -") {
            let line = &line[2..];
            let (spec, meaning) = line.split_once("  ").unwrap_or((line, ""));
            // After "--" nothing is an option.
            if !rest.starts_with("- ") {
                all.push(option(spec, meaning.trim()));
            }
        } else if let Some(last) = all.last_mut().filter(|_| line.starts_with("          ")) {
            if !last.meaning.is_empty() {
                last.meaning.push(' ');
            }
            last.meaning.push_str(line.trim());
        } else if line.is_empty() && !all.is_empty() {
            break;
        }
    }
    all
}

fn option(spec: &'static str, meaning: &str) -> Opt {
    let mut opt = Opt {
        short: None,
        long: None,
        value: None,
        meaning: meaning.into(),
    };
    for word in spec.split([' ', ',']).filter(|word| !word.is_empty()) {
        if let Some(long) = word.strip_prefix("--") {
            opt.long = Some(long);
        } else if let Some(short) = word.strip_prefix('-') {
            opt.short = short.chars().next();
        } else {
            opt.value = Some(word);
        }
    }
    opt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_help_text_is_taken_apart() {
        for command in COMMANDS {
            let named = command.text.matches("\n  -").count();
            let literal = command.text.matches("\n  --  ").count();
            let options = options(command.text);
            assert_eq!(options.len(), named - literal, "{}", command.name);
            for opt in options {
                let is_help = opt.long == Some("help");
                assert!(is_help || !opt.meaning.is_empty(), "{opt:?}");
            }
        }
        let serve = options(help::SERVE);
        let format = serve.iter().find(|opt| opt.long == Some("format")).unwrap();
        assert_eq!(format.choices(), ["text", "raw", "json"]);
        let verbose = options(help::SEND);
        assert!(
            verbose
                .iter()
                .any(|opt| opt.short == Some('v') && opt.long == Some("verbose"))
        );
    }
}
