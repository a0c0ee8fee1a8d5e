//! Words that the program loads and then replaces in two steps: a value that a signal handler stores in between is lost. Words that
//! the program tests and then loads again.

use std::collections::BTreeSet;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use crate::chosen::makers;
use crate::conflict::{Conflict, Search, UPDATE};
use crate::finding::Weight;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::races::{Who, changes_in_place, decoded};
use crate::reach::surely_leads;
use crate::state::ARGUMENTS;
use crate::summary::is_preserved;
use crate::sweep::element;

/// The number of bytes before a word at which the widest access that covers it may begin.
const WIDEST: u64 = 31;

impl Search<'_> {
    /// Returns the conflict between the handler's stores to a word and a store by the program. The program has loaded the word
    /// before that store and goes on with the loaded value.
    pub fn emptied(
        &mut self,
        (number, word, last, _): (u16, u64, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        if word != last {
            return self.emptied_element((number, word, last), by);
        }
        let file = self.files.image(number);
        let mut stores = self.index.stores_over(number, &file, word);
        stores.extend(self.index.filled(number, &file, word));
        let by_handler = (by.0 == number).then_some(by.1);
        let own: BTreeSet<u64> = stores
            .iter()
            .copied()
            .chain(by_handler)
            .filter(|at| {
                let function = file.function_at(*at).map(|(start, _)| (number, start));
                function.is_some_and(|function| self.coming.own.contains_key(&function))
            })
            .collect();
        let values: BTreeSet<Option<i64>> = own
            .iter()
            .flat_map(|at| makers(&file, *at))
            .map(|(_, value)| value)
            .collect();
        // If the handler stores several constants, a newer constant carries other information than an older one.
        let gathers = values.len() > 1
            || own.iter().any(|at| {
                let makers = makers(&file, *at);
                let is_plain = makers.iter().all(|(_, value)| value.is_some());
                changes_in_place(&file, *at)
                    || !is_plain
                    || self.index.is_update(number, &file, word, *at)
            });
        if !gathers {
            return None;
        }
        let replaces = |at: &u64| {
            let is_changed = changes_in_place(&file, *at) || exchanges(&file, *at);
            !own.contains(at) && !is_changed && !decoded(&file, *at).has_lock_prefix()
        };
        let others = stores.iter().copied().filter(replaces);
        let others: Vec<u64> = others.collect();
        let tables = self.index.of(number, &file);
        let within = tables.stored_by_calls.get(&word).into_iter().flatten();
        let within = within.filter(|(_, by)| replaces(by));
        let mut calls: Vec<u64> = within.map(|(call, _)| *call).collect();
        for at in &others {
            let function = file.function_at(*at).map(|(start, _)| start);
            let callers = function.and_then(|start| tables.callers.get(&start));
            calls.extend(callers.into_iter().flatten());
        }
        let inside = tables.replaced.get(&word).cloned().unwrap_or_default();
        let mut all = others.iter().chain(&calls).copied().filter(|at| {
            self.takes_before(number, &file, word, *at)
                && self.comes_between(number, &file, word, *at)
        });
        let other = all.next();
        let is_direct = other.is_some_and(|at| others.contains(&at));
        let other = other.or_else(|| {
            let mut inside = inside.into_iter();
            inside.find(|at| self.comes_between(number, &file, word, *at))
        })?;
        let is_constant = if is_direct {
            are_constant(&file, &[other])
        } else {
            let called = decoded(&file, other).near_branch_target();
            let is_called = |at: &&u64| file.function_at(**at).is_some_and(|of| of.0 == called);
            let own: Vec<u64> = others.iter().filter(is_called).copied().collect();
            are_constant(&file, &own) && is_straight(&file, called)
        };
        let is_certain = is_constant
            && self
                .index
                .loses(number, &file, other, self.coming.signals, false);
        Some(Conflict {
            by,
            weight: match is_certain {
                true => Weight::Fault,
                false => Weight::Doubt,
            },
            why: format!(
                "stores to {}, which {} loads and then replaces, at {other:#x}: what a signal stores between the two is lost",
                file.place(word),
                file.name_around(other)
            ),
            remedy: UPDATE,
        })
    }

    /// Returns the same conflict as [`emptied`](Self::emptied) for an element of a table that an index chooses.
    fn emptied_element(
        &mut self,
        (number, first, last): (u16, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        let file = self.files.image(number);
        let object = file
            .object_at(first)
            .map(|o| (o.address, o.address + o.size - 1));
        let (from, to) = object.unwrap_or((first, last));
        let tables = self.index.of(number, &file);
        let read = tables.read_elements.range(from..=to);
        let read: Vec<(u64, Vec<u64>)> = read.map(|(at, by)| (*at, by.clone())).collect();
        let found = read.into_iter().find_map(|(table, loads)| {
            let writes = &self.index.of(number, &file).writes;
            let mut stores = writes.get(&element(table))?.clone().into_iter();
            let loads: Vec<u64> = loads.into_iter().filter(|at| is_kept(&file, *at)).collect();
            stores.find(|at| {
                let function = file.function_at(*at);
                let own = function.map(|(start, _)| (number, start));
                let mut before = loads.iter().filter(|load| {
                    file.function_at(**load) == function
                        && surely_leads(&file, decoded(&file, **load).next_ip(), *at, &loads)
                });
                !own.is_some_and(|own| self.coming.own.contains_key(&own))
                    && !changes_in_place(&file, *at)
                    && !exchanges(&file, *at)
                    && before.next().is_some()
                    && self.index.who(number, &file, *at, &self.coming) == Some(Who::Program)
            })
        });
        let other = found?;
        Some(Conflict {
            by,
            weight: Weight::Doubt,
            why: format!(
                "stores to an element of {}, of which {} loads one and then replaces it, at {other:#x}: what a signal stores between the \
                 two is lost",
                file.place(from),
                file.name_around(other)
            ),
            remedy: UPDATE,
        })
    }

    /// Returns the conflict between a constant that the handler stores and a load by the program. The program reaches the load only
    /// after it has found another value in the word.
    pub fn asked_again(
        &mut self,
        (number, word, last, _): (u16, u64, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        if word != last || by.0 != number {
            return None;
        }
        let file = self.files.image(number);
        let values = makers(&file, by.1);
        let read = self.index.of(number, &file).touching(word, word);
        let read: Vec<u64> = read.map(|(_, by)| by).collect();
        let mut all = read.into_iter().filter(|at| is_kept(&file, *at));
        let other = all.find(|at| {
            // A word that is set to 1 is a flag: 1 is not a pointer, and a division by 1 does not fail.
            let denies = values.iter().any(|(_, value)| {
                let value = value.filter(|value| *value != 1);
                value.is_some_and(|value| self.index.is_denied(number, &file, (word, *at), value))
            });
            denies && self.index.who(number, &file, *at, &self.coming) == Some(Who::Program)
        })?;
        Some(Conflict {
            by,
            weight: Weight::Doubt,
            why: format!(
                "stores to {}, which {} asks for and then loads again, at {other:#x}: after a signal between, it goes on with what it \
                 has not asked for",
                file.place(word),
                file.name_around(other)
            ),
            remedy: "one load of the word, or signals that are blocked meanwhile",
        })
    }

    fn comes_between(&mut self, number: u16, file: &Image, word: u64, at: u64) -> bool {
        let who = self.index.who(number, file, at, &self.coming);
        let carried = || {
            let words = (word, word);
            self.index.carried(number, file, words, at, &self.coming)
        };
        who.or_else(carried) == Some(Who::Program)
    }

    /// Returns whether the function loads the word before it reaches the store, and keeps the loaded value.
    fn takes_before(&mut self, number: u16, file: &Image, word: u64, at: u64) -> bool {
        let Some((start, end)) = file.function_at(at) else {
            return false;
        };
        let tables = self.index.of(number, file);
        let read = tables.touching(word.saturating_sub(WIDEST), word);
        let over = read.filter(|(from, by)| word - from < width(file, *by));
        let own = over.map(|(_, by)| by);
        let calls = tables.loaded_by_calls.get(&word).into_iter().flatten();
        let calls = calls.copied().filter(|call| {
            let after = decoded(file, *call).next_ip();
            (start..end).contains(call) && is_used(file, after, Register::RAX, false)
        });
        let loads = own.filter(|by| (start..end).contains(by) && is_kept(file, *by));
        let loads: Vec<u64> = loads.chain(calls).filter(|load| *load != at).collect();
        loads.iter().any(|load| {
            let after = decoded(file, *load).next_ip();
            surely_leads(file, after, at, &loads)
        })
    }
}

impl Index {
    /// Returns the instructions that store to the word, including wider stores that cover it.
    fn stores_over(&mut self, number: u16, image: &Image, word: u64) -> Vec<u64> {
        let writes = &self.of(number, image).writes;
        let near = word.saturating_sub(WIDEST)..=word;
        let all = near.filter_map(|from| Some((from, writes.get(&from)?)));
        let all = all.flat_map(|(from, by)| by.iter().map(move |by| (from, *by)));
        let over = all.filter(|(from, by)| word == *from || word - from < width(image, *by));
        over.map(|(_, by)| by).collect()
    }
}

/// Returns whether the instructions, of which there is at least one, store only constants.
fn are_constant(image: &Image, all: &[u64]) -> bool {
    let mut makers = all.iter().flat_map(|at| makers(image, *at));
    !all.is_empty() && makers.all(|(_, value)| value.is_some())
}

/// Returns whether the function has no branches, so that it executes all its instructions.
fn is_straight(image: &Image, function: u64) -> bool {
    const LONGEST: u64 = 256;
    let Some((start, end)) = image.function_at(function) else {
        return false;
    };
    let bytes = image.bytes(start).get(..(end - start) as usize);
    let is_next =
        |i: Instruction| matches!(i.flow_control(), FlowControl::Next | FlowControl::Return);
    let code = |bytes| Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
    end - start <= LONGEST && bytes.is_some_and(|bytes| code(bytes).into_iter().all(is_next))
}

/// Returns how many bytes of memory the instruction touches.
fn width(image: &Image, at: u64) -> u64 {
    decoded(image, at).memory_size().size() as u64
}

/// Returns whether the instruction exchanges a word with a register whose value is used afterwards: no value is lost then.
pub fn exchanges(image: &Image, at: u64) -> bool {
    let i = decoded(image, at);
    let register = [i.op0_register(), i.op1_register()];
    let register = register.into_iter().find(|register| register.is_gpr());
    i.mnemonic() == Mnemonic::Xchg
        && register.is_some_and(|held| is_used(image, i.next_ip(), held.full_register(), true))
}

/// Returns whether the instruction loads its operand, and the loaded value is used for more than a comparison.
pub fn is_kept(image: &Image, at: u64) -> bool {
    let i = decoded(image, at);
    let is_move = matches!(
        i.mnemonic(),
        Mnemonic::Mov | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd
    );
    if i.flow_control() != FlowControl::Next || is_asked(&i) || i.mnemonic() == Mnemonic::Lea {
        return false;
    }
    if i.op0_kind() != OpKind::Register {
        return i.mnemonic() == Mnemonic::Push;
    }
    if !is_move || !i.op0_register().is_gpr() {
        return true;
    }
    is_used(image, i.next_ip(), i.op0_register().full_register(), false)
}

fn is_asked(i: &Instruction) -> bool {
    matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test)
}

/// Returns whether the instructions from `from` on use the value of the register `held`; `counts`: whether a comparison counts as a
/// use.
fn is_used(image: &Image, from: u64, held: Register, counts: bool) -> bool {
    const MOST: usize = 40;
    let mut factory = InstructionInfoFactory::new();
    let mut next = from;
    let mut is_compared = false;
    for _ in 0..MOST {
        let i = decoded(image, next);
        next = i.next_ip();
        match i.flow_control() {
            FlowControl::Next => {}
            FlowControl::ConditionalBranch => continue,
            FlowControl::Call | FlowControl::IndirectCall => {
                if ARGUMENTS.contains(&held.number()) {
                    return true;
                }
                if !is_preserved(held.number()) {
                    return false;
                }
                continue;
            }
            FlowControl::Return => return held == Register::RAX && !is_compared,
            // A value in a register that calls preserve was put there to be used later.
            _ => return is_preserved(held.number()),
        }
        let used = factory.info(&i).used_registers().iter();
        let of = used.filter(|used| used.register().full_register() == held);
        let all: Vec<OpAccess> = of.map(|used| used.access()).collect();
        let reads = all
            .iter()
            .any(|access| !matches!(access, OpAccess::Write | OpAccess::CondWrite));
        if reads && (counts || !is_asked(&i)) {
            return true;
        }
        is_compared |= reads;
        if !reads && !all.is_empty() {
            return false;
        }
    }
    false
}
