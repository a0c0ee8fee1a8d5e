//! Whether a loop that the exploration could not see the end of comes to one.
//!
//! A way within the loop that can be taken only so often is removed: its condition compares something that only moves one way with a
//! bound, or asks for something that ends by itself. What is left of the loop is judged in the same way, until nothing is left.

use iced_x86::{
    ConditionCode, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use crate::explore::Frame;
use crate::finding::{Kind, Weight};
use crate::hash::{Map, Set};
use crate::value::{Base, Value};

/// What is known at a branch of the two sides of its comparison: at first, and in all.
#[derive(Clone)]
pub struct Test {
    pub first: Value,
    pub left: Value,
    pub right: Value,
}

/// Something that instructions compute with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Place {
    Register(Register),
    Slot(Register, i64),
}

/// An instruction with the general registers that it writes, by their numbers.
pub struct Line {
    instruction: Instruction,
    written: u16,
}

impl Line {
    fn new(instruction: Instruction) -> Self {
        const SCRATCH: u16 = 0b1111_1100_0111;
        let mut written = SCRATCH;
        if !is_call(&instruction) {
            written = 0;
            let mut factory = InstructionInfoFactory::new();
            for used in factory.info(&instruction).used_registers() {
                let writes = matches!(
                    used.access(),
                    OpAccess::Write
                        | OpAccess::ReadWrite
                        | OpAccess::CondWrite
                        | OpAccess::ReadCondWrite
                );
                if writes && used.register().is_gpr() {
                    written |= 1 << used.register().full_register().number();
                }
            }
        }
        Self {
            instruction,
            written,
        }
    }
}

impl std::ops::Deref for Line {
    type Target = Instruction;

    fn deref(&self) -> &Instruction {
        &self.instruction
    }
}

/// Adds what there is to say of the loops of a function.
pub fn judge(frame: &mut Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) {
    if frame.closed.is_empty() {
        return;
    }
    let code: Map<u64, Line> = frame
        .edges
        .keys()
        .filter_map(|&at| Some((at, Line::new(decoded(at)?))))
        .collect();
    for ring in rings(&frame.edges) {
        let is_open = |(a, b): &(u64, u64)| ring.contains(a) && ring.contains(b);
        if !frame.closed.iter().any(is_open) {
            continue;
        }
        let mut said = Vec::new();
        prove(frame, &code, &ring, &Set::default(), &mut said);
        for (kind, at, why) in said {
            let weight = match kind {
                Said::Note => Weight::Note,
                Said::Doubt => {
                    frame.doubt(
                        Kind::Loop,
                        at,
                        why,
                        "a counter with a bound that can be seen",
                    );
                    continue;
                }
                Said::Fault => Weight::Fault,
            };
            frame.find(Kind::Loop, weight, at, why);
        }
    }
}

#[derive(Clone, Copy)]
enum Said {
    Note,
    Doubt,
    Fault,
}

/// How often a way of a loop can be taken.
enum Taken {
    /// Until a bound that is known.
    Bounded,
    /// Until what it asks for has come to its end.
    Note(&'static str),
    /// Until a bound that is not known.
    Long,
    /// As long as something holds that only others change.
    Waits(&'static str),
    Unknown,
}

/// Removes the ways that end, and judges the loops that are left.
fn prove(
    frame: &Frame,
    code: &Map<u64, Line>,
    nodes: &Set<u64>,
    removed: &Set<(u64, u64)>,
    said: &mut Vec<(Said, u64, &'static str)>,
) {
    let graph = Graph::new(frame, code, nodes, removed);
    let at = nodes.iter().copied().min().unwrap_or_default();
    let mut gone = removed.clone();
    let mut waits = None;
    let mut is_long = false;
    let mut branches: Vec<u64> = nodes.iter().copied().collect();
    branches.sort_unstable();
    for branch in branches {
        let Some(i) = code.get(&branch) else { continue };
        if i.flow_control() != FlowControl::ConditionalBranch {
            continue;
        }
        for to in graph.after(branch) {
            let condition = if to == i.near_branch_target() {
                i.condition_code()
            } else {
                crate::step::opposite(i.condition_code())
            };
            match graph.taken(branch, condition) {
                Taken::Bounded => {}
                Taken::Note(why) => said.push((Said::Note, branch, why)),
                Taken::Long => is_long = true,
                Taken::Waits(why) => {
                    waits.get_or_insert(why);
                    continue;
                }
                Taken::Unknown => continue,
            }
            gone.insert((branch, to));
        }
    }
    if is_long {
        said.push((
            Said::Doubt,
            at,
            "loops as often as a number says, which is not known",
        ));
    }
    if gone.len() == removed.len() {
        let has_exit = nodes.iter().any(|at| {
            let to = frame.edges.get(at).map(Vec::as_slice).unwrap_or_default();
            to.iter().any(|to| !nodes.contains(to))
                || (to.len() < 2
                    && code
                        .get(at)
                        .is_some_and(|i| i.flow_control() == FlowControl::ConditionalBranch))
        });
        said.push(match waits {
            _ if !has_exit => (Said::Fault, at, "loops for ever"),
            Some(why) => (Said::Fault, at, why),
            None => (Said::Doubt, at, "loops, and no bound can be seen"),
        });
        return;
    }
    let mut rest: Map<u64, Vec<u64>> = Map::default();
    for &at in nodes {
        for &to in frame.edges.get(&at).into_iter().flatten() {
            if nodes.contains(&to) && !gone.contains(&(at, to)) {
                rest.entry(at).or_default().push(to);
            }
        }
    }
    for ring in rings(&rest) {
        prove(frame, code, &ring, &gone, said);
    }
}

/// One loop, or what is left of one.
struct Graph<'a> {
    frame: &'a Frame,
    code: &'a Map<u64, Line>,
    nodes: &'a Set<u64>,
    removed: &'a Set<(u64, u64)>,
    before: Map<u64, Vec<u64>>,
    /// Whether the stack pointer moves, so that what lies at an offset from it is not always the same.
    moves_stack: bool,
}

/// Where a value comes from.
struct Origin {
    place: Place,
    /// The instructions between which it was not looked at again.
    between: Set<u64>,
    form: Form,
}

/// What was done with a value: `value * factor >> shift`, or `value + added`.
#[derive(Clone, Copy)]
struct Form {
    added: i64,
    factor: u64,
    shift: u32,
}

const SAME: Form = Form {
    added: 0,
    factor: 1,
    shift: 0,
};

impl Form {
    fn plus(self, by: i64) -> Option<Self> {
        (self.factor == 1 && self.shift == 0).then_some(Self {
            added: self.added.checked_add(by)?,
            ..self
        })
    }

    fn scaled(self, factor: u64, shift: u32) -> Option<Self> {
        (self.added == 0).then_some(Self {
            added: 0,
            factor: self.factor.checked_mul(factor)?,
            shift: self.shift + shift,
        })
    }

    /// Whether the result is nearer to zero than a value that is not zero.
    fn shrinks(self) -> bool {
        self.added == 0
            && (1..128).contains(&self.shift)
            && u128::from(self.factor) <= (1u128 << self.shift) / 2
    }
}

/// How a place moves in the loop.
struct Moves {
    /// 1 or -1; 0: towards zero.
    way: i64,
    /// The instructions that move it.
    steps: Vec<u64>,
    by: i64,
}

impl<'a> Graph<'a> {
    fn new(
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
            .any(|i| !is_call(i) && writes(i, Place::Register(Register::RSP)));
        Self {
            frame,
            code,
            nodes,
            removed,
            before,
            moves_stack,
        }
    }

    fn after(&self, at: u64) -> Vec<u64> {
        let all = self.frame.edges.get(&at).into_iter().flatten().copied();
        all.filter(|to| self.nodes.contains(to) && !self.removed.contains(&(at, *to)))
            .collect()
    }

    fn instructions(&self) -> impl Iterator<Item = (u64, &Line)> {
        self.nodes
            .iter()
            .filter_map(|at| Some((*at, self.code.get(at)?)))
    }

    /// The instruction whose flags are seen at `at`, if it is always the same.
    fn flags(&self, at: u64) -> Option<u64> {
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

    /// The instructions that set `place` as it is seen at `at`, and those between.
    fn reaching(&self, at: u64, place: Place) -> (Vec<u64>, Set<u64>) {
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

    fn is_usable(&self, place: Place) -> bool {
        let Place::Slot(base, offset) = place else {
            return true;
        };
        // Whose address is taken may be changed by others.
        let is_named = |i: &Line| {
            i.mnemonic() == Mnemonic::Lea
                && i.memory_base() == base
                && i.memory_displacement64().cast_signed() == offset
        };
        !(self.code.values().any(is_named) || base == Register::RSP && self.moves_stack)
    }

    fn changes(&self, place: Place) -> Vec<u64> {
        self.instructions()
            .filter(|(_, i)| writes(i, place))
            .map(|(at, _)| at)
            .collect()
    }

    /// Follows a value at `at` back to a place that `is_end`, or to where it is not known what it was made of.
    fn origin(
        &self,
        at: u64,
        place: Place,
        is_end: &dyn Fn(Place) -> bool,
    ) -> Result<Origin, Option<u64>> {
        let (mut at, mut place) = (at, place);
        let mut origin = Origin {
            place,
            between: Set::default(),
            form: SAME,
        };
        for _ in 0..10 {
            if !self.is_usable(place) {
                return Err(None);
            }
            if is_end(place) {
                return Ok(Origin { place, ..origin });
            }
            let (defs, between) = self.reaching(at, place);
            origin.between.extend(between);
            let [def] = defs[..] else { return Err(None) };
            let (from, form) = self.made_of(def, place, origin.form).ok_or(Some(def))?;
            origin.form = form;
            origin.between.insert(def);
            (at, place) = (def, from);
        }
        Err(None)
    }

    /// What the instruction makes the value of `place` from.
    fn made_of(&self, at: u64, place: Place, form: Form) -> Option<(Place, Form)> {
        use Mnemonic as M;
        let i = self.code.get(&at)?;
        if is_call(i) || operand(i, 0) != Some(place) && i.mnemonic() != M::Mul {
            return None;
        }
        let number = || i.try_immediate(1).ok().map(u64::cast_signed);
        let width = crate::step::size_of(i, 0);
        if !matches!(width, 4 | 8) {
            return None;
        }
        let own = Some(place);
        let (from, form) = match i.mnemonic() {
            M::Mov | M::Movsxd if crate::step::size_of(i, 1) >= 4 => (operand(i, 1), Some(form)),
            M::Cdqe => (own, Some(form)),
            M::Lea if i.memory_index() == Register::None && !i.is_ip_rel_memory_operand() => (
                Some(Place::Register(i.memory_base().full_register())),
                form.plus(i.memory_displacement64().cast_signed()),
            ),
            M::Add => (own, form.plus(number()?)),
            M::Sub if i.op1_kind() == OpKind::Register => {
                // The sign, in a division by a constant.
                let sign = operand(i, 1)?;
                let (defs, _) = self.reaching(at, sign);
                let is_sign = matches!(defs[..], [def] if self.code.get(&def).is_some_and(|d| {
                    d.mnemonic() == M::Sar && matches!(d.try_immediate(1), Ok(31 | 63))
                }));
                (own, is_sign.then_some(form))
            }
            M::Sub => (own, form.plus(number()?.checked_neg()?)),
            M::Inc => (own, form.plus(1)),
            M::Dec => (own, form.plus(-1)),
            M::Shr | M::Sar => (
                own,
                form.scaled(1, number().filter(|n| (1..64).contains(n))? as u32),
            ),
            M::Imul => {
                let factor = (*self.frame.factors.get(&at)?)?;
                let from = if i.op_count() == 3 {
                    operand(i, 1)
                } else {
                    own
                };
                (from, form.scaled(u64::try_from(factor).ok()?, 0))
            }
            M::Mul if place == Place::Register(Register::RDX) && width == 8 => {
                let factor = (*self.frame.factors.get(&at)?)?;
                let from = if self.frame.factors_in_rax.contains(&at) {
                    operand(i, 0)
                } else {
                    Some(Place::Register(Register::RAX))
                };
                (from, form.scaled(factor.cast_unsigned(), 64))
            }
            _ => return None,
        };
        Some((from?, form?))
    }

    /// How the place moves, if it only moves one way.
    fn moves(&self, place: Place) -> Option<Moves> {
        if !self.is_usable(place) {
            return None;
        }
        let changes = self.changes(place);
        let mut moves: Option<Moves> = None;
        for &at in &changes {
            let (from, form) = self.step_from(at, place)?;
            // What was read must be what the place still was.
            if changes.iter().any(|change| from.contains(change)) {
                return None;
            }
            let (way, by) = if form.shrinks() {
                (0, 0)
            } else if form.factor == 1 && form.shift == 0 {
                (form.added.signum(), form.added)
            } else {
                return None;
            };
            if by == 0 && way == 0 && !form.shrinks() {
                // The same value again.
                continue;
            }
            match &mut moves {
                None => {
                    moves = Some(Moves {
                        way,
                        steps: vec![at],
                        by,
                    });
                }
                Some(known) if known.way == way => {
                    known.steps.push(at);
                    if known.by != by {
                        known.by = 0;
                    }
                }
                _ => return None,
            }
        }
        moves
    }

    /// The instructions between a change of the place and its last look at it, and what it did.
    fn step_from(&self, at: u64, place: Place) -> Option<(Set<u64>, Form)> {
        let (from, form) = self.made_of(at, place, SAME)?;
        if from == place {
            return Some((Set::default(), form));
        }
        let origin = self.origin(at, from, &|end| end == place).ok()?;
        let mut form_both = origin.form;
        if form.added != 0 {
            form_both = form_both.plus(form.added)?;
        }
        if form.shift != 0 || form.factor != 1 {
            form_both = form_both.scaled(form.factor, form.shift)?;
        }
        Some((origin.between, form_both))
    }

    /// Whether each round that comes by `at` also comes by one of `stations`.
    fn passes(&self, at: u64, stations: &[u64]) -> bool {
        let mut seen = Set::default();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(node) = todo.pop() {
            if stations.contains(&node) || !seen.insert(node) {
                continue;
            }
            if node == at {
                return false;
            }
            todo.extend(self.before.get(&node).into_iter().flatten());
        }
        true
    }

    /// How often the branch can go on under the condition.
    fn taken(&self, branch: u64, condition: ConditionCode) -> Taken {
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
        // Either side may be what is waited for.
        for side in [0, 1] {
            let cause = match whole(i, side).filter(|_| !is_result) {
                Some(place) => match self.cause(setter, place) {
                    Some(def) => def,
                    None => continue,
                },
                None if side == 0 => setter,
                None => continue,
            };
            // A counter against a limit in memory does not wait for the memory.
            let other = whole(i, 1 - side).filter(|other| whole(i, side) != Some(*other));
            let other_moves = other.is_some_and(|place| !self.changes(place).is_empty());
            match self.asked(cause, condition, bound) {
                Taken::Waits(_) if other_moves => {}
                Taken::Unknown => {}
                known => return known,
            }
        }
        Taken::Unknown
    }

    /// A comparison of something that moves with something that does not.
    fn counter(
        &self,
        branch: u64,
        setter: u64,
        condition: ConditionCode,
        is_result: bool,
    ) -> Option<Taken> {
        use ConditionCode as C;
        let i = &self.code[&setter];
        let test = self.frame.tests.get(&branch)?;
        let is_test = i.mnemonic() == Mnemonic::Test;
        let (left, right) = (operand(i, 0)?, operand(i, 1));
        if is_test && right != Some(left) {
            return None;
        }
        let fixed = |place: Option<Place>| match place {
            Some(place) => self.is_usable(place) && self.changes(place).is_empty(),
            None => i.op_count() < 2 || i.try_immediate(1).is_ok(),
        };
        let find = |place: Place| -> Option<Moves> {
            if is_result {
                return self.moves(place);
            }
            let origin = self
                .origin(setter, place, &|end| self.moves(end).is_some())
                .ok()?;
            if origin.between.contains(&setter) {
                return None;
            }
            self.moves(origin.place)
        };
        let (moves, condition, is_swapped) = if (is_test || is_result || fixed(right))
            && let Some(moves) = find(left)
        {
            (moves, condition, false)
        } else {
            let right = right.filter(|_| !is_test && !is_result)?;
            if !fixed(Some(left)) {
                return None;
            }
            (find(right)?, mirrored(condition), true)
        };
        if !self.passes(branch, &moves.steps) || !self.passes(branch, &[setter]) {
            return None;
        }
        let (first, moving, bound) = if is_swapped {
            (&test.right, &test.right, &test.left)
        } else {
            (&test.first, &test.left, &test.right)
        };
        if moves.way == 0 {
            return matches!(condition, C::ne | C::a | C::ae | C::g | C::ge)
                .then_some(Taken::Bounded);
        }
        const FAR: i64 = 1 << 24;
        let near = |x: i64, base: Base| match base {
            Base::Num => (-FAR..FAR).contains(&x),
            Base::Unknown => false,
            _ => x > i64::MIN / 4 && x < i64::MAX / 4,
        };
        let is_near = moving.base == bound.base
            && near(bound.lo, bound.base)
            && near(bound.hi, bound.base)
            && near(
                if moves.way > 0 { moving.lo } else { moving.hi },
                moving.base,
            );
        let known = |is_near| if is_near { Taken::Bounded } else { Taken::Long };
        match condition {
            C::e => Some(Taken::Bounded),
            C::ne if moves.by.abs() == 1 => {
                let is_before = if moves.way > 0 {
                    moving.lo <= bound.lo
                } else {
                    moving.hi >= bound.hi
                };
                Some(known(is_near && is_before))
            }
            C::ne => {
                let (from, to) = (first.exact()?, bound.exact()?);
                let rest = to.checked_sub(from)?.checked_rem(moves.by)?;
                let is_before = (to - from).signum() * moves.way >= 0;
                let is_once = moves.steps.len() == 1 && !is_swapped && first.base == bound.base;
                if !is_once || !self.begins_once(left) {
                    None
                } else if rest == 0 && is_before {
                    Some(Taken::Bounded)
                } else {
                    Some(Taken::Waits("steps over the value at which it would end"))
                }
            }
            C::b | C::be | C::l | C::le | C::s if moves.way > 0 => Some(known(is_near)),
            C::ae if bound.hi <= 0 => None,
            C::a | C::ae | C::g | C::ge | C::ns if moves.way < 0 => Some(known(is_near)),
            _ => None,
        }
    }

    /// Whether the place is given its first value by one instruction, so that each time the loop begins with the same.
    fn begins_once(&self, place: Place) -> bool {
        let outside = |at: &u64| !self.nodes.contains(at);
        let count = self
            .code
            .iter()
            .filter(|(at, i)| outside(at) && writes(i, place))
            .count();
        count <= 1
    }

    /// A compare-and-swap that is tried again.
    fn swap(&self, at: u64) -> Taken {
        // Always the same value expected: it waits for a lock.
        if self.frame.expects.get(&at).copied().unwrap_or(true) {
            Taken::Waits("waits for a lock, which the interrupted code may hold")
        } else {
            Taken::Note("tries again until nothing comes between (compare and swap)")
        }
    }

    /// A comparison with what a function returned, or with memory.
    fn asked(&self, cause: u64, condition: ConditionCode, bound: Option<i64>) -> Taken {
        use ConditionCode as C;
        const EINTR: i64 = 4;
        const EAGAIN: i64 = 11;
        let i = &self.code[&cause];
        if self.frame.errno_reads.contains(&cause) {
            return match (condition, bound) {
                (C::e, Some(EINTR)) => Taken::Note("tries again what a signal interrupted"),
                (C::e, Some(EAGAIN)) => Taken::Waits(
                    "tries again until there is room, which the interrupted code may have to make",
                ),
                _ => Taken::Unknown,
            };
        }
        if is_call(i) {
            let names = self.frame.called.get(&cause);
            let all = |test: fn(&str) -> bool| {
                names.is_some_and(|n| !n.is_empty() && n.iter().all(|n| test(n)))
            };
            let is_some = matches!(
                (condition, bound),
                (C::g | C::a, Some(0)) | (C::ge, Some(1)) | (C::e, Some(1..))
            );
            let is_no_error = matches!(
                (condition, bound),
                (C::ns | C::ge, Some(0)) | (C::g, Some(-1))
            );
            return if all(comes_to_an_end) && is_some
                || all(|n| matches!(n, "write" | "send")) && is_no_error
            {
                Taken::Note("loops until what it calls has nothing more to give or to take")
            } else if all(waits_for_others) {
                Taken::Waits("tries again until others let it, such as the interrupted code")
            } else {
                Taken::Unknown
            };
        }
        if matches!(i.mnemonic(), Mnemonic::Sete | Mnemonic::Setne) {
            return match self.flags(cause) {
                Some(at) if is_swap(&self.code[&at]) => self.swap(at),
                _ => Taken::Unknown,
            };
        }
        let touches = (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
            && i.mnemonic() != Mnemonic::Lea;
        if touches && slot(i).is_none() && self.is_for_others(i) {
            return if matches!(
                i.mnemonic(),
                Mnemonic::Xchg | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
            ) {
                Taken::Waits("waits for a lock, which the interrupted code may hold")
            } else {
                Taken::Waits(
                    "waits for memory to change, which the interrupted code may have to do",
                )
            };
        }
        Taken::Unknown
    }

    /// The instruction that made the value of `place` at `at`, behind those that only move it.
    fn cause(&self, at: u64, place: Place) -> Option<u64> {
        let (mut at, mut place) = (at, place);
        for _ in 0..10 {
            let (defs, _) = self.reaching(at, place);
            let [def] = defs[..] else { return None };
            let i = &self.code[&def];
            let moves = matches!(
                i.mnemonic(),
                Mnemonic::Mov | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd
            );
            match whole(i, 1).filter(|_| moves) {
                Some(from) => (at, place) = (def, from),
                None => return Some(def),
            }
        }
        None
    }

    /// Whether the memory stays what it is, as far as the loop is concerned.
    fn is_for_others(&self, load: &Instruction) -> bool {
        let is_fixed = [load.memory_base(), load.memory_index()].iter().all(|r| {
            *r == Register::None
                || *r == Register::RIP
                || self.changes(Place::Register(r.full_register())).is_empty()
        });
        let is_lock = matches!(
            load.mnemonic(),
            Mnemonic::Xchg | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
        );
        let same = |i: &Instruction| {
            i.memory_base() == load.memory_base()
                && i.memory_index() == load.memory_index()
                && i.memory_displacement64() == load.memory_displacement64()
        };
        is_fixed
            && self.instructions().all(|(at, i)| {
                let calls_own = is_call(i)
                    && self
                        .frame
                        .called
                        .get(&at)
                        .is_none_or(|names| names.iter().any(|n| n.is_empty()));
                let stores = i.op0_kind() == OpKind::Memory
                    && same(i)
                    && !matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
                !calls_own && (is_lock || !stores)
            })
    }
}

/// Functions whose positive results come to an end, for each takes something away.
fn comes_to_an_end(name: &str) -> bool {
    matches!(
        name,
        "read"
            | "recv"
            | "recvfrom"
            | "recvmsg"
            | "waitpid"
            | "wait"
            | "wait3"
            | "wait4"
            | "write"
            | "send"
            | "accept"
            | "accept4"
    )
}

/// Functions that succeed or fail by what others do.
fn waits_for_others(name: &str) -> bool {
    matches!(
        name,
        "open"
            | "openat"
            | "creat"
            | "access"
            | "faccessat"
            | "stat"
            | "lstat"
            | "fstatat"
            | "link"
            | "linkat"
            | "symlink"
            | "mkdir"
            | "rename"
            | "unlink"
            | "rmdir"
            | "kill"
            | "fcntl"
            | "flock"
            | "lockf"
            | "sem_trywait"
            | "pthread_mutex_trylock"
            | "pthread_spin_trylock"
            | "pthread_rwlock_trywrlock"
            | "connect"
    )
}

fn is_swap(i: &Instruction) -> bool {
    matches!(
        i.mnemonic(),
        Mnemonic::Cmpxchg | Mnemonic::Cmpxchg8b | Mnemonic::Cmpxchg16b
    )
}

/// The condition with its sides exchanged.
fn mirrored(condition: ConditionCode) -> ConditionCode {
    use ConditionCode as C;
    match condition {
        C::b => C::a,
        C::a => C::b,
        C::be => C::ae,
        C::ae => C::be,
        C::l => C::g,
        C::g => C::l,
        C::le => C::ge,
        C::ge => C::le,
        C::e | C::ne => condition,
        _ => C::None,
    }
}

fn is_call(i: &Instruction) -> bool {
    matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    )
}

/// The operand, if it is a whole register or a word of the frame.
fn operand(i: &Instruction, number: u32) -> Option<Place> {
    if number >= i.op_count() {
        return None;
    }
    match i.op_kind(number) {
        OpKind::Register if i.op_register(number).is_gpr() && i.op_register(number).size() >= 4 => {
            Some(Place::Register(i.op_register(number).full_register()))
        }
        OpKind::Memory if matches!(i.memory_size().size(), 4 | 8) => slot(i),
        _ => None,
    }
}

/// The operand, also where it is a part of a register or of a word of the frame.
fn whole(i: &Instruction, number: u32) -> Option<Place> {
    let is_register = number < i.op_count()
        && i.op_kind(number) == OpKind::Register
        && i.op_register(number).is_gpr();
    if is_register {
        return Some(Place::Register(i.op_register(number).full_register()));
    }
    let is_memory = number < i.op_count() && i.op_kind(number) == OpKind::Memory;
    is_memory.then(|| slot(i)).flatten()
}

fn slot(i: &Instruction) -> Option<Place> {
    let base = i.memory_base();
    (matches!(base, Register::RBP | Register::RSP)
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory))
    .then(|| Place::Slot(base, i.memory_displacement64().cast_signed()))
}

fn writes(i: &Line, place: Place) -> bool {
    match place {
        Place::Register(register) => register.is_gpr() && i.written & 1 << register.number() != 0,
        Place::Slot(..) => {
            // A part of the word counts as well; words are taken to have four bytes.
            let overlaps = match (slot(i), place) {
                (Some(Place::Slot(a, x)), Place::Slot(b, y)) => {
                    let size = i.memory_size().size().max(1) as i64;
                    a == b && x < y + 4 && y < x + size
                }
                _ => false,
            };
            i.op0_kind() == OpKind::Memory
                && overlaps
                && !matches!(
                    i.mnemonic(),
                    Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
                )
        }
    }
}

/// The sets of instructions that can be reached from each other (Tarjan, without recursion).
pub fn rings(edges: &Map<u64, Vec<u64>>) -> Vec<Set<u64>> {
    let mut found = Vec::new();
    let mut number: Map<u64, (usize, usize)> = Map::default();
    let mut stack = Vec::new();
    let mut on_stack = Set::default();
    let mut next = 0;
    let mut starts: Vec<u64> = edges.keys().copied().collect();
    starts.sort_unstable();
    for start in starts {
        if number.contains_key(&start) {
            continue;
        }
        let mut work = vec![(start, 0)];
        while let Some((at, child)) = work.pop() {
            if child == 0 {
                number.insert(at, (next, next));
                next += 1;
                stack.push(at);
                on_stack.insert(at);
            }
            let children = edges.get(&at).map(Vec::as_slice).unwrap_or_default();
            if child > 0 {
                let low = number[&children[child - 1]].1;
                if on_stack.contains(&children[child - 1])
                    && let Some(own) = number.get_mut(&at)
                {
                    own.1 = own.1.min(low);
                }
            }
            let mut child = child;
            let mut down = None;
            while child < children.len() {
                let to = children[child];
                child += 1;
                if !number.contains_key(&to) {
                    down = Some(to);
                    break;
                }
                if on_stack.contains(&to) {
                    let low = number[&to].0;
                    if let Some(own) = number.get_mut(&at) {
                        own.1 = own.1.min(low);
                    }
                }
            }
            if let Some(to) = down {
                work.push((at, child));
                work.push((to, 0));
                continue;
            }
            let (own, low) = number[&at];
            if own == low {
                let mut ring = Set::default();
                while let Some(top) = stack.pop() {
                    on_stack.remove(&top);
                    ring.insert(top);
                    if top == at {
                        break;
                    }
                }
                if ring.len() > 1 || edges.get(&at).is_some_and(|to| to.contains(&at)) {
                    found.push(ring);
                }
            }
        }
    }
    found
}
