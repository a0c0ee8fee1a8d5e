//! Descriptions of signals and their values in a trace.

use minitalk::Signal;
use minitalk::wire::control::{Reply, Status};
use minitalk::wire::word::Word;

use super::text::for_terminal;

/// Describes a word of a message.
pub fn word(word: &Word) -> String {
    let Some(index) = word.index() else {
        return "invalid word".into();
    };
    let bytes = for_terminal(&word.bytes);
    let asks = if word.wants_reply() { ", asks" } else { "" };
    format!("word {index}{asks}: {bytes}")
}

/// Returns the name of a signal.
pub const fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Usr1 => "USR1",
        Signal::Usr2 => "USR2",
        Signal::Int => "INT",
        Signal::Term => "TERM",
        Signal::Word => "RT44",
    }
}

/// Describes an answer of a server.
pub fn answer(answer: Reply) -> String {
    match answer.status {
        Status::Greeted { words } => format!("greeted, words of {words}"),
        Status::Ok(next) => format!("ok, next {next}"),
        Status::Wait(next) => format!("wait, next {next}"),
        Status::Delivered(next) => format!("delivered {next}"),
        Status::Rejected(reason) => format!("rejected: {reason}"),
        Status::Reset => "unknown transfer".into(),
        Status::Words(next) => format!("words, next {next}"),
    }
}
