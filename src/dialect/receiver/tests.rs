mod acks;
mod admission;
mod holds;
mod last_acks;
mod texts;

use std::iter;
use std::string::String;
use std::vec::Vec;

use SleepState::{Awake, ForSignal, Napping};
use Symbol::Usr1;

use super::super::ack_choice::AckPolicy;
use super::super::ack_probe::{SILENCE_ASLEEP, SILENCE_AWAKE};
use super::super::testing::{BOTH, NONE, USR1, USR2, dialects, pid, symbols};
use super::*;
use crate::dialect::profile_cache::ProfileUpdate;
use crate::wire::reason::Reason;

fn given(spec: &str) -> TextReceiver {
    TextReceiver::given(spec.parse().unwrap(), 64, pid(), BOTH)
}

fn unknown() -> TextReceiver {
    unknown_to(BOTH)
}

/// Returns a receiver for a client that handles these signals, of a program that is not known.
fn unknown_to(handled: HandledSignals) -> TextReceiver {
    TextReceiver::unknown(Profile::default(), 64, pid(), handled)
}

/// Returns the visible form of a client's dialect.
fn speaks(spec: &str) -> Option<ProfileUpdate> {
    Some(ProfileUpdate::Speaks(spec.parse().unwrap()))
}

fn actions(receiver: &mut TextReceiver) -> Vec<TextAction> {
    iter::from_fn(|| receiver.poll_action()).collect()
}

/// Returns what to do, one word for each action.
fn words(receiver: &mut TextReceiver) -> String {
    let words = actions(receiver).into_iter().map(|action| match action {
        TextAction::Acknowledge(symbol) => symbol.word().into(),
        TextAction::Detected {
            dialect,
            rival: None,
            ..
        } => std::format!("<{dialect}>"),
        TextAction::Detected {
            dialect,
            rival: Some(_),
            ..
        } => std::format!("<{dialect}?>"),
        TextAction::Ambiguous { .. } => "ambiguous".into(),
        TextAction::Complete(text) => std::format!("{:?}", String::from_utf8(text).unwrap()),
        TextAction::Rejected { reason, bytes } => std::format!("{reason:?}:{bytes}"),
        TextAction::RanOn(bytes) => std::format!("RanOn:{bytes}"),
        TextAction::NoMatch(digits) => digits,
    });
    words.collect::<Vec<String>>().join(" ")
}

/// Sends symbols and returns what to do.
fn send(receiver: &mut TextReceiver, symbols: &[Symbol], now: Nanos) -> String {
    for symbol in symbols {
        receiver.handle_symbol(*symbol, now);
    }
    words(receiver)
}

/// Passes the time until there is something to do, or nothing can become due.
fn wait(receiver: &mut TextReceiver, now: &mut Nanos) -> String {
    while let Some(at) = receiver.poll_timeout() {
        *now = at.max(*now);
        receiver.handle_timeout(*now, Awake);
        let words = words(receiver);
        if !words.is_empty() {
            return words;
        }
    }
    String::new()
}

/// Sends each symbol once the one before has led to an action; returns the actions of the last one.
fn say(receiver: &mut TextReceiver, symbols: &[Symbol], now: &mut Nanos) -> String {
    let mut said = String::new();
    for symbol in symbols {
        said = send(receiver, &[*symbol], *now);
        if said.is_empty() {
            said = wait(receiver, now);
        }
    }
    said
}

/// Returns the texts among the actions, each with the number of acknowledgements before it.
fn texts(actions: &[TextAction]) -> Vec<(usize, &str)> {
    let mut acks = 0;
    let mut texts = Vec::new();
    for action in actions {
        match action {
            TextAction::Acknowledge(_) => acks += 1,
            TextAction::Complete(text) => texts.push((acks, core::str::from_utf8(text).unwrap())),
            _ => {}
        }
    }
    texts
}

/// Returns what a client of `spec` that waits for every bit leads to, whether it was told that its text was taken, and what its
/// end shows.
fn converse(
    profile: Profile,
    spec: &str,
    text: &str,
) -> (Vec<TextAction>, bool, Option<ProfileUpdate>) {
    let mut receiver = TextReceiver::unknown(profile, 64, pid(), BOTH);
    let (mut all, mut now) = (Vec::new(), 0);
    let stream = symbols(spec, text);
    for symbol in &stream {
        receiver.handle_symbol(*symbol, now);
        let mut out = actions(&mut receiver);
        let is_over = |out: &[TextAction]| {
            out.iter()
                .any(|action| !matches!(action, TextAction::Detected { .. }))
        };
        while !is_over(&out) {
            now = receiver.poll_timeout().unwrap();
            receiver.handle_timeout(now, Awake);
            out.extend(actions(&mut receiver));
        }
        all.append(&mut out);
    }
    while let Some(at) = receiver.poll_timeout().filter(|_| texts(&all).is_empty()) {
        receiver.handle_timeout(at, Awake);
        all.extend(actions(&mut receiver));
        now = at;
    }
    let is_ack = |action: &&TextAction| matches!(action, TextAction::Acknowledge(_));
    let mut acks = all.iter().filter(is_ack).count();
    if !texts(&all).is_empty() {
        receiver.handle_written(true, now);
        acks += actions(&mut receiver).len();
    }
    (
        all,
        acks >= stream.len(),
        receiver.profile_update(false, now),
    )
}

/// Returns a receiver for a program that has used these dialects.
fn known(specs: &[&str]) -> TextReceiver {
    known_to(specs, BOTH)
}

fn known_to(specs: &[&str], handled: HandledSignals) -> TextReceiver {
    let profile = Profile {
        dialects: dialects(specs),
        ..Profile::default()
    };
    TextReceiver::unknown(profile, 64, pid(), handled)
}
