//! What the commands share in reading their arguments.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use lexopt::{Parser, ValueExt};
use minitalk::pid::Pid;
use minitalk::server::Dialects;
use minitalk::wire::sender::Lane;

use super::exit::{Exit, Failure};
use super::list;
use super::progress::When;
use super::suggest::suggest;
use super::trace::Color;
use super::units;

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::usage(error)
    }
}

pub fn parser(args: Vec<OsString>) -> Parser {
    Parser::from_args(args)
}

/// The option's value as a number of seconds: decimal, above 0.
pub fn seconds(parser: &mut Parser, option: &str) -> Result<Duration, Failure> {
    seconds_or_never(parser, option)?
        .ok_or_else(|| Failure::usage(format!("{option} 0: it takes a number of seconds above 0")))
}

/// The option's value as a number of seconds: decimal, `None` for 0.
pub fn seconds_or_never(parser: &mut Parser, option: &str) -> Result<Option<Duration>, Failure> {
    let value = parser.value()?.string()?;
    let seconds = units::seconds(&value).ok_or_else(|| {
        Failure::usage(format!("{option} {value:?}: it takes a number of seconds"))
    })?;
    Ok((!seconds.is_zero()).then_some(seconds))
}

/// The option's value as a whole number of at least `least`.
pub fn number(parser: &mut Parser, option: &str, least: u64) -> Result<u64, Failure> {
    let value = parser.value()?.string()?;
    let number = value.parse().ok().filter(|n| *n >= least);
    number.ok_or_else(|| {
        Failure::usage(format!(
            "{option} {value:?}: it takes a whole number from {least} up"
        ))
    })
}

/// The value of `--lane`: how a message is to travel.
pub fn lane(parser: &mut Parser) -> Result<Lane, Failure> {
    let value = parser.value()?.string()?;
    match value.as_str() {
        "auto" => Ok(Lane::Auto),
        "bit" => Ok(Lane::Bit),
        "word" => Ok(Lane::Word),
        _ => Err(Failure::usage(format!(
            "--lane {value:?}: one of auto, bit and word"
        ))),
    }
}

/// What is wrong with -v where nothing is traced.
pub const VERBOSE_ALONE: &str = "-v shows every signal of a trace, and there is none; add --trace";

/// The value of `--color`.
pub fn color(parser: &mut Parser) -> Result<Color, Failure> {
    let value = parser.value()?.string()?;
    match value.as_str() {
        "auto" => Ok(Color::Auto),
        "always" => Ok(Color::Always),
        "never" => Ok(Color::Never),
        _ => Err(Failure::usage(format!(
            "--color {value:?}: one of auto, always and never"
        ))),
    }
}

/// The value of `--progress`.
pub fn progress(parser: &mut Parser) -> Result<When, Failure> {
    let value = parser.value()?.string()?;
    match value.as_str() {
        "auto" => Ok(When::Auto),
        "always" => Ok(When::Always),
        "never" => Ok(When::Never),
        _ => Err(Failure::usage(format!(
            "--progress {value:?}: one of auto, always and never"
        ))),
    }
}

/// The value of `--dialect`.
pub fn dialects(parser: &mut Parser) -> Result<Dialects, Failure> {
    let value = parser.value()?.string()?;
    if value == "auto" {
        return Ok(Dialects::Auto);
    }
    let dialect = value.parse().map_err(|error| {
        Failure::usage(format!(
            "--dialect {value:?}: {error}; minitalk dialects lists presets and keys"
        ))
    })?;
    Ok(Dialects::Given(dialect))
}

/// A PID as it was typed, or that of the server of this name.
pub fn pid_or_name(text: &OsStr) -> Result<Pid, Failure> {
    match text.to_str() {
        Some(name) if list::is_name(name) => list::by_name(name),
        _ => pid(text),
    }
}

/// A PID as it was typed.
pub fn pid(text: &OsStr) -> Result<Pid, Failure> {
    Pid::parse(&text.to_string_lossy()).map_err(|why| {
        Failure::new(
            Exit::Usage,
            format!("{text:?} is not a PID: {why}; a server prints its PID when it starts"),
        )
    })
}

/// The error for an option that there is not; `help` lists those that there are.
pub fn unexpected(argument: lexopt::Arg<'_>, help: &str) -> Failure {
    let suggestion = match argument {
        lexopt::Arg::Long(name) => {
            let typed = format!("--{name}");
            let known = help
                .split(|c: char| c != '-' && !c.is_ascii_lowercase())
                .filter(|word| word.len() > 2 && word.starts_with("--") && *word != typed);
            suggest(&typed, known)
        }
        _ => String::new(),
    };
    Failure::usage(format!("{}{suggestion}", argument.unexpected()))
}
