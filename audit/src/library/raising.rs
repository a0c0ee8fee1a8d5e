//! Calls that raise signals, or give them their default action.

use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::libc;
use crate::state::{ARGUMENTS, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Checks a signal that the handler sends to its own process, which may run it again before it goes on.
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

    /// Follows whether the signal that is explored has its default action, and then is raised: the process ends before what was
    /// interrupted goes on, whatever errno is. The raised signal is blocked until the handler returns, so another action counts.
    pub(super) fn defaults(&mut self, name: &str, state: &mut State) {
        let [first, second] = [0, 1].map(|n| &state.registers[ARGUMENTS[n]]);
        let signal = first.number().filter(|_| self.deadly.is_some());
        if let Some(sent) = sent_to_itself(name, state) {
            let signal = sent.number().filter(|_| self.deadly.is_some());
            if signal.is_some() && signal == self.deadly && signal == state.defaulted {
                state.is_ending = true;
                self.is_ended = true;
            }
        } else if libc::installs(name) {
            let action = match (name, second.base, second.exact()) {
                ("sigaction", Base::Stack, Some(_)) => state.load_slot(second, 8).number(),
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

/// Returns the signal that a call sends to its own process, or to the thread that makes it.
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
