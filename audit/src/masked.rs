//! The instructions at which signals are blocked, as far as the calls of a file show.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::hash::Map;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::mask::{Guard, MaskChange, Saved, Signals};

/// Holds the observed effects of calls on the set of blocked signals.
#[derive(Default)]
pub struct Blocked {
    /// The calls of each function that was read to its end, by the function's file and start.
    calls: Map<Place, Vec<(u64, MaskChange)>>,
    saved: Saved,
    /// The effects of the calls of a file on code that these signals must not interrupt.
    guards: Map<(u16, Signals), Rc<BTreeMap<u64, Guard>>>,
    /// Whether these signals are believed to be blocked at an instruction of a file.
    places: Map<(u16, Signals, u64), bool>,
}

impl Index {
    /// Notes the effects of the calls of a function on the set of blocked signals.
    pub fn note_masks(&mut self, function: Place, masks: Map<Place, MaskChange>, saved: Saved) {
        let calls = masks.into_iter().map(|((_, at), change)| (at, change));
        self.blocked.calls.insert(function, calls.collect());
        self.blocked.saved.extend(saved);
        self.blocked.guards.clear();
        self.blocked.places.clear();
        self.on_threads.clear();
    }

    /// Returns the effects of the calls of a function of this file, if the function was read to its end.
    pub fn known_masks(&self, number: u16, start: u64) -> HashMap<u64, MaskChange> {
        let known = self.blocked.calls.get(&(number, start));
        known.into_iter().flatten().copied().collect()
    }

    pub fn has_masks(&self, function: Place) -> bool {
        self.blocked.calls.contains_key(&function)
    }

    /// Returns each call that changes the set of blocked signals. A call that was not read is assumed to block the relevant
    /// signals.
    fn mask_calls(&mut self, number: u16, image: &Image) -> BTreeMap<u64, MaskChange> {
        let calls = self.of(number, image).blocking(image);
        let read = &self.blocked.calls;
        let is_read = |at: &u64| {
            let function = image.function_at(*at).map(|(start, _)| (number, start));
            function.is_some_and(|function| read.contains_key(&function))
        };
        let unread = calls.into_iter().filter(|at| !is_read(at));
        let known = read.iter().filter(|((of, _), _)| *of == number);
        unread
            .map(|at| (at, MaskChange::Blocks(None)))
            .chain(known.flat_map(|(_, calls)| calls.iter().copied()))
            .collect()
    }

    /// Returns the effects of calls on code that these signals must not interrupt, including calls of functions that make such
    /// calls.
    fn guards(&mut self, number: u16, image: &Image, signals: Signals) -> Rc<BTreeMap<u64, Guard>> {
        if let Some(known) = self.blocked.guards.get(&(number, signals)) {
            return known.clone();
        }
        const DEEPEST: usize = 3;
        let calls = self.mask_calls(number, image);
        let saved = &self.blocked.saved;
        let mut guards: BTreeMap<u64, Guard> = calls
            .iter()
            .filter_map(|(at, change)| Some((*at, change.guard(signals, saved)?)))
            .collect();
        // The calls after which the signals may come even if the caller has blocked them: no old mask is put back.
        let frees = |(at, change): (&u64, &MaskChange)| {
            let is_end = guards.get(at) == Some(&Guard::Ends);
            (is_end && matches!(change, MaskChange::Unblocks(_))).then_some(*at)
        };
        let mut frees: BTreeSet<u64> = calls.iter().filter_map(frees).collect();
        let mut todo: Vec<u64> = guards.keys().copied().collect();
        for _ in 0..DEEPEST {
            let functions = todo.drain(..).filter_map(|at| image.function_at(at));
            let functions: BTreeSet<(u64, u64)> = functions.collect();
            for (start, end) in functions {
                let of = |guard: Guard| {
                    let own = guards
                        .range(start..end)
                        .filter(move |(_, of)| **of == guard);
                    own.map(|(at, _)| *at).collect::<Vec<u64>>()
                };
                let (begins, ends) = (of(Guard::Begins), of(Guard::Ends));
                let keeps = |at: &u64| crate::reach::returns(image, *at, &ends);
                // A call of a function that blocks the signals on only some of its paths may have no effect.
                let skips = || crate::reach::returns(image, start, &begins);
                let mut own = frees.range(start..end);
                let is_free = own.any(|at| crate::reach::returns(image, *at, &begins));
                let guard = if !is_free && begins.iter().any(keeps) && !skips() {
                    Guard::Begins
                } else if is_free || begins.is_empty() {
                    Guard::Ends
                } else {
                    continue;
                };
                let tables = self.of(number, image);
                let callers = tables.callers.get(&start).into_iter().flatten();
                for at in callers.filter(|at| !calls.contains_key(at)) {
                    if !guards.contains_key(at) {
                        guards.insert(*at, guard);
                        todo.push(*at);
                    }
                    if is_free {
                        frees.insert(*at);
                    }
                }
            }
        }
        let guards = Rc::new(guards);
        let all = &mut self.blocked.guards;
        all.insert((number, signals), guards.clone());
        guards
    }

    /// Returns the calls within a function after which one of the signals may come.
    pub fn unblocks_within(
        &mut self,
        number: u16,
        image: &Image,
        (start, end): (u64, u64),
        signals: Signals,
    ) -> Vec<u64> {
        let guards = self.guards(number, image, signals);
        let own = guards.range(start..end);
        let ends = own.filter(|(_, guard)| **guard == Guard::Ends);
        ends.map(|(at, _)| *at).collect()
    }

    /// Returns whether the signals are believed to be blocked at an instruction: a call blocks them on each visible path to it.
    pub fn is_blocked(&mut self, number: u16, image: &Image, at: u64, signals: Signals) -> bool {
        let place = (number, signals, at);
        if let Some(known) = self.blocked.places.get(&place) {
            return *known;
        }
        let is_blocked = self.finds_blocked(number, image, at, signals);
        self.blocked.places.insert(place, is_blocked);
        is_blocked
    }

    fn finds_blocked(&mut self, number: u16, image: &Image, at: u64, signals: Signals) -> bool {
        let Some((start, end)) = image.function_at(at) else {
            return false;
        };
        let guards = self.guards(number, image, signals);
        let of = |guard: Guard| {
            let own = guards
                .range(start..end)
                .filter(move |(_, of)| **of == guard);
            own.map(|(at, _)| *at)
        };
        let begins: Vec<u64> = of(Guard::Begins).collect();
        let mut open = std::iter::once(start).chain(of(Guard::Ends));
        !begins.is_empty() && !open.any(|from| crate::reach::surely_leads(image, from, at, &begins))
    }

    /// Returns whether the file may keep one of the signals blocked, by a C library function or by a system call of its own. A
    /// function of the C library does not count if its caller unblocks the signal on each path to the caller's end.
    pub fn may_block(&mut self, number: u16, image: &Image, signals: Signals) -> bool {
        let calls = self.mask_calls(number, image);
        let saved = &self.blocked.saved;
        let keeps = |at: u64| {
            let Some((start, end)) = image.function_at(at) else {
                return true;
            };
            let own = calls.range(start..end);
            let ends = own.filter(|(_, call)| call.guard(signals, saved) == Some(Guard::Ends));
            let ends: Vec<u64> = ends.map(|(at, _)| *at).collect();
            let surely_ends = |end: &u64| crate::reach::surely_leads(image, at, *end, &[]);
            crate::reach::returns(image, at, &ends) || !ends.iter().any(surely_ends)
        };
        let mut all = calls.iter();
        let blocks = all.any(|(at, call)| call.may_block(signals, saved) && keeps(*at));
        blocks || self.of(number, image).blocks_by_number
    }
}
