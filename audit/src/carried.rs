//! Changes that carry a value from one critical section to the next: a store of the handler between the two is lost.

use iced_x86::{Decoder, DecoderOptions, FlowControl, OpKind};

use crate::emptied::is_kept;
use crate::image::Image;
use crate::index::Index;
use crate::mask::Signals;
use crate::races::{Coming, Who, decoded};
use crate::reach::surely_leads;

/// Functions that let signals in while they wait, or while another context with a mask of its own runs.
const LETS_IN: [&str; 7] = [
    "__xpg_sigpause",
    "epoll_pwait",
    "ppoll",
    "pselect",
    "sigpause",
    "sigsuspend",
    "swapcontext",
];

impl Index {
    /// Returns the code that is interrupted between a load of one of the words and the instruction at `at`, which stores a derived
    /// value. The signals are blocked there, but not at the load, or a call between lets them in.
    pub fn carried(
        &mut self,
        number: u16,
        image: &Image,
        (lo, hi): (u64, u64),
        at: u64,
        coming: &Coming,
    ) -> Option<Who> {
        let function = image.function_at(at)?;
        let tables = self.of(number, image);
        let read = tables.touching(lo, hi).map(|(_, by)| by);
        let loads: Vec<u64> = read
            .filter(|by| (function.0..function.1).contains(by) && loads(image, *by))
            .collect();
        if loads.is_empty() {
            return None;
        }
        if let Some(who) = self.loaded_open(number, image, &loads, at, coming) {
            return Some(who);
        }
        let after = |at: u64| decoded(image, at).next_ip();
        let is_between = |call: u64| {
            let stops = [&loads[..], &[at]].concat();
            let mut loads = loads.iter();
            surely_leads(image, after(call), at, &stops[..stops.len() - 1])
                && loads.any(|load| surely_leads(image, after(*load), call, &stops))
        };
        let calls = self.lets_in(number, image, function, coming.signals, true);
        let between = calls.into_iter().filter(|(call, _)| is_between(*call));
        let between: Vec<(u64, Option<u64>)> = between.collect();
        between.into_iter().find_map(|(call, open)| match open {
            Some(open) => self.who(number, image, open, coming),
            None if self.precedes_installation(number, image, coming.handler, call) => None,
            None => Some(Who::Program),
        })
    }

    /// Returns the code that is interrupted at the last load before the instruction at `at`, if the value is kept.
    fn loaded_open(
        &mut self,
        number: u16,
        image: &Image,
        loads: &[u64],
        at: u64,
        coming: &Coming,
    ) -> Option<Who> {
        let kept: Vec<u64> = loads
            .iter()
            .copied()
            .filter(|load| *load != at && is_kept(image, *load))
            .collect();
        let last = kept.iter().filter(|load| {
            let after = decoded(image, **load).next_ip();
            surely_leads(image, after, at, &kept)
        });
        let last: Vec<u64> = last.copied().collect();
        let mut who = last
            .into_iter()
            .filter_map(|load| self.who(number, image, load, coming));
        who.next()
    }

    /// Returns the calls of a function that let one of the signals in. Each has the place where the signal comes, or `None` if it
    /// comes within the call. If `is_outer`, calls within the called functions count, too.
    fn lets_in(
        &mut self,
        number: u16,
        image: &Image,
        (start, end): (u64, u64),
        signals: Signals,
        is_outer: bool,
    ) -> Vec<(u64, Option<u64>)> {
        let after = |at: u64| decoded(image, at).next_ip();
        let opens = self.unblocks_within(number, image, (start, end), signals);
        let mut all: Vec<(u64, Option<u64>)> =
            opens.into_iter().map(|at| (at, Some(after(at)))).collect();
        let waits = self.of(number, image).calls_of(image, &LETS_IN);
        let waits = waits.into_iter().filter(|at| (start..end).contains(at));
        all.extend(waits.map(|at| (at, None)));
        if is_outer {
            let bytes = image.bytes(start);
            let bytes = &bytes[..bytes.len().min((end - start) as usize)];
            let code = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
            for i in code {
                let target = i.near_branch_target();
                let called = image.function_at(target).filter(|(of, _)| *of == target);
                if let (FlowControl::Call, Some(called)) = (i.flow_control(), called) {
                    let within = self.lets_in(number, image, called, signals, false);
                    all.extend(within.first().map(|_| (i.ip(), None)));
                }
            }
        }
        all
    }
}

/// Returns whether the instruction loads the word that it names.
fn loads(image: &Image, at: u64) -> bool {
    let i = decoded(image, at);
    i.op0_kind() != OpKind::Memory
        || crate::sweep::changes_in_place(&i)
        || matches!(
            i.mnemonic(),
            iced_x86::Mnemonic::Cmp | iced_x86::Mnemonic::Test | iced_x86::Mnemonic::Push
        )
}
