//! Marks: words that the program sets while it changes data. The handler looks at a mark first, and leaves the data alone if it is
//! set.

use std::collections::BTreeMap;

use iced_x86::FlowControl;

use crate::apart::instructions;
use crate::conflict::{Conflict, Search};
use crate::finding::Weight;
use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::races::{constant, decoded};
use crate::reach::never_leads;

/// Is a word that may be a mark, with the numbers that set it.
type Mark = (u64, Vec<i64>);

impl Search<'_> {
    /// Returns the words among the handler's loads that may be marks, each with the numbers that set it. The program stores only
    /// constants to a mark, and the handler nothing.
    pub fn marks<'a>(
        &mut self,
        loads: impl Iterator<Item = &'a (u16, u64, u64)>,
        stored: &BTreeMap<(u16, u64, u64, u64), Place>,
    ) -> Vec<Mark> {
        let number = self.coming.handler.0;
        let file = self.files.image(number);
        let own = loads
            .filter(|(of, ..)| *of == number)
            .map(|(_, word, _)| *word);
        let is_free = |word: &u64| {
            let mut stored = stored.keys();
            !stored.any(|(of, lo, hi, width)| *of == number && (*lo..hi + width).contains(word))
        };
        let own: Vec<u64> = own.filter(is_free).collect();
        let marks = own.into_iter().filter_map(|word| {
            let tables = self.index.of(number, &file);
            tables.tests.contains_key(&word).then_some(())?;
            let all = tables.writes.get(&word)?.iter();
            let all: Option<Vec<i64>> = all.map(|at| constant(&file, *at).1.number()).collect();
            let sets: Vec<i64> = all?.into_iter().filter(|value| *value != 0).collect();
            let is_only = self.index.only_stores(number, &file, word).is_some();
            (is_only && !sets.is_empty()).then_some((word, sets))
        });
        marks.collect()
    }

    /// Turns a fault into an open question if the handler looks at a mark before the store, and the program has set that mark at the
    /// last instruction of each change. Does not examine whether the mark is set during the whole change, or whether another handler
    /// clears it meanwhile.
    pub fn weighed_by_marks(
        &mut self,
        mut found: Conflict,
        place: (u16, u64, u64, u64),
        marks: &[Mark],
    ) -> Conflict {
        let looks = |(word, sets): &&Mark| {
            let mut sets = sets.iter();
            sets.all(|value| self.is_refused(found.by, *word, *value))
        };
        let own: Vec<u64> = marks.iter().filter(looks).map(|(word, _)| *word).collect();
        if own.is_empty() || found.weight != Weight::Fault {
            return found;
        }
        self.set_marks(own);
        if self.stored(place, found.by).is_none() {
            found.weight = Weight::Doubt;
            found.why += "; the program sets a mark there, and the handler looks at it first";
            found.remedy = "signals that are blocked meanwhile; or show that the mark is set during the whole change";
        }
        self.set_marks(Vec::new());
        found
    }

    fn set_marks(&mut self, marks: Vec<u64>) {
        self.coming.known.borrow_mut().clear();
        self.coming.marks = marks;
    }

    /// Returns whether the handler reaches the instruction only after it has found that the word does not hold the value.
    pub fn is_refused(&mut self, (number, at): Place, word: u64, value: i64) -> bool {
        const DEEPEST: usize = 4;
        let handler = self.coming.handler;
        if number != handler.0 {
            return false;
        }
        let file = self.files.image(number);
        let mut todo = vec![(at, 0)];
        while let Some((at, depth)) = todo.pop() {
            if self.index.is_denied(number, &file, (word, at), value) {
                continue;
            }
            let Some((start, _)) = file.function_at(at) else {
                return false;
            };
            let tables = self.index.of(number, &file);
            let callers = tables.callers.get(&start).into_iter().flatten();
            let own = callers.filter(|call| {
                let of = file.function_at(**call).map(|(start, _)| (number, start));
                of.is_some_and(|of| self.coming.own.contains_key(&of))
            });
            let own: Vec<(u64, usize)> = own.map(|call| (*call, depth + 1)).collect();
            let is_known = start != handler.1 && !tables.taken.contains_key(&start);
            if !is_known || own.is_empty() || depth == DEEPEST {
                return false;
            }
            todo.extend(own);
        }
        true
    }
}

impl Index {
    /// Returns whether the function has set the mark on each path to the instruction, and has not cleared it since.
    pub fn is_marked(&mut self, number: u16, image: &Image, at: u64, mark: u64) -> bool {
        let Some((start, end)) = image.function_at(at) else {
            return false;
        };
        let stores = self.of(number, image).writes.get(&mark).cloned();
        let (own, others): (Vec<u64>, Vec<u64>) = stores
            .unwrap_or_default()
            .into_iter()
            .partition(|store| (start..end).contains(store));
        let is_set = |store: &u64| constant(image, *store).1.number() != Some(0);
        let (sets, clears): (Vec<u64>, Vec<u64>) = own.into_iter().partition(is_set);
        let after = |store: &u64| decoded(image, *store).next_ip();
        let mut open = clears.iter().map(after).chain([start]);
        !sets.is_empty()
            && open.all(|from| never_leads(image, from, at, &sets))
            && !self.calls_any(number, image, (start, end), &others)
    }

    /// Returns whether the function may call a function that holds one of the instructions.
    fn calls_any(&mut self, number: u16, image: &Image, own: (u64, u64), places: &[u64]) -> bool {
        let functions = places.iter().filter_map(|at| image.function_at(*at));
        let mut todo: Vec<u64> = functions.map(|(start, _)| start).collect();
        let mut seen = Set::default();
        while let Some(start) = todo.pop() {
            if start == own.0 {
                return true;
            }
            if seen.insert(start) {
                let tables = self.of(number, image);
                let callers = tables.callers.get(&start).into_iter().flatten();
                let callers = callers.filter_map(|at| image.function_at(*at));
                todo.extend(callers.map(|(start, _)| start));
            }
        }
        let is_unknown = |i: &iced_x86::Instruction| {
            i.flow_control() == FlowControl::IndirectCall && !crate::reach::is_outside(image, i)
        };
        !places.is_empty() && instructions(image, own.0, own.1).iter().any(is_unknown)
    }
}
