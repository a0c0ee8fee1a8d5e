//! Stores, or their values, that a question about the same word has chosen: between the two the word may have changed.

use std::collections::BTreeSet;
use std::rc::Rc;

use iced_x86::{ConditionCode, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use crate::conflict::{Conflict, Search};
use crate::explore::Explorer;
use crate::finding::Weight;
use crate::groups::of_anyone;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::races::{Coming, Who};
use crate::sweep::{Test, signed};

/// Holds a store of a value, and the questions on each way to the instruction that makes the value.
pub struct Choice {
    at: u64,
    /// The stored value, if it is a constant.
    value: Option<i64>,
    /// Whether the store itself computes the new value from the old one.
    is_change: bool,
    /// Whether a function that is called makes the store, which may be an exchange.
    is_called: bool,
    /// The questions, each with the answer.
    asked: Vec<(Test, bool)>,
}

impl Choice {
    /// Returns whether the answers allow the word to have held `value`; a question that is not understood allows all values.
    fn admits(&self, value: i64) -> bool {
        self.asked
            .iter()
            .all(|(test, is_taken)| answer(*test, value).is_none_or(|answer| answer == *is_taken))
    }

    /// Returns whether a word that holds `value` is known to give all these answers.
    fn surely_admits(&self, value: i64) -> bool {
        self.asked
            .iter()
            .all(|(test, is_taken)| answer(*test, value) == Some(*is_taken))
    }

    /// Returns whether a store of the handler between question and store is lost, or makes the answer wrong. The handler stores
    /// `value`, or an unknown value if it is `None`.
    fn loses(&self, value: Option<i64>) -> bool {
        match value {
            Some(value) if self.is_change => !self.surely_admits(value),
            Some(value) => Some(value) != self.value && !self.admits(value),
            None => self.is_change || !self.is_called,
        }
    }

    /// Returns whether the store changes nothing if the word still holds the value that the question found.
    fn is_same(&self) -> bool {
        let is_equal = |(test, is_taken): &(Test, bool)| {
            let equal = match test.condition {
                ConditionCode::e => *is_taken,
                ConditionCode::ne => !is_taken,
                _ => false,
            };
            equal && Some(test.with) == self.value
        };
        self.asked.iter().any(is_equal)
    }

    /// Returns whether a question has different answers on the ways to the two stores.
    fn contradicts(&self, other: &Self) -> bool {
        let mut own = self.asked.iter();
        own.any(|(test, answer)| {
            let is_other = |(of, to): &(Test, bool)| of.at == test.at && to != answer;
            other.asked.iter().any(is_other)
        })
    }
}

/// Returns whether the branch is taken if the word holds `value`, or `None` if the condition is not understood.
fn answer(test: Test, value: i64) -> Option<bool> {
    use ConditionCode as C;
    let (left, right) = (value, test.with);
    let (low, high) = (left.cast_unsigned(), right.cast_unsigned());
    Some(match test.condition {
        C::e => left == right,
        C::ne => left != right,
        C::l => left < right,
        C::le => left <= right,
        C::g => left > right,
        C::ge => left >= right,
        C::b => low < high,
        C::be => low <= high,
        C::a => low > high,
        C::ae => low >= high,
        C::s if right == 0 => left < 0,
        C::ns if right == 0 => left >= 0,
        _ => return None,
    })
}

/// Returns the constant that the instruction stores, if it stores one.
fn constant(image: &Image, at: u64) -> Option<i64> {
    let (width, value) = crate::races::constant(image, at);
    Some(signed(value.number()?.cast_unsigned(), width))
}

/// Returns whether the operand is a place of the frame, as in unoptimized code (-O0).
fn is_local(i: &Instruction, operand: u32) -> bool {
    i.mnemonic() == Mnemonic::Mov
        && i.op_kind(operand) == OpKind::Memory
        && i.memory_base() == Register::RBP
        && i.memory_index() == Register::None
}

/// Is an instruction that makes a value, with the value if it is a constant.
pub type Maker = (u64, Option<i64>);

/// Returns the instructions that make the value that the instruction at `at` stores.
pub fn makers(image: &Image, at: u64) -> Vec<Maker> {
    if let Some(known) = image.makers.borrow().get(&at) {
        return known.clone();
    }
    let makers = find_makers(image, at);
    image.makers.borrow_mut().insert(at, makers.clone());
    makers
}

fn find_makers(image: &Image, at: u64) -> Vec<Maker> {
    const LONGEST: u64 = 1 << 16;
    let direct = || vec![(at, constant(image, at))];
    let Some((start, end)) = image
        .function_at(at)
        .filter(|(start, end)| end - start < LONGEST)
    else {
        return direct();
    };
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let all: Vec<Instruction> = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE)
        .into_iter()
        .collect();
    let store = all.iter().find(|i| i.ip() == at);
    let value = store.map_or(Register::None, |i| match i.op_count() {
        2 if i.op1_register().is_vector_register()
            || matches!(
                i.mnemonic(),
                Mnemonic::Mov | Mnemonic::Xadd | Mnemonic::Xchg
            ) =>
        {
            i.op1_register().full_register()
        }
        _ => Register::None,
    });
    if value == Register::None {
        return direct();
    }
    let width = store.map_or(8, |i| i.memory_size().size() as u32);
    let last = made(image, &all, (value, at), COPIES).into_iter();
    let last: Vec<_> = last
        .map(|(at, number)| (at, number.map(|number| signed(number, width))))
        .collect();
    if last.is_empty() { direct() } else { last }
}

/// The most registers through which a constant is followed to a store.
const COPIES: usize = 2;

/// Returns the instructions of a function that make the value of a register at an instruction, each with the value if it is a
/// constant.
fn made(
    image: &Image,
    all: &[Instruction],
    (value, at): (Register, u64),
    copies: usize,
) -> Vec<(u64, Option<u64>)> {
    let makes = |i: &&Instruction| {
        use Mnemonic as M;
        i.op_count() > 0
            && i.op0_kind() == OpKind::Register
            && i.op0_register().full_register() == value
            && !matches!(i.mnemonic(), M::Cmp | M::Test | M::Push | M::Bt)
    };
    let makers: Vec<&Instruction> = all.iter().filter(makes).collect();
    let places: Vec<u64> = makers.iter().map(|i| i.ip()).collect();
    let reaches = |i: &&Instruction| crate::reach::surely_leads(image, i.next_ip(), at, &places);
    let copied = |i: &Instruction| {
        let from = i.op1_register().full_register();
        let start = all.first()?.ip();
        let known = made(image, all, (from, i.ip()), copies.checked_sub(1)?);
        let places: Vec<u64> = known.iter().map(|(maker, _)| *maker).collect();
        let first = known.first()?.1?;
        // The register may also have the value with which the function begins.
        let is_one = known.iter().all(|(_, number)| *number == Some(first))
            && !crate::reach::surely_leads(image, start, i.ip(), &places);
        is_one.then_some(first)
    };
    let number = |i: &Instruction| match i.mnemonic() {
        Mnemonic::Mov if is_local(i, 1) => {
            let place = i.memory_displacement64();
            let is_here = |other: &&Instruction| other.memory_displacement64() == place;
            let mut stores = all.iter().filter(|i| is_local(i, 0)).filter(is_here);
            let only = stores.next()?.try_immediate(1).ok();
            only.filter(|only| stores.all(|other| other.try_immediate(1).ok() == Some(*only)))
        }
        Mnemonic::Mov if i.op1_kind() == OpKind::Register && i.op1_register().is_gpr() => copied(i),
        Mnemonic::Mov => i.try_immediate(1).ok(),
        Mnemonic::Xor | Mnemonic::Pxor | Mnemonic::Xorps
            if i.op0_register() == i.op1_register() =>
        {
            Some(0)
        }
        _ => None,
    };
    let last = makers.into_iter().filter(reaches);
    last.map(|i| (i.ip(), number(i))).collect()
}

/// Returns the questions that choose whether the instruction at `to` is reached on a way that passes none of `others`. The way
/// begins at `from`, or anywhere.
fn asked(
    image: &Image,
    tests: &[Test],
    (from, others): (Option<u64>, &[u64]),
    to: u64,
) -> Vec<(Test, bool)> {
    let function = image.function_at(to).map(|(start, end)| start..end);
    let is_near = |test: &&Test| function.as_ref().is_some_and(|of| of.contains(&test.at));
    let is_reached = |test: &&Test| {
        from.is_none_or(|from| crate::reach::surely_leads(image, from, test.at, &[]))
    };
    let own = tests.iter().filter(is_near).filter(is_reached);
    own.filter_map(|test| {
        let stops = [&[test.at], others].concat();
        let leads = |way| crate::reach::may_lead(image, way, Some(to), &stops);
        let is_taken = leads(test.taken)?;
        (leads(test.next)? != is_taken).then_some((*test, is_taken))
    })
    .collect()
}

impl Index {
    /// Returns the stores to the word that questions about it choose, or whose values they choose; finds them once for each word.
    fn choices(&mut self, number: u16, image: &Image, word: u64) -> Rc<[Choice]> {
        if let Some(known) = self.choices.get(&(number, word)) {
            return Rc::clone(known);
        }
        let choices: Rc<[Choice]> = self.find_choices(number, image, word).into();
        self.choices.insert((number, word), Rc::clone(&choices));
        choices
    }

    /// Finds the stores to the word that a question about it chooses, or whose values that question chooses. Leaves out
    /// exchanges.
    fn find_choices(&mut self, number: u16, image: &Image, word: u64) -> Vec<Choice> {
        let tables = self.of(number, image);
        let Some(tests) = tables.tests.get(&word) else {
            return Vec::new();
        };
        let stores = tables.writes.get(&word).into_iter().flatten();
        let stores = stores.filter(|at| !crate::emptied::exchanges(image, **at));
        let made = stores.flat_map(|at| {
            let is_change = crate::races::changes_in_place(image, *at);
            let makers = makers(image, *at);
            let others: Vec<u64> = makers.iter().map(|(maker, _)| *maker).collect();
            let start = image.function_at(*at).map(|(start, _)| start);
            let calls = start.and_then(|start| tables.callers.get(&start));
            // A function that only makes the change may be called after the question.
            let calls = calls.into_iter().flatten().filter(move |_| is_change);
            let calls = calls.flat_map(|call| asked(image, tests, (None, &[]), *call));
            let asked_before: Vec<(Test, bool)> = calls.collect();
            makers.into_iter().map(move |(maker, value)| {
                let mut questions = asked(image, tests, (None, &[]), maker);
                if maker != *at {
                    questions.extend(asked(image, tests, (Some(maker), &others), *at));
                }
                questions.extend(&asked_before);
                Choice {
                    at: *at,
                    value: value.filter(|_| !is_change),
                    is_change,
                    is_called: crate::races::decoded(image, *at).is_call_near(),
                    asked: questions,
                }
            })
        });
        made.filter(|choice| !choice.asked.is_empty()).collect()
    }

    /// Returns whether the instruction is reached only if the word was found to hold a different value.
    pub fn is_denied(
        &mut self,
        number: u16,
        image: &Image,
        (word, at): (u64, u64),
        value: i64,
    ) -> bool {
        let tests = self.of(number, image).tests.get(&word);
        let asked = tests.map(|tests| asked(image, tests, (None, &[]), at));
        asked.is_some_and(|asked| {
            asked
                .iter()
                .any(|(test, is_taken)| answer(*test, value) == Some(!is_taken))
        })
    }

    /// Returns `Some` if the instruction takes one of several steps that the value of the word chooses. A second step continues
    /// from the value that the first stores; `Some(true)` if it also leads back.
    pub fn is_step(&mut self, number: u16, image: &Image, word: u64, at: u64) -> Option<bool> {
        let choices = self.choices(number, image, word);
        let function = image.function_at(at);
        let is_near = |other: &&Choice| image.function_at(other.at) == function && !other.is_same();
        let own = choices
            .iter()
            .filter(|choice| choice.at == at && !choice.is_same());
        let pairs = own.flat_map(|own| {
            choices
                .iter()
                .filter(is_near)
                .map(move |other| (own, other))
        });
        let steps = pairs.filter_map(|(own, other)| match (own.value, other.value) {
            (Some(a), Some(b)) => (a != b && other.admits(a)).then(|| own.admits(b)),
            _ => own.contradicts(other).then_some(false),
        });
        steps.max()
    }
}

/// Returns whether the instruction stores a larger value than the loaded one, if the value is computed from the same word.
pub fn raises(image: &Image, at: u64) -> bool {
    const MOST: u64 = 1 << 16;
    let step = |step: Option<u64>| step.is_some_and(|step| (1..=MOST).contains(&step));
    let adds = |i: &Instruction| match i.mnemonic() {
        Mnemonic::Inc => true,
        Mnemonic::Add => step(i.try_immediate(1).ok()),
        Mnemonic::Lea => {
            i.memory_index() == Register::None && step(Some(i.memory_displacement64()))
        }
        _ => false,
    };
    if crate::races::changes_in_place(image, at) {
        return adds(&crate::races::decoded(image, at))
            || makers(image, at).iter().all(|(_, value)| *value > Some(0));
    }
    let makers = makers(image, at);
    makers
        .iter()
        .all(|(maker, _)| *maker != at && adds(&crate::races::decoded(image, *maker)))
}

impl Explorer<'_> {
    /// Returns the words that the handler raises, and that no code is seen to set back.
    pub fn raised_words(&mut self) -> BTreeSet<Place> {
        let exact = self.stored.keys().filter(|(_, lo, hi, _)| lo == hi);
        let words: BTreeSet<Place> = exact.map(|(of, word, ..)| (*of, *word)).collect();
        let mut is_raised = |&(number, word): &Place| {
            let file = self.files.image(number);
            let stores = self.index.only_stores(number, &file, word);
            let is_exported = file.exports.values().any(|at| *at == word);
            stores.filter(|_| !is_exported).is_some_and(|stores| {
                stores.iter().all(|at| {
                    let function = file.function_at(*at).map(|(start, _)| (number, start));
                    let is_own = function.is_some_and(|of| self.contexts.contains_key(&of));
                    let is_update = crate::races::changes_in_place(&file, *at)
                        || self.index.is_update(number, &file, word, *at);
                    is_own && is_update && raises(&file, *at)
                })
            })
        };
        words.into_iter().filter(|word| is_raised(word)).collect()
    }
}

impl Index {
    /// Returns whether the program reaches each of these instructions only after it has found the handler's constant in the word.
    /// The handler stores only this one constant there.
    pub fn are_chosen_by(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        all: &[u64],
        coming: &Coming,
    ) -> bool {
        const DEEPEST: usize = 3;
        let tables = self.of(number, image);
        let stores = tables.writes.get(&word).into_iter().flatten();
        let is_handlers = |at: &&u64| {
            let start = image.function_at(**at).map(|(start, _)| start);
            start.is_some_and(|start| coming.own.contains_key(&(number, start)))
        };
        let own = stores.filter(is_handlers);
        let values: BTreeSet<Option<i64>> = own
            .flat_map(|at| makers(image, *at))
            .map(|(_, value)| value)
            .collect();
        let (Some(tests), Some(Some(set)), 1) =
            (tables.tests.get(&word), values.first(), values.len())
        else {
            return false;
        };
        // Each way to the instruction from the function's start, or from a different answer to a question, passes another question.
        let is_chosen = |at: u64| {
            let Some((start, end)) = image.function_at(at) else {
                return false;
            };
            let own = tests.iter().filter(|test| (start..end).contains(&test.at));
            let own = own.filter_map(|test| Some((test, answer(*test, *set)?)));
            let own: Vec<(&Test, bool)> = own.collect();
            let stops: Vec<u64> = own.iter().map(|(test, _)| test.at).collect();
            let others = own.iter().map(|(test, is_taken)| match is_taken {
                true => test.next,
                false => test.taken,
            });
            let mut ways = others.chain([start]);
            ways.all(|way| crate::reach::never_leads(image, way, at, &stops))
        };
        let mut todo: Vec<(u64, usize)> = all.iter().map(|at| (*at, 0)).collect();
        while let Some((at, depth)) = todo.pop() {
            if is_chosen(at) {
                continue;
            }
            let function = image.function_at(at).map(|(start, _)| start);
            let calls = function.and_then(|start| tables.callers.get(&start));
            let is_called = function.is_some_and(|start| {
                !tables.taken.contains_key(&start) && !tables.is_main(image, start)
            });
            let Some(calls) = calls.filter(|_| is_called && depth < DEEPEST) else {
                return false;
            };
            todo.extend(calls.iter().map(|call| (*call, depth + 1)));
        }
        true
    }
}

impl Search<'_> {
    /// Returns the conflict of the handler's stores to a word with a store of the program that a question about the word has
    /// chosen. The handler's value would have given another answer, and is lost.
    pub fn chosen(
        &mut self,
        (number, word, last, _): (u16, u64, u64, u64),
        by: Place,
    ) -> Option<Conflict> {
        if word != last {
            return None;
        }
        let file = self.files.image(number);
        let choices = self.index.choices(number, &file, word);
        let mut own = Vec::new();
        let stores = self.index.of(number, &file).writes.get(&word);
        for &at in stores.into_iter().flatten() {
            let function = file.function_at(at).map(|(start, _)| (number, start));
            if function.is_some_and(|function| self.coming.own.contains_key(&function)) {
                own.push(at);
            }
        }
        let values = own.iter().flat_map(|at| {
            let adds = crate::races::adds_in_place(&file, *at);
            let is_change = crate::races::changes_in_place(&file, *at);
            let makers = makers(&file, *at).into_iter();
            makers.map(move |(_, value)| (adds || is_change && value >= Some(0), value))
        });
        let values: Vec<(bool, Option<i64>)> = values.collect();
        // A number that the handler only adds is added before or after a change. A store may lose it, as if the handler had raised
        // zero.
        let loses = |choice: &Choice| {
            values.iter().any(|(adds, value)| match adds {
                true => !choice.is_change && (choice.loses(Some(1)) || choice.loses(None)),
                false => choice.loses(*value),
            })
        };
        // A signal that only a timer sends may not come before the program starts the timer again.
        let is_open = self.coming.signals & of_anyone() != 0;
        let lost = choices
            .iter()
            .filter(|choice| loses(choice) && (is_open || !choice.is_same()));
        let other = lost
            .map(|choice| choice.at)
            .find(|at| self.index.who(number, &file, *at, &self.coming) == Some(Who::Program))?;
        let place = file.place(word);
        Some(Conflict {
            by,
            weight: Weight::Doubt,
            why: format!(
                "stores to {place}, which {} asks for and then stores to, at {other:#x}: what a signal stores between the two is lost",
                file.name_around(other)
            ),
            remedy: crate::conflict::UPDATE,
        })
    }
}
