//! Data at which the program looks only while the signals are blocked: nobody can see it half changed.

use std::collections::{BTreeSet, HashMap};

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use crate::escape;
use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::mask::Change;
use crate::races::{Coming, needs_only_libc};

/// Functions after which another thread, where no signal need be blocked, or a file that was not read may look at data.
const ELSEWHERE: [&str; 5] = [
    "__clone",
    "clone",
    "dlopen",
    "pthread_create",
    "thrd_create",
];

impl Index {
    /// Returns whether what follows is shown of all that names the data: the handler alone runs it, or the handler is not installed
    /// yet, or its signals, which may be any if they are not known, are blocked there; and that there is such code of the program.
    ///
    /// What a call does to the set of blocked signals counts only if the set is known.
    pub fn is_seen_apart(
        &mut self,
        number: u16,
        image: &Image,
        part: (u64, u64),
        coming: &Coming,
    ) -> bool {
        let elsewhere = self.of(number, image).calls_of(image, &ELSEWHERE);
        let is_alone = elsewhere.is_empty() && !image.is_library && needs_only_libc(image);
        if !is_alone {
            return false;
        }
        let Some((taken, touched)) = self.names(number, image, part) else {
            return false;
        };
        let mut is_seen = false;
        for (at, is_taken) in taken
            .iter()
            .map(|at| (*at, true))
            .chain(touched.iter().map(|at| (*at, false)))
        {
            if self.is_run_by(number, image, at, coming) {
                continue;
            }
            is_seen = true;
            let uses = match is_taken {
                true => escape::uses(image, at, &HashMap::new(), true),
                false => Some(BTreeSet::from([at])),
            };
            let Some(uses) = uses else {
                return false;
            };
            if !uses
                .iter()
                .all(|at| self.is_kept(number, image, *at, coming))
            {
                return false;
            }
        }
        is_seen
    }

    /// Returns whether the handler surely does not come at the instruction, because of what its function does before, or what is
    /// done before each call of that.
    fn is_kept(&mut self, number: u16, image: &Image, at: u64, coming: &Coming) -> bool {
        let mut seen = Set::default();
        let mut todo = vec![at];
        while let Some(at) = todo.pop() {
            let Some((start, _)) = image.function_at(at) else {
                return false;
            };
            // What an exception leads to is not seen.
            if !crate::reach::surely_leads(image, start, at, &[]) {
                return false;
            }
            if self.precedes_installation(number, image, coming.handler, at)
                || self.is_surely_blocked(number, image, at, coming.signals)
            {
                continue;
            }
            let tables = self.of(number, image);
            let callers = tables.callers.get(&start).cloned().unwrap_or_default();
            let is_called = !callers.is_empty()
                && !tables.taken.contains_key(&start)
                && !tables.is_main(image, start)
                && !self.may_unblock(number, image, start);
            if !is_called {
                return false;
            }
            if seen.insert(start) {
                todo.extend(callers);
            }
        }
        true
    }

    /// Returns whether on each way to the instruction within its function a call blocks the signals, and none after it may unblock one.
    fn is_surely_blocked(&mut self, number: u16, image: &Image, at: u64, signals: u64) -> bool {
        let Some((start, end)) = image.function_at(at) else {
            return false;
        };
        let known: HashMap<u64, Change> = self.known_masks(number, start);
        let signals = if signals == 0 { u64::MAX } else { signals };
        let blocks: Vec<u64> = known
            .iter()
            .filter(|(_, change)| change.surely_blocks(signals) == Some(true))
            .map(|(at, _)| *at)
            .collect();
        if blocks.is_empty() {
            return false;
        }
        let never = |from, to| crate::reach::never_leads(image, from, to, &blocks);
        let mut open: Vec<u64> = vec![start];
        for i in instructions(image, start, end) {
            let may_open = match i.flow_control() {
                FlowControl::Call | FlowControl::IndirectCall => match known.get(&i.ip()) {
                    Some(change) => change.surely_blocks(signals) == Some(false),
                    None => self.call_may_unblock(number, image, &i),
                },
                _ => false,
            };
            if may_open {
                open.push(i.next_ip());
            }
        }
        open.into_iter().all(|from| never(from, at))
    }

    /// Returns whether a function, or one that it calls, may change which signals are blocked.
    fn may_unblock(&mut self, number: u16, image: &Image, function: u64) -> bool {
        let mut seen = Set::default();
        let mut todo = vec![function];
        while let Some(start) = todo.pop() {
            if !seen.insert(start) {
                continue;
            }
            let Some((start, end)) = image.function_at(start) else {
                return true;
            };
            if !self
                .known_masks(number, start)
                .values()
                .all(|change| matches!(change, Change::Waits(_)))
            {
                return true;
            }
            for i in instructions(image, start, end) {
                let may = match i.flow_control() {
                    FlowControl::Call if image.stub(i.near_branch_target()).is_none() => {
                        todo.push(i.near_branch_target());
                        false
                    }
                    FlowControl::Call => self.changes_masks(number, image, i.ip()),
                    FlowControl::IndirectCall => {
                        !is_of_libc(image, &i) || self.changes_masks(number, image, i.ip())
                    }
                    FlowControl::UnconditionalBranch => {
                        !(start..end).contains(&i.near_branch_target())
                    }
                    FlowControl::IndirectBranch => true,
                    _ => i.is_invalid(),
                };
                if may {
                    return true;
                }
            }
        }
        false
    }

    fn call_may_unblock(
        &mut self,
        number: u16,
        image: &Image,
        call: &iced_x86::Instruction,
    ) -> bool {
        match call.flow_control() {
            FlowControl::Call if image.stub(call.near_branch_target()).is_none() => {
                self.may_unblock(number, image, call.near_branch_target())
            }
            FlowControl::IndirectCall if !is_of_libc(image, call) => true,
            _ => self.changes_masks(number, image, call.ip()),
        }
    }

    /// Returns whether the call is one of a function of the C library that changes which signals are blocked.
    fn changes_masks(&mut self, number: u16, image: &Image, at: u64) -> bool {
        const OTHERS: [&str; 9] = [
            "__sigsetjmp",
            "_setjmp",
            "longjmp",
            "setjmp",
            "setcontext",
            "siglongjmp",
            "sigset",
            "swapcontext",
            "syscall",
        ];
        let tables = self.of(number, image);
        tables.blocking(image).contains(&at) || tables.calls_of(image, &OTHERS).contains(&at)
    }
}

/// Returns the instructions of a function, in order.
fn instructions(image: &Image, start: u64, end: u64) -> Vec<iced_x86::Instruction> {
    let bytes = image.bytes(start);
    let length = usize::try_from(end - start).unwrap_or(usize::MAX);
    let bytes = &bytes[..bytes.len().min(length)];
    Decoder::with_ip(64, bytes, start, DecoderOptions::NONE)
        .iter()
        .collect()
}

/// Returns whether the instruction calls a function of another file through a word that the loader fills.
fn is_of_libc(image: &Image, i: &iced_x86::Instruction) -> bool {
    let word = i
        .is_ip_rel_memory_operand()
        .then(|| i.ip_rel_memory_address());
    word.is_some_and(|word| matches!(image.slots.get(&word), Some(crate::image::Slot::Extern(_))))
}
