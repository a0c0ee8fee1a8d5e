//! The values of words that instructions test, calls compute and stores keep.

use iced_x86::{FlowControl, Instruction};

use super::{Known, Local};
use crate::hash::{Map, Set};
use crate::image::Image;
use crate::sweep::Tables;
use crate::sweep::derived::{Crossing, Derived, argument};
use crate::sweep::parameter::ChangeKind;

impl Known {
    /// Follows the values that the instruction computes or tests; `touched`: the word or the place of the frame that it touches.
    pub fn follows(
        &mut self,
        image: &Image,
        i: &Instruction,
        touched: (Option<u64>, Option<Local>),
        tables: &mut Tables,
    ) {
        let is_end = i.flow_control() == FlowControl::Return;
        if is_end {
            let result = self.derived.result();
            tables
                .results
                .entry(self.function)
                .or_default()
                .extend(result);
            let arguments: Vec<usize> = self.derived.result_arguments().collect();
            if !arguments.is_empty() {
                let known = tables.results_of_arguments.entry(self.function);
                known.or_default().extend(arguments);
            }
        }
        self.used.extend(self.derived.used(i));
        if matches!(
            i.flow_control(),
            FlowControl::IndirectBranch | FlowControl::IndirectCall
        ) {
            // In a long function, values of many words seem to reach a jump, since its paths are not told apart.
            let words: Set<u64> = self.derived.targets(i).collect();
            if words.len() == 1 {
                self.chosen.extend(words);
            }
        }
        if i.flow_control() == FlowControl::ConditionalBranch {
            self.tested.asks(i, self.derived.asked(), tables);
        }
        let kept = tables.preserved.over(image, i, &self.derived);
        let crossing = self.crossings.get(&i.ip());
        self.derived.follows(i, touched, kept, crossing);
        self.tested.follows(i, touched);
    }

    /// Notes the effects on words of the file of a call of a function that was read before.
    pub fn crosses(&mut self, image: &Image, at: u64, target: u64, tables: &mut Tables) {
        const FEW: usize = 4;
        let passed = self.passed(image, at);
        let own = |word: u64| passed.names(word);
        if target > self.function {
            let words: Vec<u64> = self.derived.passed().collect();
            if !words.is_empty() {
                tables.passed_words.push((target, self.function, words));
            }
        }
        let results = tables.results.get(&target).into_iter().flatten();
        let arguments = tables.results_of_arguments.get(&target);
        let kept = tables.kept.get(&target).into_iter().flatten();
        let crossing = Crossing {
            result: results.filter_map(|word| own(*word)).collect(),
            arguments: arguments.into_iter().flatten().copied().collect(),
            stores: kept
                .filter_map(|(n, word, width)| Some((*n, own(*word)?, *width)))
                .collect(),
        };
        if crossing.result.is_empty() && crossing.arguments.is_empty() && crossing.stores.is_empty()
        {
            return;
        }
        // A function with few stores may be one of several that pass a value on, as in unoptimized Rust.
        let is_wrapped = crossing.stores.len() <= FEW;
        for (from, word, width) in self.derived.stored_by(&crossing) {
            match from == word {
                true => {
                    tables.note_change(image, self.function, at, word, ChangeKind::Updates(width))
                }
                false if is_wrapped => self.note_stored(image, from, word, (at, width), tables),
                false => {}
            }
        }
        self.crossings.insert(at, crossing);
    }

    /// Notes a store to a word, and the arguments of the function from which the stored value was computed.
    pub fn keeps(&mut self, image: &Image, i: &Instruction, word: u64, tables: &mut Tables) {
        let width = i.memory_size().size() as u64;
        tables.writers.insert((self.function, word));
        let stored = self.derived.stored(i);
        for from in stored.iter().filter(|from| **from != word) {
            self.note_stored(image, *from, word, (i.ip(), width), tables);
        }
    }

    /// Notes a store of a value computed from another word, or from an argument; `by`: the instruction and the number of stored
    /// bytes.
    fn note_stored(
        &self,
        image: &Image,
        from: u64,
        word: u64,
        (at, width): (u64, u64),
        tables: &mut Tables,
    ) {
        if let Some(n) = argument(from) {
            let kept = tables.kept.entry(self.function).or_default();
            kept.insert((n, word, width));
        } else if image.is_writable(from) && image.is_writable(word) {
            let copies = tables.copies.entry(word).or_default();
            copies.push((from, at));
        }
    }

    /// Returns the state for a second look at the function, and its calls' effects, if a loop may carry a word to its next round.
    pub fn derived_again(self) -> Option<(Derived, Map<u64, Crossing>)> {
        Some((self.derived.again(self.function)?, self.crossings))
    }
}
