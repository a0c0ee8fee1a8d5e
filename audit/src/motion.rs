//! The places that move in one direction in a loop, and the bounds that they move towards.

use iced_x86::{ConditionCode, Mnemonic, OpKind, Register};

use crate::graph::{Graph, Taken};
use crate::hash::{Map, Set};
use crate::line::{Variable, is_call, operand, writes};
use crate::value::Base;

/// Describes the origin of a value.
struct ValueOrigin {
    place: Variable,
    /// The instructions between the read of the place and the use of the value.
    between: Set<u64>,
    form: Form,
}

/// Describes the computation on a value: `value * factor >> shift`, or `value + added`.
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

/// Stands for a computation that brings a number nearer to zero each time.
const HALF: Form = Form { shift: 1, ..SAME };

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

    /// Returns whether the computation brings each nonzero value nearer to zero.
    fn shrinks(self) -> bool {
        self.added == 0
            && (1..128).contains(&self.shift)
            && u128::from(self.factor) <= (1u128 << self.shift) / 2
    }
}

/// Describes the movement of a place in the loop.
struct Moves {
    /// The direction: 1, -1, or 0 for towards zero.
    way: i64,
    /// The instructions that move the place.
    steps: Vec<u64>,
    by: i64,
}

impl Graph<'_> {
    /// Follows a value at `at` back to a place that satisfies `is_end`, or to an instruction that makes it from an unknown source.
    fn origin(
        &self,
        at: u64,
        place: Variable,
        is_end: &dyn Fn(Variable) -> bool,
    ) -> Result<ValueOrigin, Option<u64>> {
        let (mut at, mut place) = (at, place);
        let mut origin = ValueOrigin {
            place,
            between: Set::default(),
            form: SAME,
        };
        for _ in 0..10 {
            if !self.is_usable(place) {
                return Err(None);
            }
            if is_end(place) {
                return Ok(ValueOrigin { place, ..origin });
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

    /// Returns the place from which the instruction makes the value of `place`, and `form` extended by its computation.
    fn made_of(&self, at: u64, place: Variable, form: Form) -> Option<(Variable, Form)> {
        use Mnemonic as M;
        let i = self.code.get(&at)?;
        if is_call(i) || operand(i, 0) != Some(place) && i.mnemonic() != M::Mul {
            return None;
        }
        let number = || i.try_immediate(1).ok().map(u64::cast_signed);
        let width = crate::operand::size_of(i, 0);
        if !matches!(width, 4 | 8) {
            return None;
        }
        let own = Some(place);
        let (from, form) = match i.mnemonic() {
            M::Mov | M::Movsxd if crate::operand::size_of(i, 1) >= 4 => (operand(i, 1), Some(form)),
            M::Cdqe => (own, Some(form)),
            M::Lea if i.memory_index() == Register::None && !i.is_ip_rel_memory_operand() => (
                Some(Variable::Register(i.memory_base().full_register())),
                form.plus(i.memory_displacement64().cast_signed()),
            ),
            M::Add => (own, form.plus(number()?)),
            M::Sub if i.op1_kind() == OpKind::Register => {
                // The subtracted value is the sign, in a division by a constant.
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
            M::Mul if place == Variable::Register(Register::RDX) && width == 8 => {
                let factor = (*self.frame.factors.get(&at)?)?;
                let from = if self.frame.factors_in_rax.contains(&at) {
                    operand(i, 0)
                } else {
                    Some(Variable::Register(Register::RAX))
                };
                (from, form.scaled(factor.cast_unsigned(), 64))
            }
            _ => return None,
        };
        Some((from?, form?))
    }

    /// Returns the movement of the place, if it only moves in one direction.
    fn moves(&self, place: Variable) -> Option<Moves> {
        if !self.is_usable(place) {
            return None;
        }
        let changes = self.changes(place);
        let mut moves: Option<Moves> = None;
        for &at in &changes {
            let (from, form) = match self.clears_a_bit(at, place) {
                Some(from) => (from, HALF),
                None => self.step_from(at, place)?,
            };
            // The place must not have changed since it was read.
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
                // The place gets the same value again.
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

    /// Returns the movement towards zero of a place that receives each result of `setter`.
    fn moves_with(&self, setter: u64, result: Variable) -> Option<Moves> {
        let copies = self.instructions().filter(|(at, i)| {
            i.mnemonic() == Mnemonic::Mov
                && operand(i, 1) == Some(result)
                && self.reaching(*at, result).0 == [setter]
        });
        copies
            .filter_map(|(at, i)| Some((at, self.moves(operand(i, 0)?)?)))
            .find(|(at, moves)| moves.way == 0 && moves.steps == [*at])
            .map(|(_, moves)| moves)
    }

    /// Returns the instructions between the reads of the place and its change at `at`, which clears its lowest bit, `n & (n - 1)`.
    fn clears_a_bit(&self, at: u64, place: Variable) -> Option<Set<u64>> {
        let mut between = Set::default();
        let (mut def, mut made) = (at, place);
        for _ in 0..4 {
            let i = self.code.get(&def)?;
            if matches!(i.mnemonic(), Mnemonic::And | Mnemonic::Blsr) {
                break;
            }
            if i.mnemonic() != Mnemonic::Mov || operand(i, 0) != Some(made) {
                return None;
            }
            made = operand(i, 1)?;
            let (defs, ways) = self.reaching(def, made);
            let [only] = defs[..] else { return None };
            between.extend(ways);
            between.insert(only);
            def = only;
        }
        let i = self.code.get(&def)?;
        if operand(i, 0) != Some(made) || crate::operand::size_of(i, 0) < 4 {
            return None;
        }
        let (sides, wanted): (&[Variable], &[i64]) = match i.mnemonic() {
            Mnemonic::Blsr => (&[operand(i, 1)?], &[0]),
            Mnemonic::And => (&[made, operand(i, 1)?], &[-1, 0]),
            _ => return None,
        };
        let mut added = Vec::new();
        for &side in sides {
            let origin = self.origin(def, side, &|end| end == place).ok()?;
            if origin.form.factor != 1 || origin.form.shift != 0 {
                return None;
            }
            between.extend(origin.between);
            added.push(origin.form.added);
        }
        added.sort_unstable();
        (added == wanted).then_some(between)
    }

    /// Returns the instructions between the last read of the place and its change at `at`, and the computation of the change.
    fn step_from(&self, at: u64, place: Variable) -> Option<(Set<u64>, Form)> {
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

    /// Returns whether each iteration that passes `at` also passes one of `stations`.
    pub fn passes(&self, at: u64, stations: &[u64]) -> bool {
        self.passes_between(at, at, stations)
    }

    /// Returns whether each path from `start` to `at` passes one of `stations`.
    pub fn passes_between(&self, start: u64, at: u64, stations: &[u64]) -> bool {
        let mut seen = Set::default();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(node) = todo.pop() {
            if stations.contains(&node) || !seen.insert(node) {
                continue;
            }
            if node == start {
                return false;
            }
            todo.extend(self.before.get(&node).into_iter().flatten());
        }
        true
    }

    /// Returns how often a branch can be taken that compares a moving place with a fixed place.
    pub fn counter(
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
        let fixed = |place: Option<Variable>| match place {
            Some(place) => self.is_usable(place) && self.changes(place).is_empty(),
            None => i.op_count() < 2 || i.try_immediate(1).is_ok(),
        };
        let find = |place: Variable| -> Option<Moves> {
            if is_result {
                return self.moves(place).or_else(|| self.moves_with(setter, place));
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

    /// Returns whether a single instruction gives the place its value at the start of the loop.
    fn begins_once(&self, place: Variable) -> bool {
        let mut before: Map<u64, Vec<u64>> = Map::default();
        let mut todo = Vec::new();
        for (&at, all) in &self.frame.edges {
            for &to in all {
                before.entry(to).or_default().push(at);
                if self.nodes.contains(&to) && !self.nodes.contains(&at) {
                    todo.push(at);
                }
            }
        }
        let mut seen = Set::default();
        let mut found = 0;
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            let earlier = before.get(&at).map_or(&[][..], Vec::as_slice);
            if earlier.is_empty() || self.code.get(&at).is_none_or(|i| writes(i, place)) {
                found += 1;
            } else {
                todo.extend(earlier);
            }
        }
        found <= 1
    }
}

/// Returns the condition with its sides exchanged.
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
