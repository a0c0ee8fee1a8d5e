//! Conflicts over data between the handler and the code that it interrupts.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Located, Verdict, part_of, whole};
use crate::explore::Explorer;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::groups::of_faults;
use crate::index::Index;
use crate::install::Place;
use crate::policy::Policy;
use crate::races::{Coming, Who};
use crate::together::{Reads, mixed_words};

/// Holds an access of the handler to data that the interrupted code is in the middle of changing.
pub struct Conflict {
    /// The handler's instruction.
    pub by: Place,
    pub weight: Weight,
    pub why: String,
    pub remedy: &'static str,
}

impl Conflict {
    /// Returns a conflict that is a fault.
    pub fn certain(by: Place, why: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            by,
            weight: Weight::Fault,
            why: why.into(),
            remedy,
        }
    }

    /// Returns a conflict that is an open question.
    pub fn open(by: Place, why: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            weight: Weight::Doubt,
            ..Self::certain(by, why, remedy)
        }
    }
}

pub const UPDATE: &str = "an atomic operation there, or signals that are blocked meanwhile";

/// Adds the conflicts of the handler's stores and loads with unfinished changes of the same data by the program or another handler.
pub fn find(
    explorer: &mut Explorer,
    policy: &Policy,
    address: u64,
    (is_libcs, returns): (bool, bool),
    verdict: &mut Verdict,
) {
    let is_open = |found: &Located| {
        found.finding.weight == Weight::Doubt
            && matches!(found.finding.kind, Kind::Read | Kind::Write)
    };
    let comes_again = returns && !explorer.is_reset;
    let raised = match comes_again && verdict.findings.iter().any(is_open) {
        true => explorer.raised_words(),
        false => BTreeSet::new(),
    };
    let files = &*explorer.files;
    let is_judged = |(of, at): Place| {
        let code = files.image(of);
        !code.hides_libc() || !is_libcs && part_of(&code, address, at) == address
    };
    let mut search = Search {
        files,
        index: &mut *explorer.index,
        coming: Coming::new(explorer.handler, explorer.signals, &explorer.contexts),
    };
    let mut conflicts = Vec::new();
    let marks = search.marks(explorer.loads.keys(), &explorer.stored);
    for (&place, &by) in explorer.stored.iter().filter(|(_, by)| is_judged(**by)) {
        let found = search.stored(place, by);
        let found = found.map(|found| search.weighed_by_marks(found, place, &marks));
        conflicts.extend(found);
    }
    let nulled = explorer.nulled.iter().filter(|_| returns);
    for (&(number, word, constant, width), &by) in nulled.filter(|(_, by)| is_judged(**by)) {
        let found = search.used_untested((number, word), (constant, width), by);
        let place = (number, word, word, width.into());
        conflicts.extend(found.map(|found| search.weighed_by_marks(found, place, &marks)));
    }
    for (&place, &by) in explorer.texts.iter().filter(|(_, by)| is_judged(**by)) {
        conflicts.extend(search.text(place, by));
    }
    for (&(number, words), &by) in explorer.pairs.iter().filter(|(_, by)| is_judged(**by)) {
        conflicts.extend(search.combined(number, words, by));
    }
    // A word of eight bytes that the program loads in halves.
    for (&(number, word, last, width), &by) in
        explorer.stored.iter().filter(|(_, by)| is_judged(**by))
    {
        if word == last && width == 8 {
            conflicts.extend(search.combined(number, [word, word + 4], by));
        }
    }
    for (&(number, words), &by) in explorer.announced.iter().filter(|(_, by)| is_judged(**by)) {
        conflicts.extend(search.denied(number, words, by));
    }
    let mut loads: BTreeMap<u16, BTreeMap<(u64, u64), Place>> = BTreeMap::new();
    for (&(number, word, width), &by) in &explorer.loads {
        loads.entry(number).or_default().insert((word, width), by);
    }
    let mut reads = Vec::new();
    for (number, loads) in loads {
        let elements = explorer
            .elements
            .iter()
            .filter(|((of, _), _)| *of == number);
        let elements = elements.map(|((_, place), by)| (*place, *by)).collect();
        let found = [
            search.early_flag(number, &loads),
            search.late_element(number, &loads, &elements),
        ];
        let found = found.into_iter().flatten();
        conflicts.extend(found.filter(|conflict| is_judged(conflict.by)));
        reads.push(search.reads(number, &loads));
    }
    for (&list, exchanges) in &explorer.exchanges {
        let found = search.reused_head(list, exchanges.iter().copied());
        conflicts.extend(found.filter(|conflict| is_judged(conflict.by)));
    }
    for (&by, word) in explorer
        .appended_by
        .iter()
        .filter(|(by, _)| is_judged(**by))
    {
        let is_raised = |word: &u64| {
            [4, 8].iter().any(|width| {
                let raised = explorer.stored.get(&(by.0, *word, *word, *width));
                raised.is_some_and(|(of, at)| crate::chosen::raises(&files.image(*of), *at))
            })
        };
        let word = word.filter(is_raised);
        conflicts.extend(word.and_then(|word| search.cleared(by, word)));
    }
    let through = &explorer.stored_through;
    for (&place, &by) in through.iter().filter(|(_, by)| is_judged(**by)) {
        conflicts.extend(search.store_through(place, by));
    }
    for Reads {
        number,
        groups,
        guards,
        pair,
    } in reads
    {
        let mixed = groups
            .iter()
            .find_map(|group| Some((group.at, explorer.mixes(number, group, &guards)?)));
        let mixed = mixed.map(|(other, by)| mixed_words(files, number, other, by));
        conflicts.extend(mixed.or(pair).filter(|conflict| is_judged(conflict.by)));
    }
    if explorer.nesting.other == Some(true)
        && returns
        && explorer.masks.is_empty()
        && explorer.signals & !of_faults() != 0
        && let Some(by) = explorer.overwrites().filter(|by| is_judged(*by))
    {
        conflicts.push(overwritten(by));
    }
    let open = verdict.findings.iter().filter(|found| is_open(found));
    let open = open.flat_map(|found| found.places.iter().copied());
    let strays = explorer.strays(&open.collect(), &raised);
    for found in verdict.findings.iter_mut().filter(|found| is_open(found)) {
        if let Some(is_raised) = found.places.iter().find_map(|place| strays.get(place)) {
            found.finding.weight = policy.weight(found.finding.kind, Weight::Fault);
            found.finding.why += match is_raised {
                true => ": each signal raises the index, and nothing checks it or sets it back",
                false => {
                    ": the sender of the signal, or what was interrupted, chose the address, and nothing checks it"
                }
            };
        }
    }
    for conflict in conflicts {
        let (of, at) = conflict.by;
        let code = files.image(of);
        let start = code.function_at(at).map_or(at, |(start, _)| start);
        let weight = policy.weight(Kind::Torn, conflict.weight);
        let finding = Finding::new(Kind::Torn, weight, at, conflict.why).or(conflict.remedy);
        verdict.findings.push(Located {
            offset: at - start,
            ..whole((of, at), code.name(start), finding)
        });
    }
}

/// Returns the conflict of a store with another signal of the same handler.
fn overwritten(by: Place) -> Conflict {
    Conflict {
        by,
        weight: Weight::Fault,
        why: "stores to data of the file what depends on the signal, and passes it on: another of its signals, which is not blocked, \
              overwrites it in between"
            .into(),
        remedy: "a buffer in the handler's frame, or a mask that blocks its other signals",
    }
}

/// Holds the context in which the accesses of the handler are judged.
pub struct Search<'a> {
    pub files: &'a Files,
    pub index: &'a mut Index,
    pub coming: Coming<'a>,
}

impl Search<'_> {
    /// Returns the conflict of a store with code that it may interrupt.
    pub fn stored(&mut self, place: (u16, u64, u64, u64), by: Place) -> Option<Conflict> {
        let found = self.store(place, by);
        let found = found.or_else(|| self.emptied(place, by));
        let found = found.or_else(|| self.chosen(place, by));
        found.or_else(|| self.asked_again(place, by))
    }

    /// Returns the conflict of a store with a change of the same bytes in several instructions.
    fn store(
        &mut self,
        (number, word, last, width): (u16, u64, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        let file = self.files.image(number);
        let place = (word, last, width);
        let mut others = self
            .index
            .changes_of_loads(number, &file, place, &self.coming);
        if !crate::races::decoded(&self.files.image(by.0), by.1).has_lock_prefix() {
            let beside = self
                .index
                .changes_beside_threads(number, &file, place, &self.coming);
            others.extend(beside);
        }
        let elements = self
            .index
            .updates_of_elements(number, &file, word, &self.coming);
        let rewritten = self.index.rewritten(number, &file, word, &self.coming);
        let elements = [elements, rewritten].concat();
        let Some(&(other, _)) = others.first().or(elements.first()) else {
            let between = self.store_between((number, place), by);
            return between.or_else(|| self.store_by_pointer((number, word, last, width), by));
        };
        let why = format!(
            "stores to {}, which {} changes in several instructions at {other:#x}: what a signal stores between them is lost",
            file.place(word),
            file.name_around(other)
        );
        let loses = |(at, who): &(u64, Who)| match who {
            Who::Program => self
                .index
                .loses(number, &file, *at, self.coming.signals, false),
            Who::Handler(is_certain) => *is_certain,
        };
        let weight = match word == last && others.iter().any(loses) {
            true => Weight::Fault,
            false => Weight::Doubt,
        };
        Some(Conflict {
            by,
            weight,
            why,
            remedy: UPDATE,
        })
    }

    /// Returns the conflict of a store with an instruction of the program that changes the word after others have used its value. A
    /// number that the handler only adds is added before or after the change, so it is no conflict.
    fn store_between(
        &mut self,
        (number, place): (u16, (u64, u64, u64)),
        by: Place,
    ) -> Option<Conflict> {
        let adds = crate::races::adds_in_place(&self.files.image(by.0), by.1);
        let file = self.files.image(number);
        let all = self.index.changes(
            number,
            &file,
            |tables| &tables.changed_late,
            place,
            &self.coming,
        );
        let mut all = all.into_iter().map(|(at, _)| at);
        let other = all.find(|at| !adds || !crate::races::changes_in_place(&file, *at));
        let other = other.or_else(|| {
            let copied = self.index.copied_back(number, &file, place.0, &self.coming);
            let mut copied = copied.into_iter().map(|(_, last)| last);
            copied.find(|at| self.index.who(number, &file, *at, &self.coming).is_some())
        })?;
        let why = format!(
            "stores to {}, which {} uses and then changes, at {other:#x}: after a signal between, it has used one value and changes \
             another",
            file.place(place.0),
            file.name_around(other)
        );
        Some(Conflict::open(by, why, UPDATE))
    }

    /// Returns the conflict of a store with a change through a pointer, which may point to the same word.
    fn store_by_pointer(
        &mut self,
        (number, word, last, width): (u16, u64, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        if word != last {
            return None;
        }
        let file = self.files.image(number);
        let handlers = self.index.handlers_of(number);
        let all = self
            .index
            .of(number, &file)
            .updates_by_pointer(&file, word, width, &handlers);
        let mut open = all.into_iter().filter(|at| {
            let who = self.index.who(number, &file, *at, &self.coming);
            who == Some(Who::Program)
        });
        let other = open.next()?;
        let why = format!(
            "stores to {}, which may be what {} changes in several instructions through a pointer, at {other:#x}: what a signal stores \
             between them is lost",
            file.place(word),
            file.name_around(other)
        );
        Some(Conflict::open(by, why, UPDATE))
    }

    /// Returns the conflict of a text that the handler stores with code of the program that uses the same data.
    fn text(&mut self, (number, place): (u16, u64), by: Place) -> Option<Conflict> {
        let file = self.files.image(number);
        let object = file.object_at(place);
        let (from, to) = object.map_or((place, place + 1), |o| (o.address, o.address + o.size));
        let tables = self.index.of(number, &file);
        let uses = tables.taken.range(from..to);
        let uses = uses.chain(tables.read.range(from..to));
        let uses = uses.chain(tables.read_by_register.range(from..to));
        let uses: Vec<u64> = uses.flat_map(|(_, by)| by).copied().collect();
        let mut uses = uses.into_iter().filter(|at| *at != 0);
        let other =
            uses.find(|at| self.index.who(number, &file, *at, &self.coming) == Some(Who::Program))?;
        let why = format!(
            "stores a text to {}, which {} uses, at {other:#x}: after a signal between, it has one part of each text",
            file.place(place),
            file.name_around(other)
        );
        Some(Conflict::open(
            by,
            why,
            "signals that are blocked while the text is used",
        ))
    }

    /// Returns the conflict of a store to an element of an array with a store that clears the index after the program has read it.
    /// An element that the handler adds in between is lost.
    fn cleared(&mut self, by: Place, word: u64) -> Option<Conflict> {
        const STOPS: [&str; 9] = [
            "alarm",
            "pthread_sigmask",
            "setitimer",
            "sigaction",
            "signal",
            "sigprocmask",
            "sigsuspend",
            "timer_delete",
            "timer_settime",
        ];
        let number = by.0;
        let file = self.files.image(number);
        let tables = self.index.of(number, &file);
        let stops = tables.calls_of(&file, &STOPS);
        let reads = tables.read.get(&word).cloned().unwrap_or_default();
        let all = tables.stores.get(&word).cloned().unwrap_or_default();
        let other = all.into_iter().find_map(|(at, value)| {
            let start = file.function_at(at)?.0;
            let is_asked = |read: &u64| {
                *read != at
                    && file.function_at(*read).is_some_and(|(of, _)| of == start)
                    && crate::reach::surely_leads(&file, *read, at, &stops)
            };
            let is_cleared = value.is_some() && reads.iter().any(is_asked);
            let who = self.index.who(number, &file, at, &self.coming);
            (is_cleared && who == Some(Who::Program)).then_some(at)
        })?;
        let why = format!(
            "stores to an element of an array, whose index {} asks for and then sets to a constant, at {other:#x}: what a signal adds \
             between them is lost",
            file.name_around(other)
        );
        Some(Conflict::certain(by, why, UPDATE))
    }

    /// Returns the conflict of a store at an offset in the data that a word points to.
    fn store_through(
        &mut self,
        (number, word, offset): (u16, u64, i64),
        by: Place,
    ) -> Option<Conflict> {
        let file = self.files.image(number);
        let place = (word, offset);
        let others = self
            .index
            .updates_through(number, &file, place, &self.coming);
        let &(other, _) = others.first()?;
        let why = format!(
            "stores to byte {offset:#x} of what {} points to, which the program changes in several instructions at {other:#x}: what a \
             signal stores between them is lost",
            file.place(word)
        );
        Some(Conflict::open(by, why, UPDATE))
    }
}
