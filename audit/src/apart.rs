//! Data that the program accesses only while the signals are blocked: no code can see it half changed.

use std::collections::{BTreeSet, HashMap};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};

use crate::escape;
use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::mask::{MaskChange, Signals};
use crate::races::{Coming, needs_only_libc};
use crate::reach;

/// Functions after which other code may look at data: another thread, which need not block signals, or a file that was not read.
const ELSEWHERE: [&str; 12] = [
    "__clone",
    "aio_read",
    "aio_write",
    "clone",
    "dlmopen",
    "dlopen",
    "getaddrinfo_a",
    "lio_listio",
    "mq_notify",
    "pthread_create",
    "thrd_create",
    "timer_create",
];

/// Functions that start a thread.
pub const THREADS: [&str; 4] = ["__clone", "clone", "pthread_create", "thrd_create"];

/// The prefix of the names of the functions that start threads in C++.
pub const CPP_THREAD: &str = "_ZNSt6thread";

/// Functions of the C library, beside the signal-blocking ones, that may change the signal mask: by another context, by a callback
/// or by numeric arguments.
const OTHERS: [&str; 13] = [
    "__longjmp_chk",
    "__sigsetjmp",
    "_setjmp",
    "bsearch",
    "longjmp",
    "qsort",
    "qsort_r",
    "setcontext",
    "setjmp",
    "siglongjmp",
    "sigset",
    "swapcontext",
    "syscall",
];

impl Index {
    /// Returns whether the program looks at the data only before the handler is installed or in one critical section, and is seen
    /// to do so. The handler alone runs all other code that names the data.
    pub fn is_seen_apart(
        &mut self,
        number: u16,
        image: &Image,
        part: (u64, u64),
        coming: &Coming,
    ) -> bool {
        if self.may_look_at_any_time(number, image) {
            return false;
        }
        let Some((taken, touched)) = self.names(number, image, part) else {
            return false;
        };
        let mut uses = BTreeSet::new();
        for at in taken.union(&touched) {
            if *at != 0 && self.is_run_by(number, image, *at, coming) {
                continue;
            }
            if !taken.contains(at) {
                uses.insert(*at);
                continue;
            }
            // A word of data that has the address may be read anywhere.
            let all = (*at != 0).then(|| escape::uses(image, *at, &HashMap::new(), true));
            let Some(all) = all.flatten() else {
                return false;
            };
            uses.extend(all);
        }
        uses.retain(|at| !self.is_seen_before(number, image, *at, coming));
        !uses.is_empty() && self.is_one_section(number, image, &uses, coming)
    }

    /// Returns whether another thread, or a file that is not read, may look at data while a handler runs.
    pub fn may_look_at_any_time(&mut self, number: u16, image: &Image) -> bool {
        let tables = self.of(number, image);
        let has_threads = tables
            .outside
            .keys()
            .any(|name| name.starts_with(CPP_THREAD))
            || tables
                .calls_of(image, &ELSEWHERE)
                .iter()
                .any(|at| !image.is_behind_libc(*at));
        has_threads || image.is_library || !needs_only_libc(image)
    }

    /// Returns whether the instruction precedes the installation of the handler on each way that is seen.
    pub fn is_seen_before(&mut self, number: u16, image: &Image, at: u64, coming: &Coming) -> bool {
        let start = image.function_at(at).map(|(start, _)| start);
        // Code that an exception leads to is not seen.
        start.is_some_and(|start| reach::surely_leads(image, start, at, &[]))
            && self.precedes_installation(number, image, coming.handler, at)
    }

    /// Returns whether all uses lie in one function and in one critical section, which always begins with the same use. Each way to
    /// a use passes a call that blocks the signals, or the function is called only while they are blocked.
    ///
    /// If sections began with different uses, a pair could be read half in one and half in another.
    fn is_one_section(
        &mut self,
        number: u16,
        image: &Image,
        uses: &BTreeSet<u64>,
        coming: &Coming,
    ) -> bool {
        let Some(function) = uses.first().and_then(|at| image.function_at(*at)) else {
            return false;
        };
        let (start, end) = function;
        let is_inside =
            |at: &u64| (start..end).contains(at) && reach::surely_leads(image, start, *at, &[]);
        if !uses.iter().all(is_inside) {
            return false;
        }
        let Some(Section { blocks, opens }) = self.section(number, image, function, coming.signals)
        else {
            return false;
        };
        let begins = if blocks.is_empty() {
            if !opens.is_empty() || !self.is_called_blocked(number, image, start, coming) {
                return false;
            }
            vec![start]
        } else {
            let mut open = opens.iter().map(|at| after(image, *at)).chain([start]);
            let never = |from| {
                uses.iter()
                    .all(|at| reach::never_leads(image, from, *at, &blocks))
            };
            if !open.all(never) {
                return false;
            }
            blocks.iter().map(|at| after(image, *at)).collect()
        };
        let is_first = |at: &u64| {
            let others = uses.iter().copied().filter(|other| other != at);
            let stops: Vec<u64> = others.chain(opens.iter().copied()).collect();
            let leads = |begin: &u64| !reach::never_leads(image, *begin, *at, &stops);
            begins.iter().any(leads)
        };
        uses.iter().filter(|at| is_first(at)).count() == 1
    }

    /// Returns whether the signals are blocked at each call of the function, and the function is seen to be used only in calls.
    fn is_called_blocked(
        &mut self,
        number: u16,
        image: &Image,
        function: u64,
        coming: &Coming,
    ) -> bool {
        let mut seen = Set::default();
        let mut todo = vec![function];
        while let Some(start) = todo.pop() {
            if !seen.insert(start) {
                continue;
            }
            let tables = self.of(number, image);
            let callers = tables.callers.get(&start).cloned().unwrap_or_default();
            let is_called = !callers.is_empty()
                && !tables.taken.contains_key(&start)
                && !tables.is_main(image, start);
            if !is_called {
                return false;
            }
            for call in callers {
                let Some(caller) = image.function_at(call) else {
                    return false;
                };
                let Some(Section { blocks, opens }) =
                    self.section(number, image, caller, coming.signals)
                else {
                    return false;
                };
                if !reach::surely_leads(image, caller.0, call, &[]) {
                    return false;
                }
                if blocks.is_empty() && opens.is_empty() {
                    todo.push(caller.0);
                    continue;
                }
                let mut open = opens.iter().map(|at| after(image, *at)).chain([caller.0]);
                if !open.all(|from| reach::never_leads(image, from, call, &blocks)) {
                    return false;
                }
            }
        }
        true
    }

    /// Returns the calls of a function that block the signals, and the calls that may unblock one of them. Returns `None` if parts
    /// of the function are not seen.
    fn section(
        &mut self,
        number: u16,
        image: &Image,
        (start, end): (u64, u64),
        signals: Signals,
    ) -> Option<Section> {
        // Which signals come need not be known if all are blocked.
        let signals = if signals == 0 { Signals::MAX } else { signals };
        let known = self.known_masks(number, start);
        let mut section = Section {
            blocks: Vec::new(),
            opens: Vec::new(),
        };
        for i in instructions(image, start, end) {
            let change = known
                .get(&i.ip())
                .map(|change| change.surely_blocks(signals));
            match i.flow_control() {
                FlowControl::Call | FlowControl::IndirectCall => match change {
                    Some(Some(true)) => section.blocks.push(i.ip()),
                    Some(None) => {}
                    Some(Some(false)) => section.opens.push(i.ip()),
                    None if self.may_unblock(number, image, &i) => section.opens.push(i.ip()),
                    None => {}
                },
                // A part of the function elsewhere may unblock a signal and come back, unless it ends the process at once.
                FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => {
                    let target = i.near_branch_target();
                    let is_inside = (start..end).contains(&target);
                    (is_inside || reach::ends_at_once(image, target)).then_some(())?;
                }
                FlowControl::Exception if !i.is_invalid() => {}
                FlowControl::Next | FlowControl::Return => {}
                _ => return None,
            }
        }
        Some(section)
    }

    /// Returns whether the called function, or a function that it calls in turn, may change which signals are blocked.
    fn may_unblock(&mut self, number: u16, image: &Image, call: &Instruction) -> bool {
        let mut seen = Set::default();
        let mut todo = vec![*call];
        while let Some(call) = todo.pop() {
            let target = call.near_branch_target();
            if reach::is_outside(image, &call) || image.stub(target).is_some() {
                let tables = self.of(number, image);
                let sites = [tables.blocking(image), tables.calls_of(image, &OTHERS)];
                let is_wait = self.waits_at(number, image, call.ip());
                if sites.iter().any(|sites| sites.contains(&call.ip())) && !is_wait {
                    return true;
                }
                continue;
            }
            let Some((start, end)) = image.function_at(target) else {
                return true;
            };
            if call.flow_control() != FlowControl::Call || target == 0 || start != target {
                return true;
            }
            if !seen.insert(start) {
                continue;
            }
            for i in instructions(image, start, end) {
                match i.flow_control() {
                    FlowControl::Call | FlowControl::IndirectCall => todo.push(i),
                    FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
                        if !(start..end).contains(&i.near_branch_target()) =>
                    {
                        return true;
                    }
                    FlowControl::Exception if !i.is_invalid() => {}
                    FlowControl::Next
                    | FlowControl::Return
                    | FlowControl::ConditionalBranch
                    | FlowControl::UnconditionalBranch => {}
                    _ => return true,
                }
            }
        }
        false
    }

    /// Returns whether the call only waits with other signals blocked.
    fn waits_at(&self, number: u16, image: &Image, at: u64) -> bool {
        let start = image.function_at(at).map(|(start, _)| start);
        let known = start.and_then(|start| self.known_masks(number, start).get(&at).copied());
        matches!(known, Some(MaskChange::Waits(_)))
    }
}

/// Holds the calls of a function that block the signals, and the calls that may unblock one of them.
struct Section {
    blocks: Vec<u64>,
    opens: Vec<u64>,
}

/// Returns the address behind an instruction.
fn after(image: &Image, at: u64) -> u64 {
    instructions(image, at, at + 16)
        .first()
        .map_or(at, Instruction::next_ip)
}

/// Returns the instructions between two addresses, in order.
pub fn instructions(image: &Image, start: u64, end: u64) -> Vec<Instruction> {
    let bytes = image.bytes(start);
    let length = usize::try_from(end - start).unwrap_or(usize::MAX);
    let bytes = &bytes[..bytes.len().min(length)];
    Decoder::with_ip(64, bytes, start, DecoderOptions::NONE)
        .iter()
        .collect()
}
