//! The edges within a loop, and how often each can be taken.

use iced_x86::{ConditionCode, Mnemonic, Register};

use crate::frame::Frame;
use crate::hash::{Map, Set};
use crate::line::{Line, Variable, is_call, whole, writes};
use crate::value::Value;
use crate::waits::is_swap;

/// Holds the known values of the two sides of a branch's comparison: of the left side at first, and of both in all.
#[derive(Clone)]
pub struct Comparison {
    pub first: Value,
    pub left: Value,
    pub right: Value,
}

/// Says how often an edge of a loop can be taken.
pub enum Taken {
    /// Taken until a known bound.
    Bounded,
    /// Taken as long as a condition holds that ends by itself.
    Note(&'static str),
    /// Taken until an unknown bound.
    Long,
    /// Taken as long as a condition holds that only other code changes.
    Waits(&'static str),
    Unknown,
}

/// Holds one loop, or the rest of a loop.
pub struct Graph<'a> {
    pub frame: &'a Frame,
    pub code: &'a Map<u64, Line>,
    pub nodes: &'a Set<u64>,
    removed: &'a Set<(u64, u64)>,
    pub before: Map<u64, Vec<u64>>,
    /// Whether the stack pointer moves, so that an offset from it does not always name the same word.
    moves_stack: bool,
}

impl<'a> Graph<'a> {
    pub fn new(
        frame: &'a Frame,
        code: &'a Map<u64, Line>,
        nodes: &'a Set<u64>,
        removed: &'a Set<(u64, u64)>,
    ) -> Self {
        let mut before: Map<u64, Vec<u64>> = Map::default();
        for &at in nodes {
            for &to in frame.edges.get(&at).into_iter().flatten() {
                if nodes.contains(&to) && !removed.contains(&(at, to)) {
                    before.entry(to).or_default().push(at);
                }
            }
        }
        let moves_stack = nodes
            .iter()
            .filter_map(|at| code.get(at))
            .any(|i| !is_call(i) && writes(i, Variable::Register(Register::RSP)));
        Self {
            frame,
            code,
            nodes,
            removed,
            before,
            moves_stack,
        }
    }

    pub fn after(&self, at: u64) -> Vec<u64> {
        let all = self.frame.edges.get(&at).into_iter().flatten().copied();
        all.filter(|to| self.nodes.contains(to) && !self.removed.contains(&(at, *to)))
            .collect()
    }

    pub fn instructions(&self) -> impl Iterator<Item = (u64, &Line)> {
        self.nodes
            .iter()
            .filter_map(|at| Some((*at, self.code.get(at)?)))
    }

    /// Returns the instruction whose flags are seen at `at`, if it is always the same.
    pub fn flags(&self, at: u64) -> Option<u64> {
        let mut found = Set::default();
        let mut seen = Set::default();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            let i = self.code.get(&at)?;
            if i.rflags_modified() != 0 || is_call(i) {
                found.insert(at);
            } else {
                todo.extend(self.before.get(&at).into_iter().flatten());
            }
        }
        match found.len() {
            1 => found.into_iter().next(),
            _ => None,
        }
    }

    /// Returns the instructions that set `place` as it is seen at `at`, and the instructions between.
    pub fn reaching(&self, at: u64, place: Variable) -> (Vec<u64>, Set<u64>) {
        let mut found = Vec::new();
        let mut seen = Set::default();
        let mut between = Set::default();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            if self.code.get(&at).is_none_or(|i| writes(i, place)) {
                found.push(at);
            } else {
                between.insert(at);
                todo.extend(self.before.get(&at).into_iter().flatten());
            }
        }
        (found, between)
    }

    pub fn is_usable(&self, place: Variable) -> bool {
        let Variable::Slot(base, offset) = place else {
            return true;
        };
        // A word whose address is taken may be changed by other code.
        let is_named = |i: &Line| {
            i.mnemonic() == Mnemonic::Lea
                && i.memory_base() == base
                && i.memory_displacement64().cast_signed() == offset
        };
        !(self.code.values().any(is_named)
            || base == Register::RSP && self.moves_stack
            || self.has_other_name(place))
    }

    /// Returns whether an instruction of the loop may change the word of the frame without naming it so.
    fn has_other_name(&self, place: Variable) -> bool {
        let touched = &self.frame.touched;
        let own = self.instructions().filter(|(_, i)| i.slot == Some(place));
        let own = own
            .filter_map(|(at, _)| touched.get(&at).copied())
            .reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
        let Some((lo, hi)) = own else { return false };
        self.instructions().any(|(at, i)| {
            let written = self.frame.written.get(&at);
            written.is_some_and(|(a, b)| *a < hi && lo < *b) && !writes(i, place)
        })
    }

    pub fn changes(&self, place: Variable) -> Vec<u64> {
        self.instructions()
            .filter(|(_, i)| writes(i, place))
            .map(|(at, _)| at)
            .collect()
    }

    /// Returns how often the branch can go on under the condition.
    pub fn taken(&self, branch: u64, condition: ConditionCode) -> Taken {
        let Some(setter) = self.flags(branch) else {
            return Taken::Unknown;
        };
        let i = &self.code[&setter];
        if is_swap(i) {
            return self.swap(setter);
        }
        let bound = match i.mnemonic() {
            Mnemonic::Cmp => i.try_immediate(1).ok().map(u64::cast_signed),
            Mnemonic::Test | Mnemonic::And | Mnemonic::Or => Some(0),
            Mnemonic::Sub if !matches!(condition, ConditionCode::e | ConditionCode::ne) => None,
            _ => Some(0),
        };
        let is_result = !matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
        if let Some(known) = self.counter(branch, setter, condition, is_result) {
            return known;
        }
        if let Some((made, condition)) = self.truth(branch, setter, condition) {
            return self.taken(made, condition);
        }
        if let Some(note) = self.neither(branch, setter, condition, bound) {
            return note;
        }
        // The loop may wait for either side of the comparison.
        for side in [0, 1] {
            let cause = match whole(i, side).filter(|_| !is_result) {
                Some(place) => match self.cause(setter, place) {
                    Some(def) => def,
                    None => continue,
                },
                None if side == 0 => setter,
                None => continue,
            };
            // A comparison of a counter with a limit in memory does not wait for the memory.
            let other = whole(i, 1 - side).filter(|other| whole(i, side) != Some(*other));
            let other_moves = other.is_some_and(|place| !self.changes(place).is_empty());
            match self.asked(branch, cause, condition, bound) {
                Taken::Waits(_) if other_moves => {}
                Taken::Unknown => {}
                known => return known,
            }
        }
        Taken::Unknown
    }
}
