//! Conflicts over data between the handler and what it interrupts.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Located, Verdict, part_of, whole};
use crate::explore::Explorer;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::index::Index;
use crate::install::Place;
use crate::policy::Policy;
use crate::races::{Coming, Who};

/// Holds what the handler does to data while something else is in the middle of a change of it.
pub struct Conflict {
    /// The handler's instruction.
    pub by: Place,
    pub weight: Weight,
    pub why: String,
    pub remedy: &'static str,
}

const UPDATE: &str = "an atomic operation there, or signals that are blocked meanwhile";
const PAIR: &str = "data of one word, or signals that are blocked meanwhile";

/// Adds what the handler stores or reads while the program, or another handler, is in the middle of a change of it.
pub fn find(
    explorer: &mut Explorer,
    policy: &Policy,
    address: u64,
    is_libcs: bool,
    verdict: &mut Verdict,
) {
    let files = &*explorer.files;
    let is_judged = |(of, at): Place| {
        let code = files.image(of);
        !code.hides_libc() || !is_libcs && part_of(&code, address, at) == address
    };
    let mut search = Search {
        files,
        index: &mut *explorer.index,
        coming: Coming {
            handler: explorer.handler,
            signals: explorer.signals,
            own: &explorer.contexts,
        },
    };
    let mut conflicts = Vec::new();
    for (&place, &by) in explorer.stored.iter().filter(|(_, by)| is_judged(**by)) {
        conflicts.extend(search.store(place, by));
    }
    let mut loads: BTreeMap<u16, BTreeMap<(u64, u64), Place>> = BTreeMap::new();
    for (&(number, word, width), &by) in &explorer.loads {
        loads.entry(number).or_default().insert((word, width), by);
    }
    for (number, loads) in loads {
        let elements = explorer
            .elements
            .iter()
            .filter(|((of, _), _)| *of == number);
        let elements = elements.map(|((_, place), by)| (*place, *by)).collect();
        let found = [
            search.pair(number, &loads),
            search.early_flag(number, &loads),
            search.late_element(number, &loads, &elements),
        ];
        let found = found.into_iter().flatten();
        conflicts.extend(found.filter(|conflict| is_judged(conflict.by)));
    }
    for (&list, exchanges) in &explorer.exchanges {
        let found = search.reused_head(list, exchanges.iter().copied());
        conflicts.extend(found.filter(|conflict| is_judged(conflict.by)));
    }
    let through = &explorer.stored_through;
    for (&place, &by) in through.iter().filter(|(_, by)| is_judged(**by)) {
        conflicts.extend(search.store_through(place, by));
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

/// Holds what the questions about each access of the handler need.
pub struct Search<'a> {
    pub files: &'a Files,
    pub index: &'a mut Index,
    pub coming: Coming<'a>,
}

impl Search<'_> {
    /// Returns the conflict of a store with a change of the same bytes in several instructions.
    fn store(
        &mut self,
        (number, word, last, width): (u16, u64, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        let file = self.files.image(number);
        let place = (word, last, width);
        let others = self.index.updates(number, &file, place, &self.coming);
        let elements = self
            .index
            .updates_of_elements(number, &file, word, &self.coming);
        let &(other, _) = others.first().or(elements.first())?;
        let changer = file.function_at(other).map_or(other, |(start, _)| start);
        let why = format!(
            "stores to {}, which {} changes in several instructions at {other:#x}: what a signal stores between them is lost",
            file.place(word),
            file.name(changer)
        );
        let loses = |(at, who): &(u64, Who)| match who {
            Who::Program => self.index.loses(number, &file, *at, self.coming.signals),
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

    /// Returns the conflict of two loads with stores to both, one after the other.
    fn pair(&mut self, number: u16, loads: &BTreeMap<(u64, u64), Place>) -> Option<Conflict> {
        let file = self.files.image(number);
        let words: BTreeSet<(u64, u64)> = loads.keys().copied().collect();
        let [(one, _), (two, other)] = self.index.pair(number, &file, &words, &self.coming)?;
        let touches = |(place, width): &(u64, u64)| (*place..place + width).contains(&two);
        let (_, &by) = loads.iter().find(|(load, _)| touches(load))?;
        let changer = file.function_at(other).map_or(other, |(start, _)| start);
        let why = format!(
            "reads {} and {}, which {} stores one after the other, at {other:#x}: a signal between sees one without the other",
            file.place(one),
            file.place(two),
            file.name(changer)
        );
        Some(Conflict {
            by,
            weight: Weight::Doubt,
            why,
            remedy: PAIR,
        })
    }

    /// Returns the conflict of a store at an offset of what a word points to.
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
        Some(Conflict {
            by,
            weight: Weight::Doubt,
            why,
            remedy: UPDATE,
        })
    }
}
