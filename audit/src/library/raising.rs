//! Calls that raise signals, or give them their default action.

use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::libc;
use crate::state::{ARGUMENTS, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Checks a signal that the handler sends to its own process: it may run the handler again before the first run goes on.
    pub(super) fn raised(&mut self, frame: &mut Frame, at: u64, name: &str, state: &State) {
        self.installs |= libc::installs(name);
        let Some(signal) = sent_to_itself(name, state) else {
            return;
        };
        let is_own = match signal.number() {
            Some(number) => self.own_signals.contains(&number),
            None => !self.own_signals.is_empty(),
        };
        if is_own && !self.installs {
            frame.find(
                Kind::Recursion,
                Weight::Fault,
                at,
                "raises a signal whose handler this is: by SA_NODEFER it runs again before it goes on, without an end",
            );
        } else if !self.installs
            && !self.is_reset
            && self.loads.is_empty()
            && signal
                .number()
                .is_none_or(|number| self.signals & crate::mask::only(number) != 0)
        {
            frame.doubt(
                Kind::Recursion,
                at,
                "sends a signal whose handler this is: it comes again as soon as the handler has returned, and so without an end",
                "the default action, or that it is ignored, before it is sent",
            );
        }
    }

    /// Follows whether the explored signal gets its default action and is then raised. The process then ends before the interrupted
    /// code goes on, whatever errno is. The raised signal is blocked until the handler returns, so another action set before then
    /// counts.
    pub(super) fn defaults(&mut self, frame: &Frame, name: &str, state: &mut State) {
        let [first, second] = [0, 1].map(|n| &state.registers[ARGUMENTS[n]]);
        let action = crate::address::in_image(frame, second.clone());
        let signal = first.number().filter(|_| self.deadly.is_some());
        if let Some(sent) = sent_to_itself(name, state) {
            let signal = sent.number().filter(|_| self.deadly.is_some());
            if signal.is_some() && signal == self.deadly && signal == state.defaulted {
                state.is_ending = true;
                self.is_ended = true;
            }
        } else if libc::installs(name) {
            let action = match (name, action.base, action.exact()) {
                ("sigaction", Base::Stack, Some(_)) => state.load_slot(second, 8).number(),
                ("sigaction", Base::Image(image), Some(at)) => {
                    let is_default = self.was_default(image, at.cast_unsigned(), first);
                    is_default.then_some(0)
                }
                ("sigaction", ..) => None,
                _ => second.number(),
            };
            let is_default = action == Some(0);
            state.defaulted = signal.filter(|_| is_default);
            let may_be_raised = first.number().is_none() || first.number() == self.deadly;
            state.is_ending &= is_default || !may_be_raised;
        }
    }
}

impl Explorer<'_> {
    /// Returns whether the previous action, when it is installed again for a fault, is the default action. It is if the program has
    /// no other handler for the signal, and had none when it began.
    fn was_default(&mut self, image: u16, action: u64, signal: &Value) -> bool {
        // SIGPIPE is often ignored when a program begins.
        const SIGPIPE: i64 = 13;
        let file = self.files.image(image);
        let Some(signal) = signal.number().filter(|signal| *signal != SIGPIPE) else {
            return false;
        };
        let is_fault = crate::groups::of_faults() & crate::mask::only(signal) != 0;
        let handles = |of: &crate::install::Handler| of.more || of.signals.contains(&signal);
        is_fault
            && !file.is_library
            && crate::races::needs_only_libc(&file)
            && self.index.is_old(image, action)
            && !self.index.of(image, &file).stores.contains_key(&action)
            && ![Some(signal), None]
                .iter()
                .any(|one| self.index.ignored.contains(one))
            && (self.index.handlers.iter())
                .all(|(place, of)| *place == self.handler || !handles(of))
    }
}

/// Returns the signal that a call sends to its own process or to the calling thread.
fn sent_to_itself<'a>(name: &str, state: &'a State) -> Option<&'a Value> {
    let [first, second] = [0, 1].map(|n| &state.registers[ARGUMENTS[n]]);
    let is_own = || *first == Value::at(Base::Own, 0);
    match name {
        "raise" => Some(first),
        "kill" if first.number() == Some(0) || is_own() => Some(second),
        "pthread_kill" if is_own() => Some(second),
        _ => None,
    }
}
