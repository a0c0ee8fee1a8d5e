//! The order in which the program stores data that the handler reads: data and the word that announces it, a list and its next
//! node.

use std::collections::BTreeMap;

use crate::conflict::{Conflict, Search};
use crate::finding::Weight;
use crate::image::Image;
use crate::install::Place;

const ORDER: &str =
    "the data stored before what announces it, or signals that are blocked meanwhile";
const TAG: &str =
    "a number in the same word that each exchange raises, or signals that are blocked meanwhile";

impl Search<'_> {
    /// Returns the conflict of loads of an index and of an element of a table with stores to both in the wrong order.
    pub fn late_element(
        &mut self,
        number: u16,
        loads: &BTreeMap<(u64, u64), Place>,
        elements: &BTreeMap<u64, Place>,
    ) -> Option<Conflict> {
        let file = self.files.image(number);
        let late = self.index.of(number, &file).late.clone();
        let read = loads
            .keys()
            .filter_map(|(word, _)| Some((*word, late.get(word)?)));
        for (word, stores) in read {
            for (table, at) in stores {
                let Some((_, &by)) = elements
                    .iter()
                    .find(|(load, _)| is_one(&file, **load, *table))
                else {
                    continue;
                };
                if self.comes(number, &file, *at) {
                    let (what, table) = (file.place(word), file.place(*table));
                    return Some(Conflict {
                        by,
                        weight: Weight::Doubt,
                        why: format!(
                            "reads an element of {table} by {what}, which the program changes before it stores the element, at {at:#x}"
                        ),
                        remedy: ORDER,
                    });
                }
            }
        }
        None
    }

    /// Returns the conflict of loads of a flag and of other data with stores that set the flag before they store the data.
    pub fn early_flag(
        &mut self,
        number: u16,
        loads: &BTreeMap<(u64, u64), Place>,
    ) -> Option<Conflict> {
        let file = self.files.image(number);
        let writes = &self.index.of(number, &file).writes;
        let of = |(word, width): &(u64, u64)| -> Vec<u64> {
            let bytes = *word..word + (*width).min(16);
            let all = bytes.filter_map(|byte| writes.get(&byte));
            all.flatten().copied().collect()
        };
        let stored: BTreeMap<(u64, u64), Vec<u64>> = loads
            .keys()
            .map(|load| (*load, of(load)))
            .filter(|(_, all)| !all.is_empty())
            .collect();
        let mut found = Vec::new();
        for (flag, sets) in &stored {
            // A word that also holds other values is not a flag.
            if !sets.iter().all(|at| crate::races::is_flag(&file, *at)) {
                continue;
            }
            let sets = sets
                .iter()
                .filter(|at| crate::races::sets_flag(&file, **at));
            for set in sets {
                let function = file.function_at(*set);
                for (data, stores) in stored.iter().filter(|(data, _)| *data != flag) {
                    let own = stores
                        .iter()
                        .filter(|at| file.function_at(**at) == function);
                    let own: Vec<u64> = own.copied().collect();
                    let follows = |at: &&u64| crate::reach::surely_leads(&file, *set, **at, &[]);
                    let is_before = |at: &u64| crate::reach::leads(&file, *at, *set);
                    if let Some(late) = own.iter().find(follows)
                        && !own.iter().any(is_before)
                        && !crate::races::is_flag(&file, *late)
                    {
                        found.push((*flag, *data, *late));
                    }
                }
            }
        }
        let (flag, data, late) = found
            .into_iter()
            .find(|(_, _, late)| self.comes(number, &file, *late))?;
        Some(Conflict {
            by: loads[&data],
            weight: Weight::Doubt,
            why: format!(
                "reads {} and {}, which the program sets before it stores the other, at {late:#x}",
                file.place(data.0),
                file.place(flag.0)
            ),
            remedy: ORDER,
        })
    }

    /// Returns the conflict of several exchanges of a list head with an exchange by the program, which may take an old next node.
    pub fn reused_head(
        &mut self,
        (number, word): (u16, u64),
        exchanges: impl IntoIterator<Item = Place>,
    ) -> Option<Conflict> {
        let mut exchanges = exchanges.into_iter();
        let (Some(_), Some(by)) = (exchanges.next(), exchanges.next()) else {
            return None;
        };
        let file = self.files.image(number);
        let pops = self.index.of(number, &file).pops.get(&word)?.clone();
        let at = pops.into_iter().find(|at| self.comes(number, &file, *at))?;
        let place = file.place(word);
        Some(Conflict {
            by,
            weight: Weight::Doubt,
            why: format!(
                "takes from the list {place} and puts back what it took: the program exchanges its head for the next node, at {at:#x}, which \
                 then may be another"
            ),
            remedy: TAG,
        })
    }

    /// Returns whether one of the signals may come at an instruction.
    fn comes(&mut self, number: u16, image: &Image, at: u64) -> bool {
        self.index.who(number, image, at, &self.coming).is_some()
    }
}

/// Returns whether both places are in one table. Without symbols, places that lie close together count as one table.
fn is_one(file: &Image, a: u64, b: u64) -> bool {
    const NEAR: u64 = 64;
    match (file.object_at(a), file.object_at(b)) {
        (Some(x), Some(y)) => x.address == y.address,
        _ => a.abs_diff(b) < NEAR,
    }
}
