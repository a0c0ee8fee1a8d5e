//! The options of a command. One row of a table parses an option, explains it in `--help` and in the manual page, and
//! completes it in a shell, so that these cannot disagree.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use minitalk::server::Dialects;

use super::command::Command;
use super::exit::Failure;
use super::help;
use super::suggest::suggest;
use super::units;

/// One option of a command whose options are collected in an `O`.
pub struct Flag<O> {
    pub spec: Spec,
    set: Set<O>,
}

/// Stores what was given.
enum Set<O> {
    Switch(fn(&mut O)),
    Value(fn(&mut O, Given) -> Result<(), Failure>),
}

impl<O> Flag<O> {
    /// An option without a value.
    pub const fn switch(usage: &'static str, help: &'static str, set: fn(&mut O)) -> Self {
        let spec = Spec { usage, help };
        let set = Set::Switch(set);
        Self { spec, set }
    }

    /// An option with a value, which `set` reads and stores.
    pub const fn value(
        usage: &'static str,
        help: &'static str,
        set: fn(&mut O, Given) -> Result<(), Failure>,
    ) -> Self {
        let spec = Spec { usage, help };
        let set = Set::Value(set);
        Self { spec, set }
    }
}

/// What the user is told of an option.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its names and what stands for its value: `-v, --verbose`, `--count N`, `--lane auto|bit`.
    pub usage: &'static str,
    pub help: &'static str,
}

impl Spec {
    /// Its names, with their hyphens.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let words = self.usage.split([' ', ',']);
        words.filter(|word| word.starts_with('-'))
    }

    /// The long name, with its hyphens.
    pub fn long(&self) -> &'static str {
        self.names().last().unwrap_or_default()
    }

    /// The short name, without its hyphen.
    pub fn short(&self) -> Option<char> {
        self.names().find(|name| name.len() == 2)?.chars().last()
    }

    /// What stands for the value; empty if the option takes none.
    pub fn placeholder(&self) -> &'static str {
        let (_, value) = self.usage.rsplit_once(' ').unwrap_or_default();
        if value.starts_with('-') { "" } else { value }
    }
}

/// `-h`, which every command has.
pub const HELP: Spec = Spec {
    usage: "-h, --help",
    help: "print this help",
};

/// Reads `args` by the tables of `command`. Returns what is left, the positional arguments; `None` once help was printed.
///
/// # Errors
/// A usage error, or an error of standard output.
pub fn parse<O>(
    command: &Command,
    tables: &[&[Flag<O>]],
    args: Vec<OsString>,
    options: &mut O,
) -> Result<Option<Vec<OsString>>, Failure> {
    let mut positional = Vec::new();
    let mut parser = Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        let known = |arg: &Arg| {
            let named = |flag: &&Flag<O>| match arg {
                Arg::Long(name) => flag.spec.long().strip_prefix("--") == Some(name),
                Arg::Short(name) => flag.spec.short() == Some(*name),
                Arg::Value(_) => false,
            };
            tables.iter().copied().flatten().find(named)
        };
        match arg {
            Arg::Value(value) => positional.push(value),
            Arg::Short('h') | Arg::Long("help") => {
                return help::print(&command.help()).map(|()| None);
            }
            // A negative number is not an option but a PID that cannot exist.
            Arg::Short(digit @ '0'..='9') => {
                let mut text = OsString::from(format!("-{digit}"));
                text.push(parser.optional_value().unwrap_or_default());
                positional.push(text);
            }
            arg => {
                let Some(flag) = known(&arg) else {
                    return Err(unexpected(command, &arg));
                };
                match flag.set {
                    Set::Switch(set) => set(options),
                    Set::Value(set) => {
                        let (spec, value) = (flag.spec, parser.value()?);
                        set(options, Given { spec, value })?;
                    }
                }
            }
        }
    }
    Ok(Some(positional))
}

/// Reads `args` for a command that takes none but `--help`; `None` once help was printed.
///
/// # Errors
/// As [`parse`].
pub fn parse_none(command: &Command, args: Vec<OsString>) -> Result<Option<()>, Failure> {
    let positional = parse::<()>(command, &[], args, &mut ())?;
    positional.as_deref().map(refuse_positional).transpose()
}

/// The error for an option that `command` does not have.
fn unexpected(command: &Command, arg: &Arg<'_>) -> Failure {
    match arg {
        Arg::Long(name) => {
            let typed = format!("--{name}");
            let suggestion = suggest(&typed, command.all_specs().map(Spec::long));
            Failure::usage(format!("invalid option '{typed}'{suggestion}"))
        }
        Arg::Short(name) => Failure::usage(format!("invalid option '-{name}'")),
        Arg::Value(value) => Failure::usage(format!("unexpected argument {value:?}")),
    }
}

/// The rows of `tables`, without what stores the values.
pub fn specs<O>(tables: &[&'static [Flag<O>]]) -> Vec<&'static Spec> {
    tables
        .iter()
        .copied()
        .flatten()
        .map(|flag| &flag.spec)
        .collect()
}

/// The error for a positional argument that a command without any was given.
pub fn refuse_positional(positional: &[OsString]) -> Result<(), Failure> {
    match positional {
        [] => Ok(()),
        [extra, ..] => Err(Failure::usage(format!("unexpected argument {extra:?}"))),
    }
}

/// The value that an option was given.
pub struct Given {
    spec: Spec,
    pub value: OsString,
}

impl Given {
    /// The value that stands at the place of the chosen word in the option's list.
    pub fn choose<T: Copy, const N: usize>(&self, values: [T; N]) -> Result<T, Failure> {
        let chosen = self.choice()?;
        values.get(chosen).copied().ok_or_else(|| self.not_listed())
    }

    /// The place of the chosen word in the option's list.
    fn choice(&self) -> Result<usize, Failure> {
        let mut words = self.spec.placeholder().split('|');
        let chosen = words.position(|word| self.value == *word);
        chosen.ok_or_else(|| self.not_listed())
    }

    fn not_listed(&self) -> Failure {
        let words = self.spec.placeholder().replace('|', ", ");
        self.wrong(format_args!("one of {words}"))
    }

    /// A number of seconds above 0, which may have decimals.
    pub fn seconds(self) -> Result<Duration, Failure> {
        let wrong = self.wrong("it takes a number of seconds above 0");
        self.seconds_or_never()?.ok_or(wrong)
    }

    /// A number of seconds, which may have decimals; `None` for 0.
    pub fn seconds_or_never(self) -> Result<Option<Duration>, Failure> {
        let seconds = self.value.to_str().and_then(units::seconds);
        let seconds = seconds.ok_or_else(|| self.wrong("it takes a number of seconds"))?;
        Ok((!seconds.is_zero()).then_some(seconds))
    }

    /// A whole number of at least `least`.
    pub fn number(self, least: u64) -> Result<u64, Failure> {
        let number = self.value.to_str().and_then(|text| text.parse().ok());
        number
            .filter(|n| *n >= least)
            .ok_or_else(|| self.wrong(format_args!("it takes a whole number from {least} up")))
    }

    /// Text in UTF-8.
    pub fn text(self) -> Result<String, Failure> {
        Ok(self.value.string()?)
    }

    /// A dialect, or `auto`.
    pub fn dialects(self) -> Result<Dialects, Failure> {
        let text = self.value.to_string_lossy();
        if text == "auto" {
            return Ok(Dialects::Auto);
        }
        let dialect = text.parse().map_err(|error| {
            self.wrong(format_args!(
                "{error}; minitalk dialects lists presets and keys"
            ))
        })?;
        Ok(Dialects::Given(dialect))
    }

    fn wrong(&self, why: impl std::fmt::Display) -> Failure {
        Failure::usage(format!("{} {:?}: {why}", self.spec.long(), self.value))
    }
}
