//! Words that the program is seen to store together, again and again, while a signal may come in between.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, OpAccess,
};

use crate::image::Image;
use crate::index::Index;
use crate::mask::{Signals, only};
use crate::races::{Coming, Who};

/// Holds words of one object that one call stores, or that instructions without a branch between them store.
pub struct Group {
    /// The call, or the first of the instructions.
    pub at: u64,
    /// The words, each with its bytes, in order.
    pub words: BTreeSet<(u64, u64)>,
}

/// Is a store: the instruction, the word, and its size in bytes.
type Store = (u64, u64, u64);

/// The largest number of words of a group that are told apart.
pub const MOST: usize = 12;

/// Signals that a thread causes by its own actions; a handler of these signals alone does not come between any two stores.
const OF_FAULTS: [i64; 8] = [4, 5, 6, 7, 8, 11, 13, 31];

/// Signals that a timer sends; the program may stop the timer.
const OF_TIMERS: [i64; 3] = [14, 26, 27];

const STARTS_TIMER: [&str; 4] = ["alarm", "setitimer", "timer_settime", "ualarm"];

fn set(all: &[i64]) -> Signals {
    all.iter().fold(0, |set, n| set | only(*n))
}

pub fn of_faults() -> Signals {
    set(&OF_FAULTS)
}

/// Returns the signals that come without any activity that the program begins, such as a child or a timer.
pub fn of_anyone() -> Signals {
    const OF_CHILDREN: i64 = 17;
    const OF_DESCRIPTORS: [i64; 3] = [13, 23, 29];
    !(of_faults() | set(&OF_TIMERS) | only(OF_CHILDREN) | set(&OF_DESCRIPTORS))
}

impl Index {
    /// Returns the groups in which `loads` touch two words or more.
    pub fn groups(
        &mut self,
        number: u16,
        image: &Image,
        loads: &BTreeSet<(u64, u64)>,
        coming: &Coming,
    ) -> Vec<Group> {
        if coming.signals & !of_faults() == 0 {
            return Vec::new();
        }
        let mut all = self.filled_groups(number, image);
        all.extend(self.groups_of_calls(number, image));
        all.extend(self.groups_of_stores(number, image, loads));
        let is_touched = |(word, width): &&(u64, u64)| {
            let mut loads = loads.iter();
            loads.any(|(load, bytes)| *load < word + width && *word < load + bytes)
        };
        all.retain(|group| group.words.iter().filter(is_touched).count() > 1);
        let is_by_timer = coming.signals & !set(&OF_TIMERS) & !of_faults() == 0;
        let stops = match is_by_timer {
            true => self.of(number, image).calls_of(image, &STARTS_TIMER),
            false => Vec::new(),
        };
        let sites: Vec<(u64, BTreeSet<(u64, u64)>)> = all
            .iter()
            .map(|group| (group.at, group.words.clone()))
            .collect();
        // A compiler may unroll a loop.
        let is_stored_again = |group: &Group| {
            let after = instruction(image, group.at).next_ip();
            let mut same = sites.iter().filter(|(_, words)| *words == group.words);
            same.any(|(at, _)| {
                *at != group.at && crate::reach::surely_leads(image, after, *at, &stops)
            })
        };
        all.retain(|group| {
            let again = is_stored_again(group);
            !self.is_reset(number, image, group)
                && self.who(number, image, group.at, coming) == Some(Who::Program)
                && self.loses(number, image, group.at, coming.signals, again)
                && (again || self.repeats(number, image, group.at, &stops))
        });
        all
    }

    /// Returns whether the program changes the word at a place where one of the signals may come.
    pub fn is_changed(&mut self, number: u16, image: &Image, word: u64, coming: &Coming) -> bool {
        let writes = self.of(number, image).writes.get(&word).cloned();
        let calls = self.filled(number, image, word);
        let mut all = writes.into_iter().flatten().chain(calls);
        all.any(|at| self.who(number, image, at, coming).is_some())
    }

    /// Returns the groups of words that calls have functions of the C library fill.
    fn filled_groups(&mut self, number: u16, image: &Image) -> Vec<Group> {
        const WORD: u64 = 8;
        // The number of bytes that are taken to be stored if the size is not known.
        const TEXT: u64 = 16;
        let fills = self.of(number, image).fills.iter();
        let of = |(start, size): (u64, Option<u64>)| {
            let rest = || image.object_at(start).map(|o| o.address + o.size - start);
            let length = size.or_else(rest).unwrap_or(TEXT);
            let words = (start..start + length).step_by(WORD as usize).take(MOST);
            words.map(|word| (word, WORD)).collect()
        };
        let all = fills.flat_map(|(start, all)| all.iter().map(|(at, size)| (*start, *at, *size)));
        all.map(|(start, at, size)| Group {
            at,
            words: of((start, size)),
        })
        .collect()
    }

    /// Returns the groups of words that functions of the file store through an argument of a call.
    fn groups_of_calls(&mut self, number: u16, image: &Image) -> Vec<Group> {
        let calls = self.of(number, image).through_calls.iter();
        let of = |(at, stores): (&u64, &Vec<(u64, u64, u64)>)| {
            let plain = stores
                .iter()
                .filter(|(.., by)| is_plain(&instruction(image, *by)));
            let mut stores: Vec<(u64, u64, u64)> = plain.copied().collect();
            stores.sort_by_key(|(_, _, by)| *by);
            let runs = stores.chunk_by(|a, b| is_one_run(image, a.2, b.2));
            let words = runs.map(|run| run.iter().map(|(word, width, _)| (*word, *width)));
            let words = words.map(|words| words.take(MOST).collect());
            let groups = words.map(|words| Group { at: *at, words });
            groups.collect::<Vec<Group>>()
        };
        calls.flat_map(of).collect()
    }

    /// Returns the groups of words of one object, according to the symbols, that instructions store.
    fn groups_of_stores(
        &mut self,
        number: u16,
        image: &Image,
        loads: &BTreeSet<(u64, u64)>,
    ) -> Vec<Group> {
        let tables = self.of(number, image);
        let mut objects: BTreeMap<(u64, u64), Vec<Store>> = BTreeMap::new();
        for word in loads.iter().flat_map(|(load, width)| *load..load + width) {
            for &at in tables.writes.get(&word).into_iter().flatten() {
                let updates = tables.updates.get(&word).into_iter().flatten();
                let is_update = updates.into_iter().any(|(by, _)| *by == at);
                let i = instruction(image, at);
                if let (Some(object), Some((function, _))) =
                    (image.object_at(word), image.function_at(at))
                    && is_plain(&i)
                    && !is_update
                {
                    let stores = objects.entry((function, object.address)).or_default();
                    stores.push((at, word, i.memory_size().size() as u64));
                }
            }
        }
        let mut groups = Vec::new();
        for mut stores in objects.into_values() {
            stores.sort_unstable();
            for run in stores.chunk_by(|a, b| is_one_run(image, a.0, b.0)) {
                groups.push(Group {
                    at: run[0].0,
                    words: run.iter().map(|(_, word, width)| (*word, *width)).collect(),
                });
            }
        }
        groups.retain(|group| group.words.len() <= MOST);
        groups
    }

    /// Returns whether the program also gives one of the words a constant, which may tell a reader that the other words are not
    /// valid.
    fn is_reset(&mut self, number: u16, image: &Image, group: &Group) -> bool {
        let tables = self.of(number, image);
        let mut bytes = group.words.iter().flat_map(|(word, n)| *word..word + n);
        bytes.any(|byte| {
            let mut stores = tables.writes.get(&byte).into_iter().flatten();
            let is_constant = |at: &u64| {
                let i = instruction(image, *at);
                is_plain(&i) && i.try_immediate(1).is_ok()
            };
            tables.cleared.contains(&byte) || stores.any(is_constant)
        })
    }

    /// Returns whether the function reaches the instruction again, or a caller reaches its call again, without passing any of
    /// `stops`.
    pub fn repeats(&mut self, number: u16, image: &Image, at: u64, stops: &[u64]) -> bool {
        let Some((start, _)) = image.function_at(at) else {
            return false;
        };
        let callers = self.of(number, image).callers.get(&start);
        let mut places = callers.into_iter().flatten().copied().chain([at]);
        places.any(|at| {
            let after = instruction(image, at).next_ip();
            crate::reach::surely_leads(image, after, at, stops)
        })
    }
}

/// Returns whether control goes from one instruction to the next in order without a branch.
fn is_one_run(image: &Image, from: u64, to: u64) -> bool {
    let mut at = from;
    while at < to {
        let i = instruction(image, at);
        if i.is_invalid() || !matches!(i.flow_control(), FlowControl::Next | FlowControl::Call) {
            return false;
        }
        at = i.next_ip();
    }
    true
}

/// Returns whether the instruction only stores: an increment leaves a number that is right by itself.
fn is_plain(i: &Instruction) -> bool {
    let mut factory = InstructionInfoFactory::new();
    let access = factory.info(i).op0_access();
    i.flow_control() == FlowControl::Next && access == OpAccess::Write
}

fn instruction(image: &Image, at: u64) -> Instruction {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}
